//! Lines that speak no HTTP: what goes on in them is understood as far as faults need it. A transaction that wrote and ends, a message
//! that goes to a broker, a message that is handed out and acknowledged are calls, with keys of their own.
//!
//! Invariants: what is not understood passes as bytes; without a fault every byte passes in its order.

pub mod amqp;
pub mod nats;
pub mod postgres;
pub mod redis;
mod resp;

use super::Edge;
use crate::control::Under;
use seam_verify::call::{PROTOCOL, Reply, Request, Seen};
use seam_verify::fault::Kind;
use std::sync::Arc;

/// What becomes of bytes that came.
#[derive(Default)]
pub struct Step {
    pub forward: Vec<u8>,
    /// Then the line breaks, on both sides.
    pub cut: bool,
    /// The client's process is killed before that.
    pub kill: bool,
    /// What was held for the client and goes now.
    pub release: Vec<u8>,
    /// Something is held for the client from now on.
    pub holds: bool,
}

pub enum Tap {
    Amqp(Box<amqp::Amqp>),
    Postgres(Box<postgres::Postgres>),
    Redis(Box<redis::Redis>),
    Nats(Box<nats::Nats>),
    /// Nobody knows yet: the server's first word may say it.
    Open(Arc<Edge>),
    Bytes,
}

impl Tap {
    /// What the first bytes of a client say that it speaks.
    pub fn of(first: &[u8], edge: &Arc<Edge>) -> Tap {
        let code = first.get(4..8).map(|c| u32::from_be_bytes([c[0], c[1], c[2], c[3]]));
        match (first, code) {
            ([b'A', b'M', b'Q', b'P', 0, 0, 9, 1, ..], _) => Tap::Amqp(Box::new(amqp::Amqp::new(edge.clone()))),
            (_, Some(code)) if postgres::starts(code) => Tap::Postgres(Box::new(postgres::Postgres::new(edge.clone()))),
            _ if redis::speaks(first) => Tap::Redis(Box::new(redis::Redis::new(edge.clone()))),
            _ if first[0] == 0 => Tap::Open(edge.clone()),
            _ => Tap::Bytes,
        }
    }

    pub fn up(&mut self, bytes: &[u8]) -> Step {
        match self {
            Tap::Amqp(amqp) => amqp.up(bytes),
            Tap::Postgres(postgres) => postgres.up(bytes),
            Tap::Redis(redis) => redis.up(bytes),
            Tap::Nats(nats) => nats.up(bytes),
            Tap::Open(_) | Tap::Bytes => Step { forward: bytes.to_vec(), ..Step::default() },
        }
    }

    pub fn down(&mut self, bytes: &[u8]) -> Step {
        if let Tap::Open(edge) = self {
            *self = match nats::greets(bytes) {
                true => Tap::Nats(Box::new(nats::Nats::new(edge.clone()))),
                false => Tap::Bytes,
            };
        }
        match self {
            Tap::Amqp(amqp) => amqp.down(bytes),
            Tap::Postgres(postgres) => postgres.down(bytes),
            Tap::Redis(redis) => redis.down(bytes),
            Tap::Nats(nats) => nats.down(bytes),
            Tap::Open(_) | Tap::Bytes => Step { forward: bytes.to_vec(), ..Step::default() },
        }
    }

    /// What is held goes, since nothing comes that it could be behind.
    pub fn release(&mut self) -> Vec<u8> {
        match self {
            Tap::Amqp(amqp) => amqp.release(),
            Tap::Nats(nats) => nats.release(),
            Tap::Postgres(_) | Tap::Redis(_) | Tap::Open(_) | Tap::Bytes => Vec::new(),
        }
    }
}

/// A call on a line, in the book of its run.
pub struct Entry {
    under: Arc<Under>,
    at: usize,
    open: bool,
    pub fault: Option<Kind>,
}

impl Entry {
    pub fn of(edge: &Edge, sides: (&str, &str), method: &str, path: String, body: String) -> Entry {
        Entry::by("", edge, sides, method, path, body)
    }

    /// The same where what may happen to a message depends on who hands it out.
    pub fn by(
        protocol: &str,
        edge: &Edge,
        (caller, callee): (&str, &str),
        method: &str,
        path: String,
        body: String,
    ) -> Entry {
        let named = (!protocol.is_empty()).then(|| (PROTOCOL.to_owned(), protocol.to_owned()));
        let under = edge.control.current();
        let (at, fault) = under.arrive(Request {
            caller: caller.to_owned(),
            callee: callee.to_owned(),
            method: method.to_owned(),
            path,
            body,
            headers: named.into_iter().collect(),
        });
        Entry { under, at, open: true, fault }
    }

    /// Its fault ends the client's process.
    pub fn kills(&self) -> bool {
        self.fault.as_ref().is_some_and(Kind::kills)
    }

    /// The line breaks before anybody hears that it was done.
    pub fn loses(&self) -> bool {
        self.fault == Some(Kind::ReplyLost) || self.kills()
    }

    /// The other side has it.
    pub fn reached(&self) {
        self.under.reached(self.at);
    }

    pub fn done(mut self) {
        self.under.said(self.at, Reply::done());
        self.end(Seen::Reply(Reply::done()));
    }

    /// It was done, and nobody hears of it.
    pub fn lost(mut self) {
        self.under.said(self.at, Reply::done());
        self.end(Seen::Reset);
    }

    fn end(&mut self, seen: Seen) {
        if self.open {
            self.open = false;
            self.under.ended(self.at, seen);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.end(Seen::Reset);
    }
}

/// Bytes of a body as text, bounded.
fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(super::http::KEPT)]).into_owned()
}
