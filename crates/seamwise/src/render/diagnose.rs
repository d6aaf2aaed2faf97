//! Who is suspected, why, and what to open.

use super::ink::{bold, count, cyan, dim, title, yellow};
use seam_engine::asks::diagnose::{Answer, Suspect};

pub fn render(answer: &Answer) -> String {
    let mut out = format!("{}  {}", bold("diagnose"), count(answer.suspects.len(), "suspect"));
    let understood = &answer.understood;
    if !understood.services.is_empty() {
        out.push_str(&format!("  in {}", understood.services.iter().map(cyan).collect::<Vec<_>>().join(", ")));
    }
    out.push('\n');
    if !understood.kinds.is_empty() {
        out.push_str(&format!("says  {}\n", understood.kinds.join(" · ")));
    }
    if !understood.frames.is_empty() {
        let foreign = dim(format!("{} of libraries", understood.foreign));
        out.push_str(&format!("stack {} of this workspace, {foreign}\n", count(understood.frames.len(), "frame")));
    }
    for (index, suspect) in answer.suspects.iter().enumerate() {
        out.push_str(&one(index + 1, suspect));
    }
    if answer.suspects.is_empty() {
        out.push_str("\nnobody is suspected\n");
    }
    out.push_str(&super::memory::beside(&answer.similar));
    if !answer.open.is_empty() {
        out.push_str(&title("open first", ""));
        answer.open.iter().for_each(|path| out.push_str(&format!("  {path}\n")));
    }
    if !answer.missing.is_empty() {
        out.push_str(&title("what would help", ""));
        answer.missing.iter().for_each(|what| out.push_str(&format!("  {what}\n")));
    }
    out
}

fn one(rank: usize, suspect: &Suspect) -> String {
    let place = format!("{}:{}", suspect.path, suspect.line);
    let service = suspect.service.as_deref().map(|s| format!("  {}", cyan(s))).unwrap_or_default();
    let mut out = format!("\n{rank}. {}{service}  {}\n", bold(&place), dim(format!("{:.2}", suspect.score)));
    for part in &suspect.parts {
        let at = if part.at == place || part.at.is_empty() { String::new() } else { dim(format!("  {}", part.at)) };
        out.push_str(&format!("   {} {}{at}\n", yellow(format!("{:.2}", part.weight)), part.says));
    }
    suspect.code.lines().for_each(|line| out.push_str(&format!("     {}\n", dim(line))));
    for commit in &suspect.commits {
        out.push_str(&format!(
            "   {} {} {}\n",
            dim("commit"),
            dim(format!("{} {}", commit.id, commit.date)),
            commit.subject
        ));
    }
    out
}
