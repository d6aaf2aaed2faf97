//! Dotenv files. See `dotenv.md`.

use super::interpolate::{self, Dollar};
use super::secret;
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Setting, SettingScope, Span, Value};

pub static EXTRACTOR: Extractor =
    Extractor { id: "dotenv", version: 2, page: include_str!("dotenv.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    let name = file.name();
    let code = [".js", ".ts", ".py", ".rb", ".go", ".rs", ".d", ".json", ".yml", ".yaml", ".md"];
    (name == ".env" || name.starts_with(".env.") || name.ends_with(".env") || name == ".flaskenv" || name == "env")
        && !code.iter().any(|c| name.ends_with(c))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    for (key, value, at) in entries(file.text) {
        let setting = Setting {
            scope: SettingScope::Dotenv,
            value: secret::setting(&key, value),
            key: key.into(),
            profile: None,
        };
        sink.stated(Claim::Setting(setting), at);
    }
}

/// The assignments of a dotenv text, with their places.
pub fn entries(text: &str) -> Vec<(String, Value, Span)> {
    let mut out = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let trimmed = line.trim_start();
        let column = (line.len() - trimmed.len() + 1) as u32;
        let assignment = trimmed.strip_prefix("export ").map_or(trimmed, str::trim_start);
        let Some((key, raw)) = assignment.split_once('=') else {
            continue;
        };
        let key = key.trim_end();
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':')) {
            continue;
        }
        let first = index as u32 + 1;
        let mut last = first;
        let raw = raw.trim_start();
        let value = match raw.chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => {
                let mut content = raw[1..].to_owned();
                // A quoted value may go on over lines; one that is never closed ends with its line.
                while end_quote(&content, quote).is_none() {
                    let mut ahead = lines.clone();
                    let closes = ahead.by_ref().take(200).any(|(_, l)| end_quote(l, quote).is_some());
                    let Some((next, more)) = closes.then(|| lines.next()).flatten() else {
                        break;
                    };
                    content.push('\n');
                    content.push_str(more);
                    last = next as u32 + 1;
                }
                let end = end_quote(&content, quote).unwrap_or(content.len());
                let content = &content[..end];
                if quote == '"' {
                    interpolate::env(&content.replace("\\n", "\n"), Dollar::Escaped)
                } else {
                    Value::text(content)
                }
            }
            _ => interpolate::env(uncommented(raw).trim_end(), Dollar::Escaped),
        };
        out.push((key.to_owned(), value, Span { line: first, column, end_line: last }));
    }
    out
}

fn end_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote == '"' {
            escaped = true;
        } else if c == quote {
            return Some(i);
        }
    }
    None
}

/// The text before ` #`.
fn uncommented(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    text.find(" #").or_else(|| text.find("\t#")).map_or(text, |at| &text[..at])
}
