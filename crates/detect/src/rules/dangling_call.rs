//! Calls that no endpoint of the service they go to answers. See `dangling_call.md`.

use crate::keys::distance as edits;
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, How, Protocol};
use seam_graph::{Certainty, Detail, Edge, EdgeKind, Endpoint, NodeKind, is_test};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "dangling-call",
    group: Group::Contract,
    severity: Severity::Error,
    nursery: false,
    hypothesis: false,
    page: include_str!("dangling_call.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut served: BTreeMap<usize, Vec<&Endpoint>> = BTreeMap::new();
    for endpoint in &cx.graph.endpoints {
        served.entry(endpoint.node).or_default().push(endpoint);
    }
    let mut seen = BTreeSet::new();
    for (operation, edge, detail) in cx.operations() {
        // What a proxy forwards is a prefix, and says nothing of single paths.
        let called = detail.at.says.starts_with("call ");
        if detail.endpoint.is_some() || !called || is_test(&detail.at.path) {
            continue;
        }
        let Some(endpoints) = served.get(&edge.to).filter(|_| cx.node(edge.to).kind == NodeKind::Service) else {
            continue;
        };
        let found = match edge.kind {
            EdgeKind::Http => http(cx, edge, detail, endpoints),
            EdgeKind::Grpc => grpc(detail, endpoints),
            _ => None,
        };
        let Some((nearest, wrong)) = found else { continue };
        let subject = format!("{} {}", edge.key, detail.operation);
        if !seen.insert((subject.clone(), detail.at.path.clone())) {
            continue;
        }
        out.push(draft(cx, edge, detail, nearest, wrong, subject).certainty(cx.detail(operation).certainty));
    }
}

fn draft(cx: &Cx<'_>, edge: &Edge, detail: &Detail, nearest: &Endpoint, wrong: Wrong, subject: String) -> Draft {
    let (from, to) = (cx.name(edge.from), cx.name(edge.to));
    let shown = nearest.asked_as();
    let message = format!("`{from}` calls `{}` of `{to}`, which no endpoint answers", detail.operation);
    let why = match wrong {
        Wrong::Method => {
            format!("`{to}` serves this path for another method only, `{shown}`: the call is refused (405).")
        }
        Wrong::Path => {
            format!("Every endpoint of `{to}` has another path; the nearest is `{shown}`: the call ends in 404.")
        }
        Wrong::Rpc => format!(
            "`{to}` serves the service, and no method of this name; the nearest is `{shown}`: the call ends in UNIMPLEMENTED."
        ),
    };
    let mut draft = Draft::new(subject, &detail.at, message)
        .why(why)
        .help(format!("did you mean `{shown}`? call that, or serve `{}`", detail.operation))
        .about([edge.key.clone(), nearest.key.clone()])
        .link(&detail.at, format!("`{from}` calls `{}`", detail.operation));
    for evidence in edge.proof.iter().filter(|e| e.path != detail.at.path).take(1) {
        draft = draft.link(evidence, format!("the address is `{to}`"));
    }
    draft.link(nearest.proof.first(), format!("`{to}` serves `{shown}`"))
}

#[derive(Clone, Copy)]
enum Wrong {
    Method,
    Path,
    Rpc,
}

