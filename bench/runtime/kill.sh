#!/usr/bin/env bash
# Kills: for every kind of sink KILLS (1,000) processes are ended by SIGKILL at random moments and the runs resumed until they end; what they have written is compared
# with what undisturbed runs write. Says how many kills hit and how much work was done again. Kinds are those of TestKilled in cmd/weir; by
# default all, S3 and HDFS among them, with servers on this machine.
#
#   KILLS=1000 bash bench/runtime/kill.sh [KIND…]
set -euo pipefail
cd "$(dirname "$0")/../.."
export WEIR_KILLS=${KILLS:-1000}
with=()
kinds=("$@")
[ $# -gt 0 ] || kinds=(file folder gzip parquet rejected spill watch s3 hdfs)
case " ${kinds[*]} " in *" s3 "*) with+=(bash .ci/services.sh run) ;; esac
case " ${kinds[*]} " in *" hdfs "*) with+=(bash .ci/hdfs.sh with) ;; esac
pattern=$(IFS='|'; echo "${kinds[*]}")
# A test's folders lie in memory where they can: what is lost with the power is the simulation's business, and fsync would only take time.
[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || { TMPDIR=$(mktemp -d /dev/shm/weir-kill-XXXX); export TMPDIR; trap 'rm -rf "$TMPDIR"' EXIT; }
"${with[@]}" go test -run "^TestKilled\$/^($pattern)\$" -count=1 -v -timeout 24h ./cmd/weir
