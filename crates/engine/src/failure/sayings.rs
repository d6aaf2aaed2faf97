//! Which statement of the workspace's code wrote a message: the literal stretches of its template stand in the message, in
//! their order, with values in between.
//!
//! Two steps, so that a question does not lower every file: pairs of neighbouring words of the message pick the files, and
//! only their statements are tried.

use super::logs::Line;
use super::places::Sources;
use crate::context::plain_words;
use regex::Regex;
use seam_extract::said::{Level, Saying, Tone};
use seam_facts::SmolStr;
use std::collections::{BTreeSet, HashSet};
use std::sync::LazyLock;

/// A statement that may have written a part of a line.
#[derive(Clone, Debug)]
pub(crate) struct Match {
    pub path: SmolStr,
    pub saying: Saying,
    /// Index of the line of the error.
    pub line: usize,
    /// Where in the line: bytes.
    pub span: (usize, usize),
    /// Letters of the template that stand there.
    pub letters: usize,
    /// How much it speaks for this statement: 1 for a whole raised message that nobody else has.
    pub weight: f64,
}

/// More files are not read for one question.
const FILES: usize = 80;
/// A template with fewer letters could stand anywhere.
const LETTERS: usize = 8;

/// Statements by line, and where their text begins in it. `ours`: whether a file belongs to who said the line.
pub(crate) fn matches(sources: &Sources<'_>, lines: &[Line], ours: &dyn Fn(usize, &str) -> bool) -> Vec<Match> {
    let mut out = Vec::new();
    for path in candidates(sources, lines) {
        let read = sources.said(&path);
        for saying in &read.0.sayings {
            for (index, line) in lines.iter().enumerate().filter(|(_, l)| l.text.len() < 8_000) {
                if let Some((span, letters)) = fits(saying, &line.text) {
                    let weight = strength(saying, letters, is_whole(&line.text, span));
                    out.push(Match { path: path.clone(), saying: saying.clone(), line: index, span, letters, weight });
                }
            }
        }
    }
    told_apart(out, ours)
}

/// A message that stands under a name: in a catalogue of messages, in a constant.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub name: String,
    pub path: SmolStr,
    pub line: u32,
    pub template: String,
    pub weight: f64,
}

/// The constants and catalogue entries whose texts stand in the lines.
pub(crate) fn named(sources: &Sources<'_>, lines: &[Line], found: &[Match]) -> Vec<Named> {
    let mut out = Vec::new();
    for m in found.iter().filter(|m| m.weight > 0.25) {
        let read = sources.said(&m.path);
        let line = read.1.lines().nth(m.saying.at.line as usize - 1).unwrap_or_default();
        let first = m.saying.pieces.iter().find(|p| p.trim().len() > 3).map_or("", |p| p.trim());
        let before = line.split_once(first).map_or("", |(before, _)| before);
        if let Some(f) = NAME.as_ref().and_then(|re| re.captures(before)) {
            let name = f.get(1).or_else(|| f.get(2)).map_or(String::new(), |n| n.as_str().to_owned());
            // `message:` and `detail =` are no names of their own.
            if !name.contains('_') && !name.contains(|c: char| c.is_uppercase()) {
                continue;
            }
            out.push(Named {
                name,
                path: m.path.clone(),
                line: m.saying.at.line,
                template: m.saying.template(),
                weight: m.weight,
            });
        }
    }
    let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).filter(|t| t.len() < 8_000).collect();
    for (path, _) in sources.snapshot.base().files().filter(|(p, _)| is_catalogue(p)) {
        let Some(text) = sources.snapshot.texts().read(path).filter(|t| t.len() < 400_000) else { continue };
        for (number, line) in text.lines().enumerate() {
            let Some(f) = ENTRY.as_ref().and_then(|re| re.captures(line)) else { continue };
            let template = f.get(2).map_or("", |m| m.as_str()).trim().trim_end_matches([',', '"', '\'']).trim();
            let saying = Saying {
                tone: Tone::Raised,
                pieces: pieces(template),
                within: SmolStr::default(),
                through: SmolStr::default(),
                at: seam_facts::Span::default(),
            };
            let fit = texts.iter().find_map(|t| fits(&saying, t).filter(|(_, letters)| *letters >= LETTERS));
            if let Some((_, letters)) = fit {
                out.push(Named {
                    name: f.get(1).map_or(String::new(), |m| m.as_str().to_owned()),
                    path: path.clone(),
                    line: number as u32 + 1,
                    template: template.to_owned(),
                    weight: strength(&saying, letters, false),
                });
            }
        }
    }
    out.truncate(12);
    out
}

