//! What memory says before anything is looked at: known causes with the pattern that they showed, and how findings came out.
//!
//! Invariant: every prior names the entry that it comes from, says how much it counts on a given day, and where.

use crate::{Key, SmolStr};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One deviation of a pattern: who, what kind, how much of a suspect it was then, and where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub service: SmolStr,
    /// The word of a kind of fault: `pool`, `failing`, `network` …
    pub fault: SmolStr,
    /// Between 0 and 1.
    pub score: f64,
    /// An operation or a region of code.
    pub place: Option<SmolStr>,
}

/// What deviates in a pattern, with its weight.
pub fn weights(marks: &[Mark]) -> BTreeMap<(&str, &str), f64> {
    let mut out: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for mark in marks {
        *out.entry((&mark.service, &mark.fault)).or_default() += mark.score;
    }
    out
}

/// How much two patterns share, from 0 to 1: the weight of what deviates in both beside that of all (weighted Jaccard).
pub fn likeness(a: &[Mark], b: &[Mark]) -> f64 {
    let (a, b) = (weights(a), weights(b));
    let both: f64 = a.iter().filter_map(|(key, x)| b.get(key).map(|y| x.min(*y))).sum();
    let all = a.values().sum::<f64>() + b.values().sum::<f64>() - both;
    if all > 0.0 { both / all } else { 0.0 }
}

/// Where a prior comes from, and how much it counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The entry's name.
    pub id: SmolStr,
    pub title: String,
    /// Days since 1970; the oldest where nobody said.
    pub day: Option<i64>,
    /// Days after which it counts half.
    pub half_life: u32,
    /// Between 0 and 1, when it was new.
    pub weight: f64,
    /// Names of services outside of which it says nothing; everywhere, if empty.
    pub scope: Vec<SmolStr>,
}

/// A cause that was found once, with all that deviated then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    pub memory: Memory,
    pub service: SmolStr,
    pub fault: Option<SmolStr>,
    pub place: Option<SmolStr>,
    /// The strongest first.
    pub marks: Vec<Mark>,
}

/// How a finding came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Outcome {
    /// It really broke.
    Confirmed,
    /// It held when it was tried.
    Refuted,
    /// Somebody looked at it: no hazard here.
    Dismissed,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Confirmed => "confirmed",
            Outcome::Refuted => "refuted",
            Outcome::Dismissed => "dismissed",
        }
    }
}

/// A finding that was judged, or a rule at a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    pub memory: Memory,
    pub outcome: Outcome,
    pub rule: SmolStr,
    pub finding: Option<Key>,
    /// What it said then: where it says something else now, the judgement is of something else.
    pub said: Option<String>,
    /// What it concerned.
    pub about: Vec<Key>,
    pub reason: String,
}

/// Services whose files change together: weak.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Together {
    pub memory: Memory,
    pub services: Vec<SmolStr>,
}

/// All that memory says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Priors {
    pub causes: Vec<Cause>,
    pub judged: Vec<Judged>,
    pub together: Vec<Together>,
}

impl Priors {
    pub fn is_empty(&self) -> bool {
        self.causes.is_empty() && self.judged.is_empty() && self.together.is_empty()
    }

    /// The day of the newest entry: what age is counted from where nothing else says when "now" is, so that the same memory
    /// gives the same answers tomorrow.
    pub fn newest(&self) -> Option<i64> {
        let memories = self.causes.iter().map(|c| &c.memory);
        let memories = memories.chain(self.judged.iter().map(|j| &j.memory));
        memories.chain(self.together.iter().map(|t| &t.memory)).filter_map(|m| m.day).max()
    }
}

/// An entry without a date counts as if it had been lost sight of for so many half-lives.
const UNDATED: f64 = 1.0;

impl Memory {
    /// What is left of its weight on a day; nothing is taken from it before it happened.
    pub fn weight_on(&self, day: Option<i64>) -> f64 {
        let lives = match (self.day, day) {
            (Some(own), Some(day)) => (day - own).max(0) as f64 / f64::from(self.half_life.max(1)),
            (None, _) => UNDATED,
            (Some(_), None) => 0.0,
        };
        self.weight.clamp(0.0, 1.0) * 0.5_f64.powf(lives)
    }

    /// Whether it speaks of a service.
    pub fn covers(&self, service: &str) -> bool {
        self.scope.is_empty() || self.scope.iter().any(|s| s == service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_fade_by_half_lives() {
        let memory = Memory { day: Some(100), half_life: 10, weight: 0.8, ..Memory::default() };
        assert_eq!(memory.weight_on(Some(100)), 0.8);
        assert_eq!(memory.weight_on(Some(110)), 0.4);
        assert_eq!(memory.weight_on(Some(90)), 0.8);
        assert_eq!(memory.weight_on(None), 0.8);
        assert_eq!(Memory { day: None, ..memory }.weight_on(Some(110)), 0.4);
    }
}
