//! Failures that pass for successes: a caller that takes every answer below 500 for one, a method of a client that does not look at
//! the status where the others of its kind do, a handler of errors that answers 200. Parts of `error-contract`.
//!
//! Invariant: the code says itself that it means otherwise: by the refusals that the callee gives, by the other methods beside it, by the
//! error that is handled.

use crate::answers::Regard;
use crate::patience::called;
use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, SmolStr, Status, StatusOf};
use seam_graph::{Certainty, Detail, Edge, EdgeKind, Evidence, NodeKind, Operation, endpoint_of, is_test};
use std::collections::{BTreeMap, BTreeSet};

/// `status < 500`, where the callee refuses with less.
pub(crate) fn below(
    cx: &Cx<'_>,
    (operation, edge, detail): (Operation, &Edge, &Detail),
    regard: &Regard,
    given: &BTreeMap<SmolStr, Evidence>,
) -> Option<Draft> {
    let at = regard.below.as_ref()?;
    let refusals: Vec<(&SmolStr, &Evidence)> =
        given.iter().filter(|(code, _)| code.starts_with('4') && !regard.told.contains_key(*code)).collect();
    let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
    let what = called(cx, operation);
    let codes: Vec<&str> = refusals.iter().map(|(code, _)| code.as_str()).collect();
    let (first, _) = refusals.first()?;
    let mut draft = Draft::new(
        format!("{} {what} {} below", edge.key.as_str(), detail.within),
        at,
        format!("`{caller}` takes the {} of `{what}` of `{callee}` for a success", codes.join(" and ")),
    )
    .why(format!(
        "Everything below 500 counts as a success here, and `{callee}` refuses with {first}: what it was asked to refuse is allowed, or what \
         it did not do counts as done."
    ))
    .help("look for successes (`2xx`) instead of for everything that is no failure of the server")
    .about([edge.key.clone()])
    .certainty(detail.certainty)
    .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"))
    .link(at, "everything below 500 is taken for a success");
    for (code, at) in refusals.iter().take(4) {
        draft = draft.link(at, format!("`{callee}` answers {code}"));
    }
    Some(draft)
}

/// By its symbol, where a method calls, whether it looks at a status, and where it reads the body.
type Methods<'a> = BTreeMap<&'a str, (u32, bool, Option<Evidence>)>;

/// Methods of one client that read an answer without a look at its status, where all others of the client look.
pub(crate) fn unlike_others(cx: &Cx<'_>, silent: &[&str], out: &mut Vec<Draft>) {
    for (id, node) in cx.graph.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Service) {
        for path in node.own.iter().filter(|p| !is_test(p)) {
            let facts = cx.facts(path);
            // Methods of one type that call by the same library.
            let mut methods: BTreeMap<(&str, &str), Methods<'_>> = BTreeMap::new();
            for fact in facts {
                let Claim::Call(call) = &fact.claim else { continue };
                let Some((owner, _)) = call.within.rsplit_once('.') else { continue };
                let client = call.client.as_str();
                if silent.iter().any(|s| s.eq_ignore_ascii_case(client)) {
                    let of = methods.entry((owner, client)).or_default();
                    of.entry(call.within.as_str()).or_insert((fact.at.line, false, None));
                }
            }
            for ((owner, _), methods) in &mut methods {
                for fact in facts {
                    let Claim::Status(Status { of, within, .. }) = &fact.claim else { continue };
                    let Some(method) = methods.get_mut(within.as_str()) else { continue };
                    match of {
                        StatusOf::Read => method.2 = Some(cx.evidence(path, fact, "the body is read")),
                        StatusOf::Given | StatusOf::Mapped | StatusOf::Named | StatusOf::Succeeds => {}
                        StatusOf::Told | StatusOf::Checked | StatusOf::Wanted | StatusOf::Below => method.1 = true,
                    }
                }
                let careless: Vec<(&&str, &Evidence)> =
                    methods.iter().filter(|(_, m)| !m.1).filter_map(|(name, m)| Some((name, m.2.as_ref()?))).collect();
                let careful = methods.iter().filter(|(_, m)| m.1 && m.2.is_some());
                let ([(name, read)], Some((other, (line, ..))), true) =
                    (careless.as_slice(), careful.clone().next(), careful.count() > 1)
                else {
                    continue;
                };
                let fact = facts.iter().find(|f| matches!(&f.claim, Claim::Call(c) if c.within == ***name));
                let beside = facts.iter().find(|f| f.at.line == *line);
                let (Some(fact), Some(beside)) = (fact, beside) else { continue };
                let service = cx.name(id);
                out.push(
                    Draft::new(
                        format!("{service} {name} unchecked"),
                        read,
                        format!("`{name}` of `{service}` reads the answer without a look at its status, which the others of `{owner}` have"),
                    )
                    .why(format!(
                        "A refusal or a failure has a body too: whoever calls `{name}` gets it as though it were what was asked for, and goes on. \
                         `{other}` and the others look first."
                    ))
                    .help("look at the status before the body, as the methods beside it do")
                    .about([node.key.clone()])
                    .link(&cx.evidence(path, fact, "the request is made here"), "the request is made here")
                    .link(read, "the body is read without a look at the status")
                    .link(&cx.evidence(path, beside, "another looks"), format!("`{other}` looks at the status")),
                );
            }
        }
    }
}

