//! Java to the common tree.

use super::lower::{Lower, child, children, expr, plain_type, span, unquote};
use crate::code::ir::{Annotation, Arg, BlockKind, Call, Expr, ExprKind, Field, Function, Leave, Param, Stmt, Type};
use seam_facts::SmolStr;
use tree_sitter::Node;

pub fn lower(cx: &mut Lower<'_>, root: Node<'_>) {
    for node in children(root) {
        match node.kind() {
            "package_declaration" => {
                if let Some(name) = child(node, &["scoped_identifier", "identifier"]) {
                    cx.unit.package = cx.src(name).into();
                }
            }
            "import_declaration" => {
                if let Some(name) = child(node, &["scoped_identifier", "identifier"]) {
                    let full = cx.src(name);
                    if child(node, &["asterisk"]).is_some() {
                        cx.import(full, None, "*", node);
                    } else {
                        let (path, last) = full.rsplit_once('.').unwrap_or(("", full));
                        cx.import(path, Some(last), last, node);
                    }
                }
            }
            _ => member(cx, node, None),
        }
    }
}

/// A type, field, method or initialiser; `ty` is the index of the type it belongs to.
fn member(cx: &mut Lower<'_>, node: Node<'_>, ty: Option<usize>) {
    cx.deeper((), |cx| match node.kind() {
        "class_declaration"
        | "interface_declaration"
        | "enum_declaration"
        | "record_declaration"
        | "annotation_type_declaration" => type_(cx, node),
        "field_declaration" | "constant_declaration" => {
            let Some(ty) = ty else { return };
            let annotations = annotations(cx, node);
            let declared: SmolStr = cx.field(node, "type").into();
            for declarator in children(node).into_iter().filter(|n| n.kind() == "variable_declarator") {
                let init = declarator.child_by_field_name("value").map(|v| value(cx, v));
                let field = Field {
                    name: cx.field(declarator, "name").into(),
                    ty: declared.clone(),
                    annotations: annotations.clone(),
                    init,
                    span: span(node),
                };
                cx.unit.types[ty].fields.push(field);
            }
        }
        "method_declaration" | "constructor_declaration" | "compact_constructor_declaration" => function(cx, node),
        "block" | "static_initializer" => {
            let body = if node.kind() == "block" { Some(node) } else { child(node, &["block"]) };
            if let Some(body) = body {
                let function = Function {
                    name: "<static>".into(),
                    owner: cx.owner.clone(),
                    span: span(node),
                    ..Function::default()
                };
                cx.function(function, |cx| block(cx, body));
            }
        }
        "enum_body_declarations" => {
            for node in children(node) {
                member(cx, node, ty);
            }
        }
        _ => {}
    });
}

fn type_(cx: &mut Lower<'_>, node: Node<'_>) {
    let mut ty = Type {
        name: cx.field(node, "name").into(),
        interface: node.kind() == "interface_declaration",
        annotations: annotations(cx, node),
        span: span(node),
        ..Type::default()
    };
    for clause in children(node) {
        if !matches!(clause.kind(), "superclass" | "super_interfaces" | "extends_interfaces") {
            continue;
        }
        let listed = child(clause, &["type_list"]).map(children).unwrap_or_else(|| children(clause));
        for parent in listed {
            ty.supers.push(plain_type(cx.src(parent)));
            ty.super_texts.push(cx.src(parent).into());
        }
    }
    if let Some(params) = node.child_by_field_name("parameters") {
        // A record's components are its fields.
        for param in params_of(cx, params) {
            ty.fields.push(Field {
                name: param.name,
                ty: param.ty,
                annotations: param.annotations,
                init: None,
                span: param.span,
            });
        }
    }
    let body = node.child_by_field_name("body");
    cx.type_(ty, |cx, index| {
        for node in body.map(children).unwrap_or_default() {
            member(cx, node, Some(index));
        }
    });
}

