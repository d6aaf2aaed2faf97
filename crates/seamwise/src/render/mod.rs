//! Answers as text and pictures. Pure: an answer in, a string out.

pub mod at;
pub mod dot;
pub mod edges;
pub mod explain;
mod ink;
pub mod mermaid;
pub mod path;
pub mod services;
pub mod table;
