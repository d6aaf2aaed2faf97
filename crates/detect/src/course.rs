//! In which order a function changes its own store and other services: directly, or by what it calls.
//!
//! Invariant: an order is stated only within one function, where the two lines stand; what a call leads to is known by
//! names, a few functions deep, and says "may".

use crate::Cx;
use crate::effects::{Change, Entry, change, is_courtesy, last};
use crate::keeping::{self, Keeping, names_keeping};
use seam_facts::{Claim, Fact, Region, RegionKind, SmolStr, Span, Steps, Stretch, WriteKind};
use seam_graph::{EdgeKind, Evidence, NodeKind, Operation};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many calls deep an effect is followed from the function that orders it.
const DEPTH: usize = 3;

/// What is done: a write to the service's own store, or a change elsewhere.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// Kind and name of what is written, with its place.
    Store(WriteKind, SmolStr, Evidence),
    Change(Change, Operation),
}

/// A deed as one function orders it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The line in the ordering function.
    pub line: u32,
    /// The function called there; empty where the deed stands in the function's own text.
    pub through: SmolStr,
    pub deed: Deed,
    /// Calls between.
    pub depth: usize,
}

/// A function, or a handler that is written where it is registered.
pub(crate) struct Course {
    pub path: SmolStr,
    pub symbol: SmolStr,
    pub lines: (u32, u32),
    pub steps: Vec<Step>,
    /// Transactions that are opened in it.
    pub transactions: Vec<Region>,
    /// Simple names of all that it calls.
    pub called: Vec<SmolStr>,
    /// The service keeps its messages, and what this function sends goes past that.
    pub beside: bool,
    never: Vec<(Stretch, Stretch)>,
}

impl Step {
    /// The function that leads to it, in words.
    pub fn way(&self) -> String {
        if self.through.is_empty() { String::new() } else { format!(" through `{}`", last(&self.through)) }
    }
}

impl Course {
    /// Whether what stands on the second line may come after what stands on the first in one run.
    pub fn follows(&self, first: u32, second: u32) -> bool {
        let within = |(from, to): (u32, u32), line: u32| from <= line && line <= to;
        !self.never.iter().any(|(a, b)| within(*a, first) && within(*b, second))
    }

    /// A line of it as evidence.
    pub fn place(&self, line: u32, says: &str) -> Evidence {
        Evidence { at: Span::at(line, 1), path: self.path.clone(), says: says.into(), by: "regions".into() }
    }

    pub fn stores(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|s| matches!(s.deed, Deed::Store(..)))
    }

    pub fn changes(&self) -> impl Iterator<Item = (&Step, Change, Operation)> {
        self.steps.iter().filter_map(|s| match s.deed {
            Deed::Change(change, operation) => Some((s, change, operation)),
            Deed::Store(..) => None,
        })
    }
}

