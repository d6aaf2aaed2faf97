//! Lines of one file that have another side elsewhere: an endpoint and its callers, a call and its handler, a topic, a
//! setting, an operation of a contract, a declared service.
//!
//! Invariant: a mark says only what the graph proves; what nobody is known to do is called unknown, never absent. One line
//! has at most one mark of a kind: what stands behind it is joined. This is what editors show, in lenses, on hovering and
//! when jumping, so nothing here knows about editors.

mod answering;

use crate::asks::detect;
use crate::{Refusal, Snapshot};
use answering::{Passed, declares};
use schemars::JsonSchema;
use seam_detect::keys::squash;
use seam_facts::{Claim, FactBase, PolicyKind, Schema, SmolStr, Span};
use seam_graph::{Detail, Edge, EdgeKind, Endpoint, Evidence, Graph, Policy, Traffic};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A place with what is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Spot {
    /// Workspace-relative.
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1, in bytes; where it is 1 the whole line is meant.
    pub column: u32,
    pub says: String,
}

/// A line with another side elsewhere.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    /// `endpoint`, `handler`, `call`, `publish`, `consume`, `store`, `read`, `setting`, `operation` or `service`.
    pub kind: String,
    /// `POST /payments`, `orders.placed`, `PAYMENTS_URL`.
    pub name: String,
    /// One line about the other side, to stand above the code; empty where it is not worth one.
    pub title: String,
    /// What stands behind the title, one statement each.
    pub detail: Vec<Said>,
    /// Where this is defined, answered or set.
    pub definitions: Vec<Spot>,
    /// So many of `definitions`, from the first, are the very thing: what answers a call, rather than where that is registered, agreed
    /// on or deployed. None where they are all alike.
    pub first: u32,
    /// Where it is used: callers, consumers, readers.
    pub references: Vec<Spot>,
    /// Keys of findings that start here or pass through here.
    pub findings: Vec<String>,
}

/// A statement and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    pub says: String,
    pub at: Option<Spot>,
}

/// More of one kind than this help nobody at one glance.
const MOST: usize = 50;

/// The marks of a file in order of lines, with findings as asked for, or without.
pub(crate) fn of(
    snapshot: &Snapshot,
    path: &str,
    profile: Option<&str>,
    wanted: Option<&detect::Request>,
) -> Result<Vec<Mark>, Refusal> {
    let graph = snapshot.graph(profile);
    let base = snapshot.base();
    let schemas = base.facts().filter_map(|(path, fact)| match &fact.claim {
        Claim::Schema(schema) => Some((path.as_str(), schema)),
        _ => None,
    });
    let mut sight = Sight { graph: &graph, base, schemas: schemas.collect(), path, passed: Vec::new() };
    sight.passed = sight.passed_on();
    let mut out = Vec::new();
    sight.endpoints(&mut out);
    sight.traffic(&mut out);
    sight.settings(&mut out);
    sight.operations(&mut out);
    sight.services(&mut out);
    if let Some(wanted) = wanted {
        let request = detect::Request { profiles: profile.map(str::to_owned).into_iter().collect(), ..wanted.clone() };
        let found = detect::run(snapshot, &request)?;
        out.iter_mut().for_each(|mark| findings(mark, path, &found));
    }
    out.sort_by(|a, b| (a.line, a.column, &a.kind, &a.name).cmp(&(b.line, b.column, &b.kind, &b.name)));
    Ok(out)
}

/// The marks that are meant by a line: those on it, and calls and settings that reach over it.
pub(crate) fn at(marks: Vec<Mark>, line: u32) -> Vec<Mark> {
    let whole = |m: &Mark| matches!(m.kind.as_str(), "endpoint" | "handler" | "operation" | "service");
    let meant = |m: &Mark| m.line == line || !whole(m) && (m.line..=m.end_line).contains(&line);
    marks.into_iter().filter(meant).collect()
}

