//! Addresses at this machine (`http://localhost:8085`) that are meant for one service of the workspace, which listens elsewhere:
//! what a developer's profile says on either side.
//!
//! Invariant: who is meant is known by another name at the same line (a route's, a key's), the port is none that the service has
//! anywhere in the same profile, and nobody else has it.

use crate::keys::{Keys, host, is_address, is_ours, squash};
use crate::ports::{Doors, number_is_mentioned};
use crate::rules::port_mismatch::said;
use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, Fact, Hole, Value};
use seam_graph::{Certainty, Edge, EdgeKind, Evidence, PortOf, PortRole};
use std::collections::BTreeSet;

pub(crate) fn nearby(cx: &Cx<'_>, doors: &Doors<'_>, all: &[Keys<'_>], out: &mut Vec<Draft>) {
    let mut told: BTreeSet<(usize, usize, u32)> = BTreeSet::new();
    let called = |e: &&Edge| matches!(e.kind, EdgeKind::Http | EdgeKind::Grpc) && is_ours(cx.node(e.to).kind);
    for edge in cx.graph.edges.iter().filter(called).filter(|e| e.from != e.to) {
        for at in edge.proof.iter().filter(|at| !seam_graph::is_test(&at.path)) {
            for port in cx.facts(&at.path).iter().filter(|f| f.at.line == at.at.line).filter_map(dialled) {
                if told.contains(&(edge.from, edge.to, port)) || !is_meant(cx, edge, at, all) {
                    continue;
                }
                let Some(open) = elsewhere(cx, doors, edge.to, at, port) else { continue };
                told.insert((edge.from, edge.to, port));
                out.push(draft(cx, edge, at, port, &open));
            }
        }
    }
}

/// The port of this machine that a fact has for an address, be it as a default.
fn dialled(fact: &Fact) -> Option<u32> {
    let value: &Value = match &fact.claim {
        Claim::Route(route) => &route.target,
        Claim::Call(call) => &call.target,
        Claim::Constant(constant) => &constant.value,
        Claim::Setting(setting) if is_address(&setting.key) => &setting.value,
        Claim::Read(read) => read.default.as_ref()?,
        _ => return None,
    };
    let fallen = value.holes().into_iter().next().and_then(|hole| match hole {
        Hole::Env { default, .. } | Hole::Config { default, .. } => default.as_ref(),
        _ => None,
    });
    let text = value.as_text().or_else(|| fallen?.as_text())?;
    let (name, port) = host(&text, false)?;
    port.filter(|_| matches!(name, "localhost") && text.contains("://"))
}

/// Whether the callee's name stands at the line: in the route, or in the key that gives its address.
fn is_meant(cx: &Cx<'_>, edge: &Edge, at: &Evidence, all: &[Keys<'_>]) -> bool {
    let name = squash(cx.name(edge.to));
    let stem = ["service", "server", "api", "svc"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(&name);
    let here = |line: u32| line == at.at.line;
    let keys = all[edge.from].set.values().flatten().filter(|s| s.at.path == at.path && here(s.at.at.line));
    let reads = all[edge.from].read.values().flatten().filter(|r| r.at.path == at.path && here(r.at.at.line));
    let said = keys.map(|s| squash(&s.key)).chain(reads.map(|r| squash(&r.key)));
    let facts = cx.facts(&at.path).iter().filter(|f| here(f.at.line)).flat_map(|f| match &f.claim {
        Claim::Route(route) => route.target.holes().iter().map(|h| squash(&h.to_string())).collect::<Vec<_>>(),
        _ => Vec::new(),
    });
    stem.len() > 2 && said.chain(facts).any(|text| text.contains(stem))
}

/// The ports that the callee has, where the one that is dialled is none of them and no other service's.
fn elsewhere<'a>(cx: &Cx<'_>, doors: &Doors<'a>, callee: usize, at: &Evidence, port: u32) -> Option<Vec<&'a PortOf>> {
    let file = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let all: Vec<&PortOf> = doors.of(callee).collect();
    let listens = |p: &&&PortOf| p.role == PortRole::Listens;
    // One profile of the caller runs beside the same profile of the callee.
    let beside: Vec<&PortOf> =
        all.iter().filter(listens).filter(|p| file(&p.at.path) == file(&at.path)).copied().collect();
    // What a container is told to listen on is no port of this machine.
    let here = |p: &&&PortOf| p.deployment.is_none() && !matches!(p.at.by.as_str(), "compose" | "kubernetes" | "helm");
    let open: Vec<&PortOf> =
        if beside.is_empty() { all.iter().filter(listens).filter(here).copied().collect() } else { beside.clone() };
    let published = all.iter().filter(|p| p.role == PortRole::Published);
    let known = open.iter().all(|p| p.number.is_some_and(|n| n > 0)) && !open.is_empty();
    let has = |p: &PortOf| p.number.is_none_or(|n| n == port);
    let others = |n: usize| n != callee && doors.of(n).any(|p| has(p) && p.number.is_some());
    if !known
        || open.iter().any(|p| has(p))
        || published.clone().any(|p| has(p))
        || beside.is_empty() && number_is_mentioned(cx, callee, port)
        || (0..cx.graph.nodes.len()).any(others)
    {
        return None;
    }
    Some(open)
}

fn draft(cx: &Cx<'_>, edge: &Edge, at: &Evidence, port: u32, open: &[&PortOf]) -> Draft {
    let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
    let listed = crate::rules::port_mismatch::listed(open);
    let mut draft = Draft::new(
        format!("nearby {caller} {callee}"),
        at,
        format!("`{caller}` dials `{callee}` on this machine at port {port}, and `{callee}` listens on {listed}"),
    )
    .why(format!(
        "Started beside one another, as these files have it, nothing answers at `localhost:{port}`: each request is refused."
    ))
    .about([cx.node(edge.from).key.clone(), cx.node(edge.to).key.clone()])
    .severity(Severity::Warning)
    .certainty(Certainty::Inferred)
    .help(format!("dial {listed}, or let `{callee}` listen on {port}"))
    .link(at, format!("`{caller}` dials port {port}"));
    for port in open.iter().take(2) {
        draft = draft.link(&port.at, said(port));
    }
    draft
}
