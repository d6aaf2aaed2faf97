//! Declarations of one thing that two services have each for itself: types and enumerations that were copied, or written after one
//! another, and part in one name.
//!
//! Idea: a contract that stands nowhere leaves two declarations which share all names but one. Which call carries it need not be
//! known: that the services talk, that the names agree otherwise, and that one of them is a name which the other service does not
//! have at all, is enough to say that one side was changed alone.
//!
//! Invariant: where the other side has any declaration with all the names, nothing has parted.

use crate::Cx;
use crate::payloads::{Kind, Payloads, Side, Taker, squashed};
use seam_facts::{BodyOf, Claim, Fact, Shape, ShapeField, ShapeKind, SmolStr};
use seam_graph::{EdgeKind, NodeKind, is_test};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Names that nearly every type has: two types with nothing else in common are not of one thing.
const COMMON: &[&str] = &[
    "id",
    "name",
    "type",
    "status",
    "state",
    "message",
    "code",
    "data",
    "description",
    "title",
    "email",
    "date",
    "time",
    "timestamp",
    "createdat",
    "updatedat",
    "created",
    "updated",
    "version",
    "value",
    "key",
    "count",
    "size",
    "page",
    "limit",
    "offset",
    "total",
    "error",
    "success",
    "user",
    "userid",
    "username",
    "password",
    "url",
    "uuid",
    "token",
    "pageno",
    "pagesize",
    "totalpages",
    "totalelements",
    "islast",
    "last",
    "first",
    "firstname",
    "lastname",
    "phone",
    "address",
    "role",
    "roles",
    "items",
    "content",
    "text",
    "body",
    "enabled",
    "active",
];

/// What a name of a type says about its use and not about its thing.
const ENDINGS: &[&str] = &[
    "dto", "request", "response", "event", "message", "payload", "model", "record", "view", "result", "wrapper",
    "data", "input", "output", "body", "command", "info", "res", "req", "msg", "schema", "vo", "resource", "json",
    "api", "item",
];

/// What a declaration is: a type, the keys of a literal, or what is read of a value without either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Type,
    Literal,
    View,
}

/// Types of these names are of no thing: each service wraps its answers in its own.
const GENERIC: &[&str] =
    &["meta", "metadata", "pagination", "paging", "page", "paged", "error", "base", "list", "filter", "query"];

/// One declaration of a service.
pub struct Declared<'a> {
    pub side: Side<'a>,
    pub form: Form,
    /// Whom the function around it sends to or asks; `None` for what a handler answers.
    tied: Option<BTreeSet<usize>>,
    squashed: Vec<String>,
    /// Its name without what says how it is used.
    stem: String,
}

impl Declared<'_> {
    /// What another of the same thing has, too: a name that not every type has, or what it is of.
    fn marks(&self) -> impl Iterator<Item = String> + '_ {
        let telling = self.squashed.iter().filter(|n| !COMMON.contains(&n.as_str())).cloned();
        telling.chain((self.stem.len() > 2).then(|| format!("of {}", self.stem)))
    }

    /// Words of its name that say what it is of.
    fn words(&self) -> impl Iterator<Item = String> + '_ {
        let words = crate::payloads::words(&self.side.name);
        words.into_iter().filter(|w| w.len() > 3 && !ENDINGS.contains(&w.as_str()) && !COMMON.contains(&w.as_str()))
    }

    /// Whether the other has its very name, and the name says that it travels.
    fn is_copy(&self, other: &Declared<'_>) -> bool {
        let (name, stem) = (&self.side.name, self.stem.len());
        *name == other.side.name && stem > 2 && stem < name.len()
    }

    /// Whether a declaration of a third service is the whole of this one.
    fn serves(&self, other: &Declared<'_>) -> bool {
        self.squashed.len() == other.squashed.len()
    }
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

/// Who writes to a topic, and who reads from it.
type Ends = (BTreeSet<usize>, BTreeSet<usize>);

