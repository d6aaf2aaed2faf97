//! Ways in, calls, messages and tables: differences of traffic to effects with those at the other side.
//!
//! Invariant: a difference that no changed line states is no change of its own service's side: it is what the change of another
//! side does to it, and is told there.

use super::effect::{Cx, Effect, Tie};
use super::{gateways, messages, unjoined};
use seam_facts::{Key, SmolStr, format_smolstr};
use seam_graph::{Certainty, Difference, NodeKind, Traffic, Turn, What, endpoint_of};
use std::collections::BTreeSet;

pub(super) fn effects(cx: &Cx<'_>, configured: &BTreeSet<SmolStr>, out: &mut Vec<Effect>) {
    let mut consequences: Vec<&Difference> = Vec::new();
    for d in cx.differences {
        match d.what {
            What::Endpoint => out.extend(endpoint(cx, d)),
            What::Operation => {
                if cx.states(d) || configured.contains(&d.node) {
                    out.extend(call(cx, d));
                } else if d.turn != Turn::Added {
                    consequences.push(d);
                }
            }
            What::Publish => out.extend(messages::publish(cx, d)),
            What::Consume => out.extend(messages::consume(cx, d)),
            What::Table => out.extend(table(cx, d, configured)),
            What::Answer => consequences.push(d),
            What::Service | What::Setting | What::Read | What::Policy | What::Port | What::Image | What::Package => {}
        }
    }
    for d in consequences {
        follow(cx, d, out);
    }
}

/// A route or RPC, and who asks for it.
fn endpoint(cx: &Cx<'_>, d: &Difference) -> Option<Effect> {
    let rpc = !d.name.contains(' ') && d.name.contains('/') && !d.name.starts_with('/');
    let kind = if rpc { "rpc" } else { "route" };
    let mut effect = match d.turn {
        Turn::Added => return Some(Effect::of("endpoint-added", format!("{kind} `{}` is new", d.name), d)),
        Turn::Changed => {
            let text = format!("{kind} `{}` has the types {} instead of {}", d.name, shown(&d.after), shown(&d.before));
            Effect::of("shape-changed", text, d)
        }
        Turn::Renamed => {
            let id = if rpc { "rpc-moved" } else { "endpoint-moved" };
            Effect::of(id, format!("{kind} `{}` is `{}` now", d.name, d.to), d)
        }
        Turn::Removed => Effect::of("endpoint-removed", format!("{kind} `{}` is gone", d.name), d),
    };
    let node = cx.old.node(&d.node)?;
    let found: Vec<usize> = (0..cx.old.graph.endpoints.len())
        .filter(|e| cx.old.graph.endpoints[*e].node == node && cx.old.graph.endpoints[*e].asked_as() == d.name)
        .collect();
    for endpoint in found {
        effect.entries.insert(cx.old.graph.endpoints[endpoint].key.clone());
        asked(cx, endpoint, None, &mut effect);
    }
    gateways::carried(cx, node, d, &mut effect);
    unjoined::tie(cx, node, d, &mut effect);
    spelling(cx, node, d, &mut effect);
    if d.turn == Turn::Removed && effect.dependent.is_empty() {
        effect.rule = super::rules::find("endpoint-unused-removed");
    }
    unknown(cx, node, &mut effect);
    Some(effect)
}

fn shown(text: &str) -> String {
    if text.is_empty() { "that are not stated".to_owned() } else { format!("`{text}`") }
}

/// Everybody who calls an endpoint of the older state; where it stands for several operations, those who call this one.
pub(super) fn asked(cx: &Cx<'_>, endpoint: usize, only: Option<&str>, effect: &mut Effect) {
    for (edge, detail) in cx.old.callers(endpoint) {
        let edge = &cx.old.graph.edges[edge];
        let detail = &edge.details[detail];
        // A stub whose methods are called where nobody can follow it may call this one.
        let whole = detail.operation.ends_with("/*");
        let is_it =
            |o: &str| same(o, &detail.operation) || whole && o.starts_with(detail.operation.trim_end_matches('*'));
        if only.is_some_and(|o| !is_it(o)) {
            continue;
        }
        let operation = if detail.operation.is_empty() { "it" } else { detail.operation.as_str() };
        effect.tie(Tie {
            service: cx.old.name(edge.from).clone(),
            why: format!("calls `{operation}`"),
            through: vec![edge.key.clone()],
            places: spelled(cx, edge, detail),
            certainty: if whole { Certainty::Inferred } else { detail.certainty.max(edge.certainty) },
            moved: moved(cx, edge.from, detail),
        });
    }
}

