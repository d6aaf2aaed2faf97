//! Clients that look a service up under the name by which it registers, and that nobody told to ask the registry. A part of
//! `unknown-host`.
//!
//! Invariant: the name is one that a service registers under and no host of the deployment; the client is one that asks a registry only
//! where its bean is annotated, and no code of the service annotates one.

use crate::keys::host;
use crate::{Cx, Draft, Severity, names};
use seam_facts::{Claim, SmolStr};
use seam_graph::{Certainty, EdgeKind, is_test};
use std::collections::{BTreeMap, BTreeSet};

/// Clients of Spring that a load balancer has to be put into.
const CLIENTS: [&str; 3] = ["RestTemplate", "WebClient", "RestClient"];

pub(crate) fn unbalanced(cx: &Cx<'_>) -> Vec<Draft> {
    let registered = names::registered(cx);
    if registered.is_empty() {
        return Vec::new();
    }
    let (composed, cluster) = (names::compose(cx), names::Cluster::new(cx));
    let deployed = |name: &str| composed.values().any(|f| f.knows(name)) || cluster.knows(name);
    let mut found: BTreeMap<usize, Vec<(usize, SmolStr, &seam_graph::Evidence)>> = BTreeMap::new();
    for (_, edge, detail) in cx.operations().filter(|(_, e, d)| e.kind == EdgeKind::Http && !is_test(&d.at.path)) {
        let name = cx.facts(&detail.at.path).iter().filter(|f| f.at == detail.at.at).find_map(|f| match &f.claim {
            Claim::Call(call) if CLIENTS.contains(&call.client.as_str()) => Some(call),
            _ => None,
        });
        if name.is_none() {
            continue;
        }
        // The address may stand in a constant: what the node says of it anywhere.
        let to = cx.node(edge.to);
        let called =
            std::iter::once(&to.name).chain(&to.aliases).find(|n| registered.contains(&n.to_ascii_lowercase()));
        let Some(called) = called.filter(|n| !deployed(&n.to_ascii_lowercase()) && !deployed(n)) else { continue };
        found.entry(edge.from).or_default().push((edge.to, called.clone(), &detail.at));
    }
    let mut out = Vec::new();
    for (node, calls) in found {
        let this = cx.node(node);
        // Another service's code that has types of the same names is not built in.
        let shared = |p: &&SmolStr| cx.owners(p).is_empty();
        let files = || this.own.iter().chain(this.libraries.iter().filter(shared)).filter(|p| !is_test(p));
        let annotates = |path: &SmolStr| {
            cx.facts(path).iter().any(|f| match &f.claim {
                Claim::Uses(uses) => uses.functions.iter().flat_map(|(_, names)| names).any(|n| balances(n)),
                Claim::Pass(pass) => balances(&pass.callee),
                _ => false,
            })
        };
        let bean = files().find_map(|path| {
            cx.facts(path).iter().find_map(|f| match &f.claim {
                Claim::Return(r)
                    if CLIENTS.iter().any(|c| {
                        r.value.to_string().contains(&format!("{c}.<init>"))
                            || r.value.to_string().contains(&format!("{c}.builder"))
                    }) =>
                {
                    Some(cx.evidence(path, f, "the client is made here"))
                }
                _ => None,
            })
        });
        let says = |name: &SmolStr| {
            files().any(|path| {
                cx.facts(path).iter().any(|f| match &f.claim {
                    Claim::Constant(c) => c.value.as_text().is_some_and(|t| leads(&t, name)),
                    Claim::Call(c) => leads(&c.target.to_string(), name),
                    _ => false,
                })
            })
        };
        let Some(bean) = bean.filter(|_| !files().any(annotates)) else { continue };
        let mut seen = BTreeSet::new();
        let meant: Vec<_> = calls.into_iter().filter(|(to, name, _)| says(name) && seen.insert(*to)).collect();
        let Some((to, name, _)) = meant.first() else { continue };
        let (service, callee) = (cx.name(node), cx.name(*to));
        let mut draft = Draft::new(
            format!("unbalanced {service}"),
            &bean,
            format!("`{service}` calls `{name}` by a client that does not ask the registry"),
        )
        .why(format!(
            "`{name}` is what `{callee}` registers as, and no host of the deployment. Without `@LoadBalanced` the client takes it for a host: each \
             call ends with an unknown host."
        ))
        .help("annotate the client's bean with `@LoadBalanced`, or call a host that the deployment knows")
        .about([this.key.clone(), cx.node(*to).key.clone()])
        .severity(Severity::Warning)
        .certainty(Certainty::Inferred)
        .link(&bean, "the client is made here");
        for (to, name, at) in meant.iter().take(4) {
            draft = draft.link(at, format!("`{service}` calls `{}` as `{name}`", cx.name(*to)));
        }
        out.push(draft);
    }
    out
}

fn balances(name: &str) -> bool {
    const ASKS: [&str; 4] =
        ["LoadBalancerClient", "ReactorLoadBalancerExchangeFilterFunction", "DiscoveryClient", "EurekaClient"];
    name == seam_facts::wire::BALANCED || ASKS.contains(&name)
}

/// Whether an address leads to this name and says no port.
fn leads(text: &str, name: &str) -> bool {
    let Some((_, _)) = text.split_once("://") else { return false };
    host(text, true).is_some_and(|(host, port)| port.is_none() && host.eq_ignore_ascii_case(name))
}
