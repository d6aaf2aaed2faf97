//! Python to the common tree.
//!
//! Methods lose their receiver parameter, so that positions of parameters are those of arguments; `self` and `cls` are
//! `this`. A call of a capitalised name makes an object (`new`), as the language's naming convention has it.

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
    node.map(|n| block(cx, n)).unwrap_or_default()
}

fn statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    cx.deeper((), |cx| match node.kind() {
        "import_statement" => import(cx, node),
        "import_from_statement" => import_from(cx, node),
        "class_definition" => type_(cx, node, Vec::new()),
        "function_definition" => function(cx, node, Vec::new()),
        "decorated_definition" => {
            let annotations = decorators(cx, node);
            match node.child_by_field_name("definition") {
                Some(d) if d.kind() == "class_definition" => type_(cx, d, annotations),
                Some(d) => function(cx, d, annotations),
                None => {}
            }
        }
        "expression_statement" => {
            for inner in children(node) {
                expression_statement(cx, inner, out);
            }
        }
        "return_statement" => match node.named_child(0) {
            Some(inner) => {
                let v = value(cx, inner);
                out.push(Stmt::Return(v));
            }
            None => out.push(Stmt::Leave(Leave::Return, span(node))),
        },
        "break_statement" => out.push(Stmt::Leave(Leave::Break, span(node))),
        "continue_statement" => out.push(Stmt::Leave(Leave::Continue, span(node))),
        "global_statement" => {
            for name in children(node) {
                let name = cx.src(name).into();
                cx.unit.functions[cx.current].globals.push(name);
            }
        }
        "if_statement" => {
            branch(cx, node, out);
            for clause in children(node) {
                if matches!(clause.kind(), "elif_clause" | "else_clause") {
                    branch(cx, clause, out);
                }
            }
        }
        "for_statement" => {
            let mut body = Vec::new();
            if let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) {
                let right = value(cx, right);
                let given = element(right);
                if matches!(left.kind(), "pattern_list" | "tuple_pattern") {
                    // `for key, value in table.items()`: each by its place.
                    for (index, part) in children(left).into_iter().enumerate() {
                        let at = given.span;
                        let place = Expr::new(ExprKind::Num(index.to_string().into()), at);
                        let one = Expr::new(ExprKind::Index(Box::new(given.clone()), Box::new(place)), at);
                        bind(cx, part, one, node, false, &mut body);
                    }
                } else {
                    bind(cx, left, given, node, false, &mut body);
                }
            }
            body.extend(block_of(cx, node.child_by_field_name("body")));
            out.push(Stmt::Block { kind: BlockKind::Loop, head: None, body, span: span(node) });
            if let Some(alternative) = node.child_by_field_name("alternative") {
                branch(cx, alternative, out);
            }
        }
        "while_statement" => {
            let head = node.child_by_field_name("condition").map(|n| value(cx, n));
            let body = block_of(cx, node.child_by_field_name("body"));
            out.push(Stmt::Block { kind: BlockKind::Loop, head, body, span: span(node) });
        }
        "try_statement" => {
            let body = block_of(cx, node.child_by_field_name("body"));
            out.push(Stmt::Block { kind: BlockKind::Try, head: None, body, span: span(node) });
            for clause in children(node) {
                let kind = match clause.kind() {
                    "except_clause" | "except_group_clause" => BlockKind::Catch,
                    "finally_clause" => BlockKind::Finally,
                    "else_clause" => BlockKind::Branch,
                    _ => continue,
                };
                let inner = child(clause, &["block"]);
                let head = (kind == BlockKind::Catch)
                    .then(|| clause.named_child(0).filter(|n| n.kind() != "block"))
                    .flatten()
                    .map(|n| value(cx, n));
                let body = block_of(cx, inner);
                out.push(Stmt::Block { kind, head, body, span: span(clause) });
            }
        }
        "with_statement" => {
            let mut body = Vec::new();
            for item in child(node, &["with_clause"]).map(children).unwrap_or_default() {
                let Some(v) = item.child_by_field_name("value") else {
                    continue;
                };
                if v.kind() == "as_pattern" {
                    let made = v.named_child(0).map(|n| value(cx, n));
                    let alias = v.child_by_field_name("alias").and_then(|a| a.named_child(0));
                    match (made, alias) {
                        (Some(made), Some(alias)) => bind(cx, alias, made, v, false, &mut body),
                        (Some(made), None) => body.push(Stmt::Expr(made)),
                        _ => {}
                    }
                } else {
                    let v = value(cx, v);
                    body.push(Stmt::Expr(v));
                }
            }
            body.extend(block_of(cx, node.child_by_field_name("body")));
            out.push(Stmt::Block { kind: BlockKind::With, head: None, body, span: span(node) });
        }
        "match_statement" => {
            let head = node.child_by_field_name("subject").map(|n| value(cx, n));
            let mut body = Vec::new();
            for clause in node.child_by_field_name("body").map(children).unwrap_or_default() {
                body.extend(block_of(cx, clause.child_by_field_name("consequence")));
            }
            out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(node) });
        }
        "block" => out.extend(block(cx, node)),
        "raise_statement" | "assert_statement" | "delete_statement" | "print_statement" | "ERROR" => {
            for inner in children(node) {
                statement_or_value(cx, inner, out);
            }
            if node.kind() == "raise_statement" {
                out.push(Stmt::Leave(Leave::Throw, span(node)));
            }
        }
        _ => {}
    });
}

