//! Settings that scripts read as members of something: groups of configuration, validated environments.

use super::{Code, library};
use crate::code::ir::Expr;
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
