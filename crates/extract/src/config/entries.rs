//! Configuration as flat entries: dotted keys, text values, exact places, whatever the file's syntax was.
//!
//! Formats come in here, frameworks read from here. Both sides stay small because neither knows the other.

use super::tree::{Leaf, Node};
use seam_facts::{SmolStr, Span};

/// Values longer than this are text for people (templates, certificates), not addresses.
pub(super) const MAX_VALUE: usize = 2_000;
/// Items of a list that are kept as one value.
const MAX_JOINED: usize = 16;
/// Entries kept of one file.
pub(super) const MAX_ENTRIES: usize = 20_000;

/// `key = value` at a place. Lists are `key[0]`, `key[1]` …
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: SmolStr,
    pub value: String,
    pub span: Span,
    /// A list of scalars as one value with commas; its items stand beside it.
    pub joined: bool,
}

/// A part of a file that is active as a whole (YAML and properties files may hold several).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    pub entries: Vec<Entry>,
}

impl Document {
    /// Entries as written, each once.
    pub fn plain(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| !e.joined)
    }

    /// The first entry whose canonical key is `key`.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.plain().find(|e| canonical(&e.key) == key)
    }
}

/// The scalars of a tree, with dotted keys. Keys without a value set nothing.
pub(super) fn of_tree(node: &Node) -> Document {
    let leaves = node.flatten();
    let mut entries: Vec<Entry> = Vec::new();
    let short = leaves.iter().filter(|leaf| !leaf.null && leaf.text.len() <= MAX_VALUE && !leaf.key.is_empty());
    for leaf in short.take(MAX_ENTRIES) {
        if let Some((list, Some(number))) = leaf.key.ends_with(']').then(|| index(&leaf.key)) {
            join(list, number, leaf, &mut entries);
        }
        let value = leaf.text.to_string();
        entries.push(Entry { key: leaf.key.as_str().into(), value, span: leaf.span, joined: false });
    }
    Document { entries }
}

/// Readers of a list of scalars often take it as one text (`a,b`). `list` is the key that `leaf` is the `number`th item of.
fn join(list: &str, number: usize, leaf: &Leaf<'_>, entries: &mut Vec<Entry>) {
    if number == 0 {
        entries.push(Entry { key: list.into(), value: leaf.text.to_string(), span: leaf.span, joined: true });
    } else if number < MAX_JOINED {
        let whole = entries.iter_mut().rev().take(MAX_JOINED * 2).find(|e| e.joined && e.key == list);
        if let Some(whole) = whole {
            whole.value = format!("{},{}", whole.value, leaf.text);
        }
    }
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
