//! Scores what `detect --telemetry` says of made-up systems: whether a fault shows, at whom, and how often something is said where
//! nothing is wrong.
//!
//! Invariant: a warning or an error counts, a note does not; where a fault is harmless or absent each one is a false alarm.

use super::cascades::{BEGINS, EPOCH, World};
use seam_diagnose::signs::{Grade, Sign, Watched, signs};
use seam_diagnose::{When, plan};
use seam_signals::Forest;
use std::collections::BTreeMap;

#[derive(Default)]
struct Sum {
    cases: u32,
    /// Something is said that began with the fault.
    shown: u32,
    /// Of the service that has the fault.
    there: u32,
    /// Said of the time before it.
    early: u32,
}

pub fn run(cases: u64, seed: u64, list: bool) -> String {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    let (mut quiet, mut silent, mut alarms) = (0u32, 0u32, 0usize);
    let mut out = String::new();
    for case in 0..cases {
        let world = World::make(seed * 1_000_003 + case, case);
        let forest = Forest::of(&world.telemetry);
        let plan = plan(&world.telemetry, &forest, When::default());
        let watched = Watched { telemetry: &world.telemetry, forest: &forest, map: None, plan: &plan };
        let (found, _) = signs(&watched);
        let told: Vec<&Sign> = found.iter().filter(|s| s.grade < Grade::Note).collect();
        // What is found in time has a time; what is counted over all of it (repeated effects) has no beginning.
        let begins = EPOCH + BEGINS - plan.step;
        let timed = |s: &&&Sign| s.kind.ends_with("-shift") || s.kind == "gone-quiet";
        let early =
            told.iter().filter(timed).filter(|s| s.since.is_some_and(|t| t < begins) && s.kind != "version-shift");
        let early = early.count();
        if list {
            for sign in &told {
                let since = sign.since.map_or(0, |t| (t - EPOCH - BEGINS) / 1_000_000_000);
                out += &format!("{case} {} {since} s {}: {}\n", world.fault(), sign.kind, sign.message);
            }
        }
        if world.roots().is_empty() {
            quiet += 1;
            let wrong = told.iter().filter(timed).count();
            silent += u32::from(wrong == 0);
            alarms += wrong;
            continue;
        }
        let sum = sums.entry(world.fault()).or_default();
        sum.cases += 1;
        let late: Vec<&&Sign> = told.iter().filter(|s| s.since.is_none_or(|t| t >= begins)).collect();
        sum.shown += u32::from(!late.is_empty());
        sum.there += u32::from(late.iter().any(|s| world.roots().contains(&s.service)));
        sum.early += early as u32;
    }
    let share = |k: u32, n: u32| f64::from(k) / f64::from(n.max(1));
    for (fault, sum) in &sums {
        out += &format!(
            "{fault:<20} {:>3}  shown {:.3}  at the service itself {:.3}  said of the time before: {}\n",
            sum.cases,
            share(sum.shown, sum.cases),
            share(sum.there, sum.cases),
            sum.early
        );
    }
    out += &format!("no fault {quiet}  silent {:.3}, {alarms} false alarms\n", share(silent, quiet));
    out
}
