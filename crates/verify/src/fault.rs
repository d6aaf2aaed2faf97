//! Faults as data: what is done to a call, and to which.
//!
//! Invariant: a fault is something that networks, gateways and processes do by themselves; none needs the services' help.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is done to a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The connection is reset before the callee hears of the call.
    Refuse,
    /// A gateway answers this status in the callee's place; the callee hears nothing.
    Status(u16),
    /// As [`Kind::Status`], for gRPC.
    Grpc(u32),
    /// The callee does its work, then the connection is reset instead of its reply.
    ReplyLost,
    /// The callee does its work, and its reply is held until the caller gives up.
    Late,
    /// The reply comes, this many milliseconds later.
    Slow(u64),
    /// The reply breaks off in the middle of its body.
    Truncate,
    /// The reply has its status, and a body that is not what its type says.
    Malform,
    /// The callee gets the call twice, one after the other; the caller gets the second reply.
    Duplicate,
    /// The callee gets the call twice at once; the caller gets the first reply.
    Twice,
    /// The callee does its work and its process ends before the reply leaves; a new one takes its place.
    Kill,
    /// The callee does its work, and the caller's process ends before it hears of it: in the middle of what it does itself.
    KillCaller,
}

impl Kind {
    /// Whether the callee does its work.
    pub fn reaches(&self) -> bool {
        match self {
            Kind::Refuse | Kind::Status(_) | Kind::Grpc(_) => false,
            Kind::ReplyLost
            | Kind::Late
            | Kind::Slow(_)
            | Kind::Truncate
            | Kind::Malform
            | Kind::Duplicate
            | Kind::Twice
            | Kind::Kill
            | Kind::KillCaller => true,
        }
    }

    /// Whether a process ends by it.
    pub fn kills(&self) -> bool {
        matches!(self, Kind::Kill | Kind::KillCaller)
    }

    /// Whether the caller can tell that something went wrong.
    pub fn hurts(&self) -> bool {
        !matches!(self, Kind::Slow(_) | Kind::Duplicate | Kind::Twice)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Refuse => write!(out, "refused"),
            Kind::Status(status) => write!(out, "status {status}"),
            Kind::Grpc(code) => write!(out, "gRPC status {code}"),
            Kind::ReplyLost => write!(out, "reply lost"),
            Kind::Late => write!(out, "reply late"),
            Kind::Slow(ms) => write!(out, "slow by {ms} ms"),
            Kind::Truncate => write!(out, "reply cut short"),
            Kind::Malform => write!(out, "reply malformed"),
            Kind::Duplicate => write!(out, "delivered twice"),
            Kind::Twice => write!(out, "delivered twice at once"),
            Kind::Kill => write!(out, "callee killed once it is done"),
            Kind::KillCaller => write!(out, "caller killed once it is done"),
        }
    }
}

/// To which calls it is done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Spot {
    /// One logical call, by its key (see [`crate::call::Call::key`]).
    Call(String),
    /// Every call of one kind: its key without counts.
    Every(String),
    /// Every call from one service to another.
    Edge { caller: String, callee: String },
    /// Every call to a service.
    Service(String),
}

impl fmt::Display for Spot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spot::Call(key) => write!(out, "{key}"),
            Spot::Every(kind) => write!(out, "{kind}, every call"),
            Spot::Edge { caller, callee } => write!(out, "{caller} → {callee}, every call"),
            Spot::Service(callee) => write!(out, "{callee}, every call"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    pub at: Spot,
    pub kind: Kind,
}

impl Fault {
    pub fn call(key: &str, kind: Kind) -> Fault {
        Fault { at: Spot::Call(key.to_owned()), kind }
    }

    pub fn edge(caller: &str, callee: &str, kind: Kind) -> Fault {
        Fault { at: Spot::Edge { caller: caller.to_owned(), callee: callee.to_owned() }, kind }
    }

    pub fn service(callee: &str, kind: Kind) -> Fault {
        Fault { at: Spot::Service(callee.to_owned()), kind }
    }

    pub fn every(kind: &str, how: Kind) -> Fault {
        Fault { at: Spot::Every(kind.to_owned()), kind: how }
    }

    /// Whether it goes on for the whole run.
    pub fn lasts(&self) -> bool {
        !matches!(self.at, Spot::Call(_))
    }

    pub fn hits(&self, caller: &str, callee: &str, key: &str) -> bool {
        match &self.at {
            Spot::Call(at) => at == key,
            Spot::Every(kind) => *kind == uncounted(key),
            Spot::Edge { caller: from, callee: to } => from == caller && to == callee,
            Spot::Service(to) => to == callee,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.at, self.kind)
    }
}

/// A call's key without its counts.
pub fn uncounted(key: &str) -> String {
    let parts = key.split(" > ").map(|part| part.rsplit_once('#').map_or(part, |(what, _)| what));
    parts.collect::<Vec<_>>().join(" > ")
}

/// The faults of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Script {
    pub faults: Vec<Fault>,
}

impl Script {
    pub fn of(faults: impl IntoIterator<Item = Fault>) -> Script {
        let mut faults: Vec<Fault> = faults.into_iter().collect();
        faults.sort();
        faults.dedup();
        Script { faults }
    }

    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// What is done to this call.
    pub fn on(&self, caller: &str, callee: &str, key: &str) -> Option<&Kind> {
        self.faults.iter().find(|f| f.hits(caller, callee, key)).map(|f| &f.kind)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.faults.is_empty() {
            return write!(out, "no fault");
        }
        let texts: Vec<String> = self.faults.iter().map(Fault::to_string).collect();
        write!(out, "{}", texts.join(" and "))
    }
}
