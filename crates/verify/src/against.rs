//! Two reports of the same scenarios, before a change and after it: what is new, gone or different, and who is needed now.
//!
//! Invariant: a finding is called new only where the older state was tried with it as far as the newer; otherwise it is said that
//! nobody knows.

use crate::finding::Grade;
use crate::report::{Played, Report, Reported, Verdict};
use crate::run::Ending;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How the change differs from its base when both are explored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Against {
    /// Findings of the change that the base does not have.
    pub new: Vec<Differing>,
    /// Findings of the base that the change does not have.
    pub gone: Vec<Differing>,
    /// Findings of both that fail the verdict in one of them only, or say something else.
    pub different: Vec<Differing>,
    /// Findings that are as before.
    pub as_before: Vec<Differing>,
    /// What breaks when one thing is down, before and after.
    pub criticality: Vec<Needed>,
    /// Runs and milliseconds that the base took.
    pub runs: usize,
    pub milliseconds: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Differing {
    pub scenario: String,
    /// The finding's identity: the same in both.
    pub id: String,
    pub says: String,
    /// What it said before, where that is something else.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub said: String,
    /// It fails the verdict, every time.
    pub fails: bool,
    /// It did so before.
    pub failed: bool,
    /// Why it is not sure that it is new or gone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub open: String,
}

/// What becomes of a scenario when one thing is down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Needed {
    pub scenario: String,
    pub down: String,
    /// Nothing where it was not tried: the call is not made in that state.
    pub before: Option<Ending>,
    pub after: Option<Ending>,
    /// It fails now and did not before.
    pub worse: bool,
}

impl Against {
    pub fn of(base: &Report, change: &Report) -> Against {
        let mut out = Against::default();
        for after in &change.scenarios {
            let Some(before) = base.scenarios.iter().find(|s| s.scenario == after.scenario) else { continue };
            out.runs += before.runs;
            out.milliseconds += before.milliseconds;
            findings(before, after, &mut out);
            criticality(before, after, &mut out);
        }
        out
    }

    /// Findings that the change brings, or makes fail.
    pub fn failing(&self) -> impl Iterator<Item = &Differing> {
        self.new.iter().chain(&self.different).filter(|d| d.fails && !d.failed)
    }
}

fn fails(reported: &Reported) -> bool {
    reported.found.finding.grade == Grade::Fails && reported.found.steady()
}

fn findings(before: &Played, after: &Played, out: &mut Against) {
    let base = |id: &str| before.findings.iter().find(|r| r.id == id);
    for is in &after.findings {
        let mut one = Differing {
            scenario: after.scenario.clone(),
            id: is.id.clone(),
            says: is.found.finding.says.clone(),
            fails: fails(is),
            ..Differing::default()
        };
        match base(&is.id) {
            None => {
                one.open = short(before, is, "before the change");
                out.new.push(one);
            }
            Some(was) => {
                one.failed = fails(was);
                let said = &was.found.finding.says;
                if *said != one.says {
                    one.said.clone_from(said);
                }
                let list = if one.fails != one.failed || !one.said.is_empty() {
                    &mut out.different
                } else {
                    &mut out.as_before
                };
                list.push(one);
            }
        }
    }
    for was in before.findings.iter().filter(|r| !after.findings.iter().any(|a| a.id == r.id)) {
        out.gone.push(Differing {
            scenario: after.scenario.clone(),
            id: was.id.clone(),
            says: was.found.finding.says.clone(),
            failed: fails(was),
            open: short(after, was, "after it"),
            ..Differing::default()
        });
    }
}

/// Why it is not sure that a state does not have a finding; empty where it is.
fn short(state: &Played, finding: &Reported, which: &str) -> String {
    if state.runs == 0 || state.verdict == Verdict::Inconclusive && state.tried == 0 {
        return format!(
            "the scenario was not explored {which}: {}",
            state.because.as_deref().unwrap_or("it did not run")
        );
    }
    let script = finding.found.script.to_string();
    let left = state.not_reached.iter().any(|s| s.starts_with(&script));
    if left { format!("its faults were not tried {which}") } else { String::new() }
}

