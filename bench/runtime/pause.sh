#!/usr/bin/env bash
# The pause of checkpoints: KEYS (10,000,000) groups of an aggregate, about 1 GB in memory, a checkpoint every three seconds. Prints for each checkpoint the longest
# that a task stood still, and the state's size. Needs about 4 GB of memory and 2 GB in TMPDIR.
set -euo pipefail
cd "$(dirname "$0")/../.."
groups=${KEYS:-10000000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/weir" ./cmd/weir
awk -v n="$groups" 'BEGIN { for (i = 0; i < 2 * n; i++) printf "{\"k\":%d,\"x\":%d.5}\n", (i * 7919) % n, i % 1000 }' >"$dir/rows.jsonl"
cat >"$dir/pause.flow" <<'FLOW'
read_jsonl("rows.jsonl", as: { k: int, x: float })
  |> aggregate(by: k, n = count(), m = mean(x))
  |> filter(n < 0)
  |> write_jsonl("out.jsonl")
FLOW
cd "$dir"
./weir run -q pause.flow --memory 8GiB --checkpoint state/ --every 3s --metrics 127.0.0.1:0 2>log &
pid=$!
until address=$(grep -o 'http://[^ ]*' log); do sleep 0.1; done
last=0
while kill -0 $pid 2>/dev/null; do
  m=$(curl -s "$address" || true)
  at=$(awk '/^weir_checkpoint_last_timestamp/ { print $2 }' <<<"$m")
  if [ -n "$at" ] && [ "$at" != "$last" ]; then
    last=$at
    awk '/^weir_checkpoint_last_(pause|bytes|duration)/ { printf "%s %s  ", $1, $2 } END { print "" }' <<<"$m"
  fi
  sleep 0.3
done
wait $pid
