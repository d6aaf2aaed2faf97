//! Expressions of C# to the common tree.

use super::{Lower, block, expression_body, params_of};
use crate::code::ir::{Arg, Call, Expr, ExprKind, Function, Param};
use crate::lang::lower::{child, children, expr, plain_type, span, unquote};
use seam_facts::{SmolStr, Span};
use tree_sitter::Node;

pub(super) fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string_literal" => ExprKind::Str(unquote(cx.src(node).trim_end_matches("u8"))),
            "character_literal" => ExprKind::Str(unquote(cx.src(node))),
            "verbatim_string_literal" => {
                let source = cx.src(node).trim_start_matches('@');
                ExprKind::Str(source.trim_matches('"').replace("\"\"", "\"").into())
            }
            "raw_string_literal" => {
                ExprKind::Str(child(node, &["raw_string_content"]).map(|n| cx.src(n).trim()).unwrap_or("").into())
            }
            "integer_literal" | "real_literal" => ExprKind::Num(
                cx.src(node)
                    .trim_end_matches(['L', 'l', 'u', 'U', 'm', 'M', 'd', 'D', 'f', 'F'])
                    .replace('_', "")
                    .into(),
            ),
            "boolean_literal" => ExprKind::Bool(cx.src(node) == "true"),
            "null_literal" | "default_expression" => ExprKind::Null,
            "interpolated_string_expression" => interpolated(cx, node),
            "this" | "base" => ExprKind::Name("this".into()),
            "identifier" | "implicit_type" | "predefined_type" => {
                ExprKind::Name(cx.src(node).trim_start_matches('@').into())
            }
            "generic_name" => ExprKind::Name(plain_type(cx.src(node))),
            "nullable_type" | "array_type" => ExprKind::Name(plain_type(cx.src(node))),
            "typeof_expression" => match node.child_by_field_name("type") {
                Some(ty) => ExprKind::Name(plain_type(cx.src(ty)).rsplit('.').next().unwrap_or("").into()),
                None => ExprKind::Other(Vec::new()),
            },
            "alias_qualified_name" => match node.child_by_field_name("name") {
                Some(name) => return value(cx, name),
                None => ExprKind::Other(Vec::new()),
            },
            "qualified_name" => match (node.child_by_field_name("qualifier"), node.child_by_field_name("name")) {
                (Some(base), Some(name)) => ExprKind::Member(Box::new(value(cx, base)), plain_type(cx.src(name))),
                _ => ExprKind::Name(plain_type(cx.src(node))),
            },
            // `typeof(Order).Name` is text, unless it is about a type parameter.
            "member_access_expression" if named_type(cx, node).is_some() => {
                ExprKind::Str(named_type(cx, node).unwrap_or_default())
            }
            "member_access_expression" => {
                match (node.child_by_field_name("expression"), node.child_by_field_name("name")) {
                    (Some(base), Some(name)) => ExprKind::Member(Box::new(value(cx, base)), plain_type(cx.src(name))),
                    _ => ExprKind::Other(Vec::new()),
                }
            }
            "conditional_access_expression" => conditional_access(cx, node),
            "element_access_expression" => {
                let base = node.child_by_field_name("expression").map(|n| value(cx, n));
                let index = node.child_by_field_name("subscript").and_then(|n| children(n).into_iter().next());
                match (base, index) {
                    (Some(base), Some(index)) => ExprKind::Index(Box::new(base), Box::new(value(cx, index))),
                    _ => ExprKind::Other(Vec::new()),
                }
            }
            "argument"
            | "declaration_expression"
            | "expression_element"
            | "collection_element"
            | "spread_element"
            | "element_binding_expression" => {
                let name = node.child_by_field_name("name");
                match children(node).into_iter().rfind(|n| node.kind() == "declaration_expression" || Some(*n) != name)
                {
                    Some(inner) => return value(cx, inner),
                    None => ExprKind::Other(Vec::new()),
                }
            }
            "parenthesized_expression"
            | "await_expression"
            | "checked_expression"
            | "ref_expression"
            | "postfix_unary_expression"
            | "cast_expression"
            | "as_expression"
            | "with_expression" => {
                let inner =
                    ["value", "left"].iter().find_map(|f| node.child_by_field_name(f)).or_else(|| node.named_child(0));
                match inner {
                    Some(inner) => return value(cx, inner),
                    None => ExprKind::Null,
                }
            }
            "invocation_expression" => {
                let mut call = expr(invocation(cx, node), node);
                // In a long chain, each call stands where its own name does.
                if let Some(name) = called_name(node) {
                    call.span = Span { end_line: call.span.end_line, ..span(name) };
                }
                return call;
            }
            "object_creation_expression" | "implicit_object_creation_expression" => creation(cx, node),
            "anonymous_object_creation_expression" => anonymous(cx, node),
            "initializer_expression" => initializer(cx, node),
            "array_creation_expression" | "implicit_array_creation_expression" => {
                match child(node, &["initializer_expression"]) {
                    Some(init) => ExprKind::List(children(init).into_iter().map(|n| value(cx, n)).collect()),
                    None => ExprKind::List(Vec::new()),
                }
            }
            "collection_expression" | "tuple_expression" => {
                ExprKind::List(children(node).into_iter().map(|n| value(cx, n)).collect())
            }
            "binary_expression" => {
                let parts: Vec<Expr> = ["left", "right"]
                    .iter()
                    .filter_map(|f| node.child_by_field_name(f))
                    .map(|n| value(cx, n))
                    .collect();
                match cx.field(node, "operator") {
                    "+" => ExprKind::Concat(parts),
                    "??" => either(parts),
                    _ => ExprKind::Other(parts),
                }
            }
            "conditional_expression" => {
                let mut parts = Vec::new();
                for field in ["consequence", "alternative"] {
                    if let Some(n) = node.child_by_field_name(field) {
                        parts.push(value(cx, n));
                    }
                }
                // The condition is walked too: it may call something.
                if let Some(condition) = node.child_by_field_name("condition")
                    && condition.kind() == "invocation_expression"
                    && parts.is_empty()
                {
                    parts.push(value(cx, condition));
                }
                either(parts)
            }
            "switch_expression" => {
                let arms = children(node).into_iter().filter(|n| n.kind() == "switch_expression_arm");
                let values = arms.filter_map(|arm| children(arm).pop()).collect::<Vec<_>>();
                either(values.into_iter().map(|n| value(cx, n)).collect())
            }
            // What is thrown is no value.
            "throw_expression" => {
                let inner = node.named_child(0).map(|n| value(cx, n));
                ExprKind::Other(vec![inner, Some(expr(ExprKind::Null, node))].into_iter().flatten().collect())
            }
            "assignment_expression" => match node.child_by_field_name("right") {
                Some(right) => return value(cx, right),
                None => ExprKind::Other(Vec::new()),
            },
            "lambda_expression" | "anonymous_method_expression" => ExprKind::Lambda(lambda(cx, node)),
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

