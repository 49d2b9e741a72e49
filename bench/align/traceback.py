#!/usr/bin/env python3
"""The rate at which parasail traces all pairs of some proteins with some others, one thread, CPU time: the measure for
`go test -run xxx -bench TraceAllPairs ./stdlib/align/trace`, which prints Weir's on like proteins. Run both, one after the other.

usage: pip install parasail && traceback.py [FASTA.gz]
"""
import gzip
import os
import random
import resource
import sys

import parasail

HERE = os.path.dirname(os.path.abspath(__file__))


def read(path):
    out, cur = [], []
    for line in gzip.open(path, "rt"):
        if line[0] == ">":
            out.append("".join(cur))
            cur = []
        else:
            cur.append(line.strip().replace("*", ""))
    out.append("".join(cur))
    return [s for s in out if 30 < len(s) < 2000]


def main():
    seqs = read(sys.argv[1] if len(sys.argv) > 1 else HERE + "/../../pipelines/data/anaerococcus.fasta.gz")
    random.Random(1).shuffle(seqs)
    for name in "sw_trace_striped_sat", "nw_trace_scan_16", "sg_trace_striped_16":
        align, cells = getattr(parasail, name), 0
        before = resource.getrusage(resource.RUSAGE_SELF)
        for q in seqs[:12]:
            for t in seqs[:400]:
                align(q, t, 12, 1, parasail.blosum62)
                cells += len(q) * len(t)
        after = resource.getrusage(resource.RUSAGE_SELF)
        print(f"{name:24}{cells / 1e9 / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime):6.2f} GCUPS")


main()
