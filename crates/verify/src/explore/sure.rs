//! Whether what was found is sure: fewer faults, the same once more, and a system that is as before when the faults are over.
//!
//! Invariant: a finding that fails the verdict came in every run that was made to confirm it, one of them in new processes.

use super::Explorer;
use crate::fault::Script;
use crate::finding::{Finding, Grade};
use crate::oracle::{Cx, canary};
use crate::recover::{CONFIRM, Shown};
use crate::run::Run;
use crate::told::told;
use std::collections::BTreeSet;

impl Explorer {
    pub(super) fn shrink(&mut self, script: &Script, ids: BTreeSet<String>) {
        for at in 0..script.faults.len() {
            let mut faults = script.faults.clone();
            faults.remove(at);
            self.shrinking.push_back((script.clone(), Script { faults }, ids.clone()));
        }
    }

    pub(super) fn shrunk(&mut self, run: &Run) {
        let Some((whole, smaller, ids)) = self.shrinking.pop_front() else { return };
        let came: BTreeSet<String> =
            self.judged(run).into_iter().map(|f| f.id()).filter(|id| ids.contains(id)).collect();
        if came == ids {
            self.shrinking.retain(|(w, _, _)| *w != whole);
            for finding in self.judged(run).into_iter().filter(|f| ids.contains(&f.id())) {
                self.found.insert(finding.id(), told(finding, run));
            }
            if smaller.faults.len() > 1 {
                self.shrink(&smaller, ids);
            } else {
                self.confirm(&smaller, ids);
            }
        } else if !self.shrinking.iter().any(|(w, _, _)| *w == whole) {
            self.confirm(&whole, ids);
        }
    }

    /// Once in new processes: what only an earlier fault made possible does not come there.
    pub(super) fn confirm(&mut self, script: &Script, ids: BTreeSet<String>) {
        for at in 1..CONFIRM {
            self.pending.push_back((script.clone(), ids.clone(), at == 1));
        }
    }

    pub(super) fn confirmed(&mut self, run: &Run) {
        let Some((_, ids, _)) = self.pending.pop_front() else { return };
        let came = self.judged(run);
        for id in ids {
            if let Some(found) = self.found.get_mut(&id) {
                found.tried += 1;
                found.came += u32::from(came.iter().any(|f| f.again(&found.finding)));
            }
        }
    }

    pub(super) fn canary(&mut self, run: &Run) {
        let after = std::mem::take(&mut self.since_canary);
        self.canary_due = false;
        if !self.unlike(run).is_empty() {
            // What was seen since the last look may come from that; what fails the verdict was confirmed in new processes.
            self.found.retain(|_, f| f.finding.grade == Grade::Fails || !after.contains(&f.script));
            self.recovery.begin(after);
        }
    }

    /// How a run without faults fails; one with another content only is no reason.
    fn unlike(&self, run: &Run) -> Vec<Finding> {
        let mut out = Vec::new();
        canary(&Cx { run, learned: &self.learned, limits: &self.limits }, &mut out);
        out.retain(|f| f.grade == Grade::Fails);
        out
    }

    pub(super) fn recovered(&mut self, run: &Run) {
        let unlike = self.unlike(run);
        let fine = !run.script.is_empty() || unlike.is_empty();
        if let Some(finding) = unlike.into_iter().next().filter(|_| run.script.is_empty()) {
            self.last_unlike = Some(told(finding, run));
        }
        let Shown::Left { after, back, came, tried } = self.recovery.done(fine) else { return };
        let Some(mut found) = self.last_unlike.take() else { return };
        (found.came, found.tried) = (came, tried);
        if let Some(ms) = back {
            found.finding.grade = Grade::Weak;
            found.finding.says = format!("{}; it came back within {} s", found.finding.says, ms / 1_000);
        }
        found.script = after;
        self.found.entry(found.finding.id()).or_insert(found);
    }
}
