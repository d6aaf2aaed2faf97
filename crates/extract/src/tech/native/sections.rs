//! Structures that a configuration document is read into, in Go and Rust: below which key a nested one stands. See
//! `sections.md`.

use crate::code::ir::{Field, Type};
use crate::code::rust_settings::prefixes;
use crate::code::{Code, config_tag};
use crate::lang::{Lang, plain_type};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Constant, ENVIRONMENT_PREFIX, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "config-sections",
    version: 2,
    page: include_str!("sections.md"),
    reads: Reads::Code { langs: &[Lang::Go, Lang::Rust], extract },
};

const MAX_DEPTH: usize = 5;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for (prefix, at) in prefixes(code).into_iter().filter(|_| code.unit.lang == Lang::Rust) {
        let constant = Constant { symbol: ENVIRONMENT_PREFIX.into(), value: Value::text(prefix) };
        sink.stated(Claim::Constant(constant), at);
    }
    if code.unit.lang == Lang::Rust && !code.calls_named(&["try_deserialize", "extract", "deserialize"]).is_empty() {
        whole(code, sink);
    }
    for ty in &code.unit.types {
        for field in &ty.fields {
            let Some(key) = key(code, ty, field) else { continue };
            let nested = plain_type(&field.ty).replace("::", ".");
            let name = nested.rsplit('.').next().unwrap_or(&nested);
            if !structure(code, name) {
                continue;
            }
            let path = format_smolstr!("{}{key}", prefix(code, &ty.name, MAX_DEPTH));
            // The type, where it is known whose field is read; the field's name, where it is not.
            for symbol in [name, field.name.as_str()] {
                let symbol = format_smolstr!("{symbol}.<section>");
                let constant = Constant { symbol, value: Value::text(path.clone()) };
                sink.stated(Claim::Constant(constant), field.span);
            }
        }
    }
}

/// The structure that a whole document is read into: its fields stand at the root.
fn whole(code: &Code<'_>, sink: &mut Sink) {
    let held = |name: &str| {
        let fields = code.unit.types.iter().flat_map(|t| &t.fields);
        fields.map(|f| plain_type(&f.ty)).any(|ty| ty.rsplit("::").next() == Some(name))
    };
    for ty in code.unit.types.iter().filter(|t| about(&t.name) && !t.fields.is_empty() && !held(&t.name)) {
        let constant = Constant { symbol: format_smolstr!("{}.<section>", ty.name), value: Value::text("") };
        sink.stated(Claim::Constant(constant), ty.span);
    }
}

/// The key that a field is read from, when its type is filled from configuration.
fn key(code: &Code<'_>, ty: &Type, field: &Field) -> Option<SmolStr> {
    match code.unit.lang {
        Lang::Go => config_tag(code, ty, field).filter(|k| !k.is_empty()),
        _ => {
            let renamed = field.annotations.iter().find(|a| a.name == "serde");
            let renamed = renamed.and_then(|a| a.args.iter().find(|x| x.name.as_deref() == Some("rename")));
            let renamed = renamed.and_then(|x| x.value.as_str().cloned());
            about(&ty.name).then(|| renamed.unwrap_or_else(|| field.name.clone()))
        }
    }
}

fn about(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["config", "settings", "options"].iter().any(|w| lower.contains(w))
}

/// Whether a type has keys of its own: it is defined here with fields, or it is foreign and named as one.
fn structure(code: &Code<'_>, name: &str) -> bool {
    match code.type_named(name) {
        Some(ty) => !ty.fields.is_empty(),
        None => about(name),
    }
}

/// The keys above a type in this file, each with a dot.
fn prefix(code: &Code<'_>, name: &str, depth: usize) -> SmolStr {
    if depth == 0 {
        return SmolStr::default();
    }
    for ty in code.unit.types.iter().filter(|t| t.name != name) {
        for field in &ty.fields {
            let plain = plain_type(&field.ty).replace("::", ".");
            if plain == name
                && let Some(key) = key(code, ty, field)
            {
                return format_smolstr!("{}{key}.", prefix(code, &ty.name, depth - 1));
            }
        }
    }
    SmolStr::default()
}
