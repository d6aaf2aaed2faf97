//! Which entries are like a question, and why: what they share in the graph, in the pattern of deviations, in messages, in words.
//!
//! Invariant: a hit has at least one reason, and its score is the sum of its reasons' weights. What stands in the graph weighs more
//! than words; words alone find an entry too.

use crate::entry::{Entry, Kind};
use crate::index::{Index, Shared};
use crate::words::{alike, fixed};
use seam_facts::priors::{Mark, likeness, weights};
use seam_facts::{Key, SmolStr};
use std::collections::BTreeSet;

/// What is asked about. Every field narrows nothing: it adds reasons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Words, as people write them.
    pub text: String,
    pub services: Vec<SmolStr>,
    /// Keys of nodes, edges, operations.
    pub keys: Vec<Key>,
    pub rules: Vec<SmolStr>,
    pub finding: Option<Key>,
    pub faults: Vec<SmolStr>,
    pub marks: Vec<Mark>,
    /// Messages and log lines.
    pub messages: Vec<String>,
}

/// One thing that an entry shares with the question.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// `finding`, `edge`, `node`, `rule`, `signature`, `message`, `service`, `fault`, `words`.
    pub kind: &'static str,
    pub says: String,
    pub weight: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub entry: Entry,
    pub score: f64,
    /// The heaviest first; never empty.
    pub reasons: Vec<Reason>,
}

const FINDING: f64 = 1.0;
const EDGE: f64 = 0.5;
const NODE: f64 = 0.25;
const RULE: f64 = 0.35;
const SIGNATURE: f64 = 0.8;
const MESSAGE: f64 = 0.6;
const SERVICE: f64 = 0.15;
const FAULT: f64 = 0.15;
/// The best entry by words has this; others their share of it.
const WORDS: f64 = 0.6;
/// Less is as good as chance.
const LEAST: f64 = 0.05;

/// Entries that are like the question, the likest first.
pub fn recall(index: &Index, query: &Query, kinds: &[Kind], limit: usize) -> Vec<Hit> {
    let fits = index.search(&query.text);
    let best = fits.best();
    let sharing = index.sharing(&Shared::of(query));
    let messages: Vec<BTreeSet<String>> = query.messages.iter().map(|m| fixed(m)).collect();
    let mut hits: Vec<(u32, f64, Vec<Reason>)> = Vec::new();
    for (number, fit) in (0_u32..).zip(&fits.scores) {
        if !kinds.is_empty() && index.kind(number).is_none_or(|k| !kinds.contains(&k)) {
            continue;
        }
        let mut reasons = match sharing.contains(&number) {
            true => index.entry(number).map(|e| structure(&e, query, &messages)).unwrap_or_default(),
            false => Vec::new(),
        };
        if *fit > 0.0 {
            reasons.push(Reason { kind: "words", says: String::new(), weight: WORDS * fit / best });
        }
        reasons.retain(|r| r.weight >= LEAST);
        if !reasons.is_empty() {
            hits.push((number, reasons.iter().map(|r| r.weight).sum(), reasons));
        }
    }
    hits.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| index.id(b.0).cmp(index.id(a.0))));
    hits.truncate(limit);
    // Only what is shown is put into words.
    let told = |(number, score, mut reasons): (u32, f64, Vec<Reason>)| {
        for reason in reasons.iter_mut().filter(|r| r.kind == "words") {
            let words: Vec<&str> = fits.words(number).into_iter().take(4).collect();
            reason.says = format!("shares words and meanings: {}", words.join(", "));
        }
        reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.says.cmp(&b.says)));
        Some(Hit { entry: index.entry(number)?, score, reasons })
    };
    hits.into_iter().filter_map(told).collect()
}

fn structure(entry: &Entry, query: &Query, messages: &[BTreeSet<String>]) -> Vec<Reason> {
    let mut out = Vec::new();
    let mut add = |kind: &'static str, weight: f64, says: String| out.push(Reason { kind, says, weight });
    if let Some(finding) = query.finding.as_ref().filter(|f| entry.finding.as_ref() == Some(*f)) {
        add("finding", FINDING, format!("the same finding {finding}"));
    }
    for key in query.keys.iter().filter(|k| entry.cause.contains(k)) {
        let edge = key.as_str().starts_with("edge/");
        let (kind, weight) = if edge { ("edge", EDGE) } else { ("node", NODE) };
        add(kind, weight, format!("the same {key}"));
    }
    if let Some(rule) = entry.rule.as_ref().filter(|r| query.rules.contains(r)) {
        add("rule", RULE, format!("the same rule `{rule}`"));
    }
    let same = likeness(&query.marks, &entry.marks);
    if same > 0.2 {
        let shared: Vec<String> = shared(&query.marks, &entry.marks).into_iter().take(3).collect();
        add("signature", SIGNATURE * same, format!("the same pattern of deviations: {}", shared.join(", ")));
    }
    let templates: Vec<(BTreeSet<String>, &String)> = entry.templates.iter().map(|t| (fixed(t), t)).collect();
    let likest = messages
        .iter()
        .flat_map(|m| templates.iter().map(move |(t, template)| (alike(m, t), *template)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(share, _)| *share >= 0.5);
    if let Some((share, template)) = likest {
        add("message", MESSAGE * share, format!("the same message `{}`", short(template)));
    }
    let services = query.services.iter().filter(|s| entry.services.contains(s) || caused(entry, s));
    let services: Vec<&str> = services.map(SmolStr::as_str).take(3).collect();
    if !services.is_empty() {
        add("service", SERVICE * services.len() as f64, format!("the same service {}", services.join(", ")));
    }
    if let Some(fault) = entry.fault.as_ref().filter(|f| query.faults.contains(f)) {
        add("fault", FAULT, format!("the same kind of fault `{fault}`"));
    }
    out
}

fn caused(entry: &Entry, service: &str) -> bool {
    entry.cause.iter().any(|k| k.as_str().split('/').skip(1).any(|part| part == service))
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

fn shared(a: &[Mark], b: &[Mark]) -> Vec<String> {
    let b = weights(b);
    let mut out: Vec<(f64, String)> = weights(a)
        .into_iter()
        .filter_map(|(key, x)| b.get(&key).map(|y| (x.min(*y), format!("{} {}", key.0, key.1))))
        .collect();
    out.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    out.into_iter().map(|(_, says)| says).collect()
}
