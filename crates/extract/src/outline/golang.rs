//! The outline of Go.
//!
//! Anonymous structs get the name `struct#N`, N being the line, and are declared like others: tables of tests are made of them.

use super::{Argument, Entry, Expr, Function, Import, Kind, Mention, Outline, Slot, Step, Type};
use crate::lang::Lang;
use seam_facts::{SmolStr, format_smolstr};
use tree_sitter::Node;

const MAX_DEPTH: usize = 200;

struct Cx<'a> {
    text: &'a str,
    types: Vec<Type>,
    mentions: Vec<Mention>,
    depth: usize,
}

pub fn outline(text: &str) -> Outline {
    let mut out = Outline {
        lang: Lang::Go,
        package: SmolStr::default(),
        imports: Vec::new(),
        types: Vec::new(),
        functions: Vec::new(),
        top: Vec::new(),
        mentions: Vec::new(),
        generated: false,
    };
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&tree_sitter_go::LANGUAGE.into()).is_err() {
        return out;
    }
    let Some(tree) = parser.parse(text, None) else {
        return out;
    };
    let mut cx = Cx { text, types: Vec::new(), mentions: Vec::new(), depth: 0 };
    for node in children(tree.root_node()) {
        match node.kind() {
            "package_clause" => out.package = node.named_child(0).map(|n| cx.src(n).into()).unwrap_or_default(),
            "import_declaration" => cx.imports(node, &mut out.imports),
            "type_declaration" => cx.declare(node),
            "function_declaration" | "method_declaration" => out.functions.push(cx.function(node)),
            "var_declaration" | "const_declaration" => cx.declaration(node, &mut out.top),
            _ => {}
        }
    }
    out.types = cx.types;
    out.mentions = cx.mentions;
    out
}

fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|n| !n.is_extra()).collect()
}

fn line(node: Node<'_>) -> u32 {
    node.start_position().row as u32 + 1
}

fn all<'t>(node: Node<'t>, field: &str) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.children_by_field_name(field, &mut cursor).filter(Node::is_named).collect()
}

impl<'a> Cx<'a> {
    fn src(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or("")
    }

    fn imports(&self, node: Node<'_>, out: &mut Vec<Import>) {
        for node in children(node) {
            if node.kind() == "import_spec_list" {
                self.imports(node, out);
            } else if let Some(path) = node.child_by_field_name("path") {
                let path = self.src(path).trim_matches(['"', '`']);
                let alias = node.child_by_field_name("name").map(|n| self.src(n)).unwrap_or_default();
                out.push(Import { alias: alias.into(), path: path.into(), name: None, line: line(node) });
            }
        }
    }

    fn declare(&mut self, node: Node<'_>) {
        for spec in children(node) {
            let (Some(name), Some(body)) = (spec.child_by_field_name("name"), spec.child_by_field_name("type")) else {
                continue;
            };
            let name = self.src(name).into();
            self.named(name, body, line(spec));
        }
    }

    /// Declares a type under a name.
    fn named(&mut self, name: SmolStr, body: Node<'_>, at: u32) {
        let mut ty = Type { name, line: at, ..Type::default() };
        match body.kind() {
            "struct_type" => self.fields(body, &mut ty),
            "interface_type" => {
                for element in children(body) {
                    match element.kind() {
                        "method_elem" | "method_spec" => ty.methods.push(self.signature(element)),
                        _ => ty.supers.push(self.ty(element)),
                    }
                }
            }
            _ => ty.supers.push(self.ty(body)),
        }
        self.types.push(ty);
    }

