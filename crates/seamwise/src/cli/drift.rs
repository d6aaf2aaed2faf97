//! `seam drift`: the environment as a table; with `--live`, a running one beside it.

use super::args::{Args, Drift};
use super::fail::Failure;
use super::open::open;
use super::{asked, say, typed};
use crate::render;
use seam_engine::Refusal;
use seam_engine::asks::drift::{Answer, Request, Running, read};
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

/// 1 if a running environment lacks what its code needs, otherwise 0.
pub fn run(command: &Drift, args: &Args) -> Result<ExitCode, Failure> {
    let mut live: Vec<Running> = Vec::new();
    for path in &command.live {
        // What may be secret is gone before anything else sees the text.
        live.extend(read(&text(path)?)?);
    }
    let (mut workspace, _) = open(&command.roots.paths, args)?;
    let request =
        Request { service: command.service.clone(), profile: command.profile.clone(), all: command.all, live };
    let bytes = asked(&mut workspace, "drift", &request)?;
    let answer: Answer = typed(&bytes)?;
    if args.json {
        say(&(bytes + "\n"))?;
    } else {
        say(&render::drift::render(&answer))?;
    }
    let lacks = answer.live.iter().any(|l| !l.missing.is_empty());
    std::mem::forget(workspace);
    Ok(if lacks { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn text(path: &Path) -> Result<String, Failure> {
    let refused = |why: std::io::Error| {
        let hint = "give a file with the output of `env`, `docker inspect` or `kubectl get -o yaml`, or `-` for standard input";
        Refusal::usage(format!("the running environment `{}` cannot be read: {why}", path.display()), hint)
    };
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map_err(refused)?;
    } else {
        bytes = std::fs::read(path).map_err(refused)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
