//! `seam`: the map of a workspace, on the command line, in editors and over MCP.
//!
//! Invariant: no surface decides about meaning. Each brings a request to the engine and shows the answer; exit codes are
//! 0 (clean), 1 (findings), 2 (usage or refused), 3 (internal).

#![expect(
    clippy::disallowed_methods,
    reason = "the binary writes what it was asked to write, and measures how long it takes"
)]

mod baseline;
mod cli;
mod lsp;
mod mcp;
mod render;
mod verifying;

fn main() -> std::process::ExitCode {
    cli::main()
}
