//! Memories in numbers: mined from commits, dismissed elsewhere, exported and adopted.
//!
//! Invariant: what comes from outside is masked like everything else, and read as data.

use super::Memory;
use crate::asks::record;
use crate::{Refusal, Snapshot};
use seam_learn::{Commit, Entry};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An entry that may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    pub id: String,
    pub text: String,
    /// What was masked, by kind.
    pub masked: Vec<String>,
}

impl Proposal {
    fn of(mut entry: Entry, keep_name: bool) -> Proposal {
        let masked = record::mask(&mut entry);
        let entry = if keep_name && masked.is_empty() { entry } else { entry.named() };
        Proposal { id: entry.id.to_string(), text: seam_learn::render(&entry), masked }
    }
}

/// Patterns of a history of commits, the newest first.
pub fn mined(snapshot: &Snapshot, commits: &[Commit]) -> Vec<Proposal> {
    let graph = snapshot.graph(None);
    let owners = crate::things::owners(&graph);
    let owner = |path: &str| owners.get(path).map(|n| graph.nodes[*n].name.clone());
    seam_learn::mine(commits, &owner).into_iter().map(|e| Proposal::of(e, false)).collect()
}

/// All entries as one text, those that do not stand as well.
pub fn export(memory: &Memory) -> String {
    let entries = memory.log().all().map(|e| Exported { id: e.id.to_string(), text: seam_learn::render(e) }).collect();
    let all = Export { seam_memory: seam_learn::FORMAT, entries };
    serde_json::to_string_pretty(&all).map(|t| t + "\n").unwrap_or_default()
}

#[derive(Serialize, Deserialize)]
struct Export {
    #[serde(rename = "seam-memory")]
    seam_memory: u32,
    entries: Vec<Exported>,
}

#[derive(Serialize, Deserialize)]
struct Exported {
    id: String,
    text: String,
}

/// Names and texts of what was exported.
pub fn exported(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let all: Export = serde_json::from_str(text).map_err(|e| {
        Refusal::usage(
            format!("this is no export of a memory: {e}"),
            "give a file that `seam learn export` wrote, or a folder",
        )
    })?;
    if all.seam_memory > seam_learn::FORMAT {
        let says = format!(
            "the export is in version {} of the format, this program knows {}",
            all.seam_memory,
            seam_learn::FORMAT
        );
        return Err(Refusal::usage(says, "use a newer `seam`"));
    }
    Ok(all.entries.into_iter().map(|e| (e.id, e.text)).collect())
}

/// An entry of somebody else's. It keeps its name, so that what speaks of it still does.
pub fn adopted(name: &str, text: &str) -> Proposal {
    let (entry, _) = seam_learn::parse(name, text);
    let keep =
        entry.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') && !entry.id.is_empty();
    Proposal::of(entry, keep)
}

/// Requests for dismissals, from SARIF with suppressions, a JSON list of objects, or CSV with `finding,reason`; and what
/// was left out.
pub fn alerts(text: &str) -> Result<(Vec<record::Request>, Vec<String>), Refusal> {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(sarif)) if sarif.get("runs").is_some() => {
            let runs = sarif.get("runs").and_then(Value::as_array).into_iter().flatten();
            for result in runs.filter_map(|r| r.get("results").and_then(Value::as_array)).flatten() {
                of_sarif(result, &mut out, &mut notes);
            }
        }
        Ok(value) => {
            let list = value.as_array().or_else(|| value.get("alerts").and_then(Value::as_array));
            let Some(list) = list else { return Err(unreadable()) };
            for alert in list {
                let text =
                    |keys: &[&str]| keys.iter().find_map(|k| alert.get(k).and_then(Value::as_str)).map(str::to_owned);
                let finding = text(&["finding", "key", "fingerprint"]);
                let reason = text(&["reason", "dismissed_comment", "dismissed_reason", "justification", "comment"]);
                let date = text(&["date", "dismissed_at"]);
                dismissal(finding, reason, date, &mut out, &mut notes);
            }
        }
        Err(_) if text.trim_start().starts_with(['{', '[']) => return Err(unreadable()),
        Err(_) => {
            for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
                let (finding, reason) = line.split_once([',', '\t']).unwrap_or((line, ""));
                let bare = |t: &str| Some(t.trim().trim_matches('"').to_owned()).filter(|t| !t.is_empty());
                if finding.trim() != "finding" {
                    dismissal(bare(finding), bare(reason), None, &mut out, &mut notes);
                }
            }
        }
    }
    Ok((out, notes))
}

/// Requests for verdicts, from what `seam verify --json` printed: findings that it confirmed or refuted by running. Each once: what one
/// scenario confirms, another may refute only since it does not get there.
pub fn verdicts(text: &str) -> Result<Vec<record::Request>, Refusal> {
    let report: Value = serde_json::from_str(text).unwrap_or_default();
    let Some(scenarios) = report.get("scenarios").and_then(Value::as_array) else {
        return Err(Refusal::usage("this is no verdict", "give what `seam verify --json` printed"));
    };
    let mut out: Vec<record::Request> = Vec::new();
    for scenario in scenarios {
        let name = scenario.get("scenario").and_then(Value::as_str).unwrap_or_default();
        for hypothesis in scenario.get("hypotheses").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| hypothesis.get(key).and_then(Value::as_str);
            let (Some(finding), Some(fate @ ("confirmed" | "refuted"))) = (text("finding"), text("fate")) else {
                continue;
            };
            // What memory itself had suspected is no finding of anybody's.
            if !finding.starts_with("finding/") {
                continue;
            }
            let by = hypothesis.get("by").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            let by: Vec<&str> = by.collect();
            let runs = scenario.get("runs").and_then(Value::as_u64).unwrap_or_default();
            let mut proof = format!("`seam verify`, scenario `{name}`, {runs} runs.");
            if !by.is_empty() {
                proof.push_str(&format!(" Shown by {}.", by.join(", ")));
            }
            if let Some(told) = out.iter_mut().find(|r| r.finding.as_deref() == Some(finding)) {
                if fate == "confirmed" && told.verdict.as_deref() != Some("confirmed") {
                    (told.verdict, told.proof) = (Some(fate.to_owned()), Some(proof));
                }
                continue;
            }
            out.push(record::Request {
                kind: Some("verdict".into()),
                finding: Some(finding.to_owned()),
                verdict: Some(fate.to_owned()),
                proof: Some(proof),
                ..record::Request::default()
            });
        }
    }
    Ok(out)
}

