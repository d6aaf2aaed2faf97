//! Technologies of Ruby, PHP and Elixir.

mod ruby_routes;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[&ruby_routes::EXTRACTOR];