/// Within broken syntax both statements and loose expressions are found.
fn statement_or_value(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    if node.kind().ends_with("_statement") || node.kind().ends_with("_definition") || node.kind() == "block" {
        statement(cx, node, out);
    } else {
        let v = value(cx, node);
        out.push(Stmt::Expr(v));
    }
}

fn branch(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    let head = node.child_by_field_name("condition").map(|n| value(cx, n));
    let body = node.child_by_field_name("consequence").or_else(|| node.child_by_field_name("body"));
    let body = block_of(cx, body);
    out.push(Stmt::Block { kind: BlockKind::Branch, head, body, span: span(node) });
}

fn expression_statement(cx: &mut Lower<'_>, node: Node<'_>, out: &mut Vec<Stmt>) {
    let append = node.kind() == "augmented_assignment";
    if !append && node.kind() != "assignment" {
        let v = value(cx, node);
        return out.push(Stmt::Expr(v));
    }
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        // A declaration without a value says nothing about values.
        return;
    };
    if append && cx.field(node, "operator") != "+=" {
        let v = value(cx, right);
        return out.push(Stmt::Expr(v));
    }
    if right.kind() == "assignment" {
        // `a = b = value`.
        expression_statement(cx, right, out);
        if let Some(Stmt::Assign { value, .. }) = out.last() {
            let value = value.clone();
            bind(cx, left, value, node, false, out);
        }
        return;
    }
    let v = value(cx, right);
    let ty = node.child_by_field_name("type").map(|t| type_text(cx.src(t))).unwrap_or_default();
    if left.kind() == "identifier" && !ty.is_empty() {
        let target = Expr::name(cx.src(left), span(left));
        return out.push(Stmt::Assign { target, ty, value: v, append, span: span(node) });
    }
    bind(cx, left, v, node, append, out);
}

/// Assigns to a name, an attribute, an item, or each name of a tuple.
fn bind(cx: &mut Lower<'_>, target: Node<'_>, value: Expr, at: Node<'_>, append: bool, out: &mut Vec<Stmt>) {
    if matches!(target.kind(), "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list") {
        let parts = children(target);
        let given = match value.kind {
            ExprKind::List(items) if items.len() == parts.len() => items,
            _ => parts.iter().map(|p| member(value.clone(), cx.src(*p))).collect(),
        };
        for (part, value) in parts.into_iter().zip(given) {
            cx.deeper((), |cx| bind(cx, part, value, at, append, out));
        }
        return;
    }
    let target = self::value(cx, target);
    out.push(Stmt::Assign { target, ty: SmolStr::default(), value, append, span: span(at) });
}

fn member(base: Expr, name: &str) -> Expr {
    let at = base.span;
    Expr::new(ExprKind::Member(Box::new(base), name.into()), at)
}

/// What a loop's variable may be: one of the listed, or an element of what is not known.
fn element(list: Expr) -> Expr {
    let at = list.span;
    match list.kind {
        ExprKind::List(items) if !items.is_empty() => Expr::new(ExprKind::Either(items), at),
        kind => {
            let unknown = Expr::new(ExprKind::Other(Vec::new()), at);
            Expr::new(ExprKind::Index(Box::new(Expr::new(kind, at)), Box::new(unknown)), at)
        }
    }
}

