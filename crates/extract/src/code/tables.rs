//! Tables of addresses: base addresses by name, of which a key that only the request knows picks one.
//!
//! Invariant: every entry is an address, so that a mapping of anything else stays what cannot be followed.

use super::Code;
use crate::code::ir::{Call, Expr, ExprKind};
use seam_facts::{Hole, Part, SmolStr, Value};

/// Entries that are followed.
const MAX_ENTRIES: usize = 40;

/// `TABLE.get(key)`: the entry, or any of them.
pub(super) fn called(code: &Code<'_>, call: &Call, function: usize, steps: usize) -> Option<Value> {
    if !matches!(call.name(), "get" | "Get" | "fetch" | "getOrDefault") || !(1..=2).contains(&call.args.len()) {
        return None;
    }
    let base = call.receiver()?;
    let key = call.arg(0)?;
    match code.eval(key, function, steps).as_text() {
        Some(key) => {
            any_entry(code, base, function, steps)?;
            let (table, at) = code.resolved(base, function);
            Some(code.eval(table.key(&key)?, at, steps.saturating_sub(1)))
        }
        None => any_entry(code, base, function, steps),
    }
}

/// What a table gives for a key that is not known.
pub(super) fn any_entry(code: &Code<'_>, base: &Expr, function: usize, steps: usize) -> Option<Value> {
    let (entries, at) = entries(code, base, function)?;
    addresses(code, entries.iter().map(|(_, entry)| entry), at, steps)
}

/// A member of an entry: `SERVICES[name]["url"]`.
pub(super) fn member(code: &Code<'_>, base: &Expr, member: &str, function: usize, steps: usize) -> Option<Value> {
    let (table, key) = match &base.kind {
        ExprKind::Index(table, key) => (&**table, &**key),
        ExprKind::Call(call) if call.name() == "get" => (call.receiver()?, call.arg(0)?),
        _ => return None,
    };
    let (entries, at) = entries(code, table, function)?;
    if code.eval(key, function, steps.saturating_sub(1)).as_text().is_some() {
        return None;
    }
    let members: Option<Vec<&Expr>> = entries.iter().map(|(_, entry)| entry.key(member)).collect();
    addresses(code, members?.into_iter(), at, steps)
}

fn entries<'e>(code: &'e Code<'_>, base: &'e Expr, function: usize) -> Option<(&'e [(SmolStr, Expr)], usize)> {
    let (table, at) = code.resolved(base, function);
    let table = match &table.kind {
        // A literal whose type is written.
        ExprKind::Call(call) if call.new && call.args.len() == 1 => &call.args[0].value,
        ExprKind::Call(call) if matches!(call.name(), "freeze" | "Map" | "dict") => {
            call.args.first().map(|a| &a.value)?
        }
        _ => table,
    };
    match &table.kind {
        ExprKind::Object(entries) if (2..=MAX_ENTRIES).contains(&entries.len()) => Some((entries, at)),
        _ => None,
    }
}

fn addresses<'e>(
    code: &Code<'_>,
    entries: impl Iterator<Item = &'e Expr>,
    function: usize,
    steps: usize,
) -> Option<Value> {
    let mut out = Vec::new();
    for entry in entries {
        let value = code.eval(entry, function, steps.saturating_sub(1));
        if !is_address(&value) {
            return None;
        }
        out.push(value);
    }
    (!out.is_empty()).then(|| Value::either(out))
}

fn is_address(value: &Value) -> bool {
    match value.parts.first() {
        Some(Part::Text(text)) => text.contains("://"),
        Some(Part::Hole(Hole::Env { name, .. } | Hole::Config { key: name, .. } | Hole::Ref(name))) => {
            let name = name.to_ascii_lowercase();
            ["url", "uri", "host", "endpoint", "addr", "base"].iter().any(|word| name.contains(word))
        }
        Some(Part::Hole(Hole::Either(options))) => options.iter().any(is_address),
        Some(Part::Hole(Hole::Result { args, .. })) => args.iter().any(is_address),
        Some(Part::Hole(Hole::Param { .. } | Hole::Opaque(_))) | None => false,
    }
}
