//! With which statuses endpoints answer, and what callers do about the statuses that they get.
//!
//! Invariant: an endpoint answers with a status only where its handler, or a function that the handler runs, gives it or raises
//! an error that the service gives it for; a service never answers with one only where nothing of its code so much as names it.

use crate::Cx;
use crate::effects::last;
use seam_facts::{Claim, Fact, Key, Protocol, SmolStr, Status, StatusOf};
use seam_graph::{Detail, EdgeKind, Evidence, NodeKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many calls deep a handler is followed to what it answers.
const DEPTH: usize = 3;

type Said<'a> = (&'a Fact, &'a Status);

pub(crate) struct Answers<'a> {
    by_path: HashMap<&'a str, Vec<Said<'a>>>,
}

/// What the function around a call does about statuses.
#[derive(Default)]
pub(crate) struct Regard {
    /// Those it tells from others, with the place.
    pub told: BTreeMap<SmolStr, Evidence>,
    /// It looks whether the answer is a success.
    pub checked: bool,
    /// It reads the answer's body.
    pub read: Option<Evidence>,
    /// Successes of which each alone is none of the failures.
    pub wanted: BTreeMap<SmolStr, Evidence>,
    /// Whatever is no failure of the server counts as a success.
    pub below: Option<Evidence>,
}

impl<'a> Answers<'a> {
    pub fn new(cx: &Cx<'a>) -> Self {
        let mut by_path: HashMap<&'a str, Vec<Said<'a>>> = HashMap::new();
        for (path, fact) in cx.base.facts() {
            if let Claim::Status(status) = &fact.claim {
                by_path.entry(path.as_str()).or_default().push((fact, status));
            }
        }
        Answers { by_path }
    }

    fn of_path(&self, path: &str) -> &[Said<'a>] {
        self.by_path.get(path).map_or(&[], Vec::as_slice)
    }

    /// What the function around a call says.
    pub fn regard(&self, cx: &Cx<'_>, detail: &Detail) -> Regard {
        let mut out = Regard::default();
        let path = &detail.at.path;
        for (fact, status) in self.of_path(path).iter().filter(|(_, s)| s.within == detail.within) {
            match status.of {
                StatusOf::Told => {
                    let says = format!("looks for {}", status.code);
                    out.told.entry(status.code.clone()).or_insert_with(|| cx.evidence(path, fact, says));
                }
                StatusOf::Checked => out.checked = true,
                StatusOf::Read => out.read = Some(cx.evidence(path, fact, "reads the body")),
                StatusOf::Wanted => {
                    let says = format!("takes everything but {} for a failure", status.code);
                    out.wanted.entry(status.code.clone()).or_insert_with(|| cx.evidence(path, fact, says));
                }
                StatusOf::Below => {
                    out.below
                        .get_or_insert_with(|| cx.evidence(path, fact, "takes everything below 500 for a success"));
                }
                StatusOf::Given | StatusOf::Mapped | StatusOf::Named | StatusOf::Succeeds => {}
            }
        }
        out
    }

