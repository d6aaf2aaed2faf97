//! `seam diagnose`: where a failure starts. The exit code is 1 when somebody is suspected.

use super::args::{Args, Diagnose, DiagnoseReport, Within};
use super::fail::Failure;
use super::open::open;
use super::{asked, typed};
use crate::render;
use seam_engine::Refusal;
use seam_engine::asks::diagnose::{Answer, Request};
use std::path::Path;
use std::process::ExitCode;

pub fn run(command: &Diagnose, args: &Args) -> Result<ExitCode, Failure> {
    if let Some(telemetry) = &command.telemetry {
        return super::incident::run(telemetry, command, args);
    }
    if command.format == DiagnoseReport::Html {
        let hint = "give a folder with spans, log lines or metrics, or leave `--format html` out";
        return Err(Refusal::usage("an error text has no courses to draw", hint).into());
    }
    let error = command.error.as_deref().map(read).transpose()?;
    let Within { paths, profile } = &command.within;
    let (mut workspace, _) = open(paths, args)?;
    let request = Request {
        error,
        service: command.service.clone(),
        limit: command.limit,
        no_memory: command.no_memory,
        profile: profile.clone(),
        ..Request::default()
    };
    let text = asked(&mut workspace, "diagnose", &request)?;
    let answer: Answer = typed(&text)?;
    let json = args.json || command.format == DiagnoseReport::Json;
    super::put(command.output.as_deref(), &if json { format!("{text}\n") } else { render::diagnose::render(&answer) })?;
    Ok(ExitCode::from(u8::from(!answer.suspects.is_empty())))
}

/// What somebody pasted may not be UTF-8 throughout; what is broken costs a character.
fn read(path: &Path) -> Result<String, Failure> {
    let read = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = read.map_err(|e| {
        let hint = "give a file with a stack trace or an error text, or `-` for standard input";
        Refusal::usage(format!("cannot read `{}`: {e}", path.display()), hint)
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
