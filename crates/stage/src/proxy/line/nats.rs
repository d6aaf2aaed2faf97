//! NATS (its "Client Protocol", and JetStream's subjects for acknowledgements) as far as messages go: published, confirmed, handed out,
//! acknowledged.
//!
//! Without JetStream nobody acknowledges: what is lost on its way is lost. With it, an acknowledgement is a message to the subject that
//! came with the delivery; where one is lost, the server is told "not done" instead, so that it hands the message out again now and
//! not when its time for an acknowledgement is over.

use super::{Entry, Step, text};
use crate::proxy::Edge;
use seam_verify::call::{DELIVER, PUBLISH};
use seam_verify::fault::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const ACK: &str = "$JS.ACK.";
const LONGEST: usize = 64 << 20;

pub struct Nats {
    edge: Arc<Edge>,
    rest: Vec<u8>,
    answer: Vec<u8>,
    /// By the subject at which a confirmation comes.
    unconfirmed: BTreeMap<String, Entry>,
    /// By the subject to which an acknowledgement goes.
    held: BTreeMap<String, Entry>,
    /// Consumers that acknowledge nothing, by stream and name.
    silent: BTreeSet<(String, String)>,
    late: Vec<Vec<u8>>,
    takes: bool,
    /// It is something else after all.
    bytes: bool,
}

impl Drop for Nats {
    fn drop(&mut self) {
        if self.takes {
            self.edge.control.takes(&self.edge, -1);
        }
    }
}

/// A server speaks first, and says what it is.
pub fn greets(bytes: &[u8]) -> bool {
    bytes.starts_with(b"INFO {")
}

impl Nats {
    pub fn new(edge: Arc<Edge>) -> Nats {
        Nats {
            edge,
            rest: Vec::new(),
            answer: Vec::new(),
            unconfirmed: BTreeMap::new(),
            held: BTreeMap::new(),
            silent: BTreeSet::new(),
            late: Vec::new(),
            takes: false,
            bytes: false,
        }
    }

    pub fn release(&mut self) -> Vec<u8> {
        self.late.drain(..).flatten().collect()
    }

    pub fn up(&mut self, bytes: &[u8]) -> Step {
        let mut step = Step::default();
        self.rest.extend_from_slice(bytes);
        while let Some(message) = taken(&mut self.rest, self.bytes) {
            if message.encrypted {
                self.bytes = true;
            }
            self.sent(message, &mut step);
            if step.cut {
                return step;
            }
        }
        if self.bytes || self.rest.len() > LONGEST {
            self.bytes = true;
            step.forward.append(&mut self.rest);
        }
        step
    }

    fn sent(&mut self, message: Message, step: &mut Step) {
        match message.verb.as_str() {
            "SUB" if !message.words.first().is_some_and(|s| s.starts_with("_INBOX.") || s.starts_with('$')) => {
                self.take()
            }
            "PUB" | "HPUB" => {
                let subject = message.words.first().cloned().unwrap_or_default();
                if subject.starts_with(ACK) {
                    return self.acknowledged(&subject, message, step);
                }
                // Requests to JetStream itself, answers, a consumer that asks for the next.
                if subject.starts_with("$JS.API.CONSUMER.MSG.NEXT") {
                    self.take();
                } else if !subject.starts_with('$') && !subject.starts_with("_INBOX.") {
                    return self.publish(&subject, message, step);
                }
            }
            _ => {}
        }
        step.forward.extend_from_slice(&message.whole);
    }

    fn take(&mut self) {
        if !self.takes {
            self.takes = true;
            self.edge.control.takes(&self.edge, 1);
        }
    }

