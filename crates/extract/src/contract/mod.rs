//! Contracts: protobuf, OpenAPI, GraphQL, AsyncAPI, Thrift, Avro, JSON Schema. One file and one page for each format.

mod graphql;
mod openapi;
mod proto;
mod records;
mod thrift;
mod tokens;

use crate::{Extractor, File};

/// One word a line: which contracts are read.
#[rustfmt::skip]
pub static EXTRACTORS: &[&Extractor] = &[
    &graphql::EXTRACTOR,
    &openapi::EXTRACTOR,
    &proto::EXTRACTOR,
    &records::EXTRACTOR,
    &thrift::EXTRACTOR,
];

pub(crate) fn may_want(file: &File<'_>) -> bool {
    EXTRACTORS.iter().any(|e| matches!(&e.reads, crate::Reads::Files { wants, .. } if wants(file)))
}
