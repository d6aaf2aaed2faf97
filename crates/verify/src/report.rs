//! The verdict with its evidence, as it leaves the house.
//!
//! Invariant: `passed` means that everything that was planned was tried; what was not reached is listed, and makes the verdict
//! `inconclusive` unless something failed.

use crate::call::Call;
use crate::explore::{Critical, Explorer};
use crate::finding::{Found, Grade};
use crate::schedule::{MEMORY, Suspicion};
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
    pub fn of(scenario: &str, explorer: &Explorer, whole: bool, milliseconds: u64, suspicions: &[Suspicion]) -> Played {
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
            planned: explorer.planned(),
            tried: explorer.tried.len(),
            not_reached: left,
            hypotheses: hypotheses(explorer, &found, suspicions),
            findings: found.into_iter().map(|found| Reported { id: found.finding.id(), found, replay: None }).collect(),
            criticality: explorer.critical.clone(),
        }
    }
}

/// Rules of findings that bear out a rule of `detect`.
fn bears_out(rule: &str) -> &'static [&'static str] {
    match rule {
        "unsafe-retry" | "key-per-attempt" | "key-ignored" | "layered-retries" => &["unsafe-retry", "duplicate-effect"],
        "retry-storm" | "unbounded-retry" => &["retry-storm"],
        "retry-without-backoff" | "fallback-same-fate" => &["retry-without-backoff", "retry-storm"],
        "timeout-inversion" => &["timeout-inversion"],
        "missing-timeout" => &["missing-timeout"],
        "no-compensation" | "dual-write" | "effect-before-commit" | "swallowed-error" | "unsafe-compensation" => {
            &["partial-effect", "duplicate-effect"]
        }
        "error-contract" => &["unhandled-failure", "server-error"],
        "shared-breaker" | "state-not-reset" => &["not-recovered"],
        _ => &[],
    }
}

fn hypotheses(explorer: &Explorer, found: &[Found], suspicions: &[Suspicion]) -> Vec<Hypothesis> {
    let empty: &[Call] = &[];
    let calls = explorer.baselines().last().map_or(empty, |r| r.calls.as_slice());
    let mut out = Vec::new();
    for suspicion in suspicions {
        let rules = bears_out(&suspicion.rule);
        // What memory put first is told whatever it was.
        let learnt = suspicion.key.starts_with(MEMORY);
        if rules.is_empty() && !learnt {
            continue;
        }
        let about = |name: &str| suspicion.services.iter().any(|s| s == name);
        let both = suspicion.services.len() > 1;
        let reached = calls.iter().any(|c| {
            let (caller, callee) = c.edge();
            if both { about(caller) && about(callee) } else { about(caller) || about(callee) }
        });
        let by: BTreeSet<String> = found
            .iter()
            .filter(|f| (rules.contains(&f.finding.rule.name()) || rules.is_empty()) && f.steady())
            .filter(|f| f.finding.services.iter().any(|s| about(s)))
            .map(|f| f.finding.id())
            .collect();
        let fate = match (by.is_empty(), reached && explorer.left().is_empty()) {
            (false, _) => Fate::Confirmed,
            (true, true) => Fate::Refuted,
            (true, false) => Fate::NotReached,
        };
        let (finding, rule) = (suspicion.key.clone(), suspicion.rule.clone());
        out.push(Hypothesis { finding, rule, fate, by: by.into_iter().collect() });
    }
    out
}