/// `NAME = "`, `name: "`, `NAME("` of an enumeration.
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = r#"(?:\b([A-Za-z_]\w{3,})['"]?\s*(?::\s*\w+\s*)?(?::?=|:)|\b([A-Z][A-Z0-9_]{3,})\()"#;
    Regex::new(&format!(r#"{names}\s*(?:[\w.]+\()?['"`]?$"#)).ok()
});
static ENTRY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^\s*["']?([A-Za-z][\w.-]{3,})["']?\s*[:=]\s*["']?(.*[A-Za-z]{3,}\s.*)$"#).ok());

/// Files in which texts stand under keys.
fn is_catalogue(path: &str) -> bool {
    let lower = path.to_lowercase();
    let ends = [".properties", ".json", ".yaml", ".yml", ".resx", ".po", ".ini"].iter().any(|e| lower.ends_with(e));
    ends && ["message", "i18n", "locale", "lang", "error", "resource", "translation"].iter().any(|w| lower.contains(w))
}

/// A text with its placeholders taken out.
fn pieces(text: &str) -> Vec<SmolStr> {
    static HOLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\{[^{}]{0,30}\}|%[sdv]|\$\{[^}]*\}").ok());
    match HOLE.as_ref() {
        Some(re) => re.split(text).map(SmolStr::from).collect(),
        None => vec![text.into()],
    }
}

