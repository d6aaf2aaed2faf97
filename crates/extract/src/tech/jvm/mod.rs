//! Technologies of Java and Kotlin.

mod messages;
mod read;

mod config;
mod data_rest;
mod declarative;
mod discovery;
mod eventuate;
mod flags;
mod grpc;
mod http_clients;
mod jaxrs;
mod kafka;
mod messaging;
mod policies;
mod rabbit;
mod repositories;
mod routers;
mod spring;
mod spring_http;
mod stores;

use crate::Extractor;

pub static EXTRACTORS: &[&Extractor] = &[
    &config::EXTRACTOR,
    &data_rest::EXTRACTOR,
    &declarative::EXTRACTOR,
    &discovery::EXTRACTOR,
    &eventuate::EXTRACTOR,
    &flags::EXTRACTOR,
    &grpc::EXTRACTOR,
    &http_clients::EXTRACTOR,
    &jaxrs::EXTRACTOR,
    &kafka::EXTRACTOR,
    &messaging::EXTRACTOR,
    &policies::EXTRACTOR,
    &rabbit::EXTRACTOR,
    &repositories::EXTRACTOR,
    &routers::EXTRACTOR,
    &spring::EXTRACTOR,
    &spring_http::EXTRACTOR,
    &stores::EXTRACTOR,
];
