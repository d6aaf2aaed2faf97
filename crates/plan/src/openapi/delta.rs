//! What differs between two schemas, as a tree of differences.
//!
//! Invariant: comparing ends. Every pair of places is compared once; where references come back to a schema that is being
//! compared, its difference is not told again; depth and work are bounded.
//!
//! Branches of `oneOf`, `anyOf` and `allOf` have no names: references pair by what they refer to, inline schemas pair if
//! they are the same, then by title, then if one is left on either side. A branch that moved from inline to a component
//! (or back) and still accepts the same is no difference.

use super::document::{At, Document, Schema};
use super::transitions::Transitions;
use crate::tree::{Data, Node};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

const MAX_DEPTH: usize = 150;
/// Pairs of schemas that are compared.
const MAX_PAIRS: usize = 2_000_000;

pub enum Sub<'a> {
    Added,
    Removed,
    Changed(Rc<Delta<'a>>),
}

/// Of a list of schemas, by index.
#[derive(Default)]
pub struct Branches<'a> {
    pub added: Vec<usize>,
    pub removed: Vec<usize>,
    pub changed: Vec<(usize, usize, Rc<Delta<'a>>)>,
}

/// Of a map of schemas, by name.
#[derive(Default)]
pub struct Members<'a> {
    pub added: Vec<&'a str>,
    pub removed: Vec<&'a str>,
    pub changed: Vec<(&'a str, Rc<Delta<'a>>)>,
}

pub struct Delta<'a> {
    pub base: Schema<'a>,
    pub revision: Schema<'a>,
    /// Keywords whose values differ, schemas aside.
    pub changed: Vec<&'a str>,
    pub subs: Vec<(&'static str, Sub<'a>)>,
    pub branches: Vec<(&'static str, Branches<'a>)>,
    pub members: Vec<(&'static str, Members<'a>)>,
    /// One of them comes back to itself here and the other does not.
    circular: bool,
    /// What it amounts to, once somebody asked: every operation that uses the schema does.
    pub known: OnceCell<Transitions<'a>>,
}

pub const SUBS: &[&str] = &[
    "items",
    "additionalProperties",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "if",
    "then",
    "else",
    "not",
    "contentSchema",
];
const BRANCHES: &[&str] = &["oneOf", "anyOf", "allOf", "prefixItems"];
const MEMBERS: &[&str] = &["properties", "patternProperties", "dependentSchemas", "$defs"];
/// What explains and does not restrict.
const ANNOTATIONS: &[&str] = &["title", "description", "default", "example", "externalDocs", "examples", "$comment"];

impl<'a> Delta<'a> {
    pub fn has(&self, keyword: &str) -> bool {
        self.changed.contains(&keyword)
    }

    pub fn sub(&self, keyword: &str) -> Option<&Sub<'a>> {
        self.subs.iter().find(|(k, _)| *k == keyword).map(|(_, sub)| sub)
    }

    pub fn branches(&self, keyword: &str) -> Option<&Branches<'a>> {
        self.branches.iter().find(|(k, _)| *k == keyword).map(|(_, b)| b)
    }

    pub fn members(&self, keyword: &str) -> Option<&Members<'a>> {
        self.members.iter().find(|(k, _)| *k == keyword).map(|(_, m)| m)
    }

    /// Whether the schema itself differs, not only what is below it.
    pub fn differs_here(&self) -> bool {
        !self.changed.is_empty()
            || !self.branches.is_empty()
            || self.subs.iter().any(|(_, sub)| !matches!(sub, Sub::Changed(_)))
            || self.members.iter().any(|(_, m)| !m.added.is_empty() || !m.removed.is_empty())
    }

    fn empty(&self) -> bool {
        self.changed.is_empty()
            && self.subs.is_empty()
            && self.branches.is_empty()
            && self.members.is_empty()
            && !self.circular
    }

    /// Whether both accept the same: nothing but annotations differs.
    fn equivalent(&self) -> bool {
        !self.circular
            && self.changed.iter().all(|k| ANNOTATIONS.contains(k))
            && self.subs.iter().all(|(_, sub)| matches!(sub, Sub::Changed(delta) if delta.equivalent()))
            && self.branches.iter().all(|(_, b)| {
                b.added.is_empty() && b.removed.is_empty() && b.changed.iter().all(|(_, _, d)| d.equivalent())
            })
            && self.members.iter().all(|(_, m)| {
                m.added.is_empty() && m.removed.is_empty() && m.changed.iter().all(|(_, d)| d.equivalent())
            })
    }
}

