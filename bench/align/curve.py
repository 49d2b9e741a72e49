#!/usr/bin/env python3
"""The cost of a cell for sets of different size: all pairs of n proteins, scores only, with a cutoff of 100.

Needs go, and mmseqs2-examples from Debian (install.sh) or a FASTA file of one's own. The sets are every k-th record of the file. Up to --pairs
proteins all pairs are aligned; beyond, where that would take minutes, a sample of --queries of them against all, by search. A cell is a residue of
one against a residue of the other; processor seconds count start, reading, sorting and writing. Then one set with one thread and with two, in
turns, the best of --rounds; and the same set with one protein as long as titin, behind which nobody may wait. Exits with 1 where, of all pairs
of 1,000 proteins or more, a cell of the dearest set costs more than 1.15 of the cheapest, or two threads are less than 1.9 times as fast as one.
"""
import argparse
import sys

import common

TITIN = 35_000
PROTEINS = "/usr/share/doc/mmseqs2/example-data/DB.fasta.gz"


def spread(records, n):
    return [records[i * len(records) // n] for i in range(n)]


def triangle(records):
    return (common.residues(records) ** 2 - sum(len(s) ** 2 for _, s in records)) // 2


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("proteins", nargs="?", default=PROTEINS, help="FASTA, gzipped or not")
    p.add_argument("--sizes", default="500,1000,2000,4000,8000,20000")
    p.add_argument("--pairs", type=int, default=8000, help="the largest set of which all pairs are aligned")
    p.add_argument("--queries", type=int, default=500, help="queries against a larger set")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--scaling", type=int, default=2000, help="proteins for one thread against two; 0: none")
    p.add_argument("--rounds", type=int, default=3)
    o = p.parse_args()
    work = common.folder()
    weir = common.build(work)
    records = common.read(o.proteins)
    missed = []
    print(f"{'n':>6} {'pairs':>12} {'cells':>9} {'wall s':>8} {'CPU s':>8} {'MB':>5} {'ps a cell':>10} {'GCUPS a core':>13}")
    costs, sampled = {}, set()
    for n in map(int, o.sizes.split(",")):
        if n > len(records):
            print(f"{n:6}   the file has {len(records)} records")
            continue
        chosen = spread(records, n)
        common.write(f"{work}/{n}.fa", chosen)
        if n <= o.pairs:
            cells, pairs, note = triangle(chosen), n * (n - 1) // 2, ""
            command = common.flow(weir, "scores.flow", {"input": f"{work}/{n}.fa", "output": f"{work}/{n}.tsv"}, o.threads)
        else:
            queries = spread(chosen, o.queries)
            common.write(f"{work}/queries.fa", queries)
            cells, pairs = common.residues(queries) * common.residues(chosen), len(queries) * n
            note = f"  {len(queries)} queries against all"
            sampled.add(n)
            command = common.flow(weir, "sample.flow", {"queries": f"{work}/queries.fa", "database": f"{work}/{n}.fa",
                                                        "output": f"{work}/{n}.tsv"}, o.threads)
        run = common.measure(command)
        costs[n] = run.cpu / cells
        print(f"{n:6} {pairs:12,} {cells:9.2e} {run.wall:8.2f} {run.cpu:8.2f} {run.megabytes:5.0f} {costs[n] * 1e12:10.2f} "
              f"{1e-9 / costs[n]:13.1f}{note}", flush=True)
    large = [c for n, c in costs.items() if n >= 1000 and n not in sampled]
    if large:
        print(f"all pairs of 1,000 proteins and more: the dearest cell costs {max(large) / min(large):.2f} of the cheapest")
        if max(large) > 1.15 * min(large):
            missed.append("the cost of a cell")
    if o.scaling:
        chosen = spread(records, o.scaling)
        long = ("long", "".join(s for _, s in records)[:TITIN])
        for what, proteins in (("", chosen), (f" and one of {TITIN:,} residues", chosen + [long])):
            common.write(f"{work}/scaling.fa", proteins)
            best = {1: float("inf"), 2: float("inf")}
            for _ in range(o.rounds):
                for threads in best:
                    run = common.measure(common.flow(weir, "scores.flow", {
                        "input": f"{work}/scaling.fa", "output": f"{work}/scaling.tsv"}, threads))
                    best[threads] = min(best[threads], run.wall)
            print(f"{o.scaling} proteins{what}: {best[1]:.2f} s with one thread, {best[2]:.2f} s with two: "
                  f"{best[1] / best[2]:.2f} times", flush=True)
            if best[1] < 1.9 * best[2]:
                missed.append("two threads" + what)
    if missed:
        sys.exit("missed: " + ", ".join(missed))


if __name__ == "__main__":
    main()
