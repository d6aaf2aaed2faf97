//! Values that Python libraries give: settings classes, readers of the environment, the configuration of applications.

use super::Code;
use crate::code::ir::{Call, Expr, ExprKind, Field, Type};
use crate::lang::Lang;
use seam_facts::{SmolStr, Value, format_smolstr};

/// Base classes whose fields are filled from the environment.
const SETTINGS: &[&str] = &["BaseSettings", "pydantic.BaseSettings", "pydantic_settings.BaseSettings", "AppSettings"];

/// Objects that read the environment when called or asked by method (`env("X")`, `env.str("X")`).
const READERS: &[&str] =
    &["environ#Env", "environs#Env", "environ#FileAwareEnv", "starlette.config#Config", "decouple#config"];

/// Objects that stand for an address, with the keyword that gives it: a channel is worth what it dials.
const ADDRESSED: &[(&str, &str)] = &[
    ("grpc#insecure_channel", "target"),
    ("grpc#secure_channel", "target"),
    ("grpc#aio.insecure_channel", "target"),
    ("grpc#aio.secure_channel", "target"),
    ("grpc.aio#insecure_channel", "target"),
    ("grpc.aio#secure_channel", "target"),
    ("grpc#intercept_channel", "channel"),
    ("urllib.request#Request", "url"),
    ("urllib#request.Request", "url"),
    ("pika#URLParameters", "url"),
    ("pika#ConnectionParameters", "host"),
    ("pika#connection.ConnectionParameters", "host"),
    ("pika#connection.URLParameters", "url"),
    ("httpx#Timeout", "timeout"),
    ("aiohttp#ClientTimeout", "total"),
    ("furl#furl", "url"),
];

/// A call of a reader of settings: `env.str("URL", default="…")`, `dj_database_url.config()`, `app.config.get("KEY")`.
pub(super) fn called(code: &Code<'_>, call: &Call, callee: &str, function: usize, steps: usize) -> Option<Value> {
    if code.unit.lang != Lang::Python {
        return None;
    }
    let eval = |expr: &Expr| code.eval(expr, function, steps);
    if let Some((_, name)) = ADDRESSED.iter().find(|(maker, _)| *maker == callee) {
        return Some(eval(call.arg_or(name, 0)?));
    }
    if call.new {
        return None;
    }
    let default = || call.named("default").or_else(|| call.arg(1)).filter(|e| known(e)).map(eval);
    if let Some(method) = READERS.iter().find_map(|r| callee.strip_prefix(r)) {
        if matches!(method, ".read_env" | ".read_envfile" | ".prefixed") {
            return None;
        }
        return Some(super::library::keyed(true, eval(call.arg(0)?), default()));
    }
    match callee {
        // Nameko's settings, from its configuration file.
        "nameko#config.get" => Some(super::library::keyed(false, eval(call.arg(0)?), default())),
        "dj_database_url#config" => Some(match call.named("env").or_else(|| call.arg(0)) {
            Some(key) => super::library::keyed(true, eval(key), call.named("default").map(eval)),
            None => Value::env("DATABASE_URL", call.named("default").map(eval)),
        }),
        "dj_database_url#parse" | "sqlalchemy.engine.url#make_url" | "sqlalchemy.engine#make_url" => {
            Some(eval(call.arg(0)?))
        }
        _ if callee.ends_with("config.get") && application(code, call.receiver()?, function) => {
            let key = eval(call.arg(0)?).as_text()?;
            Some(setting(code, &key, default(), steps))
        }
        _ => None,
    }
}

fn known(expr: &Expr) -> bool {
    !matches!(expr.kind, ExprKind::Null | ExprKind::Lambda(_))
}

/// `app.config["KEY"]`.
pub(super) fn indexed(code: &Code<'_>, base: &Expr, key: &Value, function: usize, steps: usize) -> Option<Value> {
    if code.unit.lang != Lang::Python {
        return None;
    }
    if code.origin(base, function) == "nameko#config" {
        return Some(super::library::keyed(false, key.clone(), None));
    }
    if !application(code, base, function) {
        return None;
    }
    Some(setting(code, &key.as_text()?, None, steps))
}

