//! Rust to the common tree.
//!
//! `self` is `this`, `?` and `.await` are transparent, and the wrappers of a type that change nothing about what it is
//! (`Arc`, `Option`, `Result`, `web::Data` …) are taken off. Macros that look like calls are read as calls of `name!`;
//! names captured in format strings become arguments. Modules for tests are left out.

use super::lower::{Lower, child, children, expr, plain_type, span, unquote};
use crate::code::ir::{Annotation, Arg, BlockKind, Call, Expr, ExprKind, Field, Function, Leave, Param, Stmt, Type};
use seam_facts::{SmolStr, Span};
use tree_sitter::Node;

pub fn lower(cx: &mut Lower<'_>, root: Node<'_>) {
    items(cx, root);
}

fn items(cx: &mut Lower<'_>, parent: Node<'_>) {
    cx.deeper((), |cx| {
        let mut attributes: Vec<Node<'_>> = Vec::new();
        for node in children(parent) {
            if node.kind() == "attribute_item" {
                attributes.push(node);
                continue;
            }
            let attached = std::mem::take(&mut attributes);
            let tests = attached
                .iter()
                .any(|a| matches!(cx.src(*a).replace(' ', "").as_str(), "#[cfg(test)]" | "#[test]" | "#[tokio::test]"));
            if !tests {
                item(cx, node, &attached);
            }
        }
    });
}

