//! Declarations of one thing that two services have each for itself: types and enumerations that were copied, or written after one
//! another, and part in one name.
//!
//! Idea: a contract that stands nowhere leaves two declarations which share all names but one. Which call carries it need not be
//! known: that the services talk, that the names agree otherwise, and that one of them is a name which the other service does not
//! have at all, is enough to say that one side was changed alone.
//!
//! Invariant: where the other side has any declaration with all the names, nothing has parted.

use crate::payloads::{Kind, Payloads, Side, Taker, squashed};
use crate::Cx;
use seam_facts::{BodyOf, Claim, Fact, Shape, ShapeField, ShapeKind, SmolStr};
use seam_graph::{EdgeKind, is_test};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Names that nearly every type has: two types with nothing else in common are not of one thing.
const COMMON: &[&str] = &[
    "id", "name", "type", "status", "state", "message", "code", "data", "description", "title", "email", "date", "time",
    "timestamp", "createdat", "updatedat", "created", "updated", "version", "value", "key", "count", "size", "page",
    "limit", "offset", "total", "error", "success", "user", "userid", "username", "password", "url", "uuid", "token",
    "firstname", "lastname", "phone", "address", "role", "roles", "items", "content", "text", "body", "enabled", "active",
];

/// What a name of a type says about its use and not about its thing.
const ENDINGS: &[&str] = &[
    "dto", "request", "response", "event", "message", "payload", "model", "record", "view", "result", "wrapper", "data",
    "input", "output", "body", "command", "info", "res", "req", "msg", "schema", "vo", "resource", "json", "api", "item",
];

/// One declaration of a service.
pub struct Declared<'a> {
    pub side: Side<'a>,
    squashed: Vec<String>,
    /// Its name without what says how it is used.
    stem: String,
}

/// Two declarations of one thing that part in one field.
pub struct Parted<'d, 'a> {
    pub here: &'d Declared<'a>,
    pub there: &'d Declared<'a>,
    /// The field that only the first has, and the one that the second has in its place.
    pub pair: (&'d ShapeField, &'d ShapeField),
    pub common: usize,
    pub talk: Talk,
}

/// How two services exchange what they have declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talk {
    Call,
    Message,
    Cache,
}

/// Pairs of services that exchange something, the caller or publisher first.
pub fn talks(cx: &Cx<'_>) -> BTreeMap<(usize, usize), Talk> {
    let mut out: BTreeMap<(usize, usize), Talk> = BTreeMap::new();
    let mut add = |a: usize, b: usize, talk: Talk| {
        if a != b && !out.contains_key(&(b, a)) {
            let known = out.entry((a, b)).or_insert(talk);
            *known = (*known).min(talk);
        }
    };
    let mut by_topic: BTreeMap<(usize, &str), (BTreeSet<usize>, BTreeSet<usize>)> = BTreeMap::new();
    let mut caches: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for edge in &cx.graph.edges {
        let details = || edge.details.iter().filter(|d| !is_test(&d.at.path));
        match edge.kind {
            EdgeKind::Http | EdgeKind::Grpc | EdgeKind::EventBus | EdgeKind::Websocket | EdgeKind::Tcp => {
                add(edge.from, edge.to, Talk::Call);
            }
            EdgeKind::QueuePublish => {
                for d in details() {
                    by_topic.entry((edge.to, &d.operation)).or_default().0.insert(edge.from);
                }
            }
            EdgeKind::QueueConsume => {
                for d in details() {
                    by_topic.entry((edge.to, &d.operation)).or_default().1.insert(edge.from);
                }
            }
            EdgeKind::Cache => {
                caches.entry(edge.to).or_default().insert(edge.from);
            }
            _ => {}
        }
    }
    for (from, to) in by_topic.values() {
        from.iter().for_each(|a| to.iter().for_each(|b| add(*a, *b, Talk::Message)));
    }
    // A topic that only one side names may be the other's that is unknown.
    let mut open: BTreeMap<usize, (BTreeSet<usize>, BTreeSet<usize>)> = BTreeMap::new();
    for ((broker, topic), (from, to)) in &by_topic {
        if topic.is_empty() || from.is_empty() != to.is_empty() {
            let known = open.entry(*broker).or_default();
            known.0.extend(from);
            known.1.extend(to);
        }
    }
    for (from, to) in open.values() {
        from.iter().for_each(|a| to.iter().for_each(|b| add(*a, *b, Talk::Message)));
    }
    for users in caches.values() {
        users.iter().for_each(|a| users.iter().filter(|b| a < *b).for_each(|b| add(*a, *b, Talk::Cache)));
    }
    out
}

/// What each service declares, and every name that its code has for a field.
pub struct Twins<'a> {
    pub by_node: BTreeMap<usize, Vec<Declared<'a>>>,
    names: BTreeMap<usize, HashSet<String>>,
}

