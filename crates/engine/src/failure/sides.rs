//! The other sides of what failed: who is called from here and what answers there, who sends what is taken here, what the
//! called one needs to be reached.
//!
//! Invariant: only along the map's operations, each with its line; a place gets less than the place it was reached from
//! unless the failure says that it came from there.

use super::board::{Board, Clue};
use super::clues::{Clues, Kind};
use super::places::{Place, Sources, last, plain};
use crate::Snapshot;
use crate::context::split_words;
use seam_facts::{PolicyKind, SmolStr};
use seam_graph::{Detail, Edge, EdgeKind, Endpoint, Evidence, Flows, PortRole, Traffic};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How far a handler is followed to where it raises.
const DEEP: usize = 4;
/// Operations of one function that are followed.
const WAYS: usize = 4;

/// Words in paths of deployments beside the real one.
const VARIANTS: &[&str] =
    &["dev", "test", "local", "quickstart", "example", "sample", "override", "debug", "e2e", "release", "ci", "tests"];

/// What files with handlers are called, without endings.
const HANDLERS: &[&str] = &[
    "controll", "handl", "rout", "resourc", "endpoint", "resolv", "view", "servic", "server", "api", "grpc", "consum",
    "listen",
];

pub(crate) struct Sides<'a> {
    pub sources: &'a Sources<'a>,
    pub clues: &'a Clues,
    /// What the whole text says, in small letters.
    pub text: &'a str,
    /// What runs the containers, as far as the text shows.
    pub runs: Runs,
    flows: Arc<Flows>,
}

/// What runs the containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    Compose,
    Cluster,
    Unknown,
}

impl Runs {
    fn fits(self, path: &str) -> bool {
        let compose = path.to_lowercase().contains("compose");
        match self {
            Runs::Compose => compose,
            Runs::Cluster => !compose,
            Runs::Unknown => true,
        }
    }
}

impl<'a> Sides<'a> {
    pub(crate) fn new(
        snapshot: &Snapshot,
        sources: &'a Sources<'a>,
        clues: &'a Clues,
        text: &'a str,
        runs: Runs,
    ) -> Self {
        Sides { sources, clues, text, runs, flows: snapshot.flows(None) }
    }

    fn is_remote(&self) -> bool {
        self.clues.kinds.iter().any(|k| k.is_remote())
    }

    fn has(&self, kind: Kind) -> bool {
        self.clues.kinds.contains(&kind)
    }

