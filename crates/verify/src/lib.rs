//! Whether a system keeps its promises when its parts fail: a scenario and its calls become a schedule of faults, records of
//! runs become a verdict with its story.
//!
//! Invariant: nothing here runs, waits or listens. The same records give the same schedule, verdict and story, byte for byte;
//! `stage` performs what stands here as data.

pub mod against;
pub mod book;
pub mod call;
pub mod effect;
pub mod emit;
pub mod explore;
pub mod fates;
pub mod fault;
pub mod finding;
pub mod http_file;
pub mod model;
pub mod oracle;
mod recover;
pub mod replay;
pub mod report;
pub mod run;
mod same;
pub mod schedule;
pub mod settings;
pub mod spans;
pub mod state;
pub mod story;
pub mod text;
mod told;
pub mod trial;
pub mod trouble;

pub use state::State;
