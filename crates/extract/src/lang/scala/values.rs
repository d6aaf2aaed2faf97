//! Scala's expressions.

use super::super::lower::{Lower, children, expr, span, unquote};
use super::statements::{clauses, sequence, statement};
use super::{bodied, members, part, parts_of_type, simple_type, type_text};
use crate::code::ir::{Arg, BlockKind, Call, Expr, ExprKind, Function, Param, Stmt, Type};
use seam_facts::{SmolStr, format_smolstr};
use tree_sitter::Node;

/// A value outside of statements; what has to be done before it is done by the type or file around.
pub fn settled(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let outer = std::mem::take(&mut cx.pending);
    let value = value(cx, node);
    let before = std::mem::replace(&mut cx.pending, outer);
    let current = cx.current;
    cx.unit.functions[current].body.extend(before);
    value
}

pub fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string" | "character_literal" => ExprKind::Str(unquote(cx.src(node))),
            "symbol_literal" => ExprKind::Str(cx.src(node).trim_start_matches('\'').into()),
            "interpolated_string_expression" => return interpolated(cx, node),
            "integer_literal" | "floating_point_literal" => {
                ExprKind::Num(cx.src(node).trim_end_matches(['L', 'l', 'f', 'F', 'd', 'D']).replace('_', "").into())
            }
            "boolean_literal" => ExprKind::Bool(cx.src(node) == "true"),
            "null_literal" => ExprKind::Null,
            "wildcard" => ExprKind::Name("_".into()),
            "identifier" | "type_identifier" | "operator_identifier" => match cx.src(node) {
                "None" => ExprKind::Null,
                "super" => ExprKind::Name("this".into()),
                name => ExprKind::Name(name.trim_matches('`').into()),
            },
            "stable_identifier" | "stable_type_identifier" => return dotted(cx, node),
            "generic_type" | "projected_type" => ExprKind::Name(simple_type(&type_text(cx.src(node)))),
            "field_expression" => {
                let base = part(node, "value").map(|n| value(cx, n));
                let name: SmolStr = cx.field(node, "field").trim_matches('`').into();
                match base {
                    // `a.Outer.this.x`.
                    Some(_) if name == "this" => ExprKind::Name(name),
                    Some(base) => ExprKind::Member(Box::new(base), name),
                    None => ExprKind::Name(name),
                }
            }
            "parenthesized_expression"
            | "ascription_expression"
            | "vararg"
            | "method_value"
            | "prefix_expression"
            | "quote_expression"
            | "splice_expression"
            | "macro_body" => {
                return match children(node).into_iter().next() {
                    Some(inner) => value(cx, inner),
                    None => expr(ExprKind::Null, node),
                };
            }
            "postfix_expression" => {
                let parts = children(node);
                match parts.as_slice() {
                    [base, name] => ExprKind::Member(Box::new(value(cx, *base)), cx.src(*name).into()),
                    _ => ExprKind::Other(parts.into_iter().map(|n| value(cx, n)).collect()),
                }
            }
            "throw_expression" | "return_expression" => {
                let mut parts: Vec<Expr> = children(node).into_iter().map(|n| value(cx, n)).collect();
                // With a second part it has no value.
                parts.push(expr(ExprKind::Null, node));
                ExprKind::Other(parts)
            }
            "tuple_expression" => ExprKind::List(children(node).into_iter().map(|n| value(cx, n)).collect()),
            "generic_function" => {
                let Some(function) = part(node, "function") else {
                    return expr(ExprKind::Other(Vec::new()), node);
                };
                if let Some(split) = split_infix(cx, node, function) {
                    return split;
                }
                let callee = value(cx, function);
                return finished(node, callee, Vec::new(), type_args(cx, node));
            }
            "call_expression" => return call(cx, node),
            "instance_expression" => return instance(cx, node),
            "infix_expression" => return infix(cx, node),
            "lambda_expression" | "case_block" | "indented_cases" | "colon_argument" => {
                ExprKind::Lambda(lambda(cx, node))
            }
            "block" | "indented_block" => {
                let mut inner = Vec::new();
                sequence(cx, &children(node), &mut inner, false);
                return last_of(cx, node, inner);
            }
            "if_expression" | "match_expression" | "try_expression" => return chosen(cx, node),
            "for_expression" => {
                let mut inner = Vec::new();
                statement(cx, node, &mut inner, false);
                return last_of(cx, node, inner);
            }
            "assignment_expression"
            | "while_expression"
            | "do_while_expression"
            | "val_definition"
            | "var_definition"
            | "function_definition"
            | "class_definition"
            | "object_definition"
            | "trait_definition"
            | "import_declaration" => {
                let mut inner = Vec::new();
                statement(cx, node, &mut inner, false);
                cx.pending.extend(inner);
                ExprKind::Null
            }
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

