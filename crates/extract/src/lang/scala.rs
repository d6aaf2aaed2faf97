//! Scala 2 and 3 to the common tree: declarations here, statements in `statements`, expressions in `values`, patterns in
//! `patterns`.
//!
//! `val`s of a type are fields; what a class takes is a field that its parameter fills. Members of a companion are members
//! of the class that it stands beside. Several lists of parameters or arguments are one. What stands in a type's body
//! besides members runs when it is made: it is the function `<static>`. Types are written with `<>`, as in the JVM's other
//! languages.

mod patterns;
mod statements;
mod values;

use super::lower::{Lower, child, children, expr, fills, plain_type, span};
use crate::code::ir::{Annotation, Arg, Call, Expr, ExprKind, Field, Function, Param, Stmt, Type};
use seam_facts::{SmolStr, format_smolstr};
use tree_sitter::Node;
use values::{args, settled};

pub fn lower(cx: &mut Lower<'_>, root: Node<'_>) {
    let mut loose = Vec::new();
    for node in children(root) {
        member(cx, node, None, &mut loose);
    }
}

/// A declaration, of the type with index `ty` or of the file. What is none stands in `loose`, if in a type.
fn member<'t>(cx: &mut Lower<'_>, node: Node<'t>, ty: Option<usize>, loose: &mut Vec<Node<'t>>) {
    cx.deeper((), |cx| match node.kind() {
        "package_clause" | "package_object" => {
            let name = cx.field(node, "name");
            cx.unit.package = match cx.unit.package.as_str() {
                "" => name.into(),
                outer => format_smolstr!("{outer}.{name}"),
            };
            let body = part(node, "body");
            body.map(children).unwrap_or_default().into_iter().for_each(|n| member(cx, n, None, loose));
        }
        "import_declaration" => import(cx, node),
        "export_declaration" | "self_type" | "type_definition" | "annotation" | "operator_identifier" => {}
        "class_definition" | "object_definition" | "trait_definition" | "enum_definition" => type_(cx, node),
        "function_definition" | "function_declaration" => function(cx, node),
        "extension_definition" => {
            let inner = children(node).into_iter().filter(|n| !n.kind().ends_with("parameters"));
            inner.for_each(|n| member(cx, n, ty, loose));
        }
        "given_definition" => match part(node, "body") {
            Some(body) if body.kind().ends_with("template_body") => given(cx, node, body),
            _ => declared(cx, node, ty),
        },
        "val_definition" | "var_definition" | "val_declaration" | "var_declaration" => declared(cx, node, ty),
        "ERROR" | "template_body" | "enum_body" | "with_template_body" => {
            children(node).into_iter().for_each(|n| member(cx, n, ty, loose));
        }
        _ => match ty {
            Some(_) => loose.push(node),
            None => {
                let mut out = Vec::new();
                statements::statement(cx, node, &mut out, false);
                out.into_iter().for_each(|s| cx.top(s));
            }
        },
    });
}

/// A name and its value: a field of a type, a variable of the file.
fn declared(cx: &mut Lower<'_>, node: Node<'_>, ty: Option<usize>) {
    match ty {
        Some(ty) => field(cx, node, ty),
        None => {
            let mut out = Vec::new();
            statements::local(cx, node, &mut out);
            out.into_iter().for_each(|s| cx.top(s));
        }
    }
}

