//! Contracts: protobuf, OpenAPI, GraphQL, AsyncAPI. One file and one page for each format.

use crate::{Extractor, File};

pub static EXTRACTORS: &[&Extractor] = &[];

pub(crate) fn may_want(file: &File<'_>) -> bool {
    EXTRACTORS.iter().any(|e| matches!(&e.reads, crate::Reads::Files { wants, .. } if wants(file)))
}
