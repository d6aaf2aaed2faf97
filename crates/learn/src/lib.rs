//! What incidents, verdicts and dismissed findings taught: entries as Markdown, what they have in common with a question, and what
//! follows from them for the next answer.
//!
//! Invariants: no file is opened and no clock is read here; an entry is never changed, only replaced or retracted by another one;
//! whatever a text holds, reading it gives an entry and a list of problems; each prior names the entry that it comes from.

mod entry;
mod front;
mod history;
mod index;
mod lexicon;
mod log;
mod mask;
mod page;
mod postmortem;
mod priors;
mod recall;
mod words;

pub use entry::{Entry, Kind, Verdict, heading};
pub use history::{Commit, mine};
pub use index::Index;
pub use log::{Log, Told};
pub use mask::{Masked, mask};
pub use page::{FORMAT, parse, render};
pub use postmortem::postmortem;
pub use priors::priors;
pub use recall::{Hit, Query, Reason, recall};

/// A message with `<*>` for what varies.
pub fn template(message: &str) -> String {
    words::template(message)
}
