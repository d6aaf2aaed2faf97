//! Java `.properties` text to entries, after the format's definition in `java.util.Properties.load`, with Spring's
//! `#---` between documents.

use super::entries::{Document, Entry, MAX_ENTRIES, MAX_VALUE};
use seam_facts::Span;

/// The documents of a properties file; always at least one.
pub(super) fn parse(text: &str) -> Vec<Document> {
    let mut documents = vec![Document::default()];
    let mut entries = 0;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let start = line.trim_start();
        if matches!(start.trim_end(), "#---" | "!---") {
            documents.push(Document::default());
            continue;
        }
        if start.is_empty() || start.starts_with(['#', '!']) {
            continue;
        }
        let column = line.len() - start.len();
        let mut logical = start.to_owned();
        let mut last = number;
        while continues(&logical) {
            logical.pop();
            let Some((next, more)) = lines.next() else { break };
            last = next;
            if logical.len() <= MAX_VALUE {
                logical.push_str(more.trim_start());
            } else if continues(more) {
                // Only whether the value goes on matters beyond the limit.
                logical.push('\\');
            }
        }
        let (key, value) = split(&logical);
        if key.is_empty() || value.len() > MAX_VALUE || entries >= MAX_ENTRIES {
            continue;
        }
        entries += 1;
        let span = Span { line: number as u32 + 1, column: column as u32 + 1, end_line: last as u32 + 1 };
        if let Some(document) = documents.last_mut() {
            document.entries.push(Entry { key: key.into(), value, span, joined: false });
        }
    }
    documents
}

/// An odd number of backslashes at the end joins the next line.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

/// Key and value: the first `=`, `:` or blank that is not escaped divides them.
fn split(line: &str) -> (String, String) {
    let mut escaped = false;
    let end = line.char_indices().find_map(|(i, c)| {
        let ends = !escaped && (matches!(c, '=' | ':') || c.is_whitespace());
        escaped = c == '\\' && !escaped;
        ends.then_some(i)
    });
    let Some(end) = end else {
        return (unescape(line), String::new());
    };
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    (unescape(&line[..end]), unescape(rest.trim_end()))
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let digits: String = chars.clone().take(4).collect();
                match u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32) {
                    Some(c) if digits.len() == 4 => {
                        out.push(c);
                        chars.nth(3);
                    }
                    _ => out.push('u'),
                }
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> Vec<(String, String, u32)> {
        let documents = parse(text);
        documents.iter().flat_map(|d| &d.entries).map(|e| (e.key.to_string(), e.value.clone(), e.span.line)).collect()
    }

    #[test]
    fn reads_separators_continuations_and_escapes() {
        let text = "# no\na.b = 1\nc:2\nd 3\nlist = x,\\\n   y\nurl=http\\://h\\:80/a=b\n! no\nempty=\nu=\\u00e9\n";
        let got = flat(text);
        let want = [
            ("a.b", "1", 2),
            ("c", "2", 3),
            ("d", "3", 4),
            ("list", "x,y", 5),
            ("url", "http://h:80/a=b", 7),
            ("empty", "", 9),
            ("u", "é", 10),
        ];
        let want: Vec<_> = want.iter().map(|(k, v, l)| (k.to_string(), v.to_string(), *l)).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn broken_text_is_read_as_far_as_it_goes() {
        assert_eq!(flat("a=\\u12\nb=x\\").len(), 2);
        assert_eq!(parse("a=1\n#---\nb=2").len(), 2);
    }
}
