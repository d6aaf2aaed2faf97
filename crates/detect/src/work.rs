//! What handling a message or a request does that is seen elsewhere: data that is changed, messages that are sent, calls
//! that change something.
//!
//! Invariant: a deed stands in a function that linking reaches from the handler by names; so it may happen, and its place is
//! a line of code.

use crate::Cx;
use crate::stored::stem;
use seam_facts::{Ack, AlterKind, Claim, Intake, SmolStr, Span, Write, WriteKind};
use seam_graph::{EdgeKind, Evidence, Operation};
use std::collections::{HashMap, HashSet};

/// Writes by the function that they stand in: path and symbol.
pub(crate) type Writes<'a> = HashMap<(&'a str, &'a str), Vec<(Evidence, &'a Write)>>;

/// Something that handling does.
#[derive(Clone, Debug)]
pub struct Deed<'a> {
    pub at: Evidence,
    pub what: What<'a>,
    /// The function that it stands in.
    pub within: SmolStr,
    /// Functions from the handler to the one that does it.
    pub way: Vec<SmolStr>,
}

#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    Write(&'a Write),
    Publish(Operation),
    /// A call that is not a question.
    Call(Operation),
}

/// Where handling starts.
#[derive(Clone, Copy, Debug)]
pub struct Start<'s> {
    pub node: usize,
    pub path: &'s str,
    pub within: &'s str,
    /// Only what these names lead to, and what stands in these lines; everything where they are empty.
    pub names: &'s [SmolStr],
    pub lines: (u32, u32),
}

pub(crate) fn writes<'a>(cx: &Cx<'a>) -> Writes<'a> {
    let mut out: Writes<'a> = HashMap::new();
    let mut mapped: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut scanned: Vec<&str> = Vec::new();
    for (path, fact) in cx.base.facts() {
        match &fact.claim {
            Claim::Access(access) => mapped.entry(&access.within).or_default().push(path),
            Claim::Store(store) => {
                mapped.entry(&store.within).or_default().push(path);
                if store.client == "MyBatis" {
                    scanned.push(path);
                }
            }
            _ => {}
        }
    }
    // Another service may have a type of the same name.
    let near = |a: &str, b: &str| a == b || cx.owners(a).iter().any(|o| cx.owners(b).contains(o));
    let known = |path: &str, write: &Write| {
        // Interfaces that a scan finds are mapped without a word of their own.
        let found = || {
            ["Mapper", "Dao", "DAO"].iter().any(|end| write.through.ends_with(end))
                && scanned.iter().any(|p| near(p, path))
        };
        write.through.is_empty()
            || found()
            || mapped.get(write.through.as_str()).is_some_and(|all| all.iter().any(|p| near(p, path)))
    };
    for (path, fact) in cx.base.facts() {
        if let Claim::Write(write) = &fact.claim
            && known(path, write)
        {
            let at = cx.evidence(path, fact, said(write));
            out.entry((path.as_str(), write.within.as_str())).or_default().push((at, write));
        }
    }
    out
}

/// Everything that is done from here on, what weighs most first.
pub fn deeds<'a>(cx: &Cx<'a>, start: Start<'_>) -> Vec<Deed<'a>> {
    let whole = start.names.is_empty();
    let mut out = Vec::new();
    let names = (!whole).then_some(start.names);
    for (path, symbol, way) in cx.flows().runs(start.node, start.path, start.within, names) {
        let here = path == start.path && symbol == start.within;
        let inside = |at: &Span| whole || !here || start.lines.0 <= at.line && at.line <= start.lines.1;
        for (at, write) in cx.writes().get(&(path.as_str(), symbol.as_str())).into_iter().flatten() {
            if inside(&at.at) {
                out.push(Deed { at: at.clone(), what: What::Write(write), within: symbol.clone(), way: way.clone() });
            }
        }
        for operation in cx.flows().operations_in(start.node, &path, &symbol) {
            let at = &cx.detail(operation).at;
            if let Some(what) = does(cx, operation)
                && inside(&at.at)
            {
                out.push(Deed { at: at.clone(), what, within: symbol.clone(), way: way.clone() });
            }
        }
    }
    in_order(&mut out);
    out
}

/// What a node does with the messages of one of its consumers: from the function that takes them; where that only subscribes,
/// from the other members of its type.
pub fn handling<'a>(cx: &Cx<'a>, node: usize, operation: Operation) -> Vec<Deed<'a>> {
    let detail = cx.detail(operation);
    let start = |within| Start { node, path: &detail.at.path, within, names: &[], lines: (0, 0) };
    let named = intake_of(cx, operation).filter(|i| !i.does.is_empty());
    // Names of variables lead nowhere: then what the function does as a whole counts.
    let leads = |i: &&Intake| cx.flows().runs(node, &detail.at.path, &detail.within, Some(&i.does)).len() > 1;
    let found = match named.filter(leads) {
        Some(intake) => deeds(cx, Start { names: &intake.does, lines: intake.lines, ..start(&detail.within) }),
        None => deeds(cx, start(&detail.within)),
    };
    let Some((owner, _)) = detail.within.rsplit_once('.').filter(|_| found.is_empty()) else { return found };
    let mut out: Vec<Deed<'a>> = Vec::new();
    for fact in cx.facts(&detail.at.path) {
        let Claim::Uses(uses) = &fact.claim else { continue };
        for (symbol, _) in &uses.functions {
            if symbol.rsplit_once('.').is_some_and(|(o, _)| o == owner) {
                out.extend(deeds(cx, start(symbol)));
            }
        }
    }
    in_order(&mut out);
    out
}

