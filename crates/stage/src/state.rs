//! Snapshots of stores: what is in them before and after a run, and back to a snapshot.
//!
//! Invariants: a snapshot reads only; restoring leaves the store as the snapshot says, or says why it does not. What did not change is
//! not written, so that a reset costs what the run did. Values are text as the store itself writes it, `NULL` is a column that is not
//! there, and bytes that are no text are `\x` and hexadecimal digits. A table whose name begins with `(` holds what the store counts
//! by itself (sequences that no column owns): it is restored, and says nothing about the system.

mod endpoint;
mod postgres;
mod queues;
mod redis;
mod sqlite;

use crate::StageError;
use seam_verify::State;
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreKind {
    Postgres,
    Redis,
    Sqlite,
    Mongo,
    /// How many messages wait in queues of RabbitMQ.
    Queues,
    /// Addresses (`GET`) whose JSON answers are the state, for services that hold it in memory.
    Endpoint,
}

impl StoreKind {
    /// The kind that an address is of, by its scheme; a path is SQLite's.
    pub fn of(address: &str) -> Option<StoreKind> {
        let Some((scheme, _)) = address.split_once(':') else { return Some(StoreKind::Sqlite) };
        match scheme.split('+').next().unwrap_or(scheme) {
            "postgres" | "postgresql" => Some(StoreKind::Postgres),
            "redis" | "rediss" | "valkey" => Some(StoreKind::Redis),
            "sqlite" | "sqlite3" | "file" => Some(StoreKind::Sqlite),
            "mongodb" => Some(StoreKind::Mongo),
            "amqp" => Some(StoreKind::Queues),
            "http" => Some(StoreKind::Endpoint),
            _ => None,
        }
    }
}

/// A store of the system, where it really is (not its proxy).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreAt {
    pub name: String,
    pub kind: StoreKind,
    /// An address as clients write it: `postgres://user:password@127.0.0.1:5432/db`, `redis://127.0.0.1:6379/0`, a path for
    /// SQLite, `mongodb://…/db`, `amqp://127.0.0.1:5672/%2f?queue=mails&queue=invoices`, an `http://…` for an endpoint.
    pub address: String,
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
            StoreKind::Mongo => {
                Err("MongoDB is not read; name an `http://` address that shows the state instead".to_owned())
            }
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
            StoreKind::Mongo => Err("MongoDB is not written".to_owned()),
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
        address: shown(&at.address),
        action,
        why,
    })
}

/// The address without its password.
fn shown(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    match rest.split_once('@') {
        Some((user, host)) => format!("{scheme}://{}@{host}", user.split(':').next().unwrap_or_default()),
        None => address.to_owned(),
    }
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

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(shown("postgres://me:secret@127.0.0.1/db"), "postgres://me@127.0.0.1/db");
        assert_eq!(shown("redis://:secret@127.0.0.1"), "redis://@127.0.0.1");
        assert_eq!(shown("data/shop.db"), "data/shop.db");
    }

    #[test]
    fn an_address_says_what_it_is() {
        assert_eq!(StoreKind::of("postgresql+psycopg://db/x"), Some(StoreKind::Postgres));
        assert_eq!(StoreKind::of("data/shop.db"), Some(StoreKind::Sqlite));
        assert_eq!(StoreKind::of("kafka://x"), None);
    }
}
