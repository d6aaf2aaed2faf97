//! The syntax of nginx configuration: directives with words, some with a block. Tolerant: what does not close ends at
//! the end of the text; template actions (`{{ … }}`, `{% … %}`) are part of words or skipped.

/// Blocks nest to this depth; what is below is left out.
pub(super) const MAX_DEPTH: usize = 32;
/// Directives kept of one file.
const MAX_DIRECTIVES: usize = 50_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directive {
    pub words: Vec<String>,
    /// Byte range of the words.
    pub start: usize,
    pub end: usize,
    pub block: Vec<Directive>,
}

impl Directive {
    pub fn name(&self) -> &str {
        self.words.first().map(String::as_str).unwrap_or("")
    }

    pub fn args(&self) -> &[String] {
        self.words.get(1..).unwrap_or(&[])
    }
}

/// The directives of the text's top level.
pub(super) fn parse(text: &str) -> Vec<Directive> {
    let mut open: Vec<Directive> = vec![Directive::default()];
    let mut current = Directive::default();
    let mut left = MAX_DIRECTIVES;
    // Blocks open below the depth limit.
    let mut skipped = 0usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && left > 0 {
        match bytes[at] {
            b if b.is_ascii_whitespace() => at += 1,
            b'#' => at = line_end(bytes, at),
            b'{' if text[at..].starts_with("{%") => at = after(text, at, "%}"),
            b';' => {
                at += 1;
                left -= 1;
                let done = std::mem::take(&mut current);
                if let (Some(block), false, 0) = (open.last_mut(), done.words.is_empty(), skipped) {
                    block.block.push(done);
                }
            }
            b'{' if !text[at..].starts_with("{{") => {
                at += 1;
                let opened = std::mem::take(&mut current);
                if opened.name().contains("by_lua") {
                    // Code in another language: only its braces matter.
                    at = balanced(bytes, at);
                } else if skipped > 0 || open.len() > MAX_DEPTH {
                    skipped += 1;
                } else {
                    open.push(opened);
                }
            }
            b'}' => {
                at += 1;
                left -= 1;
                current = Directive::default();
                if skipped > 0 {
                    skipped -= 1;
                } else if open.len() > 1 {
                    close(&mut open);
                }
            }
            _ => {
                let (word, end) = word(text, at);
                if current.words.is_empty() {
                    current.start = at;
                }
                current.end = end;
                current.words.push(word);
                // A word always takes a byte, so that the walk ends.
                at = end.max(at + 1);
            }
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    open.pop().map(|root| root.block).unwrap_or_default()
}

fn close(open: &mut Vec<Directive>) {
    let Some(done) = open.pop() else { return };
    if let Some(parent) = open.last_mut() {
        parent.block.push(done);
    }
}

/// A word from `start` on, quotes taken off, and where it ends. Quoted and bare pieces without blanks between are one.
fn word(text: &str, start: usize) -> (String, usize) {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b if b.is_ascii_whitespace() => break,
            b';' => break,
            b'{' if text[at..].starts_with("{{") => {
                let end = after(text, at, "}}");
                out.push_str(&text[at..end]);
                at = end;
            }
            b'{' if out.ends_with('$')
                || (out.starts_with('~') || out.contains('(') || out.contains('^')) && quantifier(bytes, at) =>
            {
                let end = text[at..].find('}').map_or(text.len(), |i| at + i + 1);
                out.push_str(&text[at..end]);
                at = end;
            }
            b'{' | b'}' => break,
            quote @ (b'"' | b'\'') => {
                let mut end = at + 1;
                while end < bytes.len() && bytes[end] != quote {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                let end = end.min(bytes.len());
                out.push_str(text.get(at + 1..end).unwrap_or(""));
                at = (end + 1).min(bytes.len());
            }
            _ => {
                let width = text[at..].chars().next().map_or(1, char::len_utf8);
                out.push_str(&text[at..at + width]);
                at += width;
            }
        }
    }
    (out, at)
}

/// `{2,4}` of a regular expression.
fn quantifier(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at + 1..];
    let digits = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b',').count();
    digits > 0 && rest.get(digits) == Some(&b'}')
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |i| at + i + 1)
}

fn after(text: &str, at: usize, closing: &str) -> usize {
    text[at..].find(closing).map_or(text.len(), |i| at + i + closing.len())
}

/// Past the brace that closes the block that is open at `at`.
fn balanced(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 1;
    while at < bytes.len() && depth > 0 {
        match bytes[at] {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_blocks_words_and_comments() {
        let text = "# c\nserver {\n  location /a { proxy_pass http://${H}:80/; } # x\n  set $u \"a b\";\n}\n";
        let parsed = parse(text);
        assert_eq!(parsed.len(), 1);
        let location = &parsed[0].block[0];
        assert_eq!(location.words, ["location", "/a"]);
        assert_eq!(location.block[0].words, ["proxy_pass", "http://${H}:80/"]);
        assert_eq!(parsed[0].block[1].words, ["set", "$u", "a b"]);
    }

    #[test]
    fn hostile_text_ends() {
        assert_eq!(parse(&"a{".repeat(100_000)).len(), 1);
        assert!(parse(&"}".repeat(1000)).is_empty());
        parse("a \"open\\");
        parse("é{{x");
        parse("x '\\é");
    }

    #[test]
    fn lua_is_skipped() {
        let parsed = parse("content_by_lua_block { local t = {a = {1}} } proxy_pass http://x;");
        assert_eq!(parsed[0].words, ["proxy_pass", "http://x"]);
    }
}
