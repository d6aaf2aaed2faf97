//! What a rule sees: the graph with indexes over it, the facts behind it, and the workspace's limits.

use crate::course::{self, Course};
use crate::patience::Tables;
use crate::trials::Trials;
use crate::work::{self, Writes};
use crate::{Finding, RULES, Rule};
use seam_facts::{Fact, FactBase, SmolStr};
use seam_graph::{Detail, Edge, Evidence, Flows, Graph, Node, Operation, Passed, Policy};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Budgets of a workspace; `seam.toml` may set each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most attempts that one request may cause at the end of a path.
    pub attempts: u64,
    /// Most synchronous calls behind one another.
    pub depth: usize,
    /// Milliseconds within which an entry must have answered, where it says nothing itself.
    pub deadline: u64,
}

impl Default for Limits {
    fn default() -> Self {
        // Nine attempts are three by three: two layers that retry as libraries propose. Browsers and load balancers give up
        // after a minute (nginx `proxy_read_timeout`, AWS ALB idle timeout: 60 s).
        Limits { attempts: 9, depth: 6, deadline: 60_000 }
    }
}

pub struct Cx<'a> {
    pub graph: &'a Graph,
    pub base: &'a FactBase,
    pub limits: &'a Limits,
    outgoing: Vec<Vec<usize>>,
    incoming: Vec<Vec<usize>>,
    owners: OnceLock<HashMap<&'a str, Vec<usize>>>,
    sharers: OnceLock<HashMap<&'a str, usize>>,
    flows: OnceLock<Flows>,
    passed: OnceLock<Vec<Passed>>,
    tables: OnceLock<Tables>,
    writes: OnceLock<Writes<'a>>,
    trials: OnceLock<Trials<'a>>,
    courses: OnceLock<Vec<Vec<Course>>>,
    found: OnceLock<Vec<Finding>>,
    behind: OnceLock<HashMap<(usize, usize), usize>>,
}

impl<'a> Cx<'a> {
    pub fn new(graph: &'a Graph, base: &'a FactBase, limits: &'a Limits) -> Self {
        let mut outgoing = vec![Vec::new(); graph.nodes.len()];
        let mut incoming = vec![Vec::new(); graph.nodes.len()];
        for (id, edge) in graph.edges.iter().enumerate() {
            outgoing[edge.from].push(id);
            incoming[edge.to].push(id);
        }
        Cx {
            graph,
            base,
            limits,
            outgoing,
            incoming,
            owners: OnceLock::new(),
            sharers: OnceLock::new(),
            flows: OnceLock::new(),
            passed: OnceLock::new(),
            tables: OnceLock::new(),
            writes: OnceLock::new(),
            trials: OnceLock::new(),
            courses: OnceLock::new(),
            found: OnceLock::new(),
            behind: OnceLock::new(),
        }
    }