/// Handlers of errors that answer with a success.
pub(crate) fn mapped(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut told: BTreeSet<(&SmolStr, &SmolStr)> = BTreeSet::new();
    for endpoint in &cx.graph.endpoints {
        let node = cx.node(endpoint.node);
        if node.kind != NodeKind::Service {
            continue;
        }
        for path in node.own.iter().filter(|p| !is_test(p)) {
            for fact in cx.facts(path) {
                let Claim::Status(status) = &fact.claim else { continue };
                let fails = ["Exception", "Error"].iter().any(|w| status.ty.ends_with(w));
                if status.of != StatusOf::Mapped
                    || status.code != "200"
                    || !fails
                    || !told.insert((path, &status.within))
                {
                    continue;
                }
                let service = &node.name;
                let at = cx.evidence(path, fact, "answers 200");
                let mut draft = Draft::new(
                    format!("{service} {} success", status.within),
                    &at,
                    format!("`{service}` answers 200 when a `{}` is thrown", status.ty),
                )
                .why(format!(
                    "Whoever asks `{service}` sees a success and reads the error as the result; nothing tries again, and no breaker or monitor \
                     sees a failure."
                ))
                .help("answer with a status that says what happened: 502 or 503 for a service behind, 4xx for what was asked wrongly")
                .about([node.key.clone()])
                .link(&at, format!("`{}` is answered with a success", status.ty));
                // An error of a client's library is that of a service behind.
                const CLIENTS: [&str; 9] = [
                    "Feign",
                    "RestClient",
                    "HttpClient",
                    "HttpServer",
                    "WebClient",
                    "StatusRuntime",
                    "Rpc",
                    "HTTPStatus",
                    "HttpRequest",
                ];
                let behind = CLIENTS.iter().any(|w| status.ty.starts_with(w));
                let calls = cx.outgoing(endpoint.node).iter().map(|e| cx.edge(*e)).find(|e| e.kind == EdgeKind::Http);
                if let Some(edge) = calls.filter(|_| behind) {
                    draft = draft.link(edge.proof.first(), format!("`{service}` calls `{}`", cx.name(edge.to)));
                }
                out.push(if behind && calls.is_some() {
                    draft
                } else {
                    draft.severity(Severity::Note).certainty(Certainty::Inferred)
                });
            }
        }
    }
}

/// Whether the operation's endpoint is written here, so that what it answers is known.
pub(crate) fn is_written(cx: &Cx<'_>, detail: &Detail) -> bool {
    detail.endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k)).is_some_and(|i| cx.graph.endpoints[i].is_written())
}
