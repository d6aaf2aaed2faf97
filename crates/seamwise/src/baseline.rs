//! Files of known findings: what `--write-baseline` writes, and commands and editors read.

use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Serialize, Deserialize)]
struct Baseline {
    version: u32,
    /// Keys of findings, sorted.
    findings: Vec<String>,
}

/// The keys that a file lists, or why they cannot be read.
pub fn read(path: &Path) -> Result<Vec<String>, String> {
    let refuse = |why: String| format!("the baseline `{}` cannot be read: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| refuse(e.to_string()))?;
    let baseline: Baseline = serde_json::from_str(&text).map_err(|e| refuse(e.to_string()))?;
    if baseline.version != 1 {
        return Err(refuse(format!("it has version {}, and this program knows version 1", baseline.version)));
    }
    Ok(baseline.findings)
}

/// The file's text for these keys.
pub fn text(mut findings: Vec<String>) -> Result<String, String> {
    findings.sort();
    let text = serde_json::to_string_pretty(&Baseline { version: 1, findings }).map_err(|e| e.to_string())?;
    Ok(text + "\n")
}
