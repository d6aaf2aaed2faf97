//! What is done instead needs what has just failed. See `fallback_same_fate.md`.

use crate::effects::last;
use crate::patience::{Patience, called, is_call};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Fact, Fallback, SmolStr, StatusOf};
use seam_graph::{Certainty, EdgeKind, Operation, is_test};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "fallback-same-fate",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("fallback_same_fate.md"),
    find,
};

/// Calls between a fallback's callee and the service that failed.
const DEPTH: usize = 4;

/// How a fallback depends on what it replaces.
enum Fate {
    /// It asks the same service.
    Same,
    /// It asks another one, which waits for the same service: the calls on the way.
    Behind(Vec<Operation>),
    /// It reads the store by which the service that failed answers: the service's edge to it.
    Store(usize),
}

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut told: BTreeSet<(SmolStr, u32)> = BTreeSet::new();
    for node in 0..cx.graph.nodes.len() {
        for (path, fact) in cx.own_facts(node) {
            let Claim::Fallback(fallback) = &fact.claim else { continue };
            if is_test(path) || tells(cx, path, fallback) {
                continue;
            }
            let (first, instead) = operations(cx, node, path, fallback);
            let pairs = first.iter().flat_map(|a| instead.iter().map(move |b| (*a, *b)));
            let mut fates =
                pairs.filter(|(a, _)| is_call(cx, *a)).filter_map(|(a, b)| fate(cx, a, b).map(|f| (a, b, f)));
            let found = fates.next().or_else(|| store(cx, node, path, fallback, &first));
            let Some((a, b, fate)) = found else { continue };
            if told.insert((path.clone(), fact.at.line)) {
                out.push(draft(cx, (path, fact, fallback), (a, b), &fate));
            }
        }
    }
}

/// Whether it tells one answer from another: "there is no such thing" is no failure of the service.
fn tells(cx: &Cx<'_>, path: &str, fallback: &Fallback) -> bool {
    let within = |line: u32| fallback.tried.0 <= line && line <= fallback.instead.1;
    cx.facts(path).iter().any(|f| matches!(&f.claim, Claim::Status(s) if matches!(s.of, StatusOf::Told | StatusOf::Named) && !s.within.is_empty() && within(f.at.line)))
}

/// What is tried, and what is done instead.
fn operations(
    cx: &Cx<'_>,
    node: usize,
    path: &SmolStr,
    fallback: &Fallback,
) -> (BTreeSet<Operation>, BTreeSet<Operation>) {
    let flows = cx.flows();
    let within = &fallback.within;
    if fallback.instead == (0, 0) {
        let owner = within.rsplit_once('.').map_or(String::new(), |(o, _)| format!("{o}."));
        let of =
            |symbol: &str| flows.from(node, path, symbol).into_iter().map(|e| e.operation).collect::<BTreeSet<_>>();
        let instead = fallback.does.iter().flat_map(|name| of(&format!("{owner}{name}"))).collect();
        return (of(within), instead);
    }
    let here = |lines: (u32, u32)| {
        let own = flows.operations_in(node, path, within);
        own.into_iter().filter(move |o| (lines.0..=lines.1).contains(&cx.detail(*o).at.at.line))
    };
    let reached = |names: &[SmolStr]| flows.called(node, path, within, names).into_iter().map(|e| e.operation);
    let first: BTreeSet<Operation> = here(fallback.tried).chain(reached(&fallback.tries)).collect();
    let instead = here(fallback.instead).chain(reached(&fallback.does)).filter(|o| !first.contains(o)).collect();
    (first, instead)
}

fn fate(cx: &Cx<'_>, first: Operation, instead: Operation) -> Option<Fate> {
    let (a, b) = (cx.edge(first.edge), cx.edge(instead.edge));
    let asks = |o: Operation| {
        let text = cx.detail(o).operation.as_str();
        text.starts_with("GET ") || cx.edge(o.edge).kind == EdgeKind::Grpc && reads(text)
    };
    // The same request once more is a second attempt; a change after a failed question is the answer to it.
    if cx.detail(first).operation == cx.detail(instead).operation || !asks(first) {
        return None;
    }
    if !is_call(cx, instead) || !asks(instead) {
        return None;
    }
    if a.to == b.to {
        return Some(Fate::Same);
    }
    let mut way = Vec::new();
    behind(cx, &Patience::new(cx), instead, a.to, DEPTH, &mut way).then_some(Fate::Behind(way))
}

