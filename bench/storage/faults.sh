#!/usr/bin/env bash
# The long runs of the tests of storages, against servers on this machine, at low priority:
#   - 500 runs through a proxy that throttles, fails, resets, cuts, stalls, expires credentials and changes bytes;
#   - 5 with the silence that is borne in earnest, 30 s, instead of 0.1 s;
#   - 100 writers to S3 that are killed at any time, and taken up again, until their file is there;
#   - with HDFS=1 data nodes and a name node killed and hung while files are written and read, and writers killed.
# Each prints what has happened, and how it has ended.
#
#   bench/storage/faults.sh [SEED]        the first seed of the runs through the proxy, 0 by default
set -euo pipefail
cd "$(dirname "$0")/../.."

seed=${1:-0}
quiet() { grep -E '^(---|ok|FAIL|panic)|runs; faults|seed [0-9]+|_test.go'; }
long=(nice go test -count 1 -p 1 -timeout 3h -v)

bash .ci/services.sh run env WEIR_FAULT_RUNS="${WEIR_FAULT_RUNS:-500}" WEIR_FAULT_SEED="$seed" WEIR_KILL_RUNS="${WEIR_KILL_RUNS:-100}" \
  "${long[@]}" -run '^(TestFaults|TestKill)$' ./runtime/storage/s3 | quiet
bash .ci/services.sh run env WEIR_FAULT_RUNS=5 WEIR_FAULT_SEED="$((seed + 1000))" WEIR_FAULT_STALL=30000 "${long[@]}" -run '^TestFaults$' ./runtime/storage/s3 | quiet
if [ "${HDFS:-}" = 1 ]; then
  bash .ci/hdfs.sh with "${long[@]}" -rapid.checks 1000 -run '^(TestFaults|TestSuiteFaults|TestDataNode.*|TestNameNode.*|TestKilledWriter)$' ./runtime/storage/hdfs | quiet
fi