/// The files that have the most pairs of neighbouring words of the message.
fn candidates(sources: &Sources<'_>, lines: &[Line]) -> Vec<SmolStr> {
    let mut pairs: HashSet<(String, String)> = HashSet::new();
    let mut short: BTreeSet<String> = BTreeSet::new();
    for line in lines {
        let words = plain_words(&line.text);
        pairs.extend(words.windows(2).map(|w| (w[0].clone(), w[1].clone())));
        // What stands at a chain's end may be one word only.
        for segment in line.text.split([':', '"', '=', '\'']).map(str::trim) {
            if segment.len() > 3
                && plain_words(segment).len() == 1
                && segment.chars().all(|c| c.is_alphanumeric() || c == '_')
            {
                short.insert(segment.to_owned());
            }
        }
    }
    let mut found: Vec<(usize, &SmolStr)> = Vec::new();
    for (path, _) in sources.snapshot.base().files() {
        if sources.uses(path).is_none() {
            continue;
        }
        let Some(text) = sources.snapshot.texts().read(path) else { continue };
        let mut hits: HashSet<(String, String)> = HashSet::new();
        let mut single = 0;
        for line in text.lines().filter(|l| l.len() < 600 && l.contains(['"', '\'', '`', '<', '{'])) {
            let words = plain_words(line);
            for pair in words.windows(2) {
                let pair = (pair[0].clone(), pair[1].clone());
                if pairs.contains(&pair) {
                    hits.insert(pair);
                }
            }
            single +=
                short.iter().filter(|w| line.contains(&format!("\"{w}\"")) || line.contains(&format!("'{w}'"))).count();
        }
        if hits.len() + single > 0 {
            found.push((hits.len() * 2 + single, path));
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    found.into_iter().take(FILES).map(|(_, path)| path.clone()).collect()
}

/// What standards and libraries say of themselves; whoever writes it did not write this one.
const COMMON: &[&str] = &[
    "Internal Server Error",
    "Not Found",
    "Bad Request",
    "Unauthorized",
    "Forbidden",
    "Service Unavailable",
    "Bad Gateway",
    "Gateway Timeout",
    "Connection refused",
    "Internal error",
    "Unprocessable Entity",
    "Method Not Allowed",
    "Too Many Requests",
    "Request failed",
    "Unknown error",
    "Something went wrong",
    "not found",
    "Access Denied",
    "Request Timeout",
    "timed out",
];

/// Where a template stands in a line, and how many of its letters.
fn fits(saying: &Saying, line: &str) -> Option<((usize, usize), usize)> {
    let pieces: Vec<&str> = saying.pieces.iter().map(|p| p.trim()).filter(|p| !p.is_empty()).collect();
    let letters: usize = pieces.iter().flat_map(|p| p.chars()).filter(|c| c.is_alphanumeric()).count();
    if let [only] = pieces.as_slice()
        && COMMON.iter().any(|c| c.eq_ignore_ascii_case(only))
    {
        return None;
    }
    // A short message has to be all of what is said between two marks.
    let short = letters < LETTERS;
    if short && (saying.tone == Tone::Plain || pieces.len() > 1) {
        return None;
    }
    // A template of crumbs fits everything.
    if !pieces.iter().any(|p| p.chars().filter(|c| c.is_alphabetic()).count() >= if short { 4 } else { 5 }) {
        return None;
    }
    let (mut from, mut start, mut end) = (0, None, 0);
    for piece in &pieces {
        // Messages over several lines are matched by their first one that says anything.
        let piece = piece.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or(piece);
        let at = line.get(from..)?.find(piece)? + from;
        if short {
            // All of what is said between two marks, at the end of what is said.
            let before = line[..at].trim_end().chars().next_back();
            let after = line[at + piece.len()..].chars().next();
            if !before.is_none_or(|c| matches!(c, ':' | '"' | '\'' | '=' | '`'))
                || !after.is_none_or(|c| matches!(c, '"' | '\'' | '`' | '}' | ',' | ';'))
            {
                return None;
            }
        }
        start.get_or_insert(at);
        from = at + piece.len();
        end = from;
    }
    Some(((start?, end), letters))
}

/// A raised message says more than a log of it, a long one more than a short one, a whole one more than a part.
fn strength(saying: &Saying, letters: usize, whole: bool) -> f64 {
    let length = (letters as f64 / 24.0).min(1.0).powf(0.7) * if whole { 1.3 } else { 1.0 };
    let tone = match saying.tone {
        Tone::Raised => 1.0,
        Tone::Log(Level::Error | Level::Warn) => 0.8,
        Tone::Log(Level::Unknown) => 0.7,
        Tone::Log(Level::Info | Level::Debug | Level::Trace) => 0.55,
        Tone::Plain => 0.65,
    };
    tone * length.min(1.0)
}

/// Whether what stands in the line is bounded by marks on both sides.
fn is_whole(line: &str, span: (usize, usize)) -> bool {
    let mark = |c: Option<char>| {
        c.is_none_or(|c| {
            matches!(c, ':' | '"' | '\'' | '=' | '`' | '[' | ']' | '(' | ')' | '{' | '}' | ',' | '.' | '|')
        })
    };
    mark(line[..span.0].trim_end().chars().next_back()) && mark(line[span.1..].trim_start().chars().next())
}

/// Of what stands at the same place the longest counts; what several files say alike counts less, whoever said the line first;
/// in a chain of messages the last one is where it began.
fn told_apart(mut found: Vec<Match>, ours: &dyn Fn(usize, &str) -> bool) -> Vec<Match> {
    found.sort_by(|a, b| {
        (a.line, a.span.0, std::cmp::Reverse(a.letters), &a.path, a.saying.at).cmp(&(
            b.line,
            b.span.0,
            std::cmp::Reverse(b.letters),
            &b.path,
            b.saying.at,
        ))
    });
    let all = found.clone();
    found.retain(|m| {
        let covers =
            |o: &Match| o.line == m.line && o.span.0 <= m.span.0 && m.span.1 <= o.span.1 && o.letters > m.letters;
        !all.iter().any(covers)
    });
    let all = found.clone();
    for m in &mut found {
        let same: Vec<&Match> = all.iter().filter(|o| o.line == m.line && o.span.0 == m.span.0).collect();
        let files: BTreeSet<&SmolStr> = same.iter().map(|o| &o.path).collect();
        let own = files.iter().filter(|p| ours(m.line, p)).count();
        let mine = ours(m.line, &m.path);
        let others = if own > 0 && mine { own } else { files.len() };
        m.weight /= (others as f64).sqrt();
        if own > 0 && !mine {
            m.weight *= 0.7;
        }
        let later: BTreeSet<usize> = all
            .iter()
            .filter(|o| o.line == m.line && o.span.0 > m.span.0 && o.weight > 0.4)
            .map(|o| o.span.0)
            .collect();
        m.weight *= match later.len() {
            0 => 1.0,
            1 => 0.75,
            2 => 0.62,
            _ => 0.5,
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use seam_facts::Span;

    fn saying(tone: Tone, pieces: &[&str]) -> Saying {
        Saying {
            tone,
            pieces: pieces.iter().map(|p| SmolStr::from(*p)).collect(),
            within: SmolStr::default(),
            through: SmolStr::default(),
            at: Span::default(),
        }
    }

    #[test]
    fn templates_stand_in_messages_with_values_between() {
        let template = saying(Tone::Raised, &["failed to get product #", ""]);
        assert!(fits(&template, "rpc error: failed to get product #\"A7\"").is_some());
        assert!(fits(&template, "failed to get products").is_none());
        assert!(fits(&saying(Tone::Raised, &["ERROR"]), "code = Unknown desc = ERROR").is_some());
        assert!(fits(&saying(Tone::Raised, &["ERROR"]), "an ERROR happened").is_none());
        assert!(fits(&saying(Tone::Plain, &["", " of ", ""]), "one of two").is_none());
    }
}
