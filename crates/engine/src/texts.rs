//! The texts of files and what changed them last, as values that the host hands over: the engine quotes lines, and never opens
//! a file nor a repository.

use crate::asks::diagnose::Commit;
use std::fmt;
use std::sync::Arc;

/// Gives a file's text by its workspace-relative path, as it was when its facts were taken. Without a source there is no
/// text, and answers have no excerpts.
#[derive(Clone, Default)]
pub struct Texts {
    source: Option<Arc<Source>>,
    history: Option<Arc<History>>,
}

/// The last commits that touched a file, the newest first.
type History = dyn Fn(&str) -> Vec<Commit> + Send + Sync;

type Source = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Texts {
    pub fn new(source: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Texts { source: Some(Arc::new(source)), history: None }
    }

    /// The same with a source of commits.
    pub fn with_history(self, history: impl Fn(&str) -> Vec<Commit> + Send + Sync + 'static) -> Self {
        Texts { history: Some(Arc::new(history)), ..self }
    }

    /// What changed a file last; nothing where nobody knows.
    pub fn commits(&self, path: &str) -> Vec<Commit> {
        self.history.as_ref().map(|history| history(path)).unwrap_or_default()
    }

    pub fn read(&self, path: &str) -> Option<String> {
        self.source.as_ref()?(path)
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.source.is_some() { "Texts(..)" } else { "Texts(none)" })
    }
}
