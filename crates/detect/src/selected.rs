//! Services of Kubernetes: the pods that they select, and the ports of those.

use crate::keys::is_ours;
use crate::ports::{Doors, number_is_mentioned};
use crate::rules::port_mismatch::{listed, only, said};
use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, Deployment, Fact, SmolStr, Target};
use seam_graph::{Evidence, NodeKind, PortOf, PortRole};
use std::collections::{BTreeMap, BTreeSet};

/// A Service with its place and the labels that it selects.
type Selects<'a> = (&'a SmolStr, &'a Fact, &'a seam_facts::Alias, &'a [(SmolStr, SmolStr)]);

/// Services that select no pods, where a workload of the same file or name has other labels.
pub(crate) fn nobody(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut workloads: Vec<(&SmolStr, &Fact, &seam_facts::Service)> = Vec::new();
    let mut selects: Vec<Selects<'_>> = Vec::new();
    for (path, fact) in cx.base.facts() {
        match &fact.claim {
            Claim::Service(s) if matches!(s.deployment, Deployment::Kubernetes | Deployment::Helm) => {
                workloads.push((path, fact, s));
            }
            Claim::Alias(a) if a.deployment == Deployment::Kubernetes && fact.by == "kubernetes" => {
                if let Target::Labels(wanted) = &a.target {
                    selects.push((path, fact, a, wanted));
                }
            }
            _ => {}
        }
    }
    let carries = |s: &seam_facts::Service, wanted: &[(SmolStr, SmolStr)]| wanted.iter().all(|l| s.labels.contains(l));
    // A label whose value nothing written out carries may be given by an overlay, or to pods that an operator makes.
    let keys = |labels: &[(SmolStr, SmolStr)]| labels.iter().map(|(k, _)| k.clone()).collect::<BTreeSet<SmolStr>>();
    for (path, fact, alias, wanted) in &selects {
        if wanted.is_empty() || workloads.iter().any(|(_, _, s)| carries(s, wanted)) || seam_graph::is_test(path) {
            continue;
        }
        let meant = workloads.iter().find(|(file, _, s)| {
            let known = !s.labels.is_empty()
                && keys(wanted).is_subset(&keys(&s.labels))
                && s.deployment == Deployment::Kubernetes;
            known && (s.name == alias.name || file == path && workloads.iter().filter(|(f, ..)| f == path).count() == 1)
        });
        let Some((file, at, workload)) = meant else { continue };
        // Another Service has the pods.
        if selects.iter().any(|(_, _, other, labels)| other.name == alias.name && carries(workload, labels)) {
            continue;
        }
        let shown = |labels: &[(SmolStr, SmolStr)]| {
            labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(", ")
        };
        let unlike: Vec<(SmolStr, SmolStr)> = wanted.iter().filter(|l| !workload.labels.contains(l)).cloned().collect();
        let place = cx.evidence(path, fact, seam_facts::format_smolstr!("Service {}", alias.name));
        let pods = cx.evidence(file, at, seam_facts::format_smolstr!("workload {}", workload.name));
        out.push(
            Draft::new(
                format!("service {} selects nothing", alias.name),
                &place,
                format!("the Service `{}` selects pods with {}, and no workload has such", alias.name, shown(&unlike)),
            )
            .why(format!("A Service without pods has no address behind it: whoever dials `{}` is refused.", alias.name))
            .help(format!("select {}", shown(&workload.labels)))
            .link(&place, format!("`{}` selects {}", alias.name, shown(wanted)))
            .link(&pods, format!("the pods of `{}` have {}", workload.name, shown(&workload.labels))),
        );
    }
}

