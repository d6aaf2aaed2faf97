//! `seam map`.

use super::args::{Args, Format, Map};
use super::fail::Failure;
use super::open::open;
use super::{asked, say, typed};
use crate::render;
use seam_engine::asks::map;
use seam_host::{Progress, Workspace};
use std::io::IsTerminal;
use std::path::PathBuf;

pub fn run(command: &Map, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.roots.paths, args)?;
    let text = show(&mut workspace, command, args.json)?;
    write(command, &text)?;
    if command.watch {
        return watch(workspace, command, args, text);
    }
    // The process ends here; giving back every fact one by one would take as long as reading them from the cache.
    std::mem::forget(workspace);
    Ok(())
}

/// The answer in the wanted format.
fn show(workspace: &mut Workspace, command: &Map, json: bool) -> Result<String, Failure> {
    let request = map::Request {
        service: command.service.clone(),
        kind: command.kind.clone(),
        profile: command.profile.clone(),
        all: command.all,
    };
    let format = if json && command.format == Format::Table { Format::Json } else { command.format };
    let text = asked(workspace, "map", &request)?;
    if format == Format::Json {
        return Ok(text + "\n");
    }
    let answer: map::Answer = typed(&text)?;
    Ok(match format {
        Format::Json | Format::Table => render::table::render(&answer),
        Format::Edges => render::edges::render(&answer, command.all || command.kind.is_some()),
        Format::Mermaid => render::mermaid::render(&answer),
        Format::Dot => render::dot::render(&answer),
        Format::Svg => render::svg::render(&answer),
        Format::Html => render::html::render(&answer),
    })
}

/// Shows the map again after every change that changes it, until interrupted.
fn watch(mut workspace: Workspace, command: &Map, args: &Args, first: String) -> Result<(), Failure> {
    let roots: Vec<PathBuf> = workspace.roots().map(Into::into).collect();
    let mut shown = first;
    let mut failure = None;
    let ignored = workspace.ignored().to_vec();
    seam_host::watch(&roots, &ignored, |_| {
        let report = workspace.refresh(&Progress::default());
        if report.changed.is_empty() {
            return true;
        }
        let outcome = show(&mut workspace, command, args.json);
        let wrote = outcome.and_then(|text| {
            if text != shown {
                clear();
                write(command, &text)?;
                shown = text;
            }
            Ok(())
        });
        failure = wrote.err();
        failure.is_none()
    })?;
    failure.map_or(Ok(()), Err)
}

/// A terminal shows one map at a time; a pipe gets them one after the other.
fn clear() {
    if std::io::stdout().is_terminal() {
        print!("\x1b[2J\x1b[H");
    }
}

fn write(command: &Map, text: &str) -> Result<(), Failure> {
    match &command.output {
        Some(path) => {
            let plain = anstream::adapter::strip_str(text).to_string();
            std::fs::write(path, plain).map_err(|e| Failure::output(&format!("`{}`", path.display()), &e))
        }
        None => say(text),
    }
}
