#!/usr/bin/env bash
# stores.sh [--attached] [--folder FOLDER | --temporary] [postgres] [redis] [rabbit]   the named stores of this workspace, or all, on loopback.
# What they write stands below FOLDER (`.stores`), or in one that is deleted afterwards. Stays until Ctrl-C, with `--attached` until
# its input ends, and leaves no process behind. Says `ready` when all answer. Ports: POSTGRES_PORT (7432), REDIS_PORT (7479), RABBIT_PORT (7472); what RabbitMQ needs
# besides, for its own node only, is a free one.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
folder="$here/.stores" temporary='' attached=0 wanted=()
while [ $# -gt 0 ]; do
  case "$1" in
    --attached) attached=1 ;;
    --folder) folder="$2"; shift ;;
    --temporary) temporary="$(mktemp -d)"; folder="$temporary"; chmod 755 "$folder" ;;
    postgres | redis | rabbit) wanted+=("$1") ;;
    *) echo "stores.sh: what is \`$1\`?" >&2; exit 2 ;;
  esac
  shift
done
[ ${#wanted[@]} -gt 0 ] || wanted=(postgres redis rabbit)
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
postgres_port="${POSTGRES_PORT:-7432}" redis_port="${REDIS_PORT:-7479}" rabbit_port="${RABBIT_PORT:-7472}"
started=() postgres='' elsewhere=''

stop() {
  trap - EXIT INT TERM HUP
  for pid in ${started[@]+"${started[@]}"}; do
    # PostgreSQL's word for "do not wait for clients".
    if [ "$pid" = "$postgres" ]; then kill -INT "$pid" 2> /dev/null || true; else kill "$pid" 2> /dev/null || true; fi
  done
  for _ in $(seq 100); do
    alive=0
    for pid in ${started[@]+"${started[@]}"}; do kill -0 "$pid" 2> /dev/null && alive=1; done
    [ "$alive" = 0 ] && break
    sleep 0.1
  done
  for pid in ${started[@]+"${started[@]}"}; do kill -9 "$pid" 2> /dev/null || true; done
  cd /
  [ -z "$temporary" ] || rm -rf "$temporary"
  [ -z "$elsewhere" ] || rm -rf "$elsewhere"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

until_true() {
  local alive=1
  for _ in $(seq 600); do
    "$@" > /dev/null 2>&1 && return
    for pid in "${started[@]}"; do kill -0 "$pid" 2> /dev/null || alive=0; done
    [ "$alive" = 1 ] || break
    sleep 0.1
  done
  echo "stores.sh: no \`$*\`, for a minute or because a process ended" >&2
  tail -n 20 "$folder"/*.log >&2
  exit 3
}

free_port() {
  local port
  while true; do
    port=$((10240 + RANDOM % 9000))
    (exec 9<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null || break
  done
  echo "$port"
}

start_postgres() {
  local data="$folder/postgres" bin
  bin="$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)"
  # PostgreSQL refuses to run as root.
  local as=()
  mkdir -p "$data"
  if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid postgres --regid postgres --clear-groups)
    chown postgres "$data"
    # Below a folder that is root's alone it would not find its own files.
    if ! "${as[@]}" test -x "$data"; then
      elsewhere="$(mktemp -d)" data="$elsewhere/postgres"
      chmod 755 "$elsewhere"
      mkdir "$data"
      chown postgres "$data"
    fi
  fi
  chmod 700 "$data"
  cd "$data"
  if [ ! -e "$data/PG_VERSION" ]; then
    "${as[@]}" "$bin/initdb" --pgdata="$data" --username=kiosk --auth=trust --encoding=UTF8 --locale=C --no-sync > "$folder/initdb.log"
    "${as[@]}" "$bin/postgres" --single -D "$data" -c fsync=off postgres < "$here/databases.sql" >> "$folder/initdb.log" 2>&1
  fi
  "${as[@]}" "$bin/postgres" -D "$data" -p "$postgres_port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
    < /dev/null > "$folder/postgres.log" 2>&1 &
  postgres=$!
  started+=($!)
}

start_redis() {
  redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$folder" --save '' --daemonize no < /dev/null > "$folder/redis.log" 2>&1 &
  started+=($!)
}

# A node, a home and a port mapper of its own, apart from any other RabbitMQ of this machine.
start_rabbit() {
  local port="$rabbit_port" own="$folder/rabbit" home
  home="$(ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-* | sort -V | tail -1)"
  mkdir -p "$own/home"
  printf 'listeners.tcp.local = 127.0.0.1:%s\n' "$port" > "$own/rabbitmq.conf"
  : > "$own/enabled_plugins"
  : > "$own/env.conf"
  local mapper node
  mapper="$(free_port)" node="$(free_port)"
  local settings=(
    HOME="$own/home" ERL_EPMD_PORT="$mapper" ERL_EPMD_ADDRESS=127.0.0.1
    RABBITMQ_HOME="$home" RABBITMQ_NODENAME="kiosk$port@localhost" RABBITMQ_DIST_PORT="$node"
    RABBITMQ_CONFIG_FILE="$own/rabbitmq.conf" RABBITMQ_CONF_ENV_FILE="$own/env.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$own/enabled_plugins"
    RABBITMQ_MNESIA_BASE="$own/data" RABBITMQ_LOG_BASE="$own/log"
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none"
  )
  env "${settings[@]}" epmd < /dev/null > "$folder/epmd.log" 2>&1 &
  started+=($!)
  env "${settings[@]}" "$home/sbin/rabbitmq-server" < /dev/null > "$folder/rabbit.log" 2>&1 &
  started+=($!)
}

answers_postgres() { psql -h 127.0.0.1 -p "$postgres_port" -U kiosk -d postgres -c 'SELECT 1'; }
answers_redis() { redis-cli -p "$redis_port" ping; }
# The broker takes connections when it greets one.
answers_rabbit() { (exec 9<> "/dev/tcp/127.0.0.1/$rabbit_port" && printf 'AMQP\0\0\11\1' >&9 && [ -n "$(timeout 2 head -c 1 <&9 | tr '\0' x)" ]); }

for store in "${wanted[@]}"; do "start_$store"; done
for store in "${wanted[@]}"; do until_true "answers_$store"; done
echo ready
if [ "$attached" = 1 ]; then
  cat > /dev/null <&0 &
else
  sleep infinity &
fi
started+=($!)
wait $!
