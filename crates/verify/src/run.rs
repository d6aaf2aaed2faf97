//! The record of one run of the scenario, and what two undisturbed runs teach about it.
//!
//! Invariant: a record is what was seen, without judgement; [`Learned`] says what is usual.

use crate::call::{Call, Reply};
use crate::effect::{Rows, Unit, between, difference};
use crate::fault::Script;
use crate::state::{Columns, State};
use crate::text::{self, Mask, Names};
use schemars::JsonSchema;
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
    /// Services whose process a fault has ended, and that were started again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub killed: BTreeSet<String>,
    /// Stores that are a killed process's own account of itself: nothing that they hold can be compared across its end.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub forgotten: BTreeMap<String, Forgotten>,
    /// Who took messages from whom before the faults, and did not come back for more after them.
    #[serde(default)]
    pub away: BTreeSet<(String, String)>,
    /// Milliseconds that were waited after the faults, if anything was still owed or under way.
    #[serde(default)]
    pub waited: u64,
    /// Something may have been under way when it ended.
    #[serde(default)]
    pub unsettled: bool,
    pub ms: u64,
}

/// What became of a service's own account of its state when its process ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    pub service: String,
    /// It tells something else than before.
    pub differs: bool,
}

/// How a step ended for who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
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

    /// Whether two of the scenario's requests were under way at once.
    pub fn overlaps(&self) -> bool {
        self.steps().windows(2).any(|pair| self.calls[pair[1]].from < self.calls[pair[0]].until)
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
    /// What each step and all that follow change together.
    pub totals: Vec<Vec<Unit>>,
    /// The first call that each operation makes.
    pub firsts: BTreeMap<String, BTreeSet<String>>,
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
            for (what, calls) in volumes(run) {
                let usual = out.volume.entry(what).or_insert(0);
                *usual = (*usual).max(u32::try_from(calls.len()).unwrap_or(u32::MAX));
            }
            for (service, log) in &run.logs {
                out.noise.extend(crate::trouble::exceptions(log).into_iter().map(|e| (service.clone(), e.line)));
            }
        }
        let steps = first.steps();
        out.steps = steps.iter().map(|at| out.ending_text(&first.calls[*at])).collect();
        out.changes = (0..steps.len()).map(|step| out.changes_of(first, step)).collect();
        out.totals = (0..steps.len()).map(|step| out.changes_to_the_end(first, step)).collect();
        for run in runs {
            for (at, call) in run.calls.iter().enumerate() {
                let first = run.children(at).into_iter().map(|c| &run.calls[c]).find(|c| !c.request.of_line());
                if let Some(first) = first {
                    out.firsts.entry(call.operation()).or_default().insert(first.operation());
                }
            }
        }
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
        for call in run.calls.iter().filter(|c| !c.from_scenario() && !c.request.of_line()) {
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

    /// Two runs do the same: columns in which their changes differ belong to one run, and so do keys that only one has.
    fn learn_columns(&mut self, one: &Run, other: &Run) {
        // Each step, and the whole run: a row that a later step changes is another one then.
        let steps = (0..one.states.len().saturating_sub(1)).map(|step| (step, step + 1));
        let whole = [(0, one.states.len().saturating_sub(1))];
        for (from, to) in steps.chain(whole) {
            let (first, second) = (Changed::of(one, from, to), Changed::of(other, from, to));
            for ((store, table), changed) in &first {
                let place = format!("{store}/{table}");
                let none = Changed::default();
                let twin = second.get(&(store.clone(), table.clone())).unwrap_or(&none);
                let mut differ = |one: &Columns, other: &Columns| {
                    let columns = one.keys().chain(other.keys()).filter(|c| one.get(*c) != other.get(*c));
                    self.volatile.extend(columns.map(|c| format!("{place}/{c}")));
                };
                for (key, columns) in &changed.updated {
                    match twin.updated.get(key) {
                        Some(other) => differ(columns, other),
                        None => {
                            self.unkeyed.insert(place.clone());
                        }
                    }
                }
                if changed.came.keys().ne(twin.came.keys()) {
                    self.unkeyed.insert(place.clone());
                }
                for (columns, other) in changed.came.values().zip(twin.came.values()) {
                    differ(columns, other);
                }
            }
        }
    }

    /// What a step usually changes, as far as this run can tell.
    pub fn usual_of(&self, run: &Run, step: usize) -> Vec<Unit> {
        self.changes[step].iter().filter(|u| !run.forgotten.contains_key(&u.store)).cloned().collect()
    }

    /// The same of a step and all that follow.
    pub fn total_of(&self, run: &Run, step: usize) -> Vec<Unit> {
        self.totals[step].iter().filter(|u| !run.forgotten.contains_key(&u.store)).cloned().collect()
    }

    /// What a step changed.
    pub fn changes_of(&self, run: &Run, step: usize) -> Vec<Unit> {
        self.changes_between(run, step, step + 1)
    }

    /// What changed from before a step to the end of the run, when faults were over.
    pub fn changes_to_the_end(&self, run: &Run, step: usize) -> Vec<Unit> {
        let last = run.states.iter().rposition(|s| !s.is_empty()).unwrap_or(step + 1);
        self.changes_between(run, step, last.max(step + 1))
    }

    fn changes_between(&self, run: &Run, from: usize, to: usize) -> Vec<Unit> {
        let mut renamed = Renamed::of(run);
        let empty = States::new();
        let (before, after) = (run.states.get(from).unwrap_or(&empty), run.states.get(to).unwrap_or(&empty));
        let mut out = Vec::new();
        for (store, state) in after.iter().filter(|(store, _)| !run.forgotten.contains_key(*store)) {
            let was = before.get(store);
            let tables: BTreeSet<&String> =
                state.tables.keys().chain(was.into_iter().flat_map(|w| w.tables.keys())).collect();
            for table in tables {
                let none = Rows::new();
                let was = was.and_then(|w| w.tables.get(table)).unwrap_or(&none);
                let is = state.tables.get(table).unwrap_or(&none);
                let keyless = self.unkeyed.contains(&format!("{store}/{table}"));
                let show = |column: &str| !self.volatile.contains(&format!("{store}/{table}/{column}"));
                out.extend(between(store, table, (was, is), keyless, show, |text| renamed.text(text)));
            }
        }
        out.sort();
        out
    }
}

