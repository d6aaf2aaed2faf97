//! Configuration bound to types, as far as nesting goes. See `config.md`.
//!
//! Fields of a bound type are read with the type itself; here its nested types get their longer keys, and chains of getters
//! get values, because a chain names only the type that it starts at.

use super::read::{JVM, find, functions_of, text, type_args};
use crate::code::Code;
use crate::code::ir::{Annotation, Field, Type};
use crate::code::kebab;
use crate::lang::plain_type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Constant, Hole, Return, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-config",
    version: 1,
    page: include_str!("config.md"),
    reads: Reads::Code { langs: JVM, extract },
};

const DEPTH: usize = 5;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        let bound =
            find(&ty.annotations, &["ConfigurationProperties", "ConfigMapping", "ConfigProperties", "EachProperty"]);
        if let Some(a) = bound {
            let prefix = prefix(code, a, &ty.name);
            if ty.interface {
                mapping(code, ty, &prefix, &ty.name, DEPTH, sink);
            } else {
                nested(code, ty, &prefix, &ty.name, &ty.name, DEPTH, sink);
            }
        }
    }
    // `@Bean @ConfigurationProperties("a.b") Endpoints endpoints()` binds what the method returns.
    for function in &code.unit.functions {
        if let Some(a) = find(&function.annotations, &["ConfigurationProperties"])
            && let Some(ty) = code.type_named(&plain_type(&function.returns))
        {
            let prefix = prefix(code, a, &function.owner);
            fields(code, ty, &prefix, sink);
        }
    }
}

fn prefix(code: &Code<'_>, a: &Annotation, owner: &str) -> SmolStr {
    text(code, a, &["prefix", "value"], owner).and_then(|v| v.as_text()).unwrap_or_default()
}

fn key(prefix: &str, name: &str) -> SmolStr {
    if prefix.is_empty() { kebab(name).into() } else { format_smolstr!("{prefix}.{}", kebab(name)) }
}

/// A type that stands in the same file and is neither an enum nor bound by itself.
fn inner<'a>(code: &Code<'a>, written: &str) -> Option<&'a Type> {
    let plain = plain_type(written);
    let simple = plain.rsplit('.').next().unwrap_or(&plain);
    code.type_named(simple).filter(|t| find(&t.annotations, &["ConfigurationProperties", "ConfigMapping"]).is_none())
}

fn fields(code: &Code<'_>, ty: &Type, prefix: &str, sink: &mut Sink) {
    for field in &ty.fields {
        let default =
            field.init.as_ref().map(|i| code.value(i, code.scope_of(&ty.name))).filter(|v| v.as_text().is_some());
        constant(
            format_smolstr!("{}.{}", ty.name, field.name),
            Value::config(key(prefix, &field.name), default),
            field.span,
            sink,
        );
    }
}

fn constant(symbol: SmolStr, value: Value, at: Span, sink: &mut Sink) {
    sink.stated(Claim::Constant(Constant { symbol, value }), at);
}

/// Nested types of a bound class: `Props.services` is a `Services`, whose `catalog` is `prefix.services.catalog`.
/// `getters` and `members` are how a chain from the bound type is written.
fn nested(code: &Code<'_>, ty: &Type, prefix: &str, getters: &str, members: &str, depth: usize, sink: &mut Sink) {
    if depth == 0 {
        return;
    }
    for field in &ty.fields {
        entries(code, ty, field, prefix, sink);
        let Some(inner) = inner(code, &field.ty).filter(|t| t.name != ty.name) else {
            continue;
        };
        // Constants of an enumeration are no settings.
        if inner.fields.is_empty() {
            continue;
        }
        let below = key(prefix, &field.name);
        fields(code, inner, &below, sink);
        let getter = format_smolstr!("{getters}.{}()", getter(&field.name));
        let accessor = format_smolstr!("{getters}.{}()", field.name);
        let member = format_smolstr!("{members}.{}", field.name);
        for leaf in &inner.fields {
            let value = Value::config(key(&below, &leaf.name), None);
            let gives = |function: SmolStr, sink: &mut Sink| {
                sink.stated(Claim::Return(Return { function, value: value.clone() }), leaf.span);
            };
            gives(format_smolstr!("{getter}.{}", self::getter(&leaf.name)), sink);
            gives(format_smolstr!("{accessor}.{}", leaf.name), sink);
            constant(format_smolstr!("{member}.{}", leaf.name), value.clone(), leaf.span, sink);
        }
        nested(code, inner, &below, &getter, &member, depth - 1, sink);
    }
}

