//! Rules of a gateway that send requests to a path which nothing behind it serves.
//!
//! Invariant: only where another rule of the same gateway finds what it means there, so that the paths are understood; a rule for
//! all below a path may mean files and sockets, which no handler is seen for.

use crate::paths::{by_itself, open, parts};
use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, Fact, Protocol, SmolStr};
use seam_graph::{Certainty, Detail, EdgeKind, Endpoint, Evidence, NodeKind};
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
        // A rule for all below a path that takes away what the callee serves it under: what arrives is nothing's.
        let vague = http.iter().any(|e| e.path.contains('*') || parts(&e.path).first().is_some_and(|p| open(p)));
        let cut = |d: &Detail, path: &str| {
            let own = d.operation.rsplit(' ').next().unwrap_or_default();
            let own = own.strip_suffix('*').unwrap_or(own);
            let (own, path) = (parts(own), parts(path));
            let words = !own.is_empty() && !own.iter().any(|p| open(p));
            !vague
                && words
                && own.len() > path.len()
                && own.ends_with(&path)
                && answered(&format!("/{}", own.join("/")))
        };
        if !meant.iter().any(|(d, path)| answered(path) || cut(d, path)) {
            continue;
        }
        let single = |d: &Detail, path: &str| !d.operation.contains('*') || cut(d, path);
        for (detail, path) in meant.iter().filter(|(d, path)| single(d, path) && !answered(path)) {
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

/// Rules that hand their own path on as it is, where nothing behind them has it.
///
/// A gateway may take a prefix away, and that is not always seen: only where the other rules of the same file reach something with
/// their whole paths is it said of one that does not.
pub(crate) fn unchanged(cx: &Cx<'_>, served: &BTreeMap<usize, Vec<&Endpoint>>) -> Vec<Draft> {
    type Rules<'a> = Vec<(&'a seam_graph::Edge, &'a Detail, bool)>;
    let mut files: BTreeMap<(usize, &SmolStr), Rules<'_>> = BTreeMap::new();
    for edge in cx.graph.edges.iter().filter(|e| e.kind == EdgeKind::Http) {
        let Some(endpoints) = served.get(&edge.to).filter(|_| cx.node(edge.to).kind == NodeKind::Service) else {
            continue;
        };
        // What signs users in is served by a framework, below paths of its own.
        const SIGN_IN: [&str; 5] = ["identity", "openiddict", "keycloak", "oauth", "authorization-server"];
        let mut packages = cx.graph.packages.iter().filter(|p| p.node == edge.to);
        if packages.any(|p| SIGN_IN.iter().any(|w| p.package.to_ascii_lowercase().contains(w))) {
            continue;
        }
        let written = || endpoints.iter().filter(|e| e.protocol == Protocol::Http && e.is_written());
        if written().any(|e| e.path.contains('*') || parts(&e.path).first().is_some_and(|p| open(p))) {
            continue;
        }
        for detail in edge.details.iter().filter(|d| d.is_rule()) {
            let path = detail.operation.rsplit(' ').next().unwrap_or_default();
            // `/orders*` takes `/ordersheet` as well; what it begins with is a word all the same.
            let mut prefix: Vec<&str> = parts(path).into_iter().take_while(|p| !open(p)).collect();
            let word =
                path.strip_suffix('*').map(|p| p.trim_start_matches('/')).filter(|p| prefix.is_empty() && !open(p));
            prefix.extend(word.filter(|p| !p.is_empty() && !p.contains('/')));
            if prefix.is_empty()
                || path_of(cx, detail).is_some()
                || by_itself(cx, edge.to, &prefix)
                || written().next().is_none()
            {
                continue;
            }
            let grown = |e: &&Endpoint| {
                let own = parts(&e.path);
                let last = prefix.len() - 1;
                word.is_some() && own.get(last).is_some_and(|o| open(o) || o.starts_with(prefix[last]))
            };
            let fits = |from: usize| {
                written().any(|e| begins(&parts(&e.path), &prefix[from..])) || from == 0 && written().any(grown)
            };
            let whole = fits(0);
            // What is served without the first words may be reached by taking them away.
            if whole || !(1..prefix.len()).any(fits) {
                files.entry((edge.from, &detail.at.path)).or_default().push((edge, detail, whole));
            }
        }
    }
    let mut out = Vec::new();
    for ((gateway, path), rules) in files {
        let whole = rules.iter().filter(|(_, _, whole)| *whole).count();
        let changes = cx.facts(path).iter().any(|f| REWRITES.iter().any(|w| f.claim.to_string().contains(w)));
        let missing: Vec<_> = rules.iter().filter(|(_, _, whole)| !whole).collect();
        if changes || whole == 0 || missing.len() > whole.div_ceil(2) {
            continue;
        }
        for (edge, detail, _) in missing {
            let (from, to) = (cx.name(gateway), cx.name(edge.to));
            let rule = &detail.operation;
            let own =
                served.get(&edge.to).into_iter().flatten().filter(|e| e.protocol == Protocol::Http && e.is_written());
            let Some(near) = own.min_by_key(|e| crate::keys::distance(&e.path, rule)) else { continue };
            let shown = near.asked_as();
            let mut draft = Draft::new(
                format!("{} {rule}", edge.key),
                &detail.at,
                format!("`{from}` forwards `{rule}` to `{to}`, where nothing has such a path"),
            )
            .why(format!(
                "The other rules of `{from}` hand their paths on as they are, and what they lead to serves them; `{to}` serves `{shown}` and \
                 nothing below `{rule}`: whoever asks `{from}` gets 404."
            ))
            .help(format!("forward what `{to}` serves, serve `{rule}`, or take the prefix away"))
            .about([edge.key.clone(), near.key.clone()])
            .certainty(Certainty::Inferred)
            .severity(if whole > 1 { Severity::Warning } else { Severity::Note })
            .open(format!("whether `{from}` changes the path"))
            .link(&detail.at, format!("`{from}` forwards `{rule}`"));
            for at in near.proof.iter().take(3) {
                draft = draft.link(at, format!("`{to}` serves `{shown}`"));
            }
            out.push(draft);
        }
    }
    out
}

/// Rules that take their own prefix away (nginx: a target that ends in a slash) where whatever is behind them serves below that prefix
/// and nothing without it.
///
/// A service's own name in front of its paths is taken away on purpose: only of a prefix that another rule of the same gateway keeps for
/// the same service, or that says nothing but that an API follows, is it said.
pub(crate) fn stripped(cx: &Cx<'_>, served: &BTreeMap<usize, Vec<&Endpoint>>) -> Vec<Draft> {
    const PLAIN: [&str; 5] = ["api", "rest", "graphql", "v1", "v2"];
    let mut out = Vec::new();
    let mut told = BTreeSet::new();
    for edge in cx.graph.edges.iter().filter(|e| e.kind == EdgeKind::Http) {
        let Some(endpoints) = served.get(&edge.to).filter(|_| cx.node(edge.to).kind == NodeKind::Service) else {
            continue;
        };
        for detail in edge.details.iter().filter(|d| d.is_rule() && d.at.by == "nginx") {
            let path = detail.operation.rsplit(' ').next().unwrap_or_default();
            let Some(prefix) =
                path.strip_suffix("/*").map(|p| p.trim_matches('/')).filter(|p| !p.is_empty() && !p.contains('/'))
            else {
                continue;
            };
            if !bare(cx, detail) || open(prefix) {
                continue;
            }
            let http: Vec<Vec<&str>> = endpoints
                .iter()
                .filter(|e| e.protocol == Protocol::Http && e.is_written())
                .map(|e| parts(&e.path))
                .collect();
            // What takes one part alone takes none of the paths that are cut.
            let vague = |p: &Vec<&str>| p.iter().any(|f| f.contains('*')) || p.len() > 1 && open(p[0]);
            let below: Vec<&Vec<&str>> =
                http.iter().filter(|p| p.len() > 1 && p[0].eq_ignore_ascii_case(prefix)).collect();
            let without = |own: &[&str]| http.iter().any(|p| p.first().is_some_and(|f| f.eq_ignore_ascii_case(own[1])));
            let keeps = |d: &&Detail| {
                let own = d.operation.rsplit(' ').next().unwrap_or_default();
                let own = own.trim_end_matches('*').trim_matches('/');
                d.is_rule()
                    && d.at.path == detail.at.path
                    && !own.is_empty()
                    && path_of(cx, d).is_some_and(|p| p.trim_matches('/') == own)
            };
            let fellow = edge.details.iter().find(keeps);
            let plain = PLAIN.contains(&prefix.to_ascii_lowercase().as_str());
            if below.is_empty()
                || http.iter().any(vague)
                || below.iter().any(|own| without(own))
                || below.len() * 2 < http.len()
                || !(plain || fellow.is_some())
                || !told.insert((detail.at.path.clone(), detail.at.at.line))
            {
                continue;
            }
            let (from, to) = (cx.name(edge.from), cx.name(edge.to));
            let shown = format!("/{}", below[0].join("/"));
            let near = endpoints.iter().find(|e| parts(&e.path) == *below[0]);
            let mut draft = Draft::new(
                format!("{} {} stripped", edge.key, detail.operation),
                &detail.at,
                format!("`{from}` takes `/{prefix}` away from what it forwards to `{to}`, which serves nothing without it"),
            )
            .why(format!(
                "A target that ends in a slash replaces what the rule matched: `{shown}` arrives as `/{}`, and no endpoint of `{to}` begins so.                  Whoever asks `{from}` gets 404.",
                below[0][1..].join("/")
            ))
            .help(format!("forward to `/{prefix}/` of `{to}`, or leave the slash at the end of the target away"))
            .about([edge.key.clone()])
            .certainty(detail.certainty)
            .link(&detail.at, format!("`/{prefix}/` is replaced by `/`"));
            if let Some(fellow) = fellow {
                draft = draft.link(&fellow.at, format!("`{}` is kept for the same service", fellow.operation));
            }
            for at in near.into_iter().flat_map(|e| e.proof.iter()).take(3) {
                draft = draft.link(at, format!("`{to}` serves `{shown}`"));
            }
            for evidence in near.map(|e| mounts(cx, e)).into_iter().flatten().take(2) {
                draft = draft.link(&evidence, format!("routes of `{to}` are mounted here"));
            }
            out.push(draft);
        }
    }
    out
}

/// Whether a rule's target is a host and a slash.
fn bare(cx: &Cx<'_>, detail: &Detail) -> bool {
    cx.facts(&detail.at.path).iter().filter(|f| f.at == detail.at.at).any(|f| match &f.claim {
        Claim::Route(route) => {
            let text = route.target.to_string();
            text.split_once("://").is_some_and(|(_, rest)| rest.find('/').is_some_and(|at| at + 1 == rest.len()))
        }
        _ => false,
    })
}

/// Words by which gateways are told to change a path.
const REWRITES: [&str; 10] = [
    "StripPrefix",
    "RewritePath",
    "SetPath",
    "PrefixPath",
    "pathRewrite",
    "stripPrefix",
    "strip_path",
    "rewrite-target",
    "replacePath",
    "rewrite",
];

/// The path that a rule says behind the gateway, up to its first part that is not known; none where it says no path.
fn path_of(cx: &Cx<'_>, detail: &Detail) -> Option<String> {
    let at = &detail.at;
    let route = cx.facts(&at.path).iter().find_map(|f| match &f.claim {
        Claim::Route(route) if f.at == at.at && detail.is_rule() => Some(route),
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

/// Where the callee's code says what the path of an endpoint begins with.
pub(crate) fn mounts(cx: &Cx<'_>, endpoint: &Endpoint) -> Vec<Evidence> {
    let begins = |prefix: &str| {
        let prefix = parts(prefix);
        !prefix.is_empty() && parts(&endpoint.path).windows(prefix.len()).any(|own| own == prefix.as_slice())
    };
    let of = |(path, fact): (&SmolStr, &Fact)| match &fact.claim {
        Claim::Mount(mount) if mount.prefix.as_text().is_some_and(|t| begins(&t)) => {
            Some(cx.evidence(path, fact, fact.claim.to_string()))
        }
        _ => None,
    };
    cx.own_facts(endpoint.node).filter_map(of).collect()
}