impl<'a> Twins<'a> {
    pub fn new(cx: &Cx<'a>, payloads: &Payloads<'a>, nodes: &BTreeSet<usize>) -> Self {
        let mut twins = Twins { by_node: BTreeMap::new(), names: BTreeMap::new() };
        for node in nodes {
            let names = twins.names.entry(*node).or_default();
            for path in cx.node(*node).own.iter().chain(&cx.node(*node).libraries).filter(|p| !is_test(p)) {
                for fact in cx.facts(path) {
                    match &fact.claim {
                        Claim::Shape(s) => names.extend(s.fields.iter().map(|f| squashed(&f.name))),
                        Claim::Body(b) => names.extend(b.fields.iter().map(|f| squashed(&f.name))),
                        Claim::Columns(c) => names.extend(c.columns.iter().map(|n| squashed(n))),
                        _ => {}
                    }
                }
            }
            let declared = declared(cx, payloads, *node);
            twins.by_node.insert(*node, declared);
        }
        twins
    }

    fn knows(&self, node: usize, field: &ShapeField) -> bool {
        self.names.get(&node).is_some_and(|names| names.contains(&squashed(&field.name)))
    }

    /// Pairs of declarations of two services that part in one field.
    pub fn parted<'d>(
        &'d self,
        cx: &Cx<'a>,
        payloads: &Payloads<'a>,
        (a, b): (usize, usize),
        talk: Talk,
    ) -> Vec<Parted<'d, 'a>> {
        let (Some(mine), Some(its)) = (self.by_node.get(&a), self.by_node.get(&b)) else { return Vec::new() };
        let mut out = Vec::new();
        for here in mine {
            for there in its.iter().filter(|t| t.side.path != here.side.path) {
                let Some(parted) = self.pair(cx, payloads, here, there, talk) else { continue };
                // One of them has its like elsewhere in the other service.
                let has = |all: &[Declared<'_>], one: &Declared<'_>| {
                    all.iter().any(|d| one.squashed.iter().all(|n| d.squashed.contains(n)))
                };
                if !has(its, here) && !has(mine, there) {
                    out.push(parted);
                }
            }
        }
        out
    }

    /// Fields of declarations of one name that hold another kind of thing on either side, with why that fails.
    pub fn retyped<'d>(
        &'d self,
        cx: &Cx<'a>,
        payloads: &Payloads<'a>,
        (a, b): (usize, usize),
        talk: Talk,
    ) -> Vec<(Parted<'d, 'a>, &'static str)> {
        let (Some(mine), Some(its)) = (self.by_node.get(&a), self.by_node.get(&b)) else { return Vec::new() };
        let mut out = Vec::new();
        let strict = |d: &Declared<'_>| !(d.side.path.ends_with(".java") || d.side.path.ends_with(".kt"));
        for here in mine.iter().filter(|d| !d.side.name.is_empty()) {
            let same = |d: &&Declared<'_>| d.side.name == here.side.name && d.side.path != here.side.path;
            let others: Vec<&Declared<'a>> = its.iter().filter(same).collect();
            for (field, name) in here.side.fields.iter().zip(&here.squashed) {
                let misfit = |there: &'d Declared<'a>| {
                    let at = there.squashed.iter().position(|n| n == name)?;
                    let other = &there.side.fields[at];
                    let (x, y) =
                        (payloads.kind(cx, &here.side, &field.ty), payloads.kind(cx, &there.side, &other.ty));
                    let taker = if strict(here) || strict(there) { Taker::Strict } else { Taker::Lenient };
                    let why = x.misfit(&y, taker).or_else(|| y.misfit(&x, taker));
                    let common = here.squashed.iter().filter(|n| there.squashed.contains(n)).count();
                    let most = here.squashed.len().max(there.squashed.len());
                    Some((common * 4 >= most * 3 && common > 1).then_some((there, other, why, common)))
                };
                let found: Vec<_> = others.iter().map(|there| misfit(there)).collect();
                // Of several of the name, one that fits is the one.
                let [Some(Some((there, other, Some(why), common)))] = found.as_slice() else { continue };
                let parted = Parted { here, there, pair: (field, other), common: *common, talk };
                out.push((parted, *why));
            }
        }
        out
    }

    fn pair<'d>(
        &self,
        cx: &Cx<'a>,
        payloads: &Payloads<'a>,
        here: &'d Declared<'a>,
        there: &'d Declared<'a>,
        talk: Talk,
    ) -> Option<Parted<'d, 'a>> {
        let only = |x: &'d Declared<'a>, y: &Declared<'_>| -> Vec<&'d ShapeField> {
            // A literal leaves out what may be left out.
            let spare = |f: &ShapeField| y.side.name.is_empty() && f.required == Some(false);
            let lacks = |(f, n): &(&ShapeField, &String)| !y.squashed.contains(n) && !spare(f);
            x.side.fields.iter().zip(&x.squashed).filter(lacks).map(|(f, _)| f).collect()
        };
        let mut common = here.squashed.iter().filter(|n| there.squashed.contains(n)).count();
        if common == 0 || here.squashed.len().abs_diff(there.squashed.len()) > 12 {
            return None;
        }
        let (a, b) = (only(here, there), only(there, here));
        let alike = |x: &ShapeField, y: &ShapeField| {
            let (x, y) = (payloads.kind(cx, &here.side, &x.ty), payloads.kind(cx, &there.side, &y.ty));
            x == y || x == Kind::Unknown || y == Kind::Unknown
        };
        let foreign = |x: &ShapeField, y: &ShapeField| {
            let (unknown_there, unknown_here) = (!self.knows(there.side.node, x), !self.knows(here.side.node, y));
            (unknown_there, unknown_here)
        };
        let literal = here.side.name.is_empty() || there.side.name.is_empty();
        if here.side.name.is_empty() && there.side.name.is_empty() {
            return None;
        }
        let named = here.stem == there.stem && here.stem.len() > 2;
        let own = |d: &Declared<'_>| d.squashed.iter().filter(|n| !COMMON.contains(&n.as_str())).count();
        let pair = match (a.as_slice(), b.as_slice()) {
            ([x], [y]) => {
                let (one, other) = foreign(x, y);
                let telling = here.squashed.iter().filter(|n| there.squashed.contains(n) && !COMMON.contains(&n.as_str()));
                let least = if literal { 1 } else { 2 };
                let enough = named || common > least && telling.count() >= least && talk != Talk::Cache;
                (enough && (one || other) && alike(x, y)).then_some((*x, *y))?
            }
            // The smaller of two of one name holds what its service needs.
            ([x], many) if named && many.len() > 1 => {
                let mut fits = many.iter().filter(|y| !self.knows(here.side.node, y) && payloads_same(cx, payloads, here, there, x, y));
                let only = fits.next().filter(|_| fits.next().is_none())?;
                (own(here) > 0 && !self.knows(there.side.node, x)).then_some((*x, *only))?
            }
            (many, [y]) if named && many.len() > 1 => {
                let mut fits = many.iter().filter(|x| !self.knows(there.side.node, x) && payloads_same(cx, payloads, here, there, x, y));
                let only = fits.next().filter(|_| fits.next().is_none())?;
                (own(there) > 0 && !self.knows(here.side.node, y)).then_some((*only, *y))?
            }
            _ => return None,
        };
        common = common.max(1);
        Some(Parted { here, there, pair, common, talk })
    }
}

