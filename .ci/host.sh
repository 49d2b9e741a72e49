#!/usr/bin/env bash
# The Java host that runs inside Flink (runtime/flink/host), and its jar, which is part of the Go program.
#
#   .ci/host.sh build   builds runtime/flink/host/host.jar
#   .ci/host.sh with COMMAND...
#                       runs a command with WEIR_TEST_FLINK: the class path of a Flink, of the host and of its tests
#   .ci/host.sh check   runs the tests, builds, and fails where the committed jar is not what the source gives
#
# Needs a JDK 17 and mvn, which are installed where apt-get may do so. What Maven fetches is kept in ${WEIR_CI_CACHE:-~/.cache/weir}/maven; when it
# has all, the network is not asked.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/../runtime/flink/host"
how=${1:-}
case $how in
build | check) ;;
with) shift ;;
*) sed -n '2,11s/^# \{0,1\}//p' ../../../.ci/host.sh >&2; exit 2 ;;
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
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT

# build ARG... packages, without the network where it was not needed before.
build() {
  local stamp offline=
  stamp=$repository/.complete-$how-$(sha256sum pom.xml | cut -c1-16)
  [ ! -e "$stamp" ] || offline=-o
  mvn -q -B $offline -Dstyle.color=never "-Dmaven.repo.local=$repository" "-Dweir.target=$target" package "$@"
  touch "$stamp"
}

case $how in
build)
  build -DskipTests
  cp "$target/host.jar" host.jar
  ;;
check)
  build
  if ! cmp "$target/host.jar" host.jar; then
    echo "runtime/flink/host/host.jar is not what its source gives: .ci/host.sh build" >&2
    exit 1
  fi
  ;;
with)
  build -DskipTests org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath "-Dmdep.outputFile=$target/classpath"
  export WEIR_TEST_FLINK="$target/test-classes:$target/host.jar:$(cat "$target/classpath")"
  cd "$here"
  "$@"
  ;;
esac
