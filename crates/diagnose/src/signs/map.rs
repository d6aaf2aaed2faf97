//! The map against what was seen: calls that nothing states, and stated calls that never happen.
//!
//! Invariant: a call is undeclared only between two that the map knows, or from one that it knows, and only where no way on the
//! map leads there through what does not speak (gateways, brokers, what is not traced). A stated call was never observed only
//! where the telemetry covers the caller: an entry that leads to it was used often enough.

use super::calls::{Calls, End, Way};
use super::{NEVER_OBSERVED, Sign, UNDECLARED_CALL, Watched, key, times};
use crate::suspect::Evidence;
use crate::topology::node;
use seam_facts::FactBase;
use seam_graph::{Edge, Flows, Graph, NodeKind, Traffic};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// So many requests of an entry that leads to a call, and never the call: rarer than one in ten with a chance of 95 %
/// (the "rule of three": 3 / n; Hanley and Lippman-Hand, JAMA 249, 1983).
const COVERED: u64 = 30;

/// Names of the telemetry on the map.
pub(crate) struct Known {
    nodes: BTreeMap<String, usize>,
    /// Nodes that speak in the telemetry.
    speak: BTreeSet<usize>,
}

impl Known {
    pub(crate) fn of(graph: &Graph, calls: &Calls) -> Known {
        let mut nodes = BTreeMap::new();
        for name in calls.requests.keys() {
            if let Some(found) = node(graph, name) {
                nodes.insert(name.clone(), found);
            }
        }
        let speak = nodes.values().copied().collect();
        for (_, end, _) in calls.all.keys() {
            let found = match end {
                End::Service(name) => node(graph, name),
                // A name within a cluster goes on with its namespace.
                End::Address(name) => node(graph, name).or_else(|| node(graph, name.split('.').next()?)),
                End::Product(_) => None,
            };
            if let Some(found) = found {
                nodes.insert(end.name().to_owned(), found);
            }
        }
        Known { nodes, speak }
    }

    fn get(&self, name: &str) -> Option<usize> {
        self.nodes.get(name).copied()
    }

    /// Where a sign without a place is to be shown: at what declares its service.
    pub(crate) fn place(&self, graph: &Graph, sign: &mut Sign) {
        let Some(found) = self.get(&sign.service).and_then(|n| graph.nodes.get(n)) else { return };
        // What is shown at its own line needs nothing else.
        if sign.place.is_none() && sign.step.is_none() {
            sign.place = Some(found.proof.first().clone());
        }
        if sign.about.is_empty() {
            sign.about.push(found.key.clone());
        }
    }
}

/// What is asked of the machinery around a system is no part of it.
fn is_beside(graph: &Graph, node: usize) -> bool {
    graph.nodes.get(node).is_some_and(|n| n.kind == NodeKind::Tool)
}

pub(crate) fn undeclared(graph: &Graph, known: &Known, calls: &Calls, out: &mut Vec<Sign>) {
    let mut unknown: BTreeMap<(&str, Way), (BTreeSet<&str>, u64, Evidence)> = BTreeMap::new();
    for ((caller, end, way), seen) in &calls.all {
        let Some(from) = known.get(caller).filter(|n| !is_beside(graph, *n)) else { continue };
        let shown = Evidence {
            says: match seen.operations.iter().max_by_key(|(name, n)| (**n, std::cmp::Reverse(*name))) {
                Some((operation, _)) => format!("`{operation}`, {} in all", times(seen.count)),
                None => "a service map shows it".into(),
            },
            at: (seen.count > 0).then_some(seen.first),
            shown_in: (seen.count > 0).then_some(seen.example),
        };
        let to = match (known.get(end.name()), end) {
            (Some(to), _) => to,
            (None, End::Service(_) | End::Address(_)) => {
                let entry = unknown.entry((end.name(), *way)).or_insert_with(|| (BTreeSet::new(), 0, shown));
                entry.0.insert(caller);
                entry.1 += seen.count;
                continue;
            }
            (None, End::Product(_)) => continue,
        };
        if from == to || is_beside(graph, to) || leads(graph, known, from, to) {
            continue;
        }
        let (a, b) = (&graph.nodes[from].name, &graph.nodes[to].name);
        let mut sign = Sign::new(
            &UNDECLARED_CALL,
            caller,
            format!("{a}->{b}"),
            format!("`{a}` {} `{b}`, and nothing in code or configuration says so", verb(*way, 1)),
            shown,
        );
        sign.why = format!(
            "Seen {}. Whoever changes `{b}` does not find `{a}` among those that depend on it; plans, tests and access rules \
             leave it out.",
            times(seen.count.max(1))
        );
        sign.help = format!(
            "find what makes `{a}` call `{b}` (an address from a database, a library, a proxy) and state it, or stop it; \
             `[[external]]` and aliases in `seam.toml` declare what code cannot show"
        );
        sign.place = graph.nodes.get(from).map(|n| n.proof.first().clone());
        sign.about = [key(graph, from), key(graph, to)].into_iter().flatten().collect();
        out.push(sign);
    }
    for ((name, way), (callers, count, shown)) in unknown {
        let said = callers.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
        let first = callers.first().copied().unwrap_or_default();
        let mut sign = Sign::new(
            &UNDECLARED_CALL,
            first,
            format!("{first}->{name}"),
            format!("{said} {} `{name}`, which the map does not know", verb(way, callers.len())),
            shown,
        );
        sign.grade = super::Grade::Note;
        sign.why =
            format!("Seen {}. What is not on the map is in no answer about impact or failure.", times(count.max(1)));
        sign.help = "add the folder of its code, or declare it in `seam.toml` (`[[external]]`, aliases)".into();
        out.push(sign);
    }
}

