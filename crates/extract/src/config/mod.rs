//! Deployment, build and configuration files. One file and one page for each format.
//!
//! Formats stand on [`tree`] (YAML, JSON, TOML with places); values of secret-looking keys pass [`secret`] first.

pub mod dotnet;
pub mod excerpt;
pub mod hcl;
pub mod interpolate;
pub mod json;
mod mask;
pub mod secret;
pub mod template;
pub mod toml;
pub mod tree;
mod words;
pub mod xml;
pub mod yaml;

mod aliases;
pub mod allow;
mod app;
mod charts;
mod cloud;
mod compose;
mod connections;
mod connectors;
mod consul_template;
mod devproxy;
mod docker;
mod dotenv;
mod entries;
mod envoy;
mod gateway;
mod helm;
mod kubernetes;
mod kustomize;
pub mod live;
mod lua;
mod manifest;
mod migrations;
mod nginx;
mod own_rules;
mod owners;
mod play_routes;
mod prisma;
mod process;
mod programs;
mod properties;
mod settings;
mod shell;
mod skaffold;
mod stages;
mod telemetry;
mod webserver;

use crate::{Extractor, File};

/// One word a line: what is read of configuration.
#[rustfmt::skip]
pub static EXTRACTORS: &[&Extractor] = &[
    &app::EXTRACTOR,
    &play_routes::EXTRACTOR,
    &connections::EXTRACTOR,
    &cloud::EXTRACTOR,
    &compose::EXTRACTOR,
    &connectors::EXTRACTOR,
    &consul_template::EXTRACTOR,
    &docker::EXTRACTOR,
    &dotenv::EXTRACTOR,
    &dotnet::APPSETTINGS,
    &dotnet::LAUNCH_SETTINGS,
    &dotnet::OCELOT,
    &dotnet::PROJECT,
    &dotnet::TYE,
    &envoy::EXTRACTOR,
    &gateway::EXTRACTOR,
    &lua::EXTRACTOR,
    &nginx::EXTRACTOR,
    &settings::EXTRACTOR,
    &telemetry::EXTRACTOR,
    &webserver::APACHE,
    &webserver::CADDY,
    &webserver::HAPROXY,
    &helm::EXTRACTOR,
    &kubernetes::EXTRACTOR,
    &kustomize::EXTRACTOR,
    &manifest::EXTRACTOR,
    &migrations::EXTRACTOR,
    &own_rules::EXTRACTOR,
    &owners::EXTRACTOR,
    &prisma::EXTRACTOR,
    &aliases::EXTRACTOR,
    &allow::EXTRACTOR,
    &devproxy::EXTRACTOR,
    &process::EXTRACTOR,
    &shell::EXTRACTOR,
    &skaffold::EXTRACTOR,
];

pub(crate) fn may_want(file: &File<'_>) -> bool {
    EXTRACTORS.iter().any(|e| matches!(&e.reads, crate::Reads::Files { wants, .. } if wants(file)))
}
