//! Technologies of C#.

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[];