    fn publish(&mut self, subject: &str, message: Message, step: &mut Step) {
        let reply = (message.words.len() > 2).then(|| message.words[1].clone());
        let sides = (self.edge.caller.clone(), self.edge.callee.clone());
        let body = text(message.body());
        let entry = Entry::by("nats", &self.edge, (&sides.0, &sides.1), PUBLISH, format!("/{subject}"), body);
        if entry.fault == Some(Kind::Refuse) {
            return;
        }
        entry.reached();
        step.forward.extend_from_slice(&message.whole);
        match reply {
            Some(reply) => drop(self.unconfirmed.insert(reply, entry)),
            None if entry.loses() => {
                (step.kill, step.cut) = (entry.kills(), true);
                entry.lost();
            }
            None => entry.done(),
        }
    }

    /// A word about a delivery: done, not done, still at it.
    fn acknowledged(&mut self, subject: &str, message: Message, step: &mut Step) {
        let word = message.body();
        let well = word.is_empty() || word.starts_with(b"+ACK") || word.starts_with(b"+NXT");
        let open = word.starts_with(b"+WPI");
        match self.held.remove(subject) {
            Some(entry) if open => drop(self.held.insert(subject.to_owned(), entry)),
            Some(entry) if well && entry.kills() => {
                (step.kill, step.cut) = (true, true);
                entry.lost();
                return;
            }
            Some(entry) if well && entry.loses() => {
                entry.lost();
                step.forward.extend_from_slice(format!("PUB {subject} 4\r\n-NAK\r\n").as_bytes());
                return;
            }
            Some(entry) if well => entry.done(),
            _ => {}
        }
        step.forward.extend_from_slice(&message.whole);
        if well {
            step.release = self.release();
        }
    }

    pub fn down(&mut self, bytes: &[u8]) -> Step {
        let mut step = Step::default();
        self.answer.extend_from_slice(bytes);
        while let Some(message) = taken(&mut self.answer, self.bytes) {
            match message.verb.as_str() {
                "MSG" | "HMSG" => self.told(message, &mut step),
                _ => step.forward.extend_from_slice(&message.whole),
            }
            if step.cut {
                return step;
            }
        }
        if self.bytes || self.answer.len() > LONGEST {
            self.bytes = true;
            step.forward.append(&mut self.answer);
        }
        step
    }

    fn told(&mut self, message: Message, step: &mut Step) {
        let subject = message.words.first().cloned().unwrap_or_default();
        // `MSG subject sid [reply] size`, with one size more where there are headers.
        let sizes = if message.verb == "HMSG" { 2 } else { 1 };
        let reply = message.words.get(2).filter(|_| message.words.len() > 2 + sizes).cloned();
        if let Some(entry) = self.unconfirmed.remove(&subject) {
            if entry.kills() {
                (step.kill, step.cut) = (true, true);
            }
            // The client waits for it until it gives up.
            if entry.loses() {
                return entry.lost();
            }
            entry.done();
            return step.forward.extend_from_slice(&message.whole);
        }
        if subject.starts_with("_INBOX.") || subject.starts_with('$') || message.empty() {
            self.learn(message.body());
            return step.forward.extend_from_slice(&message.whole);
        }
        let acknowledged = reply.filter(|r| r.starts_with(ACK) && !self.silent.contains(&consumer(r)));
        let (consumer, broker) = (self.edge.caller.clone(), self.edge.callee.clone());
        let protocol = if acknowledged.is_some() { "jetstream" } else { "nats" };
        let body = text(message.body());
        let entry = Entry::by(protocol, &self.edge, (&broker, &consumer), DELIVER, format!("/{subject}"), body);
        let fault = entry.fault.clone();
        if fault == Some(Kind::Refuse) {
            return;
        }
        entry.reached();
        match acknowledged {
            Some(reply) => drop(self.held.insert(reply, entry)),
            None => entry.done(),
        }
        if fault == Some(Kind::Late) {
            self.late.push(message.whole);
            step.holds = true;
            return;
        }
        step.forward.extend_from_slice(&message.whole);
        if protocol == "nats" {
            // Nobody says that it is done: what was held comes behind the next.
            step.forward.extend(self.release());
        }
    }

