//! Redis (its "Redis serialization protocol specification") as far as messages of streams go: `XADD`, `XREADGROUP`, `XAUTOCLAIM`, `XCLAIM`,
//! `XACK`.
//!
//! Answers come in the order of commands; a connection that is told of things by itself (`SUBSCRIBE`, `MONITOR`) passes as bytes from then
//! on. Who was handed a message may acknowledge it over another connection, so that messages are held for the edge. A message that was
//! handed out and not acknowledged comes again only to who asks for it: that is what its consumer has to do.

use super::resp::{Parsed, Value, value};
use super::{Entry, Step, text};
use crate::proxy::Edge;
use seam_verify::call::{DELIVER, PUBLISH};
use seam_verify::fault::Kind;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

const LONGEST: usize = 64 << 20;

/// Messages that consumers of an edge hold: by stream, group and number.
#[derive(Default)]
pub struct Held(Mutex<BTreeMap<Handed, Entry>>);

type Handed = (Vec<u8>, Vec<u8>, Vec<u8>);

impl Held {
    /// Whoever held them is gone, or the run is over.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What an answer is for.
enum Asked {
    Nothing,
    /// A message that is added: confirmed by it.
    Added(Entry),
    /// Messages for a group, of this stream where the answer does not name it; nothing is acknowledged.
    Read {
        group: Vec<u8>,
        stream: Option<Vec<u8>>,
        silent: bool,
    },
    /// All that a transaction holds.
    Together(Vec<Entry>),
}

pub struct Redis {
    edge: Arc<Edge>,
    rest: Vec<u8>,
    answer: Vec<u8>,
    asked: VecDeque<Asked>,
    /// Added within a transaction that has begun.
    together: Option<Vec<Entry>>,
    takes: bool,
    bytes: bool,
}

impl Drop for Redis {
    fn drop(&mut self) {
        if self.takes {
            self.edge.control.takes(&self.edge, -1);
        }
    }
}

pub fn speaks(first: &[u8]) -> bool {
    first.len() > 3 && first[0] == b'*' && first[1].is_ascii_digit()
}

impl Redis {
    pub fn new(edge: Arc<Edge>) -> Redis {
        Redis {
            edge,
            rest: Vec::new(),
            answer: Vec::new(),
            asked: VecDeque::new(),
            together: None,
            takes: false,
            bytes: false,
        }
    }

    pub fn up(&mut self, bytes: &[u8]) -> Step {
        let mut step = Step::default();
        self.rest.extend_from_slice(bytes);
        while !self.bytes {
            let (command, end) = match value(&self.rest, 0) {
                Parsed::Whole(Value::List(words), end) => (words, end),
                Parsed::Part if self.rest.len() < LONGEST => return step,
                _ => {
                    self.bytes = true;
                    break;
                }
            };
            let raw: Vec<u8> = self.rest.drain(..end).collect();
            let words: Vec<&[u8]> = command.iter().map(|w| w.text()).collect();
            self.sent(&words, &raw, &mut step);
            if step.cut {
                return step;
            }
        }
        step.forward.append(&mut self.rest);
        step
    }

    fn sent(&mut self, words: &[&[u8]], raw: &[u8], step: &mut Step) {
        let verb = words.first().map(|w| String::from_utf8_lossy(w).to_ascii_uppercase()).unwrap_or_default();
        let mut asked = Asked::Nothing;
        match verb.as_str() {
            // Answers no longer come one for one.
            "SUBSCRIBE" | "PSUBSCRIBE" | "SSUBSCRIBE" | "MONITOR" | "SYNC" | "PSYNC" => self.bytes = true,
            "CLIENT" if words.get(1).is_some_and(|w| w.eq_ignore_ascii_case(b"REPLY")) => self.bytes = true,
            "MULTI" => self.together = Some(Vec::new()),
            "DISCARD" => self.together = None,
            "EXEC" => {
                if let Some(entries) = self.together.take() {
                    asked = Asked::Together(entries);
                }
            }
            "XADD" => {
                let Some(entry) = self.add(words) else { return step.forward.extend_from_slice(raw) };
                if entry.fault == Some(Kind::Refuse) {
                    step.cut = true;
                    return;
                }
                entry.reached();
                match &mut self.together {
                    Some(together) => together.push(entry),
                    None => asked = Asked::Added(entry),
                }
            }
            "XREADGROUP" => {
                let at = |word: &[u8]| words.iter().position(|w| w.eq_ignore_ascii_case(word));
                if let Some(group) = at(b"GROUP").and_then(|g| words.get(g + 1)) {
                    let silent = at(b"NOACK").is_some();
                    asked = Asked::Read { group: group.to_vec(), stream: None, silent };
                }
                if !self.takes {
                    self.takes = true;
                    self.edge.control.takes(&self.edge, 1);
                }
            }
            "XAUTOCLAIM" | "XCLAIM" if words.len() > 2 => {
                asked = Asked::Read { group: words[2].to_vec(), stream: Some(words[1].to_vec()), silent: false };
            }
            "XACK" if words.len() > 3 && self.acknowledged(words, step) => return,
            _ => {}
        }
        self.asked.push_back(asked);
        step.forward.extend_from_slice(raw);
    }

