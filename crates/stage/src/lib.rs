//! The stage: a workspace's services as processes of this machine, a proxy on every edge between them, and faults on call.
//!
//! Invariants: everything that was started is ended, however this process ends; it listens and connects on loopback only;
//! what a run did is handed back as data, and `verify` alone says what it means.

#![expect(clippy::disallowed_methods, reason = "it starts processes and needs a clock")]

mod aftermath;
mod apart;
mod control;
mod error;
mod guard;
mod lanes;
pub mod layout;
mod lead;
pub mod perform;
mod process;
mod proxy;
mod record;
mod revive;
pub mod scenario;
mod shim;
pub mod stage;
pub mod state;
pub mod trial;
pub mod verify;

pub use apart::{Apart, apart};
pub use error::StageError;
pub use layout::Layout;
pub use record::record;
pub use scenario::Play;
pub use stage::Stage;
pub use verify::{Order, script, verify};