type Known<'a> = BTreeMap<(usize, usize), Option<Rc<Delta<'a>>>>;

pub struct Comparer<'a> {
    pub base: &'a Document<'a>,
    pub revision: &'a Document<'a>,
    known: RefCell<Known<'a>>,
    open: RefCell<[Vec<&'a str>; 2]>,
    /// Pairs compared; depth and work that went beyond the limits.
    work: RefCell<(usize, bool)>,
}

impl<'a> Comparer<'a> {
    pub fn new(base: &'a Document<'a>, revision: &'a Document<'a>) -> Self {
        Comparer { base, revision, known: RefCell::default(), open: RefCell::default(), work: RefCell::default() }
    }

    /// Whether something was left out.
    pub fn limited(&self) -> bool {
        self.work.borrow().1
    }

    /// What differs; `None` if nothing does.
    pub fn compare(&self, base: At<'a>, revision: At<'a>) -> Option<Rc<Delta<'a>>> {
        self.pair(base, revision, 0)
    }

    fn pair(&self, base: At<'a>, revision: At<'a>, depth: usize) -> Option<Rc<Delta<'a>>> {
        let key = (std::ptr::from_ref(base.node) as usize, std::ptr::from_ref(revision.node) as usize);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        {
            let mut work = self.work.borrow_mut();
            work.0 += 1;
            if depth > MAX_DEPTH || work.0 > MAX_PAIRS {
                work.1 = true;
                return None;
            }
        }
        let (b, r) = (self.base.schema(base), self.revision.schema(revision));
        let delta = self.delta(b, r, depth);
        let delta = if delta.empty() { None } else { Some(Rc::new(delta)) };
        self.known.borrow_mut().insert(key, delta.clone());
        delta
    }

    fn delta(&self, base: Schema<'a>, revision: Schema<'a>, depth: usize) -> Delta<'a> {
        let mut delta = Delta {
            base,
            revision,
            changed: Vec::new(),
            subs: Vec::new(),
            branches: Vec::new(),
            members: Vec::new(),
            circular: false,
            known: OnceCell::new(),
        };
        let open = |side: usize, name: Option<&str>| name.is_some_and(|n| self.open.borrow()[side].contains(&n));
        match (open(0, base.name), open(1, revision.name)) {
            (false, false) => {}
            (true, true) if base.name == revision.name => return delta,
            _ => {
                delta.circular = true;
                return delta;
            }
        }
        self.open.borrow_mut()[0].extend(base.name);
        self.open.borrow_mut()[1].extend(revision.name);
        self.fill(&mut delta, depth + 1);
        for (side, name) in [base.name, revision.name].into_iter().enumerate() {
            if name.is_some() {
                self.open.borrow_mut()[side].pop();
            }
        }
        delta
    }

    fn fill(&self, delta: &mut Delta<'a>, depth: usize) {
        let (base, revision) = (delta.base, delta.revision);
        for (key, value) in base.entries() {
            let other = revision.get(key);
            if let Some(word) = SUBS.iter().find(|k| **k == key) {
                self.fill_sub(delta, word, Some(value), other, depth);
            } else if let Some(word) = BRANCHES.iter().find(|k| **k == key) {
                self.fill_branches(delta, word, depth);
            } else if let Some(word) = MEMBERS.iter().find(|k| **k == key) {
                self.fill_members(delta, word, depth);
            } else if !same(key, Some(value), other) {
                delta.changed.push(key);
            }
        }
        for (key, value) in revision.entries().filter(|(key, _)| base.get(key).is_none()) {
            if let Some(word) = SUBS.iter().find(|k| **k == key) {
                self.fill_sub(delta, word, None, Some(value), depth);
            } else if let Some(word) = BRANCHES.iter().find(|k| **k == key) {
                self.fill_branches(delta, word, depth);
            } else if let Some(word) = MEMBERS.iter().find(|k| **k == key) {
                self.fill_members(delta, word, depth);
            } else if !same(key, None, Some(value)) {
                delta.changed.push(key);
            }
        }
    }

    fn fill_sub(
        &self,
        delta: &mut Delta<'a>,
        word: &'static str,
        base: Option<&'a Node<'a>>,
        revision: Option<&'a Node<'a>>,
        depth: usize,
    ) {
        // `true` and `false` allow and forbid; they are no schemas of their own.
        let allows = |node: Option<&Node<'_>>| node.and_then(Node::as_bool);
        if allows(base) != allows(revision) {
            delta.changed.push(word);
        }
        let schema = |node: Option<&'a Node<'a>>| node.filter(|n| n.as_bool().is_none());
        let sub = match (schema(base), schema(revision)) {
            (None, None) => return,
            (None, Some(_)) => Sub::Added,
            (Some(_), None) => Sub::Removed,
            (Some(b), Some(r)) => {
                let b = At { node: b, file: delta.base.file };
                match self.pair(b, At { node: r, file: delta.revision.file }, depth) {
                    Some(changed) => Sub::Changed(changed),
                    None => return,
                }
            }
        };
        delta.subs.push((word, sub));
    }

    fn fill_members(&self, delta: &mut Delta<'a>, word: &'static str, depth: usize) {
        let (base, revision) = (delta.base.at(word), delta.revision.at(word));
        let mut members = Members::default();
        for (i, (key, node)) in base.iter().flat_map(|at| at.node.entries()).enumerate() {
            // Mostly both have the same order.
            let other = revision.and_then(|at| match at.node.entries().get(i) {
                Some((k, v)) if k.text == key.text => Some(v),
                _ => at.node.entries().iter().find(|(k, _)| k.text == key.text).map(|(_, v)| v),
            });
            match other {
                None => members.removed.push(key.text.as_ref()),
                Some(other) => {
                    let base = At { node, file: delta.base.file };
                    if let Some(changed) = self.pair(base, At { node: other, file: delta.revision.file }, depth) {
                        members.changed.push((key.text.as_ref(), changed));
                    }
                }
            }
        }
        for (key, _) in revision.iter().flat_map(|at| at.node.entries()) {
            if base.is_none_or(|at| at.node.entries().iter().all(|(k, _)| k.text != key.text)) {
                members.added.push(key.text.as_ref());
            }
        }
        if !members.added.is_empty() || !members.removed.is_empty() || !members.changed.is_empty() {
            delta.members.push((word, members));
        }
    }

    fn fill_branches(&self, delta: &mut Delta<'a>, word: &'static str, depth: usize) {
        let (base, revision) = (delta.base.list(word), delta.revision.list(word));
        let mut out = Branches::default();
        self.by_reference(&base, &revision, depth, &mut out);
        self.by_content(&base, &revision, depth, &mut out);
        self.moved(&base, &revision, depth, &mut out);
        if !out.added.is_empty() || !out.removed.is_empty() || !out.changed.is_empty() {
            delta.branches.push((word, out));
        }
    }

    fn by_reference(&self, base: &[At<'a>], revision: &[At<'a>], depth: usize, out: &mut Branches<'a>) {
        let mut taken = vec![false; revision.len()];
        for (i, b) in base.iter().enumerate() {
            let Some(name) = reference(*b) else {
                continue;
            };
            match (0..revision.len()).find(|j| !taken[*j] && reference(revision[*j]) == Some(name)) {
                Some(j) => {
                    taken[j] = true;
                    if let Some(changed) = self.pair(*b, revision[j], depth) {
                        out.changed.push((i, j, changed));
                    }
                }
                None => out.removed.push(i),
            }
        }
        out.added.extend((0..revision.len()).filter(|j| !taken[*j] && reference(revision[*j]).is_some()));
    }

    fn by_content(&self, base: &[At<'a>], revision: &[At<'a>], depth: usize, out: &mut Branches<'a>) {
        let mut taken = vec![false; revision.len()];
        let mut removed = Vec::new();
        for (i, b) in base.iter().enumerate().filter(|(_, b)| reference(**b).is_none()) {
            let twin = (0..revision.len()).find(|j| {
                !taken[*j] && reference(revision[*j]).is_none() && self.pair(*b, revision[*j], depth).is_none()
            });
            match twin {
                Some(j) => taken[j] = true,
                None => removed.push(i),
            }
        }
        let inline = (0..revision.len()).filter(|j| !taken[*j] && reference(revision[*j]).is_none());
        let mut added: Vec<usize> = inline.collect();
        let mut titles: Vec<&str> = Vec::new();
        added.retain(|j| {
            let title = revision[*j].node.word("title");
            if title.is_empty() || titles.contains(&title) {
                return true;
            }
            let Some(k) = removed.iter().position(|i| base[*i].node.word("title") == title) else {
                return true;
            };
            titles.push(title);
            let i = removed.remove(k);
            if let Some(changed) = self.pair(base[i], revision[*j], depth) {
                out.changed.push((i, *j, changed));
            }
            false
        });
        if let ([i], [j]) = (removed.as_slice(), added.as_slice())
            && base[*i].node.word("title").is_empty()
            && revision[*j].node.word("title").is_empty()
        {
            if let Some(changed) = self.pair(base[*i], revision[*j], depth) {
                out.changed.push((*i, *j, changed));
            }
            return;
        }
        out.added.extend(added);
        out.removed.extend(removed);
    }

    /// Drops pairs of a reference and an inline schema that accept the same.
    fn moved(&self, base: &[At<'a>], revision: &[At<'a>], depth: usize, out: &mut Branches<'a>) {
        let mut i = 0;
        while i < out.removed.len() {
            let b = base[out.removed[i]];
            let twin = out.added.iter().position(|j| {
                let r = revision[*j];
                reference(b).is_some() != reference(r).is_some() && self.equivalent(b, r, depth)
            });
            match twin {
                Some(j) => {
                    out.removed.remove(i);
                    out.added.remove(j);
                }
                None => i += 1,
            }
        }
    }

    /// Whether two schemas accept the same, annotations aside.
    pub fn equivalent(&self, base: At<'a>, revision: At<'a>, depth: usize) -> bool {
        self.apart(|| self.pair(base, revision, depth)).is_none_or(|delta| delta.equivalent())
    }

    /// Whether a schema accepts the same as another once both lose some keywords.
    pub fn equivalent_without(&self, base: Schema<'a>, revision: Schema<'a>, without: &[&str]) -> bool {
        let delta = self.apart(|| self.delta(base, revision, 0));
        let mut delta = delta;
        delta.changed.retain(|k| !without.contains(k));
        delta.equivalent()
    }

    /// Compares as if nothing were being compared.
    fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        let open = self.open.take();
        let known = self.known.take();
        let result = work();
        self.open.replace(open);
        self.known.replace(known);
        result
    }
}

