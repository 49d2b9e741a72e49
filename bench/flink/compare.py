"""Weir and Flink SQL on the same job, on the same cluster: records a second, and a CPU second of the workers and task managers together.

  python3 bench/runtime/generate.py 5000000 events.ndjson users.ndjson
  .ci/cluster.sh with python3 bench/flink/compare.py events.ndjson [--rounds 2] [--copies 4]

The job counts and sums by user (bench/runtime/job2.flow), at parallelism 2. The input is a folder with so many copies of the file, on this machine, which every node
of the cluster sees. CPU seconds are those of the processes in containers, sampled twice a second until they end. For Weir the time is Flink's own: from the job's start to its end,
the last checkpoint included.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

root = pathlib.Path(__file__).resolve().parents[2]
ticks = os.sysconf("SC_CLK_TCK")


class Sampler(threading.Thread):
    """Adds up the CPU time of the processes whose command line has one of some texts, also of those that end."""

    kinds = {"worker": "weir worker", "task manager": "YarnTaskExecutorRunner", "application master": "ClusterEntrypoint"}

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.ending = {}, threading.Event()
        self.start()

    def sample(self):
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                kind = next((k for k, text in self.kinds.items() if text.lower() in command.lower() and "bash" not in command.split(" ")[0]), None)
                if kind:
                    fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
                    self.seen[(path.name, fields[19])] = (kind, (int(fields[11]) + int(fields[12])) / ticks)
            except OSError:
                pass  # it has ended

    def run(self):
        while not self.ending.wait(0.5):
            self.sample()

    def totals(self, before=None):
        self.sample()
        out = dict.fromkeys(self.kinds, 0.0)
        for key, (kind, seconds) in self.seen.items():
            out[kind] += seconds - (before or {}).get(key, (kind, 0))[1]
        return out


def run(command, **more):
    p = subprocess.run(command, capture_output=True, text=True, **more)
    if p.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {p.returncode}\n{p.stdout}\n{p.stderr}")
    return p.stdout


def weir(project, program, sampler):
    before = dict(sampler.seen)
    job = run([program, "submit", "job2.flow"], cwd=project).strip()
    run([program, "status", "--wait", job], cwd=project)
    status = json.loads(run([program, "status", "--json", job], cwd=project))
    seconds = status["running_ns"] / 1e9
    return seconds, sampler.totals(before), {json.loads(line)["user"]: json.loads(line) for line in open(project / "out.jsonl")}


def with_gateway(project):
    """A FLINK_HOME with what the SQL client needs besides, from Maven."""
    home = project / "flink"
    if not home.exists():
        (home / "opt").mkdir(parents=True)
        given = pathlib.Path(os.environ["FLINK_HOME"])
        for path in [*given.iterdir(), *(given / "opt").iterdir()]:
            if path.name != "opt":
                os.symlink(path, home / path.relative_to(given))
        run(["mvn", "-q", "-B", "dependency:copy", "-Dartifact=org.apache.flink:flink-sql-gateway:1.20.1", f"-DoutputDirectory={home / 'opt'}"])
    return home


def flink_sql(project, sampler, mode, records):
    home = with_gateway(project)
    conf = ["-Djobmanager.bind-host=127.0.0.1", "-Dtaskmanager.bind-host=127.0.0.1", "-Dtaskmanager.host=127.0.0.1", "-Drest.bind-address=127.0.0.1",
            "-Dtaskmanager.memory.process.size=2048m", "-Djobmanager.memory.process.size=1024m", "-Dtaskmanager.numberOfTaskSlots=1"]
    env = dict(os.environ, FLINK_HOME=str(home), FLINK_OPT_DIR=str(home / 'opt'))
    out = run([f"{home}/bin/yarn-session.sh", "-d", "-nm", "sql", *conf], env=env)
    application = re.search(r"application_\d+_\d+", out)[0]
    target = "'connector' = 'blackhole'" if mode == "streaming" else f"'connector' = 'filesystem', 'path' = 'file://{project}/sql-{mode}', 'format' = 'json'"
    script = project / f"{mode}.sql"
    script.write_text(f"""
