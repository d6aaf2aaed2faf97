//! Who answers a call, and who calls what is answered: over routes, contracts, and gateways that pass on.
//!
//! Invariant: a handler is named only where one function of the node is meant; where several are called so, the place where the
//! route is registered stands for it.

use super::{MOST, Sight, Spot, Use, spot};
use seam_detect::paths;
use seam_facts::{Claim, Protocol, SmolStr};
use seam_graph::{Detail, Edge, EdgeKind, Endpoint, forwarded};

/// A call that a gateway passes on, with what answers it behind the gateway.
pub(super) type Passed<'a> = (Use<'a>, Vec<&'a Endpoint>);

impl<'a> Sight<'a> {
    /// Who calls one of these endpoints. A prefix that a gateway forwards is no call of what it happens to fit.
    pub(super) fn callers(&self, endpoints: &[&Endpoint]) -> Vec<Use<'a>> {
        self.uses()
            .filter(|(e, d)| forwarded(&d.operation).is_none() && endpoints.iter().any(|p| answers(e, d, p)))
            .collect()
    }

    /// Who calls a gateway that passes it on to one of these endpoints.
    pub(super) fn behind(&self, endpoints: &[&Endpoint]) -> Vec<Use<'a>> {
        let meant = |(_, all): &&Passed<'a>| all.iter().any(|a| endpoints.iter().any(|e| e.key == a.key));
        self.passed.iter().filter(meant).map(|(of, _)| *of).collect()
    }

    /// The endpoints that answer an operation: the very one rather than the whole service that it is registered with, and
    /// behind a gateway those that it passes the call on to.
    pub(super) fn answering(&self, edge: &Edge, detail: &Detail) -> Vec<&'a Endpoint> {
        let of_node = self.graph.endpoints.iter().filter(|e| e.node == edge.to);
        if let Some(prefix) = forwarded(&detail.operation) {
            return of_node.filter(|e| e.path.starts_with(prefix)).collect();
        }
        let all: Vec<&Endpoint> = of_node.filter(|e| answers(edge, detail, e)).collect();
        let exact = |e: &&&Endpoint| !e.path.ends_with("/*");
        if all.iter().any(|e| exact(&e)) {
            return all.iter().filter(exact).copied().collect();
        }
        let same = |(of, _): &&Passed<'a>| std::ptr::eq(of.1, detail);
        let behind = self.passed.iter().find(same).map(|(_, behind)| behind.clone());
        if all.is_empty() { behind.unwrap_or_default() } else { all }
    }

    /// Calls that gateways pass on.
    pub(super) fn passed_on(&self) -> Vec<Passed<'a>> {
        let all = seam_graph::passed(self.graph).into_iter();
        let one = |p: seam_graph::Passed| {
            let edge = &self.graph.edges[p.call.0];
            ((edge, &edge.details[p.call.1]), p.endpoints.iter().map(|e| &self.graph.endpoints[*e]).collect())
        };
        all.map(one).collect()
    }

    /// Rules of gateways that forward what begins like an endpoint's path.
    pub(super) fn through(&self, endpoints: &[&Endpoint]) -> Vec<Use<'a>> {
        let forwards = |(edge, detail): &Use<'a>| {
            forwarded(&detail.operation)
                .is_some_and(|p| endpoints.iter().any(|e| e.node == edge.to && e.path.starts_with(p)))
        };
        self.uses().filter(forwards).collect()
    }

    /// Where an endpoint is handled, and, where that is another place, registered.
    pub(super) fn handled(&self, endpoint: &Endpoint, says: &str) -> Vec<Spot> {
        let first = endpoint.proof.first();
        let registered = spot(first, says);
        let near = |path: &str, (from, to): (u32, u32)| {
            first.path == path && (from.saturating_sub(3)..=to).contains(&first.at.line)
        };
        if endpoint.handler.is_empty() {
            return vec![registered];
        }
        let own = |path: &str| self.function_in(path, &endpoint.handler);
        let here = own(&first.path).map(|lines| (first.path.as_str(), lines));
        let mut all = match here {
            Some(here) => vec![here],
            None => {
                let files = self.graph.nodes[endpoint.node].own.iter();
                files.filter_map(|p| own(p).map(|lines| (p.as_str(), lines))).collect()
            }
        };
        match (all.pop(), all.is_empty()) {
            (Some((path, lines)), true) if !near(path, lines) => {
                let path = path.to_owned();
                let registers = Spot { says: format!("{} is registered", endpoint.asked_as()), ..registered };
                vec![Spot { path, line: lines.0, column: 1, says: says.to_owned() }, registers]
            }
            _ => vec![registered],
        }
    }

    /// The first and last line of a function of a file: `placing.js` has `./placing#place`, `orders.go` has `Server.place`.
    pub(super) fn function_in(&self, path: &str, symbol: &str) -> Option<(u32, u32)> {
        let (module, symbol) = symbol.split_once('#').map_or((None, symbol), |(module, symbol)| (Some(module), symbol));
        let ends = |long: &str, short: &str| {
            long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if !module.is_none_or(|module| is_module(path, module)) {
            return None;
        }
        let uses = self.base.get(path)?.facts.iter().find_map(|fact| match &fact.claim {
            Claim::Uses(uses) => Some(uses),
            _ => None,
        })?;
        let named = |(name, _): &&(SmolStr, _)| ends(name, symbol) || ends(symbol, name);
        let mut all =
            uses.functions.iter().zip(&uses.lines).filter(|((name, _), (line, _))| !name.is_empty() && *line > 0);
        all.find(|(function, _)| named(function)).map(|(_, lines)| *lines)
    }

    /// Operations of contracts that declare an endpoint.
    pub(super) fn declared(&self, endpoint: &Endpoint) -> Vec<Spot> {
        self.contracts(endpoint.node, |protocol, schema, operation| declares(protocol, schema, operation, endpoint))
    }

    /// Operations of contracts that declare what is called, where nothing is known that answers it.
    pub(super) fn agreed(&self, edge: &Edge, detail: &Detail) -> Vec<Spot> {
        let is = |protocol: Protocol, schema: &str, operation: &str| asks(edge, detail, protocol, schema, operation);
        self.contracts(edge.to, is)
    }

    /// Who calls an operation of a contract of which no handler is known.
    pub(super) fn asking(&self, protocol: Protocol, schema: &str, operation: &str) -> Vec<Use<'a>> {
        let meant = |(e, d): &Use<'a>| asks(e, d, protocol, schema, operation) && self.speaks_of(self.path, e.to);
        self.uses().filter(meant).collect()
    }

    fn contracts(&self, node: usize, declares: impl Fn(Protocol, &str, &str) -> bool) -> Vec<Spot> {
        let mut out = Vec::new();
        for (path, schema) in &self.schemas {
            for (index, (operation, _, _)) in schema.operations.iter().enumerate() {
                if let Some(line) = schema.line(index)
                    && declares(schema.protocol, &schema.name, operation)
                    && self.speaks_of(path, node)
                {
                    let says = format!("declared as {operation}");
                    out.push(Spot { path: (*path).to_owned(), line, column: 1, says });
                }
            }
        }
        out.truncate(MOST);
        out
    }

    /// A contract that lies in one node's code speaks of that node; one that lies in several, or in none, of any.
    pub(super) fn speaks_of(&self, path: &str, node: usize) -> bool {
        let mut owners = self.graph.nodes.iter().enumerate().filter(|(_, n)| n.own.iter().any(|own| own == path));
        match (owners.next(), owners.next()) {
            (Some((only, _)), None) => only == node || self.graph.edges.iter().any(|e| e.from == only && e.to == node),
            _ => true,
        }
    }
}

