"""What the scripts of this folder share: reading and writing FASTA, building weir, and timing whole processes."""
import gzip
import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
PROTEOME = os.path.join(ROOT, "pipelines", "data", "anaerococcus.fasta.gz")


class Run(NamedTuple):
    """Wall and processor seconds and the peak of memory of a process and those that it has waited for."""
    wall: float
    cpu: float
    megabytes: float
    output: str


def read(path):
    """The records of a FASTA file, gzipped or not, as (id, sequence); letters in upper case, stops left out."""
    with open(path, "rb") as f:
        zipped = f.read(2) == b"\x1f\x8b"
    with (gzip.open if zipped else open)(path, "rt") as f:
        records = ("\n" + f.read()).split("\n>")[1:]
    out = []
    for r in records:
        header, _, body = r.partition("\n")
        out.append(((header.split() or [""])[0], "".join(body.split()).upper().replace("*", "")))
    return out


def write(path, records):
    with open(path, "w") as f:
        for name, sequence in records:
            f.write(f">{name}\n{sequence}\n")


def residues(records):
    return sum(len(s) for _, s in records)


def folder():
    return tempfile.mkdtemp(prefix="weir-bench-")


def build(work, package="./cmd/weir"):
    """Builds a command of this repository and gives its path. WEIR in the environment names a weir that is built already."""
    if package == "./cmd/weir" and "WEIR" in os.environ:
        return os.environ["WEIR"]
    path = os.path.join(work, os.path.basename(package))
    subprocess.run(["go", "build", "-o", path, package], check=True, cwd=ROOT)
    return path


def flow(weir, name, parameters, threads=2):
    """The command that runs a pipeline of this folder."""
    command = [weir, "run", "-q", "-j", str(threads), os.path.join(HERE, name)]
    for key, value in parameters.items():
        command += ["-p", f"{key}={value}"]
    return command


def measure(command, env=None, cwd=None):
    """Runs a command and gives what it took and what it printed on standard output; where it fails, that is the end."""
    # parasail_aligner reads standard input unless it is a terminal.
    terminal = pty.openpty()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.monotonic()
        child = subprocess.Popen(command, env={**os.environ, **(env or {})}, cwd=cwd, stdin=terminal[1], stdout=out,
                                 stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        for end in terminal:
            os.close(end)
        out.seek(0)
        err.seek(0)
        if child.returncode:
            sys.exit(f"{' '.join(command)}: exit {child.returncode}\n{err.read()}")
        return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read())


def median(runs):
    """The medians of several runs; the output is the last one's."""
    return Run(*(statistics.median(r[i] for r in runs) for i in range(3)), runs[-1].output)
