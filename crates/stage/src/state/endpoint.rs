//! A service's own account of its state: the JSON at an `http://` address. A list or an object of objects is a table, each of them a
//! row; everything else is a row of its own by its path.
//!
//! Asked with HTTP/1.0, so that the body ends with the connection.

use super::Columns;
use seam_verify::State;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub async fn snapshot(address: &str) -> Result<State, String> {
    let body = get(address).await?;
    let value: Value = serde_json::from_str(&body).map_err(|error| format!("its answer is not JSON: {error}"))?;
    Ok(state(&value))
}

async fn get(address: &str) -> Result<String, String> {
    let rest = address.strip_prefix("http://").ok_or("only `http://` is asked")?;
    let (host, path) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, path.to_owned()));
    let at = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(&at).await.map_err(|e| e.to_string())?;
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\nAccept: application/json\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|e| e.to_string())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.map_err(|e| e.to_string())?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("its answer is not HTTP")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    match status.starts_with('2') {
        true => Ok(body.to_owned()),
        false => Err(format!("it answers {status}")),
    }
}

fn state(value: &Value) -> State {
    let mut state = State::default();
    match value {
        Value::Object(parts) if parts.values().all(|part| part.is_array() || part.is_object()) && !parts.is_empty() => {
            for (name, part) in parts {
                state.tables.insert(name.clone(), rows(part));
            }
        }
        _ => {
            state.tables.insert("state".to_owned(), rows(value));
        }
    }
    state
}

fn rows(value: &Value) -> BTreeMap<String, Columns> {
    match value {
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (name(item, at), columns(item))).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), columns(field))).collect(),
        _ => BTreeMap::from([("value".to_owned(), columns(value))]),
    }
}

/// What an item calls itself, and its place, so that equal names stay apart.
fn name(item: &Value, at: usize) -> String {
    let own = ["id", "_id", "key", "name"].iter().find_map(|field| item.get(field));
    own.map_or_else(|| format!("{at:06}"), |own| format!("{} ({at:06})", text(own)))
}

fn columns(value: &Value) -> Columns {
    match value {
        Value::Object(fields) => {
            fields.iter().filter(|(_, v)| !v.is_null()).map(|(name, field)| (name.clone(), text(field))).collect()
        }
        _ => Columns::from([("value".to_owned(), text(value))]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_objects_are_tables() {
        let value = serde_json::json!({"orders": [{"id": 7, "paid": true}], "stock": {"apples": 3}});
        let state = state(&value);
        assert_eq!(state.tables["orders"]["7 (000000)"]["paid"], "true");
        assert_eq!(state.tables["stock"]["apples"]["value"], "3");
    }
}
