//! What contracts promise against what services serve: an OpenAPI document or a protobuf service, and the service that
//! answers for it.
//!
//! Invariant: a document belongs to a service only where most of what it declares is served there; what stays unserved then
//! is a difference, not a gap of the map.

use crate::Cx;
use crate::paths::{alike, by_itself, fits, open, parts, tail};
use seam_facts::{Claim, Fact, Key, Protocol, Schema, SmolStr, Span};
use seam_graph::{Certainty, Endpoint, Evidence, NodeKind, is_test};
use std::collections::{BTreeMap, BTreeSet};

/// An operation of a document that its service does not serve.
pub struct Unserved<'a> {
    pub node: usize,
    pub operation: String,
    pub at: Evidence,
    /// The same path with another method, or nearly the same path, which the document does not declare.
    pub instead: Option<&'a Endpoint>,
    /// An operation of the document that is served: it tells whose document this is.
    pub beside: &'a Endpoint,
    pub served: usize,
    pub declared: usize,
}

/// An endpoint that the documents of its service leave out.
pub struct Undeclared<'a> {
    pub endpoint: &'a Endpoint,
    /// A like endpoint that is declared, and where.
    pub beside: (String, Evidence),
    /// Declared endpoints below the same part of the path, and all of them.
    pub declared: usize,
    pub all: usize,
}

#[derive(Default)]
pub struct Differences<'a> {
    pub unserved: Vec<Unserved<'a>>,
    pub undeclared: Vec<Undeclared<'a>>,
}

struct Document<'a> {
    path: &'a SmolStr,
    fact: &'a Fact,
    schema: &'a Schema,
    node: usize,
    /// For each operation the endpoint that answers it.
    answers: Vec<Option<&'a Endpoint>>,
}

/// HTTP: documents in OpenAPI against routes.
pub fn http<'a>(cx: &Cx<'a>) -> Differences<'a> {
    let mut served: BTreeMap<usize, Vec<&'a Endpoint>> = BTreeMap::new();
    let services = [NodeKind::Service, NodeKind::Gateway];
    for endpoint in cx.graph.endpoints.iter().filter(|e| e.protocol == Protocol::Http) {
        if services.contains(&cx.node(endpoint.node).kind) {
            served.entry(endpoint.node).or_default().push(endpoint);
        }
    }
    let mut documents: BTreeMap<usize, Vec<Document<'a>>> = BTreeMap::new();
    for (path, file) in cx.base.files() {
        if !path.ends_with(".yaml") && !path.ends_with(".yml") && !path.ends_with(".json") || is_test(path) {
            continue;
        }
        for fact in &file.facts {
            if let Claim::Schema(schema) = &fact.claim
                && schema.protocol == Protocol::Http
                && let Some(document) = of_service(cx, path, fact, schema, &served)
            {
                documents.entry(document.node).or_default().push(document);
            }
        }
    }
    let mut out = Differences::default();
    for (node, documents) in &documents {
        compare(cx, *node, documents, &served[node], &mut out);
    }
    out
}

