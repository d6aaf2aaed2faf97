//! Findings for a terminal: what, where, why, the chain, and what to do.

use super::ink::{bold, count, cyan, dim, yellow};
use seam_engine::Finding;
use seam_engine::asks::detect::Answer;

pub fn render(answer: &Answer) -> String {
    let mut out: String = answer.findings.iter().map(finding).collect();
    let counts = &answer.counts;
    let parts = [(counts.errors, "error"), (counts.warnings, "warning"), (counts.notes, "note")];
    let found: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(*n, word)).collect();
    let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    out.push_str(&format!("{found} {}\n", dim(format!("by {}", count(counts.rules, "rule")))));
    out
}

fn finding(finding: &Finding) -> String {
    let severity = match finding.severity.as_str() {
        "error" => format!("\x1b[1;31m{}\x1b[0m", finding.severity),
        "warning" => yellow(bold(&finding.severity)),
        other => cyan(other),
    };
    let mut out = format!("{severity}{} {}\n", dim(format!("[{}]", finding.rule)), bold(&finding.message));
    out.push_str(&format!("  {} {}:{}\n", dim("-->"), finding.at.path, finding.at.line));
    if !finding.why.is_empty() {
        out.push_str(&format!("  {}\n", finding.why));
    }
    for step in &finding.chain {
        out.push_str(&format!("  {} {}:{} {}\n", dim("|"), step.at.path, step.at.line, step.says));
    }
    for open in &finding.open {
        out.push_str(&format!("  {} {open}\n", dim("open:")));
    }
    if !finding.help.is_empty() {
        out.push_str(&format!("  {} {}\n", cyan("help:"), finding.help));
    }
    out.push('\n');
    out
}
