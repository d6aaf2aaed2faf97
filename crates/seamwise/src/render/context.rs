//! What has to be known, file by file.

use super::ink::{bold, count, cyan, dim, title, yellow};
use seam_engine::asks::context::Answer;

pub fn render(answer: &Answer) -> String {
    let size = dim(format!("{} of {} tokens", answer.tokens, answer.budget));
    let mut out = format!("{}  {}  {size}\n", bold("context"), count(answer.files.len(), "file"));
    if !answer.about.is_empty() {
        out.push_str(&format!("about  {}\n", answer.about.join(" · ")));
    }
    if !answer.services.is_empty() {
        let names: Vec<String> =
            answer.services.iter().map(|s| format!("{} {}", s.name, dim(s.languages.join(", ")))).collect();
        out.push_str(&format!("in  {}\n", names.join(" · ")));
    }
    for file in &answer.files {
        let service = file.service.as_deref().map(|s| format!("  {}", cyan(s))).unwrap_or_default();
        out.push_str(&format!("\n{}{service}\n", bold(&file.path)));
        file.says.iter().for_each(|line| out.push_str(&format!("  {line}\n")));
        file.code.lines().for_each(|line| out.push_str(&format!("    {}\n", dim(line))));
    }
    if !answer.findings.is_empty() {
        out.push_str(&title("findings", ""));
        for finding in &answer.findings {
            out.push_str(&format!("  {} {}  {}\n", yellow(&finding.severity), finding.message, dim(&finding.at)));
        }
    }
    if !answer.tests.is_empty() {
        out.push_str(&title("tests", ""));
        answer.tests.iter().for_each(|t| out.push_str(&format!("  {}  {}\n", t.name, dim(&t.at))));
    }
    if !answer.left_out.is_empty() {
        out.push_str(&title("left out", ""));
        for left in &answer.left_out {
            out.push_str(&format!("  {}  {}\n", left.what, dim(format!("seam ask {} '{}'", left.ask, left.request))));
        }
    }
    out
}
