//! What running said of each rule of `detect`: how many of its findings were confirmed, refuted or not reached.
//!
//! Invariant: a finding counts once, however many scenarios it was tried in. One scenario is enough to confirm it; refuted it is where one
//! could have shown it and none did.

use crate::report::{Fate, Played};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Before the keys of `detect`'s findings; the model's and memory's have others.
const FINDING: &str = "finding/";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleFates {
    pub rule: String,
    pub confirmed: usize,
    pub refuted: usize,
    pub not_reached: usize,
}

/// The rules, each with what became of its findings.
pub fn by_rule(scenarios: &[Played]) -> Vec<RuleFates> {
    let mut fates: BTreeMap<&str, (&str, Fate)> = BTreeMap::new();
    for hypothesis in scenarios.iter().flat_map(|s| &s.hypotheses).filter(|h| h.finding.starts_with(FINDING)) {
        let known = fates.entry(&hypothesis.finding).or_insert((&hypothesis.rule, hypothesis.fate));
        known.1 = known.1.min(hypothesis.fate);
    }
    let mut out: BTreeMap<&str, RuleFates> = BTreeMap::new();
    for (rule, fate) in fates.into_values() {
        let of = out.entry(rule).or_insert_with(|| RuleFates { rule: rule.to_owned(), ..RuleFates::default() });
        match fate {
            Fate::Confirmed => of.confirmed += 1,
            Fate::Refuted => of.refuted += 1,
            Fate::NotReached => of.not_reached += 1,
        }
    }
    out.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Hypothesis, Spent, Verdict};

    fn played(hypotheses: &[(&str, Fate)]) -> Played {
        let all = hypotheses.iter().map(|(finding, fate)| Hypothesis {
            finding: (*finding).to_owned(),
            rule: finding.split('/').nth(1).unwrap_or_default().to_owned(),
            fate: *fate,
            by: Vec::new(),
        });
        Played {
            scenario: String::new(),
            verdict: Verdict::Passed,
            because: None,
            runs: 0,
            milliseconds: 0,
            spent: Spent::default(),
            planned: 0,
            tried: 0,
            not_reached: Vec::new(),
            findings: Vec::new(),
            criticality: Vec::new(),
            hypotheses: all.collect(),
        }
    }

    #[test]
    fn a_finding_counts_once_and_one_scenario_confirms_it() {
        let (yes, no, open) = (Fate::Confirmed, Fate::Refuted, Fate::NotReached);
        let buy = played(&[("finding/a/1", yes), ("finding/a/2", open), ("finding/b/1", open), ("model/a/9", yes)]);
        let rest = played(&[("finding/a/1", no), ("finding/a/2", no), ("finding/b/1", open)]);
        let told = by_rule(&[buy, rest]);
        let told: Vec<_> = told.iter().map(|r| (r.rule.as_str(), r.confirmed, r.refuted, r.not_reached)).collect();
        assert_eq!(told, [("a", 1, 1, 0), ("b", 0, 0, 1)]);
    }
}
