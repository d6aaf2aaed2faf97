//! A call that has an effect each time is tried again. See `unsafe_retry.md`.

use super::backpressure_ignored::is_wish;
use super::redelivery_unsafe::{done_again, guarded, mentions_in_node};
use crate::effects::{Change, change, consumers, last, said};
use crate::failures::Failures;
use crate::patience::{Patience, called, is_call};
use crate::stored::stem;
use crate::trials::Means;
use crate::work::{Deed, Start, What, adds, deeds, handling, uniques};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{AlterKind, Claim, PolicyKind, WriteKind};
use seam_graph::{Certainty, Detail, EdgeKind, Evidence, NodeKind, Operation, endpoint_of};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "unsafe-retry",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("unsafe_retry.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let patience = Patience::new(cx);
    for (operation, edge, detail) in cx.operations() {
        let keyed = !cx.policies(operation, PolicyKind::IdempotencyKey).is_empty()
            || super::key_ignored::sent(cx, operation).is_some();
        if !is_call(cx, operation) || keyed {
            continue;
        }
        let forwarded = behind(cx, operation);
        let asked = forwarded.map(|index| cx.graph.endpoints[index].asked_as());
        let what = asked.as_deref().map_or_else(|| called(cx, operation), str::trim);
        if !(is_unsafe(cx, operation) || forwarded.is_some())
            || [last(asks_in(detail)), last_part(what)].into_iter().any(only_asks)
        {
            continue;
        }
        let rules = patience.of(operation);
        let Some(layer) = rules.layers.iter().find(|l| retries_writes(&l.detail)) else { continue };
        let own = forwarded.or_else(|| detail.endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k)));
        // Behind a gateway, what counts is what answers there.
        let index = own.or_else(|| cx.behind(operation));
        let answers = index.map_or(edge.to, |i| cx.graph.endpoints[i].node);
        if index.is_some_and(|i| bears_twice(cx, i)) {
            continue;
        }
        let at = |(o, says): (Operation, String)| (cx.detail(o).at.clone(), says);
        let seen =
            effect(cx, index).map(at).or_else(|| index.and_then(|i| added(cx, i).or_else(|| without_key(cx, i))));
        let flows = seen.is_some();
        let foreign =
            || (cx.node(edge.to).kind == NodeKind::External).then(|| (detail.at.clone(), "its work".to_owned()));
        let Some((effect, says)) = seen.or_else(|| keeps(cx, answers).map(at)).or_else(foreign) else { continue };
        let (caller, callee) = (cx.name(edge.from), cx.name(answers));
        let tries = layer.attempts.map_or("several times".to_owned(), |n| format!("up to {n} times"));
        let mut draft = Draft::new(
            format!("{} {what}", edge.key.as_str()),
            &layer.at,
            format!("`{what}` of `{callee}` is tried {tries} without an idempotency key"),
        )
        .why(format!(
            "When an answer is lost or late, `{callee}` has done the work and `{caller}` asks again: {says} then \
             happens {tries} for one request. Nothing in the call tells `{callee}` that it is the same one."
        ))
        .help(format!(
            "send a key that is made before the first attempt and let `{callee}` refuse a second use, or retry only \
             while connecting"
        ))
        .about([edge.key.clone()])
        .certainty(detail.certainty)
        .certainty(layer.certainty)
        .link(&layer.at, format!("the call is tried {tries} ({})", layer.detail))
        .link(&detail.at, format!("`{caller}` calls `{}` {what}", cx.name(edge.to)));
        if let Some(index) = index {
            draft = draft.link(cx.graph.endpoints[index].proof.first(), format!("`{callee}` answers {what}"));
        }
        if effect != detail.at {
            draft = draft.link(&effect, format!("`{callee}` has an effect: {says}"));
        }
        if !flows {
            draft = draft
                .severity(Severity::Note)
                .certainty(Certainty::Inferred)
                .open(format!("what `{callee}` writes to answer {what}"));
        }
        out.push(draft);
    }
    messages(cx, out);
}

