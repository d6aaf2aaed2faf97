//! Scala's libraries as values: addresses that operators put together, configuration in its several clothings, and classes
//! that configuration fills.
//!
//! Invariant: a class is filled from configuration only if its name says so or this file loads it; where the prefix is not
//! known, only a key that ends alike and is the only one counts.

use super::Code;
use super::ir::{Call, Expr, ExprKind, Field, Type};
use super::library::{kebab, keyed};
use crate::lang::{Lang, plain_type};
use seam_facts::{Part, SmolStr, Value};

/// Members without parentheses that give back what they are called on, as far as text goes.
pub(super) const TRANSPARENT: &[&str] = &[
    "asJava",
    "asScala",
    "toSet",
    "toList",
    "toSeq",
    "toVector",
    "get",
    "value",
    "r",
    "toInt",
    "toLong",
    "toString",
    "trim",
    "stripMargin",
    "toUri",
    "renderString",
    "toOption",
    "head",
    "toLowerCase",
    "some",
    "pure",
    "toArray",
    "withoutTrailingSlash",
    "loadOrThrow",
    "toURL",
    "secret",
];

pub(super) fn called(code: &Code<'_>, call: &Call, callee: &str, function: usize, steps: usize) -> Option<Value> {
    let eval = |expr: &Expr| code.eval(expr, function, steps);
    let name = call.name();
    if let Some(receiver) = call.receiver() {
        match name {
            // `base / "orders" / id`; numbers are divided elsewhere.
            "/" => return Some(joined(eval(receiver), eval(call.arg(0)?))),
            "addPath" | "addSegment" | "withPath" | "withWholePath" | "resolve" | "addPathSegment" => {
                let parts = call.args.iter().map(|a| eval(path_of(&a.value)));
                return Some(parts.fold(eval(receiver), joined));
            }
            // What follows the path, and what changes nothing of an address.
            "+?"
            | "+*?"
            | "+??"
            | "=?"
            | "withQueryParam"
            | "withQueryParams"
            | "withOptionQueryParam"
            | "addParam"
            | "addParams"
            | "withQuery"
            | "setQueryParams"
            | "withParams"
            | "addQueryParam"
            | "addQueryParams"
            | "withScheme"
            | "asInstanceOf"
            | "ensuring"
            | "tap"
            | "option" => {
                return Some(eval(receiver));
            }
            // `env("URL").or(prop("url"))` and `.default("x")` of Ciris, `.withDefault` of ZIO Config.
            "default" | "withDefault" if call.args.len() == 1 => {
                return Some(super::library::or_default(eval(receiver), eval(call.arg(0)?)));
            }
            "as" | "or" if callee.starts_with("env()") => return Some(eval(receiver)),
            _ => {}
        }
    }
    // Ciris: `env("ORDERS_URL").as[String]`.
    if callee == "env" && code.imports("ciris") {
        return Some(keyed(true, eval(call.arg(0)?), None));
    }
    if callee == "prop" && code.imports("ciris") {
        return Some(keyed(true, eval(call.arg(0)?), None));
    }
    if callee == "System.env" && code.imports("zio") || callee == "System.envOrElse" {
        return Some(keyed(true, eval(call.arg(0)?), call.arg(1).map(eval)));
    }
    // Play's and Ficus's `config.get[String]("a.b")`, `getOptional`, `as`.
    let reads = matches!(
        name,
        "get"
            | "getOptional"
            | "as"
            | "getAs"
            | "getString"
            | "getInt"
            | "getNumber"
            | "getStringList"
            | "getStringSeq"
    );
    if reads && call.args.len() == 1 && (!call.type_args.is_empty() || name.len() > 3) {
        let on = call.receiver()?;
        let called =
            on.path().unwrap_or_default().to_ascii_lowercase() + &code.origin(on, function).to_ascii_lowercase();
        if ["config", "conf", "settings"].iter().any(|w| called.contains(w)) {
            let key = eval(call.arg(0)?);
            // `config.getConfig("a")` before it puts a part of the key before it.
            let part = match code.resolved(on, function) {
                (Expr { kind: ExprKind::Call(part), .. }, at) if matches!(part.name(), "getConfig" | "get") => {
                    part.arg(0).map(|a| code.eval(a, at, steps)).and_then(|v| v.as_text())
                }
                _ => None,
            };
            let key = match part {
                Some(part) => Value::text(part).then(".".into()).then(key),
                None => key,
            };
            return Some(keyed(false, key, None));
        }
    }
    None
}

