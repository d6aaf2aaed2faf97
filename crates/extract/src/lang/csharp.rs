//! C# to the common tree: namespaces, types, members and statements. Expressions are in `values`.
//!
//! What a property gives and what a field starts with is read as an assignment to the receiver (`this.Url = …`) inside a
//! function of its own, so that other members and primary-constructor parameters in it can be followed. The receiver of
//! an extension method is no parameter: calls do not pass it in brackets, and positions must agree.

mod values;

use super::lower::{Lower, child, children, expr, plain_type, span};
use crate::code::ir::{Annotation, Arg, BlockKind, Call, Expr, ExprKind, Field, Function, Leave, Param, Stmt, Type};
use seam_facts::SmolStr;
use tree_sitter::Node;
use values::{arguments, value};

pub fn lower(cx: &mut Lower<'_>, root: Node<'_>) {
    for node in children(root) {
        top(cx, node);
    }
}

fn top(cx: &mut Lower<'_>, node: Node<'_>) {
    cx.deeper((), |cx| match node.kind() {
        "using_directive" => using(cx, node),
        "file_scoped_namespace_declaration" | "namespace_declaration" => {
            if cx.unit.package.is_empty() {
                cx.unit.package = cx.field(node, "name").into();
            }
            for inner in node.child_by_field_name("body").map(children).unwrap_or_default() {
                top(cx, inner);
            }
        }
        "global_statement" => {
            let mut out = Vec::new();
            for inner in children(node) {
                statement(cx, inner, &mut out);
            }
            for stmt in out {
                cx.top(stmt);
            }
        }
        "preproc_if" | "preproc_elif" | "preproc_else" | "ERROR" => {
            for inner in children(node) {
                top(cx, inner);
            }
        }
        kind if kind.ends_with("_statement") => {
            let mut out = Vec::new();
            statement(cx, node, &mut out);
            for stmt in out {
                cx.top(stmt);
            }
        }
        _ => member(cx, node, None),
    });
}

fn using(cx: &mut Lower<'_>, node: Node<'_>) {
    let alias = node.child_by_field_name("name");
    let Some(target) = children(node).into_iter().rfind(|n| Some(*n) != alias).or(alias) else {
        return;
    };
    let full = plain_type(cx.src(target));
    match alias.filter(|a| *a != target) {
        Some(alias) => {
            let (path, last) = full.rsplit_once('.').unwrap_or(("", &full));
            cx.import(path, Some(last), cx.src(alias), node);
        }
        None => cx.import(&full, None, "*", node),
    }
}

/// The type whose members are read: its index, and the function that stands for its primary constructor.
#[derive(Clone, Copy)]
struct Within {
    ty: usize,
    init: Option<usize>,
}

fn member(cx: &mut Lower<'_>, node: Node<'_>, within: Option<Within>) {
    cx.deeper((), |cx| match node.kind() {
        "class_declaration"
        | "struct_declaration"
        | "record_declaration"
        | "interface_declaration"
        | "enum_declaration" => type_(cx, node),
        "field_declaration" | "event_field_declaration" => {
            let (Some(within), Some(declaration)) = (within, child(node, &["variable_declaration"])) else {
                return;
            };
            let annotations = annotations(cx, node);
            let ty: SmolStr = cx.field(declaration, "type").into();
            for declarator in children(declaration).into_iter().filter(|n| n.kind() == "variable_declarator") {
                let name = cx.field(declarator, "name").into();
                field(
                    cx,
                    node,
                    within,
                    Field { name, ty: ty.clone(), annotations: annotations.clone(), init: None, span: span(node) },
                    initialiser(declarator),
                );
            }
        }
        "property_declaration" => {
            let Some(within) = within else { return };
            let name: SmolStr = cx.field(node, "name").into();
            let declared = Field {
                name: name.clone(),
                ty: cx.field(node, "type").into(),
                annotations: annotations(cx, node),
                init: None,
                span: span(node),
            };
            let stated = node.child_by_field_name("value");
            let computed = stated.filter(|v| v.kind() == "arrow_expression_clause").or_else(|| getter(cx, node));
            field(cx, node, within, declared, stated.filter(|_| computed.is_none()));
            if let Some(body) = computed {
                property(cx, node, name, body);
            }
        }
        "method_declaration"
        | "constructor_declaration"
        | "local_function_statement"
        | "operator_declaration"
        | "conversion_operator_declaration"
        | "destructor_declaration" => function(cx, node, None),
        "preproc_if" | "preproc_elif" | "preproc_else" | "ERROR" => {
            for inner in children(node) {
                member(cx, inner, within);
            }
        }
        _ => {}
    });
}

