//! Makefiles: variables, what is exported, and the commands of recipes.

use super::eval::{Shell, is_name};
use seam_facts::{Span, Value};

/// Targets whose commands are a check of the code, not a deployment.
const CHECKS: [&str; 8] = ["test", "tests", "lint", "e2e", "bench", "coverage", "integration", "clean"];

pub(super) fn read(text: &str, shell: &mut Shell<'_>) {
    let lines = joined(text);
    // A variable may stand below the one that uses it.
    for _ in 0..2 {
        for (_, line) in &lines {
            if let Some(set) = variable(line) {
                let value = shell.text(&plain(set.value));
                if !set.weak || shell.known(set.name).is_none() {
                    shell.set(set.name, value);
                }
            }
        }
    }
    let mut checks = false;
    for (number, line) in &lines {
        let at = Span::at(*number, 1);
        if let Some(recipe) = line.strip_prefix('\t') {
            if !checks {
                let command = plain(recipe.trim_start().trim_start_matches(['@', '-', '+']));
                // Each line of a recipe is a shell of its own.
                shell.at = Some(shell.root.clone());
                let exports = std::mem::replace(&mut shell.exports, false);
                shell.read(&command, number - 1);
                shell.exports = exports;
            }
        } else if let Some(set) = variable(line) {
            if set.exported
                && let Some(value) = shell.known(set.name).cloned()
            {
                shell.export(set.name, value, at);
            }
        } else if let Some(names) = line.strip_prefix("export ") {
            for name in names.split_whitespace().filter(|n| is_name(n)) {
                if let Some(value) = shell.known(name).cloned() {
                    shell.export(name, value, at);
                }
            }
        } else if let Some(files) = line.trim_start_matches('-').strip_prefix("include ") {
            for file in files.split_whitespace() {
                if let Some(path) = shell.path(&Value::text(file)) {
                    shell.found.include(path, at);
                }
            }
        } else if let Some((targets, _)) = line.split_once(':') {
            let check = |t: &str| t.split(['-', '_', '/', '.', ':']).any(|word| CHECKS.contains(&word));
            checks = !targets.trim().is_empty() && targets.split_whitespace().all(check);
        }
    }
}

struct Set<'a> {
    name: &'a str,
    value: &'a str,
    exported: bool,
    weak: bool,
}

/// `NAME = value` and its kin, with `export` before it or not.
fn variable(line: &str) -> Option<Set<'_>> {
    if line.starts_with(['\t', '#']) {
        return None;
    }
    let rest = line.trim_start();
    let exported = rest.strip_prefix("export ");
    let rest = exported.or_else(|| rest.strip_prefix("override ")).unwrap_or(rest);
    let (name, value) = rest.split_once('=')?;
    let weak = name.ends_with('?');
    let name = name.trim_end_matches(['?', ':', '+', '!']).trim();
    let value = value.split(" #").next().unwrap_or(value).trim();
    is_name(name).then_some(Set { name, value, exported: exported.is_some(), weak })
}

/// Make's way to write variables as the shell's.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let from = &rest[at + 1..];
        if let Some(after) = from.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inner) = from.strip_prefix(['(', '{']) {
            let close = if from.starts_with('(') { ')' } else { '}' };
            let Some(end) = closing(inner, close) else { break };
            let name = inner[..end].trim();
            if name == "CURDIR" {
                out.push('.');
            } else if let Some(command) = name.strip_prefix("shell ") {
                out.push_str(&format!("$({})", plain(command)));
            } else if is_name(name) {
                out.push_str(&format!("${{{name}}}"));
            } else {
                out.push_str("${MAKE_EXPRESSION}");
            }
            rest = &inner[end + 1..];
        } else {
            // `$@`, `$<`: what the rule is about.
            out.push_str("${MAKE_TARGET}");
            let mut chars = from.chars();
            chars.next();
            rest = chars.as_str();
        }
    }
    out.push_str(rest);
    out
}

fn closing(text: &str, close: char) -> Option<usize> {
    let open = if close == ')' { '(' } else { '{' };
    let mut depth = 1;
    for (i, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(i);
            }
        }
    }
    None
}

/// Lines with those that go on, and their numbers. The breaks stay as blanks.
fn joined(text: &str) -> Vec<(u32, String)> {
    let mut out: Vec<(u32, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let goes_on = line.ends_with('\\');
        let body = line.strip_suffix('\\').unwrap_or(line);
        match out.last_mut().filter(|_| open) {
            // The break is kept for the shell, so that lines are counted.
            Some((_, last)) if last.starts_with('\t') => last.push_str(&format!("\\\n{}", body.trim_start())),
            Some((_, last)) => last.push_str(&format!(" {}", body.trim_start())),
            None => out.push((index as u32 + 1, body.to_owned())),
        }
        open = goes_on;
    }
    out
}