/// Calls of each operation under each step: a line's own (commits, messages) are none.
pub fn volumes(run: &Run) -> BTreeMap<String, Vec<usize>> {
    let mut out: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, call) in run.calls.iter().enumerate().filter(|(_, c)| !c.from_scenario() && !c.request.of_line()) {
        let step = run.step_of(at).map_or_else(String::new, |s| s.to_string());
        out.entry(format!("{step} {} → {}", call.request.caller, call.operation())).or_default().push(at);
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

    fn text(&mut self, text: &str) -> String {
        self.names.rename(&text::readable(text), false)
    }
}

/// What one step changed in one table, as far as learning goes: columns with what they became, numbers with how much they changed.
#[derive(Default)]
struct Changed {
    came: BTreeMap<String, Columns>,
    updated: BTreeMap<String, Columns>,
}

impl Changed {
    fn of(run: &Run, from: usize, to: usize) -> BTreeMap<(String, String), Changed> {
        let mut renamed = Renamed::of(run);
        let mut out: BTreeMap<(String, String), Changed> = BTreeMap::new();
        let none = State::default();
        let Some(after) = run.states.get(to).filter(|_| to > from) else { return out };
        for (store, state) in after {
            let before = run.states.get(from).and_then(|s| s.get(store)).unwrap_or(&none);
            for (table, rows) in &state.tables {
                let changed = out.entry((store.clone(), table.clone())).or_default();
                let was = before.tables.get(table);
                for (key, columns) in rows {
                    let mut name = renamed.text(key);
                    match was.and_then(|w| w.get(key)) {
                        None => {
                            while changed.came.contains_key(&name) {
                                name.push('\'');
                            }
                            let columns = columns.iter().map(|(c, v)| (c.clone(), renamed.text(v))).collect();
                            changed.came.insert(name, columns);
                        }
                        Some(was) if was != columns => {
                            let differ = columns.iter().filter(|(c, v)| was.get(*c) != Some(v));
                            let told = differ.map(|(c, v)| {
                                let by = difference(was.get(c).map(String::as_str), Some(v));
                                (c.clone(), by.map_or_else(|| renamed.text(v), |by| by.to_string()))
                            });
                            let told = told.collect();
                            changed.updated.insert(name, told);
                        }
                        Some(_) => {}
                    }
                }
            }
        }
        out
    }
}
