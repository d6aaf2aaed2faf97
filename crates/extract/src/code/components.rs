//! Scripts within components of one file: `.vue` and `.svelte`. See `components.md`.
//!
//! Invariant: what is no script becomes blanks, byte for byte, and lines stay lines, so that every place is the file's own.

use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Problem, ProblemKind, Span};
use std::borrow::Cow;
use std::ops::Range;

pub static EXTRACTOR: Extractor = Extractor {
    id: "components",
    version: 1,
    page: include_str!("components.md"),
    reads: Reads::Files { wants: |file| is_component(file.path), extract },
};

/// The scripts themselves are code like any other; here is said what of them is not read.
fn extract(file: &File<'_>, sink: &mut Sink) {
    if let Some(at) = elements(file.text).1 {
        let line = file.text[..at].matches('\n').count() as u32 + 1;
        let says = "a `<script>` that does not end is not read";
        sink.problem(Problem::new(ProblemKind::Syntax, says, Some(Span::at(line, 1))));
    }
}

pub(crate) fn is_component(path: &str) -> bool {
    path.ends_with(".vue") || path.ends_with(".svelte")
}

/// The text of a file of code as its language's grammar is to see it.
pub(crate) fn script<'t>(path: &str, text: &'t str) -> Cow<'t, str> {
    if !is_component(path) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for script in elements(text).0 {
        blank(&text[at..script.start], &mut out);
        out.push_str(&text[script.clone()]);
        at = script.end;
    }
    blank(&text[at..], &mut out);
    Cow::Owned(out)
}

fn blank(text: &str, out: &mut String) {
    out.extend(text.bytes().map(|b| if matches!(b, b'\n' | b'\r') { b as char } else { ' ' }));
}

/// What stands in the script elements at the top of a component, and where one begins that does not end.
fn elements(text: &str) -> (Vec<Range<usize>>, Option<usize>) {
    // Lowering ASCII keeps every place.
    let lower = text.to_ascii_lowercase();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(found) = lower[at..].find('<').map(|f| at + f) {
        let rest = &lower[found..];
        if rest.starts_with("<!--") {
            at = rest.find("-->").map_or(lower.len(), |end| found + end + 3);
        } else if let Some(name) = ["script", "style", "template"].into_iter().find(|name| opens(rest, name)) {
            let Some(head) = tag(rest) else { break };
            let close = format!("</{name}");
            if rest[..head].ends_with("/>") {
                at = found + head;
                continue;
            }
            // Templates stand in templates; the last end is the outermost one's.
            let end = if name == "template" { rest.rfind(&close) } else { rest[head..].find(&close).map(|e| head + e) };
            let Some(end) = end else {
                return (out, (name == "script").then_some(found));
            };
            if name == "script" && is_code(&rest[..head]) {
                out.push(found + head..found + end);
            }
            at = if name == "template" && end < head { found + head } else { found + end };
            at = at.max(found + 1);
        } else {
            at = found + 1;
        }
    }
    (out, None)
}

fn opens(rest: &str, name: &str) -> bool {
    rest[1..]
        .strip_prefix(name)
        .is_some_and(|rest| rest.starts_with(|c: char| c == '>' || c == '/' || c.is_whitespace()))
}

/// The length of a tag; `>` within quotes does not end it.
fn tag(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// Data in a script element is no script.
fn is_code(tag: &str) -> bool {
    !["json", "importmap", "text/template", "text/x-template"].iter().any(|kind| tag.contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stay_where_they_are() {
        let text = "<template>\n  <p title='ü<script>no</script>'>é</p>\n  <template #x/>\n</template>\n<!-- <script>no</script> -->\n\
<script setup lang=\"ts\" generic=\"T extends A<B>\">\nlet é = 1\n</script>\n<style>\n.a { }\n</style>\n<script>\nlet b = 2\n</script>\n";
        let masked = script("a/B.vue", text);
        assert_eq!(masked.len(), text.len());
        assert_eq!(masked.split_whitespace().collect::<Vec<_>>(), ["let", "é", "=", "1", "let", "b", "=", "2"]);
        for word in ["let é", "let b"] {
            assert_eq!(masked.find(word), text.find(word));
        }
        assert_eq!(masked.lines().count(), text.lines().count());
    }

    #[test]
    fn nothing_is_read_of_what_does_not_end_or_is_no_code() {
        for text in [
            "<script>\nlet a",
            "<script",
            "<script type=\"application/ld+json\">{}</script>",
            "<script src='x'/>",
            "",
            "<",
        ] {
            assert!(script("B.svelte", text).trim().is_empty(), "{text}");
        }
        assert_eq!(elements("\n<script>\nlet a").1, Some(1));
        assert!(matches!(script("b.ts", "<script>"), Cow::Borrowed(_)));
    }
}
