//! Configuration as flat entries: dotted keys, text values, exact places, whatever the file's syntax was.
//!
//! Formats come in here, frameworks read from here. Both sides stay small because neither knows the other.

use super::tree::{Leaf, Node};
use seam_facts::{SmolStr, Span};

/// Values longer than this are text for people (templates, certificates), not addresses.
pub(super) const MAX_VALUE: usize = 2_000;
/// Entries kept of one file.
pub(super) const MAX_ENTRIES: usize = 20_000;

/// `key = value` at a place. Lists are `key[0]`, `key[1]` …
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: SmolStr,
    pub value: String,
    pub span: Span,
}

/// A part of a file that is active as a whole (YAML and properties files may hold several).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    pub entries: Vec<Entry>,
}

impl Document {
    /// The first entry whose canonical key is `key`.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| canonical(&e.key) == key)
    }
}

/// The scalars of a tree, with dotted keys. Keys without a value set nothing.
pub(super) fn of_tree(node: &Node) -> Document {
    let leaves = node.flatten();
    let short = leaves.iter().filter(|leaf| !leaf.null && leaf.text.len() <= MAX_VALUE && !leaf.key.is_empty());
    let entry =
        |leaf: &Leaf<'_>| Entry { key: leaf.key.as_str().into(), value: leaf.text.to_string(), span: leaf.span };
    Document { entries: short.take(MAX_ENTRIES).map(entry).collect() }
}

/// Keys are compared without case, dashes and underscores (Spring's relaxed binding; others do not mind).
pub(super) fn canonical(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// The position in a list that a key's last part names: `routes[2]` is `("routes", Some(2))`.
pub(super) fn index(part: &str) -> (&str, Option<usize>) {
    match part.strip_suffix(']').and_then(|p| p.rsplit_once('[')) {
        Some((name, number)) => (name, number.parse().ok()),
        None => (part, None),
    }
}
