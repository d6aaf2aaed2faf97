//! One file's code as names and their types are followed through it: declarations, bindings and chains of members, each
//! name with its line.
//!
//! Invariant: an outline is symbolic and of one file. Types stand as they are written, anonymous ones under a name of their
//! own; what `orders.GetTotal().Units` is, is for those to say who see the other files. Outlines are made when a question
//! needs them and are not facts: they would make the cache larger for everybody and serve one verb.

mod golang;
mod lowered;
mod words;

pub use words::{Stand, Word, is_template, words};

use crate::Sink;
use crate::lang::{self, Lang};
use seam_facts::SmolStr;

#[derive(Clone, Debug)]
pub struct Outline {
    pub lang: Lang,
    /// Package, namespace or module that the file states.
    pub package: SmolStr,
    pub imports: Vec<Import>,
    pub types: Vec<Type>,
    pub functions: Vec<Function>,
    /// What stands outside of functions.
    pub top: Vec<Step>,
    /// Types that are mentioned, with what qualifies them: `pb.Order` as `("pb", "Order")`.
    pub mentions: Vec<Mention>,
    /// A tool wrote it, from something else.
    pub generated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub alias: SmolStr,
    pub path: SmolStr,
    /// The member that is imported; `None` for the module.
    pub name: Option<SmolStr>,
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    pub qualifier: SmolStr,
    pub name: SmolStr,
    pub line: u32,
}

/// A struct, class, interface, or another name for a type.
#[derive(Clone, Debug, Default)]
pub struct Type {
    pub name: SmolStr,
    pub line: u32,
    pub fields: Vec<Slot>,
    /// What it embeds, extends, implements or renames, as written.
    pub supers: Vec<SmolStr>,
    /// What an interface asks for.
    pub methods: Vec<Function>,
}

/// A field or parameter.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    pub name: SmolStr,
    /// As written; empty if not stated.
    pub ty: SmolStr,
    /// What it is called in JSON, where the code says so.
    pub json: SmolStr,
    pub line: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Function {
    /// The type that it is a member of; empty if none.
    pub owner: SmolStr,
    /// What the receiver is called.
    pub receiver: SmolStr,
    /// Empty for closures.
    pub name: SmolStr,
    pub params: Vec<Slot>,
    /// Types of the results; named results have a name.
    pub results: Vec<Slot>,
    pub body: Vec<Step>,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub enum Step {
    /// Names are given values: one each, or the results of one call. `each` for loops over the elements of a value.
    Bind {
        names: Vec<(SmolStr, u32)>,
        /// As written; empty if not stated.
        ty: SmolStr,
        values: Vec<Expr>,
        each: bool,
    },
    Do(Expr),
    Return(Vec<Expr>),
    /// Names that are bound within hold only there.
    Scope(Vec<Step>),
}

#[derive(Clone, Debug)]
pub struct Expr {
    /// The line of the name that it ends with.
    pub line: u32,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Name(SmolStr),
    Member(Box<Expr>, SmolStr),
    Call(Box<Expr>, Vec<Argument>),
    /// `T{a: 1}`, `new T(…)`, `{ a: 1 }`: the type is empty if it is not said here.
    Make {
        ty: SmolStr,
        entries: Vec<Entry>,
        items: Vec<Expr>,
    },
    /// A cast or an assertion.
    As(Box<Expr>, SmolStr),
    /// An element of a collection.
    Item(Box<Expr>, Box<Expr>),
    Closure(Box<Function>),
    /// A type as a value: `new(T)`, `T.class`.
    Type(SmolStr),
    Text(SmolStr),
    Any(Vec<Expr>),
}

#[derive(Clone, Debug)]
pub struct Argument {
    pub name: SmolStr,
    /// The line of the name.
    pub line: u32,
    pub value: Expr,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: SmolStr,
    pub line: u32,
    pub value: Expr,
}

impl Outline {
    /// The outline of what is no code of its own: a template.
    pub fn empty() -> Self {
        Outline {
            lang: Lang::Script,
            package: SmolStr::default(),
            imports: Vec::new(),
            types: Vec::new(),
            functions: Vec::new(),
            top: Vec::new(),
            mentions: Vec::new(),
            generated: false,
        }
    }
}

/// The outline of a file of code; `None` for other files.
pub fn outline(path: &str, text: &str) -> Option<Outline> {
    let lang = lang::of_path(path)?;
    let mut out = match lang {
        Lang::Go => golang::outline(text),
        Lang::Java
        | Lang::Kotlin
        | Lang::Scala
        | Lang::CSharp
        | Lang::Python
        | Lang::Script
        | Lang::Rust
        | Lang::Ruby
        | Lang::Php
        | Lang::Elixir
        | Lang::Cpp => {
            let mut sink = Sink::default();
            let mut unit = lang::lower(lang, text, &mut sink);
            lang::name_default(&mut unit, path);
            lowered::outline(unit)
        }
    };
    out.generated = generated(path, text);
    Some(out)
}

/// Whether a tool wrote this from a contract, as its header or its name says.
fn generated(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let named = ["_pb2.py", "_pb2_grpc.py", "_pb2.pyi", ".pb.go", "_pb.js", "_pb.d.ts", "_pb.rb", ".pb.h", ".pb.cc"];
    if named.iter().any(|end| name.ends_with(end)) {
        return true;
    }
    let says = |line: &str| {
        let line = line.to_lowercase();
        (line.contains("generated")
            && (line.contains("do not edit") || line.contains("protoc") || line.contains("by the")))
            || line.contains("@generated")
    };
    text.lines().take(12).filter(|l| l.len() < 300).any(says)
}
