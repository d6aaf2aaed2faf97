//! Redis: every key of one database, by type: a string's value, a hash's fields, a list's items by place, a set's members, a sorted
//! set's members with their scores, a stream's entries and groups. Other types (modules) are the bytes of `DUMP`.
//!
//! A key that expires says so by the power of two of seconds that it lasts at most: the exact time differs from run to run.

use seam_verify::State;
use std::collections::BTreeMap;
use std::time::Duration;

use super::{Columns, blocking, bytes_of, text_of};
use redis::{Connection, Pipeline, Value, cmd};

const EXPIRES: &str = "(expires within)";
const DUMP: &str = "(dump)";
const GROUP: &str = "(group) ";
const PATIENCE: Duration = Duration::from_secs(5);

pub async fn snapshot(address: &str) -> Result<State, String> {
    let address = address.to_owned();
    blocking(move || read(&mut connect(&address)?)).await
}

pub async fn restore(address: &str, state: &State) -> Result<(), String> {
    let (address, wanted) = (address.to_owned(), state.clone());
    blocking(move || {
        let mut redis = connect(&address)?;
        let now = read(&mut redis)?;
        let mut script = redis::pipe();
        script.atomic();
        for (kind, keys) in &now.tables {
            for (key, columns) in keys {
                if wanted.tables.get(kind).and_then(|keys| keys.get(key)) != Some(columns) {
                    script.cmd("DEL").arg(bytes_of(key)).ignore();
                }
            }
        }
        for (kind, keys) in &wanted.tables {
            for (key, columns) in keys {
                if now.tables.get(kind).and_then(|keys| keys.get(key)) != Some(columns) {
                    write(kind, &bytes_of(key), columns, &mut script)?;
                }
            }
        }
        if !script.is_empty() {
            script.exec(&mut redis).map_err(said)?;
        }
        Ok(())
    })
    .await
}

fn connect(address: &str) -> Result<Connection, String> {
    let client = redis::Client::open(address).map_err(said)?;
    let connection = client.get_connection_with_timeout(PATIENCE).map_err(said)?;
    connection.set_read_timeout(Some(PATIENCE)).map_err(said)?;
    Ok(connection)
}

fn read(redis: &mut Connection) -> Result<State, String> {
    let mut state = State::default();
    for key in keys(redis)? {
        let kind: String = cmd("TYPE").arg(&key).query(redis).map_err(said)?;
        let mut columns = match kind.as_str() {
            "string" => {
                let value: Option<Vec<u8>> = cmd("GET").arg(&key).query(redis).map_err(said)?;
                value.map(|v| Columns::from([("value".to_owned(), text_of(&v))])).unwrap_or_default()
            }
            "hash" => pairs(cmd("HGETALL").arg(&key).query(redis).map_err(said)?),
            "zset" => pairs(cmd("ZRANGE").arg(&key).arg(0).arg(-1).arg("WITHSCORES").query(redis).map_err(said)?),
            "set" => {
                let members: Vec<Vec<u8>> = cmd("SMEMBERS").arg(&key).query(redis).map_err(said)?;
                members.iter().map(|m| (text_of(m), String::new())).collect()
            }
            "list" => {
                let items: Vec<Vec<u8>> = cmd("LRANGE").arg(&key).arg(0).arg(-1).query(redis).map_err(said)?;
                items.iter().enumerate().map(|(at, item)| (format!("{at:08}"), text_of(item))).collect()
            }
            "stream" => stream(redis, &key)?,
            // Gone since it was listed.
            "none" => continue,
            _ => {
                let bytes: Option<Vec<u8>> = cmd("DUMP").arg(&key).query(redis).map_err(said)?;
                bytes.map(|b| Columns::from([(DUMP.to_owned(), hex(&b))])).unwrap_or_default()
            }
        };
        let left: i64 = cmd("PTTL").arg(&key).query(redis).map_err(said)?;
        if let Ok(left) = u64::try_from(left) {
            let seconds = left.div_ceil(1000).max(1).next_power_of_two();
            columns.insert(EXPIRES.to_owned(), format!("{seconds} s"));
        }
        state.tables.entry(kind).or_default().insert(text_of(&key), columns);
    }
    Ok(state)
}