/// Whether this is the configuration object of a web application.
fn application(code: &Code<'_>, base: &Expr, function: usize) -> bool {
    let ExprKind::Member(owner, member) = &base.kind else {
        return code.origin(base, function).ends_with("app.config");
    };
    if member != "config" {
        return false;
    }
    let origin = code.origin(owner, function);
    let last = origin.trim_end_matches("()").rsplit(['#', '.']).next().unwrap_or("").to_ascii_lowercase();
    last.ends_with("app") || matches!(last.as_str(), "flask" | "quart" | "sanic" | "application" | "eve")
}

/// What this file puts under the key, or a reference to whatever file does: in code, or as a field of a class of settings.
fn setting(code: &Code<'_>, key: &str, default: Option<Value>, steps: usize) -> Value {
    // `app.config["KEY"] = f(app.config["KEY"])` adds nothing.
    let itself = |value: &Expr| {
        let mut found = false;
        value.walk(&mut |e| found |= e.as_str().is_some_and(|s| s == key));
        found
    };
    let bindings: Vec<_> =
        code.settings.get(key).into_iter().flatten().filter(|b| steps > 0 && !itself(b.value)).copied().collect();
    let found = match bindings.is_empty() {
        false => code.eval_bindings(&bindings, key, false, steps.saturating_sub(1)),
        true => Value::either([
            Value::reference(format_smolstr!("app.config.{key}")),
            Value::reference(format_smolstr!("Config.{key}")),
        ]),
    };
    match default {
        Some(default) => Value::either([found, default]),
        None => found,
    }
}

/// A field of a settings class: the environment variable of its name, with the class's prefix.
pub(super) fn bound(code: &Code<'_>, ty: &Type, field: &Field, steps: usize) -> Option<Value> {
    if code.unit.lang != Lang::Python || field.name == "model_config" {
        return None;
    }
    if !settings_class(code, ty, 4) {
        return None;
    }
    let prefix = prefix(code, ty).unwrap_or_default();
    let declared = field.init.as_ref().and_then(Expr::as_call).filter(|c| c.name() == "Field");
    let default = match declared {
        Some(call) => call.arg_or("default", 0).filter(|e| known(e)),
        None => field.init.as_ref().filter(|e| known(e)),
    };
    // A default may be made of other settings, and those of this one.
    let default = default.map(|e| code.eval(e, 0, steps.saturating_sub(1)));
    let named = declared.and_then(|c| ["env", "alias", "validation_alias"].iter().find_map(|n| c.named(n)));
    let name: SmolStr = match named {
        Some(Expr { kind: ExprKind::Str(name), .. }) => name.clone(),
        // `AliasChoices("A", "B")` and lists: the first is as good as any.
        Some(other) => {
            let mut first = None;
            other.walk(&mut |e| {
                if first.is_none() {
                    first = e.as_str().cloned();
                }
            });
            first?
        }
        None => format_smolstr!("{prefix}{}", field.name).to_uppercase().into(),
    };
    Some(Value::env(name, default))
}

fn settings_class(code: &Code<'_>, ty: &Type, steps: usize) -> bool {
    ty.supers.iter().any(|s| {
        let simple = s.rsplit('.').next().unwrap_or(s);
        SETTINGS.contains(&simple)
            || steps > 0
                && code.type_named(simple).is_some_and(|t| t.name != ty.name && settings_class(code, t, steps - 1))
    })
}

/// `env_prefix` of `model_config` or of the inner class `Config` that stands within the class.
fn prefix(code: &Code<'_>, ty: &Type) -> Option<SmolStr> {
    let model = ty.fields.iter().find(|f| f.name == "model_config").and_then(|f| f.init.as_ref());
    if let Some(model) = model {
        let stated = model.key("env_prefix").or_else(|| model.as_call()?.named("env_prefix"));
        return stated?.as_str().cloned();
    }
    let inner = code
        .unit
        .types
        .iter()
        .find(|t| t.name == "Config" && t.span.line > ty.span.line && t.span.end_line <= ty.span.end_line)?;
    inner.fields.iter().find(|f| f.name == "env_prefix")?.init.as_ref()?.as_str().cloned()
}
