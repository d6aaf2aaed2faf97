//! Who waits for whom: from spans, observed calls, the map of the code, and what is told beside the telemetry.
//!
//! Invariant: an edge has a direction and is either waited for or not; a name that only stands before a service (an address, a
//! load balancer) leads to it. What is not known to be asynchronous is waited for.

use crate::platforms;
use seam_graph::{Graph, is_synchronous};
use seam_signals::mapping::{Topology as Told, matches};
use seam_signals::{Forest, NONE, Telemetry, is_parted};
use std::collections::{BTreeMap, BTreeSet};

/// Services by the names that telemetry gives them.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// Caller to the callees that it waits for.
    pub waits: BTreeMap<String, BTreeSet<String>>,
    /// Caller to the callees that it does not wait for.
    pub parted: BTreeMap<String, BTreeSet<String>>,
    /// A name to the service behind it.
    pub behind: BTreeMap<String, String>,
}

/// What a topology is made of.
#[derive(Clone, Copy, Default)]
pub struct Sources<'a> {
    pub told: Option<&'a Told>,
    pub graph: Option<&'a Graph>,
    /// Whether names of public platforms may be used ([`platforms`]).
    pub platforms: bool,
}

impl Topology {
    pub fn of(telemetry: &Telemetry, forest: &Forest, sources: Sources<'_>) -> Topology {
        let mut calls: BTreeSet<(String, String, bool)> = BTreeSet::new();
        for call in &telemetry.observed {
            calls.insert((telemetry.text(call.caller).into(), telemetry.text(call.callee).into(), true));
        }
        for (row, span) in telemetry.spans.rows() {
            let Some(parent) = telemetry.spans.get(forest.parent(row)).filter(|_| forest.parent(row) != NONE) else {
                continue;
            };
            let (caller, callee) = (telemetry.service(parent.resource), telemetry.service(span.resource));
            if caller != callee {
                let parted = is_parted(&parent, &span);
                calls.insert((telemetry.text(caller).into(), telemetry.text(callee).into(), !parted));
            }
        }
        let mut names: BTreeSet<String> = calls.iter().flat_map(|(a, b, _)| [a.clone(), b.clone()]).collect();
        names.extend(telemetry.resources().iter().map(|r| telemetry.text(r.service).to_owned()));
        names.remove("");
        let mut topology = Topology::default();
        if let Some(graph) = sources.graph {
            calls.extend(of_graph(graph, &names));
        }
        let asynchronous = |name: &str| {
            (sources.platforms && platforms::is_asynchronous(name))
                || sources.told.is_some_and(|t| t.asynchronous.iter().any(|p| matches(p, name)))
        };
        for name in &names {
            let told = sources
                .told
                .and_then(|t| t.aliases.iter().find(|(p, _)| matches(p, name)).map(|(_, to)| to.to_string()));
            let known = || sources.platforms.then(|| platforms::behind(name, &names)).flatten();
            if let Some(to) = told.or_else(known) {
                topology.behind.insert(name.clone(), to);
            }
        }
        for (caller, callee, waits) in calls {
            if caller == callee {
                continue;
            }
            let to = if waits && !asynchronous(&callee) { &mut topology.waits } else { &mut topology.parted };
            to.entry(caller).or_default().insert(callee);
        }
        // An edge that is seen both ways is waited for; a name before a service leads to it.
        for (front, service) in topology.behind.clone() {
            topology.waits.entry(front).or_default().insert(service);
        }
        topology
    }

    /// All callees of `service` that it waits for, a name before itself left out.
    pub fn callees<'t>(&'t self, service: &'t str) -> impl Iterator<Item = &'t str> + 't {
        let own = move |callee: &str| self.behind.get(callee).is_some_and(|s| s == service);
        self.waits.get(service).into_iter().flatten().map(String::as_str).filter(move |c| !own(c))
    }

    /// `from` and everything that it waits for, directly or not.
    pub fn reach(&self, from: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut open = vec![from.to_owned()];
        while let Some(at) = open.pop() {
            for callee in self.callees(&at) {
                if seen.insert(callee.to_owned()) {
                    open.push(callee.to_owned());
                }
            }
        }
        seen
    }
}

/// Edges of the map between services that speak in the telemetry.
fn of_graph(graph: &Graph, names: &BTreeSet<String>) -> Vec<(String, String, bool)> {
    let known: BTreeMap<usize, &String> =
        names.iter().filter_map(|name| node(graph, name).map(|node| (node, name))).collect();
    graph
        .edges
        .iter()
        .filter_map(|e| Some(((*known.get(&e.from)?).clone(), (*known.get(&e.to)?).clone(), is_synchronous(e))))
        .collect()
}

/// The node of the map that a name of the telemetry means: the same name, or one of its aliases, without punctuation.
pub fn node(graph: &Graph, name: &str) -> Option<usize> {
    let plain = plain(name);
    let named = |text: &str| self::plain(text) == plain;
    let exact = graph.nodes.iter().position(|n| named(&n.name));
    exact.or_else(|| graph.nodes.iter().position(|n| n.aliases.iter().any(|a| named(a)))).or_else(|| {
        let short = trimmed(&plain);
        let mut near = (0..graph.nodes.len()).filter(|i| trimmed(&self::plain(&graph.nodes[*i].name)) == short);
        near.next().filter(|_| near.next().is_none())
    })
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn trimmed(plain: &str) -> &str {
    ["service", "svc", "server", "api"]
        .iter()
        .fold(plain, |p, s| p.strip_suffix(s).filter(|r| !r.is_empty()).unwrap_or(p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use seam_signals::Observed;

    #[test]
    fn what_stands_before_a_service_leads_to_it_and_what_is_not_waited_for_is_no_way() {
        let mut telemetry = Telemetry::default();
        for (a, b) in [("shop", "front-cart.example.org"), ("shop", "orders-queue"), ("orders-queue", "mailer")] {
            let observed = Observed { caller: telemetry.names.intern(a), callee: telemetry.names.intern(b) };
            telemetry.observed.insert(observed);
        }
        let told = Told {
            asynchronous: vec!["*-queue".into()],
            aliases: [("front-cart.*".into(), "cart".into())].into_iter().collect(),
        };
        let forest = Forest::of(&telemetry);
        let topology = Topology::of(&telemetry, &forest, Sources { told: Some(&told), ..Sources::default() });
        let reach: Vec<String> = topology.reach("shop").into_iter().collect();
        assert_eq!(reach, ["cart", "front-cart.example.org", "shop"]);
        assert!(topology.parted["shop"].contains("orders-queue"));
    }
}