fn import(cx: &mut Lower<'_>, node: Node<'_>) {
    for name in children(node) {
        match name.kind() {
            "dotted_name" => {
                let path = cx.src(name);
                if let Some((first, _)) = path.split_once('.') {
                    // `import a.b` binds `a`; `a.b.c` is written out where it is used.
                    cx.import(first, None, first, name);
                }
                cx.import(path, None, path, name);
            }
            "aliased_import" => {
                let (path, alias) = (cx.field(name, "name"), cx.field(name, "alias"));
                cx.import(path, None, alias, name);
            }
            _ => {}
        }
    }
}

fn import_from(cx: &mut Lower<'_>, node: Node<'_>) {
    let module = node.child_by_field_name("module_name");
    let path: String = module.map(|m| cx.src(m)).unwrap_or("").split_whitespace().collect();
    for name in children(node) {
        if Some(name.id()) == module.map(|m| m.id()) {
            continue;
        }
        match name.kind() {
            "dotted_name" => cx.import(&path, Some(cx.src(name)), cx.src(name), name),
            "aliased_import" => {
                let (member, alias) = (cx.field(name, "name"), cx.field(name, "alias"));
                cx.import(&path, Some(member), alias, name);
            }
            "wildcard_import" => cx.import(&path, None, "*", name),
            _ => {}
        }
    }
}

fn type_(cx: &mut Lower<'_>, node: Node<'_>, annotations: Vec<Annotation>) {
    let mut ty = Type { name: cx.field(node, "name").into(), annotations, span: span(node), ..Type::default() };
    for parent in node.child_by_field_name("superclasses").map(children).unwrap_or_default() {
        if parent.kind() == "keyword_argument" {
            continue;
        }
        ty.supers.push(type_text(cx.src(parent)).split('[').next().unwrap_or("").into());
        ty.super_texts.push(cx.src(parent).into());
    }
    let body = node.child_by_field_name("body");
    cx.type_(ty, |cx, index| {
        for node in body.map(children).unwrap_or_default() {
            class_member(cx, node, index);
        }
    });
}

fn class_member(cx: &mut Lower<'_>, node: Node<'_>, ty: usize) {
    let inner = match node.kind() {
        "expression_statement" => node.named_child(0).filter(|n| n.kind() == "assignment"),
        _ => None,
    };
    let Some(assignment) = inner else {
        // Methods and nested types; loose statements run once, like the top level.
        let mut out = Vec::new();
        statement(cx, node, &mut out);
        let current = cx.current;
        return cx.unit.functions[current].body.extend(out);
    };
    let Some(left) = assignment.child_by_field_name("left").filter(|l| l.kind() == "identifier") else {
        return;
    };
    let field = Field {
        name: cx.src(left).into(),
        ty: assignment.child_by_field_name("type").map(|t| type_text(cx.src(t))).unwrap_or_default(),
        annotations: Vec::new(),
        init: assignment.child_by_field_name("right").map(|v| value(cx, v)),
        span: span(assignment),
    };
    cx.unit.types[ty].fields.push(field);
}

fn function(cx: &mut Lower<'_>, node: Node<'_>, annotations: Vec<Annotation>) {
    let name = cx.field(node, "name");
    // A function in a class body is a member; one in a method is a closure that happens to have a name.
    let in_class = node.parent().map(|p| if p.kind() == "decorated_definition" { p.parent() } else { Some(p) });
    let in_class = in_class.flatten().and_then(|b| b.parent()).is_some_and(|p| p.kind() == "class_definition");
    let mut params = node.child_by_field_name("parameters").map(|n| params_of(cx, n)).unwrap_or_default();
    if in_class && !annotations.iter().any(|a| a.simple() == "staticmethod") && !params.is_empty() {
        params.remove(0);
    }
    let function = Function {
        name: if name == "__init__" { "<init>".into() } else { name.into() },
        owner: if in_class || cx.current != 0 { cx.owner.clone() } else { SmolStr::default() },
        params,
        returns: node.child_by_field_name("return_type").map(|t| type_text(cx.src(t))).unwrap_or_default(),
        annotations,
        private: name.starts_with('_') && !name.starts_with("__"),
        parent: (cx.current != 0).then_some(cx.current),
        span: span(node),
        ..Function::default()
    };
    let body = node.child_by_field_name("body");
    cx.function(function, |cx| block_of(cx, body));
}

