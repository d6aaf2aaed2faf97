//! Calls that a gateway passes on: who asks it, by which of its rules, and what answers behind it.
//!
//! Invariant: a call that the gateway answers itself is not passed on; of several rules that fit, those with the longest path do it.

use crate::endpoints::answers;
use crate::model::{Detail, Edge, EdgeKind, Graph};
use seam_facts::{Protocol, SmolStr, format_smolstr};

/// One operation: indexes of its edge and of its detail in there.
pub type At = (usize, usize);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The caller's operation, which leads to the gateway.
    pub call: At,
    /// The gateway's operation that takes it further.
    pub rule: At,
    /// What may answer it behind the gateway: indexes into [`Graph::endpoints`].
    pub endpoints: Vec<usize>,
}

/// What a rule forwards begins with, where it stands for everything below: `GET /orders/*`.
pub fn forwarded(operation: &str) -> Option<&str> {
    path(operation).strip_suffix('*').filter(|p| p.starts_with('/'))
}

/// Whether a rule's path takes what is asked for: everything below a beginning, or one path with its parameters.
pub fn takes(rule: &str, asked: &str) -> bool {
    match forwarded(rule) {
        Some(prefix) => below(prefix, asked),
        None => answers(rule, asked),
    }
}

/// What a rule asks of the other side, from its own path and the one at its target: what its `*` takes stays behind the new
/// beginning. Empty where the target says no path.
pub(crate) fn asks(path: &str, below: &str) -> SmolStr {
    match path.ends_with('*') && !below.is_empty() && !below.ends_with('*') {
        true => format_smolstr!("{}/*", below.trim_end_matches('/')),
        false => below.into(),
    }
}

/// Every call that no endpoint of its callee answers, and that a rule of the callee hands to somebody who has one.
pub fn passed(graph: &Graph) -> Vec<Passed> {
    let http = |(_, e): &(usize, &Edge)| e.kind == EdgeKind::Http && e.from != e.to;
    let edges = || graph.edges.iter().enumerate().filter(http);
    let all = || edges().flat_map(|(at, e)| e.details.iter().enumerate().map(move |(d, detail)| ((at, d), e, detail)));
    let rules: Vec<(At, &Edge, Rule<'_>)> = all().filter_map(|(at, e, detail)| Some((at, e, rule(detail)?))).collect();
    let mut out = Vec::new();
    for (at, edge, detail) in all().filter(|(_, _, d)| d.endpoint.is_none()) {
        if forwarded(&detail.operation).is_some() {
            continue;
        }
        let asked = path(&detail.operation);
        let own = rules.iter().filter(|(_, rule, _)| rule.from == edge.to && rule.to != edge.from);
        let fit: Vec<_> = own.filter(|(_, _, rule)| takes(rule.path, asked)).collect();
        let longest = fit.iter().map(|(.., rule)| rule.length()).max();
        for (by, to, rule) in fit {
            if Some(rule.length()) != longest {
                continue;
            }
            let endpoints = behind(graph, to.to, detail, asked, rule);
            if !endpoints.is_empty() {
                out.push(Passed { call: at, rule: *by, endpoints });
            }
        }
    }
    out
}

/// What a forwarding rule takes: everything below a beginning, or one path.
struct Rule<'a> {
    prefix: Option<&'a str>,
    path: &'a str,
    asks: &'a str,
}

fn rule(detail: &Detail) -> Option<Rule<'_>> {
    let prefix = forwarded(&detail.operation);
    let path = path(&detail.operation);
    let single = detail.is_rule() && path.len() > 1 && path.starts_with('/');
    (prefix.is_some() || single).then_some(Rule { prefix, path, asks: &detail.asks })
}

impl Rule<'_> {
    /// One path is nearer than everything below its beginning.
    fn length(&self) -> usize {
        self.prefix.map_or(self.path.len() + 1, |prefix| prefix.trim_end_matches('/').len())
    }

    /// What it may ask for: what it says; else the path as it came, or without its beginning.
    fn may_ask(&self, asked: &str) -> Vec<String> {
        let mut out = Vec::new();
        let rest = self.prefix.map(|prefix| &asked[prefix.trim_end_matches('/').len().min(asked.len())..]);
        match (self.asks.strip_suffix('*'), rest) {
            _ if self.asks.is_empty() => {}
            (Some(instead), Some(rest)) => out.push(format!("{}{rest}", instead.trim_end_matches('/'))),
            _ => out.push(self.asks.to_owned()),
        }
        out.push(asked.to_owned());
        out.extend(rest.filter(|_| self.prefix != Some("/")).map(ToOwned::to_owned));
        for path in out.iter_mut().filter(|p| p.is_empty()) {
            *path = "/".to_owned();
        }
        out
    }
}

/// The endpoints of a node that answer a call which a rule hands to it.
fn behind(graph: &Graph, node: usize, detail: &Detail, asked: &str, rule: &Rule<'_>) -> Vec<usize> {
    let method = detail.operation.split_once(' ').map(|(method, _)| method);
    let found = |asked: &str| -> Vec<usize> {
        let fits = |e: &crate::Endpoint| {
            e.node == node
                && e.protocol == Protocol::Http
                && e.method.as_deref().is_none_or(|m| method.is_none_or(|asked| m == asked))
                && answers(&e.path, asked)
        };
        graph.endpoints.iter().enumerate().filter(|(_, e)| fits(e)).map(|(index, _)| index).collect()
    };
    rule.may_ask(asked).iter().map(|asked| found(asked)).find(|all| !all.is_empty()).unwrap_or_default()
}

/// Whether a path lies below what a rule forwards; `/orders*` takes `/ordersheet` as well, `/orders/*` does not.
pub(crate) fn below(prefix: &str, asked: &str) -> bool {
    asked.starts_with(prefix) || prefix.strip_suffix('/').is_some_and(|bare| asked == bare)
}

fn path(operation: &str) -> &str {
    operation.rsplit(' ').next().unwrap_or(operation)
}
