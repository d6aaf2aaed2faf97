//! Technologies of Ruby, PHP and Elixir.

mod elixir;
mod php_clients;
mod php_routes;
mod ruby_clients;
mod ruby_routes;
mod shapes;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[
    &elixir::EXTRACTOR,
    &php_clients::EXTRACTOR,
    &php_routes::EXTRACTOR,
    &ruby_clients::EXTRACTOR,
    &ruby_routes::EXTRACTOR,
];
