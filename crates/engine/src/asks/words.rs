//! Words that fit at a place: hosts, routes, topics and settings that the workspace knows.
//!
//! Invariant: nothing is offered outside of texts and values; what a language's own tools complete is left to them.

use crate::shape::VERSION;
use crate::{Refusal, Snapshot, marks};
use schemars::JsonSchema;
use seam_graph::{EdgeKind, Graph, PortRole};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub const ABOUT: &str =
    "for a place in a file and the text before it on its line, the hosts, routes, topics or settings that fit";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Workspace-relative, `/` between parts.
    pub path: String,
    /// The line's text before the place.
    pub before: String,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    #[serde(default)]
    pub profile: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    /// How many bytes before the place a word replaces.
    pub replaces: usize,
    pub words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Word {
    pub word: String,
    /// `host`, `route`, `topic` or `setting`.
    pub kind: String,
    pub says: String,
}

/// How code asks for a setting: what stands before its name.
const READERS: &[&str] = &[
    "getenv(\"",
    "getenv('",
    "environ[\"",
    "environ['",
    "environ.get(\"",
    "environ.get('",
    "process.env.",
    "process.env[\"",
    "process.env['",
    "ENV[\"",
    "ENV['",
    "ENV.fetch(\"",
    "ENV.fetch('",
    "Getenv(\"",
    "LookupEnv(\"",
    "env::var(\"",
    "GetEnvironmentVariable(\"",
    "System.get_env(\"",
    "Configuration[\"",
    "@Value(\"${",
    "${",
];

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let graph = snapshot.graph(request.profile.as_deref());
    let before = request.before.as_str();
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let written = before.rfind(|c| !part(c)).map_or(before, |at| {
        let width = before[at..].chars().next().map_or(1, char::len_utf8);
        &before[at + width..]
    });
    let stem = &before[..before.len() - written.len()];
    let mut words: BTreeSet<Word> = BTreeSet::new();
    let mut replaces = written.len();
    // `process.env.` is part of what looks like the word.
    if let Some(at) = READERS.iter().filter_map(|r| before.rfind(r).map(|at| at + r.len())).max()
        && before[at..].chars().all(part)
    {
        replaces = before.len() - at;
        settings(&graph, &request.path, &mut words);
    } else if !is_value(&request.path, before) {
        // Outside of texts a language's own tools know better.
    } else if let Some((host, path)) = address(before) {
        replaces = path.len();
        routes(&graph, host, &mut words);
    } else if stem.ends_with("://") || stem.ends_with('@') {
        hosts(&graph, &mut words);
    } else {
        hosts(&graph, &mut words);
        topics(&graph, &mut words);
    }
    Ok(Answer { version: VERSION, replaces, words: words.into_iter().collect() })
}

/// Within quotes that are open, or where a configuration file has values.
fn is_value(path: &str, before: &str) -> bool {
    let open = ['"', '\'', '`'].iter().any(|q| !before.matches(*q).count().is_multiple_of(2));
    let name = path.rsplit('/').next().unwrap_or(path);
    let plain =
        [".yaml", ".yml", ".env", ".properties", ".toml"].iter().any(|e| name.ends_with(e)) || name.starts_with(".env");
    open || plain && (before.contains(": ") || before.contains('=') || before.trim_start().starts_with("- "))
}

/// `http://orders:8080/it` is a host and the beginning of a path.
fn address(before: &str) -> Option<(&str, &str)> {
    let (_, rest) = before.rsplit_once("://")?;
    let slash = rest.find('/')?;
    let path = &rest[slash..];
    (!path.contains([' ', '"', '\'', '?'])).then_some((&rest[..slash], path))
}

fn word(word: impl Into<String>, kind: &str, says: impl Into<String>) -> Word {
    Word { word: word.into(), kind: kind.to_owned(), says: says.into() }
}

fn settings(graph: &Graph, path: &str, out: &mut BTreeSet<Word>) {
    let own = |node: usize| graph.nodes[node].own.iter().any(|p| p == path);
    let mut known = BTreeSet::new();
    for setting in graph.settings.iter().filter(|s| own(s.node)) {
        if known.insert(&setting.key) {
            let says = format!("set for {} in {}", graph.nodes[setting.node].name, setting.at.path);
            out.insert(word(setting.key.as_str(), "setting", says));
        }
    }
}

fn hosts(graph: &Graph, out: &mut BTreeSet<Word>) {
    for (id, node) in graph.nodes.iter().enumerate() {
        let inside =
            |p: &&seam_graph::PortOf| p.node == id && matches!(p.role, PortRole::Service | PortRole::Container);
        let ports: BTreeSet<u32> = graph.ports.iter().filter(inside).filter_map(|p| p.number).collect();
        let says = format!("{} {}", node.kind.word(), node.name);
        match ports.first().filter(|_| ports.len() == 1) {
            Some(port) => out.insert(word(format!("{}:{port}", node.name), "host", says)),
            None => out.insert(word(node.name.as_str(), "host", says)),
        };
    }
}

fn routes(graph: &Graph, host: &str, out: &mut BTreeSet<Word>) {
    let named = |node: usize| marks::names(host, &graph.nodes[node]);
    for endpoint in graph.endpoints.iter().filter(|e| e.path.starts_with('/') && named(e.node)) {
        let says = format!("{} of {}", endpoint.asked_as(), graph.nodes[endpoint.node].name);
        out.insert(word(endpoint.path.as_str(), "route", says));
    }
}

fn topics(graph: &Graph, out: &mut BTreeSet<Word>) {
    for edge in &graph.edges {
        let does = match edge.kind {
            EdgeKind::QueuePublish => "published",
            EdgeKind::QueueConsume => "consumed",
            _ => continue,
        };
        let says = format!("{does} by {}", graph.nodes[edge.from].name);
        for detail in edge.details.iter().filter(|d| !d.operation.is_empty()) {
            if !out.iter().any(|w| w.word == detail.operation.as_str()) {
                out.insert(word(detail.operation.as_str(), "topic", says.clone()));
            }
        }
    }
}
