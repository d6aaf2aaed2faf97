//! HCL (Terraform, Nomad, bake files) as a [`Node`] tree.
//!
//! Blocks are entries under their type, their labels further maps (`resource.aws_x.name`); attributes are scalars, lists
//! and maps. Text keeps its `${…}`; an expression that is no literal becomes `${expression}`, and `jsonencode(…)` is
//! what it encodes.

use super::tree::{Data, Key, MAX_DEPTH, Node, Style};
use crate::Sink;
use seam_facts::{SmolStr, Span, format_smolstr};
use tree_sitter::{Node as Syntax, Parser};

/// Deeper syntax is not walked.
const MAX_SYNTAX: usize = MAX_DEPTH * 4;

pub fn document(text: &str, sink: &mut Sink) -> Option<Node> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_hcl::LANGUAGE.into()).ok()?;
    let tree = parser.parse(text, None)?;
    let root = tree.root_node();
    if root.has_error() {
        sink.problem(crate::lang::broken(root));
    }
    let body = children(root).into_iter().find(|c| c.kind() == "body").unwrap_or(root);
    Some(Node { value: Data::Map(entries(body, text, 0)), span: span(root), tag: SmolStr::default() })
}

fn children<'t>(node: Syntax<'t>) -> Vec<Syntax<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

fn span(node: Syntax<'_>) -> Span {
    let (start, end) = (node.start_position(), node.end_position());
    Span { line: start.row as u32 + 1, column: start.column as u32 + 1, end_line: end.row as u32 + 1 }
}

fn source<'s>(node: Syntax<'_>, text: &'s str) -> &'s str {
    text.get(node.byte_range()).unwrap_or("")
}

fn entries(body: Syntax<'_>, text: &str, depth: usize) -> Vec<(Key, Node)> {
    let mut out = Vec::new();
    if depth > MAX_SYNTAX {
        return out;
    }
    for child in children(body) {
        let parts = children(child);
        match child.kind() {
            "attribute" => {
                if let [name, rest @ ..] = parts.as_slice()
                    && let Some(expression) = rest.iter().find(|n| n.kind() == "expression")
                {
                    out.push((key(*name, text), value(*expression, text, depth + 1)));
                }
            }
            "block" => {
                let inner = parts.iter().find(|n| n.kind() == "body");
                let inner = inner.map(|b| entries(*b, text, depth + 1)).unwrap_or_default();
                let mut node = Node { value: Data::Map(inner), span: span(child), tag: SmolStr::default() };
                let names: Vec<Syntax<'_>> =
                    parts.iter().copied().filter(|n| matches!(n.kind(), "identifier" | "string_lit")).collect();
                let Some((kind, labels)) = names.split_first() else {
                    continue;
                };
                for label in labels.iter().rev() {
                    node = Node {
                        value: Data::Map(vec![(key(*label, text), node)]),
                        span: span(child),
                        tag: SmolStr::default(),
                    };
                }
                out.push((key(*kind, text), node));
            }
            _ => {}
        }
    }
    out
}

fn key(node: Syntax<'_>, text: &str) -> Key {
    Key { text: source(node, text).trim_matches('"').into(), span: span(node) }
}

fn value(node: Syntax<'_>, text: &str, depth: usize) -> Node {
    let at = span(node);
    let parts = children(node);
    if depth > MAX_SYNTAX {
        return Node::null(at);
    }
    match (node.kind(), parts.as_slice()) {
        ("expression" | "literal_value" | "collection_value" | "template_expr", [only]) => {
            value(*only, text, depth + 1)
        }
        ("string_lit" | "quoted_template", _) => {
            let raw = source(node, text);
            let raw = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"')).unwrap_or(raw);
            Node::scalar(raw.replace("\\\"", "\"").replace("\\n", "\n"), Style::Quoted, at)
        }
        ("heredoc_template", _) => {
            let raw = source(node, text);
            let body = raw.split_once('\n').map_or("", |(_, body)| body);
            let body = body.rsplit_once('\n').map_or(body, |(body, _)| body);
            Node::scalar(body, Style::Literal, at)
        }
        ("numeric_lit" | "bool_lit", _) => Node::scalar(source(node, text), Style::Plain, at),
        ("null_lit", _) => Node::null(at),
        ("tuple", items) => {
            let items = items.iter().filter(|i| i.kind() == "expression").map(|i| value(*i, text, depth + 1)).collect();
            Node { value: Data::List(items), span: at, tag: SmolStr::default() }
        }
        ("object", elements) => {
            let pair = |element: &Syntax<'_>| {
                let (name, held) = (element.child_by_field_name("key")?, element.child_by_field_name("val")?);
                Some((key(name, text), value(held, text, depth + 1)))
            };
            let entries = elements.iter().filter(|e| e.kind() == "object_elem").filter_map(pair).collect();
            Node { value: Data::Map(entries), span: at, tag: SmolStr::default() }
        }
        ("function_call", [name, arguments, ..]) if source(*name, text) == "jsonencode" => {
            children(*arguments).first().map_or_else(|| Node::null(at), |a| value(*a, text, depth + 1))
        }
        _ => Node::scalar(format_smolstr!("${{{}}}", source(node, text)), Style::Plain, at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_maps_with_places() {
        let text =
            "resource \"x\" \"y\" {\n  name = \"a-${var.b}\"\n  list = jsonencode([{ k = 1, \"l\" : var.z }])\n}\n";
        let node = document(text, &mut Sink::default()).expect("a tree");
        let flat: Vec<_> = node.flatten().iter().map(|l| format!("{} {}={}", l.span.line, l.key, l.text)).collect();
        assert_eq!(
            flat,
            ["2 resource.x.y.name=a-${var.b}", "3 resource.x.y.list[0].k=1", "3 resource.x.y.list[0].l=${var.z}"]
        );
    }
}
