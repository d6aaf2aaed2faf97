//! Identifiers of a text with what stands beside them, for languages whose types say little, and for templates.
//!
//! Comments are left out, and strings but for those that are one name (keys) and for what is put into them. A string ends
//! with its line, so that an apostrophe in prose costs one line.

use seam_facts::SmolStr;

/// How a name stands in code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stand {
    /// `a.name`, `a->name`, `a?.name`, `a["name"]`, `a.get("name")`.
    Member,
    /// `name: x`, `"name": x`, `name => x`, `name = x` in a list of arguments.
    Key,
    /// `{ name, … }`.
    Short,
    /// By itself.
    Bare,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub line: u32,
    pub name: SmolStr,
    pub stand: Stand,
    /// What it is a member of, the last name of it.
    pub base: SmolStr,
    /// It is given a value here: `name = x`, `name := x`.
    pub bound: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(SmolStr),
    Text(SmolStr),
    Mark(char),
}

/// Kinds of files that hold code between marks.
const TEMPLATES: &[&str] = &[
    "erb", "ejs", "html", "htm", "hbs", "j2", "jinja", "jinja2", "tmpl", "gohtml", "liquid", "mustache", "cshtml",
    "jsp", "twig", "eex", "heex", "leex", "ftl", "njk",
];

pub fn is_template(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, end)| TEMPLATES.contains(&end))
}

/// Every identifier of a file of code or of a template.
pub fn words(path: &str, text: &str) -> Vec<Word> {
    let mut tokens = Vec::new();
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    if is_template(path) {
        within(text, &mut tokens);
    } else {
        let hash = matches!(end, "py" | "rb" | "ex" | "exs" | "php" | "ru");
        lex(text, 1, hash, 0, &mut tokens);
    }
    stand(&tokens)
}

/// What stands between a template's marks.
fn within(text: &str, out: &mut Vec<(Token, u32)>) {
    let (mut rest, mut line) = (text, 1u32);
    while let Some(at) = ["<%", "{{", "{%", "${"].iter().filter_map(|m| rest.find(m)).min() {
        line += lines(&rest[..at]);
        let close = match &rest[at..at + 2] {
            "<%" => "%>",
            "{{" => "}}",
            "{%" => "%}",
            _ => "}",
        };
        let inner = &rest[at + 2..];
        let end = inner.find(close).unwrap_or(inner.len());
        lex(&inner[..end], line, false, 0, out);
        out.push((Token::Mark(';'), line));
        line += lines(&inner[..end]);
        rest = inner.get(end + close.len()..).unwrap_or_default();
    }
}

fn lines(text: &str) -> u32 {
    text.bytes().filter(|b| *b == b'\n').count() as u32
}

fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn lex(text: &str, mut line: u32, hash: bool, depth: usize, out: &mut Vec<(Token, u32)>) {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let byte = bytes[i];
        match byte {
            b'\n' => {
                line += 1;
                i += 1;
            }
            b'/' if bytes.get(i + 1) == Some(&b'/') && bytes.get(i.wrapping_sub(1)) != Some(&b':') => {
                i = text[i..].find('\n').map_or(bytes.len(), |n| i + n);
            }
            b'/' if bytes.get(i + 1) == Some(&b'*') => {
                let end = text[i + 2..].find("*/").map_or(bytes.len(), |n| i + n + 4);
                line += lines(&text[i..end]);
                i = end;
            }
            b'#' if hash && bytes.get(i + 1) != Some(&b'[') => {
                i = text[i..].find('\n').map_or(bytes.len(), |n| i + n);
            }
            b'"' | b'\'' | b'`' => i = string(text, i, &mut line, hash, depth, out),
            b if b.is_ascii_alphabetic() || b == b'_' => {
                let end = text[i..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(bytes.len(), |n| i + n);
                out.push((Token::Name(text[i..end].into()), line));
                i = end;
            }
            b if b.is_ascii_digit() => {
                // Letters of a number are no name.
                i = text[i..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(bytes.len(), |n| i + n);
                out.push((Token::Mark('0'), line));
            }
            b' ' | b'\t' | b'\r' => i += 1,
            b if b.is_ascii() => {
                out.push((Token::Mark(b as char), line));
                i += 1;
            }
            _ => i += text[i..].chars().next().map_or(1, char::len_utf8),
        }
    }
}

/// Reads a string from its quote; gives where it ends.
fn string(text: &str, start: usize, line: &mut u32, hash: bool, depth: usize, out: &mut Vec<(Token, u32)>) -> usize {
    let bytes = text.as_bytes();
    let quote = bytes[start];
    let long = [quote; 3];
    if quote != b'`' && bytes[start..].starts_with(&long) {
        let close = std::str::from_utf8(&long).unwrap_or("\"\"\"");
        let end = text[start + 3..].find(close).map_or(bytes.len(), |n| start + n + 6);
        *line += lines(&text[start..end]);
        return end;
    }
    let mut end = start + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 1,
            b'\n' if quote != b'`' => break,
            b if b == quote => break,
            _ => {}
        }
        end += 1;
    }
    let end = end.min(bytes.len());
    let Some(inner) = text.get(start + 1..end) else { return end + 1 };
    let at = *line;
    *line += lines(inner);
    if is_name(inner) {
        out.push((Token::Text(inner.into()), at));
    } else {
        out.push((Token::Mark('"'), at));
        if depth < 4 {
            let prefixed = start > 0 && matches!(bytes[start - 1], b'f' | b'F' | b'$');
            inserted(inner, at, prefixed, hash, depth, out);
        }
    }
    if bytes.get(end) == Some(&b'\n') { end } else { end + 1 }
}

