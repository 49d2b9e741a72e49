#!/bin/sh
# Runs the tests of package kernel for arm64, under qemu-user (Debian: qemu-user-static) unless this is an arm64 machine.
# Arguments go to the test binary.
set -eu
cd "$(dirname "$0")"
emulator=
if [ "$(go env GOHOSTARCH)" != arm64 ]; then
	emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || {
		echo "test-arm64.sh: no qemu-aarch64; apt-get install qemu-user-static" >&2
		exit 1
	}
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
GOARCH=arm64 CGO_ENABLED=0 go vet .
GOARCH=arm64 CGO_ENABLED=0 go test -c -o "$out/kernel.test" .
$emulator "$out/kernel.test" -test.short -rapid.checks=100 "$@"
