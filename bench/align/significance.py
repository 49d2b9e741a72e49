#!/usr/bin/env python3
"""Compares the bit scores and E-values of Weir's search with those of blastp and DIAMOND.

Queries, a sample of a FASTA file, against the whole file; BLOSUM62, a gap of k residues costs 11 + k, no masking, no composition-based
statistics, E <= 10. Needs go, and ncbi-blast+ and diamond-aligner from Debian (install.sh). Where a tool's best alignment of a pair has Weir's
score, its bits and E-value are compared; where it has not, the tool's heuristics have missed a part of the alignment, or all of it, which is
counted. Bars: no score above Weir's; the bits as printed; E within 1 % of DIAMOND's; E within 6 % of blastp's, or what blastp prints is rounded
so much. Exits with 1 where one is missed.
"""
import argparse
import os
import re
import sys

import common

FIELDS = "qseqid sseqid score bitscore evalue".split()


def best(path):
    """Of every pair the alignment with the best score: score, bits and E-value as printed."""
    found = {}
    with open(path) as f:
        for line in f:
            query, target, score, bits, evalue = line.split()
            if int(score) > int(found.get((query, target), ("-1",))[0]):
                found[query, target] = (score, bits, evalue)
    return found


def unit(text):
    """What the last digit of a printed number is worth."""
    m = re.fullmatch(r"(\d+)(?:\.(\d*))?(?:e([-+]?\d+))?", text)
    return 10.0 ** (int(m[3] or 0) - len(m[2] or ""))


def bits_agree(printed, bits):
    """Whether the bits are what is printed: rounded, or cut where a tool prints whole numbers."""
    if "." in printed:
        return abs(float(printed) - bits) <= unit(printed) / 2 + 1e-9
    return int(printed) in (int(bits), round(bits))


def difference(printed, evalue):
    """The relative difference of E-values, and the least that it may be, given that the printed one is rounded."""
    value = float(printed)
    if value == 0:
        # blastp prints 0.0 below 1e-180, DIAMOND where a double ends.
        return (0, 0) if evalue < 1e-179 else (1, 1)
    half = unit(printed) / 2
    least = max(0.0, value - half - evalue, evalue - value - half)
    return abs(value - evalue) / value, least / value


def compare(name, weir, tool, bar, rounded):
    compared = missed = lower = higher = wrong_bits = over = 0
    most, most_at, most_digits, most_least = 0.0, None, 0.0, 0.0
    for pair, (score, bits, evalue) in weir.items():
        if pair not in tool:
            missed += 1
            continue
        printed = tool[pair]
        if int(printed[0]) != int(score):
            lower += int(printed[0]) < int(score)
            higher += int(printed[0]) > int(score)
            continue
        compared += 1
        wrong_bits += not bits_agree(printed[1], float(bits))
        difference_, least = difference(printed[2], float(evalue))
        if difference_ > most:
            most, most_at = difference_, (pair, printed[2], evalue)
        if "e" in printed[2]:
            most_digits = max(most_digits, difference_)
        most_least = max(most_least, least)
        over += (least if rounded else difference_) > bar
    extra = sum(float(printed[2]) < 5 for pair, printed in tool.items() if pair not in weir)
    print(f"\n{name}: {len(tool)} pairs, {len(weir)} of Weir")
    print(f"  compared, same score      {compared}")
    print(f"  a lower score             {lower}")
    print(f"  not found, E <= 10        {missed}")
    print(f"  a higher score            {higher}")
    print(f"  E < 5, not in Weir        {extra}")
    print(f"  other bits than printed   {wrong_bits}")
    print(f"  E: largest difference     {100 * most:.3f} %  {most_at}")
    print(f"  where an exponent is there  {100 * most_digits:.3f} %")
    if rounded:
        print(f"  beyond what is rounded    {100 * most_least:.3f} %")
    print(f"  E: over {100 * bar:g} %            {over}")
    failed = [what for what, n in (("scores", higher), ("pairs", extra), ("bits", wrong_bits), ("E-values", over)) if n]
    if not compared:
        failed.append("nothing to compare")
    return failed


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("proteins", nargs="?", default=common.PROTEOME, help="FASTA, gzipped or not")
    p.add_argument("--queries", type=int, default=300, help="0: all")
    p.add_argument("--threads", type=int, default=os.cpu_count())
    o = p.parse_args()
    work = common.folder()
    records = common.read(o.proteins)
    step = max(1, len(records) // o.queries) if o.queries else 1
    queries = records[::step]
    common.write(f"{work}/queries.fa", queries)
    common.write(f"{work}/database.fa", records)
    print(f"{len(queries)} queries against {len(records)} proteins, {common.residues(records)} residues", flush=True)

    weir = common.build(work)
    common.measure(common.flow(weir, "significance.flow", {
        "queries": f"{work}/queries.fa", "database": f"{work}/database.fa", "output": f"{work}/weir.tsv"}, o.threads))
    with open(f"{work}/weir.tsv") as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    ours = {(r[0], r[1]): tuple(r[2:]) for r in rows}

    threads = str(o.threads)
    common.measure(["makeblastdb", "-in", "database.fa", "-dbtype", "prot", "-out", "database"], cwd=work)
    common.measure(["blastp", "-query", "queries.fa", "-db", "database", "-comp_based_stats", "0", "-seg", "no",
                    "-evalue", "10", "-max_target_seqs", "1000000", "-num_threads", threads,
                    "-outfmt", "6 " + " ".join(FIELDS), "-out", "blastp.tsv"], cwd=work)
    common.measure(["diamond", "blastp", "-q", "queries.fa", "-d", "database.fa", "--comp-based-stats", "0",
                    "--masking", "0", "--ultra-sensitive", "-e", "10", "-k0", "-p", threads, "-o", "diamond.tsv",
                    "--outfmt", "6", *FIELDS], cwd=work)
    failed = {"blastp": compare("blastp", ours, best(f"{work}/blastp.tsv"), 0.06, True),
              "DIAMOND": compare("DIAMOND", ours, best(f"{work}/diamond.tsv"), 0.01, False)}
    failed = {name: what for name, what in failed.items() if what}
    if failed:
        sys.exit("missed: " + "; ".join(f"{name}: {', '.join(what)}" for name, what in failed.items()))
    print("\nall bars held")


if __name__ == "__main__":
    main()
