//! What all lowerings share: reading nodes, opening and closing functions, and the bound on depth.

use super::Lang;
use crate::code::ir::{Expr, ExprKind, Function, Import, Param, Stmt, Type, Unit};
use seam_facts::{SmolStr, Span};
use tree_sitter::Node;

pub struct Lower<'a> {
    pub text: &'a str,
    pub unit: Unit,
    /// Index of the function whose body is being read.
    pub current: usize,
    /// The innermost type's name; empty outside of types.
    pub owner: SmolStr,
    /// What the receiver is called in the method being read, where methods name it themselves (Go).
    pub receiver: SmolStr,
    /// Statements that stand in an expression and go before the statement that holds it (blocks as values in Rust).
    pub pending: Vec<Stmt>,
    /// How many macros deep the text being read stands.
    pub nested: u8,
    depth: usize,
    too_deep: bool,
}

impl<'a> Lower<'a> {
    /// Nesting of nodes beyond which nothing is read. Real code stays below 100.
    pub const MAX_DEPTH: usize = 250;

    pub fn new(lang: Lang, text: &'a str) -> Self {
        Lower {
            text,
            unit: Unit {
                lang,
                package: SmolStr::default(),
                imports: Vec::new(),
                parts: Vec::new(),
                types: Vec::new(),
                functions: vec![Function::default()],
            },
            current: 0,
            owner: SmolStr::default(),
            receiver: SmolStr::default(),
            pending: Vec::new(),
            nested: 0,
            depth: 0,
            too_deep: false,
        }
    }

    pub fn finish(self) -> Unit {
        self.unit
    }

    pub fn too_deep(&self) -> bool {
        self.too_deep
    }

    /// Runs `f` one level deeper, or gives `otherwise` at the bound. Every recursive function goes through here.
    pub fn deeper<T>(&mut self, otherwise: T, f: impl FnOnce(&mut Self) -> T) -> T {
        if self.depth >= Self::MAX_DEPTH {
            self.too_deep = true;
            return otherwise;
        }
        self.depth += 1;
        let out = f(self);
        self.depth -= 1;
        out
    }

    /// The source text of a node.
    pub fn src(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or("")
    }

    /// The source text of a field of a node; empty if absent.
    pub fn field(&self, node: Node<'_>, name: &str) -> &'a str {
        node.child_by_field_name(name).map(|n| self.src(n)).unwrap_or("")
    }

    pub fn import(&mut self, path: &str, name: Option<&str>, alias: &str, at: Node<'_>) {
        self.unit.imports.push(Import {
            path: path.into(),
            name: name.map(Into::into),
            alias: alias.into(),
            span: span(at),
        });
    }

    /// Reads a function's body with `body`, as a function of its own; returns its index.
    pub fn function(&mut self, mut function: Function, body: impl FnOnce(&mut Self) -> Vec<Stmt>) -> usize {
        let index = self.unit.functions.len();
        if function.name == "<lambda>" {
            function.parent = Some(self.current);
        }
        self.unit.functions.push(function);
        let outer = std::mem::replace(&mut self.current, index);
        let stmts = body(self);
        self.current = outer;
        self.unit.functions[index].body = stmts;
        index
    }

    /// Reads a type's members with `members`, which may nest; returns its index. What stands outside of the type's
    /// functions (field initialisers) belongs to a function `<type>` of its own, so that names in it are found.
    pub fn type_(&mut self, ty: Type, members: impl FnOnce(&mut Self, usize)) -> usize {
        let index = self.unit.types.len();
        let scope = Function { name: "<type>".into(), owner: ty.name.clone(), span: ty.span, ..Function::default() };
        let outer = std::mem::replace(&mut self.owner, ty.name.clone());
        let outside = std::mem::replace(&mut self.current, self.unit.functions.len());
        self.unit.functions.push(scope);
        self.unit.types.push(ty);
        members(self, index);
        self.owner = outer;
        self.current = outside;
        index
    }

    /// Appends a statement to the top level.
    pub fn top(&mut self, stmt: Stmt) {
        self.unit.functions[0].body.push(stmt);
    }
}

/// The place of a node.
pub fn span(node: Node<'_>) -> Span {
    let (start, end) = (node.start_position(), node.end_position());
    Span { line: start.row as u32 + 1, column: start.column as u32 + 1, end_line: end.row as u32 + 1 }
}

pub fn expr(kind: ExprKind, node: Node<'_>) -> Expr {
    Expr::new(kind, span(node))
}

/// Named children, comments left out.
pub fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|n| !n.is_extra()).collect()
}

/// The first named child of one of these kinds.
pub fn child<'t>(node: Node<'t>, kinds: &[&str]) -> Option<Node<'t>> {
    children(node).into_iter().find(|n| kinds.contains(&n.kind()))
}

/// A type as written without generics, pointers, nullability and array marks: `Mono<Order>` gives `Mono`.
pub fn plain_type(ty: &str) -> SmolStr {
    let mut ty = ty.trim();
    // Pointers, slices and marks of mutability stand in any order: `[]*pb.Item`, `&mut Client`, `...Option`.
    loop {
        let inner = ty.trim_start_matches(['*', '&', '?', '@', ' ']);
        let inner = ["mut ", "[]", "..."].iter().find_map(|mark| inner.strip_prefix(mark)).unwrap_or(inner);
        if inner.len() == ty.len() {
            break;
        }
        ty = inner;
    }
    let end = ty.find(['<', '[', '?', '{', '(', ' ']).unwrap_or(ty.len());
    ty[..end].trim_end_matches(['*', '&', '!']).into()
}

/// Removes quotes and common escapes of a string literal's source: `"a\"b"` gives `a"b`.
pub fn unquote(source: &str) -> SmolStr {
    let inner = source
        .strip_prefix("\"\"\"")
        .and_then(|s| s.strip_suffix("\"\"\""))
        .or_else(|| {
            let first = source.chars().next()?;
            (matches!(first, '"' | '\'' | '`') && source.len() >= 2 && source.ends_with(first))
                .then(|| &source[1..source.len() - 1])
        })
        .unwrap_or(source);
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(c @ ('"' | '\'' | '\\' | '`' | '/' | '$')) => out.push(c),
            Some(c) => {
                out.push('\\');
                out.push(c);
            }
            None => out.push('\\'),
        }
    }
    out.into()
}

/// What a constructor does whose parameters are the object's fields.
pub fn fills(params: &[Param]) -> Vec<Stmt> {
    let fill = |p: &Param| Stmt::Assign {
        target: Expr::new(ExprKind::Member(Box::new(Expr::name("this", p.span)), p.name.clone()), p.span),
        ty: SmolStr::default(),
        value: Expr::name(p.name.clone(), p.span),
        append: false,
        span: p.span,
    };
    params.iter().map(fill).collect()
}