/// The expression after a declarator's `=`.
fn initialiser<'t>(declarator: Node<'t>) -> Option<Node<'t>> {
    let name = declarator.child_by_field_name("name");
    children(declarator).into_iter().rfind(|n| Some(*n) != name && n.kind() != "bracketed_argument_list")
}

fn getter<'t>(cx: &Lower<'_>, node: Node<'t>) -> Option<Node<'t>> {
    let accessors = node.child_by_field_name("accessors")?;
    children(accessors).into_iter().find(|a| cx.field(*a, "name") == "get")?.child_by_field_name("body")
}

/// A field or automatic property with what it starts with.
fn field(cx: &mut Lower<'_>, node: Node<'_>, within: Within, mut field: Field, init: Option<Node<'_>>) {
    if let Some(init) = init {
        let literal = matches!(
            init.kind(),
            "string_literal"
                | "verbatim_string_literal"
                | "raw_string_literal"
                | "integer_literal"
                | "real_literal"
                | "boolean_literal"
                | "null_literal"
        );
        if literal {
            field.init = Some(value(cx, init));
        } else {
            let index = within.init.unwrap_or_else(|| {
                let function = Function {
                    name: "<static>".into(),
                    owner: cx.owner.clone(),
                    span: span(node),
                    ..Function::default()
                };
                cx.function(function, |_| Vec::new())
            });
            let outer = std::mem::replace(&mut cx.current, index);
            let mut init = value(cx, init);
            name_target_typed(&mut init, &field.ty);
            cx.current = outer;
            let stmt = set_this(&field.name, init, node);
            cx.unit.functions[index].body.push(stmt);
        }
    }
    cx.unit.types[within.ty].fields.push(field);
}

fn set_this(name: &str, value: Expr, node: Node<'_>) -> Stmt {
    let this = Expr::name("this", span(node));
    Stmt::Assign {
        target: expr(ExprKind::Member(Box::new(this), name.into()), node),
        ty: SmolStr::default(),
        value,
        append: false,
        span: span(node),
    }
}

/// `T x = new(…)` is `new T(…)`.
fn name_target_typed(value: &mut Expr, ty: &str) {
    if let ExprKind::Call(call) = &mut value.kind
        && call.new
        && matches!(&call.callee.kind, ExprKind::Name(name) if name.is_empty())
        && !matches!(ty, "" | "var")
    {
        call.callee.kind = ExprKind::Name(plain_type(ty));
        call.type_args = vec![ty.into()];
    }
}

/// A computed property: a function whose results are the property's value.
fn property(cx: &mut Lower<'_>, node: Node<'_>, name: SmolStr, body: Node<'_>) {
    let function = Function {
        name: name.clone(),
        owner: cx.owner.clone(),
        returns: cx.field(node, "type").into(),
        span: span(node),
        ..Function::default()
    };
    cx.function(function, |cx| {
        let mut stmts = block(cx, body);
        returns_to_sets(&mut stmts, &name, node);
        stmts
    });
}

