//! Ruby to the common tree.
//!
//! `a.b` without arguments is a member, whether it is an attribute or a method: value following looks for both. `X.new`
//! makes an object of the type `X`. Blocks are closures passed as the argument `&`. Constants of a class are its fields.

use super::lower::{Lower, child, children, expr, span, unquote};
use crate::code::ir::{Arg, BlockKind, Call, Expr, ExprKind, Field, Function, Leave, Param, Stmt, Type};
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

fn block_of(cx: &mut Lower<'_>, node: Option<Node<'_>>) -> Vec<Stmt> {
    node.map(|n| block(cx, n)).unwrap_or_default()
}

fn statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    cx.deeper((), |cx| match node.kind() {
        "class" | "module" => type_(cx, node),
        "singleton_class" => {
            let body = block_of(cx, node.child_by_field_name("body"));
            out.extend(body);
        }
        "method" | "singleton_method" => function(cx, node),
        "body_statement" | "then" | "else" | "do" | "begin" | "parenthesized_statements" | "program" | "block_body" => {
            statements_with_rescue(cx, node, out);
        }
        "if" | "unless" | "elsif" => {
            let head = node.child_by_field_name("condition").map(|n| value(cx, n));
            let body = block_of(cx, node.child_by_field_name("consequence"));
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(node) });
            if let Some(alternative) = node.child_by_field_name("alternative") {
                if alternative.kind() == "elsif" {
                    statement(cx, alternative, out);
                } else {
                    let body = block(cx, alternative);
                    out.push(Stmt::Block { kind: BlockKind::Branch, head: None, body, span: span(alternative) });
                }
            }
        }
        "if_modifier" | "unless_modifier" | "while_modifier" | "until_modifier" => {
            let head = node.child_by_field_name("condition").map(|n| value(cx, n));
            let mut body = Vec::new();
            if let Some(inner) = node.child_by_field_name("body") {
                statement(cx, inner, &mut body);
            }
            let kind = if node.kind().starts_with('w') || node.kind() == "until_modifier" {
                BlockKind::Loop
            } else {
                BlockKind::Branch
            };
            out.push(Stmt::Block { kind, head, body, span: span(node) });
        }
        "rescue_modifier" => {
            for part in children(node) {
                statement(cx, part, out);
            }
        }
        "while" | "until" | "for" => {
            let head = ["condition", "value"].iter().find_map(|f| node.child_by_field_name(f)).map(|n| value(cx, n));
            let body = block_of(cx, node.child_by_field_name("body"));
            out.push(Stmt::Block { kind: BlockKind::Loop, head, body, span: span(node) });
        }
        // `3.times do … end`, `loop do … end`: what the block holds is what is repeated.
        "call" if repeats(cx, node).is_some() => {
            let head = repeats(cx, node).flatten().map(|n| counted(cx, n));
            let body = node.child_by_field_name("block").and_then(|b| b.child_by_field_name("body"));
            let mut inner = Vec::new();
            if let Some(body) = body {
                statements_with_rescue(cx, body, &mut inner);
            }
            out.push(Stmt::Block { kind: BlockKind::Loop, head, body: inner, span: span(node) });
        }
        "case" | "case_match" => {
            let head = node.child_by_field_name("value").map(|n| value(cx, n));
            let mut body = Vec::new();
            for clause in children(node) {
                if matches!(clause.kind(), "when" | "in_clause") {
                    body.extend(block_of(cx, clause.child_by_field_name("body")));
                } else if clause.kind() == "else" {
                    body.extend(block(cx, clause));
                }
            }
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(node) });
        }
        "return" => {
            let inner = child(node, &["argument_list"]).and_then(|l| l.named_child(0));
            match inner {
                Some(inner) => {
                    let v = value(cx, inner);
                    out.push(Stmt::Return(v));
                }
                None => out.push(Stmt::Leave(Leave::Return, span(node))),
            }
        }
        "break" => out.push(Stmt::Leave(Leave::Break, span(node))),
        "next" | "retry" => out.push(Stmt::Leave(Leave::Continue, span(node))),
        "assignment" | "operator_assignment" => assignment(cx, node, out),
        "alias" | "undef" | "comment" | "heredoc_body" => {}
        _ => {
            let v = value(cx, node);
            out.push(Stmt::Expr(v));
        }
    });
}