/// Whether two fields surely hold the same kind of thing.
fn payloads_same<'a>(
    cx: &Cx<'a>,
    payloads: &Payloads<'a>,
    here: &Declared<'a>,
    there: &Declared<'a>,
    x: &ShapeField,
    y: &ShapeField,
) -> bool {
    let (a, b) = (payloads.kind(cx, &here.side, &x.ty), payloads.kind(cx, &there.side, &y.ty));
    a == b && (a != Kind::Unknown || x.ty == y.ty)
}

fn declared<'a>(cx: &Cx<'a>, payloads: &Payloads<'a>, node: usize) -> Vec<Declared<'a>> {
    let mut out = Vec::new();
    for (path, fact) in cx.own_facts(node).filter(|(path, _)| !is_test(path)) {
        let side = match &fact.claim {
            Claim::Shape(s) if s.kind == ShapeKind::Object && s.fields.len() > 1 => {
                payloads.whole(cx, node, path, fact, s)
            }
            // What is sent as it stands.
            Claim::Body(b) if b.ty.is_empty() && matches!(b.of, BodyOf::Asked | BodyOf::Given) && b.fields.len() > 2 => {
                match payloads.of_body(cx, node, path, fact, b) {
                    Some(side) => side,
                    None => continue,
                }
            }
            _ => continue,
        };
        if side.open || side.inherits {
            continue;
        }
        let squashed = side.fields.iter().map(|f| squashed(&f.name)).collect();
        out.push(Declared { stem: stem(&side.name), squashed, side });
    }
    out
}

fn stem(name: &str) -> String {
    let mut stem = squashed(name);
    while let Some(ending) = ENDINGS.iter().find(|e| stem.len() > e.len() && stem.ends_with(*e)) {
        stem.truncate(stem.len() - ending.len());
    }
    stem
}

/// An enumeration of a service.
pub type Listed<'a> = (&'a SmolStr, &'a Fact, &'a Shape);

fn is_code(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    ["java", "kt", "cs", "ts", "tsx", "py", "rs"].contains(&extension)
}

/// Enumerations that code of a service declares.
pub fn enumerations<'a>(cx: &Cx<'a>, node: usize) -> Vec<Listed<'a>> {
    let of = |(path, fact): (&'a SmolStr, &'a Fact)| match &fact.claim {
        Claim::Shape(s) if s.kind == ShapeKind::Enum && is_code(path) && !is_test(path) => {
            Some((path, fact, s))
        }
        _ => None,
    };
    cx.own_facts(node).filter_map(of).collect()
}
