//! What a service writes into a store and a connector hands on from there: those who read the connector's messages have to do with the
//! writer, though no interaction of the two meets.
//!
//! Invariant: only what runs no code of the system's own hands on; a program of one's own may make something else of what it reads.

use super::effect::Cx;
use super::messages::meets;
use super::others::Others;
use seam_facts::SmolStr;
use seam_graph::{Detail, Edge, Traffic};
use std::collections::BTreeSet;

/// The stores that a connector's message is taken from: those that the same file names, else all of the connector's.
fn taken<'c>(cx: &'c Cx<'_>, sending: &'c Edge, detail: &Detail) -> Vec<&'c Edge> {
    let kept = |e: &&Edge| e.from == sending.from && e.kind.traffic() == Traffic::Keep;
    let all: Vec<&Edge> = cx.old.graph.edges.iter().filter(kept).collect();
    let same: Vec<&Edge> =
        all.iter().copied().filter(|e| e.details.iter().any(|d| d.at.path == detail.at.path)).collect();
    if same.is_empty() { all } else { same }
}

fn hands_on(cx: &Cx<'_>, node: usize) -> bool {
    cx.old.graph.nodes[node].own.is_empty()
}

/// Messages that connectors send: the interaction, and what is known of it.
fn sent<'c>(cx: &'c Cx<'_>) -> impl Iterator<Item = (&'c Edge, &'c Detail)> {
    let edges = cx.old.graph.edges.iter().filter(|e| e.kind.traffic() == Traffic::Publish && hands_on(cx, e.from));
    edges.flat_map(|e| e.details.iter().map(move |d| (e, d))).filter(|(_, d)| !d.operation.is_empty())
}

/// Who writes what a connector sends under a name, with the interactions that lead there.
pub(super) fn writers(cx: &Cx<'_>, sending: &Edge, detail: &Detail) -> Others {
    let mut out = Others::new();
    if !hands_on(cx, sending.from) {
        return out;
    }
    for taken in taken(cx, sending, detail) {
        let kept = |e: &&Edge| e.to == taken.to && e.from != taken.from && e.kind.traffic() == Traffic::Keep;
        for edge in cx.old.graph.edges.iter().filter(kept) {
            let keys = [edge.key.clone(), taken.key.clone(), sending.key.clone()];
            out.entry(edge.from).or_default().extend(keys);
        }
    }
    out
}

/// Adds those with whom a node has to do over a connector.
pub(super) fn add(cx: &Cx<'_>, node: usize, out: &mut Others) {
    let kept: BTreeSet<usize> = own(cx, node, Traffic::Keep).map(|e| e.to).collect();
    let read: Vec<(&Edge, &SmolStr)> =
        own(cx, node, Traffic::Consume).flat_map(|e| e.details.iter().map(move |d| (e, &d.operation))).collect();
    if kept.is_empty() && read.is_empty() {
        return;
    }
    for (sending, detail) in sent(cx).filter(|(e, _)| e.from != node) {
        if taken(cx, sending, detail).iter().any(|e| kept.contains(&e.to)) {
            let reads = |e: &&Edge| e.to == sending.to && e.from != node && e.kind.traffic() == Traffic::Consume;
            for far in cx.old.graph.edges.iter().filter(reads) {
                if far.details.iter().any(|d| meets(&detail.operation, &d.operation)) {
                    out.entry(far.from).or_default().extend([sending.key.clone(), far.key.clone()]);
                }
            }
        }
        for (edge, topic) in read.iter().filter(|(e, _)| e.to == sending.to) {
            if meets(&detail.operation, topic) {
                for (writer, keys) in writers(cx, sending, detail) {
                    out.entry(writer).or_default().extend(keys.into_iter().chain([edge.key.clone()]));
                }
            }
        }
    }
    out.remove(&node);
}

fn own<'c>(cx: &'c Cx<'_>, node: usize, traffic: Traffic) -> impl Iterator<Item = &'c Edge> {
    cx.old.graph.edges.iter().filter(move |e| e.from == node && e.kind.traffic() == traffic)
}