/// The functions of a service that order a write to its store and a change elsewhere, or several changes; none where the
/// service keeps its messages, or mends what is lost. Rules ask [`Cx::courses`], which works it out once.
pub(crate) fn courses(cx: &Cx<'_>, node: usize) -> Vec<Course> {
    if cx.node(node).kind != NodeKind::Service {
        return Vec::new();
    }
    let stores = keeps_data(cx, node);
    let (names, calls) = cx.flows().functions(node);
    let mut files: BTreeMap<&SmolStr, Vec<usize>> = BTreeMap::new();
    for (index, (path, _)) in names.iter().enumerate() {
        files.entry(path).or_default().push(index);
    }
    let mut own: Vec<Vec<(u32, Deed)>> = vec![Vec::new(); names.len()];
    let at: HashMap<(&str, &str), usize> =
        names.iter().enumerate().map(|(i, (p, s))| ((p.as_str(), s.as_str()), i)).collect();
    for path in files.keys().filter(|_| stores) {
        for fact in cx.facts(path) {
            if let Claim::Write(write) = &fact.claim
                && let Some(index) = at.get(&(path.as_str(), write.within.as_str()))
            {
                let evidence = cx.evidence(path, fact, "a write to the store");
                own[*index].push((fact.at.line, Deed::Store(write.kind, write.name.clone(), evidence)));
            }
        }
    }
    for edge in cx.outgoing(node) {
        for (detail, d) in cx.edge(*edge).details.iter().enumerate() {
            let operation = Operation { edge: *edge, detail };
            let Some(what) = change(cx, operation).filter(|_| !is_courtesy(cx, operation)) else { continue };
            if let Some(index) = at.get(&(d.at.path.as_str(), d.within.as_str())) {
                own[*index].push((d.at.at.line, Deed::Change(what, operation)));
            }
        }
    }
    let reach = Reach::new(&own, calls);
    let mut out = Vec::new();
    for (path, indexes) in &files {
        let facts = cx.facts(path);
        for fact in facts {
            let Claim::Steps(steps) = &fact.claim else { continue };
            let Some(index) = indexes.iter().copied().find(|i| names[*i].1 == steps.within) else { continue };
            let found = steps_of(steps, index, names, calls, &own, &reach);
            let course = Course {
                path: (*path).clone(),
                symbol: steps.within.clone(),
                lines: steps.lines,
                steps: found,
                transactions: transactions(facts, steps),
                called: steps.calls.iter().map(|(_, name)| name.clone()).collect(),
                beside: false,
                never: steps.never.clone(),
            };
            let changes = course.changes().count();
            if changes > 1 || changes > 0 && stores && course.stores().next().is_some() {
                out.push(course);
            }
        }
    }
    if out.is_empty() {
        return out;
    }
    // A library with a table of its own for messages shares a transaction only where it is told of one.
    out.retain_mut(|course| {
        let by_cap = course.changes().any(|(_, _, o)| cx.detail(o).client == "CAP");
        course.beside |= by_cap;
        !by_cap || !course.transactions.iter().any(|t| t.detail.to_ascii_lowercase().contains("begintransaction"))
    });
    match keeping::of(cx, node) {
        Keeping::Nothing => {}
        Keeping::All => out.clear(),
        Keeping::Own => {
            out.retain_mut(|course| past_outbox(cx, course));
        }
    }
    out
}

/// Whether a function of a service that keeps its messages in a table of its own sends some that were never there.
fn past_outbox(cx: &Cx<'_>, course: &mut Course) -> bool {
    let kept = |s: &Step| match s.deed {
        Deed::Change(_, operation) => {
            let detail = cx.detail(operation);
            [&s.through, &detail.at.path, &detail.within, &detail.client].into_iter().any(|name| names_keeping(name))
        }
        Deed::Store(ref _kind, ref name, _) => names_keeping(name) || names_keeping(&s.through),
    };
    // What hands on what was kept is no pair of this kind.
    let puts = |s: &Step| s.depth == 0 && matches!(&s.deed, Deed::Store(_, name, _) if names_keeping(name));
    if names_keeping(&course.path) || names_keeping(&course.symbol) || course.steps.iter().any(puts) {
        return false;
    }
    course.steps.retain(|s| !kept(s));
    course.beside = true;
    course.changes().any(|(_, change, _)| change == Change::Message)
}

/// Whether the service has a store, be it one that runs inside of it.
fn keeps_data(cx: &Cx<'_>, node: usize) -> bool {
    let edge = || cx.outgoing(node).iter().any(|e| cx.edge(*e).kind == EdgeKind::Db);
    edge() || cx.own_facts(node).any(|(_, f)| matches!(&f.claim, Claim::Access(_)))
}

fn transactions(facts: &[Fact], steps: &Steps) -> Vec<Region> {
    let regions = facts.iter().filter_map(|f| match &f.claim {
        Claim::Region(region) if region.kind == RegionKind::Transaction => Some(region),
        _ => None,
    });
    regions
        .filter(|r| r.within == steps.within && steps.lines.0 <= r.lines.0 && r.lines.1 <= steps.lines.1)
        .cloned()
        .collect()
}

/// For each function and each kind of deed, the nearest one and the function that leads to it.
struct Reach {
    store: Vec<Option<(usize, usize)>>,
    change: Vec<Option<(usize, usize)>>,
}