fn function(cx: &mut Lower<'_>, node: Node<'_>) {
    let constructor = node.kind() != "method_declaration";
    let modifiers = child(node, &["modifiers"]).map(|n| cx.src(n)).unwrap_or("");
    let function = Function {
        name: if constructor { "<init>".into() } else { cx.field(node, "name").into() },
        owner: cx.owner.clone(),
        params: node.child_by_field_name("parameters").map(|n| params_of(cx, n)).unwrap_or_default(),
        returns: cx.field(node, "type").into(),
        annotations: annotations(cx, node),
        private: modifiers.split_whitespace().any(|w| w == "private"),
        span: span(node),
        ..Function::default()
    };
    let body = node.child_by_field_name("body");
    cx.function(function, |cx| body.map(|b| block(cx, b)).unwrap_or_default());
}

fn params_of(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Param> {
    let mut out = Vec::new();
    for param in children(node) {
        let name = match param.kind() {
            "formal_parameter" => cx.field(param, "name"),
            "spread_parameter" => child(param, &["variable_declarator"]).map(|d| cx.field(d, "name")).unwrap_or(""),
            "identifier" => cx.src(param),
            _ => continue,
        };
        out.push(Param {
            name: name.into(),
            ty: cx.field(param, "type").into(),
            annotations: annotations(cx, param),
            default: None,
            span: span(param),
        });
    }
    out
}

fn annotations(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Annotation> {
    let Some(modifiers) = child(node, &["modifiers"]) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for node in children(modifiers) {
        if !matches!(node.kind(), "annotation" | "marker_annotation") {
            continue;
        }
        let args = annotation_args(cx, node);
        out.push(Annotation { name: cx.field(node, "name").into(), args, span: span(node) });
    }
    out
}

fn annotation_args(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Arg> {
    let mut args = Vec::new();
    for arg in node.child_by_field_name("arguments").map(children).unwrap_or_default() {
        if arg.kind() == "element_value_pair" {
            if let Some(v) = arg.child_by_field_name("value") {
                args.push(Arg { name: Some(cx.field(arg, "key").into()), value: value(cx, v) });
            }
        } else {
            args.push(Arg { name: None, value: value(cx, arg) });
        }
    }
    args
}

fn block(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    let mut out = Vec::new();
    for node in children(node) {
        statement(cx, node, &mut out);
    }
    out
}

/// A body that may be a block or a single statement.
fn body(cx: &mut Lower<'_>, node: Option<Node<'_>>) -> Vec<Stmt> {
    let mut out = Vec::new();
    if let Some(node) = node {
        statement(cx, node, &mut out);
    }
    out
}

fn statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    cx.deeper((), |cx| match node.kind() {
        "block" | "switch_block" | "switch_block_statement_group" | "labeled_statement" => out.extend(block(cx, node)),
        "local_variable_declaration" => {
            let ty: SmolStr = cx.field(node, "type").into();
            for declarator in children(node).into_iter().filter(|n| n.kind() == "variable_declarator") {
                let Some(name) = declarator.child_by_field_name("name") else {
                    continue;
                };
                let target = Expr::name(cx.src(name), span(name));
                let init = match declarator.child_by_field_name("value") {
                    Some(v) => value(cx, v),
                    None => expr(ExprKind::Null, declarator),
                };
                out.push(Stmt::Assign { target, ty: ty.clone(), value: init, append: false, span: span(node) });
            }
        }
        "expression_statement" => {
            if let Some(inner) = node.named_child(0) {
                if inner.kind() == "assignment_expression" {
                    out.push(assign(cx, inner));
                } else {
                    out.push(Stmt::Expr(value(cx, inner)));
                }
            }
        }
        "return_statement" | "throw_statement" | "yield_statement" => {
            if let Some(inner) = node.named_child(0) {
                let v = value(cx, inner);
                if node.kind() == "throw_statement" {
                    out.extend([Stmt::Expr(v), Stmt::Leave(Leave::Throw, span(node))]);
                } else {
                    out.push(Stmt::Return(v));
                }
            } else {
                out.push(Stmt::Leave(Leave::Return, span(node)));
            }
        }
        "break_statement" => out.push(Stmt::Leave(Leave::Break, span(node))),
        "continue_statement" => out.push(Stmt::Leave(Leave::Continue, span(node))),
        "for_statement" | "while_statement" | "do_statement" | "enhanced_for_statement" => {
            let head = ["condition", "value"].iter().find_map(|f| node.child_by_field_name(f)).map(|n| value(cx, n));
            let mut body = body(cx, node.child_by_field_name("body"));
            // One of many: its type is known, and not which it is.
            if let Some(name) = node.child_by_field_name("name") {
                let (target, ty) = (Expr::name(cx.src(name), span(name)), SmolStr::from(cx.field(node, "type")));
                let value = Expr::new(ExprKind::Other(Vec::new()), span(name));
                if ty != "var" {
                    body.insert(0, Stmt::Assign { target, ty, value, append: false, span: span(name) });
                }
            }
            out.push(Stmt::Block { kind: BlockKind::Loop, head, body, span: span(node) });
        }
        "if_statement" => {
            let head = node.child_by_field_name("condition").map(|n| value(cx, n));
            let consequence = body(cx, node.child_by_field_name("consequence"));
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body: consequence, span: span(node) });
            if let Some(alternative) = node.child_by_field_name("alternative") {
                let body = body(cx, Some(alternative));
                out.push(Stmt::Block { kind: BlockKind::Branch, head: None, body, span: span(alternative) });
            }
        }
        "try_statement" | "try_with_resources_statement" => {
            let mut inner = Vec::new();
            for resource in node.child_by_field_name("resources").map(children).unwrap_or_default() {
                if let Some(v) = resource.child_by_field_name("value") {
                    let target = Expr::name(cx.field(resource, "name"), span(resource));
                    let ty = cx.field(resource, "type").into();
                    inner.push(Stmt::Assign { target, ty, value: value(cx, v), append: false, span: span(resource) });
                }
            }
            inner.extend(body(cx, node.child_by_field_name("body")));
            out.push(Stmt::Block { kind: BlockKind::Try, head: None, body: inner, span: span(node) });
            for clause in children(node) {
                match clause.kind() {
                    "catch_clause" => {
                        let head = child(clause, &["catch_formal_parameter"])
                            .and_then(|p| child(p, &["catch_type"]))
                            .map(|t| Expr::name(cx.src(t), span(t)));
                        let body = body(cx, clause.child_by_field_name("body"));
                        out.push(Stmt::Block { kind: BlockKind::Catch, head, body, span: span(clause) });
                    }
                    "finally_clause" => {
                        let body = body(cx, child(clause, &["block"]));
                        out.push(Stmt::Block { kind: BlockKind::Finally, head: None, body, span: span(clause) });
                    }
                    _ => {}
                }
            }
        }
        // `this(…)` and `super(…)` call constructors.
        "explicit_constructor_invocation" => {
            let parent = || {
                let own = cx.unit.types.iter().rev().find(|t| t.name == cx.owner)?;
                own.supers.first().cloned()
            };
            let of_own = node.child_by_field_name("constructor").is_some_and(|c| c.kind() == "this");
            let name = if of_own { Some(cx.owner.clone()) } else { parent() };
            let args = args(cx, node);
            if let Some(name) = name {
                let callee = Expr::name(name.clone(), span(node));
                let call = Call { callee, args, new: true, type_args: vec![name] };
                out.push(Stmt::Expr(expr(ExprKind::Call(Box::new(call)), node)));
            }
        }
        "synchronized_statement" => {
            let body = body(cx, node.child_by_field_name("body"));
            out.push(Stmt::Block { kind: BlockKind::With, head: None, body, span: span(node) });
        }
        "switch_expression" | "switch_statement" => {
            let head = node.child_by_field_name("condition").map(|n| value(cx, n));
            let body = node.child_by_field_name("body").map(|b| block(cx, b)).unwrap_or_default();
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(node) });
        }
        "switch_rule" => out.extend(block(cx, node)),
        "class_declaration" | "record_declaration" | "interface_declaration" => type_(cx, node),
        kind if kind.ends_with("_expression") || kind == "method_invocation" || kind == "ERROR" => {
            out.push(Stmt::Expr(value(cx, node)));
        }
        _ => {}
    });
}

