//! A request waits for another service without any limit. See `missing_timeout.md`.

use crate::patience::{Patience, called, default_of, is_call};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, PolicyKind, SmolStr};
use seam_graph::{Certainty, EdgeKind, NodeKind, Operation, is_test};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "missing-timeout",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("missing_timeout.md"),
    find,
};

/// Places shown of one client's calls.
const SHOWN: usize = 6;

/// A call, and the endpoint whose requests wait for it, where that is known.
type Waiting = (Operation, Option<usize>);

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let patience = Patience::new(cx);
    // Only what an entry of the caller waits for: a script at a desk may wait.
    let mut entries: BTreeMap<Operation, Option<usize>> = BTreeMap::new();
    for (index, _) in cx.graph.endpoints.iter().enumerate() {
        for effect in cx.flows().endpoint(index) {
            entries.entry(effect.operation).or_insert(Some(index));
        }
    }
    // Messages wait behind the one that is handled.
    for (taken, ..) in cx.operations().filter(|(_, e, _)| e.kind == EdgeKind::QueueConsume) {
        for effect in cx.flows().consumer(taken) {
            entries.entry(effect.operation).or_insert(None);
        }
    }
    // Where the program itself says that there is no limit, it need not be known who waits.
    let waits = |o: &Operation| is_call(cx, *o) || cx.edge(o.edge).kind == EdgeKind::Smtp;
    for (operation, ..) in cx.operations().filter(|(o, _, d)| waits(o) && !is_test(&d.at.path)) {
        if !entries.contains_key(&operation) && patience.unlimited(operation).is_some() {
            entries.insert(operation, None);
        }
    }
    let mut groups: BTreeMap<(usize, SmolStr), Vec<Waiting>> = BTreeMap::new();
    for (operation, entry) in entries {
        let edge = cx.edge(operation.edge);
        let off = patience.unlimited(operation);
        let known = off.is_some() || default_of(cx, operation).is_some_and(|d| d.timeout.is_none());
        if !known || !waits(&operation) || cx.node(edge.from).kind != NodeKind::Service {
            continue;
        }
        // Requests takes a timeout at the call and nowhere else: what another call is given says nothing of this one.
        let alone = cx.detail(operation).client == "requests" && !adapts(cx, edge.from);
        let mail = edge.kind == EdgeKind::Smtp;
        let elsewhere = off.is_none() && !alone && !mail && patience.may_be_bounded(operation);
        if mail && limits_mail(cx, edge.from)
            || elsewhere
            || patience.has_own(operation)
            || patience.of(operation).patience().is_some()
        {
            continue;
        }
        groups.entry((edge.from, cx.detail(operation).client.clone())).or_default().push((operation, entry));
    }
    for ((from, client), calls) in groups {
        let off = calls.iter().find_map(|(o, _)| patience.unlimited(*o));
        let Some((first, entry)) = calls.first().copied() else { continue };
        let source = match (&off, default_of(cx, first)) {
            (Some(_), _) => "the program switches it off",
            (None, Some(default)) => default.source,
            (None, None) => continue,
        };
        let name = cx.name(from);
        let callees: BTreeSet<&str> = calls.iter().map(|(o, _)| cx.name(cx.edge(o.edge).to)).collect();
        let whom = callees.iter().take(3).map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
        let more = callees.len().saturating_sub(3);
        let whom = if more > 0 { format!("{whom} and {more} more") } else { whom };
        let message = format!("`{name}` may wait for {whom} for ever: `{client}` has no timeout");
        let endpoint = calls.iter().find_map(|(_, e)| *e).or(entry).map(|e| &cx.graph.endpoints[e]);
        let keeps = match endpoint.map(|e| e.asked_as()) {
            Some(served) => format!("each request to `{}`", served.trim()),
            None => "each piece of work".to_owned(),
        };
        let count = match calls.len() {
            1 => "1 call has".to_owned(),
            n => format!("{n} calls have"),
        };
        let mut draft = Draft::new(format!("{name} {client}"), &cx.detail(first).at, message)
            .why(format!(
                "{count} no limit in code or configuration, and the library sets none ({}). When the callee hangs, \
                 {keeps} keeps its worker and its connection until none is left, and `{name}` stops \
                 answering everybody.",
                source,
            ))
            .help(format!("give the `{client}` client of `{name}` a timeout that is shorter than its own callers wait"))
            .about(calls.iter().map(|(o, _)| cx.edge(o.edge).key.clone()).collect::<BTreeSet<_>>())
            .certainty(Certainty::Inferred);
        if let Some(endpoint) = endpoint {
            let served = endpoint.asked_as();
            draft = draft.link(endpoint.proof.first(), format!("`{name}` serves {}", served.trim()));
        } else if off.is_none() || !serves(cx, from) {
            draft = draft.severity(Severity::Note);
        }
        for (operation, _) in calls.iter().take(SHOWN) {
            let to = cx.name(cx.edge(operation.edge).to);
            draft =
                draft.link(&cx.detail(*operation).at, format!("`{name}` waits for `{to}` {}", called(cx, *operation)));
            let answers = cx.detail(*operation).endpoint.as_ref();
            if let Some(index) = answers.and_then(|k| seam_graph::endpoint_of(cx.graph, k)) {
                let at = cx.graph.endpoints[index].proof.first();
                draft = draft.link(at, format!("`{to}` answers {}", called(cx, *operation)));
            }
        }
        if let Some(at) = &off {
            draft = draft.link(at, "no timeout, said here");
        }
        // Elsewhere it thinks of timeouts; that this client has none from there is what the code's own files say.
        if off.is_none() && patience.bounds_some(from) {
            draft = draft.severity(Severity::Note);
        }
        if calls.len() > SHOWN {
            draft = draft.open(format!("{} more calls of this client are not shown", calls.len() - SHOWN));
        }
        out.push(draft);
    }
}

/// Whether somebody asks the service anything: then what it waits for is waited for.
fn serves(cx: &Cx<'_>, node: usize) -> bool {
    cx.graph.endpoints.iter().any(|e| e.node == node)
}

/// Whether a setting of the mail library limits how long it waits for the server's answers.
fn limits_mail(cx: &Cx<'_>, node: usize) -> bool {
    let limits = |key: &str| key.to_ascii_lowercase().ends_with("mail.smtp.timeout");
    let set = cx.graph.settings.iter().any(|s| s.node == node && limits(&s.key));
    let put = |fact: &seam_facts::Fact| match &fact.claim {
        Claim::Setting(set) => limits(&set.key),
        Claim::Policy(policy) => policy.kind == PolicyKind::Timeout && policy.detail == "mail",
        _ => false,
    };
    set || cx.own_facts(node).any(|(_, fact)| put(fact))
}

/// A session that the program gives a timeout of its own: by an adapter that it extends, or for all sockets.
fn adapts(cx: &Cx<'_>, node: usize) -> bool {
    const WORDS: [&str; 4] = ["HTTPAdapter", "setdefaulttimeout", "partial", "TimeoutSession"];
    cx.own_facts(node).any(|(_, fact)| match &fact.claim {
        Claim::Uses(uses) => uses.functions.iter().flat_map(|(_, names)| names).any(|n| WORDS.contains(&n.as_str())),
        _ => false,
    })
}
