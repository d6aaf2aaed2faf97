//! Snapshots of stores: what is in them before and after a run, and back to a snapshot.
//!
//! Invariant: a snapshot reads only; restoring leaves the store as the snapshot says, or says why it does not.

use crate::StageError;
use seam_verify::State;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreKind {
    Postgres,
    Redis,
    Sqlite,
    Mongo,
    /// Addresses (`GET`) whose JSON answers are the state, for services that hold it in memory.
    Endpoint,
}

/// A store of the system, where it really is (not its proxy).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreAt {
    pub name: String,
    pub kind: StoreKind,
    /// An address as clients write it: `postgres://user:password@127.0.0.1:5432/db`, `redis://127.0.0.1:6379/0`, a path for
    /// SQLite, `mongodb://…/db`, an `http://…` for an endpoint.
    pub address: String,
}

/// What the store holds now.
pub async fn snapshot(at: &StoreAt) -> Result<State, StageError> {
    Err(unreadable(at, "read"))
}

/// Leaves the store as the snapshot says.
pub async fn restore(at: &StoreAt, state: &State) -> Result<(), StageError> {
    let _ = state;
    Err(unreadable(at, "restored"))
}

fn unreadable(at: &StoreAt, action: &'static str) -> StageError {
    let (name, address) = (at.name.clone(), at.address.clone());
    StageError::Store { name, address, action, why: format!("stores of kind {:?} are not read", at.kind) }
}
