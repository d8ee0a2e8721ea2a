#!/usr/bin/env bash
# Starts HBase (ZooKeeper, master and region server in one JVM), then its Thrift gateways, and keeps
# the gateways running. Configured by the environment:
#
#   GATEWAYS          flavours, separated by spaces (default: threadpool); the first one listens
#                     on port 9090, the next on 9091, and so on; thrift2-FLAVOUR is one of Thrift 2
#   HBASE_SITE_EXTRA  more properties for hbase-site.xml: key=value, separated by white space
#
# In a container that runs, `entrypoint.sh java ARGUMENTS…` starts another Java program, which finds
# that HBase and its classes.
#
# The process id of the gateway on port P is in /run/gateway-P.pid. A gateway that dies is started
# again; when the master dies, the container ends.
set -uo pipefail

readonly FLAVOURS="threadpool nonblocking hsha threadedselector framed compact framed-compact http"
readonly FIRST_PORT=9090
readonly TEMPLATE=/opt/hbase/conf
readonly CONF=/run/hbase-conf
readonly HTTP_CONF=/run/hbase-conf-http
readonly JARS=/opt/hbase/lib/*
readonly MASTER_READY=/run/master-ready
readonly MASTER_SECONDS=120

# What HBase reaches into by reflection, closed by default since Java 16; then what a JVM that
# lives for minutes, beside others on a small machine, gains from.
readonly JVM=(
  --add-opens=java.base/java.lang=ALL-UNNAMED
  --add-opens=java.base/java.lang.reflect=ALL-UNNAMED
  --add-opens=java.base/java.nio=ALL-UNNAMED
  --add-opens=java.base/java.util=ALL-UNNAMED
  --add-opens=java.base/sun.nio.ch=ALL-UNNAMED
  --add-exports=java.base/jdk.internal.misc=ALL-UNNAMED
  -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData
)

main() {
  if [[ ${1:-} == java ]]; then
    exec java "${JVM[@]}" -cp "$CONF:$JARS" "${@:2}"
  fi
  read -ra gateways <<<"${GATEWAYS:-threadpool}"
  check_flavours "${gateways[@]}"
  write_conf "$CONF" "${HBASE_SITE_EXTRA:-}"
  # The only flavour that the gateway takes no switch for.
  write_conf "$HTTP_CONF" "${HBASE_SITE_EXTRA:-} hbase.regionserver.thrift.http=true"
  trap stop TERM INT

  start_master
  wait_for_master

  local heap=512m port=$FIRST_PORT flavour
  ((${#gateways[@]} > 1)) && heap=256m
  for flavour in "${gateways[@]}"; do
    supervise "$flavour" "$port" "$heap" &
    port=$((port + 1))
  done

  wait "$master"
  say "HBase itself ended (status $?), and so does this container"
  exit 1
}

say() { echo "hbase-thrift-test: $*"; }

check_flavours() {
  local flavour
  for flavour in "$@"; do
    if [[ " $FLAVOURS " != *" ${flavour#thrift2-} "* ]]; then
      say "there is no gateway flavour '$flavour'; GATEWAYS takes, alone or after thrift2-: $FLAVOURS" >&2
      exit 2
    fi
  done
}

write_conf() {
  local directory=$1 pair properties=""
  for pair in $2; do
    if [[ "$pair" != ?*=* ]]; then
      say "HBASE_SITE_EXTRA takes key=value pairs, and '$pair' is none" >&2
      exit 2
    fi
    properties+="<property><name>$(escape "${pair%%=*}")</name>"
    properties+="<value>$(escape "${pair#*=}")</value></property>"
  done
  mkdir -p "$directory"
  cp "$TEMPLATE"/* "$directory"
  { grep -v '</configuration>' "$TEMPLATE/hbase-site.xml"; echo "$properties</configuration>"; } \
    >"$directory/hbase-site.xml"
}

escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g' <<<"$1"; }

start_master() {
  say "starting HBase"
  rm -f "$MASTER_READY"
  # The conformance tests make thousands of regions in one process.
  java "${JVM[@]}" -Xmx2g -cp "$CONF:$JARS" \
    org.apache.hadoop.hbase.master.HMaster --localRegionServers=1 start \
    > >(sed -u -e "/Master has completed initialization/w $MASTER_READY" -e 's/^/master  | /') 2>&1 &
  master=$!
}

wait_for_master() {
  local deadline=$((SECONDS + MASTER_SECONDS))
  until [[ -s $MASTER_READY ]]; do
    if ! kill -0 "$master" 2>/dev/null; then
      say "HBase ended before it was ready; its log is above" >&2
      exit 1
    fi
    if ((SECONDS > deadline)); then
      say "HBase was not ready within $MASTER_SECONDS s; its log is above" >&2
      exit 1
    fi
    sleep 0.1
  done
  say "HBase is ready after $SECONDS s"
}

# Runs the gateway for ever; a flavour is a set of switches, which the programs of both interfaces take.
supervise() {
  local flavour=$1 port=$2 heap=$3 conf=$CONF package=thrift switches=()
  [[ $flavour == thrift2-* ]] && package=thrift2
  case ${flavour#thrift2-} in
    framed) switches=(-threadpool -f) ;;
    compact) switches=(-threadpool -c) ;;
    framed-compact) switches=(-threadpool -f -c) ;;
    http) conf=$HTTP_CONF ;;
    *) switches=("-${flavour#thrift2-}") ;;
  esac
  while :; do
    say "starting gateway '$flavour' on port $port"
    java "${JVM[@]}" "-Xmx$heap" -cp "$conf:$JARS" \
      "org.apache.hadoop.hbase.$package.ThriftServer" start -p "$port" "${switches[@]}" \
      > >(sed -u "s/^/$port    | /") 2>&1 &
    echo $! >"/run/gateway-$port.pid"
    wait $!
    say "gateway '$flavour' on port $port ended (status $?)"
    # A gateway that can't start at all must not keep a processor busy.
    sleep 0.2
  done
}

# The master gets a moment to close its files, so that a stopped container can be started again;
# whatever is left ends with this process.
stop() {
  say "stopping"
  kill $(jobs -p) 2>/dev/null
  for _ in {1..30}; do
    kill -0 "$master" 2>/dev/null || break
    sleep 0.1
  done
  exit 0
}

main "$@"