    /// An answer of JetStream about a consumer.
    fn learn(&mut self, body: &[u8]) {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) else { return };
        let word = |name: &str| value.get(name).and_then(|v| v.as_str()).map(str::to_owned);
        if value.pointer("/config/ack_policy").and_then(|v| v.as_str()) == Some("none")
            && let (Some(stream), Some(name)) = (word("stream_name"), word("name"))
        {
            self.silent.insert((stream, name));
        }
    }
}

/// Stream and consumer of `$JS.ACK.stream.consumer.…`, or of the longer form with a domain and an account before them.
fn consumer(subject: &str) -> (String, String) {
    let words: Vec<&str> = subject.split('.').collect();
    let at = if words.len() > 10 { 4 } else { 2 };
    let word = |at: usize| words.get(at).map(|w| (*w).to_owned()).unwrap_or_default();
    (word(at), word(at + 1))
}

/// A line with its payload.
struct Message {
    verb: String,
    words: Vec<String>,
    whole: Vec<u8>,
    /// Where the payload begins, behind headers, and ends.
    from: usize,
    until: usize,
    encrypted: bool,
}

impl Message {
    fn body(&self) -> &[u8] {
        self.whole.get(self.from..self.until).unwrap_or_default()
    }

    /// Nothing but a status of the server (`NATS/1.0 404`).
    fn empty(&self) -> bool {
        self.verb == "HMSG" && self.body().is_empty()
    }
}

/// The next whole message.
fn taken(rest: &mut Vec<u8>, bytes: bool) -> Option<Message> {
    if bytes {
        return None;
    }
    let line = rest.windows(2).position(|w| w == b"\r\n")?;
    let told = String::from_utf8_lossy(&rest[..line]).into_owned();
    let mut words = told.split_ascii_whitespace().map(str::to_owned);
    let verb = words.next().unwrap_or_default().to_ascii_uppercase();
    let words: Vec<String> = words.collect();
    let number = |at: usize| words.len().checked_sub(at).and_then(|at| words[at].parse::<usize>().ok()).unwrap_or(0);
    let (heads, size) = match verb.as_str() {
        "PUB" | "MSG" => (0, Some(number(1))),
        "HPUB" | "HMSG" => (number(2), Some(number(1))),
        _ => (0, None),
    };
    let end = size.map_or(line + 2, |size| line + 2 + size + 2);
    if rest.len() < end {
        return None;
    }
    let until = size.map_or(line, |_| end - 2);
    let encrypted = verb == "CONNECT" && told.replace(' ', "").contains("\"tls_required\":true");
    Some(Message { from: line + 2 + heads, until, verb, words, whole: rest.drain(..end).collect(), encrypted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_in_pieces_with_and_without_headers() {
        let mut rest =
            b"HPUB orders _INBOX.a 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPUB x 0\r\n\r\nPING\r\nPUB y 3\r\nab".to_vec();
        let first = taken(&mut rest, false).unwrap();
        assert_eq!((first.verb.as_str(), first.words[0].as_str(), first.body()), ("HPUB", "orders", b"hi".as_slice()));
        let second = taken(&mut rest, false).unwrap();
        assert_eq!((second.words[0].as_str(), second.body()), ("x", b"".as_slice()));
        assert_eq!(taken(&mut rest, false).unwrap().verb, "PING");
        assert!(taken(&mut rest, false).is_none(), "its end is not there yet");
        rest.extend_from_slice(b"c\r\n");
        assert_eq!(taken(&mut rest, false).unwrap().body(), b"abc");
    }

    #[test]
    fn an_acknowledgement_names_its_consumer() {
        let named = |text: &str| consumer(text);
        let (stream, name) = ("ORDERS".to_owned(), "mailer".to_owned());
        assert_eq!(named("$JS.ACK.ORDERS.mailer.1.4.4.17.0"), (stream.clone(), name.clone()));
        assert_eq!(named("$JS.ACK._.hash.ORDERS.mailer.1.4.4.17.0.x"), (stream, name));
    }
}