fn findings(mark: &mut Mark, path: &str, found: &detect::Answer) {
    let here = |at: &crate::Place| at.path == path && at.line == mark.line;
    let passes = |f: &&crate::Finding| here(&f.at) || f.chain.iter().any(|s| here(&s.at));
    let mut keys = Vec::new();
    for finding in found.findings.iter().filter(passes) {
        keys.push(finding.key.clone());
        let at = Spot {
            path: finding.at.path.clone(),
            line: finding.at.line,
            column: finding.column.max(1),
            says: finding.rule.clone(),
        };
        mark.detail.push(Said { says: format!("{}: {}", finding.severity, finding.message), at: Some(at) });
    }
    if !keys.is_empty() && !mark.title.is_empty() {
        mark.title.push_str(&format!(" · {}", counted(keys.len(), "finding")));
    }
    mark.findings = keys;
}

pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

pub(crate) fn spot(at: &Evidence, says: impl Into<String>) -> Spot {
    Spot { path: at.path.to_string(), line: at.at.line, column: at.at.column.max(1), says: says.into() }
}

struct Sight<'a> {
    graph: &'a Graph,
    base: &'a FactBase,
    /// Contracts with the files that state them.
    schemas: Vec<(&'a str, &'a Schema)>,
    path: &'a str,
    /// What gateways pass on.
    passed: Vec<Passed<'a>>,
}

/// An operation with its edge.
type Use<'a> = (&'a Edge, &'a Detail);

