#!/bin/sh
# Fetches OpenTelemetry's SDKs for Python and JavaScript, once, into target/senders (or $SEAM_SENDERS).
# Needs python3 with venv and pip, npm and flock.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
to=${SEAM_SENDERS:-$here/../../../../target/senders}
mkdir -p "$to"
exec 9>"$to/lock"
flock 9
version=1
[ "$(cat "$to/ready" 2>/dev/null || true)" = "$version" ] && exit 0
rm -rf "$to/python"
python3 -m venv "$to/python"
"$to/python/bin/pip" install --quiet --disable-pip-version-check \
  'opentelemetry-sdk==1.45.*' 'opentelemetry-exporter-otlp-proto-grpc==1.45.*' 'opentelemetry-exporter-otlp-proto-http==1.45.*'
npm install --prefix "$to" --no-audit --no-fund --ignore-scripts --silent \
  @opentelemetry/api@1 @opentelemetry/sdk-trace-base@2 @opentelemetry/resources@2 @opentelemetry/sdk-metrics@2 \
  @opentelemetry/exporter-trace-otlp-grpc @opentelemetry/exporter-trace-otlp-proto @opentelemetry/exporter-trace-otlp-http \
  @opentelemetry/exporter-metrics-otlp-proto
echo "$version" >"$to/ready"
