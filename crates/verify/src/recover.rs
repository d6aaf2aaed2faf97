//! After faults are over everything has to be as before: which faults it was that left the system different, or whether it changes by
//! itself.
//!
//! A run without faults that fails after faults has three reasons. The scenario wears something out (the last seat is sold): then
//! new processes fail just so after as many undisturbed runs, nothing is said, and processes are replaced in time. Or one of the
//! last faults did it: each is tried alone on new processes. Or it passes by itself (a circuit breaker opens again): then it is
//! slow, which is weak.

use crate::fault::Script;
use std::collections::VecDeque;

/// How long the system gets to come back by itself, in milliseconds.
const SOON: u64 = 2_000;
const LATER: u64 = 31_000;

/// How often a finding has to come.
pub(crate) const CONFIRM: u32 = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Runs without faults, this many, the first in new processes.
    Undisturbed { left: usize, first: bool },
    /// This alone, in new processes.
    Suspect(Script),
    /// No fault, after this; waited so long before.
    Look { after: Script, waited: u64 },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Recovery {
    pub tasks: VecDeque<Task>,
    suspects: Vec<Script>,
    undisturbed: usize,
    /// The fault after which it did not come back: how often, of how many times.
    confirming: Option<(Script, u32, u32)>,
    /// Runs after which processes are replaced, since the scenario wears them out.
    pub wears: Option<usize>,
}

/// What a finished task shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Nothing,
    /// The scenario changes the system by itself.
    Wears,
    /// This fault leaves it different; it came back after so long, if at all.
    Left {
        after: Script,
        back: Option<u64>,
        /// How often it did not come back, of how many times.
        came: u32,
        tried: u32,
    },
}

impl Recovery {
    /// A run without faults failed after these.
    pub fn begin(&mut self, after: Vec<Script>) {
        let runs = after.len() + 1;
        self.suspects = after;
        self.undisturbed = runs;
        self.tasks.push_back(Task::Undisturbed { left: runs, first: true });
    }

    /// Takes how the first task's run went.
    pub fn done(&mut self, fine: bool) -> Shown {
        let Some(task) = self.tasks.pop_front() else { return Shown::Nothing };
        match task {
            Task::Undisturbed { left, .. } if !fine => {
                self.wears = Some(((self.undisturbed - left) / 2).max(1));
                Shown::Wears
            }
            Task::Undisturbed { left, .. } if left > 1 => {
                self.tasks.push_front(Task::Undisturbed { left: left - 1, first: false });
                Shown::Nothing
            }
            Task::Undisturbed { .. } => {
                // The last one is the likeliest.
                for script in self.suspects.drain(..).rev() {
                    self.tasks.push_back(Task::Suspect(script));
                }
                Shown::Nothing
            }
            Task::Suspect(after) => {
                self.tasks.push_front(Task::Look { after, waited: 0 });
                Shown::Nothing
            }
            Task::Look { after, .. } if fine && self.confirming.is_some() => self.tried(after, false),
            Task::Look { waited: 0, .. } if fine => Shown::Nothing,
            Task::Look { after, waited } if fine => {
                self.tasks.clear();
                Shown::Left { after, back: Some(waited), came: 1, tried: 1 }
            }
            Task::Look { after, waited } => {
                let next = match waited {
                    0 => SOON,
                    SOON => LATER,
                    _ => return self.tried(after, true),
                };
                self.tasks.push_front(Task::Look { after, waited: next });
                Shown::Nothing
            }
        }
    }

    /// It did not come back (or it did, once it was suspected): tried again in new processes, as every finding is.
    fn tried(&mut self, after: Script, came: bool) -> Shown {
        self.tasks.clear();
        let (_, times, tried) = self.confirming.take().unwrap_or((after.clone(), 0, 0));
        let (times, tried) = (times + u32::from(came), tried + 1);
        if tried < CONFIRM {
            self.confirming = Some((after.clone(), times, tried));
            self.tasks.push_back(Task::Suspect(after));
            return Shown::Nothing;
        }
        Shown::Left { after, back: None, came: times, tried }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, Kind};

    fn script(name: &str) -> Script {
        Script::of([Fault::service(name, Kind::Refuse)])
    }

    #[test]
    fn what_wears_out_is_no_fault_s_doing() {
        let mut recovery = Recovery::default();
        recovery.begin(vec![script("a"), script("b"), script("c")]);
        assert_eq!(recovery.done(true), Shown::Nothing);
        assert_eq!(recovery.done(true), Shown::Nothing);
        assert_eq!(recovery.done(false), Shown::Wears);
        assert_eq!((recovery.wears, recovery.tasks.len()), (Some(1), 0));
    }

    #[test]
    fn the_fault_that_leaves_it_different_is_found() {
        let mut recovery = Recovery::default();
        recovery.begin(vec![script("a"), script("b")]);
        for fine in [true, true, true, true, true, true, false, false] {
            assert_eq!(recovery.done(fine), Shown::Nothing, "{:?}", recovery.tasks);
        }
        // Once more, and once more: each a run under the fault, and three looks.
        for fine in [false, true, false, false, false, true, false, false] {
            assert_eq!(recovery.done(fine), Shown::Nothing, "{:?}", recovery.tasks);
        }
        assert_eq!(recovery.done(false), Shown::Left { after: script("a"), back: None, came: 3, tried: 3 });
        assert!(recovery.tasks.is_empty());
    }

    #[test]
    fn what_comes_back_is_only_slow() {
        let mut recovery = Recovery::default();
        recovery.begin(vec![script("a")]);
        for fine in [true, true, true, false] {
            assert_eq!(recovery.done(fine), Shown::Nothing);
        }
        assert_eq!(recovery.done(true), Shown::Left { after: script("a"), back: Some(2_000), came: 1, tried: 1 });
    }
}
