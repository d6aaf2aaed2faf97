//! JavaScript and TypeScript, JSX included, to the common tree.
//!
//! Functions get the name a reader would call them by: that of the variable, property or export that they are given to
//! (`exports.find = async () => …` is `find`), and `exports` when they are a module's only export. What remains is a
//! closure. A named function within another keeps its surroundings as parent, so that their names are in reach.

use super::lower::{Lower, child, children, expr, plain_type, span, unquote};
use crate::code::ir::{Annotation, Arg, BlockKind, Call, Expr, ExprKind, Field, Function, Param, Stmt, Type};
use seam_facts::{SmolStr, format_smolstr};
use tree_sitter::Node;

pub fn lower(cx: &mut Lower<'_>, root: Node<'_>) {
    let body = block(cx, root);
    // Statements within classes may already have put something at the top.
    let mut top = std::mem::take(&mut cx.unit.functions[0].body);
    top.extend(body);
    cx.unit.functions[0].body = top;
    globals(cx);
}

/// Stands as the type of variables that are declared without one, apart from assignments to variables that exist.
const DECLARED: SmolStr = SmolStr::new_static("let");

/// Names that a function assigns and that neither it nor those around it declare: they are the file's.
fn globals(cx: &mut Lower<'_>) {
    let functions = &cx.unit.functions;
    let declared: Vec<Vec<&SmolStr>> = functions
        .iter()
        .map(|f| {
            let mut names: Vec<&SmolStr> = f.params.iter().map(|p| &p.name).collect();
            assigned(&f.body, &mut |name, ty| names.extend((!ty.is_empty()).then_some(name)));
            names
        })
        .collect();
    let mut found: Vec<(usize, SmolStr)> = Vec::new();
    for (index, function) in functions.iter().enumerate().skip(1) {
        assigned(&function.body, &mut |name, _| {
            let mut scope = Some(index);
            while let Some(at) = scope.filter(|at| *at != 0) {
                if declared[at].contains(&name) {
                    return;
                }
                scope = functions[at].parent;
            }
            found.push((index, name.clone()));
        });
    }
    for (index, name) in found {
        let globals = &mut cx.unit.functions[index].globals;
        if !globals.contains(&name) {
            globals.push(name);
        }
    }
}

fn assigned<'s>(stmts: &'s [Stmt], visit: &mut dyn FnMut(&'s SmolStr, &'s SmolStr)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target: Expr { kind: ExprKind::Name(name), .. }, ty, .. } => visit(name, ty),
            Stmt::Block { body, .. } => assigned(body, visit),
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Return(_) => {}
        }
    }
}

fn block(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    let mut out = Vec::new();
    for node in children(node) {
        statement(cx, node, &mut out);
    }
    out
}

fn body(cx: &mut Lower<'_>, node: Option<Node<'_>>) -> Vec<Stmt> {
    let mut out = Vec::new();
    if let Some(node) = node {
        statement(cx, node, &mut out);
    }
    out
}

fn statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    cx.deeper((), |cx| match node.kind() {
        "import_statement" => import(cx, node),
        "export_statement" => export(cx, node, out),
        "statement_block" | "labeled_statement" | "ambient_declaration" | "switch_body" | "else_clause" => {
            out.extend(block(cx, node));
        }
        "internal_module" | "module" => {
            let inner = body(cx, node.child_by_field_name("body"));
            out.extend(inner);
        }
        "lexical_declaration" | "variable_declaration" => {
            for declarator in children(node).into_iter().filter(|n| n.kind() == "variable_declarator") {
                declaration(cx, declarator, node, out);
            }
        }
        "function_declaration" | "generator_function_declaration" => {
            let name: SmolStr = cx.field(node, "name").into();
            function(cx, node, name, SmolStr::default(), Vec::new());
        }
        "class_declaration" | "abstract_class_declaration" => {
            class(cx, node, None, Vec::new());
        }
        "interface_declaration" => interface(cx, node),
        "enum_declaration" => enumeration(cx, node),
        "expression_statement" => {
            for inner in children(node) {
                expression_statement(cx, inner, out);
            }
        }
        "return_statement" => {
            if let Some(inner) = children(node).first() {
                let v = value(cx, *inner);
                out.push(Stmt::Return(v));
            }
        }
        "throw_statement" => {
            if let Some(inner) = children(node).first() {
                let v = value(cx, *inner);
                out.push(Stmt::Expr(v));
            }
        }
        "for_statement" | "for_in_statement" | "while_statement" | "do_statement" => {
            let mut inner = Vec::new();
            if let Some(initializer) = node.child_by_field_name("initializer") {
                statement(cx, initializer, &mut inner);
            }
            let head = ["right", "condition"]
                .iter()
                .find_map(|f| node.child_by_field_name(f))
                .filter(|n| n.kind() != "empty_statement")
                .map(|n| value(cx, n));
            inner.extend(body(cx, node.child_by_field_name("body")));
            out.push(Stmt::Block { kind: BlockKind::Loop, head, body: inner, span: span(node) });
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
        "try_statement" => {
            let inner = body(cx, node.child_by_field_name("body"));
            out.push(Stmt::Block { kind: BlockKind::Try, head: None, body: inner, span: span(node) });
            if let Some(handler) = node.child_by_field_name("handler") {
                let body = body(cx, handler.child_by_field_name("body"));
                out.push(Stmt::Block { kind: BlockKind::Catch, head: None, body, span: span(handler) });
            }
            if let Some(finalizer) = node.child_by_field_name("finalizer") {
                let body = body(cx, finalizer.child_by_field_name("body"));
                out.push(Stmt::Block { kind: BlockKind::Finally, head: None, body, span: span(finalizer) });
            }
        }
        "switch_statement" => {
            let head = node.child_by_field_name("value").map(|n| value(cx, n));
            let body = body(cx, node.child_by_field_name("body"));
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(node) });
        }
        "switch_case" | "switch_default" => {
            let label = node.child_by_field_name("value").map(|n| n.id());
            for inner in children(node).into_iter().filter(|n| Some(n.id()) != label) {
                statement(cx, inner, out);
            }
        }
        "ERROR" => {
            for inner in children(node) {
                statement(cx, inner, out);
            }
        }
        kind if is_expression(kind) => expression_statement(cx, node, out),
        _ => {}
    });
}

