//! How much of a risk a change is: parts that multiply, each with its reason.
//!
//! Shape: each part is a factor with the fact behind it, the product is cut at 100. The figure orders candidates and is never
//! shown without its parts. Nothing is learnt from data here; the weights stand below, and are few.
//! A fifth part is there only where memory says that something like it broke before.

use super::effect::Effect;
use super::remember::Remembered;
use super::trials::Trial;
use crate::change::{Grade, Level};
use seam_facts::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// 0 to 100.
    pub figure: u32,
    pub word: &'static str,
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub name: &'static str,
    /// In tenths.
    pub factor: u32,
    pub because: String,
}

/// `bare` are calls of touched services that nothing bounds; `history` is how many of the last commits of the changed files mend
/// something, of how many; `remembered` is what memory holds against it most.
pub fn risk(
    effects: &[Effect],
    further: usize,
    trials: &[Trial],
    totals: &BTreeMap<SmolStr, usize>,
    bare: usize,
    history: (usize, usize),
    remembered: Option<&Remembered>,
) -> Risk {
    let serious: Vec<&Effect> = effects.iter().filter(|e| e.rule.level > Level::Safe).collect();
    let worst = serious.iter().map(|e| (weight(e), *e)).max_by_key(|(w, _)| *w);
    let services: BTreeSet<&SmolStr> = serious.iter().flat_map(|e| e.services()).collect();
    let untested: Vec<&str> =
        services.iter().filter(|s| !trials.iter().any(|t| t.service == ***s)).map(|s| s.as_str()).collect();
    let grade = match worst {
        None => Part { name: "grade", factor: 0, because: "nothing breaks and nothing else happens".into() },
        Some((weight, e)) => {
            let because =
                format!("the worst is `{}` ({}, {}): {}", e.rule.id, e.rule.level.word(), e.rule.grade.word(), e.text);
            Part { name: "grade", factor: weight, because }
        }
    };
    let reach = Part {
        name: "reach",
        factor: (10 + 3 * (services.len().saturating_sub(1) as u32) + further as u32).min(40),
        because: format!("{} touched, {further} run into it", count(services.len(), "service")),
    };
    let known: usize = services.iter().filter_map(|s| totals.get(*s)).sum();
    let share = if services.is_empty() { 0 } else { (10 * untested.len() / services.len()) as u32 };
    let missing = Part {
        name: "missing",
        factor: 10 + share / 2 + (bare.min(5) as u32),
        because: match (untested.as_slice(), bare) {
            ([], 0) => format!("every one has a test that reaches it, of {}", count(known, "file")),
            ([], n) => format!("{} without a bound", count(n, "call")),
            (names, n) => {
                format!("no test is seen to reach it in {}; {} without a bound", names.join(", "), count(n, "call"))
            }
        },
    };
    let (mends, all) = history;
    let history = Part {
        name: "history",
        factor: 10 + (mends.min(5) as u32),
        because: if all == 0 {
            "nothing is known of the files' past".into()
        } else {
            format!("{mends} of the last {} of these files mend something", count(all, "commit"))
        },
    };
    let mut parts = vec![grade, reach, missing, history];
    parts.extend(remembered.map(|r| Part {
        name: "memory",
        factor: 10 + (r.by.clamp(0.0, 1.0) * 10.0).round() as u32,
        because: format!("{}: {} (`{}`)", r.says, r.title, r.memory),
    }));
    let product: f64 = parts.iter().map(|p| f64::from(p.factor) / 10.0).product();
    let figure = (product * 2.5).round().min(100.0) as u32;
    let word = match figure {
        0 => "none",
        1..=14 => "low",
        15..=39 => "medium",
        _ => "high",
    };
    Risk { figure, word, parts }
}

/// In tenths.
fn weight(effect: &Effect) -> u32 {
    let left = super::is_unresolved(effect);
    match (effect.rule.level, effect.rule.grade) {
        (Level::Breaking, Grade::Wire) if left => 50,
        (Level::Breaking, Grade::Json) if left => 40,
        (Level::Breaking, Grade::Source | Grade::Behaviour) if left => 35,
        (Level::Breaking, _) => 25,
        (Level::Warning, _) => 15,
        (Level::Safe, _) => 0,
    }
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
