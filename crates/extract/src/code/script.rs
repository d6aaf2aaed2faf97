//! Settings that scripts read as members of something: groups of configuration, validated environments.

use super::{Code, library};
use crate::code::ir::{Expr, ExprKind, Stmt, returned};
use seam_facts::{Hole, Value, format_smolstr};

/// `base.member`, where `base` stands for configuration or the environment; `origin` is its canonical name.
pub(super) fn member(code: &Code<'_>, base: &Expr, member: &str, origin: &str, function: usize) -> Option<Value> {
    // A group of settings that was read as a whole: `config.get('db').host`.
    let (made, at) = code.resolved(base, function);
    if let Some(call) = made.as_call()
        && let Some(value) = library::called(code, call, at, 4)
        && let Some(Hole::Config { key, default: None }) = value.as_hole()
    {
        return Some(Value::config(format_smolstr!("{key}.{member}"), None));
    }
    // `config.db.host` of the package `config`.
    if let Some(group) = origin.strip_prefix("config#") {
        let key = if group.is_empty() { member.into() } else { format_smolstr!("{group}.{member}") };
        let read = !matches!(member, "get" | "has" | "util") && !group.contains('(');
        return read.then(|| Value::config(key, None));
    }
    // A field that a class keeps the environment in: `this.env.PORT` after `this.env = process.env`.
    if library::is_upper(member) && keeps_environment(code, base, function) {
        return Some(Value::env(member, None));
    }
    // The same of what a validation gives beside its error: `const { value } = schema.validate(process.env)`.
    if library::is_upper(member)
        && let ExprKind::Member(result, part) = &made.kind
        && matches!(part.as_str(), "value" | "data")
        && over_environment(code, code.resolved(result, at), 3)
    {
        return Some(Value::env(member, None));
    }
    // The environment after validation: `cleanEnv(process.env, …).PORT`, `schema.parse(process.env).PORT`.
    (origin.ends_with("()") && library::is_upper(member) && over_environment(code, (made, at), 3))
        .then(|| Value::env(member, None))
}

/// Whether an expression is a call over `process.env`.
fn over_environment(code: &Code<'_>, (expr, function): (&Expr, usize), depth: usize) -> bool {
    let Some(call) = expr.as_call().filter(|_| depth > 0) else {
        return false;
    };
    call.args.iter().any(|a| matches!(code.origin(&a.value, function).as_str(), "process.env" | "node:process#env"))
        || call.receiver().is_some_and(|r| over_environment(code, (r, function), depth - 1))
}

/// Whether an expression is a field of this object that is only ever given the environment, or what is made of it.
fn keeps_environment(code: &Code<'_>, base: &Expr, function: usize) -> bool {
    let ExprKind::Member(on, field) = &base.kind else { return false };
    let owner = &code.outermost(function).owner;
    if !matches!(&on.kind, ExprKind::Name(n) if n == "this") || owner.is_empty() {
        return false;
    }
    let mut given = Vec::new();
    for (index, of) in code.unit.functions.iter().enumerate().filter(|(_, f)| f.owner == *owner) {
        assigned(&of.body, field, &mut |value| given.push((index, value)));
    }
    !given.is_empty() && given.into_iter().all(|(index, value)| is_environment(code, value, index, 3))
}

fn assigned<'s>(stmts: &'s [Stmt], field: &str, visit: &mut dyn FnMut(&'s Expr)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, .. } => {
                if let ExprKind::Member(on, name) = &target.kind
                    && matches!(&on.kind, ExprKind::Name(n) if n == "this")
                    && name == field
                {
                    visit(value);
                }
            }
            Stmt::Block { body, .. } => assigned(body, field, visit),
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// The environment, what a call makes of it, or what a method of the same object returns as such.
fn is_environment(code: &Code<'_>, expr: &Expr, function: usize, depth: usize) -> bool {
    if matches!(code.origin(expr, function).as_str(), "process.env" | "node:process#env") {
        return true;
    }
    let (made, at) = code.resolved(expr, function);
    if over_environment(code, (made, at), depth) {
        return true;
    }
    let Some(call) = made.as_call().filter(|_| depth > 0) else { return false };
    let own = call.receiver().is_some_and(|r| matches!(&r.kind, ExprKind::Name(n) if n == "this"));
    let owner = &code.outermost(at).owner;
    let mut methods =
        code.unit.functions.iter().enumerate().filter(|(_, f)| f.name == call.name() && f.owner == *owner);
    let Some((index, method)) = methods.next().filter(|_| own && !owner.is_empty()) else { return false };
    let returns = returned(&method.body);
    !returns.is_empty() && returns.into_iter().all(|value| is_environment(code, value, index, depth - 1))
}
