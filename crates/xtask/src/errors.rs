//! How often the file where a failure really starts is among the first suspects of `diagnose`, beside what plain search says.
//!
//! `docs/errors.json` holds the texts with their true files (any of them counts); every second one was not looked at while
//! weights were chosen (`held`). `--rg PROGRAM` asks ripgrep instead. The procedure: every name of two parts and every word of
//! five letters or more, literally and in any case; files with more different ones first, then by how often, then by path.

use crate::{read, write};
use seam_host::{CachePlace, Opening, Progress, Workspace};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many files an answer may name.
const FIRST: usize = 3;

struct Case {
    id: u64,
    half: String,
    system: String,
    runtime: String,
    elsewhere: bool,
    files: Vec<String>,
    text: String,
}

/// `systems` are folders of checkouts, parted by commas.
pub fn run(root: &Path, systems: &str, options: &[&str]) -> Result<String, String> {
    let (mut rg, mut to, mut half, mut only, mut list) = (None, None, None, None, false);
    let mut cases = root.join("docs/errors.json");
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        if *option == "--list" {
            list = true;
            continue;
        }
        let value = rest.next().ok_or_else(|| format!("`{option}` wants a value"))?;
        match *option {
            "--rg" => rg = Some(*value),
            "--csv" => to = Some(PathBuf::from(value)),
            "--half" => half = Some(*value),
            "--only" => only = Some(value.split(',').map(ToOwned::to_owned).collect::<BTreeSet<_>>()),
            "--cases" => cases = PathBuf::from(value),
            _ => return Err(format!("there is no option `{option}`")),
        }
    }
    let cases = self::cases(&read(&cases)?)?;
    let mut open: BTreeMap<String, Workspace> = BTreeMap::new();
    let mut rows = vec!["id,half,system,runtime,elsewhere,rank,first".to_owned()];
    let mut said = String::new();
    let mut tally: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
    for case in &cases {
        if half.is_some_and(|h| h != case.half) || only.as_ref().is_some_and(|o| !o.contains(&case.id.to_string())) {
            continue;
        }
        let folder = systems.split(',').map(|s| Path::new(s).join(&case.system)).find(|f| f.is_dir());
        let folder = folder.ok_or_else(|| format!("`{}` is in none of `{systems}`", case.system))?;
        let found = match rg {
            Some(rg) => grep(rg, &folder, &case.text)?,
            None => {
                if !open.contains_key(&case.system) {
                    let opening = Opening { roots: vec![folder.clone()], cache: CachePlace::Nowhere, threads: 0 };
                    let workspace = Workspace::open(&opening, &Progress::default()).map_err(|e| e.to_string())?.0;
                    open.insert(case.system.clone(), workspace);
                }
                let Some(workspace) = open.get_mut(&case.system) else { continue };
                let request = json!({ "error": case.text, "limit": 10 }).to_string();
                let text = workspace.ask("diagnose", &request).map_err(|e| e.to_string())?;
                let answer: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
                if list {
                    said.push_str(&shown(case, &answer));
                }
                let suspects = answer["suspects"].as_array().cloned().unwrap_or_default();
                suspects.iter().filter_map(|s| s["path"].as_str().map(ToOwned::to_owned)).collect()
            }
        };
        let rank = found.iter().position(|f| case.files.contains(f)).map_or(0, |at| at + 1);
        let hit = (1..=FIRST).contains(&rank);
        rows.push(format!(
            "{},{},{},{},{},{rank},{}",
            case.id,
            case.half,
            case.system,
            case.runtime,
            case.elsewhere,
            found.iter().take(FIRST).cloned().collect::<Vec<_>>().join(" ")
        ));
        let where_ = if case.elsewhere { "cause elsewhere" } else { "cause in the trace" };
        for key in ["all".to_owned(), format!("half {}", case.half), where_.to_owned()] {
            let t = tally.entry(key).or_default();
            *t = (t.0 + 1, t.1 + usize::from(rank == 1), t.2 + usize::from(hit));
        }
    }
    for (key, (all, first, hit)) in &tally {
        let share = |a: usize| 100.0 * a as f64 / (*all).max(1) as f64;
        said.push_str(&format!(
            "{key}: true file first in {first} of {all} ({:.1} %), in the first {FIRST} in {hit} ({:.1} %)\n",
            share(*first),
            share(*hit)
        ));
    }
    if let Some(to) = to {
        write(&to, &(rows.join("\n") + "\n"))?;
    }
    Ok(said.trim_end().to_owned())
}

fn shown(case: &Case, answer: &Value) -> String {
    let mut out = format!("== {} {} {} true {}\n", case.id, case.system, case.runtime, case.files.join(" "));
    out.push_str(&format!("   understood {} missing {}\n", answer["understood"]["kinds"], answer["missing"]));
    for suspect in answer["suspects"].as_array().into_iter().flatten().take(7) {
        let path = suspect["path"].as_str().unwrap_or_default();
        let mark = if case.files.iter().any(|f| f == path) { "*" } else { " " };
        out.push_str(&format!(
            " {mark} {:.3} {path}:{} {}\n",
            suspect["score"].as_f64().unwrap_or(0.0),
            suspect["line"],
            suspect["service"]
        ));
        for part in suspect["parts"].as_array().into_iter().flatten().take(3) {
            out.push_str(&format!("      {} {} {}\n", part["weight"], part["kind"], part["says"]));
        }
    }
    out
}

fn cases(text: &str) -> Result<Vec<Case>, String> {
    let all: Vec<Value> = serde_json::from_str(text).map_err(|e| format!("the cases cannot be read: {e}"))?;
    let word = |case: &Value, key: &str| case[key].as_str().unwrap_or_default().to_owned();
    let one = |case: &Value| Case {
        id: case["id"].as_u64().unwrap_or(0),
        half: word(case, "half"),
        system: word(case, "system"),
        runtime: word(case, "runtime"),
        elsewhere: case["elsewhere"] == true,
        files: case["files"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|f| f.as_str().map(ToOwned::to_owned))
            .collect(),
        text: word(case, "text"),
    };
    Ok(all.iter().map(one).collect())
}

fn grep(program: &str, folder: &Path, text: &str) -> Result<Vec<String>, String> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | ':');
    let mut words = BTreeSet::new();
    for token in text.split(|c| !inside(c)) {
        let token = token.trim_matches(['.', ':', '-', '/']).to_lowercase();
        let parts = token
            .split(|c: char| !c.is_alphanumeric())
            .filter(|p| p.len() > 4 && !p.chars().all(|c| c.is_ascii_digit()));
        words.extend(parts.map(ToOwned::to_owned));
        if token.len() > 4 {
            words.insert(token);
        }
    }
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for word in words.iter().take(400) {
        let output = Command::new(program)
            .args(["--ignore-case", "--fixed-strings", "--count", "--no-messages", "-e", word, "."])
            .current_dir(folder)
            .output()
            .map_err(|e| format!("cannot run `{program}`: {e}"))?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Some((path, count)) = line.rsplit_once(':') else { continue };
            let entry = counts.entry(path.trim_start_matches("./").to_owned()).or_default();
            *entry = (entry.0 + 1, entry.1 + count.parse::<usize>().unwrap_or(0));
        }
    }
    let mut out: Vec<(String, (usize, usize))> = counts.into_iter().collect();
    out.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(out.into_iter().map(|(path, _)| path).take(10).collect())
}