impl<'a> Sight<'a> {
    fn name(&self, node: usize) -> &'a str {
        self.graph.nodes.get(node).map_or("?", |n| n.name.as_str())
    }

    fn uses(&self) -> impl Iterator<Item = Use<'a>> + use<'a> {
        self.graph.edges.iter().flat_map(|e| e.details.iter().map(move |d| (e, d)))
    }

    fn is_own(&self, node: usize) -> bool {
        self.graph.nodes[node].own.iter().any(|own| own == self.path)
    }

    fn endpoints(&self, out: &mut Vec<Mark>) {
        let mut at_line: BTreeMap<(Span, &str), Vec<&Endpoint>> = BTreeMap::new();
        for endpoint in &self.graph.endpoints {
            let first = endpoint.proof.first();
            if first.path == self.path && !self.is_contract(first) {
                at_line.entry((first.at, "endpoint")).or_default().push(endpoint);
            }
            if !endpoint.handler.is_empty() && self.is_own(endpoint.node) {
                // Where the route stands beside its handler, or within the function that registers it, one mark is enough.
                let near = |(from, to): (u32, u32)| {
                    first.path == self.path && (from.saturating_sub(3)..=to).contains(&first.at.line)
                };
                if let Some((line, _)) = self.function_in(self.path, &endpoint.handler).filter(|lines| !near(*lines)) {
                    at_line.entry((Span::at(line, 1), "handler")).or_default().push(endpoint);
                }
            }
        }
        for ((at, kind), endpoints) in at_line {
            let callers = self.everyone(&endpoints);
            let mut mark = begin(at, kind, several(endpoints.iter().map(|e| e.asked_as().to_string())));
            let through = self.through(&endpoints);
            mark.title = match through.is_empty() || !callers.is_empty() {
                true => called_by(self, &callers),
                false => format!("reached through {}", listed(through.iter().map(|(e, _)| self.name(e.from)))),
            };
            for endpoint in &endpoints {
                let says = format!("{} of {}", endpoint.asked_as(), self.name(endpoint.node));
                mark.detail.push(Said { says: says.clone(), at: None });
                mark.definitions.extend(self.handled(endpoint, &says));
                mark.definitions.extend(self.declared(endpoint));
            }
            for (edge, detail) in &through {
                let says = format!("reached through {} by {}", self.name(edge.from), detail.operation);
                mark.detail.push(Said { says: says.clone(), at: Some(spot(&detail.at, &*says)) });
                mark.references.push(spot(&detail.at, says));
            }
            if through.is_empty() || !callers.is_empty() {
                self.callers_said(&callers, &mut mark);
            }
            tidy(&mut mark);
            out.push(mark);
        }
    }

    /// Stated by a contract file: the mark is the operation's.
    fn is_contract(&self, at: &Evidence) -> bool {
        let facts = self.base.get(&at.path).map(|f| f.facts.as_slice()).unwrap_or_default();
        facts.iter().any(|f| matches!(&f.claim, Claim::Schema(s) if s.lines.contains(&at.at.line)))
    }

    /// Callers, those of gateways that pass on last.
    fn everyone(&self, endpoints: &[&Endpoint]) -> Vec<Use<'a>> {
        let mut all = self.callers(endpoints);
        all.extend(self.behind(endpoints));
        all
    }

    fn called(&self, edge: &Edge, detail: &Detail) -> String {
        let passed = self.passed.iter().any(|((_, d), _)| std::ptr::eq(*d, detail));
        let through = if passed { format!(" through {}", self.name(edge.to)) } else { String::new() };
        format!("called by {}{through}", self.name(edge.from))
    }

    fn callers_said(&self, callers: &[Use<'a>], mark: &mut Mark) {
        for (edge, detail) in callers.iter().take(MOST) {
            let policies = policies(edge, detail);
            let policy = if policies.is_empty() { String::new() } else { format!(" · {}", policies.join(", ")) };
            let says = format!("{}{policy}", self.called(edge, detail));
            mark.detail.push(Said { says: says.clone(), at: Some(spot(&detail.at, &*says)) });
            mark.references.push(spot(&detail.at, says));
        }
        if callers.is_empty() {
            mark.detail.push(Said { says: "no caller is known".to_owned(), at: None });
        }
    }

    fn traffic(&self, out: &mut Vec<Mark>) {
        let mut at_line: BTreeMap<(Span, &str), Vec<Use<'a>>> = BTreeMap::new();
        for (edge, detail) in self.uses().filter(|(_, d)| d.at.path == self.path) {
            at_line.entry((detail.at.at, kind(edge.kind))).or_default().push((edge, detail));
        }
        for ((at, kind), uses) in at_line {
            let names = uses.iter().map(|(e, d)| match d.operation.is_empty() {
                true => self.name(e.to).to_owned(),
                false => d.operation.to_string(),
            });
            let mut mark = begin(at, kind, several(names));
            match kind {
                "call" => self.calls(&uses, &mut mark),
                "publish" | "consume" => self.messages(kind, &uses, &mut mark),
                _ => self.stores(&uses, &mut mark),
            }
            out.push(mark);
        }
    }

    fn calls(&self, uses: &[Use<'a>], mark: &mut Mark) {
        let mut title = vec![format!("calls {}", listed(uses.iter().map(|(e, _)| self.name(e.to))))];
        let policy: BTreeSet<Vec<String>> = uses.iter().map(|(e, d)| policies(e, d)).collect();
        if let (1, Some(policy)) = (policy.len(), policy.first()) {
            title.extend((!policy.is_empty()).then(|| policy.join(", ")));
        }
        mark.title = title.join(" · ");
        for (edge, detail) in uses {
            let asked = if detail.operation.is_empty() { edge.kind.word() } else { &detail.operation };
            let sure = if detail.certainty == seam_graph::Certainty::Inferred { " (inferred)" } else { "" };
            mark.detail.push(Said { says: format!("calls {}: {asked}{sure}", self.name(edge.to)), at: None });
            for policy in own_policies(edge, detail) {
                mark.detail.push(Said { says: shown(policy), at: Some(spot(&policy.at, policy.detail.as_str())) });
            }
            let answering = self.answering(edge, detail);
            let mut registered = Vec::new();
            for endpoint in answering.iter().take(MOST) {
                let by =
                    if endpoint.node == edge.to { String::new() } else { format!(", behind {}", self.name(edge.to)) };
                let says = format!("answered by {} with {}{by}", self.name(endpoint.node), endpoint.asked_as());
                let mut handled = self.handled(endpoint, &says).into_iter();
                let first = handled.next();
                mark.detail.push(Said { says, at: first.clone() });
                // What answers stands before all else that is known, whichever call of this line it answers.
                let known =
                    |first: &Spot| mark.definitions.iter().any(|s| (&s.path, s.line) == (&first.path, first.line));
                if let Some(first) = first.filter(|first| !known(first)) {
                    mark.definitions.insert(mark.first as usize, first);
                    mark.first += 1;
                }
                registered.extend(handled);
            }
            mark.definitions.extend(registered);
            let declared: Vec<Spot> = match answering.is_empty() {
                true => self.agreed(edge, detail),
                false => answering.iter().take(MOST).flat_map(|endpoint| self.declared(endpoint)).collect(),
            };
            if let Some(at) = declared.first().filter(|_| answering.is_empty()) {
                mark.detail.push(Said { says: "no handler is known".to_owned(), at: None });
                mark.detail.push(Said { says: at.says.clone(), at: Some(at.clone()) });
            }
            mark.definitions.extend(declared);
            let others = self.everyone(&answering);
            let called = |from: usize| format!("called by {}", self.name(from));
            mark.references.extend(others.iter().take(MOST).map(|(e, d)| spot(&d.at, self.called(e, d))));
            if answering.is_empty() {
                let node = &self.graph.nodes[edge.to];
                let at = spot(node.proof.first(), format!("{} {}", node.kind.word(), node.name));
                if at.path != self.path || at.line != mark.line {
                    mark.definitions.push(at);
                }
                mark.references.extend(edge.details.iter().take(MOST).map(|d| spot(&d.at, called(edge.from))));
            }
        }
        tidy(mark);
    }

    fn messages(&self, kind: &str, uses: &[Use<'a>], mark: &mut Mark) {
        let other = if kind == "publish" { EdgeKind::QueueConsume } else { EdgeKind::QueuePublish };
        let does = if kind == "publish" { "publishes" } else { "consumes" };
        let done = if kind == "publish" { "consumed" } else { "published" };
        let same = |(e, d): &Use<'a>| uses.iter().any(|(e2, d2)| e.to == e2.to && d.operation == d2.operation);
        let known: Vec<Use<'a>> = if mark.name.is_empty() {
            Vec::new()
        } else {
            self.uses().filter(|u| is_message(u.0.kind) && same(u)).collect()
        };
        let others: Vec<Use<'a>> = known.iter().copied().filter(|(e, _)| e.kind == other).collect();
        let rest = match others.is_empty() {
            true => format!("nobody is known who {}", if kind == "publish" { "consumes it" } else { "publishes it" }),
            false => format!("{done} by {}", listed(others.iter().map(|(e, _)| self.name(e.from)))),
        };
        mark.title = format!("{does} {} · {rest}", mark.name);
        for (edge, detail) in uses {
            let topic = if detail.operation.is_empty() { "messages" } else { &detail.operation };
            mark.detail.push(Said { says: format!("{does} {topic} through {}", self.name(edge.to)), at: None });
        }
        for (edge, detail) in others.iter().take(MOST) {
            let at = spot(&detail.at, format!("{done} by {}", self.name(edge.from)));
            mark.detail.push(Said { says: at.says.clone(), at: Some(at.clone()) });
            mark.definitions.push(at);
        }
        if others.is_empty() {
            mark.detail.push(Said { says: rest, at: None });
        }
        let says = |e: &Edge| match e.kind == EdgeKind::QueuePublish {
            true => format!("published by {}", self.name(e.from)),
            false => format!("consumed by {}", self.name(e.from)),
        };
        mark.references.extend(known.iter().take(MOST).map(|(e, d)| spot(&d.at, says(e))));
        tidy(mark);
    }

    /// What is kept in a store is worth a line only where another service keeps it too.
    fn stores(&self, uses: &[Use<'a>], mark: &mut Mark) {
        let same = |(e, d): &Use<'a>| {
            uses.iter().any(|(e2, d2)| e.to == e2.to && d.operation == d2.operation && !d.operation.is_empty())
        };
        let known: Vec<Use<'a>> = self.uses().filter(same).collect();
        let mine: BTreeSet<usize> = uses.iter().map(|(e, _)| e.from).collect();
        let others: Vec<&str> =
            known.iter().filter(|(e, _)| !mine.contains(&e.from)).map(|(e, _)| self.name(e.from)).collect();
        for (edge, detail) in uses {
            let what = if detail.operation.is_empty() { String::new() } else { format!("{} in ", detail.operation) };
            let node = &self.graph.nodes[edge.to];
            let at = spot(node.proof.first(), format!("{} {}", node.kind.word(), node.name));
            mark.detail.push(Said { says: format!("uses {what}{}", node.name), at: Some(at.clone()) });
            mark.definitions.push(at);
        }
        if !others.is_empty() {
            mark.title = format!("{} is also used by {}", mark.name, listed(others.into_iter()));
        }
        mark.references
            .extend(known.iter().take(MOST).map(|(e, d)| spot(&d.at, format!("used by {}", self.name(e.from)))));
        tidy(mark);
    }

    fn settings(&self, out: &mut Vec<Mark>) {
        let mut reads: BTreeMap<(u32, &str), Vec<&seam_graph::ReadOf>> = BTreeMap::new();
        for read in self.graph.reads.iter().filter(|r| r.at.path == self.path) {
            reads.entry((read.at.at.line, &read.key)).or_default().push(read);
        }
        for ((_, key), here) in reads {
            let mut mark = begin(here[0].at.at, "read", key.to_owned());
            let key = squash(key);
            let nodes: BTreeSet<usize> = here.iter().map(|r| r.node).collect();
            let set: Vec<_> =
                self.graph.settings.iter().filter(|s| nodes.contains(&s.node) && squash(&s.key) == key).collect();
            let default = here.iter().find_map(|r| r.default.as_ref()).map(|d| match d.is_empty() {
                true => "empty if it is not set".to_owned(),
                false => format!("`{}` if it is not set", short(d)),
            });
            let places: BTreeSet<(&SmolStr, u32)> = set.iter().map(|s| (&s.at.path, s.at.at.line)).collect();
            let values: BTreeSet<&SmolStr> = set.iter().map(|s| value(s)).collect();
            mark.title = match (places.len(), values.first()) {
                (0, _) => default.clone().unwrap_or_else(|| "nobody is known who sets it".to_owned()),
                (1, Some(value)) => format!("set to {} in {}", short(value), file(&set[0].at.path)),
                (count, Some(value)) if values.len() == 1 => format!("set to {} in {count} places", short(value)),
                (count, _) => format!("set in {count} places to {} values", values.len()),
            };
            for setting in set.iter().take(MOST) {
                let profile = setting.profile.as_ref().map(|p| format!(" under {p}")).unwrap_or_default();
                let says = format!("set to {} for {}{profile}", short(value(setting)), self.name(setting.node));
                mark.detail.push(Said { says: says.clone(), at: Some(spot(&setting.at, &*says)) });
                mark.definitions.push(spot(&setting.at, says));
            }
            mark.detail.extend(default.map(|says| Said { says, at: None }));
            if set.is_empty() {
                mark.detail.push(Said { says: "nobody is known who sets it".to_owned(), at: None });
            }
            let same = |r: &&seam_graph::ReadOf| nodes.contains(&r.node) && squash(&r.key) == key;
            let read = self.graph.reads.iter().filter(same).take(MOST);
            mark.references.extend(read.map(|r| spot(&r.at, format!("read by {}", self.name(r.node)))));
            tidy(&mut mark);
            out.push(mark);
        }
        let mut sets: BTreeMap<(Span, &str), Vec<&seam_graph::SettingOf>> = BTreeMap::new();
        for setting in self.graph.settings.iter().filter(|s| s.at.path == self.path) {
            sets.entry((setting.at.at, &setting.key)).or_default().push(setting);
        }
        for ((at, key), here) in sets {
            let mut mark = begin(at, "setting", key.to_owned());
            let key = squash(key);
            let nodes: BTreeSet<usize> = here.iter().map(|s| s.node).collect();
            for read in self.graph.reads.iter().filter(|r| nodes.contains(&r.node) && squash(&r.key) == key).take(MOST)
            {
                let at = spot(&read.at, format!("read by {}", self.name(read.node)));
                mark.detail.push(Said { says: at.says.clone(), at: Some(at.clone()) });
                mark.references.push(at);
            }
            let texts: BTreeSet<&str> = here.iter().flat_map(|s| &s.texts).map(SmolStr::as_str).collect();
            for node in self.graph.nodes.iter().filter(|n| texts.iter().any(|t| names(t, n))) {
                let at = spot(node.proof.first(), format!("{} {}", node.kind.word(), node.name));
                mark.detail.push(Said { says: format!("names {}", node.name), at: Some(at.clone()) });
                mark.definitions.push(at);
            }
            if mark.detail.is_empty() {
                continue;
            }
            if mark.references.is_empty() {
                mark.detail.push(Said { says: "nobody is known who reads it".to_owned(), at: None });
            }
            tidy(&mut mark);
            out.push(mark);
        }
    }

    fn operations(&self, out: &mut Vec<Mark>) {
        let facts = self.base.get(self.path).map(|f| f.facts.as_slice()).unwrap_or_default();
        for fact in facts {
            let Claim::Schema(schema) = &fact.claim else { continue };
            for (index, (operation, _, _)) in schema.operations.iter().enumerate() {
                let Some(line) = schema.line(index) else { continue };
                let served = |e: &&Endpoint| {
                    declares(schema.protocol, &schema.name, operation, e) && self.speaks_of(self.path, e.node)
                };
                let endpoints: Vec<&Endpoint> = self.graph.endpoints.iter().filter(served).collect();
                let written: Vec<&&Endpoint> =
                    endpoints.iter().filter(|e| e.proof.first().path != self.path && e.is_written()).collect();
                let callers = match endpoints.is_empty() {
                    true => self.asking(schema.protocol, &schema.name, operation),
                    false => self.everyone(&endpoints),
                };
                let name = match operation.contains(['/', ' ']) {
                    true => operation.to_string(),
                    false => format!("{}/{operation}", schema.name),
                };
                let mut mark = begin(Span::at(line, 1), "operation", name);
                let nodes = listed(written.iter().map(|e| self.name(e.node)));
                let by =
                    if written.is_empty() { "no handler is known".to_owned() } else { format!("served by {nodes}") };
                mark.title = format!("{by} · {}", called_by(self, &callers));
                for endpoint in written.iter().take(MOST) {
                    let at = spot(endpoint.proof.first(), format!("served by {}", self.name(endpoint.node)));
                    mark.detail.push(Said { says: at.says.clone(), at: Some(at.clone()) });
                    mark.definitions.push(at);
                }
                self.callers_said(&callers, &mut mark);
                tidy(&mut mark);
                out.push(mark);
            }
        }
    }

    fn services(&self, out: &mut Vec<Mark>) {
        let facts = self.base.get(self.path).map(|f| f.facts.as_slice()).unwrap_or_default();
        let declared: BTreeSet<u32> =
            facts.iter().filter(|f| matches!(f.claim, Claim::Service(_))).map(|f| f.at.line).collect();
        for (id, node) in self.graph.nodes.iter().enumerate() {
            let here = |e: &&Evidence| e.path == self.path && declared.contains(&e.at.line);
            let Some(at) = node.proof.iter().find(here) else { continue };
            let mut mark = begin(at.at, "service", node.name.to_string());
            let (to, from): (Vec<&Edge>, Vec<&Edge>) = (
                self.graph.edges.iter().filter(|e| e.to == id).collect(),
                self.graph.edges.iter().filter(|e| e.from == id).collect(),
            );
            let users: BTreeSet<&str> = to.iter().map(|e| self.name(e.from)).collect();
            let used: BTreeSet<&str> = from.iter().map(|e| self.name(e.to)).collect();
            let mut title = Vec::new();
            title.extend((!users.is_empty()).then(|| format!("used by {}", listed(users.iter().copied()))));
            title.extend((!used.is_empty()).then(|| format!("uses {}", listed(used.iter().copied()))));
            mark.title =
                if title.is_empty() { "nothing is known that it exchanges".to_owned() } else { title.join(" · ") };
            if let Some(root) = node.roots.first() {
                mark.detail.push(Said {
                    says: format!("its code is in {}", if root.is_empty() { "." } else { root }),
                    at: None,
                });
            }
            for edge in to.iter().chain(&from) {
                let says = format!("{} → {}: {}", self.name(edge.from), self.name(edge.to), edge.kind.word());
                mark.detail.push(Said { says, at: Some(spot(edge.proof.first(), edge.kind.word())) });
            }
            mark.definitions.extend(
                self.graph
                    .endpoints
                    .iter()
                    .filter(|e| e.node == id)
                    .take(MOST)
                    .map(|e| spot(e.proof.first(), format!("serves {}", e.asked_as()))),
            );
            mark.references.extend(
                to.iter().flat_map(|e| e.details.iter().map(|d| spot(&d.at, format!("used by {}", self.name(e.from))))),
            );
            mark.references.truncate(MOST);
            tidy(&mut mark);
            out.push(mark);
        }
    }
}

fn begin(at: Span, kind: &str, name: String) -> Mark {
    Mark {
        line: at.line,
        column: at.column.max(1),
        end_line: at.end_line.max(at.line),
        kind: kind.to_owned(),
        name,
        ..Mark::default()
    }
}

/// Each place once, in the order in which it was found; the mark's own line is no place to go to.
fn tidy(mark: &mut Mark) {
    for spots in [&mut mark.definitions, &mut mark.references] {
        let mut seen = BTreeSet::new();
        spots.retain(|s| seen.insert((s.path.clone(), s.line)));
    }
    let mut seen = BTreeSet::new();
    mark.detail.retain(|d| seen.insert((d.says.clone(), d.at.as_ref().map(|at| (at.path.clone(), at.line)))));
}

fn kind(edge: EdgeKind) -> &'static str {
    match edge.traffic() {
        Traffic::Call => "call",
        Traffic::Publish => "publish",
        Traffic::Consume => "consume",
        Traffic::Keep => "store",
    }
}

