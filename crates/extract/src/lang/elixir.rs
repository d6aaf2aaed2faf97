//! Elixir to the common tree.
//!
//! Modules are types with their full name, attributes (`@base_url "…"`) their fields. A pipe hands its left side on as the
//! first argument. What stands in `do … end` of a word (`case`, `with`, `scope`) is a closure passed as the argument `&`.
//! A pattern's names stand for the whole value: `{:ok, connection} = open()` makes `connection` what `open()` gives.

use super::lower::{Lower, child, children, expr, span, unquote};
use crate::code::ir::{Arg, Call, Expr, ExprKind, Field, Function, Param, Stmt, Type};
use seam_facts::SmolStr;
use tree_sitter::Node;

pub fn lower(cx: &mut Lower<'_>, root: Node<'_>) {
    let body = block(cx, root);
    cx.unit.functions[0].body.extend(body);
}

fn block(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    let mut out = Vec::new();
    for node in children(node) {
        statement(cx, node, &mut out);
    }
    out
}

fn statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    cx.deeper((), |cx| match node.kind() {
        "binary_operator" if matches!(cx.field(node, "operator"), "=" | "<-") => {
            let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
            else {
                return;
            };
            let v = value(cx, right);
            let mut names = Vec::new();
            pattern(left, &mut names, 0);
            if names.is_empty() {
                return out.push(Stmt::Expr(v));
            }
            for name in names {
                let target = Expr::name(cx.src(name), span(name));
                out.push(Stmt::Assign {
                    target,
                    ty: SmolStr::default(),
                    value: v.clone(),
                    append: false,
                    span: span(node),
                });
            }
        }
        "call" => word(cx, node, out),
        "unary_operator" if cx.field(node, "operator") == "@" => {
            // `@name value`; what documents or types is left out.
            let Some(operand) = node.child_by_field_name("operand").filter(|o| o.kind() == "call") else { return };
            let name = cx.field(operand, "target");
            if matches!(name, "doc" | "moduledoc" | "spec" | "type" | "typedoc" | "impl" | "callback" | "behaviour") {
                return;
            }
            let Some(init) = child(operand, &["arguments"]).and_then(|a| a.named_child(0)) else { return };
            let init = value(cx, init);
            let owner = cx.owner.clone();
            if let Some(ty) = cx.unit.types.iter_mut().rev().find(|t| t.name == owner) {
                let field = Field {
                    name: name.into(),
                    ty: SmolStr::default(),
                    annotations: Vec::new(),
                    init: Some(init),
                    span: span(node),
                };
                ty.fields.push(field);
            }
        }
        "block" | "body" | "rescue_block" | "catch_block" | "after_block" | "else_block" => out.extend(block(cx, node)),
        "stab_clause" => {
            if let Some(right) = node.child_by_field_name("right") {
                out.extend(block(cx, right));
            }
        }
        "comment" => {}
        _ => {
            let v = value(cx, node);
            out.push(Stmt::Expr(v));
        }
    });
}

/// The names that a pattern binds.
fn pattern<'t>(node: Node<'t>, out: &mut Vec<Node<'t>>, depth: usize) {
    if depth > 20 {
        return;
    }
    match node.kind() {
        "identifier" => out.push(node),
        "tuple" | "list" | "map" | "map_content" | "keywords" | "struct" => {
            for part in children(node) {
                pattern(part, out, depth + 1);
            }
        }
        "pair" => {
            if let Some(v) = node.child_by_field_name("value") {
                pattern(v, out, depth + 1);
            }
        }
        "binary_operator" => {
            for side in ["left", "right"].iter().filter_map(|f| node.child_by_field_name(f)) {
                pattern(side, out, depth + 1);
            }
        }
        _ => {}
    }
}

