//! Which past incidents are like something: words, a finding, symptoms, a change.
//!
//! Invariant: every hit says why; nothing is written.

use crate::memory::{Similar, clip};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_facts::{Key, SmolStr};
use seam_graph::Graph;
use seam_learn::{Kind, Query};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub const ABOUT: &str = "what is remembered that is like this: past incidents with cause, fix and what would have caught it, dismissed findings, \
verdicts. Give `query` in words, `finding` a finding's key, `symptoms` an error text, a log, or an answer of `diagnose` as JSON, or `diff` a change. \
Each hit says why it is like it (same interaction, rule, pattern of deviations, message, service, words). Ask it before you conclude on a \
failure, and before you change what has failed before";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "RecallRequest")]
pub struct Request {
    /// In words; names of services and messages as they are.
    pub query: Option<String>,
    /// A finding's key, `finding/RULE/SUBJECT`.
    pub finding: Option<String>,
    /// An error text, an excerpt of a log, or an answer of `diagnose` as JSON.
    pub symptoms: Option<String>,
    /// A change as a unified diff.
    pub diff: Option<String>,
    /// A service, store or broker that it is about.
    pub service: Option<String>,
    /// Only these kinds: `incident`, `dismissal`, `verdict`, `guard`, `pattern`.
    pub kinds: Vec<String>,
    /// How many at most; 5 unless given.
    pub limit: Option<u32>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RecallAnswer")]
pub struct Answer {
    pub version: u32,
    /// How many memories were looked at.
    pub memories: usize,
    /// The likest first.
    pub hits: Vec<Similar>,
    /// What was understood of the question: services, keys, rules, kinds of faults, messages.
    pub understood: Vec<String>,
    /// Files of the memory that could not be read as a whole.
    pub problems: Vec<String>,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let given = [&request.query, &request.finding, &request.symptoms, &request.diff, &request.service];
    if given.iter().all(|g| g.as_deref().is_none_or(|t| t.trim().is_empty())) {
        return Err(Refusal::usage(
            "there is nothing to recall by",
            "give words, a finding's key, symptoms (an error text, or an answer of `diagnose`), a diff, or a service",
        ));
    }
    let kinds = kinds(&request.kinds)?;
    let memory = snapshot.memory();
    let query = query(snapshot, request)?;
    let hits = memory.recall(&query, &kinds, request.limit.unwrap_or(5).clamp(1, 100) as usize);
    Ok(Answer {
        version: VERSION,
        memories: memory.index().len(),
        hits: hits.iter().map(Similar::of).collect(),
        understood: understood(&query),
        problems: problems(snapshot),
    })
}

pub(crate) fn problems(snapshot: &Snapshot) -> Vec<String> {
    let line = |t: &seam_learn::Told| {
        let at = t.problem.at.map(|s| format!(":{}", s.line)).unwrap_or_default();
        format!("`{}{at}`: {}", t.file, t.problem.message)
    };
    snapshot.memory().problems().iter().map(line).collect()
}

pub(crate) fn kinds(words: &[String]) -> Result<Vec<Kind>, Refusal> {
    words.iter().map(|word| kind(word)).collect()
}

pub(crate) fn kind(word: &str) -> Result<Kind, Refusal> {
    Kind::of(word).ok_or_else(|| {
        let all = Kind::ALL.map(Kind::word).join(", ");
        Refusal::usage(format!("there is no kind of memory `{word}`"), format!("choose one of {all}"))
    })
}

fn query(snapshot: &Snapshot, request: &Request) -> Result<Query, Refusal> {
    let mut out = Query { text: request.query.clone().unwrap_or_default(), ..Query::default() };
    let graph = snapshot.graph(request.profile.as_deref());
    named(&graph, &out.text.clone(), &mut out);
    if let Some(service) = &request.service {
        let node = super::map::find(&graph, service);
        // What no longer exists may still be remembered.
        out.services.push(node.map_or_else(|_| service.as_str().into(), |n| graph.nodes[n].name.clone()));
        out.text.push_str(&format!(" {service}"));
    }
    if let Some(finding) = &request.finding {
        of_finding(snapshot, finding, request.profile.as_deref(), &mut out)?;
    }
    if let Some(symptoms) = &request.symptoms {
        match serde_json::from_str::<super::diagnose::Answer>(symptoms) {
            Ok(answer) => of_diagnosis(&answer, &mut out),
            Err(_) => of_text(&graph, symptoms, &mut out),
        }
    }
    if let Some(diff) = &request.diff {
        of_diff(&graph, diff, &mut out);
    }
    out.services.sort();
    out.services.dedup();
    out.keys.sort();
    out.keys.dedup();
    Ok(out)
}

/// The services whose names a text has as whole words.
fn named(graph: &Graph, text: &str, out: &mut Query) {
    let words: BTreeSet<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/')))
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()))
        .collect();
    for node in graph.nodes.iter().filter(|n| words.contains(n.name.as_str())) {
        out.services.push(node.name.clone());
        out.keys.push(node.key.clone());
    }
}