fn item(cx: &mut Lower<'_>, node: Node<'_>, attributes: &[Node<'_>]) {
    match node.kind() {
        "use_declaration" => {
            if let Some(argument) = node.child_by_field_name("argument") {
                uses(cx, argument, "");
            }
        }
        "struct_item" | "enum_item" | "union_item" => {
            let mut ty = Type {
                name: cx.field(node, "name").into(),
                annotations: annotations(cx, attributes),
                span: span(node),
                ..Type::default()
            };
            let mut before: Vec<Node<'_>> = Vec::new();
            for field in child(node, &["field_declaration_list"]).map(children).unwrap_or_default() {
                match field.kind() {
                    "attribute_item" => before.push(field),
                    "field_declaration" => {
                        let annotations = annotations(cx, &std::mem::take(&mut before));
                        let (name, declared) = (cx.field(field, "name").into(), inner_type(cx.field(field, "type")));
                        ty.fields.push(Field { name, ty: declared, annotations, init: None, span: span(field) });
                    }
                    _ => {}
                }
            }
            match cx.unit.types.iter_mut().find(|t| t.name == ty.name) {
                // An `impl` above has opened it.
                Some(open) => {
                    open.fields = ty.fields;
                    open.annotations = ty.annotations;
                }
                None => cx.unit.types.push(ty),
            }
        }
        "impl_item" => {
            let owner = inner_type(&plain_type(cx.field(node, "type")));
            let owner: SmolStr = owner.rsplit("::").next().unwrap_or(&owner).into();
            let implemented = cx.field(node, "trait");
            if !implemented.is_empty() {
                let at = span(node);
                let known = cx.unit.types.iter().position(|t| t.name == owner).unwrap_or_else(|| {
                    cx.unit.types.push(Type { name: owner.clone(), span: at, ..Type::default() });
                    cx.unit.types.len() - 1
                });
                cx.unit.types[known].supers.push(plain_type(implemented));
                cx.unit.types[known].super_texts.push(implemented.into());
            }
            members(cx, node, owner);
        }
        "trait_item" => {
            let name: SmolStr = cx.field(node, "name").into();
            cx.unit.types.push(Type { name: name.clone(), interface: true, span: span(node), ..Type::default() });
            members(cx, node, name);
        }
        "function_item" => function(cx, node, attributes),
        "const_item" | "static_item" => {
            if let Some(given) = node.child_by_field_name("value") {
                let mut out = Vec::new();
                let value = value(cx, given);
                out.append(&mut cx.pending);
                let (target, ty) = (Expr::name(cx.field(node, "name"), span(node)), inner_type(cx.field(node, "type")));
                out.push(Stmt::Assign { target, ty, value, append: false, span: span(node) });
                out.into_iter().for_each(|s| cx.top(s));
            }
        }
        "mod_item" => match node.child_by_field_name("body") {
            Some(body) => items(cx, body),
            None => {
                let part = seam_facts::format_smolstr!("./{}", cx.field(node, "name"));
                cx.unit.parts.push(part);
            }
        },
        "expression_statement" | "macro_invocation" => {
            let mut out = Vec::new();
            statement(cx, node, &mut out);
            out.into_iter().for_each(|s| cx.top(s));
        }
        _ => {}
    }
}

fn members(cx: &mut Lower<'_>, node: Node<'_>, owner: SmolStr) {
    let outer = std::mem::replace(&mut cx.owner, owner);
    if let Some(body) = node.child_by_field_name("body") {
        items(cx, body);
    }
    cx.owner = outer;
}

/// `use a::b::{c, d as e, self}`.
fn uses(cx: &mut Lower<'_>, node: Node<'_>, prefix: &str) {
    let join = |rest: &str| if prefix.is_empty() { rest.to_string() } else { format!("{prefix}::{rest}") };
    cx.deeper((), |cx| match node.kind() {
        "scoped_use_list" => {
            let path = join(cx.field(node, "path"));
            if let Some(list) = node.child_by_field_name("list") {
                for node in children(list) {
                    uses(cx, node, &path);
                }
            }
        }
        "use_list" => {
            for node in children(node) {
                uses(cx, node, prefix);
            }
        }
        "use_as_clause" => {
            let (path, alias) = (join(cx.field(node, "path")), cx.field(node, "alias").to_string());
            import(cx, &path, &alias, node);
        }
        "self" => import(cx, prefix, prefix.rsplit("::").next().unwrap_or(prefix), node),
        // No name is known by it, but whose file it is.
        "use_wildcard" => cx.unit.parts.push(join(cx.src(node).trim_end_matches('*').trim_end_matches("::")).into()),
        _ => {
            let path = join(cx.src(node));
            let alias = path.rsplit("::").next().unwrap_or(&path).to_string();
            import(cx, &path, &alias, node);
        }
    });
}

fn import(cx: &mut Lower<'_>, path: &str, alias: &str, at: Node<'_>) {
    match path.rsplit_once("::") {
        Some((module, name)) => cx.import(module, Some(name), alias, at),
        None => cx.import(path, None, alias, at),
    }
}

/// Takes off what only wraps: `Arc<Client>`, `web::Data<Pool>`, `Result<T, E>`, `Box<dyn Trait>`.
fn inner_type(ty: &str) -> SmolStr {
    const WRAPPERS: &[&str] = &[
        "Arc",
        "Rc",
        "Box",
        "Option",
        "Result",
        "Mutex",
        "RwLock",
        "Data",
        "State",
        "Extension",
        "Lazy",
        "LazyLock",
        "OnceCell",
        "OnceLock",
        "Pin",
        "Cow",
        "Ref",
    ];
    let mut ty = ty.trim();
    for _ in 0..8 {
        // `&'a mut dyn Stock + Send`
        loop {
            let before = ty;
            ty = ty.trim_start_matches(['&', '*']).trim();
            if let Some((_, rest)) = ty.strip_prefix('\'').and_then(|t| t.split_once(' ')) {
                ty = rest.trim();
            }
            for word in ["mut ", "dyn ", "impl "] {
                ty = ty.strip_prefix(word).unwrap_or(ty).trim();
            }
            if ty == before {
                break;
            }
        }
        ty = ty.split_once(" + ").filter(|(first, _)| !first.contains('<')).map_or(ty, |(first, _)| first);
        let Some((head, rest)) = ty.split_once('<') else { break };
        let name = head.rsplit("::").next().unwrap_or(head);
        if !WRAPPERS.contains(&name) {
            break;
        }
        let inner = rest.trim_end().strip_suffix('>').unwrap_or(rest);
        let mut depth = 0;
        let end = inner.char_indices().find_map(|(i, c)| {
            match c {
                '<' | '(' | '[' => depth += 1,
                '>' | ')' | ']' => depth -= 1,
                _ => {}
            }
            (c == ',' && depth == 0).then_some(i)
        });
        ty = inner[..end.unwrap_or(inner.len())].trim();
    }
    ty.into()
}

/// `#[get("/x")]`, `#[serde(rename = "a")]`.
fn annotations(cx: &mut Lower<'_>, attributes: &[Node<'_>]) -> Vec<Annotation> {
    let mut out = Vec::new();
    for item in attributes {
        let Some(attribute) = child(*item, &["attribute"]) else {
            continue;
        };
        let Some(path) = attribute.named_child(0) else {
            continue;
        };
        let mut args = Vec::new();
        if let Some(tokens) = attribute.child_by_field_name("arguments") {
            for token in children(tokens) {
                match token.kind() {
                    "identifier" => {
                        let word = cx.src(token);
                        let after = cx.text.get(token.end_byte()..).unwrap_or("").trim_start();
                        // `#[arg(env)]`: the variable is called like the field.
                        if word == "env" && after.starts_with([',', ')']) {
                            let given = Expr::new(ExprKind::Bool(true), span(token));
                            args.push(Arg { name: Some("env".into()), value: given });
                        }
                    }
                    "string_literal" | "raw_string_literal" | "integer_literal" | "boolean_literal" => {
                        // A name directly before, with `=`, belongs to it.
                        let before = cx.text.get(..token.start_byte()).unwrap_or("").trim_end();
                        let word = |text: &str| {
                            text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().map(SmolStr::from)
                        };
                        let named = before.strip_suffix('=').and_then(|b| word(b.trim_end()));
                        args.push(Arg { name: named, value: value(cx, token) });
                    }
                    _ => {}
                }
            }
        }
        out.push(Annotation { name: cx.src(path).replace("::", ".").into(), args, span: span(*item) });
    }
    out
}