/// Definitions, and every other call in the place of a statement.
fn word(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    let args = child(node, &["arguments"]);
    let first = args.and_then(|a| a.named_child(0));
    match (cx.field(node, "target"), first) {
        ("defmodule", Some(name)) => {
            let outer = cx.owner.clone();
            let name = if outer.is_empty() { cx.src(name).to_owned() } else { format!("{outer}.{}", cx.src(name)) };
            let mut ty = Type { name: name.as_str().into(), span: span(node), ..Type::default() };
            let body = child(node, &["do_block"]);
            // `use Ecto.Repo` makes a module what it uses.
            for used in body.map(children).unwrap_or_default() {
                if used.kind() == "call"
                    && matches!(cx.field(used, "target"), "use" | "import")
                    && let Some(parent) = child(used, &["arguments"]).and_then(|a| a.named_child(0))
                {
                    ty.supers.push(cx.src(parent).into());
                    ty.super_texts.push(cx.src(used).into());
                }
            }
            cx.type_(ty, |cx, _| {
                let body = body.map(|b| block(cx, b)).unwrap_or_default();
                let current = cx.current;
                cx.unit.functions[current].body.extend(body);
            });
        }
        ("def" | "defp" | "defmacro" | "defmacrop", Some(head)) => function(cx, node, head),
        ("alias", Some(named)) => alias(cx, node, named),
        ("@", _) => {}
        _ => {
            let v = value(cx, node);
            out.push(Stmt::Expr(v));
        }
    }
}

/// `alias A.B`, `alias A.{B, C}`, `alias A.B, as: D`.
fn alias(cx: &mut Lower<'_>, node: Node<'_>, named: Node<'_>) {
    let text: String = cx.src(named).split_whitespace().collect();
    let renamed = cx.src(node).split("as:").nth(1).map(|t| t.trim().trim_end_matches(')').to_owned());
    let full: Vec<String> = match text.split_once(".{") {
        Some((prefix, rest)) => rest.trim_end_matches('}').split(',').map(|n| format!("{prefix}.{n}")).collect(),
        None => vec![text],
    };
    for full in full {
        let (path, last) = full.rsplit_once('.').unwrap_or(("", &full));
        let alias = renamed.clone().unwrap_or_else(|| last.to_owned());
        cx.import(path, Some(last), &alias, node);
    }
}

fn function(cx: &mut Lower<'_>, node: Node<'_>, head: Node<'_>) {
    // `name(args) when guard`.
    let head = if head.kind() == "binary_operator" { head.child_by_field_name("left").unwrap_or(head) } else { head };
    let name = if head.kind() == "call" { cx.field(head, "target") } else { cx.src(head) };
    let mut params = Vec::new();
    for param in child(head, &["arguments"]).map(children).unwrap_or_default() {
        let defaulted = param.kind() == "binary_operator" && cx.field(param, "operator") == "\\\\";
        let (named, default) = match defaulted {
            true => (param.child_by_field_name("left").unwrap_or(param), param.child_by_field_name("right")),
            false => (param, None),
        };
        params.push(Param {
            name: if named.kind() == "identifier" { cx.src(named).into() } else { SmolStr::default() },
            ty: SmolStr::default(),
            annotations: Vec::new(),
            default: default.map(|d| value(cx, d)),
            span: span(param),
        });
    }
    let function = Function {
        name: name.into(),
        owner: cx.owner.clone(),
        params,
        private: cx.field(node, "target").ends_with('p'),
        parent: (cx.current != 0).then_some(cx.current),
        span: span(node),
        ..Function::default()
    };
    let body = child(node, &["do_block"]);
    // `def name(args), do: expression`.
    let short = child(node, &["arguments"])
        .and_then(|a| child(a, &["keywords"]))
        .and_then(|k| k.named_child(0))
        .and_then(|p| p.child_by_field_name("value"));
    cx.function(function, |cx| {
        let mut out = match (body, short) {
            (Some(body), _) => block(cx, body),
            (None, Some(short)) => {
                let mut out = Vec::new();
                statement(cx, short, &mut out);
                out
            }
            (None, None) => Vec::new(),
        };
        result(&mut out);
        out
    });
}

