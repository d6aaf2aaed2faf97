//! Kotlin's expressions.

use super::super::lower::{Lower, child, children, expr, plain_type, span, unquote};
use super::{block, member, simple_type, statement};
use crate::code::ir::{Arg, Call, Expr, ExprKind, Function, Param, Stmt, Type};
use seam_facts::SmolStr;
use tree_sitter::Node;

pub fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string_literal" | "multiline_string_literal" => return text(cx, node),
            "character_literal" => ExprKind::Str(unquote(cx.src(node))),
            "number_literal" | "float_literal" => {
                ExprKind::Num(cx.src(node).trim_end_matches(['L', 'f', 'F', 'u', 'U']).replace('_', "").into())
            }
            "identifier" => match cx.src(node) {
                "true" => ExprKind::Bool(true),
                "false" => ExprKind::Bool(false),
                "null" => ExprKind::Null,
                name => ExprKind::Name(name.trim_matches('`').into()),
            },
            "this_expression" | "super_expression" => ExprKind::Name("this".into()),
            "user_type" | "nullable_type" => ExprKind::Name(plain_type(cx.src(node))),
            "parenthesized_expression"
            | "spread_expression"
            | "annotated_expression"
            | "labeled_expression"
            | "as_expression" => {
                let inner = node.child_by_field_name("left").or_else(|| children(node).into_iter().next());
                return inner.map(|n| value(cx, n)).unwrap_or_else(|| expr(ExprKind::Null, node));
            }
            "throw_expression" | "return_expression" => {
                let inner = children(node).into_iter().last();
                return inner.map(|n| value(cx, n)).unwrap_or_else(|| expr(ExprKind::Null, node));
            }
            "unary_expression" => {
                let inner = node.child_by_field_name("argument").or_else(|| children(node).into_iter().next());
                return inner.map(|n| value(cx, n)).unwrap_or_else(|| expr(ExprKind::Null, node));
            }
            "navigation_expression" => {
                let parts = children(node);
                match parts.as_slice() {
                    [base, name] => {
                        let base = value(cx, *base);
                        ExprKind::Member(Box::new(base), cx.src(*name).trim_matches('`').into())
                    }
                    _ => ExprKind::Other(parts.into_iter().map(|n| value(cx, n)).collect()),
                }
            }
            "callable_reference" => {
                let parts = children(node);
                match parts.as_slice() {
                    [name] => ExprKind::Member(Box::new(Expr::name("this", span(node))), cx.src(*name).into()),
                    [base, name] => ExprKind::Member(Box::new(value(cx, *base)), cx.src(*name).into()),
                    _ => ExprKind::Other(Vec::new()),
                }
            }
            "index_expression" => {
                let parts = children(node);
                match parts.as_slice() {
                    [base, index] => ExprKind::Index(Box::new(value(cx, *base)), Box::new(value(cx, *index))),
                    _ => ExprKind::Other(parts.into_iter().map(|n| value(cx, n)).collect()),
                }
            }
            "call_expression" => call(cx, node),
            "binary_expression" => return binary(cx, node),
            "infix_expression" => infix(cx, node),
            "if_expression" | "when_expression" | "try_expression" => {
                let mut stmts = Vec::new();
                statement(cx, node, &mut stmts);
                let mut arms = Vec::new();
                collect(stmts, &mut arms);
                ExprKind::Either(arms)
            }
            "collection_literal" => ExprKind::List(children(node).into_iter().map(|n| value(cx, n)).collect()),
            "lambda_literal" | "annotated_lambda" | "anonymous_function" => ExprKind::Lambda(lambda(cx, node, None)),
            "object_literal" => return object(cx, node),
            "block" => {
                let stmts = block(cx, node);
                match last_value(stmts) {
                    Some(last) => return last,
                    None => ExprKind::Null,
                }
            }
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

/// The values that arms give.
fn collect(stmts: Vec<Stmt>, out: &mut Vec<Expr>) {
    for stmt in stmts {
        match stmt {
            Stmt::Block { mut body, .. } => {
                // An arm's value is its last statement.
                if body.len() > 1 {
                    body.drain(..body.len() - 1).for_each(|s| {
                        if let Stmt::Expr(e) = s {
                            out.push(expr_other(e));
                        }
                    });
                }
                collect(body, out);
            }
            Stmt::Expr(e) | Stmt::Return(e) => out.push(e),
            Stmt::Assign { .. } | Stmt::Leave(..) => {}
        }
    }
}

