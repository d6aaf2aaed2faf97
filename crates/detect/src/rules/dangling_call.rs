//! Calls that no endpoint of the service they go to answers. See `dangling_call.md`.

use crate::documents::protos;
use crate::forwarded::{forwarded, mounts, stripped, unchanged};
use crate::gated::gated;
use crate::keys::{distance as edits, squash};
use crate::methods::{Contract, undeclared, vague};
use crate::paths::{alike, by_itself, fits, open, parts};
use crate::unanswered::{BEGINNINGS, unanswered};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, How, Key, Protocol, SmolStr};
use seam_graph::{Certainty, Detail, Edge, EdgeKind, Endpoint, NodeKind, is_test};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

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
    let answers = cx.operations().filter(|(_, _, d)| d.endpoint.is_some());
    let answered: HashSet<(&SmolStr, u32)> = answers.map(|(_, _, d)| (&d.at.path, d.at.at.line)).collect();
    // A gateway's rule asks for nothing; whoever is passed on by it does.
    let callers = cx.operations().filter(|(_, _, d)| !d.is_rule()).filter_map(|(_, _, d)| d.endpoint.as_ref());
    let behind = cx.passed().iter().flat_map(|p| p.endpoints.iter().map(|e| &cx.graph.endpoints[*e].key));
    let asked: HashSet<&Key> = callers.chain(behind).collect();
    let mut seen = BTreeSet::new();
    let contracts: OnceCell<Vec<Contract<'_>>> = OnceCell::new();
    for (operation, edge, detail) in cx.operations() {
        // What a proxy forwards is a prefix, and says nothing of single paths.
        let called = detail.at.says.starts_with("call ");
        if edge.kind == EdgeKind::Grpc && called && !is_test(&detail.at.path) && vague(cx, detail) {
            out.extend(undeclared(cx, edge, detail, contracts.get_or_init(|| protos(cx).collect())));
        }
        let called = called || edge.kind == EdgeKind::Tcp;
        if detail.endpoint.is_some() || !called || is_test(&detail.at.path) {
            continue;
        }
        let Some(endpoints) = served.get(&edge.to).filter(|_| cx.node(edge.to).kind == NodeKind::Service) else {
            continue;
        };
        let found = match edge.kind {
            EdgeKind::Http => {
                let elsewhere = answered.contains(&(&detail.at.path, detail.at.at.line));
                http(cx, edge, detail, endpoints, (&asked, elsewhere))
            }
            EdgeKind::Grpc => grpc(detail, endpoints),
            EdgeKind::Tcp => pattern(detail, endpoints),
            _ => None,
        };
        let Some((nearest, wrong)) = found else { continue };
        let subject = format!("{} {}", edge.key, detail.operation);
        if !seen.insert((subject.clone(), detail.at.path.clone())) {
            continue;
        }
        out.push(draft(cx, edge, detail, nearest, wrong, subject).certainty(cx.detail(operation).certainty));
    }
    gated(cx, &served, &asked, out);
    out.extend(forwarded(cx, &served));
    out.extend(unchanged(cx, &served));
    out.extend(stripped(cx, &served));
    out.extend(unanswered(cx));
}