/// The last expression of a body is its result.
fn result(body: &mut Vec<Stmt>) {
    if let Some(Stmt::Expr(_)) = body.last()
        && let Some(Stmt::Expr(last)) = body.pop()
    {
        body.push(Stmt::Return(last));
    }
}

fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string" | "charlist" => text(cx, node),
            "sigil" => ExprKind::Str(child(node, &["quoted_content"]).map(|c| cx.src(c)).unwrap_or("").into()),
            "atom" => ExprKind::Str(cx.src(node).trim_start_matches(':').into()),
            "quoted_atom" => text(cx, node),
            "integer" | "float" => ExprKind::Num(cx.src(node).replace('_', "").into()),
            "boolean" => ExprKind::Bool(cx.src(node) == "true"),
            "nil" => ExprKind::Null,
            "alias" => ExprKind::Name(expanded(cx, cx.src(node))),
            "identifier" => match cx.src(node) {
                "__MODULE__" => ExprKind::Name("this".into()),
                name => ExprKind::Name(name.into()),
            },
            "unary_operator" => match (cx.field(node, "operator"), node.child_by_field_name("operand")) {
                ("@", Some(name)) => ExprKind::Member(Box::new(Expr::name("this", span(node))), cx.src(name).into()),
                (_, Some(inner)) => return value(cx, inner),
                _ => ExprKind::Null,
            },
            "binary_operator" => return binary(cx, node),
            "dot" => match (node.child_by_field_name("left"), node.child_by_field_name("right")) {
                (Some(left), Some(right)) => ExprKind::Member(Box::new(value(cx, left)), cx.src(right).into()),
                _ => ExprKind::Name(cx.src(node).into()),
            },
            "access_call" => match (node.child_by_field_name("target"), node.child_by_field_name("key")) {
                (Some(target), Some(key)) => ExprKind::Index(Box::new(value(cx, target)), Box::new(value(cx, key))),
                _ => ExprKind::Null,
            },
            "call" => return call(cx, node),
            "anonymous_function" => ExprKind::Lambda(closure(cx, node, Vec::new())),
            "map" => match child(node, &["map_content"]) {
                Some(content) => ExprKind::Object(pairs(cx, content)),
                None => ExprKind::Object(Vec::new()),
            },
            "keywords" => ExprKind::Object(pairs(cx, node)),
            "list" => {
                let parts = children(node);
                match parts.as_slice() {
                    [only] if only.kind() == "keywords" => ExprKind::Object(pairs(cx, *only)),
                    _ => ExprKind::List(parts.into_iter().map(|n| value(cx, n)).collect()),
                }
            }
            "tuple" => ExprKind::List(children(node).into_iter().map(|n| value(cx, n)).collect()),
            "block" => {
                let parts: Vec<Expr> = children(node).into_iter().map(|n| value(cx, n)).collect();
                match <[Expr; 1]>::try_from(parts) {
                    Ok([only]) => return only,
                    Err(parts) => ExprKind::Other(parts),
                }
            }
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

/// A module's full name, with the aliases of this file.
fn expanded(cx: &Lower<'_>, name: &str) -> SmolStr {
    let (first, rest) = name.split_once('.').map_or((name, ""), |(f, r)| (f, r));
    let Some(import) = cx.unit.imports.iter().find(|i| i.alias == first) else {
        return name.into();
    };
    let mut out = String::from(import.path.as_str());
    for part in [import.name.as_deref().unwrap_or(""), rest] {
        if !part.is_empty() {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(part);
        }
    }
    out.into()
}

fn text(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let mut parts = Vec::new();
    for part in children(node) {
        match part.kind() {
            "quoted_content" => parts.push(expr(ExprKind::Str(cx.src(part).into()), part)),
            "escape_sequence" => parts.push(expr(ExprKind::Str(unquote(&format!("\"{}\"", cx.src(part)))), part)),
            "interpolation" => {
                if let Some(inner) = part.named_child(0) {
                    parts.push(value(cx, inner));
                }
            }
            _ => {}
        }
    }
    if parts.iter().all(|p| p.as_str().is_some()) {
        let text: String = parts.iter().filter_map(Expr::as_str).map(SmolStr::as_str).collect();
        return ExprKind::Str(text.into());
    }
    ExprKind::Concat(parts)
}