/// Pairs of services that exchange something, the caller or publisher first.
pub fn talks(cx: &Cx<'_>) -> BTreeMap<(usize, usize), Talk> {
    let mut out: BTreeMap<(usize, usize), Talk> = BTreeMap::new();
    let mut add = |a: usize, b: usize, talk: Talk| {
        if a != b && !out.contains_key(&(b, a)) {
            let known = out.entry((a, b)).or_insert(talk);
            *known = (*known).min(talk);
        }
    };
    let mut by_topic: BTreeMap<(usize, &str), Ends> = BTreeMap::new();
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
    let mut open: BTreeMap<usize, Ends> = BTreeMap::new();
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
    looked: BTreeMap<usize, HashSet<String>>,
    /// Declarations of each service by a name that says something, and by what they are of.
    index: BTreeMap<usize, HashMap<String, Vec<usize>>>,
}

impl<'a> Twins<'a> {
    pub fn new(cx: &Cx<'a>, payloads: &Payloads<'a>, nodes: &BTreeSet<usize>) -> Self {
        let mut twins =
            Twins { by_node: BTreeMap::new(), names: BTreeMap::new(), looked: BTreeMap::new(), index: BTreeMap::new() };
        // How many services run a file.
        let mut runs: HashMap<&'a SmolStr, usize> = HashMap::new();
        cx.graph.nodes.iter().flat_map(|n| &n.own).for_each(|path| *runs.entry(path).or_default() += 1);
        for node in nodes {
            let names = twins.names.entry(*node).or_default();
            let looked = twins.looked.entry(*node).or_default();
            for path in cx.node(*node).own.iter().chain(&cx.node(*node).libraries).filter(|p| !is_test(p)) {
                for fact in cx.facts(path) {
                    match &fact.claim {
                        Claim::Shape(s) => names.extend(s.fields.iter().map(|f| squashed(&f.name))),
                        // What is only read is no name that a service gives.
                        Claim::Body(b) if b.of == BodyOf::Looked => {
                            looked.extend(b.fields.iter().map(|f| squashed(&f.name)));
                        }
                        Claim::Body(b) => names.extend(b.fields.iter().map(|f| squashed(&f.name))),
                        Claim::Columns(c) => names.extend(c.columns.iter().map(|n| squashed(n))),
                        _ => {}
                    }
                }
            }
            let declared = declared(cx, payloads, &runs, *node);
            let index = twins.index.entry(*node).or_default();
            for (at, one) in declared.iter().enumerate() {
                one.marks().for_each(|mark| index.entry(mark).or_default().push(at));
            }
            twins.by_node.insert(*node, declared);
        }
        twins
    }

    /// Whether code of a service has a name, to give it or to read it.
    fn knows(&self, node: usize, field: &ShapeField) -> bool {
        let name = squashed(&field.name);
        [&self.names, &self.looked].into_iter().any(|all| all.get(&node).is_some_and(|names| names.contains(&name)))
    }