/// Messages that a loop of the program's own sends again, to a consumer that does something more for each.
fn messages(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut seen = BTreeSet::new();
    for trial in &cx.trials().all {
        for operation in trial.operations.iter().copied() {
            let (edge, detail) = (cx.edge(operation.edge), cx.detail(operation));
            if edge.kind != EdgeKind::QueuePublish {
                continue;
            }
            let taken_by = consumers(cx, operation);
            let grows = taken_by.iter().find_map(|(node, taken)| {
                let deed = done_again(cx, *node, *taken, &uniques(cx, *node))?;
                Some((*node, *taken, deed))
            });
            // What it asks of others, or sends on, happens for each message as well.
            let asks = || {
                taken_by.iter().find_map(|(node, taken)| {
                    let passes_on = |deed: &Deed<'_>| match deed.what {
                        What::Call(o) => is_unsafe(cx, o),
                        What::Publish(_) => true,
                        What::Write(_) => false,
                    };
                    let deed = handling(cx, *node, *taken).into_iter().find(passes_on)?;
                    (!guarded(cx, *node, &deed, cx.detail(*taken))).then_some((*node, *taken, deed))
                })
            };
            let (takes, sure) = match grows {
                Some(found) => (Some(found), true),
                None => (asks(), false),
            };
            let Some((node, taken, deed)) = takes else { continue };
            let at = trial.at(cx);
            if mentions_in_node(cx, node) || !seen.insert((at.path.clone(), at.at.line)) {
                continue;
            }
            let number = match trial.means {
                Means::Loop(said) => said.attempts.clone(),
                Means::Library(policy) => policy.attempts.clone(),
            };
            let tries = match number.and_then(|n| n.as_text()) {
                Some(n) => format!("up to {n} times"),
                None => "several times".to_owned(),
            };
            let (name, taker, broker) = (cx.name(edge.from), cx.name(node), cx.name(edge.to));
            let (message, does) = (said(cx, operation), deed.says(cx));
            let draft =
                Draft::new(
                    format!("{} {} {}", edge.key.as_str(), detail.operation, trial.within()),
                    &at,
                    format!("`{name}` sends {message} {tries}, and `{taker}` cannot tell a repetition"),
                )
                .why(format!(
                    "When the confirmation is lost or late, `{broker}` has the message and `{name}` sends it again: each copy is a \
                     message of its own, and {does} happens for each."
                ))
                .help(format!(
                    "give the message an identifier that is made before the first attempt, and let `{taker}` keep those it has handled"
                ))
                .about([edge.key.clone(), cx.edge(taken.edge).key.clone()])
                .certainty(detail.certainty)
                .link(&at, "it is sent again")
                .link(&detail.at, format!("`{name}` sends {message}"))
                .link(&cx.detail(taken).at, format!("`{taker}` takes it"))
                .link(&deed.at, format!("and does {does} for each"));
            out.push(if sure { draft } else { draft.severity(Severity::Note) });
        }
    }
}

/// Whether a request may do something once more when it is made again: by its method, or by its name where it has none.
fn is_unsafe(cx: &Cx<'_>, operation: Operation) -> bool {
    let (kind, said) = (cx.edge(operation.edge).kind, cx.detail(operation).operation.as_str());
    match kind {
        EdgeKind::Http => matches!(said.split_once(' '), Some(("POST" | "PATCH", _))),
        EdgeKind::Grpc => acts(said) && change(cx, operation) == Some(Change::Request),
        kind if kind.is_procedure() => {
            change(cx, operation) == Some(Change::Request) && said.split(['_', '-', '.', '/']).any(acts)
        }
        _ => false,
    }
}

/// What the callee of a call does once more each time that it is asked, and whether its own code shows it; for changes only.
pub(crate) fn repeated(cx: &Cx<'_>, operation: Operation) -> Option<(Evidence, String, bool)> {
    let (edge, detail) = (cx.edge(operation.edge), cx.detail(operation));
    let what = called(cx, operation);
    if !is_unsafe(cx, operation) || [last(asks_in(detail)), last_part(what)].into_iter().any(only_asks) {
        return None;
    }
    let index = detail.endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k));
    if index.is_some_and(|i| bears_twice(cx, i)) {
        return None;
    }
    let at = |(o, says): (Operation, String)| (cx.detail(o).at.clone(), says);
    let of_effect = || effect(cx, index).map(at);
    let seen = index.and_then(|i| added(cx, i)).or_else(of_effect).or_else(|| index.and_then(|i| without_key(cx, i)));
    if let Some((at, says)) = seen {
        return Some((at, says, true));
    }
    // What it keeps stands elsewhere: where it answers is all that is known.
    keeps(cx, edge.to)?;
    let answers = index.map_or(&detail.at, |i| cx.graph.endpoints[i].proof.first());
    Some((answers.clone(), "its work".to_owned(), false))
}