SET 'execution.runtime-mode' = '{mode}';
SET 'parallelism.default' = '2';
SET 'table.dml-sync' = 'true';
CREATE TABLE events (ts TIMESTAMP_LTZ(3), `user` STRING, country STRING, amount DOUBLE, text STRING)
  WITH ('connector' = 'filesystem', 'path' = 'file://{project}/in', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601');
CREATE TABLE totals (`user` STRING, n BIGINT, total DOUBLE) WITH ({target});
INSERT INTO totals SELECT `user`, COUNT(*), SUM(amount) FROM events GROUP BY `user`;
""")
    before = dict(sampler.seen)
    began = time.time()
    out = run([f"{home}/bin/sql-client.sh", "-Dexecution.target=yarn-session", f"-Dyarn.application.id={application}", "-f", str(script)], env=env)
    seconds = time.time() - began
    if "ERROR" in out or "Exception" in out:
        sys.exit(out)
    totals = sampler.totals(before)
    subprocess.run([f"{home}/bin/yarn-session.sh", "-id", application], input="stop\n", capture_output=True, text=True, env=env)
    return seconds, totals


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("events")
    p.add_argument("--rounds", type=int, default=1)
    p.add_argument("--copies", type=int, default=2, help="of the file, in the folder that is read")
    p.add_argument("--only", choices=["weir", "sql"])
    o = p.parse_args()
    project = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        (project / "in").mkdir()
        for i in range(o.copies):
            os.symlink(os.path.abspath(o.events), project / "in" / f"{i}.jsonl")
        records = o.copies * sum(chunk.count(b"\n") for chunk in iter(lambda f=open(o.events, "rb"): f.read(1 << 24), b""))
        program = project / "weir"
        run(["go", "build", "-o", program, "./cmd/weir"], cwd=root)
        flow = (root / "bench/runtime/job2.flow").read_text().replace('"events.ndjson"', '"in/"').replace('"j2.jsonl"', '"out.jsonl"')
        (project / "job2.flow").write_text(flow)
        (project / "weir.yaml").write_text(f"""target: yarn
targets:
  yarn:
    kind: yarn
    dir: hdfs://{os.environ['WEIR_TEST_HDFS']}/bench
    root: {project}
    parallelism: 2
    taskmanager_memory: 2GiB
    checkpoint_every: 5s
    flink: {{jobmanager.bind-host: 127.0.0.1, taskmanager.bind-host: 127.0.0.1, taskmanager.host: 127.0.0.1, rest.bind-address: 127.0.0.1}}
""")
        sampler = Sampler()
        print(f"{records / 1e6:.1f} M records, parallelism 2")
        print("| engine | s | M records/s | CPU s: workers | task managers | k records per CPU s |")
        print("|---|---|---|---|---|---|")

        def show(name, seconds, cpu):
            total = cpu["worker"] + cpu["task manager"]
            print(f"| {name} | {seconds:.1f} | {records / seconds / 1e6:.2f} | {cpu['worker']:.1f} | {cpu['task manager']:.1f} | {records / total / 1000:.0f} |", flush=True)
            return records / total

        rates = {}
        for _ in range(o.rounds):
            if o.only != "sql":
                seconds, cpu, rows = weir(project, program, sampler)
                assert sum(r["n"] for r in rows.values()) == records, "records are missing"
                rates.setdefault("Weir", []).append(show("Weir", seconds, cpu))
            if o.only != "weir":
                for mode in ["streaming", "batch"]:
                    seconds, cpu = flink_sql(project, sampler, mode, records)
                    rates.setdefault(mode, []).append(show(f"Flink SQL, {mode}", seconds, cpu))
        for mode in ["streaming", "batch"]:
            if "Weir" in rates and mode in rates:
                print(f"Weir : Flink SQL ({mode}), a CPU second: {max(rates['Weir']) / max(rates[mode]):.1f}")
    finally:
        shutil.rmtree(project, ignore_errors=True)


main()
