//! OpenTelemetry's own SDKs send to `seam serve`: Python and JavaScript, over gRPC and HTTP, protobuf and JSON, compressed and not.
//!
//! They come from PyPI and npm, once, into `target/senders`. A machine without python3 (with venv), npm or node skips with a word.

#![expect(clippy::disallowed_methods, reason = "it runs programs")]

use seam_engine::signals::{Attribute, SpanKind, Status, Telemetry};
use seam_store::Store;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

struct Serving {
    child: Child,
    grpc: String,
    http: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(store: &Path) -> Serving {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seam"))
        .args(["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--telemetry"])
        .arg(store)
        .stderr(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut address = || lines.next().unwrap().rsplit(' ').next().unwrap().to_owned();
    let (grpc, http) = (address(), address());
    std::thread::spawn(move || lines.for_each(drop));
    Serving { child, grpc, http }
}

impl Serving {
    /// Ends it as a system does, and reads what it kept.
    fn stop(mut self, store: &Path) -> Telemetry {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        let asked = Store::open(store).unwrap().window(i64::MIN, i64::MAX, usize::MAX).unwrap();
        assert!(asked.problems.is_empty(), "{:?}", asked.problems);
        asked.telemetry
    }
}

/// The folder with the SDKs; `None` where this machine skips.
fn senders() -> Option<PathBuf> {
    let skip = |why: String| {
        eprintln!("skipped: {why}");
        None
    };
    if let Some(program) =
        ["python3", "node", "npm", "flock"].into_iter().find(|p| Command::new(p).arg("--version").output().is_err())
    {
        return skip(format!("no `{program}`"));
    }
    let output = Command::new(root().join("crates/seamwise/tests/senders/prepare.sh")).output().unwrap();
    if !output.status.success() {
        return skip(format!("the SDKs cannot be fetched: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Some(std::env::var_os("SEAM_SENDERS").map_or_else(|| root().join("target/senders"), PathBuf::from))
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

#[test]
fn takes_what_opentelemetrys_sdks_send() {
    let Some(senders) = senders() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let serving = serve(&store);
    let scripts = root().join("crates/seamwise/tests/senders");
    for (protocol, compression) in [("grpc", "none"), ("grpc", "gzip"), ("http", "none"), ("http", "gzip")] {
        let address = if protocol == "grpc" { &serving.grpc } else { &serving.http };
        run(Command::new(senders.join("python/bin/python")).arg(scripts.join("send.py")).args([
            address,
            protocol,
            compression,
        ]));
    }
    for protocol in ["grpc", "proto", "json"] {
        let address = if protocol == "grpc" { &serving.grpc } else { &serving.http };
        run(Command::new("node")
            .arg(scripts.join("send.js"))
            .args([address.as_str(), protocol])
            .env("SEAM_SENDERS", &senders)
            .env("SEAM_HTTP", &serving.http));
    }
    let telemetry = serving.stop(&store);
    let mut counted: BTreeMap<(&str, SpanKind), (usize, usize)> = BTreeMap::new();
    for (_, span) in telemetry.spans.rows() {
        let entry = counted.entry((telemetry.text(telemetry.service(span.resource)), span.kind)).or_default();
        entry.0 += 1;
        entry.1 += usize::from(span.status == Status::Error);
    }
    let expected: BTreeMap<_, _> = ["python-grpc-none", "python-grpc-gzip", "python-http-none", "python-http-gzip"]
        .into_iter()
        .flat_map(|s| [((s, SpanKind::Server), (50, 5)), ((s, SpanKind::Client), (50, 5))])
        .chain(
            ["node-grpc", "node-proto", "node-json"]
                .into_iter()
                .flat_map(|s| [((s, SpanKind::Server), (50, 5)), ((s, SpanKind::Producer), (50, 0))]),
        )
        .collect();
    assert_eq!(counted, expected);
    let statement = telemetry.spans.rows().find_map(|(row, _)| telemetry.spans.value(row, Attribute::DbStatement));
    assert_eq!(statement.map(|s| telemetry.text(s)), Some("select * from cart where id = ?"));
    // Five lines of each Python sender, with the place that wrote them and the span that they were written in.
    let said = telemetry.logs.rows().iter().filter(|l| {
        let event = telemetry.logs.get(l.event).unwrap();
        telemetry.text(event.logger).ends_with("send.py") && event.line > 0 && !l.span.is_none()
    });
    assert_eq!(said.count(), 20);
    let metrics = telemetry.metrics.series().iter().filter(|s| telemetry.text(s.key.metric) == "orders").count();
    assert!(metrics >= 7, "{metrics}");
    let diagnosed = Command::new(env!("CARGO_BIN_EXE_seam")).args(["diagnose", "--json"]).arg(&store).output().unwrap();
    let said = String::from_utf8_lossy(&diagnosed.stderr).into_owned();
    assert!(matches!(diagnosed.status.code(), Some(0 | 1)), "a store is as good as files: {said}");
}
