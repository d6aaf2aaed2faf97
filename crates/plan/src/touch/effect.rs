//! What one change does: the rule that says so, the services whose own side it changes, and those whose interactions it changes.
//!
//! Invariant: an effect has a place in the older text or the newer; a service that is touched has at least one place or one
//! interaction that leads to it. Nobody is said to be safe.

use super::text::{self, Hunk};
use crate::change::Rule;
use seam_facts::{Claim, FactBase, Key, SmolStr, Span, Uses};
use seam_graph::{Certainty, Difference, Evidence, Flows, Graph, NodeKind, Passed};
use std::collections::{BTreeMap, BTreeSet};

/// One state of the system: linked, with its facts and texts.
pub struct Side<'a> {
    pub graph: &'a Graph,
    pub base: &'a FactBase,
    pub flows: &'a Flows,
    /// Calls that gateways hand on.
    pub passed: &'a [Passed],
    pub text: &'a dyn Fn(&str) -> Option<String>,
}

/// One file that differs.
pub struct Edited {
    pub path: String,
    pub before: Option<String>,
    pub after: Option<String>,
    /// Where it says something else: comments, space and blank lines aside.
    pub hunks: Vec<Hunk>,
    /// Only what is written to a log differs there.
    pub logs: Vec<Hunk>,
    /// Why its lines are no seeds; nothing where they are.
    pub left_out: Option<&'static str>,
}

impl Edited {
    pub fn new(path: &str, before: Option<String>, after: Option<String>) -> Self {
        // An editor may leave out the mark that a file begins with.
        let plain =
            |text: Option<String>| text.map(|t| t.strip_prefix('\u{feff}').map_or(t.clone(), ToOwned::to_owned));
        let (before, after) = (plain(before), plain(after));
        let (old, new) = (before.as_deref().unwrap_or_default(), after.as_deref().unwrap_or_default());
        let left_out = super::files::left_out(path, if new.is_empty() { old } else { new });
        let (a, b) = (text::code(path, old), text::code(path, new));
        let all = text::hunks(old, new).into_iter().filter(|h| !text::says_the_same(h, &a, &b));
        let (logs, hunks) = all.partition(|h| super::wording::only_logs(path, h, old, new));
        Edited { path: path.to_owned(), hunks, logs, left_out, before, after }
    }

    /// Whether one of its lines that say something else lies in a span of the older text, or of the newer.
    pub fn touches(&self, at: Span, newer: bool) -> bool {
        let end = at.end_line.max(at.line);
        let meets = |(from, count): (u32, u32)| count > 0 && from <= end && at.line < from + count;
        self.hunks.iter().any(|h| meets(if newer { h.new } else { h.old }))
    }
}

/// Both states, with what differs.
pub struct Cx<'a> {
    pub old: Side<'a>,
    pub new: Side<'a>,
    pub edited: &'a [Edited],
    pub differences: &'a [Difference],
}

/// One change with its reach.
#[derive(Clone, Debug)]
pub struct Effect {
    pub rule: &'static Rule,
    /// What changed, with names and values; lower case, no dot.
    pub text: String,
    /// The thing, by its name in the older state: `endpoint/orders/GET /orders`, `setting/orders/STOCK_URL`.
    pub key: String,
    pub was: Option<Evidence>,
    pub is: Option<Evidence>,
    pub certainty: Certainty,
    /// Whose own code, contract or configuration it is, each with places.
    pub direct: BTreeMap<SmolStr, Vec<Evidence>>,
    pub dependent: Vec<Tie>,
    /// The endpoints, by key in the older state, behind which it lies: whoever asks for these runs into it.
    pub entries: BTreeSet<Key>,
    /// What is not known about it.
    pub open: Vec<String>,
}

/// A service whose interaction changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    pub service: SmolStr,
    /// In a few words: `calls POST /quotes`.
    pub why: String,
    /// Keys of the interactions that lead from it to what changes.
    pub through: Vec<Key>,
    pub places: Vec<Evidence>,
    pub certainty: Certainty,
    /// The same change moves its side along.
    pub moved: bool,
}

impl Effect {
    pub fn new(id: &str, text: String, key: String) -> Self {
        Effect {
            rule: super::rules::find(id),
            text,
            key,
            was: None,
            is: None,
            certainty: Certainty::Stated,
            direct: BTreeMap::new(),
            dependent: Vec::new(),
            entries: BTreeSet::new(),
            open: Vec::new(),
        }
    }

    pub fn of(id: &str, text: String, d: &Difference) -> Self {
        let name = if d.name.is_empty() { d.peer.clone() } else { d.name.clone() };
        let key = format!("{}/{}/{name}", d.what.word(), d.node);
        let mut effect = Effect::new(id, text, key).at(d.was.clone(), d.is.clone()).sure(d.certainty);
        let places = effect.was.iter().chain(&effect.is).cloned().collect();
        effect.direct.insert(d.node.clone(), places);
        effect
    }

    pub fn at(self, was: Option<Evidence>, is: Option<Evidence>) -> Self {
        Effect { was, is, ..self }
    }

    pub fn sure(self, certainty: Certainty) -> Self {
        Effect { certainty, ..self }
    }