fn import(cx: &mut Lower<'_>, node: Node<'_>) {
    let mut path: Vec<&str> = Vec::new();
    // `import a.b, c.d` is several.
    let mut parts = children(node).into_iter().peekable();
    while let Some(part) = parts.next() {
        let full = path.join(".");
        match part.kind() {
            "namespace_wildcard" | "wildcard" => {
                cx.import(&full, None, "*", part);
                path = Vec::new();
            }
            "namespace_selectors" => {
                for one in children(part) {
                    match one.kind() {
                        "namespace_wildcard" | "wildcard" => cx.import(&full, None, "*", one),
                        _ => renamed(cx, &full, one),
                    }
                }
                path = Vec::new();
            }
            kind if kind.ends_with("renamed_identifier") => {
                renamed(cx, &full, part);
                path = Vec::new();
            }
            _ => {
                path.push(cx.src(part).trim_matches('`'));
                let comma = parts.peek().is_some_and(|next| {
                    cx.text.get(part.end_byte()..next.start_byte()).is_some_and(|between| between.contains(','))
                });
                if comma || parts.peek().is_none() {
                    if let Some((last, outer)) = path.split_last() {
                        cx.import(&outer.join("."), Some(last), last, part);
                    }
                    path = Vec::new();
                }
            }
        }
    }
}

fn renamed(cx: &mut Lower<'_>, path: &str, node: Node<'_>) {
    let (name, alias) = match (part(node, "name"), part(node, "alias")) {
        (Some(name), Some(alias)) => (cx.src(name), cx.src(alias)),
        (Some(name), None) => (cx.src(name), cx.src(name)),
        _ => (cx.src(node), cx.src(node)),
    };
    let (name, alias) = (name.trim_matches('`'), alias.trim_matches('`'));
    // `{Future => _}` takes a name out.
    if alias != "_" {
        cx.import(path, Some(name), alias, node);
    }
}

fn type_(cx: &mut Lower<'_>, node: Node<'_>) {
    let name: SmolStr = cx.field(node, "name").trim_matches('`').into();
    let mut ty = Type {
        name: name.clone(),
        interface: node.kind() == "trait_definition",
        annotations: annotations(cx, node),
        span: span(node),
        ..Type::default()
    };
    let passed = supers(cx, node, &mut ty);
    for derived in part(node, "derive").map(children).unwrap_or_default() {
        ty.annotations.push(Annotation { name: cx.src(derived).into(), args: Vec::new(), span: span(derived) });
    }
    let lists: Vec<Node<'_>> = children(node).into_iter().filter(|n| n.kind() == "class_parameters").collect();
    let body = part(node, "body");
    let within = node.parent().map(span);
    let companion =
        cx.unit.types.iter().position(|t| {
            t.name == name && within.is_some_and(|w| w.line <= t.span.line && t.span.end_line <= w.end_line)
        });
    let fill = |cx: &mut Lower<'_>, index: usize| {
        if !lists.is_empty() || passed.is_some() {
            constructor(cx, node, &lists, index, passed);
        }
        let mut loose = Vec::new();
        for inner in body.map(children).unwrap_or_default() {
            member(cx, inner, Some(index), &mut loose);
        }
        initialised(cx, &loose, node);
    };
    match companion {
        Some(index) => {
            let first = &mut cx.unit.types[index];
            first.supers.append(&mut ty.supers);
            first.super_texts.append(&mut ty.super_texts);
            first.annotations.append(&mut ty.annotations);
            let scope = cx.unit.functions.iter().position(|f| f.name == "<type>" && f.owner == name).unwrap_or(0);
            let outer = std::mem::replace(&mut cx.owner, name);
            let outside = std::mem::replace(&mut cx.current, scope);
            fill(cx, index);
            cx.owner = outer;
            cx.current = outside;
        }
        None => {
            cx.type_(ty, fill);
        }
    }
}

/// Adds what a type extends; gives what it passes to the first of them.
fn supers<'t>(cx: &Lower<'_>, node: Node<'t>, ty: &mut Type) -> Option<(SmolStr, Node<'t>)> {
    let mut passed = None;
    for parent in part(node, "extend").map(children).unwrap_or_default() {
        if parent.kind() == "arguments" {
            passed = passed.or(ty.super_texts.last().map(|t| (t.clone(), parent)));
            continue;
        }
        for one in parts_of_type(parent) {
            if one.kind() == "arguments" {
                passed = passed.or(ty.super_texts.last().map(|t| (t.clone(), one)));
                continue;
            }
            let written = type_text(cx.src(one));
            ty.supers.push(simple_type(&written));
            ty.super_texts.push(written);
        }
    }
    passed
}

