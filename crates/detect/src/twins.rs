//! Declarations of one thing that two services have each for itself: types and enumerations that were copied, or written after one
//! another, and part in one name.
//!
//! Idea: a contract that stands nowhere leaves two declarations which share all names but one. Which call carries it need not be
//! known: that the services talk, that the names agree otherwise, and that one of them is a name which the other service does not
//! have at all, is enough to say that one side was changed alone.
//!
//! Invariant: where the other side has any declaration with all the names, nothing has parted.

use crate::Cx;
use crate::declared::{COMMON, Declared, Form, GENERIC, declared, is_inner};
use crate::payloads::{Kind, Payloads, Taker, squashed};
use crate::talks::Talk;
use seam_facts::{BodyOf, Claim, ShapeField, SmolStr};
use seam_graph::{NodeKind, is_test};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Two declarations of one thing that part in one field.
pub struct Parted<'d, 'a> {
    pub here: &'d Declared<'a>,
    pub there: &'d Declared<'a>,
    /// The field that only the first has, and the one that the second has in its place.
    pub pair: (&'d ShapeField, &'d ShapeField),
    pub common: usize,
    pub talk: Talk,
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
                        Claim::Body(b) if matches!(b.of, BodyOf::Looked | BodyOf::Taken) => {
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
                        d.side.node == here.side.node
                            || d.side.node == there.side.node
                            || !named
                            // Of three copies, the one that parts was changed alone.
                            || one.serves(d) && !(here.is_copy(there) && parted.common > 1)
                    })
                };
                if !has(here) && !has(there) {
                    out.push(parted);
                }
            }
        }
        out
    }

    /// Types of one very name that two services have which are not seen to exchange anything, and that part in one field: what
    /// carries them may go a way that is not followed.
    pub fn copies<'d>(
        &'d self,
        cx: &Cx<'a>,
        payloads: &Payloads<'a>,
        exchange: impl Fn(usize, usize) -> bool,
    ) -> Vec<Parted<'d, 'a>> {
        let mut by_name: BTreeMap<&str, Vec<&'d Declared<'a>>> = BTreeMap::new();
        for one in self.by_node.values().flatten().filter(|d| d.form == Form::Type && d.is_copy(d)) {
            let faults = ["error", "exception", "problem", "fault"].iter().any(|w| one.stem.contains(w));
            let inner = one.side.path.split('/').any(is_inner);
            if one.stem.len() > 4 && !faults && !inner && !GENERIC.contains(&one.stem.as_str()) {
                by_name.entry(&one.side.name).or_default().push(one);
            }
        }
        let mut out = Vec::new();
        for all in by_name.values() {
            for (at, here) in all.iter().enumerate() {
                let others = all[at + 1..].iter().filter(|t| t.side.node != here.side.node);
                for there in others.filter(|t| t.side.path != here.side.path) {
                    let (a, b) = (here.side.node, there.side.node);
                    if exchange(a, b) || exchange(b, a) || here.side.fields.len() != there.side.fields.len() {
                        continue;
                    }
                    // Either service may have the other's as well.
                    let like = |one: &Declared<'_>, node: usize| {
                        let mut its = all.iter().filter(|d| d.side.node == node);
                        its.any(|d| one.squashed.iter().all(|n| d.squashed.contains(n)))
                    };
                    if like(here, b) || like(there, a) {
                        continue;
                    }
                    out.extend(self.pair(cx, payloads, here, there, Talk::Copy).filter(|p| p.common > 1));
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
        if entities(here) && entities(there) && !(here.is_copy(there) && here.travels()) {
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
                let only = fits.next().filter(|_| fits.next().is_none());
                let lost = !self.knows(there.side.node, x) && own(here) > 0;
                let only = only.or_else(|| in_place(here, there, (x, many), lost && common > 2))?;
                (lost || here.is_copy(there) && x.ty == only.ty).then_some((*x, *only))?
            }
            (many, [y]) if named && many.len() > 1 => {
                let mut fits = many
                    .iter()
                    .filter(|x| !self.knows(there.side.node, x) && payloads_same(cx, payloads, here, there, x, y));
                let only = fits.next().filter(|_| fits.next().is_none());
                let lost = !self.knows(here.side.node, y) && own(there) > 0;
                let only = only.or_else(|| in_place(there, here, (y, many), lost && common > 2))?;
                (lost || here.is_copy(there) && y.ty == only.ty).then_some((*only, *y))?
            }
            _ => return None,
        };
        common = common.max(1);
        Some(Parted { here, there, pair, common, talk })
    }
}

/// Of several fields that a copy has more, the one that stands behind the same neighbour: what the other service does not know by
/// any name was called so there.
fn in_place<'p, 'd>(
    of: &Declared<'_>,
    copy: &Declared<'_>,
    (field, many): (&ShapeField, &'p [&'d ShapeField]),
    lost: bool,
) -> Option<&'p &'d ShapeField> {
    if !lost || !of.is_copy(copy) {
        return None;
    }
    let before = |d: &Declared<'_>, field: &ShapeField| {
        let at = d.side.fields.iter().position(|f| f.name == field.name)?;
        at.checked_sub(1).map(|i| d.squashed[i].clone())
    };
    let wanted = before(of, field)?;
    let mut behind = many.iter().filter(|f| f.ty == field.ty && before(copy, f).as_ref() == Some(&wanted));
    behind.next().filter(|_| behind.next().is_none())
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
