//! JSON, read once from front to back.

use super::{Data, Key, MAX_DEPTH, Node};
use seam_facts::{Problem, ProblemKind, Span, format_smolstr};
use std::borrow::Cow;

pub fn read(text: &str) -> Result<Node<'_>, Problem> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, line: 1 };
    let node = reader.value(0)?;
    reader.blank();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.broken("text after the end")),
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                _ => return,
            }
            self.at += 1;
        }
    }

    fn broken(&self, why: &str) -> Problem {
        let message = format_smolstr!("JSON is broken: {why}");
        Problem::new(ProblemKind::Syntax, message, Some(Span::at(self.line, 1)))
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, Problem> {
        if depth > MAX_DEPTH {
            let at = Some(Span::at(self.line, 1));
            return Err(Problem::new(ProblemKind::Limit, "nesting beyond the limit was not read", at));
        }
        self.blank();
        let line = self.line;
        let data = match self.peek() {
            Some(b'{') => {
                self.at += 1;
                let mut entries = Vec::new();
                loop {
                    self.blank();
                    match self.peek() {
                        Some(b'}') if entries.is_empty() => break,
                        Some(b'"') => {}
                        _ => return Err(self.broken("a key is missing")),
                    }
                    let key = Key { line: self.line, text: self.string()? };
                    self.blank();
                    if self.peek() != Some(b':') {
                        return Err(self.broken("`:` is missing"));
                    }
                    self.at += 1;
                    entries.push((key, self.value(depth + 1)?));
                    self.blank();
                    match self.peek() {
                        Some(b',') => self.at += 1,
                        Some(b'}') => break,
                        _ => return Err(self.broken("`,` or `}` is missing")),
                    }
                }
                self.at += 1;
                Data::Map(entries)
            }
            Some(b'[') => {
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    self.blank();
                    if self.peek() == Some(b']') && items.is_empty() {
                        break;
                    }
                    items.push(self.value(depth + 1)?);
                    self.blank();
                    match self.peek() {
                        Some(b',') => self.at += 1,
                        Some(b']') => break,
                        _ => return Err(self.broken("`,` or `]` is missing")),
                    }
                }
                self.at += 1;
                Data::List(items)
            }
            Some(b'"') => Data::Text(self.string()?),
            Some(_) => {
                let start = self.at;
                while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')) {
                    self.at += 1;
                }
                match &self.text[start..self.at] {
                    "null" => Data::Null,
                    "true" => Data::Bool(true),
                    "false" => Data::Bool(false),
                    word => match super::number(word) {
                        Some(value) => Data::Number(word.into(), value),
                        None => return Err(self.broken("a value is missing")),
                    },
                }
            }
            None => return Err(self.broken("it ends early")),
        };
        Ok(Node { data, line })
    }

    /// A string; the opening quote is next.
    fn string(&mut self) -> Result<Cow<'a, str>, Problem> {
        self.at += 1;
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    let text = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(text.into());
                }
                b'\\' => break,
                b'\n' => return Err(self.broken("a string is not closed")),
                _ => self.at += 1,
            }
        }
        let mut out = self.text[start..self.at].to_owned();
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(out.into());
                }
                b'\\' => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                b'\n' => break,
                _ => {
                    let from = self.at;
                    while self.peek().is_some_and(|b| !matches!(b, b'"' | b'\\' | b'\n')) {
                        self.at += 1;
                    }
                    out.push_str(&self.text[from..self.at]);
                }
            }
        }
        Err(self.broken("a string is not closed"))
    }

    fn escape(&mut self, out: &mut String) -> Result<(), Problem> {
        let byte = self.peek();
        self.at += 1;
        match byte {
            Some(b'n') => out.push('\n'),
            Some(b't') => out.push('\t'),
            Some(b'r') => out.push('\r'),
            Some(b'b') => out.push('\u{8}'),
            Some(b'f') => out.push('\u{c}'),
            Some(b @ (b'"' | b'\\' | b'/')) => out.push(char::from(b)),
            Some(b'u') => {
                let mut code = self.hex()?;
                if (0xd800..0xdc00).contains(&code) && self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    let low = self.hex()?;
                    code = 0x10000 + ((code - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                }
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            _ => return Err(self.broken("an unknown escape")),
        }
        Ok(())
    }

    fn hex(&mut self) -> Result<u32, Problem> {
        let digits = self.text.get(self.at..self.at + 4).and_then(|d| u32::from_str_radix(d, 16).ok());
        self.at += 4;
        digits.ok_or_else(|| self.broken("an unknown escape"))
    }
}