fn returns_to_sets(stmts: &mut [Stmt], name: &str, node: Node<'_>) {
    for stmt in stmts {
        match stmt {
            Stmt::Return(result) => {
                let result = std::mem::replace(result, expr(ExprKind::Null, node));
                let at = result.span;
                *stmt = set_this(name, result, node);
                if let Stmt::Assign { span, .. } = stmt {
                    *span = at;
                }
            }
            Stmt::Block { body, .. } => returns_to_sets(body, name, node),
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Leave(..) => {}
        }
    }
}

fn type_(cx: &mut Lower<'_>, node: Node<'_>) {
    let mut ty = Type {
        name: cx.field(node, "name").into(),
        interface: node.kind() == "interface_declaration",
        annotations: annotations(cx, node),
        span: span(node),
        ..Type::default()
    };
    let mut passed = None;
    for parent in child(node, &["base_list"]).map(children).unwrap_or_default() {
        match parent.kind() {
            "argument_list" => passed = Some(parent),
            "primary_constructor_base_type" => {
                passed = child(parent, &["argument_list"]);
                let text = cx.field(parent, "type");
                ty.supers.push(plain_type(text));
                ty.super_texts.push(text.into());
            }
            _ => {
                ty.supers.push(plain_type(cx.src(parent)));
                ty.super_texts.push(cx.src(parent).into());
            }
        }
    }
    let base = ty.supers.first().cloned();
    let primary = child(node, &["parameter_list"]).map(|p| params_of(cx, p)).unwrap_or_default();
    for param in &primary {
        ty.fields.push(Field {
            name: param.name.clone(),
            ty: param.ty.clone(),
            annotations: param.annotations.clone(),
            init: None,
            span: param.span,
        });
    }
    let body = node.child_by_field_name("body");
    cx.type_(ty, |cx, index| {
        let mut init = None;
        // The parameters of a record are plain data; those of a class are what it is made with.
        if !primary.is_empty() && node.kind() != "record_declaration" {
            let stored = primary.iter().map(|p| {
                let from = Expr::name(p.name.clone(), p.span);
                let mut stmt = set_this(&p.name, from, node);
                if let Stmt::Assign { span, .. } = &mut stmt {
                    *span = p.span;
                }
                stmt
            });
            let mut stmts: Vec<Stmt> = stored.collect();
            let function = Function {
                name: "<init>".into(),
                owner: cx.owner.clone(),
                params: primary.clone(),
                span: span(node),
                ..Function::default()
            };
            init = Some(cx.function(function, |cx| {
                if let (Some(passed), Some(base)) = (passed, base) {
                    stmts.push(construct(cx, base, passed));
                }
                stmts
            }));
        }
        for inner in body.map(children).unwrap_or_default() {
            member(cx, inner, Some(Within { ty: index, init }));
        }
    });
}

/// `base(…)` and `this(…)`: another constructor is called.
fn construct(cx: &mut Lower<'_>, name: SmolStr, list: Node<'_>) -> Stmt {
    let callee = Expr::name(name, span(list));
    let args = arguments(cx, list);
    Stmt::Expr(expr(ExprKind::Call(Box::new(Call { callee, args, new: true, type_args: Vec::new() })), list))
}