fn criticality(before: &Played, after: &Played, out: &mut Against) {
    let all: BTreeSet<&String> = before.criticality.iter().chain(&after.criticality).map(|c| &c.down).collect();
    let ending = |played: &Played, down: &String| played.criticality.iter().find(|c| c.down == *down).map(|c| c.ending);
    for down in all {
        let (was, is) = (ending(before, down), ending(after, down));
        out.criticality.push(Needed {
            scenario: after.scenario.clone(),
            down: down.clone(),
            before: was,
            after: is,
            worse: is == Some(Ending::Failed) && was != Some(Ending::Failed),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::Critical;
    use crate::fault::{Fault, Kind, Script};
    use crate::finding::{Finding, Found, Rule};
    use crate::report::{Spent, VERSION};

    fn reported(rule: Rule, at: &str, grade: Grade, says: &str) -> Reported {
        let finding = Finding { rule, grade, at: at.into(), says: says.into(), evidence: vec![], services: vec![] };
        let script = Script::of([Fault::edge("a", at, Kind::ReplyLost)]);
        let found = Found { finding, script, came: 3, tried: 3, also: vec![], story: vec![], diagram: String::new() };
        Reported { id: found.finding.id(), found, replay: None }
    }

    fn report(findings: Vec<Reported>, down: &[(&str, Ending)], not_reached: &[&str]) -> Report {
        let played = Played {
            scenario: "buy".into(),
            verdict: Verdict::Passed,
            because: None,
            runs: 9,
            milliseconds: 10,
            spent: Spent::default(),
            planned: 4,
            tried: 4,
            not_reached: not_reached.iter().map(|s| (*s).to_owned()).collect(),
            findings,
            criticality: down.iter().map(|(d, e)| Critical { down: (*d).to_owned(), ending: *e, step: None }).collect(),
            hypotheses: vec![],
        };
        Report { version: VERSION, verdict: Verdict::Passed, scenarios: vec![played] }
    }

    #[test]
    fn what_is_new_gone_or_different_is_told_apart() {
        let old = [
            reported(Rule::Crash, "x", Grade::Fails, "x ends"),
            reported(Rule::RetryStorm, "y", Grade::Weak, "3 calls"),
            reported(Rule::UnsafeRetry, "z", Grade::Fails, "twice"),
        ];
        let new = [
            reported(Rule::RetryStorm, "y", Grade::Fails, "9 calls"),
            reported(Rule::UnsafeRetry, "z", Grade::Fails, "twice"),
            reported(Rule::PartialEffect, "w", Grade::Fails, "half"),
        ];
        let base = report(old.into(), &[("mail", Ending::Full)], &[]);
        let change = report(new.into(), &[("mail", Ending::Failed), ("tax", Ending::Degraded)], &[]);
        let against = Against::of(&base, &change);
        let ids = |list: &[Differing]| list.iter().map(|d| d.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&against.new), ["partial-effect/w"]);
        assert_eq!(ids(&against.gone), ["crash/x"]);
        assert_eq!(ids(&against.different), ["retry-storm/y"]);
        assert_eq!((against.different[0].said.as_str(), against.different[0].failed), ("3 calls", false));
        assert_eq!(ids(&against.as_before), ["unsafe-retry/z"]);
        assert_eq!(against.failing().count(), 2);
        let worse: Vec<_> = against.criticality.iter().filter(|n| n.worse).map(|n| n.down.as_str()).collect();
        assert_eq!(worse, ["mail"]);
        let none = Against::of(&change, &change);
        assert_eq!((none.new.len(), none.gone.len(), none.different.len(), none.as_before.len()), (0, 0, 0, 3));
    }

    #[test]
    fn what_the_base_was_not_tried_with_is_not_surely_new() {
        let base = report(vec![], &[], &["a → w, every call: reply lost"]);
        let change = report(vec![reported(Rule::PartialEffect, "w", Grade::Fails, "half")], &[], &[]);
        assert!(Against::of(&base, &change).new[0].open.contains("not tried before"));
    }
}
