//! Front matter: the plain part of YAML that people write by hand at the head of a Markdown file.
//!
//! Invariant: a line that cannot be read costs itself and is a problem; every text that [`write`] writes is read back as it was, by this
//! reader and by any reader of YAML.

use seam_facts::{Problem, ProblemKind, Span, format_smolstr};

/// A key with its values and its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub key: String,
    pub values: Vec<String>,
    pub line: u32,
}

/// Splits a text into its front matter's lines and the body, which starts in the line that is given with it.
pub(crate) fn split(text: &str) -> Option<(&str, &str, u32)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = text.strip_prefix("---")?;
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'))?;
    let mut at = 0;
    for (number, line) in rest.split_inclusive('\n').enumerate() {
        if line.trim_end() == "---" {
            return Some((&rest[..at], &rest[at + line.len()..], number as u32 + 3));
        }
        at += line.len();
    }
    None
}

/// Reads the lines between the fences; the first of them is line 2 of the file.
pub(crate) fn read(text: &str, problems: &mut Vec<Problem>) -> Vec<Field> {
    let mut out: Vec<Field> = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let number = at as u32 + 2;
        at += 1;
        let bare = line.trim_end();
        if bare.trim().is_empty() || bare.trim_start().starts_with('#') {
            continue;
        }
        let indented = bare.starts_with([' ', '\t']);
        let item = bare.trim_start();
        if let Some(item) = item.strip_prefix("- ").or(if item == "-" { Some("") } else { None }) {
            match (out.last_mut(), scalar(item.trim())) {
                (Some(field), Some(value)) => field.values.push(value),
                (None, _) => problem(problems, number, "an item belongs to no key"),
                (_, None) => problem(problems, number, "a quoted text does not end"),
            }
            continue;
        }
        let key = item.split_once(':').filter(|(key, _)| !indented && is_key(key.trim()));
        let Some((key, value)) = key else {
            problem(problems, number, "this is no `key: value` and no item of a list");
            continue;
        };
        let value = value.trim();
        let block = value.chars().next().filter(|c| matches!(c, '|' | '>')).filter(|_| value.len() <= 2);
        let values = match block {
            Some(style) => {
                let mut taken = Vec::new();
                while let Some(line) = lines.get(at).filter(|l| l.is_empty() || l.starts_with([' ', '\t'])) {
                    taken.push(line.trim());
                    at += 1;
                }
                Some(vec![taken.join(if style == '|' { "\n" } else { " " }).trim().to_owned()])
            }
            None if value.is_empty() || value.starts_with('#') => Some(Vec::new()),
            None if value.starts_with('[') => flow(value),
            None => scalar(value).map(|v| vec![v]),
        };
        let known = out.iter().any(|f| f.key == key.trim());
        match values {
            None => problem(problems, number, "a quoted text or a list does not end"),
            Some(_) if known => problem(problems, number, "this key was told before; the first counts"),
            Some(values) => out.push(Field { key: key.trim().to_owned(), values, line: number }),
        }
    }
    out
}

fn problem(problems: &mut Vec<Problem>, line: u32, says: &str) {
    problems.push(Problem::new(ProblemKind::Syntax, format_smolstr!("{says}"), Some(Span::at(line, 1))));
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// `[a, "b, c", d]` on one line.
fn flow(text: &str) -> Option<Vec<String>> {
    let mut rest = text.strip_prefix('[')?.trim_start();
    let mut out = Vec::new();
    loop {
        if rest.starts_with(']') {
            return Some(out);
        }
        let end = match rest.chars().next()? {
            '"' | '\'' => quoted(rest)?.1,
            _ => rest.find([',', ']'])?,
        };
        let item = rest.get(..end)?.trim();
        if !item.is_empty() {
            out.push(scalar(item)?);
        }
        rest = rest.get(end..)?.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        if rest.is_empty() {
            return None;
        }
    }
}

/// One value: quoted, or plain with a comment behind it.
fn scalar(text: &str) -> Option<String> {
    match text.chars().next() {
        Some('"' | '\'') => quoted(text).map(|(value, _)| value),
        Some(_) => Some(text.split(" #").next().unwrap_or(text).trim_end().to_owned()),
        None => Some(String::new()),
    }
}

/// The text in quotes at the start, and where it ends.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut chars = text.char_indices();
    let (_, quote) = chars.next()?;
    let mut out = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if quote == '\'' => match text[at + 1..].starts_with('\'') {
                true => {
                    chars.next();
                    out.push('\'');
                }
                false => return Some((out, at + 1)),
            },
            '"' if quote == '"' => return Some((out, at + 1)),
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                'u' => {
                    let code: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    out.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'));
                }
                c => out.push(c),
            },
            c => out.push(c),
        }
    }
    None
}

/// A value as it is written: plain where that is the same to every reader, else in double quotes.
fn shown(value: &str) -> String {
    let first = value.chars().next();
    let plain = first.is_some_and(|c| c.is_ascii_alphanumeric() || c == '/')
        && !value.contains(": ")
        && !value.contains(" #")
        && !value.ends_with([' ', ':'])
        && !value.chars().any(|c| {
            c.is_control()
                || matches!(
                    c,
                    ',' | '[' | ']' | '{' | '}' | '"' | '\'' | '`' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
                )
        })
        && !matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    if plain {
        return value.to_owned();
    }
    let mut out = String::from('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `key: value`.
pub(crate) fn write(out: &mut String, key: &str, value: &str) {
    out.push_str(&format!("{key}: {}\n", shown(value)));
}

/// A list: nothing if it is empty, one value to a line so that versions merge.
pub(crate) fn list<'a>(out: &mut String, key: &str, values: impl IntoIterator<Item = &'a str>) {
    let mut values = values.into_iter().peekable();
    if values.peek().is_some() {
        out.push_str(&format!("{key}:\n"));
        values.for_each(|v| out.push_str(&format!("  - {}\n", shown(v))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> (Vec<(String, Vec<String>)>, usize) {
        let mut problems = Vec::new();
        let read = read(text, &mut problems);
        (read.into_iter().map(|f| (f.key, f.values)).collect(), problems.len())
    }

    #[test]
    fn reads_what_people_write_by_hand() {
        let text = "# a comment\nkind: incident # here\nservices: [a, 'b''s', \"c, d\"]\ncause:\n  - service/a\n- edge/a/http/b\n\
            said: |\n  one\n  two\nempty:\n";
        let (read, problems) = fields(text);
        assert_eq!(problems, 0);
        assert_eq!(read[0], ("kind".into(), vec!["incident".into()]));
        assert_eq!(read[1].1, ["a", "b's", "c, d"]);
        assert_eq!(read[2].1, ["service/a", "edge/a/http/b"]);
        assert_eq!(read[3].1, ["one\ntwo"]);
        assert!(read[4].1.is_empty());
    }

    #[test]
    fn broken_lines_cost_themselves() {
        let (read, problems) = fields("- a\nkind incident\ndate: \"2024\nfault: pool\nfault: network\nx: [a\n  y: z\n");
        assert_eq!(read, [("fault".to_owned(), vec!["pool".to_owned()])]);
        assert_eq!(problems, 6);
    }

    #[test]
    fn a_head_ends_with_its_fence() {
        assert_eq!(split("---\na: b\n---\n# T\n"), Some(("a: b\n", "# T\n", 4)));
        assert_eq!(split("---\r\na: b\r\n---\r\nx").map(|(h, b, _)| (h, b)), Some(("a: b\r\n", "x")));
        assert_eq!(split("# T\n"), None);
        assert_eq!(split("---\na: b\n"), None);
    }
}
