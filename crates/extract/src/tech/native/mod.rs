//! Technologies of Rust and C++.

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[];