/// The service that answers most of a document: one whose folder holds it, or that it is called after, or else any.
fn of_service<'a>(
    cx: &Cx<'a>,
    path: &'a SmolStr,
    fact: &'a Fact,
    schema: &'a Schema,
    served: &BTreeMap<usize, Vec<&'a Endpoint>>,
) -> Option<Document<'a>> {
    let operations: Vec<(&str, Vec<&str>)> = schema.operations.iter().map(|o| split(&o.0)).collect();
    let answers = |node: usize| -> Vec<Option<&'a Endpoint>> {
        let Some(endpoints) = served.get(&node) else { return vec![None; operations.len()] };
        let own: Vec<(Vec<&str>, &'a Endpoint)> = endpoints.iter().map(|e| (parts(&e.path), *e)).collect();
        operations.iter().map(|(method, path)| answer(method, path, &own)).collect()
    };
    let count = |a: &[Option<&Endpoint>]| a.iter().flatten().map(|e| &e.key).collect::<BTreeSet<&Key>>().len();
    let best = |nodes: &[usize]| {
        let all = nodes.iter().map(|n| (*n, answers(*n)));
        all.max_by_key(|(n, a)| (count(a), std::cmp::Reverse(*n)))
    };
    let enough = |a: &[Option<&Endpoint>], most: bool| {
        let found = count(a);
        found > 1 && found * 3 >= a.len() * 2 || !most && found > 0 && found * 2 >= a.len()
    };
    let (node, answers) = match best(cx.owners(path)) {
        Some((node, answers)) if enough(&answers, false) => (node, answers),
        // A document in the folder of a service that does not serve it is about somebody else.
        Some(_) => return None,
        None => {
            let nodes: Vec<usize> = served.keys().copied().collect();
            let called = best(&called(cx, path, &nodes)).filter(|(_, a)| enough(a, false));
            called.or_else(|| best(&nodes).filter(|(_, a)| enough(a, true)))?
        }
    };
    Some(Document { path, fact, schema, node, answers })
}

/// The services that a document beside all of them is called after: a folder or the file begins with the name
/// (`orders-api-spec/`, `docs/orders.yaml`). The longest name counts, so that `orders-history.yaml` is not about `orders`.
fn called(cx: &Cx<'_>, path: &str, nodes: &[usize]) -> Vec<usize> {
    let parts: Vec<String> = path.split('/').map(str::to_ascii_lowercase).collect();
    let begins = |node: &usize| {
        let name = cx.name(*node).to_ascii_lowercase();
        let rest = |p: &String| p.strip_prefix(&name).is_some_and(|r| r.is_empty() || r.starts_with(['-', '_', '.']));
        (name.len() > 2 && parts.iter().any(rest)).then_some(name.len())
    };
    let longest = nodes.iter().filter_map(begins).max();
    nodes.iter().copied().filter(|n| longest.is_some() && begins(n) == longest).collect()
}

/// The endpoint that answers an operation. A prefix that a proxy adds or takes away may differ.
fn answer<'a>(method: &str, path: &[&str], own: &[(Vec<&str>, &'a Endpoint)]) -> Option<&'a Endpoint> {
    let of_method = |e: &Endpoint| e.method.as_deref().is_none_or(|m| m == method);
    let same =
        own.iter().find(|(p, e)| of_method(e) && fits(p, path) && p.iter().zip(path).all(|(a, b)| open(a) == open(b)));
    let whole = same.or_else(|| own.iter().find(|(parts, e)| of_method(e) && takes(parts, path)));
    let near = || own.iter().find(|(p, e)| of_method(e) && (ends(p, path) || covers(p, path)));
    whole.or_else(near).map(|(_, e)| *e)
}

/// Fits, and is not two ways with one hole each where the other has a word (`/{id}/picture` and `/by/{name}`).
fn takes(own: &[&str], path: &[&str]) -> bool {
    let crosses = |a: &[&str], b: &[&str]| a.iter().zip(b).any(|(a, b)| open(a) && !open(b));
    fits(own, path) && !(crosses(own, path) && crosses(path, own))
}

/// One is the end of the other.
fn ends(own: &[&str], path: &[&str]) -> bool {
    let end = |long: &[&str], short: &[&str]| tail(long, short) && takes(&long[long.len() - short.len()..], short);
    end(own, path) || end(path, own)
}

/// `/files/*` takes everything below.
fn covers(own: &[&str], path: &[&str]) -> bool {
    own.iter().position(|p| p.contains('*')).is_some_and(|star| path.len() >= star && fits(&own[..star], &path[..star]))
}

fn split(operation: &str) -> (&str, Vec<&str>) {
    let (method, path) = operation.split_once(' ').unwrap_or(("", operation));
    (method, parts(path))
}