/// Whether two operations are one: packages that are generated for a service spell it in lower case.
fn same(one: &str, other: &str) -> bool {
    let rpc = |o: &str| {
        o.split_once('/')
            .filter(|(s, _)| !s.is_empty() && !s.contains(' '))
            .map(|(s, m)| (s.to_ascii_lowercase(), m.to_owned()))
    };
    one == other || rpc(one).is_some_and(|a| rpc(other) == Some(a))
}

/// The call, and what its address is put together from in the caller's own files, where that is about nothing else.
fn spelled(cx: &Cx<'_>, edge: &seam_graph::Edge, detail: &seam_graph::Detail) -> Vec<seam_graph::Evidence> {
    let segment =
        detail.operation.rsplit(' ').next().unwrap_or_default().split('/').find(|s| s.len() > 2 && !s.contains('{'));
    let mut out = vec![pinned(cx, &detail.at, segment.unwrap_or_default())];
    out.extend(sites(cx, edge.from, detail));
    if edge.details.len() <= 2 {
        let path = detail.operation.rsplit(' ').next().unwrap_or_default();
        let first = path.split(['{', '*']).next().unwrap_or_default().trim_end_matches('/');
        let own = |e: &&seam_graph::Evidence| {
            first.len() > 2 && e.says.contains(first) && cx.old.files(edge.from).any(|f| *f == e.path)
        };
        out.extend(edge.proof.iter().filter(own).filter(|e| e.at != detail.at.at).cloned());
    }
    out
}

/// Where a node's own code calls the method of a client that stands for an operation: `orders.byId(…)`.
pub(super) fn sites(cx: &Cx<'_>, node: usize, detail: &seam_graph::Detail) -> Vec<seam_graph::Evidence> {
    let Some((ty, method)) = detail.within.rsplit_once(['.', '#', ':']) else { return Vec::new() };
    let ty = ty.rsplit(['.', '#', ':']).next().unwrap_or(ty);
    let mut out = Vec::new();
    let own = cx.old.graph.nodes[node].own.iter().filter(|p| **p != detail.at.path && !seam_graph::is_test(p));
    for path in own {
        let Some(uses) = cx.old.uses(path) else { continue };
        let calling =
            uses.functions.iter().zip(&uses.lines).filter(|((_, names), _)| names.iter().any(|n| n == method));
        let calling: Vec<(u32, u32)> = calling.map(|(_, lines)| *lines).collect();
        let Some(text) = (cx.old.text)(path).filter(|t| !calling.is_empty() && t.contains(ty)) else { continue };
        for (index, line) in text.lines().enumerate() {
            let at = index as u32 + 1;
            let calls = |rest: &str| rest.trim_start_matches(['.', ':', '>', '?', '!']).starts_with('(');
            let named = line
                .match_indices(method)
                .any(|(i, _)| line[..i].ends_with(['.', ':', '>']) && calls(&line[i + method.len()..]));
            if named && calling.iter().any(|(a, b)| *a <= at && at <= *b) {
                out.push(Cx::place(path, at, "calls it"));
            }
        }
    }
    out.truncate(super::values::PLACES);
    out
}

/// A statement that reaches over several lines, at the one that has a word.
pub(super) fn pinned(cx: &Cx<'_>, at: &seam_graph::Evidence, word: &str) -> seam_graph::Evidence {
    let mut out = at.clone();
    if word.is_empty() || at.at.end_line <= at.at.line {
        return out;
    }
    let text = (cx.old.text)(&at.path).unwrap_or_default();
    let lines = text.lines().enumerate().skip(at.at.line as usize - 1).take((at.at.end_line - at.at.line) as usize + 1);
    if let Some((index, _)) = lines.into_iter().find(|(_, l)| l.contains(word)) {
        out.at.line = index as u32 + 1;
    }
    out
}

/// Whether the call moves along: its own line is among what changes, or it asks for something else now, because what its address is put
/// together from was changed elsewhere; and it is answered afterwards.
pub(super) fn moved(cx: &Cx<'_>, from: usize, detail: &seam_graph::Detail) -> bool {
    let edited = cx.edit(&detail.at.path).is_some_and(|e| e.touches(detail.at.at, false));
    let name = cx.old.name(from);
    let beside = |side: &super::effect::Side<'_>| -> Vec<(SmolStr, bool)> {
        let own = side.graph.edges.iter().filter(|e| side.name(e.from) == name);
        let own = own.flat_map(|e| &e.details).filter(|d| d.at.path == detail.at.path && d.within == detail.within);
        own.map(|d| (d.operation.clone(), d.endpoint.is_some())).collect()
    };
    let (before, after) = (beside(&cx.old), beside(&cx.new));
    let gone = !after.iter().any(|(operation, _)| *operation == detail.operation);
    after
        .iter()
        .any(|(operation, answered)| *answered && (edited || gone && !before.iter().any(|(o, _)| o == operation)))
}

