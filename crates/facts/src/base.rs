//! All facts of a workspace, by file. Order of insertion does not matter: files are kept sorted by path.

use crate::{Fact, Problem, SmolStr};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one file states, and what could not be read of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    pub facts: Vec<Fact>,
    pub problems: Vec<Problem>,
}

/// The facts of every file, keyed by workspace-relative path with `/` between parts.
///
/// A file's facts are shared, so that a second base which differs in one file is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactBase {
    files: BTreeMap<SmolStr, Arc<FileFacts>>,
}

impl FactBase {
    pub fn insert(&mut self, path: impl Into<SmolStr>, facts: Arc<FileFacts>) {
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
