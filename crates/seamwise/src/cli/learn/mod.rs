//! `seam learn`: what is to be remembered is proposed by the ask `record`, shown, and kept by the host.
//!
//! Invariant: nothing is kept that the ask did not make; `--dry-run` shows the very text and keeps nothing.

mod bulk;
mod guard;
mod prompt;

use super::args::{Args, Within};
use super::fail::Failure;
use super::learning::{Dismiss, Edit, Fields, Incident, Learn, List, Outcome, Retract, Show, Verdict, What};
use super::open::open;
use super::recall::read;
use super::{asked, say, typed};
use crate::render;
use seam_engine::Refusal;
use seam_engine::asks::{memories, record};
use seam_host::Workspace;
use std::io::IsTerminal;
use std::process::ExitCode;

pub fn run(learn: &Learn, args: &Args) -> Result<ExitCode, Failure> {
    match &learn.what {
        What::Incident(command) => incident(command, args),
        What::Dismiss(command) => dismiss(command, args),
        What::Verdict(command) => verdict(command, args),
        What::Retract(command) => retract(command, args),
        What::Edit(command) => edit(command, args),
        What::List(command) => list(command, args),
        What::Show(command) => show(command, args),
        What::FromGit(command) => bulk::from_git(command, args),
        What::FromAlerts(command) => bulk::from_alerts(command, args),
        What::FromVerify(command) => bulk::from_verify(command, args),
        What::Guard(command) => guard::run(command, args),
        What::Export(command) => bulk::export(command, args),
        What::Import(command) => bulk::import(command, args),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn incident(command: &Incident, args: &Args) -> Result<(), Failure> {
    let mut request = of_fields(&command.fields);
    request.suspect = command.suspect;
    request.profile = command.within.profile.clone();
    let mut dated = command.fields.date.is_some();
    if let Some(path) = &command.from {
        let text = read(path)?;
        // Braces begin JSON, and no Markdown that anybody writes.
        if text.trim_start().starts_with('{') {
            request.diagnosis = Some(text);
        } else {
            request.markdown = Some(text);
        }
        dated = true;
    } else if is_empty(&command.fields) {
        if !std::io::stdin().is_terminal() {
            return Err(Refusal::usage(
                "there is nothing to learn from",
                "give a post-mortem or the JSON of `seam diagnose`, or at least `--title` and `--cause`",
            )
            .into());
        }
        prompt::incident(&mut request)?;
    }
    let (mut workspace, _) = open(&command.within.paths, args)?;
    if !dated && request.date.is_none() {
        request.date = seam_host::today();
    }
    keep(&mut workspace, request, command.dry_run, args)
}

fn dismiss(command: &Dismiss, args: &Args) -> Result<(), Failure> {
    let request = record::Request {
        kind: Some("dismissal".into()),
        finding: Some(command.finding.clone()),
        reason: Some(command.reason.clone()),
        date: command.date.clone().or_else(seam_host::today),
        half_life: command.half_life,
        ..record::Request::default()
    };
    judge(&command.within, request, command.dry_run, args)
}

fn verdict(command: &Verdict, args: &Args) -> Result<(), Failure> {
    let outcome = match command.outcome {
        Outcome::Confirmed => "confirmed",
        Outcome::Refuted => "refuted",
    };
    let request = record::Request {
        kind: Some("verdict".into()),
        finding: Some(command.finding.clone()),
        verdict: Some(outcome.into()),
        proof: command.proof.clone(),
        date: command.date.clone().or_else(seam_host::today),
        ..record::Request::default()
    };
    judge(&command.within, request, command.dry_run, args)
}

fn judge(within: &Within, mut request: record::Request, dry: bool, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&within.paths, args)?;
    request.profile = within.profile.clone();
    keep(&mut workspace, request, dry, args)
}

fn retract(command: &Retract, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let request = record::Request {
        kind: Some("retraction".into()),
        of: Some(command.id.clone()),
        reason: Some(command.reason.clone()),
        date: seam_host::today(),
        ..record::Request::default()
    };
    keep(&mut workspace, request, command.dry_run, args)
}

fn edit(command: &Edit, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let mut request = of_fields(&command.fields);
    request.of = Some(command.id.clone());
    if let Some(path) = &command.from {
        request.markdown = Some(read(path)?);
    } else if is_empty(&command.fields) {
        let answer = asked(
            &mut workspace,
            "memories",
            &memories::Request { id: Some(command.id.clone()), ..memories::Request::default() },
        )?;
        let answer: memories::Answer = typed(&answer)?;
        let text = answer.memories.into_iter().next().and_then(|m| m.text).unwrap_or_default();
        let Some(edited) = prompt::editor(&text)? else {
            return say("nothing was changed, and nothing is kept\n");
        };
        request.markdown = Some(edited);
    }
    keep(&mut workspace, request, command.dry_run, args)
}

fn list(command: &List, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let request = memories::Request {
        id: None,
        kinds: command.kinds.clone(),
        service: command.service.clone(),
        all: command.all,
        limit: command.limit,
    };
    let text = asked(&mut workspace, "memories", &request)?;
    if args.json { say(&format!("{text}\n")) } else { say(&render::memory::list(&typed(&text)?)) }
}

fn show(command: &Show, args: &Args) -> Result<(), Failure> {
    let (mut workspace, _) = open(&command.within.paths, args)?;
    let request = memories::Request { id: Some(command.id.clone()), ..memories::Request::default() };
    let text = asked(&mut workspace, "memories", &request)?;
    if args.json { say(&format!("{text}\n")) } else { say(&render::memory::show(&typed(&text)?)) }
}

/// Proposes, shows and keeps.
fn keep(workspace: &mut Workspace, request: record::Request, dry: bool, args: &Args) -> Result<(), Failure> {
    let text = asked(workspace, "record", &request)?;
    let answer: record::Answer = typed(&text)?;
    if !dry {
        store(workspace, &answer.id, &answer.text)?;
    }
    if args.json { say(&format!("{text}\n")) } else { say(&render::memory::kept(&answer, dry)) }
}

fn store(workspace: &Workspace, id: &str, text: &str) -> Result<bool, Failure> {
    let folder = workspace.memory().ok_or_else(|| {
        Failure::from(Refusal::usage("there is no folder to remember in", "give the workspace's folder with `--in`"))
    })?;
    let kept = folder.keep(id, text)?;
    for finished in &kept.finished {
        anstream::eprintln!(
            "\x1b[1;33mnote\x1b[0m: `{finished}` had been left by a program that ended while it wrote; it was whole and is kept"
        );
    }
    Ok(!kept.known)
}

fn of_fields(fields: &Fields) -> record::Request {
    record::Request {
        title: fields.title.clone(),
        date: fields.date.clone(),
        seen: fields.seen.clone(),
        cause: fields.cause.clone(),
        why: fields.why.clone(),
        fault: fields.fault.clone(),
        place: fields.place.clone(),
        fix: fields.fix.clone(),
        commit: fields.commit.clone(),
        proof: fields.proof.clone(),
        caught: fields.caught.clone(),
        services: fields.touched.clone(),
        messages: fields.message.clone(),
        finding: fields.finding.clone(),
        rule: fields.rule.clone(),
        source: fields.source.clone(),
        scope: fields.scope.clone(),
        weight: fields.weight,
        half_life: fields.half_life,
        ..record::Request::default()
    }
}

fn is_empty(fields: &Fields) -> bool {
    let said = record::Request { date: None, ..of_fields(fields) };
    serde_json::to_string(&said).ok() == serde_json::to_string(&record::Request::default()).ok()
}
