//! Markdown pages that are documentation, fixture and test at once.
//!
//! A page has prose under headings, a small workspace in fenced blocks (three backticks, a language, `file=PATH`), and
//! expectations: a `facts` block (what its extractors state), and optionally an `edges` block (what linking makes of
//! them). A rule's page has several workspaces, one under each heading, and a `findings` block for each. An expectation is compared line by line, and can be written anew.
//!
//! Invariant: everything on a page is checked, and writing a page anew changes nothing but its expectations.

mod check;
mod parse;

pub use check::{Outcome, against, base, edges, facts, findings, linked, tried};
pub use parse::{Block, Page, parse};

/// The environment variable that makes tests write expectations instead of comparing them.
pub const UPDATE: &str = "SEAM_UPDATE";