/// The number of rounds that a call with a block makes of it, if it makes rounds and goes over nothing.
fn repeats<'n>(cx: &Lower<'_>, node: Node<'n>) -> Option<Option<Node<'n>>> {
    node.child_by_field_name("block")?;
    let receiver = node.child_by_field_name("receiver");
    match (cx.field(node, "method"), receiver) {
        ("loop", None) => Some(None),
        ("times", Some(number)) => Some(Some(number)),
        ("upto", Some(_)) => Some(Some(node.child_by_field_name("arguments")?.named_child(0)?)),
        // `(1..3).each do |attempt|`.
        ("each", Some(range)) => {
            let inner = if range.kind() == "parenthesized_statements" { range.named_child(0)? } else { range };
            (inner.kind() == "range").then(|| inner.child_by_field_name("end")).flatten().map(Some)
        }
        _ => None,
    }
}

/// A number of rounds, as other languages write it.
fn counted(cx: &mut Lower<'_>, number: Node<'_>) -> Expr {
    let args = vec![Arg { name: None, value: value(cx, number) }];
    let callee = Expr::name("range", span(number));
    expr(ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() })), number)
}

/// A body whose `rescue` and `ensure` parts stand beside what they guard.
fn statements_with_rescue(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    let parts = children(node);
    let guarded = parts.iter().any(|p| matches!(p.kind(), "rescue" | "ensure"));
    let mut body = Vec::new();
    for part in &parts {
        if !matches!(part.kind(), "rescue" | "ensure") {
            statement(cx, *part, &mut body);
        }
    }
    if !guarded {
        return out.extend(body);
    }
    out.push(Stmt::Block { kind: BlockKind::Try, head: None, body, span: span(node) });
    for part in parts {
        let kind = match part.kind() {
            "rescue" => BlockKind::Catch,
            "ensure" => BlockKind::Finally,
            _ => continue,
        };
        let head = part.child_by_field_name("exceptions").and_then(|e| e.named_child(0)).map(|n| value(cx, n));
        let body = match kind {
            BlockKind::Catch => block_of(cx, part.child_by_field_name("body")),
            _ => block(cx, part),
        };
        out.push(Stmt::Block { kind, head, body, span: span(part) });
    }
}

fn assignment(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return;
    };
    let operator = cx.field(node, "operator");
    let append = matches!(operator, "+=" | "<<=");
    let v = if right.kind() == "assignment" {
        let mut inner = Vec::new();
        assignment(cx, right, &mut inner);
        let found =
            inner.iter().find_map(|s| if let Stmt::Assign { value, .. } = s { Some(value.clone()) } else { None });
        out.extend(inner);
        found.unwrap_or_else(|| expr(ExprKind::Null, right))
    } else {
        value(cx, right)
    };
    // A class's constant is a field.
    if left.kind() == "constant" && !cx.owner.is_empty() {
        let (owner, name) = (cx.owner.clone(), SmolStr::from(cx.src(left)));
        if let Some(ty) = cx.unit.types.iter_mut().rev().find(|t| t.name == owner) {
            let field =
                Field { name, ty: SmolStr::default(), annotations: Vec::new(), init: Some(v), span: span(node) };
            return ty.fields.push(field);
        }
    }
    if left.kind() == "left_assignment_list" {
        let given = match v.kind {
            ExprKind::List(items) => items,
            _ => Vec::new(),
        };
        for (target, value) in children(left).into_iter().zip(given) {
            let target = self::value(cx, target);
            out.push(Stmt::Assign { target, ty: SmolStr::default(), value, append, span: span(node) });
        }
        return;
    }
    if left.kind() == "global_variable" {
        let name = cx.src(left).into();
        cx.unit.functions[cx.current].globals.push(name);
    }
    let target = value(cx, left);
    out.push(Stmt::Assign { target, ty: SmolStr::default(), value: v, append, span: span(node) });
}

