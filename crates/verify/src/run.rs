//! The record of one run of the scenario, and what two undisturbed runs teach about it.
//!
//! Invariant: a record is what was seen, without judgement; [`Learned`] says what is usual.

use crate::call::{Call, Reply};
use crate::effect::{Rows, Unit, between};
use crate::fault::Script;
use crate::state::State;
use crate::text::{Mask, Names};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the stores hold, by their names.
pub type States = BTreeMap<String, State>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub script: Script,
    pub calls: Vec<Call>,
    /// Before the first step, then after each; empty where no store is known.
    pub states: Vec<States>,
    /// What the scenario itself says: its exit code was 0, its expectations held.
    pub content: bool,
    /// Services that spoke something else than HTTP, with whom.
    pub lines: BTreeSet<(String, String)>,
    /// What each service wrote meanwhile.
    pub logs: BTreeMap<String, String>,
    /// Services that ended, and how.
    pub died: BTreeMap<String, String>,
    pub ms: u64,
}

/// How a step ended for who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// As without faults.
    Full,
    /// A success with another content.
    Degraded,
    Failed,
}

impl Run {
    /// The scenario's requests, in order.
    pub fn steps(&self) -> Vec<usize> {
        (0..self.calls.len()).filter(|at| self.calls[*at].from_scenario()).collect()
    }

    /// The scenario's request that a call serves, as a number of a step.
    pub fn step_of(&self, mut at: usize) -> Option<usize> {
        while let Some(parent) = self.calls[at].parent {
            at = parent;
        }
        self.steps().iter().position(|step| *step == at)
    }

    pub fn children(&self, at: usize) -> Vec<usize> {
        (0..self.calls.len()).filter(|c| self.calls[*c].parent == Some(at)).collect()
    }

    /// Calls on which a fault was performed.
    pub fn struck(&self) -> Vec<usize> {
        (0..self.calls.len()).filter(|at| self.calls[*at].fault.is_some()).collect()
    }
}

/// What belongs to one run and what is usual, from two runs without faults.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    replies: BTreeMap<String, Mask>,
    requests: BTreeMap<String, Mask>,
    /// Masked requests by edge, and how often they reach the callee.
    pub usual: BTreeMap<String, u32>,
    /// Calls for each operation under one step.
    pub volume: BTreeMap<String, u32>,
    pub steps: Vec<(u16, String)>,
    /// What each step changes in the stores.
    pub changes: Vec<Vec<Unit>>,
    /// Columns of stores that belong to one run.
    volatile: BTreeSet<String>,
    /// Tables whose keys do.
    unkeyed: BTreeSet<String>,
    /// Exceptions that services log without any fault.
    pub noise: BTreeSet<(String, String)>,
}

impl Learned {
    /// `runs` are undisturbed; what they disagree on is masked.
    pub fn of(runs: &[Run]) -> Learned {
        let mut out = Learned::default();
        let Some(first) = runs.first() else { return out };
        for other in &runs[1..] {
            for call in &first.calls {
                let Some(twin) = other.calls.iter().find(|c| c.key == call.key) else { continue };
                out.requests.entry(call.operation()).or_default().learn(&call.request.body, &twin.request.body);
                if let (Some(one), Some(two)) = (&call.said, &twin.said) {
                    out.replies.entry(call.operation()).or_default().learn(&one.body, &two.body);
                }
            }
            out.learn_columns(first, other);
        }
        for run in runs {
            for (what, count) in out.reaching(run) {
                let usual = out.usual.entry(what).or_insert(0);
                *usual = (*usual).max(count);
            }
            for (what, count) in volume(run) {
                let usual = out.volume.entry(what).or_insert(0);
                *usual = (*usual).max(count);
            }
            for (service, log) in &run.logs {
                out.noise.extend(crate::trouble::exceptions(log).into_iter().map(|e| (service.clone(), e.line)));
            }
        }
        let steps = first.steps();
        out.steps = steps.iter().map(|at| out.ending_text(&first.calls[*at])).collect();
        out.changes = (0..steps.len()).map(|step| out.changes_of(first, step)).collect();
        out
    }

    fn ending_text(&self, call: &Call) -> (u16, String) {
        match &call.seen {
            crate::call::Seen::Reply(reply) => (reply.status, self.reply(&call.operation(), reply)),
            _ => (0, String::new()),
        }
    }

    /// A reply as comparable text.
    pub fn reply(&self, operation: &str, reply: &Reply) -> String {
        self.replies.get(operation).map_or_else(|| Mask::default().apply(&reply.body), |mask| mask.apply(&reply.body))
    }