/// Kubernetes Services that forward to a port that their pods do not have.
pub(crate) fn services(cx: &Cx<'_>, doors: &Doors<'_>, out: &mut Vec<Draft>) {
    // By Service (place and name) and target: the nodes that it selects, and whether each has the port.
    type Selected<'a> = Vec<(&'a PortOf, bool)>;
    let mut found: BTreeMap<(&Evidence, &str, &str), Selected<'_>> = BTreeMap::new();
    for node in 0..cx.graph.nodes.len() {
        for service in doors.of(node).filter(|p| p.role == PortRole::Service && !p.to.is_empty()) {
            let has = cx.node(node).kind == NodeKind::Tool || has(cx, doors, service);
            found.entry((&service.at, &service.host, &service.to)).or_default().push((service, has));
        }
    }
    // A second port that leads nowhere is a leftover; nobody can use a Service whose only one does.
    let fits: BTreeSet<(&str, &str, usize)> = found
        .iter()
        .flat_map(|((at, host, _), s)| s.iter().filter(|(_, has)| *has).map(|(p, _)| (at.path.as_str(), *host, p.node)))
        .collect();
    for ((at, host, to), selected) in &found {
        let without: Vec<&PortOf> = selected
            .iter()
            .filter(|(p, has)| !has && !fits.contains(&(at.path.as_str(), *host, p.node)))
            .map(|(p, _)| *p)
            .collect();
        let Some(first) = without.first() else { continue };
        let number = to.parse::<u32>().is_ok();
        let port = if number { format!("port {to}") } else { format!("a port called `{to}`") };
        let names = without.iter().map(|p| format!("`{}`", cx.name(p.node))).collect::<Vec<_>>().join(", ");
        let mixed = selected.len() > without.len();
        let (message, help) = if mixed {
            (
                format!("the Service `{host}` forwards to {port}, and selects pods of {names}, which do not have it"),
                "select only the pods that are meant, with a label that the others do not carry".to_owned(),
            )
        } else {
            let mut have: Vec<&PortOf> = doors.of(first.node).filter(|p| p.role == PortRole::Container).collect();
            if have.is_empty() {
                have.extend(doors.of(first.node).filter(|p| p.role == PortRole::Listens));
            }
            let called: BTreeSet<String> = have.iter().map(|p| format!("`{}`", p.name)).collect();
            let have = match called.into_iter().collect::<Vec<_>>() {
                called if !number && called.iter().all(|c| c.len() > 2) => called.join(", "),
                _ => listed(&have),
            };
            (
                format!("the Service `{host}` forwards to {port}, and the pods of {names} have {have}"),
                format!("forward to {have} with `targetPort`, or declare the port in the pod"),
            )
        };
        let why = if mixed {
            format!(
                "Each connection to `{host}` goes to any of the pods that it selects; those that land on {names} are refused."
            )
        } else {
            format!(
                "Whoever dials `{host}` is forwarded to {port} of a pod, where nothing is declared to listen: the connection is refused."
            )
        };
        let mut draft = Draft::new(format!("service {host} {to}"), at, message)
            .why(why)
            .about(without.iter().map(|p| cx.node(p.node).key.clone()))
            .severity(if number { Severity::Warning } else { Severity::Error })
            .help(help)
            .link(at, said(first));
        for service in without.iter().take(3) {
            let of = |p: &&PortOf| matches!(p.role, PortRole::Container | PortRole::Exposed | PortRole::Listens);
            for port in doors.of(service.node).filter(of).take(2) {
                draft = draft.link(&port.at, said(port));
            }
        }
        out.push(draft);
    }
}

/// Whether the node's pods may have the port that a Service forwards to.
fn has(cx: &Cx<'_>, doors: &Doors<'_>, service: &PortOf) -> bool {
    let node = service.node;
    let containers: Vec<&PortOf> =
        doors.of(node).filter(|p| p.role == PortRole::Container && p.deployment == service.deployment).collect();
    let number = service.to.parse::<u32>().ok();
    let fits = |p: &&PortOf| match number {
        Some(number) => p.number.is_none_or(|n| n == number),
        None => p.name == service.to,
    };
    let mut others = doors.of(node).filter(|p| matches!(p.role, PortRole::Exposed | PortRole::Listens));
    // A pod need not declare its ports: what the program opens, and says nowhere else, is all there is then.
    if containers.is_empty() {
        let listens: Vec<&PortOf> = doors.of(node).filter(|p| p.role == PortRole::Listens).collect();
        let ours = is_ours(cx.node(node).kind) && !cx.node(node).languages.is_empty();
        let one = only(&listens).filter(|_| ours && !listens.iter().any(|p| p.default));
        let elsewhere =
            |n: u32| others.clone().any(|p| p.number.is_none_or(|o| o == n)) || number_is_mentioned(cx, node, n);
        return !(one.is_some() && number.is_some_and(|n| Some(n) != one && !elsewhere(n)));
    }
    // What a ready-made image opens is mostly more than its pod declares.
    let ready_made = number.is_some() && cx.node(node).languages.is_empty();
    ready_made && !cx.node(node).kind.is_store()
        || containers.iter().any(fits)
        || others.any(|p| number.is_some() && fits(&p))
        || containers.iter().any(|c| beside(cx, c, &service.to))
        || number.is_some_and(|n| number_is_mentioned(cx, node, n))
}

/// Whether another container of the same pods has the port.
fn beside(cx: &Cx<'_>, container: &PortOf, to: &str) -> bool {
    let prefix = format!("{}/", container.host);
    cx.facts(&container.at.path).iter().any(|f| match &f.claim {
        Claim::Service(s) => {
            s.name.starts_with(&prefix)
                && s.ports.iter().any(|p| {
                    p.name.as_deref() == Some(to)
                        || p.target.as_ref().is_some_and(|t| t.as_text().is_none_or(|t| t == to))
                })
        }
        _ => false,
    })
}