/// What a proxy's route leads to that has an effect: a proxy passes on whatever comes.
fn behind(cx: &Cx<'_>, operation: Operation) -> Option<usize> {
    let (edge, detail) = (cx.edge(operation.edge), cx.detail(operation));
    if !detail.is_rule() && cx.node(edge.from).kind != NodeKind::Gateway || detail.operation.contains(' ') {
        return None;
    }
    let prefix = detail.operation.split(['*', '{']).next().unwrap_or_default().trim_end_matches('/');
    let writes = |e: &seam_graph::Endpoint| {
        e.node == edge.to && matches!(e.method.as_deref(), Some("POST" | "PATCH")) && e.is_written()
    };
    let all = || cx.graph.endpoints.iter().enumerate().filter(|(_, e)| writes(e));
    // Where the route's path is cut off on the way, any of them may be meant.
    let near = all().find(|(_, e)| e.path.starts_with(prefix) && !only_asks(last_part(&e.path)));
    near.or_else(|| all().find(|(_, e)| !only_asks(last_part(&e.path)))).map(|(index, _)| index)
}

/// A method of gRPC whose name says that it does something.
fn acts(operation: &str) -> bool {
    let name = operation.rsplit(['/', '.']).next().unwrap_or(operation).to_ascii_lowercase();
    [
        "place", "add", "create", "charge", "send", "ship", "save", "insert", "publish", "pay", "book", "reserve",
        "order", "register",
    ]
    .iter()
    .any(|w| name.starts_with(w))
}

/// A callee whose handler is not followed to its store, but that keeps data.
fn keeps(cx: &Cx<'_>, callee: usize) -> Option<(Operation, String)> {
    let of = |kind| cx.outgoing(callee).iter().copied().find(|e| cx.edge(*e).kind == kind);
    let edge = of(EdgeKind::Db).or_else(|| of(EdgeKind::Cache)).or_else(|| of(EdgeKind::QueuePublish))?;
    let store = cx.node(cx.edge(edge).to);
    let says = match cx.edge(edge).kind {
        EdgeKind::QueuePublish => format!("a message to `{}`", store.name),
        _ => format!("work on the {} `{}`", store.kind.word(), store.name),
    };
    Some((Operation { edge, detail: 0 }, says)).filter(|_| !cx.edge(edge).details.is_empty())
}

/// The function that says what is asked for: of a helper that is told, the one that tells it.
fn asks_in(detail: &Detail) -> &str {
    detail.asked.first().map_or(&detail.within, |asked| &asked.symbol)
}

/// A function or path whose name says that it changes nothing, or takes away what is there: twice is once.
fn only_asks(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words =
        ["get", "query", "find", "search", "list", "fetch", "load", "read", "check", "validate", "remove", "delete"];
    // Other words begin alike.
    let others =
        ["checkout", "check_out", "check-out", "checkin", "check_in", "check-in", "getaway", "listen", "ready"];
    words.iter().any(|w| name.starts_with(w)) && !others.iter().any(|w| name.starts_with(w))
}

fn last_part(operation: &str) -> &str {
    operation.rsplit('/').find(|p| !p.is_empty()).unwrap_or(operation)
}

/// Layers that leave unsafe methods alone, or repeat only what never arrived.
pub(crate) fn retries_writes(detail: &str) -> bool {
    if Failures::of(detail) == Failures::CONNECT {
        return false;
    }
    let nginx = detail.contains("_next_upstream");
    let connecting = ["connect-failure", "refused-stream"].iter().any(|w| detail.contains(w))
        && !["5xx", "reset", "gateway-error", "retriable"].iter().any(|w| detail.contains(w));
    // axios-retry repeats idempotent methods only, unless a condition of the program's own is given.
    let spared = nginx && !detail.contains("non_idempotent");
    let reads = detail.starts_with("Spring Cloud Gateway") && !detail.contains("for POST");
    !(spared || connecting || reads || detail == "axios-retry" || detail == "axios-retry, forever")
}

/// What a handler and the functions that it runs do, where its code is followed.
fn done<'a>(cx: &Cx<'a>, index: usize) -> Vec<Deed<'a>> {
    let endpoint = &cx.graph.endpoints[index];
    let (names, _) = cx.flows().functions(endpoint.node);
    let path = &endpoint.proof.first().path;
    let handler = names.iter().find(|(p, s)| p == path && last(s) == last(&endpoint.handler));
    let Some((path, within)) = handler else { return Vec::new() };
    deeds(cx, Start { node: endpoint.node, path, within, names: &[], lines: (0, 0) })
}

