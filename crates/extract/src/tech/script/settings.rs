//! Configuration that scripts define in code and read by key elsewhere: Nest's configuration factories and services
//! that keep a map of settings. See `settings.md`.

use crate::code::Code;
use crate::code::ir::{Expr, ExprKind, Stmt};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Hole, Setting, SettingScope, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-config",
    version: 1,
    page: include_str!("settings.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

/// Depth of nested groups that are read.
const MAX_DEPTH: usize = 6;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    registered(code, sink);
    factories(code, sink);
    services(code, sink);
}

/// `registerAs('redis', () => ({ host }))`: the keys of the object below the name.
fn registered(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["registerAs"]) {
        let (Some(name), Some(factory)) = (site.call.arg(0), site.call.arg(1)) else {
            continue;
        };
        let name = match code.value(name, site.function).as_text() {
            Some(name) => name,
            None => continue,
        };
        if let Some((object, at)) = super::options::returned(code, factory, site.function) {
            let (object, at) = code.resolved(object, at);
            group(code, &name, object, at, sink, MAX_DEPTH);
        }
    }
}

/// `export default () => ({ … })` with settings of the environment in it, as `ConfigModule.forRoot({ load })` takes it.
fn factories(code: &Code<'_>, sink: &mut Sink) {
    for stmt in &code.unit.functions[0].body {
        let Stmt::Assign { target, value, .. } = stmt else {
            continue;
        };
        let exported = matches!(target.path().as_deref(), Some("exports" | "module.exports"));
        let (factory, at) = code.resolved(value, 0);
        let ExprKind::Lambda(index) = factory.kind else {
            continue;
        };
        if !exported || !code.function(index).params.is_empty() {
            continue;
        }
        let Some((object, at)) = super::options::returned(code, factory, at) else {
            continue;
        };
        let (object, at) = code.resolved(object, at);
        let mut environment = false;
        object.walk(&mut |e| {
            if matches!(e.kind, ExprKind::Member(..) | ExprKind::Index(..) | ExprKind::Call(_)) {
                environment |= matches!(code.value(e, at).as_hole(), Some(Hole::Env { .. }));
            }
        });
        if environment {
            group(code, "", object, at, sink, MAX_DEPTH);
        }
    }
}

/// A class that keeps settings in a field and gives them out by key: `get(key) { return this.settings[key]; }`.
fn services(code: &Code<'_>, sink: &mut Sink) {
    let mut maps: Vec<(SmolStr, SmolStr)> = Vec::new();
    for function in &code.unit.functions {
        let Some(param) = function.params.first().filter(|_| function.name == "get") else {
            continue;
        };
        for stmt in &function.body {
            let Stmt::Return(result) = stmt else { continue };
            if let ExprKind::Index(base, key) = &result.kind
                && matches!(&key.kind, ExprKind::Name(n) if *n == param.name)
                && let ExprKind::Member(this, field) = &base.kind
                && matches!(&this.kind, ExprKind::Name(n) if n == "this")
            {
                maps.push((function.owner.clone(), field.clone()));
            }
        }
    }
    for (owner, field) in maps {
        for (index, function) in code.unit.functions.iter().enumerate().filter(|(_, f)| f.owner == owner) {
            for stmt in &function.body {
                let Stmt::Assign { target, value, span, .. } = stmt else {
                    continue;
                };
                let Some(path) = target.path() else { continue };
                let Some(rest) = path.strip_prefix("this.").and_then(|p| p.strip_prefix(field.as_str())) else {
                    continue;
                };
                match rest.strip_prefix('.') {
                    Some(key) => entry(code, key, value, index, *span, sink, MAX_DEPTH),
                    None if rest.is_empty() => group(code, "", value, index, sink, MAX_DEPTH),
                    None => {}
                }
            }
        }
        let init = code.type_named(&owner).and_then(|t| t.fields.iter().find(|f| f.name == field));
        if let Some(init) = init.and_then(|f| f.init.as_ref()) {
            group(code, "", init, 0, sink, MAX_DEPTH);
        }
    }
}

fn group(code: &Code<'_>, prefix: &str, object: &Expr, function: usize, sink: &mut Sink, depth: usize) {
    let ExprKind::Object(entries) = &object.kind else {
        return;
    };
    for (key, value) in entries.iter().filter(|(k, _)| k != "...") {
        let key = if prefix.is_empty() { key.clone() } else { format_smolstr!("{prefix}.{key}") };
        entry(code, &key, value, function, value.span, sink, depth);
    }
}

fn entry(code: &Code<'_>, key: &str, value: &Expr, function: usize, at: Span, sink: &mut Sink, depth: usize) {
    let (resolved, resolved_at) = code.resolved(value, function);
    if matches!(resolved.kind, ExprKind::Object(_)) {
        if depth > 0 {
            group(code, key, resolved, resolved_at, sink, depth - 1);
        }
        return;
    }
    let value: Value = code.value(value, function);
    if value.is_empty() || matches!(value.as_hole(), Some(Hole::Opaque(_))) || secret(key, &value) {
        return;
    }
    let setting = Setting { scope: SettingScope::App, key: key.into(), value, profile: None };
    sink.stated(Claim::Setting(setting), at);
}

/// A literal under a key that looks like a secret's is not repeated.
fn secret(key: &str, value: &Value) -> bool {
    let key = key.to_ascii_lowercase();
    value.as_text().is_some() && ["password", "secret", "token", "apikey"].iter().any(|w| key.ends_with(w))
}
