//! What is remembered, for people: hits with reasons, lists, one entry, what was kept.

use super::ink::{bold, count, cyan, dim, pad, short, title, widest, yellow};
use seam_engine::asks::{memories, recall, record};
use seam_engine::memory::{Remembered, Similar};

pub fn recall(answer: &recall::Answer) -> String {
    let mut out = format!("{}  {}", bold("recall"), count(answer.hits.len(), "memory"));
    out.push_str(&format!(" of {}\n", answer.memories));
    if !answer.understood.is_empty() {
        let shown: Vec<&str> = answer.understood.iter().take(8).map(String::as_str).collect();
        out.push_str(&format!("{}\n", dim(format!("about  {}", shown.join(" · ")))));
    }
    if answer.memories == 0 {
        out.push_str("\nnothing is remembered yet: `seam learn incident` records one\n");
    } else if answer.hits.is_empty() {
        out.push_str("\nnothing that is remembered is like this\n");
    }
    for (index, hit) in answer.hits.iter().enumerate() {
        out.push_str(&similar(index + 1, hit));
    }
    problems(&answer.problems, &mut out);
    out
}

pub fn similar(rank: usize, hit: &Similar) -> String {
    let head = [hit.date.get(..10).unwrap_or(&hit.date), hit.kind.as_str()].join(" ");
    let mut out = format!("\n{rank}. {}  {}\n", bold(&hit.title), dim(head.trim()));
    for reason in hit.reasons.iter().take(4) {
        out.push_str(&format!("   {} {}\n", dim(format!("{:.2}", reason.weight)), reason.says));
    }
    let fault = hit.fault.as_deref().map(|f| format!("  {}", yellow(f))).unwrap_or_default();
    if !hit.cause.is_empty() {
        let cause: Vec<String> = hit.cause.iter().take(4).map(cyan).collect();
        out.push_str(&format!("   {} {}{fault}\n", dim("at fault"), cause.join(", ")));
    }
    for (what, says) in [("why", &hit.says), ("fix", &hit.fix), ("would have caught it", &hit.caught)] {
        if let Some(says) = says {
            out.push_str(&format!("   {} {}\n", dim(what), short(&says.replace('\n', " "), 240)));
        }
    }
    if let Some(commit) = &hit.commit {
        out.push_str(&format!("   {} {commit}\n", dim("commit")));
    }
    out.push_str(&format!("   {}\n", dim(&hit.path)));
    out
}

/// Incidents that are like an answer, below it.
pub fn beside(similar: &[Similar]) -> String {
    if similar.is_empty() {
        return String::new();
    }
    let mut out = title("seen before", "`seam learn show MEMORY` has all of it");
    for hit in similar {
        let why = hit.reasons.first().map(|r| r.says.as_str()).unwrap_or_default();
        out.push_str(&format!("  {}  {}\n", bold(&hit.title), dim(&hit.id)));
        out.push_str(&format!("    {} {why}\n", dim("like it:")));
        for (what, says) in [("fix:", &hit.fix), ("caught by:", &hit.caught)] {
            if let Some(says) = says {
                out.push_str(&format!("    {} {}\n", dim(what), short(&says.replace('\n', " "), 160)));
            }
        }
    }
    out
}

/// What memory did to a rank.
pub fn remembered(all: &[Remembered], indent: &str) -> String {
    let line = |r: &Remembered| {
        let by = r.by.map(|by| format!(" {by:+.2}")).unwrap_or_default();
        format!("{indent}{}{by} {}  {}\n", dim("memory"), r.says, dim(&r.memory))
    };
    all.iter().map(line).collect()
}

pub fn list(answer: &memories::Answer) -> String {
    let mut out = format!("{}  {}", bold("memory"), count(answer.memories.len() + answer.left_out, "entry"));
    if answer.fallen > 0 {
        out.push_str(&dim(format!(", {} retracted or replaced (`--all`)", answer.fallen)));
    }
    out.push('\n');
    if answer.memories.is_empty() && answer.fallen == 0 {
        out.push_str("\nnothing is remembered yet: `seam learn incident` records one\n");
    }
    let width = widest(answer.memories.iter().map(|m| m.kind.as_str()), 12);
    for memory in &answer.memories {
        let date = memory.date.get(..10).unwrap_or("undated   ");
        let fault = memory.fault.as_deref().or(memory.rule.as_deref()).unwrap_or_default();
        out.push_str(&format!("\n{date}  {}  {}", pad(&memory.kind, width), bold(&memory.title)));
        if !fault.is_empty() && !memory.title.contains(fault) {
            out.push_str(&format!("  {}", yellow(fault)));
        }
        out.push_str(&format!("\n  {}\n", dim(&memory.id)));
        if let Some(fell) = &memory.fell {
            out.push_str(&format!("  {fell}\n"));
        }
    }
    if answer.left_out > 0 {
        out.push_str(&format!("\n{} more: raise `--limit`\n", answer.left_out));
    }
    problems(&answer.problems, &mut out);
    out
}

pub fn show(answer: &memories::Answer) -> String {
    let mut out = String::new();
    for memory in &answer.memories {
        out.push_str(&format!("{}\n", dim(&memory.path)));
        if let Some(fell) = &memory.fell {
            out.push_str(&format!("{}\n", yellow(fell)));
        }
        out.push_str(&format!("\n{}", memory.text.as_deref().unwrap_or_default()));
    }
    out
}

/// What was kept, or would be.
pub fn kept(answer: &record::Answer, dry: bool) -> String {
    let mut out = match (dry, answer.known) {
        (true, _) => format!("{}\n{}\n", dim(format!("would be kept as `{}`", answer.path)), answer.text),
        (false, true) => format!("the very same is remembered already: `{}`\n", answer.path),
        (false, false) => format!("kept as `{}`\n", answer.path),
    };
    if !answer.masked.is_empty() {
        out.push_str(&format!("masked: {}\n", answer.masked.join(", ")));
    }
    for missing in &answer.missing {
        out.push_str(&format!("{} {missing}\n", yellow("note")));
    }
    out.push_str(&beside(&answer.similar));
    out
}

fn problems(problems: &[String], out: &mut String) {
    if !problems.is_empty() {
        out.push_str(&title("not as it should be", ""));
        problems.iter().for_each(|p| out.push_str(&format!("  {p}\n")));
    }
}
