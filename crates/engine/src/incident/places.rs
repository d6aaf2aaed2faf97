//! From what telemetry calls a place to the file and line of it.
//!
//! Invariant: one function ([`locate`]) answers, from the files of the suspected service alone; what is quoted is masked. A line
//! that a log states is believed only where such a file exists and has that line.

use crate::Snapshot;
use schemars::JsonSchema;
use seam_diagnose::Place;
use seam_graph::Graph;
use serde::{Deserialize, Serialize};

/// A place in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Where {
    /// Workspace-relative.
    pub path: String,
    pub line: u32,
    /// The line itself, secrets masked.
    pub code: String,
}

/// Where a step of a service stands in its source.
pub fn locate(snapshot: &Snapshot, graph: &Graph, node: usize, place: &Place) -> Option<Where> {
    match place {
        Place::Line { logger, line, template } if *line > 0 => stated(snapshot, graph, node, logger, *line, template),
        Place::Line { template, .. } => saying(snapshot, graph, node, template),
        Place::Start { operation } => handler(snapshot, graph, node, operation),
        Place::End => None,
    }
}

/// The files of a service, its own first.
fn files(graph: &Graph, node: usize) -> impl Iterator<Item = &str> {
    let node = &graph.nodes[node];
    node.own.iter().chain(&node.libraries).map(|p| p.as_str())
}

/// The line that a log names, or the nearest one of that file that writes the text: the code at hand may be another version.
fn stated(snapshot: &Snapshot, graph: &Graph, node: usize, logger: &str, line: u32, template: &str) -> Option<Where> {
    let (packages, simple) = match logger.rsplit_once('.') {
        Some((_, extension)) if extension.len() <= 4 && extension.bytes().all(|b| b.is_ascii_lowercase()) => {
            ("", logger)
        }
        Some((packages, simple)) => (packages, simple),
        None => ("", logger),
    };
    // Of several files of that name, the one whose folders begin as the logger's packages do (`t.s` for `travel/service`).
    let fit = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name == simple || name.split_once('.').is_some_and(|(stem, _)| stem == simple)
    };
    let agrees = |path: &str| {
        let folders: Vec<&str> = path.rsplit('/').skip(1).collect();
        packages
            .rsplit('.')
            .zip(folders)
            .filter(|(package, folder)| !package.is_empty() && folder.starts_with(*package))
            .count()
    };
    let mut best: Option<(usize, &str)> = None;
    for path in files(graph, node).filter(fit) {
        let agreement = agrees(path);
        if best.is_none_or(|(known, _)| agreement > known) {
            best = Some((agreement, path));
        }
    }
    let path = best?.1;
    let nearest = longest(template).and_then(|fixed| {
        let text = snapshot.texts().read(path)?;
        let numbered = text.lines().zip(1u32..).filter(|(l, _)| l.contains(fixed));
        numbered.map(|(_, number)| number).min_by_key(|number| number.abs_diff(line))
    });
    // A statement of several lines is named by its first or its last.
    quoted(snapshot, path, nearest.filter(|n| n.abs_diff(line) > STATEMENT).unwrap_or(line))
}

/// A log statement is written on so many lines at most, in general.
const STATEMENT: u32 = 6;

/// The longest fixed part of a template, where it tells statements apart.
fn longest(template: &str) -> Option<&str> {
    template.split("<*>").map(str::trim).max_by_key(|part| part.len()).filter(|part| part.len() >= 8)
}

/// The line that holds most of a template's fixed text.
fn saying(snapshot: &Snapshot, graph: &Graph, node: usize, template: &str) -> Option<Where> {
    let fixed = longest(template)?;
    files(graph, node).take(2000).find_map(|path| {
        let text = snapshot.texts().read(path)?;
        let line = text.lines().position(|line| line.contains(fixed))?;
        quoted(snapshot, path, line as u32 + 1)
    })
}

/// The handler of an operation: an endpoint's, or a method's of a class.
fn handler(snapshot: &Snapshot, graph: &Graph, node: usize, operation: &str) -> Option<Where> {
    let path = operation.split(' ').next_back().filter(|p| p.starts_with('/'));
    if let Some(path) = path {
        let verb = operation.split(' ').next().filter(|v| *v != path);
        let served = graph.endpoints.iter().filter(|e| e.node == node);
        let fit = |e: &&seam_graph::Endpoint| shape(&e.path) == shape(path);
        let of_verb = served.clone().filter(fit).find(|e| verb.is_some() && e.method.as_deref() == verb);
        // Without a verb the same names of parameters tell which is meant.
        let same = |e: &&seam_graph::Endpoint| e.path == path;
        let endpoint = of_verb.or_else(|| served.clone().find(same)).or_else(|| served.clone().find(fit))?;
        let at = endpoint.proof.first();
        return quoted(snapshot, &at.path, at.at.line);
    }
    let (class, method) = operation.rsplit_once('.').or_else(|| operation.rsplit_once('/'))?;
    let class = class.rsplit(['.', '/']).next().unwrap_or(class);
    let stem = |path: &&str| path.rsplit('/').next().and_then(|n| n.split('.').next()).is_some_and(|s| s == class);
    let declared = format!("{method}(");
    files(graph, node).filter(stem).find_map(|path| {
        let text = snapshot.texts().read(path)?;
        let is = |line: &str| {
            let before = line.split(&declared).next().unwrap_or("");
            line.contains(&declared) && !before.contains(['.', '=', '"', '/']) && before.ends_with(' ')
        };
        let line = text.lines().position(is)?;
        quoted(snapshot, path, line as u32 + 1)
    })
}

/// A path with its parameters made alike.
fn shape(path: &str) -> Vec<&str> {
    let part = |part| match part {
        p if str::starts_with(p, ['{', ':', '<', '*']) => "{}",
        p => p,
    };
    path.split('/').filter(|p| !p.is_empty()).map(part).collect()
}

fn quoted(snapshot: &Snapshot, path: &str, line: u32) -> Option<Where> {
    let text = snapshot.texts().read(path)?;
    let masked = crate::excerpt(path, &text);
    let code = masked.lines().nth(line.checked_sub(1)? as usize)?.trim().chars().take(160).collect();
    Some(Where { path: path.to_owned(), line, code })
}
