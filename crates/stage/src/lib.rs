//! The stage: a workspace's services as processes of this machine, a proxy on every edge between them, and faults on call.
//!
//! Invariants: everything that was started is ended, however this process ends; it listens and connects on loopback only;
//! what a run did is handed back as data, and `verify` alone says what it means.

mod error;
pub mod state;

pub use error::StageError;
