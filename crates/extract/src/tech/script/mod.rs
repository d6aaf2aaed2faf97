//! Technologies of JavaScript and TypeScript.

mod grpc;
mod http_client;
mod http_server;
mod nest;
mod options;
mod settings;
mod store;
mod store_table;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[
    &grpc::EXTRACTOR,
    &http_client::EXTRACTOR,
    &http_server::EXTRACTOR,
    &nest::EXTRACTOR,
    &settings::EXTRACTOR,
    &store::EXTRACTOR,
];
