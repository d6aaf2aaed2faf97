//! `seam learn guard`: a rule of the workspace's own from an incident, kept only if it fires on the faulty state and is silent on the
//! repaired one.

use super::super::args::Args;
use super::super::fail::Failure;
use super::super::learning::Guard;
use super::super::open::open;
use super::super::{asked, say, typed};
use super::store;
use seam_engine::asks::record;
use seam_engine::{Refusal, memory};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

pub fn run(command: &Guard, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let memory = workspace.snapshot().memory();
    let entry = memory.one(&command.id)?.clone();
    let fixed = entry.commit.as_ref().map(ToString::to_string);
    let faulty = command.faulty.clone().or_else(|| fixed.as_ref().map(|c| format!("{c}^")));
    let Some(faulty) = faulty else {
        return Err(Refusal::usage(
            "nobody says in which revision the fault was",
            "give `--faulty REVISION` (and `--repaired`), or record the commit that mended it: `seam learn edit MEMORY --commit REVISION`",
        )
        .into());
    };
    // Whoever names the faulty state alone means: as against now.
    let repaired = command.repaired.clone().or_else(|| fixed.filter(|_| command.faulty.is_none()));
    let before = workspace.state_at(&faulty)?;
    let guard = match &repaired {
        Some(place) => memory::guard(&entry, command.name.as_deref(), &before, &workspace.state_at(place)?)?,
        None => memory::guard(&entry, command.name.as_deref(), &before, &workspace.snapshot())?,
    };
    let repaired = repaired.unwrap_or_else(|| "the workspace as it is".to_owned());
    if !command.dry_run {
        write(&workspace, &guard)?;
        let request = record::Request {
            kind: Some("guard".into()),
            of: Some(entry.id.to_string()),
            rule: Some(guard.name.clone()),
            date: seam_host::today(),
            proof: Some(format!("Fires on {faulty}: {}. Silent on {repaired}.", guard.fires.join(", "))),
            ..record::Request::default()
        };
        let answer: record::Answer = typed(&asked(&mut workspace, "record", &request)?)?;
        store(&workspace, &answer.id, &answer.text)?;
    }
    if args.json {
        let told = serde_json::json!({
            "version": seam_engine::VERSION, "name": guard.name, "path": guard.path, "text": guard.text, "says": guard.says,
            "fires": guard.fires, "built_in": guard.built_in, "refused": guard.refused,
        });
        return say(&format!("{told}\n"));
    }
    let mut out = match command.dry_run {
        true => format!("would write `{}`\n\n{}\n", guard.path, guard.text),
        false => format!("wrote `{}`\n", guard.path),
    };
    out.push_str(&format!(
        "stands on: {}\nfires on {faulty}: {}\nsilent on {repaired}\n",
        guard.says,
        guard.fires.join(", ")
    ));
    if !guard.built_in.is_empty() {
        out.push_str(&format!("found by the built-in {} too\n", guard.built_in.join(", ")));
    }
    out.push_str(&format!("next: `seam rules --check` · `seam detect --rule {}`\n", guard.name));
    say(&out)
}

/// Created anew or not at all: what somebody wrote is never lost.
fn write(workspace: &seam_host::Workspace, guard: &memory::Guard) -> Result<(), Failure> {
    let root = workspace.roots().next().map(std::path::Path::to_owned).unwrap_or_default();
    let path = root.join(&guard.path);
    let written = std::fs::create_dir_all(path.parent().unwrap_or(&root))
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path))
        .and_then(|mut file| file.write_all(guard.text.as_bytes()));
    match written {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let message = format!("`{}` exists already and is not overwritten", guard.path);
            Err(Refusal::usage(message, "remove it, or choose another name with `--name`").into())
        }
        Err(error) => Err(Failure::Internal(format!("cannot write `{}`: {error}", path.display()))),
    }
}