fn assign(cx: &mut Lower<'_>, node: Node<'_>) -> Stmt {
    let target = node.child_by_field_name("left").map(|n| value(cx, n));
    let right = node.child_by_field_name("right").map(|n| value(cx, n));
    let append = cx.field(node, "operator") == "+=";
    match (target, right) {
        (Some(target), Some(value)) => Stmt::Assign { target, ty: SmolStr::default(), value, append, span: span(node) },
        (target, right) => Stmt::Expr(expr(ExprKind::Other(target.into_iter().chain(right).collect()), node)),
    }
}

fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string_literal" | "character_literal" | "text_block" => ExprKind::Str(unquote(cx.src(node))),
            "decimal_integer_literal" | "decimal_floating_point_literal" | "hex_integer_literal" => {
                ExprKind::Num(cx.src(node).trim_end_matches(['L', 'l']).replace('_', "").into())
            }
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "null_literal" => ExprKind::Null,
            "identifier" | "type_identifier" | "scoped_type_identifier" | "generic_type" => {
                ExprKind::Name(plain_type(cx.src(node)))
            }
            "this" | "super" => ExprKind::Name("this".into()),
            "parenthesized_expression" | "cast_expression" => {
                let inner = node.child_by_field_name("value").or_else(|| node.named_child(0));
                return inner.map(|n| value(cx, n)).unwrap_or_else(|| expr(ExprKind::Null, node));
            }
            "field_access" => match node.child_by_field_name("object") {
                Some(object) => ExprKind::Member(Box::new(value(cx, object)), cx.field(node, "field").into()),
                None => ExprKind::Name(cx.field(node, "field").into()),
            },
            "scoped_identifier" => match node.child_by_field_name("scope") {
                Some(scope) => ExprKind::Member(Box::new(value(cx, scope)), cx.field(node, "name").into()),
                None => ExprKind::Name(cx.src(node).into()),
            },
            "class_literal" => ExprKind::Name(plain_type(cx.src(node).trim_end_matches(".class"))),
            "array_access" => match (node.child_by_field_name("array"), node.child_by_field_name("index")) {
                (Some(array), Some(index)) => ExprKind::Index(Box::new(value(cx, array)), Box::new(value(cx, index))),
                _ => ExprKind::Other(Vec::new()),
            },
            "method_invocation" => {
                let name: SmolStr = cx.field(node, "name").into();
                let callee = match node.child_by_field_name("object") {
                    Some(object) => expr(ExprKind::Member(Box::new(value(cx, object)), name), node),
                    None => expr(ExprKind::Name(name), node),
                };
                let type_args = child(node, &["type_arguments"])
                    .map(|t| children(t).into_iter().map(|n| cx.src(n).into()).collect())
                    .unwrap_or_default();
                ExprKind::Call(Box::new(Call { callee, args: args(cx, node), new: false, type_args }))
            }
            "object_creation_expression" => {
                let ty = cx.field(node, "type");
                let callee = Expr::name(plain_type(ty), span(node));
                if let Some(body) = child(node, &["class_body"]) {
                    // An anonymous class: its methods are functions of a type of their own.
                    let anonymous = Type {
                        name: plain_type(ty),
                        supers: vec![plain_type(ty)],
                        span: span(body),
                        ..Type::default()
                    };
                    cx.type_(anonymous, |cx, index| {
                        for node in children(body) {
                            member(cx, node, Some(index));
                        }
                    });
                }
                let type_args = vec![ty.into()];
                ExprKind::Call(Box::new(Call { callee, args: args(cx, node), new: true, type_args }))
            }
            "binary_expression" => {
                let parts: Vec<Expr> = ["left", "right"]
                    .iter()
                    .filter_map(|f| node.child_by_field_name(f))
                    .map(|n| value(cx, n))
                    .collect();
                if cx.field(node, "operator") == "+" { ExprKind::Concat(parts) } else { ExprKind::Other(parts) }
            }
            "ternary_expression" => {
                let parts = ["consequence", "alternative"].iter().filter_map(|f| node.child_by_field_name(f));
                ExprKind::Either(parts.collect::<Vec<_>>().into_iter().map(|n| value(cx, n)).collect())
            }
            "assignment_expression" => match node.child_by_field_name("right") {
                Some(right) => return value(cx, right),
                None => ExprKind::Other(Vec::new()),
            },
            "array_creation_expression" => match node.child_by_field_name("value") {
                Some(init) => return value(cx, init),
                None => ExprKind::List(Vec::new()),
            },
            "array_initializer" | "element_value_array_initializer" => {
                ExprKind::List(children(node).into_iter().map(|n| value(cx, n)).collect())
            }
            "lambda_expression" => ExprKind::Lambda(lambda(cx, node)),
            "method_reference" => {
                let parts: Vec<&str> = cx.src(node).split("::").collect();
                match parts.as_slice() {
                    [object, name] => {
                        let object = if *object == "super" { "this" } else { object };
                        ExprKind::Member(Box::new(Expr::name(plain_type(object), span(node))), (*name).into())
                    }
                    _ => ExprKind::Other(Vec::new()),
                }
            }
            "switch_expression" => {
                let mut body_stmts = Vec::new();
                statement(cx, node, &mut body_stmts);
                let mut arms = Vec::new();
                collect_values(body_stmts, &mut arms);
                ExprKind::Either(arms)
            }
            // An annotation within an annotation reads like a call: `@Queue("orders")`.
            "annotation" | "marker_annotation" => {
                let callee = Expr::name(cx.field(node, "name"), span(node));
                let args = annotation_args(cx, node);
                ExprKind::Call(Box::new(Call { callee, args, new: true, type_args: Vec::new() }))
            }
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

