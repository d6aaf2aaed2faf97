//! What was learnt of findings: which broke, which held when they were tried, which somebody looked at and dismissed.
//!
//! Invariants: a finding is kept from view only by a dismissal of this very finding that says what it says now; everything else moves
//! certainty and order, never severity. Every change names its memory, and without priors nothing changes.

use crate::Finding;
use seam_facts::SmolStr;
use seam_facts::priors::{Judged, Outcome, Priors};
use seam_graph::Certainty;

/// A memory that speaks of a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// The entry's name.
    pub memory: SmolStr,
    pub title: String,
    pub says: String,
}

/// What memory makes of a finding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// How likely it is real: 0.5 where nothing was learnt.
    pub likely: f64,
    /// The most telling first.
    pub remembered: Vec<Remembered>,
    /// Somebody looked at this very finding: why it is no hazard, and which memory says so.
    pub dismissed: Option<(SmolStr, String)>,
}

/// Below this a dismissal no longer counts: it is to be looked at again.
const FADED: f64 = 0.25;
/// What a judgement of the same rule says of another place: less than of the same interaction.
const ELSEWHERE: f64 = 0.4;
const NEARBY: f64 = 0.7;
/// So much has to be known of a rule before it makes a finding less certain.
const ENOUGH: f64 = 2.0;
const UNLIKELY: f64 = 0.25;
/// So many memories are told of one finding.
const TOLD: usize = 3;

/// Looks a finding up, and changes how sure it is. `day` is the one that age is counted to.
pub fn remember(finding: &mut Finding, priors: &Priors, day: Option<i64>) -> History {
    let mut out = History { likely: 0.5, ..History::default() };
    // A further finding of one subject is numbered: `…#2`.
    let mut told: Vec<(f64, Remembered)> = Vec::new();
    let (mut real, mut not) = (0.0, 0.0);
    // Of two judgements of this very finding the later one counts; on one day, that it broke.
    let (mut broke, mut dismissed) = (None::<Option<i64>>, None::<Option<i64>>);
    for judged in priors.judged.iter().filter(|j| j.rule == finding.rule) {
        let weight = judged.memory.weight_on(day);
        let exact = judged.finding.as_ref() == Some(&finding.key);
        let near = judged.about.iter().any(|k| finding.about.contains(k));
        if weight < 0.02 || !in_scope(judged, finding) {
            continue;
        }
        let same = exact && judged.said.as_deref().is_none_or(|s| s == finding.message);
        let share = weight
            * if same {
                1.0
            } else if exact || near {
                NEARBY
            } else {
                ELSEWHERE
            };
        match judged.outcome {
            Outcome::Confirmed => real += share,
            Outcome::Refuted | Outcome::Dismissed => not += share,
        }
        let says = says(judged, exact, same, near, weight);
        told.push((share, Remembered { memory: judged.memory.id.clone(), title: judged.memory.title.clone(), says }));
        if !same {
            continue;
        }
        match judged.outcome {
            Outcome::Confirmed => {
                finding.certainty = Certainty::Stated;
                finding.hypothesis = false;
                broke = broke.max(Some(judged.memory.day));
            }
            Outcome::Refuted => finding.certainty = Certainty::Inferred,
            Outcome::Dismissed if weight >= FADED && dismissed <= Some(judged.memory.day) => {
                dismissed = Some(judged.memory.day);
                out.dismissed = Some((judged.memory.id.clone(), judged.reason.clone()));
            }
            Outcome::Dismissed => {}
        }
    }
    if told.is_empty() {
        return out;
    }
    // As if one had come out each way before anything was known (Laplace's rule of succession).
    out.likely = ((1.0 + real) / (2.0 + real + not) * 100.0).round() / 100.0;
    if real + not >= ENOUGH && out.likely < UNLIKELY {
        finding.certainty = Certainty::Inferred;
    }
    told.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.memory.cmp(&b.1.memory)));
    out.remembered = told.into_iter().take(TOLD).map(|(_, r)| r).collect();
    if broke.is_some() && broke >= dismissed {
        out.dismissed = None;
    }
    out
}