/// The types of `A[B](x) with C`, and what is passed.
fn parts_of_type(node: Node<'_>) -> Vec<Node<'_>> {
    match node.kind() {
        "compound_type" | "applied_constructor_type" | "annotated_type" => {
            let inner = children(node).into_iter().filter(|n| !n.kind().ends_with("template_body"));
            inner.flat_map(parts_of_type).collect()
        }
        _ => vec![node],
    }
}

/// `given Ordering[Int] with …` is an object of that type.
fn given(cx: &mut Lower<'_>, node: Node<'_>, body: Node<'_>) {
    let written = type_text(cx.field(node, "return_type"));
    let ty = Type {
        name: simple_type(&written),
        supers: vec![simple_type(&written)],
        super_texts: vec![written],
        span: span(node),
        ..Type::default()
    };
    members(cx, ty, body);
}

/// The members in a body, as those of a type of their own.
fn members(cx: &mut Lower<'_>, ty: Type, body: Node<'_>) {
    cx.type_(ty, |cx, index| {
        let mut loose = Vec::new();
        children(body).into_iter().for_each(|n| member(cx, n, Some(index), &mut loose));
        initialised(cx, &loose, body);
    });
}

/// What a type's body does.
fn initialised(cx: &mut Lower<'_>, loose: &[Node<'_>], node: Node<'_>) {
    if loose.is_empty() {
        return;
    }
    let function =
        Function { name: "<static>".into(), owner: cx.owner.clone(), span: span(node), ..Function::default() };
    bodied(cx, function, |cx| {
        let mut out = Vec::new();
        loose.iter().for_each(|n| statements::statement(cx, *n, &mut out, false));
        out
    });
}

/// A function whose statements keep what stands before theirs to themselves.
fn bodied(cx: &mut Lower<'_>, function: Function, body: impl FnOnce(&mut Lower<'_>) -> Vec<Stmt>) -> usize {
    cx.function(function, |cx| {
        let outer = std::mem::take(&mut cx.pending);
        let out = body(cx);
        cx.pending = outer;
        out
    })
}

/// Parameters fill fields; what is passed on calls the parent's constructor.
fn constructor(cx: &mut Lower<'_>, node: Node<'_>, lists: &[Node<'_>], ty: usize, passed: Option<(SmolStr, Node<'_>)>) {
    let params: Vec<Param> =
        lists.iter().flat_map(|l| children(*l)).filter_map(|n| param(cx, n, "class_parameter")).collect();
    for param in &params {
        cx.unit.types[ty].fields.push(Field {
            name: param.name.clone(),
            ty: param.ty.clone(),
            annotations: param.annotations.clone(),
            init: None,
            span: param.span,
        });
    }
    let filled = fills(&params);
    let annotations = annotations(cx, node);
    let at = lists.first().map(|l| span(*l)).unwrap_or_else(|| span(node));
    let function = Function {
        name: "<init>".into(),
        owner: cx.owner.clone(),
        params,
        annotations,
        span: at,
        ..Function::default()
    };
    bodied(cx, function, |cx| {
        let mut body = filled;
        if let Some((written, arguments)) = passed {
            let callee = Expr::name(simple_type(&written), span(arguments));
            let args = args(cx, arguments);
            let call = Call { callee, args, new: true, type_args: vec![written] };
            body.append(&mut cx.pending);
            body.push(Stmt::Expr(expr(ExprKind::Call(Box::new(call)), arguments)));
        }
        body
    });
}

