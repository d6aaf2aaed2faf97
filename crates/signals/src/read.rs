//! One file's bytes to telemetry: which format it is, and the decoder for it.
//!
//! Invariant: a mapping decides before the name and the name before the content; a file that nothing can read is one problem.
//! Compressed files are opened up to a bound.

use crate::mapping::{Kind, Mapping};
use crate::{Instant, Telemetry, clock, csv, gzip, jaeger, lines, otlp, prometheus, zipkin};
use seam_facts::{Problem, ProblemKind};

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    Csv,
    /// Plain lines, or one JSON object a line.
    Lines,
    /// OTLP as JSON: a request, or a collector's lines.
    OtlpJson,
    /// OTLP as protocol buffers: a message, or several behind their lengths.
    OtlpProtobuf,
    Jaeger,
    Zipkin,
    /// Prometheus' text exposition, OpenMetrics.
    Exposition,
    /// An answer of Prometheus' HTTP API.
    Ranges,
}

/// A compressed file is opened up to so many bytes.
pub const MOST_OPENED: usize = 1 << 30;

/// So much of a file is looked at to recognise its format.
pub const HEAD: usize = 4096;

/// The format of a file by its name; nothing for what is no telemetry, or where only the content tells ([`recognise`]).
pub fn format(path: &str) -> Option<Format> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit_once('.').map(|(_, e)| e) {
        Some("csv" | "tsv") => Some(Format::Csv),
        Some("log" | "jsonl" | "ndjson" | "out") => Some(Format::Lines),
        Some("prom" | "openmetrics") => Some(Format::Exposition),
        Some("otlp" | "pb" | "binpb" | "protobuf") => Some(Format::OtlpProtobuf),
        _ => None,
    }
}

/// Whether a file of this name may hold telemetry, so that it is worth its content.
pub fn may_be(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    format(path).is_some()
        || plain != name
        || plain.rsplit_once('.').is_none_or(|(_, e)| matches!(e, "json" | "txt" | "bin" | "proto" | "metrics"))
}

/// The format of a file by how it begins.
pub fn recognise(head: &[u8]) -> Option<Format> {
    if otlp::framed(head) || (head.first() == Some(&0x0a) && otlp::signal(head).is_some()) {
        return Some(Format::OtlpProtobuf);
    }
    // A message that is longer than what is looked at: a group of a resource, its length, and no text.
    if head.first() == Some(&0x0a) && head.len() >= 64 && head.iter().take(64).any(|b| *b < 9 || (14..32).contains(b)) {
        return Some(Format::OtlpProtobuf);
    }
    let text = String::from_utf8_lossy(&head[..head.len().min(HEAD)]);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['{', '[']) {
        let has = |key: &str| text.contains(&format!("\"{key}\""));
        if ["resourceSpans", "resourceLogs", "resourceMetrics", "resource_spans", "resource_logs", "resource_metrics"]
            .into_iter()
            .any(has)
        {
            return Some(Format::OtlpJson);
        }
        if has("resultType") || (has("result") && has("metric") && (has("values") || has("value"))) {
            return Some(Format::Ranges);
        }
        if has("traceID") && (has("spanID") || has("spans")) && (has("operationName") || has("spans")) {
            return Some(Format::Jaeger);
        }
        if has("traceId") && has("id") && (has("localEndpoint") || has("timestamp")) && !has("message") {
            return Some(Format::Zipkin);
        }
        // A line of a log, unless it is a document of something else.
        let first = text.lines().next().unwrap_or("").trim_end();
        return (first.len() > 2 && first.ends_with('}')).then_some(Format::Lines);
    }
    if prometheus::is_exposition(text) {
        return Some(Format::Exposition);
    }
    let first = text.lines().find(|l| !l.trim().is_empty())?;
    lines::parse(first).time.map(|_| Format::Lines)
}

/// Reads one file into `into`; problems speak of this file.
pub fn read(bytes: &[u8], path: &str, mapping: &Mapping, into: &mut Telemetry) -> Vec<Problem> {
    let of_file = mapping.of(path);
    if of_file.and_then(|m| m.kind) == Some(Kind::Skip) {
        return Vec::new();
    }
    if gzip::is_gzip(bytes) {
        let plain = path.strip_suffix(".gz").unwrap_or(path);
        return match gzip::open(bytes, MOST_OPENED) {
            Ok(opened) => read(&opened, plain, mapping, into),
            Err(gzip::Unopened::Broken) => {
                vec![Problem::new(ProblemKind::Syntax, "the compressed file is broken", None)]
            }
            Err(gzip::Unopened::TooLarge) => {
                vec![Problem::new(ProblemKind::TooLarge, "more than 1 GiB when it is opened; split it", None)]
            }
        };
    }
    if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let message = "compressed with Zstandard; help: `zstd -d` it, or let the exporter write gzip";
        return vec![Problem::new(ProblemKind::Unsupported, message, None)];
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    let named = format(path);
    // Collectors write their lines of JSON under any name; what is a log by its name may be one of theirs.
    let found = match named {
        None | Some(Format::Lines) => recognise(head).or(named),
        Some(_) => named,
    };
    let service = of_file.and_then(|m| m.service.as_deref());
    let counted = |(losses, broken): (crate::Losses, bool)| {
        let mut problems = losses.problems();
        if broken {
            problems.push(Problem::new(
                ProblemKind::Syntax,
                "the document is broken; what stood before was kept",
                None,
            ));
        }
        problems
    };
    match found {
        Some(Format::Csv) => csv::read(bytes, path, of_file, into),
        Some(Format::Lines) => lines::read(bytes, path, service, into),
        Some(Format::OtlpJson) => otlp::json(bytes, into).problems(),
        Some(Format::OtlpProtobuf) => otlp::file(bytes, into).problems(),
        Some(Format::Jaeger) => counted(jaeger::read(bytes, into)),
        Some(Format::Zipkin) => counted(zipkin::read(bytes, into)),
        Some(Format::Exposition) => {
            let service = service.unwrap_or_else(|| lines::service_of_path(path));
            prometheus::read(bytes, service, when(path), into).problems()
        }
        Some(Format::Ranges) => {
            counted(prometheus::ranges(bytes, service.unwrap_or_else(|| lines::service_of_path(path)), into))
        }
        None => vec![Problem::new(ProblemKind::Unsupported, "no known format of telemetry", None)],
    }
}

/// The instant in a file's name: `metrics-1714557600.prom`, `2024-05-01T10:00:00.prom`.
fn when(path: &str) -> Option<Instant> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let digits = stem.rsplit(|c: char| !c.is_ascii_digit()).next().filter(|d| d.len() >= 10);
    let dated = || stem.find("20").and_then(|at| clock::instant(stem.get(at..)?, None));
    digits.and_then(|d| clock::instant(d, None)).or_else(dated)
}
