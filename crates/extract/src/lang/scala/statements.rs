//! Scala's statements. Everything is an expression there: what stands last in a body is what it gives, so that a `match` at
//! the end of a function gives what its arms give.

use super::super::lower::{Lower, children, expr, span};
use super::patterns::{bindings, names, pattern};
use super::values::value;
use super::{import, member, part, type_text};
use crate::code::ir::{BlockKind, Expr, ExprKind, Leave, Stmt};
use seam_facts::SmolStr;
use tree_sitter::Node;

/// The value of a node; what has to be done before stands in `out`.
fn valued(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) -> Expr {
    let outer = std::mem::take(&mut cx.pending);
    let value = value(cx, node);
    out.append(&mut cx.pending);
    cx.pending = outer;
    value
}

/// The statements of a node that may be a block; `last` if what it gives is what the function gives.
pub fn statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>, last: bool) {
    cx.deeper((), |cx| match node.kind() {
        "block" | "indented_block" | "template_body" => sequence(cx, &children(node), out, last),
        "parenthesized_expression" if children(node).len() == 1 => {
            children(node).into_iter().for_each(|n| statement(cx, n, out, last));
        }
        "val_definition" | "var_definition" | "given_definition" | "val_declaration" | "var_declaration" => {
            local(cx, node, out);
        }
        "import_declaration" => import(cx, node),
        "class_definition"
        | "object_definition"
        | "trait_definition"
        | "enum_definition"
        | "function_definition"
        | "extension_definition" => member(cx, node, None, &mut Vec::new()),
        "self_type" | "type_definition" | "function_declaration" | "annotation" => {}
        "assignment_expression" => {
            let (Some(left), Some(right)) = (part(node, "left"), part(node, "right")) else {
                return;
            };
            let value = valued(cx, right, out);
            let target = assigned(valued(cx, left, out));
            out.push(Stmt::Assign { target, ty: SmolStr::default(), value, append: false, span: span(node) });
        }
        "infix_expression" if matches!(cx.field(node, "operator"), "+=" | "++=") => {
            let (Some(left), Some(right)) = (part(node, "left"), part(node, "right")) else {
                return;
            };
            let value = valued(cx, right, out);
            let target = valued(cx, left, out);
            out.push(Stmt::Assign { target, ty: SmolStr::default(), value, append: true, span: span(node) });
        }
        "return_expression" => match children(node).into_iter().last() {
            Some(inner) => {
                let value = valued(cx, inner, out);
                out.push(Stmt::Return(value));
            }
            None => out.push(Stmt::Leave(Leave::Return, span(node))),
        },
        "throw_expression" => {
            if let Some(inner) = children(node).into_iter().last() {
                let thrown = valued(cx, inner, out);
                out.push(Stmt::Expr(thrown));
            }
            out.push(Stmt::Leave(Leave::Throw, span(node)));
        }
        "if_expression" => {
            let head = part(node, "condition").map(|n| valued(cx, n, out));
            if let Some(arm) = part(node, "consequence") {
                let body = body(cx, arm, last);
                out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(arm) });
            }
            if let Some(arm) = part(node, "alternative") {
                let body = body(cx, arm, last);
                out.push(Stmt::Block { kind: BlockKind::Branch, head: None, body, span: span(arm) });
            }
        }
        "match_expression" => {
            let subject = part(node, "value").map(|n| valued(cx, n, out));
            if let Some(subject) = &subject {
                out.push(Stmt::Expr(subject.clone()));
            }
            if let Some(cases) = part(node, "body") {
                clauses(cx, cases, subject.as_ref(), BlockKind::Branch, out, last);
            }
        }
        "try_expression" => {
            if let Some(inner) = part(node, "body") {
                let body = body(cx, inner, last);
                out.push(Stmt::Block { kind: BlockKind::Try, head: None, body, span: span(inner) });
            }
            for part in children(node) {
                match part.kind() {
                    "catch_clause" => {
                        children(part).into_iter().for_each(|n| clauses(cx, n, None, BlockKind::Catch, out, last));
                    }
                    "finally_clause" => {
                        let mut body = Vec::new();
                        sequence(cx, &children(part), &mut body, false);
                        out.push(Stmt::Block { kind: BlockKind::Finally, head: None, body, span: span(part) });
                    }
                    _ => {}
                }
            }
        }
        "while_expression" | "do_while_expression" => {
            let head = part(node, "condition").map(|n| valued(cx, n, out));
            let inner = part(node, "body").map(|n| body(cx, n, false)).unwrap_or_default();
            out.push(Stmt::Block { kind: BlockKind::Loop, head, body: inner, span: span(node) });
        }
        "for_expression" => for_(cx, node, out, last),
        "case_block" | "indented_cases" if last => {
            let value = valued(cx, node, out);
            out.push(Stmt::Return(value));
        }
        _ => {
            let value = valued(cx, node, out);
            out.push(if last { Stmt::Return(value) } else { Stmt::Expr(value) });
        }
    });
}

/// Statements in a row; only the last one gives something.
pub fn sequence(cx: &mut Lower<'_>, nodes: &[Node<'_>], out: &mut Vec<Stmt>, last: bool) {
    for (i, node) in nodes.iter().enumerate() {
        statement(cx, *node, out, last && i + 1 == nodes.len());
    }
}

