//! PHP to the common tree.
//!
//! Variables lose their `$`, `self`, `static` and `parent` are `this`, and qualified names keep their last part, as imports
//! name types. Symfony's `@Route` in documentation comments counts as the attribute that it stands for.

use super::lower::{Lower, child, children, expr, span, unquote};
use crate::code::ir::{Annotation, Arg, BlockKind, Call, Expr, ExprKind, Field, Function, Leave, Param, Stmt, Type};
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
    let mut out = Vec::new();
    if let Some(node) = node {
        statement(cx, node, &mut out);
    }
    out
}

fn simple(name: &str) -> &str {
    name.rsplit('\\').next().unwrap_or(name)
}

fn statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    cx.deeper((), |cx| match node.kind() {
        "namespace_definition" => {
            cx.unit.package = cx.field(node, "name").into();
            if let Some(body) = node.child_by_field_name("body") {
                out.extend(block(cx, body));
            }
        }
        "namespace_use_declaration" => uses(cx, node),
        "class_declaration" | "interface_declaration" | "trait_declaration" | "enum_declaration" => type_(cx, node),
        "function_definition" | "method_declaration" => function(cx, node),
        "compound_statement" | "colon_block" | "declaration_list" | "switch_block" | "case_statement"
        | "default_statement" => {
            out.extend(block(cx, node));
        }
        "expression_statement" | "echo_statement" | "unset_statement" => {
            for inner in children(node) {
                expression(cx, inner, out);
            }
        }
        "const_declaration" => {
            for element in children(node).into_iter().filter(|n| n.kind() == "const_element") {
                let (Some(name), Some(init)) = (element.named_child(0), element.named_child(1)) else { continue };
                let target = Expr::name(cx.src(name), span(name));
                let value = value(cx, init);
                out.push(Stmt::Assign { target, ty: SmolStr::default(), value, append: false, span: span(node) });
            }
        }
        "return_statement" => {
            if let Some(inner) = node.named_child(0) {
                let v = value(cx, inner);
                out.push(Stmt::Return(v));
            } else {
                out.push(Stmt::Leave(Leave::Return, span(node)));
            }
        }
        "break_statement" => out.push(Stmt::Leave(Leave::Break, span(node))),
        "continue_statement" => out.push(Stmt::Leave(Leave::Continue, span(node))),
        "global_declaration" => {
            for name in children(node) {
                let name = cx.src(name).trim_start_matches('$').into();
                cx.unit.functions[cx.current].globals.push(name);
            }
        }
        "if_statement" | "else_if_clause" | "else_clause" => {
            let head = node.child_by_field_name("condition").map(|n| value(cx, n));
            let body = block_of(cx, node.child_by_field_name("body"));
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(node) });
            for clause in children(node) {
                if matches!(clause.kind(), "else_if_clause" | "else_clause") {
                    statement(cx, clause, out);
                }
            }
        }
        "while_statement" | "do_statement" | "for_statement" => {
            let head = node.child_by_field_name("condition").map(|n| value(cx, n));
            let body = block_of(cx, node.child_by_field_name("body"));
            out.push(Stmt::Block { kind: BlockKind::Loop, head, body, span: span(node) });
        }
        "foreach_statement" => {
            let body_node = node.child_by_field_name("body");
            let parts: Vec<Node<'_>> =
                children(node).into_iter().filter(|n| Some(n.id()) != body_node.map(|b| b.id())).collect();
            let mut body = Vec::new();
            let list = parts.first().map(|n| value(cx, *n));
            if let (Some(list), Some(target)) = (list, parts.get(1)) {
                let target = if target.kind() == "pair" { target.named_child(1).unwrap_or(*target) } else { *target };
                let at = span(target);
                let unknown = Expr::new(ExprKind::Other(Vec::new()), at);
                let element = match list.kind {
                    ExprKind::List(items) if !items.is_empty() => Expr::new(ExprKind::Either(items), at),
                    kind => Expr::new(ExprKind::Index(Box::new(Expr::new(kind, at)), Box::new(unknown)), at),
                };
                let target = value(cx, target);
                body.push(Stmt::Assign { target, ty: SmolStr::default(), value: element, append: false, span: at });
            }
            body.extend(block_of(cx, body_node));
            out.push(Stmt::Block { kind: BlockKind::Loop, head: None, body, span: span(node) });
        }
        "switch_statement" => {
            let head = node.child_by_field_name("condition").map(|n| value(cx, n));
            let body = block_of(cx, node.child_by_field_name("body"));
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(node) });
        }
        "try_statement" => {
            let body = block_of(cx, node.child_by_field_name("body"));
            out.push(Stmt::Block { kind: BlockKind::Try, head: None, body, span: span(node) });
            for clause in children(node) {
                let kind = match clause.kind() {
                    "catch_clause" => BlockKind::Catch,
                    "finally_clause" => BlockKind::Finally,
                    _ => continue,
                };
                let head = clause.child_by_field_name("type").map(|t| Expr::name(cx.src(t), span(t)));
                let body = block_of(cx, clause.child_by_field_name("body"));
                out.push(Stmt::Block { kind, head, body, span: span(clause) });
            }
        }
        "function_static_declaration" | "php_tag" | "text" | "text_interpolation" | "comment" => {}
        kind if kind.ends_with("_expression") || kind == "ERROR" => expression(cx, node, out),
        _ => {}
    });
}

