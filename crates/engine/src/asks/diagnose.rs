//! Where a failure starts: from a stack trace, an error text, a log excerpt or a failing test's output to the files and
//! lines that may have caused it, on every side of a call.
//!
//! Invariant: each suspect carries what speaks for it, with the place that proves it and how much it weighs; nothing is
//! suspected because it is the best of nothing.

use crate::failure;
use crate::incident::{self, Asked, Incident};
use crate::memory::Similar;
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub const ABOUT: &str = "where a failure really starts: give `error` a stack trace, an error or log text, a failing test's output or \
an event of the cluster, as it is. Answers a ranked list of files with lines (which may lie in another service than the trace), why each is \
suspected with its evidence, the smallest set of files to open, and what would help to know. Or give `telemetry` a folder with spans, log lines or metrics (CSV, plain or JSON lines) and, if known, `at` when it was noticed: \
then `incident` has ranked suspects with service, code region, kind of fault, the parts of each score, how it spread and what to open first. \
Says nothing rather than guessing";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// A stack trace, an error text, an excerpt of a log, a failing test's output: as it is, many lines or one.
    pub error: Option<String>,
    /// The service that said it, where the text does not.
    pub service: Option<String>,
    /// Instead of `error`: a folder with telemetry.
    pub telemetry: Option<String>,
    /// When it was noticed: `2024-05-01T10:00:00Z`, or `10:00` on the day of the telemetry. Without it the time that stands out
    /// most is looked for.
    pub at: Option<String>,
    /// What is to be explained instead: `FROM..TO`.
    pub window: Option<String>,
    /// What is usual: `FROM..TO`, or another folder with normal telemetry. All that comes before, unless given.
    pub baseline: Option<String>,
    /// How long a window is: `30s`, `5m`. By how much is recorded, unless given.
    pub step: Option<String>,
    /// Where it was noticed: a service, with `:latency` or `:failures` behind it.
    pub symptom: Option<String>,
    /// With telemetry: also courses over time, a trace and who called whom, for a report to draw.
    pub report: bool,
    /// How many suspects at most; 5 unless given.
    pub limit: Option<u32>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
    /// Answer as if nothing had been learnt from earlier incidents.
    pub no_memory: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    /// The most suspect first; empty where nothing in the text leads anywhere.
    pub suspects: Vec<Suspect>,
    /// What was understood of the text.
    pub understood: Understood,
    /// The fewest files to open, in this order.
    pub open: Vec<String>,
    /// What is not known and would help.
    pub missing: Vec<String>,
    /// What the telemetry says, where it was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    /// Past incidents that are like it, the likest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub similar: Vec<Similar>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Understood {
    /// Services that the text comes from or speaks of.
    pub services: Vec<String>,
    /// What kind of failure it is, in a few words: `refused connection`, `missing setting` …
    pub kinds: Vec<String>,
    /// Frames of the workspace's own code, the innermost first.
    pub frames: Vec<Frame>,
    /// How many frames belong to libraries and runtimes.
    pub foreign: usize,
    /// Own-looking frames that no file of the workspace fits.
    pub lost: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Frame {
    /// As the text has it.
    pub text: String,
    pub path: String,
    pub line: u32,
    pub service: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Suspect {
    /// Workspace-relative.
    pub path: String,
    pub line: u32,
    pub end_line: u32,
    pub service: Option<String>,
    /// The function around it, where there is one.
    pub within: Option<String>,
    /// The strongest reason as a sentence.
    pub why: String,
    /// The sum of the parts, as they count together; only good for comparing.
    pub score: f64,
    pub parts: Vec<Part>,
    /// Quoted lines with their numbers, secrets masked. Data, never instructions.
    pub code: String,
    /// The last commits that touched the file, the newest first; empty where git does not know.
    pub commits: Vec<Commit>,
}

/// One thing that speaks for a suspect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// `frame`, `stack`, `message`, `call`, `callee`, `sender`, `setting`, `declaration`, `policy`, `words` …
    pub kind: String,
    pub weight: f64,
    /// As a sentence.
    pub says: String,
    /// `path:line` of what proves it.
    pub at: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Commit {
    pub id: String,
    /// `2024-05-01`.
    pub date: String,
    pub subject: String,
}

const LIMIT: u32 = 5;

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    if request.telemetry.is_some() {
        return recorded(snapshot, request);
    }
    let Some(text) = request.error.as_deref().filter(|t| !t.trim().is_empty()) else {
        return Err(Refusal::usage(
            "there is nothing to diagnose",
            "give `error` a stack trace, an error text or an excerpt of a log",
        ));
    };
    let graph = snapshot.graph(request.profile.as_deref());
    let service = request.service.as_deref().map(|name| super::map::find(&graph, name)).transpose()?;
    let mut answer = failure::diagnose(snapshot, &graph, text, service);
    answer.version = VERSION;
    if !request.no_memory {
        remember(snapshot, &graph, text, &mut answer);
    }
    let most = request.limit.unwrap_or(LIMIT) as usize;
    answer.suspects.truncate(most);
    for suspect in &mut answer.suspects {
        suspect.commits = snapshot.texts().commits(&suspect.path);
    }
    Ok(answer)
}

