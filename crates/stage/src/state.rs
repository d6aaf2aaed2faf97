//! Snapshots of stores: what is in them before and after a run, and back to a snapshot.
//!
//! Invariants: a snapshot reads only; restoring leaves the store as the snapshot says, or says why it does not. What did not change is
//! not written, so that a reset costs what the run did. Values are text as the store itself writes it, `NULL` is a column that is not
//! there, and bytes that are no text are `\x` and hexadecimal digits. A table whose name begins with `(` holds what the store counts
//! by itself (sequences that no column owns): it is restored, and says nothing about the system.

mod address;
mod endpoint;
mod eye;
mod postgres;
mod queues;
mod redis;
mod sqlite;

pub(crate) use eye::Eye;

use crate::StageError;
use seam_verify::State;
use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreKind {
    Postgres,
    Redis,
    Sqlite,
    /// How many messages wait in queues of RabbitMQ.
    Queues,
    /// Addresses (`GET`) whose JSON answers are the state, for services that hold it in memory.
    Endpoint,
}

impl StoreKind {
    pub fn of(address: &str) -> Option<StoreKind> {
        address::kind(address)
    }
}

/// A store of the system, where it really is (not its proxy).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreAt {
    pub name: String,
    pub kind: StoreKind,
    /// An address as clients write it: `postgres://user:password@127.0.0.1:5432/db`, `redis://127.0.0.1:6379/0`, a path for
    /// SQLite, `amqp://127.0.0.1:5672/%2f?queue=mails&queue=invoices`, an `http://…` for an endpoint.
    pub address: String,
}

impl StoreAt {
    /// Hosts at which it is.
    pub fn hosts(&self) -> Vec<String> {
        address::hosts(&self.address)
    }

    /// What a workspace writes, refused where nothing may be done with it: a kind that nobody knows, a host beyond this machine
    /// that `allowed` does not name; `known` are names of the workspace's own processes.
    pub fn of(
        root: &Path,
        name: &str,
        address: &str,
        allowed: &[String],
        known: impl Fn(&str) -> bool,
    ) -> Result<StoreAt, StageError> {
        let kind = StoreKind::of(address).ok_or_else(|| {
            StageError::settings(
                format!("nobody knows what kind of store `{}` is", address::shown(address)),
                "write `postgres://…`, `redis://…`, `amqp://…`, `sqlite:path` or `http://…`",
            )
        })?;
        if let Some(far) = address::hosts(address)
            .into_iter()
            .find(|host| !address::local(host) && !known(host) && !allowed.contains(host))
        {
            return Err(StageError::settings(
                format!("the store `{name}` is at `{far}`, which is no process of this workspace and not this machine"),
                format!(
                    "its content would be overwritten after each run; if that is meant, write `hosts = [\"{far}\"]` under `[verify]`"
                ),
            ));
        }
        let address = if kind == StoreKind::Sqlite { address::path(root, address) } else { address.to_owned() };
        Ok(StoreAt { name: name.to_owned(), kind, address })
    }
}

/// The columns (or fields) of one row, as text.
type Columns = BTreeMap<String, String>;

/// No store of a test holds so much that this would not do.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the store holds now.
pub async fn snapshot(at: &StoreAt) -> Result<State, StageError> {
    bounded(at, "read", async {
        match at.kind {
            StoreKind::Postgres => postgres::snapshot(&at.address).await,
            StoreKind::Redis => redis::snapshot(&at.address).await,
            StoreKind::Sqlite => sqlite::snapshot(&at.address).await,
            StoreKind::Queues => queues::snapshot(&at.address).await,
            StoreKind::Endpoint => endpoint::snapshot(&at.address).await,
        }
    })
    .await
}

/// Leaves the store as the snapshot says.
pub async fn restore(at: &StoreAt, state: &State) -> Result<(), StageError> {
    bounded(at, "restored", async {
        match at.kind {
            StoreKind::Postgres => postgres::restore(&at.address, state).await,
            StoreKind::Redis => redis::restore(&at.address, state).await,
            StoreKind::Sqlite => sqlite::restore(&at.address, state).await,
            StoreKind::Queues => queues::restore(&at.address, state).await,
            StoreKind::Endpoint => match endpoint::snapshot(&at.address).await? == *state {
                true => Ok(()),
                false => Err("an endpoint can be read only; its service has to be started anew".to_owned()),
            },
        }
    })
    .await
}

async fn bounded<T>(
    at: &StoreAt,
    action: &'static str,
    work: impl Future<Output = Result<T, String>>,
) -> Result<T, StageError> {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.unwrap_or_else(|_| Err(format!("no end after {} s", PATIENCE.as_secs()))).map_err(|why| StageError::Store {
        name: at.name.clone(),
        address: address::shown(&at.address),
        action,
        why,
    })
}

/// Bytes as text: as they are, unless they are no text or could be mistaken for the other form.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.starts_with("\\x") => text.to_owned(),
        _ => bytes.iter().fold("\\x".to_owned(), |out, byte| out + &format!("{byte:02x}")),
    }
}

/// The bytes that `text_of` showed.
fn bytes_of(text: &str) -> Vec<u8> {
    let Some(digits) = text.strip_prefix("\\x") else { return text.as_bytes().to_vec() };
    let digits = digits.as_bytes();
    let pairs = digits.chunks_exact(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = pairs.map(|pair| pair.and_then(|p| u8::from_str_radix(p, 16).ok())).collect();
    bytes.unwrap_or_else(|| text.as_bytes().to_vec())
}

/// A blocking client's work, away from the runtime's threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_from_their_text() {
        for bytes in [b"plain".as_slice(), b"\\x00 as text", &[0, 159, 255], b""] {
            assert_eq!(bytes_of(&text_of(bytes)), bytes);
        }
    }
}
