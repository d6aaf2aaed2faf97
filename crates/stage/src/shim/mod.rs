//! What is loaded into a service's processes so that its addresses lead to proxies, without a change of its code.
//!
//! Why a shim: clients that read `HTTP_PROXY` are few, and addresses in code or in names of a container network cannot be set from
//! outside; `connect`, `bind` and `getaddrinfo` are where all of them meet. Programs that do without the C library (Go) are
//! reached through settings and `HTTP_PROXY` only.

use crate::StageError;
use std::path::{Path, PathBuf};

static SHIM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/shim.so"));

/// Writes the shim into a folder; nothing where the system has no such thing.
pub fn install(folder: &Path) -> Result<Option<PathBuf>, StageError> {
    if SHIM.is_empty() {
        return Ok(None);
    }
    let path = folder.join("seam-shim.so");
    std::fs::write(&path, SHIM).map_err(|e| StageError::io("write", &path.display().to_string(), &e))?;
    Ok(Some(path))
}

/// What the shim is told, in its own notation.
#[derive(Clone, Debug, Default)]
pub struct Map {
    lines: Vec<String>,
}

impl Map {
    pub fn bind(&mut self, port: u16, real: u16) {
        self.lines.push(format!("b {port} {real}"));
    }

    pub fn name(&mut self, host: &str, address: &str) {
        self.lines.push(format!("h {host} {address}"));
    }

    pub fn connect(&mut self, address: &str, port: u16, real: u16) {
        self.lines.push(format!("c {address} {port} {real}"));
    }

    /// Addresses beyond this machine stay reachable.
    pub fn outside(&mut self) {
        self.lines.push("o".to_owned());
    }

    pub fn text(&self) -> String {
        self.lines.join(";")
    }
}
