//! Telemetry that a team keeps in ClickHouse already: asked there, over HTTP, a window at a time.
//!
//! Invariant: only `SELECT` is sent, by the method that may change nothing; no more rows come than a store of one's own would give,
//! chosen by the same rule ([`seam_store::sampled`]); a password is in no message. What the database cannot answer is said.

mod sql;

use crate::HostError;
use seam_engine::signals::Telemetry;
use seam_engine::signals::otlp::{Decoded, Rows, rows};
use serde::Deserialize;
use sql::Columns;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

/// How an address of one begins.
const SCHEME: &str = "clickhouse://";

/// More than this many bytes of one answer are not read.
const LARGEST: u64 = 4 << 30;

/// What is decoded at once.
const CHUNK: usize = 4 << 20;

/// What the tables are called.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Names {
    traces: String,
    logs: String,
    metrics: String,
}

/// A database of one server, or of the server that asks the others of its cluster.
#[derive(Clone, Debug)]
pub struct ClickHouse {
    agent: ureq::Agent,
    /// `host:port`.
    authority: String,
    user: String,
    password: String,
    database: String,
    names: Names,
}

/// What was asked for, and how it was cut.
#[derive(Debug)]
pub struct Window {
    pub telemetry: Telemetry,
    pub problems: Vec<String>,
}

#[derive(Deserialize)]
struct Column {
    table: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Numbers of 64 bits are written in quotes by some versions and settings, and without by others.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Plain(i64),
    Quoted(String),
}

impl Number {
    fn get(&self) -> i64 {
        match self {
            Number::Plain(n) => *n,
            Number::Quoted(text) => text.parse().unwrap_or(0),
        }
    }
}

#[derive(Deserialize)]
struct Reach {
    first: Number,
    last: Number,
    rows: Number,
}

#[derive(Deserialize)]
struct Count {
    rows: Number,
}

impl ClickHouse {
    /// Whether a text is the address of one.
    pub fn is(address: &str) -> bool {
        address.starts_with(SCHEME)
    }