fn body(cx: &mut Lower<'_>, node: Node<'_>, last: bool) -> Vec<Stmt> {
    let mut out = Vec::new();
    statement(cx, node, &mut out, last);
    out
}

/// `settings("k") = v` sets a key.
fn assigned(target: Expr) -> Expr {
    let at = target.span;
    match target.kind {
        ExprKind::Call(mut call) if call.args.len() == 1 && call.args[0].name.is_none() => {
            let index = call.args.remove(0).value;
            Expr::new(ExprKind::Index(Box::new(call.callee), Box::new(index)), at)
        }
        kind => Expr::new(kind, at),
    }
}

/// The arms of `case`: each a block with its pattern before it. What is caught is known by its type.
pub fn clauses(
    cx: &mut Lower<'_>,
    node: Node<'_>,
    subject: Option<&Expr>,
    kind: BlockKind,
    out: &mut Vec<Stmt>,
    last: bool,
) {
    for clause in children(node).into_iter().filter(|n| n.kind() == "case_clause") {
        let matched = node_pattern(clause);
        let mut inner = Vec::new();
        if let Some(matched) = matched {
            bindings(cx, matched, subject, &mut inner);
        }
        let head = matched.map(|n| pattern(cx, n));
        let head = match (kind, head) {
            (BlockKind::Catch, Some(Expr { kind: ExprKind::Index(ty, _), .. })) => Some(*ty),
            (BlockKind::Catch, head) => head.filter(|_| matched.is_some_and(|m| m.kind() == "typed_pattern")),
            (_, head) => head,
        };
        let rest: Vec<Node<'_>> =
            children(clause).into_iter().filter(|n| matched.is_none_or(|m| m.id() != n.id())).collect();
        let (guards, rest): (Vec<Node<'_>>, Vec<Node<'_>>) = rest.into_iter().partition(|n| n.kind() == "guard");
        for guard in guards {
            sequence(cx, &children(guard), &mut inner, false);
        }
        sequence(cx, &rest, &mut inner, last);
        out.push(Stmt::Block { kind, head, body: inner, span: span(clause) });
    }
}

fn node_pattern(clause: Node<'_>) -> Option<Node<'_>> {
    part(clause, "pattern")
}

/// `for` with `yield` is a chain of steps, each of which has what the one before gave; without it, it is a loop.
pub fn for_(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>, last: bool) {
    let body = part(node, "body");
    let head = part(node, "enumerators");
    let from = head.map(|h| h.end_byte()).unwrap_or(node.start_byte());
    let to = body.map(|b| b.start_byte()).unwrap_or(node.end_byte());
    let yields = cx.text.get(from..to).is_some_and(|between| between.contains("yield"));
    let mut steps = Vec::new();
    let mut over = None;
    for enumerator in head.map(children).unwrap_or_default() {
        let parts = children(enumerator);
        if enumerator.kind() == "guard" {
            sequence(cx, &parts, &mut steps, false);
            continue;
        }
        let Some((first, rest)) = parts.split_first() else { continue };
        let (values, guards): (Vec<_>, Vec<_>) = rest.iter().copied().partition(|n| n.kind() != "guard");
        let Some(from) = values.last() else { continue };
        let held = valued(cx, *from, &mut steps);
        if over.is_none() && !yields {
            over = Some(held.clone());
        }
        if first.kind() == "identifier" {
            let target = Expr::name(cx.src(*first), span(*first));
            steps.push(Stmt::Assign { target, ty: "var".into(), value: held, append: false, span: span(enumerator) });
        } else {
            steps.push(Stmt::Expr(held));
            bindings(cx, *first, None, &mut steps);
        }
        for guard in guards {
            sequence(cx, &children(guard), &mut steps, false);
        }
    }
    if yields {
        out.append(&mut steps);
        if let Some(body) = body {
            statement(cx, body, out, last);
        }
    } else {
        if let Some(body) = body {
            statement(cx, body, &mut steps, false);
        }
        out.push(Stmt::Block { kind: BlockKind::Loop, head: over, body: steps, span: span(node) });
    }
}

/// A `val` in a function or at the top level.
pub fn local(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    let held = if node.kind() == "given_definition" { ("return_type", "body") } else { ("type", "value") };
    let init = part(node, held.1).filter(|n| n.kind() != "wildcard").map(|n| valued(cx, n, out));
    let init = init.unwrap_or_else(|| expr(ExprKind::Null, node));
    let names = names(cx, node);
    let declared = type_text(cx.field(node, held.0));
    let parts = match &init.kind {
        ExprKind::List(parts) if parts.len() == names.len() => Some(parts.clone()),
        _ => None,
    };
    let taken = part(node, "pattern").is_some_and(|p| p.kind() == "case_class_pattern");
    let several = names.len() > 1;
    if names.is_empty() {
        out.push(Stmt::Expr(init));
        return;
    }
    for (i, (name, at)) in names.into_iter().enumerate() {
        let part = match &parts {
            Some(parts) if several => parts[i].clone(),
            _ if several || taken && !matches!(init.kind, ExprKind::Name(_)) => {
                Expr::new(ExprKind::Member(Box::new(init.clone()), name.clone()), at)
            }
            _ => init.clone(),
        };
        out.push(Stmt::Assign {
            target: Expr::name(name, at),
            // A type that says nothing still tells a declaration from an assignment.
            ty: if declared.is_empty() || several { "var".into() } else { declared.clone() },
            value: part,
            append: false,
            span: span(node),
        });
    }
}
