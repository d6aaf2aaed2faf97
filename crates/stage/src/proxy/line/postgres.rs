//! PostgreSQL's protocol (version 3, "Message Formats" of its manual) as far as transactions go: which one wrote what, and where it ends.
//!
//! A statement outside a transaction is one of its own. Statements are looked at by their words: what a function or a trigger writes
//! is not seen. A line that is encrypted passes as bytes.

use super::{Entry, Step};
use crate::proxy::Edge;
use seam_verify::call::COMMIT;
use seam_verify::fault::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const PROTOCOL: u32 = 196_608;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
const CANCEL: u32 = 80_877_102;
/// No client's message is longer; what is, is something else.
const LONGEST: usize = 256 << 20;

pub fn starts(code: u32) -> bool {
    matches!(code, PROTOCOL | SSL | GSS | CANCEL)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Messages have no type yet.
    Start,
    Messages,
    Bytes,
}

pub struct Postgres {
    edge: Arc<Edge>,
    stage: Stage,
    /// Of the client, and not yet a whole message.
    rest: Vec<u8>,
    /// The same of the server.
    answer: Vec<u8>,
    /// One byte answers a question for encryption.
    asked: bool,
    prepared: BTreeMap<Vec<u8>, String>,
    work: Work,
    pending: Vec<Entry>,
    losing: bool,
}

impl Postgres {
    pub fn new(edge: Arc<Edge>) -> Postgres {
        Postgres {
            edge,
            stage: Stage::Start,
            rest: Vec::new(),
            answer: Vec::new(),
            asked: false,
            prepared: BTreeMap::new(),
            work: Work::default(),
            pending: Vec::new(),
            losing: false,
        }
    }

    pub fn up(&mut self, bytes: &[u8]) -> Step {
        let mut step = Step::default();
        if self.stage == Stage::Bytes {
            step.forward = bytes.to_vec();
            return step;
        }
        self.rest.extend_from_slice(bytes);
        while let Some(length) = self.length() {
            if length > LONGEST {
                self.stage = Stage::Bytes;
                break;
            }
            if self.rest.len() < length {
                return step;
            }
            let message: Vec<u8> = self.rest.drain(..length).collect();
            if self.stage == Stage::Start {
                let code = u32::from_be_bytes([message[4], message[5], message[6], message[7]]);
                self.asked = matches!(code, SSL | GSS);
                if code == PROTOCOL {
                    self.stage = Stage::Messages;
                }
            } else if let Some(tables) = self.commits(&message) {
                let (caller, callee) = (self.edge.caller.clone(), self.edge.callee.clone());
                let entry = Entry::of(&self.edge, (&caller, &callee), COMMIT, format!("/{tables}"), String::new());
                match entry.fault {
                    Some(Kind::Refuse) => {
                        step.cut = true;
                        return step;
                    }
                    Some(Kind::ReplyLost | Kind::KillCaller) => self.losing = true,
                    _ => {}
                }
                entry.reached();
                self.pending.push(entry);
            }
            step.forward.extend_from_slice(&message);
        }
        if self.stage == Stage::Bytes {
            step.forward.append(&mut self.rest);
        }
        step
    }

    /// Of the message that begins, with its head.
    fn length(&self) -> Option<usize> {
        let skip = usize::from(self.stage == Stage::Messages);
        let length = self.rest.get(skip..skip + 4)?;
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        Some(skip + length.max(if skip == 0 { 8 } else { 4 }))
    }

    /// The tables of a transaction that this message ends.
    fn commits(&mut self, message: &[u8]) -> Option<String> {
        let mut fields = message.get(5..)?.split(|b| *b == 0);
        match message[0] {
            b'Q' => self.work.takes(&String::from_utf8_lossy(fields.next()?)),
            b'P' => {
                let (name, text) = (fields.next()?.to_vec(), String::from_utf8_lossy(fields.next()?).into_owned());
                self.prepared.insert(name, text);
                None
            }
            b'B' => {
                let text = self.prepared.get(fields.nth(1)?)?.clone();
                self.work.takes(&text)
            }
            _ => None,
        }
    }

