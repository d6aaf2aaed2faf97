//! One file for each question: `Request`, `Answer`, what it is about, and `run`.

pub mod map;
