//! Every sign's page says what is found in its recordings, and where it must stay silent. `SEAM_UPDATE=1 cargo test -p
//! seam-diagnose --test signs` writes them anew.
//!
//! A `spans` block is a recording: `AT [xTIMES/EVERY] SERVICE[@VERSION] KIND OPERATION LASTS [failed] [to=HOST]`, children
//! indented below their parents, one after the other unless `+AFTER` says when they begin after the parent. A `lines` block has
//! log lines: `AT [xTIMES/EVERY] SERVICE LEVEL TEXT`.

#![expect(clippy::disallowed_methods, reason = "it reads and writes pages")]

use seam_diagnose::signs::{Grade, KINDS, Kind, Sign, Watched, signs};
use seam_diagnose::{When, plan};
use seam_page::{Outcome, parse};
use seam_signals::{
    Attribute, Forest, Log, Resource, ResourceId, Severity, Span, SpanId, SpanKind, Status, Telemetry, TraceId,
};
use std::path::Path;

const SECOND: i64 = 1_000_000_000;

/// What one line of a recording says.
struct Row<'r> {
    depth: usize,
    /// Before the name.
    words: Vec<&'r str>,
    /// In backticks or quotes.
    name: &'r str,
    rest: Vec<&'r str>,
}

fn rows(block: &str) -> Vec<Row<'_>> {
    let lines = block.lines().filter(|l| !l.trim().is_empty());
    let row = |line| {
        let named = |c| matches!(c, '`' | '"');
        let (from, to) = (str::find(line, named).unwrap(), str::rfind(line, named).unwrap());
        Row {
            depth: (line.len() - line.trim_start().len()) / 2,
            words: line[..from].split_whitespace().collect(),
            name: &line[from + 1..to],
            rest: line[to + 1..].split_whitespace().collect(),
        }
    };
    lines.map(row).collect()
}

/// `10:00:05`, `2s`, `150ms`.
fn time(text: &str) -> i64 {
    if let Some(ms) = text.strip_suffix("ms") {
        return (ms.parse::<f64>().unwrap() * 1e6) as i64;
    }
    if let Some(seconds) = text.strip_suffix('s') {
        return (seconds.parse::<f64>().unwrap() * 1e9) as i64;
    }
    let parts: Vec<i64> = text.split(':').map(|p| p.parse().unwrap()).collect();
    (parts[0] * 3600 + parts[1] * 60 + parts[2]) * SECOND
}

/// When first, how often, at which distance.
fn when(words: &mut Vec<&str>) -> (i64, i64, i64) {
    let at = time(words.remove(0));
    let Some((times, every)) = words.first().and_then(|w| w.strip_prefix('x')).and_then(|w| w.split_once('/')) else {
        return (at, 1, 0);
    };
    words.remove(0);
    (at, times.parse().unwrap(), time(every))
}

#[derive(Default)]
struct Recording {
    telemetry: Telemetry,
    next: u64,
}

impl Recording {
    fn resource(&mut self, service: &str) -> ResourceId {
        let (name, version) = service.split_once('@').unwrap_or((service, ""));
        let service = self.telemetry.names.intern(name);
        let version = self.telemetry.names.intern(version);
        self.telemetry.resource(Resource { service, version, ..Resource::default() })
    }

    fn spans(&mut self, block: &str) {
        let rows = rows(block);
        let mut from = 0;
        while from < rows.len() {
            let to = (from + 1..rows.len()).find(|i| rows[*i].depth == 0).unwrap_or(rows.len());
            let mut words = rows[from].words.clone();
            let (at, times, every) = when(&mut words);
            for n in 0..times {
                self.next += 1;
                self.tree(&rows[from..to], &words, TraceId(u128::from(self.next)), at + n * every);
            }
            from = to;
        }
    }

    fn tree(&mut self, rows: &[Row<'_>], first: &[&str], trace: TraceId, at: i64) {
        // Of each depth: the span there, its start, and when its next child begins.
        let mut above: Vec<(SpanId, i64, i64)> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let mut words = if index == 0 { first.to_vec() } else { row.words.clone() };
            above.truncate(row.depth);
            let mut start = above.last().map_or(at, |p| p.2);
            if let Some(after) = words[0].strip_prefix('+') {
                start = above.last().map_or(at, |p| p.1) + time(after);
                words.remove(0);
            }
            self.next += 1;
            let span = Span {
                trace,
                id: SpanId(self.next),
                parent: above.last().map_or(SpanId::NONE, |p| p.0),
                resource: self.resource(words[0]),
                operation: self.telemetry.names.intern(row.name),
                kind: match words[1] {
                    "server" => SpanKind::Server,
                    "client" => SpanKind::Client,
                    "producer" => SpanKind::Producer,
                    "consumer" => SpanKind::Consumer,
                    other => panic!("no kind of span: {other}"),
                },
                status: if row.rest.contains(&"failed") { Status::Error } else { Status::Unset },
                start,
                end: start + time(row.rest[0]),
            };
            self.telemetry.spans.push(span);
            if let Some(host) = row.rest.iter().find_map(|w| w.strip_prefix("to=")) {
                let host = self.telemetry.names.intern(host);
                self.telemetry.spans.attribute(Attribute::Peer, host);
            }
            if let Some(parent) = above.last_mut() {
                parent.2 = span.end;
            }
            above.push((span.id, start, start));
        }
    }

