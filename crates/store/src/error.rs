//! What can go wrong with files: always which one and what was tried.

use std::io;
use std::path::{Path, PathBuf};

/// A file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot {action} `{}`: {source}", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` is a broken table: {reason}", path.display())]
    Table { path: PathBuf, reason: String },
    #[error("`{}` is written by another `seam serve`", .0.display())]
    Taken(PathBuf),
    #[error("`{}` holds telemetry of another version: {found}", path.display())]
    Version { path: PathBuf, found: String },
}

impl Error {
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Error {
        Error::File { action, path: path.to_owned(), source }
    }

    pub(crate) fn table(path: &Path, reason: impl ToString) -> Error {
        Error::Table { path: path.to_owned(), reason: reason.to_string() }
    }
}
