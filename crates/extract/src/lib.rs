//! One file's text to facts.
//!
//! Invariant: an extractor sees one file and nothing else, and broken input is never an error: what could be understood
//! is kept, what could not is a [`Problem`]. Same text, same facts, in the same order.
//!
//! Two ways lead from text to facts. Configuration and contract files are read whole ([`Reads::Files`]). Code is first
//! lowered to one small tree for all languages (`lang/` → [`code::ir`]), and technologies look at that ([`Reads::Code`]).

pub mod code;
pub mod config;
pub mod contract;
mod ddl;
mod extractor;
mod foreign;
pub mod lang;
pub mod outline;
mod rewrite;
pub mod said;
mod sink;
pub mod tech;

pub use extractor::{Extractor, File, Reads, all, extract, interesting};
pub use sink::Sink;
