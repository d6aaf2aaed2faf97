//! Which deviations are explained by others: along the spans of each trace, from callee to caller.
//!
//! Invariant: a deviation is explained only by what was seen in the same trace below it (or earlier in the same span), never by
//! what merely happened at the same time. What explains is weighed by how much and how surely it deviates itself.
//!
//! Idea: "explaining away" (Pearl 1988) with independent causes: of each sighting, what is left is the product of
//! `1 - weight` over the deviations below it; a deviation keeps the mean of what is left of its sightings. Time decides too: what
//! is slow explains its caller only where it is most of the caller's time, as it is when a timeout ends the caller's patience.

use seam_signals::{Deviation, Forest, NONE, Sighting, Telemetry, What};
use std::collections::BTreeMap;

/// What is left of each deviation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Left {
    pub sightings: u32,
    /// The mean share that nothing below explains.
    pub share: f64,
}

/// How sure a surprise is: at 2 (one in a hundred, all comparisons counted) it is 0.9.
pub fn sure(surprise: f64) -> f64 {
    1.0 - 10f64.powf(-surprise / 2.0)
}

/// How far up a trace an explanation is carried.
const HIGHEST: usize = 256;

/// What is left of each deviation after those below it.
pub fn left(telemetry: &Telemetry, forest: &Forest, of: &[Deviation], traces: &[Vec<Sighting>]) -> Vec<Left> {
    let weight: Vec<f64> = of.iter().map(|d| d.due * sure(d.surprise)).collect();
    let mut sums = vec![(0u32, 0f64); of.len()];
    for trace in traces {
        let mut rows: BTreeMap<u32, Vec<&Sighting>> = BTreeMap::new();
        for sighting in trace {
            rows.entry(sighting.row).or_default().push(sighting);
        }
        // What was seen below each row that deviates itself: the deviation, and how long the row took that shows it.
        let mut below: BTreeMap<u32, BTreeMap<u32, i64>> = BTreeMap::new();
        for (row, sightings) in &rows {
            let took = telemetry.spans.get(*row).map_or(0, |s| s.duration());
            let mut up = forest.parent(*row);
            for _ in 0..HIGHEST {
                if up == NONE {
                    break;
                }
                if rows.contains_key(&up) {
                    let seen = below.entry(up).or_default();
                    for sighting in sightings {
                        // Several attempts add up.
                        let all = seen.entry(sighting.deviation).or_default();
                        *all = took.saturating_add(*all);
                    }
                }
                up = forest.parent(up);
            }
        }
        for (row, sightings) in &rows {
            let took = telemetry.spans.get(*row).map_or(0, |s| s.duration());
            for sighting in sightings {
                let mine = &of[sighting.deviation as usize];
                let mut rest = 1.0;
                for (other, long) in below.get(row).into_iter().flatten() {
                    if explains(&of[*other as usize], mine, *long, took) {
                        rest *= 1.0 - weight[*other as usize];
                    }
                }
                for other in sightings {
                    if comes_first(&of[other.deviation as usize], other, mine, sighting) {
                        rest *= 1.0 - weight[other.deviation as usize];
                    }
                }
                let sum = &mut sums[sighting.deviation as usize];
                *sum = (sum.0 + 1, sum.1 + rest);
            }
        }
    }
    sums.into_iter()
        .map(|(n, sum)| Left { sightings: n, share: if n == 0 { 0.0 } else { sum / f64::from(n) } })
        .collect()
}

/// Whether what was seen below explains what was seen above it.
fn explains(below: &Deviation, above: &Deviation, took_below: i64, took_above: i64) -> bool {
    if below.context == above.context {
        return false;
    }
    match (&below.what, &above.what) {
        // Times are own times already: nothing below is in them, but trying again after failures is.
        (
            What::Failing { .. } | What::LostCall { .. } | What::Unanswered { .. },
            What::Slow { .. } | What::Gap { .. },
        ) => true,
        (_, What::Slow { .. } | What::Gap { .. } | What::Lag { .. } | What::Laden) => false,
        (What::Slow { .. } | What::Gap { .. } | What::Lag { .. } | What::Laden, _) => {
            took_below.saturating_mul(2) >= took_above
        }
        (What::LostStep { .. } | What::LostCall { .. } | What::Unanswered { .. } | What::Failing { .. }, _) => true,
    }
}

/// Within one span: the first step that is lost explains the later ones, and any lost step explains what the span lacks.
fn comes_first(other: &Deviation, seen: &Sighting, mine: &Deviation, me: &Sighting) -> bool {
    if seen.deviation == me.deviation {
        return false;
    }
    match (&other.what, &mine.what) {
        (What::LostStep { .. }, What::LostStep { .. }) => seen.at < me.at,
        (What::LostStep { .. }, What::LostCall { .. } | What::Failing { .. }) => true,
        (What::LostCall { .. } | What::Unanswered { .. }, What::Failing { .. }) => true,
        // Whoever waited too long gave up.
        (What::Gap { .. } | What::Slow { .. }, What::Failing { .. }) => true,
        (
            What::LostStep { .. }
            | What::LostCall { .. }
            | What::Unanswered { .. }
            | What::Failing { .. }
            | What::Slow { .. }
            | What::Gap { .. }
            | What::Lag { .. }
            | What::Laden,
            _,
        ) => false,
    }
}
