//! What was learnt from earlier incidents, on the suspects of this one: who was guilty when the same pattern showed goes up, who only
//! looked guilty then goes down.
//!
//! Invariants: memory moves suspects, it makes none, and where nothing stands out it names nobody. Every change says which memory made
//! it and by how much; a score is what is seen now and the sum of them. What was guilty goes up by a share of what it lacks, who only
//! looked guilty goes down by a share of what it has, at most by half: what is seen clearly now outweighs what was seen once.

use crate::Suspect;
use seam_facts::SmolStr;
use seam_facts::priors::{Cause, Mark, Priors, likeness};
use std::collections::{BTreeMap, BTreeSet};

/// A memory, and what it did to a suspect.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// The entry's name.
    pub memory: SmolStr,
    pub title: String,
    pub says: String,
    /// What it adds to the score; above zero raises.
    pub by: f64,
}

/// The share of what a suspect lacks that a cause of the very same pattern gives it.
const GUILTY: f64 = 0.65;
/// And the share that it takes from who looked guilty then and was not.
const DECOY: f64 = 0.55;
/// All memories together give and take at most these shares.
const MOST: f64 = 0.75;
/// What a cause gives of which nobody wrote down how it showed: it has happened here.
const BEFORE: f64 = 0.05;
/// Another service's fault of the same kind under the same shape of pattern counts that much of it.
const KIND: f64 = 0.2;
/// Less likeness than the first is chance: many incidents share a slow caller. From the second on the cause was nearly always the
/// same (counted over pairs of cases of two public sets, docs/measured.md).
const ALIKE: (f64, f64) = (0.25, 0.55);
/// So many deviations make a pattern.
const PATTERN: usize = 12;
/// Changes below that are not worth a word.
const WORTH: f64 = 0.005;

/// The pattern of what deviates, for an entry to keep.
pub fn marks(suspects: &[Suspect]) -> Vec<Mark> {
    let mut seen = BTreeSet::new();
    let strong = suspects.iter().filter(|s| s.parts.score() >= 0.05);
    let new = strong.filter(|s| seen.insert((s.service.as_str(), s.fault.word())));
    new.take(PATTERN)
        .map(|s| Mark {
            service: s.service.as_str().into(),
            fault: s.fault.word().into(),
            score: (s.parts.score() * 100.0).round() / 100.0,
            place: place(s),
        })
        .collect()
}

fn place(suspect: &Suspect) -> Option<SmolStr> {
    let region = suspect.region.as_ref().map(|_| suspect.region_shown());
    region.or_else(|| suspect.operation.clone()).map(SmolStr::from)
}

/// Moves suspects by what memory says on a day (since 1970), and sorts them anew.
pub fn remember(suspects: &mut [Suspect], priors: &Priors, day: Option<i64>) {
    if priors.causes.is_empty() || suspects.is_empty() {
        return;
    }
    let now = marks(suspects);
    let mut changes: Vec<BTreeMap<&str, (f64, String, &Cause)>> = vec![BTreeMap::new(); suspects.len()];
    for cause in &priors.causes {
        let weight = cause.memory.weight_on(day);
        if weight < 0.02 {
            continue;
        }
        let same = likeness(&now, &cause.marks);
        let shape = likeness(&shape(&now), &shape(&cause.marks));
        let (alike, formed) = (trust(same), trust(shape));
        for (suspect, changes) in suspects.iter().zip(&mut changes) {
            if !cause.memory.covers(&suspect.service) {
                continue;
            }
            let (by, says) = change(suspect, cause, (same, alike), (shape, formed));
            let by = by * weight;
            if by.abs() >= WORTH {
                changes.insert(&cause.memory.id, (by, says, cause));
            }
        }
    }
    for (suspect, changes) in suspects.iter_mut().zip(changes) {
        settle(suspect, changes.into_values().collect());
    }
    crate::sort(suspects);
}

/// What one cause does to one suspect.
fn change(suspect: &Suspect, cause: &Cause, (same, alike): (f64, f64), (shape, formed): (f64, f64)) -> (f64, String) {
    let here = suspect.service == cause.service.as_str();
    let kind = cause.fault.as_deref() == Some(suspect.fault.word());
    let share = |x: f64| format!("{} %", (x * 100.0).round());
    match (here, kind) {
        (true, true) => {
            let before = if cause.marks.is_empty() { BEFORE } else { 0.0 };
            let spot = if cause.place.is_none() || place(suspect) == cause.place { 1.0 } else { 0.8 };
            let says = match alike > 0.0 {
                true => format!("was at fault when {} of this pattern was seen", share(same)),
                false => "was at fault in this way before".to_owned(),
            };
            ((GUILTY * spot * alike).max(before), says)
        }
        (true, false) if cause.fault.is_none() => {
            let before = if cause.marks.is_empty() { BEFORE } else { 0.0 };
            let says = match alike > 0.0 {
                true => format!("was at fault when {} of this pattern was seen", share(same)),
                false => "was at fault before".to_owned(),
            };
            ((GUILTY * alike).max(before), says)
        }
        (false, true) if formed > 0.0 => {
            let says = format!(
                "this kind of fault, of {}, showed {} of the same kinds of deviations",
                cause.service,
                share(shape)
            );
            (GUILTY * KIND * formed, says)
        }
        _ => {
            let own = cause.marks.iter().find(|m| m.service == suspect.service && m.fault == suspect.fault.word());
            let guilty =
                cause.marks.iter().find(|m| m.service == cause.service && cause.fault.as_ref() == Some(&m.fault));
            let looked = |m: &Mark| guilty.is_none_or(|g| m.score >= g.score * 0.5);
            if let Some(own) = own.filter(|m| alike > 0.0 && looked(m)) {
                let says = format!(
                    "looked guilty ({:.2}) under {} of this pattern, and {} was",
                    own.score,
                    share(same),
                    cause.service
                );
                return (-DECOY * alike, says);
            }
            (0.0, String::new())
        }
    }
}

