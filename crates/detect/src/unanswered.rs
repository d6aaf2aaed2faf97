//! Requests whose host is not known, and whose path is nearly that of one endpoint that nobody asks. A host that comes from a
//! browser's or a gateway's configuration leaves only the path to tell who is meant; when one side of it changes, nobody is.
//!
//! Invariant: nothing answers the request as it is written, and one endpoint without a caller has the same path but for one
//! part, or the same path for another method. Other requests of the same file that this service does answer make it likely;
//! without them the part has to be spelled nearly alike.

use crate::keys::is_ours;
use crate::paths::{alike, by_itself, fits, open, parts};
use crate::{Cx, Draft, Severity};
use seam_facts::{Call, Claim, How, Key, Protocol, SmolStr};
use seam_graph::{Certainty, EdgeKind, Endpoint, Unresolved, is_test};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// How a request differs from an endpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unlike {
    /// One part, nearly in the same spelling.
    Letters,
    /// One part, altogether.
    Part,
    Method,
}

/// A request that nobody is known to get.
struct Request<'a> {
    of: &'a Unresolved,
    method: &'a str,
    path: &'a str,
    parts: Vec<&'a str>,
    /// What the host is kept in, when that is one name: `january` of `{january}/embeds`.
    host: String,
}

pub fn unanswered(cx: &Cx<'_>) -> Vec<Draft> {
    let mut by_file: BTreeMap<&SmolStr, Vec<Request<'_>>> = BTreeMap::new();
    for request in cx.graph.unresolved.iter().filter_map(|u| request(cx, u)) {
        by_file.entry(&request.of.at.path).or_default().push(request);
    }
    if by_file.is_empty() {
        return Vec::new();
    }
    let asked: HashSet<&Key> = cx.operations().filter_map(|(_, _, d)| d.endpoint.as_ref()).collect();
    let http = cx.graph.endpoints.iter().filter(|e| e.protocol == Protocol::Http && e.is_written());
    let served: Vec<(&Endpoint, Vec<&str>)> = http.map(|e| (e, parts(&e.path))).collect();
    let mut out = Vec::new();
    for (path, requests) in by_file {
        let known = answering(cx, path);
        let same_method = |e: &Endpoint, r: &Request<'_>| e.method.as_deref().is_none_or(|m| m == r.method);
        let answered = |r: &&Request<'_>| served.iter().any(|(e, own)| same_method(e, r) && fits(own, &r.parts));
        let lost = requests.iter().filter(|r| !answered(r));
        let alone = lost.map(|r| (r.method, r.path)).collect::<BTreeSet<_>>().len() == 1;
        for request in &requests {
            if answered(&request) {
                continue;
            }
            let free = served.iter().filter(|(e, own)| {
                let begins = own.first().is_some_and(|p| !open(p)) && !e.path.contains('*');
                begins && e.node != request.of.node && !asked.contains(&e.key) && !is_test(&e.proof.first().path)
            });
            let near: Vec<(&Endpoint, Unlike)> = free
                .filter_map(|(e, own)| {
                    let named = || request.host == crate::keys::squash(cx.name(e.node));
                    let kind = unlike(e, own, request).or_else(|| misspelt(e, own, request).filter(|_| named()))?;
                    Some((*e, kind))
                })
                // What a framework serves unseen; not where the service writes such endpoints itself.
                .filter(|(e, _)| !by_itself(cx, e.node, &request.parts) || by_itself(cx, e.node, &parts(&e.path)))
                .collect();
            let of = |kind: Unlike| near.iter().filter(move |(_, k)| *k == kind).map(|(e, _)| *e);
            let family = |e: &&Endpoint| known.contains(&(request.of.node, e.node));
            let letters = only(of(Unlike::Letters));
            // Two words that tell, and the one service which the caller is known to ask: that is where it is meant to go.
            let calls = |e: &&Endpoint| {
                let asks = |edge: &usize| cx.edge(*edge).to == e.node && cx.edge(*edge).kind == EdgeKind::Http;
                let words = parts(&e.path);
                let telling =
                    words.iter().filter(|p| !open(p) && !BEGINNINGS.contains(&p.to_ascii_lowercase().as_str()));
                telling.count() > 2 && cx.outgoing(request.of.node).iter().any(asks)
            };
            let part = || only(of(Unlike::Part)).filter(|e| family(e) || calls(e)).filter(|_| alone);
            let method = || only(of(Unlike::Method)).filter(family);
            let found = letters.or_else(|| if of(Unlike::Letters).next().is_none() { part() } else { None });
            let found = found.map(|e| (e, false)).or_else(|| method().filter(|_| found.is_none()).map(|e| (e, true)));
            out.extend(found.map(|(e, method)| draft(cx, request, e, method)));
        }
    }
    out
}

