//! The command line: arguments to requests, answers to text.

mod args;
mod fail;
mod map;
mod open;

use args::{Args, Command};
use clap::Parser;
use fail::Failure;
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
    }
}
