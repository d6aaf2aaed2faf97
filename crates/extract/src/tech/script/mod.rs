//! Technologies of JavaScript and TypeScript.

mod broker;
mod grpc;
mod http_client;
mod http_server;
mod nest;
mod options;
mod queue;
mod settings;
mod store;
mod store_table;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[
    &broker::EXTRACTOR,
    &grpc::EXTRACTOR,
    &http_client::EXTRACTOR,
    &http_server::EXTRACTOR,
    &nest::EXTRACTOR,
    &queue::EXTRACTOR,
    &settings::EXTRACTOR,
    &store::EXTRACTOR,
];
