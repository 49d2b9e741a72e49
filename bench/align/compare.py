#!/usr/bin/env python3
"""Times score-only alignment on one thread, whole processes, against parasail and ssearch36, in one run.

Needs go, and from Debian: parasail, fasta3, mmseqs2-examples (install.sh installs them). Real proteins of 30 to 2,000
residues from mmseqs2-examples; BLOSUM62, a gap of k residues costs 11 + k. Each command runs ROUNDS times, in turns;
the least processor time counts. Sums of scores are compared where a tool prints scores.
"""
import argparse
import csv
import gzip
import os
import pty
import re
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROTEINS = "/usr/share/doc/mmseqs2/example-data/DB.fasta.gz"


def proteins(path, count):
    """The first count records of 30 to 2,000 residues, as (id, sequence)."""
    with gzip.open(path, "rt") as f:
        text = f.read()
    found = []
    for record in text.split(">")[1:]:
        header, _, body = record.partition("\n")
        sequence = re.sub(r"[^A-Z]", "", body.upper())
        # Letters that the tools score alike.
        if 30 <= len(sequence) <= 2000 and not set(sequence) & set("BZJUOX"):
            found.append((header.split()[0], sequence))
        if len(found) == count:
            break
    return found


def write(path, records):
    with open(path, "w") as f:
        for name, sequence in records:
            f.write(f">{name}\n{sequence}\n")


def cpu(command, env, cwd):
    # parasail_aligner reads standard input unless it is a terminal.
    terminal = pty.openpty()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env={**os.environ, **env}, cwd=cwd, stdin=terminal[1], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    for end in terminal:
        os.close(end)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--targets", type=int, default=4000)
    p.add_argument("--queries", type=int, default=100)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--proteins", default=PROTEINS, help="gzipped FASTA")
    o = p.parse_args()
    work = tempfile.mkdtemp(prefix="weir-bench-")
    targets = proteins(o.proteins, o.targets)
    queries = targets[::max(1, len(targets) // o.queries)][:o.queries]
    write(f"{work}/targets.fa", targets)
    write(f"{work}/queries.fa", queries)
    cells = sum(len(s) for _, s in queries) * sum(len(s) for _, s in targets)
    print(f"{len(queries)} queries x {len(targets)} targets, {cells / 1e9:.1f} thousand million cells, one thread", flush=True)

    subprocess.run(["go", "build", "-o", f"{work}/score", "./bench/align/score"], check=True,
                   cwd=os.path.join(HERE, "..", ".."))

    def weir(mode, path):
        return ([f"{work}/score", "-mode", mode, "queries.fa", "targets.fa"],
                {"GOMAXPROCS": "1", "WEIR_ALIGN_PATH": path})

    def parasail(function):
        return (["parasail_aligner", "-a", function, "-x", "-t", "1", "-m", "blosum62", "-o", "12", "-e", "1",
                 "-q", "queries.fa", "-f", "targets.fa", "-g", f"{work}/parasail.csv"], {})

    simd = [p for p in ("avx512", "avx2", "neon") if runs(f"{work}/score", p, work)]
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
                seconds, out = cpu(command, env, work)
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
