//! What was learnt of changes like these: what really broke, what held, and who used to change along.
//!
//! Invariants: memory adds no effect and takes none away; it moves the order of those that are equally grave, and one part of the risk.
//! Every change names its memory. What broke after a change of this kind at this place counts fully, elsewhere less; that somebody at
//! fault is touched again counts a little.

use super::Effect;
use crate::change::Level;
use seam_facts::priors::{Memory, Outcome, Priors};
use seam_facts::{Key, SmolStr};
use std::collections::{BTreeMap, BTreeSet};

/// A memory, and how much it says that a change breaks (above zero) or holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// The entry's name.
    pub memory: SmolStr,
    pub title: String,
    pub says: String,
    pub by: f64,
}

/// What memory says of a change as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// By the effect's key, the most telling first.
    pub effects: BTreeMap<String, Vec<Remembered>>,
    /// Services that used to change with one of these and are left out of this change.
    pub along: Vec<Remembered>,
}

/// The same rule at the same interaction, elsewhere; somebody at fault before whose own side changes, or who depends on it.
const HERE: f64 = 1.0;
const ELSEWHERE: f64 = 0.3;
const AGAIN: f64 = 0.5;
const DEPENDS: f64 = 0.25;
/// Less is not worth a word.
const WORTH: f64 = 0.05;
/// So many memories are told of one effect.
const TOLD: usize = 3;

impl Past {
    /// How much speaks against a change, by the memory that says most.
    pub fn worst(&self) -> Option<&Remembered> {
        let all = self.effects.values().flatten().filter(|r| r.by > 0.0);
        all.max_by(|a, b| a.by.total_cmp(&b.by).then_with(|| b.memory.cmp(&a.memory)))
    }

    /// What all that is remembered of an effect adds up to.
    pub fn weight(&self, effect: &str) -> f64 {
        self.effects.get(effect).into_iter().flatten().map(|r| r.by).sum()
    }
}

/// Looks changes up. `day` is the one that age is counted to, `edited` says whose files differ.
pub fn remember(effects: &[Effect], edited: &BTreeSet<SmolStr>, priors: &Priors, day: Option<i64>) -> Past {
    let mut out = Past::default();
    for effect in effects.iter().filter(|e| e.rule.level > Level::Safe) {
        let mut told: BTreeMap<SmolStr, Remembered> = BTreeMap::new();
        let mut tell = |memory: &Memory, share: f64, says: String| {
            let by = round(share * memory.weight_on(day));
            if by.abs() < WORTH {
                return;
            }
            // One entry may say something as a judgement and as a cause: the stronger counts.
            if told.get(&memory.id).is_none_or(|known| known.by.abs() < by.abs()) {
                let (id, title) = (memory.id.clone(), memory.title.clone());
                told.insert(id.clone(), Remembered { memory: id, title, says, by });
            }
        };
        for judged in &priors.judged {
            if judged.rule != effect.rule.id || !in_scope(&judged.memory, effect) {
                continue;
            }
            let near = judged.about.iter().any(|k| concerns(effect, k));
            let share = if near { HERE } else { ELSEWHERE };
            let place = if near { "here" } else { "elsewhere" };
            match judged.outcome {
                Outcome::Confirmed => tell(&judged.memory, share, format!("a change of this kind broke {place} before")),
                Outcome::Refuted | Outcome::Dismissed => {
                    tell(&judged.memory, -share, format!("a change of this kind held {place} when it was tried"));
                }
            }
        }
        for cause in &priors.causes {
            if !in_scope(&cause.memory, effect) {
                continue;
            }
            let fault = cause.fault.as_ref().map(|f| format!(" ({f})")).unwrap_or_default();
            if effect.direct.contains_key(&cause.service) {
                tell(&cause.memory, AGAIN, format!("{}, which this changes, was at fault before{fault}", cause.service));
            } else if effect.dependent.iter().any(|t| t.service == cause.service) {
                let says = format!("{}, which depends on this, was at fault before{fault}", cause.service);
                tell(&cause.memory, DEPENDS, says);
            }
        }
        let mut told: Vec<Remembered> = told.into_values().collect();
        told.sort_by(|a, b| b.by.abs().total_cmp(&a.by.abs()).then_with(|| a.memory.cmp(&b.memory)));
        told.truncate(TOLD);
        if !told.is_empty() {
            out.effects.insert(effect.key.clone(), told);
        }
    }
    for together in &priors.together {
        let by = round(together.memory.weight_on(day));
        let (in_it, out_of_it): (Vec<_>, Vec<_>) = together.services.iter().partition(|s| edited.contains(*s));
        if let ([here, ..], [left]) = (in_it.as_slice(), out_of_it.as_slice())
            && by >= WORTH
        {
            let says = format!("{left} used to change with {here}, and this change leaves it as it is");
            let (memory, title) = (together.memory.id.clone(), together.memory.title.clone());
            out.along.push(Remembered { memory, title, says, by });
        }
    }
    out.along.sort_by(|a, b| b.by.total_cmp(&a.by).then_with(|| a.memory.cmp(&b.memory)));
    out
}

/// Whether a key is about one of the places of an effect.
fn concerns(effect: &Effect, key: &Key) -> bool {
    let through = effect.dependent.iter().any(|t| t.through.contains(key));
    let names: Vec<&str> = key.as_str().split('/').skip(1).collect();
    let edge = key.as_str().starts_with("edge/");
    through || effect.key == key.as_str() || !edge && effect.direct.keys().any(|s| names.first() == Some(&s.as_str()))
}

fn in_scope(memory: &Memory, effect: &Effect) -> bool {
    memory.scope.is_empty() || effect.services().any(|s| memory.covers(s))
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
