//! The search: which run comes next, what the last one showed, when it is over.
//!
//! Invariant: it is a machine without a clock. [`Explorer::due`] says what to perform, [`Explorer::record`] takes what happened;
//! the same records lead to the same next steps. Two undisturbed runs come first; a finding that fails the verdict is shrunk
//! to the fewest faults, and tried until it has come three times of three.

mod aims;
mod sure;

use crate::call::Seen;
use crate::fault::{Fault, Kind, Script, Spot};
use crate::finding::{Finding, Found, Grade, Rule};
use crate::oracle::{Cx, Limits, judge, owed, usual};
use crate::recover::{CONFIRM, Recovery, Task};
use crate::run::{Ending, Learned, Run};
use crate::same::Same;
use crate::schedule::{Known, further, learnt, singles};
use crate::told::{told, unfit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What to perform next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A run under these faults; `fresh` asks for new processes.
    Run {
        script: Script,
        why: Why,
        fresh: bool,
        /// Milliseconds to wait before.
        pause: u64,
    },
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Baseline,
    Explore,
    Shrink,
    Confirm,
    /// No fault, after faults.
    Canary,
    /// Which fault left the system different.
    Recover,
}

/// What becomes of the system when something is down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Critical {
    pub down: String,
    pub ending: Ending,
    /// The step that fails or differs first.
    pub step: Option<String>,
}

#[derive(Debug)]
pub struct Explorer {
    limits: Limits,
    known: Known,
    /// Faults at once.
    most: usize,
    baselines: Vec<Run>,
    learned: Learned,
    queue: VecDeque<Script>,
    planned: BTreeSet<Script>,
    keys: BTreeSet<String>,
    same: Same,
    found: BTreeMap<String, Found>,
    /// Findings on their way to being confirmed: under which faults, which identities.
    pending: VecDeque<(Script, BTreeSet<String>, bool)>,
    shrinking: VecDeque<(Script, Script, BTreeSet<String>)>,
    since_canary: Vec<Script>,
    canary_due: bool,
    recovery: Recovery,
    /// Runs since processes were new.
    worn: usize,
    /// Faults that met no call: they are tried once more, in new processes.
    missed: BTreeSet<Script>,
    /// Faults that met no call twice.
    unmet: Vec<Script>,
    last_unlike: Option<Found>,
    broken: Option<String>,
    pub critical: Vec<Critical>,
    pub tried: Vec<Script>,
    /// Left out, since another run showed the same.
    pub pruned: usize,
    pub runs: usize,
    replay: bool,
    /// Suspicions that say what has to fail, with the sets of faults that do it, once a run has made such a call.
    aims: BTreeMap<usize, Script>,
}

/// Runs between two canaries.
const CANARY_EVERY: usize = 24;

impl Explorer {
    pub fn new(limits: Limits, known: Known, most: usize) -> Explorer {
        Explorer {
            limits,
            known,
            most: most.max(1),
            baselines: Vec::new(),
            learned: Learned::default(),
            queue: VecDeque::new(),
            planned: BTreeSet::new(),
            keys: BTreeSet::new(),
            same: Same::default(),
            found: BTreeMap::new(),
            pending: VecDeque::new(),
            shrinking: VecDeque::new(),
            since_canary: Vec::new(),
            canary_due: false,
            recovery: Recovery::default(),
            worn: 0,
            missed: BTreeSet::new(),
            unmet: Vec::new(),
            last_unlike: None,
            broken: None,
            critical: Vec::new(),
            tried: Vec::new(),
            pruned: 0,
            runs: 0,
            replay: false,
            aims: BTreeMap::new(),
        }
    }

    /// Tries these faults and no others.
    pub fn replaying(limits: Limits, scripts: Vec<Script>) -> Explorer {
        let mut out = Explorer::new(limits, Known::default(), 1);
        out.replay = true;
        out.planned = scripts.iter().cloned().collect();
        out.queue = scripts.into();
        out
    }

