//! Telemetry on disk: what arrives is journalled, then kept as segments; whoever asks reads a window of both.
//!
//! Invariants: a record that was accepted is in a journal or in exactly one segment, never in both for a reader; a segment is
//! written under another name and renamed when it is whole; memory is bounded by what [`Limits`] say; a file that is broken
//! costs itself and is a problem. Files and the clock of the file system are used here, below `host`, since a store is nothing
//! else; `now` is still a parameter.

#![expect(clippy::disallowed_methods, reason = "it keeps files")]

mod error;
mod intake;
mod journal;
mod layout;
mod read;
mod rollup;
mod segment;
mod table;

pub use error::Error;
pub use intake::{Busy, Counters, Intake, Limits, Written};
pub use journal::Encoding;
pub use layout::{SegmentName, Size};
pub use read::{Asked, Rollups, Store};
pub use rollup::{Key, Rollup};
pub use segment::{MIXED, sampled, sampling};
