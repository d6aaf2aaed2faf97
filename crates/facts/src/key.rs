//! Stable names of things in the graph. A key survives runs and leaves the process; internal ids never do.

use crate::{SmolStr, format_smolstr};
use serde::{Deserialize, Serialize};
use std::fmt;

/// `kind/name…`, for example `service/orders` or `endpoint/orders/GET /orders/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(pub SmolStr);

impl Key {
    pub fn node(kind: &str, name: &str) -> Self {
        Key(format_smolstr!("{kind}/{name}"))
    }

    pub fn endpoint(service: &str, operation: &str) -> Self {
        Key(format_smolstr!("endpoint/{service}/{operation}"))
    }

    pub fn edge(from: &str, kind: &str, to: &str) -> Self {
        Key(format_smolstr!("edge/{from}/{kind}/{to}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
