#!/usr/bin/env bash
# The Java host that runs inside Flink (runtime/flink/host), and its jar, which is part of the Go program.
#
#   .ci/host.sh build   builds runtime/flink/host/host.jar
#   .ci/host.sh check   runs the tests, builds, and fails where the committed jar is not what the source gives
#
# Needs a JDK 17 and mvn, which are installed where apt-get may do so. What Maven fetches is kept in ${WEIR_CI_CACHE:-~/.cache/weir}/maven; when it
# has all, the network is not asked.
set -euo pipefail
cd "$(dirname "$0")/../runtime/flink/host"
how=${1:-}
case $how in
build | check) ;;
*) sed -n '2,8s/^# \{0,1\}//p' "../../../.ci/host.sh" >&2; exit 2 ;;
esac

# The bytes of classes depend on the compiler.
jdk() {
  local home
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/java-17-openjdk-*; do
    if [ -x "$home/bin/javac" ] && "$home/bin/javac" -version 2>&1 | grep -q '^javac 17\.'; then
      echo "$home"
      return
    fi
  done
  return 1
}

missing=()
jdk >/dev/null || missing+=(openjdk-17-jdk-headless)
command -v mvn >/dev/null || missing+=(maven)
if [ ${#missing[@]} -gt 0 ]; then
  sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  { $sudo apt-get update -qq && $sudo apt-get install -y -qq "${missing[@]}"; } >/dev/null
fi
JAVA_HOME=$(jdk)
export JAVA_HOME

repository=${WEIR_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}/maven
mkdir -p "$repository"
[ "$how" = check ] || skip=-DskipTests
stamp=$repository/.complete-$how-$(sha256sum pom.xml | cut -c1-16)
offline=
[ ! -e "$stamp" ] || offline=-o
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
mvn -q -B $offline -Dstyle.color=never "-Dmaven.repo.local=$repository" "-Dweir.target=$target" ${skip:-} package
touch "$stamp"

if [ "$how" = build ]; then
  cp "$target/host.jar" host.jar
elif ! cmp "$target/host.jar" host.jar; then
  echo "runtime/flink/host/host.jar is not what its source gives: .ci/host.sh build" >&2
  exit 1
fi