/// How the function that takes these messages treats them.
pub fn intake_of<'a>(cx: &Cx<'a>, operation: Operation) -> Option<&'a Intake> {
    let detail = cx.detail(operation);
    cx.facts(&detail.at.path).iter().find_map(|f| match &f.claim {
        Claim::Intake(i) if i.within == detail.within && matches!(i.ack, Ack::Delivery | Ack::Last | Ack::Timer) => {
            Some(i)
        }
        _ => None,
    })
}

/// Tables with a unique key that is not the row's made-up id; an empty name stands for a table that is not told.
pub fn uniques(cx: &Cx<'_>, node: usize) -> HashSet<String> {
    let mut out = HashSet::new();
    for (path, fact) in cx.base.facts() {
        let Claim::Alter(alter) = &fact.claim else { continue };
        if alter.kind != AlterKind::Unique {
            continue;
        }
        let column = alter.column.to_ascii_lowercase();
        if matches!(column.as_str(), "id" | "uuid" | "_id") {
            continue;
        }
        if !alter.table.is_empty() {
            out.insert(stem(&alter.table));
        } else if cx.owners(path).contains(&node) {
            out.insert(String::new());
        }
    }
    out
}

/// An insert that makes one more row each time: no key that it is given, no unique column.
pub fn adds(write: &Write, unique: &HashSet<String>) -> bool {
    write.kind == WriteKind::Insert && !write.keyed && !unique.contains("") && !unique.contains(&stem(&write.name))
}

fn in_order(deeds: &mut Vec<Deed<'_>>) {
    deeds.sort_by(|a, b| (a.rank(), a.way.len(), &a.at).cmp(&(b.rank(), b.way.len(), &b.at)));
    deeds.dedup_by(|a, b| a.at == b.at);
}

fn does<'a>(cx: &Cx<'a>, operation: Operation) -> Option<What<'a>> {
    let edge = cx.edge(operation.edge);
    let text = cx.detail(operation).operation.as_str();
    match edge.kind {
        EdgeKind::QueuePublish => Some(What::Publish(operation)),
        EdgeKind::Http if ["POST ", "PUT ", "PATCH ", "DELETE "].iter().any(|m| text.starts_with(m)) => {
            Some(What::Call(operation))
        }
        EdgeKind::Grpc if !asks(text) => Some(What::Call(operation)),
        kind if kind.is_procedure() => crate::effects::change(cx, operation).map(|_| What::Call(operation)),
        EdgeKind::Smtp => Some(What::Call(operation)),
        _ => None,
    }
}

/// An operation whose name says that it changes nothing.
fn asks(operation: &str) -> bool {
    let name = operation.rsplit('/').next().unwrap_or(operation);
    ["Get", "List", "Find", "Query", "Search", "Read", "Check", "Fetch", "Count", "Is", "Validate", "*"]
        .iter()
        .any(|w| name.starts_with(w))
        || name.is_empty()
}

impl Deed<'_> {
    fn rank(&self) -> u8 {
        match self.what {
            What::Write(w) if w.name.is_empty() => 1,
            What::Write(_) => 0,
            What::Call(_) => 2,
            What::Publish(_) => 3,
        }
    }

    /// `a row of `orders``, for a sentence about what is done.
    pub fn says(&self, cx: &Cx<'_>) -> String {
        match self.what {
            What::Write(write) => said(write),
            What::Call(o) if cx.edge(o.edge).kind == EdgeKind::Smtp => "an email".to_owned(),
            What::Call(o) => format!("`{}` of `{}`", cx.detail(o).operation, cx.name(cx.edge(o.edge).to)),
            What::Publish(o) => {
                let topic = cx.detail(o).operation.as_str();
                let broker = cx.name(cx.edge(o.edge).to);
                if topic.trim().is_empty() || topic.contains('{') {
                    format!("a message to `{broker}`")
                } else {
                    format!("a message to `{topic}`")
                }
            }
        }
    }
}

fn said(write: &Write) -> String {
    let on = if write.name.is_empty() { "the database".to_owned() } else { format!("`{}`", write.name) };
    match write.kind {
        WriteKind::Insert => format!("an insert into {on}"),
        WriteKind::Upsert => format!("an upsert into {on}"),
        WriteKind::Set => format!("an update of {on}"),
        WriteKind::Add => format!("an update of {on} by an amount"),
        WriteKind::Delete => format!("a deletion from {on}"),
        WriteKind::Save => format!("a save to {on}"),
    }
}
