//! Names that a client looks up in a registry, and under which nobody registers.
//!
//! Invariant: it is known that the name is looked up (`lb://orders`, a declared client without an address), who is meant, and that
//! this one registers under a name of its own; a name that any file gives to an application, or that a deployment's network
//! knows, is left alone.

use crate::keys::{host, is_ours};
use crate::{Cx, Draft, names};
use seam_facts::{Claim, Part, SmolStr, Target};
use seam_graph::{Evidence, NodeKind, is_test};
use std::collections::{BTreeMap, BTreeSet};

pub fn unregistered(cx: &Cx<'_>) -> Vec<Draft> {
    let registered = names::registered(cx);
    if registered.is_empty() {
        return Vec::new();
    }
    let (composed, cluster) = (names::compose(cx), names::Cluster::new(cx));
    let deployed = |name: &str| composed.values().any(|f| f.knows(name)) || cluster.knows(name);
    let mut found: BTreeMap<(usize, usize, SmolStr), Vec<&Evidence>> = BTreeMap::new();
    for (_, edge, detail) in cx.operations() {
        if !is_ours(cx.node(edge.from).kind) || cx.node(edge.to).kind != NodeKind::Service || is_test(&detail.at.path) {
            continue;
        }
        let Some(name) = looked_up(cx, &detail.at) else { continue };
        let low = name.to_ascii_lowercase();
        if registered.contains(&low)
            || deployed(&low)
            || deployed(&name)
            || cx.name(edge.to).eq_ignore_ascii_case(&name)
        {
            continue;
        }
        found.entry((edge.from, edge.to, name)).or_default().push(&detail.at);
    }
    found.into_iter().filter_map(|((from, to, name), uses)| draft(cx, (from, to), &name, &uses)).collect()
}

/// The name that a call or a route has looked up, where all of it is written out.
fn looked_up(cx: &Cx<'_>, at: &Evidence) -> Option<SmolStr> {
    let here = cx.facts(&at.path).iter().filter(|f| f.at == at.at);
    here.filter_map(|fact| {
        let (target, declared) = match &fact.claim {
            Claim::Call(call) => (&call.target, call.client == "Feign"),
            Claim::Route(route) => (&route.target, false),
            _ => return None,
        };
        let Some(Part::Text(text)) = target.parts.first() else { return None };
        let (scheme, rest) = text.split_once("://")?;
        // Cut off by a hole, the name may go on.
        let whole = rest.contains('/') || target.parts.len() == 1;
        let named = matches!(scheme, "lb" | "discovery") || declared && scheme == "http";
        let (name, port) = host(text.strip_prefix("lb:").map_or(text, |_| rest), true)?;
        (whole && named && port.is_none() && !name.contains('.')).then(|| SmolStr::from(name))
    })
    .next()
}

fn draft(cx: &Cx<'_>, (from, to): (usize, usize), name: &str, uses: &[&Evidence]) -> Option<Draft> {
    let first = *uses.first()?;
    let own: BTreeMap<&str, Evidence> = cx
        .own_facts(to)
        .filter(|(path, _)| !is_test(path))
        .filter_map(|(path, fact)| match &fact.claim {
            Claim::Alias(alias) if alias.target == Target::Own => {
                Some((alias.name.as_str(), cx.evidence(path, fact, seam_facts::format_smolstr!("{}", fact.claim))))
            }
            _ => None,
        })
        .collect();
    if own.is_empty() {
        return None;
    }
    let (caller, callee) = (cx.name(from), cx.name(to));
    let called: BTreeSet<String> = own.keys().map(|n| format!("`{n}`")).collect();
    let called = called.into_iter().collect::<Vec<_>>().join(" or ");
    let mut draft = Draft::new(
        format!("{caller} {name} registry"),
        first,
        format!("`{caller}` looks `{name}` up, and `{callee}` registers as {called}"),
    )
    .why(format!(
        "Nothing registers under `{name}`: the client's load balancer finds no instance, and each request fails before it is sent."
    ))
    .about([cx.node(from).key.clone(), cx.node(to).key.clone()])
    .help(format!("use one name for `{callee}` where it registers and where it is looked up"));
    for at in uses.iter().take(3) {
        draft = draft.link(at, format!("`{caller}` looks `{name}` up"));
    }
    for (name, at) in own.iter().take(2) {
        draft = draft.link(at, format!("`{callee}` says that it is called `{name}`"));
    }
    Some(draft)
}