fn verb(way: Way, subjects: usize) -> &'static str {
    match (way, subjects) {
        (Way::Call, 1) => "calls",
        (Way::Call, _) => "call",
        (Way::Message, 1) => "sends to",
        (Way::Message, _) => "send to",
        (Way::Store, 1) => "uses",
        (Way::Store, _) => "use",
    }
}

/// Whether the map has a way from one to the other that need not be seen: directly, by messages, or through what is silent.
fn leads(graph: &Graph, known: &Known, from: usize, to: usize) -> bool {
    let next = |at: usize| -> Vec<usize> {
        graph
            .edges
            .iter()
            .flat_map(|e| match e.kind.traffic() {
                Traffic::Consume if e.to == at => Some(e.from),
                Traffic::Consume => None,
                Traffic::Call | Traffic::Publish | Traffic::Keep if e.from == at => Some(e.to),
                Traffic::Call | Traffic::Publish | Traffic::Keep => None,
            })
            .collect()
    };
    let mut seen = BTreeSet::from([from]);
    let mut queue = VecDeque::from([from]);
    while let Some(at) = queue.pop_front() {
        for step in next(at) {
            if step == to {
                return true;
            }
            if !known.speak.contains(&step) && seen.insert(step) {
                queue.push_back(step);
            }
        }
    }
    // A consumer that fetches is seen as the caller of its broker, and the other way round.
    graph.edges.iter().any(|e| e.from == to && e.to == from && e.kind.traffic() == Traffic::Consume)
}

pub(crate) fn never_observed(
    watched: &Watched<'_>,
    (graph, base): (&Graph, &FactBase),
    known: &Known,
    calls: &Calls,
    out: &mut Vec<Sign>,
    missing: &mut Vec<String>,
) {
    let seen: BTreeSet<(usize, usize)> =
        calls.all.keys().filter_map(|(caller, end, _)| Some((known.get(caller)?, known.get(end.name())?))).collect();
    let flows = Flows::new(graph, base);
    let mut uncovered = 0;
    for (index, edge) in graph.edges.iter().enumerate() {
        // Spans of messages and stores name products and addresses in too many ways for their absence to say something.
        let observable = match edge.kind.traffic() {
            Traffic::Call => known.speak.contains(&edge.from) && known.speak.contains(&edge.to),
            Traffic::Keep | Traffic::Publish | Traffic::Consume => false,
        };
        if !observable || edge.from == edge.to || is_beside(graph, edge.to) || is_beside(graph, edge.from) {
            continue;
        }
        if seen.contains(&(edge.from, edge.to)) || through(graph, known, &seen, edge) {
            continue;
        }
        let name =
            known.nodes.iter().find(|(_, n)| **n == edge.from).map(|(name, _)| name.as_str()).unwrap_or_default();
        let Some((entry, used)) = covered(graph, &flows, calls, name, index) else {
            uncovered += 1;
            continue;
        };
        let (a, b) = (&graph.nodes[edge.from].name, &graph.nodes[edge.to].name);
        let what = edge.details.first().map(|d| d.operation.as_str()).filter(|o| !o.is_empty());
        let what = what.map_or_else(|| format!("`{b}`"), |o| format!("`{o}` of `{b}`"));
        let shown = Evidence {
            says: format!("`{entry}` was used {} and never led to it", times(used)),
            at: watched.telemetry.reach().map(|r| r.0),
            shown_in: None,
        };
        let mut sign = Sign::new(
            &NEVER_OBSERVED,
            name,
            format!("{a}->{b}"),
            format!("`{a}` is written to call {what}, and {used} uses of `{entry}` never did"),
            shown,
        );
        sign.grade = super::Grade::Note;
        sign.why = "The code may be dead, behind a flag, or only reached by failures that were not seen: it is untested by what \
                    was recorded."
            .into();
        sign.help =
            format!("drop the call, or exercise it: nothing recorded says what happens when `{b}` is slow or fails");
        sign.place = Some(edge.proof.first().clone());
        sign.about = [key(graph, edge.from), key(graph, edge.to)].into_iter().flatten().collect();
        out.push(sign);
    }
    if uncovered > 0 {
        let stated = graph.edges.iter().filter(|e| e.kind.traffic() == Traffic::Call).count();
        missing.push(format!(
            "{uncovered} of {stated} stated calls were not seen, and what leads to them was used fewer than {COVERED} times: \
             whether they happen is open"
        ));
    }
}