fn function(cx: &mut Lower<'_>, node: Node<'_>, attributes: &[Node<'_>]) {
    let name = cx.field(node, "name");
    let returned = inner_type(cx.field(node, "return_type"));
    let function = Function {
        name: name.into(),
        owner: cx.owner.clone(),
        params: node.child_by_field_name("parameters").map(|p| params(cx, p)).unwrap_or_default(),
        returns: if returned == "Self" { cx.owner.clone() } else { returned },
        annotations: annotations(cx, attributes),
        span: span(node),
        ..Function::default()
    };
    let body = node.child_by_field_name("body");
    cx.function(function, |cx| body.map(|b| body_of(cx, b)).unwrap_or_default());
}

/// A block whose last expression is what it gives.
fn body_of(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    let outer = std::mem::take(&mut cx.pending);
    let mut out = Vec::new();
    if node.kind() == "block" {
        let inner = children(node);
        let last = inner.len().saturating_sub(1);
        for (index, part) in inner.into_iter().enumerate() {
            let gives = index == last
                && !matches!(part.kind(), "let_declaration" | "expression_statement")
                && !part.kind().ends_with("_item");
            if gives && !is_control(part) {
                let given = value(cx, part);
                out.append(&mut cx.pending);
                out.push(Stmt::Return(given));
            } else if gives {
                control(cx, part, &mut out, true);
            } else {
                statement(cx, part, &mut out);
            }
        }
    } else {
        let given = value(cx, node);
        out.append(&mut cx.pending);
        out.push(Stmt::Return(given));
    }
    cx.pending = outer;
    out
}

fn is_control(node: Node<'_>) -> bool {
    matches!(node.kind(), "if_expression" | "for_expression" | "while_expression" | "loop_expression" | "unsafe_block")
}

fn params(cx: &mut Lower<'_>, list: Node<'_>) -> Vec<Param> {
    let mut out = Vec::new();
    for node in children(list) {
        let (name, ty) = match node.kind() {
            "parameter" => {
                let pattern = node.child_by_field_name("pattern").map(|p| names_of(cx, p)).unwrap_or_default();
                (pattern.into_iter().next().unwrap_or_else(|| "_".into()), inner_type(cx.field(node, "type")))
            }
            // Closures.
            "identifier" | "tuple_struct_pattern" | "reference_pattern" | "mut_pattern" | "tuple_pattern" => {
                (names_of(cx, node).into_iter().next().unwrap_or_else(|| "_".into()), SmolStr::default())
            }
            _ => continue,
        };
        out.push(Param { name, ty, annotations: Vec::new(), default: None, span: span(node) });
    }
    out
}

/// The names that a pattern binds: `Some(x)`, `mut x`, `(a, b)`, `State(pool)`.
fn names_of(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<SmolStr> {
    cx.deeper(Vec::new(), |cx| match node.kind() {
        "identifier" | "shorthand_field_identifier" => vec![cx.src(node).into()],
        "tuple_struct_pattern" | "struct_pattern" => {
            let ty = node.child_by_field_name("type").map(|t| t.id());
            let parts: Vec<Node<'_>> = children(node).into_iter().filter(|n| Some(n.id()) != ty).collect();
            parts.into_iter().flat_map(|n| names_of(cx, n)).collect()
        }
        "scoped_identifier" | "_" | "integer_literal" | "string_literal" => Vec::new(),
        _ => children(node).into_iter().flat_map(|n| names_of(cx, n)).collect(),
    })
}

/// What is matched, for each arm that names it; without its inside when that is long, because arms and matches nest.
fn brief(head: &Expr) -> Expr {
    let mut parts = 0;
    head.walk(&mut |_| parts += 1);
    if parts <= 64 { head.clone() } else { Expr::new(ExprKind::Other(Vec::new()), head.span) }
}

fn bind(cx: &mut Lower<'_>, pattern: Node<'_>, given: Expr, ty: SmolStr, at: Node<'_>, out: &mut Vec<Stmt>) {
    let names = names_of(cx, pattern);
    for (index, name) in names.iter().enumerate() {
        let value = match &given.kind {
            ExprKind::List(items) if items.len() == names.len() => items[index].clone(),
            _ if index == 0 => given.clone(),
            _ => expr(ExprKind::Other(Vec::new()), at),
        };
        let target = Expr::name(name.clone(), span(pattern));
        out.push(Stmt::Assign { target, ty: ty.clone(), value, append: false, span: span(at) });
    }
    if names.is_empty() {
        out.push(Stmt::Expr(given));
    }
}

fn statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    let outer = std::mem::take(&mut cx.pending);
    cx.deeper((), |cx| match node.kind() {
        "let_declaration" => {
            let Some(pattern) = node.child_by_field_name("pattern") else { return };
            let given = match node.child_by_field_name("value") {
                Some(v) => value(cx, v),
                None => expr(ExprKind::Null, node),
            };
            out.append(&mut cx.pending);
            let stated = inner_type(cx.field(node, "type"));
            let ty = if stated.is_empty() || stated.starts_with('_') { "let".into() } else { stated };
            bind(cx, pattern, given, ty, node, out);
            if let Some(otherwise) = node.child_by_field_name("alternative") {
                let body = block(cx, otherwise);
                out.push(Stmt::Block { kind: BlockKind::Branch, head: None, body, span: span(otherwise) });
            }
        }
        "expression_statement" => {
            for inner in children(node) {
                if is_control(inner)
                    || matches!(
                        inner.kind(),
                        "block"
                            | "match_expression"
                            | "return_expression"
                            | "assignment_expression"
                            | "compound_assignment_expr"
                    )
                {
                    control(cx, inner, out, false);
                } else {
                    let lowered = value(cx, inner);
                    out.append(&mut cx.pending);
                    out.push(Stmt::Expr(lowered));
                }
            }
        }
        kind if kind.ends_with("_item") || kind == "use_declaration" => item(cx, node, &[]),
        "empty_statement" | "attribute_item" => {}
        _ => control(cx, node, out, false),
    });
    cx.pending = outer;
}

fn block(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    let mut out = Vec::new();
    for part in children(node) {
        statement(cx, part, &mut out);
    }
    out
}

/// Statements that hold others. `gives`: what stands last in them is the function's result.
fn control(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>, gives: bool) {
    let inner = |cx: &mut Lower<'_>, n: Node<'_>| if gives { body_of(cx, n) } else { block(cx, n) };
    cx.deeper((), |cx| match node.kind() {
        "if_expression" => {
            let head = node.child_by_field_name("condition").and_then(|c| condition(cx, c, out));
            out.append(&mut cx.pending);
            let body = node.child_by_field_name("consequence").map(|b| inner(cx, b)).unwrap_or_default();
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(node) });
            for part in node.child_by_field_name("alternative").map(children).unwrap_or_default() {
                let body = match part.kind() {
                    "block" => inner(cx, part),
                    _ => {
                        let mut body = Vec::new();
                        control(cx, part, &mut body, gives);
                        body
                    }
                };
                out.push(Stmt::Block { kind: BlockKind::Branch, head: None, body, span: span(part) });
            }
        }
        "for_expression" => {
            let over = node.child_by_field_name("value").map(|v| value(cx, v));
            out.append(&mut cx.pending);
            let mut body = Vec::new();
            if let (Some(pattern), Some(over)) = (node.child_by_field_name("pattern"), &over) {
                let element = match &over.kind {
                    ExprKind::List(items) => ExprKind::Either(items.clone()),
                    _ => ExprKind::Other(vec![over.clone()]),
                };
                bind(cx, pattern, expr(element, node), "let".into(), pattern, &mut body);
            }
            body.extend(node.child_by_field_name("body").map(|b| block(cx, b)).unwrap_or_default());
            out.push(Stmt::Block { kind: BlockKind::Loop, head: over, body, span: span(node) });
        }
        "while_expression" | "loop_expression" => {
            let mut body = Vec::new();
            let head = match node.child_by_field_name("condition") {
                Some(c) => Some(condition(cx, c, &mut body).unwrap_or_else(|| expr(ExprKind::Null, c))),
                None => Some(expr(ExprKind::Bool(true), node)),
            };
            body.append(&mut cx.pending);
            body.extend(node.child_by_field_name("body").map(|b| block(cx, b)).unwrap_or_default());
            out.push(Stmt::Block { kind: BlockKind::Loop, head, body, span: span(node) });
        }
        "block" | "unsafe_block" | "async_block" => {
            let held = if node.kind() == "block" { Some(node) } else { child(node, &["block"]) };
            if let Some(held) = held {
                let body = inner(cx, held);
                out.push(Stmt::Block { kind: BlockKind::With, head: None, body, span: span(node) });
            }
        }
        "match_expression" => {
            let head = node.child_by_field_name("value").map(|v| value(cx, v));
            out.append(&mut cx.pending);
            let mut body = Vec::new();
            for arm in node.child_by_field_name("body").map(children).unwrap_or_default() {
                if let (Some(pattern), Some(head)) = (arm.child_by_field_name("pattern"), &head) {
                    let names = names_of(cx, pattern);
                    if !names.is_empty() {
                        bind(cx, pattern, brief(head), "let".into(), arm, &mut body);
                    }
                }
                if let Some(v) = arm.child_by_field_name("value") {
                    let given = value(cx, v);
                    body.append(&mut cx.pending);
                    body.push(if gives { Stmt::Return(given) } else { Stmt::Expr(given) });
                }
            }
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(node) });
        }
        "return_expression" => {
            if let Some(v) = node.named_child(0) {
                let given = value(cx, v);
                out.append(&mut cx.pending);
                out.push(Stmt::Return(given));
            } else {
                out.push(Stmt::Leave(Leave::Return, span(node)));
            }
        }
        "assignment_expression" | "compound_assignment_expr" => {
            let sides = (node.child_by_field_name("left"), node.child_by_field_name("right"));
            if let (Some(left), Some(right)) = sides {
                let (target, value) = (value(cx, left), value(cx, right));
                out.append(&mut cx.pending);
                let append = cx.field(node, "operator") == "+=";
                out.push(Stmt::Assign { target, ty: SmolStr::default(), value, append, span: span(node) });
            }
        }
        _ => {
            let lowered = value(cx, node);
            out.append(&mut cx.pending);
            out.push(if gives { Stmt::Return(lowered) } else { Stmt::Expr(lowered) });
        }
    });
}