    fn lines(&mut self, block: &str) {
        for row in rows(block) {
            let mut words = row.words.clone();
            let (at, times, every) = when(&mut words);
            let severity = Severity::of_word(words[1]).unwrap();
            for n in 0..times {
                let resource = self.resource(words[0]);
                let logger = self.telemetry.names.intern("");
                let event = self.telemetry.event(logger, 0, severity, row.name);
                let (trace, span) = (TraceId::NONE, SpanId::NONE);
                self.telemetry.logs.push(Log { time: at + n * every, resource, trace, span, severity, event });
            }
        }
    }
}

fn shown(sign: &Sign) -> Vec<String> {
    let grade = match sign.grade {
        Grade::Error => "error",
        Grade::Warning => "warning",
        Grade::Note => "note",
    };
    let at = sign.place.as_ref().map(|p| format!(" {}:{}", p.path, p.at.line)).unwrap_or_default();
    let mut out = vec![format!("{grade}{at} {}", sign.message), format!("  why: {}", sign.why)];
    out.extend(sign.evidence.iter().map(|e| format!("  shown: {}", e.says)));
    out
}

fn tried(kind: &Kind) -> Outcome {
    let mut outcome = Outcome { difference: Vec::new(), renewed: kind.page.to_owned() };
    for section in 1..=parse(kind.page).headings.len() {
        let page = parse(&outcome.renewed);
        let heading = page.headings[section - 1].as_str();
        let of = |info: &'static str| page.blocks.iter().filter(move |b| b.section == section && b.info == info);
        if of("spans").next().is_none() {
            continue;
        }
        let mut recording = Recording::default();
        of("spans").for_each(|b| recording.spans(&b.text));
        of("lines").for_each(|b| recording.lines(&b.text));
        let telemetry = recording.telemetry;
        let forest = Forest::of(&telemetry);
        let base = seam_page::base(page.files_of(section));
        let graph = seam_graph::link(&base, &seam_graph::Options::default());
        let map = (!graph.nodes.is_empty()).then_some((&graph, &base));
        let plan = plan(&telemetry, &forest, When::default());
        let (found, _) = signs(&Watched { telemetry: &telemetry, forest: &forest, map, plan: &plan });
        let actual: Vec<String> = found.iter().filter(|s| s.kind == kind.id).flat_map(shown).collect();
        let block = of("signs").next().unwrap_or_else(|| panic!("{}: no `signs` block under `{heading}`", kind.id));
        match (heading.starts_with("Fires"), actual.is_empty()) {
            (true, true) => outcome.difference.push(format!("nothing is found under `## {heading}`")),
            (false, false) => outcome.difference.push(format!("`## {heading}` is not silent")),
            (true, false) | (false, true) => {}
        }
        let one = seam_page::against(&outcome.renewed, block, &actual);
        outcome.difference.extend(one.difference);
        outcome.renewed = one.renewed;
    }
    outcome
}

#[test]
fn pages_say_what_signs_find() {
    let update = std::env::var_os(seam_page::UPDATE).is_some();
    let mut failures = String::new();
    for kind in KINDS {
        let outcome = tried(kind);
        if outcome.difference.is_empty() {
            continue;
        }
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("src/signs").join(format!("{}.md", kind.id.replace('-', "_")));
        if update && std::fs::read_to_string(&file).is_ok_and(|t| t == kind.page) {
            std::fs::write(&file, &outcome.renewed).unwrap();
        }
        failures.push_str(&format!("\npage of {}:\n  {}\n", kind.id, outcome.difference.join("\n  ")));
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn pages_of_signs_have_the_fixed_parts() {
    for kind in KINDS {
        let page = parse(kind.page);
        assert_eq!(page.title, kind.id, "the title is the id");
        for heading in ["Why it matters", "Fires", "Silent", "What to do", "Limits"] {
            let found = page.headings.iter().any(|h| h == heading || h.starts_with(&format!("{heading}: ")));
            assert!(found, "page of {} has no `## {heading}`", kind.id);
        }
    }
}