pub(crate) fn draft(
    cx: &Cx<'_>,
    edge: &Edge,
    detail: &Detail,
    nearest: &Endpoint,
    wrong: Wrong,
    subject: String,
) -> Draft {
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
        Wrong::Unknown => format!(
            "No endpoint of `{to}` has such a path, nor does anything else in its code say so: the call ends in 404."
        ),
        Wrong::Longer => format!(
            "`{to}` serves `{shown}` and nothing shorter: unless something between the two adds what is missing, the call ends in 404."
        ),
        Wrong::Rpc => format!(
            "`{to}` serves the service, and no method of this name; the nearest is `{shown}`: the call ends in UNIMPLEMENTED."
        ),
        Wrong::Pattern => format!(
            "No handler of `{to}` waits for it; the nearest is `{shown}`: the caller gets an error that says so, or waits in vain."
        ),
    };
    let help = match wrong {
        Wrong::Unknown => format!("call an endpoint of `{to}`, or serve `{}`", detail.operation),
        Wrong::Method | Wrong::Path | Wrong::Longer | Wrong::Rpc | Wrong::Pattern => {
            format!("did you mean `{shown}`? call that, or serve `{}`", detail.operation)
        }
    };
    let told = detail.told_at();
    let mut draft = Draft::new(subject, told, message)
        .why(why)
        .help(help)
        .about([edge.key.clone(), nearest.key.clone()])
        .link(told, format!("`{from}` calls `{}`", detail.operation));
    if told != &detail.at {
        draft = draft.link(&detail.at, "the request is made here".to_owned());
    }
    for evidence in edge.proof.iter().filter(|e| e.path != detail.at.path).take(1) {
        draft = draft.link(evidence, format!("the address is `{to}`"));
    }
    draft = draft.link(nearest.proof.first(), format!("`{to}` serves `{shown}`"));
    // What the path begins with may stand elsewhere.
    for evidence in nearest.proof.iter().skip(1).take(3) {
        draft = draft.link(evidence, format!("`{shown}` is made here too"));
    }
    for evidence in mounts(cx, nearest).into_iter().take(2) {
        draft = draft.link(&evidence, format!("routes of `{to}` are mounted here"));
    }
    match wrong {
        Wrong::Unknown => draft.severity(Severity::Warning),
        Wrong::Longer => draft.severity(Severity::Note).open(format!("what stands between `{from}` and `{to}`")),
        Wrong::Method | Wrong::Path | Wrong::Rpc | Wrong::Pattern => draft,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    Method,
    Path,
    /// A path that has nothing in common with any.
    Unknown,
    /// A path that has parts more than the call.
    Longer,
    Rpc,
    /// A message that is answered, which no handler waits for.
    Pattern,
}

