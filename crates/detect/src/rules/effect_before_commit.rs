//! Others are told before the transaction that it is about has committed. See `effect_before_commit.md`.

use crate::course::{Course, Deed, Step, served, written};
use crate::effects::{Change, alters, said, takers};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Region};
use seam_graph::{Certainty, Operation};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "effect-before-commit",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("effect_before_commit.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    // Several deployables may be built from one code.
    let mut places = BTreeSet::new();
    for node in 0..cx.graph.nodes.len() {
        let all = cx.courses(node);
        if all.iter().all(|c| c.transactions.is_empty()) || sends_with_commit(cx, node) {
            continue;
        }
        for course in all {
            for transaction in course.transactions.iter().filter(|t| !t.detail.contains("GlobalTransactional")) {
                // Where blocks have no closing line of their own, the last one still is inside.
                let open = course.path.ends_with(".py");
                let inside = |line: u32| transaction.holds(line) && (open || line < transaction.lines.1);
                let store = course.stores().find(|s| transaction.holds(s.line));
                let changes = |o: Operation| alters(cx, o) != Some(false);
                let change = course.changes().find(|(s, _, o)| inside(s.line) && changes(*o));
                // What nobody opened begins with what is written first.
                let begun = |step: &Step| {
                    !transaction.detail.contains("SaveChanges") || store.is_some_and(|s| s.line < step.line)
                };
                let change = change.filter(|(step, ..)| begun(step));
                if let (Some(store), Some((step, what, operation))) = (store, change)
                    && places.insert((course.path.clone(), step.line))
                {
                    out.push(draft(cx, node, course, transaction, store, (step, what, operation)));
                }
            }
        }
    }
}

/// Brokers that take part in the transaction: what is sent leaves with the commit.
fn sends_with_commit(cx: &Cx<'_>, node: usize) -> bool {
    const WORDS: &[&str] =
        &["transactionidprefix", "setchanneltransacted", "setsessiontransacted", "kafkatransactionmanager"];
    let hit = |text: &str| {
        let text = text.to_ascii_lowercase().replace(['_', '-'], "");
        WORDS.iter().any(|w| text.contains(w))
    };
    cx.graph.settings.iter().any(|s| s.node == node && hit(&s.key))
        || cx.own_facts(node).any(|(_, f)| match &f.claim {
            Claim::Uses(uses) => uses.functions.iter().any(|(_, names)| names.iter().any(|n| hit(n))),
            Claim::Setting(set) => hit(&set.key),
            _ => false,
        })
}

fn draft(
    cx: &Cx<'_>,
    node: usize,
    course: &Course,
    transaction: &Region,
    store: &Step,
    (step, what, operation): (&Step, Change, Operation),
) -> Draft {
    let name = cx.name(node);
    let said = said(cx, operation);
    let to = cx.name(cx.edge(operation.edge).to);
    let (does, goes_wrong) = match what {
        Change::Message => (
            format!("sends {said}"),
            format!(
                "When the commit fails (a constraint, a deadlock, a lost connection), {others} will act on what was never \
                 stored; when it succeeds, {others} may still look before it is there",
                others = takers(cx, operation)
            ),
        ),
        Change::Request => (
            format!("asks for {said}"),
            format!(
                "When the commit fails (a constraint, a deadlock, a lost connection), `{to}` keeps what was rolled back \
                 here; and while `{to}` is slow, the transaction holds its locks and its connection"
            ),
        ),
    };
    let kind = match &store.deed {
        Deed::Store(kind, what, _) => written(*kind, what),
        Deed::Change(..) => "writes".to_owned(),
    };
    let subject = format!("{name} {} {said}", course.symbol);
    let entry = served(cx, node, course, operation);
    let at = course.place(step.line, &said);
    let opened = format!("the transaction begins here (`{}`)", transaction.detail);
    let mut draft = Draft::new(subject, &at, format!("`{name}` {does} before its transaction commits"))
        .why(format!("The transaction {kind} and commits at its end, but what leaves in between cannot be taken back. {goes_wrong}."))
        .help(
            "do it after the commit (`@TransactionalEventListener`, `transaction.on_commit`, after `Commit`), or store it in \
             the same transaction and let a relay send it (an outbox)",
        )
        .about([cx.edge(operation.edge).key.clone()])
        .certainty(cx.detail(operation).certainty);
    if let Some(entry) = &entry {
        draft = draft.link(&entry.at, format!("`{name}` serves {}", entry.name));
    }
    let mut links = vec![
        (transaction.lines.0, opened),
        (store.line, format!("{kind}{}", store.way())),
        (step.line, format!("{does}{}", step.way())),
        (transaction.lines.1, "the transaction commits here".to_owned()),
    ];
    links.sort_by_key(|(line, _)| *line);
    for (line, says) in links {
        draft = draft.link(&course.place(line, &said), says);
    }
    if step.depth > 0 {
        draft = draft.link(&cx.detail(operation).at, format!("here it {does}"));
    }
    if let Deed::Store(_, _, at) = &store.deed
        && store.depth > 0
    {
        draft = draft.link(at, format!("here it {kind}"));
    }
    if step.depth + store.depth > 0 {
        draft = draft.certainty(Certainty::Inferred);
    }
    if entry.is_none() || course.beside { draft.severity(Severity::Note) } else { draft }
}