    /// Adds one, or a further place of one that is known. Who is touched directly is not dependent as well.
    pub fn tie(&mut self, tie: Tie) {
        if self.direct.contains_key(&tie.service) {
            return;
        }
        match self.dependent.iter_mut().find(|t| t.service == tie.service) {
            Some(known) => {
                known.places.extend(tie.places.into_iter().filter(|p| !known.places.contains(p)).collect::<Vec<_>>());
                known
                    .through
                    .extend(tie.through.into_iter().filter(|k| !known.through.contains(k)).collect::<Vec<_>>());
                known.certainty = known.certainty.min(tie.certainty);
                known.moved &= tie.moved;
            }
            None => self.dependent.push(tie),
        }
    }

    pub fn services(&self) -> impl Iterator<Item = &SmolStr> {
        self.direct.keys().chain(self.dependent.iter().map(|t| &t.service))
    }
}

impl<'a> Side<'a> {
    pub fn node(&self, name: &str) -> Option<usize> {
        self.graph.nodes.iter().position(|n| n.name == name)
    }

    pub fn name(&self, node: usize) -> &'a SmolStr {
        &self.graph.nodes[node].name
    }

    /// Whose file it is: those that have it among their own; else those whose library it is; else those in whose folder it lies.
    pub fn owners(&self, path: &str) -> Vec<usize> {
        let nodes = || self.graph.nodes.iter().enumerate();
        let has = |files: &[SmolStr]| {
            files.binary_search_by(|f| f.as_str().cmp(path)).is_ok() || files.iter().any(|f| f == path)
        };
        let own: Vec<usize> = nodes().filter(|(_, n)| has(&n.own)).map(|(id, _)| id).collect();
        if !own.is_empty() {
            return own;
        }
        let shared: Vec<usize> = nodes().filter(|(_, n)| has(&n.libraries)).map(|(id, _)| id).collect();
        if !shared.is_empty() {
            return shared;
        }
        let below = |root: &str| {
            !root.is_empty() && path.strip_prefix(root).is_some_and(|r| r.is_empty() || r.starts_with('/'))
        };
        let holding: Vec<(usize, usize)> =
            nodes().flat_map(|(id, n)| n.roots.iter().filter(|r| below(r)).map(move |r| (r.len(), id))).collect();
        let deepest = holding.iter().map(|(length, _)| *length).max().unwrap_or(0);
        let mut out: Vec<usize> = holding.into_iter().filter(|(l, _)| *l == deepest).map(|(_, id)| id).collect();
        out.dedup();
        out
    }

    /// The files that a node's code is made of.
    pub fn files(&self, node: usize) -> impl Iterator<Item = &'a SmolStr> {
        let node = &self.graph.nodes[node];
        node.own.iter().chain(&node.libraries)
    }

    /// Whether a node runs code or takes part in traffic, rather than being a store or a tool beside.
    pub fn runs(&self, node: usize) -> bool {
        matches!(self.graph.nodes[node].kind, NodeKind::Service | NodeKind::Gateway | NodeKind::Server)
    }

    pub fn uses(&self, path: &str) -> Option<&'a Uses> {
        self.base.get(path)?.facts.iter().find_map(|f| if let Claim::Uses(uses) = &f.claim { Some(uses) } else { None })
    }

    /// Calls that an endpoint answers, also those that a gateway hands to it, as (edge, detail).
    pub fn callers(&self, endpoint: usize) -> Vec<(usize, usize)> {
        let it = &self.graph.endpoints[endpoint];
        let mut out = Vec::new();
        for (edge, e) in self.graph.edges.iter().enumerate().filter(|(_, e)| e.to == it.node && e.from != it.node) {
            for (detail, d) in e.details.iter().enumerate() {
                let named = !d.operation.is_empty() && d.operation == it.asked_as();
                if d.endpoint.as_ref() == Some(&it.key) || named {
                    out.push((edge, detail));
                }
            }
        }
        out.extend(self.passed.iter().filter(|p| p.endpoints.contains(&endpoint)).map(|p| p.call));
        out
    }
}

impl<'a> Cx<'a> {
    pub fn edit(&self, path: &str) -> Option<&'a Edited> {
        self.edited.iter().find(|e| e.path == path)
    }

    /// Whether the edit itself says it: a place of it stands on a line that says something else now.
    pub fn states(&self, d: &Difference) -> bool {
        self.on(&d.was, false) || self.on(&d.is, true)
    }

    /// A statement may reach over some lines; configuration states things far from where they are used.
    fn on(&self, at: &Option<Evidence>, newer: bool) -> bool {
        let Some(at) = at else { return false };
        let Some(edit) = self.edit(&at.path).filter(|e| !e.hunks.is_empty()) else { return false };
        let wide = Span { line: at.at.line.saturating_sub(2), end_line: at.at.end_line.max(at.at.line) + 2, ..at.at };
        seam_extract::lang::of_path(&at.path).is_none() || edit.touches(wide, newer)
    }

    /// A place without what is said there.
    pub fn place(path: &str, line: u32, says: &str) -> Evidence {
        Evidence { path: path.into(), at: Span::at(line, 1), says: says.into(), by: "plan".into() }
    }
}
