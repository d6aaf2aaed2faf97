//! Sidecars that every language asks in the same way.

mod dapr;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[&dapr::EXTRACTOR];
