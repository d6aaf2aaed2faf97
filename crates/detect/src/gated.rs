//! Calls through a gateway that nothing behind it answers: the gateway's rule takes them, and whom it hands them to has no such
//! path.
//!
//! Invariant: neither the path as it was asked nor the one without what the rule may take off is served, and a call that is
//! answered behind the gateway, or by it, is no finding.

use crate::Cx;
use crate::Draft;
use crate::rules::dangling_call::{Wrong, draft, http};
use seam_facts::{Claim, Key, SmolStr};
use seam_graph::{Certainty, Detail, Edge, EdgeKind, Endpoint, NodeKind, forwarded, is_test};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A rule of a gateway that takes a call further.
type Rule<'a> = (&'a Edge, &'a Detail, &'a str);

pub(crate) fn gated<'a>(
    cx: &Cx<'a>,
    served: &BTreeMap<usize, Vec<&'a Endpoint>>,
    asked: &HashSet<&Key>,
    out: &mut Vec<Draft>,
) {
    let passed: BTreeSet<(usize, usize)> = cx.passed().iter().map(|p| p.call).collect();
    let answered: HashSet<(&SmolStr, u32)> = cx
        .operations()
        .filter(|(o, _, d)| d.endpoint.is_some() || passed.contains(&(o.edge, o.detail)))
        .map(|(_, _, d)| (&d.told_at().path, d.told_at().at.line))
        .collect();
    let mut seen = BTreeSet::new();
    for (operation, edge, detail) in cx.operations().filter(|(_, e, _)| e.kind == EdgeKind::Http) {
        let called = detail.at.says.starts_with("call ") && !is_test(&detail.at.path);
        let done = detail.endpoint.is_some() || passed.contains(&(operation.edge, operation.detail));
        let told = detail.told_at();
        if !called || done || forwarded(&detail.operation).is_some() || answered.contains(&(&told.path, told.at.line)) {
            continue;
        }
        let Some((method, path)) = detail.operation.split_once(' ') else {
            continue;
        };
        let Some((rule, by, prefix)) = rule(cx, edge, path) else { continue };
        let known = served.get(&rule.to).filter(|_| cx.node(rule.to).kind == NodeKind::Service);
        let Some(endpoints) = known.filter(|_| rule.to != edge.from) else { continue };
        // As it was asked, and without what the rule may take off.
        let bare = &path[prefix.trim_end_matches('/').len().min(path.len())..];
        let forms: Vec<&str> = if prefix == "/" { vec![path] } else { vec![path, bare] };
        let mut found: Vec<(&Endpoint, Wrong)> = Vec::new();
        for form in &forms {
            let form = if form.is_empty() { "/" } else { form };
            let behind = Edge { from: edge.from, details: Vec::new(), certainty: edge.certainty, ..rule.clone() };
            let asks = Detail { operation: seam_facts::format_smolstr!("{method} {form}"), ..detail.clone() };
            found.extend(http(cx, &behind, &asks, endpoints, (asked, false)));
        }
        // The root below a prefix is often served without being written.
        let root = bare.trim_matches('/').is_empty() && found.len() == 1;
        if found.len() < forms.len() && !root {
            continue;
        }
        let Some((nearest, wrong)) = found.into_iter().min_by_key(|(_, wrong)| *wrong == Wrong::Unknown) else {
            continue;
        };
        let subject = format!("{} {} {}", edge.key, detail.operation, cx.name(rule.to));
        if !seen.insert((subject.clone(), told.path.clone())) {
            continue;
        }
        let to = Edge { from: edge.from, key: edge.key.clone(), ..rule.clone() };
        let certainty = detail.certainty.max(Certainty::Inferred);
        out.push(
            draft(cx, &to, detail, nearest, wrong, subject)
                .certainty(certainty)
                .link(&by.at, format!("`{}` hands it on to `{}`", cx.name(edge.to), cx.name(rule.to))),
        );
    }
}

/// The rule of a callee that takes a path furthest, where it is one, and hands it on as it is or without its own words.
fn rule<'a>(cx: &Cx<'a>, edge: &Edge, path: &str) -> Option<Rule<'a>> {
    let mut fit: Vec<Rule<'a>> = cx
        .outgoing(edge.to)
        .iter()
        .map(|e| cx.edge(*e))
        .filter(|e| e.kind == EdgeKind::Http)
        .flat_map(|e| e.details.iter().filter_map(move |d| Some((e, d, forwarded(&d.operation)?))))
        .filter(|(.., prefix)| path.starts_with(prefix) || prefix.strip_suffix('/') == Some(path))
        .collect();
    let longest = fit.iter().map(|(.., prefix)| prefix.trim_end_matches('/').len()).max()?;
    fit.retain(|(.., prefix)| prefix.trim_end_matches('/').len() == longest);
    let one = fit.iter().map(|(e, ..)| e.to).collect::<BTreeSet<_>>().len() == 1;
    let rewritten = |d: &Detail| {
        cx.facts(&d.at.path).iter().any(|f| match &f.claim {
            Claim::Route(route) if f.at == d.at.at => {
                let text = route.target.to_string();
                let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
                rest.find('/').is_some_and(|at| rest[at..].len() > 1)
            }
            _ => false,
        })
    };
    fit.into_iter().next().filter(|(_, d, _)| one && longest > 0 && !rewritten(d))
}
