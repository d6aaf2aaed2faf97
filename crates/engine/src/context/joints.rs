//! What holds files of different services together: an endpoint with its handler, its contract and its callers; a topic with
//! both its ends; a table; a setting with those who set and read it; a type that several sides declare.
//!
//! Invariant: a joint has only members that facts place there, each with its line and with what the fact says in words.

use crate::Snapshot;
use seam_facts::{Claim, SmolStr, format_smolstr};
use seam_graph::{Detail, Edge, Evidence, Graph, Traffic};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A type that more files declare is a name like `Order`, not a contract.
const COPIES: usize = 8;

#[derive(Clone, Debug, Default)]
pub(crate) struct Joint {
    /// `GET /orders/{id}`, a topic, a table, a setting's key, a type's name.
    pub name: SmolStr,
    /// What else it is known by: services' names, functions.
    pub also: Vec<SmolStr>,
    pub members: Vec<Member>,
}

#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub path: SmolStr,
    pub line: u32,
    pub end_line: u32,
    pub says: String,
    /// A caller counts for itself; somebody who only declares the same name counts less.
    pub weight: f64,
}

type Joints = BTreeMap<(&'static str, SmolStr), Joint>;

/// In one order: by kind, then by key.
pub(crate) fn joints(snapshot: &Snapshot, graph: &Graph) -> Vec<Joint> {
    let mut out = Joints::new();
    for endpoint in &graph.endpoints {
        let joint = out.entry(("endpoint", endpoint.key.0.clone())).or_default();
        joint.name = endpoint.asked_as();
        joint.also = vec![graph.nodes[endpoint.node].name.clone(), endpoint.handler.clone()];
        let shape = match (&endpoint.request, &endpoint.response) {
            (None, None) => String::new(),
            (takes, gives) => format!(" ({}) → ({})", takes.as_deref().unwrap_or("?"), gives.as_deref().unwrap_or("?")),
        };
        let by = if endpoint.handler.is_empty() { String::new() } else { format!(" in {}", endpoint.handler) };
        let says = format!("{} serves {}{shape}{by}", graph.nodes[endpoint.node].name, joint.name);
        joint.members.push(member(endpoint.proof.first(), says, 1.0));
    }
    for edge in &graph.edges {
        edge.details.iter().for_each(|detail| operation(graph, edge, detail, &mut out));
    }
    settings(graph, &mut out);
    contracts(snapshot, &mut out);
    types(snapshot, &mut out);
    let mut joints: Vec<Joint> = out.into_values().collect();
    for joint in &mut joints {
        let mut seen = BTreeSet::new();
        joint.members.retain(|m| seen.insert((m.path.clone(), m.line)));
    }
    joints
}

fn member(at: &Evidence, says: String, weight: f64) -> Member {
    Member { path: at.path.clone(), line: at.at.line, end_line: at.at.end_line.max(at.at.line), says, weight }
}

fn operation(graph: &Graph, edge: &Edge, detail: &Detail, out: &mut Joints) {
    let (from, to) = (&graph.nodes[edge.from].name, &graph.nodes[edge.to].name);
    let name = if detail.operation.is_empty() { to } else { &detail.operation };
    let within = if detail.within.is_empty() { String::new() } else { format!(" in {}", detail.within) };
    let (key, verb) = match edge.kind.traffic() {
        Traffic::Publish => (("topic", format_smolstr!("{to}/{name}")), format!("publishes {name} to {to}")),
        Traffic::Consume => (("topic", format_smolstr!("{to}/{name}")), format!("takes {name} from {to}")),
        Traffic::Keep => (("store", format_smolstr!("{to}/{name}")), format!("uses {name} of {to}")),
        Traffic::Call => {
            let key = match &detail.endpoint {
                Some(endpoint) => ("endpoint", endpoint.0.clone()),
                None => ("call", format_smolstr!("{to}/{name}")),
            };
            (key, format!("calls {to} {} {name}", edge.kind.word()))
        }
    };
    let mut says = format!("{from} {verb}{within}");
    if detail.certainty == seam_graph::Certainty::Inferred {
        says.push_str(" (inferred)");
    }
    for policy in &detail.policies {
        says.push_str(&format!("; {}", seam_facts::word::of(&policy.kind)));
        if let Some(attempts) = &policy.attempts {
            says.push_str(&format!(" {attempts} attempts"));
        }
        if let Some(millis) = &policy.millis {
            says.push_str(&format!(" {millis} ms"));
        }
    }
    let joint = out.entry(key).or_default();
    if joint.name.is_empty() {
        joint.name = name.clone();
        joint.also.push(to.clone());
    }
    joint.also.push(from.clone());
    joint.members.push(member(&detail.at, says, 1.0));
    // What fills the address's holes belongs to the call: a setting, a constant.
    let proof = edge.proof.iter().filter(|e| e.path != detail.at.path).take(4);
    joint.members.extend(proof.map(|e| member(e, format!("{from} → {to}: {}", e.says), 0.45)));
}

fn settings(graph: &Graph, out: &mut Joints) {
    let set = graph.settings.iter().map(|s| (s.node, &s.key, format!("sets {} = {}", s.key, cut(&s.value)), &s.at));
    let read = graph.reads.iter().map(|r| (r.node, &r.key, format!("reads {}", r.key), &r.at));
    for (node, key, says, at) in set.chain(read) {
        let joint = out.entry(("setting", key.clone())).or_default();
        joint.name = key.clone();
        let service = &graph.nodes[node].name;
        if !joint.also.contains(service) {
            joint.also.push(service.clone());
        }
        joint.members.push(member(at, format!("{service} {says}"), 1.0));
    }
}

fn cut(value: &str) -> String {
    if value.chars().count() > 60 { value.chars().take(60).chain(['…']).collect() } else { value.to_owned() }
}

/// Declared operations stand with the endpoints that carry them out, wherever one has the same name.
fn contracts(snapshot: &Snapshot, out: &mut Joints) {
    let mut known: HashMap<String, Vec<(&'static str, SmolStr)>> = HashMap::new();
    for (key, joint) in out.iter().filter(|(k, _)| matches!(k.0, "endpoint" | "call")) {
        known.entry(ending(&joint.name)).or_default().push(key.clone());
    }
    for (path, fact) in snapshot.base().facts() {
        let Claim::Schema(schema) = &fact.claim else { continue };
        for (index, (operation, takes, gives)) in schema.operations.iter().enumerate() {
            let name = match operation.contains('/') {
                true => operation.clone(),
                false => format_smolstr!("{}/{operation}", schema.name),
            };
            let line = schema.line(index).unwrap_or(fact.at.line);
            let mut says = format!("declares {name}");
            if !takes.is_empty() || !gives.is_empty() {
                says.push_str(&format!(" ({}) → ({})", shape(snapshot, path, takes), shape(snapshot, path, gives)));
            }
            let member = Member { path: path.clone(), line, end_line: line, says, weight: 0.8 };
            let keys = known.get(&ending(&name)).filter(|k| k.len() <= COPIES).cloned();
            for key in keys.unwrap_or_else(|| vec![("contract", name.clone())]) {
                let joint = out.entry(key).or_default();
                if joint.name.is_empty() {
                    joint.name = name.clone();
                }
                joint.also.extend([takes.clone(), gives.clone()]);
                joint.members.push(member.clone());
            }
        }
    }
}

/// `Service/Method` without its package, `GET /path` as it is.
fn ending(name: &str) -> String {
    match name.split_once(' ') {
        Some(_) => name.to_lowercase(),
        None => {
            let (service, method) = name.rsplit_once('/').unwrap_or(("", name));
            format!("{}/{method}", service.rsplit('.').next().unwrap_or(service)).to_lowercase()
        }
    }
}

/// A type's name, with its fields where the same file declares them.
fn shape(snapshot: &Snapshot, path: &SmolStr, name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let facts = snapshot.base().get(path).map(|f| f.facts.as_slice()).unwrap_or_default();
    let found = facts.iter().find_map(|fact| match &fact.claim {
        Claim::Shape(shape) if shape.name.rsplit('.').next() == Some(last) => Some(shape),
        _ => None,
    });
    match found {
        Some(shape) if !shape.fields.is_empty() => {
            let fields: Vec<String> = shape.fields.iter().take(12).map(|f| format!("{}: {}", f.name, f.ty)).collect();
            format!("{last} {{{}{}}}", fields.join(", "), if shape.fields.len() > 12 { ", …" } else { "" })
        }
        _ => last.to_owned(),
    }
}

fn types(snapshot: &Snapshot, out: &mut Joints) {
    let mut found: BTreeMap<SmolStr, Vec<Member>> = BTreeMap::new();
    for (path, fact) in snapshot.base().facts() {
        let Claim::Shape(shape) = &fact.claim else { continue };
        let last = shape.name.rsplit('.').next().unwrap_or(&shape.name);
        let fields: Vec<&str> = shape.fields.iter().take(10).map(|f| f.name.as_str()).collect();
        let more = if shape.fields.len() > 10 { ", …" } else { "" };
        found.entry(last.into()).or_default().push(Member {
            path: path.clone(),
            line: fact.at.line,
            end_line: fact.at.end_line,
            says: format!("declares {last} {{{}{more}}}", fields.join(", ")),
            weight: 1.0,
        });
    }
    for (name, members) in found {
        if members.len() <= COPIES {
            out.insert(("type", name.clone()), Joint { name, also: Vec::new(), members });
        }
    }
}

/// Which files of one service mention what others of it define: names that at most two of its files define.
pub(crate) fn mentions(snapshot: &Snapshot, graph: &Graph) -> HashMap<SmolStr, BTreeSet<SmolStr>> {
    let mut out: HashMap<SmolStr, BTreeSet<SmolStr>> = HashMap::new();
    for node in &graph.nodes {
        let files: Vec<(&SmolStr, &seam_facts::Uses)> = node
            .own
            .iter()
            .chain(&node.libraries)
            .flat_map(|path| {
                let facts = snapshot.base().get(path).map(|f| f.facts.as_slice()).unwrap_or_default();
                facts.iter().filter_map(move |f| match &f.claim {
                    Claim::Uses(uses) => Some((path, uses)),
                    _ => None,
                })
            })
            .collect();
        let mut defined: HashMap<&str, BTreeSet<&SmolStr>> = HashMap::new();
        for (path, uses) in &files {
            let functions = uses.functions.iter().map(|(symbol, _)| symbol.rsplit('.').next().unwrap_or(symbol));
            let types = uses.types.iter().map(|(name, _)| name.rsplit('.').next().unwrap_or(name));
            for name in functions.chain(types).filter(|n| n.len() > 3 && !n.starts_with('<')) {
                defined.entry(name).or_default().insert(path);
            }
        }
        // Whoever asks an interface runs what implements it.
        let mut carried: HashMap<&str, BTreeSet<&SmolStr>> = HashMap::new();
        for (path, uses) in &files {
            for name in uses.types.iter().flat_map(|(_, supers)| supers) {
                carried.entry(name.rsplit('.').next().unwrap_or(name)).or_default().insert(path);
            }
        }
        for (path, uses) in &files {
            let supers = uses.types.iter().flat_map(|(_, supers)| supers);
            for name in uses.functions.iter().flat_map(|(_, names)| names).chain(supers) {
                let last = name.rsplit('.').next().unwrap_or(name);
                let few = |files: &&BTreeSet<&SmolStr>, most: usize| files.len() <= most && !files.contains(path);
                let there = defined.get(last).filter(|d| few(d, 2));
                let through = carried.get(last).filter(|c| there.is_some() && few(c, 4));
                for other in there.into_iter().chain(through).flatten() {
                    out.entry((*path).clone()).or_default().insert((*other).clone());
                    out.entry((*other).clone()).or_default().insert((*path).clone());
                }
            }
        }
    }
    out
}
