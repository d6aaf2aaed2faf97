#!/usr/bin/env bash
# prepare.sh [--system]   what the editor's tests need: packages of npm, and two versions of VS Code in `target/vscode`: the oldest
# that is supported and can be had, and the newest at hand. `--system` installs Debian packages that are missing as well (as root).
# Does only what is not done yet; two runs wait for each other.
set -euo pipefail
cd "$(dirname "$0")/../.."
hosts="${SEAM_HOSTS:-../../target/vscode}"
mkdir -p "$hosts"
exec 8> "$hosts/prepare.lock"
flock 8

if [ "${1:-}" = --system ] && command -v apt-get > /dev/null; then
  missing=()
  [ -e /usr/bin/chromium ] || [ -e /usr/bin/google-chrome ] || missing+=(chromium)
  [ -d /usr/share/fonts/truetype/dejavu ] || missing+=(fonts-dejavu-core)
  for pair in python3:python3 make:make c++:g++ npm:npm; do
    command -v "${pair%%:*}" > /dev/null || missing+=("${pair##*:}")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
  fi
fi

[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
test/host/install.sh "$hosts/floor" 4.104.0 22.23.1
test/host/install.sh "$hosts/latest" 4.139.1 24.21.0