    /// The host that an address names.
    pub(crate) fn host(&self) -> &str {
        let bare = self.authority.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(host, _)| host);
        bare.unwrap_or_else(|| self.authority.rsplit_once(':').map_or(self.authority.as_str(), |(host, _)| host))
    }

    /// `clickhouse://[user[:password]@]host[:8123]/database[?traces=…&logs=…&metrics=…]`; user and password may stand in
    /// `CLICKHOUSE_USER` and `CLICKHOUSE_PASSWORD` instead.
    pub fn open(address: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, HostError> {
        let refused = |why: &str| HostError::Telemetry { of: SCHEME.to_owned() + "…", why: why.to_owned() };
        let rest = address.strip_prefix(SCHEME).ok_or_else(|| refused("the address begins otherwise"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (login, place) = rest.rsplit_once('@').map_or(("", rest), |(login, place)| (login, place));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        if authority.is_empty() {
            return Err(refused("it names no host: `clickhouse://HOST:8123/DATABASE`"));
        }
        let ported = authority.rsplit_once(':').is_some_and(|(_, p)| p.parse::<u16>().is_ok());
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let or = |said: &str, key: &str| {
            if said.is_empty() { environment(key).unwrap_or_default() } else { percent(said) }
        };
        let mut names =
            Names { traces: "otel_traces".into(), logs: "otel_logs".into(), metrics: "otel_metrics".into() };
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match key {
                "traces" => names.traces = percent(value),
                "logs" => names.logs = percent(value),
                "metrics" => names.metrics = percent(value),
                _ => return Err(refused(&format!("`{key}` is not known: there are `traces`, `logs` and `metrics`"))),
            }
        }
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_recv_response(Some(Duration::from_secs(120)))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None);
        Ok(ClickHouse {
            agent: config.build().into(),
            authority: if ported { authority.to_owned() } else { format!("{authority}:8123") },
            user: or(user, "CLICKHOUSE_USER"),
            password: or(password, "CLICKHOUSE_PASSWORD"),
            database: if database.is_empty() { "default".to_owned() } else { percent(database) },
            names,
        })
    }

    fn failed(&self, why: String) -> HostError {
        HostError::Telemetry { of: format!("{SCHEME}{}/{}", self.authority, self.database), why }
    }

    /// The answer to a query, to be read line by line.
    fn ask(&self, query: &str) -> Result<impl Read + use<>, HostError> {
        let mut request = self.agent.get(format!("http://{}/", self.authority));
        request = request.query("database", &self.database).query("query", query);
        if !self.user.is_empty() {
            request = request.header("X-ClickHouse-User", &self.user);
        }
        if !self.password.is_empty() {
            request = request.header("X-ClickHouse-Key", &self.password);
        }
        let mut response = request.call().map_err(|e| self.failed(format!("it cannot be reached: {e}")))?;
        if response.status() != 200 {
            let said = response.body_mut().with_config().limit(4096).read_to_string().unwrap_or_default();
            let line = said.lines().next().unwrap_or_default().chars().take(300).collect::<String>();
            return Err(self.failed(format!("it answers {}: {line}", response.status().as_u16())));
        }
        Ok(response.into_body().into_reader().take(LARGEST))
    }

    /// The lines of a short answer.
    fn list<T: for<'de> Deserialize<'de>>(&self, query: &str) -> Result<Vec<T>, HostError> {
        let mut out = Vec::new();
        for line in BufReader::new(self.ask(query)?).lines() {
            let line = line.map_err(|e| self.failed(format!("its answer breaks off: {e}")))?;
            if line.trim().is_empty() {
                continue;
            }
            let row = serde_json::from_str(&line)
                .map_err(|_| self.failed(format!("it says `{}`", line.chars().take(300).collect::<String>())))?;
            out.push(row);
        }
        Ok(out)
    }

    /// The tables that are there, each with its columns.
    fn tables(&self) -> Result<Vec<(Rows, String, Columns)>, HostError> {
        let mut all: BTreeMap<String, Columns> = BTreeMap::new();
        for column in self.list::<Column>(&sql::columns(&self.database))? {
            all.entry(column.table).or_default().insert(column.name, column.kind);
        }
        let found = sql::tables(&self.names).into_iter();
        let found: Vec<_> =
            found.filter_map(|(of, table)| all.remove(&table).map(|columns| (of, table, columns))).collect();
        if found.is_empty() {
            let Names { traces, logs, metrics } = &self.names;
            return Err(self.failed(format!(
                "it has none of the tables `{traces}`, `{logs}`, `{metrics}_…`; say what they are called: `?traces=…&logs=…&metrics=…`"
            )));
        }
        Ok(found)
    }

    /// The first and the last instant of spans and lines, in nanoseconds; of metrics where there is nothing else.
    pub fn reach(&self) -> Result<Option<(i64, i64)>, HostError> {
        let mut out: Option<(i64, i64)> = None;
        for (of, table, columns) in self.tables()? {
            if out.is_some() && !matches!(of, Rows::Spans | Rows::Lines) {
                break;
            }
            let Some(query) = sql::reach(&table, of, &columns) else { continue };
            for reach in self.list::<Reach>(&query)?.iter().filter(|r| r.rows.get() > 0) {
                let (first, last) = (reach.first.get(), reach.last.get());
                out = Some(out.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
            }
        }
        Ok(out)
    }

    /// Everything in `[from, to)`, but at most about `most` spans: where there are more, one of so many traces whole.
    pub fn window(&self, from: i64, to: i64, most: usize) -> Result<Window, HostError> {
        let mut out = Window { telemetry: Telemetry::default(), problems: Vec::new() };
        let mut one_of = 1;
        let mut decoded = Decoded::default();
        for (of, table, columns) in self.tables()? {
            if of == Rows::Spans
                && let Some(query) = sql::count(&table, of, &columns, (from, to))
            {
                let total = self.list::<Count>(&query)?.first().map_or(0, |c| c.rows.get()).max(0) as usize;
                one_of = (total.div_ceil(most.max(1)) as u64).max(1);
                if one_of > 1 {
                    out.problems.push(seam_store::sampling(total, one_of));
                }
            }
            match sql::rows(&table, of, &columns, (from, to), one_of) {
                Some(query) => self.read(&query, of, &mut out.telemetry, &mut decoded)?,
                None => out.problems.push(format!("`{table}` has no column that says when a row was: left out")),
            }
        }
        out.problems.extend(decoded.losses.sentences());
        out.telemetry.settle();
        Ok(out)
    }

    /// Decodes an answer, some megabytes of whole lines at a time.
    fn read(&self, query: &str, of: Rows, into: &mut Telemetry, all: &mut Decoded) -> Result<(), HostError> {
        let mut answer = BufReader::with_capacity(1 << 16, self.ask(query)?);
        let mut chunk: Vec<u8> = Vec::new();
        loop {
            let before = chunk.len();
            let read = answer.read_until(b'\n', &mut chunk);
            let read = read.map_err(|e| self.failed(format!("its answer breaks off: {e}")))?;
            // An error after the first rows comes as a line of its own, behind the status that said all is well.
            let line = &chunk[before..];
            if read > 0 && !line.starts_with(b"{") && line.iter().any(|b| !b.is_ascii_whitespace()) {
                let said = String::from_utf8_lossy(line).trim().chars().take(300).collect::<String>();
                return Err(self.failed(format!("its answer breaks off: {said}")));
            }
            if read == 0 || chunk.len() >= CHUNK {
                all.join(rows(&String::from_utf8_lossy(&chunk), of, into));
                chunk.clear();
            }
            if read == 0 {
                return Ok(());
            }
        }
    }
}

/// A part of an address with its `%40` undone.
fn percent(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let hex = |b: Option<u8>| b.and_then(|b| (b as char).to_digit(16));
        match (byte, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(address: &str) -> Result<ClickHouse, HostError> {
        ClickHouse::open(address, &|key| (key == "CLICKHOUSE_PASSWORD").then(|| "of-the-environment".to_owned()))
    }

    #[test]
    fn an_address_says_who_asks_whom() {
        let all = open("clickhouse://otel:p%40ss@db.example:9000/telemetry?traces=t%20t").unwrap();
        assert_eq!(
            (all.authority.as_str(), all.host(), all.database.as_str()),
            ("db.example:9000", "db.example", "telemetry")
        );
        assert_eq!((all.user.as_str(), all.password.as_str(), all.names.traces.as_str()), ("otel", "p@ss", "t t"));
        let bare = open("clickhouse://[::1]").unwrap();
        assert_eq!((bare.authority.as_str(), bare.host(), bare.database.as_str()), ("[::1]:8123", "::1", "default"));
        assert_eq!(bare.password, "of-the-environment");
        for wrong in ["clickhouse://", "clickhouse:///x", "clickhouse://h/d?tables=x"] {
            assert!(open(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_in_no_message() {
        let one = open("clickhouse://a:secret@127.0.0.1:1/x").unwrap();
        let said = one.reach().unwrap_err().to_string();
        assert!(said.contains("127.0.0.1:1/x") && !said.contains("secret"), "{said}");
    }
}