    /// A request as comparable text: who, whom, what, with which content.
    pub fn request(&self, call: &Call) -> String {
        let mask = self.requests.get(&call.operation()).cloned().unwrap_or_default();
        let request = &call.request;
        let path = Names::default().rename(&request.path, false);
        format!("{} → {} {} {path} {}", request.caller, request.callee, request.method, mask.apply(&request.body))
    }

    /// How often each masked request reached its callee.
    pub fn reaching(&self, run: &Run) -> BTreeMap<String, u32> {
        let mut out = BTreeMap::new();
        for call in run.calls.iter().filter(|c| !c.from_scenario()) {
            *out.entry(self.request(call)).or_insert(0) += call.reached;
        }
        out
    }

    /// How a step ended, compared with an undisturbed run.
    pub fn ending(&self, run: &Run, step: usize) -> Option<Ending> {
        let call = &run.calls[*run.steps().get(step)?];
        let (status, body) = self.ending_text(call);
        let (usual, expected) = self.steps.get(step)?;
        Some(match (call.seen.failed() && *usual < 400 || status == 0, status == *usual && body == *expected) {
            (true, _) => Ending::Failed,
            (false, true) => Ending::Full,
            (false, false) => Ending::Degraded,
        })
    }

    fn learn_columns(&mut self, one: &Run, other: &Run) {
        let (mut first, mut second) = (Renamed::of(one), Renamed::of(other));
        for (at, states) in one.states.iter().enumerate() {
            let Some(others) = other.states.get(at) else { continue };
            for (store, state) in states {
                let Some(twin) = others.get(store) else { continue };
                for (table, rows) in &state.tables {
                    let rows = first.rows(rows);
                    let twins = twin.tables.get(table).map(|t| second.rows(t)).unwrap_or_default();
                    for (key, columns) in &rows {
                        match twins.get(key) {
                            None => {
                                self.unkeyed.insert(format!("{store}/{table}"));
                            }
                            Some(twin) => {
                                let differs = |c: &&String| columns.get(*c) != twin.get(*c);
                                let names = columns.keys().chain(twin.keys()).filter(differs);
                                self.volatile.extend(names.map(|c| format!("{store}/{table}/{c}")));
                            }
                        }
                    }
                }
            }
        }
    }

    /// What a step changed.
    pub fn changes_of(&self, run: &Run, step: usize) -> Vec<Unit> {
        let mut renamed = Renamed::of(run);
        let empty = States::new();
        let (before, after) = (run.states.get(step).unwrap_or(&empty), run.states.get(step + 1).unwrap_or(&empty));
        let mut out = Vec::new();
        for (store, state) in after {
            let was = before.get(store);
            let tables: BTreeSet<&String> =
                state.tables.keys().chain(was.into_iter().flat_map(|w| w.tables.keys())).collect();
            for table in tables {
                let none = Rows::new();
                let was = was.and_then(|w| w.tables.get(table)).unwrap_or(&none);
                let is = state.tables.get(table).unwrap_or(&none);
                let keyless = self.unkeyed.contains(&format!("{store}/{table}"));
                let show = |column: &str| !self.volatile.contains(&format!("{store}/{table}/{column}"));
                out.extend(between(store, table, (was, is), keyless, show, |text| renamed.names.rename(text, false)));
            }
        }
        out.sort();
        out
    }
}

/// Calls of each operation under each step.
pub fn volume(run: &Run) -> BTreeMap<String, u32> {
    let mut out = BTreeMap::new();
    for (at, call) in run.calls.iter().enumerate().filter(|(_, c)| !c.from_scenario()) {
        let step = run.step_of(at).map_or_else(String::new, |s| s.to_string());
        *out.entry(format!("{step} {} → {}", call.request.caller, call.operation())).or_insert(0) += 1;
    }
    out
}

/// Rows with names for made words, in the order in which the run's traffic showed them.
struct Renamed {
    names: Names,
}

impl Renamed {
    fn of(run: &Run) -> Renamed {
        let mut names = Names::default();
        for call in run.calls.iter().filter(|c| c.from_scenario()) {
            names.rename(&call.request.path, true);
            names.rename(&call.request.body, true);
            if let Some(said) = &call.said {
                names.rename(&said.body, true);
            }
        }
        Renamed { names }
    }

    fn rows(
        &mut self,
        rows: &BTreeMap<String, BTreeMap<String, String>>,
    ) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut out = BTreeMap::new();
        for (key, columns) in rows {
            let columns = columns.iter().map(|(c, v)| (c.clone(), self.names.rename(v, false))).collect();
            let mut name = self.names.rename(key, false);
            while out.contains_key(&name) {
                name.push('\'');
            }
            out.insert(name, columns);
        }
        out
    }
}
