//! What the fuzz targets share: an input is a path, a line break, and a text; a workspace is several of them.
//!
//! Invariant: whatever the text, reading ends, nothing panics, and no fact stands outside the text.

use seam_engine::asks::contract::{Request, Text, answer};
use seam_engine::{Change, Engine};
use seam_extract::{File, extract};
use seam_signals::mapping::Mapping;
use seam_signals::otlp::{self, Signal};
use seam_signals::{Telemetry, recognise};
use std::sync::Arc;

/// The targets for single files, each with the parsers that it tries.
pub const TARGETS: &[&str] = &["yaml", "templates", "servers", "lines", "hcl", "contracts", "trees", "code"];

/// Between two files of a workspace.
pub const BREAK: &str = "\n\u{1}";

/// Which target a file of this path belongs to.
pub fn target(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    if path.contains("templates/") || matches!(extension, "tpl" | "template" | "tmpl") {
        return "templates";
    }
    match extension {
        "yaml" | "yml" => "yaml",
        "conf" | "cfg" => "servers",
        "tf" | "hcl" | "nomad" | "tfvars" => "hcl",
        "proto" | "graphql" | "graphqls" | "gql" | "thrift" | "prisma" => "contracts",
        "json" | "jsonc" | "xml" | "toml" | "csproj" | "props" | "config" | "avsc" => "trees",
        "java" | "kt" | "kts" | "scala" | "cs" | "py" | "js" | "mjs" | "ts" | "tsx" | "go" | "rs" | "rb" | "php" | "ex"
        | "exs" | "cpp" | "cc" | "h" => "code",
        _ if name.starts_with("caddyfile") => "servers",
        _ => "lines",
    }
}

/// One file through every extractor that wants it.
pub fn file(wanted: &str, data: &[u8]) {
    let Some((path, text)) = split(data) else { return };
    if target(&path) == wanted {
        read(&path, &text);
    }
}

/// Two versions of a contract, after the word for its kind: nothing differs from itself, and comparing ends.
pub fn versions(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some((kind, texts)) = text.split_once('\n') else { return };
    let (base, revision) = texts.split_once(BREAK).unwrap_or((texts, ""));
    let compare = |base: &str, revision: &str| {
        let of = |text: &str| vec![Text { name: "contract".to_owned(), text: text.to_owned() }];
        let kind = Some(kind.to_owned());
        answer(&Request { base: of(base), revision: of(revision), kind, ..Request::default() })
    };
    if let Ok(answer) = compare(base, base) {
        assert!(answer.changes.is_empty(), "a text differs from itself: {:?}", answer.changes.first());
    }
    let _ = compare(base, revision);
}

/// Several files, linked, and the map asked for.
pub fn workspace(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut engine = Engine::default();
    for part in text.split(BREAK).take(12) {
        let Some((path, text)) = split(part.as_bytes()) else { continue };
        let facts = read(&path, &text);
        engine.apply([Change::File { path: path.as_str().into(), facts: Arc::new(facts) }]);
    }
    let snapshot = engine.snapshot();
    if let Err(refusal) = snapshot.ask("map", r#"{"all":true}"#) {
        panic!("the whole map is never refused: {refusal}");
    }
}

/// A file of telemetry, its name before it, as `seam diagnose` reads it: rows keep their order in time, and numbers are numbers.
pub fn telemetry(data: &[u8]) {
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(0);
    let (name, bytes) = data.split_at(at);
    let name = String::from_utf8_lossy(name);
    let bytes = bytes.get(1..).unwrap_or(bytes);
    recognise(bytes);
    let mut into = Telemetry::default();
    seam_signals::read(bytes, &name, &Mapping::default(), &mut into);
    sound(&mut into);
}

/// A message of OTLP, as the receiver reads it, each signal and each way of writing.
pub fn messages(data: &[u8]) {
    for signal in [Signal::Traces, Signal::Logs, Signal::Metrics] {
        let mut into = Telemetry::default();
        let decoded = otlp::protobuf(data, signal, &mut into);
        otlp::refusal(&decoded, signal);
        sound(&mut into);
        let written = otlp::write(&into, 0..into.spans.len() as u32);
        let mut again = Telemetry::default();
        otlp::protobuf(&written, Signal::Traces, &mut again);
        assert_eq!(again.spans.len(), into.spans.len());
    }
    let mut into = Telemetry::default();
    otlp::json(data, &mut into);
    otlp::file(data, &mut into);
    sound(&mut into);
}

fn sound(telemetry: &mut Telemetry) {
    telemetry.settle();
    assert!(telemetry.spans.rows().all(|(_, s)| s.end >= s.start));
    assert!(telemetry.metrics.series().iter().all(|s| s.value.iter().all(|v| v.is_finite())));
    assert!(telemetry.logs.rows().iter().all(|l| telemetry.logs.get(l.event).is_some()));
    seam_signals::Forest::of(telemetry);
}

fn split(data: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(data);
    let (path, text) = text.split_once('\n')?;
    let fit = path.len() < 120 && !path.is_empty() && !path.contains(['\u{0}', '\\']) && !path.starts_with('/');
    fit.then(|| (path.to_owned(), text.to_owned()))
}

fn read(path: &str, text: &str) -> seam_engine::FileFacts {
    let facts = extract(&File { path, text });
    let lines = text.split('\n').count() as u32 + 1;
    for fact in &facts.facts {
        assert!(fact.at.line <= lines, "{path}: a fact stands at line {} of {lines}: {}", fact.at.line, fact.claim);
    }
    facts
}
