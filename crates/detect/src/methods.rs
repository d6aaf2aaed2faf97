//! Calls of gRPC methods that no copy of the contract declares, where the callee is known to serve the service and not which
//! methods of it.

use crate::documents::{last, squashed};
use crate::keys::distance as edits;
use crate::{Cx, Draft};
use seam_facts::{Fact, Key, Schema, SmolStr, Span};
use seam_graph::{Detail, Edge};

pub type Contract<'a> = (&'a SmolStr, &'a Fact, &'a Schema);

/// Whether the callee is known to serve the service and not which methods of it.
pub fn vague(cx: &Cx<'_>, detail: &Detail) -> bool {
    let at_all = |key: &Key| key.as_str().ends_with("/*") && cx.graph.endpoints.iter().any(|e| e.key == *key);
    detail.endpoint.as_ref().is_some_and(at_all)
}

/// A method that no copy of the contract declares.
pub fn undeclared(cx: &Cx<'_>, edge: &Edge, detail: &Detail, contracts: &[Contract<'_>]) -> Option<Draft> {
    let (service, method) = detail.operation.rsplit_once('/')?;
    if method.contains(['*', '{', '<']) {
        return None;
    }
    let declared: Vec<&Contract<'_>> =
        contracts.iter().filter(|(_, _, s)| last(&s.name).eq_ignore_ascii_case(last(service))).collect();
    let written = squashed(method);
    let same = |name: &str| {
        let name = squashed(name);
        name == written || written.strip_suffix("async") == Some(&name)
    };
    if declared.iter().flat_map(|(_, _, s)| &s.operations).any(|(name, ..)| same(name)) {
        return None;
    }
    let methods = declared.iter().flat_map(|c| c.2.operations.iter().enumerate().map(move |(i, o)| (i, &o.0, **c)));
    let (index, nearest, (path, fact, schema)) = methods.min_by_key(|(_, name, _)| edits(name, method))?;
    let (from, to) = (cx.name(edge.from), cx.name(edge.to));
    let mut at = cx.evidence(path, fact, format!("declares `{nearest}`"));
    if let Some(line) = schema.line(index) {
        at.at = Span::at(line, 1);
    }
    let shown = format!("{}/{nearest}", last(service));
    let draft = Draft::new(
        format!("{} {}", edge.key, detail.operation),
        &detail.at,
        format!("`{from}` calls `{}` of `{to}`, which no contract declares", detail.operation),
    )
    .why(format!(
        "Every copy of the contract has other methods of `{}`; the nearest is `{nearest}`: the call does not compile \
         against it, or ends in UNIMPLEMENTED.",
        last(service)
    ))
    .help(format!("did you mean `{shown}`? call that, or declare `{}`", detail.operation))
    .about([edge.key.clone()])
    .link(&detail.at, format!("`{from}` calls `{}`", detail.operation))
    .link(&at, format!("the contract declares `{shown}`"));
    Some(draft.certainty(detail.certainty))
}
