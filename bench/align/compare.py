#!/usr/bin/env python3
"""Times score-only alignment on one thread, whole processes, against parasail and ssearch36, in one run.

Needs go, and from Debian: parasail, fasta3, mmseqs2-examples (install.sh installs them). Real proteins of 30 to 2,000
residues from mmseqs2-examples; BLOSUM62, a gap of k residues costs 11 + k. Each command runs ROUNDS times, in turns;
the least processor time counts. Sums of scores are compared where a tool prints scores.
"""
import argparse
import csv
import os
import subprocess
import sys

import common

PROTEINS = "/usr/share/doc/mmseqs2/example-data/DB.fasta.gz"


def proteins(path, count):
    """The first count records of 30 to 2,000 residues whose letters the tools score alike."""
    return [r for r in common.read(path) if 30 <= len(r[1]) <= 2000 and not set(r[1]) & set("BZJUOX")][:count]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--targets", type=int, default=4000)
    p.add_argument("--queries", type=int, default=100)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--proteins", default=PROTEINS, help="FASTA, gzipped or not")
    o = p.parse_args()
    work = common.folder()
    targets = proteins(o.proteins, o.targets)
    queries = targets[::max(1, len(targets) // o.queries)][:o.queries]
    common.write(f"{work}/targets.fa", targets)
    common.write(f"{work}/queries.fa", queries)
    cells = common.residues(queries) * common.residues(targets)
    print(f"{len(queries)} queries x {len(targets)} targets, {cells / 1e9:.1f} thousand million cells, one thread", flush=True)

    score = common.build(work, "./bench/align/score")

    def weir(mode, path):
        return ([score, "-mode", mode, "queries.fa", "targets.fa"],
                {"GOMAXPROCS": "1", "WEIR_ALIGN_PATH": path})

    def parasail(function):
        return (["parasail_aligner", "-a", function, "-x", "-t", "1", "-m", "blosum62", "-o", "12", "-e", "1",
                 "-q", "queries.fa", "-f", "targets.fa", "-g", f"{work}/parasail.csv"], {})

    simd = [p for p in ("avx512", "avx2", "neon") if runs(score, p, work)]
    groups = {
        "local": ["sw_striped_profile_avx2_256_sat"],
        "global": ["nw_scan_profile_avx2_256_16", "nw_striped_profile_avx2_256_16"],
        "fit": ["sg_dx_scan_profile_avx2_256_16", "sg_dx_striped_profile_avx2_256_16"],
        "overlap": ["sg_scan_profile_avx2_256_16", "sg_striped_profile_avx2_256_16"],
    }
    for mode, functions in groups.items():
        commands = {f"weir {p}": weir(mode, p) for p in simd}
        commands |= {f"parasail {f}": parasail(f) for f in functions}
        if mode == "local":
            commands["ssearch36"] = (["ssearch36", "-q", "-p", "-s", "BL62", "-f", "-11", "-g", "-1", "-z", "-1",
                                      "-T", "1", "-d", "0", "-b", "1", "queries.fa", "targets.fa"], {})
        best, sums = {}, {}
        for _ in range(o.rounds):
            for name, (command, env) in commands.items():
                run = common.measure(command, env, work)
                seconds, out = run.cpu, run.output
                best[name] = min(seconds, best.get(name, seconds))
                if name.startswith("weir"):
                    sums[name] = int(out.split()[1])
                elif name.startswith("parasail"):
                    with open(f"{work}/parasail.csv") as f:
                        sums[name] = sum(int(row[4]) for row in csv.reader(f))
        reference = min(t for name, t in best.items() if name.startswith("parasail"))
        print(f"\n{mode:8} {'CPU s':>8} {'GCUPS':>7} {'x parasail':>11}  sum of scores")
        for name, seconds in best.items():
            print(f"  {name:44} {seconds:8.2f} {cells / seconds / 1e9:7.2f} {reference / seconds:11.2f}  "
                  f"{sums.get(name, '-')}")
        if len({v for k, v in sums.items() if k.startswith("weir")}) > 1:
            sys.exit("the paths differ")


def runs(score, path, work):
    """Whether this machine has the path."""
    done = subprocess.run([score, "-mode", "local", "queries.fa", "queries.fa"], cwd=work, capture_output=True,
                          env={**os.environ, "WEIR_ALIGN_PATH": path})
    return done.returncode == 0


if __name__ == "__main__":
    main()
