//! Dockerfiles and Containerfiles. See `docker.md`.

use super::interpolate::{self, Dollar};
use super::stages::{self, Stage, unique};
use super::{programs, secret, words};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Build, Call, Claim, Protocol, Setting, SettingScope, SmolStr, Span, Value};
use std::collections::BTreeMap;

pub static EXTRACTOR: Extractor =
    Extractor { id: "dockerfile", version: 3, page: include_str!("docker.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    let name = file.name().to_ascii_lowercase();
    if name.ends_with(".dockerignore") || name.ends_with(".md") {
        return false;
    }
    // `Dockerfile`, `Dockerfile.dev`, `Dockerfile-worker`, `Dockerfile_worker`, and the other way round.
    ["dockerfile", "containerfile"].iter().any(|kind| {
        let apart = |c: Option<char>| matches!(c, None | Some('.' | '-' | '_'));
        name.strip_prefix(kind).is_some_and(|rest| apart(rest.chars().next()))
            || name.strip_suffix(kind).is_some_and(|rest| apart(rest.chars().last()))
    })
}

/// Longer values are not put into others: each may name one twice, and so on.
const MAX_KNOWN: usize = 400;

/// One instruction, its continued lines joined.
struct Instruction {
    word: String,
    rest: String,
    at: Span,
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let mut build = Build::default();
    let mut at = None;
    let mut stages: Vec<Stage> = Vec::new();
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    let lines: Vec<&str> = file.text.lines().collect();
    for instruction in instructions(file.text) {
        let Instruction { word, rest, at: here } = &instruction;
        let fill = |text: &str| {
            interpolate::holes(text, Dollar::Escaped, &|name, default| {
                Value::env(name, known.get(name).cloned().or(default))
            })
        };
        match word.as_str() {
            "FROM" => {
                at = at.or(Some(*here));
                let parts: Vec<&str> = rest.split_whitespace().filter(|p| !p.starts_with("--")).collect();
                let Some(image) = parts.first() else {
                    continue;
                };
                let before = stages::named(&stages, image).filter(|_| image.parse::<usize>().is_err());
                let own = (before.is_none() && *image != "scratch").then(|| fill(image));
                build.bases.extend(own.clone());
                let name = match parts.get(1) {
                    Some(word) if word.eq_ignore_ascii_case("as") => parts.get(2).copied().unwrap_or(""),
                    _ => "",
                };
                stages.push(Stage::new(name, own, before, &stages, *here));
            }
            "WORKDIR" => {
                if let Some(stage) = stages.last_mut() {
                    stage.enter(rest);
                }
            }
            "COPY" | "ADD" => {
                let Some((from, sources, to)) = copies(rest) else { continue };
                if from.is_none() {
                    build.copies.extend(sources.iter().map(SmolStr::from));
                }
                if let Some((stage, before)) = stages.split_last_mut() {
                    stage.copy(from.as_deref(), &sources, &to, before);
                }
            }
            "RUN" => {
                bound(rest, &mut build.copies);
                let mut made = Vec::new();
                programs::built(rest, &mut made);
                build.programs.extend(made.iter().cloned());
                if let Some(stage) = stages.last_mut() {
                    stage.programs.extend(made);
                }
            }
            "EXPOSE" => {
                if let Some(stage) = stages.last_mut() {
                    stage.exposes.extend(rest.split_whitespace().map(|p| fill(p.split('/').next().unwrap_or(p))));
                }
            }
            "ENTRYPOINT" | "CMD" => {
                let command = run(rest, &fill).map(secret::clean);
                if let Some((client, target)) = command.as_ref().and_then(words::requested) {
                    let call = Call::to(Protocol::Http, client, target, SmolStr::default());
                    sink.stated(Claim::Call(call), *here);
                }
                if let Some(stage) = stages.last_mut() {
                    if word == "ENTRYPOINT" {
                        // A new entry point forgets the command that came with the base.
                        stage.entrypoint = command;
                        stage.command = None;
                    } else {
                        stage.command = command;
                    }
                }
            }
            "ENV" | "ARG" => {
                // Variables of the same instruction do not see each other.
                let set: Vec<(String, Value)> = assignments(rest, word == "ENV")
                    .into_iter()
                    .map(|(key, value)| {
                        let value = secret::setting(&key, fill(&value));
                        (key, value)
                    })
                    .collect();
                for (key, value) in set {
                    let setting = Setting {
                        scope: SettingScope::Image,
                        key: key.as_str().into(),
                        value: value.clone(),
                        profile: None,
                    };
                    sink.stated(Claim::Setting(setting), line_of(&key, &lines, *here));
                    if value.to_string().len() < MAX_KNOWN {
                        known.insert(key, value);
                    } else {
                        known.remove(&key);
                    }
                }
            }
            _ => {}
        }
    }
    let (Some(at), Some(last)) = (at, stages.last()) else {
        return;
    };
    build.exposes = last.exposes.clone();
    build.command = words::join(last.entrypoint.clone().into_iter().chain(last.command.clone()));
    build.copies = unique(build.copies);
    build.programs = unique(build.programs);
    sink.stated(Claim::Build(build), at);
    for (stage, at) in stages::others(&stages) {
        sink.stated(Claim::Build(stage), at);
    }
}

/// The line of an instruction that goes on over several on which `key=` stands.
fn line_of(key: &str, lines: &[&str], at: Span) -> Span {
    let named =
        |line: &str| line.split_whitespace().any(|w| w.strip_prefix(key).is_some_and(|rest| rest.starts_with('=')));
    let first = at.line as usize - 1;
    let found = lines.iter().enumerate().take(at.end_line as usize).skip(first).find(|(_, line)| named(line));
    match found {
        Some((index, line)) if index > first => {
            Span::at(index as u32 + 1, (line.len() - line.trim_start().len() + 1) as u32)
        }
        _ => Span { end_line: at.line, ..at },
    }
}

fn instructions(text: &str) -> Vec<Instruction> {
    let mut out: Vec<Instruction> = Vec::new();
    let escape = match text.lines().take(5).any(|l| l.replace(' ', "").eq_ignore_ascii_case("#escape=`")) {
        true => '`',
        false => '\\',
    };
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (word, rest) = trimmed.split_once(|c: char| c.is_whitespace()).unwrap_or((trimmed, ""));
        let column = (line.len() - line.trim_start().len() + 1) as u32;
        let mut last = index;
        let mut joined = rest.trim().to_owned();
        while joined.ends_with(escape) {
            joined.pop();
            let Some((next, more)) = lines.next() else {
                break;
            };
            last = next;
            let more = more.trim();
            if more.is_empty() || more.starts_with('#') {
                joined.push(escape);
                continue;
            }
            if !joined.ends_with(' ') {
                joined.push(' ');
            }
            joined.push_str(more);
        }
        let word = word.to_ascii_uppercase();
        if matches!(word.as_str(), "RUN" | "COPY" | "ADD")
            && let Some(end) = heredoc(&joined)
        {
            for (next, line) in lines.by_ref() {
                last = next;
                if line.trim() == end {
                    break;
                }
            }
        }
        let at = Span { line: index as u32 + 1, column, end_line: last as u32 + 1 };
        out.push(Instruction { word, rest: joined, at });
    }
    out
}

