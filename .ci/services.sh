#!/usr/bin/env bash
# The servers that tests of storages talk to, on loopback. `.ci/services.sh run COMMAND…` starts them, runs the command with their addresses in its
# environment, and stops them:
#   WEIR_TEST_S3     moto, which keeps all in memory and takes any credentials
#   WEIR_TEST_MINIO  minio, which checks credentials and checksums; only with WITH_MINIO=1, since building it takes minutes
# What they need comes from the package registries, once, into .cache/services.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=$PWD/.cache/services
mkdir -p "$cache"

moto_version=5.2.5
minio_version=v0.0.0-20260212201848-7aac2a2c5b7c

install_moto() {
  local stamp=$cache/.moto-$moto_version
  [ -e "$stamp" ] && return
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    local sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq && $sudo apt-get install -y -qq python3-venv >/dev/null
  fi
  rm -rf "$cache/venv"
  python3 -m venv "$cache/venv"
  # Without crc32c moto takes another checksum for it.
  "$cache/venv/bin/pip" install -q "moto==$moto_version" flask flask-cors crc32c
  touch "$stamp"
}

install_minio() {
  local stamp=$cache/.minio-$minio_version
  [ -e "$stamp" ] && return
  GOBIN=$cache GOFLAGS=-mod=mod go install "github.com/minio/minio@$minio_version"
  touch "$stamp"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# wait_for URL PID waits until a server answers.
wait_for() {
  for _ in $(seq 300); do
    if python3 -c 'import sys, urllib.request, urllib.error
try: urllib.request.urlopen(sys.argv[1], timeout=2)
except urllib.error.HTTPError: pass' "$1" 2>/dev/null; then return; fi
    kill -0 "$2" 2>/dev/null || { echo "a server has ended: see $cache" >&2; exit 1; }
    sleep 0.1
  done
  echo "$1 does not answer: see $cache" >&2
  exit 1
}

pids=()
data=
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  [ -z "$data" ] || rm -rf "$data"
}

[ "${1:-}" = run ] && [ $# -gt 1 ] || { sed -n '2,6s/^# //p' "$0"; exit 2; }
shift
trap stop EXIT

install_moto
port=$(free_port)
# Parts may have any size here, so that tests need not send megabytes.
S3_UPLOAD_PART_MIN_SIZE=1 "$cache/venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$cache/moto.log" 2>&1 &
pids+=($!)
export WEIR_TEST_S3=http://127.0.0.1:$port
wait_for "$WEIR_TEST_S3" "$!"

if [ "${WITH_MINIO:-}" = 1 ]; then
  install_minio
  port=$(free_port)
  data=$(mktemp -d)
  export WEIR_TEST_MINIO=http://127.0.0.1:$port WEIR_TEST_MINIO_KEY=weirtest WEIR_TEST_MINIO_SECRET=weirtestsecret
  MINIO_ROOT_USER=$WEIR_TEST_MINIO_KEY MINIO_ROOT_PASSWORD=$WEIR_TEST_MINIO_SECRET \
    "$cache/minio" server --quiet --address "127.0.0.1:$port" "$data" >"$cache/minio.log" 2>&1 &
  pids+=($!)
  wait_for "$WEIR_TEST_MINIO/minio/health/live" "$!"
fi

"$@"