    fn fields(&mut self, body: Node<'_>, ty: &mut Type) {
        for list in children(body) {
            for node in children(list) {
                let Some(declared) = node.child_by_field_name("type") else { continue };
                let written = self.ty(declared);
                let tag = node.child_by_field_name("tag").map(|t| self.src(t)).unwrap_or_default();
                let json = tag.split_once("json:\"").and_then(|(_, rest)| rest.split(['"', ',']).next()).unwrap_or("");
                let names = all(node, "name");
                if names.is_empty() {
                    ty.supers.push(written.clone());
                    let name = written.trim_start_matches('*').rsplit('.').next().unwrap_or_default();
                    let name = name.split('[').next().unwrap_or(name).into();
                    ty.fields.push(Slot { name, ty: written, json: json.into(), line: line(node) });
                    continue;
                }
                for name in names {
                    let slot =
                        Slot { name: self.src(name).into(), ty: written.clone(), json: json.into(), line: line(name) };
                    ty.fields.push(slot);
                }
            }
        }
    }

    /// A type as written; what it mentions is noted, anonymous structs are declared.
    fn ty(&mut self, node: Node<'_>) -> SmolStr {
        if self.depth >= MAX_DEPTH {
            return SmolStr::default();
        }
        self.depth += 1;
        let out = self.type_text(node);
        self.depth -= 1;
        out
    }

    fn type_text(&mut self, node: Node<'_>) -> SmolStr {
        match node.kind() {
            "struct_type" => {
                let name = format_smolstr!("struct#{}_{}", line(node), node.start_position().column);
                let mut ty = Type { name: name.clone(), line: line(node), ..Type::default() };
                self.fields(node, &mut ty);
                self.types.push(ty);
                name
            }
            "interface_type" => {
                let name = format_smolstr!("interface#{}_{}", line(node), node.start_position().column);
                self.named(name.clone(), node, line(node));
                name
            }
            "qualified_type" => {
                self.mention(node, "package", "name");
                self.src(node).into()
            }
            "type_identifier" => {
                let mention = Mention { qualifier: SmolStr::default(), name: self.src(node).into(), line: line(node) };
                self.mentions.push(mention);
                self.src(node).into()
            }
            "slice_type" | "array_type" | "implicit_length_array_type" => match node.child_by_field_name("element") {
                Some(element) => format_smolstr!("[]{}", self.ty(element)),
                None => self.src(node).into(),
            },
            "map_type" => {
                let key = node.child_by_field_name("key").map(|k| self.ty(k)).unwrap_or_default();
                let value = node.child_by_field_name("value").map(|v| self.ty(v)).unwrap_or_default();
                format_smolstr!("map[{key}]{value}")
            }
            "channel_type" => match node.child_by_field_name("value") {
                Some(value) => format_smolstr!("chan {}", self.ty(value)),
                None => self.src(node).into(),
            },
            "pointer_type" | "parenthesized_type" | "negated_type" | "type_elem" | "constraint_elem" => {
                children(node).first().map(|n| self.ty(*n)).unwrap_or_default()
            }
            "function_type" => {
                let signature = self.signature(node);
                let results: Vec<&str> = signature.results.iter().map(|r| r.ty.as_str()).collect();
                format_smolstr!("func()({})", results.join(", "))
            }
            "generic_type" => {
                let name = node.child_by_field_name("type").map(|n| self.ty(n)).unwrap_or_default();
                let args = node.child_by_field_name("type_arguments").map(children).unwrap_or_default();
                let args: Vec<SmolStr> = args.into_iter().map(|n| self.ty(n)).collect();
                format_smolstr!("{name}[{}]", args.join(", "))
            }
            _ => {
                for inner in children(node) {
                    self.ty(inner);
                }
                self.src(node).into()
            }
        }
    }

    fn mention(&mut self, node: Node<'_>, qualifier: &str, name: &str) {
        let (Some(qualifier), Some(name)) = (node.child_by_field_name(qualifier), node.child_by_field_name(name))
        else {
            return;
        };
        let mention = Mention { qualifier: self.src(qualifier).into(), name: self.src(name).into(), line: line(name) };
        self.mentions.push(mention);
    }

