//! How the listeners of a program come back to a message that failed: policies of messaging libraries, which govern no call.
//!
//! Invariant: only a node that takes messages, by the library that the policy is of, has one.

use crate::Cx;
use seam_facts::{Claim, Policy, PolicyKind};
use seam_graph::{EdgeKind, Evidence, Operation};

/// A listener's way to try again.
pub(crate) struct Repeats<'a> {
    pub node: usize,
    pub at: Evidence,
    pub policy: &'a Policy,
    /// A message that is taken so.
    pub taken: Operation,
}

/// Policies of libraries that take messages, with a message that each governs.
pub(crate) fn listeners<'a>(cx: &Cx<'a>) -> Vec<Repeats<'a>> {
    let mut out = Vec::new();
    for (node, of) in cx.graph.nodes.iter().enumerate() {
        let consumed = cx.outgoing(node).iter().copied().find(|e| cx.edge(*e).kind == EdgeKind::QueueConsume);
        let Some(edge) = consumed.filter(|e| !cx.edge(*e).details.is_empty()) else { continue };
        for path in of.own.iter().chain(&of.libraries) {
            for fact in cx.facts(path) {
                let Claim::Policy(policy) = &fact.claim else { continue };
                let listens = ["MassTransit", "Spring Kafka listener"].iter().any(|l| policy.detail.starts_with(l));
                if policy.kind == PolicyKind::Retry && listens {
                    let at = cx.evidence(path, fact, "a message that failed is tried again");
                    let taken = Operation { edge, detail: 0 };
                    out.push(Repeats { node, at, policy, taken });
                }
            }
        }
    }
    out
}