fn is_message(kind: EdgeKind) -> bool {
    matches!(kind, EdgeKind::QueuePublish | EdgeKind::QueueConsume)
}

fn called_by(sight: &Sight<'_>, callers: &[Use<'_>]) -> String {
    if callers.is_empty() {
        return "no caller is known".to_owned();
    }
    let mut title = vec![format!("called by {}", listed(callers.iter().map(|(e, _)| sight.name(e.from))))];
    let policy: BTreeSet<Vec<String>> = callers.iter().map(|(e, d)| policies(e, d)).collect();
    if let (1, Some(policy)) = (policy.len(), policy.first()) {
        title.extend((!policy.is_empty()).then(|| policy.join(", ")));
    }
    title.join(" · ")
}

/// `checkout`, `checkout and web`, `4 services`.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: BTreeSet<&str> = names.collect();
    let all: Vec<&str> = names.into_iter().collect();
    match all.as_slice() {
        [] => "nobody".to_owned(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        more => counted(more.len(), "service"),
    }
}

fn several(names: impl Iterator<Item = String>) -> String {
    let names: BTreeSet<String> = names.collect();
    let more = names.len().saturating_sub(1);
    let first = names.into_iter().next().unwrap_or_default();
    if more == 0 { first } else { format!("{first} and {more} more") }
}

