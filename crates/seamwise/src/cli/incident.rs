//! `seam diagnose TELEMETRY`: where a failure starts, from what was recorded. The exit code is 1 when somebody is suspected.

use super::args::{Args, Diagnose, DiagnoseReport};
use super::fail::Failure;
use super::open::{open, watched};
use super::{asked, typed};
use crate::render;
use seam_engine::asks::diagnose::{Answer, Request};
use seam_host::{CachePlace, Opening, Progress, Workspace};
use std::path::Path;
use std::process::ExitCode;

pub fn run(telemetry: &Path, command: &Diagnose, args: &Args) -> Result<ExitCode, Failure> {
    // Without code there is no map; everything but files and lines is said all the same.
    let mut workspace = match command.code.as_slice() {
        [] => {
            let nothing = Opening { roots: Vec::new(), cache: CachePlace::Nowhere, threads: args.threads };
            Workspace::open(&nothing, &Progress::default())?.0
        }
        paths => open(paths, args)?.0,
    };
    // A person wrote the address.
    workspace.ask_far();
    let request = Request {
        telemetry: Some(telemetry.to_string_lossy().into_owned()),
        at: command.at.clone(),
        window: command.window.clone(),
        baseline: command.baseline.clone(),
        step: command.step.clone(),
        symptom: command.symptom.clone(),
        limit: command.limit,
        report: command.format == DiagnoseReport::Html,
        no_memory: command.no_memory,
        profile: command.within.profile.clone(),
        ..Request::default()
    };
    let progress = workspace.hearing();
    let answer = watched(&progress, || asked(&mut workspace, "diagnose", &request))?;
    let shown: Answer = typed(&answer)?;
    let format =
        if args.json && command.format == DiagnoseReport::Text { DiagnoseReport::Json } else { command.format };
    let text = match format {
        DiagnoseReport::Json => format!("{answer}\n"),
        DiagnoseReport::Text => render::incident::render(&shown),
        DiagnoseReport::Html => render::report::render(&shown),
    };
    super::put(command.output.as_deref(), &text)?;
    let suspected = shown.incident.is_some_and(|i| !i.suspects.is_empty());
    Ok(ExitCode::from(u8::from(suspected)))
}
