//! Technologies found in code: what their calls and annotations mean. One file and one page each, by family of languages.
//!
//! A technology looks at canonical names ([`crate::code`]) and states traffic; it never looks at a grammar's nodes, and
//! it states only what the text shows. Where a library's documented default matters, the fact is inferred.

mod dotnet;
mod engines;
mod golang;
mod hosted;
mod identity;
mod jvm;
mod listen;
mod native;
mod paths;
mod python;
mod scala;
mod script;
mod sidecar;
pub(crate) mod sql;
mod told;
mod verbs;
mod web;

use crate::Extractor;

/// Every code technology, by family.
pub static EXTRACTORS: &[&[&Extractor]] = &[
    dotnet::EXTRACTORS,
    engines::EXTRACTORS,
    golang::EXTRACTORS,
    hosted::EXTRACTORS,
    identity::EXTRACTORS,
    jvm::EXTRACTORS,
    listen::EXTRACTORS,
    native::EXTRACTORS,
    python::EXTRACTORS,
    scala::EXTRACTORS,
    script::EXTRACTORS,
    sidecar::EXTRACTORS,
    web::EXTRACTORS,
];
