//! The command line: arguments to requests, answers to text.

mod agents;
mod args;
mod detect;
mod diagnose;
mod drift;
mod emit;
mod fail;
mod impact;
mod incident;
mod init;
mod learn;
mod learning;
mod live;
mod map;
mod mcp;
mod open;
mod plan;
mod questions;
mod recall;
mod rules;
mod serve;
mod tour;
mod verify;

use args::{Args, Command};
use clap::Parser;
use fail::Failure;
use seam_host::Workspace;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

pub fn main() -> ExitCode {
    // A failure to parse ends here with code 2, help and version with 0.
    let args = Args::parse();
    match run(&args) {
        Ok(code) => code,
        Err(failure) => failure.report(args.json),
    }
}

fn run(args: &Args) -> Result<ExitCode, Failure> {
    match &args.command {
        Command::Detect(detect) => detect::run(detect, args),
        Command::Diagnose(diagnose) => diagnose::run(diagnose, args),
        Command::Drift(drift) => drift::run(drift, args),
        Command::Rules(rules) => rules::run(rules, args),
        Command::Plan(plan) => plan::run(plan, args),
        Command::Impact(impact) => impact::run(impact, args),
        Command::Verify(verify) => verify::run(verify, args),
        Command::Agents(agents) => agents::run(agents, args),
        Command::Learn(learn) => learn::run(learn, args),
        Command::Tour(tour) => tour::run(tour),
        Command::Lsp(lsp) => Ok(crate::lsp::serve(&lsp.paths, open::cache(args), args.threads)),
        _ => answer(args).map(|()| ExitCode::SUCCESS),
    }
}

/// Commands that only answer.
fn answer(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Detect(_)
        | Command::Diagnose(_)
        | Command::Drift(_)
        | Command::Rules(_)
        | Command::Plan(_)
        | Command::Impact(_)
        | Command::Verify(_)
        | Command::Agents(_)
        | Command::Learn(_)
        | Command::Tour(_)
        | Command::Lsp(_) => Ok(()),
        Command::Map(map) => map::run(map, args),
        Command::Services(services) => questions::services(services, args),
        Command::Path(path) => questions::path(path, args),
        Command::At(at) => questions::at(at, args),
        Command::Find(find) => questions::find(find, args),
        Command::Context(context) => questions::context(context, args),
        Command::Recall(recall) => recall::run(recall, args),
        Command::Explain(explain) => questions::explain(explain, args),
        Command::Ask(ask) => questions::ask(ask, args),
        Command::Schema(schema) => questions::schema(schema),
        Command::Init(init) => init::run(init, args),
        Command::Mcp(mcp) => mcp::run(mcp, args),
        Command::Serve(serve) => serve::run(serve, args),
    }
}

/// An ask's answer as JSON text: what people see is drawn from the same bytes.
fn asked(workspace: &mut Workspace, name: &str, request: &impl Serialize) -> Result<String, Failure> {
    let request = serde_json::to_string(request).map_err(|e| Failure::Internal(e.to_string()))?;
    Ok(workspace.ask(name, &request)?)
}

fn typed<A: DeserializeOwned>(answer: &str) -> Result<A, Failure> {
    serde_json::from_str(answer).map_err(|e| Failure::Internal(format!("an answer cannot be read back: {e}")))
}

/// To standard output; colours only if somebody looks.
fn say(text: &str) -> Result<(), Failure> {
    anstream::stdout().write_all(text.as_bytes()).map_err(|e| Failure::output("the answer", &e))
}

/// To a file, without colours, or to standard output.
fn put(output: Option<&Path>, text: &str) -> Result<(), Failure> {
    match output {
        Some(path) => write(path, &anstream::adapter::strip_str(text).to_string()),
        None => say(text),
    }
}

/// Whole or not at all: a full disk must not leave half a report where a good one was.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::output(&format!("`{}`", path.display()), &e);
    // A pipe or a device is written to, not replaced.
    if path.metadata().is_ok_and(|m| !m.is_file()) {
        return std::fs::write(path, text).map_err(failed);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path)).map_err(|e| {
        let _ = std::fs::remove_file(&part);
        failed(e)
    })
}
