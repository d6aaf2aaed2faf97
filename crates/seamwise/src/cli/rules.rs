//! `seam rules`: lists them, tries the workspace's own, and starts a new one.

use super::args::{Args, Rules};
use super::fail::Failure;
use super::open::open;
use super::{asked, say, typed};
use crate::render;
use seam_engine::Refusal;
use seam_engine::asks::rules::{Answer, Request, SKELETON};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

/// 1 if a page of the workspace's own is wrong, otherwise 0.
pub fn run(command: &Rules, args: &Args) -> Result<ExitCode, Failure> {
    if let Some(name) = &command.new {
        return new(name, command).map(|()| ExitCode::SUCCESS);
    }
    let (mut workspace, _) = open(&command.roots.paths, args)?;
    let bytes = asked(&mut workspace, "rules", &Request { check: command.check })?;
    let answer: Answer = typed(&bytes)?;
    if args.json {
        say(&(bytes + "\n"))?;
    } else {
        say(&render::rules::render(&answer, command.check))?;
    }
    let wrong = !answer.mistakes.is_empty() || answer.rules.iter().any(|r| !r.wrong.is_empty());
    Ok(if command.check && wrong { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn new(name: &str, command: &Rules) -> Result<(), Failure> {
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(kebab) {
        let hint = "name the bad thing in lower case with hyphens, as in `ledger-bypassed`";
        return Err(Refusal::usage(format!("`{name}` cannot be the name of a rule"), hint).into());
    }
    let root = command.roots.paths.first().cloned().unwrap_or_default();
    let folder = root.join("seam/rules");
    let path = folder.join(format!("{name}.md"));
    // Created anew or not at all: what somebody wrote is never lost.
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path))
        .and_then(|mut file| file.write_all(SKELETON.replacen("NAME", name, 1).as_bytes()));
    match written {
        Ok(()) => say(&format!("wrote `{}`\nnext: edit it, then `seam rules --check`\n", path.display())),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let message = format!("`{}` exists already and is not overwritten", path.display());
            Err(Refusal::usage(message, "edit it, or choose another name").into())
        }
        Err(error) => Err(Refusal::usage(
            format!("cannot write `{}`: {error}", path.display()),
            "give the path of a folder that can be written to",
        )
        .into()),
    }
}
