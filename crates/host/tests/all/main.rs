//! The tests of this crate in one program: each of its own would be linked with everything again.

mod clickhouse;
mod memory;
mod reading;
mod watching;
