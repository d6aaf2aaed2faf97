//! Technologies of C#.

mod http_client;
mod http_server;
mod read;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[&http_server::EXTRACTOR, &http_client::EXTRACTOR];