/// Seen through a gateway or another name between the two.
fn through(graph: &Graph, known: &Known, seen: &BTreeSet<(usize, usize)>, edge: &Edge) -> bool {
    let between = |n: usize| {
        matches!(graph.nodes[n].kind, NodeKind::Gateway | NodeKind::Server | NodeKind::External)
            || !known.speak.contains(&n)
    };
    (0..graph.nodes.len()).filter(|n| between(*n)).any(|n| {
        let out = seen.contains(&(edge.from, n)) || graph.edges.iter().any(|e| e.from == edge.from && e.to == n);
        out && seen.contains(&(n, edge.to))
    })
}

/// The entry of the caller that leads to the call and was used most, when that is often enough to judge.
fn covered(graph: &Graph, flows: &Flows, calls: &Calls, service: &str, edge: usize) -> Option<(String, u64)> {
    let node = graph.edges[edge].from;
    let entries = (0..graph.endpoints.len()).filter(|e| graph.endpoints[*e].node == node);
    let leading = entries.filter(|e| flows.endpoint(*e).iter().any(|f| f.operation.edge == edge));
    leading
        .filter_map(|e| {
            let endpoint = &graph.endpoints[e];
            let used: u64 = calls
                .entries
                .iter()
                .filter(|((s, operation), _)| s == service && means(operation, endpoint))
                .map(|(_, n)| n)
                .sum();
            (used >= COVERED).then(|| (endpoint.asked_as().to_string(), used))
        })
        .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))
}

/// Whether an operation of a span is this endpoint: the same method where both say one, the same path but for parameters, or
/// the same method of a service.
fn means(operation: &str, endpoint: &seam_graph::Endpoint) -> bool {
    let (verb, path) = match operation.split_once(' ') {
        Some((verb, path)) if path.starts_with('/') => (Some(verb), path),
        _ => (None, operation),
    };
    if let (Some(verb), Some(method)) = (verb, &endpoint.method)
        && !verb.eq_ignore_ascii_case(method)
    {
        return false;
    }
    if path.starts_with('/') && endpoint.path.starts_with('/') {
        let parts = |text: &str| -> Vec<String> {
            let hole = |p: &str| p.starts_with(['{', ':', '<', '*', '$']);
            let part = |p: &str| if hole(p) { "{}".to_owned() } else { p.to_lowercase() };
            text.split('/').filter(|p| !p.is_empty()).map(part).collect()
        };
        let (a, b) = (parts(path), parts(&endpoint.path));
        return a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a == b || a == "{}" || b == "{}");
    }
    let tail = |text: &str| text.trim_start_matches('/').rsplit(['.', '/']).next().unwrap_or_default().to_lowercase();
    let service = |text: &str| {
        let text = text.trim_start_matches('/');
        let head = text.rsplit_once('/').map_or("", |(head, _)| head);
        head.rsplit('.').next().unwrap_or_default().to_lowercase()
    };
    path.contains('/')
        && endpoint.path.contains('/')
        && tail(path) == tail(&endpoint.path)
        && service(path) == service(&endpoint.path)
}
