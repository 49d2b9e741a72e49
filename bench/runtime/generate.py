#!/usr/bin/env python3
"""Writes events as NDJSON: ts (up to 2 s out of order), user (100,000 of them, zipf), country, amount, text; about 95 bytes a line.

usage: generate.py ROWS OUT.ndjson [USERS.ndjson]
"""
import random
import sys


def main():
    rows, out = int(sys.argv[1]), sys.argv[2]
    r = random.Random(42)
    countries = ["DE", "FR", "US", "GB", "IN", "BR", "JP", "CN", "ZA", "NG", "MX", "IT", "ES", "PL", "SE", "NO", "KE", "AR", "CA", "AU"]
    words = ["blue", "green", "small", "large", "fast", "slow", "old", "new"]
    # Zipf by inversion of a precomputed table.
    users, total, cumulative = 100_000, 0.0, []
    for i in range(1, users + 1):
        total += 1.0 / i
        cumulative.append(total)
    import bisect
    with open(out, "w") as f:
        for i in range(rows):
            ts = 1_750_000_000_000 + i * 10 + r.randrange(-2000, 1)
            s, ms = divmod(ts, 1000)
            import time
            t = time.gmtime(s)
            stamp = f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d}T{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}.{ms:03d}Z"
            u = bisect.bisect_left(cumulative, r.random() * total)
            f.write(f'{{"ts":"{stamp}","user":"u{u:05d}","country":"{r.choice(countries)}","amount":{r.randrange(1, 100000) / 100},"text":"{r.choice(words)} {r.choice(words)}"}}\n')
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w") as f:
            for u in range(users):
                f.write(f'{{"user":"u{u:05d}","name":"name {u}","level":{u % 7}}}\n')


main()
