//! What policies allow, for a terminal: each counterexample as a story with the lines that let it happen.

use crate::render::ink::{bold, count, cyan, dim, title, yellow};
use seam_engine::asks::verify::Answer;
use seam_verify::model::{Checked, Counterexample};
use seam_verify::report::Fate;

/// Counterexamples that are told whole; the others by one line each.
const WHOLE: usize = 5;

pub fn section(answer: &Answer, all: bool, out: &mut String) {
    let Some(checked) = answer.model.as_ref().filter(|m| m.chains > 0) else { return };
    out.push_str(&title("model", looked(checked)));
    let (new, before): (Vec<&Counterexample>, Vec<&Counterexample>) =
        checked.counterexamples.iter().partition(|c| !c.before);
    if new.is_empty() {
        let what = if before.is_empty() { "everything holds" } else { "nothing that was not allowed before" };
        out.push_str(&format!("  \x1b[32m{what}\x1b[0m\n"));
    }
    for (at, example) in new.iter().enumerate() {
        let word = yellow(example.property.broken());
        if at >= WHOLE && !all {
            out.push_str(&format!("  {word}  {}{}\n", example.says, fate(answer, example)));
            continue;
        }
        out.push_str(&format!("  {word}  {}{}\n", bold(&example.says), fate(answer, example)));
        story(example, out);
    }
    if checked.left_out > 0 {
        out.push_str(&dim(format!("  and {} more\n", checked.left_out)));
    }
    if !before.is_empty() {
        out.push_str(&dim(format!("  {} as before the change\n", count(before.len(), "counterexample"))));
    }
    // What ends within a second delays nobody.
    let long = checked.longest.iter().filter(|l| all || l.milliseconds >= 1_000);
    for longest in long.take(if all { usize::MAX } else { 3 }) {
        let took = duration(longest.milliseconds);
        out.push_str(&dim(format!("  at worst {took}  {} ({}:{})\n", longest.says, longest.at.path, longest.at.line)));
    }
}

/// What was looked at, in words.
pub fn looked(checked: &Checked) -> String {
    let whole = match checked.open {
        0 => "every state".to_owned(),
        open => format!("not every state of {open}"),
    };
    let counted = count(checked.states, "state");
    let more = if checked.more { ", and more that were not looked at" } else { "" };
    let chains = count(checked.chains, "chain");
    format!("{chains} of retries and redeliveries{more}, {whole}: {counted}; nothing was started")
}

/// The story as lines of plain text, for every surface.
pub fn lines(example: &Counterexample) -> Vec<String> {
    let place = |at: &Option<seam_verify::model::Place>| {
        at.as_ref().map_or_else(String::new, |at| format!("  {}:{}", at.path, at.line))
    };
    let mut out = vec![format!("when {}", example.fault)];
    out.extend(example.story.iter().map(|h| format!("{:>7}  {}{}", duration(h.ms), h.says, place(&h.at))));
    out.extend(example.assumes.iter().map(|a| format!("assumed: {a}")));
    out
}

fn story(example: &Counterexample, out: &mut String) {
    out.push_str(&format!("    {} {}\n", cyan("when"), example.fault));
    for happening in &example.story {
        let at = happening.at.as_ref().map_or_else(String::new, |at| format!("  {}:{}", at.path, at.line));
        let ms = format!("{:>7}", duration(happening.ms));
        out.push_str(&format!("    {} {ms}  {}{}\n", dim("│"), happening.says, dim(at)));
    }
    for policy in example.policies.iter().filter(|p| !told(example, p)) {
        out.push_str(&dim(format!("    = {}: {}:{}\n", policy.says, policy.path, policy.line)));
    }
    for assumed in &example.assumes {
        out.push_str(&format!("    {} {assumed}\n", dim("assumed:")));
    }
}

/// A line that the story shows already.
fn told(example: &Counterexample, place: &seam_verify::model::Place) -> bool {
    let same = |at: &seam_verify::model::Place| at.path == place.path && at.line == place.line;
    example.story.iter().filter_map(|h| h.at.as_ref()).any(same)
}

/// What running made of it.
fn fate(answer: &Answer, example: &Counterexample) -> String {
    let all = answer.scenarios.iter().flat_map(|s| &s.hypotheses).filter(|h| h.finding == example.id);
    match all.map(|h| h.fate).min() {
        Some(Fate::Confirmed) => "  \x1b[31mconfirmed\x1b[0m".to_owned(),
        Some(Fate::Refuted) => "  \x1b[32mrefuted by running\x1b[0m".to_owned(),
        Some(Fate::NotReached) => dim("  not reached"),
        None => String::new(),
    }
}

fn duration(ms: u64) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { format!("{} s", (ms as f64 / 10.0).round() / 100.0) }
}
