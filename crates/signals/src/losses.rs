//! What could not be taken, counted by reason, so that a million broken records are one problem.
//!
//! Invariant: nothing is dropped without being counted here; reasons are fixed texts, so hostile input cannot make many.

use seam_facts::{Problem, ProblemKind};
use std::collections::BTreeMap;

/// Records that were left out, by what they are and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses(BTreeMap<(&'static str, &'static str), u64>);

/// Why something was left out where there was no room: a limit, not a mistake of whoever sent it.
pub(crate) const NO_ROOM: &str = "no room for more";

impl Losses {
    /// One more: `("span", "it has no identifier")`.
    pub fn add(&mut self, what: &'static str, why: &'static str) {
        self.many(what, why, 1);
    }

    pub fn many(&mut self, what: &'static str, why: &'static str, count: u64) {
        if count > 0 {
            *self.0.entry((what, why)).or_default() += count;
        }
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// How many of one kind.
    pub fn of(&self, what: &str) -> u64 {
        self.0.iter().filter(|((w, _), _)| *w == what).map(|(_, count)| count).sum()
    }

    /// Adds what another decoder counted.
    pub fn join(&mut self, other: &Losses) {
        for ((what, why), count) in &other.0 {
            self.many(what, why, *count);
        }
    }

    /// One sentence a reason.
    pub fn sentences(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|((what, why), count)| match count {
                1 => format!("1 {what} left out: {why}"),
                _ => format!("{count} {what}s left out: {why}"),
            })
            .collect()
    }

    pub fn problems(&self) -> Vec<Problem> {
        let kind = |why: &str| if why == NO_ROOM { ProblemKind::Limit } else { ProblemKind::Syntax };
        let kinds = self.0.keys().map(|(_, why)| kind(why));
        kinds.zip(self.sentences()).map(|(kind, text)| Problem::new(kind, text, None)).collect()
    }
}
