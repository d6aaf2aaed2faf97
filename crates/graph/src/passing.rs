//! Calls that a gateway passes on: who asks it, by which of its rules, and what answers behind it.
//!
//! Invariant: a call that the gateway answers itself is not passed on; of several rules that fit, those with the longest path do it.

use crate::endpoints::answers;
use crate::model::{Detail, Edge, EdgeKind, Graph};
use seam_facts::Protocol;

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

/// Every call that no endpoint of its callee answers, and that a rule of the callee hands to somebody who has one.
pub fn passed(graph: &Graph) -> Vec<Passed> {
    let http = |(_, e): &(usize, &Edge)| e.kind == EdgeKind::Http && e.from != e.to;
    let edges = || graph.edges.iter().enumerate().filter(http);
    let rules: Vec<(At, &Edge, &str)> = edges()
        .flat_map(|(at, e)| e.details.iter().enumerate().map(move |(d, detail)| ((at, d), e, detail)))
        .filter_map(|(at, e, detail)| Some((at, e, forwarded(&detail.operation)?)))
        .collect();
    let mut out = Vec::new();
    for (at, edge) in edges() {
        for (index, detail) in edge.details.iter().enumerate() {
            if detail.endpoint.is_some() || forwarded(&detail.operation).is_some() {
                continue;
            }
            let asked = path(&detail.operation);
            let own = rules.iter().filter(|(_, rule, _)| rule.from == edge.to && rule.to != edge.from);
            let fit: Vec<_> = own.filter(|(.., prefix)| below(prefix, asked)).collect();
            let longest = fit.iter().map(|(.., prefix)| prefix.trim_end_matches('/').len()).max();
            for (rule, to, prefix) in fit {
                if Some(prefix.trim_end_matches('/').len()) != longest {
                    continue;
                }
                let endpoints = behind(graph, to.to, detail, asked, prefix);
                if !endpoints.is_empty() {
                    out.push(Passed { call: (at, index), rule: *rule, endpoints });
                }
            }
        }
    }
    out
}

/// The endpoints of a node that answer a path as it was asked, or else without what the rule has taken off.
fn behind(graph: &Graph, node: usize, detail: &Detail, asked: &str, prefix: &str) -> Vec<usize> {
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
    let whole = found(asked);
    if !whole.is_empty() || prefix == "/" {
        return whole;
    }
    let rest = &asked[prefix.trim_end_matches('/').len()..];
    found(if rest.is_empty() { "/" } else { rest })
}

/// Whether a path lies below what a rule forwards; `/orders*` takes `/ordersheet` as well, `/orders/*` does not.
pub(crate) fn below(prefix: &str, asked: &str) -> bool {
    asked.starts_with(prefix) || prefix.strip_suffix('/').is_some_and(|bare| asked == bare)
}

fn path(operation: &str) -> &str {
    operation.rsplit(' ').next().unwrap_or(operation)
}