/// `if let Ok(x) = y` binds before the body.
fn condition(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) -> Option<Expr> {
    match node.kind() {
        "let_condition" => {
            let given = value(cx, node.child_by_field_name("value")?);
            out.append(&mut cx.pending);
            if let Some(pattern) = node.child_by_field_name("pattern") {
                bind(cx, pattern, given, "let".into(), node, out);
            }
            None
        }
        "let_chain" => {
            for part in children(node) {
                condition(cx, part, out);
            }
            None
        }
        _ => Some(value(cx, node)),
    }
}

fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string_literal" => ExprKind::Str(unquote(cx.src(node).trim_start_matches(['b', 'c']))),
            "raw_string_literal" => {
                let text = cx.src(node).trim_start_matches(['b', 'r']).trim_matches('#');
                ExprKind::Str(text.trim_matches('"').into())
            }
            "char_literal" => ExprKind::Str(unquote(cx.src(node))),
            "integer_literal" | "float_literal" => ExprKind::Num(number(cx.src(node))),
            "boolean_literal" => ExprKind::Bool(cx.src(node) == "true"),
            "identifier" | "type_identifier" | "primitive_type" | "shorthand_field_identifier" => {
                ExprKind::Name(cx.src(node).into())
            }
            "self" => ExprKind::Name("this".into()),
            "scoped_identifier" | "scoped_type_identifier" => {
                let name: SmolStr = cx.field(node, "name").into();
                match node.child_by_field_name("path") {
                    Some(path) => ExprKind::Member(Box::new(value(cx, path)), name),
                    None => ExprKind::Name(name),
                }
            }
            "generic_type" | "generic_function" | "generic_type_with_turbofish" => {
                let base = node.child_by_field_name("type").or_else(|| node.child_by_field_name("function"));
                match base {
                    Some(base) => return value(cx, base),
                    None => ExprKind::Other(Vec::new()),
                }
            }
            "bracketed_type" => match node.named_child(0) {
                Some(inner) => ExprKind::Name(plain_type(cx.src(inner))),
                None => ExprKind::Other(Vec::new()),
            },
            "field_expression" => {
                let field: SmolStr = cx.field(node, "field").into();
                match node.child_by_field_name("value") {
                    Some(base) => ExprKind::Member(Box::new(value(cx, base)), field),
                    None => ExprKind::Name(field),
                }
            }
            "try_expression" | "await_expression" | "parenthesized_expression" => match node.named_child(0) {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Other(Vec::new()),
            },
            "reference_expression" | "type_cast_expression" => match node.child_by_field_name("value") {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Other(Vec::new()),
            },
            "unary_expression" => match node.named_child(0) {
                Some(inner) if cx.src(node).starts_with('*') => return value(cx, inner),
                Some(inner) => ExprKind::Other(vec![value(cx, inner), expr(ExprKind::Null, node)]),
                None => ExprKind::Other(Vec::new()),
            },
            "binary_expression" => {
                let parts = ["left", "right"].iter().filter_map(|f| node.child_by_field_name(f));
                let parts: Vec<Expr> = parts.collect::<Vec<_>>().into_iter().map(|n| value(cx, n)).collect();
                if cx.field(node, "operator") == "+" { ExprKind::Concat(parts) } else { ExprKind::Other(parts) }
            }
            "index_expression" => {
                let parts = children(node);
                match parts.as_slice() {
                    [base, index] => ExprKind::Index(Box::new(value(cx, *base)), Box::new(value(cx, *index))),
                    _ => ExprKind::Other(Vec::new()),
                }
            }
            "array_expression" | "tuple_expression" => {
                ExprKind::List(children(node).into_iter().map(|n| value(cx, n)).collect())
            }
            "call_expression" => return call(cx, node),
            "struct_expression" => return construct(cx, node),
            "macro_invocation" => return invoke(cx, node),
            "closure_expression" => ExprKind::Lambda(lambda(cx, node)),
            "block" | "unsafe_block" | "async_block" => return held(cx, node),
            "if_expression" => {
                let mut before = Vec::new();
                if let Some(c) = node.child_by_field_name("condition") {
                    let head = condition(cx, c, &mut before);
                    before.extend(head.map(Stmt::Expr));
                    cx.pending.extend(before);
                }
                let mut options = Vec::new();
                if let Some(b) = node.child_by_field_name("consequence") {
                    options.push(value(cx, b));
                }
                for part in node.child_by_field_name("alternative").map(children).unwrap_or_default() {
                    options.push(value(cx, part));
                }
                ExprKind::Either(options)
            }
            "match_expression" => {
                let head = node.child_by_field_name("value").map(|v| value(cx, v));
                let mut options = Vec::new();
                for arm in node.child_by_field_name("body").map(children).unwrap_or_default() {
                    if let (Some(pattern), Some(head)) = (arm.child_by_field_name("pattern"), &head) {
                        let mut bound = Vec::new();
                        if !names_of(cx, pattern).is_empty() {
                            bind(cx, pattern, brief(head), "let".into(), arm, &mut bound);
                        }
                        cx.pending.extend(bound);
                    }
                    if let Some(v) = arm.child_by_field_name("value") {
                        options.push(value(cx, v));
                    }
                }
                ExprKind::Either(options)
            }
            "return_expression" | "break_expression" => {
                // Leaves the function: no value of this place.
                let inner = node.named_child(0).map(|n| value(cx, n));
                let how = if node.kind() == "break_expression" { Leave::Break } else { Leave::Return };
                cx.pending.push(Stmt::Leave(how, span(node)));
                ExprKind::Other(inner.into_iter().chain([expr(ExprKind::Null, node)]).collect())
            }
            "continue_expression" => {
                cx.pending.push(Stmt::Leave(Leave::Continue, span(node)));
                ExprKind::Null
            }
            "let_condition" => {
                let mut out = Vec::new();
                condition(cx, node, &mut out);
                cx.pending.extend(out);
                ExprKind::Null
            }
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

