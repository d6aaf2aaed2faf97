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
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// At most so many of one class in one system, so that no class and no system outweighs the others.
const MOST: usize = 6;

/// Reading code recurses as deep as the code does.
const STACK: usize = 32 << 20;

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
    /// Only systems, classes and rules whose name contains one of these words, which commas part.
    only: &'a str,
    /// Only these systems are opened at all; all if none is named.
    systems: Vec<&'a str>,
    most: usize,
    threads: usize,
    /// Change nothing: say what is found in each system as it is, to compare two versions by.
    plain: bool,
}

fn options<'a>(to: &Path, given: &[&'a str]) -> Result<Options<'a>, String> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut options =
        Options { to: to.to_owned(), list: false, only: "", systems: Vec::new(), most: MOST, threads, plain: false };
    let mut rest = given.iter();
    while let Some(option) = rest.next() {
        match *option {
            "--list" => options.list = true,
            "--plain" => options.plain = true,
            "--only" => options.only = rest.next().ok_or("--only needs a word")?,
            "--systems" => options.systems = rest.next().ok_or("--systems needs names")?.split(',').collect(),
            "--most" | "--threads" => {
                let number = rest.next().and_then(|n| n.parse().ok());
                let number: usize = number.ok_or_else(|| format!("{option} needs a number"))?;
                *(if *option == "--most" { &mut options.most } else { &mut options.threads }) = number;
            }
            to if !to.starts_with('-') => options.to = PathBuf::from(to),
            other => return Err(format!("`{other}` is not known")),
        }
    }
    Ok(options)
}

/// Seeds every folder in each of `systems`, which commas part; several at a time.
pub fn run(to: &Path, systems: &str, given: &[&str]) -> Result<String, String> {
    let options = options(to, given)?;
    let mut folders: Vec<PathBuf> = Vec::new();
    for systems in systems.split(',') {
        let listing = std::fs::read_dir(systems).map_err(|e| format!("cannot read `{systems}`: {e}"))?;
        folders.extend(listing.flatten().map(|e| e.path()).filter(|p| p.is_dir()));
    }
    folders.retain(|f| options.systems.is_empty() || options.systems.contains(&name(f).as_str()));
    folders.sort_by_key(|f| f.file_name().map(std::ffi::OsStr::to_owned));
    let rows: Mutex<BTreeMap<(u8, String), Tally>> = Mutex::default();
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), String> {
        while let Some(folder) = folders.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (mine, said) = system(folder, &options)?;
            let mut rows = rows.lock().map_err(|e| e.to_string())?;
            mine.into_iter().for_each(|(name, tally)| rows.entry(name).or_default().add(tally));
            eprint!("{said}");
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let build = || std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let threads: Vec<_> = (0..options.threads.max(1)).map(|_| build()).collect();
        let joined = threads.into_iter().map(|thread| {
            let thread = thread.map_err(|e| e.to_string())?;
            thread.join().unwrap_or_else(|_| Err("a thread failed".to_owned()))
        });
        joined.collect::<Result<Vec<()>, String>>()
    })?;
    let rows = rows.into_inner().map_err(|e| e.to_string())?;
    let mut lines = vec!["what,mutants,found,recall,unrelated per mutant".to_owned()];
    lines.extend(rows.iter().map(|((_, name), tally)| tally.row(name)));
    let text = lines.join("\n") + "\n";
    write(&options.to, &text)?;
    Ok(text.trim_end().to_owned())
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

type Rows = BTreeMap<(u8, String), Tally>;

/// All mutants of one system: what is counted, and what is said of them.
fn system(folder: &Path, options: &Options<'_>) -> Result<(Rows, String), String> {
    let (mut rows, mut said) = (Rows::new(), String::new());
    let name = name(folder);
    let start = std::time::Instant::now();
    let opening = Opening { roots: vec![folder.to_owned()], cache: CachePlace::Nowhere, threads: 1 };
    let (mut workspace, _) = Workspace::open(&opening, &Progress::default()).map_err(|e| e.to_string())?;
    let now = workspace.snapshot();
    if options.plain {
        for finding in findings(&now)? {
            line(&mut said, &format!("{name} "), &finding);
        }
        return Ok((rows, said));
    }
    let mutants = mutants(&now, &workspace, options.most)?;
    let wanted = |m: &&Mutant| {
        let is = |w: &str| name.contains(w) || m.class.contains(w) || m.rules.first().is_some_and(|r| r.contains(w));
        options.only.is_empty() || options.only.split(',').any(is)
    };
    let mutants: Vec<&Mutant> = mutants.iter().filter(wanted).collect();
    let known: BTreeSet<String> = match mutants.as_slice() {
        [] => return Ok((rows, said)),
        _ => findings(&now)?.into_iter().map(|f| f.key).collect(),
    };
    for mutant in &mutants {
        let later = workspace.supposing(&mutant.texts);
        let new: Vec<Finding> = findings(&later)?.into_iter().filter(|f| !known.contains(&f.key)).collect();
        let tally = judged(mutant, &new);
        if options.list && (tally.found == 0 || tally.unrelated > 0) {
            report(&mut said, &name, mutant, &new, tally);
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
    if options.list {
        said += &format!("done {name}: {} in {:.1} s\n", mutants.len(), start.elapsed().as_secs_f32());
    }
    Ok((rows, said))
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
    // Classes look into the same files again and again.
    let texts: RefCell<HashMap<String, Option<String>>> = RefCell::default();
    let text = |path: &str| {
        if let Some(known) = texts.borrow().get(path) {
            return known.clone();
        }
        let text = workspace.text(path);
        texts.borrow_mut().insert(path.to_owned(), text.clone());
        text
    };
    let seen = Seen { map: &map, paths: &paths, text: &text };
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

fn report(out: &mut String, system: &str, mutant: &Mutant, new: &[Finding], tally: Tally) {
    let what = if tally.found == 0 { "missed" } else { "noise" };
    let place = mutant.places.first().map(|(p, l)| format!("{p}:{l}")).unwrap_or_default();
    let (class, about, rules) = (mutant.class, &mutant.about, mutant.rules.join(" or "));
    let _ = writeln!(out, "{what} {system} {class} {place} {about} (expected {rules})");
    new.iter().for_each(|finding| line(out, "    ", finding));
}

fn line(out: &mut String, before: &str, finding: &Finding) {
    let (at, rule) = (&finding.at, &finding.rule);
    let _ = writeln!(out, "{before}{}:{} {}[{rule}] {}", at.path, at.line, finding.severity, finding.message);
}
