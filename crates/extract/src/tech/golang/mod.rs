//! Technologies of Go.

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[];