fn named_type(cx: &Lower<'_>, node: Node<'_>) -> Option<SmolStr> {
    let of = node.child_by_field_name("expression").filter(|e| e.kind() == "typeof_expression")?;
    let ty = plain_type(cx.field(of, "type"));
    let simple = ty.rsplit('.').next().unwrap_or(&ty);
    let parameter =
        simple.len() == 1 || simple.starts_with('T') && simple[1..].starts_with(|c: char| c.is_ascii_uppercase());
    (cx.field(node, "name") == "Name" && !parameter).then(|| simple.into())
}

fn either(parts: Vec<Expr>) -> ExprKind {
    let mut flat = Vec::new();
    for part in parts {
        match part.kind {
            ExprKind::Either(inner) => flat.extend(inner),
            _ => flat.push(part),
        }
    }
    ExprKind::Either(flat)
}

fn interpolated(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let mut parts = Vec::new();
    for piece in children(node) {
        match piece.kind() {
            "string_content" | "escape_sequence" | "string_literal_content" => {
                let text = cx.src(piece).replace("{{", "{").replace("}}", "}");
                parts.push(expr(ExprKind::Str(unquote(&format!("\"{text}\""))), piece));
            }
            "interpolation" => {
                let inner = children(piece).into_iter().find(|n| !n.kind().starts_with("interpolation_"));
                if let Some(inner) = inner {
                    parts.push(value(cx, inner));
                }
            }
            _ => {}
        }
    }
    ExprKind::Concat(parts)
}

/// `a?.b`, `a?[k]`.
fn conditional_access(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let condition = node.child_by_field_name("condition");
    let Some(base) = condition.map(|n| value(cx, n)) else {
        return ExprKind::Other(Vec::new());
    };
    match children(node).into_iter().rfind(|n| Some(*n) != condition) {
        Some(binding) if binding.kind() == "member_binding_expression" => {
            ExprKind::Member(Box::new(base), plain_type(cx.field(binding, "name")))
        }
        Some(binding) if binding.kind() == "element_binding_expression" => {
            ExprKind::Index(Box::new(base), Box::new(value(cx, binding)))
        }
        Some(other) => {
            let rest = value(cx, other);
            ExprKind::Other(vec![base, rest])
        }
        None => base.kind,
    }
}

