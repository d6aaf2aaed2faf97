//! Findings that a running system shows: signs of the telemetry on the map, as findings among the others.
//!
//! Invariant: a sign that concerns a place is shown there, else where its service is declared, else at the telemetry itself; what
//! the code alone already says of the same interaction stands in its chain.

use crate::incident::{Recorded, times};
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_detect::{Finding, Link, Severity};
use seam_diagnose::signs::{Grade, KINDS, Sign, Watched, signs};
use seam_diagnose::{When, plan_whole};
use seam_facts::{Key, Span, format_smolstr};
use seam_graph::{Certainty, Evidence, Graph};
use seam_signals::clock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The group of such findings.
pub const GROUP: &str = "observed";

/// What telemetry says of a finding.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// As the telemetry calls it.
    pub service: String,
    /// UTC.
    pub since: Option<String>,
    /// UTC; nothing where it is still so at the end.
    pub until: Option<String>,
    /// How sure it is that it is no chance, from 0 to 1.
    pub sure: f64,
    /// A trace and a span in which it can be looked up.
    pub trace: Option<String>,
    pub span: Option<String>,
    /// The course over time, one value a slice: a share of failures, milliseconds (95th percentile), requests or lines.
    pub series: Vec<f64>,
}

/// What is asked of the telemetry.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked<'a> {
    pub folder: &'a str,
    pub window: Option<&'a str>,
    pub normal: Option<&'a str>,
    pub step: Option<&'a str>,
}

/// Findings with what telemetry says of them, and what could not be looked at.
pub(crate) struct Found {
    pub findings: Vec<Finding>,
    pub observed: BTreeMap<Key, Observed>,
    pub missing: Vec<String>,
}

/// Whether a rule is one of telemetry's.
pub(crate) fn is_kind(id: &str) -> bool {
    id == GROUP || KINDS.iter().any(|k| k.id == id)
}

pub(crate) fn find(
    snapshot: &Snapshot,
    graph: &Graph,
    recorded: &Recorded,
    asked: &Asked<'_>,
    stated: &[Finding],
) -> Result<Found, Refusal> {
    let Recorded { telemetry, forest, .. } = recorded;
    if telemetry.is_empty() {
        return Err(Refusal::usage(
            "there is no telemetry in that folder",
            "give a folder with spans, log lines or metrics as OTLP, Jaeger, Zipkin, CSV or lines, a store of `seam serve`, or a database",
        ));
    }
    let reach = telemetry.reach();
    let window = |text: &str| times::window(text, reach);
    let baseline = match asked.normal.filter(|n| n.contains("..")) {
        Some(text) if recorded.normal.is_none() => Some(window(text)?),
        _ => recorded.normal.map(|(from, to)| seam_signals::Window { from, to: to.saturating_add(1) }),
    };
    let when = When {
        at: None,
        window: asked.window.map(window).transpose()?,
        baseline,
        step: asked.step.map(times::length).transpose()?,
    };
    let plan = plan_whole(telemetry, forest, when);
    let map = (!graph.nodes.is_empty()).then(|| (graph, snapshot.base()));
    let (signs, mut missing) = signs(&Watched { telemetry, forest, map, plan: &plan });
    missing.extend(recorded.problems.iter().cloned());
    let mut out = Found { findings: Vec::new(), observed: BTreeMap::new(), missing };
    for mut sign in signs {
        if sign.place.is_none() {
            sign.place = place(snapshot, graph, &sign);
        }
        let (finding, observed) = finding(sign, &without_login(asked.folder), stated);
        out.observed.insert(finding.key.clone(), observed);
        out.findings.push(finding);
    }
    Ok(out)
}

/// The line of an operation or a log statement, else what declares its service.
fn place(snapshot: &Snapshot, graph: &Graph, sign: &Sign) -> Option<Evidence> {
    let node = seam_diagnose::node(graph, &sign.service)?;
    let found = sign.step.as_ref().and_then(|step| crate::incident::locate(snapshot, graph, node, step));
    let here = |found: crate::incident::Where| Evidence {
        path: found.path.into(),
        at: Span { line: found.line, column: 1, end_line: found.line },
        says: found.code.into(),
        by: GROUP.into(),
    };
    found.map(here).or_else(|| Some(graph.nodes.get(node)?.proof.first().clone()))
}

/// An address without user and password.
fn without_login(address: &str) -> String {
    let parts = address.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find('/').unwrap_or(rest.len());
        let at = rest[..end].rfind('@')?;
        Some(format!("{scheme}://{}", &rest[at + 1..]))
    });
    parts.unwrap_or_else(|| address.to_owned())
}

fn finding(sign: Sign, folder: &str, stated: &[Finding]) -> (Finding, Observed) {
    let shown = sign.evidence.first().and_then(|e| e.shown_in);
    let observed = Observed {
        service: sign.service,
        since: sign.since.map(clock::shown),
        until: sign.until.map(clock::shown),
        sure: (sign.sure * 1000.0).round() / 1000.0,
        trace: shown.map(|(trace, _)| trace.to_string()),
        span: shown.map(|(_, span)| span.to_string()),
        series: sign.series.iter().map(|v| (v * 1000.0).round() / 1000.0).collect(),
    };
    let line = Span { line: 1, column: 1, end_line: 1 };
    let at = sign.place.unwrap_or_else(|| Evidence {
        path: folder.into(),
        at: line,
        says: "what was recorded".into(),
        by: GROUP.into(),
    });
    let mut chain: Vec<Link> = sign.evidence.iter().map(|e| Link { at: at.clone(), says: e.says.clone() }).collect();
    // What code says of the same interaction explains it, and is confirmed by it.
    for known in stated.iter().filter(|f| f.hypothesis || f.group == "interaction") {
        if sign.about.iter().any(|k| k.as_str().starts_with("edge/") && known.about.contains(k)) {
            chain.push(Link {
                at: known.at.clone(),
                says: format!("`{}` says of the code: {}", known.rule, known.message),
            });
        }
    }
    let finding = Finding {
        key: Key(format_smolstr!("finding/{}/{}", sign.kind, sign.subject)),
        rule: sign.kind.into(),
        group: GROUP.into(),
        severity: match sign.grade {
            Grade::Error => Severity::Error,
            Grade::Warning => Severity::Warning,
            Grade::Note => Severity::Note,
        },
        hypothesis: false,
        certainty: Certainty::Stated,
        message: sign.message,
        why: sign.why,
        at,
        chain,
        about: sign.about,
        help: sign.help,
        fix: None,
        open: Vec::new(),
    };
    (finding, observed)
}
