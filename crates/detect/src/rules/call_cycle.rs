//! Services that wait for one another. See `call_cycle.md`.

use crate::{Cx, Draft, Group, Rule, Severity};
use seam_graph::{Edge, NodeKind, is_synchronous};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "call-cycle",
    group: Group::Shape,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("call_cycle.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for cycle in cycles(cx).into_iter().filter(|c| goes_round(cx, c)) {
        let edges: Vec<&Edge> = cycle.iter().map(|e| cx.edge(*e)).collect();
        let Some(first) = edges.first() else { continue };
        let names: Vec<&str> = edges.iter().map(|e| cx.name(e.from)).collect();
        let way = names.iter().chain([&names[0]]).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" → ");
        let mut draft = Draft::new(
            names.join(" "),
            first.proof.first(),
            format!("services wait for one another: {way}"),
        )
        .why(
            "A slow answer anywhere in the circle slows every service in it, none of them can be started or deployed \
                 alone, and a request that goes round holds a worker in each.",
        )
        .help("let one of these calls become a message, or move what both need into a service that neither calls back")
        .about(edges.iter().map(|e| e.key.clone()));
        for edge in &edges {
            let operations: BTreeSet<&str> =
                edge.details.iter().map(|d| d.operation.as_str()).filter(|o| !o.is_empty()).collect();
            let what = operations.into_iter().take(3).collect::<Vec<_>>().join(", ");
            let says = format!("`{}` calls `{}` {what}", cx.name(edge.from), cx.name(edge.to));
            draft = draft.link(edge.proof.first(), says.trim_end()).certainty(edge.certainty);
        }
        out.push(draft);
    }
}

/// Whether each that forwards, forwards what it is asked in this circle: a service that calls another one through the gateway
/// in front of both waits for itself only where its own path leads back.
fn goes_round(cx: &Cx<'_>, cycle: &[usize]) -> bool {
    let is_route = |edge: &Edge| edge.details.iter().all(|d| d.is_rule()) && !edge.details.is_empty();
    let pairs = cycle.iter().zip(cycle.iter().cycle().skip(1));
    let mut forwarded = pairs.filter(|(_, onward)| is_route(cx.edge(**onward)));
    forwarded.all(|(asked, onward)| {
        let asked = cx.edge(*asked);
        let passed =
            |d: &seam_graph::Detail| d.endpoint.is_none() && route_of(cx, asked.to, &d.operation) == Some(*onward);
        asked.details.iter().any(passed)
    })
}

/// The edge on which a node forwards an operation: that of its longest route which fits.
fn route_of(cx: &Cx<'_>, node: usize, operation: &str) -> Option<usize> {
    let path = operation.split_once(' ').map_or(operation, |(_, path)| path).trim_start_matches('/');
    let routes = cx.outgoing(node).iter().flat_map(|id| cx.edge(*id).details.iter().map(move |d| (*id, d)));
    let fixed = |route: &str| route.split(['*', '{']).next().unwrap_or_default().trim_start_matches('/').to_owned();
    routes
        .filter(|(_, d)| d.is_rule())
        .map(|(id, d)| (fixed(&d.operation), id))
        .filter(|(fixed, _)| !path.is_empty() && path.starts_with(fixed.as_str()))
        .max_by_key(|(fixed, id)| (fixed.len(), std::cmp::Reverse(*id)))
        .map(|(_, id)| id)
}

/// The shortest cycle through each edge between services, each once.
fn cycles(cx: &Cx<'_>) -> Vec<Vec<usize>> {
    let counts = |id: &usize| {
        let edge = cx.edge(*id);
        let ours = |node: usize| matches!(cx.node(node).kind, NodeKind::Service);
        is_synchronous(edge) && ours(edge.from) && ours(edge.to)
    };
    let mut seen: BTreeSet<BTreeSet<usize>> = BTreeSet::new();
    let mut out = Vec::new();
    for start in (0..cx.graph.edges.len()).filter(counts) {
        let edge = cx.edge(start);
        // Breadth first from the callee back to the caller.
        let mut before: Vec<Option<usize>> = vec![None; cx.graph.nodes.len()];
        let mut queue = std::collections::VecDeque::from([edge.to]);
        while let Some(node) = queue.pop_front() {
            for next in cx.outgoing(node).iter().copied().filter(counts) {
                let to = cx.edge(next).to;
                if before[to].is_none() && to != edge.to {
                    before[to] = Some(next);
                    queue.push_back(to);
                }
            }
        }
        let mut way = Vec::new();
        let mut at = edge.from;
        while at != edge.to {
            let Some(last) = before[at] else { break };
            way.push(last);
            at = cx.edge(last).from;
        }
        if at != edge.to {
            continue;
        }
        way.push(start);
        way.reverse();
        if seen.insert(way.iter().map(|e| cx.edge(*e).from).collect()) {
            out.push(way);
        }
    }
    out
}
