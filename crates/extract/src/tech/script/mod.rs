//! Technologies of JavaScript and TypeScript.

mod broker;
mod devproxy;
mod files;
mod grpc;
mod http_client;
mod http_server;
mod live;
mod nest;
mod options;
mod pm2;
mod policy;
mod proxy;
mod queue;
mod sdk;
mod settings;
mod store;
mod store_table;
mod subscriptions;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[
    &broker::EXTRACTOR,
    &files::EXTRACTOR,
    &grpc::EXTRACTOR,
    &http_client::EXTRACTOR,
    &http_server::EXTRACTOR,
    &live::EXTRACTOR,
    &nest::EXTRACTOR,
    &pm2::EXTRACTOR,
    &policy::EXTRACTOR,
    &proxy::EXTRACTOR,
    &queue::EXTRACTOR,
    &sdk::EXTRACTOR,
    &settings::EXTRACTOR,
    &store::EXTRACTOR,
];
