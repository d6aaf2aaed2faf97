//! `seam learn guard`: a rule of the workspace's own and a replay file from an incident, each kept only if it fires on the faulty state and is
//! silent on the repaired one.

use super::super::args::Args;
use super::super::fail::Failure;
use super::super::learning::Guard;
use super::super::open::open;
use super::super::{asked, say, typed, verify};
use super::store;
use crate::verifying::Said;
use seam_engine::asks::record;
use seam_engine::learn::Entry;
use seam_engine::{Refusal, memory};
use seam_stage::{Apart, Order};
use seam_verify::replay::Replay;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What came of it: a rule, a replay file, or why not.
struct Made {
    rule: Result<memory::Guard, Refusal>,
    replay: Result<(PathBuf, Replay), Vec<String>>,
}

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
    let rule = match &repaired {
        Some(place) => memory::guard(&entry, command.name.as_deref(), &before, &workspace.state_at(place)?),
        None => memory::guard(&entry, command.name.as_deref(), &before, &workspace.snapshot()),
    };
    let root = workspace.roots().next().map(Path::to_owned).unwrap_or_default();
    let replay = match command.rule_only {
        true => Err(Vec::new()),
        false => replay(command, &entry, &faulty, repaired.as_deref(), &root)?,
    };
    let made = Made { rule, replay };
    let repaired = repaired.unwrap_or_else(|| "the workspace as it is".to_owned());
    let ((Ok(_), _) | (_, Ok(_))) = (&made.rule, &made.replay) else {
        let Err(mut refusal) = made.rule else { return Ok(()) };
        let why = made.replay.err().unwrap_or_default();
        if let Some(first) = why.first() {
            refusal.message = format!("{}, and no faults do: {first}", refusal.message);
        }
        return Err(refusal.into());
    };
    if !command.dry_run {
        if let Ok(guard) = &made.rule {
            write(&root.join(&guard.path), &guard.text)?;
        }
        if let Ok((path, replay)) = &made.replay {
            write(&root.join(path), &replay.write())?;
        }
        let proof = [made.rule.as_ref().ok().map(|g| fires(g, &faulty, &repaired)), under(&made, &faulty, &repaired)];
        let request = record::Request {
            kind: Some("guard".into()),
            of: Some(entry.id.to_string()),
            rule: made.rule.as_ref().ok().map(|g| g.name.clone()),
            date: seam_host::today(),
            proof: Some(proof.into_iter().flatten().collect::<Vec<_>>().join("\n\n")),
            ..record::Request::default()
        };
        let answer: record::Answer = typed(&asked(&mut workspace, "record", &request)?)?;
        store(&workspace, &answer.id, &answer.text)?;
    }
    if args.json {
        let rule = made.rule.as_ref().ok();
        let told = serde_json::json!({
            "version": seam_engine::VERSION,
            "name": rule.map(|g| &g.name), "path": rule.map(|g| &g.path), "text": rule.map(|g| &g.text),
            "says": rule.map(|g| &g.says), "fires": rule.map(|g| &g.fires), "beside": rule.map(|g| g.beside), "built_in": rule.map(|g| &g.built_in),
            "refused": rule.map(|g| &g.refused), "no_rule": made.rule.as_ref().err().map(|r| &r.message),
            "replay": made.replay.as_ref().ok(), "no_replay": made.replay.as_ref().err(),
        });
        return say(&format!("{told}\n"));
    }
    say(&told(&made, (&faulty, &repaired), command.dry_run))
}

