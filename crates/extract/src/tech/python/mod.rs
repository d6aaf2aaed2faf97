//! Technologies of Python.

mod grpc;
mod http_client;
mod http_server;
mod shapes;
mod stores;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] =
    &[&grpc::EXTRACTOR, &http_client::EXTRACTOR, &http_server::EXTRACTOR, &stores::EXTRACTOR];