    pub fn down(&mut self, bytes: &[u8]) -> Step {
        if self.stage == Stage::Start && self.asked {
            // Whoever agrees speaks in cipher from now on.
            self.asked = false;
            if matches!(bytes, [b'S' | b'G']) {
                self.stage = Stage::Bytes;
            }
            return Step { forward: bytes.to_vec(), ..Step::default() };
        }
        let mut step = Step::default();
        if !self.losing {
            step.forward = bytes.to_vec();
        }
        if self.stage == Stage::Bytes {
            return step;
        }
        self.answer.extend_from_slice(bytes);
        while let Some(head) = self.answer.get(..5) {
            let length = 1 + u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            let kind = head[0];
            // Rows are counted away, not kept.
            if self.answer.len() < length {
                return step;
            }
            self.answer.drain(..length);
            match kind {
                // It failed by itself: whoever waits hears it.
                b'E' => self.pending.clear(),
                b'Z' if self.losing => {
                    step.kill = self.pending.iter().any(Entry::kills);
                    self.pending.drain(..).for_each(Entry::lost);
                    step.cut = true;
                    return step;
                }
                b'Z' => self.pending.drain(..).for_each(Entry::done),
                _ => {}
            }
        }
        step
    }
}

/// What a transaction wrote so far.
#[derive(Default)]
struct Work {
    begun: bool,
    tables: BTreeSet<String>,
}

impl Work {
    /// The tables of a transaction that wrote and ends here.
    fn takes(&mut self, text: &str) -> Option<String> {
        let mut ended = None;
        for statement in text.split(';') {
            let words: Vec<&str> =
                statement.split(|c: char| c.is_whitespace() || "(),".contains(c)).filter(|w| !w.is_empty()).collect();
            let Some(first) = words.first() else { continue };
            match first.to_ascii_uppercase().as_str() {
                "BEGIN" | "START" => *self = Work { begun: true, ..Work::default() },
                "COMMIT" | "END" => ended = std::mem::take(self).named().or(ended),
                // To a savepoint: what was written before stays.
                "ROLLBACK" if words.iter().any(|w| w.eq_ignore_ascii_case("to")) => {}
                "ROLLBACK" | "ABORT" => *self = Work::default(),
                _ => self.tables.extend(written(&words)),
            }
        }
        if !self.begun {
            ended = std::mem::take(self).named().or(ended);
        }
        ended
    }

    fn named(self) -> Option<String> {
        let tables: Vec<String> = self.tables.into_iter().collect();
        (!tables.is_empty()).then(|| tables.join(","))
    }
}

fn written(words: &[&str]) -> Vec<String> {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|w| w.eq_ignore_ascii_case(word));
    let mut out = Vec::new();
    for at in 0..words.len() {
        let name = if is(at, "INSERT") && is(at + 1, "INTO")
            || is(at, "DELETE") && is(at + 1, "FROM")
            || is(at, "MERGE") && is(at + 1, "INTO")
        {
            at + 2
        } else if is(at, "UPDATE")
            && !is(at + 1, "SET")
            && !(at > 0 && (is(at - 1, "FOR") || is(at - 1, "DO") || is(at - 1, "KEY")))
        {
            at + 1
        } else {
            continue;
        };
        let name = if is(name, "ONLY") { name + 1 } else { name };
        out.extend(words.get(name).map(|n| n.trim_matches('"').to_ascii_lowercase()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_told_by_what_it_wrote() {
        let mut work = Work::default();
        assert_eq!(work.takes("SELECT * FROM orders FOR UPDATE"), None);
        assert_eq!(work.takes("BEGIN"), None);
        assert_eq!(work.takes("INSERT INTO orders (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET x = 1"), None);
        assert_eq!(work.takes("update \"Outbox\" set due = now()"), None);
        assert_eq!(work.takes("COMMIT").as_deref(), Some("orders,outbox"));
        assert_eq!((work.takes("BEGIN"), work.takes("SELECT 1"), work.takes("COMMIT")), (None, None, None));
        assert_eq!(work.takes("DELETE FROM seats WHERE id = 1").as_deref(), Some("seats"));
        assert_eq!(
            (work.takes("BEGIN; DELETE FROM seats"), work.takes("ROLLBACK"), work.takes("END")),
            (None, None, None)
        );
    }
}
