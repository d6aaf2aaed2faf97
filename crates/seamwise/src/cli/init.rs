//! `seam init`.

use super::args::Init;
use super::fail::Failure;
use super::say;
use seam_engine::Refusal;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

pub fn run(command: &Init) -> Result<(), Failure> {
    let path = command.path.join("seam.toml");
    // Created anew or not at all: what somebody wrote is never lost.
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file| file.write_all(seam_engine::COMMENTED.as_bytes()));
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
