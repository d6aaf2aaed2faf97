//! Technologies of C#.

mod aspire;
mod discovery;
mod grpc;
mod http_client;
mod http_server;
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
    &aspire::EXTRACTOR,
    &discovery::EXTRACTOR,
    &policies::EXTRACTOR,
];