    /// `XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] n [LIMIT n]] id field value …`
    fn add(&mut self, words: &[&[u8]]) -> Option<Entry> {
        let mut at = 2;
        while let Some(word) = words.get(at) {
            match word.to_ascii_uppercase().as_slice() {
                b"NOMKSTREAM" | b"KEEPREF" | b"DELREF" | b"ACKED" => at += 1,
                b"MAXLEN" | b"MINID" => at += if matches!(words.get(at + 1), Some(&b"=" | &b"~")) { 3 } else { 2 },
                b"LIMIT" => at += 2,
                _ => break,
            }
        }
        let fields = words.get(at + 1..).filter(|f| !f.is_empty())?;
        let path = format!("/{}", String::from_utf8_lossy(words[1]));
        let sides = (self.edge.caller.clone(), self.edge.callee.clone());
        Some(Entry::by("redis", &self.edge, (&sides.0, &sides.1), PUBLISH, path, told(fields)))
    }

    /// Whether an acknowledgement is lost with the line.
    fn acknowledged(&mut self, words: &[&[u8]], step: &mut Step) -> bool {
        let mut held = self.edge.held.0.lock().unwrap_or_else(PoisonError::into_inner);
        for number in &words[3..] {
            let Some(entry) = held.remove(&(words[1].to_vec(), words[2].to_vec(), number.to_vec())) else { continue };
            if entry.loses() {
                (step.kill, step.cut) = (entry.kills(), true);
                entry.lost();
                return true;
            }
            entry.done();
        }
        false
    }

    pub fn down(&mut self, bytes: &[u8]) -> Step {
        let mut step = Step::default();
        self.answer.extend_from_slice(bytes);
        while !self.bytes && !self.answer.is_empty() {
            let (answer, end) = match value(&self.answer, 0) {
                Parsed::Whole(answer, end) => (answer, end),
                Parsed::Part if self.answer.len() < LONGEST => return step,
                _ => {
                    self.bytes = true;
                    break;
                }
            };
            let raw: Vec<u8> = self.answer.drain(..end).collect();
            // What the server says by itself answers nothing.
            let asked = if raw[0] == b'>' { None } else { self.asked.pop_front() };
            self.told(asked.unwrap_or(Asked::Nothing), answer, raw, &mut step);
            if step.cut {
                return step;
            }
        }
        step.forward.append(&mut self.answer);
        step
    }

    fn told(&mut self, asked: Asked, answer: Value, raw: Vec<u8>, step: &mut Step) {
        match asked {
            Asked::Nothing => {}
            Asked::Added(entry) => self.confirmed(vec![entry], &answer, step),
            Asked::Together(entries) => self.confirmed(entries, &answer, step),
            Asked::Read { group, stream, silent } => {
                if let Some(twice) = self.deliver(&group, stream, silent, &answer, step) {
                    return step.forward.extend_from_slice(&twice);
                }
            }
        }
        if !step.cut {
            step.forward.extend_from_slice(&raw);
        }
    }

    fn confirmed(&self, entries: Vec<Entry>, answer: &Value, step: &mut Step) {
        for entry in entries {
            match (answer, entry.loses()) {
                // It was not done, and who asked hears it.
                (Value::Error | Value::Nil, _) => drop(entry),
                (_, true) => {
                    (step.kill, step.cut) = (step.kill || entry.kills(), true);
                    entry.lost();
                }
                (_, false) => entry.done(),
            }
        }
    }

    /// The answer in another form, where one of its messages comes twice.
    fn deliver(
        &mut self,
        group: &[u8],
        stream: Option<Vec<u8>>,
        silent: bool,
        answer: &Value,
        step: &mut Step,
    ) -> Option<Vec<u8>> {
        let mut twice = Vec::new();
        for (stream, message) in messages(answer, stream) {
            let Value::List(parts) = message else { continue };
            let [number, Value::List(fields)] = parts.as_slice() else { continue };
            let fields: Vec<&[u8]> = fields.iter().map(Value::text).collect();
            let (consumer, broker) = (self.edge.caller.clone(), self.edge.callee.clone());
            let path = format!("/{}", String::from_utf8_lossy(&stream));
            let entry = Entry::by("redis", &self.edge, (&broker, &consumer), DELIVER, path, told(&fields));
            match entry.fault {
                Some(Kind::Refuse) => {
                    step.cut = true;
                    return None;
                }
                Some(Kind::Duplicate) => twice.push(std::ptr::from_ref(message)),
                _ => {}
            }
            entry.reached();
            if silent {
                entry.done();
                continue;
            }
            let key = (stream, group.to_vec(), number.text().to_vec());
            self.edge.held.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, entry);
        }
        if twice.is_empty() {
            return None;
        }
        let mut out = Vec::new();
        answer.write(&twice, &mut out);
        Some(out)
    }
}

