//! `seam recall`: what is remembered that is like this, with the reason for each.

use super::args::{Args, Within};
use super::fail::Failure;
use super::learning::Recall;
use super::open::open;
use super::{asked, say, typed};
use crate::render;
use seam_engine::Refusal;
use seam_engine::asks::recall::{Answer, Request};
use std::path::Path;

pub fn run(command: &Recall, args: &Args) -> Result<(), Failure> {
    let Within { paths, profile } = &command.within;
    let request = Request {
        query: Some(command.query.join(" ")).filter(|q| !q.is_empty()),
        finding: command.finding.clone(),
        symptoms: command.symptoms.as_deref().map(read).transpose()?,
        diff: command.diff.as_deref().map(read).transpose()?,
        service: command.service.clone(),
        kinds: command.kinds.clone(),
        limit: command.limit,
        profile: profile.clone(),
    };
    let (mut workspace, _) = open(paths, args)?;
    let text = asked(&mut workspace, "recall", &request)?;
    if args.json {
        return say(&format!("{text}\n"));
    }
    let answer: Answer = typed(&text)?;
    say(&render::memory::recall(&answer))
}

/// A file, or standard input; what is not UTF-8 costs a character.
pub fn read(path: &Path) -> Result<String, Failure> {
    let read = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = read.map_err(|e| {
        Refusal::usage(
            format!("cannot read `{}`: {e}", path.display()),
            "give a file that exists, or `-` for standard input",
        )
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
