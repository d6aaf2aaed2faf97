//! Technologies of JavaScript and TypeScript.

mod http_client;
mod http_server;
mod options;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[&http_client::EXTRACTOR, &http_server::EXTRACTOR];