/// The same for a thing that is only thought of: gateways that name its path, and calls that lead nowhere and ask for it.
pub(super) fn around(cx: &Cx<'_>, endpoint: usize, effect: &mut Effect) {
    let it = &cx.old.graph.endpoints[endpoint];
    let d = Difference {
        what: What::Endpoint,
        node: cx.old.name(it.node).clone(),
        peer: SmolStr::default(),
        turn: Turn::Removed,
        name: it.asked_as(),
        to: SmolStr::default(),
        before: SmolStr::default(),
        after: SmolStr::default(),
        certainty: it.certainty,
        was: None,
        is: None,
    };
    gateways::carried(cx, it.node, &d, effect);
    unjoined::tie(cx, it.node, &d, effect);
    spelling(cx, it.node, &d, effect);
    unknown(cx, it.node, effect);
}

/// Who calls the node, nobody can follow for what, and spells the very path: a generated client, a table of paths.
fn spelling(cx: &Cx<'_>, node: usize, d: &Difference, effect: &mut Effect) {
    let path = d.name.rsplit(' ').next().unwrap_or_default();
    let stretch = path.split(['{', '*']).next().unwrap_or_default().trim_end_matches('/');
    if d.turn == Turn::Changed || stretch.len() < 5 || !path.starts_with('/') {
        return;
    }
    for edge in
        cx.old.graph.edges.iter().filter(|e| e.to == node && e.from != node && e.kind.traffic() == Traffic::Call)
    {
        let service = cx.old.name(edge.from).clone();
        let gateway = cx.old.graph.nodes[edge.from].kind == NodeKind::Gateway;
        if gateway || effect.services().any(|s| *s == service) {
            continue;
        }
        let mut places = Vec::new();
        for file in
            cx.old.files(edge.from).filter(|f| !seam_graph::is_test(f) && seam_extract::lang::of_path(f).is_some())
        {
            let Some(text) = (cx.old.text)(file).filter(|t| t.contains(stretch)) else { continue };
            for (index, line) in text.lines().enumerate() {
                let ends = |rest: &str| rest.starts_with(['"', '\'', '`', '/', '?', '{', '$']);
                // Behind an address: a hole, or something that it is joined to. A page of its own may be called so, too.
                let begins = |before: &str| {
                    let joined = before.trim_end_matches(['"', '\'', '`']).trim_end();
                    before.ends_with('}') || before.ends_with(['"', '\'', '`']) && joined.ends_with(['+', '.', ','])
                };
                let found = |(at, _): (usize, &str)| ends(&line[at + stretch.len()..]) && begins(&line[..at]);
                if places.len() < 6 && line.match_indices(stretch).any(found) {
                    places.push(Cx::place(file, index as u32 + 1, "spells the path"));
                }
            }
        }
        if !places.is_empty() {
            effect.tie(Tie {
                why: format!("spells `{stretch}`, and calls `{}`", d.node),
                through: vec![edge.key.clone()],
                places,
                certainty: Certainty::Inferred,
                moved: false,
                service,
            });
        }
    }
}

/// Calls of a node whose operation nobody could read: they may be meant.
fn unknown(cx: &Cx<'_>, node: usize, effect: &mut Effect) {
    for edge in cx.old.graph.edges.iter().filter(|e| e.to == node && e.kind.traffic() == Traffic::Call) {
        let open = edge.details.iter().filter(|d| d.operation.is_empty()).count();
        let from = cx.old.name(edge.from);
        if open > 0 && !effect.services().any(|s| s == from) {
            effect.open.push(format!("`{from}` calls `{}`, and which operation is not known", cx.old.name(node)));
        }
    }
}

/// What a service asks of others.
fn call(cx: &Cx<'_>, d: &Difference) -> Option<Effect> {
    if gateways::is_rule(cx, d) {
        return Some(gateways::rule(cx, d));
    }
    let name = if d.name.is_empty() { "a call" } else { d.name.as_str() };
    let mut effect = match d.turn {
        Turn::Added => Effect::of("call-added", format!("calls `{name}` of `{}`", d.peer), d),
        Turn::Removed => Effect::of("call-removed", format!("does not call `{name}` of `{}` any more", d.peer), d),
        Turn::Renamed | Turn::Changed => {
            let text = format!("calls `{}` of `{}` instead of `{name}`", d.to, d.peer);
            Effect::of("call-changed", text, d)
        }
    };
    // It asks for what nobody serves, though what it asked for before was served.
    if matches!(d.turn, Turn::Renamed | Turn::Changed | Turn::Added) {
        let answered = |side: &super::effect::Side<'_>, name: &str| {
            side.graph.edges.iter().any(|e| {
                side.name(e.from) == &d.node
                    && side.name(e.to) == d.peer.as_str()
                    && e.details.iter().any(|x| x.operation == name && x.endpoint.is_some())
            })
        };
        if d.turn != Turn::Added && answered(&cx.old, &d.name) && !answered(&cx.new, &d.to) {
            effect.rule = super::rules::find("call-unanswered");
            effect.text =
                format!("calls `{}` of `{}`, which nobody is seen to serve; `{name}` was served", d.to, d.peer);
        }
    }
    effect.entries.extend(reaching(cx, &d.node, d.was.as_ref()));
    Some(effect)
}

