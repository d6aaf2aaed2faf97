//! Whether an incident of each hazard that is seeded in `workspaces/kiosk` becomes a guard: a rule, or faults to replay, that fires there and
//! is silent on `workspaces/kiosk-repaired`.
//!
//! Rules of counting: an incident names the interaction at fault and the hazard's rule, and brings the faults that show it, as the workspace's story
//! has them (`docs/truth/guards.json`). A rule is *meant* if it stands on what the built-in rule of that name finds, and *near* if it stands on
//! another difference at that interaction or at one of its ends. Nothing is counted that `seam learn guard` itself refused.

use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

pub fn run(root: &Path, program: &Path, options: &[&str]) -> Result<String, String> {
    let text = crate::read(&root.join("docs/truth/guards.json"))?;
    let all: Vec<Value> = serde_json::from_str(&text).map_err(|e| format!("docs/truth/guards.json: {e}"))?;
    let only = options.iter().position(|o| *o == "--only").and_then(|at| options.get(at + 1)).map(|o| o.split(','));
    let only: Option<Vec<&str>> = only.map(Iterator::collect);
    let (mut meant, mut near, mut replays, mut either, mut n) = (0, 0, 0, 0, 0);
    let mut out = String::new();
    for hazard in &all {
        let text = |key: &str| hazard.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = text("hazard");
        if only.as_ref().is_some_and(|o| !o.contains(&name)) {
            continue;
        }
        n += 1;
        let told = guard(root, program, hazard, options.contains(&"--static"))?;
        let shown = |key: &str| told.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let page = shown("text");
        let rule = match (page.is_empty(), page.contains(&format!("rule = \"{name}\""))) {
            (true, _) => "none",
            (false, true) => "meant",
            (false, false) => "near",
        };
        let replay = told.get("replay").is_some_and(|r| !r.is_null());
        meant += u32::from(rule == "meant");
        near += u32::from(rule == "near");
        replays += u32::from(replay);
        either += u32::from(rule != "none" || replay);
        let why = match replay {
            true => told["replay"][1]["finding"].as_str().unwrap_or_default().to_owned(),
            false => told.get("no_replay").and_then(|w| w.as_array()?.first()?.as_str()).unwrap_or_default().to_owned(),
        };
        let mark = if replay { "replay" } else { "no replay" };
        let says = if rule == "none" { shown("no_rule") } else { shown("says") };
        let _ = writeln!(out, "{name:<24} {rule:<6} {says}\n{:<24} {mark:<9} {why}", "");
    }
    Ok(format!(
        "{out}\n{n} hazards: a rule for {}, meant {meant}, near {near}; a replay for {replays}; either for {either}",
        meant + near
    ))
}

/// What `seam learn guard --json` says of an incident of a hazard.
fn guard(root: &Path, program: &Path, hazard: &Value, rule_only: bool) -> Result<Value, String> {
    let folder = std::env::temp_dir().join(format!("seam-guards-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let text = |key: &str| hazard.get(key).and_then(Value::as_str).unwrap_or_default();
    let replay = folder.join("replay.json");
    let faults = serde_json::json!({
        "seam_replay": 1, "scenario": text("scenario"), "finding": text("hazard"), "says": "", "faults": hazard["faults"],
    });
    crate::write(&replay, &faults.to_string())?;
    let seam = |args: &[&str]| {
        let output = Command::new(program).args(args).arg("--json").current_dir(&folder).output();
        output.map_err(|e| format!("cannot start `{}`: {e}", program.display()))
    };
    let title = text("hazard").replace('-', " ");
    let mut args = vec!["learn", "incident", "--date", "2026-01-01", "--title", &title, "--rule", text("hazard")];
    for cause in hazard["cause"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        args.extend(["--cause", cause]);
    }
    let kept = seam(&args)?;
    let kept: Value = serde_json::from_slice(&kept.stdout).map_err(|e| format!("{}: {e}", text("hazard")))?;
    let (faulty, repaired) = (root.join("workspaces/kiosk"), root.join("workspaces/kiosk-repaired"));
    let (faulty, repaired) = (faulty.to_string_lossy(), repaired.to_string_lossy());
    let id = kept["id"].as_str().unwrap_or_default();
    let mut args = vec!["learn", "guard", id, "--faulty", &*faulty, "--repaired", &*repaired];
    let replay = replay.to_string_lossy();
    match rule_only {
        true => args.push("--rule-only"),
        false => args.extend(["--replay", &*replay]),
    }
    let told = seam(&args)?;
    let _ = std::fs::remove_dir_all(&folder);
    let mut told: Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| {
        let says = String::from_utf8_lossy(&told.stderr).trim().to_owned();
        serde_json::json!({"no_rule": says, "no_replay": [says]})
    });
    if let Some(message) = told.get("message").cloned() {
        told["no_rule"] = message;
    }
    Ok(told)
}
