//! One file for each question: `Request`, `Answer`, what it is about, and `run`.

pub mod at;
pub mod calls;
pub mod context;
pub mod contract;
pub mod detect;
pub mod diagnose;
pub mod drawing;
pub mod drift;
pub mod explain;
pub mod find;
pub mod findings;
pub mod hints;
pub mod impact;
pub mod lens;
pub mod links;
pub mod map;
pub mod memories;
pub mod overview;
pub mod path;
pub mod plan;
pub mod recall;
pub mod record;
pub mod rules;
pub mod services;
pub mod verify;
pub mod words;