/// `${a}`, `#{a}`, and `{a}` where the string says so.
fn inserted(text: &str, mut line: u32, braces: bool, hash: bool, depth: usize, out: &mut Vec<(Token, u32)>) {
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let marked = rest[..at].ends_with(['$', '#']) || braces;
        line += lines(&rest[..at]);
        let inner = &rest[at + 1..];
        let mut level = 1;
        let end = inner.find(|c| {
            level += match c {
                '{' => 1,
                '}' => -1,
                _ => 0,
            };
            level == 0
        });
        let end = end.unwrap_or(inner.len());
        if marked {
            lex(&inner[..end], line, hash, depth + 1, out);
            out.push((Token::Mark(';'), line));
        }
        line += lines(&inner[..end]);
        rest = inner.get(end + 1..).unwrap_or_default();
    }
}

fn stand(tokens: &[(Token, u32)]) -> Vec<Word> {
    let mark = |i: Option<usize>| match i.and_then(|i| tokens.get(i)) {
        Some((Token::Mark(c), _)) => *c,
        _ => ' ',
    };
    let mut open: Vec<char> = Vec::new();
    let mut out = Vec::new();
    for (i, (token, line)) in tokens.iter().enumerate() {
        let back = |n: usize| mark(i.checked_sub(n));
        let next = |n: usize| mark(Some(i + n));
        let name = match token {
            Token::Mark(c @ ('{' | '(' | '[')) => {
                open.push(*c);
                continue;
            }
            Token::Mark('}' | ')' | ']') => {
                open.pop();
                continue;
            }
            Token::Mark(_) => continue,
            Token::Name(name) | Token::Text(name) => name,
        };
        let quoted = matches!(token, Token::Text(_));
        let pair = next(1) == '=' && next(2) == '>';
        let keyed = (next(1) == ':' && !matches!(next(2), ':' | '=') && back(1) != '?' || pair)
            // A type's mark after an optional member.
            || (next(1) == '?' && next(2) == ':');
        let base_at = |from: usize| match tokens.get(from) {
            Some((Token::Name(base) | Token::Text(base), _)) => base.clone(),
            _ => SmolStr::default(),
        };
        // The name before a `.`, over calls and indexes.
        let base = |dot: usize| {
            let (mut at, mut level) = (dot, 0i32);
            loop {
                let Some(before) = at.checked_sub(1) else { return SmolStr::default() };
                at = before;
                match &tokens[at].0 {
                    Token::Mark(')' | ']') => level += 1,
                    Token::Mark('(' | '[') if level > 0 => level -= 1,
                    Token::Mark('?' | '!') => {}
                    _ if level > 0 => {}
                    _ => return base_at(at),
                }
            }
        };
        let dot = if back(1) == '.' && back(2) != '.' {
            Some(i - 1)
        } else if back(1) == '>' && back(2) == '-' {
            Some(i - 2)
        } else if quoted && back(1) == '[' && next(1) == ']' {
            Some(i - 1)
        } else {
            None
        };
        let bound = next(1) == '=' && next(2) != '=' && next(2) != '>' || next(1) == ':' && next(2) == '=';
        let called = quoted
            && back(1) == '('
            && matches!(tokens.get(i.wrapping_sub(2)), Some((Token::Name(n), _)) if matches!(n.as_str(), "get" | "fetch" | "dig" | "getOrDefault" | "GetProperty" | "at" | "path" | "has"));
        let (stand, base) = if let Some(dot) = dot {
            (Stand::Member, base(dot))
        } else if called {
            (Stand::Member, if back(3) == '.' { base(i - 3) } else { SmolStr::default() })
        } else if keyed {
            (Stand::Key, SmolStr::default())
        } else if quoted {
            continue;
        } else if matches!(back(1), '{' | ',') && matches!(next(1), ',' | '}' | '=') && open.last() == Some(&'{') {
            (Stand::Short, SmolStr::default())
        } else if next(1) == '=' && next(2) != '=' && open.last() == Some(&'(') && matches!(back(1), '(' | ',') {
            (Stand::Key, SmolStr::default())
        } else {
            (Stand::Bare, SmolStr::default())
        };
        out.push(Word { line: *line, name: name.clone(), stand, base, bound });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[(&str, Stand, &str)]) {
        let found = words(path, text);
        let found: Vec<_> = found.iter().map(|w| (w.name.as_str(), w.stand, w.base.as_str())).collect();
        for word in expected {
            assert!(found.contains(word), "{word:?} in {found:?}");
        }
    }

    #[test]
    fn names_are_seen_with_what_they_are_taken_from() {
        use Stand::{Bare, Key, Member, Short};
        check(
            "a.js",
            "const { units, nanos } = request.amount;",
            &[("units", Short, ""), ("amount", Member, "request")],
        );
        check(
            "a.ts",
            "x = price?.units + items[0].cost.units",
            &[("units", Member, "price"), ("units", Member, "cost")],
        );
        check("a.cpp", "auto units = money->units();", &[("units", Member, "money"), ("units", Bare, "")]);
        check("a.py", "d['units'] = Money(units=1)  # units", &[("units", Member, "d"), ("units", Key, "")]);
        check("a.erb", "<p>units: <%= order.cost.units %></p>", &[("units", Member, "cost")]);
        check("a.ts", "`${a.units} units`", &[("units", Member, "a")]);
        assert_eq!(words("a.erb", "it's units").len(), 0);
        assert_eq!(words("a.py", "'units' # units").len(), 0);
    }
}
