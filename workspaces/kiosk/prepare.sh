#!/usr/bin/env bash
# prepare.sh [--system]   what the kiosk needs to run, in both versions: packages of PyPI and npm, and the programs in Go and Rust.
# `--system` installs Debian packages that are missing as well (as root). Does only what is not done yet; two runs wait for each other.
set -euo pipefail
cd "$(dirname "$0")"
exec 8> .prepare.lock
flock 8

if [ "${1:-}" = --system ] && command -v apt-get > /dev/null; then
  missing=()
  [ -n "$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null)" ] || missing+=(postgresql)
  for pair in psql:postgresql-client redis-server:redis-server rabbitmq-server:rabbitmq-server nats-server:nats-server setpriv:util-linux python3:python3 npm:npm go:golang-go; do
    command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
  done
  python3 -c 'import ensurepip' 2> /dev/null || missing+=(python3-venv)
  if [ ${#missing[@]} -gt 0 ]; then
    # Installed to be started by `stores.sh`, not by the system.
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' > "$policy"; chmod +x "$policy"; trap 'rm -f "$policy"' EXIT; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
  fi
fi

# Both versions need the same packages of PyPI, and tests of proxies one more.
wanted="$(cat orders/requirements.txt mailer/requirements.txt ../../crates/stage/tests/requirements.txt | sort -u)"
if [ "$wanted" != "$(cat .venv/installed 2> /dev/null)" ]; then
  python3 -m venv --clear .venv
  .venv/bin/pip install --quiet --disable-pip-version-check $(printf '%s ' $wanted)
  printf '%s\n' "$wanted" > .venv/installed
fi
ln -sfn ../kiosk/.venv ../kiosk-repaired/.venv

# Libraries are the same in both versions, and compiled once.
compiled="$(mkdir -p ../../target/kiosk && cd ../../target/kiosk && pwd)"
for version in kiosk kiosk-repaired; do
  for service in storefront retrier board; do
    folder="../$version/$service"
    [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] ||
      npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null
  done
  mkdir -p "../$version/bin"
  (cd "../$version/payments" && go build -o ../bin/payments .)
  seats="../$version/seats" program="../$version/bin/seats"
  if [ -n "$(find "$seats/src" "$seats/Cargo.lock" "$seats/Cargo.toml" -newer "$program" 2>&1)" ]; then
    # To Cargo both are one package, and only a newer file tells it that this is the other one.
    touch "$seats/src/main.rs"
    cargo build --quiet --locked --manifest-path "$seats/Cargo.toml" --target-dir "$compiled"
    cp "$compiled/debug/seats" "$program"
  fi
done
