//! The verdict with its evidence, as it leaves the house.
//!
//! Invariant: `passed` means that everything that was planned was tried; what was not reached is listed, and makes the verdict
//! `inconclusive` unless something failed.

use crate::call::Call;
use crate::explore::{Critical, Explorer};
use crate::fault::{Fault, Spot, uncounted};
use crate::finding::{Found, Grade, Rule};
use crate::schedule::{Aim, MEMORY, Suspicion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub const VERSION: u32 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Passed,
    Inconclusive,
    Failed,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    pub version: u32,
    pub verdict: Verdict,
    pub scenarios: Vec<Played>,
}

impl Report {
    pub fn of(scenarios: Vec<Played>) -> Report {
        let verdict = scenarios.iter().map(|s| s.verdict).max().unwrap_or(Verdict::Inconclusive);
        Report { version: VERSION, verdict, scenarios }
    }
}

/// What became of a hypothesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    Confirmed,
    Refuted,
    NotReached,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hypothesis {
    /// The key of `detect`'s finding.
    pub finding: String,
    pub rule: String,
    pub fate: Fate,
    /// What confirms it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Played {
    pub scenario: String,
    pub verdict: Verdict,
    /// Why nothing can be said, or what ended it early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Runs of the scenario, undisturbed and confirming ones included.
    pub runs: usize,
    pub milliseconds: u64,
    #[serde(default)]
    pub spent: Spent,
    /// Sets of faults: planned, tried.
    pub planned: usize,
    pub tried: usize,
    /// Sets of faults that time did not allow, or that met no call.
    pub not_reached: Vec<String>,
    /// Findings, those that fail the verdict first.
    pub findings: Vec<Reported>,
    /// What becomes of the scenario when one thing is down.
    pub criticality: Vec<Critical>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hypotheses: Vec<Hypothesis>,
}

/// What the time went to, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spent {
    /// Ending processes and starting new ones, until they are ready.
    pub processes: u64,
    /// Putting stores back.
    pub stores: u64,
    /// The scenario itself, under its faults.
    pub requests: u64,
    /// Giving the system time to make up for them.
    pub waiting: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Reported {
    pub id: String,
    #[serde(flatten)]
    pub found: Found,
    /// Where its replay file lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
}

impl Played {
    /// `whole`: nothing was left for want of time.
    pub fn of(
        scenario: &str,
        explorer: &Explorer,
        whole: bool,
        (milliseconds, spent): (u64, Spent),
        suspicions: &[Suspicion],
    ) -> Played {
        let found = explorer.found();
        let failed = found.iter().any(|f| f.finding.grade == Grade::Fails && f.steady());
        let unsteady = found.iter().any(|f| f.finding.grade == Grade::Fails && !f.steady());
        let unmet = explorer.unmet().iter().map(|s| format!("{s} (no such call was made)"));
        let left: Vec<String> = explorer.left().iter().map(ToString::to_string).chain(unmet).collect();
        let because = match explorer.broken() {
            Some(why) => Some(why.to_owned()),
            None if !explorer.unmet().is_empty() && !failed => {
                Some(format!("{} of {} sets of faults met no call", explorer.unmet().len(), explorer.planned()))
            }
            None if !whole && !failed => Some(format!(
                "{} of {} sets of faults were not tried: the time was over",
                left.len(),
                explorer.planned()
            )),
            None if unsteady && !failed => Some("a finding did not come every time".to_owned()),
            None => None,
        };
        let verdict = match (failed, &because) {
            (true, _) => Verdict::Failed,
            (false, Some(_)) => Verdict::Inconclusive,
            (false, None) => Verdict::Passed,
        };
        Played {
            scenario: scenario.to_owned(),
            verdict,
            because,
            runs: explorer.runs,
            milliseconds,
            spent,
            planned: explorer.planned(),
            tried: explorer.tried.len(),
            not_reached: left,
            hypotheses: hypotheses(explorer, &found, suspicions, whole),
            findings: found.into_iter().map(|found| Reported { id: found.finding.id(), found, replay: None }).collect(),
            criticality: explorer.critical.clone(),
        }
    }
}

/// Rules of findings that bear out a rule of `detect`, whether stores have to be seen for that, and what has to have been done to a call
/// between the suspects (anything, if nothing is named).
fn bears_out(rule: &str) -> (&'static [&'static str], bool, &'static [&'static str]) {
    const LOST: &[&str] = &["reply lost", "reply late", "delivered twice", "callee killed"];
    const DOWN: &[&str] = &["refused", "status 5"];
    const LATE: &[&str] = &["reply late"];
    match rule {
        "unsafe-retry" | "key-per-attempt" | "layered-retries" => (&["unsafe-retry", "duplicate-effect"], false, LOST),
        "key-ignored" => (&["unsafe-retry", "duplicate-effect", "partial-effect", "ambiguous-commit"], true, LOST),
        "redelivery-unsafe" => (&["duplicate-effect"], true, &["reply lost", "delivered twice", "callee killed"]),
        "lease-shorter-than-work" => (&["duplicate-effect"], true, &["reply lost", "reply late"]),
        "order-sensitive-update" => (&["partial-effect"], true, LATE),
        "check-then-act" => (&["partial-effect", "duplicate-effect"], true, &["slow", "delivered twice at once"]),
        "retry-storm" | "unbounded-retry" => (&["retry-storm"], false, DOWN),
        "retry-without-backoff" => (&["retry-without-backoff", "retry-storm"], false, &["refused"]),
        "fallback-same-fate" => (&["fallback-same-fate"], false, DOWN),
        "timeout-inversion" | "orphan-work" => (&["timeout-inversion"], false, LATE),
        "missing-timeout" => (&["missing-timeout"], false, LATE),
        "no-compensation" | "dual-write" | "effect-before-commit" | "swallowed-error" | "unsafe-compensation" => {
            (&["partial-effect", "duplicate-effect"], true, &[])
        }
        "error-contract" => (&["unhandled-failure", "server-error"], false, &["status"]),
        "wrong-error-retried" => (&["wrong-error-retried"], false, &["status 4"]),
        "backpressure-ignored" => (&["backpressure-ignored"], false, &["status 429"]),
        "shared-breaker" => (&["shared-breaker", "not-recovered"], false, DOWN),
        "state-not-reset" => (&["state-not-reset"], false, &[]),
        _ => (&[], false, &[]),
    }
}