/// A request that code states, as far as its path is known.
fn request<'a>(cx: &Cx<'a>, of: &'a Unresolved) -> Option<Request<'a>> {
    let at = &of.at;
    if of.what != "http call" || !of.value.contains('{') || is_test(&at.path) {
        return None;
    }
    let call = cx.facts(&at.path).iter().find_map(|f| match &f.claim {
        Claim::Call(call) if f.at == at.at && f.how == How::Stated => Some(call),
        _ => None,
    });
    let call: &'a Call = call.filter(|_| is_ours(cx.node(of.node).kind))?;
    let rest = of.value.split_once("://").map_or(of.value.as_str(), |(_, r)| r);
    // A host without a hole is one that nothing here is called.
    let (host, _) = rest.split_once('/').filter(|(host, _)| host.contains('{'))?;
    let path = &rest[host.len()..];
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let parts = parts(path);
    let begins = parts.first().is_some_and(|p| !open(p));
    let host = host.strip_prefix('{').and_then(|h| h.strip_suffix('}')).map(crate::keys::squash).unwrap_or_default();
    begins.then_some(Request { of, method: call.method.as_deref()?, path, parts, host })
}

/// Callers and callees of the requests of one file that are answered.
fn answering(cx: &Cx<'_>, path: &str) -> BTreeSet<(usize, usize)> {
    let here =
        cx.operations().filter(|(_, e, d)| e.kind == EdgeKind::Http && d.at.path == path && d.endpoint.is_some());
    here.map(|(_, e, _)| (e.from, e.to)).collect()
}

fn unlike(endpoint: &Endpoint, own: &[&str], request: &Request<'_>) -> Option<Unlike> {
    let call = &request.parts;
    let method = endpoint.method.as_deref()?;
    let same = |o: &str, c: &str| !open(o) && o.eq_ignore_ascii_case(c);
    if own.len() != call.len() || !own.iter().zip(call).any(|(o, c)| same(o, c)) {
        return None;
    }
    if method != request.method {
        let whole = own.iter().zip(call).all(|(o, c)| open(o) == open(c));
        return (whole && fits(own, call)).then_some(Unlike::Method);
    }
    let mut differ = own.iter().zip(call).enumerate().filter(|(_, (o, c))| !(same(o, c) || open(o) && open(c)));
    let (at, (o, c)) = differ.next().filter(|_| differ.next().is_none())?;
    if open(o) || open(c) {
        return None;
    }
    // Another word in the middle is another thing; and what every path begins with tells nothing.
    let last = own.iter().rposition(|p| !open(p)) == Some(at);
    let telling = own[..at].iter().any(|p| !open(p) && !BEGINNINGS.contains(&p.to_ascii_lowercase().as_str()));
    match alike(own, call) {
        true => Some(Unlike::Letters),
        false if last && telling => Some(Unlike::Part),
        false => None,
    }
}

/// A path of one part, in nearly the same spelling: it says enough only where the host is kept under the service's own name.
fn misspelt(endpoint: &Endpoint, own: &[&str], request: &Request<'_>) -> Option<Unlike> {
    let ([a], [b]) = (own, request.parts.as_slice()) else { return None };
    let same_method = endpoint.method.as_deref() == Some(request.method);
    let close = a.len() > 3 && a != b && crate::keys::distance(a, b) <= 1;
    (same_method && close && !open(a) && !open(b)).then_some(Unlike::Letters)
}

/// Parts that paths of many services begin with.
pub(crate) const BEGINNINGS: [&str; 7] = ["api", "v1", "v2", "v3", "rest", "public", "internal"];

fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    all.next().filter(|_| all.next().is_none())
}

fn draft(cx: &Cx<'_>, request: &Request<'_>, near: &Endpoint, method: bool) -> Draft {
    let (from, to) = (cx.name(request.of.node), cx.name(near.node));
    let shown = near.asked_as();
    let wanted = format!("{} {}", request.method, request.path);
    let why = if method {
        format!(
            "`{to}` serves this path for another method only, `{shown}`, which nobody asks for: the call is refused (405)."
        )
    } else {
        format!(
            "Where `{from}` sends it is set outside of this code; whoever gets it, nothing here serves `{wanted}`. \
             `{shown}` of `{to}` is the same but for one part, and nobody asks for it: the call ends in 404."
        )
    };
    Draft::new(
        format!("{} {from} {wanted}", near.key),
        &request.of.at,
        format!("`{from}` calls `{wanted}`, which no endpoint answers; `{to}` serves `{shown}`"),
    )
    .why(why)
    .help(format!("did you mean `{shown}`? call that, or serve `{wanted}`"))
    .about([cx.node(request.of.node).key.clone(), near.key.clone()])
    .certainty(Certainty::Inferred)
    .severity(Severity::Warning)
    .open(format!("the host of `{}`", request.of.value))
    .link(&request.of.at, format!("`{from}` calls `{wanted}`"))
    .link(near.proof.first(), format!("`{to}` serves `{shown}`"))
}
