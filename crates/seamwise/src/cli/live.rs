//! `seam detect --telemetry FOLDER --live`: what is new in what the running system says, again and again.
//!
//! Invariant: a finding is said once as long as it stays, and its end is said; a folder that cannot be read for a moment is tried
//! again.

use super::args::Args;
use super::fail::Failure;
use super::{asked, say, typed};
use crate::render::findings as render;
use seam_engine::Refusal;
use seam_engine::asks::detect::{Answer, Counts, Request};
use seam_host::{ClickHouse, Workspace};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Collectors send every few seconds; what is looked for takes several slices to stand out.
const EVERY: Duration = Duration::from_secs(10);

pub fn run(workspace: &mut Workspace, request: &Request, args: &Args) -> Result<ExitCode, Failure> {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    // What is not there yet may come; a name that is wrong does not.
    let mut failed: Option<String> = None;
    if let Some(folder) = request.telemetry.as_deref().filter(|f| !ClickHouse::is(f) && !Path::new(f).exists()) {
        let hint =
            "give a folder with spans, log lines or metrics, a store that `seam serve` keeps, or `clickhouse://…`";
        return Err(Refusal::usage(format!("there is no `{folder}`"), hint).into());
    }
    anstream::eprintln!("watching; Ctrl-C stops");
    loop {
        match asked(workspace, "detect", request).and_then(|bytes| typed::<Answer>(&bytes)) {
            Ok(answer) => {
                failed = None;
                show(workspace, answer, &mut known, args)?;
            }
            // Nothing may have come yet, or a store may be written to just now; said once.
            Err(Failure::Refused(refusal)) => {
                if failed.as_ref() != Some(&refusal.message) {
                    anstream::eprintln!("waiting: {}", refusal.message);
                    failed = Some(refusal.message);
                }
            }
            Err(failure) => return Err(failure),
        }
        std::thread::sleep(EVERY);
        workspace.hear_again();
    }
}

fn show(
    workspace: &Workspace,
    answer: Answer,
    known: &mut BTreeMap<String, String>,
    args: &Args,
) -> Result<(), Failure> {
    let now: BTreeMap<String, String> = answer.findings.iter().map(|f| (f.key.clone(), f.message.clone())).collect();
    let new: Vec<_> = answer.findings.into_iter().filter(|f| !known.contains_key(&f.key)).collect();
    for (key, message) in known.iter().filter(|(key, _)| !now.contains_key(*key)) {
        match args.json {
            true => say(&format!("{}\n", serde_json::json!({ "over": key })))?,
            false => say(&format!("over: {message}\n"))?,
        }
    }
    if args.json {
        for finding in &new {
            let line = serde_json::to_string(finding).map_err(|e| Failure::Internal(e.to_string()))?;
            say(&format!("{line}\n"))?;
        }
    } else if !new.is_empty() {
        let texts = |path: &str, lines| workspace.lines(path, lines);
        let count = |word: &str| new.iter().filter(|f| f.severity == word).count();
        let counts = Counts {
            errors: count("error"),
            warnings: count("warning"),
            notes: count("note"),
            rules: answer.counts.rules,
            ..Counts::default()
        };
        let shown = Answer { counts, findings: new, missing: Vec::new(), ..answer };
        say(&render::text(&shown, &texts))?;
    }
    *known = now;
    Ok(())
}