/// A row that is one more each time, or an amount that is added: known by the statement, whoever opened the connection.
fn added(cx: &Cx<'_>, index: usize) -> Option<(Evidence, String)> {
    let unique = uniques(cx, cx.graph.endpoints[index].node);
    let again = |deed: &&Deed<'_>| match deed.what {
        What::Write(write) => write.kind == WriteKind::Add || adds(write, &unique),
        What::Publish(_) | What::Call(_) => false,
    };
    done(cx, index).iter().find(again).map(|deed| (deed.at.clone(), deed.says(cx)))
}

/// Whether all that a handler does comes to the same when it is done twice: upserts, updates to a value, inserts that a unique
/// key refuses. What a mapper saves may be a new row each time. A handler that looks for an idempotency key is protected by it, and
/// by nothing else, unless a column is unique that is no such key.
fn bears_twice(cx: &Cx<'_>, index: usize) -> bool {
    let all = done(cx, index);
    if asks_for_key(cx, index) && !all.iter().any(|deed| has_natural_key(cx, deed)) {
        return false;
    }
    let unique = uniques(cx, cx.graph.endpoints[index].node);
    let same = |deed: &Deed<'_>| match deed.what {
        What::Write(write) => match write.kind {
            WriteKind::Insert => !adds(write, &unique),
            WriteKind::Upsert | WriteKind::Set | WriteKind::Delete => true,
            WriteKind::Add | WriteKind::Save => false,
        },
        What::Publish(_) | What::Call(_) => false,
    };
    !all.is_empty() && all.iter().all(same)
}

/// The handler itself reads an idempotency key from the request.
fn asks_for_key(cx: &Cx<'_>, index: usize) -> bool {
    let endpoint = &cx.graph.endpoints[index];
    cx.facts(&endpoint.proof.first().path).iter().any(|fact| match &fact.claim {
        Claim::KeyUse(key) => !key.sent && !is_wish(key) && last(&key.within) == last(&endpoint.handler),
        _ => false,
    })
}

/// What a handler writes that nothing but the missing key would keep from happening again.
fn without_key(cx: &Cx<'_>, index: usize) -> Option<(Evidence, String)> {
    let all = done(cx, index);
    let write = all.iter().find(|deed| matches!(deed.what, What::Write(_)) && asks_for_key(cx, index))?;
    Some((write.at.clone(), write.says(cx)))
}

/// What is written has a unique column that is not named like a key for requests.
fn has_natural_key(cx: &Cx<'_>, deed: &Deed<'_>) -> bool {
    let What::Write(write) = deed.what else { return false };
    let table = stem(&write.name);
    cx.base.facts().any(|(_, fact)| match &fact.claim {
        Claim::Alter(alter) if alter.kind == AlterKind::Unique && stem(&alter.table) == table => {
            let column = alter.column.to_ascii_lowercase();
            !["", "id", "uuid", "_id"].contains(&column.as_str())
                && !["key", "idempot", "request", "token", "nonce"].iter().any(|word| column.contains(word))
        }
        _ => false,
    })
}

/// What the callee does that a repetition does twice: a message, a further write over the network, a store.
fn effect(cx: &Cx<'_>, endpoint: Option<usize>) -> Option<(Operation, String)> {
    let effects = cx.flows().endpoint(endpoint?);
    let kind = |o: Operation| {
        let edge = cx.edge(o.edge);
        let writes = ["POST ", "PATCH "].iter().any(|m| cx.detail(o).operation.starts_with(m));
        let name = cx.name(edge.to);
        match edge.kind {
            EdgeKind::QueuePublish => Some((0, format!("a message to `{name}`"))),
            EdgeKind::Http if writes => Some((1, format!("`{}` of `{name}`", cx.detail(o).operation))),
            // A library of somebody's API names no method; what a write asks of it is mostly one as well.
            EdgeKind::Http if cx.node(edge.to).kind == NodeKind::External && !cx.detail(o).operation.contains(' ') => {
                Some((3, format!("a request to `{name}`")))
            }
            EdgeKind::Smtp => Some((0, "an email".to_owned())),
            EdgeKind::Grpc if acts(&cx.detail(o).operation) => {
                Some((1, format!("`{}` of `{name}`", cx.detail(o).operation)))
            }
            EdgeKind::Db => Some((2, format!("work on the database `{name}`"))),
            _ => None,
        }
    };
    let best = effects.iter().filter_map(|e| kind(e.operation).map(|(rank, says)| (rank, e.operation, says))).min();
    best.map(|(_, o, says)| (o, says))
}
