//! C++'s standard library and JSON configuration, as far as values go.

use super::Code;
use crate::code::ir::{Call, Expr, ExprKind};
use crate::lang::Lang;
use seam_facts::{Hole, SmolStr, Value, format_smolstr};

/// Functions and types that only pass their first argument on.
const SAME: &[&str] = &[
    "std.to_string",
    "to_string",
    "std.string",
    "string",
    "std.move",
    "std.ref",
    "std.stoi",
    "stoi",
    "atoi",
    "grpc.CreateChannel",
    "CreateChannel",
    "grpc.CreateCustomChannel",
    "cpr.Url",
    "mongocxx.uri",
    "AMQP.Address",
    "std.string_view",
];

pub(super) fn called(code: &Code<'_>, call: &Call, callee: &str, function: usize, steps: usize) -> Option<Value> {
    let eval = |e: &Expr| code.eval(e, function, steps);
    if SAME.contains(&callee) {
        return Some(eval(&call.args.first()?.value));
    }
    // `X::NewStub(channel)`: a stub's value is its channel's address.
    if call.name() == "NewStub" {
        return Some(eval(&call.args.first()?.value));
    }
    // nlohmann: `config.at("a").get<std::string>()`, `config.value("a", "default")`.
    if let Some(receiver) = call.receiver() {
        match (call.name(), call.args.len()) {
            ("get" | "asString" | "as_string" | "GetString" | "str" | "data", 0) => return Some(eval(receiver)),
            ("at", 1) => return indexed(code, receiver, &eval(&call.args[0].value), function),
            ("value", 2) => {
                let found = indexed(code, receiver, &eval(&call.args[0].value), function)?;
                return Some(match found.as_hole() {
                    Some(Hole::Config { key, default: None }) => {
                        Value::config(key.clone(), Some(eval(&call.args[1].value)))
                    }
                    _ => found,
                });
            }
            _ => {}
        }
    }
    None
}

/// `config["service"]["addr"]`: a key of a configuration document.
pub(super) fn indexed(code: &Code<'_>, base: &Expr, key: &Value, function: usize) -> Option<Value> {
    let mut keys = vec![key.clone()];
    let mut on = base;
    for _ in 0..8 {
        match &on.kind {
            ExprKind::Index(inner, index) => {
                keys.push(code.value(index, function));
                on = inner;
            }
            ExprKind::Call(call) if call.name() == "at" && call.args.len() == 1 => {
                keys.push(code.value(&call.args[0].value, function));
                on = call.receiver()?;
            }
            _ => break,
        }
    }
    if !is_json(code, on, function) {
        return None;
    }
    keys.reverse();
    let path = keys.into_iter().reduce(|path, key| path.then(".".into()).then(key))?;
    Some(match path.as_text() {
        Some(text) => Value::config(text, None),
        None => Value::hole(Hole::Result { callee: "<config>".into(), args: vec![path] }),
    })
}

fn is_json(code: &Code<'_>, expr: &Expr, function: usize) -> bool {
    let ty = type_text(code, expr, function);
    ty.to_ascii_lowercase().contains("json") || ty.contains("ptree") || ty.contains("YAML::Node")
}

/// The type of a variable, parameter or field, as written; empty if it is not declared here.
pub(crate) fn type_text(code: &Code<'_>, expr: &Expr, function: usize) -> SmolStr {
    let name = match &expr.kind {
        ExprKind::Name(name) => name,
        ExprKind::Member(base, name) if matches!(&base.kind, ExprKind::Name(n) if n == "this") => name,
        _ => return SmolStr::default(),
    };
    let mut scope = Some(function);
    while let Some(index) = scope {
        let f = code.function(index);
        if let Some(ty) = code.declared(name, index) {
            return ty;
        }
        if let Some(param) = f.params.iter().find(|p| p.name == *name) {
            return param.ty.clone();
        }
        scope = f.parent;
    }
    let owner = code.function(function).owner.as_str();
    if let Some(field) = code.type_named(owner).and_then(|t| t.fields.iter().find(|f| f.name == *name)) {
        return field.ty.clone();
    }
    code.declared(name, 0).unwrap_or_default()
}

/// What stands before `suffix` in the innermost template argument or scope of a type: `ClientPool<ThriftClient<UserClient>>`
/// gives `User` for `Client`.
pub(crate) fn named_in(ty: &str, suffix: &str) -> Option<SmolStr> {
    let words = ty.split(|c: char| !c.is_alphanumeric() && c != '_');
    let found = words.filter_map(|w| w.strip_suffix(suffix)).rfind(|w| !w.is_empty())?;
    Some(format_smolstr!("{found}"))
}

/// Whether a call is of a function that no workspace defines.
pub(super) fn foreign(lang: Lang, callee: &str) -> bool {
    lang == Lang::Cpp && (callee.starts_with("std.") || callee.starts_with("LOG") || callee.starts_with("boost."))
}