/// An HTTP request whose path or method nothing answers, with the nearest endpoint.
pub(crate) fn http<'e>(
    cx: &Cx<'_>,
    edge: &Edge,
    detail: &Detail,
    endpoints: &[&'e Endpoint],
    (asked, elsewhere): (&HashSet<&Key>, bool),
) -> Option<(&'e Endpoint, Wrong)> {
    let (method, path) = detail.operation.split_once(' ').unwrap_or(("", &detail.operation));
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let mut parts: Vec<&str> = parts(path);
    let root = parts.is_empty() && path == "/";
    if !root && parts.first().is_none_or(|p| open(p)) || forwards(cx, edge.to) || by_itself(cx, edge.to, &parts) {
        return None;
    }
    let http: Vec<Served<'e>> =
        endpoints.iter().filter(|e| e.protocol == Protocol::Http && e.is_written()).map(|e| Served::of(e)).collect();
    let same_method = |e: &Served<'_>| method.is_empty() || e.at.method.as_deref().is_none_or(|m| m == method);
    if http.iter().any(|e| same_method(e) && e.takes_all_below(&parts)) {
        return None;
    }
    let turned = |own: &[&str]| crosses(own, &parts) && understood(cx, edge);
    if let Some(other) = http.iter().find(|e| fits(&e.parts, &parts) && !turned(&e.parts)) {
        // Another method: open parts of the path may still name another endpoint with this one.
        face(&other.parts, &mut parts);
        let loose = http.iter().any(|e| same_method(e) && fits_open(&e.parts, &parts));
        let plain = !matches!(method, "OPTIONS" | "HEAD");
        return (!loose && plain && stated(cx, detail) && !parts.iter().any(|p| p.contains('{') && !whole_hole(p)))
            .then_some((other.at, Wrong::Method));
    }
    if root {
        return None;
    }
    // Behind a word that is the callee's own name, as a gateway takes it away, the very path of another method.
    if let [word, rest @ ..] = parts.as_slice()
        && squash(word) == squash(cx.name(edge.to))
        && !method.is_empty()
        && understood(cx, edge)
        && stated(cx, detail)
    {
        let (mut rest, own) = (rest.to_vec(), |e: &&Served<'_>| !e.parts.is_empty());
        let other = http.iter().filter(own).find(|e| {
            let mut faced = rest.clone();
            face(&e.parts, &mut faced);
            e.parts.len() == rest.len()
                && e.parts.iter().zip(&faced).all(|(o, c)| *c == ONE || o.eq_ignore_ascii_case(c))
        });
        if let Some(other) = other {
            face(&other.parts, &mut rest);
            let taken = http.iter().any(|e| same_method(e) && (fits_open(&e.parts, &rest) || e.takes_all()));
            if !taken {
                return Some((other.at, Wrong::Method));
            }
        }
    }
    // The same path and method but for one part in nearly the same spelling: nothing else that the callee may serve
    // unseen is likelier to be meant. A path without a method is the beginning of others.
    let alike = http.iter().filter(|e| !method.is_empty() && same_method(e) && alike(&e.parts, &parts));
    let alike = alike.min_by_key(|e| (distance(&e.parts, &parts), e.at.key.clone()));
    if let Some(near) = alike {
        face(&near.parts, &mut parts);
        let other = http.iter().any(|e| same_method(e) && fits_open(&e.parts, &parts));
        return (!other).then_some((near.at, Wrong::Path));
    }
    // What the callee serves is longer by a part that the call does not have: seen in its code, so it is there.
    if let Some(found) = longer(cx, edge, detail, &http, (method, &parts)).filter(|_| !elsewhere) {
        return Some(found);
    }
    // Without such a likeness, what the callee serves has to be known. One that takes everything, or whose path begins with
    // something unknown, may answer what it likes.
    // What is served at the root says nothing of other paths.
    let vague = |e: &Served<'_>| e.takes_all() || e.parts.first().is_some_and(|p| open(p));
    let sure = edge.certainty == Certainty::Stated || understood(cx, edge);
    let known = sure && http.iter().any(|e| !e.parts.is_empty() && !by_itself(cx, edge.to, &e.parts));
    if !crate::keys::is_ours(cx.node(edge.from).kind) {
        return None;
    }
    if !known || http.iter().any(vague) {
        // All that is served is one part long, or nothing at all: a path of other words is none of them.
        let short = |e: &Served<'_>| e.parts.len() <= 1 && !e.takes_all() && e.parts.len() != parts.len();
        let named = !elsewhere && edge.certainty == Certainty::Stated && stated(cx, detail);
        let spelled = parts.iter().find(|p| !open(p));
        let new = spelled.filter(|word| named && http.iter().all(short) && !mentions(cx, edge.to, word));
        return new.and_then(|_| http.first()).map(|e| (e.at, Wrong::Unknown));
    }
    http.iter().for_each(|e| face(&e.parts, &mut parts));
    // A prefix that a proxy takes away, or that a router adds where it was not seen.
    let tail = |long: &[&str], short: &[&str]| {
        long.len() > short.len() && {
            let end = &long[long.len() - short.len()..];
            fits(end, short) && end.iter().zip(short).any(|(a, b)| !open(a) && !open(b))
        }
    };
    // Where requests beside it arrive as they are written, nothing takes parts away, and nobody else asks for what is left.
    let beside = |d: &Detail| d.endpoint.is_some() && d.at.path == detail.at.path && d.at.at.line != detail.at.at.line;
    let strayed = http.iter().find(|e| {
        !elsewhere
            && !method.is_empty()
            && same_method(e)
            && stated(cx, detail)
            && tail(&parts, &e.parts)
            && matches!(&parts[..parts.len() - e.parts.len()], [word] if !open(word) && !is_beginning(word))
            && !asked.contains(&e.at.key)
    });
    if let Some(found) = strayed.filter(|_| edge.details.iter().any(beside)) {
        return Some((found.at, Wrong::Path));
    }
    let free = free(cx, edge, detail, &http, asked, (method, &parts));
    for Served { parts: own, .. } in &http {
        // The root of a group of routes is often mapped by a declaration without a path of its own.
        let root = own.len() > parts.len() && fits(&own[..parts.len()], &parts);
        let fits = fits_open(own, &parts) && !(crosses(own, &parts) && understood(cx, edge));
        if root && free.is_none() || fits || tail(own, &parts) || tail(&parts, own) {
            return None;
        }
    }
    if let Some(free) = free.filter(|_| !elsewhere) {
        return Some((free, Wrong::Path));
    }
    // Parts that are missing or too many come before parts that differ.
    let near = http.iter().filter_map(|e| {
        let far = skipped(&e.parts, &parts).or_else(|| skipped(&parts, &e.parts)).or(distance(&e.parts, &parts))?;
        Some((far, !same_method(e), e.at))
    });
    let near = near.min_by_key(|(d, other, e)| (*d, *other, e.key.clone()));
    if let Some((_, _, near)) = near.filter(|_| http.len() > 1 && understood(cx, edge)) {
        return Some((near, Wrong::Path));
    }
    // Little in common with anything that is served: only where the callee's code does not have the word at all, and the
    // call is not meant for another service that its address may be of.
    let new = |p: &&&str| !open(p) && !http.iter().any(|e| e.parts.iter().any(|o| o.eq_ignore_ascii_case(p)));
    let new = parts.iter().find(new);
    let alone = !elsewhere && stated(cx, detail) && new.is_some_and(|word| !mentions(cx, edge.to, word));
    let path = parts.join("/");
    let any = http.iter().min_by_key(|e| (!same_method(e), edits(&e.parts.join("/"), &path), e.at.key.clone()));
    any.filter(|_| alone).map(|e| (e.at, Wrong::Unknown))
}

/// Whether a path may begin with a part wherever it leads.
fn is_beginning(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    let version = part.strip_prefix('v').is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()));
    version || BEGINNINGS.contains(&part.as_str())
}

