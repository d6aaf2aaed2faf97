//! Queues of RabbitMQ: how many messages wait in each. Names are in the address (`?queue=mails&queue=invoices`), for AMQP lists none.
//!
//! A queue is only looked at (a passive declaration), so that none comes to be. Messages that a consumer holds without having
//! acknowledged them do not count as waiting.

use super::Columns;
use seam_verify::State;

use lapin::options::{QueueDeclareOptions, QueuePurgeOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};

const QUEUES: &str = "queues";

/// A connection for looks, and the queues that are looked at.
pub struct Open {
    connection: Connection,
    names: Vec<String>,
}

impl Open {
    pub async fn to(address: &str) -> Result<Open, String> {
        let (broker, names) = split(address)?;
        Ok(Open { connection: connect(&broker).await?, names })
    }

    pub async fn look(&self) -> Result<State, String> {
        let mut state = State::default();
        let queues = state.tables.entry(QUEUES.to_owned()).or_default();
        for name in &self.names {
            if let Some(messages) = waiting(&self.connection, name).await? {
                queues.insert(name.clone(), Columns::from([("messages".to_owned(), messages.to_string())]));
            }
        }
        Ok(state)
    }
}

pub async fn snapshot(address: &str) -> Result<State, String> {
    let open = Open::to(address).await?;
    let state = open.look().await?;
    end(&open.connection).await;
    Ok(state)
}

/// Empties what was empty. Messages that are gone cannot be brought back.
pub async fn restore(address: &str, state: &State) -> Result<(), String> {
    let (broker, names) = split(address)?;
    let connection = connect(&broker).await?;
    for name in names {
        let wanted = state.tables.get(QUEUES).and_then(|queues| queues.get(&name)).and_then(|row| row.get("messages"));
        let wanted: u32 = wanted.and_then(|n| n.parse().ok()).unwrap_or(0);
        let now = waiting(&connection, &name).await?.unwrap_or(0);
        if now == wanted {
            continue;
        }
        if wanted > 0 {
            return Err(format!(
                "the queue `{name}` held {wanted} messages and holds {now}; what they were is not known"
            ));
        }
        let channel = connection.create_channel().await.map_err(said)?;
        channel.queue_purge(name.as_str().into(), QueuePurgeOptions::default()).await.map_err(said)?;
    }
    end(&connection).await;
    Ok(())
}

fn split(address: &str) -> Result<(String, Vec<String>), String> {
    let (broker, query) = address.split_once('?').unwrap_or((address, ""));
    let names: Vec<String> = query
        .split('&')
        .filter_map(|part| part.strip_prefix("queue="))
        .filter(|n| !n.is_empty())
        .map(ToOwned::to_owned)
        .collect();
    match names.is_empty() {
        true => {
            Err("it names no queues; write them behind the address: `amqp://…?queue=mails&queue=invoices`".to_owned())
        }
        false => Ok((broker.to_owned(), names)),
    }
}

async fn connect(broker: &str) -> Result<Connection, String> {
    Connection::connect(broker, ConnectionProperties::default()).await.map_err(said)
}

/// A queue that is not there ends its channel, so each is asked for on one of its own.
async fn waiting(connection: &Connection, name: &str) -> Result<Option<u32>, String> {
    let channel = connection.create_channel().await.map_err(said)?;
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    match channel.queue_declare(name.into(), options, FieldTable::default()).await {
        Ok(queue) => {
            let _ = channel.close(200, "".into()).await;
            Ok(Some(queue.message_count()))
        }
        Err(error) if error.to_string().contains("NOT_FOUND") || error.to_string().contains("NOT-FOUND") => Ok(None),
        Err(error) => Err(said(error)),
    }
}

async fn end(connection: &Connection) {
    let _ = connection.close(200, "".into()).await;
}

fn said(error: lapin::Error) -> String {
    error.to_string()
}
