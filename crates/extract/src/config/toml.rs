//! TOML as [`Node`] trees. Broken text gives no tree and a problem.

use super::tree::{Data, Key, MAX_DEPTH, Node, Style};
use crate::Sink;
use seam_facts::{Lines, Problem, ProblemKind, Span, format_smolstr};
use std::ops::Range;
use toml_edit::{Document, Item, Table, Value};

/// The document's root table.
pub fn document(text: &str, sink: &mut Sink) -> Option<Node> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(text);
    match Document::parse(text) {
        Ok(parsed) => Some(table(parsed.as_table(), &lines, 0)),
        Err(error) => {
            let at = error.span().map(|s| lines.span(s.start, s.end));
            let message = format_smolstr!("TOML is broken: {}", error.message());
            sink.problem(Problem::new(ProblemKind::Syntax, message, at));
            None
        }
    }
}

fn span(range: Option<Range<usize>>, lines: &Lines) -> Span {
    range.map_or_else(Span::default, |r| lines.span(r.start, r.end))
}

fn table(table: &Table, lines: &Lines, depth: usize) -> Node {
    let mut entries = Vec::new();
    for (name, item) in table.iter() {
        let key = Key { text: name.into(), span: span(table.key(name).and_then(|k| k.span()), lines) };
        entries.push((key, self::item(item, lines, depth + 1)));
    }
    Node { value: Data::Map(entries), span: span(table.span(), lines), tag: Default::default() }
}

fn item(item: &Item, lines: &Lines, depth: usize) -> Node {
    let at = span(item.span(), lines);
    match item {
        _ if depth > MAX_DEPTH => Node::null(at),
        Item::None => Node::null(at),
        Item::Value(inner) => value(inner, lines, depth),
        Item::Table(inner) => table(inner, lines, depth),
        Item::ArrayOfTables(tables) => {
            let items = tables.iter().map(|t| table(t, lines, depth + 1)).collect();
            Node { value: Data::List(items), span: at, tag: Default::default() }
        }
    }
}

fn value(value: &Value, lines: &Lines, depth: usize) -> Node {
    let at = span(value.span(), lines);
    if depth > MAX_DEPTH {
        return Node::null(at);
    }
    match value {
        Value::String(text) => Node::scalar(text.value().as_str(), Style::Quoted, at),
        Value::Integer(number) => Node::scalar(format_smolstr!("{}", number.value()), Style::Plain, at),
        Value::Float(number) => Node::scalar(format_smolstr!("{}", number.value()), Style::Plain, at),
        Value::Boolean(flag) => Node::scalar(format_smolstr!("{}", flag.value()), Style::Plain, at),
        Value::Datetime(date) => Node::scalar(format_smolstr!("{}", date.value()), Style::Plain, at),
        Value::Array(array) => {
            let items = array.iter().map(|v| self::value(v, lines, depth + 1)).collect();
            Node { value: Data::List(items), span: at, tag: Default::default() }
        }
        Value::InlineTable(inner) => {
            let mut entries = Vec::new();
            for (name, inner_value) in inner.iter() {
                let key = Key { text: name.into(), span: span(inner.key(name).and_then(|k| k.span()), lines) };
                entries.push((key, self::value(inner_value, lines, depth + 1)));
            }
            Node { value: Data::Map(entries), span: at, tag: Default::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_places() {
        let node = document("a = 1\n[b]\nc = \"x\"\nd = [1, { e = 2 }]\n[[f]]\ng = true\n", &mut Sink::default());
        let node = node.expect("a document");
        let flat: Vec<String> =
            node.flatten().iter().map(|l| format!("{} {}={}", l.span.line, l.key, l.text)).collect();
        assert_eq!(flat, ["1 a=1", "3 b.c=x", "4 b.d[0]=1", "4 b.d[1].e=2", "6 f[0].g=true"]);
    }

    #[test]
    fn broken_text_is_a_problem() {
        assert!(document("a = [", &mut Sink::default()).is_none());
        document(&"a = [".repeat(10_000), &mut Sink::default());
    }
}
