//! `seam verify --emit`: faults that were found, written for other people's tools.

use super::args::{Args, Emitted, Verify};
use super::fail::Failure;
use super::{open, say};
use crate::verifying;
use seam_engine::asks::verify::Answer;
use seam_engine::{Refusal, listens};
use seam_verify::emit::{Callers, Faults, Tool, written};
use seam_verify::finding::Grade;
use seam_verify::replay::Replay;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

pub fn run(command: &Verify, tool: Emitted, args: &Args, root: &Path) -> Result<ExitCode, Failure> {
    let replays = match &command.replay {
        Some(file) => said(file)?,
        None => kept(&command.replays.clone().unwrap_or_else(|| root.join(".seam/replays")))?,
    };
    let tool = match tool {
        Emitted::Compose => Tool::Compose,
        Emitted::Toxiproxy => Tool::Toxiproxy,
        Emitted::Mesh => Tool::Mesh,
    };
    let (ports, callers) = places(command, tool, args, root)?;
    let faults = Faults::of(&replays, ports, &callers);
    if faults.is_empty() {
        let help =
            "run `seam verify` first, or give a replay file or what `seam verify --json` said with `--replay FILE`";
        return Err(Refusal::usage("there are no faults to write", help).into());
    }
    let text = written(tool, &faults);
    match &command.output {
        Some(path) => std::fs::write(path, text).map_err(|e| Failure::output(&path.display().to_string(), &e))?,
        None => say(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A replay file, or the faults of all that failed a verdict.
fn said(file: &Path) -> Result<Vec<Replay>, Failure> {
    let help = "give a replay file, or what `seam verify --json` said";
    let refused = |why: String| Failure::from(Refusal::usage(format!("{}: {why}", file.display()), help));
    let text = std::fs::read_to_string(file).map_err(|e| refused(e.to_string()))?;
    let replay = match Replay::read(&text) {
        Ok(replay) => return Ok(vec![replay]),
        Err(why) => why,
    };
    let answer: Answer = serde_json::from_str(&text).map_err(|_| refused(replay))?;
    let findings = answer.scenarios.iter().flat_map(|s| s.findings.iter().map(move |r| (s, r)));
    let failing = findings.filter(|(_, r)| r.found.finding.grade == Grade::Fails);
    let replay = failing.map(|(s, r)| Replay::new(&s.scenario, &r.id, &r.found.finding.says, r.found.script.clone()));
    Ok(replay.collect())
}

/// All replay files of a folder, by their names.
fn kept(folder: &Path) -> Result<Vec<Replay>, Failure> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<_> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    paths.iter().map(|path| super::verify::replay(path)).collect()
}

/// Where each service listens: on this machine as `seam.toml` says, within a deployment as its files say; and who calls it.
fn places(command: &Verify, tool: Tool, args: &Args, root: &Path) -> Result<(BTreeMap<String, u16>, Callers), Failure> {
    let mut out = BTreeMap::new();
    for process in verifying::settings(root)?.unwrap_or_default().verify.process {
        let port = process.published.filter(|_| tool == Tool::Toxiproxy).or(process.port);
        for name in std::iter::once(&process.name).chain(&process.hosts) {
            out.extend(port.map(|p| (name.clone(), p)));
        }
    }
    let (mut workspace, _) = open::open(&command.roots.paths, args)?;
    let (snapshot, profile) = (workspace.snapshot(), command.profile.as_deref());
    let deployed = listens::ports(&snapshot, profile);
    match tool {
        Tool::Compose | Tool::Mesh => out.extend(deployed),
        Tool::Toxiproxy => deployed.into_iter().for_each(|(name, port)| {
            out.entry(name).or_insert(port);
        }),
    }
    Ok((out, listens::callers(&snapshot, profile)))
}
