//! Kotlin to the common tree: declarations here, expressions in `values`.
//!
//! Properties are fields; what a primary constructor declares is a field that its parameter fills. Members of companion
//! objects are members of the type around them.

mod values;

use super::lower::{Lower, child, children, expr, fills, plain_type, span};
use crate::code::ir::{Annotation, Arg, BlockKind, Call, Expr, ExprKind, Field, Function, Leave, Param, Stmt, Type};
use seam_facts::SmolStr;
use tree_sitter::Node;
use values::{args, last_value, value};

pub fn lower(cx: &mut Lower<'_>, root: Node<'_>) {
    for node in children(root) {
        match node.kind() {
            "package_header" => {
                if let Some(name) = child(node, &["qualified_identifier", "identifier"]) {
                    cx.unit.package = cx.src(name).into();
                }
            }
            "import" => import(cx, node),
            _ => member(cx, node, None),
        }
    }
}

fn import(cx: &mut Lower<'_>, node: Node<'_>) {
    let Some(name) = child(node, &["qualified_identifier", "identifier"]) else {
        return;
    };
    let full = cx.src(name);
    if cx.src(node).trim_end().ends_with('*') {
        return cx.import(full, None, "*", node);
    }
    let (path, last) = full.rsplit_once('.').unwrap_or(("", full));
    let alias = children(node).into_iter().rfind(|n| n.kind() == "identifier").filter(|n| n.id() != name.id());
    cx.import(path, Some(last), alias.map(|n| cx.src(n)).unwrap_or(last), node);
}

/// A declaration, of the type with index `ty` or of the file.
fn member(cx: &mut Lower<'_>, node: Node<'_>, ty: Option<usize>) {
    cx.deeper((), |cx| match node.kind() {
        "class_declaration" | "object_declaration" => type_(cx, node),
        "companion_object" => {
            for inner in child(node, &["class_body"]).map(children).unwrap_or_default() {
                member(cx, inner, ty);
            }
        }
        "function_declaration" => function(cx, node),
        "secondary_constructor" => constructor(cx, node),
        "anonymous_initializer" => {
            let function =
                Function { name: "<static>".into(), owner: cx.owner.clone(), span: span(node), ..Function::default() };
            let body = child(node, &["block"]);
            cx.function(function, |cx| body.map(|b| block(cx, b)).unwrap_or_default());
        }
        "property_declaration" => match ty {
            Some(ty) => property(cx, node, ty),
            None => {
                for stmt in local(cx, node) {
                    cx.top(stmt);
                }
            }
        },
        "enum_entry" => {}
        // A head that the grammar does not read: the members still count, as those of the name that stands first.
        "ERROR" => {
            let inner = children(node);
            let name = inner.first().filter(|n| n.kind() == "identifier").map(|n| SmolStr::from(cx.src(*n)));
            match name.filter(|n| ty.is_none() && n.starts_with(|c: char| c.is_ascii_uppercase())) {
                Some(name) => {
                    let broken = Type { name, span: span(node), ..Type::default() };
                    cx.type_(broken, |cx, index| inner.into_iter().for_each(|n| member(cx, n, Some(index))));
                }
                None => inner.into_iter().for_each(|n| member(cx, n, ty)),
            }
        }
        "class_body" | "enum_class_body" => children(node).into_iter().for_each(|n| member(cx, n, ty)),
        kind if kind.ends_with("_expression") && ty.is_none() => {
            let stmt = Stmt::Expr(value(cx, node));
            cx.top(stmt);
        }
        _ => {}
    });
}

fn type_(cx: &mut Lower<'_>, node: Node<'_>) {
    let head = cx.src(node);
    let name: SmolStr = cx.field(node, "name").into();
    // The keyword is an unnamed node between the modifiers and the name.
    let before = node.child_by_field_name("name").map(|n| n.start_byte() - node.start_byte()).unwrap_or(0);
    let interface = head.get(..before).is_some_and(|h| h.trim_end().ends_with("interface"));
    let mut ty =
        Type { name: name.clone(), interface, annotations: annotations(cx, node), span: span(node), ..Type::default() };
    let mut passed = None;
    for parent in child(node, &["delegation_specifiers"]).map(children).unwrap_or_default() {
        let Some(parent) = children(parent).into_iter().find(|n| n.kind() != "annotation") else {
            continue;
        };
        let written = match parent.kind() {
            "constructor_invocation" | "explicit_delegation" => {
                passed = passed.or(Some(parent).filter(|p| p.kind() == "constructor_invocation"));
                children(parent).into_iter().next().unwrap_or(parent)
            }
            _ => parent,
        };
        ty.supers.push(simple_type(cx.src(written)));
        ty.super_texts.push(cx.src(written).into());
    }
    let bodies: Vec<Node<'_>> =
        children(node).into_iter().filter(|n| matches!(n.kind(), "class_body" | "enum_class_body")).collect();
    let primary = child(node, &["primary_constructor"]);
    cx.type_(ty, |cx, index| {
        if let Some(primary) = primary {
            primary_constructor(cx, primary, index, passed);
        }
        for body in bodies {
            children(body).into_iter().for_each(|n| member(cx, n, Some(index)));
        }
    });
}

