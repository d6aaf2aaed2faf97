//! `seam mcp`: over standard input and output, over HTTP, or the text that a client's configuration wants.

use super::args::{Args, Mcp};
use super::fail::Failure;
use super::open::open;
use super::say;
use crate::mcp::{self, clients, http};
use seam_engine::Refusal;
use std::path::Path;

/// A shorter secret is guessed.
const SHORT: usize = 16;

pub fn run(command: &Mcp, args: &Args) -> Result<(), Failure> {
    if let Some(client) = command.print_config {
        return print(client, command);
    }
    let Some(address) = &command.http else {
        let (workspace, _) = open(&command.roots.paths, args)?;
        return mcp::serve(workspace).map_err(Failure::Internal);
    };
    let token = match &command.token_file {
        _ if command.no_token => None,
        Some(file) => Some(token(file)?),
        None => Some(http::token().map_err(Failure::Internal)?),
    };
    let shown = token.clone().filter(|_| command.token_file.is_none());
    over_http(address, token, shown, &command.roots.paths, args)?.run().map_err(Failure::Internal)
}

/// A server that has read its workspace and is about to listen.
pub struct OverHttp {
    workspace: seam_host::Workspace,
    address: std::net::SocketAddr,
    token: Option<String>,
    shown: Option<String>,
}

/// Prepares to serve over HTTP; what cannot be served is said before anything is read.
pub fn over_http(
    address: &str,
    token: Option<String>,
    shown: Option<String>,
    paths: &[std::path::PathBuf],
    args: &Args,
) -> Result<OverHttp, Failure> {
    let address = http::address(address)
        .map_err(|why| Refusal::usage(why, "give a port, or an address of this machine such as `127.0.0.1:7397`"))?;
    let (workspace, _) = open(paths, args)?;
    Ok(OverHttp { workspace, address, token, shown })
}

impl OverHttp {
    /// Serves until the process ends.
    pub fn run(self) -> Result<(), String> {
        let OverHttp { workspace, address, token, shown } = self;
        let open = token.is_none();
        let ready = |address| {
            anstream::eprintln!("serving http://{address}{}", http::PATH);
            match &shown {
                Some(token) => anstream::eprintln!("token {token}"),
                None if open => anstream::eprintln!("without a token: every program of this machine may ask"),
                None => {}
            }
        };
        mcp::serve_http(workspace, address, token, ready)
    }
}

pub fn token(file: &Path) -> Result<String, Failure> {
    let hint = format!("write at least {SHORT} random characters to it, on one line");
    let text = std::fs::read_to_string(file)
        .map_err(|e| Refusal::usage(format!("cannot read `{}`: {e}", file.display()), hint.clone()))?;
    let token = text.trim();
    if token.len() < SHORT || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Refusal::usage(format!("`{}` holds no token", file.display()), hint).into());
    }
    Ok(token.to_owned())
}

/// The text to standard output, where it belongs to standard error.
fn print(client: clients::Client, command: &Mcp) -> Result<(), Failure> {
    let program = std::env::current_exe().map_or_else(|_| "seam".to_owned(), |p| p.display().to_string());
    let full = |path: &std::path::PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string();
    let folders: Vec<String> = command.roots.paths.iter().map(full).collect();
    let (place, text) = clients::config(client, &program, &folders);
    anstream::eprintln!("for {place}:");
    say(&text)
}
