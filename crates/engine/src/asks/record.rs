//! What would be remembered: an entry's text, made from a diagnosis, a finding, a verdict, a post-mortem or plain fields. It only
//! proposes: a person confirms with `seam learn`.
//!
//! Invariant: nothing is written; secrets and personal data are out of the text before it exists, and what was taken out is said.

use crate::memory::{Similar, path};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_facts::priors::Mark;
use seam_facts::{Key, SmolStr};
use seam_learn::{Entry, Kind, Query, Verdict, heading};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const ABOUT: &str = "proposes a memory and writes nothing: the text of an entry made from an answer of `diagnose` (`diagnosis`), a finding's key, a \
post-mortem (`markdown`), or fields. Secrets and personal data are masked; similar memories are named, so that nothing is told twice. A \
person keeps it with `seam learn incident`";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "RecordRequest")]
pub struct Request {
    /// `incident` unless given; `dismissal`, `verdict`, `guard`, `pattern`, `retraction`.
    pub kind: Option<String>,
    /// What happened, in a line.
    pub title: Option<String>,
    /// When it happened: `2024-05-01`, with a time behind it or not.
    pub date: Option<String>,
    /// What was seen.
    pub seen: Option<String>,
    /// What was at fault: names of services, or keys of the map (`edge/orders/http/cart`).
    pub cause: Vec<String>,
    /// Why, in words.
    pub why: Option<String>,
    /// The kind of fault: `code`, `failing`, `silent`, `processor`, `memory`, `pool`, `network`, `setting` …
    pub fault: Option<String>,
    /// An operation or a place in code.
    pub place: Option<String>,
    /// What mended it, in words.
    pub fix: Option<String>,
    /// The commit that mended it.
    pub commit: Option<String>,
    /// How it was proved.
    pub proof: Option<String>,
    /// What would have caught it.
    pub caught: Option<String>,
    /// Services that it touched.
    pub services: Vec<String>,
    /// Log lines and messages that tell it.
    pub messages: Vec<String>,
    /// A finding's key that it confirms, refutes or dismisses.
    pub finding: Option<String>,
    pub rule: Option<String>,
    /// `confirmed` or `refuted`, of a verdict.
    pub verdict: Option<String>,
    /// Why a finding is no hazard, why something is retracted.
    pub reason: Option<String>,
    /// Where it is told at length.
    pub source: Option<String>,
    /// Services outside of which it says nothing.
    pub scope: Vec<String>,
    /// How much it counts, from 0 to 1.
    pub weight: Option<f64>,
    /// Days after which it counts half.
    pub half_life: Option<u32>,
    /// The memory in whose place it stands, or which it retracts.
    pub of: Option<String>,
    /// An answer of `diagnose` as JSON text, of telemetry or of an error.
    pub diagnosis: Option<String>,
    /// Which of its suspects was at fault, counted from 1; the first, unless `cause` says who.
    pub suspect: Option<u32>,
    /// A post-mortem in Markdown, or an entry's own text.
    pub markdown: Option<String>,
    pub profile: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RecordAnswer")]
pub struct Answer {
    pub version: u32,
    pub id: String,
    /// Where it would be written, workspace-relative.
    pub path: String,
    /// The file's text.
    pub text: String,
    /// What was masked, by kind: `mail 2`.
    pub masked: Vec<String>,
    /// What is missing or not known, and makes it worth less.
    pub missing: Vec<String>,
    /// What is remembered already and is like it.
    pub similar: Vec<Similar>,
    /// The very same is there already.
    pub known: bool,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let mut missing = Vec::new();
    let mut entry = entry(snapshot, request, &mut missing)?;
    let masked = mask(&mut entry);
    let entry = entry.named();
    if entry.kind != Kind::Retraction {
        lacks(&entry, &mut missing);
    }
    let memory = snapshot.memory();
    let similar = match entry.kind {
        Kind::Retraction => Vec::new(),
        Kind::Incident | Kind::Dismissal | Kind::Verdict | Kind::Guard | Kind::Pattern => {
            let hits = memory.recall(&of(&entry), &[], 6);
            // Words alone always find something; what is told unasked shares more.
            let told = hits.iter().filter(|h| h.reasons.iter().any(|r| r.kind != "words") && h.entry.id != entry.id);
            told.take(3).map(Similar::of).collect()
        }
    };
    Ok(Answer {
        version: VERSION,
        path: path(&entry.id),
        text: seam_learn::render(&entry),
        masked,
        missing,
        similar,
        known: memory.log().get(&entry.id).is_some(),
        id: entry.id.to_string(),
    })
}

fn entry(snapshot: &Snapshot, request: &Request, missing: &mut Vec<String>) -> Result<Entry, Refusal> {
    let graph = snapshot.graph(request.profile.as_deref());
    let known: Vec<SmolStr> = graph.nodes.iter().map(|n| n.name.clone()).collect();
    let mut entry = match &request.markdown {
        Some(text) => {
            let (entry, problems) = seam_learn::postmortem("", text, &known);
            missing.extend(problems.iter().map(|p| {
                let at = p.at.map(|s| format!("line {}: ", s.line)).unwrap_or_default();
                format!("{at}{}", p.message)
            }));
            entry
        }
        None => Entry::default(),
    };
    if let Some(kind) = &request.kind {
        entry.kind = super::recall::kind(kind)?;
    }
    if let Some(of) = &request.of {
        let memory = snapshot.memory();
        let old = memory.one(of)?;
        match entry.kind {
            Kind::Retraction | Kind::Guard => entry.of = Some(old.id.clone()),
            Kind::Incident | Kind::Dismissal | Kind::Verdict | Kind::Pattern => {
                let kind = request.kind.as_ref().map_or(old.kind, |_| entry.kind);
                if request.markdown.is_none() {
                    entry = Entry { kind, ..old.clone() };
                }
                entry.replaces = Some(old.id.clone());
            }
        }
        if entry.title.is_empty() {
            entry.title = format!("{}: {}", entry.kind.word(), old.title);
        }
    }
    if let Some(text) = &request.diagnosis {
        of_diagnosis(text, request, &mut entry)?;
    }
    if let Some(key) = &request.finding {
        of_finding(snapshot, key, request, &mut entry)?;
    }
    fields(&graph, request, &mut entry, missing)?;
    if entry.title.is_empty() {
        entry.title = titled(&entry);
    }
    Ok(entry)
}

/// What plain fields say; they win over what was read.
fn fields(
    graph: &seam_graph::Graph,
    request: &Request,
    entry: &mut Entry,
    missing: &mut Vec<String>,
) -> Result<(), Refusal> {
    let small = |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(SmolStr::from);
    if let Some(title) = small(&request.title) {
        entry.title = title.to_string();
    }
    if let Some(date) = small(&request.date) {
        entry.date = date;
    }
    let one = |known: &mut Option<SmolStr>, given: &Option<String>| {
        if let Some(text) = small(given) {
            *known = Some(text);
        }
    };
    one(&mut entry.fault, &request.fault);
    one(&mut entry.place, &request.place);
    one(&mut entry.rule, &request.rule);
    one(&mut entry.commit, &request.commit);
    entry.source = request.source.clone().or(entry.source.take());
    entry.weight = request.weight.or(entry.weight);
    entry.half_life = request.half_life.or(entry.half_life);
    if entry.weight.is_some_and(|w| !(0.0..=1.0).contains(&w)) || entry.half_life == Some(0) {
        return Err(Refusal::usage(
            "a weight is from 0 to 1, a half-life at least one day",
            "leave them out for the usual ones",
        ));
    }
    if let Some(verdict) = &request.verdict {
        entry.verdict = Some(Verdict::of(verdict).ok_or_else(|| {
            Refusal::usage(format!("there is no verdict `{verdict}`"), "choose confirmed or refuted")
        })?);
    }
    for (text, heading) in [
        (&request.seen, heading::SEEN),
        (&request.why, heading::CAUSE),
        (&request.fix, heading::FIX),
        (&request.proof, heading::PROOF),
        (&request.caught, heading::CAUGHT),
        (&request.reason, heading::REASON),
    ] {
        if let Some(text) = small(text) {
            entry.parts.retain(|(h, _)| h != heading);
            entry.tell(heading, &text);
        }
    }
    if !request.cause.is_empty() {
        entry.cause = request.cause.iter().map(|name| key(graph, name, missing)).collect();
    }
    entry.scope.extend(request.scope.iter().map(SmolStr::from));
    entry.services.extend(request.services.iter().map(SmolStr::from));
    for cause in &entry.cause {
        // An edge has its ends, a node itself.
        let parts: Vec<&str> = cause.as_str().split('/').collect();
        match parts.as_slice() {
            ["edge", from, _, to, ..] => entry.services.extend([SmolStr::from(*from), SmolStr::from(*to)]),
            [_, name, ..] => entry.services.push((*name).into()),
            _ => {}
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    entry.services.retain(|s| seen.insert(s.clone()));
    entry.templates.extend(request.messages.iter().map(|m| seam_learn::template(m)).filter(|t| !t.is_empty()));
    entry.templates.dedup();
    Ok(())
}

/// The key that a name means; a name that the map does not have is kept as it is.
fn key(graph: &seam_graph::Graph, name: &str, missing: &mut Vec<String>) -> Key {
    if let Some(node) = graph.node(name) {
        return graph.nodes[node].key.clone();
    }
    let exists =
        graph.nodes.iter().any(|n| n.key.as_str() == name) || graph.edges.iter().any(|e| e.key.as_str() == name);
    if !exists {
        missing.push(format!("the map has no `{name}`: it is remembered as it is, and found again by that name only"));
    }
    if name.contains('/') { Key(name.into()) } else { Key::node("service", name) }
}

fn of_diagnosis(text: &str, request: &Request, entry: &mut Entry) -> Result<(), Refusal> {
    let unreadable = |e: serde_json::Error| {
        Refusal::usage(format!("this is no answer of `diagnose`: {e}"), "give what `seam diagnose … --json` printed")
    };
    let answer: super::diagnose::Answer = serde_json::from_str(text).map_err(unreadable)?;
    let at = request.suspect.unwrap_or(1).max(1) as usize - 1;
    let Some(incident) = &answer.incident else {
        let Some(suspect) = answer.suspects.get(at) else {
            return Err(Refusal::usage("the diagnosis has no such suspect", "say with `cause` who was at fault"));
        };
        entry.cause.extend(suspect.service.as_deref().map(|s| Key::node("service", s)));
        entry.place = Some(seam_facts::format_smolstr!("{}:{}", suspect.path, suspect.line));
        entry.fault = answer.understood.kinds.first().map(SmolStr::from);
        entry.services.extend(answer.understood.services.iter().map(SmolStr::from));
        entry.tell(heading::CAUSE, &suspect.why);
        return Ok(());
    };
    entry.marks = incident.marks();
    if let (true, Some(from)) = (entry.date.is_empty(), &incident.from) {
        entry.date = from.as_str().into();
    }
    // Whoever says who it was need not count.
    let named = |s: &&crate::incident::Suspect| {
        request.cause.iter().any(|c| *c == s.service || s.key.as_deref() == Some(c.as_str()))
            && request.fault.as_deref().is_none_or(|f| f == s.fault)
    };
    let suspect = match (request.suspect, request.cause.is_empty()) {
        (None, false) => incident.suspects.iter().find(named),
        _ => incident.suspects.get(at),
    };
    if let Some(suspect) = suspect {
        let key = suspect.key.as_deref().map_or_else(|| Key::node("service", &suspect.service), |k| Key(k.into()));
        entry.cause.push(key);
        entry.fault = Some(suspect.fault.as_str().into());
        entry.place = suspect.region.as_ref().map_or_else(
            || suspect.operation.as_deref().map(SmolStr::from),
            |r| Some(seam_facts::format_smolstr!("{}_{}", r.after.says, r.expected.says)),
        );
        entry.services.extend(suspect.spread.iter().map(|s| SmolStr::from(s.service.as_str())));
        entry.tell(heading::CAUSE, &suspect.says);
        entry.tell(heading::SEEN, &suspect.story.join("\n"));
    } else if request.cause.is_empty() {
        return Err(Refusal::usage("the diagnosis has no such suspect", "say with `cause` who was at fault"));
    }
    Ok(())
}

/// What a finding says. A judgement of one that nobody makes is of no use; an incident may be about one that is mended since.
fn of_finding(snapshot: &Snapshot, key: &str, request: &Request, entry: &mut Entry) -> Result<(), Refusal> {
    entry.finding = Some(Key(key.into()));
    entry.rule = key.strip_prefix("finding/").and_then(|k| k.split('/').next()).map(SmolStr::from);
    let found = snapshot.detected(request.profile.as_deref(), true);
    if let Some(finding) = found.iter().find(|f| f.key.as_str() == key) {
        entry.said = Some(finding.message.clone());
        entry.cause.extend(finding.about.iter().cloned());
        if entry.title.is_empty() {
            entry.title = finding.message.clone();
        }
    } else if matches!(entry.kind, Kind::Dismissal | Kind::Verdict) && request.of.is_none() {
        let near = found.iter().filter(|f| f.key.as_str().contains(key.trim_start_matches("finding/")));
        let near: Vec<String> = near.take(3).map(|f| format!("`{}`", f.key)).collect();
        let hint = match near.as_slice() {
            [] => "`seam detect --json` has the keys".to_owned(),
            near => format!("did you mean {}?", near.join(" or ")),
        };
        return Err(Refusal::unknown(format!("there is no finding `{key}`"), hint));
    }
    Ok(())
}

fn titled(entry: &Entry) -> String {
    let who =
        entry.cause.first().and_then(|k| k.as_str().split('/').nth(1)).or(entry.services.first().map(SmolStr::as_str));
    match (who, &entry.fault) {
        (Some(who), Some(fault)) => format!("{who}: {fault}"),
        (Some(who), None) => format!("{} of {who}", entry.kind.word()),
        _ => entry.kind.word().to_owned(),
    }
}

/// Takes out of every text what must not be remembered; says what, by kind.
pub(crate) fn mask(entry: &mut Entry) -> Vec<String> {
    let mut hidden: BTreeMap<&'static str, usize> = BTreeMap::new();
    entry.rewrite(|text| {
        let shown = seam_extract::config::excerpt::excerpt("entry.md", text);
        if shown != *text {
            *hidden.entry("secret").or_default() += 1;
        }
        let masked = seam_learn::mask(&shown);
        for (kind, count) in masked.hidden {
            *hidden.entry(kind).or_default() += count;
        }
        masked.text
    });
    hidden.into_iter().map(|(kind, count)| format!("{kind} {count}")).collect()
}

/// What makes an entry worth less.
fn lacks(entry: &Entry, missing: &mut Vec<String>) {
    let mut say = |lacks: bool, says: &str| {
        if lacks {
            missing.push(says.to_owned());
        }
    };
    say(entry.date.is_empty(), "no date: it counts as old");
    if entry.kind == Kind::Incident {
        say(
            entry.cause.is_empty() && entry.services.is_empty(),
            "no cause: it is found by its words only, and moves no suspect",
        );
        say(entry.fault.is_none(), "no kind of fault: it speaks of the service, whatever ails it");
        say(entry.part(heading::CAUGHT).is_none(), "nothing says what would have caught it");
    }
    let judges = matches!(entry.kind, Kind::Dismissal | Kind::Verdict);
    say(judges && entry.finding.is_none() && entry.rule.is_none(), "no finding and no rule: it judges nothing");
    say(
        entry.kind == Kind::Dismissal && entry.part(heading::REASON).is_none(),
        "no reason: nobody will know why it is no hazard",
    );
    say(entry.kind == Kind::Verdict && entry.verdict.is_none(), "no verdict: confirmed or refuted");
}

/// The question that an entry itself would answer.
fn of(entry: &Entry) -> Query {
    Query {
        text: format!("{} {}", entry.title, entry.part(heading::CAUSE).unwrap_or_default()),
        services: entry.services.clone(),
        keys: entry.cause.clone(),
        rules: entry.rule.iter().cloned().collect(),
        finding: entry.finding.clone(),
        faults: entry.fault.iter().cloned().collect(),
        marks: entry.marks.iter().map(Mark::clone).collect(),
        messages: entry.templates.clone(),
    }
}
