//! The commands that run a workspace's tests: found from what its folders say, narrowed to the files that are wanted, and what the
//! end of one means.
//!
//! Invariant: nothing is run here, and nothing is guessed where a folder does not say how its tests run: that is told instead. A
//! command is narrowed only where its runner is known to take files; otherwise all tests of the folder run, and the answer says so.

mod choose;
mod ending;
mod jvm;
mod node;
mod other;
mod python;

pub use choose::{Chosen, Folder, trials};
pub use ending::{End, ending};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A command that runs tests, with the reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Trial {
    /// Services whose tests these are.
    pub services: Vec<String>,
    /// What runs them: `pytest`, `jest by npm`, `maven`.
    pub runner: String,
    /// What a shell runs.
    pub command: String,
    /// Where, relative to the workspace; empty for its own folder.
    pub folder: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The files of tests that are wanted, each with why.
    pub files: Vec<Wanted>,
    /// Whether only these files run; otherwise all tests of the folder do.
    pub narrowed: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Wanted {
    /// Relative to the workspace.
    pub path: String,
    pub because: String,
}

/// What is known of the workspace's files: their texts by path, and which paths there are.
pub struct Tree<'a> {
    pub read: &'a dyn Fn(&str) -> Option<String>,
    pub paths: &'a [String],
}

impl Tree<'_> {
    fn has(&self, folder: &str, name: &str) -> bool {
        self.text(folder, name).is_some()
    }

    fn text(&self, folder: &str, name: &str) -> Option<String> {
        (self.read)(&joined(folder, name))
    }

    /// The nearest folder, from this one up, that has one of these files.
    fn up(&self, folder: &str, names: &[&str]) -> Option<String> {
        ancestors(folder).find(|at| names.iter().any(|name| self.has(at, name))).map(str::to_owned)
    }
}

/// A folder and those above it; the workspace's own, the last one, is empty.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |at| above(at))
}

fn above(at: &str) -> Option<&str> {
    (!at.is_empty()).then(|| at.rsplit_once('/').map_or("", |(above, _)| above))
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// A path as it is written in a folder below or beside which it lies.
fn relative(path: &str, folder: &str) -> String {
    let mut up = String::new();
    for above in ancestors(folder) {
        if above.is_empty() {
            return up + path;
        }
        if path == above {
            return if up.is_empty() { ".".to_owned() } else { up.trim_end_matches('/').to_owned() };
        }
        if let Some(rest) = path.strip_prefix(above).and_then(|r| r.strip_prefix('/')) {
            return up + rest;
        }
        up.push_str("../");
    }
    up + path
}

/// A word as a shell takes it literally.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_from_a_folder() {
        assert_eq!(relative("a/b/c.py", "a/b"), "c.py");
        assert_eq!(relative("a/x/c.py", "a/b"), "../x/c.py");
        assert_eq!(relative("x.py", "a/b"), "../../x.py");
        assert_eq!(relative("a/b", "a/b"), ".");
        assert_eq!(quoted("it's here"), "'it'\\''s here'");
    }
}