fn of_sarif(result: &Value, out: &mut Vec<record::Request>, notes: &mut Vec<String>) {
    let suppressed = result.get("suppressions").and_then(Value::as_array).filter(|s| !s.is_empty());
    let Some(suppressed) = suppressed else { return };
    let accepted = |s: &&Value| s.get("status").and_then(Value::as_str).is_none_or(|s| s == "accepted");
    let Some(how) = suppressed.iter().find(accepted) else { return };
    let prints = ["partialFingerprints", "fingerprints"].iter().filter_map(|k| result.get(k)?.as_object());
    let keys = prints.flat_map(|p| p.values()).filter_map(Value::as_str);
    let finding = keys.map(str::to_owned).find(|k| k.starts_with("finding/"));
    let reason = how.get("justification").and_then(Value::as_str).map(str::to_owned);
    dismissal(finding, reason, None, out, notes);
}

fn dismissal(
    finding: Option<String>,
    reason: Option<String>,
    date: Option<String>,
    out: &mut Vec<record::Request>,
    notes: &mut Vec<String>,
) {
    match (finding.filter(|f| f.starts_with("finding/")), reason.filter(|r| !r.trim().is_empty())) {
        (Some(finding), Some(reason)) => out.push(record::Request {
            kind: Some("dismissal".into()),
            finding: Some(finding),
            reason: Some(reason),
            date: date.and_then(|d| d.get(..10).map(str::to_owned)),
            ..record::Request::default()
        }),
        (Some(finding), None) => notes.push(format!("`{finding}` is left out: nobody says why it was dismissed")),
        (None, _) => notes.push("an alert is left out: it has no key of a finding (`finding/RULE/SUBJECT`)".to_owned()),
    }
}

fn unreadable() -> Refusal {
    Refusal::usage(
        "these are no dismissed alerts",
        "give SARIF with suppressions, a JSON list of objects with `finding` and `reason`, or CSV `finding,reason`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dismissed_alerts_are_read_in_three_shapes() {
        let sarif = r#"{"runs":[{"results":[
            {"partialFingerprints":{"x/v1":"finding/a/b"},"suppressions":[{"kind":"external","justification":"it is fine"}]},
            {"partialFingerprints":{"x/v1":"finding/a/c"}},
            {"partialFingerprints":{"x/v1":"finding/a/d"},"suppressions":[{"kind":"external"}]}]}]}"#;
        let (requests, notes) = alerts(sarif).unwrap();
        assert_eq!((requests.len(), notes.len()), (1, 1));
        assert_eq!(requests[0].reason.as_deref(), Some("it is fine"));
        let json =
            r#"[{"finding":"finding/a/b","reason":"why","date":"2024-05-01T10:00"},{"finding":"x","reason":"y"}]"#;
        let (requests, notes) = alerts(json).unwrap();
        assert_eq!((requests.len(), notes.len()), (1, 1));
        assert_eq!(requests[0].date.as_deref(), Some("2024-05-01"));
        assert_eq!(
            alerts("finding,reason\nfinding/a/b c,\"said, twice\"\n").unwrap().0[0].reason.as_deref(),
            Some("said, twice")
        );
        assert!(alerts("{").is_err() && alerts("{}").is_err());
    }

    #[test]
    fn verdicts_of_runs_are_read() {
        let report = r#"{"version":1,"verdict":"failed","scenarios":[{"scenario":"buy","runs":9,"hypotheses":[
            {"finding":"finding/a/b","rule":"a","fate":"confirmed","by":["unsafe-retry"]},
            {"finding":"finding/a/c","rule":"a","fate":"refuted"},
            {"finding":"finding/a/d","rule":"a","fate":"not-reached"}]},
            {"scenario":"browse","runs":4,"hypotheses":[{"finding":"finding/a/b","rule":"a","fate":"refuted"}]}]}"#;
        let found = verdicts(report).unwrap();
        let told: Vec<_> = found.iter().map(|r| (r.finding.as_deref(), r.verdict.as_deref())).collect();
        assert_eq!(told, [(Some("finding/a/b"), Some("confirmed")), (Some("finding/a/c"), Some("refuted"))]);
        assert!(found[0].proof.as_deref().is_some_and(|p| p.contains("unsafe-retry")));
        assert!(verdicts("{}").is_err());
    }

    #[test]
    fn what_is_exported_comes_back_under_its_name() {
        let entry = Entry { title: "a".into(), date: "2024-05-01".into(), ..Entry::default() }.named();
        let log = seam_learn::Log::of([(entry.id.to_string(), entry.clone(), Vec::new())]);
        let back = exported(&export(&Memory::of(log))).unwrap();
        let proposal = adopted(&back[0].0, &back[0].1);
        assert_eq!((proposal.id.as_str(), proposal.text), (entry.id.as_str(), seam_learn::render(&entry)));
        let leaking = adopted("x", "---\nseam: 1\nkind: incident\n---\n# ask jane@example.com\n");
        assert!(!leaking.masked.is_empty() && !leaking.text.contains("jane"));
    }
}
