//! `seam init`.

use super::args::{Args, Init};
use super::fail::Failure;
use super::{open, say, verify};
use crate::verifying;
use seam_engine::asks::verify::{Kind, Request};
use seam_engine::{Refusal, starts};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

pub fn run(command: &Init, args: &Args) -> Result<(), Failure> {
    let path = command.path.join("seam.toml");
    let text = if command.processes { processes(command, args)? } else { seam_engine::COMMENTED.to_owned() };
    // Created anew or not at all: what somebody wrote is never lost.
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => say(&format!("wrote `{}`; everything in it is optional\n", path.display())),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let message = format!("`{}` exists already and is not overwritten", path.display());
            Err(Refusal::usage(message, "edit it, or move it away first").into())
        }
        Err(error) => Err(Refusal::usage(
            format!("cannot write `{}`: {error}", path.display()),
            "give the path of a folder that can be written to",
        )
        .into()),
    }
}

/// The commented file, with what may start the services.
fn processes(command: &Init, args: &Args) -> Result<String, Failure> {
    let (mut workspace, _) = open::open(std::slice::from_ref(&command.path), args)?;
    let request = Request { only: vec![Kind::Exploration.word().to_owned()], ..Request::default() };
    let answer = verifying::proposed(&mut workspace, &request)?;
    let proposed = starts::written(&answer.proposal);
    Ok(format!("{}\n{}{proposed}{}", seam_engine::COMMENTED.trim_end(), verify::PROPOSED, verify::ASKED))
}
