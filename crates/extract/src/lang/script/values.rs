//! Expressions of scripts.

use super::super::lower::{Lower, child, children, expr, span, unquote};
use super::types::class;
use super::{function, required};
use crate::code::ir::{Arg, Call, Expr, ExprKind};
use seam_facts::{SmolStr, format_smolstr};
use tree_sitter::Node;

/// The text of a property's key; computed keys as written.
pub(super) fn node_key(cx: &Lower<'_>, node: Option<Node<'_>>) -> SmolStr {
    let Some(node) = node else {
        return SmolStr::default();
    };
    match node.kind() {
        "string" => unquote(cx.src(node)),
        "computed_property_name" => cx.src(node).trim_start_matches('[').trim_end_matches(']').into(),
        "private_property_identifier" => cx.src(node).trim_start_matches('#').into(),
        _ => cx.src(node).into(),
    }
}

pub(super) fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string" => ExprKind::Str(unquote(cx.src(node))),
            "number" => ExprKind::Num(cx.src(node).replace('_', "").into()),
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "null" | "undefined" => ExprKind::Null,
            "identifier" | "shorthand_property_identifier" | "type_identifier" | "property_identifier" => {
                ExprKind::Name(cx.src(node).into())
            }
            "this" => ExprKind::Name("this".into()),
            "super" => ExprKind::Name("super".into()),
            "import" => ExprKind::Name("import".into()),
            "meta_property" => ExprKind::Member(Box::new(Expr::name("import", span(node))), "meta".into()),
            "parenthesized_expression"
            | "await_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "instantiation_expression" => match node.named_child(0) {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            // `<T>x`: the type comes first.
            "type_assertion" => match node.named_child(1) {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            "template_string" => ExprKind::Concat(template(cx, node)),
            "member_expression" => match node.child_by_field_name("object") {
                Some(object) => {
                    let property = node.child_by_field_name("property");
                    let object = value(cx, object);
                    ExprKind::Member(Box::new(object), node_key(cx, property))
                }
                None => ExprKind::Other(Vec::new()),
            },
            "subscript_expression" => match (node.child_by_field_name("object"), node.child_by_field_name("index")) {
                (Some(base), Some(index)) => {
                    let base = value(cx, base);
                    ExprKind::Index(Box::new(base), Box::new(value(cx, index)))
                }
                _ => ExprKind::Other(Vec::new()),
            },
            "call_expression" | "new_expression" => call(cx, node),
            "binary_expression" => binary(cx, node),
            "ternary_expression" => {
                let branches: Vec<Node<'_>> =
                    ["consequence", "alternative"].iter().filter_map(|f| node.child_by_field_name(f)).collect();
                let either = branches.into_iter().map(|n| value(cx, n)).collect();
                ExprKind::Either(either)
            }
            "assignment_expression" | "augmented_assignment_expression" => match node.child_by_field_name("right") {
                Some(right) => return value(cx, right),
                None => ExprKind::Other(Vec::new()),
            },
            "object" => object(cx, node),
            "array" => ExprKind::List(children(node).into_iter().map(|n| value(cx, n)).collect()),
            "arrow_function" | "function_expression" | "generator_function" => {
                ExprKind::Lambda(function(cx, node, "<lambda>".into(), SmolStr::default(), Vec::new()))
            }
            "class" => ExprKind::Name(class(cx, node, None, Vec::new())),
            "spread_element" => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
            "jsx_opening_element" | "jsx_self_closing_element" => {
                let parts = children(node).into_iter().filter(|n| n.kind() == "jsx_attribute");
                ExprKind::Other(parts.collect::<Vec<_>>().into_iter().map(|n| value(cx, n)).collect())
            }
            "jsx_attribute" => ExprKind::Other(children(node).into_iter().skip(1).map(|n| value(cx, n)).collect()),
            "jsx_text" | "jsx_closing_element" | "regex" | "type_annotation" | "type_arguments" | "decorator" => {
                ExprKind::Other(Vec::new())
            }
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

fn template(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Expr> {
    let mut parts = Vec::new();
    let mut from = node.start_byte() + 1;
    let text = |cx: &Lower<'_>, from: usize, to: usize| {
        let source = cx.text.get(from..to).unwrap_or("");
        (!source.is_empty()).then(|| expr(ExprKind::Str(source.into()), node))
    };
    for inner in children(node).into_iter().filter(|n| n.kind() == "template_substitution") {
        parts.extend(text(cx, from, inner.start_byte()));
        if let Some(e) = children(inner).first() {
            let v = value(cx, *e);
            parts.push(v);
        }
        from = inner.end_byte();
    }
    parts.extend(text(cx, from, node.end_byte().saturating_sub(1)));
    parts
}

fn call(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let new = node.kind() == "new_expression";
    let Some(callee) = node.child_by_field_name(if new { "constructor" } else { "function" }) else {
        return ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect());
    };
    if let Some(path) = required(cx, node) {
        // Imported for the sake of linking, under a name that no variable has.
        cx.import(&path, None, &path, node);
    }
    // The grammar takes `+a.b<T>(c)` for a call of `+a.b`.
    let callee = match callee.kind() {
        "unary_expression" => callee.child_by_field_name("argument").unwrap_or(callee),
        _ => callee,
    };
    let callee = value(cx, callee);
    let type_args = child(node, &["type_arguments"])
        .map(|t| children(t).into_iter().map(|n| cx.src(n).into()).collect())
        .unwrap_or_default();
    let args = match node.child_by_field_name("arguments") {
        // A tagged template: the text is the argument.
        Some(list) if list.kind() == "template_string" => {
            vec![Arg { name: None, value: expr(ExprKind::Concat(template(cx, list)), list) }]
        }
        Some(list) => children(list).into_iter().map(|n| Arg { name: None, value: value(cx, n) }).collect(),
        None => Vec::new(),
    };
    ExprKind::Call(Box::new(Call { callee, args, new, type_args }))
}

