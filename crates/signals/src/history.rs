//! What was usual: the profiles of earlier windows, by what is counted.
//!
//! Invariant: a window is added once; what was found to be a fault of its time is left out of what is usual ([`History::exclude`]),
//! so that an incident does not teach that it is normal.

use crate::chance::Usual;
use crate::profile::{Context, Outcome, Profile, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// Profiles of windows, by context.
#[derive(Clone, Debug, Default)]
pub struct History {
    windows: usize,
    tallies: BTreeMap<Context, Vec<(u32, Tally)>>,
    excluded: BTreeSet<(u32, Context)>,
}

impl History {
    /// Adds a window; its number is returned.
    pub fn add(&mut self, profile: &Profile) -> u32 {
        let number = self.windows as u32;
        self.windows += 1;
        for (context, tally) in &profile.tallies {
            self.tallies.entry(*context).or_default().push((number, tally.clone()));
        }
        number
    }

    /// What is counted for `context` in that window was no normal behaviour.
    pub fn exclude(&mut self, window: u32, context: Context) {
        self.excluded.insert((window, context));
    }

    pub fn windows(&self) -> usize {
        self.windows
    }

    pub(crate) fn of(&self, context: &Context) -> impl Iterator<Item = &Tally> {
        self.numbered(context).map(|(_, tally)| tally)
    }

    /// What was counted there, with the number of its window.
    pub(crate) fn numbered(&self, context: &Context) -> impl Iterator<Item = (u32, &Tally)> {
        let key = *context;
        self.tallies
            .get(context)
            .into_iter()
            .flatten()
            .filter(move |(window, _)| !self.excluded.contains(&(*window, key)))
            .map(|(window, tally)| (*window, tally))
    }

    pub(crate) fn usual(&self, context: &Context, outcome: Outcome) -> Option<Usual> {
        let windows: Vec<(u32, u32)> =
            self.of(context).map(|t| (t.outcomes.get(&outcome).copied().unwrap_or(0), t.n)).collect();
        Usual::of(&windows)
    }

    /// Every outcome that was ever seen there.
    pub(crate) fn outcomes(&self, context: &Context) -> BTreeSet<Outcome> {
        self.of(context).flat_map(|t| t.outcomes.keys().copied()).collect()
    }

    pub fn knows(&self, context: &Context) -> bool {
        self.of(context).next().is_some()
    }
}
