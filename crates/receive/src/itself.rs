//! What the receiver says of itself, as Prometheus reads it.
//!
//! Invariant: names end in `_total` where they only grow.

use crate::server::Shared;
use std::fmt::Write;
use std::sync::atomic::Ordering;

impl Shared {
    /// The text at `/metrics`.
    pub fn itself(&self) -> String {
        let counters = &self.intake.counters;
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let mut out = String::new();
        for (name, kind, help, value) in [
            ("messages_total", "counter", "messages that were taken", read(&counters.messages)),
            ("bytes_total", "counter", "bytes of them, opened", read(&counters.bytes)),
            ("records_total", "counter", "spans, lines and points in them", read(&counters.records)),
            ("lost_total", "counter", "records that were left out, as the answers said", read(&counters.lost)),
            ("refused_total", "counter", "messages that were to come again", read(&counters.refused)),
            ("segments_total", "counter", "segments that were written", read(&counters.segments)),
            ("failures_total", "counter", "segments and journals that could not be written", read(&counters.failures)),
            ("waiting", "gauge", "parts that wait to become segments", self.intake.waiting() as u64),
            ("held_bytes", "gauge", "bytes of requests in flight", self.budget.held() as u64),
            ("connections", "gauge", "connections that are open", self.connections.load(Ordering::Relaxed) as u64),
        ] {
            // Writing to a string does not fail.
            let _ = writeln!(out, "# HELP seam_{name} {help}\n# TYPE seam_{name} {kind}\nseam_{name} {value}");
        }
        out
    }
}