fn function(cx: &mut Lower<'_>, node: Node<'_>, parent: Option<usize>) {
    let constructor = node.kind() == "constructor_declaration";
    let list = node.child_by_field_name("parameters");
    let function = Function {
        name: if constructor { "<init>".into() } else { cx.field(node, "name").into() },
        owner: cx.owner.clone(),
        params: list.map(|n| params_of(cx, n)).unwrap_or_default(),
        returns: node.child_by_field_name("returns").map(|n| cx.src(n)).unwrap_or(cx.field(node, "type")).into(),
        annotations: annotations(cx, node),
        private: modifiers(cx, node).contains(&"private"),
        span: span(node),
        parent,
        ..Function::default()
    };
    let receiver = list.and_then(|l| children(l).into_iter().next()).filter(|p| modifiers(cx, *p).contains(&"this"));
    let base = cx.unit.types.iter().rfind(|t| t.name == cx.owner).and_then(|t| t.supers.first().cloned());
    let own = cx.owner.clone();
    // Callers name an extension method and never its class: the class is known by what it extends others with.
    let name: SmolStr = function.name.clone();
    if receiver.is_some()
        && let Some(ty) = cx.unit.types.iter_mut().rfind(|t| t.name == own)
        && !ty.supers.contains(&name)
    {
        ty.supers.push(name);
    }
    let chained = child(node, &["constructor_initializer"]);
    let body = node.child_by_field_name("body");
    cx.function(function, |cx| {
        let mut out = Vec::new();
        if let Some(receiver) = receiver {
            out.push(Stmt::Assign {
                target: Expr::name(cx.field(receiver, "name"), span(receiver)),
                ty: cx.field(receiver, "type").into(),
                value: expr(ExprKind::Null, receiver),
                append: false,
                span: span(receiver),
            });
        }
        if let Some(list) = chained.and_then(|c| child(c, &["argument_list"])) {
            let this = chained.is_some_and(|c| cx.src(c).trim_start_matches([':', ' ']).starts_with("this"));
            if let Some(name) = if this { Some(own) } else { base } {
                out.push(construct(cx, name, list));
            }
        }
        out.extend(body.map(|b| block(cx, b)).unwrap_or_default());
        out
    });
}

fn modifiers<'a>(cx: &Lower<'a>, node: Node<'_>) -> Vec<&'a str> {
    children(node).into_iter().filter(|n| n.kind() == "modifier").map(|n| cx.src(n)).collect()
}

fn params_of(cx: &mut Lower<'_>, list: Node<'_>) -> Vec<Param> {
    let mut out = Vec::new();
    for node in children(list) {
        if node.kind() != "parameter" || modifiers(cx, node).contains(&"this") {
            continue;
        }
        let (name, ty) = (node.child_by_field_name("name"), node.child_by_field_name("type"));
        let default = children(node)
            .into_iter()
            .rfind(|n| Some(*n) != name && Some(*n) != ty && !matches!(n.kind(), "attribute_list" | "modifier"));
        out.push(Param {
            name: cx.field(node, "name").into(),
            ty: cx.field(node, "type").into(),
            annotations: annotations(cx, node),
            default: default
                .filter(|d| !matches!(d.kind(), "default_expression" | "null_literal"))
                .map(|d| value(cx, d)),
            span: span(node),
        });
    }
    // `params T[] rest` stands in the list without a node of its own.
    let rest = cx.field(list, "name");
    if !rest.is_empty() {
        out.push(Param {
            name: rest.into(),
            ty: cx.field(list, "type").into(),
            annotations: Vec::new(),
            default: None,
            span: span(list),
        });
    }
    out
}

