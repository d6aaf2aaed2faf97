//! A store and a broker are changed one after the other, and nothing makes the two one. See `dual_write.md`.

use crate::course::{Course, Deed, Step, served, written};
use crate::effects::{Change, said, takers};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, RegionKind, WriteKind};
use seam_graph::{Certainty, Evidence, Operation};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "dual-write",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("dual_write.md"),
    find,
};

/// Messages shown of one function.
const SHOWN: usize = 4;

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    // Several deployables may be built from one code.
    let mut places = BTreeSet::new();
    for node in 0..cx.graph.nodes.len() {
        for course in cx.courses(node) {
            let found = pair(course).and_then(|(store, messages)| draft(cx, node, course, store, &messages));
            out.extend(found.filter(|d| places.insert((d.at.path.clone(), d.at.at.line))));
        }
    }
}

/// The write and the messages that one function orders, no transaction around both.
fn pair(course: &Course) -> Option<(&Step, Vec<(&Step, Operation)>)> {
    let messages: Vec<(&Step, Operation)> =
        course.changes().filter(|(_, c, _)| *c == Change::Message).map(|(s, _, o)| (s, o)).collect();
    let first = messages.first()?.0;
    let before = |s: &&Step| s.line < first.line && course.follows(s.line, first.line);
    let after = |s: &&Step| s.line > first.line && course.follows(first.line, s.line);
    let before = course.stores().filter(before).max_by_key(|s| s.line);
    let store = before.or_else(|| course.stores().find(after))?;
    let one = |line: u32| course.transactions.iter().position(|t| t.holds(line));
    let together = one(store.line).is_some() && one(store.line) == one(first.line);
    (!together).then_some((store, messages))
}

fn draft(cx: &Cx<'_>, node: usize, course: &Course, store: &Step, messages: &[(&Step, Operation)]) -> Option<Draft> {
    let name = cx.name(node);
    let (first, operation) = messages[0];
    let entry = served(cx, node, course, operation)?;
    let Deed::Store(kind, what, at_store) = &store.deed else { return None };
    let written = written(*kind, what);
    let message = said(cx, operation);
    let saves_first = store.line < first.line;
    let others = takers(cx, operation);
    let broker = cx.name(cx.edge(operation.edge).to);
    let again = match kind {
        WriteKind::Insert | WriteKind::Save | WriteKind::Add => "; asking again does the write twice",
        WriteKind::Set | WriteKind::Upsert | WriteKind::Delete => "",
    };
    let lost = if saves_first {
        format!(
            "When `{name}` stops between the two, or `{broker}` does not take the message, the store has it and {others} \
             will never hear of it{again}"
        )
    } else {
        format!("When the write fails or `{name}` stops between the two, {others} will act on what is not there")
    };
    let place = |line: u32| course.place(line, &message);
    let (one, two) = match saves_first {
        true => (written.clone(), format!("sends {message}")),
        false => (format!("sends {message}"), written.clone()),
    };
    let swallowed = cx.facts(&cx.detail(operation).at.path).iter().any(|f| {
        matches!(&f.claim, Claim::Region(r) if r.kind == RegionKind::Swallows && r.holds(cx.detail(operation).at.at.line))
    });
    let subject = format!("{name} {} {message}", course.symbol);
    let headline = format!("`{name}` {one} and then {two}, and nothing holds the two together");
    let mut draft = Draft::new(subject, &place(first.line), headline)
        .why(format!(
            "{} changes two systems that cannot commit together. {lost}.{}",
            entry.name,
            if swallowed { " A failed send is only logged, so even the caller does not learn of it." } else { "" }
        ))
        .help(
            "write the message into a table in the same transaction as the data and let a relay send it (an outbox), or \
             publish from the store's change log; consumers then need to bear a message twice",
        )
        .about([cx.edge(operation.edge).key.clone()])
        .certainty(cx.detail(operation).certainty)
        .link(&entry.at, format!("`{name}` serves {}", entry.name));
    let mut links: Vec<(u32, Evidence, String)> = Vec::new();
    links.push((store.line, place(store.line), format!("{written}{}", store.way())));
    for (step, operation) in messages.iter().take(SHOWN) {
        links.push((step.line, place(step.line), format!("sends {}{}", said(cx, *operation), step.way())));
    }
    links.sort_by_key(|(line, ..)| *line);
    for (_, at, says) in links {
        draft = draft.link(&at, says);
    }
    if store.depth > 0 {
        draft = draft.link(at_store, "the write itself");
    }
    if first.depth > 0 {
        draft = draft.link(&cx.detail(operation).at, "the send itself");
    }
    if course.beside {
        draft =
            draft.severity(Severity::Note).open(format!("`{name}` has an outbox, and this message is not put into it"));
    }
    if store.depth + first.depth > 0 {
        draft = draft.certainty(Certainty::Inferred);
    }
    Some(draft)
}
