//! JavaScript and TypeScript, JSX included, to the common tree.
//!
//! Functions get the name a reader would call them by: that of the variable, property or export that they are given to
//! (`exports.find = async () => …` is `find`), and `exports` when they are a module's only export. What remains is a
//! closure. A named function within another keeps its surroundings as parent, so that their names are in reach.

mod types;
mod values;

use super::lower::{Lower, child, children, expr, span, unquote};
use crate::code::ir::{Annotation, BlockKind, Expr, ExprKind, Function, Leave, Param, Stmt};
use seam_facts::{SmolStr, format_smolstr};
use tree_sitter::Node;
use types::{class, decorators, enumeration, interface};
use values::{node_key, value};

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
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
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
            } else {
                out.push(Stmt::Leave(Leave::Return, span(node)));
            }
        }
        "throw_statement" => {
            if let Some(inner) = children(node).first() {
                let v = value(cx, *inner);
                out.push(Stmt::Expr(v));
            }
            out.push(Stmt::Leave(Leave::Throw, span(node)));
        }
        "break_statement" => out.push(Stmt::Leave(Leave::Break, span(node))),
        "continue_statement" => out.push(Stmt::Leave(Leave::Continue, span(node))),
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
            if let (Some(left), Some(over)) = (node.child_by_field_name("left"), &head)
                && node.child_by_field_name("operator").is_some_and(|o| cx.src(o) == "of")
            {
                each(cx, left, over, &mut inner);
            }
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

/// What `for (const x of over)` binds: an element, whichever.
fn each(cx: &mut Lower<'_>, left: Node<'_>, over: &Expr, out: &mut Vec<Stmt>) {
    let at = span(left);
    let any = Expr::new(ExprKind::Other(Vec::new()), at);
    let element = Expr::new(ExprKind::Index(Box::new(over.clone()), Box::new(any)), at);
    match left.kind() {
        "object_pattern" | "array_pattern" => destructure(cx, left, &element, &DECLARED, out, 6),
        "identifier" => {
            let target = Expr::name(cx.src(left), at);
            out.push(Stmt::Assign { target, ty: DECLARED, value: element, append: false, span: at });
        }
        _ => {}
    }
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