/// The endpoint whose path is the call's with literal parts more before its last word (`/api/v2/orders/{id}` for `/orders/{id}`).
/// Where another call of the same file finds its endpoint, the client adds nothing that is not seen.
fn longer<'e>(
    cx: &Cx<'_>,
    edge: &Edge,
    detail: &Detail,
    http: &[Served<'e>],
    (method, parts): (&str, &[&str]),
) -> Option<(&'e Endpoint, Wrong)> {
    let same_method = |e: &&Served<'_>| !method.is_empty() && e.at.method.as_deref() == Some(method);
    let sure = edge.certainty == Certainty::Stated
        && stated(cx, detail)
        && !parts.iter().any(|p| p.contains('{') && !whole_hole(p));
    if !sure
        || http.iter().any(|e| e.takes_all() || e.parts.first().is_some_and(|p| open(p)) || fits_open(&e.parts, parts))
    {
        return None;
    }
    let last = parts.iter().rposition(|p| !open(p))?;
    let grown = |own: &[&str]| {
        let more = own.len().checked_sub(parts.len()).filter(|n| (1..=3).contains(n))?;
        (0..=last).find(|at| {
            own[*at..at + more].iter().all(|p| !open(p)) && fits(&[&own[..*at], &own[at + more..]].concat(), parts)
        })
    };
    let near =
        http.iter().filter(same_method).find(|e| grown(&e.parts).is_some() && !by_itself(cx, edge.to, &e.parts))?;
    let known = edge.details.iter().any(|d| d.endpoint.is_some() && d.at.path == detail.at.path);
    Some((near.at, if known { Wrong::Path } else { Wrong::Longer }))
}