    fn signature(&mut self, node: Node<'_>) -> Function {
        let name = node.child_by_field_name("name");
        let results = match node.child_by_field_name("result") {
            Some(list) if list.kind() == "parameter_list" => self.params(list),
            Some(one) => vec![Slot { ty: self.ty(one), line: line(one), ..Slot::default() }],
            None => Vec::new(),
        };
        Function {
            name: name.map(|n| self.src(n).into()).unwrap_or_default(),
            params: node.child_by_field_name("parameters").map(|p| self.params(p)).unwrap_or_default(),
            results,
            line: line(name.unwrap_or(node)),
            ..Function::default()
        }
    }

    fn function(&mut self, node: Node<'_>) -> Function {
        let mut out = self.signature(node);
        if let Some(receiver) = node.child_by_field_name("receiver") {
            let mentions = self.mentions.len();
            if let Some(slot) = self.params(receiver).into_iter().next() {
                let owner = slot.ty.split('[').next().unwrap_or_default();
                out.owner = owner.into();
                out.receiver = slot.name;
            }
            self.mentions.truncate(mentions);
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.block(body, &mut out.body);
        }
        out
    }

    fn params(&mut self, list: Node<'_>) -> Vec<Slot> {
        let mut out = Vec::new();
        for node in children(list) {
            let Some(declared) = node.child_by_field_name("type") else { continue };
            let ty = self.ty(declared);
            let names = all(node, "name");
            if names.is_empty() {
                out.push(Slot { ty, line: line(node), ..Slot::default() });
                continue;
            }
            for name in names {
                out.push(Slot { name: self.src(name).into(), ty: ty.clone(), line: line(name), ..Slot::default() });
            }
        }
        out
    }

