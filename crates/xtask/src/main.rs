//! Chores of the repository: `cargo xtask new extractor|rule NAME`, `docs`, `accuracy`, `microsecend`, `seed`,
//! `context`, `contracts`, `changes`, `defects`, `errors`, `generate`.

#![expect(clippy::disallowed_methods, reason = "chores read and write the repository")]

mod accuracy;
mod changes;
mod context;
mod contracts;
mod defects;
mod diagnose;
mod docs;
mod edits;
mod errors;
mod generate;
mod guards;
mod microsecend;
mod new;
mod recall;
mod score;
mod seed;
mod types;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "cargo xtask new extractor NAME [ROOM]   make an extractor with its page and its line in the list
cargo xtask new rule NAME GROUP          make a rule with its page and its line in the catalogue
cargo xtask docs [--check]               write docs/schema, the lists of extractors, rules and rules about contracts, and the editor's types, or say what is out of date
cargo xtask types                        write only the editor's types
cargo xtask accuracy FOLDER TRUTH [CSV]  map every system in FOLDER, score it, rewrite docs/accuracy.csv (or CSV)
cargo xtask microsecend FOLDER TRUTH [--list]   the same against dataflow diagrams, into docs/accuracy-microsecend.csv
cargo xtask seed FOLDER[,FOLDER] [CSV] [--list|--plain] [--only WORD,…] [--systems NAME,…] [--most N] [--threads N]   make known defects in every system in each FOLDER,
                                         count those that are found, into docs/seeded.csv
cargo xtask context FOLDER[,FOLDER] [--csv CSV] [--rg PROGRAM | --answers FOLDER]   how often the files that answer a question
                                         are in the answer of `context`, or in what something else says
cargo xtask errors FOLDER[,FOLDER] [--half tune|held] [--csv CSV] [--list] [--only ID,…] [--rg PROGRAM]   how often the file where
                                         a failure starts is among the first suspects of `diagnose`, or of plain search
cargo xtask facts FILE…                  what the extractors state about files, each with its line and who states it
cargo xtask recall [--half tune|held] [--list] [--scale N]   whether questions in other words find their incident; or how fast among so many
cargo xtask guards PROGRAM [--static] [--only HAZARD,…]   whether PROGRAM (`seam`) makes a guard of an incident of each hazard of workspaces/kiosk
cargo xtask contracts BENCHDIR [BUFDIR]   compare contracts as oasdiff, buf (a checkout in BUFDIR) and graphql-js test themselves
cargo xtask changes FOLDER [--half tune|held] [--only ID,…] [--list]   whom `plan` finds to be touched by the edits of docs/truth/changes.json
cargo xtask defects FOLDER [--only ID|SYSTEM,…] [--list]   which hazards that were put into systems by hand (docs/truth/defects.json) `detect`
                                         finds at the right place, and what else it says
cargo xtask diagnose nezha NORMAL FAULTS LABELS [--code FOLDER] [--without-logs] [--without-metrics] [--memory] [--list]
cargo xtask diagnose petshop FOLDER [--memory] [--list]   score `diagnose` on telemetry with known causes, ties counted against us
cargo xtask cascades [--cases N] [--seed N] [--memory] [--list] [--signs | --repeats [--systems N] [--days N] [--force PERCENT]]   the same on systems that are made up, with faults and without
cargo xtask generate FOLDER SERVICES     write a workspace of so many services, for measuring";

/// What is stated about each file, as the map reads it: the first thing to look at when a link is missing.
fn facts(files: &[&str]) -> Result<String, String> {
    let mut out = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {path}: {e}"))?;
        let found = seam_extract::extract(&seam_extract::File { path, text: &text });
        out.extend(found.facts.iter().map(|f| format!("{path}:{} {}  ({})", f.at.line, f.claim, f.by)));
    }
    Ok(out.join("\n"))
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["new", "extractor", name] => new::extractor(&root(), name, "tech/web"),
        ["new", "extractor", name, room] => new::extractor(&root(), name, room),
        ["new", "rule", name, group] => new::rule(&root(), name, group),
        ["docs"] => docs::write(&root()),
        ["types"] => types::types().and_then(|text| {
            write(&csv(types::PATH), &text)?;
            Ok(format!("wrote {}", types::PATH))
        }),
        ["docs", "--check"] => docs::check(&root()),
        ["accuracy", systems, truth] => accuracy::run(&csv("docs/accuracy.csv"), Path::new(systems), Path::new(truth)),
        ["accuracy", systems, truth, to] => accuracy::run(Path::new(to), Path::new(systems), Path::new(truth)),
        ["accuracy"] => match (std::env::var_os("SEAM_SYSTEMS"), std::env::var_os("SEAM_TRUTH")) {
            (Some(systems), Some(truth)) => {
                accuracy::run(&csv("docs/accuracy.csv"), Path::new(&systems), Path::new(&truth))
            }
            _ => Err("give FOLDER and TRUTH, or set SEAM_SYSTEMS and SEAM_TRUTH".to_owned()),
        },
        ["microsecend", systems, truth] => microsecend::run(&root(), Path::new(systems), Path::new(truth), false),
        ["microsecend", systems, truth, "--list"] => {
            microsecend::run(&root(), Path::new(systems), Path::new(truth), true)
        }
        ["seed", systems, options @ ..] => seed::run(&csv("docs/seeded.csv"), systems, options),
        ["context", systems, options @ ..] => context::run(&root(), systems, options),
        ["errors", systems, options @ ..] => errors::run(&root(), systems, options),
        ["guards", program, options @ ..] => guards::run(&root(), Path::new(program), options),
        ["facts", files @ ..] if !files.is_empty() => facts(files),
        ["recall", options @ ..] => recall::run(&root(), options),
        ["contracts", bench] => contracts::run(Path::new(bench), None),
        ["contracts", bench, buf] => contracts::run(Path::new(bench), Some(Path::new(buf))),
        ["changes", systems, options @ ..] => changes::run(&root(), Path::new(systems), options),
        ["defects", systems, options @ ..] => defects::run(&root(), Path::new(systems), options),
        ["diagnose", "nezha", normal, faults, labels, options @ ..] => {
            diagnose::nezha(Path::new(normal), Path::new(faults), Path::new(labels), options)
        }
        ["diagnose", "petshop", folder, options @ ..] => diagnose::petshop::run(Path::new(folder), options),
        ["cascades", options @ ..] => diagnose::cascades::run(options),
        ["generate", folder, services] => match services.parse() {
            Ok(services) => generate::run(Path::new(folder), services),
            Err(_) => Err(format!("`{services}` is not a number of services")),
        },
        _ => Err(HELP.to_owned()),
    };
    match done {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

/// A file of figures in the repository.
fn csv(path: &str) -> PathBuf {
    root().join(path)
}

/// The repository's own folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Reads a file, with its path in the error.
fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))
}

/// Writes a file and its folders, with its path in the error.
fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("cannot make `{}`: {e}", folder.display()))?;
    }
    std::fs::write(path, text).map_err(|e| format!("cannot write `{}`: {e}", path.display()))
}
