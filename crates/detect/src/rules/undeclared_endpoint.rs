//! Endpoints that the contract of their service leaves out. See `undeclared_endpoint.md`.

use crate::documents;
use crate::{Cx, Draft, Group, Rule, Severity};

pub static RULE: Rule = Rule {
    id: "undeclared-endpoint",
    group: Group::Contract,
    severity: Severity::Note,
    nursery: false,
    hypothesis: false,
    page: include_str!("undeclared_endpoint.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for undeclared in documents::http(cx).undeclared {
        let endpoint = undeclared.endpoint;
        let (name, shown) = (cx.name(endpoint.node), endpoint.asked_as());
        let at = endpoint.proof.first();
        let callers = documents::callers(cx, |d| d.endpoint.as_ref() == Some(&endpoint.key));
        let callers: Vec<_> = callers.into_iter().filter(|(from, _)| *from != endpoint.node).collect();
        let (beside, declared_at) = &undeclared.beside;
        let of_all = match (undeclared.declared, undeclared.all - 1) {
            (declared, all) if declared == all => "It is the only one of its kind that is left out".to_owned(),
            (declared, all) => format!("{declared} of the {all} endpoints beside it are declared"),
        };
        let mut draft = Draft::new(
            endpoint.key.to_string(),
            at,
            format!("`{name}` serves `{shown}`, which its contract does not declare"),
        )
        .help(format!("declare `{shown}` in `{}`, or keep it out of reach of others", declared_at.path))
        .about([endpoint.key.clone()])
        .link(at, format!("`{name}` serves `{shown}`"))
        .link(declared_at, format!("the contract declares `{beside}` and its like"));
        draft = match callers.first() {
            // Others already depend on what the contract does not promise.
            Some((first, _)) => draft.severity(Severity::Warning).why(format!(
                "{of_all}; `{}` calls what nobody has promised: checks of the contract and generated clients will not \
                 see it change.",
                cx.name(*first)
            )),
            None => draft.why(format!(
                "{of_all}: generated clients, gateways and checks that follow the contract do not know of this one."
            )),
        };
        for (from, at) in callers.iter().take(4) {
            draft = draft.link(at, format!("`{}` calls it", cx.name(*from)));
        }
        out.push(draft);
    }
}
