//! Technologies of Ruby, PHP and Elixir.

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[];