/// The endpoints of a service that run into the operation which stands at a place.
pub(super) fn reaching(cx: &Cx<'_>, service: &str, at: Option<&seam_graph::Evidence>) -> Vec<Key> {
    let (Some(node), Some(at)) = (cx.old.node(service), at) else { return Vec::new() };
    let endpoints = cx.old.graph.endpoints.iter().enumerate().filter(|(_, e)| e.node == node);
    let runs = |index: usize| {
        cx.old.flows.endpoint(index).iter().any(|effect| {
            let edge = &cx.old.graph.edges[effect.operation.edge];
            let place = &edge.details[effect.operation.detail].at;
            place.path == at.path && (place.at.line == at.at.line || place.at.covers(at.at.line))
        })
    };
    endpoints.filter(|(index, _)| runs(*index)).map(|(_, e)| e.key.clone()).collect()
}

fn table(cx: &Cx<'_>, d: &Difference, configured: &BTreeSet<SmolStr>) -> Option<Effect> {
    if !cx.states(d) && !configured.contains(&d.node) {
        return None;
    }
    let name = if d.name.is_empty() { "the store" } else { d.name.as_str() };
    Some(match d.turn {
        Turn::Added => Effect::of("table-added", format!("uses `{name}` of `{}`", d.peer), d),
        Turn::Removed => Effect::of("table-removed", format!("does not use `{name}` of `{}` any more", d.peer), d),
        Turn::Renamed | Turn::Changed => {
            Effect::of("table-changed", format!("uses `{}` of `{}` instead of `{name}`", d.to, d.peer), d)
        }
    })
}

/// What another side's change does to a service whose own lines stay.
fn follow(cx: &Cx<'_>, d: &Difference, out: &mut Vec<Effect>) {
    if d.what == What::Answer && (d.turn != Turn::Changed || d.before.is_empty() || cx.states(d)) {
        return;
    }
    if out.iter().any(|e| e.services().any(|s| *s == d.node)) {
        return;
    }
    let text = match d.what {
        What::Answer => format!(
            "`{}` of `{}` is answered by {} now",
            d.name,
            d.peer,
            if d.after.is_empty() { "nobody" } else { d.after.as_str() }
        ),
        _ => format!("its call `{}` does not lead to `{}` any more", d.name, d.peer),
    };
    let edge = cx.old.graph.edges.iter().find(|e| {
        cx.old.name(e.from) == &d.node && cx.old.name(e.to) == d.peer.as_str() && e.kind.traffic() == Traffic::Call
    });
    let tie = Tie {
        service: d.node.clone(),
        why: text.clone(),
        through: edge.map(|e| e.key.clone()).into_iter().collect(),
        places: d.was.iter().cloned().collect(),
        certainty: Certainty::Inferred,
        moved: false,
    };
    match out.iter_mut().find(|e| e.direct.keys().any(|s| s.as_str() == d.peer)) {
        Some(effect) => effect.tie(tie),
        None => {
            let id = if d.after.is_empty() { "call-unanswered" } else { "call-changed" };
            let mut effect = Effect::new(id, text, format!("call/{}/{}", d.node, d.name));
            effect = effect.at(d.was.clone(), d.is.clone()).sure(Certainty::Inferred);
            effect.dependent.push(tie);
            out.push(effect);
        }
    }
}

/// The endpoints of the older state that answer an operation, wherever: `Service/Method`, `GET /orders/{id}`.
pub(super) fn named(cx: &Cx<'_>, operation: &str) -> Vec<usize> {
    let endpoints = cx.old.graph.endpoints.iter().enumerate();
    let exact: Vec<usize> = endpoints.clone().filter(|(_, e)| e.asked_as() == operation).map(|(i, _)| i).collect();
    // A server that is known only as a whole: `Cart/*`.
    let whole = operation.split_once('/').filter(|(s, _)| !s.contains(' ') && !s.is_empty());
    let Some((service, _)) = whole.filter(|_| exact.is_empty()) else { return exact };
    let whole = format_smolstr!("{service}/*");
    endpoints.filter(|(_, e)| e.path.eq_ignore_ascii_case(&whole)).map(|(i, _)| i).collect()
}

/// The key's endpoint in the older state.
pub(super) fn by_key(cx: &Cx<'_>, key: &Key) -> Option<usize> {
    endpoint_of(cx.old.graph, key)
}
