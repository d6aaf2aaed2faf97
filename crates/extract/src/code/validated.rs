//! The environment that a script checks against a schema when it starts: each key of the schema is read, whether or not anything
//! names it later.
//!
//! Idea: the libraries agree on one shape, an object whose keys are names of variables and whose values say what is asked of
//! them. A key has a default, may stay away, or must be there: zod and valibot ask for all that they do not call optional, Joi
//! and yup for none that they do not call required.

use super::Code;
use crate::code::ir::{Call, Expr, ExprKind};
use crate::lang::Lang;
use seam_facts::{SmolStr, Span, Value};

/// One variable of a schema: what stands in for it, where it may stay away.
pub(super) struct Checked {
    pub key: SmolStr,
    pub default: Option<Value>,
    pub function: usize,
    pub at: Span,
}

/// What a library asks of a key that says nothing of being needed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Silence {
    Needed,
    Spare,
}

const MAX_STEPS: usize = 8;

/// Every variable that a schema over the environment names.
pub(super) fn checked(code: &Code<'_>) -> Vec<Checked> {
    let mut out = Vec::new();
    if code.unit.lang != Lang::Script {
        return out;
    }
    for site in code.calls() {
        let at = site.function;
        let given = |a: &Expr| is_environment(code, a, at);
        let over = site.call.args.iter().any(|a| given(&a.value));
        match site.call.name() {
            // `schema.parse(process.env)`, `Joi.validate(process.env, schema)`, `v.parse(schema, process.env)`.
            "parse" | "safeParse" | "parseAsync" | "safeParseAsync" | "validate" | "validateSync" | "validateAsync"
            | "cast" | "attempt" | "assert" | "check" | "create" | "decode"
                if over =>
            {
                let others = site.call.args.iter().map(|a| &a.value).filter(|a| !given(a));
                for schema in site.call.receiver().into_iter().chain(others) {
                    keys(code, schema, at, &mut out);
                }
            }
            // envalid: `cleanEnv(process.env, { PORT: port() })`.
            "cleanEnv" | "customCleanEnv" if over => {
                if let Some(schema) = site.call.arg(1) {
                    object(code, schema, at, Silence::Needed, &mut out);
                }
            }
            // `createEnv({ server: { … }, client: { … }, runtimeEnv: process.env })`.
            "createEnv" => {
                let Some(options) = site.call.arg(0).map(|a| code.resolved(a, at)) else { continue };
                for part in ["server", "client", "shared"] {
                    if let Some(schema) = options.0.key(part) {
                        object(code, schema, options.1, Silence::Needed, &mut out);
                    }
                }
            }
            // Nest: `ConfigModule.forRoot({ validationSchema })`.
            "forRoot" | "forRootAsync" => {
                let Some(options) = site.call.arg(0).map(|a| code.resolved(a, at)) else { continue };
                if let Some(schema) = options.0.key("validationSchema") {
                    keys(code, schema, options.1, &mut out);
                }
            }
            // `envSchema({ schema })`, `fastify.register(fastifyEnv, { schema })`.
            "envSchema" => json(code, site.call.arg(0), at, &mut out),
            "register" => {
                let env = site.call.arg(0).map(|plugin| code.origin(plugin, at));
                if env.is_some_and(|name| name.to_ascii_lowercase().contains("env")) {
                    json(code, site.call.arg(1), at, &mut out);
                }
            }
            // `convict({ port: { env: 'PORT', default: 3000 } })`.
            "convict" => {
                if let Some(schema) = site.call.arg(0) {
                    convict(code, schema, at, MAX_STEPS, &mut out);
                }
            }
            _ => {}
        }
    }
    out
}

/// `process.env`, or a copy of it.
fn is_environment(code: &Code<'_>, expr: &Expr, function: usize) -> bool {
    let is = |e: &Expr| matches!(code.origin(e, function).as_str(), "process.env" | "node:process#env" | "process#env");
    let spread =
        |e: &Expr| matches!(&e.kind, ExprKind::Object(entries) if entries.iter().any(|(k, v)| k == "..." && is(v)));
    is(expr) || spread(expr)
}

/// The keys of a schema as its library makes it: `z.object({ … }).strict()`, `Joi.object().keys({ … })`.
fn keys(code: &Code<'_>, schema: &Expr, function: usize, out: &mut Vec<Checked>) {
    let (mut expr, mut at) = code.resolved(schema, function);
    for _ in 0..MAX_STEPS {
        let Some(call) = expr.as_call() else { return };
        if matches!(call.name(), "object" | "keys" | "shape" | "strictObject" | "looseObject" | "append" | "extend") {
            if let Some(fields) = call.arg(0) {
                object(code, fields, at, silence(code, call, at), out);
            }
            if call.name() != "keys" && call.name() != "append" && call.name() != "extend" && call.name() != "shape" {
                return;
            }
        }
        let Some(on) = call.receiver() else { return };
        (expr, at) = code.resolved(on, at);
    }
}

