//! How well `plan` tells who is touched, on edits of public systems with true services (`docs/truth/changes.json`).
//!
//! Each edit is one line's words; it is put onto the system by `edits`, nothing is written. Counted are services that the answer has
//! as touched directly or dependent by something that is not safe; who only runs into these (`beyond`) counts neither way, nor do
//! services that the truth calls optional. An edit without impact is right if nobody is told. Of the first forty edits half are of
//! systems that were not looked at while rules were written (`held`); `fresh` ones were written later, of systems that were met then. A shared library touches many services at once,
//! so both means are told: over all services (micro), and over edits (macro).

use crate::edits::put;
use crate::read;
use seam_host::{CachePlace, Opening, Progress, Workspace};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Default)]
struct Sum {
    edits: usize,
    hit: usize,
    missing: usize,
    extra: usize,
    f1: f64,
    silent: (usize, usize),
    lines: (usize, usize),
    tests: (usize, usize),
}

pub fn run(root: &Path, systems: &Path, options: &[&str]) -> Result<String, String> {
    let value = |name: &str| options.iter().position(|o| *o == name).and_then(|at| options.get(at + 1)).copied();
    let list = options.contains(&"--list");
    let truth: Value =
        serde_json::from_str(&read(&root.join("docs/truth/changes.json"))?).map_err(|e| e.to_string())?;
    let mut by_system: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for change in truth["changes"].as_array().into_iter().flatten() {
        let chosen =
            |key: &str, name: &str| value(name).is_none_or(|v| v.split(',').any(|v| Some(v) == change[key].as_str()));
        if chosen("half", "--half") && chosen("id", "--only") && chosen("system", "--system") {
            by_system.entry(change["system"].as_str().unwrap_or_default()).or_default().push(change);
        }
    }
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    let mut out = String::new();
    for (system, changes) in by_system {
        let folder = systems.join(system);
        let opening = Opening { roots: vec![folder.clone()], cache: CachePlace::Nowhere, threads: 0 };
        let (mut workspace, _) = Workspace::open(&opening, &Progress::default()).map_err(|e| e.to_string())?;
        let (aliases, beside) = known(root, system);
        for change in changes {
            let line = one(&mut workspace, (&folder, &aliases, &beside), change, &mut sums)?;
            if list {
                out.push_str(&line);
            }
        }
    }
    for (half, s) in &sums {
        let (hit, all) = (s.hit as f64, (2 * s.hit + s.missing + s.extra).max(1) as f64);
        out.push_str(&format!(
            "{half}: {} edits with impact: service F1 {:.3} over services ({} right, {} missing, {} too many), {:.3} over edits; {} of {} lines; {} of {} without impact; {} of {} files of tests\n",
            s.edits, 2.0 * hit / all, s.hit, s.missing, s.extra, s.f1 / s.edits.max(1) as f64,
            s.lines.0, s.lines.1, s.silent.0, s.silent.1, s.tests.0, s.tests.1
        ));
    }
    Ok(out.trim_end().to_owned())
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Other names of a system's services, and what its truth leaves open.
fn known(root: &Path, system: &str) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let truth = read(&root.join(format!("docs/truth/{system}.json"))).ok();
    let truth: Value = truth.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let aliases = truth["aliases"].as_object().into_iter().flatten();
    let aliases = aliases.filter_map(|(alias, name)| Some((alias.to_lowercase(), name.as_str()?.to_owned()))).collect();
    let beside = truth["optional_nodes"].as_array().into_iter().flatten();
    (aliases, beside.filter_map(|n| Some(n.as_str()?.to_owned())).collect())
}

fn one(
    workspace: &mut Workspace,
    (folder, aliases, beside): (&Path, &BTreeMap<String, String>, &BTreeSet<String>),
    change: &Value,
    sums: &mut BTreeMap<String, Sum>,
) -> Result<String, String> {
    let word = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let (id, path) = (word("id"), word("path"));
    let bytes = std::fs::read(folder.join(&path)).map_err(|e| format!("{id}: cannot read `{path}`: {e}"))?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    let at = change["line"].as_u64().unwrap_or_default() as usize;
    put(&mut text, at, (&word("old"), &word("new"))).map_err(|e| format!("{id}: {path}: {e}"))?;
    let request = json!({ "edits": [{ "path": path, "text": text }] });
    let answer = workspace.ask("plan", &request.to_string()).map_err(|e| format!("{id}: {e}"))?;
    let answer: Value = serde_json::from_str(&answer).map_err(|e| e.to_string())?;
    let told: BTreeSet<String> = ["direct", "dependent"]
        .iter()
        .flat_map(|k| answer[*k].as_array().into_iter().flatten())
        .filter_map(|t| t["service"].as_str())
        .map(|name| aliases.get(&name.to_lowercase()).cloned().unwrap_or_else(|| name.to_owned()))
        .collect();
    let mut optional = names(&change["optional"]);
    optional.extend(beside.iter().cloned());
    let mut wanted = names(&change["direct"]);
    wanted.extend(names(&change["dependent"]));
    let told: BTreeSet<String> = told.into_iter().filter(|t| wanted.contains(t) || !optional.contains(t)).collect();
    let missing: Vec<&String> = wanted.difference(&told).collect();
    let extra: Vec<&String> = told.difference(&wanted).collect();
    let hit = wanted.intersection(&told).count();
    let places: BTreeSet<String> = ["direct", "dependent"]
        .iter()
        .flat_map(|k| answer[*k].as_array().into_iter().flatten())
        .flat_map(|t| t["lines"].as_array().into_iter().flatten())
        .map(|l| format!("{}:{}", l["path"].as_str().unwrap_or_default(), l["line"]))
        .collect();
    let lines = names(&change["lines"]);
    let unseen: Vec<&String> = lines.difference(&places).collect();
    let f1 = 2.0 * hit as f64 / ((2 * hit + missing.len() + extra.len()).max(1)) as f64;
    for half in [word("half"), "all".to_owned()] {
        let sum = sums.entry(half).or_default();
        if wanted.is_empty() {
            sum.silent.1 += 1;
            sum.silent.0 += usize::from(told.is_empty());
            continue;
        }
        sum.edits += 1;
        sum.hit += hit;
        sum.missing += missing.len();
        sum.extra += extra.len();
        sum.f1 += f1;
        sum.lines.0 += lines.len() - unseen.len();
        sum.lines.1 += lines.len();
        sum.tests.0 += answer["tests"]["run"].as_array().map_or(0, Vec::len);
        sum.tests.1 += answer["tests"]["of"].as_u64().unwrap_or_default() as usize;
    }
    let mark = if missing.is_empty() && extra.is_empty() { "ok " } else { "BAD" };
    let mut out = format!("{mark} {id:14} missing {missing:?} extra {extra:?} unseen {unseen:?}\n");
    for change in answer["changes"].as_array().into_iter().flatten() {
        out.push_str(&format!(
            "      {} {} {} {}\n",
            change["rule"].as_str().unwrap_or_default(),
            change["level"].as_str().unwrap_or_default(),
            change["text"].as_str().unwrap_or_default(),
            change["direct"]
        ));
    }
    Ok(out)
}