    /// What the built-in rules find, for rules of the workspace's own that speak of it.
    pub fn built_in(&self) -> &[Finding] {
        self.found.get_or_init(|| {
            let of = |rule: &&'static Rule| {
                let mut drafts = Vec::new();
                (rule.find)(self, &mut drafts);
                drafts.into_iter().map(|d| d.of(rule)).collect::<Vec<_>>()
            };
            RULES.iter().filter(|r| !r.nursery).flat_map(of).collect()
        })
    }

    /// What answers a call behind the gateway that passes it on: an index into the graph's endpoints.
    pub fn behind(&self, operation: Operation) -> Option<usize> {
        let first = |p: &Passed| Some((p.call, *p.endpoints.first()?));
        let all = self.behind.get_or_init(|| self.passed().iter().filter_map(first).collect());
        all.get(&(operation.edge, operation.detail)).copied().or_else(|| self.routed(operation))
    }

    /// The same where the gateway has a rule for this very path: `/api/orders/create`.
    fn routed(&self, operation: Operation) -> Option<usize> {
        let detail = self.detail(operation);
        let (method, path) = detail.operation.split_once(' ')?;
        let alike = |rule: &str| {
            let (mut ours, mut its) = (path.trim_end_matches('/').split('/'), rule.trim_end_matches('/').split('/'));
            loop {
                match (ours.next(), its.next()) {
                    (None, None) => return true,
                    (Some(a), Some(b)) if a.eq_ignore_ascii_case(b) || a.starts_with('{') && b.starts_with('{') => {}
                    _ => return false,
                }
            }
        };
        let rules = self.outgoing(self.edge(operation.edge).to).iter().flat_map(|e| &self.edge(*e).details);
        let rule = rules.filter(|d| d.is_rule()).find(|d| {
            let rule = d.operation.split_once(' ').map_or(d.operation.as_str(), |(_, path)| path);
            alike(rule)
        })?;
        let found = &self.graph.endpoints[seam_graph::endpoint_of(self.graph, rule.endpoint.as_ref()?)?];
        let all = self.graph.endpoints.iter();
        all.enumerate()
            .find(|(_, e)| {
                e.node == found.node && e.path == found.path && e.method.as_deref().is_none_or(|m| m == method)
            })
            .map(|(index, _)| index)
    }

    pub fn node(&self, id: usize) -> &'a Node {
        &self.graph.nodes[id]
    }

    pub fn name(&self, id: usize) -> &'a str {
        &self.graph.nodes[id].name
    }

    pub fn edge(&self, id: usize) -> &'a Edge {
        &self.graph.edges[id]
    }

    pub fn detail(&self, operation: Operation) -> &'a Detail {
        &self.graph.edges[operation.edge].details[operation.detail]
    }

    /// Edges that start at a node.
    pub fn outgoing(&self, node: usize) -> &[usize] {
        &self.outgoing[node]
    }

    /// Edges that end at a node.
    pub fn incoming(&self, node: usize) -> &[usize] {
        &self.incoming[node]
    }

    /// Every operation of every edge.
    pub fn operations(&self) -> impl Iterator<Item = (Operation, &'a Edge, &'a Detail)> + use<'a> {
        self.graph.edges.iter().enumerate().flat_map(|(edge, it)| {
            it.details.iter().enumerate().map(move |(detail, d)| (Operation { edge, detail }, it, d))
        })
    }

    /// The nodes whose own code a file is; libraries belong to nobody.
    pub fn owners(&self, path: &str) -> &[usize] {
        let owners = self.owners.get_or_init(|| {
            let mut owners: HashMap<&str, Vec<usize>> = HashMap::new();
            for (id, node) in self.graph.nodes.iter().enumerate() {
                node.own.iter().for_each(|p| owners.entry(p.as_str()).or_default().push(id));
            }
            owners
        });
        owners.get(path).map_or(&[], Vec::as_slice)
    }

    /// What entries lead to; computed when the first rule asks.
    pub fn flows(&self) -> &Flows {
        self.flows.get_or_init(|| Flows::new(self.graph, self.base))
    }

    /// Calls that a gateway hands on to whoever answers them; worked out when the first rule asks.
    pub(crate) fn passed(&self) -> &[Passed] {
        self.passed.get_or_init(|| seam_graph::passed(self.graph))
    }

    /// Policies that stand apart from the calls they govern; collected when the first rule asks.
    pub(crate) fn tables(&self) -> &Tables {
        self.tables.get_or_init(|| Tables::new(self))
    }

    /// Writes by function; collected when the first rule asks.
    pub(crate) fn writes(&self) -> &Writes<'a> {
        self.writes.get_or_init(|| work::writes(self))
    }

    /// What is tried again, and how; collected when the first rule asks.
    pub fn trials(&self) -> &Trials<'a> {
        self.trials.get_or_init(|| Trials::new(self))
    }

    /// In which order functions of a node change its store and other services; worked out when the first rule asks. None of a
    /// node that mends what is lost.
    pub(crate) fn courses(&self, node: usize) -> &[Course] {
        let all = self.courses.get_or_init(|| (0..self.graph.nodes.len()).map(|n| course::courses(self, n)).collect());
        &all[node]
    }

    /// The facts of one file.
    pub fn facts(&self, path: &str) -> &'a [Fact] {
        self.base.get(path).map_or(&[], |f| f.facts.as_slice())
    }

    /// The facts of a node's own files, with their paths.
    pub fn own_facts(&self, node: usize) -> impl Iterator<Item = (&'a SmolStr, &'a Fact)> + use<'a, '_> {
        self.node(node).own.iter().flat_map(|path| self.facts(path).iter().map(move |f| (path, f)))
    }

    /// The facts of a node's own files, and of libraries that it alone is built from: a service in several projects (`Orders.Api`
    /// beside `Orders.Application`) is one all the same.
    pub(crate) fn whole_facts(&self, node: usize) -> impl Iterator<Item = (&'a SmolStr, &'a Fact)> + use<'a, '_> {
        let alone = move |path: &&'a SmolStr| self.sharers(path) == 1 && self.owners(path).is_empty();
        let libraries = self.node(node).libraries.iter().filter(alone);
        self.node(node).own.iter().chain(libraries).flat_map(|path| self.facts(path).iter().map(move |f| (path, f)))
    }

    /// How many nodes are built from a library's file.
    fn sharers(&self, path: &str) -> usize {
        let sharers = self.sharers.get_or_init(|| {
            let mut count: HashMap<&str, usize> = HashMap::new();
            let all = self.graph.nodes.iter().flat_map(|n| &n.libraries);
            all.for_each(|path| *count.entry(path.as_str()).or_default() += 1);
            count
        });
        sharers.get(path).copied().unwrap_or_default()
    }

    /// A fact as evidence, in words of the rule's own.
    pub fn evidence(&self, path: &SmolStr, fact: &Fact, says: impl Into<SmolStr>) -> Evidence {
        Evidence { path: path.clone(), at: fact.at, says: says.into(), by: fact.by.clone() }
    }

    /// Policies of one kind that govern an operation: its own, or else its edge's.
    pub fn policies(&self, operation: Operation, kind: seam_facts::PolicyKind) -> Vec<&'a Policy> {
        let of_kind = |p: &&Policy| p.kind == kind;
        let own: Vec<&Policy> = self.detail(operation).policies.iter().filter(of_kind).collect();
        if own.is_empty() && self.edge(operation.edge).details.len() == 1 {
            return self.edge(operation.edge).policies.iter().filter(of_kind).collect();
        }
        own
    }
}
