//! One file's bytes to telemetry: which format it is, and the decoder for it.
//!
//! Invariant: the name decides before the content does, and a mapping before both; a file that nothing can read is one problem.

use crate::mapping::{Kind, Mapping};
use crate::{Telemetry, csv, lines};
use seam_facts::{Problem, ProblemKind};

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    Csv,
    /// Plain lines, or one JSON object a line.
    Lines,
}

/// The format of a file by its name; nothing for what is no telemetry.
pub fn format(path: &str) -> Option<Format> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    match name.rsplit_once('.').map(|(_, e)| e) {
        Some("csv" | "tsv") => Some(Format::Csv),
        Some("log" | "jsonl" | "ndjson" | "out") => Some(Format::Lines),
        _ => None,
    }
}

/// Reads one file into `into`; problems speak of this file.
pub fn read(bytes: &[u8], path: &str, mapping: &Mapping, into: &mut Telemetry) -> Vec<Problem> {
    let of_file = mapping.of(path);
    if of_file.and_then(|m| m.kind) == Some(Kind::Skip) {
        return Vec::new();
    }
    match format(path) {
        Some(Format::Csv) => csv::read(bytes, path, of_file, into),
        Some(Format::Lines) => {
            let service = of_file.and_then(|m| m.service.as_deref());
            lines::read(bytes, path, service, into)
        }
        None => vec![Problem::new(ProblemKind::Unsupported, "no known format of telemetry", None)],
    }
}
