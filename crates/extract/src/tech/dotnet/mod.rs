//! Technologies of C#.

mod aspire;
mod buses;
mod convey;
mod discovery;
mod graphql;
mod grpc;
mod http_client;
mod http_server;
mod message_types;
mod messages;
mod options;
mod policies;
mod rabbit;
mod read;
mod stores;

use crate::Extractor;

#[rustfmt::skip]
pub static EXTRACTORS: &[&Extractor] = &[
    &http_server::EXTRACTOR,
    &http_client::EXTRACTOR,
    &grpc::EXTRACTOR,
    &options::EXTRACTOR,
    &stores::EXTRACTOR,
    &rabbit::EXTRACTOR,
    &messages::EXTRACTOR,
    &message_types::EXTRACTOR,
    &convey::EXTRACTOR,
    &buses::EXTRACTOR,
    &graphql::EXTRACTOR,
    &aspire::EXTRACTOR,
    &discovery::EXTRACTOR,
    &policies::EXTRACTOR,
];
