//! A synchronous path that is too deep, or whose time exceeds what an entry has. See `long_chain.md`.

use crate::patience::{Patience, calling, governed, is_call, term};
use crate::time::{Interval, shown};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_graph::{NodeKind, Operation, endpoint_of};
use std::collections::{HashMap, HashSet};

pub static RULE: Rule = Rule {
    id: "long-chain",
    group: Group::Shape,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("long_chain.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let patience = Patience::new(cx);
    let calls: Vec<Operation> = cx.operations().map(|(o, _, _)| o).filter(|o| is_call(cx, *o)).collect();
    let next: HashMap<Operation, Vec<Operation>> = calls.iter().map(|o| (*o, patience.waits_of(*o))).collect();
    too_deep(cx, &calls, &next, out);
    too_slow(cx, &patience, &calls, out);
}

/// One finding for each service at which a path starts that is deeper than the budget: its longest.
fn too_deep(cx: &Cx<'_>, calls: &[Operation], next: &HashMap<Operation, Vec<Operation>>, out: &mut Vec<Draft>) {
    let inner: HashSet<Operation> = next.values().flatten().copied().collect();
    let mut chains = Chains { cx, next, known: HashMap::new(), steps: 50_000 };
    let mut longest: HashMap<usize, Vec<Operation>> = HashMap::new();
    for root in calls.iter().filter(|o| !inner.contains(o)) {
        let from = cx.edge(root.edge).from;
        let way = chains.from(*root, &mut vec![from]).0;
        let known = longest.entry(from).or_default();
        if way.len() > known.len() {
            *known = way;
        }
    }
    let mut found: Vec<Vec<Operation>> = longest.into_values().filter(|w| w.len() > cx.limits.depth).collect();
    found.sort();
    for way in found {
        let (Some(first), Some(last)) = (way.first(), way.last()) else { continue };
        let (root, end) = (cx.edge(first.edge).from, cx.edge(last.edge).to);
        let names: Vec<String> = std::iter::once(root)
            .chain(way.iter().map(|o| cx.edge(o.edge).to))
            .map(|n| format!("`{}`", cx.name(n)))
            .collect();
        let mut draft = Draft::new(
            format!("{} {}", cx.node(root).key.as_str(), cx.node(end).key.as_str()),
            &cx.detail(*first).at,
            format!("{} calls wait for one another between {} and `{}`", way.len(), names[0], cx.name(end)),
        )
        .why(format!(
            "{}: more than the budget of {} calls. The first is as slow as all of them together, and fails when any one does.",
            names.join(" → "),
            cx.limits.depth
        ))
        .help("let a service near the start ask what the deep ones know, keep a copy of it, or hand the tail over as a message")
        .about(way.iter().map(|o| cx.edge(o.edge).key.clone()));
        for operation in &way {
            draft = calling(draft, cx, *operation);
        }
        out.push(draft);
    }
}

/// Endpoints that the outside uses, and whose handler may wait for longer than an entry has.
fn too_slow(cx: &Cx<'_>, patience: &Patience<'_, '_>, calls: &[Operation], out: &mut Vec<Draft>) {
    let mut callers: HashMap<usize, Vec<Operation>> = HashMap::new();
    for operation in calls {
        let endpoint = cx.detail(*operation).endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k));
        endpoint.into_iter().for_each(|e| callers.entry(e).or_default().push(*operation));
    }
    let outside = |o: &Operation| cx.node(cx.edge(o.edge).from).kind == NodeKind::Gateway;
    for (index, endpoint) in cx.graph.endpoints.iter().enumerate() {
        let callers = callers.get(&index).map_or(&[][..], Vec::as_slice);
        // A caller inside is judged by its own timeout, see `timeout-inversion`.
        if !callers.iter().all(|o| outside(o) && patience.of(*o).patience().is_none()) {
            continue;
        }
        let mut waits: Vec<Operation> = cx.flows().endpoint(index).iter().map(|e| e.operation).collect();
        waits.retain(|o| is_call(cx, *o));
        waits.sort_unstable();
        waits.dedup();
        let parts: Vec<(Operation, Interval)> =
            waits.into_iter().map(|o| (o, patience.worst(o))).filter(|(_, t)| t.least > 0).collect();
        let sum = parts.iter().fold(0u64, |s, (_, t)| s.saturating_add(t.least));
        if sum <= cx.limits.deadline {
            continue;
        }
        let (service, what) = (cx.name(endpoint.node), endpoint.asked_as());
        let terms: Vec<String> = parts.iter().map(|(o, t)| term(cx, patience, *o, *t)).collect();
        let at = endpoint.proof.first();
        let mut draft = Draft::new(
            endpoint.key.as_str(),
            at,
            format!("an answer of `{service}` to {what} may take {}", shown(sum)),
        )
        .why(format!(
            "Its handler waits for {}{}. Who asks from outside has gone after {} (`deadline`), and the work goes on for nobody.",
            terms.join(", and for "),
            if terms.len() > 1 { format!(": {} together", shown(sum)) } else { String::new() },
            shown(cx.limits.deadline)
        ))
        .help(format!(
            "give the calls timeouts whose sum stays below {}, ask side by side, or answer first and do the rest from a message",
            shown(cx.limits.deadline)
        ))
        .about(parts.iter().map(|(o, _)| cx.edge(o.edge).key.clone()))
        .link(at, format!("`{service}` answers {what}"));
        for (operation, time) in &parts {
            let to = cx.name(cx.edge(operation.edge).to);
            draft = calling(draft, cx, *operation);
            let rules = patience.of(*operation);
            draft = governed(draft, service, to, &rules);
            if rules.patience().is_none() {
                draft = draft.open(format!(
                    "`{to}` is waited for without a timeout; {} is what it waits for itself",
                    shown(time.least)
                ));
            }
        }
        if parts.iter().all(|(_, t)| t.least <= cx.limits.deadline) {
            // Only together do they take longer, and a handler need not come past all of them.
            draft = draft.severity(Severity::Note).open("whether one request waits for all of these in turn");
        }
        out.push(draft);
    }
}

/// The longest ways of calls in which no service occurs twice.
struct Chains<'c, 'a> {
    cx: &'c Cx<'a>,
    next: &'c HashMap<Operation, Vec<Operation>>,
    known: HashMap<Operation, Vec<Operation>>,
    /// What is left of the looking round circles, which have very many ways.
    steps: usize,
}

impl Chains<'_, '_> {
    /// The longest way that starts with an operation, and whether a service that is already on the way cut one off.
    fn from(&mut self, operation: Operation, above: &mut Vec<usize>) -> (Vec<Operation>, bool) {
        let to = self.cx.edge(operation.edge).to;
        if above.contains(&to) || self.steps == 0 {
            return (Vec::new(), true);
        }
        self.steps -= 1;
        let free = |way: &&Vec<Operation>| way.iter().all(|o| !above.contains(&self.cx.edge(o.edge).to));
        if let Some(known) = self.known.get(&operation).filter(free) {
            return (known.clone(), false);
        }
        above.push(to);
        let (mut best, mut cut) = (Vec::new(), false);
        for next in self.next.get(&operation).into_iter().flatten() {
            let (way, was_cut) = self.from(*next, above);
            cut |= was_cut;
            if way.len() > best.len() {
                best = way;
            }
        }
        above.pop();
        let mut way = vec![operation];
        way.extend(best);
        // What a circle cut off depends on where the way came from; without one it is the same from everywhere.
        if !cut || above.len() == 1 {
            self.known.insert(operation, way.clone());
        }
        (way, cut)
    }
}
