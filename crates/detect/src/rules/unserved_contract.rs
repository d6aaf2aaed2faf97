//! Operations that a contract promises and its service does not serve. See `unserved_contract.md`.

use crate::documents::{self, Unserved, last, squashed};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::Protocol;

pub static RULE: Rule = Rule {
    id: "unserved-contract",
    group: Group::Contract,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("unserved_contract.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for unserved in documents::http(cx).unserved {
        out.push(draft(cx, &unserved));
    }
    for unserved in documents::grpc(cx) {
        let (service, method) = unserved.operation.rsplit_once('/').unwrap_or(("", &unserved.operation));
        let wanted = |operation: &str| {
            operation.rsplit_once('/').is_some_and(|(s, m)| last(s) == service && squashed(m) == squashed(method))
        };
        let callers = documents::callers(cx, |d| wanted(&d.operation));
        let mut draft = draft(cx, &unserved);
        for (from, at) in callers.iter().take(4) {
            draft = draft.link(at, format!("`{}` calls `{}`", cx.name(*from), unserved.operation));
        }
        // A method that nobody has written and nobody calls is work to come.
        if callers.is_empty() && unserved.instead.is_none() {
            draft = draft.severity(Severity::Note);
        }
        out.push(draft);
    }
}

fn draft(cx: &Cx<'_>, unserved: &Unserved<'_>) -> Draft {
    let (name, wanted) = (cx.name(unserved.node), &unserved.operation);
    let is_rpc = unserved.beside.protocol == Protocol::Grpc;
    let what = if is_rpc { "UNIMPLEMENTED" } else { "404" };
    let shown = unserved.instead.map(seam_graph::Endpoint::asked_as);
    let message = match &shown {
        Some(shown) => format!("the contract of `{name}` declares `{wanted}`; it serves `{shown}` instead"),
        None => format!("the contract of `{name}` declares `{wanted}`, which it does not serve"),
    };
    let of_all = format!("{} of the {} operations declared here", unserved.served, unserved.declared);
    let why = match &unserved.instead {
        Some(other) if !is_rpc && !wanted.starts_with(other.method.as_deref().unwrap_or("?")) => format!(
            "`{name}` serves {of_all}, and this path for another method only: who follows the contract is refused (405)."
        ),
        Some(_) => format!(
            "`{name}` serves {of_all}; this one has another name in code than in the contract: who follows the contract \
             gets {what}."
        ),
        None => format!("`{name}` serves {of_all}, and not this one: who follows the contract gets {what}."),
    };
    let help = match &shown {
        Some(shown) => format!("write one name in both: `{shown}` in the contract, or `{wanted}` in code"),
        None => format!("serve `{wanted}`, or take it out of the contract"),
    };
    let mut draft =
        Draft::new(format!("{} {} {wanted}", cx.node(unserved.node).key, unserved.at.path), &unserved.at, message)
            .why(why)
            .help(help)
            .about([cx.node(unserved.node).key.clone()])
            .link(&unserved.at, format!("the contract declares `{wanted}`"));
    draft = match &unserved.instead {
        Some(other) => draft.link(other.proof.first(), format!("`{name}` serves `{}`", other.asked_as())),
        None => draft.link(unserved.beside.proof.first(), format!("`{name}` serves `{}`", unserved.beside.asked_as())),
    };
    draft
}