/// Kept for its calls, not for its value.
fn expr_other(e: Expr) -> Expr {
    let at = e.span;
    Expr::new(ExprKind::Other(vec![e, Expr::new(ExprKind::Null, at)]), at)
}

/// The value of the last statement.
pub fn last_value(mut stmts: Vec<Stmt>) -> Option<Expr> {
    let leaves = matches!(stmts.last(), Some(Stmt::Leave(..)));
    stmts.truncate(stmts.len() - usize::from(leaves));
    match stmts.into_iter().last()? {
        Stmt::Expr(e) if leaves => Some(expr_other(e)),
        Stmt::Expr(e) | Stmt::Return(e) => Some(e),
        Stmt::Assign { .. } | Stmt::Block { .. } | Stmt::Leave(..) => None,
    }
}

/// Text with `$name` and `${expression}`; the grammar leaves `$name` in the text.
fn text(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let raw = node.kind() == "multiline_string_literal";
    let mut parts: Vec<Expr> = Vec::new();
    let mut plain = String::new();
    let flush = |plain: &mut String, parts: &mut Vec<Expr>| {
        if !plain.is_empty() {
            parts.push(Expr::new(ExprKind::Str(std::mem::take(plain).into()), span(node)));
        }
    };
    let mut dollar = false;
    for piece in children(node) {
        let src = cx.src(piece);
        match piece.kind() {
            "interpolation" => {
                flush(&mut plain, &mut parts);
                let inner = children(piece).into_iter().next();
                parts.extend(inner.map(|n| value(cx, n)));
            }
            "escape_sequence" if !raw => {
                let unescaped = unquote(&format!("\"{src}\""));
                plain.push_str(&unescaped);
            }
            _ => {
                let mut rest = src;
                while !rest.is_empty() {
                    if dollar {
                        dollar = false;
                        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                        if end > 0 && !rest.starts_with(|c: char| c.is_ascii_digit()) {
                            flush(&mut plain, &mut parts);
                            parts.push(Expr::name(&rest[..end], span(piece)));
                            rest = &rest[end..];
                        } else {
                            plain.push('$');
                        }
                        continue;
                    }
                    match rest.split_once('$') {
                        Some((before, after)) => {
                            plain.push_str(before);
                            dollar = true;
                            rest = after;
                        }
                        None => {
                            plain.push_str(rest);
                            rest = "";
                        }
                    }
                }
            }
        }
        // A dollar at a piece's end belongs to the next piece, unless that is no name.
        if dollar && piece.next_named_sibling().is_none_or(|n| n.kind() != "string_content") {
            plain.push('$');
            dollar = false;
        }
    }
    flush(&mut plain, &mut parts);
    match parts.as_slice() {
        [] => expr(ExprKind::Str(SmolStr::default()), node),
        [Expr { kind: ExprKind::Str(_), .. }] => parts.swap_remove(0),
        _ => expr(ExprKind::Concat(parts), node),
    }
}

/// The number and the closure of `repeat(3) { … }`.
pub fn repeated<'n>(cx: &Lower<'_>, node: Node<'n>) -> Option<(Node<'n>, Node<'n>)> {
    if !cx.src(node).starts_with("repeat(") {
        return None;
    }
    // `f(x) { … }` is a call of a call in the grammar.
    let inner = child(node, &["call_expression"]).unwrap_or(node);
    let number = child(child(inner, &["value_arguments"])?, &["value_argument"])?;
    let literal = child(child(node, &["annotated_lambda"])?, &["lambda_literal"])?;
    Some((children(number).into_iter().last()?, literal))
}

fn call(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let parts = children(node);
    let Some((head, tail)) = parts.split_first() else {
        return ExprKind::Other(Vec::new());
    };
    let mut args_found = Vec::new();
    let mut type_args: Vec<SmolStr> = Vec::new();
    let mut head = *head;
    let mut tails = vec![tail.to_vec()];
    // `f(x) { … }` is a call of a call in the grammar.
    if head.kind() == "call_expression"
        && tail.first().is_some_and(|n| n.kind() == "annotated_lambda")
        && child(head, &["value_arguments"]).is_some()
        && child(head, &["annotated_lambda"]).is_none()
    {
        let inner = children(head);
        if let Some((first, rest)) = inner.split_first() {
            tails.insert(0, rest.to_vec());
            head = *first;
        }
    }
    let callee = value(cx, head);
    for part in tails.into_iter().flatten() {
        match part.kind() {
            "type_arguments" => type_args = children(part).into_iter().map(|n| cx.src(n).into()).collect(),
            "value_arguments" => args_found.extend(args(cx, part)),
            "annotated_lambda" => {
                let subject = scoped(&callee, &args_found);
                let index = lambda(cx, part, subject);
                args_found.push(Arg { name: None, value: expr(ExprKind::Lambda(index), part) });
            }
            _ => {}
        }
    }
    finish_call(cx, head, callee, args_found, type_args)
}

