// Sends spans and points with OpenTelemetry's SDK: ADDRESS PROTOCOL (grpc, proto or json); modules lie in $SEAM_SENDERS.
const { createRequire } = require('node:module');
const load = createRequire(`${process.env.SEAM_SENDERS}/package.json`);
const [address, protocol] = process.argv.slice(2);
const { BasicTracerProvider, BatchSpanProcessor } = load('@opentelemetry/sdk-trace-base');
const { resourceFromAttributes } = load('@opentelemetry/resources');
const { MeterProvider, PeriodicExportingMetricReader } = load('@opentelemetry/sdk-metrics');
const api = load('@opentelemetry/api');
const names = { grpc: 'grpc', proto: 'proto', json: 'http' };
const { OTLPTraceExporter } = load(`@opentelemetry/exporter-trace-otlp-${names[protocol]}`);
const { OTLPMetricExporter } = load('@opentelemetry/exporter-metrics-otlp-proto');
const path = protocol === 'grpc' ? '' : '/v1/traces';
const resource = resourceFromAttributes({ 'service.name': `node-${protocol}` });
const exporter = new OTLPTraceExporter({ url: `http://${address}${path}`, compression: 'gzip' });
const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] });
const tracer = provider.getTracer('test');
const reader = new PeriodicExportingMetricReader({
  exporter: new OTLPMetricExporter({ url: `http://${process.env.SEAM_HTTP}/v1/metrics` }),
});
const meters = new MeterProvider({ resource, readers: [reader] });
meters.getMeter('test').createCounter('orders').add(3);
for (let number = 0; number < 50; number++) {
  const span = tracer.startSpan('GET /orders', { kind: api.SpanKind.SERVER, attributes: { 'http.request.method': 'GET' } });
  const inner = tracer.startSpan('publish', { kind: api.SpanKind.PRODUCER, attributes: { 'messaging.destination.name': 'orders' } },
    api.trace.setSpan(api.context.active(), span));
  inner.end();
  if (number % 10 === 0) span.setStatus({ code: api.SpanStatusCode.ERROR, message: 'late' });
  span.end();
}
Promise.all([provider.forceFlush(), meters.forceFlush()])
  .then(() => Promise.all([provider.shutdown(), meters.shutdown()]))
  .catch((error) => { console.error(error); process.exit(1); });
