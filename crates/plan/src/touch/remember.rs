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
                Outcome::Confirmed => {
                    tell(&judged.memory, share, format!("a change of this kind broke {place} before"))
                }
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
                tell(
                    &cause.memory,
                    AGAIN,
                    format!("{}, which this changes, was at fault before{fault}", cause.service),
                );
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
    // Of an interaction, who asks: a policy is its own side.
    let whose = key.as_str().split('/').nth(1);
    through || effect.key == key.as_str() || effect.direct.keys().any(|s| whose == Some(s.as_str()))
}

fn in_scope(memory: &Memory, effect: &Effect) -> bool {
    memory.scope.is_empty() || effect.services().any(|s| memory.covers(s))
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::touch::RULES;
    use seam_facts::priors::{Cause, Judged, Together};

    fn effect() -> Effect {
        let rule = RULES.iter().map(|(r, _)| r).find(|r| r.level > Level::Safe).unwrap();
        let mut effect = Effect::new(rule.id, "a bound is another".into(), "edge/shop/http/payments".into());
        effect.direct.insert("shop".into(), Vec::new());
        effect
    }

    fn memory(id: &str) -> Memory {
        Memory { id: id.into(), title: id.into(), day: Some(0), half_life: 10, weight: 1.0, ..Memory::default() }
    }

    fn judged(outcome: Outcome, about: Key) -> Judged {
        let rule = effect().rule.id.into();
        Judged {
            memory: memory("m"),
            outcome,
            rule,
            finding: None,
            said: None,
            about: vec![about],
            reason: "so".into(),
        }
    }

    fn told(priors: &Priors, day: i64) -> Vec<(String, f64)> {
        let past = remember(&[effect()], &BTreeSet::new(), priors, Some(day));
        past.effects.into_values().flatten().map(|r| (r.says, r.by)).collect()
    }

    #[test]
    fn what_broke_here_counts_more_than_elsewhere_and_fades() {
        let here = Priors {
            judged: vec![judged(Outcome::Confirmed, Key::edge("shop", "http", "payments"))],
            ..Priors::default()
        };
        let elsewhere =
            Priors { judged: vec![judged(Outcome::Confirmed, Key::edge("a", "http", "b"))], ..Priors::default() };
        assert_eq!(told(&here, 0), [("a change of this kind broke here before".to_owned(), 1.0)]);
        assert_eq!(told(&here, 10)[0].1, 0.5);
        assert_eq!(told(&elsewhere, 0), [("a change of this kind broke elsewhere before".to_owned(), 0.3)]);
        let held = Priors {
            judged: vec![judged(Outcome::Refuted, Key::edge("shop", "http", "payments"))],
            ..Priors::default()
        };
        assert_eq!(told(&held, 0)[0].1, -1.0);
        assert_eq!(remember(&[effect()], &BTreeSet::new(), &held, Some(0)).worst(), None);
        assert_eq!(told(&Priors::default(), 0), []);
    }

    #[test]
    fn who_was_at_fault_is_said_and_other_scopes_are_not() {
        let cause =
            Cause { memory: memory("c"), service: "shop".into(), fault: Some("pool".into()), ..Cause::default() };
        let mut priors = Priors { causes: vec![cause], ..Priors::default() };
        assert_eq!(told(&priors, 0), [("shop, which this changes, was at fault before (pool)".to_owned(), 0.5)]);
        priors.causes[0].memory.scope = vec!["mailer".into()];
        assert_eq!(told(&priors, 0), []);
    }

    #[test]
    fn who_used_to_change_along_and_is_left_out_is_said() {
        let together = Together { memory: memory("t"), services: vec!["mailer".into(), "shop".into()] };
        let priors = Priors { together: vec![together], ..Priors::default() };
        let along = |edited: &[&str]| {
            let edited = edited.iter().map(|s| SmolStr::from(*s)).collect();
            remember(&[effect()], &edited, &priors, Some(0)).along.len()
        };
        assert_eq!([along(&["shop"]), along(&["shop", "mailer"]), along(&["other"])], [1, 0, 0]);
    }
}
