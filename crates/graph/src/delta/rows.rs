//! A graph as rows that can be compared: one for each thing that one place states.

use super::What;
use crate::model::{Certainty, EdgeKind, Evidence, Graph, Policy, Traffic};
use seam_facts::{SmolStr, format_smolstr};

#[derive(Clone)]
pub(super) struct Row<'g> {
    pub what: What,
    pub node: &'g SmolStr,
    /// The other side's name, a profile, a package manager: what else tells two things of one name apart.
    pub peer: &'g str,
    pub name: SmolStr,
    pub value: SmolStr,
    /// Things of two classes are never one renamed: a GET and a POST.
    pub class: SmolStr,
    /// What stands behind it: the handler of a route, the function around a call, the value of a setting.
    pub behind: SmolStr,
    pub certainty: Certainty,
    pub at: &'g Evidence,
}

pub(super) fn rows(graph: &Graph) -> Vec<Row<'_>> {
    let mut out = Vec::new();
    nodes(graph, &mut out);
    edges(graph, &mut out);
    configured(graph, &mut out);
    out
}

fn nodes<'g>(graph: &'g Graph, out: &mut Vec<Row<'g>>) {
    for node in &graph.nodes {
        let at = node.proof.first();
        let behind = node.roots.first().cloned().unwrap_or_default();
        let class = node.kind.word();
        out.push(row(What::Service, &node.name, "", node.name.clone(), class, at).class(class).behind(&behind));
    }
    for endpoint in &graph.endpoints {
        let node = &graph.nodes[endpoint.node].name;
        let protocol = seam_facts::word::of(&endpoint.protocol);
        let shape = match (&endpoint.request, &endpoint.response) {
            (None, None) => SmolStr::default(),
            (asked, given) => {
                let text = |t: &Option<SmolStr>| t.clone().unwrap_or_else(|| "?".into());
                format_smolstr!("{} → {}", text(asked), text(given))
            }
        };
        let class = format_smolstr!("{protocol} {}", endpoint.method.as_deref().unwrap_or_default());
        let name = endpoint.asked_as();
        let made = row(What::Endpoint, node, "", name, &shape, endpoint.proof.first());
        out.push(made.class(&class).behind(&endpoint.handler).sure(endpoint.certainty));
    }
    for port in &graph.ports {
        let number = port.number.map_or_else(|| SmolStr::from("?"), |n| format_smolstr!("{n}"));
        let value = if port.to.is_empty() { number } else { format_smolstr!("{number} → {}", port.to) };
        let name = if port.name.is_empty() { port.role.word().into() } else { port.name.clone() };
        out.push(row(What::Port, &graph.nodes[port.node].name, port.role.word(), name, &value, &port.at));
    }
    for package in &graph.packages {
        let what = if package.kind.ends_with("image") { What::Image } else { What::Package };
        let version = package.version.clone().unwrap_or_default();
        let node = &graph.nodes[package.node].name;
        out.push(row(what, node, &package.kind, package.package.clone(), &version, &package.at));
    }
}

fn edges<'g>(graph: &'g Graph, out: &mut Vec<Row<'g>>) {
    for edge in &graph.edges {
        let (from, to) = (&graph.nodes[edge.from].name, &graph.nodes[edge.to].name);
        let what = match edge.kind.traffic() {
            Traffic::Call => What::Operation,
            Traffic::Publish => What::Publish,
            Traffic::Consume => What::Consume,
            Traffic::Keep => What::Table,
        };
        for detail in &edge.details {
            let method = detail.operation.split_once(' ').filter(|_| what == What::Operation).map_or("", |(m, _)| m);
            let class = format_smolstr!("{} {method}", edge.kind.word());
            let behind = if detail.within.is_empty() { detail.client.clone() } else { detail.within.clone() };
            let made = row(what, from, to, detail.operation.clone(), "", &detail.at);
            out.push(made.class(&class).behind(&behind).sure(detail.certainty));
            if what == What::Operation && edge.kind != EdgeKind::Tcp {
                let answer = detail.endpoint.as_ref().map(|k| k.0.clone()).unwrap_or_default();
                let made = row(What::Answer, from, to, detail.operation.clone(), &answer, &detail.at);
                // A call that is renamed is told once, as a call.
                out.push(made.class(&format_smolstr!("{}{}", detail.operation, edge.kind.word())));
            }
            for policy in &detail.policies {
                out.push(policed(from, to, Some(&detail.operation), policy));
            }
        }
        for policy in &edge.policies {
            if !edge.details.iter().any(|d| d.policies.contains(policy)) {
                out.push(policed(from, to, None, policy));
            }
        }
    }
}

fn policed<'g>(from: &'g SmolStr, to: &'g SmolStr, operation: Option<&SmolStr>, policy: &'g Policy) -> Row<'g> {
    let kind = seam_facts::word::of(&policy.kind);
    let name = match operation.filter(|o| !o.is_empty()) {
        Some(operation) => format_smolstr!("{kind} of {operation}"),
        None => kind.as_str().into(),
    };
    let mut parts: Vec<String> = Vec::new();
    parts.extend(policy.attempts.as_ref().map(|a| format!("{a} attempts")));
    parts.extend(policy.millis.as_ref().map(|m| format!("{m} ms")));
    if parts.is_empty() {
        parts.push(policy.detail.to_string());
    }
    let certainty = if policy.inferred { Certainty::Inferred } else { Certainty::Stated };
    row(What::Policy, from, to, name, &parts.join(", "), &policy.at).class(&kind).sure(certainty)
}

fn configured<'g>(graph: &'g Graph, out: &mut Vec<Row<'g>>) {
    for setting in &graph.settings {
        let node = &graph.nodes[setting.node].name;
        let value = match setting.texts.as_slice() {
            [] => setting.value.clone(),
            texts => texts.join(" or ").into(),
        };
        let profile = setting.profile.as_deref().unwrap_or_default();
        let made = row(What::Setting, node, profile, setting.key.clone(), &value, &setting.at);
        out.push(made.behind(&setting.value));
    }
    for read in &graph.reads {
        let node = &graph.nodes[read.node].name;
        let default = read.default.clone().unwrap_or_default();
        out.push(row(What::Read, node, "", read.key.clone(), &default, &read.at).behind(&read.at.by));
    }
}

fn row<'g>(what: What, node: &'g SmolStr, peer: &'g str, name: SmolStr, value: &str, at: &'g Evidence) -> Row<'g> {
    let (class, behind) = (SmolStr::default(), SmolStr::default());
    Row { what, node, peer, name, value: value.into(), class, behind, certainty: Certainty::Stated, at }
}

impl Row<'_> {
    fn class(self, class: &str) -> Self {
        Row { class: class.into(), ..self }
    }

    fn behind(self, behind: &str) -> Self {
        Row { behind: behind.into(), ..self }
    }

    fn sure(self, certainty: Certainty) -> Self {
        Row { certainty, ..self }
    }
}
