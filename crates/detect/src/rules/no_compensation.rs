//! A step fails after another service was changed, and nothing takes the change back. See `no_compensation.md`.

use crate::course::{Course, Step, served};
use crate::effects::{Change, alters, said, words};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, RegionKind, SmolStr};
use seam_graph::{Certainty, Operation};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "no-compensation",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("no_compensation.md"),
    find,
};

/// A request, and how the function orders it.
type Request<'c> = (&'c Step, Operation);

/// Steps shown of one function.
const SHOWN: usize = 5;

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    // Several deployables may be built from one code.
    let mut places = BTreeSet::new();
    for node in 0..cx.graph.nodes.len() {
        let all = cx.courses(node);
        if all.is_empty() || has_sagas(cx, node) {
            continue;
        }
        for course in all {
            let steps = requests(cx, course);
            let Some((first, later)) = apart(cx, course, &steps) else { continue };
            if takes_back(cx, node, course) {
                continue;
            }
            let Some(entry) = served(cx, node, course, later.1) else { continue };
            if !places.insert((course.path.clone(), later.0.line)) {
                continue;
            }
            let name = cx.name(node);
            let (one, two) = (said(cx, first.1), said(cx, later.1));
            let (a, b) = (cx.name(cx.edge(first.1.edge).to), cx.name(cx.edge(later.1.edge).to));
            let at = course.place(later.0.line, &two);
            let mut draft = Draft::new(
                // Not the operations: what they are called may change without anything here getting better or worse.
                format!("{name} {} {} {a} {b}", course.path, course.symbol),
                &at,
                format!("`{name}` leaves {one} standing when {two} fails"),
            )
            .why(format!(
                "{} changes `{a}` and then `{b}`. When `{b}` refuses or does not answer in time, the caller hears that it \
                 failed, `{a}` keeps what it did, and nothing in `{name}` takes it back; asking again does it once more. An \
                 answer that is only late looks the same: then both are done, and the caller believes neither.",
                entry.name
            ))
            .help(format!(
                "undo {one} when a later step fails (a request that cancels it and may be repeated), or write the steps down \
                 and let a job finish them (a saga); put what is likely to fail first"
            ))
            .about([cx.edge(first.1.edge).key.clone(), cx.edge(later.1.edge).key.clone()])
            .certainty(cx.detail(first.1).certainty)
            .certainty(cx.detail(later.1).certainty)
            .link(&entry.at, format!("`{name}` serves {}", entry.name));
            for (step, operation) in steps.iter().take(SHOWN) {
                let says = format!("asks for {}{}", said(cx, *operation), step.way());
                draft = draft.link(&course.place(step.line, &says), says.clone());
            }
            for (step, operation) in [first, later] {
                if step.depth > 0 {
                    draft = draft.link(&cx.detail(operation).at, format!("here it asks for {}", said(cx, operation)));
                }
            }
            if first.0.depth + later.0.depth > 0 {
                draft = draft.certainty(Certainty::Inferred);
            }
            out.push(draft);
        }
    }
}

/// Requests that change something and whose failure ends the function.
fn requests<'c>(cx: &Cx<'_>, course: &'c Course) -> Vec<Request<'c>> {
    let forgiven = |path: &SmolStr, line: u32| {
        let regions = cx.facts(path).iter().filter_map(|f| match &f.claim {
            Claim::Region(r) if r.kind != RegionKind::Transaction => Some(r),
            _ => None,
        });
        regions.into_iter().any(|r| r.holds(line))
    };
    let ends = |(step, operation): &(&Step, Operation)| {
        let at = &cx.detail(*operation).at;
        !forgiven(&course.path, step.line) && !forgiven(&at.path, at.at.line)
    };
    let all = course.changes().filter(|(_, c, _)| *c == Change::Request).map(|(s, _, o)| (s, o));
    let mut seen = BTreeSet::new();
    all.filter(ends)
        .filter(|(_, o)| alters(cx, *o) != Some(false))
        .filter(|(s, o)| seen.insert((s.line, cx.edge(o.edge).to)))
        .collect()
}

/// The first change, and the first one of another service that follows it.
fn apart<'c>(cx: &Cx<'_>, course: &Course, steps: &[Request<'c>]) -> Option<(Request<'c>, Request<'c>)> {
    // What takes something away leaves nothing to take back, and what it leaves behind is litter.
    let removes = |o: Operation| cx.detail(o).operation.starts_with("DELETE ");
    for (index, first) in steps.iter().enumerate() {
        let to = |o: Operation| cx.edge(o.edge).to;
        let later = steps[index + 1..].iter().find(|s| {
            s.0.line > first.0.line && to(s.1) != to(first.1) && !removes(s.1) && course.follows(first.0.line, s.0.line)
        });
        if let Some(later) = later.filter(|_| !removes(first.1)) {
            return Some((*first, *later));
        }
    }
    None
}

const UNDO: &[&str] = &[
    "cancel",
    "refund",
    "release",
    "rollback",
    "revert",
    "undo",
    "compensate",
    "compensation",
    "compensating",
    "restore",
    "void",
    "abort",
    "unreserve",
    "reverse",
    "rollbacks",
    "saga",
    "retract",
    "withdraw",
    "unlock",
];

/// Whether the function, or what it calls, has a name for taking back.
fn takes_back(cx: &Cx<'_>, node: usize, course: &Course) -> bool {
    let undoes = |name: &str| words(name).iter().any(|w| UNDO.contains(&w.as_str()));
    let (names, calls) = cx.flows().functions(node);
    let own = || names.iter().position(|(p, s)| *p == course.path && *s == course.symbol);
    let called = || own().is_some_and(|i| calls[i].iter().any(|c| undoes(&names[*c].1)));
    course.called.iter().any(|n| undoes(n)) || undoes(&course.symbol) || !course.symbol.is_empty() && called()
}

/// Engines and libraries that run steps to their end.
fn has_sagas(cx: &Cx<'_>, node: usize) -> bool {
    const WORDS: &[&str] = &[
        "temporal",
        "camunda",
        "zeebe",
        "conductor",
        "cadence",
        "saga",
        "statemachine",
        "stepfunctions",
        "durabletask",
        "compensat",
        "orkes",
        "workflowclient",
        "seata",
        "globaltransactional",
        "narayana",
        "dtm",
    ];
    let hit = |text: &str| {
        let text = text.to_ascii_lowercase().replace(['_', '-'], "");
        WORDS.iter().any(|w| text.contains(w))
    };
    cx.own_facts(node).any(|(path, fact)| match &fact.claim {
        Claim::Uses(uses) => hit(path) || uses.imports.iter().any(|i| hit(i)) || uses.types.iter().any(|(t, _)| hit(t)),
        Claim::Depends(depends) => hit(&depends.package),
        _ => false,
    })
}
