//! Calls and messages whose other end is not known: what their caller does with them is told all the same.
//!
//! Invariant: what stands on such an operation only is a note, and never takes the place of what is found on edges. Each caller
//! has its unknown callees for itself, but for brokers: those who name a topic mean the same one.

use crate::{Draft, Severity};
use seam_facts::{Key, SmolStr, format_smolstr};
use seam_graph::{Certainty, Edge, EdgeKind, Graph, Node, NodeKind, Proof, Traffic, Unresolved, is_test};
use std::collections::{BTreeMap, BTreeSet};

/// Rules that look at what a caller does, whoever answers.
const RULES: [&str; 12] = [
    "ack-before-effect",
    "check-then-act",
    "dual-write",
    "effect-before-commit",
    "key-per-attempt",
    "missing-timeout",
    "redelivery-unsafe",
    "retry-without-backoff",
    "swallowed-error",
    "unbounded-retry",
    "unsafe-retry",
    "wrong-error-retried",
];

/// A graph with an edge for each of them, behind those that are known.
pub(crate) struct Loose {
    pub graph: Graph,
    /// Index of the first edge whose other end is not known.
    first: usize,
}

impl Loose {
    pub fn new(graph: &Graph) -> Option<Self> {
        let mut edges: BTreeMap<(usize, SmolStr, EdgeKind), Edge> = BTreeMap::new();
        let mut nodes: BTreeMap<SmolStr, usize> = BTreeMap::new();
        let mut out = graph.clone();
        for open in &graph.unresolved {
            let Some(meant) = open.meant.as_deref().filter(|_| !is_test(&open.at.path)) else { continue };
            let name = name_of(open, meant.kind);
            let to = *nodes.entry(name.clone()).or_insert_with(|| {
                out.nodes.push(somebody(&name, meant.kind, open));
                out.nodes.len() - 1
            });
            let edge = edges.entry((open.node, name.clone(), meant.kind)).or_insert_with(|| Edge {
                key: Key::edge(&graph.nodes[open.node].name, meant.kind.word(), &name),
                from: open.node,
                to,
                kind: meant.kind,
                certainty: Certainty::Inferred,
                details: Vec::new(),
                policies: Vec::new(),
                proof: Proof::new(open.at.clone(), []),
            });
            if !edge.details.contains(&meant.detail) {
                edge.policies.extend(meant.detail.policies.iter().cloned());
                edge.details.push(meant.detail.clone());
            }
        }
        let first = out.edges.len();
        out.edges.extend(edges.into_values());
        (out.edges.len() > first).then_some(Loose { graph: out, first })
    }

    /// Whether a rule has something to say of them.
    pub fn concerns(rule: &str) -> bool {
        RULES.contains(&rule)
    }

    /// What a rule found with them and did not find without them.
    pub fn added(&self, known: &[Draft], all: Vec<Draft>) -> Vec<Draft> {
        let keys: BTreeSet<&Key> = self.graph.edges[self.first..].iter().map(|e| &e.key).collect();
        let told: BTreeSet<&SmolStr> = known.iter().map(|d| &d.subject).collect();
        let mine = |d: &Draft| d.about.iter().any(|k| keys.contains(k)) && !told.contains(&d.subject);
        let places: BTreeSet<_> = known.iter().map(|d| (&d.at.path, d.at.at.line)).collect();
        all.into_iter()
            .filter(|d| mine(d) && !places.contains(&(&d.at.path, d.at.at.line)))
            .map(|d| d.severity(Severity::Note).certainty(Certainty::Inferred).open("who is on the other end"))
            .collect()
    }
}

/// What people would call the other end: the host as far as it is known, the contract, or nothing.
fn name_of(open: &Unresolved, kind: EdgeKind) -> SmolStr {
    const UNKNOWN: &str = "an address that is not known";
    if kind.traffic() != Traffic::Call {
        return "a broker that is not known".into();
    }
    let address = open.value.split_once("://").map_or(open.value.as_str(), |(_, rest)| rest);
    let host = address.split(['/', '?']).next().unwrap_or_default();
    if host.is_empty() { UNKNOWN.into() } else { host.into() }
}

fn somebody(name: &SmolStr, kind: EdgeKind, open: &Unresolved) -> Node {
    Node {
        key: Key(format_smolstr!("unknown/{name}")),
        name: name.clone(),
        kind: if kind.traffic() == Traffic::Call { NodeKind::External } else { NodeKind::Broker },
        system: None,
        languages: Vec::new(),
        roots: Vec::new(),
        own: Vec::new(),
        libraries: Vec::new(),
        aliases: Vec::new(),
        proof: Proof::new(open.at.clone(), []),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn those_who_look_at_callers_are_rules() {
        for rule in super::RULES {
            assert!(crate::rules::RULES.iter().any(|r| r.id == rule), "{rule}");
        }
    }
}
