#!/usr/bin/env python3
"""The whole job, as a user sees it: all proteins of a proteome with each other, pairs with score >= 100, reading and
writing included. Weir's pairwise.flow (with identities) and parasail from Python (scores only, two processes), in turns.

Needs go, and parasail from PyPI (pip install parasail). Prints wall and processor seconds of each round, their medians and
the ratio; checks that both find the same pairs.
"""
import argparse
import gzip
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
INPUT = os.path.join(ROOT, "pipelines", "data", "anaerococcus.fasta.gz")
CUTOFF = 100


def read(path):
    with gzip.open(path, "rt") as f:
        records = f.read().split(">")[1:]
    out = []
    for r in records:
        header, _, body = r.partition("\n")
        out.append((header.split()[0], body.replace("\n", "")))
    return out


def rows(arguments):
    """The hits of every second row of the triangle."""
    import parasail

    path, first = arguments
    records = read(path)
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


def timed(command):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def hits(path):
    with open(path) as f:
        return sorted(tuple(line.split("\t")[:3]) for line in f.read().splitlines() if not line.startswith("query\t"))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--parasail-only", help=argparse.SUPPRESS)
    o = p.parse_args()
    if o.parasail_only:
        parasail_job(INPUT, o.parasail_only)
        return
    work = tempfile.mkdtemp(prefix="weir-bench-")
    subprocess.run(["go", "build", "-o", f"{work}/weir", "./cmd/weir"], check=True, cwd=ROOT)
    commands = {
        "weir": [f"{work}/weir", "run", "-q", "-j", "2", f"{ROOT}/pipelines/pairwise.flow", "-p", f"output={work}/weir.tsv"],
        "parasail": [sys.executable, os.path.abspath(__file__), "--parasail-only", f"{work}/parasail.tsv"],
    }
    seen = {name: [] for name in commands}
    for _ in range(o.rounds):
        for name, command in commands.items():
            seen[name].append(timed(command))
            print(f"{name:10} wall {seen[name][-1][0]:6.2f} s  CPU {seen[name][-1][1]:6.2f} s", flush=True)
    median = {name: [statistics.median(column) for column in zip(*times)] for name, times in seen.items()}
    for name, (wall, cpu) in median.items():
        print(f"median of {name:10} wall {wall:6.2f} s  CPU {cpu:6.2f} s  {median['parasail'][0] / wall:5.2f} x parasail")
    if hits(f"{work}/weir.tsv") != hits(f"{work}/parasail.tsv"):
        sys.exit("they find different pairs")
    print(f"the same {len(hits(f'{work}/weir.tsv'))} pairs")


if __name__ == "__main__":
    main()
