//! One small tree for every language: what value following and technologies need, and nothing else.
//!
//! Invariant: lowering (in `lang/`) is the only place that knows a grammar; technologies and flow see only this. Types
//! are kept as written, without generics where a plain name is asked for. The first function of a unit is the file's
//! top level.

use crate::lang::Lang;
use seam_facts::{SmolStr, Span};

/// One file of code.
#[derive(Clone, Debug)]
pub struct Unit {
    pub lang: Lang,
    /// Package, namespace or module stated by the file; empty if none.
    pub package: SmolStr,
    pub imports: Vec<Import>,
    /// Files that are taken in as a whole: beside this one (`mod clients;` is `./clients`), or of a module (`use db::*`).
    pub parts: Vec<SmolStr>,
    pub types: Vec<Type>,
    /// `functions[0]` is the top level; closures stand here too, with their parent.
    pub functions: Vec<Function>,
}

/// `import path.{name} as alias`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Module path as written (`./endpoints`, `github.com/x/y/client`, `java.util.List` split into path and name).
    pub path: SmolStr,
    /// The member imported from it; `None` for the module itself.
    pub name: Option<SmolStr>,
    /// The local name.
    pub alias: SmolStr,
    pub span: Span,
}

/// A class, interface, struct, trait, record, object, enum or module with members.
#[derive(Clone, Debug, Default)]
pub struct Type {
    pub name: SmolStr,
    pub interface: bool,
    /// What it extends and implements, without generics.
    pub supers: Vec<SmolStr>,
    /// The same as written, generics included (`JpaRepository<Order, Long>`).
    pub super_texts: Vec<SmolStr>,
    pub annotations: Vec<Annotation>,
    pub fields: Vec<Field>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: SmolStr,
    /// As written, generics included; empty if not stated.
    pub ty: SmolStr,
    pub annotations: Vec<Annotation>,
    pub init: Option<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Simple name; `<init>` for constructors, empty for the top level, `<lambda>` for closures.
    pub name: SmolStr,
    /// The type it is a member of (Go: the receiver's type); empty if none.
    pub owner: SmolStr,
    pub params: Vec<Param>,
    /// Return type as written; empty if not stated.
    pub returns: SmolStr,
    pub annotations: Vec<Annotation>,
    /// Not callable from other files.
    pub private: bool,
    pub body: Vec<Stmt>,
    pub span: Span,
    /// For closures and functions within functions: the enclosing function.
    pub parent: Option<usize>,
    /// Names that assignments in this body give to the file's top level (`global x`).
    pub globals: Vec<SmolStr>,
}

impl Function {
    /// `Owner.name` or `name`.
    pub fn symbol(&self) -> SmolStr {
        if self.owner.is_empty() {
            self.name.clone()
        } else {
            seam_facts::format_smolstr!("{}.{}", self.owner, self.name)
        }
    }
}

#[derive(Clone, Debug)]
pub struct Param {
    pub name: SmolStr,
    pub ty: SmolStr,
    pub annotations: Vec<Annotation>,
    pub default: Option<Expr>,
    pub span: Span,
}

/// Annotation, attribute or decorator.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// Dotted, as written, without `@` (`app.route`, `GetMapping`, `HttpGet`).
    pub name: SmolStr,
    pub args: Vec<Arg>,
    pub span: Span,
}

impl Annotation {
    /// The last part of the name.
    pub fn simple(&self) -> &str {
        self.name.rsplit(['.', ':']).next().unwrap_or(&self.name)
    }

    /// An argument by name; an unnamed first argument counts as `value`.
    pub fn arg(&self, name: &str) -> Option<&Expr> {
        self.args
            .iter()
            .find(|a| a.name.as_deref() == Some(name) || (a.name.is_none() && name == "value"))
            .map(|a| &a.value)
    }

    /// The nth unnamed argument.
    pub fn positional(&self, index: usize) -> Option<&Expr> {
        self.args.iter().filter(|a| a.name.is_none()).nth(index).map(|a| &a.value)
    }
}

#[derive(Clone, Debug)]
pub struct Arg {
    pub name: Option<SmolStr>,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Str(SmolStr),
    /// Numbers as written.
    Num(SmolStr),
    Bool(bool),
    Null,
    /// Interpolation and `+` with text.
    Concat(Vec<Expr>),
    /// A simple name; `this`/`self`/`@` receivers are `Name("this")` in every language.
    Name(SmolStr),
    Member(Box<Expr>, SmolStr),
    Index(Box<Expr>, Box<Expr>),
    Call(Box<Call>),
    /// `a ?? b`, `a || b`, `c ? a : b`, `a if c else b`, `match` arms.
    Either(Vec<Expr>),
    /// Object, map, dict, struct literals: keys as text.
    Object(Vec<(SmolStr, Expr)>),
    List(Vec<Expr>),
    /// A closure: index into [`Unit::functions`].
    Lambda(usize),
    /// Anything else, with the parts worth walking. Transparent wrappers (`await x`, `(x)`, `&x`, `x!`, `x?`, casts)
    /// are not `Other`: lowering returns `x` itself.
    Other(Vec<Expr>),
}