/// The policies of an operation, or, where an edge has but one, those of the edge.
fn own_policies<'a>(edge: &'a Edge, detail: &'a Detail) -> &'a [Policy] {
    if detail.policies.is_empty() && edge.details.len() == 1 { &edge.policies } else { &detail.policies }
}

fn policies(edge: &Edge, detail: &Detail) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for policy in own_policies(edge, detail) {
        let said = shown(policy);
        if !out.contains(&said) {
            out.push(said);
        }
    }
    out.truncate(4);
    out
}

fn shown(policy: &Policy) -> String {
    let millis = policy.millis.as_ref().map(|m| m.parse().map_or_else(|_| m.to_string(), seam_detect::time::shown));
    let default = if policy.inferred { " by default" } else { "" };
    match policy.kind {
        PolicyKind::Timeout => match millis {
            _ if policy.millis.as_deref() == Some("0") => "no timeout".to_owned(),
            Some(millis) => format!("{millis} timeout{default}"),
            None => format!("timeout{default}"),
        },
        PolicyKind::Retry => match &policy.attempts {
            Some(attempts) => format!("{attempts} attempts{default}"),
            None => format!("retries{default}"),
        },
        PolicyKind::Breaker => "breaker".to_owned(),
        kind => seam_facts::word::of(&kind).replace('-', " "),
    }
}

/// What a setting comes to, where that is one thing; or else as it is written.
fn value(setting: &seam_graph::SettingOf) -> &SmolStr {
    match setting.texts.as_slice() {
        [one] => one,
        _ => &setting.value,
    }
}

/// A value as it fits into a line.
fn short(value: &str) -> String {
    let line = value.lines().next().unwrap_or_default();
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

fn file(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether an address names a node.
pub(crate) fn names(text: &str, node: &seam_graph::Node) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let host = rest.split(['/', ':', '?', ',']).next().unwrap_or(rest);
    let first = host.split('.').next().unwrap_or(host);
    let is = |name: &SmolStr| name.eq_ignore_ascii_case(host) || name.eq_ignore_ascii_case(first);
    !host.is_empty() && (is(&node.name) || node.aliases.iter().any(is))
}