/// Whether a finding is the harm that a suspicion speaks of, where it came of the very fault.
fn harms(rule: &str, aim: &Aim, found: &Found) -> bool {
    let twice =
        [Rule::UnsafeRetry, Rule::DuplicateEffect, Rule::PartialEffect, Rule::AmbiguousCommit, Rule::StateNotReset];
    let harm = match rule {
        // An edge that is down makes all of its calls multiply: the one that is meant is told by its name.
        "retry-storm" => found.finding.rule == Rule::RetryStorm && aim.means(&found.finding.at),
        "timeout-inversion" => {
            let vain = [Rule::TimeoutInversion, Rule::PartialEffect, Rule::AmbiguousCommit, Rule::DuplicateEffect];
            vain.contains(&found.finding.rule)
        }
        _ => twice.contains(&found.finding.rule),
    };
    harm && found.finding.grade == Grade::Fails
}

/// Confirmed by a finding about all of the suspects. Refuted only if it could have come: the run was whole, every set of faults was
/// tried, one of them struck a call between the suspects, and the stores that they use were seen.
fn hypotheses(explorer: &Explorer, found: &[Found], suspicions: &[Suspicion], whole: bool) -> Vec<Hypothesis> {
    let calls: &[Call] = explorer.baselines().last().map_or(&[], |r| r.calls.as_slice());
    let complete = whole && explorer.broken().is_none() && explorer.left().is_empty() && explorer.unmet().is_empty();
    let mut out = Vec::new();
    for (place, suspicion) in suspicions.iter().enumerate() {
        let (rules, stored, done) = bears_out(&suspicion.rule);
        // What memory put first is told whatever it was.
        let learnt = suspicion.key.starts_with(MEMORY);
        if rules.is_empty() && !learnt || suspicion.services.is_empty() {
            continue;
        }
        let kind = |f: &Fault| done.is_empty() || done.iter().any(|d| f.kind.to_string().starts_with(d));
        // The same harm under another kind of fault bears out something else.
        let shown = |f: &Found| {
            let all = || std::iter::once(&f.script).chain(&f.also);
            f.script.is_empty() || all().any(|s| s.faults.iter().any(kind))
        };
        // What has to fail is known: what came of that very fault bears it out, wherever it shows.
        let aimed = explorer.aimed(place);
        let came = |f: &Found| match (&suspicion.aim, aimed) {
            (Some(aim), Some(a)) => (f.script == *a || f.also.contains(a)) && harms(&suspicion.rule, aim, f),
            (Some(_), None) => false,
            (None, _) => {
                let harm = rules.contains(&f.finding.rule.name()) || rules.is_empty();
                harm && suspicion.within(&f.finding.services) && shown(f)
            }
        };
        let by: BTreeSet<String> = found.iter().filter(|f| f.steady() && came(f)).map(|f| f.finding.id()).collect();
        // What came now and then is neither borne out nor refuted.
        let shaky = suspicion.aim.is_some() && found.iter().any(|f| !f.steady() && came(f));
        let between = |caller: &str, callee: &str| suspicion.concerns(caller, callee);
        let struck = |f: &Fault| match &f.at {
            Spot::Call(key) => calls.iter().any(|c| c.key == *key && between(&c.request.caller, &c.request.callee)),
            Spot::Every(kind) => {
                calls.iter().any(|c| uncounted(&c.key) == *kind && between(&c.request.caller, &c.request.callee))
            }
            Spot::Edge { caller, callee } => between(caller, callee),
            Spot::Service(name) => calls.iter().any(|c| c.request.callee == *name && between(&c.request.caller, name)),
        };
        let tried = match (&suspicion.aim, aimed) {
            (Some(_), aimed) => aimed.is_some_and(|a| explorer.tried.contains(a)),
            (None, _) => explorer.tried.iter().any(|s| s.faults.iter().any(|f| kind(f) && struck(f))),
        };
        let used = explorer.baselines().iter().flat_map(|r| &r.lines);
        let mut used = used.filter(|(service, _)| suspicion.services.contains(service)).map(|(_, store)| store);
        let seen = !stored || !explorer.known().stores.is_empty() && used.all(|s| explorer.known().stores.contains(s));
        // One set of faults is all that an aim needs.
        let enough = complete || suspicion.aim.is_some() && explorer.broken().is_none();
        let fate = match (by.is_empty(), enough && tried && seen && !shaky) {
            (false, _) => Fate::Confirmed,
            (true, true) => Fate::Refuted,
            (true, false) => Fate::NotReached,
        };
        let (finding, rule) = (suspicion.key.clone(), suspicion.rule.clone());
        out.push(Hypothesis { finding, rule, fate, by: by.into_iter().collect() });
    }
    out
}
