//! Technologies of Java and Kotlin.

mod spring;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[&spring::EXTRACTOR];
