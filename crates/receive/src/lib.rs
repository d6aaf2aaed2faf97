//! The receiver: OTLP over gRPC and HTTP, each on its usual port, into a store.
//!
//! Invariants: it listens on this machine only; an answer that says "taken" is given after the store has it; what is in flight is
//! bounded in bytes, and beyond the bound senders are told when to come again; stopping takes what was begun and writes it.
//! Source: "OTLP Specification 1.9", "gRPC over HTTP2".

#![expect(clippy::disallowed_methods, reason = "the network needs a clock")]

mod answer;
mod body;
mod exchange;
mod itself;
mod server;
mod until;

pub use server::{Receiver, Settings};
pub use until::receive;
