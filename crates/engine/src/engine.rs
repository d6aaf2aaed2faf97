//! The state between questions: the facts of every file, and the workspace's settings.

use crate::{Settings, Snapshot};
use seam_facts::{FactBase, FileFacts, SmolStr};
use std::sync::Arc;

/// Something about the workspace is now different.
#[derive(Clone, Debug)]
pub enum Change {
    /// A file has these facts now.
    File { path: SmolStr, facts: Arc<FileFacts> },
    /// A file is gone.
    Removed { path: SmolStr },
    /// `seam.toml` says this now.
    Settings(Arc<Settings>),
}

/// Facts and settings. Cheap to take snapshots of: files are shared.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    base: Arc<FactBase>,
    settings: Arc<Settings>,
}

impl Engine {
    pub fn apply(&mut self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            match change {
                Change::File { path, facts } => Arc::make_mut(&mut self.base).insert(path, facts),
                Change::Removed { path } => {
                    Arc::make_mut(&mut self.base).remove(&path);
                }
                Change::Settings(settings) => self.settings = settings,
            }
        }
    }

    /// What a file states at present.
    pub fn facts(&self, path: &str) -> Option<&FileFacts> {
        self.base.get(path)
    }

    /// The present state as a value: later changes do not show in it.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.base.clone(), self.settings.clone())
    }
}