/// The strongest memory counts fully, each further one half of what the one before it does: ten like incidents are not ten proofs.
fn settle(suspect: &mut Suspect, mut changes: Vec<(f64, String, &Cause)>) {
    changes.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then_with(|| a.2.memory.id.cmp(&b.2.memory.id)));
    let seen = suspect.parts.score();
    let (mut up, mut down) = ((1.0, 0.0), (1.0, 0.0));
    for (share, says, cause) in changes.into_iter().take(6) {
        let raises = share > 0.0;
        let (weight, sum) = if raises { &mut up } else { &mut down };
        let share = (share.abs() * *weight).min(MOST - *sum);
        *weight /= 2.0;
        *sum += share;
        // A little is left to tell apart those that are both seen clearly.
        let by = if raises { share * (1.0 - 0.8 * seen) } else { -share * seen };
        let by = (by * 1000.0).round() / 1000.0;
        if by != 0.0 {
            let (memory, title) = (cause.memory.id.clone(), cause.memory.title.clone());
            suspect.remembered.push(Remembered { memory, title, says, by });
        }
    }
    suspect.memory = suspect.remembered.iter().map(|r| r.by).sum();
    suspect.score = (seen + suspect.memory).max(0.0);
}

/// How much a likeness is trusted, from 0 to 1: a smooth step.
fn trust(likeness: f64) -> f64 {
    let share = ((likeness - ALIKE.0) / (ALIKE.1 - ALIKE.0)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

/// The same pattern without who shows it.
fn shape(marks: &[Mark]) -> Vec<Mark> {
    marks.iter().map(|m| Mark { service: SmolStr::default(), ..m.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, Fault, Parts};
    use seam_facts::priors::Memory;

    fn suspect(service: &str, fault: Fault, effect: f64) -> Suspect {
        let parts = Parts { effect, unexplained: 1.0, sure: 1.0 };
        let evidence = Evidence { says: "seen".into(), at: None, shown_in: None };
        Suspect::new(service.into(), fault, parts, "says".into(), evidence)
    }

    fn scene() -> Vec<Suspect> {
        vec![suspect("checkout", Fault::Network, 0.6), suspect("orders", Fault::Compute, 0.5)]
    }

    fn priors(service: &str, fault: &str, scene: &[Suspect]) -> Priors {
        let memory = Memory { id: "2024-a".into(), day: Some(100), half_life: 10, weight: 1.0, ..Memory::default() };
        let cause =
            Cause { memory, service: service.into(), fault: Some(fault.into()), place: None, marks: marks(scene) };
        Priors { causes: vec![cause], ..Priors::default() }
    }

    fn first(suspects: &[Suspect]) -> &str {
        &suspects[0].service
    }

    #[test]
    fn who_was_guilty_under_the_same_pattern_goes_up_and_says_why() {
        let mut now = scene();
        let known = priors("orders", "compute", &now);
        remember(&mut now, &known, Some(100));
        assert_eq!(first(&now), "orders");
        assert!(now[0].memory > 0.0 && now[1].memory < 0.0);
        assert_eq!(now[0].remembered[0].memory, "2024-a");
        assert_eq!(now[0].score, now[0].parts.score() + now[0].memory);
    }

    #[test]
    fn another_pattern_or_an_old_memory_changes_nothing() {
        let other = [suspect("mailer", Fault::Silent, 0.9), suspect("shop", Fault::Code, 0.8)];
        let mut now = scene();
        remember(&mut now, &priors("mailer", "silent", &other), Some(100));
        assert_eq!(now, scene());
        let mut now = scene();
        let known = priors("orders", "compute", &now);
        remember(&mut now, &known, Some(100 + 80));
        assert_eq!(now, scene());
        remember(&mut now, &Priors::default(), None);
        assert_eq!(now, scene());
    }

    #[test]
    fn what_is_clearly_seen_now_outweighs_memory() {
        let mut now = vec![suspect("checkout", Fault::Network, 0.98), suspect("orders", Fault::Compute, 0.02)];
        let known = priors("orders", "compute", &now);
        remember(&mut now, &known, Some(100));
        assert_eq!(first(&now), "orders", "the same pattern, and it was not the one who looked guilty");
        let mut now = vec![
            suspect("checkout", Fault::Network, 0.98),
            suspect("mailer", Fault::Silent, 0.97),
            suspect("shop", Fault::Silent, 0.96),
            suspect("orders", Fault::Compute, 0.02),
        ];
        remember(&mut now, &known, Some(100));
        assert_ne!(first(&now), "orders", "a third of the pattern is not enough");
    }

    #[test]
    fn many_memories_stay_within_bounds() {
        let mut now = scene();
        let mut known = priors("orders", "compute", &now);
        let cause = known.causes[0].clone();
        for n in 0..50 {
            let mut more = cause.clone();
            more.memory.id = format!("2024-{n}").into();
            known.causes.push(more);
        }
        remember(&mut now, &known, Some(100));
        for suspect in &now {
            let seen = suspect.parts.score();
            assert!(suspect.memory <= MOST * (1.0 - 0.8 * seen) + 0.01 && suspect.memory >= -MOST * seen - 0.01);
        }
    }
}