    /// Successes that an endpoint answers with as its handler says; empty where it may answer with others.
    pub fn successes(&self, cx: &Cx<'a>, key: &Key) -> BTreeMap<SmolStr, Evidence> {
        let mut out = BTreeMap::new();
        let Some(index) = seam_graph::endpoint_of(cx.graph, key) else { return out };
        let endpoint = &cx.graph.endpoints[index];
        let at = endpoint.proof.first();
        let mut said: Vec<(SmolStr, Said<'a>)> = Vec::new();
        if at.at.line < at.at.end_line {
            let here = self.of_path(&at.path).iter().filter(|(fact, _)| at.at.covers(fact.at.line));
            said.extend(here.map(|s| (at.path.clone(), *s)));
        }
        if let Some((path, symbol)) = handler(cx, endpoint) {
            for (path, symbol, way) in cx.flows().runs(endpoint.node, path, &symbol, None) {
                if way.len() <= DEPTH {
                    let of_it = self.of_path(&path).iter().filter(|(_, s)| s.within == symbol);
                    said.extend(of_it.map(|s| (path.clone(), *s)));
                }
            }
        }
        for (path, (fact, status)) in said {
            match status.of {
                StatusOf::Given if status.code.is_empty() => return BTreeMap::new(),
                StatusOf::Succeeds => {
                    let says = format!("answers {}", status.code);
                    out.entry(status.code.clone()).or_insert_with(|| cx.evidence(&path, fact, says));
                }
                _ => {}
            }
        }
        out
    }

    /// Errors that an endpoint answers with, with the place.
    pub fn given(&self, cx: &Cx<'a>, key: &Key) -> BTreeMap<SmolStr, Evidence> {
        let mut out = BTreeMap::new();
        let Some(index) = seam_graph::endpoint_of(cx.graph, key) else { return out };
        let endpoint = &cx.graph.endpoints[index];
        let at = endpoint.proof.first();
        let mut add = |path: &SmolStr, fact: &Fact, code: &SmolStr| {
            if !code.is_empty() {
                let says = format!("answers {code}");
                out.entry(code.clone()).or_insert_with(|| cx.evidence(path, fact, says));
            }
        };
        // A handler that is written where it is registered.
        if at.at.line < at.at.end_line {
            for (fact, status) in self.of_path(&at.path) {
                if status.of == StatusOf::Given && at.at.covers(fact.at.line) {
                    add(&at.path, fact, &status.code);
                }
            }
        }
        let Some((path, symbol)) = handler(cx, endpoint) else { return out };
        let mapped: Vec<(&SmolStr, Said<'_>)> = self.of_node(cx, endpoint.node, StatusOf::Mapped);
        for (path, symbol, way) in cx.flows().runs(endpoint.node, path, &symbol, None) {
            if way.len() > DEPTH {
                continue;
            }
            for (fact, status) in self.of_path(&path).iter().filter(|(_, s)| s.within == symbol) {
                if status.of == StatusOf::Given {
                    add(&path, fact, &status.code);
                }
            }
            if mapped.is_empty() {
                continue;
            }
            let names = mentioned(cx, &path, &symbol);
            for (path, (fact, status)) in mapped.iter().filter(|(_, (_, s))| names.contains(&s.ty)) {
                add(path, fact, &status.code);
            }
        }
        out
    }

    fn of_node(&self, cx: &Cx<'a>, node: usize, of: StatusOf) -> Vec<(&'a SmolStr, Said<'a>)> {
        let node = cx.node(node);
        let files = node.own.iter().chain(&node.libraries);
        files.flat_map(|p| self.of_path(p).iter().filter(|(_, s)| s.of == of).map(move |s| (p, *s))).collect()
    }

    /// Whether a service can be known never to answer with a status: its code is read, names it nowhere, and passes on no
    /// status that it gets itself.
    pub fn never(&self, cx: &Cx<'_>, node: usize, code: &str) -> bool {
        self.never_behind(cx, node, code, &mut BTreeSet::new())
    }

    fn never_behind(&self, cx: &Cx<'_>, node: usize, code: &str, asked: &mut BTreeSet<usize>) -> bool {
        if !asked.insert(node) {
            return true;
        }
        let it = cx.node(node);
        if it.kind != NodeKind::Service || it.own.is_empty() {
            return false;
        }
        let mut any = false;
        for path in it.own.iter().chain(&it.libraries) {
            for (_, status) in self.of_path(path) {
                let gives = match status.of {
                    StatusOf::Given | StatusOf::Mapped => status.code.is_empty() || status.code == code,
                    StatusOf::Named => status.code == code,
                    StatusOf::Told
                    | StatusOf::Checked
                    | StatusOf::Read
                    | StatusOf::Succeeds
                    | StatusOf::Wanted
                    | StatusOf::Below => false,
                };
                if gives {
                    return false;
                }
                any |= matches!(status.of, StatusOf::Given | StatusOf::Mapped);
            }
        }
        // An error of gRPC that is returned as it came keeps its code.
        let remote = !code.starts_with(|c: char| c.is_ascii_digit());
        let below = cx.outgoing(node).iter().map(|e| cx.edge(*e)).filter(|e| remote && e.kind == EdgeKind::Grpc);
        any && below.into_iter().all(|e| self.never_behind(cx, e.to, code, asked))
    }
}

/// File and symbol of an endpoint's handler.
fn handler<'a>(cx: &Cx<'a>, endpoint: &'a seam_graph::Endpoint) -> Option<(&'a SmolStr, SmolStr)> {
    // A server of gRPC is registered as a whole: its methods are called like those of the contract.
    let remote = endpoint.protocol == Protocol::Grpc;
    let name = if remote { endpoint.path.rsplit('/').next().unwrap_or_default() } else { last(&endpoint.handler) };
    if name.is_empty() {
        return None;
    }
    let here = &endpoint.proof.first().path;
    let files = std::iter::once(here).chain(cx.node(endpoint.node).own.iter().filter(move |p| *p != here));
    let mut found = files
        .flat_map(|path| uses(cx, path).into_iter().flat_map(move |u| u.functions.iter().map(move |f| (path, &f.0))));
    let owner = endpoint.handler.rsplit_once('.').map(|(o, _)| last(o));
    found
        .find(|(path, symbol)| {
            let of = symbol.rsplit_once('.').map(|(o, _)| o);
            last(symbol).eq_ignore_ascii_case(name) && (remote || *path == here || owner.is_some() && of == owner)
        })
        .map(|(path, symbol)| (path, symbol.clone()))
}

fn uses<'a>(cx: &Cx<'a>, path: &str) -> Option<&'a seam_facts::Uses> {
    cx.facts(path).iter().find_map(|f| if let Claim::Uses(uses) = &f.claim { Some(uses) } else { None })
}

fn mentioned<'a>(cx: &Cx<'a>, path: &str, symbol: &str) -> BTreeSet<&'a SmolStr> {
    let functions = uses(cx, path).into_iter().flat_map(|u| &u.functions);
    functions.filter(|(s, _)| s == symbol).flat_map(|(_, names)| names).collect()
}
