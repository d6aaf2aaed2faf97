//! Shell scripts, and what holds commands like them: Makefiles and the steps of build services. See `shell.md`.
//!
//! Invariant: nothing is run. Only commands that deploy are understood; their words are filled with what the same file sets.

mod admin;
mod azure;
mod commands;
mod containers;
mod eval;
mod found;
mod lex;
mod lookups;
mod makefile;
mod options;
mod pipeline;
mod workflow;

use crate::{Extractor, File, Reads, Sink};
use eval::Shell;

pub static EXTRACTOR: Extractor =
    Extractor { id: "shell", version: 3, page: include_str!("shell.md"), reads: Reads::Files { wants, extract } };

/// Longer scripts are tools of their own (wrappers, completions).
const MAX_SCRIPT: usize = 200_000;

fn wants(file: &File<'_>) -> bool {
    kind(file).is_some()
}

enum Kind {
    Script,
    Makefile,
    Workflow,
    CloudBuild,
    Pipeline,
}

fn kind(file: &File<'_>) -> Option<Kind> {
    let name = file.name();
    let lower = name.to_ascii_lowercase();
    Some(match file.extension().as_str() {
        "sh" | "bash" | "azcli" => Kind::Script,
        "mk" => Kind::Makefile,
        "yml" | "yaml" if file.folder().ends_with(".github/workflows") => Kind::Workflow,
        "yml" | "yaml" if lower.starts_with("cloudbuild") => Kind::CloudBuild,
        "yml" | "yaml"
            if lower.starts_with(".gitlab-ci")
                || lower.starts_with("azure-pipelines")
                || lower.starts_with("bitbucket-pipelines")
                || lower.starts_with("taskfile.")
                || lower.starts_with("buildspec")
                || lower.starts_with(".travis")
                || lower.starts_with(".drone")
                || lower.starts_with(".woodpecker")
                || lower.trim_start_matches('.').starts_with("appveyor")
                || [".circleci", ".buildkite", ".semaphore", ".woodpecker"]
                    .iter()
                    .any(|f| file.folder().ends_with(f)) =>
        {
            Kind::Pipeline
        }
        _ if matches!(name, "Makefile" | "makefile" | "GNUmakefile") => Kind::Makefile,
        _ => return None,
    })
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    if file.text.len() > MAX_SCRIPT {
        return;
    }
    let mut shell = Shell::new(sink);
    match kind(file) {
        Some(Kind::Script) => shell.read(file.text, 0),
        Some(Kind::Makefile) => makefile::read(file.text, &mut shell),
        Some(Kind::Workflow) => workflow::read(file.text, &mut shell),
        Some(Kind::CloudBuild) => pipeline::cloud_build(file.text, &mut shell),
        Some(Kind::Pipeline) => pipeline::read(file.text, &mut shell),
        None => {}
    }
    shell.finish();
}
