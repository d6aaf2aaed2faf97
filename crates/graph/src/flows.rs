//! What a service does to others when one of its entries is used: from the handler of an endpoint or of a message, along
//! the functions it calls, to the operations on edges.
//!
//! Invariant: a flow is made of names only (a function mentions another), so it says "may", never "does"; a function that
//! several types have is followed only where the mentioning file also mentions the type or what it implements.
//! Computed on demand: the map does not need it.

use crate::index::{last, owner_of};
use crate::model::{Asked, Edge, EdgeKind, Endpoint, Evidence, Graph, Node};
use seam_facts::{Claim, FactBase, Key, SmolStr, Steps, Uses};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// How many calls deep a handler is followed.
const DEPTH: usize = 8;

/// An operation on an edge: indexes of the edge and of its detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    pub edge: usize,
    pub detail: usize,
}

/// An operation that an entry may carry out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect {
    pub operation: Operation,
    /// Functions from the handler to the one that does it, both included; empty where it stands in the handler's own text.
    pub way: Vec<SmolStr>,
}

/// What each entry of each service may do to others.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    endpoints: Vec<Vec<Effect>>,
    consumers: BTreeMap<Operation, Vec<Effect>>,
    functions: Vec<Functions>,
    operations: Vec<BTreeMap<(SmolStr, SmolStr), Vec<Operation>>>,
    /// What is called to have an operation carried out by a helper: such an operation stands with whoever asks for it.
    helpers: BTreeMap<Operation, Vec<Asked>>,
}

/// The functions that one node's code may run, and whom each may call.
#[derive(Clone, Debug, Default)]
struct Functions {
    names: Vec<(SmolStr, SmolStr)>,
    by_name: HashMap<SmolStr, Vec<usize>>,
    calls: Vec<Vec<usize>>,
}

impl Flows {
    pub fn new(graph: &Graph, base: &FactBase) -> Self {
        let mut operations: Vec<BTreeMap<(SmolStr, SmolStr), Vec<Operation>>> =
            vec![BTreeMap::new(); graph.nodes.len()];
        for (edge, it) in graph.edges.iter().enumerate() {
            for (detail, d) in it.details.iter().enumerate() {
                let operation = Operation { edge, detail };
                let own = [(d.at.path.clone(), d.within.clone())];
                // A helper asks for what it is told: whoever tells it does this.
                let told = d.asked.iter().map(|a| (a.path.clone(), a.symbol.clone()));
                for place in if d.asked.is_empty() { own.to_vec() } else { told.collect() } {
                    operations[it.from].entry(place).or_default().push(operation);
                }
            }
        }
        let mut helpers = BTreeMap::new();
        for (edge, it) in graph.edges.iter().enumerate() {
            for (detail, d) in it.details.iter().enumerate().filter(|(_, d)| !d.asked.is_empty()) {
                helpers.insert(Operation { edge, detail }, d.asked.clone());
            }
        }
        let busy = |node: usize| !operations[node].is_empty();
        let functions: Vec<Functions> = graph
            .nodes
            .iter()
            .enumerate()
            .map(|(id, node)| if busy(id) { Functions::of(node, base) } else { Functions::default() })
            .collect();
        let mut flows = Flows { endpoints: Vec::new(), consumers: BTreeMap::new(), functions, operations, helpers };
        flows.endpoints = graph.endpoints.iter().map(|e| flows.of_endpoint(graph, base, e)).collect();
        for (edge, it) in graph.edges.iter().enumerate().filter(|(_, e)| e.kind == EdgeKind::QueueConsume) {
            for (detail, d) in it.details.iter().enumerate() {
                let place = (d.at.path.as_str(), d.within.as_str());
                let mut effects = flows.from(it.from, place.0, place.1);
                effects.retain(|e| e.operation != Operation { edge, detail });
                flows.consumers.insert(Operation { edge, detail }, effects);
            }
        }
        flows
    }

    /// What the endpoint of this index may do.
    pub fn endpoint(&self, index: usize) -> &[Effect] {
        self.endpoints.get(index).map_or(&[], Vec::as_slice)
    }

    /// What the handler of a consumed message may do.
    pub fn consumer(&self, operation: Operation) -> &[Effect] {
        self.consumers.get(&operation).map_or(&[], Vec::as_slice)
    }