/// A number without its type: `8080u16` is `8080`.
fn number(text: &str) -> SmolStr {
    let end = text.find(['u', 'i', 'f']).filter(|_| !text.starts_with("0x")).unwrap_or(text.len());
    text[..end].replace('_', "").into()
}

/// A block as a value: its statements go before, its last expression is what it is.
fn held(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let block = if node.kind() == "block" { Some(node) } else { child(node, &["block"]) };
    let Some(block) = block else {
        return expr(ExprKind::Other(Vec::new()), node);
    };
    let mut body = body_of(cx, block);
    let last = match body.pop() {
        Some(Stmt::Return(given)) => given,
        other => {
            body.extend(other);
            expr(ExprKind::Null, node)
        }
    };
    cx.pending.extend(body);
    last
}

fn call(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let function = node.child_by_field_name("function");
    let type_args = function
        .and_then(|f| f.child_by_field_name("type_arguments"))
        .map(|t| children(t).into_iter().map(|n| cx.src(n).into()).collect())
        .unwrap_or_default();
    let callee = function.map(|f| value(cx, f)).unwrap_or_else(|| expr(ExprKind::Other(Vec::new()), node));
    let list = node.child_by_field_name("arguments").map(children).unwrap_or_default();
    let args = list.into_iter().map(|n| Arg { name: None, value: value(cx, n) }).collect();
    expr(ExprKind::Call(Box::new(Call { callee, args, new: false, type_args })), node)
}