    fn block(&mut self, node: Node<'_>, out: &mut Vec<Step>) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        for node in children(node) {
            self.step(node, out);
        }
        self.depth -= 1;
    }

    fn declaration(&mut self, node: Node<'_>, out: &mut Vec<Step>) {
        for spec in children(node) {
            match spec.kind() {
                "var_spec_list" => self.declaration(spec, out),
                "var_spec" | "const_spec" => {
                    let names = all(spec, "name").into_iter().map(|n| (self.src(n).into(), line(n))).collect();
                    let ty = spec.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                    let values = spec.child_by_field_name("value").map(children).unwrap_or_default();
                    let values = values.into_iter().map(|v| self.expr(v)).collect();
                    out.push(Step::Bind { names, ty, values, each: false });
                }
                _ => {}
            }
        }
    }

    fn sides(&mut self, node: Node<'_>, out: &mut Vec<Step>) {
        let list = |name: &str| match node.child_by_field_name(name) {
            Some(list) if list.kind() == "expression_list" => children(list),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let (left, right) = (list("left"), list("right"));
        let values: Vec<Expr> = right.into_iter().map(|v| self.expr(v)).collect();
        let plain = left.iter().all(|n| n.kind() == "identifier");
        if plain {
            let names = left.iter().map(|n| (self.src(*n).into(), line(*n))).collect();
            out.push(Step::Bind { names, ty: SmolStr::default(), values, each: node.kind() == "range_clause" });
        } else {
            out.extend(values.into_iter().map(Step::Do));
            for target in left {
                let target = self.expr(target);
                out.push(Step::Do(target));
            }
        }
    }

    fn step(&mut self, node: Node<'_>, out: &mut Vec<Step>) {
        match node.kind() {
            "short_var_declaration" | "assignment_statement" | "receive_statement" | "range_clause" => {
                if node.child_by_field_name("left").is_some() {
                    self.sides(node, out);
                } else if let Some(right) = node.child_by_field_name("right") {
                    let right = self.expr(right);
                    out.push(Step::Do(right));
                }
            }
            "var_declaration" | "const_declaration" => self.declaration(node, out),
            "type_declaration" => self.declare(node),
            "return_statement" => {
                let results = children(node).into_iter().flat_map(|n| match n.kind() {
                    "expression_list" => children(n),
                    _ => vec![n],
                });
                let results = results.collect::<Vec<_>>().into_iter().map(|n| self.expr(n)).collect();
                out.push(Step::Return(results));
            }
            "type_switch_statement" => self.type_switch(node, out),
            "block"
            | "if_statement"
            | "for_statement"
            | "expression_switch_statement"
            | "select_statement"
            | "expression_case"
            | "default_case"
            | "communication_case"
            | "for_clause"
            | "statement_list"
            | "labeled_statement" => {
                let mut inner = Vec::new();
                self.block(node, &mut inner);
                out.push(if matches!(node.kind(), "statement_list" | "labeled_statement" | "for_clause") {
                    // Their names hold in what surrounds them.
                    out.extend(inner);
                    return;
                } else {
                    Step::Scope(inner)
                });
            }
            "expression_list"
            | "expression_statement"
            | "go_statement"
            | "defer_statement"
            | "send_statement"
            | "inc_statement"
            | "dec_statement"
            | "ERROR" => self.block(node, out),
            _ => {
                let value = self.expr(node);
                out.push(Step::Do(value));
            }
        }
    }

    /// `switch x := v.(type)`: in a case of one type, `x` is of that type.
    fn type_switch(&mut self, node: Node<'_>, out: &mut Vec<Step>) {
        let mut steps = Vec::new();
        if let Some(initializer) = node.child_by_field_name("initializer") {
            self.step(initializer, &mut steps);
        }
        let value = node.child_by_field_name("value").map(|v| self.expr(v));
        let alias = node.child_by_field_name("alias").and_then(|a| a.named_child(0));
        steps.extend(value.map(Step::Do));
        for case in children(node).into_iter().filter(|n| n.kind().ends_with("_case")) {
            let mut inner = Vec::new();
            let types: Vec<SmolStr> = all(case, "type").into_iter().map(|t| self.ty(t)).collect();
            if let (Some(alias), [ty]) = (alias, types.as_slice()) {
                let names = vec![(self.src(alias).into(), line(alias))];
                inner.push(Step::Bind { names, ty: ty.clone(), values: Vec::new(), each: false });
            }
            let heads: Vec<usize> = all(case, "type").iter().map(Node::id).collect();
            for part in children(case).into_iter().filter(|n| !heads.contains(&n.id())) {
                self.step(part, &mut inner);
            }
            steps.push(Step::Scope(inner));
        }
        out.push(Step::Scope(steps));
    }

    fn expr(&mut self, node: Node<'_>) -> Expr {
        if self.depth >= MAX_DEPTH {
            return Expr { line: line(node), kind: Kind::Any(Vec::new()) };
        }
        self.depth += 1;
        let out = self.value(node);
        self.depth -= 1;
        out
    }

    fn value(&mut self, node: Node<'_>) -> Expr {
        let at = |line, kind| Expr { line, kind };
        match node.kind() {
            "identifier" | "field_identifier" | "type_identifier" | "package_identifier" => {
                at(line(node), Kind::Name(self.src(node).into()))
            }
            "interpreted_string_literal" | "raw_string_literal" => {
                at(line(node), Kind::Text(self.src(node).trim_matches(['"', '`']).into()))
            }
            "selector_expression" => {
                let (Some(base), Some(name)) = (node.child_by_field_name("operand"), node.child_by_field_name("field"))
                else {
                    return at(line(node), Kind::Any(Vec::new()));
                };
                let text = self.src(name).into();
                if base.kind() == "identifier" {
                    self.mention(node, "operand", "field");
                }
                let base = self.expr(base);
                at(line(name), Kind::Member(Box::new(base), text))
            }
            "call_expression" => self.call(node),
            "type_conversion_expression" => {
                let ty = node.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                match node.child_by_field_name("operand") {
                    Some(inner) => at(line(node), Kind::As(Box::new(self.expr(inner)), ty)),
                    None => at(line(node), Kind::Type(ty)),
                }
            }
            "type_assertion_expression" => {
                let ty = node.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                match node.child_by_field_name("operand") {
                    Some(inner) => at(line(node), Kind::As(Box::new(self.expr(inner)), ty)),
                    None => at(line(node), Kind::Type(ty)),
                }
            }
            "composite_literal" => {
                let ty = node.child_by_field_name("type").map(|t| self.ty(t)).unwrap_or_default();
                match node.child_by_field_name("body") {
                    Some(body) => self.literal(body, ty),
                    None => at(line(node), Kind::Type(ty)),
                }
            }
            "literal_value" => self.literal(node, SmolStr::default()),
            "literal_element" | "parenthesized_expression" => match node.named_child(0) {
                Some(inner) => self.expr(inner),
                None => at(line(node), Kind::Any(Vec::new())),
            },
            "unary_expression" => {
                let operator = node.child_by_field_name("operator").map(|o| self.src(o)).unwrap_or_default();
                match node.child_by_field_name("operand") {
                    Some(inner) if matches!(operator, "&" | "*" | "<-") => self.expr(inner),
                    Some(inner) => at(line(node), Kind::Any(vec![self.expr(inner)])),
                    None => at(line(node), Kind::Any(Vec::new())),
                }
            }
            "index_expression" => match (node.child_by_field_name("operand"), node.child_by_field_name("index")) {
                (Some(base), Some(index)) => {
                    let (base, index) = (self.expr(base), self.expr(index));
                    at(base.line, Kind::Item(Box::new(base), Box::new(index)))
                }
                _ => at(line(node), Kind::Any(Vec::new())),
            },
            "slice_expression" => {
                let mut parts = children(node).into_iter();
                let base = parts.next().map(|n| self.expr(n));
                let rest = parts.map(|n| self.expr(n)).collect::<Vec<_>>();
                let rest = at(line(node), Kind::Any(rest));
                match base {
                    Some(base) => at(base.line, Kind::Item(Box::new(base), Box::new(rest))),
                    None => rest,
                }
            }
            "func_literal" => at(line(node), Kind::Closure(Box::new(self.function(node)))),
            "qualified_type" | "pointer_type" | "slice_type" | "array_type" | "map_type" | "channel_type"
            | "generic_type" | "struct_type" | "function_type" | "interface_type" => {
                let ty = self.ty(node);
                at(line(node), Kind::Type(ty))
            }
            _ => at(line(node), Kind::Any(children(node).into_iter().map(|n| self.expr(n)).collect())),
        }
    }

    fn call(&mut self, node: Node<'_>) -> Expr {
        if let Some(types) = node.child_by_field_name("type_arguments") {
            for ty in children(types) {
                self.ty(ty);
            }
        }
        let callee = match node.child_by_field_name("function") {
            Some(function) => self.expr(function),
            None => Expr { line: line(node), kind: Kind::Any(Vec::new()) },
        };
        let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
        let arguments = arguments.into_iter().map(|n| {
            let value = self.expr(n);
            Argument { name: SmolStr::default(), line: value.line, value }
        });
        let arguments = arguments.collect();
        Expr { line: callee.line, kind: Kind::Call(Box::new(callee), arguments) }
    }

    fn literal(&mut self, body: Node<'_>, ty: SmolStr) -> Expr {
        let (mut entries, mut items) = (Vec::new(), Vec::new());
        for part in children(body) {
            if part.kind() != "keyed_element" {
                items.push(self.expr(part));
                continue;
            }
            let sides = children(part);
            let [key, given] = sides.as_slice() else { continue };
            let inner = if key.kind() == "literal_element" { key.named_child(0).unwrap_or(*key) } else { *key };
            if inner.kind() != "identifier" {
                // A key that is computed may use what we look for.
                items.push(self.expr(inner));
            }
            let value = self.expr(*given);
            entries.push(Entry { key: self.src(inner).into(), line: line(inner), value });
        }
        Expr { line: line(body), kind: Kind::Make { ty, entries, items } }
    }
}
