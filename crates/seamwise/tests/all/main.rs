//! The tests of this crate in one program: each of its own would be linked with everything again.

mod clients;
mod detect;
mod diagnose;
mod drift;
mod editing;
mod editor;
mod jumps;
mod learn;
mod lsp;
mod mending;
mod modelled;
mod observed;
mod own_rules;
mod parity;
mod plan;
mod planning;
mod readme;
mod senders;
mod surfaces;
mod tour;
mod unsaved;
mod verify;
mod verifying;
mod workspaces;