fn construct(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let callee = match node.child_by_field_name("name") {
        Some(n) if cx.src(n) == "Self" => Expr::name(cx.owner.clone(), span(node)),
        Some(n) => value(cx, n),
        None => expr(ExprKind::Other(Vec::new()), node),
    };
    let mut entries = Vec::new();
    for part in node.child_by_field_name("body").map(children).unwrap_or_default() {
        match part.kind() {
            "field_initializer" => {
                let name: SmolStr = part
                    .child_by_field_name("field")
                    .or(part.child_by_field_name("name"))
                    .map(|n| cx.src(n))
                    .unwrap_or("")
                    .into();
                if let Some(v) = part.child_by_field_name("value") {
                    entries.push((name, value(cx, v)));
                }
            }
            "shorthand_field_initializer" => {
                let name: SmolStr = cx.src(part).into();
                entries.push((name.clone(), Expr::name(name, span(part))));
            }
            _ => {}
        }
    }
    let args = vec![Arg { name: None, value: expr(ExprKind::Object(entries), node) }];
    expr(ExprKind::Call(Box::new(Call { callee, args, new: true, type_args: Vec::new() })), node)
}

fn lambda(cx: &mut Lower<'_>, node: Node<'_>) -> usize {
    let function = Function {
        name: "<lambda>".into(),
        owner: cx.owner.clone(),
        params: node.child_by_field_name("parameters").map(|p| params(cx, p)).unwrap_or_default(),
        span: span(node),
        ..Function::default()
    };
    let body = node.child_by_field_name("body");
    cx.function(function, |cx| match body {
        Some(b) => {
            let inner = if b.kind() == "async_block" { child(b, &["block"]).unwrap_or(b) } else { b };
            body_of(cx, inner)
        }
        None => Vec::new(),
    })
}