fn annotations(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Annotation> {
    let mut out = Vec::new();
    for attribute in children(node).into_iter().filter(|n| n.kind() == "attribute_list").flat_map(children) {
        if attribute.kind() != "attribute" {
            continue;
        }
        let mut args = Vec::new();
        for arg in child(attribute, &["attribute_argument_list"]).map(children).unwrap_or_default() {
            let name = arg.child_by_field_name("name");
            let Some(given) = children(arg).into_iter().rfind(|n| Some(*n) != name) else {
                continue;
            };
            let name = name.map(|n| cx.src(n).into());
            args.push(Arg { name, value: value(cx, given) });
        }
        // `[Consumes<T>]` keeps what it is about as its last argument.
        let written = cx.field(attribute, "name");
        out.push(Annotation { name: plain_type(written), args, span: span(attribute) });
    }
    out
}

/// Statements of a block, or the one expression of `=> …`.
fn block(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    let mut out = Vec::new();
    if node.kind() == "arrow_expression_clause" {
        if let Some(inner) = node.named_child(0) {
            out.push(expression_body(cx, inner));
        }
        return out;
    }
    for inner in children(node) {
        statement(cx, inner, &mut out);
    }
    out
}

/// What stands after `=>`: an assignment, or the result.
fn expression_body(cx: &mut Lower<'_>, node: Node<'_>) -> Stmt {
    if node.kind() == "assignment_expression" { assign(cx, node) } else { Stmt::Return(value(cx, node)) }
}

fn body(cx: &mut Lower<'_>, node: Option<Node<'_>>) -> Vec<Stmt> {
    let mut out = Vec::new();
    if let Some(node) = node {
        statement(cx, node, &mut out);
    }
    out
}

fn statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    cx.deeper((), |cx| {
        let blocked = |kind, head, body| Stmt::Block { kind, head, body, span: span(node) };
        match node.kind() {
            "block" | "labeled_statement" | "checked_statement" | "unsafe_statement" | "preproc_if"
            | "preproc_elif" | "preproc_else" | "switch_body" | "switch_section" | "global_statement" | "ERROR" => {
                out.extend(block(cx, node));
            }
            "local_declaration_statement" | "fixed_statement" => {
                for declaration in children(node) {
                    if declaration.kind() == "variable_declaration" {
                        declare(cx, declaration, out)
                    } else if declaration.kind().ends_with("statement") {
                        statement(cx, declaration, out)
                    }
                }
            }
            "variable_declaration" => declare(cx, node, out),
            "expression_statement" => {
                if let Some(inner) = children(node).into_iter().next() {
                    let stmt = if inner.kind() == "assignment_expression" {
                        assign(cx, inner)
                    } else {
                        Stmt::Expr(value(cx, inner))
                    };
                    out.push(stmt);
                }
            }
            "return_statement" | "yield_statement" => match children(node).into_iter().next() {
                Some(inner) => out.push(Stmt::Return(value(cx, inner))),
                None => out.push(Stmt::Leave(Leave::Return, span(node))),
            },
            "throw_statement" => {
                if let Some(inner) = children(node).into_iter().next() {
                    out.push(Stmt::Expr(value(cx, inner)));
                }
                out.push(Stmt::Leave(Leave::Throw, span(node)));
            }
            "break_statement" => out.push(Stmt::Leave(Leave::Break, span(node))),
            "continue_statement" => out.push(Stmt::Leave(Leave::Continue, span(node))),
            "for_statement" | "while_statement" | "do_statement" => {
                let mut inner = Vec::new();
                if let Some(init) = node.child_by_field_name("initializer")
                    && init.kind() == "variable_declaration"
                {
                    declare(cx, init, out);
                }
                let head = node.child_by_field_name("condition").map(|n| value(cx, n));
                inner.extend(body(cx, node.child_by_field_name("body")));
                out.push(blocked(BlockKind::Loop, head, inner));
            }
            "foreach_statement" => {
                let head = node.child_by_field_name("right").map(|n| value(cx, n));
                let body = body(cx, node.child_by_field_name("body"));
                out.push(blocked(BlockKind::Loop, head, body));
            }
            "if_statement" => {
                let head = node.child_by_field_name("condition").map(|n| value(cx, n));
                let then = body(cx, node.child_by_field_name("consequence"));
                out.push(blocked(BlockKind::Branch, head, then));
                if let Some(alternative) = node.child_by_field_name("alternative") {
                    let body = body(cx, Some(alternative));
                    out.push(blocked(BlockKind::Branch, None, body));
                }
            }
            "switch_statement" => {
                let head = node.child_by_field_name("value").map(|n| value(cx, n));
                let body = node.child_by_field_name("body").map(|b| block(cx, b)).unwrap_or_default();
                out.push(blocked(BlockKind::Branch, head, body));
            }
            "try_statement" => {
                let tried = body(cx, node.child_by_field_name("body"));
                out.push(blocked(BlockKind::Try, None, tried));
                for clause in children(node) {
                    let kind = match clause.kind() {
                        "catch_clause" => BlockKind::Catch,
                        "finally_clause" => BlockKind::Finally,
                        _ => continue,
                    };
                    let caught = child(clause, &["catch_declaration"]).and_then(|d| d.child_by_field_name("type"));
                    let head = caught.map(|t| Expr::name(plain_type(cx.src(t)), span(t)));
                    let body = body(cx, child(clause, &["block"]));
                    out.push(Stmt::Block { kind, head, body, span: span(clause) });
                }
            }
            "using_statement" | "lock_statement" => {
                let mut inner = Vec::new();
                let held = node.child_by_field_name("body");
                for part in children(node) {
                    if Some(part) == held || part.kind().ends_with("_statement") || part.kind() == "block" {
                        statement(cx, part, &mut inner);
                    } else if part.kind() == "variable_declaration" {
                        declare(cx, part, &mut inner);
                    } else {
                        inner.push(Stmt::Expr(value(cx, part)));
                    }
                }
                out.push(blocked(BlockKind::With, None, inner));
            }
            "local_function_statement" => {
                let parent = (cx.current != 0).then_some(cx.current);
                function(cx, node, parent);
            }
            "class_declaration" | "record_declaration" | "interface_declaration" | "struct_declaration" => {
                type_(cx, node)
            }
            kind if kind.ends_with("_expression") => out.push(Stmt::Expr(value(cx, node))),
            _ => {}
        }
    });
}

