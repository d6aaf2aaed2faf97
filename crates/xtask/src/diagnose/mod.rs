//! Scores `diagnose` on telemetry whose causes are known: public data sets, and systems that are made up.

pub mod cascades;
mod memory;
mod nezha;
pub mod petshop;
mod random;
mod repeats;
mod shifts;

use seam_engine::incident::{Where, locate};
use seam_host::{CachePlace, Opening, Progress, Workspace};
use std::path::{Path, PathBuf};

/// Scores minutes; with `--code FOLDER` also whether regions are found in the source.
pub fn nezha(normal: &Path, faults: &Path, labels: &Path, options: &[&str]) -> Result<String, String> {
    let code = options.iter().position(|o| *o == "--code").and_then(|at| options.get(at + 1)).map(PathBuf::from);
    let Some(code) = code else { return nezha::run(normal, faults, labels, options, None) };
    let opening = Opening { roots: vec![code], cache: CachePlace::Nowhere, threads: 0 };
    let (mut workspace, _) = Workspace::open(&opening, &Progress::default()).map_err(|e| e.to_string())?;
    let snapshot = workspace.snapshot();
    let graph = snapshot.graph(None);
    let resolve = |service: &str, place: &seam_diagnose::Place| -> Option<Where> {
        locate(&snapshot, &graph, seam_diagnose::node(&graph, service)?, place)
    };
    nezha::run(normal, faults, labels, options, Some(&resolve))
}
