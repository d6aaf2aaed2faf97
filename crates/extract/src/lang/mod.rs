//! Languages: which file is which, and the lowering of each grammar's tree to [`crate::code::ir`].
//!
//! A lowering keeps what value following and technologies need and drops the rest. It never fails: an error node is
//! walked like any other. Depth is bounded by [`Lower::MAX_DEPTH`], so hostile nesting cannot exhaust the stack.

mod lower;

mod cpp;
mod csharp;
mod elixir;
mod golang;
mod java;
mod kotlin;
mod php;
mod python;
mod ruby;
mod rust;
mod scala;
mod script;

use crate::Sink;
use crate::code::ir::Unit;
use lower::Lower;
use seam_facts::{Problem, ProblemKind, Span};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    Java,
    Kotlin,
    Scala,
    CSharp,
    Python,
    /// JavaScript and TypeScript alike.
    Script,
    Go,
    Rust,
    Ruby,
    Php,
    Elixir,
    Cpp,
}

/// The language of a file, by its extension.
pub fn of_path(path: &str) -> Option<Lang> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "java" => Lang::Java,
        "kt" | "kts" => Lang::Kotlin,
        "scala" | "sc" => Lang::Scala,
        "cs" => Lang::CSharp,
        "py" => Lang::Python,
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "vue" | "svelte" => Lang::Script,
        "go" => Lang::Go,
        "rs" => Lang::Rust,
        "rb" | "ru" => Lang::Ruby,
        "php" => Lang::Php,
        "ex" | "exs" => Lang::Elixir,
        "cc" | "cpp" | "cxx" | "h" | "hpp" | "hh" => Lang::Cpp,
        _ => return None,
    })
}

/// Parses and lowers one file.
pub fn lower(lang: Lang, text: &str, sink: &mut Sink) -> Unit {
    let (grammar, lowering): (tree_sitter::Language, fn(&mut Lower<'_>, tree_sitter::Node<'_>)) = match lang {
        Lang::Java => (tree_sitter_java::LANGUAGE.into(), java::lower),
        Lang::Kotlin => (tree_sitter_kotlin_ng::LANGUAGE.into(), kotlin::lower),
        Lang::Scala => (tree_sitter_scala::LANGUAGE.into(), scala::lower),
        Lang::CSharp => (tree_sitter_c_sharp::LANGUAGE.into(), csharp::lower),
        Lang::Python => (tree_sitter_python::LANGUAGE.into(), python::lower),
        // One grammar reads plain and typed scripts, with and without JSX; type assertions in angle brackets are rare.
        Lang::Script => (tree_sitter_typescript::LANGUAGE_TSX.into(), script::lower),
        Lang::Go => (tree_sitter_go::LANGUAGE.into(), golang::lower),
        Lang::Rust => (tree_sitter_rust::LANGUAGE.into(), rust::lower),
        Lang::Ruby => (tree_sitter_ruby::LANGUAGE.into(), ruby::lower),
        Lang::Php => (tree_sitter_php::LANGUAGE_PHP.into(), php::lower),
        Lang::Elixir => (tree_sitter_elixir::LANGUAGE.into(), elixir::lower),
        Lang::Cpp => (tree_sitter_cpp::LANGUAGE.into(), cpp::lower),
    };
    let mut parser = tree_sitter::Parser::new();
    if parser.set_language(&grammar).is_err() {
        sink.problem(Problem::new(ProblemKind::Unsupported, "the grammar does not fit this build", None));
        return Lower::new(lang, text).finish();
    }
    let mut lower = Lower::new(lang, text);
    let mut tree = parser.parse(text, None);
    // What breaks as JSX may be a type assertion in angle brackets.
    if lang == Lang::Script
        && tree.as_ref().is_some_and(|t| t.root_node().has_error())
        && parser.set_language(&tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into()).is_ok()
        && let Some(plain) = parser.parse(text, None)
        && !plain.root_node().has_error()
    {
        tree = Some(plain);
    }
    if let Some(tree) = tree {
        if tree.root_node().has_error() {
            sink.problem(broken(tree.root_node()));
        }
        lowering(&mut lower, tree.root_node());
    }
    if lower.too_deep() {
        sink.problem(Problem::new(ProblemKind::Limit, "nesting beyond the limit was not read", None));
    }
    lower.finish()
}

/// What is told of a tree that has errors, at the first of them: the file may be broken, or newer than the grammar.
pub(crate) fn broken(root: tree_sitter::Node<'_>) -> Problem {
    let mut at = root;
    while !at.is_error() && !at.is_missing() {
        let mut cursor = at.walk();
        let Some(next) = at.children(&mut cursor).find(|c| c.has_error() || c.is_missing()) else { break };
        at = next;
    }
    let start = at.start_position();
    let place = Span::at(start.row as u32 + 1, start.column as u32 + 1);
    Problem::new(ProblemKind::Syntax, "not understood from here; the rest was read", Some(place))
}

/// Functions and types that are a script's only export, without a name of their own, are called after the file, as
/// those who import them mostly call them: `make-client.js` gives `makeClient`.
pub fn name_default(unit: &mut Unit, path: &str) {
    if unit.lang != Lang::Script {
        return;
    }
    let name = default_name(path);
    for function in &mut unit.functions {
        if function.name == "exports" {
            function.name = name.clone();
        }
        if function.owner == "exports" {
            function.owner = name.clone();
        }
    }
    for ty in unit.types.iter_mut().filter(|t| t.name == "exports") {
        ty.name = name.clone();
    }
}

/// A file's name (its folder's for `index`) in camel case.
pub(crate) fn default_name(path: &str) -> seam_facts::SmolStr {
    let mut parts = path.rsplit('/');
    let mut stem = parts.next().unwrap_or("").split('.').next().unwrap_or("");
    if stem == "index" {
        stem = parts.next().unwrap_or(stem);
    }
    let mut out = String::with_capacity(stem.len());
    let mut upper = false;
    for c in stem.chars() {
        match c {
            '-' | '_' | '.' => upper = !out.is_empty(),
            c if upper => {
                out.extend(c.to_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    if out.is_empty() { "exports".into() } else { out.into() }
}

pub(crate) use lower::plain_type;

impl Lang {
    /// Whether a bare name may be a member of the enclosing type.
    pub fn implicit_this(self) -> bool {
        matches!(self, Lang::Java | Lang::Kotlin | Lang::Scala | Lang::CSharp | Lang::Cpp)
    }
}
