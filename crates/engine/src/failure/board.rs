//! What speaks for each file, and what it comes to.
//!
//! Invariant: a suspect's score is made of its shown parts only: the strongest counts fully, each further kind of reason by
//! [`MORE`], repetitions of one kind hardly. So a file does not win by being named often.

use super::places::{Place, Sources};
use crate::asks::diagnose::{Part, Suspect};
use seam_facts::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// What a second kind of reason adds, and a second reason of the same kind.
const MORE: f64 = 0.35;
const AGAIN: f64 = 0.06;
/// Tests, generated code and other languages' copies are seldom where a failure starts.
const UNUSUAL: f64 = 0.45;
/// Reasons that are shown.
const SHOWN: usize = 5;
const QUOTED: usize = 7;

#[derive(Clone, Debug)]
struct Reason {
    kind: &'static str,
    weight: f64,
    line: u32,
    end_line: u32,
    within: SmolStr,
    says: String,
    at: String,
}

#[derive(Debug, Default)]
pub(crate) struct Board {
    reasons: BTreeMap<SmolStr, Vec<Reason>>,
}

/// A place with what is said of it.
#[derive(Clone, Debug)]
pub(crate) struct Clue<'a> {
    pub kind: &'static str,
    pub weight: f64,
    pub says: String,
    /// `path:line` of the proof; the place itself where empty.
    pub at: &'a str,
}

impl Board {
    pub(crate) fn add(&mut self, place: &Place, clue: Clue<'_>) {
        if clue.weight <= 0.02 {
            return;
        }
        let line = place.line.max(1);
        let at = if clue.at.is_empty() { format!("{}:{line}", place.path) } else { clue.at.to_owned() };
        let reason = Reason {
            kind: clue.kind,
            weight: clue.weight,
            line,
            end_line: place.end_line.max(line),
            within: place.within.clone(),
            says: clue.says,
            at,
        };
        let reasons = self.reasons.entry(place.path.clone()).or_default();
        let same = |r: &&mut Reason| r.kind == reason.kind && r.line == reason.line;
        match reasons.iter_mut().find(same) {
            Some(known) if known.weight >= reason.weight => {}
            Some(known) => *known = reason,
            None => reasons.push(reason),
        }
    }

    pub(crate) fn best(&self) -> f64 {
        self.reasons.values().flatten().map(|r| r.weight).fold(0.0, f64::max)
    }

    /// The strongest reason of one kind.
    pub(crate) fn strongest(&self, kind: &str) -> f64 {
        self.reasons.values().flatten().filter(|r| r.kind == kind).map(|r| r.weight).fold(0.0, f64::max)
    }

    /// What one kind of reason is worth after all, in the light of the others.
    pub(crate) fn scale(&mut self, kind: &str, by: f64) {
        self.reasons.values_mut().flatten().filter(|r| r.kind == kind).for_each(|r| r.weight *= by);
    }

    /// How many files are suspected with at least this weight.
    pub(crate) fn above(&self, weight: f64) -> usize {
        self.reasons.values().filter(|all| all.iter().any(|r| r.weight >= weight)).count()
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.reasons.contains_key(path)
    }

    /// Suspects, the most suspect first.
    pub(crate) fn suspects(self, sources: &Sources<'_>, most: usize) -> Vec<Suspect> {
        let mut out: Vec<Suspect> = Vec::new();
        for (path, mut reasons) in self.reasons {
            reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.line.cmp(&b.line)).then(a.kind.cmp(b.kind)));
            let usual = if unusual(&path) { UNUSUAL } else { 1.0 };
            let mut kinds = BTreeSet::new();
            // One stack is one reason, however often it goes through a file.
            let kind = |r: &Reason| if r.kind == "stack" { "frame" } else { r.kind };
            let score = reasons.iter().enumerate().map(|(index, r)| match (index, kinds.insert(kind(r))) {
                (0, _) => r.weight,
                (_, true) => MORE * r.weight,
                (_, false) => AGAIN * r.weight,
            });
            let score = score.sum::<f64>() * usual;
            let Some(first) = reasons.first().cloned() else { continue };
            let part = |r: &Reason| Part {
                kind: r.kind.to_owned(),
                weight: rounded(r.weight),
                says: r.says.clone(),
                at: r.at.clone(),
            };
            let mut suspect = Suspect {
                line: first.line,
                end_line: first.end_line,
                service: sources.node_of(&path).map(|n| sources.graph.nodes[n].name.to_string()),
                within: Some(first.within.to_string()).filter(|w| !w.is_empty()),
                why: first.says.clone(),
                score: rounded(score),
                parts: reasons.iter().take(SHOWN).map(part).collect(),
                path: path.to_string(),
                ..Suspect::default()
            };
            suspect.parts.dedup_by(|a, b| a.says == b.says && a.at == b.at);
            out.push(suspect);
        }
        out.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.path.cmp(&b.path)));
        out.truncate(most);
        for suspect in &mut out {
            let lines: Vec<u32> = suspect
                .parts
                .iter()
                .filter_map(|p| {
                    let (path, line) = p.at.rsplit_once(':')?;
                    (path == suspect.path).then(|| line.parse().ok()).flatten()
                })
                .collect();
            let text = sources.snapshot.texts().read(&suspect.path).unwrap_or_default();
            suspect.code = quoted(&crate::excerpt(&suspect.path, &text), suspect.line, &lines);
        }
        out
    }
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn unusual(path: &str) -> bool {
    let lower = path.to_lowercase();
    let generated = [
        ".pb.",
        "_pb2",
        "_grpc.",
        "generated",
        ".min.",
        "genproto",
        ".gen.",
        "mock",
        ".d.ts",
        "_grpc_pb",
        "_pb.js",
        "/vendor/",
        ".designer.cs",
    ];
    seam_graph::is_test(path) || generated.iter().any(|g| lower.contains(g))
}

/// The lines around the first place, and the others that are near, with their numbers.
fn quoted(text: &str, line: u32, more: &[u32]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = line.saturating_sub(3).max(1);
    let mut chosen: BTreeSet<u32> = (from..from + QUOTED as u32).collect();
    chosen.extend(more.iter().filter(|m| m.abs_diff(line) > 4).take(3));
    let mut out = String::new();
    let mut before = None;
    for number in chosen {
        let Some(text) = lines.get(number as usize - 1) else { continue };
        if before.is_some_and(|b| b + 1 < number) {
            out.push_str("…\n");
        }
        let cut: String = text.replace('\t', "  ").chars().take(160).collect();
        out.push_str(&format!("{number}| {}\n", cut.trim_end()));
        before = Some(number);
    }
    out.pop();
    out
}