/// The word that ends a here-document.
fn heredoc(text: &str) -> Option<String> {
    let after = &text[text.find("<<")? + 2..];
    let word = after.trim_start_matches('-').trim_start_matches(['"', '\'']);
    let word: String = word.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

/// What an instruction copies: from which stage or image, what, and where to.
fn copies(rest: &str) -> Option<(Option<String>, Vec<String>, String)> {
    if rest.contains("<<") {
        return None;
    }
    let options = rest.split_whitespace().take_while(|w| w.starts_with("--"));
    let from = options.filter_map(|w| w.strip_prefix("--from=")).next().map(str::to_owned);
    let words: Vec<String> = match list(rest) {
        Some(words) => words,
        None => rest.split_whitespace().filter(|w| !w.starts_with("--")).map(str::to_owned).collect(),
    };
    let (to, sources) = words.split_last()?;
    Some((from, sources.iter().filter(|s| !s.contains("://")).cloned().collect(), to.clone()))
}

/// Sources that a `RUN` sees without copying them.
fn bound(rest: &str, out: &mut Vec<SmolStr>) {
    for option in rest.split_whitespace().take_while(|w| w.starts_with("--")) {
        let Some(mount) = option.strip_prefix("--mount=") else {
            continue;
        };
        let field = |names: [&str; 2]| {
            mount.split(',').find_map(|f| f.split_once('=').filter(|(k, _)| names.contains(k)).map(|(_, v)| v))
        };
        if field(["type", "type"]) == Some("bind")
            && field(["from", "from"]).is_none()
            && let Some(source) = field(["source", "src"])
        {
            out.push(source.into());
        }
    }
}

/// A command in exec form (`["a", "b"]`) or as the shell gets it.
fn run(rest: &str, fill: &dyn Fn(&str) -> Value) -> Option<Value> {
    match list(rest) {
        // Without a shell nothing is expanded.
        Some(words) => words::join(words.into_iter().map(Value::text)),
        None if rest.is_empty() => None,
        None => Some(fill(rest)),
    }
}

/// The words of a JSON list.
fn list(rest: &str) -> Option<Vec<String>> {
    let inner = rest.trim().strip_prefix('[')?.strip_suffix(']')?;
    let mut out = Vec::new();
    let mut chars = inner.chars();
    let mut word: Option<String> = None;
    while let Some(c) = chars.next() {
        match (&mut word, c) {
            (None, '"') => word = Some(String::new()),
            (None, ',') => {}
            (None, c) if c.is_whitespace() => {}
            (None, _) => return None,
            (Some(w), '\\') => w.extend(chars.next()),
            (Some(_), '"') => out.extend(word.take()),
            (Some(w), c) => w.push(c),
        }
    }
    Some(out)
}

/// `K=V K2="V 2"`, or `K rest of the line` where that is allowed.
fn assignments(rest: &str, blank_form: bool) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let words = shell_words(rest);
    if blank_form && words.first().is_some_and(|w| !w.contains('=')) {
        if let Some((key, value)) = rest.split_once(char::is_whitespace) {
            let value = value.trim();
            let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
            out.push((key.to_owned(), inner.to_owned()));
        }
        return out;
    }
    out.extend(words.iter().filter_map(|w| w.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())));
    out
}

/// Words as a shell splits them, quotes removed.
fn shell_words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match quote {
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(q) if c == q => quote = None,
            _ if c == '\\' && quote != Some('\'') => match chars.next() {
                Some('$') => word.push_str("\\$"),
                Some(next) => word.push(next),
                None => {}
            },
            _ => word.push(c),
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}