fn params_of(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Param> {
    let mut out = Vec::new();
    for param in children(node) {
        let name = match param.kind() {
            "identifier" => Some(param),
            "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => param.named_child(0),
            "default_parameter" | "typed_default_parameter" => param.child_by_field_name("name"),
            _ => None,
        };
        let Some(name) = name else { continue };
        out.push(Param {
            name: cx.src(name).trim_start_matches('*').into(),
            ty: param.child_by_field_name("type").map(|t| type_text(cx.src(t))).unwrap_or_default(),
            annotations: Vec::new(),
            default: param.child_by_field_name("value").map(|v| value(cx, v)),
            span: span(param),
        });
    }
    out
}

/// The type that is meant: without quotes, `Optional`, `| None` and `Annotated`.
fn type_text(source: &str) -> SmolStr {
    let mut text = source.trim().trim_matches(['"', '\'']);
    loop {
        let inner = ["Optional[", "Annotated[", "ClassVar[", "Final[", "Mapped[", "Awaitable["].iter().find_map(|p| {
            text.find(p)
                .filter(|at| text[..*at].chars().all(|c| c.is_alphanumeric() || c == '.' || c == '_'))
                .map(|at| &text[at + p.len()..])
        });
        match inner {
            Some(rest) => {
                let mut depth = 0;
                let end = rest.find(|c| {
                    match c {
                        '[' => depth += 1,
                        ']' if depth == 0 => return true,
                        ']' => depth -= 1,
                        ',' if depth == 0 => return true,
                        _ => {}
                    }
                    false
                });
                text = rest[..end.unwrap_or(rest.len())].trim();
            }
            None => break,
        }
    }
    text.split('|').map(str::trim).find(|t| *t != "None").unwrap_or("").trim_matches(['"', '\'']).into()
}

fn decorators(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Annotation> {
    let mut out = Vec::new();
    for decorator in children(node).into_iter().filter(|n| n.kind() == "decorator") {
        let Some(inner) = decorator.named_child(0) else {
            continue;
        };
        let (name, args) = match inner.kind() {
            "call" => (cx.field(inner, "function"), args(cx, inner)),
            _ => (cx.src(inner), Vec::new()),
        };
        out.push(Annotation { name: name.into(), args, span: span(decorator) });
    }
    out
}

fn value(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let fallback = expr(ExprKind::Other(Vec::new()), node);
    cx.deeper(fallback, |cx| {
        let kind = match node.kind() {
            "string" => string(cx, node),
            "concatenated_string" => join(children(node).into_iter().map(|n| value(cx, n)).collect()),
            "integer" | "float" => ExprKind::Num(cx.src(node).replace('_', "").into()),
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "none" => ExprKind::Null,
            "identifier" => match cx.src(node) {
                "self" | "cls" => ExprKind::Name("this".into()),
                name => ExprKind::Name(name.into()),
            },
            "attribute" => match node.child_by_field_name("object") {
                Some(object) => ExprKind::Member(Box::new(object_of(cx, object)), cx.field(node, "attribute").into()),
                None => ExprKind::Other(Vec::new()),
            },
            "subscript" => match (node.child_by_field_name("value"), node.child_by_field_name("subscript")) {
                (Some(base), Some(index)) => ExprKind::Index(Box::new(value(cx, base)), Box::new(value(cx, index))),
                _ => ExprKind::Other(Vec::new()),
            },
            "call" => return call(cx, node),
            "parenthesized_expression" | "await" | "type" | "list_splat" | "yield" => match node.named_child(0) {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            "named_expression" => match node.child_by_field_name("value") {
                Some(inner) => return value(cx, inner),
                None => ExprKind::Null,
            },
            "binary_operator" => return binary(cx, node),
            "boolean_operator" => {
                let parts: Vec<Expr> = ["left", "right"]
                    .iter()
                    .filter_map(|f| node.child_by_field_name(f))
                    .map(|n| value(cx, n))
                    .collect();
                if cx.field(node, "operator") == "or" { ExprKind::Either(parts) } else { ExprKind::Other(parts) }
            }
            "conditional_expression" => {
                let mut parts: Vec<Expr> = children(node).into_iter().map(|n| value(cx, n)).collect();
                if parts.len() == 3 {
                    parts.remove(1);
                }
                ExprKind::Either(parts)
            }
            "dictionary" => ExprKind::Object(entries(cx, node)),
            "list" | "set" | "tuple" | "expression_list" => {
                ExprKind::List(children(node).into_iter().map(|n| value(cx, n)).collect())
            }
            "lambda" => ExprKind::Lambda(lambda(cx, node)),
            "list_comprehension" | "set_comprehension" | "generator_expression" | "dictionary_comprehension" => {
                ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect())
            }
            "for_in_clause" => match node.child_by_field_name("right") {
                Some(right) => return value(cx, right),
                None => ExprKind::Null,
            },
            "ellipsis" => ExprKind::Other(Vec::new()),
            // What is compared otherwise than for being the same has a mark.
            "comparison_operator" if !cx.src(node).contains("==") => {
                let parts = children(node).into_iter().map(|n| value(cx, n)).collect::<Vec<_>>();
                ExprKind::Other(parts.into_iter().chain([expr(ExprKind::Null, node)]).collect())
            }
            _ => ExprKind::Other(children(node).into_iter().map(|n| value(cx, n)).collect()),
        };
        expr(kind, node)
    })
}

/// The object of an attribute: an imported dotted module is one name.
fn object_of(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let source = cx.src(node);
    if source.contains('.') && cx.unit.imports.iter().any(|i| i.name.is_none() && i.alias == source) {
        return Expr::name(source, span(node));
    }
    if source == "super()" {
        return Expr::name("this", span(node));
    }
    value(cx, node)
}

fn entries(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<(SmolStr, Expr)> {
    let mut out = Vec::new();
    for pair in children(node) {
        match pair.kind() {
            "pair" => {
                let key = pair.child_by_field_name("key").map(|k| value(cx, k));
                let key = key.and_then(|k| k.as_str().cloned().or_else(|| k.path().map(SmolStr::from)));
                if let Some(v) = pair.child_by_field_name("value") {
                    out.push((key.unwrap_or_default(), value(cx, v)));
                }
            }
            "dictionary_splat" => {
                if let Some(inner) = pair.named_child(0) {
                    match value(cx, inner) {
                        Expr { kind: ExprKind::Object(inner), .. } => out.extend(inner),
                        other => out.push((SmolStr::default(), other)),
                    }
                }
            }
            _ => {}
        }
    }
    out
}

/// A literal, formatted or not.
fn string(cx: &mut Lower<'_>, node: Node<'_>) -> ExprKind {
    let mut parts = Vec::new();
    let raw = child(node, &["string_start"]).is_some_and(|s| cx.src(s).to_ascii_lowercase().contains('r'));
    for part in children(node) {
        match part.kind() {
            "string_content" => {
                // Escapes are children of the content; braces doubled in a format stand for one.
                let text = cx.src(part);
                let text = if raw { text.into() } else { unquote(&format!("\"{text}\"")) };
                parts.push(expr(ExprKind::Str(text), part));
            }
            "interpolation" => {
                if let Some(inner) = part.child_by_field_name("expression").or_else(|| part.named_child(0)) {
                    parts.push(value(cx, inner));
                }
            }
            _ => {}
        }
    }
    join(parts)
}

fn join(mut parts: Vec<Expr>) -> ExprKind {
    if parts.is_empty() {
        return ExprKind::Str(SmolStr::default());
    }
    if parts.iter().all(|p| p.as_str().is_some()) {
        let text: String = parts.iter().filter_map(Expr::as_str).map(SmolStr::as_str).collect();
        return ExprKind::Str(text.into());
    }
    if parts.len() == 1 && parts[0].as_str().is_some() {
        return parts.remove(0).kind;
    }
    ExprKind::Concat(parts)
}

fn binary(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
        return expr(ExprKind::Other(Vec::new()), node);
    };
    let (left, right) = (value(cx, left), value(cx, right));
    let kind = match cx.field(node, "operator") {
        "+" => ExprKind::Concat(vec![left, right]),
        // `URL(…) / "path"`.
        "/" => ExprKind::Concat(vec![left, expr(ExprKind::Str("/".into()), node), right]),
        "%" => {
            // `"http://%s/%d" % (host, n)` and `"%(host)s" % {"host": …}` are calls of a formatting function.
            let mut args = vec![Arg { name: None, value: left }];
            match right.kind {
                ExprKind::List(items) => args.extend(items.into_iter().map(|value| Arg { name: None, value })),
                ExprKind::Object(entries) => {
                    args.extend(entries.into_iter().map(|(key, value)| Arg { name: Some(key), value }));
                }
                _ => args.push(Arg { name: None, value: right }),
            }
            let callee = expr(ExprKind::Name("%".into()), node);
            ExprKind::Call(Box::new(Call { callee, args, new: false, type_args: Vec::new() }))
        }
        _ => ExprKind::Other(vec![left, right]),
    };
    expr(kind, node)
}

fn call(cx: &mut Lower<'_>, node: Node<'_>) -> Expr {
    let Some(function) = node.child_by_field_name("function") else {
        return expr(ExprKind::Other(Vec::new()), node);
    };
    let callee = value(cx, function);
    let mut args = args(cx, node);
    match &callee.kind {
        ExprKind::Name(name) if name == "dict" && args.iter().all(|a| a.name.is_some()) => {
            let entries = args.into_iter().map(|a| (a.name.unwrap_or_default(), a.value)).collect();
            return expr(ExprKind::Object(entries), node);
        }
        // `getattr(settings, "URL", default)` is `settings.URL`, or the default.
        ExprKind::Name(name) if name == "getattr" && (2..4).contains(&args.len()) => {
            if let Some(member) = args[1].value.as_str().cloned() {
                let mut args = args.into_iter().map(|a| a.value);
                let base = args.next().map(|base| expr(ExprKind::Member(Box::new(base), member), node));
                let default = args.nth(1).filter(|d| !matches!(d.kind, ExprKind::Null));
                let mut either: Vec<Expr> = base.into_iter().chain(default).collect();
                return if either.len() == 1 { either.remove(0) } else { expr(ExprKind::Either(either), node) };
            }
        }
        // `", ".join([a, b])`.
        ExprKind::Member(base, name) if name == "join" && args.len() == 1 && base.as_str().is_some() => {
            if let ExprKind::List(items) = &args[0].value.kind {
                let mut parts = Vec::new();
                for item in items {
                    if !parts.is_empty() {
                        parts.push((**base).clone());
                    }
                    parts.push(item.clone());
                }
                return expr(join(parts), node);
            }
            if matches!(args[0].value.kind, ExprKind::Other(_)) {
                return args.remove(0).value;
            }
        }
        _ => {}
    }
    let simple = match &callee.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => name.as_str(),
        _ => "",
    };
    let new = simple.trim_start_matches('_').starts_with(|c: char| c.is_ascii_uppercase());
    expr(ExprKind::Call(Box::new(Call { callee, args, new, type_args: Vec::new() })), node)
}

fn args(cx: &mut Lower<'_>, node: Node<'_>) -> Vec<Arg> {
    let Some(list) = node.child_by_field_name("arguments") else {
        return Vec::new();
    };
    if list.kind() != "argument_list" {
        return vec![Arg { name: None, value: value(cx, list) }];
    }
    let mut out = Vec::new();
    for arg in children(list) {
        match arg.kind() {
            "keyword_argument" => {
                if let Some(v) = arg.child_by_field_name("value") {
                    out.push(Arg { name: Some(cx.field(arg, "name").into()), value: value(cx, v) });
                }
            }
            "dictionary_splat" => {
                // `**{"a": b}` is `a=b`; what else is splatted keeps its place without taking a position.
                let Some(inner) = arg.named_child(0) else { continue };
                match value(cx, inner) {
                    Expr { kind: ExprKind::Object(entries), .. } => {
                        out.extend(entries.into_iter().map(|(k, value)| Arg { name: Some(k), value }));
                    }
                    other => out.push(Arg { name: Some("**".into()), value: other }),
                }
            }
            _ => out.push(Arg { name: None, value: value(cx, arg) }),
        }
    }
    out
}

fn lambda(cx: &mut Lower<'_>, node: Node<'_>) -> usize {
    let params = node.child_by_field_name("parameters").map(|p| params_of(cx, p)).unwrap_or_default();
    let function =
        Function { name: "<lambda>".into(), owner: cx.owner.clone(), params, span: span(node), ..Function::default() };
    let body = node.child_by_field_name("body");
    cx.function(function, |cx| body.map(|b| vec![Stmt::Return(value(cx, b))]).unwrap_or_default())
}
