//! Seeded defects: small changes that are known to be wrong are made to real systems, one at a time and in memory, and it is
//! counted how many of them `detect` finds at the right place, and what else it suddenly says.
//!
//! Invariant: a change is made from what the map says of a system (a setting that proves a call, an endpoint that somebody
//! uses), never from a system's name, and the expectation is fixed before anything is run.

mod bodies;
mod contracts;
mod deployment;
mod documents;
mod effects;
mod errors;
mod messages;
mod mutant;
mod policies;
mod retries;
mod traffic;

use crate::write;
use mutant::{Mutant, Seen};
use seam_engine::asks::{detect, map};
use seam_engine::{Finding, Snapshot};
use seam_host::{CachePlace, Opening, Progress, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// At most so many of one class in one system, so that no class and no system outweighs the others.
const MOST: usize = 6;

#[derive(Clone, Copy, Default)]
struct Tally {
    mutants: usize,
    found: usize,
    /// New findings of other rules or at other places.
    unrelated: usize,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.mutants += other.mutants;
        self.found += other.found;
        self.unrelated += other.unrelated;
    }

    fn row(&self, name: &str) -> String {
        let per = |n: usize| n as f64 / self.mutants.max(1) as f64;
        format!("{name},{},{},{:.3},{:.3}", self.mutants, self.found, per(self.found), per(self.unrelated))
    }
}

/// What the command line asks for.
struct Options<'a> {
    to: PathBuf,
    /// Say what was missed, and what else was said, on standard error.
    list: bool,
    /// Only systems and classes whose name contains this.
    only: &'a str,
    most: usize,
}

fn options<'a>(to: &Path, given: &[&'a str]) -> Result<Options<'a>, String> {
    let mut options = Options { to: to.to_owned(), list: false, only: "", most: MOST };
    let mut rest = given.iter();
    while let Some(option) = rest.next() {
        match *option {
            "--list" => options.list = true,
            "--only" => options.only = rest.next().ok_or("--only needs a word")?,
            "--most" => {
                let number = rest.next().and_then(|n| n.parse().ok());
                options.most = number.ok_or("--most needs a number")?;
            }
            to if !to.starts_with('-') => options.to = PathBuf::from(to),
            other => return Err(format!("`{other}` is not known")),
        }
    }
    Ok(options)
}

/// Seeds every folder in each of `systems`, which commas part.
pub fn run(to: &Path, systems: &str, given: &[&str]) -> Result<String, String> {
    let options = options(to, given)?;
    let mut folders: Vec<PathBuf> = Vec::new();
    for systems in systems.split(',') {
        let listing = std::fs::read_dir(systems).map_err(|e| format!("cannot read `{systems}`: {e}"))?;
        folders.extend(listing.flatten().map(|e| e.path()).filter(|p| p.is_dir()));
    }
    folders.sort_by_key(|f| f.file_name().map(std::ffi::OsStr::to_owned));
    let mut rows: BTreeMap<(u8, String), Tally> = BTreeMap::new();
    for folder in &folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let opening = Opening { roots: vec![folder.clone()], cache: CachePlace::Nowhere, threads: 0 };
        let (mut workspace, _) = Workspace::open(&opening, &Progress::default()).map_err(|e| e.to_string())?;
        let now = workspace.snapshot();
        let mutants = mutants(&now, &workspace, options.most)?;
        let mutants: Vec<&Mutant> =
            mutants.iter().filter(|m| name.contains(options.only) || m.class.contains(options.only)).collect();
        if mutants.is_empty() {
            continue;
        }
        let known: BTreeSet<String> = findings(&now)?.into_iter().map(|f| f.key).collect();
        for mutant in mutants {
            let later = workspace.supposing(&mutant.texts);
            let new: Vec<Finding> = findings(&later)?.into_iter().filter(|f| !known.contains(&f.key)).collect();
            let tally = judged(mutant, &new);
            if options.list && (tally.found == 0 || tally.unrelated > 0) {
                report(&name, mutant, &new, tally);
            }
            let rule = mutant.rules.first().copied().unwrap_or_default();
            let names = [
                mutant.class.to_owned(),
                format!("rule {rule}"),
                format!("language {}", language(mutant)),
                format!("system {name}"),
                "all".to_owned(),
            ];
            for (order, name) in (0..).zip(names) {
                rows.entry((order, name)).or_default().add(tally);
            }
        }
    }
    let mut lines = vec!["what,mutants,found,recall,unrelated per mutant".to_owned()];
    lines.extend(rows.iter().map(|((_, name), tally)| tally.row(name)));
    let text = lines.join("\n") + "\n";
    write(&options.to, &text)?;
    Ok(text.trim_end().to_owned())
}