fn dotted(cx: &Lower<'_>, node: Node<'_>) -> Expr {
    let mut names = cx.src(node).split('.').map(|n| n.trim().trim_matches('`'));
    let first = Expr::name(names.next().unwrap_or(""), span(node));
    names.fold(first, |base, name| expr(ExprKind::Member(Box::new(base), name.into()), node))
}

/// What the last of some statements gives; those before it go before the statement around.
fn last_of(cx: &mut Lower<'_>, node: Node<'_>, mut stmts: Vec<Stmt>) -> Expr {
    let last = match stmts.pop() {
        Some(Stmt::Expr(e) | Stmt::Return(e)) => e,
        Some(other) => {
            stmts.push(other);
            expr(ExprKind::Null, node)
        }
        None => expr(ExprKind::Null, node),
    };
    cx.pending.extend(stmts);
    last
}

/// A choice as a value. Arms of one expression each are alternatives; else the arms stay blocks, and what each gives is
/// assigned to a name that no source can have.
fn chosen(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let mut stmts = Vec::new();
    statement(cx, node, &mut stmts, true);
    let plain = |s: &Stmt| match s {
        Stmt::Block { kind: BlockKind::Branch, head, body, .. } => {
            let calls = |e: &Expr| {
                let mut found = false;
                e.walk(&mut |e| found |= matches!(e.kind, ExprKind::Call(_)));
                found
            };
            !head.as_ref().is_some_and(calls) && matches!(body.as_slice(), [Stmt::Return(_)])
        }
        Stmt::Expr(Expr { kind: ExprKind::Name(_) | ExprKind::Member(..), .. }) => true,
        _ => false,
    };
    if stmts.iter().all(plain) {
        let mut arms = Vec::new();
        for stmt in stmts {
            if let Stmt::Block { body, .. } = stmt {
                arms.extend(body.into_iter().filter_map(|s| match s {
                    Stmt::Return(e) => Some(e),
                    _ => None,
                }));
            }
        }
        return expr(ExprKind::Either(arms), node);
    }
    let at = span(node);
    let name: SmolStr = format_smolstr!("<{}:{}>", at.line, at.column);
    stmts.iter_mut().for_each(|s| given_to(s, &name));
    cx.pending.extend(stmts);
    Expr::name(name, at)
}

/// What a block gives is assigned to `name`.
fn given_to(stmt: &mut Stmt, name: &SmolStr) {
    match stmt {
        Stmt::Block { body, .. } => body.iter_mut().for_each(|s| given_to(s, name)),
        Stmt::Return(value) => {
            let at = value.span;
            let value = std::mem::replace(value, Expr::new(ExprKind::Null, at));
            let target = Expr::name(name.clone(), at);
            *stmt = Stmt::Assign { target, ty: "var".into(), value, append: false, span: at };
        }
        Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Leave(..) => {}
    }
}

/// Interpolators whose result is the text.
const PLAIN: &[&str] = &["s", "f", "raw", "uri", "url", "path", "p", "h", "md", "fr0", "show"];

