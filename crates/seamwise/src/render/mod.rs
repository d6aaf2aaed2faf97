//! Answers as text and pictures. Pure: an answer in, a string out.

pub mod edges;
pub mod table;