/// Macros within macros that are read; deeper ones are rare outside of attacks.
const MAX_NESTED: u8 = 4;

/// `format!("{}/x", base)` as a call of `format!`.
fn invoke(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let name = cx.field(node, "macro");
    let simple = name.rsplit("::").next().unwrap_or(name);
    let callee = Expr::name(SmolStr::from(format!("{simple}!")), span(node));
    let mut args = Vec::new();
    let tokens = child(node, &["token_tree"]);
    if let Some(tokens) = tokens {
        let source = cx.src(tokens);
        let inner = source.get(1..source.len().saturating_sub(1)).unwrap_or("");
        if cx.nested < MAX_NESTED
            && inner.len() < 20_000
            && !matches!(simple, "macro_rules" | "html" | "view" | "quote")
        {
            args = arguments(cx, inner, span(tokens).line);
        }
    }
    if matches!(simple, "format" | "concat") {
        capture(&mut args, node);
    }
    if simple == "vec" {
        return expr(ExprKind::List(args.into_iter().map(|a| a.value).collect()), node);
    }
    expr(ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() })), node)
}

/// Reads the inside of a macro as the arguments of a call.
fn arguments(cx: &mut Lower<'_>, inner: &str, line: u32) -> Vec<Arg> {
    let synthetic = format!("fn f() {{ m({inner}\n); }}");
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&tree_sitter_rust::LANGUAGE.into()).is_err() {
        return Vec::new();
    }
    let Some(tree) = parser.parse(&synthetic, None) else {
        return Vec::new();
    };
    let mut sub = Lower::new(cx.unit.lang, &synthetic);
    std::mem::swap(&mut sub.unit, &mut cx.unit);
    let first = sub.unit.functions.len();
    sub.current = cx.current;
    sub.owner = cx.owner.clone();
    sub.nested = cx.nested + 1;
    let mut out = Vec::new();
    if let Some(list) = find(tree.root_node(), "arguments", 8) {
        for node in children(list) {
            if node.kind() == "assignment_expression" {
                let name: SmolStr = sub.field(node, "left").into();
                if let Some(v) = node.child_by_field_name("right") {
                    out.push(Arg { name: Some(name), value: value(&mut sub, v) });
                }
            } else {
                out.push(Arg { name: None, value: value(&mut sub, node) });
            }
        }
    }
    std::mem::swap(&mut sub.unit, &mut cx.unit);
    let shift = line.saturating_sub(1);
    for arg in &mut out {
        move_expr(&mut arg.value, shift);
    }
    for function in &mut cx.unit.functions[first..] {
        function.span = moved(function.span, shift);
        move_stmts(&mut function.body, shift);
    }
    let mut pending = sub.pending;
    move_stmts(&mut pending, shift);
    cx.pending.extend(pending);
    out
}