fn type_(cx: &mut Lower<'_>, node: Node<'_>) {
    let name = cx.field(node, "name").rsplit("::").next().unwrap_or("");
    let mut ty = Type { name: name.into(), interface: node.kind() == "module", span: span(node), ..Type::default() };
    if let Some(parent) = node.child_by_field_name("superclass").and_then(|s| s.named_child(0)) {
        ty.supers.push(cx.src(parent).into());
        ty.super_texts.push(cx.src(parent).into());
    }
    let body = node.child_by_field_name("body");
    // What a class mixes in counts as what it extends.
    for call in body.map(children).unwrap_or_default() {
        if call.kind() == "call" && matches!(cx.field(call, "method"), "include" | "extend" | "prepend") {
            for arg in call.child_by_field_name("arguments").map(children).unwrap_or_default() {
                ty.supers.push(cx.src(arg).into());
                ty.super_texts.push(cx.src(arg).into());
            }
        }
    }
    cx.type_(ty, |cx, _| {
        let body = block_of(cx, body);
        let current = cx.current;
        cx.unit.functions[current].body.extend(body);
    });
}

fn function(cx: &mut Lower<'_>, node: Node<'_>) {
    let name = cx.field(node, "name");
    let function = Function {
        name: if name == "initialize" { "<init>".into() } else { name.into() },
        owner: cx.owner.clone(),
        params: node.child_by_field_name("parameters").map(|n| params_of(cx, n)).unwrap_or_default(),
        parent: (cx.current != 0).then_some(cx.current),
        span: span(node),
        ..Function::default()
    };
    let body = node.child_by_field_name("body");
    cx.function(function, |cx| {
        let mut out = Vec::new();
        if let Some(body) = body {
            match body.kind() {
                "body_statement" => statements_with_rescue(cx, body, &mut out),
                // `def url = "…"`.
                _ => statement(cx, body, &mut out),
            }
        }
        result(&mut out);
        out
    });
}

/// The last expression of a body is its result.
fn result(body: &mut Vec<Stmt>) {
    match body.pop() {
        Some(Stmt::Expr(e)) => body.push(Stmt::Return(e)),
        Some(Stmt::Block { kind, head, body: mut inner, span }) => {
            if matches!(kind, BlockKind::Branch | BlockKind::Try) {
                result(&mut inner);
            }
            body.push(Stmt::Block { kind, head, body: inner, span });
        }
        Some(Stmt::Assign { target, ty, value, append, span }) => {
            let given = value.clone();
            body.push(Stmt::Assign { target, ty, value, append, span });
            body.push(Stmt::Return(given));
        }
        Some(other @ (Stmt::Return(_) | Stmt::Leave(..))) => body.push(other),
        None => {}
    }
}

