//! SQL as statements of words, each with its line: enough to see what a migration does, in every dialect.

/// A word, a quoted name, a text, a number or a sign.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Names and words as written, without their quotes.
    pub text: String,
    /// A quoted name or a text: never a keyword.
    pub quoted: bool,
    /// A text: never a name.
    pub literal: bool,
    pub line: u32,
}

impl Token {
    pub fn is(&self, word: &str) -> bool {
        !self.quoted && self.text.eq_ignore_ascii_case(word)
    }
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub tokens: Vec<Token>,
    pub file: String,
}

impl Statement {
    pub fn line(&self) -> u32 {
        self.tokens.first().map_or(1, |t| t.line)
    }

    /// The same for the same statement, however it is laid out.
    pub fn normal(&self) -> String {
        let word = |t: &Token| if t.quoted { format!("\"{}\"", t.text) } else { t.text.to_lowercase() };
        self.tokens.iter().map(word).collect::<Vec<_>>().join(" ")
    }
}

/// All statements of a text. Bodies of functions (`$$ … $$`) are one token.
pub fn statements(file: &str, text: &str) -> Vec<Statement> {
    let (mut out, mut current, mut depth) = (Vec::new(), Vec::new(), 0usize);
    for token in tokens(text) {
        match token.text.as_str() {
            "(" if !token.quoted => depth += 1,
            ")" if !token.quoted => depth = depth.saturating_sub(1),
            ";" if !token.quoted && depth == 0 => {
                if !current.is_empty() {
                    out.push(Statement { tokens: std::mem::take(&mut current), file: file.to_owned() });
                }
                continue;
            }
            _ => {}
        }
        // SQL Server's batches end with a line of their own.
        if depth == 0 && token.is("go") && current.last().is_none_or(|t: &Token| t.line < token.line) {
            if !current.is_empty() {
                out.push(Statement { tokens: std::mem::take(&mut current), file: file.to_owned() });
            }
            continue;
        }
        current.push(token);
    }
    if !current.is_empty() {
        out.push(Statement { tokens: current, file: file.to_owned() });
    }
    out
}

fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let (mut out, mut i, mut line) = (Vec::new(), 0, 1u32);
    let lines = |range: &[u8]| range.iter().filter(|b| **b == b'\n').count() as u32;
    while i < bytes.len() {
        let byte = bytes[i];
        let rest = &bytes[i..];
        let mut put = |text: &str, quoted: bool, literal: bool| {
            out.push(Token { text: text.to_owned(), quoted, literal, line });
        };
        match byte {
            b'\n' => {
                line += 1;
                i += 1;
            }
            b'-' if rest.starts_with(b"--") => i += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            b'#' => i += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with(b"/*") => {
                let end = text.get(i + 2..).and_then(|t| t.find("*/")).map_or(bytes.len(), |n| i + n + 4);
                line += lines(&bytes[i..end]);
                i = end;
            }
            b'\'' | b'"' | b'`' => {
                let start = i + 1;
                let mut end = start;
                while end < bytes.len() {
                    if bytes[end] == byte {
                        // A doubled quote is one of its own.
                        if bytes.get(end + 1) == Some(&byte) {
                            end += 2;
                            continue;
                        }
                        break;
                    }
                    end += if bytes[end] == b'\\' && byte == b'\'' { 2 } else { 1 };
                }
                let end = end.min(bytes.len());
                put(text.get(start..end).unwrap_or_default(), true, byte == b'\'');
                line += lines(&bytes[start..end]);
                i = end + 1;
            }
            b'[' if rest.get(1).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_') => {
                let end = rest.iter().position(|b| *b == b']').map_or(bytes.len(), |n| i + n);
                put(text.get(i + 1..end).unwrap_or_default(), true, false);
                i = end + 1;
            }
            b'$' => {
                let tag = rest[1..].iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'));
                match tag.filter(|n| rest.get(n + 1) == Some(&b'$')).and_then(|n| text.get(i..i + n + 2)) {
                    Some(tag) => {
                        let start = i + tag.len();
                        let end = text.get(start..).and_then(|t| t.find(tag)).map_or(bytes.len(), |n| start + n);
                        put(text.get(start..end).unwrap_or_default(), true, true);
                        line += lines(&bytes[i..end]);
                        i = (end + tag.len()).min(bytes.len());
                    }
                    None => i += 1,
                }
            }
            b if b.is_ascii_alphanumeric() || b == b'_' || b == b'@' || !b.is_ascii() => {
                let start = i;
                while i < bytes.len()
                    && (bytes[i].is_ascii_alphanumeric()
                        || matches!(bytes[i], b'_' | b'$' | b'@')
                        || !bytes[i].is_ascii())
                {
                    i += 1;
                }
                put(text.get(start..i).unwrap_or_default(), false, false);
            }
            b => {
                if !b.is_ascii_whitespace() {
                    put(&char::from(b).to_string(), false, false);
                }
                i += 1;
            }
        }
    }
    out
}

/// Reads along a statement.
pub struct Cursor<'a> {
    pub tokens: &'a [Token],
    pub at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(tokens: &'a [Token]) -> Self {
        Cursor { tokens, at: 0 }
    }

    pub fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    /// Takes words that stand one after the other, or nothing.
    pub fn take(&mut self, words: &str) -> bool {
        let words: Vec<&str> = words.split(' ').collect();
        let there = words.iter().enumerate().all(|(i, w)| self.tokens.get(self.at + i).is_some_and(|t| t.is(w)));
        self.at += if there { words.len() } else { 0 };
        there
    }

    /// A name, with its schema: `a.b`.
    pub fn name(&mut self) -> Option<String> {
        let first = self.peek().filter(|t| !t.literal && (t.quoted || is_word(&t.text)))?;
        self.at += 1;
        let mut name = first.text.clone();
        while self.peek().is_some_and(|t| t.is(".")) {
            self.at += 1;
            name.push('.');
            name.push_str(&self.peek()?.text);
            self.at += 1;
        }
        Some(name)
    }

    /// Past a parenthesis that opens here; what is in it.
    pub fn parenthesis(&mut self) -> Option<&'a [Token]> {
        if !self.take("(") {
            return None;
        }
        let (start, mut depth) = (self.at, 1usize);
        while let Some(token) = self.peek() {
            self.at += 1;
            match token.text.as_str() {
                "(" if !token.quoted => depth += 1,
                ")" if !token.quoted => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(&self.tokens[start..self.at - 1]);
            }
        }
        Some(&self.tokens[start..])
    }

    pub fn rest(&self) -> &'a [Token] {
        self.tokens.get(self.at..).unwrap_or_default()
    }
}

fn is_word(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Parts between commas that stand in no parenthesis.
pub fn parts(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut out, mut start, mut depth) = (Vec::new(), 0, 0usize);
    for (i, token) in tokens.iter().enumerate().filter(|(_, t)| !t.quoted) {
        match token.text.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                out.push(&tokens[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    out.push(&tokens[start..]);
    out.retain(|p| !p.is_empty());
    out
}

/// Whether words stand one after the other somewhere.
pub fn has(tokens: &[Token], words: &str) -> bool {
    let words: Vec<&str> = words.split(' ').collect();
    tokens.windows(words.len()).any(|w| w.iter().zip(&words).all(|(t, word)| t.is(word)))
}
