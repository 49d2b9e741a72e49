#!/usr/bin/env python3
"""The whole job, as a user sees it: all proteins of a proteome with each other, pairs with score >= 100, reading and writing included. Weir's
pairwise.flow (with identities) and parasail from Python (scores only, two processes), in turns; with --all, every tool that is there.

Needs go, and parasail from PyPI (pip install parasail); --all uses what install.sh installs and leaves out what is missing. Two threads or
processes each. Prints the medians of wall and processor seconds, the peak of memory of one process, the ratio of processor seconds to Weir's
with identities, and how many of the pairs a tool misses, has too many, or gives another score. Exits with 1 where Weir and parasail differ.
"""
import argparse
import csv
import multiprocessing
import os
import shutil
import sys

import common

CUTOFF = 100
# A raw score of 100 in bits, a little less: 43.13.
BITS = "43.1"


def rows(arguments):
    """The hits of every second row of the triangle."""
    import parasail

    path, first = arguments
    records = common.read(path)
    found = []
    for i in range(first, len(records), 2):
        profile = parasail.profile_create_sat(records[i][1], parasail.blosum62)
        for j in range(i + 1, len(records)):
            score = parasail.sw_striped_profile_sat(profile, records[j][1], 12, 1).score
            if score >= CUTOFF:
                found.append((records[i][0], records[j][0], score))
    return found


def parasail_job(path, output):
    with multiprocessing.Pool(2) as pool:
        parts = pool.map(rows, [(path, 0), (path, 1)])
    with open(output, "w") as f:
        for query, target, score in sorted(parts[0] + parts[1]):
            f.write(f"{query}\t{target}\t{score}\n")


def pairs(lines):
    """Of lines (query, target, score), in any order and more than once, the unordered pairs with their best scores."""
    found = {}
    for query, target, score in lines:
        key, score = (min(query, target), max(query, target)), int(score)
        if query != target and score >= CUTOFF:
            found[key] = max(score, found.get(key, 0))
    return found


def table(path):
    with open(path) as f:
        return pairs(line.split("\t")[:3] for line in f if not line.startswith("query\t"))


def parasail_table(names):
    def parse(path):
        with open(path) as f:
            return pairs((names[int(row[0])], names[int(row[1])], row[4]) for row in csv.reader(f))
    return parse


def ssearch_table(path):
    """Reads the lists `The best scores are:` of ssearch36."""
    def lines():
        query, listed = None, False
        with open(path) as f:
            for line in f:
                if line.lstrip()[:1].isdigit() and ">>>" in line:
                    query, listed = line.split(">>>")[1].split()[0], False
                elif line.startswith("The best scores are:"):
                    listed = True
                elif not line.strip():
                    listed = False
                elif listed:
                    yield query, line.split()[0], line.rsplit(None, 1)[1]
    return pairs(lines())


