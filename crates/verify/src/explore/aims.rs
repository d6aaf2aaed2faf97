//! Suspicions that say what has to fail: they are tried first, as soon as a run has shown which call that is.
//!
//! Invariant: what is aimed at is tried once; a call that only another fault makes happen is aimed at under that fault, whatever the most
//! faults at once are.

use super::Explorer;
use crate::fault::Script;
use crate::run::Run;

impl Explorer {
    /// Puts what a run lets aim at before everything else, in the order of the suspicions.
    pub(super) fn aim(&mut self, run: &Run) {
        if self.replay {
            return;
        }
        let open = self.known.suspicions.iter().enumerate().filter(|(at, _)| !self.aimed.contains_key(at));
        let met: Vec<(usize, Script)> = open
            .filter_map(|(at, suspicion)| {
                let fault = suspicion.aim.as_ref()?.at(run)?;
                // A fault of the run itself is what made the call happen.
                let with = if fault.lasts() { Vec::new() } else { run.script.faults.clone() };
                Some((at, Script::of(with.into_iter().chain([fault]))))
            })
            .collect();
        for (at, script) in met.into_iter().rev() {
            self.aimed.insert(at, script.clone());
            if self.tried.contains(&script) {
                continue;
            }
            self.queue.retain(|s| *s != script);
            self.planned.insert(script.clone());
            self.queue.push_front(script);
        }
    }

    /// Whether what this suspicion aims at was tried; so it is where it names nothing.
    pub fn tried_aim(&self, suspicion: usize) -> bool {
        let aims = self.known.suspicions.get(suspicion).is_some_and(|s| s.aim.is_some());
        !aims || self.aimed.get(&suspicion).is_some_and(|script| self.tried.contains(script))
    }
}
