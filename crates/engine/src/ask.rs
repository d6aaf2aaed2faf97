//! The list of questions. Commands, MCP tools and editor requests all derive from it.

use crate::{Refusal, Snapshot, asks};
use schemars::Schema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One question: its name, what it is for, and its request and answer as JSON schemas.
pub struct Ask {
    pub name: &'static str,
    /// For people and models: one or two sentences.
    pub about: &'static str,
    pub request: fn() -> Schema,
    pub answer: fn() -> Schema,
    run: fn(&Snapshot, &str) -> Result<String, Refusal>,
}

macro_rules! ask {
    ($module:ident) => {
        Ask {
            name: stringify!($module),
            about: asks::$module::ABOUT,
            request: || schemars::schema_for!(asks::$module::Request),
            answer: || schemars::schema_for!(asks::$module::Answer),
            run: |snapshot, request| run(stringify!($module), snapshot, request, asks::$module::run),
        }
    };
}

/// Every ask, in the order in which help shows them.
pub static ASKS: &[Ask] = &[ask!(map)];

/// An ask by its name.
pub fn find(name: &str) -> Result<&'static Ask, Refusal> {
    ASKS.iter().find(|a| a.name == name).ok_or_else(|| {
        let names: Vec<&str> = ASKS.iter().map(|a| a.name).collect();
        Refusal::unknown(format!("there is no ask `{name}`"), format!("choose one of {}", names.join(", ")))
    })
}

impl Ask {
    /// The answer as JSON text: compact, keys in declaration order.
    pub fn answer(&self, snapshot: &Snapshot, request: &str) -> Result<String, Refusal> {
        (self.run)(snapshot, request)
    }
}

fn run<R: DeserializeOwned, A: Serialize>(
    name: &str,
    snapshot: &Snapshot,
    request: &str,
    answer: fn(&Snapshot, &R) -> Result<A, Refusal>,
) -> Result<String, Refusal> {
    let request = if request.trim().is_empty() { "{}" } else { request };
    let request: R = serde_json::from_str(request).map_err(|error| {
        Refusal::usage(
            format!("the request of `{name}` cannot be read: {error}"),
            format!("see the request's schema with `seam schema {name}`"),
        )
    })?;
    let answer = answer(snapshot, &request)?;
    serde_json::to_string(&answer)
        .map_err(|error| Refusal::usage(format!("the answer of `{name}` cannot be written: {error}"), "report this"))
}
