//! Answers as text and pictures. Pure: an answer in, a string out.

pub mod at;
pub mod context;
pub mod diagnose;
pub mod dot;
mod drawing;
pub mod drift;
pub mod edges;
pub mod explain;
pub mod find;
pub mod findings;
pub mod hover;
pub mod html;
pub mod impact;
pub mod incident;
mod ink;
pub mod memory;
pub mod mermaid;
pub mod path;
pub mod picture;
pub mod plan;
pub mod report;
pub mod rules;
mod sarif;
pub mod services;
pub mod svg;
pub mod table;
pub mod verify;