/// An HTTP request whose path or method nothing answers, with the nearest endpoint.
fn http<'e>(cx: &Cx<'_>, edge: &Edge, detail: &Detail, endpoints: &[&'e Endpoint]) -> Option<(&'e Endpoint, Wrong)> {
    let (method, path) = detail.operation.split_once(' ').unwrap_or(("", &detail.operation));
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    if parts.first().is_none_or(|p| open(p)) || by_itself(&parts) {
        return None;
    }
    let http: Vec<&Endpoint> =
        endpoints.iter().copied().filter(|e| e.protocol == Protocol::Http && e.is_written()).collect();
    // One that takes everything below a path, or whose path begins with something unknown, may answer what it likes.
    let vague = |e: &&Endpoint| e.path.contains('*') || e.path.trim_start_matches('/').starts_with(['{', ':']);
    if http.is_empty() || http.iter().any(vague) || edge.certainty != Certainty::Stated || forwards(cx, edge.to) {
        return None;
    }
    // Where little is known of the callee, only a path that is nearly one of its own tells something.
    let known = http.len() > 1 && understood(cx, edge);
    let of = |e: &Endpoint| e.path.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect::<Vec<String>>();
    let same_method = |e: &Endpoint| method.is_empty() || e.method.as_deref().is_none_or(|m| m == method);
    let whole = http.iter().find(|e| fits(&refs(&of(e)), &parts));
    if let Some(other) = whole {
        // Another method: open parts of the path may still name another endpoint with this one.
        let loose = http.iter().any(|e| same_method(e) && fits_open(&refs(&of(e)), &parts));
        let plain = !matches!(method, "OPTIONS" | "HEAD");
        return (!loose && plain && stated(cx, detail) && !parts.iter().any(|p| p.contains('{') && !whole_hole(p)))
            .then_some((*other, Wrong::Method));
    }
    // A prefix that a proxy takes away, or that a router adds where it was not seen.
    let tail = |long: &[&str], short: &[&str]| {
        long.len() > short.len() && {
            let end = &long[long.len() - short.len()..];
            fits(end, short) && end.iter().zip(short).any(|(a, b)| !open(a) && !open(b))
        }
    };
    for endpoint in &http {
        let own = of(endpoint);
        let own = refs(&own);
        // The root of a group of routes is often mapped by a declaration without a path of its own.
        let root = own.len() > parts.len() && fits(&own[..parts.len()], &parts);
        if root || fits_open(&own, &parts) || tail(&own, &parts) || tail(&parts, &own) {
            return None;
        }
    }
    let mut near: Vec<(usize, bool, &Endpoint)> = http
        .iter()
        .filter_map(|e| {
            let own = of(e);
            Some((distance(&refs(&own), &parts)?, !same_method(e), *e))
        })
        .collect();
    if !known {
        near.retain(|(_, _, e)| alike(&refs(&of(e)), &parts));
    }
    near.sort_by_key(|(d, other, e)| (*d, *other, e.key.clone()));
    near.first().map(|(_, _, e)| (*e, Wrong::Path))
}

fn forwards(cx: &Cx<'_>, node: usize) -> bool {
    cx.own_facts(node).any(|(_, f)| matches!(f.claim, Claim::Route(_)))
}

/// Whether enough is known of what the callee serves: another call finds its endpoint.
fn understood(cx: &Cx<'_>, edge: &Edge) -> bool {
    let answered = |e: &usize| {
        let edge = cx.edge(*e);
        edge.kind == EdgeKind::Http && edge.details.iter().any(|d| d.endpoint.is_some())
    };
    cx.incoming(edge.to).iter().any(answered)
}

/// Whether code says the method itself, rather than a library's documentation.
fn stated(cx: &Cx<'_>, detail: &Detail) -> bool {
    let at = &detail.at;
    cx.facts(&at.path).iter().any(|f| f.at == at.at && f.how == How::Stated && matches!(f.claim, Claim::Call(_)))
}

/// A method that the callee's gRPC service does not have.
fn grpc<'e>(detail: &Detail, endpoints: &[&'e Endpoint]) -> Option<(&'e Endpoint, Wrong)> {
    let (service, method) = detail.operation.rsplit_once('/')?;
    if method.is_empty() || method.contains(['*', '{', '<']) {
        return None;
    }
    let last = |s: &str| s.trim_start_matches('/').rsplit(['.', '/']).next().unwrap_or("").to_ascii_lowercase();
    let squashed = |s: &str| s.replace('_', "").to_ascii_lowercase();
    let of_service: Vec<(&str, &Endpoint)> = endpoints
        .iter()
        .filter(|e| e.protocol == Protocol::Grpc)
        .filter_map(|e| e.path.rsplit_once('/').filter(|(s, _)| last(s) == last(service)).map(|(_, m)| (m, *e)))
        .collect();
    // The methods of the health service say nothing of those of another.
    let of_service: Vec<_> = of_service.into_iter().filter(|(m, _)| !matches!(*m, "Check" | "Watch")).collect();
    let known = |m: &str| squashed(m) == squashed(method) || m.contains(['*', '{']);
    if of_service.is_empty() || of_service.iter().any(|(m, _)| known(m)) {
        return None;
    }
    of_service.into_iter().min_by_key(|(m, e)| (edits(m, method), e.key.clone())).map(|(_, e)| (e, Wrong::Rpc))
}

