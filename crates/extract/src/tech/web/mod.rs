//! Technologies of Ruby, PHP and Elixir.

mod ruby_clients;
mod ruby_routes;
mod shapes;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[&ruby_clients::EXTRACTOR, &ruby_routes::EXTRACTOR];