fn is_expression(kind: &str) -> bool {
    kind.ends_with("_expression") || matches!(kind, "arrow_function" | "object" | "array" | "template_string" | "class")
}

/// Assignments are statements of their own; a sequence is several.
fn expression_statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    cx.deeper((), |cx| match node.kind() {
        "assignment_expression" => assignment(cx, node, false, out),
        "augmented_assignment_expression" => {
            let append = cx.field(node, "operator") == "+=";
            assignment(cx, node, append, out);
        }
        "sequence_expression" => {
            for inner in children(node) {
                expression_statement(cx, inner, out);
            }
        }
        "parenthesized_expression" if child(node, &["assignment_expression"]).is_some() => {
            for inner in children(node) {
                expression_statement(cx, inner, out);
            }
        }
        "internal_module" => statement(cx, node, out),
        // `(function () { … })()`: what stands in it stands here.
        "call_expression" if immediate(node).is_some() => {
            if let Some(inner) = immediate(node) {
                out.extend(block(cx, inner));
            }
        }
        "unary_expression" | "parenthesized_expression" | "await_expression"
            if child(node, &["call_expression"]).is_some_and(|c| immediate(c).is_some()) =>
        {
            for inner in children(node) {
                expression_statement(cx, inner, out);
            }
        }
        _ => {
            let v = value(cx, node);
            out.push(Stmt::Expr(v));
        }
    });
}

/// The body of a function without parameters that is called where it is written.
fn immediate(call: Node<'_>) -> Option<Node<'_>> {
    let mut function = unwrapped(call.child_by_field_name("function")?);
    // `(function () { … }).call(this)`.
    if function.kind() == "member_expression" {
        function = unwrapped(function.child_by_field_name("object")?);
    }
    let plain = matches!(function.kind(), "function_expression" | "arrow_function");
    let params = function.child_by_field_name("parameters").map(children).unwrap_or_default();
    let body = function.child_by_field_name("body").filter(|b| b.kind() == "statement_block")?;
    (plain && params.is_empty()).then_some(body)
}

fn assignment(cx: &mut Lower<'_>, node: Node<'_>, append: bool, out: &mut Vec<Stmt>) {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return;
    };
    if matches!(left.kind(), "object_pattern" | "array_pattern") {
        let v = value(cx, right);
        destructure(cx, left, &v, &SmolStr::default(), out, 6);
        return;
    }
    let target = value(cx, left);
    let name = target.path().map(|p| given_name(&p)).unwrap_or_default();
    // `exports.a = exports.b = …` gives both the same value.
    let v = named_value(cx, right, &name, out);
    out.push(Stmt::Assign { target, ty: SmolStr::default(), value: v, append, span: span(node) });
}

/// What a function is called that is given to this target: `module.exports` is `exports`, `exports.a` is `a`,
/// `Type.prototype.find` is `Type.find`.
fn given_name(target: &str) -> SmolStr {
    let target = target.strip_prefix("module.").unwrap_or(target);
    let target = target.strip_prefix("exports.").unwrap_or(target);
    target.replace(".prototype.", ".").into()
}