    /// Whether any service gives a name.
    fn gives(&self, field: &ShapeField) -> bool {
        let name = squashed(&field.name);
        self.names.values().any(|names| names.contains(&name))
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
            let near: BTreeSet<usize> =
                here.marks().filter_map(|m| self.index[&b].get(&m)).flatten().copied().collect();
            for there in near.into_iter().map(|at| &its[at]).filter(|t| t.side.path != here.side.path) {
                let Some(parted) = self.pair(cx, payloads, here, there, talk) else { continue };
                // One value may be read in one service and made in the other: a view has no like to look for.
                if here.form == Form::View || there.form == Form::View {
                    out.push(parted);
                    continue;
                }
                // One of them has its like elsewhere, in the other service or in a third.
                let named = here.stem == there.stem;
                let has = |one: &Declared<'_>| {
                    let others =
                        self.by_node.iter().filter(|(node, _)| **node != one.side.node).flat_map(|(_, all)| all);
                    let like = |d: &Declared<'_>| one.squashed.iter().all(|n| d.squashed.contains(n));
                    let same = |d: &&Declared<'_>| if named { d.stem == one.stem } else { d.form != Form::View };
                    let mut all = others.filter(same).filter(|d| like(d));
                    all.any(|d| {
                        d.side.node == here.side.node || d.side.node == there.side.node || !named || one.serves(d)
                    })
                };
                if !has(here) && !has(there) {
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
        for here in mine.iter().filter(|d| !d.side.name.is_empty() && !d.side.path.split('/').any(is_inner)) {
            let same = |d: &&Declared<'_>| d.side.name == here.side.name && d.side.path != here.side.path;
            let others: Vec<&Declared<'a>> = its.iter().filter(same).collect();
            for (field, name) in here.side.fields.iter().zip(&here.squashed) {
                let misfit = |there: &'d Declared<'a>| {
                    let at = there.squashed.iter().position(|n| n == name)?;
                    let other = &there.side.fields[at];
                    let (x, y) = (payloads.kind(cx, &here.side, &field.ty), payloads.kind(cx, &there.side, &other.ty));
                    let travels = talk == Talk::Message || here.is_copy(there);
                    let taker = if travels && (strict(here) || strict(there)) { Taker::Strict } else { Taker::Lenient };
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

    /// The one key that is read of a value and that nobody gives, with the one that a service gives beside all others and that
    /// nobody reads.
    fn seen<'d>(
        &self,
        view: &'d Declared<'a>,
        of: &'d Declared<'a>,
    ) -> Option<((&'d ShapeField, &'d ShapeField), usize)> {
        let keys = view.side.fields.iter().zip(&view.squashed);
        let mut lost = keys.filter(|(_, n)| !of.squashed.contains(n));
        let (key, _) = lost.next().filter(|_| lost.next().is_none())?;
        let common = view.squashed.len() - 1;
        let telling = view.squashed.iter().filter(|n| of.squashed.contains(n) && !COMMON.contains(&n.as_str())).count();
        // Of a large type, two names are a few.
        // One name in common is enough only where the literal stands beside what sends it.
        let enough = if of.form == Form::Literal { common > 1 || of.tied.is_some() } else { telling > 1 };
        if telling == 0 || !enough || common * 3 < of.squashed.len() || self.gives(key) || key.name.starts_with('_') {
            return None;
        }
        let given = of.side.fields.iter().zip(&of.squashed).filter(|(_, n)| !view.squashed.contains(n));
        let mut unread = given.filter(|(f, n)| !self.knows(view.side.node, f) && !self.read(n));
        let (other, _) = unread.next().filter(|_| unread.next().is_none())?;
        Some(((key, other), common))
    }

    /// Whether any service reads a key of this name.
    fn read(&self, name: &str) -> bool {
        self.looked.values().any(|names| names.contains(name))
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
            let spare = |f: &ShapeField| y.form == Form::Literal && f.required == Some(false);
            let lacks = |(f, n): &(&ShapeField, &String)| !y.squashed.contains(n) && !spare(f);
            x.side.fields.iter().zip(&x.squashed).filter(lacks).map(|(f, _)| f).collect()
        };
        if !reaches(cx, here, there, talk) || !reaches(cx, there, here, talk) {
            return None;
        }
        match (here.form, there.form) {
            (Form::View, Form::View) | (Form::Literal, Form::Literal) => return None,
            (Form::View, _) => {
                return self.seen(here, there).map(|(pair, common)| Parted { here, there, pair, common, talk });
            }
            (_, Form::View) => {
                let ((x, y), common) = self.seen(there, here)?;
                return Some(Parted { here, there, pair: (y, x), common, talk });
            }
            _ => {}
        }
        let entities = |d: &Declared<'_>| d.side.path.split('/').any(is_inner);
        if entities(here) && entities(there) {
            return None;
        }
        let mut common = here.squashed.iter().filter(|n| there.squashed.contains(n)).count();
        if common == 0 || here.squashed.len().abs_diff(there.squashed.len()) > 12 {
            return None;
        }
        let (a, b) = (only(here, there), only(there, here));
        let alike = |x: &ShapeField, y: &ShapeField| {
            let (p, q) = (payloads.kind(cx, &here.side, &x.ty), payloads.kind(cx, &there.side, &y.ty));
            match (p == Kind::Unknown, q == Kind::Unknown) {
                (false, false) => p == q,
                _ if x.ty.is_empty() || y.ty.is_empty() || x.ty == y.ty => true,
                // Whoever gives a field another name leaves its type.
                _ if language(here) == language(there) => false,
                // `Guid` against `string`: one thing only where it stands at the same place.
                _ => p != Kind::Bool && q != Kind::Bool && stands_alike(here, there, x, y),
            }
        };
        let named = here.stem == there.stem && here.stem.len() > 2 && !GENERIC.contains(&here.stem.as_str());
        let literal = here.form == Form::Literal || there.form == Form::Literal;
        if !named && !literal && family(self, here, there) {
            return None;
        }
        let telling =
            || here.squashed.iter().filter(|n| there.squashed.contains(n) && !COMMON.contains(&n.as_str())).count();
        let own = |d: &Declared<'_>| d.squashed.iter().filter(|n| !COMMON.contains(&n.as_str())).count();
        let pair = match (a.as_slice(), b.as_slice()) {
            ([x], [y]) => {
                let foreign = !self.knows(there.side.node, x) || !self.knows(here.side.node, y);
                let enough = if literal {
                    let needed = if here.form == Form::Literal { y } else { x };
                    let gone = |x: &ShapeField, y: &ShapeField| {
                        !self.knows(there.side.node, x) && !self.knows(here.side.node, y)
                    };
                    common > 1 && telling() > 0 && (needed.required == Some(true) || common > 2 && gone(x, y))
                } else {
                    named && (telling() > 0 || here.stem.len() > 4 && stands_alike(here, there, x, y))
                        || talk == Talk::Call
                            && common > 2
                            && telling() > 0
                            && stands_alike(here, there, x, y)
                            && here.words().any(|w| there.words().any(|v| v == w))
                };
                (enough && foreign && alike(x, y)).then_some((*x, *y))?
            }
            // The smaller of two of one name holds what its service needs.
            ([x], many) if named && many.len() > 1 => {
                let mut fits = many
                    .iter()
                    .filter(|y| !self.knows(here.side.node, y) && payloads_same(cx, payloads, here, there, x, y));
                let only = fits.next().filter(|_| fits.next().is_none())?;
                let lost = !self.knows(there.side.node, x) && own(here) > 0;
                (lost || here.is_copy(there) && x.ty == only.ty).then_some((*x, *only))?
            }
            (many, [y]) if named && many.len() > 1 => {
                let mut fits = many
                    .iter()
                    .filter(|x| !self.knows(there.side.node, x) && payloads_same(cx, payloads, here, there, x, y));
                let only = fits.next().filter(|_| fits.next().is_none())?;
                let lost = !self.knows(here.side.node, y) && own(there) > 0;
                (lost || here.is_copy(there) && y.ty == only.ty).then_some((*only, *y))?
            }
            _ => return None,
        };
        common = common.max(1);
        Some(Parted { here, there, pair, common, talk })
    }
}

fn language<'d>(of: &'d Declared<'_>) -> &'d str {
    of.side.path.rsplit('.').next().unwrap_or_default()
}

/// Whether a literal goes to the other service, as far as its function shows.
fn reaches(cx: &Cx<'_>, one: &Declared<'_>, other: &Declared<'_>, talk: Talk) -> bool {
    let Some(tied) = &one.tied else { return true };
    let between = |n: &usize| talk != Talk::Call && matches!(cx.node(*n).kind, NodeKind::Broker | NodeKind::Cache);
    tied.contains(&other.side.node) || tied.iter().any(between)
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
    // One language has finer kinds than two.
    x.ty == y.ty || a == b && a != Kind::Unknown && language(here) != language(there)
}

/// Whether two fields have a neighbour in common, or are the first or last of both.
fn stands_alike(here: &Declared<'_>, there: &Declared<'_>, x: &ShapeField, y: &ShapeField) -> bool {
    let around = |d: &Declared<'_>, field: &ShapeField| {
        let at = d.side.fields.iter().position(|f| f.name == field.name)?;
        Some((at.checked_sub(1).map(|i| d.squashed[i].clone()), d.squashed.get(at + 1).cloned()))
    };
    match (around(here, x), around(there, y)) {
        (Some((a, b)), Some((c, d))) => a == c || b == d,
        _ => false,
    }
}

/// Whether types of one pattern (pages of this and of that) part in the same way within either service.
fn family(twins: &Twins<'_>, here: &Declared<'_>, there: &Declared<'_>) -> bool {
    let shared: Vec<&String> = here.squashed.iter().filter(|n| there.squashed.contains(n)).collect();
    let like = |node: usize, but: &Declared<'_>| {
        let all = twins.by_node.get(&node).into_iter().flatten();
        all.filter(|d| d.stem != but.stem).any(|d| {
            d.form == Form::Type
                && d.squashed.len() <= but.squashed.len() + 1
                && shared.iter().all(|n| d.squashed.contains(n))
        })
    };
    like(here.side.node, here) || like(there.side.node, there)
}

/// A folder of what a service keeps for itself.
fn is_inner(folder: &str) -> bool {
    matches!(
        folder.to_ascii_lowercase().as_str(),
        "entity" | "entities" | "domain" | "core" | "graphql" | "config" | "configuration" | "options" | "settings"
    )
}

fn declared<'a>(
    cx: &Cx<'a>,
    payloads: &Payloads<'a>,
    runs: &HashMap<&'a SmolStr, usize>,
    node: usize,
) -> Vec<Declared<'a>> {
    let mut sends: HashMap<(&str, &str), BTreeSet<usize>> = HashMap::new();
    for edge in cx.outgoing(node).iter().map(|e| cx.edge(*e)) {
        for d in &edge.details {
            sends.entry((d.at.path.as_str(), d.within.as_str())).or_default().insert(edge.to);
        }
    }
    let mut out = Vec::new();
    for (path, fact) in cx.own_facts(node).filter(|(path, _)| !is_test(path)) {
        let side = match &fact.claim {
            Claim::Shape(s) if s.kind == ShapeKind::Object && s.fields.len() > 1 && !is_set(&s.name) => {
                payloads.whole(cx, node, path, fact, s)
            }
            // What is sent as it stands.
            Claim::Body(b) if b.ty.is_empty() && b.of != BodyOf::Taken && b.fields.len() > 1 => {
                match payloads.of_body(cx, node, path, fact, b) {
                    Some(side) => side,
                    None => continue,
                }
            }
            _ => continue,
        };
        // What stands outside of functions, or in code that several services run, is nobody's message.
        let apart = match &fact.claim {
            Claim::Body(b) => b.within.is_empty() || runs.get(path).is_some_and(|count| *count > 1),
            _ => false,
        };
        if apart {
            continue;
        }
        let is_view = matches!(&fact.claim, Claim::Body(b) if b.of == BodyOf::Looked);
        if side.open && !is_view || side.inherits {
            continue;
        }
        let squashed = side.fields.iter().map(|f| squashed(&f.name)).collect();
        let kind = match &fact.claim {
            Claim::Body(b) if b.of == BodyOf::Looked => Form::View,
            Claim::Body(_) => Form::Literal,
            _ => Form::Type,
        };
        let tied = match &fact.claim {
            Claim::Body(b) if matches!(b.of, BodyOf::Made | BodyOf::Asked) => {
                let to = sends.get(&(path.as_str(), b.within.as_str())).cloned().unwrap_or_default();
                // What goes nowhere from where it stands may go anywhere, or nowhere.
                if to.is_empty() {
                    continue;
                }
                Some(to)
            }
            _ => None,
        };
        out.push(Declared { stem: stem(&side.name), squashed, form: kind, tied, side });
    }
    out
}

/// A type that holds settings.
fn is_set(name: &str) -> bool {
    ["Properties", "Settings", "Options", "Config", "Configuration", "Props", "State"].iter().any(|e| name.ends_with(e))
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
        Claim::Shape(s) if s.kind == ShapeKind::Enum && is_code(path) && !is_test(path) => Some((path, fact, s)),
        _ => None,
    };
    cx.own_facts(node).filter_map(of).collect()
}
