//! How many hazards that somebody put into public systems by hand `detect` finds (`docs/truth/defects.json`).
//!
//! Where `seed` makes the slips that rules were written for, these were thought of by somebody who did not know the rules. Each is put
//! onto the system by itself, and nothing is written. It is found if there is a finding that was not there before (by its key) and that
//! points at a place which the truth accepts, by its own line, a link of its chain or a fix, at most [`NEAR`] lines away; whichever rule
//! says so, for a hazard has several names. Warnings and notes are counted apart. What else is new is listed as well: it is either a
//! consequence or noise, and somebody has to read it.

use crate::edits::put;
use crate::read;
use seam_engine::asks::detect;
use seam_engine::{Finding, Snapshot};
use seam_host::{CachePlace, Opening, Progress, Workspace};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// So many lines away a reader still sees the place.
const NEAR: u32 = 3;

#[derive(Clone, Copy, Default)]
struct Sum {
    all: usize,
    warned: usize,
    noted: usize,
}

pub fn run(root: &Path, systems: &Path, options: &[&str]) -> Result<String, String> {
    let list = options.contains(&"--list");
    let only = options.iter().position(|o| *o == "--only").and_then(|at| options.get(at + 1));
    let truth: Value =
        serde_json::from_str(&read(&root.join("docs/truth/defects.json"))?).map_err(|e| e.to_string())?;
    let mut by_system: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for defect in truth["defects"].as_array().into_iter().flatten() {
        let is = |word: &str| defect["id"].as_str() == Some(word) || defect["system"].as_str() == Some(word);
        if only.is_none_or(|words| words.split(',').any(is)) {
            by_system.entry(defect["system"].as_str().unwrap_or_default()).or_default().push(defect);
        }
    }
    let (mut out, mut sums) = (String::new(), BTreeMap::<String, Sum>::new());
    for (system, defects) in by_system {
        let folder = systems.join(system);
        if !folder.is_dir() {
            let _ = writeln!(out, "{system} is not in `{}`", systems.display());
            continue;
        }
        let opening = Opening { roots: vec![folder.clone()], cache: CachePlace::Nowhere, threads: 0 };
        let (mut workspace, _) = Workspace::open(&opening, &Progress::default()).map_err(|e| e.to_string())?;
        let known: BTreeSet<String> = findings(&workspace.snapshot())?.into_iter().map(|f| f.key).collect();
        for defect in defects {
            let id = defect["id"].as_str().unwrap_or_default();
            let texts = edited(&folder, defect).map_err(|e| format!("{id}: {e}"))?;
            let later = findings(&workspace.supposing(&texts))?;
            let new: Vec<Finding> = later.into_iter().filter(|f| !known.contains(&f.key)).collect();
            let (line, found) = judged(defect, &new, list);
            out.push_str(&line);
            for name in [system.to_owned(), "all".to_owned()] {
                let sum = sums.entry(name).or_default();
                sum.all += 1;
                sum.warned += usize::from(found == Some(true));
                sum.noted += usize::from(found == Some(false));
            }
        }
    }
    let all = sums.remove_entry("all");
    for (name, sum) in sums.into_iter().chain(all) {
        let _ = writeln!(out, "{name}: {} of {} told as a warning, {} as a note", sum.warned, sum.all, sum.noted);
    }
    Ok(out.trim_end().to_owned())
}

fn findings(snapshot: &Snapshot) -> Result<Vec<Finding>, String> {
    Ok(detect::run(snapshot, &detect::Request::default()).map_err(|e| e.to_string())?.findings)
}

/// Files with a defect's edits, from the last line to the first, so that no edit moves the lines of another.
fn edited(folder: &Path, defect: &Value) -> Result<Vec<(String, String)>, String> {
    let mut edits: Vec<&Value> = defect["edits"].as_array().into_iter().flatten().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit["line"].as_u64()));
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for edit in edits {
        let word = |key: &str| edit[key].as_str().unwrap_or_default();
        let (path, old, line) = (word("path"), word("old"), edit["line"].as_u64().unwrap_or_default() as usize);
        if !texts.contains_key(path) {
            let bytes = std::fs::read(folder.join(path)).map_err(|e| format!("cannot read `{path}`: {e}"))?;
            texts.insert(path.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
        }
        let Some(text) = texts.get_mut(path) else { continue };
        put(text, line, (old, word("new"))).map_err(|e| format!("{path}: {e}"))?;
    }
    Ok(texts.into_iter().collect())
}

/// What is said of one defect, and whether it is found: as a warning or an error, or as a note.
fn judged(defect: &Value, new: &[Finding], list: bool) -> (String, Option<bool>) {
    let word = |key: &str| defect[key].as_str().unwrap_or_default();
    let more = defect["places"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let places: Vec<(&str, u32)> = std::iter::once(word("place")).chain(more).filter_map(place).collect();
    let near = |path: &str, line: u32| places.iter().any(|(p, l)| *p == path && l.abs_diff(line) <= NEAR);
    let points = |finding: &Finding| {
        let own = std::iter::once(&finding.at).chain(finding.chain.iter().map(|link| &link.at));
        own.into_iter().any(|at| near(&at.path, at.line)) || finding.fix.iter().any(|f| near(&f.path, f.line))
    };
    let (there, elsewhere): (Vec<&Finding>, Vec<&Finding>) = new.iter().partition(|f| points(f));
    let warned = there.iter().find(|f| f.severity != "note");
    let found = warned.or(there.first());
    let (mark, by) = match found {
        Some(f) if f.severity == "note" => ("note", format!("{} {}:{}", f.rule, f.at.path, f.at.line)),
        Some(f) => ("found", format!("{}[{}] {}:{}", f.severity, f.rule, f.at.path, f.at.line)),
        None => ("missed", format!("at {}", word("place"))),
    };
    let mut out = format!("{mark:6} {} {}  {by}\n", word("id"), word("rule"));
    if list {
        let _ = writeln!(out, "         {}", word("what"));
        for (f, mark) in there.iter().map(|f| (f, "there")).chain(elsewhere.iter().map(|f| (f, "else "))) {
            let _ =
                writeln!(out, "         {mark} {}[{}] {}:{} {}", f.severity, f.rule, f.at.path, f.at.line, f.message);
        }
    }
    (out, found.map(|f| f.severity != "note"))
}

fn place(text: &str) -> Option<(&str, u32)> {
    let (path, line) = text.rsplit_once(':')?;
    Some((path, line.parse().ok()?))
}
