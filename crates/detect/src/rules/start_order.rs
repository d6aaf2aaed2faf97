//! A service starts before the store that it needs is ready. See `start_order.md`.

use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Deployment, Fact, Service, SmolStr};
use seam_graph::{Evidence, NodeKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub static RULE: Rule = Rule {
    id: "start-order",
    group: Group::Environment,
    severity: Severity::Note,
    nursery: false,
    hypothesis: true,
    page: include_str!("start_order.md"),
    find,
};

/// Services of compose files by file and name.
pub(crate) type Files<'a> = BTreeMap<&'a SmolStr, BTreeMap<&'a str, (&'a Service, &'a Fact)>>;

/// Words of commands that wait for a dependency themselves.
pub(crate) const WAITERS: &[&str] =
    &["wait-for", "wait_for", "waitfor", "dockerize", "wait4x", "until ", "nc -z", "pg_isready", "sleep "];

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut nodes: HashMap<(&SmolStr, u32), usize> = HashMap::new();
    for (id, node) in cx.graph.nodes.iter().enumerate() {
        nodes.extend(node.proof.iter().map(|e| ((&e.path, e.at.line), id)));
    }
    let mut files: Files<'_> = BTreeMap::new();
    for (path, fact) in cx.base.facts() {
        if let Claim::Service(service) = &fact.claim
            && service.deployment == Deployment::Compose
        {
            files.entry(path).or_default().insert(&service.name, (service, fact));
        }
    }
    // One service of several files is told once.
    let mut told: BTreeSet<usize> = BTreeSet::new();
    for (path, services) in &files {
        for (service, fact) in services.values() {
            let Some(node) = nodes.get(&(*path, fact.at.line)).copied() else { continue };
            let waits = service.command.as_ref().map(ToString::to_string).unwrap_or_default();
            if !crate::keys::is_ours(cx.node(node).kind) || WAITERS.iter().any(|w| waits.contains(w)) {
                continue;
            }
            let mut named: Option<u32> = None;
            let early: Vec<(usize, Evidence)> = service
                .depends_on
                .iter()
                .filter(|d| !service.awaits.contains(d))
                .filter_map(|d| {
                    let (of, at) = services.get(d.as_str()).filter(|(of, _)| of.health_check)?;
                    let id = *nodes.get(&(*path, at.at.line))?;
                    let used = cx.outgoing(node).iter().any(|e| cx.edge(*e).to == id);
                    let needed = cx.node(id).kind.is_store() || cx.node(id).kind == NodeKind::Server;
                    let says = format!("`{}` has a health check", of.name);
                    let found = (used && needed).then(|| (id, cx.evidence(path, at, says)))?;
                    named = named.or_else(|| service.depends_at.iter().find(|(n, _)| n == d).map(|(_, line)| *line));
                    Some(found)
                })
                .collect();
            if early.is_empty() || !told.insert(node) {
                continue;
            }
            // The line to change is the one that names what is not waited for.
            let mut at = cx.evidence(path, fact, format!("service {}", service.name));
            if let Some(line) = named {
                (at.at.line, at.at.end_line, at.at.column) = (line, line, 1);
            }
            // Where others of the file wait for the very same, this one was forgotten.
            let fellow = services.values().find(|(s, _)| {
                s.name != service.name
                    && service.depends_on.iter().any(|d| !service.awaits.contains(d) && s.awaits.contains(d))
            });
            let draft = draft(cx, node, &at, &early);
            out.push(match fellow {
                Some((other, fact)) => draft
                    .severity(Severity::Warning)
                    .link(&cx.evidence(path, fact, ""), format!("`{}` waits until it can be used", other.name)),
                None => draft,
            });
        }
    }
    crate::unordered::unordered(cx, &nodes, &files, out);
}

fn draft(cx: &Cx<'_>, node: usize, at: &Evidence, early: &[(usize, Evidence)]) -> Draft {
    let name = cx.name(node);
    let names: Vec<String> = early.iter().map(|(id, _)| format!("`{}`", cx.name(*id))).collect();
    let names = names.join(", ");
    let (starts, check, it) = match early {
        [_] => ("starts, not when it can be used", "has a health check", "it"),
        _ => ("start, not when they can be used", "have health checks", "them"),
    };
    // With the stores: one more of them is another matter.
    let stores: Vec<&str> = early.iter().map(|(id, _)| cx.name(*id)).collect();
    let mut draft = Draft::new(format!("{name} {}", stores.join(" ")), at, format!("`{name}` starts when {names} {starts}"))
    .why(format!(
        "{names} {check}, and nothing waits for {it}: without the condition `service_healthy`, `depends_on` waits for the container only. What \
         `{name}` does with {it} while it starts fails until then."
    ))
    .about([cx.node(node).key.clone()])
    .about(early.iter().map(|(id, _)| cx.node(*id).key.clone()))
    .help(format!("give `depends_on` of `{name}` the condition `service_healthy`, or try again until it is there"))
    .link(at, format!("`{name}` is started without waiting"));
    for (id, check) in early.iter().take(4) {
        draft = draft.link(check, check.says.to_string());
        let edge = cx.outgoing(node).iter().map(|e| cx.edge(*e)).find(|e| e.to == *id);
        if let Some(edge) = edge {
            draft = draft.link(edge.proof.first(), format!("`{name}` uses `{}`", cx.name(*id)));
        }
    }
    draft
}
