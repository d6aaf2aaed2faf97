//! Technologies of Python.

mod http_client;
mod shapes;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[&http_client::EXTRACTOR];