fn expression(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    let assignment = matches!(node.kind(), "assignment_expression" | "reference_assignment_expression");
    let augmented = node.kind() == "augmented_assignment_expression";
    if !(assignment || augmented) {
        let v = value(cx, node);
        // `define('NAME', value)`.
        if let Some(call) = v.as_call().filter(|c| c.name() == "define")
            && let (Some(name), Some(given)) = (call.arg(0).and_then(Expr::as_str), call.arg(1))
        {
            let target = Expr::name(name.clone(), v.span);
            out.push(Stmt::Assign {
                target,
                ty: SmolStr::default(),
                value: given.clone(),
                append: false,
                span: v.span,
            });
        }
        out.push(Stmt::Expr(v));
        if node.kind() == "throw_expression" {
            out.push(Stmt::Leave(Leave::Throw, span(node)));
        }
        return;
    }
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return;
    };
    let append = augmented && cx.field(node, "operator") == ".=";
    let v = value(cx, right);
    if matches!(left.kind(), "list_literal" | "array_creation_expression") {
        for (i, part) in children(left).into_iter().enumerate() {
            let part =
                if part.kind() == "array_element_initializer" { part.named_child(0).unwrap_or(part) } else { part };
            let target = value(cx, part);
            let item = match &v.kind {
                ExprKind::List(items) => items.get(i).cloned(),
                _ => None,
            };
            let item = item.unwrap_or_else(|| expr(ExprKind::Other(Vec::new()), part));
            out.push(Stmt::Assign { target, ty: SmolStr::default(), value: item, append: false, span: span(node) });
        }
        return;
    }
    let target = value(cx, left);
    out.push(Stmt::Assign { target, ty: SmolStr::default(), value: v, append, span: span(node) });
}