/// `Path("/x")` and `Uri.Path("/x")` are the text.
fn path_of(expr: &Expr) -> &Expr {
    match expr.as_call() {
        Some(call) if matches!(call.name(), "Path" | "unsafeFromString" | "decode" | "apply") => {
            call.arg(0).unwrap_or(expr)
        }
        _ => expr,
    }
}

fn joined(base: Value, path: Value) -> Value {
    let ends = matches!(base.parts.last(), Some(Part::Text(t)) if t.ends_with('/'));
    let starts = matches!(path.parts.first(), Some(Part::Text(t)) if t.starts_with('/'));
    match (ends, starts) {
        (false, false) => base.then("/".into()).then(path),
        (true, true) => match path.as_text() {
            Some(text) => base.then(Value::text(text.trim_start_matches('/'))),
            None => base.then(path),
        },
        _ => base.then(path),
    }
}

/// A field of a class that configuration fills: `ConfigSource.default.at("orders").loadOrThrow[OrdersConfig]`, or a class
/// that is called a configuration.
pub(super) fn bound(code: &Code<'_>, ty: &Type, field: &Field) -> Option<Value> {
    if code.unit.lang != Lang::Scala || field.init.is_some() {
        return None;
    }
    let prefix = prefix(code, &ty.name, 4)?;
    let name = kebab(&field.name);
    Some(match prefix {
        Prefix::Known(prefix) if prefix.is_empty() => Value::config(name, None),
        Prefix::Known(prefix) => Value::config(format!("{prefix}.{name}"), None),
        Prefix::Ends(prefix) if prefix.is_empty() => keyed(false, Value::text(format!("*.{name}")), None),
        Prefix::Ends(prefix) => keyed(false, Value::text(format!("*.{prefix}.{name}")), None),
    })
}

enum Prefix {
    Known(SmolStr),
    /// What stands before it is not known.
    Ends(SmolStr),
}

fn prefix(code: &Code<'_>, ty: &str, steps: usize) -> Option<Prefix> {
    const LOADERS: &[&str] = &[
        "loadOrThrow",
        "load",
        "loadF",
        "loadConfig",
        "loadConfigOrThrow",
        "loadConfigFromFiles",
        "as",
        "derive",
        "get",
    ];
    if steps == 0 {
        return None;
    }
    for site in code.calls_named(LOADERS) {
        if !site.call.type_args.iter().any(|t| plain_type(t) == ty || t.contains(&format!("{ty}>"))) {
            continue;
        }
        let said = site.call.arg(0).map(|a| code.value(a, site.function)).and_then(|v| v.as_text());
        let mut at = said.filter(|_| site.call.name() != "derive");
        let mut on = site.call.receiver();
        while let Some(call) = on.and_then(Expr::as_call) {
            if matches!(call.name(), "at" | "getConfig") {
                at = at.or_else(|| call.arg(0).map(|a| code.value(a, site.function)).and_then(|v| v.as_text()));
            }
            on = call.receiver();
        }
        return Some(Prefix::Known(at.unwrap_or_default()));
    }
    // A part of another class that configuration fills.
    for outer in code.unit.types.iter().filter(|t| t.name != ty) {
        let Some(field) = outer.fields.iter().find(|f| plain_type(&f.ty) == ty && f.init.is_none()) else { continue };
        let name = kebab(&field.name);
        return Some(match prefix(code, &outer.name, steps - 1)? {
            Prefix::Known(p) if p.is_empty() => Prefix::Known(name.into()),
            Prefix::Known(p) => Prefix::Known(format!("{p}.{name}").into()),
            Prefix::Ends(p) if p.is_empty() => Prefix::Ends(name.into()),
            Prefix::Ends(p) => Prefix::Ends(format!("{p}.{name}").into()),
        });
    }
    let named = ["Config", "Conf", "Settings", "Configuration", "Cfg"].iter().any(|w| ty.ends_with(w));
    let data = code.type_named(ty).is_some_and(|t| t.supers.is_empty() && !t.interface && !t.fields.is_empty());
    (named && data).then(|| Prefix::Ends(SmolStr::default()))
}
