//! What can fail for good. A single unreadable file never does: it is a problem in its facts.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error("cannot read `{path}`: {cause}", path = path.display())]
    Root { path: PathBuf, cause: std::io::Error },
    #[error("`{path}` is a file; a workspace is a folder", path = path.display())]
    NotAFolder { path: PathBuf },
    #[error("cannot start threads: {0}")]
    Threads(String),
    #[error("cannot compare `{root}` with `{revision}`: {why}", root = root.display())]
    Revision { revision: String, root: PathBuf, why: String },
    #[error("cannot watch `{path}`: {cause}", path = path.display())]
    Watch { path: PathBuf, cause: String },
    #[error("cannot {what} `{path}`: {cause}", path = path.display())]
    Memory { what: &'static str, path: PathBuf, cause: std::io::Error },
    #[error("telemetry of `{of}`: {why}")]
    Telemetry { of: String, why: String },
    #[error(transparent)]
    Store(#[from] seam_store::Error),
}
