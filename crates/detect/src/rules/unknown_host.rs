//! An address whose host nobody declares. See `unknown_host.md`.

use crate::keys::{by_node, declared, host, is_address, is_deployed, is_inside, is_ours, nearest, proving, squash};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_graph::Evidence;
use std::collections::BTreeMap;

pub static RULE: Rule = Rule {
    id: "unknown-host",
    group: Group::Environment,
    severity: Severity::Error,
    nursery: false,
    hypothesis: false,
    page: include_str!("unknown_host.md"),
    find,
};

/// Places where one service uses one host.
struct Use<'a> {
    at: &'a Evidence,
    /// The setting's key; empty where code says the host itself.
    key: &'a str,
    call: Option<&'a Evidence>,
}

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let known = declared(cx);
    let is_known = |name: &str| {
        let name = name.to_ascii_lowercase();
        let first = name.split('.').next().unwrap_or(&name);
        // A pod of a stateful set: `db-0.db`.
        let pod =
            first.rsplit_once('-').filter(|(_, n)| n.chars().all(|c| c.is_ascii_digit())).map_or(first, |(s, _)| s);
        known.contains(pod) || known.contains(&name) || known.contains(first) || known.contains(&squash(first))
    };
    let mut found: BTreeMap<(usize, String), Vec<Use<'_>>> = BTreeMap::new();
    let used = proving(cx.graph);
    for (node, keys) in by_node(cx.graph).iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        for setting in keys.set.values().flatten() {
            let Some((name, _)) = host(&setting.value, is_address(&setting.key)) else { continue };
            let matters = keys.is_read(&setting.key) || used.contains(&(&setting.at.path, setting.at.at.line));
            if is_deployed(setting) && matters && is_inside(name) && !is_known(name) {
                let of = Use { at: &setting.at, key: &setting.key, call: None };
                found.entry((node, name.to_owned())).or_default().push(of);
            }
        }
    }
    for open in &cx.graph.unresolved {
        let Some(name) = open.why.strip_prefix("no service, alias or external is called `") else { continue };
        let name = name.trim_end_matches('`');
        // A name in capitals, or in brackets, is a place to fill in.
        let filled = open.value.contains(name);
        if is_ours(cx.node(open.node).kind) && filled && is_inside(name) && !is_known(name) {
            let uses = found.entry((open.node, name.to_owned())).or_default();
            match uses.iter_mut().find(|u| !u.key.is_empty()) {
                Some(set) => set.call = Some(&open.at),
                None => uses.push(Use { at: &open.at, key: "", call: None }),
            }
        }
    }
    for ((node, name), uses) in found {
        let Some(first) = uses.first() else { continue };
        let service = cx.name(node);
        let names = || cx.graph.nodes.iter().map(|n| n.name.as_str()).filter(|n| *n != service);
        let near = nearest(&name, names());
        let by = if first.key.is_empty() { String::new() } else { format!(", which `{}` names", first.key) };
        let message = format!("`{service}` calls the host `{name}`{by}, and nothing in the workspace is called so");
        let mut draft = Draft::new(format!("{service} {name}"), first.at, message)
            .why(format!(
                "Resolving `{name}` fails in every deployment that is declared here, so each request to it fails at once{}.",
                near.map(|n| format!("; `{n}` is deployed")).unwrap_or_default()
            ))
            .about([cx.node(node).key.clone()])
            .help(match near {
                Some(near) => format!("call `{near}`, or declare `{name}`"),
                None => format!("declare `{name}` in the deployment, or under `[externals]` in `seam.toml` if it runs elsewhere"),
            });
        for of in &uses {
            let says = if of.key.is_empty() {
                format!("`{service}` calls `{name}`")
            } else {
                format!("`{}` is set to an address at `{name}`", of.key)
            };
            draft = draft.link(of.at, says);
            let reads = cx.graph.reads.iter().filter(|r| r.node == node && squash(&r.key) == squash(of.key));
            for read in reads.take(2) {
                draft = draft.link(&read.at, format!("`{service}` reads `{}`", read.key));
            }
            if let Some(call) = of.call {
                draft = draft.link(call, format!("`{service}` calls `{name}`"));
            }
        }
        out.push(draft);
    }
}
