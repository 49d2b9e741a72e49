#!/usr/bin/env bash
# An HDFS for tests on this machine: a name node and two data nodes, each a process of its own, on free ports of 127.0.0.1.
#
#   .ci/hdfs.sh with COMMAND...           starts one, runs the command with WEIR_TEST_HDFS and WEIR_TEST_HDFS_DIR, and stops it
#   .ci/hdfs.sh start DIR [ha] [kerberos] [CONF...]
#                                         starts one in a new folder; each CONF is name=value for hdfs-site.xml. Prints what to export. With ha
#                                         there is a second name node, nn2, which stands by: the name service is weir. With kerberos there is a
#                                         KDC, kdc, its DIR/keytab and DIR/kdc/krb5.conf
#   .ci/hdfs.sh stop DIR                  ends its processes
#   .ci/hdfs.sh node DIR NODE HOW         NODE is nn, nn2, kdc, dn1 or dn2, HOW is start, stop, kill, pause (it hangs) or go (on)
#   .ci/hdfs.sh run DIR CLASS [ARG...]    runs a command of Hadoop against it: org.apache.hadoop.hdfs.tools.DFSAdmin -safemode enter
#
# The jars come from Maven once, into ${WEIR_CI_CACHE:-~/.cache/weir}/hadoop-VERSION. Needs java (11 or later) and mvn, which are installed
# where apt-get may do so.
set -euo pipefail

version=3.4.2
cache=${WEIR_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}/hadoop-$version

# install NAME GROUP:ARTIFACT:VERSION… copies the jars of artifacts, and of all that these need, into a folder of the cache.
install() {
  local lib=$cache/$1 missing=() dependencies= coordinate
  [ -e "$lib/.complete" ] && return
  shift
  command -v java >/dev/null || missing+=(default-jre-headless)
  command -v mvn >/dev/null || missing+=(maven)
  if [ ${#missing[@]} -gt 0 ]; then
    local sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    { $sudo apt-get update -qq && $sudo apt-get install -y -qq "${missing[@]}"; } >/dev/null
  fi
  mkdir -p "$lib"
  for coordinate in "$@"; do
    IFS=: read -r group artifact number <<<"$coordinate"
    dependencies+="<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$number</version></dependency>"
  done
  cat >"$lib/pom.xml" <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>weir</groupId><artifactId>hdfs</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>$dependencies</dependencies></project>
XML
  mvn -q -B -Dstyle.color=never -f "$lib/pom.xml" dependency:copy-dependencies -DoutputDirectory="$lib" >&2
  touch "$lib/.complete"
}

install_hadoop() { install lib org.apache.hadoop:hadoop-client-{minicluster,api,runtime}:$version org.slf4j:slf4j-simple:1.7.36; }

next=$((20000 + RANDOM % 12000)) # below the ports that the system gives to clients

# free_port NAME sets a variable to a port that nobody has.
free_port() {
  while :; do
    next=$((next + 1))
    (exec 3<>"/dev/tcp/127.0.0.1/$next") 2>/dev/null || break
  done
  printf -v "$1" %s "$next"
}

property() { printf '  <property><name>%s</name><value>%s</value></property>\n' "$1" "$2"; }

java_of() { # DIR CONF CLASS ARG...
  local dir=$1 conf=$2
  shift 2
  local kerberos=()
  if [ -e "$dir/kdc" ]; then
    kerberos=(-Djava.security.krb5.conf="$dir/kdc/krb5.conf")
    export KRB5PRINCIPAL=hdfs/localhost@EXAMPLE.COM KRB5KEYTAB=$dir/keytab
  fi
  HADOOP_USER_NAME=${HADOOP_USER_NAME:-hdfs} exec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.net.preferIPv4Stack=true \
    -Dorg.slf4j.simpleLogger.defaultLogLevel="${LOG_LEVEL:-info}" --add-opens=java.base/java.lang=ALL-UNNAMED "${kerberos[@]}" \
    -cp "$conf:$cache/lib/*" "$@"
}

node_class() {
  case $1 in
  nn | nn2) echo org.apache.hadoop.hdfs.server.namenode.NameNode ;;
  dn*) echo org.apache.hadoop.hdfs.server.datanode.DataNode ;;
  *) echo "no such node: $1" >&2; exit 2 ;;
  esac
}