/// Whether what is done instead reads the one store of the caller, and the service that failed has the same.
fn store(
    cx: &Cx<'_>,
    node: usize,
    path: &SmolStr,
    fallback: &Fallback,
    first: &BTreeSet<Operation>,
) -> Option<(Operation, Operation, Fate)> {
    let stores = |node: usize| {
        cx.outgoing(node).iter().copied().filter(|e| cx.edge(*e).kind == EdgeKind::Db).collect::<Vec<_>>()
    };
    let here = |f: &Fact| match &f.claim {
        Claim::Access(a) if fallback.instead == (0, 0) => fallback.does.iter().any(|n| last(&a.within) == n),
        Claim::Access(_) => (fallback.instead.0..=fallback.instead.1).contains(&f.at.line),
        _ => false,
    };
    let own = stores(node);
    let [own] = own.as_slice() else { return None };
    if cx.edge(*own).details.is_empty() || !cx.facts(path).iter().any(here) {
        return None;
    }
    first.iter().filter(|o| is_call(cx, **o)).find_map(|o| {
        let same = stores(cx.edge(o.edge).to).into_iter().find(|e| cx.edge(*e).to == cx.edge(*own).to)?;
        Some((*o, Operation { edge: *own, detail: 0 }, Fate::Store(same)))
    })
}

fn reads(operation: &str) -> bool {
    let name = last(operation.rsplit('/').next().unwrap_or(operation));
    ["Get", "List", "Find", "Search", "Query", "Read", "Fetch", "Lookup"].iter().any(|w| name.starts_with(w))
}

/// Whether what answers the operation waits for a service.
fn behind(
    cx: &Cx<'_>,
    patience: &Patience<'_, '_>,
    from: Operation,
    to: usize,
    depth: usize,
    way: &mut Vec<Operation>,
) -> bool {
    if depth == 0 {
        return false;
    }
    for next in patience.waits_of(from) {
        way.push(next);
        if cx.edge(next.edge).to == to || behind(cx, patience, next, to, depth - 1, way) {
            return true;
        }
        way.pop();
    }
    false
}

fn instead_of(fate: &Fate, caller: &str, other: &str, second: &str) -> String {
    match fate {
        Fate::Store(_) => format!("when that fails, `{caller}` reads `{other}`"),
        Fate::Same | Fate::Behind(_) => format!("when that fails, `{caller}` asks `{other}` for {second}"),
    }
}

type Place<'s> = (&'s SmolStr, &'s Fact, &'s Fallback);

fn draft(cx: &Cx<'_>, (path, fact, fallback): Place<'_>, (a, b): (Operation, Operation), fate: &Fate) -> Draft {
    let caller = cx.name(cx.edge(a.edge).from);
    let (failed, other) = (cx.name(cx.edge(a.edge).to), cx.name(cx.edge(b.edge).to));
    let (first, second) = (called(cx, a), called(cx, b));
    let (needs, why) = match fate {
        Fate::Same => (
            format!("asks `{failed}` again, by `{second}`"),
            format!(
                "When `{failed}` is down, slow or not reachable, both ways fail together, the second after the wait for the first; \
                 and while it is overloaded, each request that fails becomes two."
            ),
        ),
        Fate::Behind(_) => (
            format!("asks `{other}`, which waits for `{failed}`"),
            format!(
                "When `{failed}` is down or slow, `{other}` cannot answer `{second}` either: what is meant for this very case fails \
                 with it, and `{other}` is loaded besides."
            ),
        ),
        Fate::Store(_) => (
            format!("reads `{other}`, by which `{failed}` answers"),
            format!(
                "When it is `{other}` that does not answer, `{failed}` fails for that reason, and so does the fallback."
            ),
        ),
    };
    let at = cx.evidence(path, fact, "what is done instead");
    let mut draft = Draft::new(
        format!("{} {path} {} {first} {second}", cx.edge(a.edge).key.as_str(), fallback.within),
        &at,
        format!("what `{caller}` does when `{first}` of `{failed}` fails {needs}"),
    )
    .why(why)
    .help(format!(
        "fall back to what does not need `{failed}`: the last answer that was kept, a value that does no harm, or a replica of its own"
    ))
    .about([cx.edge(a.edge).key.clone(), cx.edge(b.edge).key.clone()])
    .certainty(cx.detail(a).certainty)
    .certainty(cx.detail(b).certainty)
    .link(&cx.detail(a).at, format!("`{caller}` asks `{failed}` for {first}"))
    .link(&if let Fate::Store(_) = fate { at.clone() } else { cx.detail(b).at.clone() }, instead_of(fate, caller, other, second));
    match fate {
        Fate::Same => {}
        Fate::Behind(way) => {
            for next in way {
                let (edge, detail) = (cx.edge(next.edge), cx.detail(*next));
                let says = format!("`{}` calls `{}` {}", cx.name(edge.from), cx.name(edge.to), called(cx, *next));
                draft = draft.link(&detail.at, says).certainty(Certainty::Inferred);
            }
        }
        // The service may fail for many reasons, and the store's is one of them.
        Fate::Store(own) => {
            let says = format!("`{failed}` keeps its data in `{other}`");
            draft = draft.link(cx.edge(*own).proof.first(), says).severity(Severity::Note);
        }
    }
    draft
}