fn pairs(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<(SmolStr, Expr)> {
    let mut out = Vec::new();
    for part in children(node) {
        match part.kind() {
            "keywords" => out.extend(cx.deeper(Vec::new(), |cx| pairs(cx, part))),
            "pair" => {
                let key = part.child_by_field_name("key").map(|k| cx.src(k)).unwrap_or("");
                let key = key.trim().trim_end_matches(':').trim_matches('"');
                if let Some(v) = part.child_by_field_name("value") {
                    out.push((key.into(), value(cx, v)));
                }
            }
            // `"key" => value`.
            "binary_operator" if cx.field(part, "operator") == "=>" => {
                let key = part.child_by_field_name("left").map(|k| value(cx, k)).and_then(|k| k.as_str().cloned());
                if let Some(v) = part.child_by_field_name("right") {
                    out.push((key.unwrap_or_default(), value(cx, v)));
                }
            }
            _ => {}
        }
    }
    out
}

fn binary(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return expr(ExprKind::Other(Vec::new()), node);
    };
    let operator = cx.field(node, "operator");
    let left = value(cx, left);
    let right = value(cx, right);
    let kind = match operator {
        "<>" | "++" => ExprKind::Concat(vec![left, right]),
        "||" | "or" => ExprKind::Either(vec![left, right]),
        "=" | "<-" => return right,
        "|>" => match right.kind {
            ExprKind::Call(mut call) => {
                call.args.insert(0, Arg { name: None, value: left });
                return Expr::new(ExprKind::Call(call), right.span);
            }
            kind => {
                let callee = Expr::new(kind, right.span);
                let args = vec![Arg { name: None, value: left }];
                ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() }))
            }
        },
        _ => ExprKind::Other(vec![left, right]),
    };
    expr(kind, node)
}

fn call(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let callee = match node.child_by_field_name("target") {
        Some(target) => value(cx, target),
        None => expr(ExprKind::Other(Vec::new()), node),
    };
    let mut args = Vec::new();
    let mut bound = Vec::new();
    for arg in child(node, &["arguments"]).map(children).unwrap_or_default() {
        match arg.kind() {
            "keywords" => args.extend(pairs(cx, arg).into_iter().map(|(name, value)| Arg { name: Some(name), value })),
            // `with {:ok, x} <- f()` binds for the block.
            "binary_operator" if matches!(cx.field(arg, "operator"), "<-" | "=") => bound.push(arg),
            _ => args.push(Arg { name: None, value: value(cx, arg) }),
        }
    }
    if let Some(block) = child(node, &["do_block"]) {
        let index = closure(cx, block, bound);
        args.push(Arg { name: Some("&".into()), value: expr(ExprKind::Lambda(index), block) });
    } else if args.is_empty() && child(node, &["arguments"]).is_none() {
        return callee;
    }
    expr(ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() })), node)
}

/// A block or a function without a name, as a closure; `bound` are the patterns that it starts with.
fn closure(cx: &mut Lower<'_>, node: Node<'_>, bound: Vec<Node<'_>>) -> usize {
    let mut params = Vec::new();
    if node.kind() == "anonymous_function"
        && let Some(left) = child(node, &["stab_clause"]).and_then(|s| s.child_by_field_name("left"))
    {
        for param in children(left) {
            params.push(Param {
                name: if param.kind() == "identifier" { cx.src(param).into() } else { SmolStr::default() },
                ty: SmolStr::default(),
                annotations: Vec::new(),
                default: None,
                span: span(param),
            });
        }
    }
    let function =
        Function { name: "<lambda>".into(), owner: cx.owner.clone(), params, span: span(node), ..Function::default() };
    cx.function(function, |cx| {
        let mut out = Vec::new();
        for pattern in bound {
            statement(cx, pattern, &mut out);
        }
        out.extend(block(cx, node));
        result(&mut out);
        out
    })
}
