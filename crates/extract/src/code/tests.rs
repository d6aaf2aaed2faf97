//! Tests by name, with what they mention: which test speaks for which code. See `tests.md`.
//!
//! Invariant: a test is what the test framework of its language would run; a helper beside it is none.

use super::Code;
use super::ir::{Expr, ExprKind, Function, walk_stmts};
use crate::lang::{Lang, plain_type};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, SmolStr, Test, format_smolstr};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor =
    Extractor { id: "tests", version: 1, page: include_str!("tests.md"), reads: Reads::Code { langs: &[], extract } };

/// More names than this say nothing about one test.
const MAX_COVERS: usize = 40;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        if is_test(code, function) {
            let test = Test { name: function.symbol(), covers: covers(code, index) };
            sink.stated(Claim::Test(test), function.span);
        }
    }
    described(code, sink);
}

fn is_test(code: &Code<'_>, function: &Function) -> bool {
    let marked = |names: &[&str]| function.annotations.iter().any(|a| names.contains(&a.simple()));
    let name = function.name.as_str();
    match code.unit.lang {
        Lang::Java | Lang::Kotlin | Lang::Scala => {
            marked(&["Test", "ParameterizedTest", "RepeatedTest", "TestFactory"])
        }
        Lang::CSharp => marked(&["Fact", "Theory", "Test", "TestCase", "TestMethod", "DataTestMethod"]),
        Lang::Python => name.starts_with("test_") && test_file(code.path, &["test_"], &["_test.py", "tests.py"]),
        Lang::Go => {
            name.starts_with("Test") && function.params.len() == 1 && function.params[0].ty.contains("testing.T")
        }
        Lang::Php => marked(&["Test"]) || name.starts_with("test") && function.owner.ends_with("Test"),
        Lang::Ruby => name.starts_with("test_") && function.owner.ends_with("Test"),
        Lang::Script | Lang::Elixir | Lang::Rust | Lang::Cpp => false,
    }
}

fn test_file(path: &str, starts: &[&str], ends: &[&str]) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    starts.iter().any(|s| name.starts_with(s)) || ends.iter().any(|e| name.ends_with(e))
}

/// `it("…", () => …)`, `test "…" do`: a call with a text and a closure.
fn described(code: &Code<'_>, sink: &mut Sink) {
    let words: &[&str] = match code.unit.lang {
        Lang::Script => &["it", "test"],
        Lang::Scala => &["test", "it"],
        Lang::Ruby => &["it", "specify", "scenario"],
        Lang::Elixir => &["test"],
        Lang::Java | Lang::Kotlin | Lang::CSharp | Lang::Python | Lang::Go | Lang::Rust | Lang::Php | Lang::Cpp => {
            return;
        }
    };
    for site in code.calls_named(words) {
        let call = site.call;
        if call.receiver().is_some() {
            continue;
        }
        let closure = call.args.iter().find_map(|a| match a.value.kind {
            ExprKind::Lambda(index) => Some(index),
            _ => None,
        });
        if let (Some(name), Some(closure)) = (call.arg(0).and_then(Expr::as_str), closure) {
            sink.stated(Claim::Test(Test { name: name.clone(), covers: covers(code, closure) }), site.span());
        }
    }
}

/// Functions that are called, types that are named and paths that are requested, closures included.
fn covers(code: &Code<'_>, test: usize) -> Vec<SmolStr> {
    let mut out = BTreeSet::new();
    for (index, function) in code.unit.functions.iter().enumerate() {
        if index == test || inside(code, index, test) {
            walk_stmts(&function.body, &mut |expr| out.extend(mentioned(expr)));
        }
    }
    out.into_iter().take(MAX_COVERS).collect()
}

fn inside(code: &Code<'_>, mut function: usize, test: usize) -> bool {
    while let Some(parent) = code.unit.functions[function].parent {
        if parent == test {
            return true;
        }
        function = parent;
    }
    false
}

fn mentioned(expr: &Expr) -> Option<SmolStr> {
    match &expr.kind {
        ExprKind::Call(call) if call.new => call.callee.path().map(|p| plain_type(p.rsplit('.').next().unwrap_or(&p))),
        ExprKind::Call(call) => Some(call.name().into()).filter(|n: &SmolStr| n.len() > 2),
        ExprKind::Name(name) if name.starts_with(char::is_uppercase) => Some(name.clone()),
        ExprKind::Str(text) if text.len() > 1 && text.starts_with('/') && !text.contains(char::is_whitespace) => {
            Some(format_smolstr!("{text}"))
        }
        _ => None,
    }
}
