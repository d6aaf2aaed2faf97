//! Findings as SARIF. The chain stands twice: as a code flow, which GitHub shows as a path, and as related locations, which
//! the message's links open.

use super::standing;
use crate::render::sarif;
use seam_engine::asks::detect::Answer;
use seam_engine::{Finding, Place};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub fn render(answer: &Answer) -> String {
    let used: BTreeSet<&str> = answer.findings.iter().map(|f| f.rule.as_str()).collect();
    let rules: Vec<Value> = used.iter().map(|id| rule(id)).collect();
    let results: Vec<Value> = answer
        .findings
        .iter()
        .map(|f| result(f, used.iter().position(|id| *id == f.rule).unwrap_or_default()))
        .collect();
    sarif::log(&rules, &results)
}

fn rule(id: &str) -> Value {
    let page = seam_engine::rules().into_iter().find(|(rule, _)| *rule == id).map_or("", |(_, page)| page);
    let lines = page.lines().skip_while(|l| l.starts_with('#') || l.trim().is_empty());
    let about = lines.take_while(|l| !l.trim().is_empty()).collect::<Vec<_>>().join(" ");
    let about = if about.is_empty() { id.to_owned() } else { about };
    json!({
        "id": id,
        "name": id,
        "shortDescription": { "text": about },
        "fullDescription": { "text": about },
        "help": { "text": about, "markdown": if page.is_empty() { id } else { page } },
        "properties": { "tags": ["services"] },
    })
}

fn result(finding: &Finding, rule: usize) -> Value {
    let level = if finding.severity == "note" { "note" } else { &finding.severity };
    let mut text = format!("{}.", finding.message);
    for (part, lead) in [(&finding.why, ""), (&finding.help, "What to do: ")] {
        if !part.is_empty() {
            text.push_str(&format!("\n{lead}{part}"));
        }
    }
    if let Some(standing) = standing(finding) {
        text.push_str(&format!("\n({standing})"));
    }
    let mut out = json!({
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": level,
        "message": { "text": text },
        "locations": [location(&finding.at, Some(finding.end_line))],
        // GitHub makes its own line hash where this one is missing; ours survives edits elsewhere.
        "partialFingerprints": { "seamKey/v1": finding.key },
        "properties": {
            "certainty": finding.certainty,
            "hypothesis": finding.hypothesis,
            "about": finding.about,
            "open": finding.open,
        },
    });
    if !finding.chain.is_empty() {
        let step = |at: &Place, says: &str| {
            let mut location = location(at, None);
            location["message"] = json!({ "text": says });
            location
        };
        let steps: Vec<Value> = finding.chain.iter().map(|s| json!({ "location": step(&s.at, &s.says) })).collect();
        let related: Vec<Value> = finding
            .chain
            .iter()
            .enumerate()
            .map(|(id, s)| {
                let mut location = step(&s.at, &s.says);
                location["id"] = json!(id + 1);
                location
            })
            .collect();
        out["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps }] }]);
        out["relatedLocations"] = json!(related);
    }
    if let Some(fix) = &finding.fix {
        out["properties"]["fix"] = json!({ "path": fix.path, "line": fix.line, "from": fix.from, "to": fix.to });
    }
    out
}

fn location(at: &Place, end: Option<u32>) -> Value {
    sarif::location(&at.path, at.line, end)
}
