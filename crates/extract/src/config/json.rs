//! JSON and JSON with comments as [`Node`] trees. Broken text gives no tree and a problem.

use super::tree::{Data, Key, MAX_DEPTH, Node, Style};
use crate::Sink;
use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions};
use seam_facts::{Lines, Problem, ProblemKind, Span, format_smolstr};

/// Brackets may be open to this depth; the parser recurses, so this is looked at before it runs.
const MAX_BRACKETS: usize = 256;

/// The document, comments and trailing commas allowed.
pub fn document(text: &str, sink: &mut Sink) -> Option<Node> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if too_deep(text) {
        sink.problem(Problem::new(ProblemKind::Limit, "nesting beyond the limit was not read", None));
        return None;
    }
    match jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()) {
        Ok(parsed) => parsed.value.map(|value| node(&value, &Lines::new(text), 0)),
        Err(error) => {
            let at = Lines::new(text).span(error.range().start, error.range().end);
            let message = format_smolstr!("JSON is broken: {}", error.kind());
            sink.problem(Problem::new(ProblemKind::Syntax, message, Some(at)));
            None
        }
    }
}

fn too_deep(text: &str) -> bool {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest > MAX_BRACKETS
}

fn node(value: &Value<'_>, lines: &Lines, depth: usize) -> Node {
    let span = place(value, lines);
    if depth >= MAX_DEPTH {
        return Node::null(span);
    }
    match value {
        Value::StringLit(text) => Node::scalar(text.value.as_ref(), Style::Quoted, span),
        Value::NumberLit(number) => Node::scalar(number.value, Style::Plain, span),
        Value::BooleanLit(b) => Node::scalar(if b.value { "true" } else { "false" }, Style::Plain, span),
        Value::NullKeyword(_) => Node::null(span),
        Value::Array(array) => {
            let items = array.elements.iter().map(|e| node(e, lines, depth + 1)).collect();
            Node { value: Data::List(items), span, tag: Default::default() }
        }
        Value::Object(object) => {
            let entries = object.properties.iter().map(|p| {
                let text = match &p.name {
                    ObjectPropName::String(s) => s.value.as_ref().into(),
                    ObjectPropName::Word(w) => w.value.into(),
                };
                (Key { text, span: place(&p.name, lines) }, node(&p.value, lines, depth + 1))
            });
            Node { value: Data::Map(entries.collect()), span, tag: Default::default() }
        }
    }
}

fn place(ranged: &impl Ranged, lines: &Lines) -> Span {
    let range = ranged.range();
    lines.span(range.start, range.end.max(range.start + 1) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_places_and_allows_comments() {
        let node = document("{\n  // why\n  \"a\": {\"b\": [1, \"x\"]},\n}", &mut Sink::default()).expect("a tree");
        let flat: Vec<_> =
            node.flatten().iter().map(|l| format!("{}:{} {}={}", l.span.line, l.span.column, l.key, l.text)).collect();
        assert_eq!(flat, ["3:15 a.b[0]=1", "3:18 a.b[1]=x"]);
        assert!(document(&"[".repeat(100_000), &mut Sink::default()).is_none());
    }
}
