//! Everything in a workspace that has a name and a place: what `find` and `context` look through.
//!
//! Invariant: one list for both, in one order; a thing's key is stable and explains itself (`setting/checkout/PAYMENTS_URL`).

use crate::Snapshot;
use seam_facts::{Claim, SmolStr, format_smolstr};
use seam_graph::{Evidence, Graph};
use std::collections::{BTreeMap, BTreeSet};

/// What a thing is, in the order in which equally good hits are shown. Nodes have their own kinds' words.
pub(crate) const KINDS: &[&str] = &[
    "service",
    "gateway",
    "server",
    "database",
    "cache",
    "broker",
    "external",
    "tool",
    "endpoint",
    "operation",
    "contract",
    "setting",
    "symbol",
    "type",
    "rule",
    "finding",
];

#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub kind: &'static str,
    pub key: SmolStr,
    pub name: SmolStr,
    /// Other names it is looked for by.
    pub also: Vec<SmolStr>,
    /// Index of the node that it belongs to.
    pub node: Option<usize>,
    /// Empty for rules.
    pub path: SmolStr,
    /// First and last line; 0 for rules.
    pub lines: (u32, u32),
    /// In a few words, for people.
    pub says: SmolStr,
}

/// Whose file is it: the first node that has it among its own, or else among its libraries.
pub(crate) fn owners(graph: &Graph) -> BTreeMap<&str, usize> {
    let own = graph.nodes.iter().enumerate().flat_map(|(id, n)| n.own.iter().map(move |path| (path, id)));
    let shared = graph.nodes.iter().enumerate().flat_map(|(id, n)| n.libraries.iter().map(move |path| (path, id)));
    let mut out = BTreeMap::new();
    for (path, id) in own.chain(shared) {
        out.entry(path.as_str()).or_insert(id);
    }
    out
}

/// All but findings, which cost a run of the rules.
pub(crate) fn all(snapshot: &Snapshot, graph: &Graph) -> Vec<Thing> {
    let mut out = Vec::new();
    nodes(graph, &mut out);
    traffic(graph, &mut out);
    settings(graph, &mut out);
    let owners = owners(graph);
    code(snapshot, &owners, &mut out);
    rules(snapshot, &mut out);
    out
}

fn nodes(graph: &Graph, out: &mut Vec<Thing>) {
    for (id, node) in graph.nodes.iter().enumerate() {
        out.push(Thing {
            kind: node.kind.word(),
            key: node.key.0.clone(),
            name: node.name.clone(),
            also: node.aliases.clone(),
            node: Some(id),
            says: node.system.as_ref().map(|s| seam_facts::word::of(s).into()).unwrap_or_default(),
            ..placed(node.proof.first())
        });
    }
}

fn traffic(graph: &Graph, out: &mut Vec<Thing>) {
    for endpoint in &graph.endpoints {
        out.push(Thing {
            kind: "endpoint",
            key: endpoint.key.0.clone(),
            name: endpoint.asked_as(),
            also: vec![endpoint.path.clone(), endpoint.handler.clone()],
            node: Some(endpoint.node),
            says: format_smolstr!("{} {}", seam_facts::word::of(&endpoint.protocol), endpoint.handler),
            ..placed(endpoint.proof.first())
        });
    }
    for edge in &graph.edges {
        let mut seen = BTreeSet::new();
        for detail in edge.details.iter().filter(|d| !d.operation.is_empty()) {
            if seen.insert((&detail.operation, &detail.at.path)) {
                out.push(Thing {
                    kind: "operation",
                    key: edge.key.0.clone(),
                    name: detail.operation.clone(),
                    also: vec![detail.within.clone()],
                    node: Some(edge.from),
                    says: format_smolstr!("{} to {}", edge.kind.word(), graph.nodes[edge.to].name),
                    ..placed(&detail.at)
                });
            }
        }
    }
}

fn settings(graph: &Graph, out: &mut Vec<Thing>) {
    let mut seen = BTreeSet::new();
    let set = graph.settings.iter().map(|s| (s.node, &s.key, "is set", &s.at));
    let read = graph.reads.iter().map(|r| (r.node, &r.key, "is read", &r.at));
    for (node, key, says, at) in set.chain(read) {
        if seen.insert((node, key, says, &at.path)) {
            out.push(Thing {
                kind: "setting",
                key: format_smolstr!("setting/{}/{key}", graph.nodes[node].name),
                name: key.clone(),
                node: Some(node),
                says: says.into(),
                ..placed(at)
            });
        }
    }
}

