//! Technologies of Java and Kotlin.

mod read;

mod declarative;
mod discovery;
mod jaxrs;
mod repositories;
mod spring;
mod spring_http;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[
    &declarative::EXTRACTOR,
    &discovery::EXTRACTOR,
    &jaxrs::EXTRACTOR,
    &repositories::EXTRACTOR,
    &spring::EXTRACTOR,
    &spring_http::EXTRACTOR,
];
