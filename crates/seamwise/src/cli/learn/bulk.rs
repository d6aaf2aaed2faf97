//! Many memories at once: from commits, from dismissed alerts, from verdicts, to a file and back.

use super::super::args::Args;
use super::super::fail::Failure;
use super::super::learning::{Export, FromAlerts, FromGit, Import};
use super::super::open::open;
use super::super::recall::read;
use super::super::{asked, say, typed};
use super::store;
use seam_engine::asks::record;
use seam_engine::memory::Proposal;
use seam_engine::{Refusal, memory};
use seam_host::Workspace;
use std::path::Path;

pub fn from_git(command: &FromGit, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let mined = workspace.mined(command.commits)?;
    all(&workspace, &mined, command.dry_run, args)
}

pub fn from_alerts(command: &FromAlerts, args: &Args) -> Result<(), Failure> {
    let (requests, notes) = memory::alerts(&read(&command.file)?)?;
    recorded(command, requests, notes, args)
}

pub fn from_verify(command: &FromAlerts, args: &Args) -> Result<(), Failure> {
    let requests = memory::verdicts(&read(&command.file)?)?;
    recorded(command, requests, Vec::new(), args)
}

fn recorded(
    command: &FromAlerts,
    requests: Vec<record::Request>,
    mut notes: Vec<String>,
    args: &Args,
) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let mut proposals = Vec::new();
    for request in requests {
        let request = record::Request { date: request.date.or_else(seam_host::today), ..request };
        // One that speaks of what is mended since costs itself.
        let answer: record::Answer = match asked(&mut workspace, "record", &request) {
            Ok(text) => typed(&text)?,
            Err(Failure::Refused(refusal)) => {
                notes.push(format!("an entry is left out: {}; {}", refusal.message, refusal.hint));
                continue;
            }
            Err(other) => return Err(other),
        };
        notes.extend(answer.missing.iter().map(|m| format!("`{}`: {m}", answer.id)));
        proposals.push(Proposal { id: answer.id, text: answer.text, masked: answer.masked });
    }
    notes.iter().for_each(|note| anstream::eprintln!("\x1b[1;33mnote\x1b[0m: {note}"));
    all(&workspace, &proposals, command.dry_run, args)
}

pub fn export(command: &Export, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let text = memory::export(&workspace.snapshot().memory());
    match &command.output {
        Some(path) => std::fs::write(path, &text).map_err(|e| Failure::output(&format!("`{}`", path.display()), &e)),
        None => say(&text),
    }
}

pub fn import(command: &Import, args: &Args) -> Result<(), Failure> {
    let texts = if command.from.is_dir() { folder(&command.from)? } else { memory::exported(&read(&command.from)?)? };
    let (workspace, _) = open(&command.within.paths, args)?;
    let proposals: Vec<Proposal> = texts.iter().map(|(name, text)| memory::adopted(name, text)).collect();
    all(&workspace, &proposals, command.dry_run, args)
}

fn folder(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let failed = |e: std::io::Error| {
        Failure::from(Refusal::usage(format!("cannot read `{}`: {e}", path.display()), "give a folder of entries"))
    };
    let mut names: Vec<_> = std::fs::read_dir(path).map_err(failed)?.flatten().map(|e| e.path()).collect();
    names.sort();
    let entries = names.iter().filter(|n| n.extension().is_some_and(|e| e == "md") && !n.ends_with("README.md"));
    let one = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        read(path).map(|text| (name, text))
    };
    entries.map(one).collect()
}

/// Keeps all of them, or shows them. One that cannot be kept is said and hinders no other.
fn all(workspace: &Workspace, proposals: &[Proposal], dry: bool, args: &Args) -> Result<(), Failure> {
    let (mut kept, mut known, mut failed) = (0, 0, Vec::new());
    for proposal in proposals.iter().filter(|_| !dry) {
        match store(workspace, &proposal.id, &proposal.text) {
            Ok(true) => kept += 1,
            Ok(false) => known += 1,
            Err(Failure::Refused(refusal)) => failed.push(refusal.message),
            Err(other) => return Err(other),
        }
    }
    if args.json {
        let ids: Vec<&str> = proposals.iter().map(|p| p.id.as_str()).collect();
        let told = serde_json::json!({
            "version": seam_engine::VERSION, "memories": ids, "kept": kept, "known": known, "failed": failed,
        });
        return say(&format!("{told}\n"));
    }
    let mut out = String::new();
    for proposal in proposals {
        match dry {
            true => out.push_str(&format!("would be kept as `{}`\n{}\n", memory::path(&proposal.id), proposal.text)),
            false => out.push_str(&format!("  {}\n", proposal.id)),
        }
        if !proposal.masked.is_empty() {
            out.push_str(&format!("  masked: {}\n", proposal.masked.join(", ")));
        }
    }
    failed.iter().for_each(|f| out.push_str(&format!("  not kept: {f}\n")));
    if !dry {
        out.push_str(&format!("{kept} kept, {known} known already, {} not kept\n", failed.len()));
    } else if proposals.is_empty() {
        out.push_str("there is nothing to keep\n");
    }
    say(&out)
}
