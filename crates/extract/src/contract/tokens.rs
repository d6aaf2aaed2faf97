//! Words, strings and punctuation of interface languages (protobuf, Thrift, GraphQL): one reader for all of them.
//!
//! A full parser gives up a file at its first error; what is looked for here needs little grammar, so a walk over tokens
//! keeps everything that is whole. Nothing recurses, and each step takes a token, so every walk ends.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Names, dotted names, numbers.
    Word,
    /// Without its quotes.
    Text,
    Sign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub start: usize,
    pub end: usize,
}

impl Token<'_> {
    pub fn is(&self, text: &str) -> bool {
        self.kind != Kind::Text && self.text == text
    }
}

/// Tokens read of one file.
const MAX_TOKENS: usize = 1_000_000;

/// The tokens of the text without comments (`//`, `/* */`, and `#` where the language has it).
pub(super) fn tokens(text: &str, hash_comments: bool) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() && out.len() < MAX_TOKENS {
        let start = at;
        match bytes[at] {
            b if b.is_ascii_whitespace() => at += 1,
            b'#' if hash_comments => at = find(text, at, "\n"),
            b'/' if text[at..].starts_with("//") => at = find(text, at, "\n"),
            b'/' if text[at..].starts_with("/*") => at = find(text, at + 2, "*/"),
            b'"' if text[at..].starts_with("\"\"\"") => {
                at = find(text, at + 3, "\"\"\"");
                let inner = text[start + 3..at].strip_suffix("\"\"\"").unwrap_or("");
                out.push(Token { kind: Kind::Text, text: inner, start, end: at });
            }
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote && bytes[at] != b'\n' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let end = at.min(bytes.len());
                at = (end + 1).min(bytes.len());
                out.push(Token { kind: Kind::Text, text: text.get(start + 1..end).unwrap_or(""), start, end: at });
            }
            b if word(b) => {
                at += bytes[at..].iter().take_while(|b| word(**b)).count();
                out.push(Token { kind: Kind::Word, text: &text[start..at], start, end: at });
            }
            _ => {
                at += text.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8);
                out.push(Token { kind: Kind::Sign, text: text.get(start..at).unwrap_or(""), start, end: at });
            }
        }
        // A backslash before a letter of several bytes may have led into it.
        while at < bytes.len() && !text.is_char_boundary(at) {
            at += 1;
        }
    }
    out
}

fn word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.')
}

/// Past the next `what` from `at` on; the end if there is none.
fn find(text: &str, at: usize, what: &str) -> usize {
    text.get(at..).and_then(|t| t.find(what)).map_or(text.len(), |i| at + i + what.len())
}

/// A walk over tokens.
pub(super) struct Walk<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
}

impl<'t, 'a> Walk<'t, 'a> {
    pub fn new(tokens: &'t [Token<'a>]) -> Self {
        Walk { tokens, at: 0 }
    }

    pub fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    pub fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// Takes the next token if it is `text`.
    pub fn take(&mut self, text: &str) -> bool {
        let found = self.peek().is_some_and(|t| t.is(text));
        self.at += usize::from(found);
        found
    }

    /// Takes a word.
    pub fn word(&mut self) -> Option<&'a str> {
        let token = self.peek().filter(|t| t.kind == Kind::Word)?;
        self.at += 1;
        Some(token.text)
    }

    /// The tokens up to the bracket that closes the one just taken, which is taken too.
    pub fn block(&mut self) -> &'t [Token<'a>] {
        let start = self.at;
        let mut depth = 1;
        while let Some(token) = self.next() {
            if token.kind == Kind::Sign {
                match token.text {
                    "{" | "(" | "[" => depth += 1,
                    "}" | ")" | "]" => depth -= 1,
                    _ => {}
                }
            }
            if depth == 0 {
                return &self.tokens[start..self.at - 1];
            }
        }
        &self.tokens[start..self.at]
    }

    /// Where the last taken token ends, in bytes.
    pub fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |t| t.end)
    }
}

/// Tokens as written, without blanks between.
pub(super) fn joined(tokens: &[Token<'_>]) -> String {
    tokens.iter().map(|t| t.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_text_ends() {
        for text in ["\"é\\é", "/* open", "\"\"\"", "'\\", "a{{{(", "é\"\\é\"x", "#"] {
            let all = tokens(text, true);
            let mut walk = Walk::new(&all);
            while walk.next().is_some() {
                walk.block();
            }
        }
    }

    #[test]
    fn skips_comments_and_keeps_strings() {
        let all = tokens("a /* x */ \"b // c\" // d\n e.f", false);
        assert_eq!(all.iter().map(|t| t.text).collect::<Vec<_>>(), ["a", "b // c", "e.f"]);
    }
}