fn binary(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let operator = cx.field(node, "operator");
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect());
    };
    let (left, right) = (value(cx, left), value(cx, right));
    match operator {
        "+" => {
            let mut parts = Vec::new();
            for side in [left, right] {
                match side.kind {
                    ExprKind::Concat(inner) => parts.extend(inner),
                    _ => parts.push(side),
                }
            }
            ExprKind::Concat(parts)
        }
        "||" | "??" => {
            let mut options = Vec::new();
            for side in [left, right] {
                match side.kind {
                    ExprKind::Either(inner) => options.extend(inner),
                    _ => options.push(side),
                }
            }
            ExprKind::Either(options)
        }
        // Durations are written as products: `5 * 60 * 1000`.
        "*" => match (&left.kind, &right.kind) {
            (ExprKind::Num(a), ExprKind::Num(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => ExprKind::Num(format_smolstr!("{}", a.saturating_mul(b))),
                _ => ExprKind::Other(vec![left, right]),
            },
            _ => ExprKind::Other(vec![left, right]),
        },
        "!=" | "!==" => ExprKind::Other(vec![left, right, expr(ExprKind::Null, node)]),
        _ => ExprKind::Other(vec![left, right]),
    }
}

/// Keys as text; `...rest` has the key `...`.
fn object(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let mut entries: Vec<(SmolStr, Expr)> = Vec::new();
    for part in children(node) {
        match part.kind() {
            "pair" => {
                let key = node_key(cx, part.child_by_field_name("key"));
                let Some(inner) = part.child_by_field_name("value") else {
                    continue;
                };
                let owner = cx.owner.clone();
                let v = match inner.kind() {
                    "arrow_function" | "function_expression" | "generator_function"
                        if !owner.is_empty() && cx.unit.types.iter().all(|t| t.name != owner) =>
                    {
                        let index = function(cx, inner, key.clone(), owner, Vec::new());
                        expr(ExprKind::Lambda(index), inner)
                    }
                    _ => value(cx, inner),
                };
                entries.push((key, v));
            }
            "shorthand_property_identifier" => {
                let name = cx.src(part);
                entries.push((name.into(), Expr::name(name, span(part))));
            }
            "method_definition" => {
                let name = node_key(cx, part.child_by_field_name("name"));
                let owner = cx.owner.clone();
                let index = function(cx, part, name.clone(), owner, Vec::new());
                entries.push((name, expr(ExprKind::Lambda(index), part)));
            }
            "spread_element" => {
                let inner = part.named_child(0).map(|n| value(cx, n));
                entries.extend(inner.map(|v| (SmolStr::new_static("..."), v)));
            }
            _ => {}
        }
    }
    ExprKind::Object(entries)
}
