//! Technologies of Python.

mod connections;
mod django;
mod grpc;
mod http_client;
mod http_server;
mod messages;
mod resilience;
mod shapes;
mod stores;
mod tasks;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[
    &connections::EXTRACTOR,
    &django::EXTRACTOR,
    &grpc::EXTRACTOR,
    &http_client::EXTRACTOR,
    &http_server::EXTRACTOR,
    &messages::EXTRACTOR,
    &resilience::EXTRACTOR,
    &stores::EXTRACTOR,
    &tasks::EXTRACTOR,
];
