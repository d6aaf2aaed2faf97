//! Services that start without regard to a store that they need, where every other service of the file names its own. A part of
//! `start-order`.
//!
//! Invariant: at least two others do so and none leaves it out; nothing starts the service again, and nothing it depends on depends on
//! that store. Where none of the others waits until its store can be used, an order says little: three are asked for, and it is a note.

use crate::keys::{Keys, by_node, host, is_address, is_ours};
use crate::rules::start_order::{Files, WAITERS};
use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, Deployment, Service, SmolStr};
use seam_graph::{Certainty, EdgeKind, NodeKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(crate) fn unordered(cx: &Cx<'_>, nodes: &HashMap<(&SmolStr, u32), usize>, files: &Files<'_>, out: &mut Vec<Draft>) {
    let all = by_node(cx.graph);
    // The same service may be declared in several files that are put over one another.
    let elsewhere = |name: &str, store: &str| {
        cx.base.facts().any(|(_, f)| match &f.claim {
            Claim::Service(s) => {
                s.deployment == Deployment::Compose && s.name == name && s.depends_on.iter().any(|d| d == store)
            }
            _ => false,
        })
    };
    for (path, services) in files {
        let stores: BTreeMap<usize, &str> = services
            .iter()
            .filter_map(|(name, (_, fact))| Some((*nodes.get(&(*path, fact.at.line))?, *name)))
            .filter(|(node, _)| cx.node(*node).kind.is_store() || cx.node(*node).kind == NodeKind::Server)
            .collect();
        let mut ordered: Vec<&str> = Vec::new();
        let mut left: Vec<(usize, &str, Vec<usize>)> = Vec::new();
        for (name, (_, fact)) in services {
            let Some(node) = nodes.get(&(*path, fact.at.line)).copied().filter(|n| is_ours(cx.node(*n).kind)) else {
                continue;
            };
            let needed: BTreeSet<usize> =
                needs(cx, node, &all[node]).into_iter().filter(|n| stores.contains_key(n)).collect();
            if needed.is_empty() {
                continue;
            }
            let reached = behind(services, name);
            let missing: Vec<usize> = needed.iter().filter(|n| !reached.contains(stores[*n])).copied().collect();
            if missing.is_empty() {
                ordered.push(name);
            } else {
                left.push((node, name, missing));
            }
        }
        let ([(node, name, missing)], [one, other, ..]) = (left.as_slice(), ordered.as_slice()) else { continue };
        let (service, fact) = services[name];
        let awaited = ordered.iter().any(|n| !services[n].0.awaits.is_empty());
        if !awaited && ordered.len() < 3 {
            continue;
        }
        let waits = service.command.as_ref().map(ToString::to_string).unwrap_or_default();
        // One that says when it is ready before others.
        let first = missing.iter().copied().min_by_key(|n| !services[stores[n]].0.health_check).unwrap_or(missing[0]);
        let store = stores[&first];
        if service.restarts || WAITERS.iter().any(|w| waits.contains(w)) || elsewhere(name, store) {
            continue;
        }
        let at = cx.evidence(path, fact, seam_facts::format_smolstr!("service {name}"));
        let declared = services[store].1;
        let mut draft = Draft::new(
            format!("{name} {store} unordered"),
            &at,
            format!("`{name}` needs `{store}`, and nothing starts `{store}` before it"),
        )
        .why(format!(
            "The other services of the file name the stores that they use in `depends_on`; `{name}` does not, and may be up before \
             `{store}` can be reached: what it does with it while it starts fails, and nothing starts it again."
        ))
        .about([cx.node(*node).key.clone(), cx.node(first).key.clone()])
        .certainty(Certainty::Inferred)
        .severity(if awaited { Severity::Warning } else { Severity::Note })
        .help(format!("name `{store}` in `depends_on` of `{name}`, with the condition `service_healthy`"))
        .link(&at, format!("`{name}` is started without regard to `{store}`"))
        .link(&cx.evidence(path, declared, ""), format!("`{store}` is declared here"));
        for fellow in [one, other] {
            let at = cx.evidence(path, services[*fellow].1, "");
            draft = draft.link(&at, format!("`{fellow}` is started after what it uses"));
        }
        out.push(draft);
    }
}

/// What a service uses: by an edge, or by an address that its deployment gives it and its code reads.
fn needs(cx: &Cx<'_>, node: usize, keys: &Keys<'_>) -> BTreeSet<usize> {
    let stored = |kind| !matches!(kind, EdgeKind::Http | EdgeKind::Grpc | EdgeKind::Tcp);
    let edges = cx.outgoing(node).iter().map(|e| cx.edge(*e)).filter(|e| stored(e.kind)).map(|e| e.to);
    let named = keys.set.values().flatten().filter(|s| is_address(&s.key) && keys.is_read(&s.key)).filter_map(|s| {
        let [text] = s.texts.as_slice() else { return None };
        cx.graph.node(host(text, true)?.0)
    });
    edges.chain(named).filter(|n| *n != node).collect()
}

/// What is started before a service, by whatever it depends on.
fn behind<'a>(services: &BTreeMap<&'a str, (&'a Service, &seam_facts::Fact)>, name: &'a str) -> BTreeSet<&'a str> {
    let mut out: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![name];
    while let Some(next) = open.pop() {
        let Some((service, _)) = services.get(next) else { continue };
        open.extend(service.depends_on.iter().map(SmolStr::as_str).filter(|d| out.insert(d)));
    }
    out
}