fn import(cx: &mut Lower<'_>, node: Node<'_>) {
    let source = node.child_by_field_name("source").map(|n| unquote(cx.src(n)));
    if let Some(required) = child(node, &["import_require_clause"]) {
        let path = required.child_by_field_name("source").map(|n| unquote(cx.src(n))).unwrap_or_default();
        let alias = child(required, &["identifier"]).map(|n| cx.src(n)).unwrap_or("");
        cx.import(&path, None, alias, node);
        return;
    }
    let Some(path) = source else { return };
    let Some(clause) = child(node, &["import_clause"]) else {
        cx.import(&path, None, &path, node);
        return;
    };
    for part in children(clause) {
        match part.kind() {
            "identifier" => cx.import(&path, None, cx.src(part), node),
            "namespace_import" => {
                let alias = child(part, &["identifier"]).map(|n| cx.src(n)).unwrap_or("");
                cx.import(&path, None, alias, node);
            }
            "named_imports" => {
                for specifier in children(part).into_iter().filter(|n| n.kind() == "import_specifier") {
                    let name = cx.field(specifier, "name");
                    let alias = cx.field(specifier, "alias");
                    let alias = if alias.is_empty() { name } else { alias };
                    cx.import(&path, (name != "default").then_some(name), alias, specifier);
                }
            }
            _ => {}
        }
    }
}

fn export(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    let decorators = decorators(cx, node);
    let default = {
        let mut cursor = node.walk();
        node.children(&mut cursor).any(|n| n.kind() == "default")
    };
    let exports = Expr::name("exports", span(node));
    if let Some(declaration) = node.child_by_field_name("declaration") {
        let name: SmolStr = match declaration.kind() {
            "class_declaration" | "abstract_class_declaration" => class(cx, declaration, None, decorators),
            _ => {
                statement(cx, declaration, out);
                cx.field(declaration, "name").into()
            }
        };
        if default && !name.is_empty() {
            let value = Expr::name(name, span(declaration));
            out.push(Stmt::Assign { target: exports, ty: "".into(), value, append: false, span: span(node) });
        }
    } else if let Some(inner) = node.child_by_field_name("value") {
        let value = named_value(cx, inner, "exports", out);
        out.push(Stmt::Assign { target: exports, ty: "".into(), value, append: false, span: span(node) });
    } else if let Some(inner) = child(node, &["assignment_expression", "call_expression", "identifier"]) {
        // `export = x`.
        let value = named_value(cx, inner, "exports", out);
        out.push(Stmt::Assign { target: exports, ty: "".into(), value, append: false, span: span(node) });
    } else {
        let source = node.child_by_field_name("source").map(|n| unquote(cx.src(n)));
        if let Some(path) = &source {
            cx.import(path, None, path, node);
        }
        let Some(clause) = child(node, &["export_clause"]) else {
            return;
        };
        for specifier in children(clause).into_iter().filter(|n| n.kind() == "export_specifier") {
            let name: SmolStr = cx.field(specifier, "name").into();
            let alias: SmolStr = cx.field(specifier, "alias").into();
            let at = span(specifier);
            let target = match alias.as_str() {
                "" => name.clone(),
                _ => alias,
            };
            let value = match &source {
                Some(path) => Expr::new(ExprKind::Member(Box::new(Expr::name(path.clone(), at)), name.clone()), at),
                None if target == name => continue,
                None => Expr::name(name.clone(), at),
            };
            let target = match target.as_str() {
                "default" => exports.clone(),
                _ => Expr::new(ExprKind::Member(Box::new(exports.clone()), target), at),
            };
            out.push(Stmt::Assign { target, ty: "".into(), value, append: false, span: at });
        }
    }
}

fn declaration(cx: &mut Lower<'_>, declarator: Node<'_>, whole: Node<'_>, out: &mut Vec<Stmt>) {
    let Some(name) = declarator.child_by_field_name("name") else {
        return;
    };
    let init = declarator.child_by_field_name("value");
    let ty = stated_type(cx, declarator);
    match name.kind() {
        "object_pattern" | "array_pattern" => {
            let Some(init) = init else { return };
            if let Some(path) = required(cx, init) {
                required_members(cx, name, &path);
            }
            let v = value(cx, init);
            destructure(cx, name, &v, &DECLARED, out, 6);
        }
        _ => {
            let simple: SmolStr = cx.src(name).into();
            let v = match init {
                Some(init) => named_value(cx, init, &simple, out),
                None => expr(ExprKind::Null, declarator),
            };
            if cx.current == 0
                && let Some(path) = init.and_then(|i| required(cx, i))
            {
                cx.import(&path, None, &simple, declarator);
                return;
            }
            let at = if children(whole).len() > 1 { span(declarator) } else { span(whole) };
            let ty = if ty.is_empty() { DECLARED } else { ty };
            out.push(Stmt::Assign { target: Expr::name(simple, span(name)), ty, value: v, append: false, span: at });
        }
    }
}