fn of_finding(snapshot: &Snapshot, key: &str, profile: Option<&str>, out: &mut Query) -> Result<(), Refusal> {
    let mut parts = key.splitn(3, '/');
    let (Some("finding"), Some(rule), Some(subject)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Refusal::usage(
            format!("`{key}` is no finding's key"),
            "it is `finding/RULE/SUBJECT`, as `seam detect --json` gives it",
        ));
    };
    out.finding = Some(Key(key.into()));
    out.rules.push(rule.into());
    out.text.push_str(&format!(" {} {subject}", rule.replace('-', " ")));
    let found = snapshot.detected(profile, true);
    if let Some(finding) = found.iter().find(|f| f.key.as_str() == key) {
        out.keys.extend(finding.about.iter().cloned());
        out.text.push_str(&format!(" {} {}", finding.message, finding.why));
        out.services.extend(finding.about.iter().filter_map(|k| k.as_str().split('/').nth(1).map(SmolStr::from)));
    }
    Ok(())
}

/// Suspects of a diagnosis: the pattern, kinds of faults, services, what was seen.
fn of_diagnosis(answer: &super::diagnose::Answer, out: &mut Query) {
    for suspect in answer.incident.iter().flat_map(|i| &i.suspects) {
        out.services.push(suspect.service.as_str().into());
        out.faults.push(suspect.fault.as_str().into());
        out.text.push_str(&format!(" {}", suspect.says));
        out.keys.extend(suspect.key.as_deref().map(|k| Key(k.into())));
    }
    if let Some(incident) = &answer.incident {
        out.marks = incident.marks();
    }
    for suspect in &answer.suspects {
        out.services.extend(suspect.service.as_deref().map(SmolStr::from));
        out.text.push_str(&format!(" {}", suspect.why));
    }
    for kind in &answer.understood.kinds {
        out.text.push_str(&format!(" {kind}"));
    }
}

/// A text of many lines: each may be a message.
fn of_text(graph: &Graph, text: &str, out: &mut Query) {
    named(graph, text, out);
    let lines = text.lines().map(str::trim).filter(|l| l.len() >= 8);
    out.messages.extend(lines.take(200).map(str::to_owned));
    out.text.push_str(&format!(" {}", clip(text, 20_000)));
}

/// Whose files a change touches, and the words of what it says.
fn of_diff(graph: &Graph, diff: &str, out: &mut Query) {
    let owners: BTreeMap<&str, usize> = crate::things::owners(graph);
    for line in diff.lines() {
        let path = line.strip_prefix("+++ ").or_else(|| line.strip_prefix("--- "));
        if let Some(path) = path {
            let path = path.split('\t').next().unwrap_or(path);
            let path = path.strip_prefix("b/").or_else(|| path.strip_prefix("a/")).unwrap_or(path);
            if let Some(node) = owners.get(path) {
                out.services.push(graph.nodes[*node].name.clone());
                out.keys.push(graph.nodes[*node].key.clone());
            }
        } else if line.starts_with(['+', '-']) && out.text.len() < 20_000 {
            out.text.push(' ');
            out.text.push_str(&line[1..]);
        }
    }
}

fn understood(query: &Query) -> Vec<String> {
    let mut out: Vec<String> = query.services.iter().map(|s| format!("service {s}")).collect();
    out.extend(query.rules.iter().map(|r| format!("rule {r}")));
    let faults: BTreeSet<&SmolStr> = query.faults.iter().collect();
    out.extend(faults.into_iter().map(|f| format!("fault {f}")));
    if !query.marks.is_empty() {
        out.push(format!("a pattern of {} deviations", query.marks.len()));
    }
    if !query.messages.is_empty() {
        out.push(format!("{} messages", query.messages.len()));
    }
    out
}

/// Entries that are like a diagnosis of telemetry.
pub(crate) fn like_diagnosis(snapshot: &Snapshot, answer: &super::diagnose::Answer) -> Vec<Similar> {
    let memory = snapshot.memory();
    if memory.index().is_empty() {
        return Vec::new();
    }
    let mut query = Query::default();
    of_diagnosis(answer, &mut query);
    query.text.clear();
    let hits = memory.recall(&query, &[Kind::Incident], 3);
    hits.iter().map(Similar::of).collect()
}

/// Entries that are like a failure, for answers about it.
pub(crate) fn like(snapshot: &Snapshot, graph: &Graph, text: &str) -> Vec<Similar> {
    let memory = snapshot.memory();
    if memory.index().is_empty() {
        return Vec::new();
    }
    let mut query = Query::default();
    of_text(graph, text, &mut query);
    let hits = memory.recall(&query, &[Kind::Incident], 3);
    // Words alone find something always; what is told unasked shares more.
    hits.iter().filter(|h| h.reasons.iter().any(|r| r.kind != "words")).map(Similar::of).collect()
}
