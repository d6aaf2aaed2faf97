//! Rules of a gateway that send requests to a path which nothing behind it serves.
//!
//! Invariant: only where another rule of the same gateway finds what it means there, so that the paths are understood; a rule for
//! all below a path may mean files and sockets, which no handler is seen for.

use crate::paths::{by_itself, open, parts};
use crate::{Cx, Draft};
use seam_facts::{Claim, Protocol};
use seam_graph::{Detail, EdgeKind, Endpoint, NodeKind};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn forwarded(cx: &Cx<'_>, served: &BTreeMap<usize, Vec<&Endpoint>>) -> Vec<Draft> {
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    for edge in cx.graph.edges.iter().filter(|e| e.kind == EdgeKind::Http) {
        let Some(endpoints) = served.get(&edge.to).filter(|_| cx.node(edge.to).kind == NodeKind::Service) else {
            continue;
        };
        let http: Vec<&&Endpoint> =
            endpoints.iter().filter(|e| e.protocol == Protocol::Http && e.is_written()).collect();
        let meant: Vec<(&Detail, String)> = edge.details.iter().filter_map(|d| Some((d, path_of(cx, d)?))).collect();
        let answered = |path: &str| http.iter().any(|e| begins(&parts(&e.path), &parts(path)));
        if !meant.iter().any(|(_, path)| answered(path)) {
            continue;
        }
        let single = |d: &Detail| !d.operation.contains('*');
        for (detail, path) in meant.iter().filter(|(d, path)| single(d) && !answered(path)) {
            if by_itself(cx, edge.to, &parts(path)) {
                continue;
            }
            if !seen.insert((detail.at.path.clone(), detail.at.at.line)) {
                continue;
            }
            let (from, to) = (cx.name(edge.from), cx.name(edge.to));
            let distance = |e: &&&&Endpoint| crate::keys::distance(&e.path, path);
            let Some(near) = http.iter().min_by_key(distance) else { continue };
            let shown = near.asked_as();
            let message =
                format!("`{from}` forwards `{}` to `{path}` of `{to}`, which no endpoint answers", detail.operation);
            out.push(
                Draft::new(format!("{} {} {path}", edge.key, detail.operation), &detail.at, message)
                    .why(format!(
                        "Every endpoint of `{to}` has another path; the nearest is `{shown}`: whoever asks `{from}` gets 404."
                    ))
                    .help(format!("did you mean `{shown}`? forward to that, or serve `{path}`"))
                    .about([edge.key.clone(), near.key.clone()])
                    .certainty(detail.certainty)
                    .link(&detail.at, format!("`{from}` forwards `{}`", detail.operation))
                    .link(near.proof.first(), format!("`{to}` serves `{shown}`")),
            );
        }
    }
    out
}

/// The path that a rule says behind the gateway, up to its first part that is not known; none where it says no path.
fn path_of(cx: &Cx<'_>, detail: &Detail) -> Option<String> {
    let at = &detail.at;
    let route = cx.facts(&at.path).iter().find_map(|f| match &f.claim {
        Claim::Route(route) if f.at == at.at && detail.client == "route" => Some(route),
        _ => None,
    })?;
    let text = route.target.to_string();
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let path = &rest[rest.find('/')?..];
    let known: Vec<&str> = parts(path).into_iter().take_while(|p| !open(p) && !p.contains(['$', '*'])).collect();
    (!known.is_empty()).then(|| format!("/{}", known.join("/")))
}

/// Whether an endpoint's path begins so, or takes everything below.
fn begins(own: &[&str], with: &[&str]) -> bool {
    let star = own.iter().position(|p| p.contains('*'));
    let own = &own[..star.unwrap_or(own.len())];
    let same = |(o, w): (&&str, &&str)| open(o) || o.eq_ignore_ascii_case(w);
    own.iter().zip(with).all(same) && (own.len() >= with.len() || star.is_some())
}
