//! How many spans a second a receiver takes, at what memory, and how long a window of them takes to read.
//!
//! `cargo bench -p seam-receive --bench ingest`, with settings in the environment: `SEAM_SPANS` (1,000,000), `SEAM_RATE` (spans
//! a second of the time that they tell of: 1,157 is a hundred million a day), `SEAM_TO` (another receiver's gRPC address
//! instead of our own, `SEAM_PID` its process), `SEAM_STORE` (a folder to keep), `SEAM_CONNECTIONS` (4), `SEAM_BATCH` (1000).
//! Every request is new: ten services a trace, five attributes a resource, six a span, identifiers and times of its own. The
//! receiver is a process of its own, so that its memory and time are its alone.

#![expect(clippy::disallowed_methods, reason = "it measures processes and time")]

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use seam_receive::Settings;
use seam_signals::{Attribute, Resource, Span, SpanId, SpanKind, Status, Telemetry, TraceId, otlp};
use seam_store::{Intake, Limits, Store};
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const START: i64 = 1_714_557_600_000_000_000;
const SERVICES: usize = 10;

fn setting<T: std::str::FromStr>(name: &str, usual: T) -> T {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(usual)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, folder] = &arguments[..]
        && word == "receive"
    {
        return receive(Path::new(folder));
    }
    let spans: u64 = setting("SEAM_SPANS", 1_000_000);
    let kept = std::env::var_os("SEAM_STORE").map(PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.unwrap_or_else(|| temporary.path().join("store"));
    match std::env::var("SEAM_TO") {
        Ok(address) => {
            let pid = setting("SEAM_PID", 0);
            let before = cpu(pid);
            let (seconds, again) = send(address.parse().unwrap(), spans);
            report("the receiver", pid, spans, seconds, again, cpu(pid) - before);
        }
        Err(_) => {
            let (mut child, address) = start(&folder);
            let (seconds, again) = send(address, spans);
            report("seam", child.id(), spans, seconds, again, cpu(child.id()));
            let stopping = Instant::now();
            Command::new("kill").arg(child.id().to_string()).status().unwrap();
            child.wait().unwrap();
            println!(
                "stopped and written after {:.2} s; {:.1} MB on disk",
                stopping.elapsed().as_secs_f64(),
                size(&folder) as f64 / 1e6
            );
            read(&folder);
        }
    }
}

fn receive(folder: &Path) {
    let intake = Intake::open(folder, Limits { keep_bytes: 0, keep_for: Duration::ZERO, ..Limits::default() }).unwrap();
    let settings = Settings { addresses: vec!["127.0.0.1:0".parse().unwrap()], ..Settings::default() };
    seam_receive::receive(
        intake,
        settings,
        0,
        |addresses| println!("{}", addresses[0]),
        |problem| eprintln!("{problem}"),
    )
    .unwrap();
}

fn start(folder: &Path) -> (Child, SocketAddr) {
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new(program).arg("receive").arg(folder).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().parse().unwrap())
}

/// One request, and where its identifiers and times stand in it.
struct Template {
    bytes: Vec<u8>,
    traces: Vec<(usize, u64)>,
    times: Vec<(usize, i64)>,
    spans: u64,
}

fn template(batch: u64) -> Template {
    let mut t = Telemetry::default();
    let traces = batch / SERVICES as u64;
    // Unlikely numbers, which are found again in the bytes.
    let trace = |n: u64| TraceId(u128::from(0x5ea3_0000_dead_0000 + n) << 64 | u128::from(0x7ac3_0000_beef_0000 + n));
    let start = |n: u64, service: u64| 0x3e5a_1357_0000_0000 + (n * 64 + service) as i64 * 1024;
    for service in 0..SERVICES as u64 {
        let mut name = |text: String| t.names.intern(&text);
        let resource = Resource {
            service: name(format!("service-{service}")),
            namespace: name("shop".into()),
            instance: name(format!("service-{service}-7d4b8c9f5d-x2b5z")),
            version: name("1.4.2".into()),
            host: name(format!("node-{}", service % 3)),
        };
        let resource = t.resource(resource);
        for n in 0..traces {
            let operation = t.names.intern(&format!("GET /things/{}/of/{service}", n % 60));
            t.spans.push(Span {
                trace: trace(n),
                id: SpanId(n * 1000 + service + 1),
                parent: SpanId(if service == 0 { 0 } else { n * 1000 + service }),
                resource,
                operation,
                kind: if service % 2 == 0 { SpanKind::Server } else { SpanKind::Client },
                status: if n % 50 == 7 { Status::Error } else { Status::Unset },
                start: start(n, service),
                end: start(n, service) + 512,
            });
            for (key, value) in [
                (Attribute::HttpMethod, "GET".to_owned()),
                (Attribute::HttpRoute, format!("/things/{{id}}/of/{service}")),
                (Attribute::HttpStatus, if n % 50 == 7 { "500" } else { "200" }.to_owned()),
                (Attribute::Peer, format!("service-{}.shop.svc", service + 1)),
                (Attribute::PeerPort, "8080".to_owned()),
                (Attribute::HttpTarget, format!("http://service-{service}/things/{}", n % 500)),
            ] {
                let value = t.names.intern(&value);
                t.spans.attribute(key, value);
            }
        }
    }
    let bytes = otlp::write(&t, 0..t.spans.len() as u32);
    let wanted: HashMap<[u8; 8], (bool, u64)> = (0..traces)
        .flat_map(|n| {
            let times = (0..SERVICES as u64).flat_map(move |s| {
                [
                    (start(n, s).to_le_bytes(), (false, n * 16 + s)),
                    ((start(n, s) + 512).to_le_bytes(), (false, n * 16 + s)),
                ]
            });
            times.chain([((trace(n).0 >> 64).to_be_bytes()[8..].try_into().unwrap(), (true, n))])
        })
        .collect();
    let (mut traces_at, mut times) = (Vec::new(), Vec::new());
    for at in 0..bytes.len() - 8 {
        let Some((is_trace, n)) = wanted.get(&bytes[at..at + 8]) else { continue };
        match is_trace {
            true => traces_at.push((at, *n)),
            false => {
                let read = i64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
                times.push((at, ((*n as i64 / 16) << 20) | ((read & 1023) * 40_000)));
            }
        }
    }
    let spans = traces * SERVICES as u64;
    assert_eq!((traces_at.len() as u64, times.len() as u64), (spans, spans * 2));
    Template { bytes, traces: traces_at, times, spans }
}

