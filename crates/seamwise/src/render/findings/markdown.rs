//! Markdown for a review comment or a wiki page.

use super::standing;
use seam_engine::Finding;
use seam_engine::asks::detect::Answer;

pub fn render(answer: &Answer) -> String {
    let counts = &answer.counts;
    let mut out = format!(
        "## Between services: {} errors, {} warnings, {} notes\n",
        counts.errors, counts.warnings, counts.notes
    );
    if answer.findings.is_empty() {
        out.push_str("\nNothing found.\n");
    }
    answer.findings.iter().for_each(|f| out.push_str(&one(f)));
    out
}

fn one(finding: &Finding) -> String {
    let mut out = format!("\n### {} `{}`: {}\n\n", finding.severity, finding.rule, finding.message);
    out.push_str(&format!("`{}:{}`\n", finding.at.path, finding.at.line));
    if !finding.why.is_empty() {
        out.push_str(&format!("\n{}\n", finding.why));
    }
    if !finding.chain.is_empty() {
        out.push('\n');
    }
    for step in &finding.chain {
        out.push_str(&format!("- `{}:{}` {}\n", step.at.path, step.at.line, step.says));
    }
    for open in &finding.open {
        out.push_str(&format!("- open: {open}\n"));
    }
    if let Some(standing) = standing(finding) {
        out.push_str(&format!("\n*{standing}*\n"));
    }
    if !finding.help.is_empty() {
        out.push_str(&format!("\n**What to do:** {}\n", finding.help));
    }
    if let Some(fix) = &finding.fix {
        out.push_str(&format!(
            "\n```diff\n--- {0}:{1}\n+++ {0}:{1}\n-{2}\n+{3}\n```\n",
            fix.path, fix.line, fix.from, fix.to
        ));
    }
    out
}