fn function(cx: &mut Lower<'_>, node: Node<'_>) {
    let lists: Vec<Node<'_>> = children(node).into_iter().filter(|n| n.kind() == "parameters").collect();
    let params = lists.iter().flat_map(|l| children(*l)).filter_map(|n| param(cx, n, "parameter")).collect();
    let returns = type_text(cx.field(node, "return_type"));
    let body = part(node, "body");
    // `def f() { … }` gives nothing, as it does with the type `Unit`.
    let nothing = returns == "Unit"
        || body.is_some_and(|b| {
            returns.is_empty()
                && b.kind() == "block"
                && !cx.src(node)[..b.start_byte() - node.start_byte()].contains('=')
        });
    let function = Function {
        name: cx.field(node, "name").trim_matches('`').into(),
        owner: cx.owner.clone(),
        params,
        returns: if nothing { SmolStr::default() } else { returns },
        annotations: annotations(cx, node),
        private: modifiers(cx, node).split_whitespace().any(|w| w == "private"),
        span: span(node),
        ..Function::default()
    };
    bodied(cx, function, |cx| {
        let mut out = Vec::new();
        if let Some(body) = body {
            statements::statement(cx, body, &mut out, !nothing);
        }
        out
    });
}

fn param(cx: &mut Lower<'_>, node: Node<'_>, kind: &str) -> Option<Param> {
    if node.kind() != kind {
        return None;
    }
    let default = part(node, "default_value").map(|n| settled(cx, n));
    Some(Param {
        name: cx.field(node, "name").trim_matches('`').into(),
        ty: type_text(cx.field(node, "type")),
        annotations: annotations(cx, node),
        default,
        span: span(node),
    })
}

fn modifiers<'a>(cx: &Lower<'a>, node: Node<'_>) -> &'a str {
    child(node, &["modifiers"]).map(|n| cx.src(n)).unwrap_or("")
}

fn annotations(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Annotation> {
    let mut out = Vec::new();
    for node in children(node).into_iter().filter(|n| n.kind() == "annotation") {
        let args: Vec<Arg> = child(node, &["arguments"]).map(|n| args(cx, n)).unwrap_or_default();
        out.push(Annotation { name: plain_type(cx.field(node, "name")), args, span: span(node) });
    }
    out
}

/// A `val` of a type; patterns give several.
fn field(cx: &mut Lower<'_>, node: Node<'_>, ty: usize) {
    let annotations = annotations(cx, node);
    let held = if node.kind() == "given_definition" { ("return_type", "body") } else { ("type", "value") };
    let written = type_text(cx.field(node, held.0));
    let init = part(node, held.1).filter(|n| n.kind() != "wildcard").map(|n| settled(cx, n));
    let mut names = patterns::names(cx, node);
    if names.is_empty() && node.kind() == "given_definition" {
        names.push((simple_type(&written), span(node)));
    }
    let several = names.len() > 1;
    for (name, _) in names {
        let part = |e: Expr| {
            let at = e.span;
            if several { Expr::new(ExprKind::Member(Box::new(e), name.clone()), at) } else { e }
        };
        let field = Field {
            name: name.clone(),
            ty: written.clone(),
            annotations: annotations.clone(),
            init: init.clone().map(part),
            span: span(node),
        };
        cx.unit.types[ty].fields.push(field);
    }
}

/// The named part of a node that stands in a field; marks (`{`, `=`) may stand in the same one.
fn part<'t>(node: Node<'t>, field: &str) -> Option<Node<'t>> {
    let mut cursor = node.walk();
    let mut found = node.children_by_field_name(field, &mut cursor).filter(|n| n.is_named());
    found.next()
}

/// A type as the JVM's other languages write it: `Map[String, Int]` is `Map<String, Int>`.
fn type_text(written: &str) -> SmolStr {
    let written = written.trim().trim_start_matches("=>").trim_end_matches('*').trim();
    if written.contains(['[', '\n']) {
        let one: String = written.split_whitespace().collect::<Vec<_>>().join(" ");
        return one.replace('[', "<").replace(']', ">").into();
    }
    written.into()
}

/// The last part of a type's name, without generics.
fn simple_type(ty: &str) -> SmolStr {
    let plain = plain_type(ty);
    plain.rsplit('.').next().map(SmolStr::from).unwrap_or(plain)
}
