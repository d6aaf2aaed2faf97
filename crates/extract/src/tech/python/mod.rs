//! Technologies of Python.

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[];