start_kdc() { # DIR
  local dir=$1
  install kdc org.apache.hadoop:hadoop-minikdc:$version
  mkdir "$dir/kdc"
  printf '%s\n' org.name=EXAMPLE org.domain=COM kdc.bind.address=localhost kdc.port=0 instance=Krb transport=TCP debug=false \
    max.ticket.lifetime=86400000 max.renewable.lifetime=604800000 >"$dir/kdc.properties"
  (exec java -Xmx128m -cp "$cache/kdc/*" org.apache.hadoop.minikdc.MiniKdc "$dir/kdc" "$dir/kdc.properties" "$dir/keytab" \
    hdfs/localhost HTTP/localhost weir </dev/null >"$dir/kdc.log" 2>&1) &
  echo $! >"$dir/kdc.pid"
  wait_for "$dir/kdc.log" "Standalone MiniKdc Running" "$!"
}

wait_for() { # FILE TEXT PID: until the log of a node has the text
  for _ in $(seq 600); do
    grep -q "$2" "$1" 2>/dev/null && return
    kill -0 "$3" 2>/dev/null || break
    sleep 0.1
  done
  tail -40 "$1" >&2
  return 1
}

start_node() { # DIR NODE; nothing where it runs
  local dir=$1 node=$2 class
  [ ! -e "$dir/$node.pid" ] || ! kill -0 "$(cat "$dir/$node.pid")" 2>/dev/null || return 0
  class=$(node_class "$node")
  : >"$dir/$node.log"
  (java_of "$dir" "$dir/conf/$node" "$class" </dev/null >"$dir/$node.log" 2>&1) &
  echo $! >"$dir/$node.pid"
  case $node in
  nn*) wait_for "$dir/$node.log" "RPC up at" "$(cat "$dir/$node.pid")" ;;
  *) wait_for "$dir/$node.log" "successfully registered with NN" "$(cat "$dir/$node.pid")" ;;
  esac
}

end_node() { # DIR NODE SIGNAL
  local pid
  pid=$(cat "$1/$2.pid" 2>/dev/null) || return 0
  kill -CONT "$pid" 2>/dev/null || true
  kill -"$3" "$pid" 2>/dev/null || true
  for _ in $(seq 200); do
    kill -0 "$pid" 2>/dev/null || { rm -f "$1/$2.pid"; return; }
    sleep 0.05
  done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$1/$2.pid"
}

site() { # DIR NODE: the configuration of a node, and of clients for the node "client"
  local dir=$1 node=$2 conf=$dir/conf/$2 item
  mkdir -p "$conf"
  { echo '<configuration>'
    property fs.defaultFS "hdfs://$authority"
    property hadoop.tmp.dir "$dir/tmp"
    [ -z "$kerberos" ] || property hadoop.security.authentication kerberos
    echo '</configuration>'; } >"$conf/core-site.xml"
  { echo '<configuration>'
    property dfs.replication 2
    property dfs.blocksize 1048576
    if [ -z "$ha" ]; then
      property dfs.namenode.http-address "127.0.0.1:$web"
    else
      property dfs.nameservices weir
      property dfs.ha.namenodes.weir nn,nn2
      property dfs.namenode.rpc-address.weir.nn "127.0.0.1:$nn"
      property dfs.namenode.rpc-address.weir.nn2 "127.0.0.1:$nn2"
      property dfs.namenode.http-address.weir.nn "127.0.0.1:$web"
      property dfs.namenode.http-address.weir.nn2 "127.0.0.1:$web2"
      property dfs.client.failover.proxy.provider.weir org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider
      property dfs.namenode.shared.edits.dir "file://$dir/shared"
      property dfs.ha.fencing.methods 'shell(/bin/true)'
      property dfs.ha.tail-edits.period 1
      case $node in nn*) property dfs.ha.namenode.id "$node" ;; esac
    fi
    if [ -n "$kerberos" ]; then
      for item in dfs.namenode dfs.datanode; do property $item.kerberos.principal hdfs/localhost@EXAMPLE.COM; done
      property dfs.web.authentication.kerberos.principal HTTP/localhost@EXAMPLE.COM
      property dfs.block.access.token.enable true
      property ignore.secure.ports.for.testing true
    fi
    if [ "$node" != client ]; then
      for item in dfs.namenode dfs.datanode; do property $item.keytab.file "$dir/keytab"; done
      property dfs.web.authentication.kerberos.keytab "$dir/keytab"
      property dfs.namenode.fs-limits.min-block-size 65536
      property dfs.namenode.name.dir "file://$dir/name-$node"
      property dfs.namenode.safemode.extension 0
      property dfs.namenode.redundancy.interval.seconds 1
      property dfs.namenode.heartbeat.recheck-interval 5000 # a dead data node is known to be so after 20 s, not 10 minutes
      property dfs.namenode.reconstruction.pending.timeout-sec 3 # not 5 minutes
      property dfs.heartbeat.interval 1
      property dfs.datanode.data.dir "file://$dir/$node"
      property dfs.datanode.address "127.0.0.1:$port"
      property dfs.datanode.http.address 127.0.0.1:0
      property dfs.datanode.ipc.address 127.0.0.1:0
    fi
    for item in "${extra[@]}"; do property "${item%%=*}" "${item#*=}"; done
    echo '</configuration>'; } >"$conf/hdfs-site.xml"
}

