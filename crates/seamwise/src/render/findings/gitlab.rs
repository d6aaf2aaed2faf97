//! GitLab's code quality report, a subset of the Code Climate format. Source: GitLab documentation, "Code Quality report
//! format".

use seam_engine::asks::detect::Answer;
use serde_json::json;

pub fn render(answer: &Answer) -> String {
    let issues: Vec<serde_json::Value> = answer
        .findings
        .iter()
        .map(|f| {
            let severity = match f.severity.as_str() {
                "error" => "critical",
                "warning" => "major",
                _ => "info",
            };
            json!({
                "description": format!("{}. {}", f.message, f.why).trim_end(),
                "check_name": f.rule,
                // Any unique text will do; the key survives edits elsewhere.
                "fingerprint": f.key,
                "severity": severity,
                "location": { "path": f.at.path, "lines": { "begin": f.at.line, "end": f.end_line } },
            })
        })
        .collect();
    serde_json::to_string_pretty(&issues).unwrap_or_default() + "\n"
}