fn compare<'a>(
    cx: &Cx<'a>,
    node: usize,
    documents: &[Document<'a>],
    endpoints: &[&'a Endpoint],
    out: &mut Differences<'a>,
) {
    let operations: Vec<(&str, Vec<&str>)> =
        documents.iter().flat_map(|d| &d.schema.operations).map(|o| split(&o.0)).collect();
    let mentioned = |e: &Endpoint| {
        let own = parts(&e.path);
        let fitting = |p: &[&str]| takes(&own, p) || ends(&own, p);
        operations.iter().any(|(m, p)| e.method.as_deref().is_none_or(|method| method == *m) && fitting(p))
    };
    let declared: Vec<&Endpoint> = endpoints.iter().copied().filter(|e| mentioned(e)).collect();
    // One handler for several methods, of which the document names those that matter.
    let same_place = |a: &Evidence, b: &Evidence| a.path == b.path && a.at.line == b.at.line;
    let twin = |e: &Endpoint| declared.iter().any(|d| d.path == e.path && same_place(d.proof.first(), e.proof.first()));
    // One that nobody wrote, or that takes everything below a path, is no operation that a document could leave out.
    let left: Vec<&'a Endpoint> = endpoints
        .iter()
        .copied()
        .filter(|e| e.is_written() && e.method.is_some() && !mentioned(e) && !e.path.contains('*') && !twin(e))
        .filter(|e| !by_itself(cx, node, &parts(&e.path)) && !is_test(&e.proof.first().path))
        .collect();
    let mut renamed: BTreeSet<&Key> = BTreeSet::new();
    let forwards = cx.own_facts(node).any(|(_, f)| matches!(f.claim, Claim::Route(_)));
    // The same operation in several documents (JSON and YAML of one) is told once.
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for document in documents {
        let Some(beside) = document.answers.iter().flatten().next().copied() else { continue };
        let served = document.answers.iter().flatten().count();
        for (index, (name, ..)) in document.schema.operations.iter().enumerate() {
            let (method, path) = split(name);
            if document.answers[index].is_some() || path.is_empty() || by_itself(cx, node, &path) || !told.insert(name)
            {
                continue;
            }
            let moved = |e: &Endpoint| e.method.as_deref() == Some(method) && near(&parts(&e.path), &path);
            let other_method = |e: &Endpoint| {
                let own = parts(&e.path);
                takes(&own, &path) || ends(&own, &path)
            };
            let instead = left
                .iter()
                .find(|e| moved(e))
                .or_else(|| left.iter().find(|e| other_method(e)))
                .copied()
                .filter(|e| !renamed.contains(&e.key));
            let sure = served > 1 && served * 3 >= document.answers.len() * 2;
            if forwards || instead.is_none() && !sure {
                continue;
            }
            renamed.extend(instead.map(|e| &e.key));
            let mut at = cx.evidence(document.path, document.fact, format!("declares `{name}`"));
            if let Some(line) = document.schema.line(index) {
                at.at = Span::at(line, 1);
            }
            let declared = document.answers.len();
            let operation = name.to_string();
            out.unserved.push(Unserved { node, operation, at, instead, beside, served, declared });
        }
    }
    let groups = Groups::new(&declared, endpoints);
    for endpoint in left.into_iter().filter(|e| !renamed.contains(&e.key) && e.certainty == Certainty::Stated) {
        if let Some((beside, declared, all)) = groups.beside(cx, documents, endpoint) {
            out.undeclared.push(Undeclared { endpoint, beside, declared, all });
        }
    }
}

/// The same but for one part that both write out, whatever stands in it, or nearly the same spelling of several.
fn near(own: &[&str], path: &[&str]) -> bool {
    let long = own.len().max(path.len());
    let short = own.len().min(path.len());
    if alike(&own[own.len() - short..], &path[path.len() - short..]) {
        return long - short <= 2;
    }
    let same = |o: &str, p: &str| o.eq_ignore_ascii_case(p) || open(o) && open(p);
    let unlike = own.iter().zip(path).filter(|(o, p)| !same(o, p)).count();
    own.len() == path.len() && own.len() > 2 && unlike == 1
}

/// The groups of a path: its first part after what all have in common; where that is its last or open, all of that kind.
fn groups<'p>(path: &[&'p str], common: &[&str]) -> Vec<&'p str> {
    if path.get(..common.len()) != Some(common) {
        return Vec::new();
    }
    let common = common.len();
    let part = path.get(common).copied().filter(|p| !open(p));
    let ends = common > 0 && path.len() <= common + 1 || part.is_none();
    part.into_iter().chain(ends.then_some("")).collect()
}