fn refs(parts: &[String]) -> Vec<&str> {
    parts.iter().map(String::as_str).collect()
}

fn open(part: &str) -> bool {
    part.contains(['{', '*', '$', ':', '<'])
}

fn whole_hole(part: &str) -> bool {
    part.starts_with('{') && part.ends_with('}')
}

/// Paths that frameworks, proxies and side doors serve without anybody writing a handler.
fn by_itself(parts: &[&str]) -> bool {
    const SIDE: [&str; 24] = [
        "health",
        "healthz",
        "healthcheck",
        "ready",
        "readyz",
        "readiness",
        "live",
        "livez",
        "liveness",
        "ping",
        "status",
        "metrics",
        "actuator",
        "swagger",
        "swagger-ui",
        "docs",
        "openapi",
        "graphql",
        "static",
        "assets",
        "public",
        "auth",
        "oauth",
        "connect",
    ];
    let side = |p: &&str| {
        let p = p.to_ascii_lowercase();
        SIDE.contains(&p.as_str()) || p.starts_with(['_', '.']) || p.starts_with("api-docs")
    };
    let file = parts.last().is_some_and(|p| !open(p) && p.contains('.'));
    file || parts.iter().any(side) || parts.contains(&"login") || parts.contains(&"logout")
}

/// Part by part: literals equal, a hole of either side stands for one part.
fn fits(own: &[&str], call: &[&str]) -> bool {
    own.len() == call.len() && own.iter().zip(call).all(|(o, c)| open(o) || open(c) || o.eq_ignore_ascii_case(c))
}

/// A hole of the call may stand for any number of parts.
fn fits_open(own: &[&str], call: &[&str]) -> bool {
    match call {
        [] => own.is_empty(),
        [hole, rest @ ..] if open(hole) => (0..=own.len()).any(|n| fits_open(&own[n..], rest)),
        [word, rest @ ..] => own
            .split_first()
            .is_some_and(|(o, more)| (open(o) || o.eq_ignore_ascii_case(word)) && fits_open(more, rest)),
    }
}

/// The same path but for one part, which both sides write out and spell nearly alike.
fn alike(own: &[&str], call: &[&str]) -> bool {
    let same = |o: &str, c: &str| o.eq_ignore_ascii_case(c) || open(o) && open(c);
    let unlike: Vec<(&&str, &&str)> = own.iter().zip(call).filter(|(o, c)| !same(o, c)).collect();
    let [(o, c)] = unlike.as_slice() else { return false };
    let near =
        edits(o, c) * 3 <= o.len().max(c.len()) || o.len().min(c.len()) > 3 && (o.contains(**c) || c.contains(**o));
    own.len() == call.len() && !open(o) && !open(c) && near
}

/// How far a call's path is from an endpoint's; `None` where they have nothing in common.
fn distance(own: &[&str], call: &[&str]) -> Option<usize> {
    let mut same = 0;
    let mut far = own.len().abs_diff(call.len()) * 4;
    for (o, c) in own.iter().zip(call) {
        if o.eq_ignore_ascii_case(c) {
            same += 1;
        } else if !(open(o) && open(c)) {
            let edits = edits(o, c);
            same += usize::from(!open(o) && !open(c) && edits * 3 <= o.len().max(c.len()));
            far += edits;
        }
    }
    (same > 0).then_some(far)
}
