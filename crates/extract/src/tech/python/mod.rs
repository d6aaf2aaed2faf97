//! Technologies of Python.

mod grpc;
mod http_client;
mod http_server;
mod messages;
mod shapes;
mod stores;
mod tasks;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[
    &grpc::EXTRACTOR,
    &http_client::EXTRACTOR,
    &http_server::EXTRACTOR,
    &messages::EXTRACTOR,
    &stores::EXTRACTOR,
    &tasks::EXTRACTOR,
];
