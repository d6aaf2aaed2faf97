//! From standing entries to what they say before anything is looked at.
//!
//! Invariant: each prior carries its entry's name, age and scope; what was retracted or replaced gives none.

use crate::entry::{Entry, Kind, Verdict, heading};
use crate::log::Log;
use seam_facts::priors::{Cause, Judged, Memory, Outcome, Priors, Together};
use seam_facts::{Key, SmolStr};

/// What all standing entries say.
pub fn priors(log: &Log) -> Priors {
    let mut out = Priors::default();
    for entry in log.standing() {
        let memory = memory(entry);
        match entry.kind {
            Kind::Incident => {
                if let Some(service) = service(entry) {
                    out.causes.push(Cause {
                        memory: memory.clone(),
                        service,
                        fault: entry.fault.clone(),
                        place: entry.place.clone(),
                        marks: entry.marks.clone(),
                    });
                }
                // What broke was a hazard.
                out.judged.extend(judged(entry, memory, Outcome::Confirmed));
            }
            Kind::Dismissal => out.judged.extend(judged(entry, memory, Outcome::Dismissed)),
            Kind::Verdict => {
                let outcome = match entry.verdict {
                    Some(Verdict::Confirmed) => Some(Outcome::Confirmed),
                    Some(Verdict::Refuted) => Some(Outcome::Refuted),
                    None => None,
                };
                out.judged.extend(outcome.and_then(|o| judged(entry, memory, o)));
            }
            Kind::Pattern => out.together.push(Together { memory, services: entry.services.clone() }),
            Kind::Guard | Kind::Retraction => {}
        }
    }
    out
}

fn memory(entry: &Entry) -> Memory {
    let usual = match entry.kind {
        Kind::Pattern => 0.3,
        Kind::Incident | Kind::Dismissal | Kind::Verdict | Kind::Guard | Kind::Retraction => 1.0,
    };
    Memory {
        id: entry.id.clone(),
        title: entry.title.clone(),
        day: entry.day(),
        half_life: entry.half_life.unwrap_or_else(|| entry.kind.half_life()),
        weight: entry.weight.unwrap_or(usual),
        scope: entry.scope.clone(),
    }
}

fn judged(entry: &Entry, memory: Memory, outcome: Outcome) -> Option<Judged> {
    let rule = entry.rule.clone().or_else(|| entry.finding.as_ref().and_then(rule_of))?;
    Some(Judged {
        memory,
        outcome,
        rule,
        finding: entry.finding.clone(),
        said: entry.said.clone(),
        about: entry.cause.clone(),
        reason: entry.part(heading::REASON).or_else(|| entry.part(heading::CAUSE)).unwrap_or(&entry.title).to_owned(),
    })
}

/// `finding/RULE/SUBJECT`.
fn rule_of(finding: &Key) -> Option<SmolStr> {
    finding.as_str().strip_prefix("finding/")?.split('/').next().map(Into::into)
}

/// The service at fault: of a node's key, the nearer end of an edge's, or the first that is named.
pub(crate) fn service(entry: &Entry) -> Option<SmolStr> {
    let of_key = entry.cause.iter().find_map(|key| {
        let mut parts = key.as_str().split('/');
        parts.next().filter(|kind| !matches!(*kind, "finding" | "rule"))?;
        parts.next().map(SmolStr::from)
    });
    of_key.or_else(|| entry.services.first().cloned())
}
