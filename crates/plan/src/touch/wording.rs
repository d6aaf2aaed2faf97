//! Hunks that differ in words only: what is written to a log, and sentences for people.
//!
//! Invariant: nothing but what stands between quotes is different, and no other file compares anything with the older
//! words.

use super::effect::{Cx, Edited};
use super::text::Hunk;
use seam_extract::File;
use seam_extract::said::{Tone, said};
use std::collections::BTreeSet;

/// Whether a hunk differs only in what is written to a log.
pub(super) fn only_logs(path: &str, hunk: &Hunk, old: &str, new: &str) -> bool {
    if hunk.old.1 == 0 || hunk.old.1 != hunk.new.1 || seam_extract::lang::of_path(path).is_none() {
        return false;
    }
    let lines = |text: &str, (from, count): (u32, u32)| -> Vec<String> {
        text.lines().skip(from as usize - 1).take(count as usize).map(bare).collect()
    };
    if lines(old, hunk.old) != lines(new, hunk.new) {
        return false;
    }
    let logged = |text: &str, (from, count): (u32, u32)| {
        let sayings = said(&File { path, text }).sayings;
        let holds = |line: u32| sayings.iter().any(|s| matches!(s.tone, Tone::Log(_)) && s.at.covers(line));
        (from..from + count).all(holds)
    };
    // The same call on both sides: one may be too short to be told as a text.
    logged(old, hunk.old) || logged(new, hunk.new)
}

/// A line without what stands between quotes.
fn bare(line: &str) -> String {
    let (mut out, mut quote) = (String::new(), None);
    for c in line.chars() {
        match quote {
            Some(q) if c == q => {
                quote = None;
                out.push(c);
            }
            // What is put into the text is code.
            Some(_) if c == '{' || c == '}' || c == '$' || c == '%' => out.push(c),
            Some(_) => {}
            None => {
                out.push(c);
                if matches!(c, '"' | '\'' | '`') {
                    quote = Some(c);
                }
            }
        }
    }
    out
}

/// Whether only sentences for people differ, which nobody compares.
pub(super) fn only_texts(cx: &Cx<'_>, edited: &Edited, hunk: &Hunk) -> bool {
    let (Some(old), Some(new)) = (&edited.before, &edited.after) else { return false };
    if hunk.old.1 == 0 || hunk.old.1 != hunk.new.1 || seam_extract::lang::of_path(&edited.path).is_none() {
        return false;
    }
    let lines = |text: &'_ str, (from, count): (u32, u32)| -> Vec<String> {
        text.lines().skip(from as usize - 1).take(count as usize).map(ToOwned::to_owned).collect()
    };
    let (before, after) = (lines(old, hunk.old), lines(new, hunk.new));
    if before.iter().map(|l| bare(l)).ne(after.iter().map(|l| bare(l))) {
        return false;
    }
    let mut starts = Vec::new();
    for (was, is) in before.iter().zip(&after) {
        let (was, is) = (quoted(was), quoted(is));
        for ((label, old), (_, new)) in was.iter().zip(&is).filter(|((_, a), (_, b))| a != b) {
            let shown = sentence(old) || LABELS.contains(&label.as_str()) && plain(old);
            if !(shown && plain(new)) {
                return false;
            }
            starts.push(old.split_whitespace().take(3).collect::<Vec<_>>().join(" "));
        }
    }
    !starts.is_empty() && !compared(cx, &edited.path, &starts)
}

/// What stands before a text that is shown, and never compared.
const LABELS: [&str; 6] = ["title", "summary", "description", "help", "usage", "doc"];

/// The texts between quotes of a line, each with the name before it.
fn quoted(line: &str) -> Vec<(String, String)> {
    let (mut out, mut text, mut quote) = (Vec::new(), String::new(), None);
    let (mut label, mut last) = (String::new(), ' ');
    for c in line.chars() {
        match quote {
            Some(q) if c == q => {
                out.push((std::mem::take(&mut label), std::mem::take(&mut text)));
                quote = None;
            }
            Some(_) => text.push(c),
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if c.is_alphanumeric() || c == '_' => {
                if !last.is_alphanumeric() && last != '_' {
                    label.clear();
                }
                label.push(c.to_ascii_lowercase());
            }
            // `title = "…"`, `title: "…"`, `.title("…")`.
            None if matches!(c, '=' | ':' | '(' | ' ') => {}
            None => label.clear(),
        }
        last = c;
    }
    out
}

/// Words with blanks between them and nothing that a program reads: no path, no statement, no holes.
fn plain(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    let statement = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "WITH", "MATCH", "SET", "GET"];
    text.chars().any(char::is_alphabetic)
        && !text.contains(['{', '}', '%', '$', '<', '>', '/', '=', '\\', ';', '|', '@', '#', '_', '*'])
        && !statement.contains(&first.as_str())
}

fn sentence(text: &str) -> bool {
    plain(text) && text.split_whitespace().filter(|w| w.chars().any(char::is_alphabetic)).count() > 2
}

/// Whether a line of code compares what it spells with something.
fn compares(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    [
        "==",
        "!=",
        " in ",
        "assert",
        "expect",
        "contain",
        "equal",
        "includes",
        "match",
        "startswith",
        "should",
        "indexof",
        "case ",
    ]
    .iter()
    .any(|w| lower.contains(w))
}

fn compared(cx: &Cx<'_>, path: &str, starts: &[String]) -> bool {
    let nodes = 0..cx.old.graph.nodes.len();
    let files: BTreeSet<&str> =
        nodes.flat_map(|n| cx.old.files(n)).map(|f| f.as_str()).filter(|f| *f != path).collect();
    let found =
        |text: &str, start: &str| text.contains(start) && text.lines().any(|l| l.contains(start) && compares(l));
    files.into_iter().any(|file| (cx.old.text)(file).is_some_and(|text| starts.iter().any(|s| found(&text, s))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::touch::text::hunks;

    #[test]
    fn a_log_s_text_is_told_from_what_it_is_given() {
        let check = |old: &str, new: &str, only: bool| {
            let found = hunks(old, new);
            assert_eq!(only_logs("a.py", &found[0], old, new), only, "{old} {new}");
        };
        let log = |text: &str| format!("import logging\ndef f(x):\n    logging.info({text})\n    return x\n");
        check(&log("'order was placed'"), &log("'an order has come'"), true);
        check(&log("'order was placed', x"), &log("'order was placed', x + 1"), false);
        check("def f():\n    return 'a'\n", "def f():\n    return 'b'\n", false);
    }

    #[test]
    fn sentences_are_told_from_what_programs_read() {
        for (text, is) in [
            ("Welcome to the shop", true),
            ("In Progress", false),
            ("SELECT name FROM orders", false),
            ("orders of {user} are", false),
            ("text/html is given", false),
        ] {
            assert_eq!(sentence(text), is, "{text}");
        }
        assert_eq!(quoted("FastAPI(title=\"Search Service\", x='a')")[0], ("title".into(), "Search Service".into()));
    }
}
