//! `seam detect`: findings to a terminal or to a file format, and an exit code that a pipeline understands.

use super::args::{Args, Detect};
use super::fail::Failure;
use super::open::open;
use super::{asked, say, typed};
use crate::render;
use seam_engine::asks::detect::{Answer, Request};
use std::process::ExitCode;

/// 0 without errors and warnings, 1 with.
pub fn run(command: &Detect, args: &Args) -> Result<ExitCode, Failure> {
    let (mut workspace, _) = open(&command.roots.paths, args)?;
    let request = Request {
        profile: command.profile.clone(),
        rules: command.rules.clone(),
        severity: Some(command.severity.clone()),
        certainty: command.certainty.clone(),
        service: command.service.clone(),
        baseline: Vec::new(),
        nursery: command.nursery,
    };
    let bytes = asked(&mut workspace, "detect", &request)?;
    let answer: Answer = typed(&bytes)?;
    if args.json {
        say(&format!("{bytes}\n"))?;
    } else {
        say(&render::findings::render(&answer))?;
    }
    Ok(if answer.counts.errors + answer.counts.warnings > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
