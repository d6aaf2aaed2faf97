//! The receiver as senders meet it: both protocols, compressed, broken, too large, too much, and while it stops.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper_util::rt::{TokioExecutor, TokioIo};
use seam_receive::{Receiver, Settings};
use seam_signals::otlp;
use seam_signals::{Resource, Span, SpanId, SpanKind, Status, Telemetry, TraceId};
use seam_store::{Intake, Limits, Store};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

fn spans(first: u64, count: u64) -> Vec<u8> {
    let mut t = Telemetry::default();
    let (service, operation) = (t.names.intern("cart"), t.names.intern("GET /"));
    let resource = t.resource(Resource { service, ..Resource::default() });
    for i in first..first + count {
        let (start, end) = (1_714_557_600_000_000_000 + i as i64, 1_714_557_600_000_000_000 + i as i64 * 2);
        let (trace, id) = (TraceId(u128::from(i + 1)), SpanId(i + 1));
        let (kind, status, parent) = (SpanKind::Server, Status::Unset, SpanId::NONE);
        t.spans.push(Span { trace, id, parent, resource, operation, kind, status, start, end });
    }
    otlp::write(&t, 0..count as u32)
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

struct Served {
    folder: tempfile::TempDir,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

async fn serve(limits: Limits, settings: Settings) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let intake = Arc::new(Intake::open(folder.path(), limits).unwrap());
    let receiver =
        Receiver::bind(intake, Settings { addresses: vec!["127.0.0.1:0".parse().unwrap()], ..settings }).await.unwrap();
    let address = receiver.addresses()[0];
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        receiver.run(async { _ = stopped.await }, |problem| panic!("{problem}")).await.unwrap();
    });
    Served { folder, address, stop, task }
}

impl Served {
    /// Stops it and counts the spans that are in its store then.
    async fn stop(self) -> usize {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
        let asked = Store::open(self.folder.path()).unwrap().window(i64::MIN, i64::MAX, usize::MAX).unwrap();
        assert!(asked.problems.is_empty());
        asked.telemetry.spans.len()
    }

    async fn grpc(&self, path: &str, message: &[u8], compressed: bool) -> (Vec<u8>, HeaderMap) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let message = if compressed { zipped(message) } else { message.to_vec() };
        let mut framed = vec![u8::from(compressed)];
        framed.extend((message.len() as u32).to_be_bytes());
        framed.extend(message);
        let request = hyper::Request::post(format!("http://{}{path}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-encoding", if compressed { "gzip" } else { "identity" })
            .body(Full::new(Bytes::from(framed)))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut headers = response.headers().clone();
        let collected = response.into_body().collect().await.unwrap();
        headers.extend(collected.trailers().cloned().unwrap_or_default());
        (collected.to_bytes().to_vec(), headers)
    }

    async fn http(&self, head: &str, body: &[u8]) -> String {
        let (address, head, body) = (self.address, head.to_owned(), body.to_vec());
        let run = move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            let host = if head.contains("Host:") { String::new() } else { format!("Host: {address}\r\n") };
            let length = body.len();
            write!(stream, "{head}\r\n{host}Connection: close\r\nContent-Length: {length}\r\n\r\n").unwrap();
            // A refusal may come before everything is sent.
            let _ = stream.write_all(&body);
            let mut text = Vec::new();
            let _ = stream.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }
}

const POST: &str = "POST /v1/traces HTTP/1.1\r\nContent-Type: application/x-protobuf";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn takes_both_protocols_compressed_or_not_and_keeps_all_when_it_stops() {
    let served = serve(Limits::default(), Settings::default()).await;
    for (first, compressed) in [(0, false), (10, true)] {
        let (message, status) = served.grpc(TRACES, &spans(first, 10), compressed).await;
        assert_eq!((message, status["grpc-status"].as_bytes()), (vec![0; 5], &b"0"[..]));
    }
    assert!(served.http(POST, &spans(20, 10)).await.starts_with("HTTP/1.1 200"));
    let compressed = format!("{POST}\r\nContent-Encoding: gzip");
    assert!(served.http(&compressed, &zipped(&spans(30, 10))).await.starts_with("HTTP/1.1 200"));
    let json = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","startTimeUnixNano":"1544712660000000000"},{"name":"no identifier"}]}]}]}"#;
    let answer = served.http("POST /v1/traces HTTP/1.1\r\nContent-Type: application/json", json.as_bytes()).await;
    assert!(
        answer.ends_with(
            r#"{"partialSuccess":{"errorMessage":"1 span left out: it has no identifier","rejectedSpans":"1"}}"#
        ),
        "{answer}"
    );
    let itself = served.http("GET /metrics HTTP/1.1", b"").await;
    assert!(itself.contains("\nseam_records_total 41\n"), "{itself}");
    assert_eq!(served.stop().await, 41);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refuses_what_is_broken_too_large_or_from_elsewhere() {
    let settings = Settings { most_sent: 100_000, most_opened: 1 << 20, ..Settings::default() };
    let served = serve(Limits::default(), settings).await;
    for (head, body, status) in [
        (POST.to_owned(), vec![0xff; 50], "400"),
        (format!("{POST}\r\nContent-Encoding: gzip"), vec![1, 2, 3], "400"),
        (POST.to_owned(), vec![0; 200_000], "413"),
        (format!("{POST}\r\nContent-Encoding: gzip"), zipped(&vec![0; 60 << 20]), "413"),
        (format!("{POST}\r\nContent-Encoding: br"), vec![], "415"),
        (format!("{POST}\r\nOrigin: https://example.org"), vec![], "403"),
        (format!("{POST}\r\nHost: example.org"), vec![], "403"),
        ("POST /v1/traces HTTP/1.1\r\nContent-Type: text/plain".into(), vec![], "415"),
        ("POST /v2/traces HTTP/1.1\r\nContent-Type: application/json".into(), vec![], "404"),
    ] {
        let answer = served.http(&head, &body).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{head}: {answer}");
    }
    for (path, message, compressed, status) in [
        (TRACES, vec![0xff; 50], false, "3"),
        (TRACES, vec![0; 50 << 20], true, "8"),
        ("/opentelemetry.proto.collector.trace.v1.TraceService/Import", vec![], false, "12"),
    ] {
        let (_, headers) = served.grpc(path, &message, compressed).await;
        assert_eq!(headers["grpc-status"], status);
        assert!(headers.contains_key("grpc-message"));
    }
    assert_eq!(served.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn says_when_to_come_again() {
    let served = serve(Limits { backlog: 0, ..Limits::default() }, Settings::default()).await;
    let answer = served.http(POST, &spans(0, 10)).await;
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("retry-after: 1\r\n"), "{answer}");
    let (_, headers) = served.grpc(TRACES, &spans(0, 10), false).await;
    assert_eq!(headers["grpc-status"], "8");
    assert!(headers.contains_key("grpc-status-details-bin"));
    assert_eq!(served.stop().await, 0);
    let full = serve(Limits::default(), Settings { most_held: 10, ..Settings::default() }).await;
    assert!(full.http(POST, &spans(0, 10)).await.starts_with("HTTP/1.1 429"));
    assert_eq!(full.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_while_it_stops_is_there() {
    let served = serve(Limits { records: 50, ..Limits::default() }, Settings::default()).await;
    let mut taken = 0;
    for first in (0..400).step_by(20) {
        let (_, headers) = served.grpc(TRACES, &spans(first, 20), false).await;
        taken += if headers["grpc-status"] == "0" { 20 } else { 0 };
    }
    assert!(taken >= 20);
    assert_eq!(served.stop().await, taken);
}
