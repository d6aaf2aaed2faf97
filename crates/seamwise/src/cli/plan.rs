//! `seam plan`: what a change does to the system, or two versions of a contract: for a terminal, a pipeline or a review, and an
//! exit code.

use super::args::{Args, FailGrade, Plan, PlanReport};
use super::fail::Failure;
use super::open::open;
use super::{asked, say, typed};
use crate::render::plan as render;
use seam_engine::Refusal;
use seam_engine::asks::contract::{Answer, ContractChange, Request, answer};
use seam_engine::asks::plan;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// 1 if a change fails, otherwise 0.
pub fn run(command: &Plan, args: &Args) -> Result<ExitCode, Failure> {
    if command.contract.is_empty() { system(command, args) } else { contracts(command, args) }
}

/// What changes, and in which folders.
fn request(command: &Plan) -> Result<(Vec<PathBuf>, plan::Request), Failure> {
    let mut request = plan::Request {
        base: command.base.clone(),
        profile: command.profile.clone(),
        no_memory: command.no_memory,
        ..plan::Request::default()
    };
    let mut roots = Vec::new();
    for what in &command.what {
        let path = Path::new(what);
        if path.is_dir() {
            roots.push(path.to_owned());
        } else if what == "-" || path.is_file() {
            request.patches.push(text(what)?);
        } else if what.contains("..") && !what.contains("../") && command.base.is_none() {
            request.base = Some(what.clone());
        } else {
            let message = format!("`{what}` is neither a folder nor a file");
            return Err(Refusal::usage(
                message,
                "give a folder, a patch file, `-`, or a range of revisions (`A..B`, `A...B`)",
            )
            .into());
        }
    }
    for what in &command.compare {
        let mut candidate = plan::Candidate { name: what.clone(), ..plan::Candidate::default() };
        if what == "-" || Path::new(what).is_file() {
            candidate.patches.push(text(what)?);
        } else {
            candidate.head = Some(what.clone());
        }
        request.candidates.push(candidate);
    }
    if roots.is_empty() {
        roots.push(PathBuf::from("."));
    }
    Ok((roots, request))
}

fn text(what: &str) -> Result<String, Failure> {
    let mut out = Vec::new();
    let read = match what {
        "-" => std::io::stdin().read_to_end(&mut out).map(|_| ()),
        path => std::fs::read(path).map(|bytes| out = bytes),
    };
    read.map_err(|e| Refusal::usage(format!("cannot read `{what}`: {e}"), "give a file with a patch"))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn system(command: &Plan, args: &Args) -> Result<ExitCode, Failure> {
    let (roots, request) = request(command)?;
    let (mut workspace, _) = open(&roots, args)?;
    let bytes = asked(&mut workspace, "plan", &request)?;
    let answer: plan::Answer = typed(&bytes)?;
    let format = if args.json && command.format == PlanReport::Table { PlanReport::Json } else { command.format };
    let text = match format {
        PlanReport::Table => render::system::text(&answer, command.all),
        PlanReport::Json => bytes + "\n",
        PlanReport::Sarif => render::sites::sarif(&answer),
        PlanReport::Github => render::sites::github(&answer),
        PlanReport::Markdown => render::comment::markdown(&answer),
        PlanReport::Mermaid => render::comment::mermaid(&answer),
        PlanReport::Html => render::radius::html(&answer),
    };
    put(command, &text)?;
    std::mem::forget(workspace);
    let failing = if answer.candidates.is_empty() {
        left_behind(&answer.changes, command.fail_on)
    } else {
        // One candidate that leaves nobody behind is enough.
        command.fail_on != Some(FailGrade::Never) && answer.candidates.iter().all(|c| c.counts.unresolved > 0)
    };
    Ok(if failing { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn put(command: &Plan, text: &str) -> Result<(), Failure> {
    match &command.output {
        Some(path) => std::fs::write(path, anstream::adapter::strip_str(text).to_string())
            .map_err(|e| Failure::output(&format!("`{}`", path.display()), &e)),
        None => say(text),
    }
}

/// Whether a change fails: one that leaves somebody behind, of this grade or a worse one.
fn left_behind(changes: &[plan::Change], grade: Option<FailGrade>) -> bool {
    let of = |words: &[&str]| changes.iter().any(|c| c.unresolved && words.contains(&c.grade.as_str()));
    match grade {
        None => changes.iter().any(|c| c.unresolved),
        Some(FailGrade::Wire) => of(&["wire"]),
        Some(FailGrade::Json) => of(&["wire", "json"]),
        Some(FailGrade::Source) => of(&["wire", "json", "source"]),
        Some(FailGrade::Behaviour) => of(&["wire", "json", "source", "behaviour"]),
        Some(FailGrade::Any) => changes.iter().any(|c| c.level != "safe"),
        Some(FailGrade::Never) => false,
    }
}

/// Two versions of a contract. With more than two, the last one is compared with each before it.
fn contracts(command: &Plan, args: &Args) -> Result<ExitCode, Failure> {
    let (earlier, last) = match command.contract.as_slice() {
        [earlier @ .., last] if !earlier.is_empty() => (earlier, last),
        _ => {
            return Err(
                Refusal::usage("there is nothing to compare", "give two versions: `--contract BASE REVISION`").into()
            );
        }
    };
    let revision = read(last)?;
    let mut failing = false;
    for base in earlier {
        let request = Request {
            base: read(base)?,
            revision: revision.clone(),
            kind: command.kind.clone(),
            compatibility: command.compatibility.clone(),
            today: command.today.clone().or_else(seam_host::today),
            versioning: command.versioning,
            stable_only: command.stable_only,
        };
        let answer = answer(&request)?;
        let format = if args.json && command.format == PlanReport::Table { PlanReport::Json } else { command.format };
        let text = match format {
            PlanReport::Table => render::table::render(&answer, (base, last), command.all),
            PlanReport::Json => serde_json::to_string(&answer).map_err(|e| Failure::Internal(e.to_string()))? + "\n",
            PlanReport::Sarif => render::sarif::render(&answer),
            PlanReport::Github => render::github::render(&answer),
            PlanReport::Markdown => render::markdown::render(&answer, (base, last)),
            PlanReport::Mermaid | PlanReport::Html => {
                let message = "two contracts have no services to be drawn";
                return Err(Refusal::usage(message, "choose another `--format`").into());
            }
        };
        put(command, &text)?;
        failing |= fails(&answer, command.fail_on);
    }
    Ok(if failing { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn read(place: &str) -> Result<Vec<seam_engine::asks::contract::Text>, Failure> {
    seam_host::contract(place).map_err(|e| {
        Refusal::usage(e.to_string(), "give a file, a folder of `.proto`, `.graphql` or `.sql` files, or `REV:path`")
            .into()
    })
}

fn fails(answer: &Answer, grade: Option<FailGrade>) -> bool {
    let of = |words: &[&str]| answer.changes.iter().any(|c: &ContractChange| words.contains(&c.grade.as_str()));
    match grade {
        None => answer.breaking,
        Some(FailGrade::Wire) => of(&["wire"]),
        Some(FailGrade::Json) => of(&["wire", "json"]),
        Some(FailGrade::Source) => of(&["wire", "json", "source"]),
        Some(FailGrade::Behaviour) => of(&["wire", "json", "source", "behaviour"]),
        Some(FailGrade::Any) => !answer.changes.is_empty(),
        Some(FailGrade::Never) => false,
    }
}
