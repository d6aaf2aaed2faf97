//! `seam serve`: receive telemetry until told to stop, and answer agents beside it.

use super::args::{Args, Serve};
use super::fail::Failure;
use super::mcp;
use crate::mcp::http;
use seam_engine::Refusal;
use seam_receive::Settings;
use seam_store::{Intake, Limits, Size};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub fn run(command: &Serve, args: &Args) -> Result<(), Failure> {
    let addresses = vec![address(&command.grpc)?, address(&command.http)?];
    let keep = Size::of_text(&command.keep).ok_or_else(|| {
        Refusal::usage(format!("`{}` is no size", command.keep), "write it as `500M`, `20G` or a number of bytes")
    })?;
    let folder = match &command.telemetry {
        Some(folder) => folder.clone(),
        None => usual().ok_or_else(|| {
            Refusal::usage("there is no folder to keep telemetry in", "name one with `--telemetry FOLDER`")
        })?,
    };
    let limits = Limits {
        keep_bytes: keep.0,
        keep_for: Duration::from_secs(command.keep_days.saturating_mul(86_400)),
        sync: if command.sync { Duration::ZERO } else { Limits::default().sync },
        ..Limits::default()
    };
    if let Some(address) = &command.mcp {
        let token = match &command.token_file {
            Some(file) => mcp::token(file)?,
            None => http::token().map_err(Failure::Internal)?,
        };
        let shown = command.token_file.is_none().then(|| token.clone());
        let answering = mcp::over_http(address, Some(token), shown, &command.roots.paths, args)?;
        // It has nothing to lose: it ends with the process.
        std::thread::spawn(move || {
            if let Err(problem) = answering.run() {
                anstream::eprintln!("\x1b[1;31merror\x1b[0m: {problem}");
            }
        });
    }
    let intake = Intake::open(&folder, limits).map_err(|e| match e {
        seam_store::Error::Taken(_) => Failure::from(Refusal::usage(
            e.to_string(),
            "stop it, or keep this one's telemetry elsewhere with `--telemetry FOLDER`",
        )),
        seam_store::Error::Version { .. } => {
            Failure::from(Refusal::usage(e.to_string(), "name another folder with `--telemetry FOLDER`"))
        }
        seam_store::Error::File { .. } | seam_store::Error::Table { .. } => Failure::Internal(e.to_string()),
    })?;
    let ready = |addresses: &[SocketAddr]| {
        for (address, what) in addresses.iter().zip(["OTLP over gRPC", "OTLP over HTTP"]) {
            anstream::eprintln!("receiving {what} on {address}");
        }
        anstream::eprintln!("keeping it in {}", folder.display());
    };
    let say = |problem: String| anstream::eprintln!("\x1b[1;33mwarning\x1b[0m: {problem}");
    let settings = Settings { addresses, ..Settings::default() };
    seam_receive::receive(intake, settings, args.threads, ready, say).map_err(Failure::Internal)?;
    anstream::eprintln!("stopped; everything that was accepted is kept");
    Ok(())
}

fn address(text: &str) -> Result<SocketAddr, Failure> {
    http::address(text).map_err(|why| {
        Refusal::usage(why, "give a port, or an address of this machine such as `127.0.0.1:4317`").into()
    })
}

/// `$XDG_DATA_HOME/seamwise/telemetry` or `~/.local/share/seamwise/telemetry`.
fn usual() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").filter(|d| !d.is_empty()).map(PathBuf::from);
    let data = data.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")))?;
    Some(data.join("seamwise/telemetry"))
}