#[derive(Clone, Debug)]
pub struct Call {
    pub callee: Expr,
    pub args: Vec<Arg>,
    /// `new T(…)`, and struct literals whose type matters (`T{…}`: one `Object` argument).
    pub new: bool,
    /// Generic arguments as written (`GetFromJsonAsync<Order>` gives `Order`).
    pub type_args: Vec<SmolStr>,
}

impl Call {
    pub fn arg(&self, index: usize) -> Option<&Expr> {
        self.args.iter().filter(|a| a.name.is_none()).nth(index).map(|a| &a.value)
    }

    pub fn named(&self, name: &str) -> Option<&Expr> {
        self.args.iter().find(|a| a.name.as_deref() == Some(name)).map(|a| &a.value)
    }

    /// The keyword argument, or else the positional one.
    pub fn arg_or(&self, name: &str, index: usize) -> Option<&Expr> {
        self.named(name).or_else(|| self.arg(index))
    }

    /// The function's simple name (`get` of `requests.get`).
    pub fn name(&self) -> &str {
        match &self.callee.kind {
            ExprKind::Name(name) | ExprKind::Member(_, name) => name,
            _ => "",
        }
    }

    /// What it is called on.
    pub fn receiver(&self) -> Option<&Expr> {
        match &self.callee.kind {
            ExprKind::Member(base, _) => Some(base),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Stmt {
    /// `target = value`, `var target: ty = value`; `append` for `+=`. Destructuring gives one `Assign` a name, with
    /// `Member(value, name)` as the value.
    Assign {
        target: Expr,
        ty: SmolStr,
        value: Expr,
        append: bool,
        span: Span,
    },
    Expr(Expr),
    Return(Expr),
    Block {
        kind: BlockKind,
        head: Option<Expr>,
        body: Vec<Stmt>,
        span: Span,
    },
    /// Control goes elsewhere. What is thrown stands before it as an expression of its own; a `return` with a value is
    /// [`Stmt::Return`].
    Leave(Leave, Span),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    Break,
    Continue,
    Throw,
    Return,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    Loop,
    Branch,
    Try,
    /// `head` is the caught type, where stated.
    Catch,
    Finally,
    /// `with`, `using`, `synchronized`, transactions as blocks.
    With,
}

impl Expr {
    pub fn new(kind: ExprKind, span: Span) -> Self {
        Expr { kind, span }
    }

    pub fn name(name: impl Into<SmolStr>, span: Span) -> Self {
        Expr::new(ExprKind::Name(name.into()), span)
    }

    /// Dotted path of names, members and calls (`webClient.get().uri`); `None` if anything else takes part.
    pub fn path(&self) -> Option<String> {
        match &self.kind {
            ExprKind::Name(name) => Some(name.to_string()),
            ExprKind::Member(base, name) => {
                let mut out = base.path()?;
                out.push('.');
                out.push_str(name);
                Some(out)
            }
            ExprKind::Call(call) => {
                let mut out = call.callee.path()?;
                out.push_str("()");
                Some(out)
            }
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&SmolStr> {
        match &self.kind {
            ExprKind::Str(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_call(&self) -> Option<&Call> {
        match &self.kind {
            ExprKind::Call(call) => Some(call),
            _ => None,
        }
    }

    /// A key of an object literal.
    pub fn key(&self, name: &str) -> Option<&Expr> {
        match &self.kind {
            ExprKind::Object(entries) => entries.iter().find(|(k, _)| k == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Direct parts, in source order.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Str(_)
            | ExprKind::Num(_)
            | ExprKind::Bool(_)
            | ExprKind::Null
            | ExprKind::Name(_)
            | ExprKind::Lambda(_) => Vec::new(),
            ExprKind::Concat(parts) | ExprKind::Either(parts) | ExprKind::List(parts) | ExprKind::Other(parts) => {
                parts.iter().collect()
            }
            ExprKind::Member(base, _) => vec![base],
            ExprKind::Index(base, index) => vec![base, index],
            ExprKind::Call(call) => {
                let mut out = vec![&call.callee];
                out.extend(call.args.iter().map(|a| &a.value));
                out
            }
            ExprKind::Object(entries) => entries.iter().map(|(_, v)| v).collect(),
        }
    }

    /// This and everything below it, outer first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }
}

/// Every expression of these statements (not those of nested closures, which are functions of their own).
pub fn walk_stmts<'a>(stmts: &'a [Stmt], visit: &mut dyn FnMut(&'a Expr)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, .. } => {
                target.walk(visit);
                value.walk(visit);
            }
            Stmt::Expr(expr) | Stmt::Return(expr) => expr.walk(visit),
            Stmt::Block { head, body, .. } => {
                if let Some(head) = head {
                    head.walk(visit);
                }
                walk_stmts(body, visit);
            }
            Stmt::Leave(..) => {}
        }
    }
}

/// What a function's statements return, those of its blocks included.
pub fn returned(stmts: &[Stmt]) -> Vec<&Expr> {
    fn within<'s>(stmts: &'s [Stmt], out: &mut Vec<&'s Expr>) {
        for stmt in stmts {
            match stmt {
                Stmt::Return(expr) => out.push(expr),
                Stmt::Block { body, .. } => within(body, out),
                Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Leave(..) => {}
            }
        }
    }
    let mut out = Vec::new();
    within(stmts, &mut out);
    out
}
