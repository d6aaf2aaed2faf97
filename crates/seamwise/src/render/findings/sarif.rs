//! SARIF 2.1.0 (OASIS): what GitHub, GitLab, Azure DevOps and editors import. The chain stands twice: as a code flow, which
//! GitHub shows as a path, and as related locations, which the message's links open.

use super::standing;
use seam_engine::asks::detect::Answer;
use seam_engine::{Finding, Place};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub fn render(answer: &Answer) -> String {
    let used: BTreeSet<&str> = answer.findings.iter().map(|f| f.rule.as_str()).collect();
    let rules: Vec<Value> = used.iter().map(|id| rule(id)).collect();
    let results: Vec<Value> = answer
        .findings
        .iter()
        .map(|f| result(f, used.iter().position(|id| *id == f.rule).unwrap_or_default()))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Seamwise",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "utf16CodeUnits",
            "originalUriBaseIds": { "ROOT": { "description": { "text": "the workspace's folder" } } },
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
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
    let mut region = json!({ "startLine": at.line.max(1) });
    if let Some(end) = end.filter(|end| *end > at.line) {
        region["endLine"] = json!(end);
    }
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&at.path), "uriBaseId": "ROOT" },
        "region": region,
    }})
}

/// A relative path as a URI reference (RFC 3986): blanks and the like are percent-encoded, `/` stays.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'@' | b'+' => {
                out.push(byte as char);
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("a b/[id]/ü.ts"), "a%20b/%5Bid%5D/%C3%BC.ts");
    }
}
