//! Literals that code hands to a function by a variable: `client.reserve(lines)`, where `lines` is a literal or a list that literals are
//! added to. What the function does with it is for linking to know.
//!
//! Invariant: the variable has one value in its function, and everything that is added to it has the same keys.

use super::bodies::literal;
use super::ir::{Expr, ExprKind, walk_stmts};
use super::{Code, Site};
use crate::Sink;
use crate::lang::Lang;
use seam_facts::{Body, BodyOf, Claim, ShapeField, SmolStr};

/// Names that many things have, or that hand nothing on.
const PLAIN: [&str; 12] = [
    "append",
    "push",
    "dumps",
    "stringify",
    "print",
    "format",
    "join",
    "extend",
    "update",
    "assign",
    "error",
    "render",
];

pub(super) fn extract(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let name = site.call.name();
    if !matches!(code.unit.lang, Lang::Script | Lang::Python)
        || name.len() < 5
        || PLAIN.contains(&name)
        || site.call.new
    {
        return;
    }
    for arg in &site.call.args {
        let ExprKind::Name(variable) = &arg.value.kind else { continue };
        let Some(fields) = held(code, variable, site.function).filter(|f| f.len() > 1) else { continue };
        let body =
            Body { of: BodyOf::Handed, ty: name.into(), fields, open: false, within: code.within(site.function) };
        sink.stated(Claim::Body(body), site.span());
    }
}

/// The keys of what a variable holds.
fn held(code: &Code<'_>, variable: &str, function: usize) -> Option<Vec<ShapeField>> {
    let [only] = code.bindings(variable, function)? else { return None };
    let of = |expr: &Expr| match &expr.kind {
        ExprKind::Object(entries) => literal(entries).filter(|(_, _, open)| !open).map(|(_, fields, _)| fields),
        _ => None,
    };
    match &only.value.kind {
        ExprKind::Object(_) => of(only.value),
        ExprKind::List(items) if !items.is_empty() => one(items.iter().map(of)),
        ExprKind::List(_) => added(code, variable, only.function).and_then(|all| one(all.into_iter().map(of))),
        ExprKind::Call(call) if call.name() == "list" && call.args.is_empty() => {
            added(code, variable, only.function).and_then(|all| one(all.into_iter().map(of)))
        }
        _ => None,
    }
}

/// The keys that all of them have.
fn one(all: impl Iterator<Item = Option<Vec<ShapeField>>>) -> Option<Vec<ShapeField>> {
    let mut known: Option<Vec<ShapeField>> = None;
    for fields in all {
        let fields = fields?;
        let names = |f: &[ShapeField]| f.iter().map(|f| f.name.clone()).collect::<Vec<SmolStr>>();
        match &known {
            Some(before) if names(before) != names(&fields) => return None,
            Some(_) => {}
            None => known = Some(fields),
        }
    }
    known
}

/// What is added to a list within its function; nothing where it is handed on in another way as well.
fn added<'c>(code: &'c Code<'_>, variable: &str, function: usize) -> Option<Vec<&'c Expr>> {
    let mut out = Vec::new();
    let mut plain = true;
    walk_stmts(&code.function(function).body, &mut |expr| {
        let ExprKind::Call(call) = &expr.kind else { return };
        let on = call.receiver().is_some_and(|r| matches!(&r.kind, ExprKind::Name(n) if n == variable));
        if on {
            match call.name() {
                "append" | "push" => out.extend(call.arg(0)),
                "extend" | "concat" | "insert" | "unshift" => plain = false,
                _ => {}
            }
        }
    });
    plain.then_some(out)
}