/// Text with `$name` and `${expression}`. Other interpolators than those of text are calls: `sql"…"` is `sql("…")`.
pub fn interpolated(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let by = cx.field(node, "interpolator");
    let Some(inner) = children(node).into_iter().find(|n| n.kind() == "interpolated_string") else {
        return expr(ExprKind::Other(Vec::new()), node);
    };
    let whole = cx.src(inner);
    let quotes = if whole.starts_with("\"\"\"") && whole.len() >= 6 { 3 } else { 1 };
    let mut parts: Vec<Expr> = Vec::new();
    let mut from = inner.start_byte() + quotes;
    let end = inner.end_byte().saturating_sub(quotes).max(from);
    let mut formatted = false;
    let text = cx.text;
    let plain = |from: usize, to: usize, after: bool, parts: &mut Vec<Expr>| {
        let mut piece = text.get(from..to).unwrap_or("");
        // `$x%2d` of a format.
        if after && by == "f" && piece.starts_with('%') {
            let verb = piece.find(|c: char| c.is_ascii_alphabetic()).map_or(piece.len(), |i| i + 1);
            piece = piece.get(verb..).unwrap_or("");
        }
        if piece.is_empty() {
            return;
        }
        let piece = if quotes == 1 { unquote(&format!("\"{piece}\"")) } else { piece.into() };
        let piece: SmolStr = if piece.contains("$$") { piece.replace("$$", "$").into() } else { piece };
        parts.push(Expr::new(ExprKind::Str(piece), span(inner)));
    };
    for hole in children(inner).into_iter().filter(|n| n.kind() == "interpolation") {
        plain(from, hole.start_byte(), formatted, &mut parts);
        if let Some(held) = children(hole).into_iter().next() {
            parts.push(value(cx, held));
        }
        from = hole.end_byte();
        formatted = true;
    }
    plain(from, end, formatted, &mut parts);
    let text = match parts.as_slice() {
        [] => expr(ExprKind::Str(SmolStr::default()), node),
        [Expr { kind: ExprKind::Str(_), .. }] => parts.swap_remove(0),
        _ => expr(ExprKind::Concat(parts), node),
    };
    if PLAIN.contains(&by) {
        return text;
    }
    let callee = Expr::name(by, span(node));
    let args = vec![Arg { name: None, value: text }];
    expr(ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() })), node)
}

/// The grammar reads `"a" / path[Int]("id")` as the call of `"a" / path[Int]`.
fn split_infix(cx: &mut Lower<'_>, node: Node<'_>, function: Node<'_>) -> Option<Expr> {
    if function.kind() != "infix_expression" {
        return None;
    }
    let (left, right) = (part(function, "left")?, part(function, "right")?);
    let operator = cx.field(function, "operator");
    let (left, callee) = (value(cx, left), value(cx, right));
    let right = finished(node, callee, Vec::new(), type_args(cx, node));
    Some(operated(node, left, operator, vec![right]))
}

fn type_args(cx: &Lower<'_>, node: Node<'_>) -> Vec<SmolStr> {
    let list = part(node, "type_arguments");
    list.map(children).unwrap_or_default().into_iter().map(|n| type_text(cx.src(n))).collect()
}

fn call(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let (Some(mut head), Some(arguments)) = (part(node, "function"), part(node, "arguments")) else {
        return expr(ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()), node);
    };
    // Lists of arguments, the last first.
    let mut lists = vec![arguments];
    while head.kind() == "call_expression"
        && let (Some(inner), Some(more)) = (part(head, "function"), part(head, "arguments"))
        && lists.len() < 8
    {
        lists.push(more);
        head = inner;
    }
    let mut types = Vec::new();
    let mut before = None;
    if head.kind() == "generic_function"
        && let Some(function) = part(head, "function")
    {
        types = type_args(cx, head);
        head = function;
        if head.kind() == "infix_expression"
            && let (Some(left), Some(right)) = (part(head, "left"), part(head, "right"))
        {
            before = Some((value(cx, left), cx.field(head, "operator")));
            head = right;
        }
    }
    let callee = value(cx, head);
    let mut found = Vec::new();
    for list in lists.into_iter().rev() {
        found.extend(args(cx, list));
    }
    let made = finished(node, callee, found, types);
    match before {
        Some((left, operator)) => operated(node, left, operator, vec![made]),
        None => made,
    }
}

/// Collections that are lists of what they are made of.
const LISTS: &[&str] =
    &["List", "Seq", "Set", "Vector", "Array", "IndexedSeq", "Chunk", "NonEmptyList", "NonEmptySet", "Nil", "ListSet"];