/// Parameters fill fields: those declared with `val` or `var` by the language, the rest because initialisers see them.
fn primary_constructor(cx: &mut Lower<'_>, node: Node<'_>, ty: usize, passed: Option<Node<'_>>) {
    let mut params = Vec::new();
    for node in child(node, &["class_parameters"]).map(children).unwrap_or_default() {
        let Some(name) = child(node, &["identifier"]) else {
            continue;
        };
        let declared = children(node).into_iter().find(|n| n.kind().ends_with("_type"));
        let default =
            children(node).into_iter().skip_while(|n| !n.kind().ends_with("_type")).nth(1).map(|n| value(cx, n));
        let param = Param {
            name: cx.src(name).into(),
            ty: declared.map(|n| cx.src(n)).unwrap_or("").into(),
            annotations: annotations(cx, node),
            default,
            span: span(node),
        };
        cx.unit.types[ty].fields.push(Field {
            name: param.name.clone(),
            ty: param.ty.clone(),
            annotations: param.annotations.clone(),
            init: None,
            span: param.span,
        });
        params.push(param);
    }
    let filled = fills(&params);
    let function = Function {
        name: "<init>".into(),
        owner: cx.owner.clone(),
        params,
        annotations: annotations(cx, node),
        span: span(node),
        ..Function::default()
    };
    cx.function(function, |cx| {
        let mut body = filled;
        if let Some(parent) = passed {
            body.push(Stmt::Expr(invocation(cx, parent)));
        }
        body
    });
}

/// `Base(url)` in a class's head is the call of the base's constructor.
fn invocation(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let ty = children(node).into_iter().next().map(|n| cx.src(n)).unwrap_or("");
    let callee = Expr::name(simple_type(ty), span(node));
    let args = child(node, &["value_arguments"]).map(|n| args(cx, n)).unwrap_or_default();
    let call = crate::code::ir::Call { callee, args, new: true, type_args: vec![ty.into()] };
    expr(ExprKind::Call(Box::new(call)), node)
}

fn constructor(cx: &mut Lower<'_>, node: Node<'_>) {
    let function = Function {
        name: "<init>".into(),
        owner: cx.owner.clone(),
        params: child(node, &["function_value_parameters"]).map(|n| params_of(cx, n)).unwrap_or_default(),
        annotations: annotations(cx, node),
        span: span(node),
        ..Function::default()
    };
    let body = child(node, &["block"]);
    cx.function(function, |cx| body.map(|b| block(cx, b)).unwrap_or_default());
}

fn function(cx: &mut Lower<'_>, node: Node<'_>) {
    let parameters = child(node, &["function_value_parameters"]);
    let after = parameters.map(|n| n.end_byte()).unwrap_or(0);
    let returns = children(node).into_iter().find(|n| n.kind().ends_with("_type") && n.start_byte() >= after);
    let modifiers = child(node, &["modifiers"]).map(|n| cx.src(n)).unwrap_or("");
    let function = Function {
        name: cx.field(node, "name").into(),
        owner: cx.owner.clone(),
        params: parameters.map(|n| params_of(cx, n)).unwrap_or_default(),
        returns: returns.map(|n| cx.src(n)).filter(|r| *r != "Unit").unwrap_or("").into(),
        annotations: annotations(cx, node),
        private: modifiers.split_whitespace().any(|w| w == "private"),
        span: span(node),
        ..Function::default()
    };
    let body = child(node, &["function_body"]);
    cx.function(function, |cx| body.map(|b| function_body(cx, b)).unwrap_or_default());
}

fn function_body(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    match children(node).first() {
        Some(inner) if inner.kind() == "block" => block(cx, *inner),
        Some(inner) => vec![Stmt::Return(value(cx, *inner))],
        None => Vec::new(),
    }
}