fn uses(cx: &mut Lower<'_>, node: Node<'_>) {
    let group = child(node, &["namespace_use_group"]);
    let prefix = group.and_then(|_| child(node, &["namespace_name"])).map(|n| cx.src(n)).unwrap_or("");
    for clause in children(group.unwrap_or(node)).into_iter().filter(|n| n.kind() == "namespace_use_clause") {
        let Some(named) = clause.named_child(0) else { continue };
        let full = if prefix.is_empty() { cx.src(named).to_owned() } else { format!("{prefix}\\{}", cx.src(named)) };
        let full = full.trim_start_matches('\\');
        let (path, name) = full.rsplit_once('\\').unwrap_or(("", full));
        let alias = cx.field(clause, "alias");
        cx.import(path, Some(name), if alias.is_empty() { name } else { alias }, clause);
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
    let body = node.child_by_field_name("body");
    let traits = body.map(children).unwrap_or_default().into_iter().filter(|n| n.kind() == "use_declaration");
    let clauses = children(node).into_iter().filter(|n| matches!(n.kind(), "base_clause" | "class_interface_clause"));
    for clause in clauses.chain(traits) {
        for parent in children(clause) {
            if matches!(parent.kind(), "name" | "qualified_name" | "relative_name") {
                ty.supers.push(simple(cx.src(parent)).into());
                ty.super_texts.push(cx.src(parent).into());
            }
        }
    }
    cx.type_(ty, |cx, index| {
        for member in body.map(children).unwrap_or_default() {
            match member.kind() {
                "property_declaration" => {
                    let annotations = annotations(cx, member);
                    for element in children(member).into_iter().filter(|n| n.kind() == "property_element") {
                        let field = Field {
                            name: cx.field(element, "name").trim_start_matches('$').into(),
                            ty: type_text(cx.field(member, "type")),
                            annotations: annotations.clone(),
                            init: element.child_by_field_name("default_value").map(|v| value(cx, v)),
                            span: span(member),
                        };
                        cx.unit.types[index].fields.push(field);
                    }
                }
                "const_declaration" => {
                    for element in children(member).into_iter().filter(|n| n.kind() == "const_element") {
                        let (Some(name), Some(init)) = (element.named_child(0), element.named_child(1)) else {
                            continue;
                        };
                        let field = Field {
                            name: cx.src(name).into(),
                            ty: SmolStr::default(),
                            annotations: Vec::new(),
                            init: Some(value(cx, init)),
                            span: span(element),
                        };
                        cx.unit.types[index].fields.push(field);
                    }
                }
                "method_declaration" => function(cx, member),
                _ => {}
            }
        }
    });
}

fn type_text(source: &str) -> SmolStr {
    let source = source.trim_start_matches('?');
    simple(source.split(['|', '&']).find(|t| *t != "null").unwrap_or("")).into()
}

fn function(cx: &mut Lower<'_>, node: Node<'_>) {
    let name = cx.field(node, "name");
    let method = node.kind() == "method_declaration";
    let params_node = node.child_by_field_name("parameters");
    let params = params_node.map(|n| params_of(cx, n)).unwrap_or_default();
    let private = children(node).into_iter().any(|n| n.kind() == "visibility_modifier" && cx.src(n) == "private");
    let function = Function {
        name: if name == "__construct" { "<init>".into() } else { name.into() },
        owner: if method { cx.owner.clone() } else { SmolStr::default() },
        params,
        returns: type_text(cx.field(node, "return_type")),
        annotations: annotations(cx, node),
        private,
        parent: (cx.current != 0).then_some(cx.current),
        span: span(node),
        ..Function::default()
    };
    let promoted: Vec<(SmolStr, SmolStr, Node<'_>)> = params_node
        .map(children)
        .unwrap_or_default()
        .into_iter()
        .filter(|p| p.kind() == "property_promotion_parameter")
        .map(|p| (cx.field(p, "name").trim_start_matches('$').into(), type_text(cx.field(p, "type")), p))
        .collect();
    let owner = cx.owner.clone();
    for (name, ty, param) in &promoted {
        let annotations = annotations(cx, *param);
        if let Some(own) = cx.unit.types.iter_mut().rev().find(|t| t.name == owner) {
            own.fields.push(Field { name: name.clone(), ty: ty.clone(), annotations, init: None, span: span(*param) });
        }
    }
    let body = node.child_by_field_name("body");
    cx.function(function, |cx| {
        let mut out = Vec::new();
        for (name, _, param) in promoted {
            let at = span(param);
            let target = Expr::new(ExprKind::Member(Box::new(Expr::name("this", at)), name.clone()), at);
            out.push(Stmt::Assign {
                target,
                ty: SmolStr::default(),
                value: Expr::name(name, at),
                append: false,
                span: at,
            });
        }
        out.extend(body.map(|b| block(cx, b)).unwrap_or_default());
        out
    });
}

fn params_of(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Param> {
    let mut out = Vec::new();
    for param in children(node) {
        if !matches!(param.kind(), "simple_parameter" | "property_promotion_parameter" | "variadic_parameter") {
            continue;
        }
        out.push(Param {
            name: cx.field(param, "name").trim_start_matches('$').into(),
            ty: type_text(cx.field(param, "type")),
            annotations: annotations(cx, param),
            default: param.child_by_field_name("default_value").map(|v| value(cx, v)),
            span: span(param),
        });
    }
    out
}

fn annotations(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Annotation> {
    let mut out = Vec::new();
    for group in node.child_by_field_name("attributes").map(children).unwrap_or_default() {
        for attribute in children(group) {
            let Some(name) = attribute.named_child(0) else { continue };
            let args = attribute.child_by_field_name("parameters").map(|p| args_of(cx, p)).unwrap_or_default();
            out.push(Annotation { name: simple(cx.src(name)).into(), args, span: span(attribute) });
        }
    }
    if let Some(comment) = node.prev_sibling().filter(|n| n.kind() == "comment") {
        out.extend(documented(cx, comment));
    }
    out
}

/// `@Route("/x", methods={"GET"})` in a documentation comment.
fn documented(cx: &mut Lower<'_>, comment: Node<'_>) -> Vec<Annotation> {
    let text = cx.src(comment);
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("@Route(") {
        let before = text.len() - rest.len() + at;
        let tail = &rest[at + "@Route(".len()..];
        let Some(end) = tail.find(')') else { break };
        let inner = &tail[..end];
        let mut at = span(comment);
        at.line += text[..before].matches('\n').count() as u32;
        at.end_line = at.line;
        let quoted = |s: &str| s.split('"').skip(1).step_by(2).map(SmolStr::from).collect::<Vec<_>>();
        let mut args = Vec::new();
        let path = inner.split("path=").nth(1).unwrap_or(inner);
        if let Some(path) = quoted(path).into_iter().next() {
            args.push(Arg { name: None, value: Expr::new(ExprKind::Str(path), at) });
        }
        if let Some(methods) = inner.split("methods=").nth(1) {
            let listed = methods.split(['}', ')']).next().unwrap_or("");
            let items = quoted(listed).into_iter().map(|m| Expr::new(ExprKind::Str(m), at)).collect();
            args.push(Arg { name: Some("methods".into()), value: Expr::new(ExprKind::List(items), at) });
        }
        out.push(Annotation { name: "Route".into(), args, span: at });
        rest = &tail[end..];
    }
    out
}

fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string" => ExprKind::Str(single(cx.src(node))),
            "encapsed_string" | "heredoc" | "nowdoc" | "shell_command_expression" => return text(cx, node),
            "integer" | "float" => ExprKind::Num(cx.src(node).replace('_', "").into()),
            "boolean" => ExprKind::Bool(cx.src(node).eq_ignore_ascii_case("true")),
            "null" => ExprKind::Null,
            "variable_name" => match cx.src(node) {
                "$this" => ExprKind::Name("this".into()),
                name => ExprKind::Name(name.trim_start_matches('$').into()),
            },
            "name" | "qualified_name" | "relative_name" | "relative_scope" => match cx.src(node) {
                "self" | "static" | "parent" => ExprKind::Name("this".into()),
                name => ExprKind::Name(simple(name).into()),
            },
            "parenthesized_expression"
            | "error_suppression_expression"
            | "argument"
            | "clone_expression"
            | "print_intrinsic" => match node.named_child(node.named_child_count().saturating_sub(1) as u32) {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            "cast_expression" => match node.child_by_field_name("value") {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            "member_access_expression" | "nullsafe_member_access_expression" => member(cx, node, "object"),
            "scoped_property_access_expression" => member(cx, node, "scope"),
            "class_constant_access_expression" => match (node.named_child(0), node.named_child(1)) {
                (Some(scope), Some(name)) if cx.src(name) == "class" => return value(cx, scope),
                (Some(scope), Some(name)) => ExprKind::Member(Box::new(value(cx, scope)), cx.src(name).into()),
                (Some(scope), None) => return value(cx, scope),
                _ => ExprKind::Null,
            },
            "subscript_expression" => match (node.named_child(0), node.named_child(1)) {
                (Some(base), Some(index)) => ExprKind::Index(Box::new(value(cx, base)), Box::new(value(cx, index))),
                (Some(base), None) => return value(cx, base),
                _ => ExprKind::Null,
            },
            "function_call_expression"
            | "member_call_expression"
            | "nullsafe_member_call_expression"
            | "scoped_call_expression" => {
                return call(cx, node);
            }
            "object_creation_expression" => {
                let named = node.named_child(0).filter(|n| n.kind() != "arguments");
                let callee = match named {
                    Some(n) if n.kind() != "anonymous_class" => value(cx, n),
                    _ => Expr::name("", span(node)),
                };
                let args = child(node, &["arguments"]).map(|a| args_of(cx, a)).unwrap_or_default();
                ExprKind::Call(Box::new(Call { callee, args, new: true, type_args: Vec::new() }))
            }
            "binary_expression" => {
                let parts: Vec<Expr> = ["left", "right"]
                    .iter()
                    .filter_map(|f| node.child_by_field_name(f))
                    .map(|n| value(cx, n))
                    .collect();
                match cx.field(node, "operator") {
                    "." => ExprKind::Concat(parts),
                    "??" | "||" | "or" => ExprKind::Either(parts),
                    _ => ExprKind::Other(parts),
                }
            }
            "conditional_expression" => {
                // `a ?: b` has no body of its own.
                let first = node.child_by_field_name("body").or_else(|| node.child_by_field_name("condition"));
                let parts = [first, node.child_by_field_name("alternative")];
                ExprKind::Either(parts.into_iter().flatten().map(|n| value(cx, n)).collect())
            }
            "match_expression" => {
                let arms = node.child_by_field_name("body").map(children).unwrap_or_default();
                let results = arms.into_iter().filter_map(|a| a.child_by_field_name("return_expression"));
                ExprKind::Either(results.collect::<Vec<_>>().into_iter().map(|n| value(cx, n)).collect())
            }
            "assignment_expression" | "reference_assignment_expression" | "augmented_assignment_expression" => {
                match node.child_by_field_name("right") {
                    Some(right) => return value(cx, right),
                    None => ExprKind::Null,
                }
            }
            "array_creation_expression" => array(cx, node),
            "anonymous_function" | "arrow_function" => ExprKind::Lambda(closure(cx, node)),
            "attribute_list" | "comment" => ExprKind::Other(Vec::new()),
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

/// A text in single quotes: only quotes and backslashes are escaped.
fn single(source: &str) -> SmolStr {
    let inner = source.strip_prefix('\'').and_then(|s| s.strip_suffix('\'')).unwrap_or(source);
    inner.replace("\\'", "'").replace("\\\\", "\\").into()
}

fn text(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let inner = child(node, &["heredoc_body", "nowdoc_body"]).unwrap_or(node);
    let mut parts = Vec::new();
    for part in children(inner) {
        match part.kind() {
            "string_content" | "nowdoc_string" => parts.push(expr(ExprKind::Str(cx.src(part).into()), part)),
            "escape_sequence" => parts.push(expr(ExprKind::Str(unquote(&format!("\"{}\"", cx.src(part)))), part)),
            "heredoc_start" | "heredoc_end" => {}
            _ => parts.push(value(cx, part)),
        }
    }
    if parts.iter().all(|p| p.as_str().is_some()) {
        let text: String = parts.iter().filter_map(Expr::as_str).map(SmolStr::as_str).collect();
        return expr(ExprKind::Str(text.into()), node);
    }
    expr(ExprKind::Concat(parts), node)
}

fn member(cx: &mut Lower<'_>, node: Node<'_>, base: &str) -> ExprKind {
    let name: SmolStr = cx.field(node, "name").trim_start_matches('$').into();
    match node.child_by_field_name(base) {
        Some(object) => ExprKind::Member(Box::new(value(cx, object)), name),
        None => ExprKind::Name(name),
    }
}

/// `['a' => 1]` is an object, `[1, 2]` a list.
fn array(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let mut entries = Vec::new();
    let mut items = Vec::new();
    for element in children(node) {
        if element.kind() != "array_element_initializer" {
            continue;
        }
        match (element.named_child(0), element.named_child(1)) {
            (Some(key), Some(v)) => {
                let key = value(cx, key);
                let name = key.as_str().cloned().or_else(|| key.path().map(SmolStr::from)).unwrap_or_default();
                entries.push((name, value(cx, v)));
            }
            (Some(v), None) => items.push(value(cx, v)),
            _ => {}
        }
    }
    if entries.is_empty() {
        return ExprKind::List(items);
    }
    entries.extend(items.into_iter().enumerate().map(|(i, v)| (SmolStr::from(i.to_string()), v)));
    ExprKind::Object(entries)
}

fn call(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let args = node.child_by_field_name("arguments").map(|a| args_of(cx, a)).unwrap_or_default();
    let callee = match node.kind() {
        "function_call_expression" => match node.child_by_field_name("function") {
            Some(function) => value(cx, function),
            None => expr(ExprKind::Other(Vec::new()), node),
        },
        "scoped_call_expression" => {
            let kind = member(cx, node, "scope");
            expr(kind, node)
        }
        _ => {
            let kind = member(cx, node, "object");
            expr(kind, node)
        }
    };
    expr(ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() })), node)
}

fn args_of(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Arg> {
    let mut out = Vec::new();
    for arg in children(node) {
        if arg.kind() != "argument" {
            continue;
        }
        let name = arg.child_by_field_name("name").map(|n| cx.src(n).into());
        out.push(Arg { name, value: value(cx, arg) });
    }
    out
}

fn closure(cx: &mut Lower<'_>, node: Node<'_>) -> usize {
    let params = node.child_by_field_name("parameters").map(|p| params_of(cx, p)).unwrap_or_default();
    let function =
        Function { name: "<lambda>".into(), owner: cx.owner.clone(), params, span: span(node), ..Function::default() };
    let body = node.child_by_field_name("body");
    cx.function(function, |cx| match body {
        Some(b) if b.kind() == "compound_statement" => block(cx, b),
        Some(b) => vec![Stmt::Return(value(cx, b))],
        None => Vec::new(),
    })
}
