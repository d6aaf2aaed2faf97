//! `seam impact`: what a change of one element touches, and an exit code.

use super::args::{Args, FailGrade, Impact, ImpactChange, ImpactReport};
use super::fail::Failure;
use super::open::open;
use super::questions::split;
use super::{asked, say, typed};
use crate::render::impact as render;
use seam_engine::asks::impact::{Answer, Request};
use std::path::Path;
use std::process::ExitCode;

/// 1 if something that is named breaks, otherwise 0.
pub fn run(command: &Impact, args: &Args) -> Result<ExitCode, Failure> {
    let (file, line) = split(&command.what)?;
    // `orders:8080` is a port, not a line.
    let line = line.filter(|_| Path::new(file).is_file() || file.contains('.'));
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let change = match command.change {
        ImpactChange::Rename => "rename",
        ImpactChange::Remove => "remove",
        ImpactChange::Type => "type",
    };
    let request = Request {
        key: line.is_none().then(|| command.what.clone()),
        path: line.map(|_| workspace.relative(Path::new(file))),
        line,
        change: Some(change.to_owned()),
        profile: command.within.profile.clone(),
    };
    let text = asked(&mut workspace, "impact", &request)?;
    let answer: Answer = typed(&text)?;
    let format = if args.json && command.format == ImpactReport::Text { ImpactReport::Json } else { command.format };
    say(&match format {
        ImpactReport::Text => render::text(&answer),
        ImpactReport::Json => text + "\n",
        ImpactReport::Markdown => render::markdown(&answer),
        ImpactReport::Mermaid => render::mermaid(&answer),
        ImpactReport::Sarif => render::sarif(&answer),
    })?;
    Ok(if fails(&answer, command.fail_on) { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn fails(answer: &Answer, grade: Option<FailGrade>) -> bool {
    if answer.direct.is_empty() {
        return false;
    }
    let breaks = |verdict: &str| verdict == "breaks";
    let (wire, json) = (breaks(&answer.verdicts.wire), breaks(&answer.verdicts.json));
    match grade {
        Some(FailGrade::Wire) => wire,
        Some(FailGrade::Json) => wire || json,
        None | Some(FailGrade::Source | FailGrade::Behaviour) => wire || json || breaks(&answer.verdicts.source),
        Some(FailGrade::Any) => true,
        Some(FailGrade::Never) => false,
    }
}
