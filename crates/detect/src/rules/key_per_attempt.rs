//! The idempotency key is made anew for each attempt. See `key_per_attempt.md`.

use super::backpressure_ignored::is_wish;
use crate::patience::{called, is_call};
use crate::trials::{Means, Trial};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Fact, KeyUse};

pub static RULE: Rule = Rule {
    id: "key-per-attempt",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("key_per_attempt.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for trial in &cx.trials().all {
        let Some(operation) = trial.operations.iter().copied().find(|o| is_call(cx, *o)) else { continue };
        let Some((fact, key, line)) = remade(cx, trial) else { continue };
        let (edge, detail) = (cx.edge(operation.edge), cx.detail(operation));
        let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
        let what = called(cx, operation);
        let at = cx.evidence(trial.path, fact, "the key is sent");
        let mut made = at.clone();
        made.at = seam_facts::Span::at(line, 1);
        let whole = match trial.means {
            Means::Loop(_) => "inside the loop that tries again".to_owned(),
            Means::Library(p) => format!("inside the function that is repeated ({})", p.detail),
        };
        out.push(
            Draft::new(
                format!("{} {what} {}", edge.key.as_str(), key.header),
                &at,
                format!("`{caller}` sends a new `{}` with each attempt at `{what}` of `{callee}`", key.header),
            )
            .why(format!(
                "The key is made {whole}, so the second attempt looks like a second order: when the first was carried out and \
                 only its answer was lost, `{callee}` does the work again, and the key cannot tell it."
            ))
            .help("make the key once, before the first attempt, or derive it from what is asked for")
            .about([edge.key.clone()])
            .certainty(detail.certainty)
            .link(&trial.at(cx), "tries again")
            .link(&made, "the key is made here")
            .link(&at, format!("it is sent as `{}`", key.header))
            .link(&detail.at, format!("`{caller}` calls `{callee}` {what}")),
        );
    }
}

/// A key that is sent and made within what is repeated.
pub(crate) fn remade<'a>(cx: &Cx<'a>, trial: &Trial<'a>) -> Option<(&'a Fact, &'a KeyUse, u32)> {
    cx.facts(trial.path).iter().find_map(|fact| {
        let Claim::KeyUse(key) = &fact.claim else { return None };
        let line = key.made.filter(|_| key.sent && !is_wish(key))?;
        let inside = match trial.lines() {
            Some((first, last)) => (first..=last).contains(&line),
            None => key.within == *trial.within(),
        };
        inside.then_some((fact, key, line))
    })
}