impl Template {
    /// The request of this number: its traces are its own, its times follow those of the one before.
    fn request(&self, number: u64, rate: f64) -> Bytes {
        let mut bytes = Vec::with_capacity(self.bytes.len() + 5);
        bytes.push(0);
        bytes.extend((self.bytes.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&self.bytes);
        for (at, n) in &self.traces {
            let mixed = (number * 1_000_003 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            bytes[at + 5..at + 13].copy_from_slice(&mixed.to_be_bytes());
            bytes[at + 13..at + 21].copy_from_slice(&mixed.rotate_left(29).to_be_bytes());
        }
        let base = START + ((number * self.spans) as f64 / rate * 1e9) as i64;
        for (at, shift) in &self.times {
            bytes[at + 5..at + 13].copy_from_slice(&(base + shift).to_le_bytes());
        }
        bytes.into()
    }
}

/// Sends so many spans; how long it took, and how often it was told to come again.
fn send(address: SocketAddr, spans: u64) -> (f64, u64) {
    let (connections, rate) = (setting("SEAM_CONNECTIONS", 4u64), setting("SEAM_RATE", 1157.0));
    let template = Arc::new(template(setting("SEAM_BATCH", 1000)));
    let requests = spans.div_ceil(template.spans);
    let (next, again) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let begun = Instant::now();
    runtime.block_on(async {
        let mut tasks = Vec::new();
        for _ in 0..connections {
            let stream = tokio::net::TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let (template, next, again) = (Arc::clone(&template), Arc::clone(&next), Arc::clone(&again));
            let mut sender = sender;
            tasks.push(tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= requests {
                        return;
                    }
                    let body = template.request(number, rate);
                    loop {
                        let request = hyper::Request::post(format!(
                            "http://{address}/opentelemetry.proto.collector.trace.v1.TraceService/Export"
                        ))
                        .header("content-type", "application/grpc")
                        .header("te", "trailers")
                        .body(Full::new(body.clone()))
                        .unwrap();
                        let response = sender.send_request(request).await.unwrap();
                        let refused = response.headers().get("grpc-status").cloned();
                        let collected = response.into_body().collect().await.unwrap();
                        let status =
                            refused.or_else(|| collected.trailers().and_then(|t| t.get("grpc-status").cloned()));
                        match status.as_ref().map(|s| s.as_bytes()) {
                            Some(b"0") => break,
                            Some(b"8" | b"14") => {
                                again.fetch_add(1, Ordering::Relaxed);
                                tokio::time::sleep(Duration::from_millis(20)).await;
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    (begun.elapsed().as_secs_f64(), again.load(Ordering::Relaxed))
}

fn report(who: &str, pid: u32, spans: u64, seconds: f64, again: u64, cpu: f64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("").trim().to_owned();
    println!(
        "{who}: {spans} spans in {seconds:.2} s: {:.0} spans/s; {cpu:.2} CPU-seconds ({:.0} spans a CPU-second); at most {peak} of memory; {again} requests were to come again",
        spans as f64 / seconds,
        spans as f64 / cpu.max(0.01),
    );
}

/// CPU-seconds of a process, where the system tells.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|e| if e.path().is_dir() { size(&e.path()) } else { e.metadata().map_or(0, |m| m.len()) }).sum()
}

fn read(folder: &Path) {
    let store = Store::open(folder).unwrap();
    let Some((from, to)) = store.reach().unwrap() else { return };
    let end = (from + to) / 2 * 1_000_000_000;
    let begun = Instant::now();
    let asked = store.window(end - 900_000_000_000, end, 2_000_000).unwrap();
    let window = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let (rollups, _) = store.rollups(i64::MIN, i64::MAX).unwrap();
    println!(
        "{} segments over {} s; a window of 15 minutes: {} spans (one of {} traces) in {window:.2} s; all {} minutes of operations in {:.2} s: {} spans",
        store.segments().unwrap().len(),
        to - from,
        asked.telemetry.spans.len(),
        asked.one_of,
        rollups.len(),
        begun.elapsed().as_secs_f64(),
        rollups.values().map(|r| r.count).sum::<u64>(),
    );
}
