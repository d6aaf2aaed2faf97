//! Which test commands a change calls for, and what their ends mean for the verdict.

use super::{Said, counted, held, one};
use crate::Snapshot;
use crate::asks::plan;
use crate::asks::verify::{Answer, Request, State, Tests, Tried, Without};
use seam_graph::{Graph, NodeKind, is_test};
use seam_verify::trial::{Chosen, End, Folder, Tree, trials};
use std::collections::BTreeSet;

pub(super) fn tests(snapshot: &Snapshot, request: &Request, plan: Option<&plan::Answer>) -> Tests {
    let graph = snapshot.graph(request.profile.as_deref());
    let (chosen, folders) = match plan {
        Some(plan) if !request.all_tests => reached(&graph, plan),
        _ => every(snapshot, &graph),
    };
    let paths: Vec<String> = snapshot.base().files().map(|(path, _)| path.to_string()).collect();
    let read = |path: &str| snapshot.texts().read(path);
    let tree = Tree { read: &read, paths: &paths };
    let (run, none) = trials(&tree, &snapshot.settings().verify.test, &chosen, &folders);
    let direct = |service: &str| match plan {
        Some(plan) => plan.direct.iter().any(|t| t.service == service),
        None => true,
    };
    let mut without: Vec<Without> =
        none.into_iter().map(|(service, because)| Without { direct: direct(&service), service, because }).collect();
    if let Some(plan) = plan.filter(|_| !request.all_tests) {
        let known = |s: &String| without.iter().any(|w| w.service == *s) || run.iter().any(|t| t.services.contains(s));
        let silent: Vec<&String> = plan.tests.without.iter().filter(|s| !known(s) && !direct(s)).collect();
        let because = "no test of it is seen to reach the change";
        without.extend(
            silent
                .into_iter()
                .map(|s| Without { service: s.clone(), direct: false, because: because.to_owned() })
                .collect::<Vec<_>>(),
        );
    }
    let (of, left_out) = match plan {
        Some(plan) if !request.all_tests => (plan.tests.of, plan.tests.left_out),
        _ => (chosen.len(), 0),
    };
    Tests { run: run.into_iter().map(|trial| Tried { trial, outcome: None }).collect(), of, left_out, without }
}

/// What `plan` sees to reach the change; and folders of directly touched services none of whose tests it sees.
fn reached(graph: &Graph, plan: &plan::Answer) -> (Vec<Chosen>, Vec<Folder>) {
    let chosen = plan.tests.run.iter().map(|t| Chosen {
        service: t.service.clone(),
        path: t.path.clone(),
        because: t.because.clone(),
        changed: plan.edited.iter().any(|e| e.path == t.path),
    });
    let direct = plan.direct.iter().map(|t| t.service.as_str());
    (chosen.collect(), direct.flat_map(|s| folders(graph, s)).collect())
}

fn folders(graph: &Graph, service: &str) -> Vec<Folder> {
    let nodes = graph.nodes.iter().filter(|n| n.name == service && n.kind == NodeKind::Service);
    nodes
        .flat_map(|n| n.roots.iter())
        .map(|root| Folder { service: service.to_owned(), path: root.to_string() })
        .collect()
}

/// Every file of tests of every service.
fn every(snapshot: &Snapshot, graph: &Graph) -> (Vec<Chosen>, Vec<Folder>) {
    let because = "all tests were asked for";
    let mut out: BTreeSet<Chosen> = BTreeSet::new();
    for test in &graph.tests {
        out.insert(Chosen {
            service: graph.nodes[test.node].name.to_string(),
            path: test.at.path.to_string(),
            because: because.to_owned(),
            changed: false,
        });
    }
    let known: BTreeSet<String> = out.iter().map(|c| c.path.clone()).collect();
    for (path, _) in snapshot.base().files() {
        if known.contains(path.as_str()) || !is_test(path) || seam_extract::lang::of_path(path).is_none() {
            continue;
        }
        for node in graph.nodes.iter().filter(|n| n.own.iter().any(|f| f == path)) {
            out.insert(Chosen {
                service: node.name.to_string(),
                path: path.to_string(),
                because: because.to_owned(),
                changed: false,
            });
        }
    }
    let services = graph.nodes.iter().filter(|n| n.kind == NodeKind::Service);
    let folders = services.flat_map(|n| folders(graph, &n.name)).collect();
    (out.into_iter().collect(), folders)
}

pub(super) fn proof(answer: &Answer, request: &Request) -> Said {
    let Some(tests) = &answer.tests else {
        return one(State::NotDone, "nothing says what changed; `--all-tests` runs every test");
    };
    // A service that changes itself and has no tests is not proved by the tests of others.
    let bare: Vec<String> = tests
        .without
        .iter()
        .filter(|w| w.direct)
        .map(|w| format!("`{}` has no test that runs: {}", w.service, w.because))
        .collect();
    if tests.run.is_empty() {
        return match bare.is_empty() {
            true if !answer.touches_somebody() => one(State::NotDone, "the change touches no service"),
            true => one(State::Inconclusive, "no test is seen to reach the change"),
            false if answer.dry_run => (State::NotDone, bare),
            false => (State::Inconclusive, bare),
        };
    }
    if answer.dry_run {
        let files: usize = tests.run.iter().map(|t| t.trial.files.len()).sum();
        let what =
            format!("{} would run, for {}", counted(tests.run.len(), "command"), counted(files, "file of tests"));
        return one(State::NotDone, format!("a dry run: {what}").replace("file of testss", "files of tests"));
    }
    let name = |tried: &Tried| format!("`{}` in {}", tried.trial.command, place(&tried.trial.folder));
    let ends: Vec<(&Tried, End)> = tests
        .run
        .iter()
        .map(|t| {
            let end = t.outcome.as_ref().map(|o| o.end.clone());
            (t, end.unwrap_or_else(|| End::Open("the time was over before it began".to_owned())))
        })
        .collect();
    let failed: Vec<String> =
        ends.iter().filter(|(_, e)| *e == End::Failed).map(|(t, _)| format!("{} fails", name(t))).collect();
    if !failed.is_empty() {
        return (State::Failed, failed);
    }
    let mut open: Vec<String> = ends
        .iter()
        .filter(|(_, e)| !held(e))
        .map(|(t, e)| match e {
            End::Open(why) => format!("{}: {why}", name(t)),
            End::Flaky => format!("{} failed and then passed: it is flaky", name(t)),
            End::Passed | End::Failed => name(t),
        })
        .collect();
    open.extend(bare);
    if !open.is_empty() {
        return (State::Inconclusive, open);
    }
    let which = if request.all_tests { "all tests" } else { "the tests that reach the change" };
    one(State::Passed, format!("{which} pass: {}, {} left out", counted(ends.len(), "command"), tests.left_out))
}

fn place(folder: &str) -> &str {
    if folder.is_empty() { "the workspace's folder" } else { folder }
}
