//! Technologies of Python.

mod http_client;
mod http_server;
mod shapes;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[&http_client::EXTRACTOR, &http_server::EXTRACTOR];
