//! How a failure spread: whom it touched, in which order, as far as the same traces show.
//!
//! Invariant: a service is in the story of a suspect because it deviates in a trace in which the suspect does; the order is that
//! of what was seen first.

use crate::spans::{Scene, describe};
use crate::suspect::{Suspect, Touched};
use seam_facts::PolicyKind;
use seam_graph::Graph;
use seam_signals::{Context, clock};
use std::collections::BTreeMap;

/// More than so many are not read.
const MOST: usize = 6;

/// Writes the spread of each of the first suspects.
pub(crate) fn tell(scene: &Scene<'_>, suspects: &mut [Suspect]) {
    if let Some(first) = suspects.iter_mut().find(|s| !s.contexts.is_empty()) {
        first.along = along(scene, first);
    }
    for suspect in suspects.iter_mut().take(5).filter(|s| !s.contexts.is_empty()) {
        suspect.spread = spread(scene, suspect);
    }
}

/// What deviates in the suspect's traces at least as often as in others.
fn along(scene: &Scene<'_>, suspect: &Suspect) -> Vec<Context> {
    let mine = |at: u32| suspect.contexts.contains(&scene.deviations[at as usize].context);
    let mut counts: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    for trace in &scene.traces {
        let here = usize::from(trace.iter().any(|s| mine(s.deviation)));
        let seen: std::collections::BTreeSet<u32> = trace.iter().map(|s| s.deviation).filter(|d| !mine(*d)).collect();
        for deviation in seen {
            let count = counts.entry(deviation).or_default();
            *count = (count.0 + here, count.1 + 1);
        }
    }
    let often = counts.into_iter().filter(|(_, (here, all))| here * 2 >= *all);
    often.map(|(at, _)| scene.deviations[at as usize].context).collect()
}

fn spread(scene: &Scene<'_>, suspect: &Suspect) -> Vec<Touched> {
    let mine = |at: u32| suspect.contexts.contains(&scene.deviations[at as usize].context);
    // By service: when first, how often, and what deviates there most.
    let mut touched: BTreeMap<String, (i64, usize, BTreeMap<u32, usize>)> = BTreeMap::new();
    for trace in &scene.traces {
        let Some(began) = trace.iter().filter(|s| mine(s.deviation)).map(|s| s.at).min() else { continue };
        for sighting in trace.iter().filter(|s| !mine(s.deviation) && s.at >= began) {
            let service = scene.text(scene.deviations[sighting.deviation as usize].service);
            if service == suspect.service {
                continue;
            }
            let entry = touched.entry(service).or_insert((i64::MAX, 0, BTreeMap::new()));
            entry.0 = entry.0.min(sighting.at);
            entry.1 += 1;
            *entry.2.entry(sighting.deviation).or_default() += 1;
        }
    }
    let mut out: Vec<Touched> = touched
        .into_iter()
        .map(|(service, (since, times, what))| {
            let most = what.into_iter().max_by_key(|(at, n)| (*n, std::cmp::Reverse(*at)));
            let says = most.map_or_else(String::new, |(at, _)| describe(scene, &scene.deviations[at as usize]));
            Touched { service, says, since, times }
        })
        .collect();
    out.sort_by(|a, b| (a.since, &a.service).cmp(&(b.since, &b.service)));
    out.truncate(MOST);
    out
}

/// The story in sentences.
pub(crate) fn sentences(suspect: &Suspect, graph: Option<&Graph>) -> Vec<String> {
    let hour = |at: i64| clock::shown(at).split(' ').next_back().unwrap_or_default().to_owned();
    let mut out = Vec::new();
    match suspect.since {
        Some(since) => out.push(format!("{} `{}`: {}", hour(since), suspect.service, suspect.says)),
        None => out.push(format!("`{}`: {}", suspect.service, suspect.says)),
    }
    for touched in &suspect.spread {
        let times = if touched.times == 1 { String::new() } else { format!(", {} times", touched.times) };
        out.push(format!("{} `{}`: {}{times}", hour(touched.since), touched.service, touched.says));
    }
    if let Some(graph) = graph {
        out.extend(policies(suspect, graph));
    }
    out
}

/// What callers of the suspect do when it is late or fails, as the map knows: how long they wait and how often they try.
fn policies(suspect: &Suspect, graph: &Graph) -> Vec<String> {
    let Some(node) = crate::topology::node(graph, &suspect.service) else { return Vec::new() };
    let mut out = std::collections::BTreeSet::new();
    for edge in graph.edges.iter().filter(|e| e.to == node) {
        let caller = &graph.nodes[edge.from].name;
        for policy in edge.policies.iter().chain(edge.details.iter().flat_map(|d| &d.policies)) {
            let at = format!("{}:{}", policy.at.path, policy.at.at.line);
            match (policy.kind, &policy.millis, &policy.attempts) {
                (PolicyKind::Timeout, Some(millis), _) if millis != "0" => {
                    out.insert(format!("`{caller}` waits {millis} ms for it ({at}); what takes longer fails there"));
                }
                (PolicyKind::Retry, _, Some(attempts)) => {
                    out.insert(format!("`{caller}` tries {attempts} times ({at}); failures come back as load"));
                }
                _ => {}
            }
        }
    }
    out.into_iter().take(MOST).collect()
}
