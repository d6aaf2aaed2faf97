//! Whether a system keeps its promises when its parts fail: a scenario and its calls become a schedule of faults, records of
//! runs become a verdict with its story.
//!
//! Invariant: nothing here runs, waits or listens. The same records give the same schedule, verdict and story, byte for byte;
//! `stage` performs what stands here as data.

pub mod state;

pub use state::State;
