//! Who runs into it further up: services whose own interactions stay as they are, and whose requests lead to one that does not.
//!
//! Invariant: every one has the interactions that lead from it to a service that is touched, nearest first. Only calls that are
//! waited for are followed, from the function that makes them to the ways in that run it; where that is not known, it ends there.

use super::effect::{Cx, Effect};
use crate::change::Level;
use seam_facts::{Key, SmolStr};
use seam_graph::{Certainty, Evidence, NodeKind, Traffic};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beyond {
    pub service: SmolStr,
    /// From it to what is touched.
    pub through: Vec<Key>,
    pub places: Vec<Evidence>,
    pub certainty: Certainty,
}

pub fn beyond(cx: &Cx<'_>, effects: &[Effect]) -> Vec<Beyond> {
    let graph = cx.old.graph;
    let serious = || effects.iter().filter(|e| e.rule.level > Level::Safe);
    let touched: BTreeSet<&SmolStr> = serious().flat_map(Effect::services).collect();
    let mut seen: BTreeSet<usize> =
        graph.nodes.iter().enumerate().filter(|(_, n)| touched.contains(&n.name)).map(|(i, _)| i).collect();
    let mut ways: BTreeMap<usize, (Vec<Key>, Certainty)> = BTreeMap::new();
    let mut queue: VecDeque<(usize, usize)> = VecDeque::new();
    let mut asked: BTreeSet<usize> = BTreeSet::new();
    for effect in serious() {
        let entries = effect.entries.iter().filter_map(|key| super::traffic::by_key(cx, key));
        let callers = effect
            .dependent
            .iter()
            .flat_map(|t| t.places.iter().flat_map(|p| super::traffic::reaching(cx, &t.service, Some(p))));
        let callers: Vec<usize> = callers.filter_map(|key| super::traffic::by_key(cx, &key)).collect();
        for endpoint in entries.chain(callers) {
            if asked.insert(endpoint) {
                queue.push_back((endpoint, 0));
            }
        }
    }
    let mut out = Vec::new();
    while let Some((endpoint, depth)) = queue.pop_front() {
        let it = &graph.endpoints[endpoint];
        let (way, sure) = ways.get(&it.node).cloned().unwrap_or((Vec::new(), Certainty::Stated));
        let forwards = graph.edges.iter().enumerate().filter(|(_, e)| {
            e.to == it.node && graph.nodes[e.from].kind == NodeKind::Gateway && e.kind.traffic() == Traffic::Call
        });
        let forwards: Vec<(usize, usize)> =
            forwards.filter(|(_, e)| !e.details.is_empty()).map(|(i, _)| (i, 0)).collect();
        for (edge, detail) in cx.old.callers(endpoint).into_iter().chain(forwards) {
            let (e, d) = (&graph.edges[edge], &graph.edges[edge].details[detail]);
            let (key, from) = (e.key.clone(), e.from);
            let certainty = sure.max(d.certainty).max(e.certainty);
            if seen.insert(from) {
                let through: Vec<Key> = std::iter::once(key).chain(way.clone()).collect();
                let service = cx.old.name(from).clone();
                out.push(Beyond { service, through: through.clone(), places: vec![d.at.clone()], certainty });
                ways.insert(from, (through, certainty));
            }
            if depth >= DEPTH {
                continue;
            }
            for key in super::traffic::reaching(cx, cx.old.name(from), Some(&d.at)) {
                if let Some(next) = super::traffic::by_key(cx, &key)
                    && asked.insert(next)
                {
                    queue.push_back((next, depth + 1));
                }
            }
        }
    }
    out.sort_by(|a, b| (a.through.len(), &a.service).cmp(&(b.through.len(), &b.service)));
    out
}

/// How far up requests are followed.
const DEPTH: usize = 8;