fn told(made: &Made, (faulty, repaired): (&str, &str), dry: bool) -> String {
    let mut out = String::new();
    let verb = if dry { "would write" } else { "wrote" };
    match &made.rule {
        Ok(guard) => {
            out.push_str(&format!("{verb} `{}`\n", guard.path));
            if dry {
                out.push_str(&format!("\n{}\n", guard.text));
            }
            out.push_str(&format!(
                "  stands on: {}\n  {}\n",
                guard.says,
                fires(guard, faulty, repaired).replace('\n', "\n  ")
            ));
            if guard.beside {
                out.push_str(
                    "  it stands on something else that the repair changed there: read whether it is what broke\n",
                );
            }
            if !guard.built_in.is_empty() {
                out.push_str(&format!("  found by the built-in {} too\n", guard.built_in.join(", ")));
            }
        }
        Err(refusal) => out.push_str(&format!("no rule: {}\n  {}\n", refusal.message, refusal.hint)),
    }
    match &made.replay {
        Ok((path, replay)) => {
            out.push_str(&format!("{verb} `{}`\n", path.display()));
            if dry {
                out.push_str(&format!("\n{}\n", replay.write()));
            }
            let says = under(made, faulty, repaired).unwrap_or_default();
            out.push_str(&format!("  {}\n", says.replace('\n', "\n  ")));
        }
        Err(why) if why.is_empty() => {}
        Err(why) => {
            out.push_str("no replay\n");
            why.iter().take(4).for_each(|w| out.push_str(&format!("  {w}\n")));
        }
    }
    let rule = made.rule.as_ref().ok().map(|g| format!("`seam detect --rule {}`", g.name));
    let replay = made.replay.as_ref().ok().map(|(path, _)| format!("`seam verify --replay {}`", path.display()));
    let next: Vec<String> = rule.into_iter().chain(replay).collect();
    out.push_str(&format!("next: {}\n", next.join(" · ")));
    out
}

fn fires(guard: &memory::Guard, faulty: &str, repaired: &str) -> String {
    format!("The rule fires on {faulty}: {}.\nIt is silent on {repaired}.", guard.fires.join(", "))
}

fn under(made: &Made, faulty: &str, repaired: &str) -> Option<String> {
    let (_, replay) = made.replay.as_ref().ok()?;
    Some(format!(
        "{faulty} fails `{}` under {}: {}.\n{repaired} passes under the same.",
        replay.scenario, replay.faults, replay.says
    ))
}

/// Faults that tell both states apart; or why none do.
fn replay(
    command: &Guard,
    entry: &Entry,
    faulty: &str,
    repaired: Option<&str>,
    root: &Path,
) -> Result<Result<(PathBuf, Replay), Vec<String>>, Failure> {
    let repaired = repaired.map_or_else(|| root.to_owned(), PathBuf::from);
    for place in [Path::new(faulty), &repaired] {
        if !place.is_dir() {
            let says = format!(
                "`{}` is a revision: only a folder, with what it needs installed, can be started",
                place.display()
            );
            return Ok(Err(vec![says]));
        }
        if !place.join("seam.toml").is_file() {
            return Ok(Err(vec![format!("nothing says how `{}` is started: it has no `seam.toml`", place.display())]));
        }
    }
    let order = |place: &Path| -> Result<Order, Failure> {
        let suspicions = Vec::from([memory::suspicion(entry)]);
        Ok(Order { suspicions, budget: verify::time(&command.budget)?, ..verify::order(place)? })
    };
    let (before, after) = (order(Path::new(faulty))?, order(&repaired)?);
    if before.settings.process.is_empty() || after.settings.process.is_empty() {
        return Ok(Err(vec!["nothing says how it is started: `seam.toml` has no `[[verify.process]]`".to_owned()]));
    }
    let candidates =
        command.replay.iter().map(|path| verify::replay(path)).collect::<Result<Vec<Replay>, Failure>>()?;
    let progress = verify::Progress::new();
    let found = seam_stage::apart(
        (&before, &after),
        &candidates,
        |found| memory::nearness(entry, found.finding.rule.name(), &found.finding.services, !candidates.is_empty()),
        |told| progress.show(&Said::Stage(&told)),
    );
    let Apart { replay, refused } = found.map_err(verify::failure)?;
    progress.end();
    let name = memory::guard_name(entry, command.name.as_deref())?;
    Ok(replay.map(|r| (PathBuf::from(format!("seam/replays/{name}.json")), r)).ok_or(refused))
}

/// Created anew or not at all: what somebody wrote is never lost.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = std::fs::create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let message = format!("`{}` exists already and is not overwritten", path.display());
            Err(Refusal::usage(message, "remove it, or choose another name with `--name`").into())
        }
        Err(error) => Err(Failure::Internal(format!("cannot write `{}`: {error}", path.display()))),
    }
}
