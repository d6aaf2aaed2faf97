//! What an entry and a question are found by: words and concepts of texts, and by themselves names, keys, rules and patterns.
//!
//! Invariant: whatever two entries can be alike by is a term; who shares no term with a question has no reason to be told.

use crate::entry::{Entry, heading};
use crate::lexicon::concepts;
use crate::recall::Query;
use crate::words::{Words, fixed};
use std::collections::{BTreeMap, BTreeSet};

/// Before terms that are no words; no text has it.
const SHARED: char = '\u{1}';

pub(super) fn is_shared(term: &str) -> bool {
    term.starts_with(SHARED)
}

fn term(what: char, name: &str) -> String {
    format!("{SHARED}{what}{name}")
}

/// Terms of a question besides its words.
#[derive(Default)]
pub(crate) struct Shared {
    /// Each of them is a reason.
    pub any: BTreeSet<String>,
    /// For each message its words; two of them in one template are one.
    pub messages: Vec<BTreeSet<String>>,
}

impl Shared {
    pub fn of(query: &Query) -> Shared {
        let mut any = BTreeSet::new();
        any.extend(query.finding.iter().map(|k| term('f', k.as_str())));
        any.extend(query.keys.iter().map(|k| term('k', k.as_str())));
        any.extend(query.rules.iter().map(|r| term('r', r)));
        any.extend(query.services.iter().map(|s| term('s', s)));
        any.extend(query.faults.iter().map(|f| term('t', f)));
        any.extend(query.marks.iter().map(|m| term('m', &format!("{}{SHARED}{}", m.service, m.fault))));
        let message = |m: &String| fixed(m).iter().map(|w| term('w', w)).collect();
        Shared { any, messages: query.messages.iter().map(message).collect() }
    }
}

/// The same of an entry.
pub(super) fn shared(entry: &Entry) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    out.extend(entry.finding.iter().map(|k| term('f', k.as_str())));
    out.extend(entry.cause.iter().map(|k| term('k', k.as_str())));
    out.extend(entry.rule.iter().map(|r| term('r', r)));
    out.extend(entry.services.iter().map(|s| term('s', s)));
    // A key names services too: `edge/orders/http/cart`.
    out.extend(entry.cause.iter().flat_map(|k| k.as_str().split('/').skip(1)).map(|part| term('s', part)));
    out.extend(entry.fault.iter().map(|f| term('t', f)));
    out.extend(entry.marks.iter().map(|m| term('m', &format!("{}{SHARED}{}", m.service, m.fault))));
    out.extend(entry.templates.iter().flat_map(|t| fixed(t)).map(|w| term('w', &w)));
    out
}

/// The texts of an entry, with how much a word in them says of what it is about.
pub(super) fn fields(entry: &Entry) -> impl Iterator<Item = (&str, f32)> {
    let parts = entry.parts.iter().map(|(h, text)| {
        let weight = match h.as_str() {
            heading::SEEN | heading::CAUSE | heading::REASON => 1.5,
            _ => 1.0,
        };
        (text.as_str(), weight)
    });
    let keys = entry.cause.iter().map(|k| (k.as_str(), 1.0));
    let small = [&entry.fault, &entry.place, &entry.rule].into_iter().flatten().map(|w| (w.as_str(), 1.0));
    let services = entry.services.iter().map(|s| (s.as_str(), 1.5));
    let templates = entry.templates.iter().map(|t| (t.as_str(), 1.5));
    let head = [(entry.title.as_str(), 2.0)].into_iter().chain(entry.said.as_deref().map(|s| (s, 1.0)));
    head.chain(parts).chain(services).chain(keys).chain(small).chain(templates)
}

/// Which words mean which concepts.
pub(crate) struct Lexicon {
    /// First stem of a phrase to the phrases that begin with it: all their stems, and the concept's name.
    phrases: BTreeMap<String, Vec<(Vec<String>, String)>>,
}

impl Lexicon {
    pub fn new() -> Self {
        let words = Words::new();
        let mut phrases: BTreeMap<String, Vec<(Vec<String>, String)>> = BTreeMap::new();
        for line in concepts() {
            let Some(name) = line.first() else { continue };
            for phrase in &line {
                let stems = words.of(phrase);
                if let Some(first) = stems.first() {
                    phrases.entry(first.clone()).or_default().push((stems, format!("~{name}")));
                }
            }
        }
        Lexicon { phrases }
    }

    /// The concepts of a text, each as often as it occurs.
    pub fn of(&self, stems: &[String]) -> Vec<&str> {
        let mut out = Vec::new();
        for (at, stem) in stems.iter().enumerate() {
            for (phrase, concept) in self.phrases.get(stem).into_iter().flatten() {
                if stems.get(at..at + phrase.len()).is_some_and(|s| s == phrase.as_slice()) {
                    out.push(concept.as_str());
                }
            }
        }
        out
    }
}