/// What the file that was changed is written in.
fn language(mutant: &Mutant) -> &'static str {
    let path = mutant.texts.first().map_or("", |(path, _)| path.as_str());
    match path.rsplit('.').next().unwrap_or_default() {
        "java" | "kt" => "Java",
        "py" => "Python",
        "js" | "mjs" | "ts" | "tsx" | "jsx" => "JavaScript",
        "go" => "Go",
        "cs" => "C#",
        "rs" => "Rust",
        "php" => "PHP",
        "rb" => "Ruby",
        "ex" | "exs" => "Elixir",
        "proto" => "Protobuf",
        _ => "configuration",
    }
}

fn findings(snapshot: &Snapshot) -> Result<Vec<Finding>, String> {
    let request = detect::Request::default();
    Ok(detect::run(snapshot, &request).map_err(|e| e.to_string())?.findings)
}

fn mutants(snapshot: &Snapshot, workspace: &Workspace, most: usize) -> Result<Vec<Mutant>, String> {
    let map = map::run(snapshot, &map::Request::default()).map_err(|e| e.to_string())?;
    let paths: Vec<&str> = workspace.paths().collect();
    let seen = Seen { map: &map, paths: &paths, text: &|path| workspace.text(path) };
    let mut out = Vec::new();
    let classes = deployment::CLASSES.iter().chain(traffic::CLASSES).chain(contracts::CLASSES);
    for make in classes
        .chain(documents::CLASSES)
        .chain(bodies::CLASSES)
        .chain(policies::CLASSES)
        .chain(effects::CLASSES)
        .chain(errors::CLASSES)
    {
        let mut made = Vec::new();
        make(&seen, &mut made);
        made.sort_by(|a: &Mutant, b: &Mutant| (&a.about, &a.places).cmp(&(&b.about, &b.places)));
        made.dedup_by(|a, b| a.texts == b.texts);
        // Spread over the system rather than its first services.
        let step = made.len().div_ceil(most).max(1);
        out.extend(made.into_iter().step_by(step));
    }
    Ok(out)
}

/// Found: a new finding of an expected rule that names a place of the change or of its other side.
fn judged(mutant: &Mutant, new: &[Finding]) -> Tally {
    let at = |finding: &Finding| {
        let places = std::iter::once(&finding.at).chain(finding.chain.iter().map(|s| &s.at));
        places
            .into_iter()
            .any(|p| mutant.places.iter().any(|(path, line)| *path == p.path && line.abs_diff(p.line) <= 2))
    };
    let expected = |f: &&Finding| mutant.rules.contains(&f.rule.as_str()) && at(f);
    let found = usize::from(new.iter().any(|f| expected(&f)));
    // A consequence that names the very place is no noise, whatever rule says it.
    let unrelated = new.iter().filter(|f| f.severity != "note" && !at(f)).count();
    Tally { mutants: 1, found, unrelated }
}

fn report(system: &str, mutant: &Mutant, new: &[Finding], tally: Tally) {
    let what = if tally.found == 0 { "missed" } else { "noise" };
    let place = mutant.places.first().map(|(p, l)| format!("{p}:{l}")).unwrap_or_default();
    eprintln!("{what} {system} {} {place} {} (expected {})", mutant.class, mutant.about, mutant.rules.join(" or "));
    for finding in new {
        eprintln!(
            "    {}:{} {}[{}] {}",
            finding.at.path, finding.at.line, finding.severity, finding.rule, finding.message
        );
    }
}
