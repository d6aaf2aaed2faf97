//! The catalogue: one `.rs`, one `.md` and one word in this list for each rule, by group.

mod call_cycle;
mod dangling_call;

use crate::Rule;

/// Every rule, in the order in which help shows them.
pub static RULES: &[&Rule] = &[
    // Interaction.
    // Contract.
    &dangling_call::RULE,
    // Environment.
    // Shape.
    &call_cycle::RULE,
];