command=${1:-}
dir=${2:-}
[ -n "$dir" ] || { sed -n '2,15p' "$0" >&2; exit 2; }
case $command in
with)
  shift
  dir=$(mktemp -d)
  trap 'bash "$0" stop "$dir/hdfs"; rm -rf "$dir"' EXIT
  variables=$(bash "$0" start "$dir/hdfs")
  eval "$variables"
  "$@"
  ;;
start)
  shift 2
  ha= kerberos=
  [ "${1:-}" != ha ] || { ha=ha; shift; }
  [ "${1:-}" != kerberos ] || { kerberos=kerberos; shift; }
  extra=("$@")
  install_hadoop
  mkdir "$dir"
  dir=$(cd "$dir" && pwd)
  [ -z "$kerberos" ] || start_kdc "$dir"
  for port in nn web nn2 web2; do free_port $port; done
  authority=${ha:+weir}
  authority=${authority:-127.0.0.1:$nn}
  for node in nn ${ha:+nn2} dn1 dn2 client; do
    free_port port
    site "$dir" "$node"
  done
  (java_of "$dir" "$dir/conf/nn" "$(node_class nn)" -format -nonInteractive) >"$dir/format.log" 2>&1 || { tail -20 "$dir/format.log" >&2; exit 1; }
  start_node "$dir" nn
  if [ -n "$ha" ]; then
    (java_of "$dir" "$dir/conf/nn2" "$(node_class nn2)" -bootstrapStandby -nonInteractive) >"$dir/format.log" 2>&1 || { tail -20 "$dir/format.log" >&2; exit 1; }
    start_node "$dir" nn2
    bash "$0" run "$dir" org.apache.hadoop.hdfs.tools.DFSHAAdmin -transitionToActive nn
  fi
  for node in dn1 dn2; do start_node "$dir" "$node"; done
  bash "$0" run "$dir" org.apache.hadoop.fs.FsShell -chmod 777 /
  echo "export WEIR_TEST_HDFS=$authority WEIR_TEST_HDFS_DIR=$dir${kerberos:+ WEIR_TEST_HDFS_KERBEROS=1}"
  ;;
stop)
  for node in dn2 dn1 nn2 nn kdc; do end_node "$dir" "$node" TERM; done
  ;;
node)
  install_hadoop
  case $4 in
  start) start_node "$dir" "$3" ;;
  stop) end_node "$dir" "$3" TERM ;;
  kill) end_node "$dir" "$3" KILL ;;
  pause) kill -STOP "$(cat "$dir/$3.pid")" ;;
  go) kill -CONT "$(cat "$dir/$3.pid")" ;;
  *) echo "unknown: $4" >&2; exit 2 ;;
  esac
  ;;
run)
  install_hadoop
  shift 2
  LOG_LEVEL=${LOG_LEVEL:-error} java_of "$dir" "$dir/conf/client" "$@"
  ;;
*)
  sed -n '2,15p' "$0" >&2
  exit 2
  ;;
esac