fn type_args(cx: &Lower<'_>, name: Node<'_>) -> Vec<SmolStr> {
    match name.kind() {
        "generic_name" => child(name, &["type_argument_list"])
            .map(|l| children(l).into_iter().map(|n| cx.src(n).into()).collect())
            .unwrap_or_default(),
        "member_access_expression" | "member_binding_expression" | "qualified_name" => {
            name.child_by_field_name("name").map(|n| type_args(cx, n)).unwrap_or_default()
        }
        "conditional_access_expression" => {
            child(name, &["member_binding_expression"]).map(|n| type_args(cx, n)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn called_name<'t>(node: Node<'t>) -> Option<Node<'t>> {
    let function = node.child_by_field_name("function")?;
    match function.kind() {
        "member_access_expression" => function.child_by_field_name("name"),
        "conditional_access_expression" => child(function, &["member_binding_expression"]),
        _ => None,
    }
}

fn invocation(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let Some(function) = node.child_by_field_name("function") else {
        return ExprKind::Other(Vec::new());
    };
    let list = node.child_by_field_name("arguments");
    if cx.src(function) == "nameof" {
        let named = list.and_then(|l| l.named_child(0)).map(|n| cx.src(n)).unwrap_or("");
        return ExprKind::Str(plain_type(named.rsplit('.').next().unwrap_or(named)));
    }
    let type_args = type_args(cx, function);
    let callee = value(cx, function);
    let args = list.map(|l| arguments(cx, l)).unwrap_or_default();
    ExprKind::Call(Box::new(Call { callee, args, new: false, type_args }))
}

pub(super) fn arguments(cx: &mut Lower<'_>, list: Node<'_>) -> Vec<Arg> {
    let mut out = Vec::new();
    for arg in children(list).into_iter().filter(|n| n.kind() == "argument") {
        let name = arg.child_by_field_name("name");
        if let Some(inner) = children(arg).into_iter().rfind(|n| Some(*n) != name) {
            out.push(Arg { name: name.map(|n| cx.src(n).into()), value: value(cx, inner) });
        }
    }
    out
}

/// `new T(…) { A = b }`: the initialiser is a last argument.
fn creation(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let ty = cx.field(node, "type");
    let name = plain_type(ty);
    let mut args = child(node, &["argument_list"]).map(|l| arguments(cx, l)).unwrap_or_default();
    if let Some(init) = child(node, &["initializer_expression"]) {
        let kind = initializer(cx, init);
        args.push(Arg { name: None, value: expr(kind, init) });
    }
    // `new A.B(…)`: the last part is what is made.
    let mut parts = name.split('.');
    let first = Expr::name(parts.next().unwrap_or(""), span(node));
    let callee = parts.fold(first, |base, part| expr(ExprKind::Member(Box::new(base), part.into()), node));
    let type_args = if ty.is_empty() { Vec::new() } else { vec![ty.into()] };
    ExprKind::Call(Box::new(Call { callee, args, new: true, type_args }))
}

/// `{ A = x, ["k"] = y }`, `{ { "k", y } }` or `{ x, y }`.
fn initializer(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let mut entries = Vec::new();
    let mut items = Vec::new();
    for part in children(node) {
        match part.kind() {
            "assignment_expression" => {
                let left = part.child_by_field_name("left");
                let key = match left {
                    Some(l) if l.kind() == "element_binding_expression" => {
                        let key = value(cx, l);
                        key.as_str().cloned().unwrap_or_else(|| cx.src(l).into())
                    }
                    Some(l) => cx.src(l).into(),
                    None => continue,
                };
                if let Some(right) = part.child_by_field_name("right") {
                    entries.push((key, value(cx, right)));
                }
            }
            "initializer_expression" => {
                let pair = children(part);
                match pair.as_slice() {
                    [key, given] => {
                        let key = value(cx, *key);
                        let given = value(cx, *given);
                        match key.as_str().cloned().or_else(|| key.path().map(SmolStr::from)) {
                            Some(key) => entries.push((key, given)),
                            None => items.push(given),
                        }
                    }
                    _ => items.extend(pair.into_iter().map(|n| value(cx, n)).collect::<Vec<_>>()),
                }
            }
            _ => items.push(value(cx, part)),
        }
    }
    if entries.is_empty() { ExprKind::List(items) } else { ExprKind::Object(entries) }
}

/// `new { id = x, order.Name }`.
fn anonymous(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let mut entries = Vec::new();
    let mut key: Option<SmolStr> = None;
    let mut cursor = node.walk();
    let parts: Vec<Node<'_>> = node.children(&mut cursor).collect();
    for (i, part) in parts.iter().enumerate() {
        if !part.is_named() || part.is_extra() {
            continue;
        }
        if parts.get(i + 1).is_some_and(|n| n.kind() == "=") {
            key = Some(cx.src(*part).into());
            continue;
        }
        let given = value(cx, *part);
        let key = key.take().unwrap_or_else(|| cx.src(*part).rsplit('.').next().unwrap_or("").into());
        entries.push((key, given));
    }
    ExprKind::Object(entries)
}

fn lambda(cx: &mut Lower<'_>, node: Node<'_>) -> usize {
    let params = match node.child_by_field_name("parameters") {
        Some(p) if p.kind() == "parameter_list" => params_of(cx, p),
        Some(p) => vec![Param {
            name: cx.src(p).into(),
            ty: SmolStr::default(),
            annotations: Vec::new(),
            default: None,
            span: span(p),
        }],
        None => Vec::new(),
    };
    let function =
        Function { name: "<lambda>".into(), owner: cx.owner.clone(), params, span: span(node), ..Function::default() };
    let body = node.child_by_field_name("body").or_else(|| child(node, &["block"]));
    cx.function(function, |cx| match body {
        Some(b) if b.kind() == "block" => block(cx, b),
        Some(b) => vec![expression_body(cx, b)],
        None => Vec::new(),
    })
}