/// The values that the arms of a switch give.
fn collect_values(stmts: Vec<Stmt>, out: &mut Vec<Expr>) {
    for stmt in stmts {
        match stmt {
            Stmt::Expr(e) | Stmt::Return(e) => out.push(e),
            Stmt::Block { body, .. } => collect_values(body, out),
            Stmt::Assign { .. } | Stmt::Leave(..) => {}
        }
    }
}

fn args(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Arg> {
    let Some(list) = node.child_by_field_name("arguments") else {
        return Vec::new();
    };
    children(list).into_iter().map(|n| Arg { name: None, value: value(cx, n) }).collect()
}

fn lambda(cx: &mut Lower<'_>, node: Node<'_>) -> usize {
    let params = match node.child_by_field_name("parameters") {
        Some(p) if p.kind() == "identifier" => {
            vec![Param {
                name: cx.src(p).into(),
                ty: SmolStr::default(),
                annotations: Vec::new(),
                default: None,
                span: span(p),
            }]
        }
        Some(p) => params_of(cx, p),
        None => Vec::new(),
    };
    let function =
        Function { name: "<lambda>".into(), owner: cx.owner.clone(), params, span: span(node), ..Function::default() };
    let body = node.child_by_field_name("body");
    cx.function(function, |cx| match body {
        Some(b) if b.kind() == "block" => block(cx, b),
        Some(b) => vec![Stmt::Return(value(cx, b))],
        None => Vec::new(),
    })
}
