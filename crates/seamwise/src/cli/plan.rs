//! `seam plan --contract`: two versions of a contract, for a terminal, a pipeline or a review, and an exit code.

use super::args::{Args, FailGrade, Plan, PlanReport};
use super::fail::Failure;
use super::say;
use crate::render::plan as render;
use seam_engine::Refusal;
use seam_engine::asks::contract::{Answer, ContractChange, Request, answer};
use std::process::ExitCode;

/// 1 if a change fails, otherwise 0. With more than two versions, the last one is compared with each before it.
pub fn run(command: &Plan, args: &Args) -> Result<ExitCode, Failure> {
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
        };
        say(&text)?;
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