fn finish_call(cx: &Lower<'_>, head: Node<'_>, callee: Expr, args: Vec<Arg>, mut type_args: Vec<SmolStr>) -> ExprKind {
    let simple = match &callee.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => name.clone(),
        _ => SmolStr::default(),
    };
    let listed = matches!(&callee.kind, ExprKind::Name(_))
        && matches!(simple.as_str(), "listOf" | "setOf" | "arrayOf" | "mutableListOf" | "listOfNotNull" | "hashSetOf");
    if listed {
        return ExprKind::List(args.into_iter().map(|a| a.value).collect());
    }
    // Constructors are called by the type's name; a name with capitals only is a function of some DSL (`GET("/x")`).
    let new = simple.starts_with(|c: char| c.is_ascii_uppercase())
        && simple.contains(|c: char| c.is_ascii_lowercase())
        && match &callee.kind {
            ExprKind::Name(_) => true,
            // `a.b.Type(…)` in full, `Outer.Inner(…)`.
            ExprKind::Member(base, _) => base.path().is_some_and(|p| !p.contains('(')),
            _ => false,
        };
    if new && type_args.is_empty() {
        type_args.push(simple.clone());
    } else if new {
        type_args = vec![seam_facts::format_smolstr!("{simple}<{}>", type_args.join(", "))];
    }
    let full = new
        && matches!(&callee.kind, ExprKind::Member(..))
        && cx.src(head).starts_with(|c: char| c.is_ascii_lowercase());
    let callee = if full { Expr::name(simple, span(head)) } else { callee };
    ExprKind::Call(Box::new(Call { callee, args, new, type_args }))
}

/// What a closure's receiver is called, which no name of the source can be.
const RECEIVER: &str = "<receiver>";

/// What `it` or the receiver is in the closure of a scope function: `x.also { it.go() }`, `x.apply { go() }`.
fn scoped(callee: &Expr, args: &[Arg]) -> Option<(&'static str, Expr)> {
    match &callee.kind {
        ExprKind::Member(base, name) if args.is_empty() => match name.as_str() {
            "also" | "let" | "use" | "takeIf" => Some(("it", (**base).clone())),
            "apply" | "run" => Some((RECEIVER, (**base).clone())),
            _ => None,
        },
        ExprKind::Name(name) if name == "with" => args.first().map(|a| (RECEIVER, a.value.clone())),
        _ => None,
    }
}

pub fn args(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Arg> {
    let mut out = Vec::new();
    for arg in children(node) {
        let parts = children(arg);
        // `name = value`: an `=` that is no part of either.
        let named = parts.len() == 2 && parts[0].kind() == "identifier";
        let name = parts.first().filter(|_| named).map(|n| SmolStr::from(cx.src(*n)));
        if let Some(inner) = parts.last() {
            out.push(Arg { name, value: value(cx, *inner) });
        }
    }
    out
}

fn binary(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return expr(ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()), node);
    };
    let kind = match cx.field(node, "operator") {
        "+" => ExprKind::Concat(vec![value(cx, left), value(cx, right)]),
        "?:" => ExprKind::Either(vec![value(cx, left), value(cx, right)]),
        // The grammar reads `f<T>(x)` and `f<T> { … }` as comparisons where they stand alone.
        ">" if left.kind() == "binary_expression"
            && cx.field(left, "operator") == "<"
            && matches!(right.kind(), "parenthesized_expression" | "lambda_literal") =>
        {
            let head = left.child_by_field_name("left").unwrap_or(left);
            let ty = cx.field(left, "right").into();
            let callee = value(cx, head);
            let inner = value(cx, right);
            finish_call(cx, head, callee, vec![Arg { name: None, value: inner }], vec![ty])
        }
        _ => ExprKind::Other(vec![value(cx, left), value(cx, right)]),
    };
    expr(kind, node)
}

