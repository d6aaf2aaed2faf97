//! One call between two services, as a proxy saw it.

use crate::fault::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who calls when a scenario does.
pub const SCENARIO: &str = "scenario";

/// What stands for a method where a line speaks no HTTP: a transaction that wrote ends (the path names its tables), a message goes to
/// a broker, a broker hands one out (until it is acknowledged).
pub const COMMIT: &str = "COMMIT";
pub const PUBLISH: &str = "PUBLISH";
pub const DELIVER: &str = "DELIVER";

/// Among a message's headers: what its broker speaks, where that is not AMQP. `redis`: a stream, whose messages come again to who asks for
/// them; `jetstream`: they come again; `nats`: they do not.
pub const PROTOCOL: &str = "protocol";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub caller: String,
    pub callee: String,
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in small letters.
    pub headers: BTreeMap<String, String>,
    /// As text, and bounded.
    pub body: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    pub status: u16,
    /// gRPC's own, which comes with status 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc: Option<u32>,
    pub body: String,
}

impl Request {
    /// Of a line that speaks no HTTP.
    pub fn of_line(&self) -> bool {
        matches!(self.method.as_str(), COMMIT | PUBLISH | DELIVER)
    }
}

impl Reply {
    /// A line's word that it was done.
    pub fn done() -> Reply {
        Reply { status: 200, ..Reply::default() }
    }

    pub fn failed(&self) -> bool {
        self.status >= 400 || self.grpc.is_some_and(|code| code != 0)
    }
}

/// What the caller got.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// Nothing yet: the run ended before.
    #[default]
    Nothing,
    Reply(Reply),
    /// The connection ended without a whole reply.
    Reset,
    /// The caller went away by itself.
    GaveUp,
    /// The proxy stopped waiting for the caller to give up.
    WaitedOut,
}

impl Seen {
    pub fn failed(&self) -> bool {
        match self {
            Seen::Reply(reply) => reply.failed(),
            Seen::Nothing | Seen::Reset | Seen::GaveUp | Seen::WaitedOut => true,
        }
    }

    pub fn status(&self) -> Option<u16> {
        match self {
            Seen::Reply(reply) => Some(reply.status),
            Seen::Nothing | Seen::Reset | Seen::GaveUp | Seen::WaitedOut => None,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The call that it serves, by its place in the run.
    pub parent: Option<usize>,
    /// The parent is one of several that were under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ambiguous: bool,
    /// `callee METHOD /template#n`, from the scenario's request down, joined by ` > `; n counts the same under one parent.
    pub key: String,
    pub request: Request,
    /// How often the callee got it.
    pub reached: u32,
    pub fault: Option<Kind>,
    /// What the callee said.
    pub said: Option<Reply>,
    pub seen: Seen,
    /// Milliseconds since the run began.
    pub from: u64,
    pub until: u64,
}

impl Call {
    /// Without the count.
    pub fn operation(&self) -> String {
        let last = self.key.rsplit(" > ").next().unwrap_or(&self.key);
        last.rsplit_once('#').map_or(last, |(what, _)| what).to_owned()
    }

    pub fn edge(&self) -> (&str, &str) {
        (&self.request.caller, &self.request.callee)
    }

    pub fn depth(&self) -> usize {
        self.key.matches(" > ").count()
    }

    /// Whether the method promises that nothing changes or that once more changes nothing (RFC 9110, 9.2).
    pub fn unsafe_twice(&self) -> bool {
        !self.request.of_line()
            && !matches!(self.request.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
    }

    pub fn mutating(&self) -> bool {
        !matches!(self.request.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }

    pub fn from_scenario(&self) -> bool {
        self.request.caller == SCENARIO
    }
}
