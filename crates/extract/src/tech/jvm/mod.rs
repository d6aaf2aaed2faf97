//! Technologies of Java and Kotlin.

mod messages;
mod read;

mod config;
mod data_rest;
mod declarative;
mod discovery;
mod eventuate;
mod flags;
pub(crate) mod grpc;
mod http_clients;
mod injected;
mod integration;
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
mod url_clients;
mod vertx;
mod vertx_config;
mod vertx_stores;

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
    &injected::EXTRACTOR,
    &integration::EXTRACTOR,
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
    &url_clients::EXTRACTOR,
    &vertx::EXTRACTOR,
    &vertx_stores::EXTRACTOR,
];