/// The one endpoint that nobody asks for and that a call could be meant for by its method and the form of its path, of a callee
/// that is known to answer others.
fn free<'e>(
    cx: &Cx<'_>,
    edge: &Edge,
    detail: &Detail,
    http: &[Served<'e>],
    asked: &HashSet<&Key>,
    (method, parts): (&str, &[&str]),
) -> Option<&'e Endpoint> {
    let alike = |own: &[&str]| own.len() == parts.len() && own.iter().zip(parts).all(|(o, c)| open(o) == open(c));
    // A word more at the end than the call has: `/payments/{id}/settle`.
    // What stands for an identifier is one part; another hole at the end may be all that follows.
    let last = detail.operation.rsplit('/').next().unwrap_or_default().trim_end_matches('}').to_ascii_lowercase();
    let ends = !last.contains('{') || last.ends_with("id");
    let grown = |own: &[&str]| {
        ends && own.split_last().is_some_and(|(last, rest)| !open(last) && rest.len() > 1 && fits(rest, parts))
    };
    // The same parts in another order: `/orders/{id}/arrival` for `/orders/arrived/{id}`.
    let turned = |own: &[&str]| {
        let holes = |of: &[&str]| of.iter().filter(|p| open(p)).count();
        own.len() == parts.len() && parts.len() > 2 && own[0] == parts[0] && !open(own[0]) && holes(own) == holes(parts)
    };
    let form = |own: &[&str]| alike(own) || grown(own) || turned(own);
    let mut found = http.iter().filter(|e| {
        let of = e.at.method.as_deref() == Some(method) && form(&e.parts) && !asked.contains(&e.at.key);
        of && !e.parts.is_empty() && !by_itself(cx, edge.to, &e.parts)
    });
    found.next().filter(|_| found.next().is_none() && understood(cx, edge)).map(|e| e.at)
}

/// Whether a path would fit only by taking a word for an identifier in one place and an identifier for a word in another: nobody
/// asks `/orders/{id}/arrival` by `/orders/arrived/{id}`.
fn crosses(own: &[&str], call: &[&str]) -> bool {
    let pairs = || own.iter().zip(call);
    own.len() == call.len()
        && pairs().any(|(o, c)| open(o) && !open(c))
        && pairs().any(|(o, c)| !open(o) && (whole_hole(c) || *c == ONE))
}

/// An endpoint with its path in parts.
struct Served<'e> {
    at: &'e Endpoint,
    parts: Vec<&'e str>,
}

impl<'e> Served<'e> {
    fn of(at: &'e Endpoint) -> Self {
        Served { at, parts: parts(&at.path) }
    }

    /// A star between two slashes stands for one part, at the end for all that follows.
    fn star(&self) -> Option<usize> {
        let last = self.parts.len().checked_sub(1)?;
        self.parts.iter().enumerate().position(|(at, p)| p.contains('*') && (at == last || *p != "*"))
    }

    fn takes_all(&self) -> bool {
        self.star().is_some()
    }

    /// A route for everything below a path that the call is below.
    fn takes_all_below(&self, call: &[&str]) -> bool {
        let Some(star) = self.star() else { return false };
        let before = self.parts[star].split('*').next().unwrap_or_default();
        let literal = before.trim_end_matches(['{', '(', ':']).to_ascii_lowercase();
        let rest = || call.get(star).is_none_or(|c| open(c) || c.to_ascii_lowercase().starts_with(&literal));
        call.len() >= star && fits(&self.parts[..star], &call[..star]) && rest()
    }
}

/// What faces an open part of an endpoint that begins like the call is one part, whatever it is.
fn face(own: &[&str], call: &mut [&str]) {
    for (own, call) in own.iter().zip(call.iter_mut()) {
        if open(own) && whole_hole(call) {
            *call = ONE;
        } else if !open(own) && !own.eq_ignore_ascii_case(call) {
            break;
        }
    }
}

/// An open part of a call that stands for exactly one part.
const ONE: &str = ":";

