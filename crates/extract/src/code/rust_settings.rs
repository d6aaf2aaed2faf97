//! Fields of Rust structures that a library fills: clap's arguments, what envy reads, documents of config and figment.
//!
//! Invariant: a structure that this file fills by hand is left to what fills it.

use super::Code;
use crate::code::ir::{Expr, ExprKind, Field, Type};
use crate::lang::Lang;
use seam_facts::{Hole, SmolStr, Value, format_smolstr};

pub(super) fn bound(code: &Code<'_>, ty: &Type, field: &Field) -> Option<Value> {
    if code.unit.lang != Lang::Rust || code.fields.contains_key(&(ty.name.as_str(), field.name.as_str())) {
        return None;
    }
    if let Some(argument) = field.annotations.iter().find(|a| matches!(a.simple(), "arg" | "clap" | "structopt")) {
        let default = ["default_value", "default_value_t"]
            .iter()
            .find_map(|n| argument.args.iter().find(|a| a.name.as_deref() == Some(n)))
            .map(|a| code.value(&a.value, 0));
        let env = argument.args.iter().find(|a| a.name.as_deref() == Some("env"))?;
        let name = env.value.as_str().cloned().unwrap_or_else(|| upper(&field.name));
        return Some(Value::env(name, default));
    }
    let prefix = envy(code, ty)?;
    let renamed = field.annotations.iter().filter(|a| a.simple() == "serde").flat_map(|a| &a.args);
    let renamed = renamed.filter(|a| a.name.as_deref() == Some("rename")).find_map(|a| a.value.as_str());
    // `#[serde(default = "function")]` of this file.
    let serde = field.annotations.iter().filter(|a| a.simple() == "serde").flat_map(|a| &a.args);
    let function = serde.filter(|a| a.name.as_deref() == Some("default")).find_map(|a| a.value.as_str());
    let default = function.map(|f| Value::hole(Hole::Result { callee: f.clone(), args: Vec::new() }));
    Some(Value::env(upper(&format!("{prefix}{}", renamed.unwrap_or(&field.name))), default))
}

/// The prefix under which envy reads a structure: `envy::prefixed("APP_").from_env::<Settings>()`.
fn envy(code: &Code<'_>, ty: &Type) -> Option<SmolStr> {
    code.calls_named(&["from_env"]).into_iter().find_map(|site| {
        let callee = code.callee(site.call, site.function).replace(['#', ':'], ".");
        if !callee.starts_with("envy.") {
            return None;
        }
        let within = code.function(site.function);
        let wanted = site.call.type_args.iter().chain([&within.owner]).chain([&within.returns]);
        let meant = wanted.clone().any(|t| mentions(t, &ty.name))
            || !wanted.clone().any(|t| code.unit.types.iter().any(|o| mentions(t, &o.name)))
                && ["config", "settings"].iter().any(|w| ty.name.to_ascii_lowercase().contains(w));
        let prefix = site.call.receiver().and_then(Expr::as_call).filter(|c| c.name() == "prefixed");
        let prefix = prefix.and_then(|c| c.arg(0)).and_then(|e| code.value(e, site.function).as_text());
        meant.then(|| prefix.unwrap_or_default())
    })
}

fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == name)
}

fn upper(name: &str) -> SmolStr {
    name.to_ascii_uppercase().replace('-', "_").into()
}

/// What stands before the keys in the environment, where a document's reader lets the environment override it:
/// `config::Environment::with_prefix("APP")`, figment's `Env::prefixed("APP_")`.
pub(crate) fn prefixes(code: &Code<'_>) -> Vec<(SmolStr, seam_facts::Span)> {
    let sites = code.calls_named(&["with_prefix", "prefixed"]).into_iter();
    sites
        .filter(|site| {
            let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
            matches!(on.rsplit('.').next(), Some("Environment" | "Env"))
        })
        .filter_map(|site| {
            let argument = site.call.arg(0)?;
            let text = match &argument.kind {
                ExprKind::Str(text) => text.clone(),
                _ => code.value(argument, site.function).as_text()?,
            };
            Some((format_smolstr!("{text}"), site.span()))
        })
        .collect()
}
