//! The only crate that touches the world: files, the fact cache, watching for changes, the clock.
//!
//! Invariant: it decides nothing about meaning. It brings texts to the engine, and keeps what was already understood.

#![expect(clippy::disallowed_methods, reason = "this is the crate that touches the world")]

mod answers;
mod cache;
mod checkout;
mod clickhouse;
mod contract;
mod edits;
mod error;
mod git;
mod hearing;
mod memory;
mod planning;
mod read;
mod skip;
mod telemetry;
mod tracked;
mod walk;
mod watch;
mod workspace;

pub use cache::Place as CachePlace;
pub use checkout::Checkout;
pub use clickhouse::{ClickHouse, Window};
pub use contract::{contract, today};
pub use error::HostError;
pub use memory::{Folder as MemoryFolder, Kept};
pub use telemetry::telemetry;
pub use watch::watch;
pub use workspace::{Opening, Progress, Report, Workspace, roots};