fn reference<'a>(at: At<'a>) -> Option<&'a str> {
    at.node.get("$ref").and_then(Node::as_text)
}

/// Whether a keyword means the same on both sides; what is left out means its default.
fn same(key: &str, base: Option<&Node<'_>>, revision: Option<&Node<'_>>) -> bool {
    match (base, revision) {
        (Some(b), Some(r)) => b.same(r) || (matches!(key, "type" | "required" | "enum") && same_set(b, r)),
        (None, None) => true,
        (Some(one), None) | (None, Some(one)) => unsaid(key, one),
    }
}

fn same_set(a: &Node<'_>, b: &Node<'_>) -> bool {
    let items = |node: &Node<'_>| -> usize { node.items().len() };
    match (&a.data, &b.data) {
        (Data::List(x), Data::List(y)) => {
            x.iter().all(|i| y.iter().any(|j| i.same(j))) && y.iter().all(|i| x.iter().any(|j| i.same(j)))
        }
        (Data::Text(_), Data::List(y)) => items(b) == 1 && y[0].same(a),
        (Data::List(x), Data::Text(_)) => items(a) == 1 && x[0].same(b),
        _ => false,
    }
}

/// Whether a value says no more than leaving it out.
fn unsaid(key: &str, node: &Node<'_>) -> bool {
    match &node.data {
        Data::Null => true,
        Data::Bool(value) => {
            let plain = ["uniqueItems", "nullable", "readOnly", "writeOnly", "allowEmptyValue", "deprecated"];
            !value && plain.contains(&key)
        }
        Data::Number(_, value) => *value == 0.0 && ["minLength", "minItems", "minProperties"].contains(&key),
        Data::Text(text) => text.is_empty() && !["default", "example", "const"].contains(&key),
        Data::List(items) => {
            items.is_empty() && ["type", "required", "enum", "oneOf", "anyOf", "allOf", "prefixItems"].contains(&key)
        }
        Data::Map(entries) => {
            entries.is_empty() && ["properties", "patternProperties", "dependentSchemas", "$defs"].contains(&key)
        }
    }
}

/// Whether a schema restricts nothing, one keyword aside.
pub fn restricts_nothing(schema: &Schema<'_>, except: &str) -> bool {
    schema.entries().all(|(key, value)| key == except || ANNOTATIONS.contains(&key) || unsaid(key, value))
}