fn declare(cx: &mut Lower<'_>, declaration: Node<'_>, out: &mut Vec<Stmt>) {
    let ty: SmolStr = cx.field(declaration, "type").into();
    for declarator in children(declaration).into_iter().filter(|n| n.kind() == "variable_declarator") {
        let Some(name) = declarator.child_by_field_name("name") else {
            continue;
        };
        let target = Expr::name(cx.src(name), span(name));
        let mut init = match initialiser(declarator) {
            Some(v) => value(cx, v),
            None => expr(ExprKind::Null, declarator),
        };
        name_target_typed(&mut init, &ty);
        out.push(Stmt::Assign { target, ty: ty.clone(), value: init, append: false, span: span(declaration) });
    }
}

fn assign(cx: &mut Lower<'_>, node: Node<'_>) -> Stmt {
    let target = node.child_by_field_name("left").map(|n| value(cx, n));
    let right = node.child_by_field_name("right").map(|n| value(cx, n));
    let append = cx.field(node, "operator") == "+=";
    match (target, right) {
        (Some(mut target), Some(value)) => {
            // `_url = url` in a member sets the field, not a local of the same name.
            if let ExprKind::Name(name) = &target.kind
                && own_field(cx, name)
            {
                let this = Expr::name("this", target.span);
                target.kind = ExprKind::Member(Box::new(this), name.clone());
            }
            Stmt::Assign { target, ty: SmolStr::default(), value, append, span: span(node) }
        }
        (target, right) => Stmt::Expr(expr(ExprKind::Other(target.into_iter().chain(right).collect()), node)),
    }
}

/// Whether a bare name on the left of `=` is a field of the type around it: no parameter or local hides it.
fn own_field(cx: &Lower<'_>, name: &str) -> bool {
    let mut scope = Some(cx.current);
    while let Some(index) = scope {
        let function = &cx.unit.functions[index];
        if function.params.iter().any(|p| p.name == name) && function.name != "<init>" {
            return false;
        }
        scope = function.parent;
    }
    let declared =
        cx.unit.types.iter().rfind(|t| t.name == cx.owner).is_some_and(|t| t.fields.iter().any(|f| f.name == name));
    // Fields may be declared below the constructor; by convention their names start with an underscore or a capital.
    declared || (!cx.owner.is_empty() && name.starts_with(|c: char| c == '_' || c.is_ascii_uppercase()))
}