fn keys(redis: &mut Connection) -> Result<Vec<Vec<u8>>, String> {
    let (mut cursor, mut out) = (0u64, Vec::new());
    loop {
        let (next, mut found): (u64, Vec<Vec<u8>>) =
            cmd("SCAN").arg(cursor).arg("COUNT").arg(1000).query(redis).map_err(said)?;
        out.append(&mut found);
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    out.sort();
    out.dedup();
    Ok(out)
}

fn pairs(flat: Vec<Vec<u8>>) -> Columns {
    flat.chunks_exact(2).map(|pair| (text_of(&pair[0]), text_of(&pair[1]))).collect()
}

/// Entries as a list of fields and values in JSON, and for each group what it was given last.
fn stream(redis: &mut Connection, key: &[u8]) -> Result<Columns, String> {
    let entries: Vec<(String, Vec<Vec<u8>>)> = cmd("XRANGE").arg(key).arg("-").arg("+").query(redis).map_err(said)?;
    let mut columns = Columns::new();
    for (id, fields) in entries {
        let fields: Vec<String> = fields.iter().map(|f| text_of(f)).collect();
        columns.insert(id, serde_json::to_string(&fields).map_err(|e| e.to_string())?);
    }
    let groups: Vec<BTreeMap<String, Value>> = cmd("XINFO").arg("GROUPS").arg(key).query(redis).map_err(said)?;
    for group in groups {
        let text = |name: &str| match group.get(name) {
            Some(Value::BulkString(bytes)) => text_of(bytes),
            Some(Value::SimpleString(text)) => text.clone(),
            Some(Value::Int(number)) => number.to_string(),
            _ => String::new(),
        };
        let pending = text("pending");
        columns.insert(format!("{GROUP}{}", text("name")), format!("{} pending {pending}", text("last-delivered-id")));
    }
    Ok(columns)
}

fn write(kind: &str, key: &[u8], columns: &Columns, script: &mut Pipeline) -> Result<(), String> {
    let data = || columns.iter().filter(|(name, _)| *name != EXPIRES);
    match kind {
        "string" => {
            script.cmd("SET").arg(key).arg(columns.get("value").map(|v| bytes_of(v)).unwrap_or_default()).ignore();
        }
        "hash" => {
            for (field, value) in data() {
                script.cmd("HSET").arg(key).arg(bytes_of(field)).arg(bytes_of(value)).ignore();
            }
        }
        "zset" => {
            for (member, score) in data() {
                script.cmd("ZADD").arg(key).arg(score).arg(bytes_of(member)).ignore();
            }
        }
        "set" => {
            for (member, _) in data() {
                script.cmd("SADD").arg(key).arg(bytes_of(member)).ignore();
            }
        }
        "list" => {
            for (_, item) in data() {
                script.cmd("RPUSH").arg(key).arg(bytes_of(item)).ignore();
            }
        }
        "stream" => write_stream(key, columns, script)?,
        _ => {
            let bytes = columns.get(DUMP).map(|d| bytes_of(d)).unwrap_or_default();
            script.cmd("RESTORE").arg(key).arg(0).arg(bytes).arg("REPLACE").ignore();
        }
    }
    if let Some(seconds) = columns.get(EXPIRES).and_then(|text| text.strip_suffix(" s")) {
        script.cmd("EXPIRE").arg(key).arg(seconds).ignore();
    }
    Ok(())
}

fn write_stream(key: &[u8], columns: &Columns, script: &mut Pipeline) -> Result<(), String> {
    let mut entries: Vec<(u64, u64, &String)> = Vec::new();
    for (id, fields) in columns.iter().filter(|(name, _)| !name.starts_with('(')) {
        let parts = id.split_once('-').and_then(|(time, count)| Some((time.parse().ok()?, count.parse().ok()?)));
        let (time, count) = parts.ok_or_else(|| format!("`{id}` is no id of a stream"))?;
        entries.push((time, count, fields));
    }
    // By number: as text, `10` is before `9`.
    entries.sort();
    for (time, count, fields) in entries {
        let fields: Vec<String> = serde_json::from_str(fields).map_err(|e| e.to_string())?;
        let fields: Vec<Vec<u8>> = fields.iter().map(|f| bytes_of(f)).collect();
        script.cmd("XADD").arg(key).arg(format!("{time}-{count}")).arg(fields).ignore();
    }
    for (name, at) in columns.iter().filter_map(|(name, at)| Some((name.strip_prefix(GROUP)?, at))) {
        let (last, pending) = at.split_once(" pending ").unwrap_or((at, "0"));
        if pending != "0" {
            return Err(format!(
                "the group `{name}` of a stream has {pending} messages that wait for their acknowledgement"
            ));
        }
        script.cmd("XGROUP").arg("CREATE").arg(key).arg(bytes_of(name)).arg(last).arg("MKSTREAM").ignore();
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_owned(), |out, byte| out + &format!("{byte:02x}"))
}

fn said(error: redis::RedisError) -> String {
    error.to_string()
}
