//! All facts of a workspace, by file.
//!
//! Invariant: the order in which facts and files arrive does not matter. Files are kept sorted by path, the facts of one
//! file by place, whoever made them.

use crate::{Fact, Problem, SmolStr};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one file states, and what could not be read of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    pub facts: Vec<Fact>,
    pub problems: Vec<Problem>,
}

impl FileFacts {
    /// Facts and problems in their one order, each once.
    pub fn new(mut facts: Vec<Fact>, mut problems: Vec<Problem>) -> Self {
        facts.sort_by(in_order);
        facts.dedup();
        problems.sort();
        problems.dedup();
        FileFacts { facts, problems }
    }
}

fn in_order(a: &Fact, b: &Fact) -> Ordering {
    (a.at, &a.claim, &a.by, a.how).cmp(&(b.at, &b.claim, &b.by, b.how))
}

/// The facts of every file, keyed by workspace-relative path with `/` between parts.
///
/// A file's facts are shared, so that a second base which differs in one file is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactBase {
    files: BTreeMap<SmolStr, Arc<FileFacts>>,
}

impl FactBase {
    pub fn insert(&mut self, path: impl Into<SmolStr>, mut facts: Arc<FileFacts>) {
        if !facts.facts.is_sorted_by(|a, b| in_order(a, b).is_le()) {
            Arc::make_mut(&mut facts).facts.sort_by(in_order);
        }
        self.files.insert(path.into(), facts);
    }

    pub fn remove(&mut self, path: &str) -> Option<Arc<FileFacts>> {
        self.files.remove(path)
    }

    pub fn get(&self, path: &str) -> Option<&FileFacts> {
        self.files.get(path).map(|f| &**f)
    }

    /// Files in order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&SmolStr, &FileFacts)> {
        self.files.iter().map(|(path, facts)| (path, &**facts))
    }

    /// Every fact with the path of its file, in order.
    pub fn facts(&self) -> impl Iterator<Item = (&SmolStr, &Fact)> {
        self.files().flat_map(|(path, file)| file.facts.iter().map(move |fact| (path, fact)))
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}