/// Endpoints by the first part of their paths that tells them apart.
struct Groups<'e> {
    /// What all declared paths begin with.
    common: Vec<&'e str>,
    by_part: BTreeMap<&'e str, (BTreeSet<&'e Key>, usize)>,
}

impl<'e> Groups<'e> {
    fn new(declared: &[&'e Endpoint], endpoints: &[&'e Endpoint]) -> Self {
        let declared: BTreeSet<&Key> = declared.iter().map(|e| &e.key).collect();
        let paths: Vec<Vec<&str>> =
            endpoints.iter().filter(|e| declared.contains(&e.key)).map(|e| parts(&e.path)).collect();
        let first = paths.first().cloned().unwrap_or_default();
        let shared = |n: usize| !open(first[n]) && paths.iter().all(|p| p.len() > n + 1 && p.get(n) == first.get(n));
        let common = first[..(0..first.len()).take_while(|n| shared(*n)).count()].to_vec();
        let mut by_part: BTreeMap<&str, (BTreeSet<&Key>, usize)> = BTreeMap::new();
        for endpoint in endpoints {
            for part in groups(&parts(&endpoint.path), &common) {
                let group = by_part.entry(part).or_default();
                group.1 += 1;
                if declared.contains(&endpoint.key) {
                    group.0.insert(&endpoint.key);
                }
            }
        }
        Groups { common, by_part }
    }