pub(super) fn answers(edge: &Edge, detail: &Detail, endpoint: &Endpoint) -> bool {
    let same = || {
        endpoint.protocol == Protocol::Grpc
            && edge.kind == EdgeKind::Grpc
            && edge.to == endpoint.node
            && declares(Protocol::Grpc, "", &detail.operation, endpoint)
    };
    detail.endpoint.as_ref() == Some(&endpoint.key) || same()
}

pub(super) fn declares(protocol: Protocol, schema: &str, operation: &str, endpoint: &Endpoint) -> bool {
    if protocol != endpoint.protocol {
        return false;
    }
    match operation.split_once(' ') {
        Some((method, path)) => {
            endpoint.method.as_ref().is_none_or(|m| m == method)
                && paths::fits(&paths::parts(path), &paths::parts(&endpoint.path))
        }
        None => {
            let (service, method) = operation.rsplit_once('/').unwrap_or((schema, operation));
            let (own, served) = endpoint.path.rsplit_once('/').unwrap_or(("", &endpoint.path));
            last(method) == last(served) && last(service) == last(own)
        }
    }
}

/// A name without its package, and as every language may spell it.
fn last(name: &str) -> String {
    name.rsplit(['.', '/']).next().unwrap_or(name).replace('_', "").to_ascii_lowercase()
}

/// Whether a file is what a relative import names, from wherever it is imported.
fn is_module(path: &str, module: &str) -> bool {
    let bare = |text: &str| {
        let ends = [".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx", ".py", "/index"];
        let cut = |text: String, end: &&str| text.strip_suffix(*end).map_or(text.clone(), str::to_owned);
        ends.iter().fold(text.to_owned(), cut)
    };
    let module = bare(module.trim_start_matches(['.', '/']));
    let path = bare(path);
    path.strip_suffix(&*module).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// Whether a call of a procedure means an operation of a contract.
fn asks(edge: &Edge, detail: &Detail, protocol: Protocol, schema: &str, operation: &str) -> bool {
    let (own, name) = operation.rsplit_once('/').unwrap_or((schema, operation));
    matches!(edge.kind, EdgeKind::Grpc | EdgeKind::Graphql | EdgeKind::Thrift)
        && protocol != Protocol::Http
        && detail
            .operation
            .rsplit_once('/')
            .is_some_and(|(service, method)| last(name) == last(method) && last(own) == last(service))
}