    pub fn due(&self) -> Next {
        let worn = self.recovery.wears.is_some_and(|most| self.worn >= most);
        let run =
            |script: &Script, why, fresh| Next::Run { script: script.clone(), why, fresh: fresh || worn, pause: 0 };
        let none = Script::default();
        if self.broken.is_some() {
            return Next::Done;
        }
        if self.baselines.len() < 2 {
            return run(&none, Why::Baseline, self.baselines.is_empty());
        }
        match self.recovery.tasks.front() {
            Some(Task::Undisturbed { first, .. }) => {
                return Next::Run { script: none, why: Why::Recover, fresh: *first, pause: 0 };
            }
            Some(Task::Suspect(script)) => {
                return Next::Run { script: script.clone(), why: Why::Recover, fresh: true, pause: 0 };
            }
            Some(Task::Look { waited, .. }) => {
                return Next::Run { script: none, why: Why::Recover, fresh: false, pause: *waited };
            }
            None => {}
        }
        if let Some((_, smaller, _)) = self.shrinking.front() {
            return run(smaller, Why::Shrink, false);
        }
        if let Some((script, _, fresh)) = self.pending.front() {
            return run(script, Why::Confirm, *fresh);
        }
        if self.canary_due || self.queue.is_empty() && !self.since_canary.is_empty() {
            return Next::Run { script: none, why: Why::Canary, fresh: false, pause: 0 };
        }
        match self.queue.front() {
            Some(script) => run(script, Why::Explore, self.missed.contains(script)),
            None => Next::Done,
        }
    }

    /// Takes what [`Explorer::due`] asked for.
    pub fn record(&mut self, why: Why, fresh: bool, run: Run) {
        self.runs += 1;
        self.worn = if fresh { 1 } else { self.worn + 1 };
        match why {
            Why::Baseline => self.baseline(run),
            Why::Explore => self.explored(run),
            Why::Shrink => self.shrunk(&run),
            Why::Confirm => self.confirmed(&run),
            Why::Canary => self.canary(&run),
            Why::Recover => self.recovered(&run),
        }
    }

    fn baseline(&mut self, run: Run) {
        if let Some(why) = unfit(&run) {
            self.broken = Some(why);
            return;
        }
        self.baselines.push(run);
        if self.baselines.len() < 2 {
            return;
        }
        let (one, two) = (&self.baselines[0], &self.baselines[1]);
        let keys = |r: &Run| r.calls.iter().map(|c| c.key.clone()).collect::<BTreeSet<_>>();
        if one.steps().len() != two.steps().len() {
            self.broken = Some("two runs without faults ask different things".to_owned());
            return;
        }
        self.learned = Learned::of(&self.baselines);
        self.keys = &keys(one) | &keys(two);
        if !self.replay {
            self.queue = singles(two, &(&keys(one) & &keys(two)), &self.known).into();
            self.planned = self.queue.iter().cloned().collect();
        }
        let run = self.baselines[1].clone();
        self.aim(&run);
        self.same.learn(&run, &self.learned);
        let mut failing = BTreeSet::new();
        for finding in usual(&Cx { run: &run, learned: &self.learned, limits: &self.limits }) {
            if finding.grade == Grade::Fails {
                failing.insert(finding.id());
            }
            self.found.insert(finding.id(), told(finding, &run));
        }
        if !failing.is_empty() {
            self.confirm(&run.script, failing);
        }
    }

    /// Whether answers and stores say something against each other that time may still mend, and that is not known already.
    pub fn owes(&self, run: &Run) -> bool {
        let known = |f: &Finding| self.found.get(&f.id()).is_some_and(|f| f.tried >= CONFIRM && f.steady());
        self.baselines.len() > 1
            && !run.script.is_empty()
            && owed(&Cx { run, learned: &self.learned, limits: &self.limits }).iter().any(|f| !known(f))
    }

    fn judged(&self, run: &Run) -> Vec<Finding> {
        judge(&Cx { run, learned: &self.learned, limits: &self.limits })
    }