fn in_scope(judged: &Judged, finding: &Finding) -> bool {
    let names = || finding.about.iter().flat_map(|k| k.as_str().split('/').skip(1));
    judged.memory.scope.is_empty() || names().any(|n| judged.memory.covers(n))
}

fn says(judged: &Judged, exact: bool, same: bool, near: bool, weight: f64) -> String {
    let what = match (exact, near) {
        (true, _) => "this",
        (false, true) => "this rule, at the same interaction or service,",
        (false, false) => "this rule, elsewhere,",
    };
    let how = match judged.outcome {
        Outcome::Confirmed => "broke",
        Outcome::Refuted => "held when it was tried",
        Outcome::Dismissed => "was dismissed",
    };
    let first = judged.reason.lines().next().unwrap_or_default();
    let mut out = format!("{what} {how}: {first}");
    if exact && !same {
        out.push_str("; it said something else then, so look again");
    } else if exact && judged.outcome == Outcome::Dismissed && weight < FADED {
        out.push_str("; that is too long ago to count");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Draft, RULES};
    use seam_facts::priors::Memory;
    use seam_facts::{Key, Span};
    use seam_graph::Evidence;

    fn finding() -> Finding {
        let at = Evidence { path: "a.py".into(), at: Span::at(1, 1), says: "calls".into(), by: "x".into() };
        let mut finding = Draft::new("a b", &at, "waits without end").about([Key::edge("a", "http", "b")]).of(RULES[0]);
        finding.certainty = Certainty::Inferred;
        finding
    }

    fn judged(outcome: Outcome, finding: &Finding) -> Judged {
        Judged {
            memory: Memory { id: "m".into(), day: Some(0), half_life: 10, weight: 1.0, ..Memory::default() },
            outcome,
            rule: finding.rule.clone(),
            finding: Some(finding.key.clone()),
            said: Some(finding.message.clone()),
            about: finding.about.clone(),
            reason: "because".into(),
        }
    }

    fn with(all: Vec<Judged>) -> Priors {
        Priors { judged: all, ..Priors::default() }
    }

    #[test]
    fn what_broke_is_certain_and_says_which_memory_makes_it_so() {
        let mut now = finding();
        let history = remember(&mut now, &with(vec![judged(Outcome::Confirmed, &finding())]), Some(0));
        assert_eq!((now.certainty, now.hypothesis), (Certainty::Stated, false));
        assert!(history.likely > 0.5 && history.remembered[0].memory == "m");
    }

    #[test]
    fn a_dismissal_holds_for_what_it_was_about_and_for_a_time() {
        let priors = with(vec![judged(Outcome::Dismissed, &finding())]);
        assert_eq!(remember(&mut finding(), &priors, Some(0)).dismissed, Some(("m".into(), "because".into())));
        assert_eq!(remember(&mut finding(), &priors, Some(30)).dismissed, None, "faded");
        let mut changed = finding();
        changed.message = "waits without end, three times".into();
        let history = remember(&mut changed, &priors, Some(0));
        assert!(history.dismissed.is_none() && history.remembered[0].says.contains("look again"));
        let broke = judged(Outcome::Confirmed, &finding());
        let both = with(vec![judged(Outcome::Dismissed, &finding()), broke]);
        assert_eq!(remember(&mut finding(), &both, Some(0)).dismissed, None, "it broke since");
    }

    #[test]
    fn other_rules_and_no_memory_change_nothing() {
        let mut other = judged(Outcome::Confirmed, &finding());
        other.rule = "another".into();
        let mut now = finding();
        assert_eq!(remember(&mut now, &with(vec![other]), Some(0)), History { likely: 0.5, ..History::default() });
        assert_eq!(now, finding());
    }
}