fn params_of(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Param> {
    let mut out: Vec<Param> = Vec::new();
    let mut pending = Vec::new();
    for node in children(node) {
        match node.kind() {
            "parameter_modifiers" => pending = annotations_in(cx, node),
            "parameter" => {
                let name = child(node, &["identifier"]).map(|n| cx.src(n)).unwrap_or("");
                let ty = children(node).into_iter().find(|n| n.kind().ends_with("_type"));
                out.push(Param {
                    name: name.into(),
                    ty: ty.map(|n| cx.src(n)).unwrap_or("").into(),
                    annotations: std::mem::take(&mut pending),
                    default: None,
                    span: span(node),
                });
            }
            _ => {
                let default = value(cx, node);
                if let Some(last) = out.last_mut() {
                    last.default = Some(default);
                }
            }
        }
    }
    out
}

fn annotations(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Annotation> {
    child(node, &["modifiers"]).map(|n| annotations_in(cx, n)).unwrap_or_default()
}

fn annotations_in(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Annotation> {
    let mut out = Vec::new();
    for node in children(node).into_iter().filter(|n| n.kind() == "annotation") {
        // `@field:Value("…")` names its target first; several may stand in brackets.
        for inner in children(node).into_iter().filter(|n| n.kind() != "use_site_target") {
            let ty = child(inner, &["user_type"]).unwrap_or(inner);
            let args: Vec<Arg> = child(inner, &["value_arguments"]).map(|n| args(cx, n)).unwrap_or_default();
            out.push(Annotation { name: plain_type(cx.src(ty)), args, span: span(node) });
        }
    }
    out
}

/// A property of a type: its value is its initialiser, what its delegate gives, or what its getter returns.
fn property(cx: &mut Lower<'_>, node: Node<'_>, ty: usize) {
    let annotations = annotations(cx, node);
    let init = initialiser(cx, node);
    for variable in variables(node) {
        let declared = children(variable).into_iter().find(|n| n.kind().ends_with("_type"));
        let field = Field {
            name: child(variable, &["identifier"]).map(|n| cx.src(n)).unwrap_or("").into(),
            ty: declared.map(|n| cx.src(n)).unwrap_or("").into(),
            annotations: annotations.clone(),
            init: init.clone(),
            span: span(node),
        };
        cx.unit.types[ty].fields.push(field);
    }
}

fn variables<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut out = Vec::new();
    for n in children(node) {
        match n.kind() {
            "variable_declaration" => out.push(n),
            "multi_variable_declaration" => out.extend(children(n)),
            _ => {}
        }
    }
    out
}

fn initialiser(cx: &mut Lower<'_>, node: Node<'_>) -> Option<Expr> {
    let mut init = None;
    for part in children(node) {
        match part.kind() {
            "modifiers"
            | "variable_declaration"
            | "multi_variable_declaration"
            | "setter"
            | "type_constraints"
            | "type_parameters"
            | "type_modifiers" => {}
            kind if kind.ends_with("_type") => {}
            "property_delegate" => init = children(part).first().map(|n| delegated(cx, *n)),
            "getter" => {
                let stmts = child(part, &["function_body"]).map(|b| function_body(cx, b)).unwrap_or_default();
                init = init.or_else(|| last_value(stmts));
            }
            _ => init = Some(value(cx, part)),
        }
    }
    init
}

/// `by lazy { x }` is `x`.
fn delegated(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let lazy = child(node, &["identifier"]).is_some_and(|n| cx.src(n) == "lazy");
    let lambda = child(node, &["annotated_lambda"]).and_then(|n| child(n, &["lambda_literal"]));
    match lambda.filter(|_| lazy).and_then(|l| children(l).into_iter().last()) {
        Some(last) => value(cx, last),
        None => value(cx, node),
    }
}

/// A property in a function or at the top level.
fn local(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    let names = variables(node);
    let init = initialiser(cx, node).unwrap_or_else(|| expr(ExprKind::Null, node));
    let several = names.len() > 1;
    let mut out = Vec::new();
    for variable in names {
        let Some(name) = child(variable, &["identifier"]) else {
            continue;
        };
        let declared = children(variable).into_iter().find(|n| n.kind().ends_with("_type"));
        let part = match several {
            true => expr(ExprKind::Member(Box::new(init.clone()), cx.src(name).into()), node),
            false => init.clone(),
        };
        out.push(Stmt::Assign {
            target: Expr::name(cx.src(name), span(name)),
            // A type that says nothing still tells a declaration from an assignment.
            ty: declared.map(|n| cx.src(n)).unwrap_or("var").into(),
            value: part,
            append: false,
            span: span(node),
        });
    }
    out
}

fn block(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    let mut out = Vec::new();
    for node in children(node) {
        statement(cx, node, &mut out);
    }
    out
}

/// The statements of a body that may be a block or a single statement.
fn body(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    let mut out = Vec::new();
    match node.kind() {
        "block" => out = block(cx, node),
        _ => statement(cx, node, &mut out),
    }
    out
}

fn statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    cx.deeper((), |cx| match node.kind() {
        "block" => out.extend(block(cx, node)),
        "property_declaration" => out.extend(local(cx, node)),
        "assignment" => {
            let target = node.child_by_field_name("left").map(|n| value(cx, n));
            let right = node.child_by_field_name("right").map(|n| value(cx, n));
            let append = cx.field(node, "operator") == "+=";
            if let (Some(target), Some(value)) = (target, right) {
                out.push(Stmt::Assign { target, ty: SmolStr::default(), value, append, span: span(node) });
            }
        }
        "return_expression" => {
            if let Some(inner) = children(node).into_iter().last() {
                out.push(Stmt::Return(value(cx, inner)));
            } else {
                out.push(Stmt::Leave(Leave::Return, span(node)));
            }
        }
        "throw_expression" => {
            let thrown = value(cx, node);
            out.extend([Stmt::Expr(thrown), Stmt::Leave(Leave::Throw, span(node))]);
        }
        // The grammar has no words of its own for these.
        "identifier" if cx.src(node) == "break" => out.push(Stmt::Leave(Leave::Break, span(node))),
        "identifier" if cx.src(node) == "continue" => out.push(Stmt::Leave(Leave::Continue, span(node))),
        "for_statement" | "while_statement" | "do_while_statement" => {
            let inner = children(node);
            let is_body = |n: &Node<'_>| n.kind() == "block";
            let head = node.child_by_field_name("condition").or_else(|| {
                inner
                    .iter()
                    .copied()
                    .find(|n| !is_body(n) && !matches!(n.kind(), "variable_declaration" | "annotation"))
            });
            let head_expr = head.map(|n| value(cx, n));
            let last = inner.into_iter().last().filter(|n| head.is_none_or(|h| h.id() != n.id()));
            let body = last.map(|n| body(cx, n)).unwrap_or_default();
            out.push(Stmt::Block { kind: BlockKind::Loop, head: head_expr, body, span: span(node) });
        }
        "if_expression" => {
            let condition = node.child_by_field_name("condition");
            let head = condition.map(|n| value(cx, n));
            let arms = children(node).into_iter().filter(|n| condition.is_none_or(|c| c.id() != n.id()));
            for (i, arm) in arms.enumerate() {
                let body = body(cx, arm);
                let head = head.clone().filter(|_| i == 0);
                out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(arm) });
            }
        }
        "when_expression" => {
            let subject = child(node, &["when_subject"]).and_then(|s| children(s).into_iter().last());
            let head = subject.map(|n| value(cx, n));
            let mut inner = Vec::new();
            for entry in children(node).into_iter().filter(|n| n.kind() == "when_entry") {
                if let Some(last) = children(entry).into_iter().last() {
                    inner.extend(body(cx, last));
                }
            }
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body: inner, span: span(node) });
        }
        "try_expression" => {
            for part in children(node) {
                let kind = match part.kind() {
                    "catch_block" => BlockKind::Catch,
                    "finally_block" => BlockKind::Finally,
                    _ => BlockKind::Try,
                };
                let head = children(part).into_iter().find(|n| n.kind().ends_with("_type"));
                let head = head.filter(|_| kind == BlockKind::Catch).map(|n| Expr::name(cx.src(n), span(n)));
                let inner = if kind == BlockKind::Try { Some(part) } else { child(part, &["block"]) };
                let body = inner.map(|n| body(cx, n)).unwrap_or_default();
                out.push(Stmt::Block { kind, head, body, span: span(part) });
            }
        }
        "class_declaration" | "object_declaration" => type_(cx, node),
        // A function within a function is called by its name from anywhere below.
        "function_declaration" => function(cx, node),
        "identifier" | "string_literal" | "number_literal" => out.push(Stmt::Expr(value(cx, node))),
        // `repeat(3) { … }`: what the closure holds is what is repeated.
        "call_expression" if values::repeated(cx, node).is_some() => {
            let Some((number, literal)) = values::repeated(cx, node) else { return };
            let args = vec![Arg { name: None, value: value(cx, number) }];
            let callee = Expr::name("range", span(number));
            let head = Call { callee, args, new: false, type_args: Vec::new() };
            let head = Some(expr(ExprKind::Call(Box::new(head)), number));
            let mut body = Vec::new();
            for part in children(literal).into_iter().filter(|p| p.kind() != "lambda_parameters") {
                statement(cx, part, &mut body);
            }
            out.push(Stmt::Block { kind: BlockKind::Loop, head, body, span: span(node) });
        }
        kind if kind.ends_with("_expression") || kind == "lambda_literal" || kind == "ERROR" => {
            out.push(Stmt::Expr(value(cx, node)));
        }
        _ => {}
    });
}

/// The last part of a type's name, without generics: `io.ktor.client.HttpClient` is `HttpClient`.
fn simple_type(ty: &str) -> SmolStr {
    let plain = plain_type(ty);
    plain.rsplit('.').next().map(SmolStr::from).unwrap_or(plain)
}