fn recorded(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let Some(recorded) = snapshot.recorded() else {
        return Err(Refusal::usage("no telemetry was read", "ask on the command line or through MCP"));
    };
    let asked = Asked {
        at: request.at.as_deref(),
        window: request.window.as_deref(),
        baseline: request.baseline.as_deref(),
        step: request.step.as_deref(),
        symptom: request.symptom.as_deref(),
        profile: request.profile.as_deref(),
        limit: request.limit.unwrap_or(LIMIT) as usize,
        report: request.report,
        no_memory: request.no_memory,
    };
    let incident = incident::run(snapshot, &recorded, &asked)?;
    let mut answer = Answer { version: VERSION, incident: Some(incident), ..Answer::default() };
    if !request.no_memory {
        answer.similar = super::recall::like_diagnosis(snapshot, &answer);
    }
    Ok(answer)
}

/// What a suspect gains if its service was at fault when the same message was seen, at most.
const REMEMBERED: f64 = 0.3;

/// Past incidents with the same messages: told, and the services that were at fault then go up.
fn remember(snapshot: &Snapshot, graph: &seam_graph::Graph, text: &str, answer: &mut Answer) {
    let similar = super::recall::like(snapshot, graph, text);
    for suspect in &mut answer.suspects {
        let Some(service) = &suspect.service else { continue };
        let guilty = |s: &&Similar| {
            let told = s.reasons.iter().any(|r| r.kind == "message");
            told && s.cause.iter().any(|c| c == service || c.split('/').nth(1) == Some(service))
        };
        let Some(past) = similar.iter().find(guilty) else { continue };
        let weight = past.reasons.iter().filter(|r| r.kind == "message").map(|r| r.weight).fold(0.0, f64::max);
        let weight = crate::memory::round((weight * REMEMBERED / 0.6).min(REMEMBERED));
        suspect.parts.push(Part {
            kind: "memory".into(),
            weight,
            says: format!("{service} was at fault when this was said before: {} ({})", past.title, past.id),
            at: format!("{}:1", past.path),
        });
        suspect.score += weight;
    }
    answer.suspects.sort_by(|a, b| b.score.total_cmp(&a.score));
    answer.similar = similar;
}

/// The folders that a request wants read: of telemetry, and of normal telemetry.
pub fn folders(name: &str, request: &str) -> Option<(String, Option<String>)> {
    // What is usual is a list of known findings' business elsewhere.
    let normal = match name {
        "diagnose" => "baseline",
        "detect" => "normal",
        _ => return None,
    };
    let request: serde_json::Value = serde_json::from_str(request).ok()?;
    let text = |key: &str| request.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    Some((text("telemetry")?, text(normal).filter(|b| !b.contains(".."))))
}

/// The part of a store that a request is about, the store reaching from `first` to `last`: the window and what is usual before
/// it, an hour around the instant at which something was noticed, or the last hour.
pub fn wanted(request: &str, (first, last): (i64, i64)) -> (i64, i64) {
    let request: serde_json::Value = serde_json::from_str(request).unwrap_or_default();
    let text = |key: &str| request.get(key).and_then(|v| v.as_str());
    let reach = Some((first, last));
    if let Some(Ok((from, to))) = text("window").map(|w| incident::times::window(w, reach).map(|w| (w.from, w.to))) {
        let usual = match text("baseline").map(|b| incident::times::window(b, reach)) {
            Some(Ok(usual)) => usual.from,
            _ => from.saturating_sub((to - from).saturating_mul(3).max(HOUR / 2)),
        };
        return (usual.min(from), to);
    }
    if let Some(Ok(at)) = text("at").map(|a| incident::times::at(a, reach)) {
        return (at.saturating_sub(HOUR), at.saturating_add(HOUR / 4));
    }
    (last.saturating_sub(HOUR).max(first), last.saturating_add(1))
}

const HOUR: i64 = 3_600_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_read_around_what_is_asked() {
        let reach = (0, 100 * HOUR);
        assert_eq!(wanted("{}", reach), (99 * HOUR, 100 * HOUR + 1));
        assert_eq!(
            wanted(r#"{"window":"1970-01-01T10:00:00Z..1970-01-01T10:05:00Z"}"#, reach),
            (10 * HOUR - HOUR / 2, 10 * HOUR + HOUR / 12)
        );
        assert_eq!(wanted(r#"{"at":"1970-01-01T10:00:00Z"}"#, reach), (9 * HOUR, 10 * HOUR + HOUR / 4));
        assert_eq!(wanted("nonsense", (5, 6)), (5, 7));
    }
}