fn find<'t>(node: Node<'t>, kind: &str, depth: usize) -> Option<Node<'t>> {
    if node.kind() == kind {
        return Some(node);
    }
    if depth == 0 {
        return None;
    }
    children(node).into_iter().find_map(|n| find(n, kind, depth - 1))
}

/// Places of what was read apart from its file.
fn moved(at: Span, lines: u32) -> Span {
    Span { line: at.line + lines, end_line: at.end_line + lines, ..at }
}

fn move_expr(e: &mut Expr, lines: u32) {
    e.span = moved(e.span, lines);
    match &mut e.kind {
        ExprKind::Concat(parts) | ExprKind::Either(parts) | ExprKind::List(parts) | ExprKind::Other(parts) => {
            parts.iter_mut().for_each(|p| move_expr(p, lines));
        }
        ExprKind::Member(base, _) => move_expr(base, lines),
        ExprKind::Index(base, index) => {
            move_expr(base, lines);
            move_expr(index, lines);
        }
        ExprKind::Call(call) => {
            move_expr(&mut call.callee, lines);
            call.args.iter_mut().for_each(|a| move_expr(&mut a.value, lines));
        }
        ExprKind::Object(entries) => entries.iter_mut().for_each(|(_, v)| move_expr(v, lines)),
        ExprKind::Str(_)
        | ExprKind::Num(_)
        | ExprKind::Bool(_)
        | ExprKind::Null
        | ExprKind::Name(_)
        | ExprKind::Lambda(_) => {}
    }
}

fn move_stmts(stmts: &mut [Stmt], lines: u32) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, span, .. } => {
                move_expr(target, lines);
                move_expr(value, lines);
                *span = moved(*span, lines);
            }
            Stmt::Expr(e) | Stmt::Return(e) => move_expr(e, lines),
            Stmt::Leave(_, span) => *span = moved(*span, lines),
            Stmt::Block { head, body, span, .. } => {
                if let Some(head) = head {
                    move_expr(head, lines);
                }
                move_stmts(body, lines);
                *span = moved(*span, lines);
            }
        }
    }
}

/// `format!("{host}")` takes `host` from around.
fn capture(args: &mut Vec<Arg>, node: Node<'_>) {
    let Some(Expr { kind: ExprKind::Str(template), .. }) = args.first().map(|a| &a.value) else {
        return;
    };
    let mut names: Vec<SmolStr> = Vec::new();
    for slot in template.split('{').skip(1) {
        let name: &str = slot.split(['}', ':']).next().unwrap_or("").trim();
        let plain = !name.is_empty()
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if plain && !names.iter().any(|n| n == name) && !args.iter().any(|a| a.name.as_deref() == Some(name)) {
            names.push(name.into());
        }
    }
    for name in names {
        args.push(Arg { name: Some(name.clone()), value: Expr::name(name, span(node)) });
    }
}
