//! Seeded defects: small changes that are known to be wrong are made to real systems, one at a time and in memory, and it is
//! counted how many of them `detect` finds at the right place, and what else it suddenly says.
//!
//! Invariant: a change is made from what the map says of a system (a setting that proves a call, an endpoint that somebody
//! uses), never from a system's name, and the expectation is fixed before anything is run.

mod contracts;
mod deployment;
mod effects;
mod mutant;
mod policies;
mod traffic;

use crate::write;
use mutant::{Mutant, Seen};
use seam_engine::asks::{detect, map};
use seam_engine::{Finding, Snapshot};
use seam_host::{CachePlace, Opening, Progress, Workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

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

/// Seeds every folder in `systems`; rows go to `to`, and what was missed to standard error with `list`.
pub fn run(to: &Path, systems: &Path, list: bool) -> Result<String, String> {
    let listing = std::fs::read_dir(systems).map_err(|e| format!("cannot read `{}`: {e}", systems.display()))?;
    let mut folders: Vec<_> = listing.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    let (mut classes, mut each) = (BTreeMap::<&str, Tally>::new(), BTreeMap::<String, Tally>::new());
    for folder in &folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let opening = Opening { roots: vec![folder.clone()], cache: CachePlace::Nowhere, threads: 0 };
        let (mut workspace, _) = Workspace::open(&opening, &Progress::default()).map_err(|e| e.to_string())?;
        let now = workspace.snapshot();
        let known: BTreeSet<String> = findings(&now)?.into_iter().map(|f| f.key).collect();
        for mutant in mutants(&now, &workspace)? {
            let later = workspace.supposing(&mutant.texts);
            let new: Vec<Finding> = findings(&later)?.into_iter().filter(|f| !known.contains(&f.key)).collect();
            let tally = judged(&mutant, &new);
            if list && (tally.found == 0 || tally.unrelated > 0) {
                report(&name, &mutant, &new, tally);
            }
            classes.entry(mutant.class).or_default().add(tally);
            each.entry(name.clone()).or_default().add(tally);
        }
    }
    let mut total = Tally::default();
    classes.values().for_each(|t| total.add(*t));
    let mut rows = vec!["what,mutants,found,recall,unrelated per mutant".to_owned()];
    rows.extend(classes.iter().map(|(class, tally)| tally.row(class)));
    rows.extend(each.iter().map(|(system, tally)| tally.row(&format!("system {system}"))));
    rows.push(total.row("all"));
    let text = rows.join("\n") + "\n";
    write(to, &text)?;
    Ok(text.trim_end().to_owned())
}

fn findings(snapshot: &Snapshot) -> Result<Vec<Finding>, String> {
    let request = detect::Request::default();
    Ok(detect::run(snapshot, &request).map_err(|e| e.to_string())?.findings)
}

fn mutants(snapshot: &Snapshot, workspace: &Workspace) -> Result<Vec<Mutant>, String> {
    let map = map::run(snapshot, &map::Request::default()).map_err(|e| e.to_string())?;
    let paths: Vec<&str> = workspace.paths().collect();
    let seen = Seen { map: &map, paths: &paths, text: &|path| workspace.text(path) };
    let mut out = Vec::new();
    let classes = deployment::CLASSES.iter().chain(traffic::CLASSES).chain(contracts::CLASSES);
    for make in classes.chain(policies::CLASSES).chain(effects::CLASSES) {
        let mut made = Vec::new();
        make(&seen, &mut made);
        made.sort_by(|a: &Mutant, b: &Mutant| (&a.about, &a.places).cmp(&(&b.about, &b.places)));
        made.dedup_by(|a, b| a.texts == b.texts);
        // Spread over the system rather than its first services.
        let step = made.len().div_ceil(MOST).max(1);
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
