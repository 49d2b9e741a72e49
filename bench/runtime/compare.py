#!/usr/bin/env python3
"""Compares weir with DuckDB and Polars (and Miller, where `mlr` is there) on four jobs over NDJSON: whole processes, CPU and wall seconds, memory,
and whether the answers are the same, row by row.

usage: generate.py 5000000 events.ndjson users.ndjson && go build -o weir ./cmd/weir && compare.py --weir ./weir --rounds 3
       (pip install duckdb polars)
"""
import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

DUCKDB = """
import duckdb, sys
job, threads, events, users, out = sys.argv[1:6]
c = duckdb.connect(); c.execute(f"set threads={threads}")
e = f"read_json('{events}', format='newline_delimited', columns={{ts:'TIMESTAMP', user:'VARCHAR', country:'VARCHAR', amount:'DOUBLE', text:'VARCHAR'}})"
u = f"read_json('{users}', format='newline_delimited', columns={{user:'VARCHAR', name:'VARCHAR', level:'BIGINT'}})"
q = {"1": f"select user, country, amount, amount * 0.19 as vat from {e} where amount > 500",
     "2": f"select user, count(*) as n, sum(amount) as total from {e} group by user",
     "3": f"select country, time_bucket(interval '1 minute', ts) as window_start, count(*) as n, sum(amount) as total from {e} group by all",
     "4": f"select e.user, name, amount from {e} e join {u} u on e.user = u.user where amount > 500"}[job]
c.execute(f"copy ({q}) to '{out}' (format json)")
"""

POLARS = """
import sys, os
job, threads, events, users, out = sys.argv[1:6]
os.environ["POLARS_MAX_THREADS"] = threads
import polars as pl
e = pl.scan_ndjson(events, schema={"ts": pl.String, "user": pl.String, "country": pl.String, "amount": pl.Float64, "text": pl.String})
if job == "1": q = e.filter(pl.col("amount") > 500).select("user", "country", "amount", vat=pl.col("amount") * 0.19)
if job == "2": q = e.group_by("user").agg(n=pl.len(), total=pl.col("amount").sum())
if job == "3": q = e.with_columns(window_start=pl.col("ts").str.to_datetime().dt.truncate("1m")).group_by("country", "window_start").agg(n=pl.len(), total=pl.col("amount").sum())
if job == "4": q = e.join(pl.scan_ndjson(users), on="user").filter(pl.col("amount") > 500).select("user", "name", "amount")
q.collect().write_ndjson(out)
"""

KEYS = {"1": ["user", "country", "amount"], "2": ["user"], "3": ["country", "window_start"], "4": ["user", "name", "amount"]}


def run(args):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.time()
    p = subprocess.Popen(args)
    _, status, usage = os.wait4(p.pid, 0)
    if status != 0:
        sys.exit(f"{args} failed")
    return time.time() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def rows(path, job):
    out = []
    with open(path) as f:
        for line in f:
            r = json.loads(line)
            if "window_start" in r:  # in any spelling of a time
                r["window_start"] = str(r["window_start"]).replace(" ", "T")[:16]
            out.append((tuple(r[k] for k in KEYS[job]), r.get("n"), r.get("total", r.get("vat"))))
    out.sort()
    return out


def same(a, b):
    if len(a) != len(b):
        return f"{len(a)} rows and {len(b)}"
    for x, y in zip(a, b):
        if x[:2] != y[:2] or (x[2] is None) != (y[2] is None) or x[2] is not None and not math.isclose(x[2], y[2], rel_tol=1e-9):
            return f"{x} and {y}"
    return ""


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--weir", default="./weir")
    p.add_argument("--events", default="events.ndjson")
    p.add_argument("--users", default="users.ndjson")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--jobs", default="1234")
    p.add_argument("--polars", action="store_true")
    a = p.parse_args()
    events, users = os.path.abspath(a.events), os.path.abspath(a.users)
    n = sum(1 for _ in open(events, "rb"))
    print(f"{n} events; medians of {a.rounds} rounds in turns; k/CPU-s is thousand events a CPU second")
    print(f"{'job':4}{'threads':8}{'tool':10}{'wall s':>8}{'CPU s':>8}{'k/CPU-s':>9}{'MB':>6}  ratio of CPU, wall to DuckDB; answers")
    with tempfile.TemporaryDirectory() as d:
        for job in a.jobs:
            for threads in "12":
                tools = {
                    "duckdb": [sys.executable, "-c", DUCKDB, job, threads, events, users, f"{d}/duckdb.json"],
                    "weir": [a.weir, "run", "-q", "--checkpoint", "off", "-j", threads, f"{HERE}/job{job}.flow", "-p", f"input={events}", "-p", f"out={d}/weir.json"]
                    + (["-p", f"users={users}"] if job == "4" else []),
                }
                if a.polars:
                    tools["polars"] = [sys.executable, "-c", POLARS, job, threads, events, users, f"{d}/polars.json"]
                took = {t: [] for t in tools}
                for _ in range(a.rounds):
                    for t, args in tools.items():
                        took[t].append(run(args))
                want = rows(f"{d}/weir.json", job)
                base = [statistics.median(x[i] for x in took["duckdb"]) for i in range(3)]
                for t in tools:
                    wall, cpu, mb = (statistics.median(x[i] for x in took[t]) for i in range(3))
                    note = ""
                    if t != "weir":
                        note = same(want, rows(f"{d}/{t}.json", job))
                        note = "the same answers" if not note else "OTHER ANSWERS: " + note
                    print(f"{job:4}{threads:8}{t:10}{wall:8.2f}{cpu:8.2f}{n / cpu / 1000:9.0f}{mb:6.0f}  {cpu / base[1]:.2f} {wall / base[0]:.2f} {note}", flush=True)


main()