/// The entries of a list or a map of a nested type: `endpoints` of `List<Endpoint>` gives `Endpoint.location` one of
/// `prefix.endpoints[*].location`.
fn entries(code: &Code<'_>, ty: &Type, field: &Field, prefix: &str, sink: &mut Sink) {
    let (one, any) = match (plain_type(&field.ty).as_str(), type_args(&field.ty).as_slice()) {
        ("List" | "Set" | "Collection" | "MutableList" | "ArrayList", [one]) => (one.clone(), "[*]"),
        ("Map" | "HashMap" | "MutableMap" | "LinkedHashMap", [_, one]) => {
            if matches!(one.as_str(), "String" | "URI" | "URL") {
                looked_up(ty, field, prefix, sink);
            }
            (one.clone(), ".*")
        }
        _ => match field.ty.strip_suffix("[]") {
            Some(one) => (one.into(), "[*]"),
            None => return,
        },
    };
    if let Some(inner) = inner(code, &one).filter(|t| t.name != ty.name && !t.fields.is_empty()) {
        fields(code, inner, &format_smolstr!("{}{any}", key(prefix, &field.name)), sink);
    }
}

/// A map of texts: `props.getUrls().get("orders")` is the key `prefix.urls.orders`.
fn looked_up(ty: &Type, field: &Field, prefix: &str, sink: &mut Sink) {
    for getter in [getter(&field.name), field.name.to_string()] {
        for chain in [format_smolstr!("{}.{getter}().get", ty.name), format_smolstr!("{}.{getter}.get", ty.name)] {
            let entry = Hole::Param { function: chain.clone(), index: 0, name: "key".into() };
            let name = Value::text(format_smolstr!("{}.", key(prefix, &field.name))).then(Value::hole(entry));
            let value = Value::hole(Hole::Result { callee: "<config>".into(), args: vec![name] });
            sink.stated(Claim::Return(Return { function: chain, value }), field.span);
        }
    }
}

fn getter(name: &str) -> String {
    let mut out = name.to_string();
    if let Some(first) = out.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    format!("get{out}")
}

/// Interfaces that configuration implements (`@ConfigMapping`, Micronaut's): each method is a key.
fn mapping(code: &Code<'_>, ty: &Type, prefix: &str, chain: &str, depth: usize, sink: &mut Sink) {
    if depth == 0 {
        return;
    }
    for (_, function) in functions_of(code, ty) {
        if function.name.starts_with('<') || !function.params.is_empty() {
            continue;
        }
        let named =
            find(&function.annotations, &["WithName"]).and_then(|a| text(code, a, &["value"], &ty.name)?.as_text());
        let default = find(&function.annotations, &["WithDefault", "Bindable"])
            .and_then(|a| text(code, a, &["value", "defaultValue"], &ty.name));
        let property =
            function.name.strip_prefix("get").filter(|_| ty.annotations.iter().any(|a| a.simple() != "ConfigMapping"));
        let below = match named {
            Some(name) => format_smolstr!("{prefix}.{name}"),
            None => key(prefix, &small(property.unwrap_or(&function.name))),
        };
        match inner(code, &function.returns).filter(|t| t.interface && t.name != ty.name) {
            Some(group) => {
                mapping(code, group, &below, &format_smolstr!("{chain}.{}()", function.name), depth - 1, sink);
                mapping(code, group, &below, &group.name, depth - 1, sink);
            }
            None => {
                let function_symbol = format_smolstr!("{chain}.{}", function.name);
                let value = Value::config(below, default);
                sink.stated(Claim::Return(Return { function: function_symbol, value }), function.span);
            }
        }
    }
}

fn small(name: &str) -> String {
    let mut out = name.to_string();
    if let Some(first) = out.get_mut(0..1) {
        first.make_ascii_lowercase();
    }
    out
}