    /// What a call of these simple names, made in a function of a node, may do: for stretches of code.
    pub fn called(&self, node: usize, path: &str, within: &str, names: &[SmolStr]) -> Vec<Effect> {
        let functions = &self.functions[node];
        let Some(from) = functions.at(path, within) else { return Vec::new() };
        let started: Vec<usize> = functions.calls[from]
            .iter()
            .copied()
            .filter(|f| names.iter().any(|n| n == last(&functions.names[*f].1)))
            .collect();
        let mut out = self.reached(node, &started);
        let told = self.done_in(node, path, within, &[]).into_iter().filter_map(|effect| {
            let mut all = self.helpers.get(&effect.operation)?.iter();
            let asked = all.find(|a| a.path == path && a.symbol == within && names.contains(&a.through))?;
            Some(Effect { way: vec![asked.through.clone()], ..effect })
        });
        for effect in told {
            if !out.iter().any(|e| e.operation == effect.operation) {
                out.push(effect);
            }
        }
        out
    }

    /// The functions that one of a node's may run, itself first, each with the way to it; with names, only those that it
    /// calls by them, and itself.
    pub fn runs(
        &self,
        node: usize,
        path: &str,
        symbol: &str,
        names: Option<&[SmolStr]>,
    ) -> Vec<(SmolStr, SmolStr, Vec<SmolStr>)> {
        let functions = &self.functions[node];
        let own = (SmolStr::from(path), SmolStr::from(symbol));
        let mut out = vec![(own.0.clone(), own.1.clone(), Vec::new())];
        let Some(from) = functions.at(path, symbol) else { return out };
        let named = |f: &usize| names.is_none_or(|all| all.iter().any(|n| n == last(&functions.names[*f].1)));
        let mut seen: HashSet<usize> = HashSet::from([from]);
        let mut queue: VecDeque<(usize, Vec<SmolStr>)> = VecDeque::new();
        for next in functions.calls[from].iter().copied().filter(named) {
            if seen.insert(next) {
                queue.push_back((next, vec![functions.names[next].1.clone()]));
            }
        }
        while let Some((at, way)) = queue.pop_front() {
            let (path, symbol) = functions.names[at].clone();
            if way.len() <= DEPTH {
                for next in functions.calls[at].iter().copied() {
                    if seen.insert(next) {
                        let mut longer = way.clone();
                        longer.push(functions.names[next].1.clone());
                        queue.push_back((next, longer));
                    }
                }
            }
            out.push((path, symbol, way));
        }
        out
    }

    /// The operations of a node that stand in one function.
    pub fn operations_in(&self, node: usize, path: &str, symbol: &str) -> Vec<Operation> {
        let place = (SmolStr::from(path), SmolStr::from(symbol));
        self.operations[node].get(&place).cloned().unwrap_or_default()
    }

    /// What a function of a node may do.
    pub fn from(&self, node: usize, path: &str, symbol: &str) -> Vec<Effect> {
        match self.functions[node].at(path, symbol) {
            Some(start) => self.reached(node, &[start]),
            None => self.done_in(node, path, symbol, &[]),
        }
    }

    fn done_in(&self, node: usize, path: &str, symbol: &str, way: &[SmolStr]) -> Vec<Effect> {
        let found = self.operations[node].get(&(SmolStr::from(path), SmolStr::from(symbol)));
        found.into_iter().flatten().map(|o| Effect { operation: *o, way: way.to_vec() }).collect()
    }

    /// The functions of a node's code, as file and symbol, with those that each may call, by index.
    pub fn functions(&self, node: usize) -> (&[(SmolStr, SmolStr)], &[Vec<usize>]) {
        self.functions.get(node).map_or((&[], &[]), |f| (&f.names, &f.calls))
    }