fn params_of(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Param> {
    let mut out = Vec::new();
    for param in children(node) {
        let name = match param.kind() {
            "identifier" => cx.src(param),
            "optional_parameter"
            | "keyword_parameter"
            | "splat_parameter"
            | "hash_splat_parameter"
            | "block_parameter" => cx.field(param, "name"),
            _ => continue,
        };
        let default = param.child_by_field_name("value").map(|v| value(cx, v));
        out.push(Param {
            name: name.into(),
            ty: SmolStr::default(),
            annotations: Vec::new(),
            default,
            span: span(param),
        });
    }
    out
}

fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string" | "bare_string" | "subshell" | "delimited_symbol" => text(cx, node),
            "chained_string" => concat(children(node).into_iter().map(|n| value(cx, n)).collect()),
            "simple_symbol" => ExprKind::Str(cx.src(node).trim_start_matches(':').into()),
            "hash_key_symbol" | "bare_symbol" | "character" => ExprKind::Str(cx.src(node).into()),
            "integer" | "float" => ExprKind::Num(cx.src(node).replace('_', "").into()),
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "nil" => ExprKind::Null,
            "self" | "super" => ExprKind::Name("this".into()),
            "instance_variable" | "class_variable" => {
                let this = Expr::name("this", span(node));
                ExprKind::Member(Box::new(this), cx.src(node).trim_start_matches('@').into())
            }
            "constant" => {
                let name = cx.src(node);
                let own = cx.unit.types.iter().rev().find(|t| t.name == cx.owner);
                if own.is_some_and(|t| t.fields.iter().any(|f| f.name == name)) {
                    ExprKind::Member(Box::new(Expr::name("this", span(node))), name.into())
                } else {
                    ExprKind::Name(name.into())
                }
            }
            "identifier" | "global_variable" | "scope_resolution" => {
                ExprKind::Name(cx.src(node).trim_start_matches("::").into())
            }
            "parenthesized_statements" | "begin" | "then" => {
                let parts: Vec<Expr> = children(node).into_iter().map(|n| value(cx, n)).collect();
                match <[Expr; 1]>::try_from(parts) {
                    Ok([only]) => return only,
                    Err(parts) => ExprKind::Other(parts),
                }
            }
            "call" => return call(cx, node),
            "element_reference" => match (node.child_by_field_name("object"), children(node).get(1)) {
                (Some(object), Some(index)) => {
                    ExprKind::Index(Box::new(value(cx, object)), Box::new(value(cx, *index)))
                }
                _ => ExprKind::Other(Vec::new()),
            },
            "binary" => return binary(cx, node),
            "conditional" | "if" | "unless" => {
                let parts = ["consequence", "alternative"].iter().filter_map(|f| node.child_by_field_name(f));
                ExprKind::Either(parts.collect::<Vec<_>>().into_iter().map(|n| value(cx, n)).collect())
            }
            "else" if node.named_child_count() == 1 => match node.named_child(0) {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            "hash" => ExprKind::Object(pairs(cx, node)),
            "array" | "right_assignment_list" | "string_array" | "symbol_array" => {
                ExprKind::List(children(node).into_iter().map(|n| value(cx, n)).collect())
            }
            "lambda" => ExprKind::Lambda(closure(
                cx,
                node.child_by_field_name("parameters"),
                node.child_by_field_name("body"),
                node,
            )),
            "assignment" | "operator_assignment" => match node.child_by_field_name("right") {
                Some(right) => return value(cx, right),
                None => ExprKind::Null,
            },
            "rescue_modifier" => match node.child_by_field_name("body") {
                Some(body) => return value(cx, body),
                None => ExprKind::Null,
            },
            "pair" => match node.child_by_field_name("value") {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            "splat_argument" | "block_argument" | "hash_splat_argument" => match node.named_child(0) {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            "class" | "module" | "method" | "singleton_method" => {
                let mut out = Vec::new();
                statement(cx, node, &mut out);
                ExprKind::Other(Vec::new())
            }
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

fn text(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let mut parts = Vec::new();
    for part in children(node) {
        match part.kind() {
            "string_content" => parts.push(expr(ExprKind::Str(cx.src(part).into()), part)),
            "escape_sequence" => parts.push(expr(ExprKind::Str(unquote(&format!("\"{}\"", cx.src(part)))), part)),
            "interpolation" => {
                if let Some(inner) = part.named_child(0) {
                    parts.push(value(cx, inner));
                }
            }
            _ => {}
        }
    }
    concat(parts)
}

fn concat(parts: Vec<Expr>) -> ExprKind {
    if parts.iter().all(|p| p.as_str().is_some()) {
        let text: String = parts.iter().filter_map(Expr::as_str).map(SmolStr::as_str).collect();
        return ExprKind::Str(text.into());
    }
    ExprKind::Concat(parts)
}

fn binary(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let parts: Vec<Expr> =
        ["left", "right"].iter().filter_map(|f| node.child_by_field_name(f)).map(|n| value(cx, n)).collect();
    let kind = match cx.field(node, "operator") {
        "||" | "or" => ExprKind::Either(parts),
        "+" => ExprKind::Concat(parts),
        "%" => {
            let mut args = Vec::new();
            for part in parts {
                match part.kind {
                    ExprKind::List(items) if !args.is_empty() => {
                        args.extend(items.into_iter().map(|value| Arg { name: None, value }))
                    }
                    kind => args.push(Arg { name: None, value: Expr::new(kind, part.span) }),
                }
            }
            let callee = expr(ExprKind::Name("%".into()), node);
            ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() }))
        }
        _ => ExprKind::Other(parts),
    };
    expr(kind, node)
}

fn pairs(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<(SmolStr, Expr)> {
    let mut out = Vec::new();
    for pair in children(node).into_iter().filter(|n| n.kind() == "pair") {
        out.push(entry(cx, pair));
    }
    out
}

fn entry(cx: &mut Lower<'_>, pair: Node<'_>) -> (SmolStr, Expr) {
    let key = pair.child_by_field_name("key").map(|k| value(cx, k));
    let name = key.and_then(|k| k.as_str().cloned().or_else(|| k.path().map(SmolStr::from))).unwrap_or_default();
    let value = match pair.child_by_field_name("value") {
        Some(v) => value(cx, v),
        // `f(name:)` passes the variable of that name.
        None => Expr::name(name.clone(), span(pair)),
    };
    (name, value)
}

fn call(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let name = node.child_by_field_name("method").map(|m| cx.src(m)).unwrap_or("call");
    let receiver = node.child_by_field_name("receiver").map(|r| value(cx, r));
    let list = node.child_by_field_name("arguments");
    let closure_node = node.child_by_field_name("block");
    if receiver.is_none()
        && matches!(name, "require" | "require_relative")
        && let Some(path) = list.and_then(|l| l.named_child(0))
        && let Some(path) = value(cx, path).as_str().cloned()
    {
        cx.import(&path, None, &path, node);
    }
    let mut args = Vec::new();
    for arg in list.map(children).unwrap_or_default() {
        match arg.kind() {
            "pair" => {
                let (key, value) = entry(cx, arg);
                args.push(Arg { name: Some(key), value });
            }
            "block_argument" => args.push(Arg { name: Some("&".into()), value: value(cx, arg) }),
            "hash_splat_argument" => args.push(Arg { name: Some("**".into()), value: value(cx, arg) }),
            _ => args.push(Arg { name: None, value: value(cx, arg) }),
        }
    }
    if let Some(block) = closure_node {
        let index = closure(cx, block.child_by_field_name("parameters"), block.child_by_field_name("body"), block);
        if name == "fetch"
            && let [Stmt::Expr(e) | Stmt::Return(e)] = cx.unit.functions[index].body.as_slice()
        {
            // `ENV.fetch("KEY") { "default" }`.
            let value = e.clone();
            args.push(Arg { name: None, value });
        }
        args.push(Arg { name: Some("&".into()), value: expr(ExprKind::Lambda(index), block) });
    }
    if name == "new"
        && let Some(receiver) = receiver
    {
        return expr(ExprKind::Call(Box::new(Call { callee: receiver, args, new: true, type_args: Vec::new() })), node);
    }
    let bare = args.is_empty() && list.is_none();
    let callee = match receiver {
        Some(receiver) => expr(ExprKind::Member(Box::new(receiver), name.into()), node),
        None => expr(ExprKind::Name(name.into()), node),
    };
    if bare {
        return callee;
    }
    expr(ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() })), node)
}

fn closure(cx: &mut Lower<'_>, params: Option<Node<'_>>, body: Option<Node<'_>>, node: Node<'_>) -> usize {
    let params = params.map(|p| params_of(cx, p)).unwrap_or_default();
    let function =
        Function { name: "<lambda>".into(), owner: cx.owner.clone(), params, span: span(node), ..Function::default() };
    cx.function(function, |cx| {
        let mut out = Vec::new();
        if let Some(body) = body {
            // `-> { … }` keeps its statements in a block of its own.
            let inner =
                if matches!(body.kind(), "block" | "do_block") { body.child_by_field_name("body") } else { Some(body) };
            if let Some(inner) = inner {
                statements_with_rescue(cx, inner, &mut out);
            }
        }
        result(&mut out);
        out
    })
}
