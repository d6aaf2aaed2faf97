//! Object stores in Rust: Amazon's SDK, rust-s3, rusoto, object_store, OpenDAL. See `rust_data.md`.
//!
//! Invariant: the address is what the file gives to a client's configuration; where it gives none, it is the documented variable of the
//! SDK, and only inferred.

use super::address;
use super::rust_data::store;
use crate::Sink;
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use seam_facts::{Claim, Store, System, Value};

/// Functions that make a client, by the crate, the end of the canonical name, and what gives the address: a method of a builder,
/// or a key of a literal.
const CLIENTS: &[(&str, &[&str], &str)] = &[
    ("aws_sdk_s3", &["Client.new", "Client.from_conf"], "endpoint_url"),
    ("s3", &["Bucket.new", "Bucket.new_with_path_style"], "endpoint"),
    ("rusoto_s3", &["S3Client.new", "S3Client.new_with"], "endpoint"),
    ("object_store", &["AmazonS3Builder.new", "AmazonS3Builder.from_env"], "with_endpoint"),
    ("opendal", &["S3.default"], "endpoint"),
];

pub(super) fn extract(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let krate = callee.split(['.', '(']).next().unwrap_or(callee);
    let made =
        |(name, ends, _): &&(&str, &[&str], &str)| *name == krate && ends.iter().any(|end| callee.ends_with(end));
    let Some((client, _, told)) = CLIENTS.iter().find(made) else { return };
    match endpoint(code, site.function, told) {
        Some(at) => store(code, site, System::Objects, at, client, sink),
        None => {
            let aws = Value::env("AWS_ENDPOINT_URL", Some("s3.amazonaws.com".into()));
            let at = Value::env("AWS_ENDPOINT_URL_S3", Some(aws));
            let within = code.within(site.function);
            let store =
                Store { system: System::Objects, address: at, database: None, client: (*client).into(), within };
            sink.inferred(Claim::Store(store), site.span());
        }
    }
}

/// What the client's configuration is told: in the same function, or else the one thing that the file says.
fn endpoint(code: &Code<'_>, function: usize, told: &str) -> Option<Value> {
    let mut found: Vec<(usize, Value)> = Vec::new();
    for site in code.calls() {
        let given = match site.call.args.as_slice() {
            [only] if site.call.name() == told => Some(&only.value),
            args => args.iter().find_map(|a| literal(&a.value, told)),
        };
        found.extend(given.map(|e| (site.function, address(code, e, site.function))));
    }
    let here = found.iter().find(|(at, _)| *at == function);
    match (here, found.as_slice()) {
        (Some((_, value)), _) | (None, [(_, value)]) => Some(value.clone()),
        _ => None,
    }
}

/// `Region::Custom { endpoint, .. }`.
fn literal<'e>(expr: &'e Expr, key: &str) -> Option<&'e Expr> {
    match &expr.kind {
        ExprKind::Object(_) => expr.key(key),
        ExprKind::Call(call) => call.args.iter().find_map(|a| a.value.key(key)),
        _ => None,
    }
}
