//! Technologies of Rust and C++.

mod cpp_data;
mod cpp_rpc;
mod rust_data;
mod rust_grpc;
mod rust_messages;
mod rust_objects;
mod rust_web;
mod sections;

use crate::Extractor;
use crate::code::Code;
use crate::code::ir::Expr;
use seam_facts::{Hole, Value};

pub static EXTRACTORS: &[&Extractor] = &[
    &cpp_data::EXTRACTOR,
    &cpp_rpc::EXTRACTOR,
    &rust_data::EXTRACTOR,
    &rust_grpc::EXTRACTOR,
    &rust_web::EXTRACTOR,
    &sections::EXTRACTOR,
];

/// Whether a value says nothing at all.
fn unknown(value: &Value) -> bool {
    value.is_empty() || matches!(value.as_hole(), Some(Hole::Opaque(_)))
}

/// A value as an address: empty if it cannot be followed.
fn address(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    let value = code.value(expr, function);
    if unknown(&value) { Value::default() } else { value }
}

/// The file's name as a module: `src/users/mod.rs` and `src/users.rs` are `users`.
fn module(path: &str) -> &str {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name.rsplit_once('.').map_or(name, |(stem, _)| stem) {
        "mod" | "lib" => folder.rsplit('/').next().filter(|f| *f != "src").unwrap_or(""),
        stem => stem,
    }
}