/// The module of `require("module")`, with wrappers of interoperation taken off.
fn required(cx: &Lower<'_>, node: Node<'_>) -> Option<SmolStr> {
    let node = unwrapped(node);
    if node.kind() != "call_expression" {
        return None;
    }
    let function = node.child_by_field_name("function")?;
    let args = children(node.child_by_field_name("arguments")?);
    match (cx.src(function), args.as_slice()) {
        ("require" | "import", [path]) if path.kind() == "string" => Some(unquote(cx.src(*path))),
        ("__importDefault" | "__importStar" | "_interopRequireDefault", [inner]) => required(cx, *inner),
        _ => None,
    }
}

/// `const { a, b: c } = require("module")` imports members.
fn required_members(cx: &mut Lower<'_>, pattern: Node<'_>, path: &str) {
    for part in children(pattern) {
        match part.kind() {
            "shorthand_property_identifier_pattern" => {
                let name = cx.src(part);
                cx.import(path, Some(name), name, part);
            }
            "pair_pattern" => {
                let alias = cx.field(part, "value");
                cx.import(path, Some(cx.field(part, "key")), alias, part);
            }
            _ => {}
        }
    }
}

/// Through parentheses, `await`, casts and non-null marks.
fn unwrapped(mut node: Node<'_>) -> Node<'_> {
    while matches!(
        node.kind(),
        "parenthesized_expression"
            | "await_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
    ) {
        match node.named_child(0) {
            Some(inner) => node = inner,
            None => break,
        }
    }
    node
}

/// One assignment for each name of a pattern.
fn destructure(cx: &mut Lower<'_>, pattern: Node<'_>, from: &Expr, ty: &SmolStr, out: &mut Vec<Stmt>, depth: usize) {
    if depth == 0 {
        return;
    }
    for (index, part) in children(pattern).into_iter().enumerate() {
        let at = span(part);
        let member = |name: &str| Expr::new(ExprKind::Member(Box::new(from.clone()), name.into()), at);
        let (target, value_) = match part.kind() {
            "shorthand_property_identifier_pattern" => (part, member(cx.src(part))),
            "object_assignment_pattern" => {
                let (Some(left), Some(right)) = (part.child_by_field_name("left"), part.child_by_field_name("right"))
                else {
                    continue;
                };
                let fallback = value(cx, right);
                let name = cx.src(left);
                (left, Expr::new(ExprKind::Either(vec![member(name), fallback]), at))
            }
            "pair_pattern" => {
                let key = node_key(cx, part.child_by_field_name("key"));
                let Some(mut target) = part.child_by_field_name("value") else {
                    continue;
                };
                let mut v = member(&key);
                if target.kind() == "assignment_pattern" {
                    if let Some(right) = target.child_by_field_name("right") {
                        let fallback = value(cx, right);
                        v = Expr::new(ExprKind::Either(vec![v, fallback]), at);
                    }
                    match target.child_by_field_name("left") {
                        Some(left) => target = left,
                        None => continue,
                    }
                }
                (target, v)
            }
            "rest_pattern" => match part.named_child(0) {
                Some(inner) => (inner, from.clone()),
                None => continue,
            },
            _ if pattern.kind() == "array_pattern" => {
                let key = Expr::new(ExprKind::Num(format_smolstr!("{index}")), at);
                (part, Expr::new(ExprKind::Index(Box::new(from.clone()), Box::new(key)), at))
            }
            _ => continue,
        };
        match target.kind() {
            "object_pattern" | "array_pattern" => destructure(cx, target, &value_, ty, out, depth - 1),
            _ => {
                let target = Expr::name(cx.src(target), at);
                out.push(Stmt::Assign { target, ty: ty.clone(), value: value_, append: false, span: at });
            }
        }
    }
}

/// A value that is given to a name: functions and classes take that name, functions of object literals take it as owner.
fn named_value(cx: &mut Lower<'_>, node: Node<'_>, name: &str, out: &mut Vec<Stmt>) -> Expr {
    let inner = unwrapped(node);
    let (owner, simple) = name.rsplit_once('.').unwrap_or(("", name));
    match inner.kind() {
        _ if simple.is_empty() => value(cx, node),
        "arrow_function" | "function_expression" | "generator_function" if owner != "this" => {
            // An arrow within a class keeps the class as what `this` is.
            let owner = if owner.is_empty() && inner.kind() == "arrow_function" && cx.current != 0 {
                cx.owner.clone()
            } else {
                owner.into()
            };
            let index = function(cx, inner, simple.into(), owner, Vec::new());
            expr(ExprKind::Lambda(index), inner)
        }
        "class" => {
            let name = class(cx, inner, Some(simple), Vec::new());
            Expr::name(name, span(inner))
        }
        "assignment_expression" => {
            expression_statement(cx, inner, out);
            match inner.child_by_field_name("left") {
                Some(left) => value(cx, left),
                None => value(cx, node),
            }
        }
        "object" | "call_expression" if cx.owner.is_empty() && simple != "exports" => {
            let outer = std::mem::replace(&mut cx.owner, simple.into());
            let v = value(cx, node);
            cx.owner = outer;
            v
        }
        _ => value(cx, node),
    }
}

/// Reads a function, method or closure; returns its index. Functions of types and objects bring their owner.
fn function(cx: &mut Lower<'_>, node: Node<'_>, name: SmolStr, owner: SmolStr, annotations: Vec<Annotation>) -> usize {
    // Functions that an object literal returned by this one defines belong to its name.
    let returned = node.child_by_field_name("body").map(unwrapped).filter(|b| b.kind() == "object");
    let outer_owner = cx.owner.clone();
    if returned.is_some() && name != "<lambda>" && cx.owner.is_empty() {
        cx.owner = name.clone();
    }
    let (params, prologue) = params_of(cx, node);
    let nested = cx.current != 0;
    let parent = nested.then_some(cx.current);
    let owner = if owner.is_empty() && name == "<lambda>" { outer_owner.clone() } else { owner };
    let constructor = name == "<init>";
    let function = Function {
        name,
        owner,
        params,
        returns: return_type(cx, node),
        annotations,
        private: modifier(cx, node, "private"),
        span: span(node),
        parent,
        ..Function::default()
    };
    let body = node.child_by_field_name("body");
    let promoted = if constructor { promoted(cx, node) } else { Vec::new() };
    let index = cx.function(function, |cx| {
        let mut stmts = prologue;
        stmts.extend(promoted);
        match body {
            Some(b) if b.kind() == "statement_block" => stmts.extend(block(cx, b)),
            Some(b) => {
                let v = value(cx, b);
                stmts.push(Stmt::Return(v));
            }
            None => {}
        }
        stmts
    });
    cx.owner = outer_owner;
    index
}

fn modifier(cx: &Lower<'_>, node: Node<'_>, word: &str) -> bool {
    child(node, &["accessibility_modifier"]).is_some_and(|m| cx.src(m) == word)
}

/// Parameters; what patterns take apart is assigned at the start of the body.
fn params_of(cx: &mut Lower<'_>, node: Node<'_>) -> (Vec<Param>, Vec<Stmt>) {
    let mut params = Vec::new();
    let mut prologue = Vec::new();
    if let Some(single) = node.child_by_field_name("parameter") {
        let name = cx.src(single).into();
        params.push(Param { name, ty: "".into(), annotations: Vec::new(), default: None, span: span(single) });
        return (params, prologue);
    }
    for (index, param) in node.child_by_field_name("parameters").map(children).unwrap_or_default().iter().enumerate() {
        let Some(pattern) = param.child_by_field_name("pattern") else {
            continue;
        };
        let name: SmolStr = match pattern.kind() {
            "object_pattern" | "array_pattern" => format_smolstr!("${index}"),
            "rest_pattern" => pattern.named_child(0).map(|n| cx.src(n)).unwrap_or("").into(),
            "this" => continue,
            _ => cx.src(pattern).into(),
        };
        let default = param.child_by_field_name("value").map(|v| value(cx, v));
        if matches!(pattern.kind(), "object_pattern" | "array_pattern") {
            let from = Expr::name(name.clone(), span(pattern));
            destructure(cx, pattern, &from, &DECLARED, &mut prologue, 6);
        }
        params.push(Param {
            name,
            ty: stated_type(cx, *param),
            annotations: decorators(cx, *param),
            default,
            span: span(*param),
        });
    }
    (params, prologue)
}

/// `constructor(private readonly http: Http)` also assigns the field.
fn promoted(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Stmt> {
    let mut out = Vec::new();
    for (pattern, at) in promoted_params(node) {
        let name: SmolStr = cx.src(pattern).into();
        let this = Expr::name("this", span(at));
        let target = Expr::new(ExprKind::Member(Box::new(this), name.clone()), span(at));
        let value = Expr::name(name, span(at));
        out.push(Stmt::Assign { target, ty: SmolStr::default(), value, append: false, span: span(at) });
    }
    out
}

fn promoted_params(constructor: Node<'_>) -> Vec<(Node<'_>, Node<'_>)> {
    let params = constructor.child_by_field_name("parameters").map(children).unwrap_or_default();
    params
        .into_iter()
        .filter(|p| {
            let mut cursor = p.walk();
            p.children(&mut cursor).any(|c| matches!(c.kind(), "accessibility_modifier" | "readonly"))
        })
        .filter_map(|p| Some((p.child_by_field_name("pattern")?, p)))
        .collect()
}

/// A stated type that says something: not a primitive, not a structure.
fn stated_type(cx: &Lower<'_>, node: Node<'_>) -> SmolStr {
    let text = cx.field(node, "type").trim_start_matches(':').trim();
    telling(text)
}

fn return_type(cx: &Lower<'_>, node: Node<'_>) -> SmolStr {
    let text = cx.field(node, "return_type").trim_start_matches(':').trim();
    let inner = ["Promise<", "Observable<"].iter().find_map(|p| text.strip_prefix(p)?.strip_suffix('>'));
    telling(inner.unwrap_or(text))
}

fn telling(text: &str) -> SmolStr {
    let text = text.trim_end_matches("| undefined").trim_end_matches("| null").trim();
    let named = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$'));
    match text {
        "any" | "unknown" | "object" | "void" | "never" | "string" | "number" | "boolean" | "undefined" | "null"
        | "this" => SmolStr::default(),
        _ if !named || text.contains("=>") || text.starts_with("typeof ") || text.starts_with("keyof ") => {
            SmolStr::default()
        }
        // Of a union nothing is known.
        _ if text.split('<').next().is_some_and(|t| t.contains('|')) => SmolStr::default(),
        _ => text.into(),
    }
}

/// Decorators of a node, those that stand in it as children.
fn decorators(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Annotation> {
    children(node).into_iter().filter(|n| n.kind() == "decorator").filter_map(|n| decorator(cx, n)).collect()
}

fn decorator(cx: &mut Lower<'_>, node: Node<'_>) -> Option<Annotation> {
    let inner = node.named_child(0)?;
    let v = value(cx, inner);
    Some(match v.kind {
        ExprKind::Call(call) => Annotation { name: call.callee.path()?.into(), args: call.args, span: span(node) },
        _ => Annotation { name: v.path()?.into(), args: Vec::new(), span: span(node) },
    })
}

/// A class under its own name or the one it is given; returns the name.
fn class(cx: &mut Lower<'_>, node: Node<'_>, given: Option<&str>, outer: Vec<Annotation>) -> SmolStr {
    let own = cx.field(node, "name");
    let name: SmolStr = if own.is_empty() { given.unwrap_or("exports").into() } else { own.into() };
    let mut annotations = outer;
    annotations.extend(decorators(cx, node));
    let mut ty = Type { name: name.clone(), annotations, span: span(node), ..Type::default() };
    if let Some(heritage) = child(node, &["class_heritage"]) {
        for clause in children(heritage) {
            let parents = match clause.kind() {
                "extends_clause" => clause.child_by_field_name("value").into_iter().collect(),
                "implements_clause" => children(clause),
                _ => vec![clause],
            };
            for parent in parents {
                let text = cx.src(parent);
                ty.supers.push(plain_type(text));
                ty.super_texts.push(cx.src(if clause.kind() == "extends_clause" { clause } else { parent }).into());
            }
        }
    }
    let body = node.child_by_field_name("body");
    cx.type_(ty, |cx, index| {
        let mut pending: Vec<Annotation> = Vec::new();
        for node in body.map(children).unwrap_or_default() {
            match node.kind() {
                "decorator" => pending.extend(decorator(cx, node)),
                _ => {
                    let mut annotations = std::mem::take(&mut pending);
                    annotations.extend(decorators(cx, node));
                    member(cx, node, index, annotations);
                }
            }
        }
    });
    name
}

fn member(cx: &mut Lower<'_>, node: Node<'_>, ty: usize, annotations: Vec<Annotation>) {
    cx.deeper((), |cx| match node.kind() {
        "method_definition" => {
            let name = node_key(cx, node.child_by_field_name("name"));
            let constructor = name == "constructor";
            if constructor {
                for (pattern, at) in promoted_params(node) {
                    let annotations = decorators(cx, at);
                    let field = Field {
                        name: cx.src(pattern).into(),
                        ty: stated_type(cx, at),
                        annotations,
                        init: None,
                        span: span(at),
                    };
                    cx.unit.types[ty].fields.push(field);
                }
            }
            let name = if constructor { "<init>".into() } else { name };
            let owner = cx.owner.clone();
            // Whatever surrounds a class does not surround its methods' names.
            let outer = std::mem::replace(&mut cx.current, 0);
            function(cx, node, name, owner, annotations);
            cx.current = outer;
        }
        "public_field_definition" | "field_definition" => {
            let name = node_key(cx, node.child_by_field_name("name").or_else(|| node.child_by_field_name("property")));
            let init = node.child_by_field_name("value");
            let ty_text = stated_type(cx, node);
            let init = init.map(|init| match init.kind() {
                // A field that holds a function is a method.
                "arrow_function" | "function_expression" => {
                    let owner = cx.owner.clone();
                    let outer = std::mem::replace(&mut cx.current, 0);
                    let index = function(cx, init, name.clone(), owner, annotations.clone());
                    cx.current = outer;
                    expr(ExprKind::Lambda(index), init)
                }
                _ => value(cx, init),
            });
            let field = Field { name, ty: ty_text, annotations, init, span: span(node) };
            cx.unit.types[ty].fields.push(field);
        }
        "class_static_block" => {
            let body = body(cx, node.child_by_field_name("body"));
            for stmt in body {
                cx.top(stmt);
            }
        }
        _ => {}
    });
}

fn interface(cx: &mut Lower<'_>, node: Node<'_>) {
    let mut ty = Type { name: cx.field(node, "name").into(), interface: true, span: span(node), ..Type::default() };
    if let Some(clause) = child(node, &["extends_type_clause"]) {
        for parent in children(clause) {
            ty.supers.push(plain_type(cx.src(parent)));
            ty.super_texts.push(cx.src(parent).into());
        }
    }
    for part in node.child_by_field_name("body").map(children).unwrap_or_default() {
        match part.kind() {
            "property_signature" => {
                let name = node_key(cx, part.child_by_field_name("name"));
                let stated = stated_type(cx, part);
                ty.fields.push(Field { name, ty: stated, annotations: Vec::new(), init: None, span: span(part) });
            }
            "method_signature" => {
                let function = Function {
                    name: node_key(cx, part.child_by_field_name("name")),
                    owner: ty.name.clone(),
                    params: params_of(cx, part).0,
                    returns: return_type(cx, part),
                    span: span(part),
                    ..Function::default()
                };
                cx.function(function, |_| Vec::new());
            }
            _ => {}
        }
    }
    cx.type_(ty, |_, _| {});
}

fn enumeration(cx: &mut Lower<'_>, node: Node<'_>) {
    let mut ty = Type { name: cx.field(node, "name").into(), span: span(node), ..Type::default() };
    for part in node.child_by_field_name("body").map(children).unwrap_or_default() {
        let name = node_key(cx, part.child_by_field_name("name").or(Some(part)));
        let init = part.child_by_field_name("value").map(|v| value(cx, v));
        ty.fields.push(Field { name, ty: "".into(), annotations: Vec::new(), init, span: span(part) });
    }
    cx.type_(ty, |_, _| {});
}

/// The text of a property's key; computed keys as written.
fn node_key(cx: &Lower<'_>, node: Option<Node<'_>>) -> SmolStr {
    let Some(node) = node else {
        return SmolStr::default();
    };
    match node.kind() {
        "string" => unquote(cx.src(node)),
        "computed_property_name" => cx.src(node).trim_start_matches('[').trim_end_matches(']').into(),
        "private_property_identifier" => cx.src(node).trim_start_matches('#').into(),
        _ => cx.src(node).into(),
    }
}

fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string" => ExprKind::Str(unquote(cx.src(node))),
            "number" => ExprKind::Num(cx.src(node).replace('_', "").into()),
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "null" | "undefined" => ExprKind::Null,
            "identifier" | "shorthand_property_identifier" | "type_identifier" | "property_identifier" => {
                ExprKind::Name(cx.src(node).into())
            }
            "this" => ExprKind::Name("this".into()),
            "super" => ExprKind::Name("super".into()),
            "import" => ExprKind::Name("import".into()),
            "meta_property" => ExprKind::Member(Box::new(Expr::name("import", span(node))), "meta".into()),
            "parenthesized_expression"
            | "await_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "instantiation_expression" => match node.named_child(0) {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            // `<T>x`: the type comes first.
            "type_assertion" => match node.named_child(1) {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            "template_string" => ExprKind::Concat(template(cx, node)),
            "member_expression" => match node.child_by_field_name("object") {
                Some(object) => {
                    let property = node.child_by_field_name("property");
                    let object = value(cx, object);
                    ExprKind::Member(Box::new(object), node_key(cx, property))
                }
                None => ExprKind::Other(Vec::new()),
            },
            "subscript_expression" => match (node.child_by_field_name("object"), node.child_by_field_name("index")) {
                (Some(base), Some(index)) => {
                    let base = value(cx, base);
                    ExprKind::Index(Box::new(base), Box::new(value(cx, index)))
                }
                _ => ExprKind::Other(Vec::new()),
            },
            "call_expression" | "new_expression" => call(cx, node),
            "binary_expression" => binary(cx, node),
            "ternary_expression" => {
                let branches: Vec<Node<'_>> =
                    ["consequence", "alternative"].iter().filter_map(|f| node.child_by_field_name(f)).collect();
                let either = branches.into_iter().map(|n| value(cx, n)).collect();
                ExprKind::Either(either)
            }
            "assignment_expression" | "augmented_assignment_expression" => match node.child_by_field_name("right") {
                Some(right) => return value(cx, right),
                None => ExprKind::Other(Vec::new()),
            },
            "object" => object(cx, node),
            "array" => ExprKind::List(children(node).into_iter().map(|n| value(cx, n)).collect()),
            "arrow_function" | "function_expression" | "generator_function" => {
                ExprKind::Lambda(function(cx, node, "<lambda>".into(), SmolStr::default(), Vec::new()))
            }
            "class" => ExprKind::Name(class(cx, node, None, Vec::new())),
            "spread_element" => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
            "jsx_opening_element" | "jsx_self_closing_element" => {
                let parts = children(node).into_iter().filter(|n| n.kind() == "jsx_attribute");
                ExprKind::Other(parts.collect::<Vec<_>>().into_iter().map(|n| value(cx, n)).collect())
            }
            "jsx_attribute" => ExprKind::Other(children(node).into_iter().skip(1).map(|n| value(cx, n)).collect()),
            "jsx_text" | "jsx_closing_element" | "regex" | "type_annotation" | "type_arguments" | "decorator" => {
                ExprKind::Other(Vec::new())
            }
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

fn template(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Expr> {
    let mut parts = Vec::new();
    let mut from = node.start_byte() + 1;
    let text = |cx: &Lower<'_>, from: usize, to: usize| {
        let source = cx.text.get(from..to).unwrap_or("");
        (!source.is_empty()).then(|| expr(ExprKind::Str(source.into()), node))
    };
    for inner in children(node).into_iter().filter(|n| n.kind() == "template_substitution") {
        parts.extend(text(cx, from, inner.start_byte()));
        if let Some(e) = children(inner).first() {
            let v = value(cx, *e);
            parts.push(v);
        }
        from = inner.end_byte();
    }
    parts.extend(text(cx, from, node.end_byte().saturating_sub(1)));
    parts
}

fn call(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let new = node.kind() == "new_expression";
    let Some(callee) = node.child_by_field_name(if new { "constructor" } else { "function" }) else {
        return ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect());
    };
    if let Some(path) = required(cx, node) {
        // Imported for the sake of linking, under a name that no variable has.
        cx.import(&path, None, &path, node);
    }
    // The grammar takes `+a.b<T>(c)` for a call of `+a.b`.
    let callee = match callee.kind() {
        "unary_expression" => callee.child_by_field_name("argument").unwrap_or(callee),
        _ => callee,
    };
    let callee = value(cx, callee);
    let type_args = child(node, &["type_arguments"])
        .map(|t| children(t).into_iter().map(|n| cx.src(n).into()).collect())
        .unwrap_or_default();
    let args = match node.child_by_field_name("arguments") {
        // A tagged template: the text is the argument.
        Some(list) if list.kind() == "template_string" => {
            vec![Arg { name: None, value: expr(ExprKind::Concat(template(cx, list)), list) }]
        }
        Some(list) => children(list).into_iter().map(|n| Arg { name: None, value: value(cx, n) }).collect(),
        None => Vec::new(),
    };
    ExprKind::Call(Box::new(Call { callee, args, new, type_args }))
}

fn binary(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let operator = cx.field(node, "operator");
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect());
    };
    let (left, right) = (value(cx, left), value(cx, right));
    match operator {
        "+" => {
            let mut parts = Vec::new();
            for side in [left, right] {
                match side.kind {
                    ExprKind::Concat(inner) => parts.extend(inner),
                    _ => parts.push(side),
                }
            }
            ExprKind::Concat(parts)
        }
        "||" | "??" => {
            let mut options = Vec::new();
            for side in [left, right] {
                match side.kind {
                    ExprKind::Either(inner) => options.extend(inner),
                    _ => options.push(side),
                }
            }
            ExprKind::Either(options)
        }
        // Durations are written as products: `5 * 60 * 1000`.
        "*" => match (&left.kind, &right.kind) {
            (ExprKind::Num(a), ExprKind::Num(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => ExprKind::Num(format_smolstr!("{}", a.saturating_mul(b))),
                _ => ExprKind::Other(vec![left, right]),
            },
            _ => ExprKind::Other(vec![left, right]),
        },
        _ => ExprKind::Other(vec![left, right]),
    }
}

/// Keys as text; `...rest` has the key `...`.
fn object(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let mut entries: Vec<(SmolStr, Expr)> = Vec::new();
    for part in children(node) {
        match part.kind() {
            "pair" => {
                let key = node_key(cx, part.child_by_field_name("key"));
                let Some(inner) = part.child_by_field_name("value") else {
                    continue;
                };
                let owner = cx.owner.clone();
                let v = match inner.kind() {
                    "arrow_function" | "function_expression" | "generator_function"
                        if !owner.is_empty() && cx.unit.types.iter().all(|t| t.name != owner) =>
                    {
                        let index = function(cx, inner, key.clone(), owner, Vec::new());
                        expr(ExprKind::Lambda(index), inner)
                    }
                    _ => value(cx, inner),
                };
                entries.push((key, v));
            }
            "shorthand_property_identifier" => {
                let name = cx.src(part);
                entries.push((name.into(), Expr::name(name, span(part))));
            }
            "method_definition" => {
                let name = node_key(cx, part.child_by_field_name("name"));
                let owner = cx.owner.clone();
                let index = function(cx, part, name.clone(), owner, Vec::new());
                entries.push((name, expr(ExprKind::Lambda(index), part)));
            }
            "spread_element" => {
                let inner = part.named_child(0).map(|n| value(cx, n));
                entries.extend(inner.map(|v| (SmolStr::new_static("..."), v)));
            }
            _ => {}
        }
    }
    ExprKind::Object(entries)
}