/// `"a" to b` is a pair; other infix calls are calls.
fn infix(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let parts = children(node);
    match parts.as_slice() {
        [left, name, right] => {
            let (left, right) = (value(cx, *left), value(cx, *right));
            match (cx.src(*name), left.as_str()) {
                ("to", Some(key)) => ExprKind::Object(vec![(key.clone(), right)]),
                ("to", None) => ExprKind::List(vec![left, right]),
                (name, _) => {
                    let callee = expr(ExprKind::Member(Box::new(left), name.into()), node);
                    let args = vec![Arg { name: None, value: right }];
                    ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() }))
                }
            }
        }
        _ => ExprKind::Other(parts.into_iter().map(|n| value(cx, n)).collect()),
    }
}

/// A closure as a function of its own; `subject` is what its single parameter stands for, where that is known.
fn lambda(cx: &mut Lower<'_>, node: Node<'_>, subject: Option<(&str, Expr)>) -> usize {
    let literal = match node.kind() {
        "annotated_lambda" => child(node, &["lambda_literal"]).unwrap_or(node),
        _ => node,
    };
    let named = child(literal, &["lambda_parameters", "function_value_parameters"]);
    let mut names: Vec<(SmolStr, Node<'_>)> = Vec::new();
    for variable in named.map(children).unwrap_or_default() {
        if let Some(name) = child(variable, &["identifier"]) {
            names.push((cx.src(name).into(), variable));
        }
    }
    let prelude = subject.map(|(called, subject)| {
        let name = names.first().map(|(n, _)| n.clone()).filter(|_| called == "it").unwrap_or_else(|| called.into());
        let at = subject.span;
        Stmt::Assign { target: Expr::name(name, at), ty: SmolStr::default(), value: subject, append: false, span: at }
    });
    let params = match prelude {
        Some(_) => Vec::new(),
        None => names.into_iter().map(|(name, n)| param(cx, name, n)).collect(),
    };
    let function =
        Function { name: "<lambda>".into(), owner: cx.owner.clone(), params, span: span(node), ..Function::default() };
    cx.function(function, |cx| {
        let mut out: Vec<Stmt> = prelude.into_iter().collect();
        for part in children(literal) {
            match part.kind() {
                "lambda_parameters" | "function_value_parameters" => {}
                "function_body" => out.extend(super::function_body(cx, part)),
                _ => statement(cx, part, &mut out),
            }
        }
        // A closure gives its last expression.
        if let Some(Stmt::Expr(_)) = out.last()
            && let Some(Stmt::Expr(last)) = out.pop()
        {
            out.push(Stmt::Return(last));
        }
        out
    })
}

fn param(cx: &Lower<'_>, name: SmolStr, node: Node<'_>) -> Param {
    let ty = children(node).into_iter().find(|n| n.kind().ends_with("_type"));
    Param {
        name,
        ty: ty.map(|n| cx.src(n)).unwrap_or("").into(),
        annotations: Vec::new(),
        default: None,
        span: span(node),
    }
}

/// `object : Base(x) { … }` makes a type of its own.
fn object(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let mut parent: SmolStr = SmolStr::default();
    let mut written: SmolStr = SmolStr::default();
    let mut passed = Vec::new();
    if let Some(first) = child(node, &["delegation_specifiers"]).and_then(|d| children(d).into_iter().next())
        && let Some(inner) = children(first).into_iter().next()
    {
        let ty =
            if inner.kind() == "constructor_invocation" { children(inner).into_iter().next() } else { Some(inner) };
        written = ty.map(|n| cx.src(n)).unwrap_or("").into();
        parent = simple_type(&written);
        passed = child(inner, &["value_arguments"]).map(|n| args(cx, n)).unwrap_or_default();
    }
    if let Some(body) = child(node, &["class_body"]) {
        let anonymous = Type {
            name: parent.clone(),
            supers: vec![parent.clone()],
            super_texts: vec![written.clone()],
            span: span(node),
            ..Type::default()
        };
        cx.type_(anonymous, |cx, index| children(body).into_iter().for_each(|n| member(cx, n, Some(index))));
    }
    let callee = Expr::name(parent, span(node));
    let call = Call { callee, args: passed, new: true, type_args: vec![written] };
    expr(ExprKind::Call(Box::new(call)), node)
}