/// A call as it is known elsewhere: constructors, literals of collections, what only wraps.
fn finished(node: Node<'_>, callee: Expr, mut args: Vec<Arg>, mut type_args: Vec<SmolStr>) -> Expr {
    let simple = match &callee.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => name.clone(),
        _ => SmolStr::default(),
    };
    match &callee.kind {
        ExprKind::Name(name) if LISTS.contains(&name.as_str()) && type_args.len() < 2 && !args.is_empty() => {
            return expr(ExprKind::List(args.into_iter().map(|a| a.value).collect()), node);
        }
        ExprKind::Member(base, of)
            if matches!(of.as_str(), "of" | "one" | "apply")
                && matches!(&base.kind, ExprKind::Name(n) if LISTS.contains(&n.as_str())) =>
        {
            return expr(ExprKind::List(args.into_iter().map(|a| a.value).collect()), node);
        }
        ExprKind::Name(name)
            if matches!(name.as_str(), "Map" | "HashMap" | "ListMap")
                && !args.is_empty()
                && args.iter().all(|a| matches!(a.value.kind, ExprKind::Object(_))) =>
        {
            let entries = args.into_iter().flat_map(|a| match a.value.kind {
                ExprKind::Object(entries) => entries,
                _ => Vec::new(),
            });
            return expr(ExprKind::Object(entries.collect()), node);
        }
        ExprKind::Name(name)
            if matches!(name.as_str(), "Some" | "Option" | "identity")
                && args.len() == 1
                && !matches!(args[0].value.kind, ExprKind::Lambda(_)) =>
        {
            return args.remove(0).value;
        }
        // `x.getOrElse(throw …)` is `x`.
        ExprKind::Member(base, name) if name == "getOrElse" && args.len() == 1 && thrown(&args[0].value) => {
            return (**base).clone();
        }
        _ => {}
    }
    // Constructors are called by the type's name; a name with capitals only is a function of some DSL.
    let new = simple.starts_with(|c: char| c.is_ascii_uppercase())
        && simple.contains(|c: char| c.is_ascii_lowercase())
        && !args.is_empty()
        && match &callee.kind {
            ExprKind::Name(_) => true,
            ExprKind::Member(base, _) => base.path().is_some_and(|p| !p.contains('(')),
            _ => false,
        };
    if new {
        type_args = match type_args.is_empty() {
            true => vec![simple.clone()],
            false => vec![format_smolstr!("{simple}<{}>", type_args.join(", "))],
        };
    }
    let full = new
        && matches!(&callee.kind, ExprKind::Member(base, _)
            if base.path().is_some_and(|p| p.starts_with(|c: char| c.is_ascii_lowercase())));
    let callee = if full { Expr::name(simple, callee.span) } else { callee };
    expr(ExprKind::Call(Box::new(Call { callee, args, new, type_args })), node)
}

/// What gives no value: `throw x`, `sys.error("…")`.
fn thrown(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Other(parts) => parts.len() > 1 && matches!(parts.last(), Some(Expr { kind: ExprKind::Null, .. })),
        ExprKind::Call(call) => call.callee.path().is_some_and(|p| p == "sys.error" || p == "sys.exit"),
        _ => false,
    }
}

