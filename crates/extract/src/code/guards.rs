//! Parts of a program that the environment switches on: `if enabled("ORDERS") { … }`, `if os.getenv("ROLE") == "worker":`.
//!
//! Invariant: only a condition that is one setting, asked for by itself or compared with a literal; what is negated, or joined
//! with something else, guards nothing.

use super::Code;
use super::flow::mention;
use super::ir::{BlockKind, Expr, ExprKind, Stmt, walk_stmts};
use seam_facts::{Guard, Hole, SmolStr, Span, Value, format_smolstr};
use std::collections::BTreeSet;

/// A guard in the making: what it asks, and what it guards.
type Found<'a> = (Value, Option<SmolStr>, &'a [Stmt]);

pub(super) fn guards(code: &Code<'_>) -> Vec<Guard> {
    let mut out = Vec::new();
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut found: Vec<Found<'_>> = Vec::new();
        let mut outside: BTreeSet<SmolStr> = BTreeSet::new();
        look(code, index, &function.body, &mut found, &mut outside);
        for (key, equals, body) in found {
            let mut names: BTreeSet<SmolStr> = BTreeSet::new();
            walk_stmts(body, &mut |expr| {
                mention(expr, &mut names);
                // A closure that is made here runs from here.
                if let ExprKind::Lambda(inner) = expr.kind {
                    walk_stmts(&code.unit.functions[inner].body, &mut |expr| mention(expr, &mut names));
                }
            });
            let Some(lines) = lines(body) else { continue };
            let names = names.into_iter().filter(|n| !n.is_empty() && !outside.contains(n)).collect();
            out.push(Guard { key, equals, within: code.within(index), lines, names });
        }
    }
    out
}

fn look<'a>(
    code: &Code<'_>,
    function: usize,
    stmts: &'a [Stmt],
    found: &mut Vec<Found<'a>>,
    outside: &mut BTreeSet<SmolStr>,
) {
    for stmt in stmts {
        let Stmt::Block { kind, head, body, .. } = stmt else {
            walk_stmts(std::slice::from_ref(stmt), &mut |expr| mention(expr, outside));
            continue;
        };
        if let Some(head) = head {
            head.walk(&mut |expr| mention(expr, outside));
        }
        match head.as_ref().filter(|_| *kind == BlockKind::Branch).and_then(|head| asked(code, head, function)) {
            Some((key, equals)) => found.push((key, equals, body)),
            None => look(code, function, body, found, outside),
        }
    }
}

/// The setting that a condition asks for, and what it must be.
fn asked(code: &Code<'_>, head: &Expr, function: usize) -> Option<(Value, Option<SmolStr>)> {
    match &head.kind {
        ExprKind::Call(call) if matches!(call.name(), "equals" | "equalsIgnoreCase") => {
            let (one, other) = (call.receiver()?, call.arg(0)?);
            equal(code, one, other, function).or_else(|| equal(code, other, one, function))
        }
        ExprKind::Call(call) => {
            let value = code.value(head, function);
            if let Some(key) = setting(&value) {
                return Some((key, None));
            }
            // A function of the program's own that is told which variable to look at.
            let [only] = call.args.as_slice() else { return None };
            let name = only.value.as_str().filter(|n| is_variable(n))?;
            Some((Value::env(name.clone(), None), None))
        }
        ExprKind::Name(_) | ExprKind::Member(..) | ExprKind::Index(..) => {
            Some((setting(&code.value(head, function))?, None))
        }
        ExprKind::Other(parts) => {
            let [one, other] = parts.as_slice() else { return None };
            equal(code, one, other, function).or_else(|| equal(code, other, one, function))
        }
        _ => None,
    }
}

fn equal(code: &Code<'_>, asked: &Expr, wanted: &Expr, function: usize) -> Option<(Value, Option<SmolStr>)> {
    let wanted = match &wanted.kind {
        ExprKind::Str(text) | ExprKind::Num(text) if !text.is_empty() => text.clone(),
        ExprKind::Bool(yes) => format_smolstr!("{yes}"),
        _ => return None,
    };
    Some((setting(&code.value(asked, function))?, Some(wanted)))
}

/// A value that is one setting.
fn setting(value: &Value) -> Option<Value> {
    matches!(value.as_hole(), Some(Hole::Env { .. } | Hole::Config { .. })).then(|| value.clone())
}

/// `ORDERS_ENABLED`: how variables of the environment are written.
fn is_variable(name: &str) -> bool {
    name.contains('_')
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn lines(body: &[Stmt]) -> Option<(u32, u32)> {
    let span = |stmt: &Stmt| -> Span {
        match stmt {
            Stmt::Assign { span, .. } | Stmt::Block { span, .. } => *span,
            Stmt::Expr(expr) | Stmt::Return(expr) => expr.span,
            Stmt::Leave(_, span) => *span,
        }
    };
    let first = body.iter().map(|s| span(s).line).min()?;
    Some((first, body.iter().map(|s| span(s).end_line).max()?))
}