    fn of_endpoint(&self, graph: &Graph, base: &FactBase, endpoint: &Endpoint) -> Vec<Effect> {
        let at = endpoint.proof.first();
        let functions = &self.functions[endpoint.node];
        let handler = endpoint.handler.as_str();
        // A handler that is written where it is registered has no name of its own: its symbol is the function around both.
        let inline = handler.is_empty() || encloses(base, at, handler) && !annotates(base, at, handler);
        let mut starts = if inline { Vec::new() } else { functions.matching(&at.path, handler) };
        if starts.is_empty() && !inline {
            starts = functions.of_class(last(handler), endpoint.method.as_deref());
        }
        let mut effects = self.reached(endpoint.node, &starts);
        for ((path, _), operations) in &self.operations[endpoint.node] {
            let within = |o: &&Operation| {
                let place = &graph.edges[o.edge].details[o.detail].at;
                *path == at.path && at.at.line < at.at.end_line && at.at.covers(place.at.line)
            };
            for operation in operations.iter().filter(within) {
                if !effects.iter().any(|e| e.operation == *operation) {
                    effects.push(Effect { operation: *operation, way: Vec::new() });
                }
            }
        }
        if inline && at.at.line < at.at.end_line && functions.at(&at.path, handler).is_some() {
            let stands = |s: &&Steps| s.within == handler && at.at.covers(s.lines.0) && at.at.covers(s.lines.1);
            let facts = base.get(&at.path).into_iter().flat_map(|f| &f.facts);
            let steps = facts.filter_map(|f| match &f.claim {
                Claim::Steps(steps) => Some(steps),
                _ => None,
            });
            let names: Vec<SmolStr> = steps.filter(stands).flat_map(|s| &s.calls).map(|(_, n)| n.clone()).collect();
            for effect in self.called(endpoint.node, &at.path, handler, &names) {
                if !effects.iter().any(|e| e.operation == effect.operation) {
                    effects.push(effect);
                }
            }
        }
        effects
    }

    fn reached(&self, node: usize, starts: &[usize]) -> Vec<Effect> {
        let functions = &self.functions[node];
        let mut seen: HashSet<usize> = starts.iter().copied().collect();
        let mut queue: VecDeque<(usize, Vec<SmolStr>)> =
            starts.iter().map(|s| (*s, vec![functions.names[*s].1.clone()])).collect();
        let mut out: BTreeMap<Operation, Effect> = BTreeMap::new();
        while let Some((at, way)) = queue.pop_front() {
            let (path, symbol) = &functions.names[at];
            for effect in self.done_in(node, path, symbol, &way) {
                out.entry(effect.operation).or_insert(effect);
            }
            if way.len() > DEPTH {
                continue;
            }
            for next in &functions.calls[at] {
                if seen.insert(*next) {
                    let mut longer = way.clone();
                    longer.push(functions.names[*next].1.clone());
                    queue.push_back((*next, longer));
                }
            }
        }
        out.into_values().collect()
    }
}

impl Functions {
    fn of(node: &Node, base: &FactBase) -> Self {
        let mut out = Functions::default();
        let mut files: Vec<(&SmolStr, &Uses)> = Vec::new();
        for path in node.own.iter().chain(&node.libraries) {
            let uses = base.get(path).into_iter().flat_map(|f| &f.facts).find_map(|f| match &f.claim {
                Claim::Uses(uses) => Some(uses),
                _ => None,
            });
            files.extend(uses.map(|u| (path, u)));
        }
        let mut supers: HashMap<&str, Vec<&str>> = HashMap::new();
        for (_, uses) in &files {
            for (ty, above) in &uses.types {
                supers.entry(ty).or_default().extend(above.iter().map(SmolStr::as_str));
            }
        }
        let mut heirs: HashMap<&str, Vec<&str>> = HashMap::new();
        for (ty, above) in &supers {
            for parent in above {
                heirs.entry(parent).or_default().push(ty);
            }
        }
        for (path, uses) in &files {
            for (symbol, _) in &uses.functions {
                let id = out.names.len();
                out.names.push(((*path).clone(), symbol.clone()));
                out.by_name.entry(SmolStr::from(last(symbol))).or_default().push(id);
            }
        }
        for (path, uses) in &files {
            let mentioned: HashSet<&str> =
                uses.functions.iter().flat_map(|(_, names)| names).map(SmolStr::as_str).collect();
            let above = inherited(&mentioned, &supers, &heirs);
            let knows = |owner: &str| {
                mentioned.contains(owner)
                    || above.contains(owner)
                    || supers.get(owner).is_some_and(|of| of.iter().any(|s| mentioned.contains(s) || above.contains(s)))
            };
            for (symbol, names) in &uses.functions {
                let mut calls = BTreeSet::new();
                for name in names {
                    let Some(all) = out.by_name.get(name) else { continue };
                    for id in all {
                        let (file, other) = &out.names[*id];
                        let owner = owner_of(other);
                        let mine = file == *path && (owner.is_empty() || owner == owner_of(symbol));
                        if other != symbol && (mine || all.len() == 1 || !owner.is_empty() && knows(owner))
                            || owner.is_empty() && file != *path && all.len() <= 3
                        {
                            calls.insert(*id);
                        }
                    }
                }
                out.calls.push(calls.into_iter().collect());
            }
        }
        out
    }