/// What the library of a schema says of a key without a word.
fn silence(code: &Code<'_>, call: &Call, function: usize) -> Silence {
    let callee = code.callee(call, function).to_ascii_lowercase();
    if callee.starts_with("joi") || callee.contains("/joi#") || callee.starts_with("yup") {
        Silence::Spare
    } else {
        Silence::Needed
    }
}

fn object(code: &Code<'_>, fields: &Expr, function: usize, silence: Silence, out: &mut Vec<Checked>) {
    let (fields, function) = code.resolved(fields, function);
    let ExprKind::Object(entries) = &fields.kind else { return };
    for (key, value) in entries {
        if key == "..." {
            object(code, value, function, silence, out);
        } else if is_variable(key) {
            let default = spare(code, value, function, silence);
            out.push(Checked { key: key.clone(), default, function, at: value.span });
        }
    }
}

/// What stands in for a variable that is not there.
fn spare(code: &Code<'_>, value: &Expr, function: usize, silence: Silence) -> Option<Value> {
    let absent = || Value::opaque("undefined");
    let (mut expr, mut at) = (value, function);
    let mut needed = silence == Silence::Needed;
    for _ in 0..16 {
        let (resolved, function) = code.resolved(expr, at);
        let Some(call) = resolved.as_call() else { break };
        match call.name() {
            "default" | "catch" | "prefault" | "fallback" => {
                let value = call.args.last().map(|a| code.value(&a.value, function));
                return Some(value.unwrap_or_else(absent));
            }
            "optional" | "nullish" | "notRequired" | "exactOptional" | "any" | "unknown" => return Some(absent()),
            "required" | "defined" => needed = true,
            _ => {}
        }
        // `port({ default: 3000 })`, and what wraps another: `v.optional(v.string(), '3000')`, `z.preprocess(f, z.string())`.
        let options = call.args.iter().find_map(|a| {
            let of = ["default", "devDefault"];
            let (options, at) = code.resolved(&a.value, function);
            of.iter().find_map(|key| Some(code.value(options.key(key)?, at)))
        });
        if let Some(value) = options {
            return Some(value);
        }
        let Some(on) = call.receiver() else { break };
        (expr, at) = (on, function);
    }
    (!needed).then(absent)
}

/// A JSON schema: its properties, and which of them are required.
fn json(code: &Code<'_>, options: Option<&Expr>, function: usize, out: &mut Vec<Checked>) {
    let Some((options, at)) = options.map(|o| code.resolved(o, function)) else { return };
    let Some((schema, at)) = options.key("schema").map(|s| code.resolved(s, at)) else { return };
    let Some((properties, inner)) = schema.key("properties").map(|p| code.resolved(p, at)) else { return };
    let required: Vec<SmolStr> = match schema.key("required").map(|r| &code.resolved(r, at).0.kind) {
        Some(ExprKind::List(names)) => names.iter().filter_map(|n| n.as_str().cloned()).collect(),
        _ => Vec::new(),
    };
    let ExprKind::Object(entries) = &properties.kind else { return };
    for (key, value) in entries.iter().filter(|(k, _)| is_variable(k)) {
        let (field, of) = code.resolved(value, inner);
        let default = field.key("default").map(|d| code.value(d, of));
        let default = default.or_else(|| (!required.contains(key)).then(|| Value::opaque("undefined")));
        out.push(Checked { key: key.clone(), default, function: inner, at: value.span });
    }
}

fn convict(code: &Code<'_>, fields: &Expr, function: usize, depth: usize, out: &mut Vec<Checked>) {
    let (fields, function) = code.resolved(fields, function);
    let ExprKind::Object(entries) = &fields.kind else { return };
    if let Some(key) = fields.key("env").and_then(|e| code.value(e, function).as_text()).filter(|k| is_variable(k)) {
        let default = fields.key("default").map(|d| match &d.kind {
            ExprKind::Null => Value::opaque("null"),
            _ => code.value(d, function),
        });
        out.push(Checked { key, default: default.or_else(|| Some(Value::opaque("null"))), function, at: fields.span });
        return;
    }
    for (_, value) in entries.iter().filter(|_| depth > 0) {
        convict(code, value, function, depth - 1, out);
    }
}

/// A name as variables have it.
fn is_variable(key: &str) -> bool {
    key.len() > 1
        && key.starts_with(|c: char| c.is_ascii_uppercase())
        && key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
