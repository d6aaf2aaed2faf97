//! The command line: arguments to requests, answers to text.

mod args;
mod fail;
mod init;
mod map;
mod open;
mod questions;

use args::{Args, Command};
use clap::Parser;
use fail::Failure;
use std::io::Write;
use std::process::ExitCode;

pub fn main() -> ExitCode {
    // A failure to parse ends here with code 2, help and version with 0.
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(args.json),
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Map(map) => map::run(map, args),
        Command::Services(services) => questions::services(services, args),
        Command::Path(path) => questions::path(path, args),
        Command::At(at) => questions::at(at, args),
        Command::Explain(explain) => questions::explain(explain, args),
        Command::Ask(ask) => questions::ask(ask, args),
        Command::Schema(schema) => questions::schema(schema),
        Command::Init(init) => init::run(init),
        Command::Mcp(roots) => {
            let (workspace, _) = open::open(&roots.paths, args)?;
            crate::mcp::serve(workspace).map_err(Failure::Internal)
        }
    }
}

/// To standard output; colours only if somebody looks.
fn say(text: &str) -> Result<(), Failure> {
    anstream::stdout().write_all(text.as_bytes()).map_err(|e| Failure::output("the answer", &e))
}
