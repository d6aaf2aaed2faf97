//! Technologies of JavaScript and TypeScript.

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[];