    fn at(&self, path: &str, symbol: &str) -> Option<usize> {
        let all = self.by_name.get(last(symbol))?;
        all.iter().copied().find(|f| self.names[*f].0 == path && self.names[*f].1 == symbol)
    }

    /// A class that is registered as a whole and defined elsewhere: its functions are called like the methods of requests.
    fn of_class(&self, class: &str, method: Option<&str>) -> Vec<usize> {
        const METHODS: [&str; 6] = ["get", "post", "put", "delete", "patch", "head"];
        let wanted = |name: &str| match method {
            Some(method) => method.eq_ignore_ascii_case(name),
            None => METHODS.contains(&name),
        };
        let of = |symbol: &str| owner_of(symbol) == class && wanted(last(symbol));
        (0..self.names.len()).filter(|f| !class.is_empty() && of(&self.names[*f].1)).collect()
    }

    /// A handler's symbol as it is registered: in its own file, or anywhere under the same last part and owner.
    fn matching(&self, path: &str, handler: &str) -> Vec<usize> {
        if let Some(here) = self.at(path, handler) {
            return vec![here];
        }
        let Some(all) = self.by_name.get(last(handler)) else { return Vec::new() };
        let owner = owner_of(handler);
        let fits = |f: &usize| {
            let other = owner_of(&self.names[*f].1);
            owner.is_empty() || other.is_empty() || other.eq_ignore_ascii_case(owner)
        };
        let found: Vec<usize> = all.iter().copied().filter(fits).collect();
        if found.len() <= 3 { found } else { Vec::new() }
    }
}

/// The classes above those that are named, and above what implements a named interface: `orders.update()` may be a method of what
/// `OrderRepository` extends.
fn inherited<'n>(
    named: &HashSet<&'n str>,
    supers: &HashMap<&'n str, Vec<&'n str>>,
    heirs: &HashMap<&'n str, Vec<&'n str>>,
) -> HashSet<&'n str> {
    let below = named.iter().filter_map(|n| heirs.get(n)).filter(|all| all.len() == 1).flatten();
    let mut queue: Vec<&'n str> = named.iter().chain(below).copied().filter(|n| supers.contains_key(n)).collect();
    let mut out = HashSet::new();
    while let Some(ty) = queue.pop() {
        for parent in supers.get(ty).into_iter().flatten() {
            if out.insert(*parent) {
                queue.push(parent);
            }
        }
    }
    out
}

/// Whether a function of the file begins before this place and ends after it.
fn encloses(base: &FactBase, at: &Evidence, symbol: &str) -> bool {
    let uses = base.get(&at.path).into_iter().flat_map(|f| &f.facts).find_map(|f| match &f.claim {
        Claim::Uses(uses) => Some(uses),
        _ => None,
    });
    uses.is_some_and(|u| {
        let mut all = u.functions.iter().zip(&u.lines);
        all.any(|((name, _), (from, to))| name == symbol && *from < at.at.line && at.at.end_line <= *to)
    })
}

/// Whether a place that a function begins before is one of its own annotations (`@Operation` above `@GetMapping`), rather than a
/// registration of a closure in it.
fn annotates(base: &FactBase, at: &Evidence, symbol: &str) -> bool {
    const MOST: u32 = 12;
    let written = [".java", ".kt", ".cs", ".ts", ".py", ".php", ".scala"].iter().any(|e| at.path.ends_with(e));
    let facts = || base.get(&at.path).into_iter().flat_map(|f| &f.facts);
    let near = facts().any(|f| match &f.claim {
        Claim::Uses(u) => {
            let mut all = u.functions.iter().zip(&u.lines).filter(|((name, _), _)| name == symbol);
            all.any(|(_, (from, _))| *from < at.at.line && at.at.line - from <= MOST)
        }
        _ => false,
    });
    let closure = |f: &seam_facts::Fact| match &f.claim {
        Claim::Steps(s) => s.within == symbol && at.at.covers(s.lines.0) && at.at.covers(s.lines.1),
        _ => false,
    };
    written && near && !facts().any(closure)
}

/// The endpoint of this key.
pub fn endpoint_of(graph: &Graph, key: &Key) -> Option<usize> {
    graph.endpoints.binary_search_by(|e| e.key.cmp(key)).ok()
}

/// Whether an operation on this edge is waited for.
pub fn is_synchronous(edge: &Edge) -> bool {
    !matches!(edge.kind, EdgeKind::QueuePublish | EdgeKind::QueueConsume)
}