    fn beside(
        &self,
        cx: &Cx<'_>,
        documents: &[Document<'_>],
        endpoint: &Endpoint,
    ) -> Option<((String, Evidence), usize, usize)> {
        let own = parts(&endpoint.path);
        // What says that it is internal is left out on purpose.
        if own.iter().any(|p| matches!(*p, "internal" | "private" | "debug")) {
            return None;
        }
        let known = groups(&own, &self.common).into_iter().filter_map(|part| self.by_part.get(part));
        // A document that leaves out most has only been begun.
        let (declared, all) = known.filter(|(d, all)| d.len() * 2 >= all - 1).max_by_key(|(d, _)| d.len())?;
        let found = documents.iter().find_map(|d| {
            let index = d.answers.iter().position(|a| a.is_some_and(|e| declared.contains(&e.key)))?;
            let name = d.schema.operations.get(index)?.0.to_string();
            let mut at = cx.evidence(d.path, d.fact, format!("declares `{name}`"));
            if let Some(line) = d.schema.line(index) {
                at.at = Span::at(line, 1);
            }
            Some((name, at))
        })?;
        Some((found, declared.len(), *all))
    }
}

/// gRPC: methods of a contract that its service does not have, although it has others of the same service.
pub fn grpc<'a>(cx: &Cx<'a>) -> Vec<Unserved<'a>> {
    let mut by_service: BTreeMap<(usize, String), Vec<(&'a str, &'a Endpoint)>> = BTreeMap::new();
    for endpoint in cx.graph.endpoints.iter().filter(|e| e.protocol == Protocol::Grpc) {
        if let Some((service, method)) = endpoint.path.rsplit_once('/') {
            let place = (endpoint.node, last(service).to_ascii_lowercase());
            by_service.entry(place).or_default().push((method, endpoint));
        }
    }
    let mut out = Vec::new();
    let mut seen: BTreeSet<(&SmolStr, u32)> = BTreeSet::new();
    let contracts: Vec<_> = protos(cx).collect();
    for ((node, service), methods) in &by_service {
        // Another service's copy says what that one calls; of what belongs to all, the nearest counts.
        let here = methods.iter().find(|(m, _)| !m.contains(['*', '{'])).map(|(_, e)| e.proof.first().path.as_str());
        let Some(here) = here else { continue };
        let rank = |path: &str| match cx.owners(path) {
            [] => 1,
            owners if owners.contains(node) => 2,
            _ => 0,
        };
        let nearest = contracts
            .iter()
            .filter(|(_, _, s)| last(&s.name).eq_ignore_ascii_case(service))
            .max_by_key(|(path, ..)| (rank(path), common(path, here), std::cmp::Reverse(*path)));
        if let Some((path, fact, schema)) = nearest.copied() {
            let named: Vec<&(&str, &Endpoint)> = methods.iter().filter(|(m, _)| !m.contains(['*', '{'])).collect();
            let declared = |m: &str| schema.operations.iter().any(|(o, ..)| squashed(o) == squashed(m));
            let missing = |m: &str| !named.iter().any(|(n, _)| squashed(n) == squashed(m));
            let served = named.iter().filter(|(m, _)| declared(m)).count();
            let extra: Vec<&&(&str, &Endpoint)> =
                named.iter().filter(|(m, _)| !declared(m) && !matches!(*m, "Check" | "Watch")).collect();
            for (index, (method, ..)) in schema.operations.iter().enumerate().filter(|(_, (m, ..))| missing(m)) {
                let close = |m: &str| {
                    let (a, b) = (squashed(m), squashed(method));
                    a.len().min(b.len()) > 3 && (a.contains(&b) || b.contains(&a))
                        || crate::keys::distance(&a, &b) * 3 <= a.len().max(b.len())
                };
                let instead = extra.iter().find(|(m, _)| close(m)).map(|(_, e)| *e);
                let Some(beside) = instead.or(named.iter().find(|(m, _)| declared(m)).map(|(_, e)| *e)) else {
                    continue;
                };
                let line = schema.line(index).unwrap_or(fact.at.line);
                if !seen.insert((path, line)) {
                    continue;
                }
                let operation = format!("{}/{method}", last(&schema.name));
                let mut at = cx.evidence(path, fact, format!("declares `{operation}`"));
                at.at = Span::at(line, 1);
                let declared = schema.operations.len();
                out.push(Unserved { node: *node, operation, at, instead, beside, served, declared });
            }
        }
    }
    out
}

/// gRPC services as protobuf files declare them.
pub fn protos<'a>(cx: &Cx<'a>) -> impl Iterator<Item = (&'a SmolStr, &'a Fact, &'a Schema)> + use<'a> {
    let files = cx.base.files().filter(|(path, _)| path.ends_with(".proto") && !is_test(path));
    files.flat_map(|(path, file)| {
        file.facts.iter().filter_map(move |fact| match &fact.claim {
            Claim::Schema(schema) if schema.protocol == Protocol::Grpc => Some((path, fact, schema)),
            _ => None,
        })
    })
}

/// How many folders two paths have in common.
fn common(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}

/// The name of a message or service without its package.
pub fn last(name: &str) -> &str {
    name.rsplit(['.', '/']).next().unwrap_or(name)
}

/// A method's name without the ways in which languages write it.
pub fn squashed(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

/// Where a declared operation is called, with the caller's node.
pub fn callers<'a>(cx: &Cx<'a>, answers: impl Fn(&seam_graph::Detail) -> bool) -> Vec<(usize, &'a Evidence)> {
    let mut out: Vec<(usize, &Evidence)> = Vec::new();
    for (_, edge, detail) in cx.operations() {
        if answers(detail) && !out.iter().any(|(n, _)| *n == edge.from) {
            out.push((edge.from, &detail.at));
        }
    }
    out
}
