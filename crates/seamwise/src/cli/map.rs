//! `seam map`.

use super::args::{Args, Format, Map};
use super::fail::Failure;
use super::open::open;
use crate::render;
use seam_engine::asks::map;
use seam_engine::{Refusal, Snapshot};
use std::io::Write;

pub fn run(command: &Map, args: &Args) -> Result<(), Failure> {
    let (workspace, _) = open(&command.paths, args)?;
    let text = show(&workspace.engine().snapshot(), command, args.json)?;
    write(command, &text)
}

/// The answer in the wanted format.
fn show(snapshot: &Snapshot, command: &Map, json: bool) -> Result<String, Refusal> {
    let request = map::Request {
        service: command.service.clone(),
        kind: command.kind.clone(),
        profile: command.profile.clone(),
        all: command.all,
    };
    let format = if json && command.format == Format::Table { Format::Json } else { command.format };
    if format == Format::Json {
        let request = serde_json::to_string(&request).unwrap_or_default();
        return snapshot.ask("map", &request).map(|answer| answer + "\n");
    }
    let answer = map::run(snapshot, &request)?;
    Ok(match format {
        Format::Json | Format::Table => render::table::render(&answer),
        Format::Edges => render::edges::render(&answer),
    })
}

fn write(command: &Map, text: &str) -> Result<(), Failure> {
    match &command.output {
        Some(path) => std::fs::write(path, text).map_err(|e| Failure::output(&format!("`{}`", path.display()), &e)),
        None => anstream::stdout().write_all(text.as_bytes()).map_err(|e| Failure::output("the answer", &e)),
    }
}
