//! The questions other than `map`: each brings its request to the engine and shows the answer.

use super::args::{Args, Ask, At, Explain, Schema, Services, Way, Within};
use super::fail::Failure;
use super::open::open;
use super::say;
use crate::render;
use seam_engine::asks::{at, explain, path, services};
use seam_engine::{Engine, Refusal, Snapshot};
use serde::Serialize;
use std::path::Path;

pub fn services(command: &Services, args: &Args) -> Result<(), Failure> {
    let (workspace, _) = open(&command.roots.paths, args)?;
    let request = services::Request { profile: command.profile.clone(), all: command.all };
    answer(&workspace.engine().snapshot(), "services", &request, services::run, render::services::render, args)
}

pub fn path(command: &Way, args: &Args) -> Result<(), Failure> {
    let (workspace, _) = open(&command.within.paths, args)?;
    let request =
        path::Request { from: command.from.clone(), to: command.to.clone(), profile: command.within.profile.clone() };
    answer(&workspace.engine().snapshot(), "path", &request, path::run, render::path::render, args)
}

pub fn at(command: &At, args: &Args) -> Result<(), Failure> {
    let (file, line) = split(&command.place)?;
    let (workspace, _) = open(&command.within.paths, args)?;
    let request =
        at::Request { path: workspace.relative(Path::new(file)), line, profile: command.within.profile.clone() };
    answer(&workspace.engine().snapshot(), "at", &request, at::run, render::at::render, args)
}

pub fn explain(command: &Explain, args: &Args) -> Result<(), Failure> {
    let Within { paths, profile } = &command.within;
    let request = explain::Request { what: command.what.clone(), profile: profile.clone() };
    // A page needs no workspace, so none is read for it.
    let snapshot = if seam_engine::is_extractor(&command.what) {
        Engine::default().snapshot()
    } else {
        open(paths, args)?.0.engine().snapshot()
    };
    answer(&snapshot, "explain", &request, explain::run, render::explain::render, args)
}

pub fn ask(command: &Ask, args: &Args) -> Result<(), Failure> {
    // A wrong name is said before anything is read.
    let ask = seam_engine::find(&command.name)?;
    let (workspace, _) = open(&command.paths, args)?;
    let answer = ask.answer(&workspace.engine().snapshot(), &command.request)?;
    say(&(answer + "\n"))
}

pub fn schema(command: &Schema) -> Result<(), Failure> {
    let ask = seam_engine::find(&command.name)?;
    let schema = if command.request { (ask.request)() } else { (ask.answer)() };
    let text = serde_json::to_string_pretty(&schema).map_err(|e| Failure::Internal(e.to_string()))?;
    say(&(text + "\n"))
}

/// `--json` gives the very bytes of the ask; otherwise people get it drawn.
fn answer<R: Serialize, A>(
    snapshot: &Snapshot,
    name: &str,
    request: &R,
    run: fn(&Snapshot, &R) -> Result<A, Refusal>,
    draw: fn(&A) -> String,
    args: &Args,
) -> Result<(), Failure> {
    if args.json {
        let request = serde_json::to_string(request).map_err(|e| Failure::Internal(e.to_string()))?;
        return say(&(snapshot.ask(name, &request)? + "\n"));
    }
    say(&draw(&run(snapshot, request)?))
}

/// `FILE:LINE`, `FILE:LINE:COLUMN` as compilers print it, or `FILE`.
fn split(place: &str) -> Result<(&str, Option<u32>), Refusal> {
    let number = |text: &str| text.parse::<u32>().ok();
    let Some((head, tail)) = place.rsplit_once(':') else { return Ok((place, None)) };
    let Some(last) = number(tail) else { return Ok((place, None)) };
    let (file, line) = match head.rsplit_once(':').and_then(|(file, line)| Some((file, number(line)?))) {
        Some((file, line)) => (file, line),
        None => (head, last),
    };
    if line == 0 {
        return Err(Refusal::usage("lines count from 1", format!("try `{file}:1`")));
    }
    Ok((file, Some(line)))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn places_are_read_as_compilers_print_them() {
        assert_eq!(split("a/b.py:12").ok(), Some(("a/b.py", Some(12))));
        assert_eq!(split("a/b.py:12:3").ok(), Some(("a/b.py", Some(12))));
        assert_eq!(split("a/b.py").ok(), Some(("a/b.py", None)));
        assert!(split("a/b.py:0").is_err());
    }
}