def tools(weir, work, names):
    """The commands: name, what it computes, command, whether its output is on standard output, and the reader of the output."""
    def out(name):
        return f"{work}/{name}.tsv"

    gaps = ["--gapopen", "11", "--gapextend", "1", "--comp-based-stats", "0", "--masking", "0"]
    diamond = ["diamond", "blastp", "-q", "in.fa", "-d", "in.fa", "-p", "2", "-k0", "--min-score", BITS, *gaps,
               "--outfmt", "6", "qseqid", "sseqid", "score"]
    pairwise = [weir, "run", "-q", "-j", "2", f"{common.ROOT}/pipelines/pairwise.flow"]
    files = {"input": f"{work}/in.fa"}
    return [
        ("Weir, identities", "triangle, exact", pairwise + ["-p", f"input={work}/in.fa", "-p", f"output={out('weir')}"],
         False, table, out("weir")),
        ("Weir, scores", "triangle, exact", common.flow(weir, "scores.flow", files | {"output": out("scores")}), False, table,
         out("scores")),
        ("parasail, Python", "triangle, exact", [sys.executable, os.path.abspath(__file__), "--parasail-only", f"{work}/in.fa",
                                                 out("parasail")], False, table, out("parasail")),
        ("parasail_aligner", "all, exact", ["parasail_aligner", "-a", "sw_striped_profile_avx2_256_sat", "-x", "-t", "2", "-m",
                                            "blosum62", "-o", "12", "-e", "1", "-q", "in.fa", "-f", "in.fa", "-g",
                                            out("aligner")], False, parasail_table(names), out("aligner")),
        ("DIAMOND --swipe", "all, exact", diamond + ["--swipe", "-o", out("swipe")], False, table, out("swipe")),
        ("ssearch36", "all, exact", ["ssearch36", "-q", "-s", "BL62", "-f", "-11", "-g", "-1", "-z", "-1", "-T", "2", "-d", "0",
                                     "-b", "300", "in.fa", "in.fa"], True, ssearch_table, out("ssearch")),
        ("DIAMOND ultra-sensitive", "heuristic", diamond + ["--ultra-sensitive", "-o", out("ultra")], False, table,
         out("ultra")),
        ("blastp", "heuristic", ["blastp", "-query", "in.fa", "-db", "in", "-comp_based_stats", "0", "-seg", "no", "-evalue",
                                 "0.01", "-max_target_seqs", "10000", "-max_hsps", "1", "-num_threads", "2", "-outfmt",
                                 "6 qseqid sseqid score", "-out", out("blastp")], False, table, out("blastp")),
        # mmseqs counts a gap of k as 12 + (k - 1).
        ("mmseqs easy-search -s 7.5", "heuristic", ["mmseqs", "easy-search", "in.fa", "in.fa", out("mmseqs"), f"{work}/mmseqs", "-s",
                                                    "7.5", "-e", "0.01", "--max-seqs", "2100", "--gap-open", "12",
                                                    "--gap-extend", "1", "--comp-bias-corr", "0", "--mask", "0", "--threads",
                                                    "2", "--format-output", "query,target,raw"], False, table, out("mmseqs")),
    ]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("proteins", nargs="?", default=common.PROTEOME, help="FASTA, gzipped or not")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--all", action="store_true", help="every tool that is there, not parasail from Python alone")
    p.add_argument("--parasail-only", nargs=2, help=argparse.SUPPRESS)
    o = p.parse_args()
    if o.parasail_only:
        parasail_job(*o.parasail_only)
        return
    work = common.folder()
    records = [(f"p{i:06}", s) for i, (_, s) in enumerate(common.read(o.proteins)) if len(s) >= 30]
    common.write(f"{work}/in.fa", records)
    chosen = tools(common.build(work), work, [name for name, _ in records])
    if not o.all:
        chosen = chosen[:3]
    elif shutil.which("makeblastdb"):
        common.measure(["makeblastdb", "-in", "in.fa", "-dbtype", "prot", "-out", "in"], cwd=work)
    print(f"{len(records)} proteins, {common.residues(records)} residues, pairs with score >= {CUTOFF}", flush=True)
    for name, _, command, *_ in chosen:
        if not shutil.which(command[0]):
            print(f"{name}: {command[0]} is not installed")
    chosen = [c for c in chosen if shutil.which(c[2][0])]
    seen = {c[0]: [] for c in chosen}
    for _ in range(o.rounds):
        for name, _, command, printed, _, path in chosen:
            run = common.measure(command, cwd=work)
            if printed:
                with open(path, "w") as f:
                    f.write(run.output)
            seen[name].append(run._replace(output=""))
            print(f"  {name:26} wall {run.wall:6.2f} s  CPU {run.cpu:6.2f} s", flush=True)
    reference, weir = common.median(seen[chosen[0][0]]), chosen[0][4](chosen[0][5])
    print(f"\n{'median':26} {'cells':16} {'wall s':>7} {'CPU s':>7} {'MB':>5} {'x CPU':>6}  {'pairs':>6} {'missed':>6} "
          f"{'extra':>5} {'other score':>11}")
    wrong = []
    for name, kind, _, _, reader, path in chosen:
        m, found = common.median(seen[name]), reader(path)
        missed, extra = len(weir.keys() - found.keys()), len(found.keys() - weir.keys())
        other = sum(found[k] != weir[k] for k in weir.keys() & found.keys())
        print(f"{name:26} {kind:16} {m.wall:7.2f} {m.cpu:7.2f} {m.megabytes:5.0f} {m.cpu / reference.cpu:6.2f}  "
              f"{len(found):6} {missed:6} {extra:5} {other:11}")
        if kind.startswith("triangle") and missed + extra + other:
            wrong.append(name)
    if wrong:
        sys.exit("other pairs or scores: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
