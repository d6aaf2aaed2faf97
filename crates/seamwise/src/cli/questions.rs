//! The questions other than `map`: each brings its request to the engine and shows the answer.

use super::args::{Args, Ask, At, Context, Explain, Find, Schema, Services, Way, Within};
use super::fail::Failure;
use super::open::open;
use super::{asked, say, typed};
use crate::render;
use seam_engine::Refusal;
use seam_engine::asks::{at, context, explain, find, path, services};
use serde::de::DeserializeOwned;
use std::path::Path;

pub fn services(command: &Services, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.roots.paths, args)?;
    let request = services::Request { profile: command.profile.clone(), all: command.all, findings: None };
    show(&asked(&mut workspace, "services", &request)?, render::services::render, args)
}

pub fn path(command: &Way, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let request = path::Request {
        from: command.from.clone(),
        to: command.to.clone(),
        profile: command.within.profile.clone(),
        limit: None,
        bytes: None,
    };
    show(&asked(&mut workspace, "path", &request)?, render::path::render, args)
}

pub fn at(command: &At, args: &Args) -> Result<(), Failure> {
    let (file, line) = split(&command.place)?;
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let request = at::Request {
        path: workspace.relative(Path::new(file)),
        line,
        profile: command.within.profile.clone(),
        limit: None,
        bytes: None,
    };
    show(&asked(&mut workspace, "at", &request)?, render::at::render, args)
}

pub fn find(command: &Find, args: &Args) -> Result<(), Failure> {
    let Within { paths, profile } = &command.within;
    let request = find::Request {
        query: command.query.join(" "),
        kinds: command.kinds.clone(),
        limit: command.limit,
        profile: profile.clone(),
    };
    show(&asked(&mut open(paths, args)?.0, "find", &request)?, render::find::render, args)
}

pub fn context(command: &Context, args: &Args) -> Result<(), Failure> {
    let Within { paths, profile } = &command.within;
    let (file, line) = command.at.as_deref().map(split).transpose()?.unzip();
    let diff = command.diff.as_deref().map(read).transpose()?;
    let (mut workspace, _) = open(paths, args)?;
    let request = context::Request {
        task: Some(command.task.join(" ")).filter(|t| !t.is_empty()),
        error: command.error.clone(),
        path: file.map(|file| workspace.relative(Path::new(file))),
        line: line.flatten(),
        diff,
        service: command.service.clone(),
        budget: command.budget,
        profile: profile.clone(),
    };
    show(&asked(&mut workspace, "context", &request)?, render::context::render, args)
}

/// A file's text, or what comes in on standard input.
fn read(path: &Path) -> Result<String, Failure> {
    let read =
        if path == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    read.map_err(|e| {
        Refusal::usage(format!("cannot read `{}`: {e}", path.display()), "give a file with a unified diff, or `-`")
            .into()
    })
}

pub fn explain(command: &Explain, args: &Args) -> Result<(), Failure> {
    let Within { paths, profile } = &command.within;
    let request = explain::Request { what: command.what.clone(), profile: profile.clone(), limit: None, bytes: None };
    show(&asked(&mut open(paths, args)?.0, "explain", &request)?, render::explain::render, args)
}

pub fn ask(command: &Ask, args: &Args) -> Result<(), Failure> {
    // A wrong name is said before anything is read.
    seam_engine::find(&command.name)?;
    let (mut workspace, _) = open(&command.paths, args)?;
    if command.name != "verify" {
        return say(&(workspace.ask(&command.name, &command.request)? + "\n"));
    }
    // The one ask whose answer may need something to be run.
    let (answer, wish) = crate::verifying::wish(&mut workspace, &command.request)?;
    let answer = match wish {
        Some(wish) => wish.perform(answer, |_| {}).map_err(super::verify::failure)?,
        None => answer,
    };
    say(&(serde_json::to_string(&answer).map_err(|e| Failure::Internal(e.to_string()))? + "\n"))
}

pub fn schema(command: &Schema) -> Result<(), Failure> {
    let ask = seam_engine::find(&command.name)?;
    let schema = if command.request { (ask.request)() } else { (ask.answer)() };
    let text = serde_json::to_string_pretty(&schema).map_err(|e| Failure::Internal(e.to_string()))?;
    say(&(text + "\n"))
}

/// `--json` gives the very bytes of the ask; otherwise people get it drawn.
fn show<A: DeserializeOwned>(answer: &str, draw: fn(&A) -> String, args: &Args) -> Result<(), Failure> {
    if args.json { say(&format!("{answer}\n")) } else { say(&draw(&typed(answer)?)) }
}

/// `FILE:LINE`, `FILE:LINE:COLUMN` as compilers print it, or `FILE`.
pub fn split(place: &str) -> Result<(&str, Option<u32>), Refusal> {
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
