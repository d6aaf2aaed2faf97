//! `seam detect`: findings to a terminal or to a file format, and an exit code that a pipeline understands.

use super::args::{Args, Detect, FailOn, Report};
use super::fail::Failure;
use super::open::{open, watched};
use super::{asked, typed};
use crate::render::findings as render;
use seam_engine::Refusal;
use seam_engine::asks::detect::{Answer, Request};
use std::path::Path;
use std::process::ExitCode;

/// 0 without findings of the severity that fails, 1 with.
pub fn run(command: &Detect, args: &Args) -> Result<ExitCode, Failure> {
    let baseline = command.baseline.as_deref().map(read).transpose()?.unwrap_or_default();
    let (mut workspace, _) = open(&command.roots.paths, args)?;
    // A person wrote the address.
    workspace.ask_far();
    let request = Request {
        profiles: command.profiles.clone(),
        rules: command.rules.clone(),
        off: Vec::new(),
        severity: Some(command.severity.clone()),
        certainty: command.certainty.clone(),
        service: command.service.clone(),
        baseline,
        since: command.since.clone(),
        nursery: command.nursery,
        telemetry: command.telemetry.as_ref().map(|p| p.to_string_lossy().into_owned()),
        window: command.window.clone(),
        normal: command.normal.clone(),
        step: command.step.clone(),
        no_memory: command.no_memory,
    };
    if command.live {
        return super::live::run(&mut workspace, &request, args);
    }
    if let Some(path) = &command.write_baseline {
        // What is known already stays known.
        let all = Request { baseline: Vec::new(), since: None, ..request.clone() };
        let answer: Answer = typed(&asked(&mut workspace, "detect", &all)?)?;
        write_baseline(path, &answer)?;
        let found = answer.findings.len();
        anstream::eprintln!("wrote {found} findings to `{}`; give it as `--baseline` from now on", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    let bytes = if command.telemetry.is_some() {
        let progress = workspace.hearing();
        watched(&progress, || asked(&mut workspace, "detect", &request))?
    } else {
        asked(&mut workspace, "detect", &request)?
    };
    let answer: Answer = typed(&bytes)?;
    let texts = |path: &str, lines| workspace.lines(path, lines);
    let format = if args.json && command.format == Report::Text { Report::Json } else { command.format };
    let text = match format {
        Report::Text => render::text(&answer, &texts),
        Report::Short => render::short(&answer),
        Report::Json => bytes + "\n",
        Report::Sarif => render::sarif(&answer),
        Report::Github => render::github(&answer),
        Report::Gitlab => render::gitlab(&answer),
        Report::Junit => render::junit(&answer),
        Report::Markdown => render::markdown(&answer),
    };
    super::put(command.output.as_deref(), &text)?;
    let counts = &answer.counts;
    let failing = match command.fail_on {
        FailOn::Error => counts.errors,
        FailOn::Warning => counts.errors + counts.warnings,
        FailOn::Note => counts.errors + counts.warnings + counts.notes,
        FailOn::Never => 0,
    };
    std::mem::forget(workspace);
    Ok(if failing > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn read(path: &Path) -> Result<Vec<String>, Failure> {
    let hint = "make one with `seam detect --write-baseline FILE`";
    crate::baseline::read(path).map_err(|why| Refusal::usage(why, hint).into())
}

fn write_baseline(path: &Path, answer: &Answer) -> Result<(), Failure> {
    let findings = answer.findings.iter().map(|f| f.key.clone()).collect();
    super::write(path, &crate::baseline::text(findings).map_err(Failure::Internal)?)
}