pub fn args(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Arg> {
    if node.kind() != "arguments" {
        return vec![Arg { name: None, value: closure(cx, node) }];
    }
    let mut out = Vec::new();
    for arg in children(node) {
        let (name, held) = match (arg.kind(), part(arg, "left"), part(arg, "right")) {
            ("assignment_expression", Some(left), Some(right)) if left.kind() == "identifier" => {
                (Some(SmolStr::from(cx.src(left).trim_matches('`'))), right)
            }
            _ => (None, arg),
        };
        out.push(Arg { name, value: closure(cx, held) });
    }
    out
}

/// A block that is handed over is a closure.
fn closure(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    match node.kind() {
        "block" | "indented_block" | "case_block" | "indented_cases" | "colon_argument" | "lambda_expression" => {
            let index = lambda(cx, node);
            expr(ExprKind::Lambda(index), node)
        }
        _ => value(cx, node),
    }
}

/// A closure as a function of its own: `x => …`, `{ x => … }`, `{ case … }`, `{ … }`.
fn lambda(cx: &mut Lower<'_>, node: Node<'_>) -> usize {
    let mut literal = node;
    if matches!(node.kind(), "block" | "indented_block")
        && let [only] = children(node).as_slice()
        && matches!(only.kind(), "lambda_expression" | "case_block" | "indented_cases")
    {
        literal = *only;
    }
    let head = match literal.kind() {
        "lambda_expression" => part(literal, "parameters"),
        "colon_argument" => part(literal, "lambda_start"),
        _ => None,
    };
    let mut params = Vec::new();
    if let Some(head) = head {
        let list = if head.kind() == "bindings" { children(head) } else { vec![head] };
        for one in list {
            let name = part(one, "name").unwrap_or(one);
            params.push(Param {
                name: cx.src(name).trim_matches('`').into(),
                ty: type_text(cx.field(one, "type")),
                annotations: Vec::new(),
                default: None,
                span: span(one),
            });
        }
    }
    let function =
        Function { name: "<lambda>".into(), owner: cx.owner.clone(), params, span: span(node), ..Function::default() };
    bodied(cx, function, |cx| {
        let mut out = Vec::new();
        match literal.kind() {
            "case_block" | "indented_cases" => clauses(cx, literal, None, BlockKind::Branch, &mut out, true),
            _ => {
                let inner: Vec<Node<'_>> =
                    children(literal).into_iter().filter(|n| head.is_none_or(|h| h.id() != n.id())).collect();
                sequence(cx, &inner, &mut out, true);
            }
        }
        out
    })
}

/// Operators whose operands are of interest only by themselves.
const COMPARING: &[&str] = &["==", "!=", "<", ">", "<=", ">=", "&&", "||", "-", "*", "eq", "ne", "^"];

fn infix(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let (Some(left), Some(right)) = (part(node, "left"), part(node, "right")) else {
        return expr(ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()), node);
    };
    let operator = cx.field(node, "operator");
    let left = value(cx, left);
    if operator == "+" {
        let right = value(cx, right);
        return expr(ExprKind::Concat(vec![left, right]), node);
    }
    if COMPARING.contains(&operator) {
        let right = value(cx, right);
        return expr(ExprKind::Other(vec![left, right]), node);
    }
    let right = match right.kind() {
        "tuple_expression" if operator != "->" => {
            let parts: Vec<Expr> = children(right).into_iter().map(|n| closure(cx, n)).collect();
            return operated(node, left, operator, parts);
        }
        _ => closure(cx, right),
    };
    match (operator, left.as_str()) {
        ("->", Some(key)) => expr(ExprKind::Object(vec![(key.clone(), right)]), node),
        ("getOrElse", _) if thrown(&right) => left,
        _ => operated(node, left, operator, vec![right]),
    }
}

fn operated(node: Node<'_>, left: Expr, operator: &str, right: Vec<Expr>) -> Expr {
    let callee = expr(ExprKind::Member(Box::new(left), operator.trim_matches('`').into()), node);
    let args = right.into_iter().map(|value| Arg { name: None, value }).collect();
    expr(ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() })), node)
}

/// `new T(x) { … }`: with a body it is a type of its own.
fn instance(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let mut written: Vec<SmolStr> = Vec::new();
    let mut found = Vec::new();
    let mut body = None;
    for part in children(node) {
        match part.kind() {
            kind if kind.ends_with("template_body") => body = Some(part),
            "arguments" => found.extend(args(cx, part)),
            _ => {
                for one in parts_of_type(part) {
                    match one.kind() {
                        "arguments" => found.extend(args(cx, one)),
                        _ => written.push(type_text(cx.src(one))),
                    }
                }
            }
        }
    }
    let first = written.first().cloned().unwrap_or_default();
    let name = simple_type(&first);
    if let Some(body) = body.filter(|b| !children(*b).is_empty()) {
        let anonymous = Type {
            name: name.clone(),
            supers: written.iter().map(|w| simple_type(w)).collect(),
            super_texts: written,
            span: span(node),
            ..Type::default()
        };
        let outer = std::mem::take(&mut cx.pending);
        members(cx, anonymous, body);
        cx.pending = outer;
    }
    let callee = Expr::name(name, span(node));
    expr(ExprKind::Call(Box::new(Call { callee, args: found, new: true, type_args: vec![first] })), node)
}