/// Operations of contracts, functions and types, wherever they stand.
fn code(snapshot: &Snapshot, owners: &BTreeMap<&str, usize>, out: &mut Vec<Thing>) {
    for (path, fact) in snapshot.base().facts() {
        let thing = |kind, name: SmolStr, lines, says: SmolStr| Thing {
            kind,
            key: format_smolstr!("{kind}/{path}#{name}"),
            name,
            also: Vec::new(),
            node: owners.get(path.as_str()).copied(),
            path: path.clone(),
            lines,
            says,
        };
        let lines = (fact.at.line, fact.at.end_line);
        match &fact.claim {
            Claim::Schema(schema) => {
                let says = format_smolstr!("{} contract", seam_facts::word::of(&schema.protocol));
                if schema.operations.is_empty() && !schema.name.is_empty() {
                    out.push(thing("contract", schema.name.clone(), lines, says.clone()));
                }
                for (index, (operation, takes, gives)) in schema.operations.iter().enumerate() {
                    let line = schema.line(index).unwrap_or(fact.at.line);
                    let name = match operation.contains('/') {
                        true => operation.clone(),
                        false => format_smolstr!("{}/{operation}", schema.name),
                    };
                    let mut thing = thing("contract", name, (line, line), says.clone());
                    thing.also = vec![operation.clone()];
                    if !takes.is_empty() || !gives.is_empty() {
                        thing.says = format_smolstr!("{says}: ({takes}) → ({gives})");
                    }
                    out.push(thing);
                }
            }
            Claim::Steps(steps) if !steps.within.is_empty() => {
                out.push(thing("symbol", steps.within.clone(), steps.lines, "function".into()));
            }
            Claim::Shape(shape) if !shape.name.is_empty() => {
                out.push(thing("type", shape.name.clone(), lines, format_smolstr!("{} fields", shape.fields.len())));
            }
            Claim::Service(_)
            | Claim::Profile(_)
            | Claim::Setting(_)
            | Claim::Alias(_)
            | Claim::Build(_)
            | Claim::Module(_)
            | Claim::Depends(_)
            | Claim::Endpoint(_)
            | Claim::Mount(_)
            | Claim::Call(_)
            | Claim::Route(_)
            | Claim::Message(_)
            | Claim::Store(_)
            | Claim::Access(_)
            | Claim::Policy(_)
            | Claim::Read(_)
            | Claim::Constant(_)
            | Claim::Return(_)
            | Claim::Pass(_)
            | Claim::Uses(_)
            | Claim::Test(_)
            | Claim::Shape(_)
            | Claim::Body(_)
            | Claim::Write(_)
            | Claim::Intake(_)
            | Claim::Alter(_)
            | Claim::Columns(_)
            | Claim::Region(_)
            | Claim::Attempts(_)
            | Claim::KeyUse(_)
            | Claim::Status(_)
            | Claim::Fallback(_)
            | Claim::Steps(_)
            | Claim::Allow(_)
            | Claim::OwnRule(_)
            | Claim::Owner(_) => {}
        }
    }
}

fn rules(snapshot: &Snapshot, out: &mut Vec<Thing>) {
    let rule = |id: &str, page: &str| Thing {
        kind: "rule",
        key: format_smolstr!("rule/{id}"),
        name: id.into(),
        also: Vec::new(),
        node: None,
        path: SmolStr::default(),
        lines: (0, 0),
        says: crate::asks::rules::sentence(page).into(),
    };
    out.extend(seam_detect::RULES.iter().map(|r| rule(r.id, r.page)));
    out.extend(seam_diagnose::signs::KINDS.iter().map(|k| rule(k.id, k.page)));
    let (own, _) = seam_detect::own::rules(snapshot.base());
    out.extend(own.iter().map(|r| rule(&r.id, &r.page)));
}

/// A thing with nothing but its place.
fn placed(at: &Evidence) -> Thing {
    Thing {
        kind: "",
        key: SmolStr::default(),
        name: SmolStr::default(),
        also: Vec::new(),
        node: None,
        path: at.path.clone(),
        lines: (at.at.line, at.at.end_line.max(at.at.line)),
        says: SmolStr::default(),
    }
}