/// Messages of an answer, with their streams: `[[stream, [message, …]], …]`, the same as a map, or what a claim gives (`[next, [message, …],
/// …]` or the messages alone) for a stream that is known.
fn messages(answer: &Value, stream: Option<Vec<u8>>) -> Vec<(Vec<u8>, &Value)> {
    fn list(value: &Value) -> Option<&[Value]> {
        match value {
            Value::List(items) => Some(items),
            Value::Map(_) | Value::Text(_) | Value::Nil | Value::Error | Value::Other(_) => None,
        }
    }
    let (Value::List(items) | Value::Map(items)) = answer else { return Vec::new() };
    let mut out = Vec::new();
    match stream {
        Some(stream) => {
            let claimed = match items.as_slice() {
                [Value::Text(_), Value::List(claimed), ..] => claimed.as_slice(),
                _ => items.as_slice(),
            };
            out.extend(claimed.iter().map(|m| (stream.clone(), m)));
        }
        None => {
            let flat: Vec<&Value> = match items.first() {
                Some(Value::List(_)) => items.iter().filter_map(list).flatten().collect(),
                _ => items.iter().collect(),
            };
            for pair in flat.chunks_exact(2) {
                out.extend(list(pair[1]).into_iter().flatten().map(|m| (pair[0].text().to_vec(), m)));
            }
        }
    }
    out
}

/// Fields and values as JSON, so that they are compared one by one.
fn told(fields: &[&[u8]]) -> String {
    let word = |w: &[u8]| String::from_utf8_lossy(w).into_owned();
    let pairs = fields.chunks(2).map(|p| (word(p[0]), word(p.get(1).copied().unwrap_or_default()).into()));
    text(serde_json::Value::Object(pairs.collect()).to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        match value(text.as_bytes(), 0) {
            Parsed::Whole(value, end) if end == text.len() => value,
            _ => panic!("{text:?} is one whole value"),
        }
    }

    const TWO: &str = "*1\r\n*2\r\n$6\r\norders\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$2\r\nid\r\n$1\r\n7\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$2\r\nid\r\n$1\r\n8\r\n";

    #[test]
    fn messages_of_a_group_are_found_in_every_form_of_an_answer() {
        let told = |answer: &Value, stream: Option<&[u8]>| -> Vec<String> {
            let all = messages(answer, stream.map(<[u8]>::to_vec));
            let text = |v: &Value| match v {
                Value::List(parts) => String::from_utf8_lossy(parts[0].text()).into_owned(),
                _ => String::new(),
            };
            all.iter().map(|(s, m)| format!("{} {}", String::from_utf8_lossy(s), text(m))).collect()
        };
        assert_eq!(told(&read(TWO), None), ["orders 1-0", "orders 2-0"]);
        let map = format!("%1\r\n{}", &TWO["*1\r\n*2\r\n".len()..]);
        assert_eq!(told(&read(&map), None), ["orders 1-0", "orders 2-0"]);
        let claimed = "*3\r\n$3\r\n0-0\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$2\r\nid\r\n$1\r\n7\r\n*0\r\n";
        assert_eq!(told(&read(claimed), Some(b"orders")), ["orders 1-0"]);
        assert!(told(&read("*-1\r\n"), None).is_empty());
    }

    #[test]
    fn a_message_is_written_twice_where_it_stands() {
        let answer = read(TWO);
        let mut out = Vec::new();
        answer.write(&[], &mut out);
        assert_eq!(String::from_utf8_lossy(&out), TWO);
        let first = std::ptr::from_ref(messages(&answer, None)[0].1);
        out.clear();
        answer.write(&[first], &mut out);
        let again = read(&String::from_utf8_lossy(&out));
        assert_eq!(messages(&again, None).len(), 3);
    }

    #[test]
    fn what_is_cut_off_waits_and_what_is_no_value_is_told() {
        assert!(matches!(value(&TWO.as_bytes()[..40], 0), Parsed::Part));
        assert!(matches!(value(b"GET x\r\n", 0), Parsed::Not));
    }
}
