"""Sends spans, lines and points with OpenTelemetry's SDK: ADDRESS PROTOCOL (grpc or http) COMPRESSION (gzip or none)."""
import logging
import sys

address, protocol, compression = sys.argv[1:4]
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

if protocol == "grpc":
    from grpc import Compression
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    how = {"insecure": True, "compression": Compression.Gzip if compression == "gzip" else Compression.NoCompression}
    where = {name: f"http://{address}" for name in ("traces", "logs", "metrics")}
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    how = {"compression": Compression.Gzip if compression == "gzip" else Compression.NoCompression}
    where = {name: f"http://{address}/v1/{name}" for name in ("traces", "logs", "metrics")}

resource = Resource.create({"service.name": f"python-{protocol}-{compression}", "service.version": "1.2"})
spans = TracerProvider(resource=resource)
spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=where["traces"], **how)))
tracer = spans.get_tracer("test")
lines = LoggerProvider(resource=resource)
lines.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=where["logs"], **how)))
log = logging.getLogger("shop.cart")
log.addHandler(LoggingHandler(logger_provider=lines))
reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=where["metrics"], **how))
points = MeterProvider(resource=resource, metric_readers=[reader])
counter = points.get_meter("test").create_counter("orders", unit="1")
took = points.get_meter("test").create_histogram("took", unit="ms")
for number in range(50):
    with tracer.start_as_current_span("GET /cart", kind=SpanKind.SERVER) as span:
        span.set_attribute("http.method", "GET")
        counter.add(1, {"kind": "book"})
        took.record(number)
        try:
            with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT) as inner:
                inner.set_attribute("db.system", "postgresql")
                inner.set_attribute("db.statement", f"select * from cart where id = {number}")
                if number % 10 == 0:
                    raise ValueError("no such cart")
        except ValueError:
            log.error("no cart %d", number)
            span.set_status(Status(StatusCode.ERROR))
for provider in (spans, lines, points):
    assert provider.force_flush(), "not everything was taken"
    provider.shutdown()
