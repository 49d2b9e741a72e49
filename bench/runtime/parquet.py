#!/usr/bin/env python3
"""Times scans of a Parquet file by Weir and by DuckDB on one thread, in CPU seconds.

usage: parquet.py WEIR [ROWS] [FOLDER]

Needs the duckdb module. DuckDB's figure is that of the query, the second of two; Weir's is that of the process, without what the same
pipeline takes over a file of no rows.
"""
import os
import resource
import subprocess
import sys
import tempfile

import duckdb

QUERIES = [
    ("count", "", "n = count()", "select count(*) from '{}'"),
    ("sum of an int", "", "total = sum(qty)", "select sum(qty) from '{}'"),
    ("sum of a float", "", "total = sum(amount)", "select sum(amount) from '{}'"),
    ("sum of a float?", "", "total = sum(discount)", "select sum(discount) from '{}'"),
    ("length of text", "|> derive(len = length(text))", "total = sum(len)", "select sum(length(text)) from '{}'"),
    ("group by country", "", "by: country, n = count(), total = sum(amount)", "select country, count(*), sum(amount) from '{}' group by 1"),
    ("filter, then group", "|> filter(qty >= 50)", "by: country, n = count(), total = sum(amount)",
     "select country, count(*), sum(amount) from '{}' where qty >= 50 group by 1"),
    ("filter by statistics", "|> filter(id >= {last})", "by: country, n = count(), total = sum(amount)",
     "select country, count(*), sum(amount) from '{}' where id >= {last} group by 1"),
    ("group by user", "", "by: user, n = count(), total = sum(amount)", "select \"user\", count(*), sum(amount) from '{}' group by 1"),
]


def cpu(who):
    r = resource.getrusage(who)
    return r.ru_utime + r.ru_stime


def weir(binary, flow):
    before = cpu(resource.RUSAGE_CHILDREN)
    subprocess.run([binary, "run", "-q", "--parallelism", "1", flow], check=True, env={**os.environ, "GOMAXPROCS": "1"})
    return cpu(resource.RUSAGE_CHILDREN) - before


def main():
    binary, rows = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5_000_000
    folder = sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp()
    con = duckdb.connect()
    con.execute("set threads = 1")
    for codec in ["snappy", "zstd"]:
        for name, n in [(codec, rows), ("none", 0)]:
            path = os.path.join(folder, name + ".parquet")
            if not os.path.exists(path):
                con.execute(f"""copy (
                  select i as id, 'u' || lpad((hash(i) % (1 + hash(i + 1) % 100000))::varchar, 6, '0') as "user",
                    ['DE','FR','US','GB','IN','BR','JP','CN'][1 + (hash(i * 3) % 8)::bigint] as country, (hash(i * 7) % 100000) / 100.0::double as amount,
                    (hash(i * 11) % 100)::bigint as qty, case when hash(i * 13) % 10 > 0 then (hash(i * 17) % 1000) / 8.0::double end as discount,
                    'text ' || (hash(i * 19) % 200000)::varchar as text
                  from range({n}) t(i)) to '{path}' (format parquet, compression {codec}, row_group_size 500000)""")
        print(f"{codec}, {rows:,} rows, {os.path.getsize(os.path.join(folder, codec + '.parquet')) >> 20} MiB")
        for title, steps, aggs, sql in QUERIES:
            def fill(s):
                return s.replace("{last}", str(rows - rows // 20))
            times = []
            for name in [codec, "none"]:
                flow = os.path.join(folder, "q.flow")
                with open(flow, "w") as f:
                    f.write(f'read_parquet("{name}.parquet") {fill(steps)} |> aggregate({aggs}) |> write_tsv("out.tsv")\n')
                times.append(min(weir(binary, flow) for _ in range(3)))
            query = fill(sql).replace("{}", os.path.join(folder, codec + ".parquet"))
            duck = []
            for _ in range(4):
                before = cpu(resource.RUSAGE_SELF)
                con.execute(query).fetchall()
                duck.append(cpu(resource.RUSAGE_SELF) - before)
            ours, theirs = times[0] - times[1], min(duck[1:])
            print(f"  {title:22} weir {ours:6.3f} s   duckdb {theirs:6.3f} s   {ours / max(theirs, 1e-3):5.1f} x")


main()