    /// Follows everything that a place exchanges with others, and says how surely the best of it is meant. `weight`: how much
    /// the place itself is spoken of.
    pub(crate) fn follow(&self, place: &Place, frame: bool, weight: f64, board: &mut Board) -> f64 {
        let mut ways: Vec<(f64, &Edge, &Detail)> = Vec::new();
        for edge in &self.sources.graph.edges {
            for detail in edge.details.iter().filter(|d| d.at.path == place.path) {
                // Messages are handled below where they are subscribed to.
                let frame = frame && edge.kind != EdgeKind::QueueConsume;
                let near = self.near(place, frame, edge, detail);
                if near > 0.0 {
                    ways.push((near, edge, detail));
                }
            }
        }
        if ways.iter().all(|w| w.0 < 1.2) {
            self.through(place, &mut ways);
        }
        if ways.is_empty() {
            self.beside(place, &mut ways);
        }
        ways.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.2.at.cmp(&b.2.at)));
        // A function that asks only one other asks that one.
        if let [only] = ways.as_mut_slice()
            && frame
            && only.0 < 1.0
            && only.2.at.at.line <= place.line
        {
            only.0 = 1.0;
        }
        let best = ways.first().map_or(0.0, |w| w.0);
        ways.retain(|w| w.0 > 0.6 * best);
        let crowd = (ways.len().clamp(1, 9) as f64).sqrt();
        for (near, edge, detail) in ways.into_iter().take(WAYS) {
            self.over(edge, detail, weight * near.min(1.0) / crowd, board);
        }
        self.callers(place, weight, board);
        best
    }

    /// Operations of the same package that are called as the function is: clients that are made in one file and used in another.
    fn beside<'g>(&'g self, place: &Place, ways: &mut Vec<(f64, &'g Edge, &'g Detail)>) {
        let folder = |path: &str| path.rsplit_once('/').map(|(f, _)| f.to_owned()).unwrap_or_default();
        let wanted: BTreeSet<String> = split_words(last(&place.within)).into_iter().filter(|w| w.len() > 3).collect();
        let own = folder(&place.path);
        for edge in self.sources.graph.edges.iter().filter(|e| seam_graph::is_synchronous(e)) {
            for detail in edge.details.iter().filter(|d| folder(&d.at.path) == own) {
                let shared = split_words(&detail.operation).iter().any(|w| wanted.contains(w));
                if shared {
                    ways.push((0.7, edge, detail));
                }
            }
        }
    }

    /// Operations of functions that are called on the lines around a place: many wrap their clients.
    fn through<'g>(&'g self, place: &Place, ways: &mut Vec<(f64, &'g Edge, &'g Detail)>) {
        let Some(node) = place.node.filter(|_| place.line > 0) else { return };
        let read = self.sources.said(&place.path);
        let last_line = if place.end_line > place.line + 3 { place.end_line } else { place.line };
        let from = if last_line > place.line { place.line } else { place.line.saturating_sub(4).max(1) };
        let mut names: Vec<(String, u32)> = Vec::new();
        for (number, text) in
            read.1.lines().enumerate().skip(from as usize - 1).take((last_line - from + 1).min(80) as usize)
        {
            for called in called(text) {
                names.push((called, last_line.abs_diff(number as u32 + 1)));
            }
        }
        let graph = self.sources.graph;
        for edge in graph.edges.iter().filter(|e| e.from == node) {
            for detail in edge.details.iter().filter(|d| !d.within.is_empty()) {
                let name = last(&detail.within);
                let direct = names.iter().filter(|(n, _)| n == name && n.len() > 3).map(|(_, away)| *away).min();
                if let Some(away) = direct {
                    ways.push((1.0 - 0.02 * f64::from(away.min(10)), edge, detail));
                }
            }
        }
        if !ways.is_empty() {
            return;
        }
        // One wrapper more.
        let named: Vec<SmolStr> = names.iter().map(|(n, _)| SmolStr::from(n.as_str())).collect();
        for effect in self.flows.called(node, &place.path, &place.within, &named) {
            let edge = &graph.edges[effect.operation.edge];
            if let Some(detail) = edge.details.get(effect.operation.detail) {
                ways.push((0.8 / (effect.way.len().max(1) as f64).sqrt(), edge, detail));
            }
        }
    }

    /// Whether an operation is the one at a place: its line, its function, or what the text names. A frame stands at the
    /// very call; a message is written somewhere after it.
    fn near(&self, place: &Place, frame: bool, edge: &Edge, detail: &Detail) -> f64 {
        let at = &detail.at.at;
        let away = if at.covers(place.line) { 0 } else { at.line.abs_diff(place.line) };
        let same =
            !place.within.is_empty() && (detail.within == place.within || last(&detail.within) == last(&place.within));
        let whole = place.end_line > place.line + 3;
        // A class is subscribed as a whole, wherever in it that is said.
        let owner = |symbol: &str| symbol.rsplit_once('.').map_or(String::new(), |(o, _)| o.to_owned());
        let subscribed = edge.kind == EdgeKind::QueueConsume
            && !owner(&place.within).is_empty()
            && (detail.within.is_empty()
                || owner(&detail.within) == owner(&place.within)
                || *detail.within == owner(&place.within));
        let near = if place.line > 0 && away < 2 && !whole {
            1.3
        } else if subscribed {
            0.9
        } else if same && (!frame || whole) {
            1.0 - 0.01 * f64::from(away.min(40))
        } else if same && at.line <= place.line {
            // A value that came in some lines above.
            (0.8 - 0.02 * f64::from(away)).max(0.3)
        } else if same {
            0.25
        } else if place.line > 0 && away < 8 && place.within.is_empty() {
            0.7
        } else {
            return 0.0;
        };
        let to = &self.sources.graph.nodes[edge.to];
        let method = detail.operation.rsplit(['/', ' ']).next().unwrap_or_default();
        let named = self.text.contains(&to.name.to_lowercase())
            || method.len() > 4 && plain(self.text).contains(&plain(method))
            || to.aliases.iter().any(|a| a.len() > 3 && self.text.contains(&a.to_lowercase()));
        near * if named { 1.25 } else { 1.0 }
    }

    /// Over one operation to the other side.
    pub(crate) fn over(&self, edge: &Edge, detail: &Detail, weight: f64, board: &mut Board) {
        let graph = self.sources.graph;
        let (from, to) = (&graph.nodes[edge.from], &graph.nodes[edge.to]);
        let proof = format!("{}:{}", detail.at.path, detail.at.at.line);
        let what = if detail.operation.is_empty() { to.name.clone() } else { detail.operation.clone() };
        match edge.kind.traffic() {
            Traffic::Call => {
                let share = if self.is_remote() {
                    0.95
                } else if self.has(Kind::Data) {
                    0.8
                } else {
                    0.4
                };
                let says = format!("{} asks {} for {what} there, and this answers", from.name, to.name);
                let wanted = format!("{} {}", detail.within, detail.operation);
                match detail.endpoint.as_ref().and_then(|key| seam_graph::endpoint_of(graph, key)) {
                    Some(endpoint) => self.answers(&graph.endpoints[endpoint], weight * share, &says, &proof, board),
                    None => self.stands_for(
                        (edge.to, &wanted),
                        weight * share,
                        &format!("{} asks {} there", from.name, to.name),
                        &proof,
                        board,
                    ),
                }
                if self.has(Kind::Refused) || self.has(Kind::Unknown) || self.has(Kind::TimedOut) {
                    self.unreached(edge, detail, weight, board);
                }
                // Where the call itself stands, for messages that only tell of it.
                if !board.has(&detail.at.path) {
                    let says = format!("{} asks {} for {what}", from.name, to.name);
                    board.add(&self.at(&detail.at), Clue { kind: "call", weight: weight * 0.6, says, at: "" });
                }
            }
            Traffic::Keep => {
                if self.is_remote() {
                    self.unreached(edge, detail, weight, board);
                }
            }
            Traffic::Publish => {
                if self.is_remote() {
                    self.unreached(edge, detail, weight, board);
                }
                if self.has(Kind::Topic) {
                    self.other_ends(edge, detail, EdgeKind::QueueConsume, weight * 0.8, board);
                }
            }
            Traffic::Consume => {
                if self.is_remote() {
                    self.unreached(edge, detail, weight * 0.9, board);
                }
                let share = if self.has(Kind::Data) { 0.9 } else { 0.5 };
                self.other_ends(edge, detail, EdgeKind::QueuePublish, weight * share, board);
            }
        }
    }

    /// The handler of an endpoint, and where what it runs raises.
    pub(crate) fn answers(&self, endpoint: &Endpoint, weight: f64, says: &str, proof: &str, board: &mut Board) {
        let first = endpoint.proof.first();
        let mut place = self.at(first);
        let handler = self.handler(endpoint, &place);
        if let Some(own) = &handler {
            place = own.clone();
        }
        board.add(&place, Clue { kind: "callee", weight: weight * 0.92, says: says.to_owned(), at: proof });
        let runs = self.flows.runs(endpoint.node, &place.path, &endpoint.handler, None);
        let steps = if runs.len() > 1 { runs } else { self.steps(&place, &endpoint.handler, endpoint.node) };
        for (path, symbol, way) in steps.iter().filter(|(_, _, way)| !way.is_empty() && way.len() <= DEEP) {
            let read = self.sources.said(path);
            let raises: Vec<u32> = read.0.raises.iter().filter(|(s, _)| s == symbol).map(|(_, at)| at.line).collect();
            let Some(function) = read.0.functions.iter().find(|(s, _)| s == symbol) else { continue };
            let less = 0.9_f64.powi(way.len() as i32 - 1);
            let through = format!("{says}, through `{}`", way.join("` → `"));
            let (line, weight) = match raises.first() {
                Some(line) => (*line, weight * 0.9 * less),
                None => (function.1.line, weight * 0.72 * less * less),
            };
            let place = Place {
                path: path.clone(),
                line,
                end_line: line,
                within: symbol.clone(),
                node: Some(endpoint.node),
                sure: 1.0,
            };
            board.add(&place, Clue { kind: "callee", weight, says: through, at: proof });
        }
    }

    /// Where the handler's function stands.
    fn handler(&self, endpoint: &Endpoint, place: &Place) -> Option<Place> {
        if endpoint.handler.is_empty() {
            return None;
        }
        let find = |path: &SmolStr| {
            let read = self.sources.said(path);
            let found = read
                .0
                .functions
                .iter()
                .find(|(s, _)| *s == endpoint.handler)
                .or_else(|| read.0.functions.iter().find(|(s, _)| last(s) == last(&endpoint.handler)))?;
            Some(Place {
                path: path.clone(),
                line: found.1.line,
                end_line: found.1.end_line,
                within: found.0.clone(),
                node: Some(endpoint.node),
                sure: 1.0,
            })
        };
        if let Some(found) = find(&place.path) {
            return Some(found);
        }
        // A route names a function of another file.
        let name = last(&endpoint.handler);
        let defines = |path: &&SmolStr| {
            self.sources.uses(path).is_some_and(|u| {
                u.functions.iter().any(|(s, _)| *s == endpoint.handler || last(s) == name && name.len() > 5)
            })
        };
        let own: Vec<&SmolStr> = self.sources.graph.nodes[endpoint.node].own.iter().filter(defines).collect();
        if own.len() == 1 { own.first().and_then(|path| find(path)) } else { None }
    }

    /// The functions of the same service that a handler's own text mentions, for services whose flows are not followed.
    fn steps(&self, place: &Place, handler: &str, node: usize) -> Vec<(SmolStr, SmolStr, Vec<SmolStr>)> {
        let mut out = Vec::new();
        let Some(uses) = self.sources.uses(&place.path) else { return out };
        let names =
            uses.functions.iter().find(|(s, _)| s == handler).map(|(_, names)| names.as_slice()).unwrap_or_default();
        for path in &self.sources.graph.nodes[node].own {
            let Some(uses) = self.sources.uses(path) else { continue };
            for (symbol, _) in uses.functions.iter().filter(|(s, _)| *path != place.path || s != handler) {
                let name = last(symbol);
                let owner = symbol.rsplit_once('.').map_or("", |(o, _)| o);
                // A member counts where its type is spoken of in the file as well.
                let told = name.len() > 3 && names.iter().any(|n| n == name) && !name.starts_with('<');
                if told && (owner.is_empty() || self.mentions(&place.path, owner)) {
                    out.push((path.clone(), symbol.clone(), vec![symbol.clone()]));
                }
            }
        }
        out.truncate(8);
        out
    }

    fn mentions(&self, path: &str, ty: &str) -> bool {
        self.sources.uses(path).is_some_and(|uses| {
            let supers: Vec<&str> = self.supers(ty);
            let named = |n: &SmolStr| n == last(ty) || supers.contains(&n.as_str());
            uses.functions.iter().any(|(_, names)| names.iter().any(named))
                || uses.imports.iter().any(|i| i.ends_with(last(ty)))
        })
    }

    /// What a type extends or implements: code mentions the interface where another type does the work.
    fn supers(&self, ty: &str) -> Vec<&str> {
        let declared = self.sources.declaring(ty).iter().filter_map(|path| self.sources.uses(path));
        declared
            .flat_map(|u| {
                u.types.iter().filter(|(n, _)| last(n) == last(ty)).flat_map(|(_, s)| s.iter().map(|s| last(s)))
            })
            .collect()
    }

    /// A called service of which no endpoint is known to be meant: where it serves.
    pub(crate) fn stands_for(
        &self,
        (node, wanted): (usize, &str),
        weight: f64,
        says: &str,
        proof: &str,
        board: &mut Board,
    ) {
        let graph = self.sources.graph;
        // What its handlers are called may be what the caller calls it.
        let methods: Vec<&str> = wanted.split(' ').map(last).filter(|m| m.len() > 4).collect();
        let wanted: BTreeSet<String> = split_words(wanted).into_iter().filter(|w| w.len() > 3).collect();
        let mut named: Vec<(usize, &SmolStr, SmolStr)> = Vec::new();
        for path in graph.nodes[node].own.iter().filter(|p| !seam_graph::is_test(p)) {
            let Some(uses) = self.sources.uses(path) else { continue };
            let stem = split_words(path.rsplit('/').next().unwrap_or(path));
            if !HANDLERS.iter().any(|h| stem.iter().any(|w| w.starts_with(h))) {
                continue;
            }
            let own: Vec<&SmolStr> = uses.functions.iter().map(|(symbol, _)| symbol).collect();
            let exact = own.iter().find(|s| methods.iter().any(|m| m.eq_ignore_ascii_case(last(s))));
            let words: BTreeSet<String> = own.iter().flat_map(|s| split_words(s)).chain(stem).collect();
            let shared = words.intersection(&wanted).count() + if exact.is_some() { 4 } else { 0 };
            if shared > 0 {
                named.push((shared, path, exact.map(|s| (*s).clone()).unwrap_or_default()));
            }
        }
        named.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let best = named.first().map_or(1, |n| n.0) as f64;
        let exact = named.iter().filter(|n| !n.2.is_empty()).count();
        let crowd =
            if exact > 0 { (exact.min(4) as f64).sqrt().min(1.3) } else { (named.len().clamp(1, 4) as f64).sqrt() };
        for (shared, path, symbol) in named.into_iter().take(4) {
            let read = self.sources.said(path);
            let function = read.0.functions.iter().find(|(s, _)| *s == symbol && !symbol.is_empty());
            let (line, end_line) = function.map_or((1, 1), |(_, at)| (at.line, at.end_line));
            let place = Place { path: path.clone(), line, end_line, within: symbol, node: Some(node), sure: 1.0 };
            let says = format!("{says}, and this handles what is called so");
            let weight = weight * if function.is_some() { 0.88 } else { 0.75 } * (shared as f64 / best) / crowd;
            board.add(&place, Clue { kind: "callee", weight, says, at: proof });
        }
        let mut files: BTreeSet<(&SmolStr, u32)> = BTreeSet::new();
        for endpoint in graph.endpoints.iter().filter(|e| e.node == node && e.is_written()) {
            let at = endpoint.proof.first();
            if !files.iter().any(|(path, _)| **path == at.path) {
                files.insert((&at.path, at.at.line));
            }
        }
        for port in graph.ports.iter().filter(|p| p.node == node && p.role == PortRole::Listens) {
            if !files.iter().any(|(path, _)| **path == port.at.path) {
                files.insert((&port.at.path, port.at.at.line));
            }
        }
        let crowd = (files.len().max(1) as f64).sqrt();
        for (path, line) in files.into_iter().take(6) {
            let place = Place {
                path: path.clone(),
                line,
                end_line: line,
                within: SmolStr::default(),
                node: Some(node),
                sure: 1.0,
            };
            board.add(&place, Clue { kind: "callee", weight: weight * 0.85 / crowd, says: says.to_owned(), at: proof });
        }
    }

    /// What it takes to reach the other side: its declaration, where it listens, what makes up its address, how long is waited.
    fn unreached(&self, edge: &Edge, detail: &Detail, weight: f64, board: &mut Board) {
        let graph = self.sources.graph;
        let (from, to) = (&graph.nodes[edge.from], &graph.nodes[edge.to]);
        let proof = format!("{}:{}", detail.at.path, detail.at.at.line);
        if self.has(Kind::TimedOut) {
            for policy in
                detail.policies.iter().filter(|p| p.kind == PolicyKind::Timeout && p.millis.as_deref() != Some("0"))
            {
                let millis = policy.millis.as_deref().map_or(String::new(), |m| format!(" {m} ms"));
                let says = format!("{} waits{millis} for {} there", from.name, to.name);
                board.add(&self.at(&policy.at), Clue { kind: "policy", weight: weight * 0.6, says, at: &proof });
            }
        }
        if !(self.has(Kind::Refused) || self.has(Kind::Unknown)) {
            return;
        }
        self.declared(
            edge.to,
            weight * 0.82,
            &format!("declares {}, which {} cannot reach", to.name, from.name),
            &proof,
            board,
        );
        for at in edge.proof.iter().filter(|e| e.path != detail.at.path).take(3) {
            let says = format!("makes up the address of {} for {}: {}", to.name, from.name, at.says);
            board.add(&self.at(at), Clue { kind: "setting", weight: weight * 0.7, says, at: &proof });
        }
        for port in graph.ports.iter().filter(|p| p.node == edge.to && p.role == PortRole::Listens).take(2) {
            let says = format!("{} listens here", to.name);
            board.add(&self.at(&port.at), Clue { kind: "port", weight: weight * 0.5, says, at: &proof });
        }
    }

    /// Where a node is deployed: what stands nearest to the root is what people mean.
    pub(crate) fn declared(&self, node: usize, weight: f64, says: &str, proof: &str, board: &mut Board) {
        let mut less = 1.0;
        for at in self.deployments(node) {
            board.add(
                &self.at(at),
                Clue { kind: "declaration", weight: weight * less, says: says.to_owned(), at: proof },
            );
            less *= 0.6;
        }
    }

    /// One place in each file that deploys a node.
    pub(crate) fn deployments(&self, node: usize) -> Vec<&Evidence> {
        let mut seen = BTreeSet::new();
        let all = self.sources.graph.nodes[node].proof.iter().filter(|e| is_deployment(&e.path));
        let mut out: Vec<&Evidence> = all.filter(|e| seen.insert(e.path.clone())).collect();
        // What is made for trying, or made from the others, is seldom what runs.
        let variant = |path: &str| {
            let lower = path.to_lowercase();
            let words = lower.split(|c: char| !c.is_alphanumeric());
            words.into_iter().any(|w| VARIANTS.contains(&w))
        };
        out.sort_by_key(|e| (!self.runs.fits(&e.path), e.path.matches('/').count(), variant(&e.path)));
        out.truncate(5);
        out
    }

    /// Who else puts into, or takes from, the topic of an operation.
    fn other_ends(&self, edge: &Edge, detail: &Detail, kind: EdgeKind, weight: f64, board: &mut Board) {
        let graph = self.sources.graph;
        let proof = format!("{}:{}", detail.at.path, detail.at.at.line);
        let same = |d: &&Detail| d.operation == detail.operation && !d.operation.is_empty();
        let ends: Vec<(&Edge, &Detail)> = graph
            .edges
            .iter()
            .filter(|e| e.kind == kind && e.to == edge.to)
            .flat_map(|e| e.details.iter().filter(same).map(move |d| (e, d)))
            .collect();
        let crowd = (ends.len().clamp(1, 9) as f64).sqrt();
        let verb = if kind == EdgeKind::QueuePublish { "publishes" } else { "takes" };
        for (end, d) in ends.into_iter().take(5) {
            let (mine, other) = (&graph.nodes[edge.from].name, &graph.nodes[end.from].name);
            let says = format!("{other} {verb} {} here, which {mine} has at {proof}", d.operation);
            self.end(&self.at(&d.at), &says, weight / crowd, &proof, board);
        }
    }

    /// A sender's statement, and where what it sends is put together: in a wrapper's callers, if it is one.
    pub(crate) fn end(&self, place: &Place, says: &str, weight: f64, proof: &str, board: &mut Board) {
        let mut place = place.clone();
        if place.within.is_empty() {
            place.within = self.sources.around(&place.path, place.line);
        }
        if place.within.is_empty() {
            // A field of a class: the class is what others use.
            let read = self.sources.said(&place.path);
            let types = read.0.types.iter().filter(|(_, at)| at.covers(place.line));
            place.within =
                types.min_by_key(|(_, at)| at.end_line - at.line).map(|(n, _)| n.clone()).unwrap_or_default();
        }
        let builders = self.builders(&place);
        let fields = &self.clues.fields;
        let has = |path: &SmolStr| {
            let read = self.sources.said(path);
            fields.iter().any(|(f, _)| {
                read.1.contains(&format!("{f}:"))
                    || read.1.contains(&format!("\"{f}\""))
                    || read.1.contains(&format!("'{f}'"))
            })
        };
        let own = if builders.is_empty() || fields.is_empty() || has(&place.path) { 1.0 } else { 0.85 };
        board.add(&place, Clue { kind: "sender", weight: weight * own, says: says.to_owned(), at: proof });
        let crowd = (builders.len().max(1) as f64).sqrt();
        for builder in builders {
            let bonus = if fields.is_empty() {
                0.9
            } else if has(&builder.path) {
                1.02
            } else {
                0.7
            };
            let says = format!("{says}; this puts together what is sent");
            board.add(&builder, Clue { kind: "sender", weight: weight * bonus / crowd, says, at: proof });
        }
    }

    /// Files of the same service that use the type or function around a statement.
    fn builders(&self, place: &Place) -> Vec<Place> {
        let Some(node) = place.node else { return Vec::new() };
        let (owner, name) = place.within.rsplit_once('.').unwrap_or(("", &place.within));
        let types = self.sources.uses(&place.path).map(|u| u.types.as_slice()).unwrap_or_default();
        let wanted = if owner.is_empty() { name } else { last(owner) };
        if wanted.len() < 4 || types.len() > 3 {
            return Vec::new();
        }
        let mut out = Vec::new();
        for path in self.sources.graph.nodes[node].own.iter().filter(|p| **p != place.path && !seam_graph::is_test(p)) {
            let Some(uses) = self.sources.uses(path) else { continue };
            let Some((symbol, _)) =
                uses.functions.iter().find(|(s, names)| !s.starts_with("Type.") && names.iter().any(|n| n == wanted))
            else {
                continue;
            };
            let read = self.sources.said(path);
            let line = read
                .1
                .lines()
                .enumerate()
                .filter(|(_, l)| !l.trim_start().starts_with(['i', 'f']) || !l.contains("import"))
                .find(|(_, l)| l.contains(wanted))
                .map_or(1, |(n, _)| n as u32 + 1);
            out.push(Place {
                path: path.clone(),
                line,
                end_line: line,
                within: symbol.clone(),
                node: Some(node),
                sure: 1.0,
            });
        }
        if out.len() > 6 {
            out.clear();
        }
        out
    }

    /// Who calls the endpoint that a place handles: data that does not fit came from there.
    fn callers(&self, place: &Place, weight: f64, board: &mut Board) {
        if !self.has(Kind::Data) || place.within.is_empty() {
            return;
        }
        let graph = self.sources.graph;
        for endpoint in graph
            .endpoints
            .iter()
            .filter(|e| e.proof.first().path == place.path && last(&e.handler) == last(&place.within))
        {
            let asks = graph.edges.iter().flat_map(|e| e.details.iter().map(move |d| (e, d)));
            let asks: Vec<_> = asks.filter(|(_, d)| d.endpoint.as_ref() == Some(&endpoint.key)).collect();
            let crowd = (asks.len().clamp(1, 9) as f64).sqrt();
            for (edge, d) in asks.into_iter().take(4) {
                let says = format!(
                    "{} sends what {} takes at {}",
                    graph.nodes[edge.from].name,
                    graph.nodes[edge.to].name,
                    endpoint.asked_as()
                );
                board.add(&self.at(&d.at), Clue { kind: "caller", weight: weight * 0.55 / crowd, says, at: "" });
            }
        }
    }

    pub(crate) fn at(&self, at: &Evidence) -> Place {
        Place {
            path: at.path.clone(),
            line: at.at.line,
            end_line: at.at.line,
            within: SmolStr::default(),
            node: self.sources.node_of(&at.path),
            sure: 1.0,
        }
    }
}

/// Names that a line of code calls.
fn called(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in line.match_indices('(') {
        let name: String = line[..at].chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let name: String = name.chars().rev().collect();
        if name.len() > 2
            && !matches!(name.as_str(), "for" | "while" | "switch" | "catch" | "return" | "func" | "print" | "with")
        {
            out.push(name);
        }
    }
    out
}

/// Files that say what runs, as opposed to code and recipes of images.
pub(crate) fn is_deployment(path: &str) -> bool {
    let lower = path.to_lowercase();
    [".yaml", ".yml", ".tf", ".toml", ".json", ".hcl", ".bicep", "apphost/program.cs", ".env", "procfile", ".service"]
        .iter()
        .any(|e| lower.ends_with(e))
}
