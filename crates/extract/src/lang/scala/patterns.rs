//! Scala's patterns: as expressions, so that technologies see `GET -> Root / "x"`, and the names that they bind.
//!
//! What takes something apart (`Some(x)`) is `Index(Some, [x])`, which no call can be.

use super::super::lower::{Lower, children, expr, span};
use super::part;
use super::values::value;
use crate::code::ir::{Arg, Call, Expr, ExprKind, Stmt};
use seam_facts::{SmolStr, Span};
use tree_sitter::Node;

/// The names that a definition gives values to: `val a`, `val (a, b)`, `val Some(a)`, `given a: T`.
pub fn names(cx: &Lower<'_>, node: Node<'_>) -> Vec<(SmolStr, Span)> {
    let mut out = Vec::new();
    if let Some(name) = part(node, "name") {
        out.push((cx.src(name).trim_matches('`').into(), span(name)));
        return out;
    }
    let Some(pattern) = part(node, "pattern") else { return out };
    match pattern.kind() {
        "identifier" => out.push((cx.src(pattern).trim_matches('`').into(), span(pattern))),
        "identifiers" => {
            out.extend(children(pattern).into_iter().map(|n| (cx.src(n).trim_matches('`').into(), span(n))));
        }
        _ => bound(cx, pattern, 12, &mut out),
    }
    out
}

/// Names in small letters stand for what is found; others, and those in back quotes, for what must be there.
pub fn bound(cx: &Lower<'_>, node: Node<'_>, depth: usize, out: &mut Vec<(SmolStr, Span)>) {
    if depth == 0 {
        return;
    }
    match node.kind() {
        "identifier" => {
            let name = cx.src(node);
            if name.starts_with(|c: char| c.is_lowercase() || c == '_') && name != "_" {
                out.push((name.into(), span(node)));
            }
        }
        "type_identifier" | "stable_type_identifier" | "stable_identifier" | "operator_identifier" | "generic_type" => {
        }
        "typed_pattern" => {
            if let Some(inner) = part(node, "pattern") {
                bound(cx, inner, depth - 1, out);
            }
        }
        "infix_pattern" => {
            for field in ["left", "right"] {
                if let Some(inner) = part(node, field) {
                    bound(cx, inner, depth - 1, out);
                }
            }
        }
        _ => children(node).into_iter().for_each(|n| bound(cx, n, depth - 1, out)),
    }
}

/// What the names of a pattern hold: the subject, where nothing but an option or a result is taken off it.
pub fn bindings(cx: &Lower<'_>, node: Node<'_>, subject: Option<&Expr>, out: &mut Vec<Stmt>) {
    let mut found = Vec::new();
    bound(cx, node, 12, &mut found);
    let whole = match node.kind() {
        "identifier" | "typed_pattern" => true,
        "case_class_pattern" => matches!(cx.field(node, "type"), "Some" | "Right" | "Success"),
        _ => false,
    };
    let alone = found.len() == 1;
    for (name, at) in found {
        let value = match subject {
            Some(subject) if whole && alone && !matches!(&subject.kind, ExprKind::Name(n) if *n == name) => {
                subject.clone()
            }
            _ => Expr::new(ExprKind::Other(Vec::new()), at),
        };
        out.push(Stmt::Assign { target: Expr::name(name, at), ty: "var".into(), value, append: false, span: at });
    }
}

pub fn pattern(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "wildcard" => ExprKind::Name("_".into()),
            "infix_pattern" => {
                let (Some(left), Some(right)) = (part(node, "left"), part(node, "right")) else {
                    return expr(ExprKind::Other(Vec::new()), node);
                };
                let (left, right) = (pattern(cx, left), pattern(cx, right));
                let operator = cx.field(node, "operator").into();
                let callee = expr(ExprKind::Member(Box::new(left), operator), node);
                let args = vec![Arg { name: None, value: right }];
                ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() }))
            }
            "case_class_pattern" => {
                let parts = children(node).into_iter().skip(1).map(|n| pattern(cx, n)).collect();
                let ty = Expr::name(cx.field(node, "type"), span(node));
                ExprKind::Index(Box::new(ty), Box::new(expr(ExprKind::List(parts), node)))
            }
            "capture_pattern" => match part(node, "pattern") {
                Some(inner) => return pattern(cx, inner),
                None => ExprKind::Other(Vec::new()),
            },
            "typed_pattern" => ExprKind::Name(super::type_text(cx.field(node, "type"))),
            "tuple_pattern" => ExprKind::List(children(node).into_iter().map(|n| pattern(cx, n)).collect()),
            "alternative_pattern" => ExprKind::Either(children(node).into_iter().map(|n| pattern(cx, n)).collect()),
            // `case GET(p"/orders/$id")` of Play.
            "interpolated_string_expression" => {
                let called = Expr::name(cx.field(node, "interpolator"), span(node));
                let text = super::values::interpolated(cx, node);
                let text = match text.kind {
                    ExprKind::Call(call) => call.args.into_iter().next().map(|a| a.value).unwrap_or(called.clone()),
                    _ => text,
                };
                ExprKind::Index(Box::new(called), Box::new(expr(ExprKind::List(vec![text]), node)))
            }
            _ => return value(cx, node),
        };
        expr(kind, node)
    })
}