    fn explored(&mut self, run: Run) {
        let script = run.script.clone();
        if self.met_nothing(&run) {
            // An open breaker or a warm cache may have kept the call from happening.
            if !self.missed.insert(script.clone()) {
                self.queue.retain(|s| *s != script);
                self.unmet.push(script);
            }
            return;
        }
        self.queue.retain(|s| *s != script);
        self.tried.push(script.clone());
        self.since_canary.push(script.clone());
        // One is made in the end anyway.
        let many = self.since_canary.len() >= CANARY_EVERY && self.queue.len() > CANARY_EVERY / 2;
        self.canary_due = many || !run.died.is_empty();
        self.criticality(&run);
        self.spare(&run);
        let fresh: Vec<Finding> = self.judged(&run);
        let harmless = !fresh.iter().any(|f| f.rule == Rule::DuplicateEffect);
        let mut failing = BTreeSet::new();
        for finding in fresh {
            let id = finding.id();
            match self.found.get_mut(&id) {
                Some(found) if found.finding.grade == Grade::Weak && finding.grade == Grade::Fails => {
                    failing.insert(id.clone());
                    *found = told(finding, &run);
                }
                Some(found) => {
                    if found.script != script && !found.also.contains(&script) {
                        found.also.push(script.clone());
                    }
                }
                None => {
                    if finding.grade == Grade::Fails {
                        failing.insert(id.clone());
                    }
                    self.found.insert(id, told(finding, &run));
                }
            }
        }
        if !failing.is_empty() {
            if script.faults.len() > 1 {
                self.shrink(&script, failing);
            } else {
                self.confirm(&script, failing);
            }
        }
        if !self.replay && script.faults.len() < self.most {
            for next in further(&run, &self.keys, &self.known) {
                if self.planned.insert(next.clone()) {
                    self.queue.push_back(next);
                }
            }
        }
        self.aim(&run);
        if !self.replay && script.faults.len() == 1 {
            let base = &self.baselines[1];
            for next in learnt(&run, base, harmless) {
                if self.planned.insert(next.clone()) {
                    self.queue.push_back(next);
                }
            }
        }
        self.same.learn(&run, &self.learned);
        let before = self.queue.len();
        let stored = !self.known.stores.is_empty();
        let aimed = |script: &Script| self.aims.values().any(|s| s == script);
        self.queue.retain(|s| self.missed.contains(s) || aimed(s) || !self.same.knows(s, stored));
        self.pruned += before - self.queue.len();
        self.keys.extend(run.calls.iter().map(|c| c.key.clone()));
    }

    /// Who waits longer than we do on one edge does so on others: the waiting is real, and the effect that of a lost reply.
    fn spare(&mut self, run: &Run) {
        let waits = run.calls.iter().filter(|c| c.seen == Seen::WaitedOut).map(|c| c.request.caller.clone());
        let callers: BTreeSet<String> = waits.collect();
        let base = self.baselines.last();
        let caller_of =
            |key: &str| base.and_then(|r| r.calls.iter().find(|c| c.key == key)).map(|c| c.request.caller.clone());
        let before = self.queue.len();
        self.queue.retain(|script| {
            !script.faults.iter().any(|f| match &f.at {
                Spot::Call(key) => f.kind == Kind::Late && caller_of(key).is_some_and(|c| callers.contains(&c)),
                Spot::Every(_) | Spot::Edge { .. } | Spot::Service(_) => false,
            })
        });
        self.pruned += before - self.queue.len();
    }

    fn criticality(&mut self, run: &Run) {
        let [fault] = run.script.faults.as_slice() else { return };
        if !fault.lasts() {
            return;
        }
        let endings = (0..self.learned.steps.len()).map(|s| (s, self.learned.ending(run, s).unwrap_or(Ending::Failed)));
        let worst = endings.clone().map(|(_, e)| e).max().unwrap_or(Ending::Full);
        let steps = self.baselines[0].steps();
        let step = endings
            .clone()
            .find(|(_, e)| *e != Ending::Full)
            .map(|(s, _)| self.baselines[0].calls[steps[s]].operation());
        self.critical.push(Critical { down: fault.at.to_string(), ending: worst, step });
    }

    /// Whether no call was faulted, though the faults are meant for calls.
    fn met_nothing(&self, run: &Run) -> bool {
        let line = |f: &Fault| {
            let lines = self.baselines.iter().chain([run]).flat_map(|r| &r.lines);
            let mut lines = lines.map(|(caller, callee)| f.hits(caller, callee, ""));
            lines.any(|hit| hit)
        };
        run.struck().is_empty() && !run.script.faults.iter().any(line)
    }

    /// Why nothing can be said, if that is so.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    pub fn found(&self) -> Vec<Found> {
        let mut out: Vec<Found> = self.found.values().cloned().collect();
        // What comes every time before what comes now and then.
        out.sort_by_key(|f| (f.finding.grade, !f.steady(), f.finding.id()));
        out
    }

    /// What was planned and not tried.
    pub fn left(&self) -> Vec<Script> {
        self.queue.iter().cloned().collect()
    }

    /// What was tried and met no call.
    pub fn unmet(&self) -> &[Script] {
        &self.unmet
    }

    /// Sets of faults that were worth a run.
    pub fn planned(&self) -> usize {
        self.planned.len() - self.pruned
    }

    /// What stores were looked at.
    pub fn known(&self) -> &Known {
        &self.known
    }

    pub fn baselines(&self) -> &[Run] {
        &self.baselines
    }

    /// Nothing is left but what explores.
    pub fn may_stop(&self) -> bool {
        self.pending.is_empty() && self.shrinking.is_empty() && self.recovery.tasks.is_empty()
    }
}
