//! Deployment, build and configuration files. One file and one page for each format.
//!
//! Formats stand on [`tree`] (YAML, JSON, TOML with places); values of secret-looking keys pass [`secret`] first.

pub mod json;
mod mask;
pub mod tree;
pub mod yaml;

mod app;
mod entries;
mod properties;

use crate::{Extractor, File};

pub static EXTRACTORS: &[&Extractor] = &[&app::EXTRACTOR];

pub(crate) fn may_want(file: &File<'_>) -> bool {
    EXTRACTORS.iter().any(|e| matches!(&e.reads, crate::Reads::Files { wants, .. } if wants(file)))
}