/// Whether anything in the callee's code says a word as a part of a path.
fn mentions(cx: &Cx<'_>, node: usize, word: &str) -> bool {
    let in_path = |text: &str| {
        let parts = text.split(['"', '\'', '`', ' ', ',']).filter(|p| p.contains('/')).flat_map(|p| p.split('/'));
        parts.into_iter().any(|p| p.eq_ignore_ascii_case(word))
    };
    // What an address of another host says is a path there.
    let in_path = |text: &str| {
        let own = text.split(['"', '\'', '`', ' ', ',']).filter(|p| !p.contains("://"));
        in_path(&own.collect::<Vec<_>>().join(" "))
    };
    let this = cx.node(node);
    this.own.iter().chain(&this.libraries).flat_map(|path| cx.facts(path)).any(|f| match &f.claim {
        Claim::Call(_) | Claim::Module(_) | Claim::Depends(_) | Claim::Test(_) => false,
        Claim::Mount(mount) => mount.prefix.to_string().split('/').any(|p| p.eq_ignore_ascii_case(word)),
        claim => in_path(&claim.to_string()),
    })
}

/// Whether a service passes on what it is asked. The configuration of a proxy that lies in its folder is of a container of
/// its own, which stands before the service.
fn forwards(cx: &Cx<'_>, node: usize) -> bool {
    let code = !cx.node(node).languages.is_empty();
    // So are the rules of a cluster, whatever they are called like.
    const BEFORE: [&str; 4] = ["nginx", "kubernetes", "kustomize", "helm"];
    cx.own_facts(node).any(|(_, f)| matches!(f.claim, Claim::Route(_)) && !(code && BEFORE.contains(&f.by.as_str())))
}

/// Whether enough is known of what the callee serves: another call finds its endpoint.
fn understood(cx: &Cx<'_>, edge: &Edge) -> bool {
    let answered = |e: &usize| {
        let edge = cx.edge(*e);
        edge.kind == EdgeKind::Http && edge.details.iter().any(|d| d.endpoint.is_some())
    };
    let behind = || cx.passed().iter().flat_map(|p| &p.endpoints).any(|e| cx.graph.endpoints[*e].node == edge.to);
    cx.incoming(edge.to).iter().any(answered) || behind()
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

/// A pattern that none of the callee's handlers waits for.
fn pattern<'e>(detail: &Detail, endpoints: &[&'e Endpoint]) -> Option<(&'e Endpoint, Wrong)> {
    let open = |name: &str| name.is_empty() || name.contains(['*', '{', '#', '>']);
    let handlers: Vec<&Endpoint> = endpoints.iter().filter(|e| e.protocol == Protocol::Tcp).copied().collect();
    if open(&detail.operation) || handlers.iter().any(|e| open(&e.path) || e.path == detail.operation) {
        return None;
    }
    let near = handlers.into_iter().min_by_key(|e| (edits(&e.path, &detail.operation), e.key.clone()))?;
    Some((near, Wrong::Pattern))
}

fn whole_hole(part: &str) -> bool {
    part.starts_with('{') && part.ends_with('}')
}

/// A hole of the call may stand for any number of parts.
fn fits_open(own: &[&str], call: &[&str]) -> bool {
    match call {
        [] => own.is_empty(),
        [hole, rest @ ..] if *hole == ONE => own.split_first().is_some_and(|(_, more)| fits_open(more, rest)),
        // Between two slashes something has to stand; what nobody gave a name may be empty or a query at the end.
        [hole, rest @ ..] if open(hole) => {
            let least = usize::from(whole_hole(hole) && (*hole != "{}" || !rest.is_empty()));
            (least..=own.len()).any(|n| fits_open(&own[n..], rest))
        }
        [word, rest @ ..] => own
            .split_first()
            .is_some_and(|(o, more)| (open(o) || o.eq_ignore_ascii_case(word)) && fits_open(more, rest)),
    }
}

/// How many literal parts `long` has besides those of `short`, which stand in it in their order: one or two at most.
fn skipped(long: &[&str], short: &[&str]) -> Option<usize> {
    let more = long.len().checked_sub(short.len()).filter(|n| (1..=2).contains(n))?;
    let mut rest = short.iter().peekable();
    for part in long {
        if rest.peek().is_some_and(|s| s.eq_ignore_ascii_case(part) || open(s) && open(part)) {
            rest.next();
        }
    }
    rest.next().is_none().then_some(more)
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
