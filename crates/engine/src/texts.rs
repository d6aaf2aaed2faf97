//! The texts of files, as a value that the host hands over: the engine quotes lines, and never opens a file.

use std::fmt;
use std::sync::Arc;

/// Gives a file's text by its workspace-relative path, as it was when its facts were taken. Without a source there is no
/// text, and answers have no excerpts.
#[derive(Clone, Default)]
pub struct Texts(Option<Arc<Source>>);

type Source = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Texts {
    pub fn new(source: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Texts(Some(Arc::new(source)))
    }

    pub fn read(&self, path: &str) -> Option<String> {
        self.0.as_ref()?(path)
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Texts(..)" } else { "Texts(none)" })
    }
}