impl Reach {
    fn new(own: &[Vec<(u32, Deed)>], calls: &[Vec<usize>]) -> Self {
        let of = |wanted: fn(&Deed) -> bool| {
            let mut near: Vec<Option<(usize, usize)>> = own
                .iter()
                .enumerate()
                .map(|(i, deeds)| deeds.iter().any(|(_, d)| wanted(d)).then_some((0, i)))
                .collect();
            for depth in 1..=DEPTH {
                let before = near.clone();
                for (i, callees) in calls.iter().enumerate().filter(|(i, _)| before[*i].is_none()) {
                    let next = callees.iter().filter_map(|c| before[*c].filter(|(d, _)| d + 1 == depth)).min();
                    near[i] = next.map(|(_, holder)| (depth, holder));
                }
            }
            near
        };
        Reach { store: of(|d| matches!(d, Deed::Store(..))), change: of(|d| matches!(d, Deed::Change(..))) }
    }
}

fn steps_of(
    steps: &Steps,
    index: usize,
    names: &[(SmolStr, SmolStr)],
    calls: &[Vec<usize>],
    own: &[Vec<(u32, Deed)>],
    reach: &Reach,
) -> Vec<Step> {
    let holds = |line: u32| steps.lines.0 <= line && line <= steps.lines.1;
    let direct = own[index].iter().filter(|(line, _)| holds(*line));
    let mut out: Vec<Step> = direct
        .map(|(line, deed)| Step { line: *line, through: SmolStr::default(), deed: deed.clone(), depth: 0 })
        .collect();
    let mut seen: BTreeSet<(u32, usize, bool)> = BTreeSet::new();
    for callee in &calls[index] {
        let name = last(&names[*callee].1);
        let Some((line, _)) = steps.calls.iter().find(|(_, n)| n == name) else { continue };
        // What stands on the line itself is not called once more.
        if out.iter().any(|s| s.line == *line && s.depth == 0) {
            continue;
        }
        for (near, is_store) in [(&reach.store, true), (&reach.change, false)] {
            let Some((depth, holder)) = near[*callee].filter(|(d, _)| *d < DEPTH) else { continue };
            let deeds = own[holder].iter().filter(|(_, d)| matches!(d, Deed::Store(..)) == is_store);
            for (_, deed) in deeds.take(3) {
                if seen.insert((*line, holder, is_store)) || matches!(deed, Deed::Change(..)) {
                    out.push(Step { line: *line, through: name.into(), deed: deed.clone(), depth: depth + 1 });
                }
            }
        }
    }
    out.sort_by_key(|s| (s.line, s.depth));
    out
}

/// The endpoint of the service that leads to an operation through this function.
pub(crate) fn served(cx: &Cx<'_>, node: usize, course: &Course, operation: Operation) -> Option<Entry> {
    served_by(cx, node, &course.path, &course.symbol, course.lines, operation)
}

/// The same for a function by its place.
pub(crate) fn served_by(
    cx: &Cx<'_>,
    node: usize,
    path: &SmolStr,
    symbol: &SmolStr,
    lines: (u32, u32),
    operation: Operation,
) -> Option<Entry> {
    let own = cx.graph.endpoints.iter().enumerate().filter(|(_, e)| e.node == node);
    let mut best = None;
    for (index, endpoint) in own {
        let at = endpoint.proof.first();
        let here = symbol.is_empty() && at.path == *path && at.at.covers(lines.0);
        let handles = !symbol.is_empty() && last(&endpoint.handler) == last(symbol) && at.path == *path;
        let passes = || {
            let effects = cx.flows().endpoint(index);
            effects.iter().any(|e| e.operation == operation && e.way.contains(symbol))
        };
        if here || handles {
            best = Some(endpoint);
            break;
        }
        if best.is_none() && !symbol.is_empty() && passes() {
            best = Some(endpoint);
        }
    }
    let endpoint = best?;
    let name = [endpoint.method.as_deref().unwrap_or_default(), endpoint.path.as_str()].join(" ");
    Some(Entry { at: endpoint.proof.first().clone(), verb: "serves", name: format!("`{}`", name.trim()) })
}

/// A write in words.
pub(crate) fn written(kind: WriteKind, what: &str) -> String {
    let verb = match kind {
        WriteKind::Insert => "inserts",
        WriteKind::Delete => "deletes",
        WriteKind::Set | WriteKind::Add => "updates",
        WriteKind::Upsert | WriteKind::Save => "saves",
    };
    if what.is_empty() || what.contains('{') { format!("{verb} its data") } else { format!("{verb} `{what}`") }
}
