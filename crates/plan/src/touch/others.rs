//! Those with whom a node has to do: over calls, brokers, stores, connectors, and calls of whom is not known.

use super::effect::Cx;
use seam_facts::{Key, SmolStr};
use seam_graph::Traffic;
use std::collections::{BTreeMap, BTreeSet};

/// The nodes at the other side, each with the interactions that lead there.
pub(super) type Others = BTreeMap<usize, BTreeSet<Key>>;

/// The other sides of a broker, for one topic or all.
pub(super) fn over(cx: &Cx<'_>, edge: &seam_graph::Edge, topic: Option<&str>, out: &mut Others) {
    let other = match edge.kind.traffic() {
        Traffic::Publish => Traffic::Consume,
        Traffic::Consume => Traffic::Publish,
        Traffic::Call | Traffic::Keep => return,
    };
    for far in cx.old.graph.edges.iter().filter(|e| e.to == edge.to && e.kind.traffic() == other && e.from != edge.from)
    {
        let meets = |x: &seam_graph::Detail| {
            topic.is_none_or(|t| {
                t.is_empty() || super::messages::meets(t, &x.operation) || super::messages::meets(&x.operation, t)
            })
        };
        if far.details.iter().any(meets) {
            out.entry(far.from).or_default().extend([edge.key.clone(), far.key.clone()]);
        }
    }
}

/// Those who use a store that a node uses: what one writes there, the other may read.
pub(super) fn beside(cx: &Cx<'_>, node: usize, out: &mut Others) {
    let kept = |e: &&seam_graph::Edge| e.kind.traffic() == Traffic::Keep;
    for own in cx.old.graph.edges.iter().filter(kept).filter(|e| e.from == node) {
        for far in cx.old.graph.edges.iter().filter(kept).filter(|e| e.to == own.to && e.from != node) {
            out.entry(far.from).or_default().extend([own.key.clone(), far.key.clone()]);
        }
    }
}

/// Everybody a node exchanges anything with.
pub(super) fn neighbours(cx: &Cx<'_>, node: usize) -> Others {
    let mut out = Others::new();
    for edge in cx.old.graph.edges.iter().filter(|e| e.from == node || e.to == node) {
        match edge.kind.traffic() {
            Traffic::Call => {
                let other = if edge.from == node { edge.to } else { edge.from };
                out.entry(other).or_default().insert(edge.key.clone());
            }
            Traffic::Publish | Traffic::Consume if edge.from == node => {
                let topics: BTreeSet<&SmolStr> = edge.details.iter().map(|d| &d.operation).collect();
                for topic in topics {
                    over(cx, edge, Some(topic), &mut out);
                }
            }
            Traffic::Publish | Traffic::Consume | Traffic::Keep => {}
        }
    }
    super::bridged::add(cx, node, &mut out);
    super::unjoined::add(cx, node, &mut out);
    out.remove(&node);
    out
}
