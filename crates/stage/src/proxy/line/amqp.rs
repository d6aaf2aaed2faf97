//! AMQP 0-9-1 (its specification, "Framing" and class `basic`) as far as messages go: published, confirmed, delivered, acknowledged.
//!
//! The frames of one message are handed on together, so that one can be held, or be the last before the line breaks. A delivery whose
//! acknowledgement is lost is handed out again by the broker, as it would be if its consumer had died.

use super::{Entry, Step, text};
use crate::proxy::Edge;
use seam_verify::call::{DELIVER, PUBLISH};
use seam_verify::fault::Kind;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const BASIC: u16 = 60;
const CONFIRM: u16 = 85;
const LONGEST: usize = 256 << 20;

#[derive(Default)]
struct Channel {
    /// Publishes are confirmed: how many there were, and which are not yet.
    confirms: bool,
    published: u64,
    unconfirmed: BTreeMap<u64, Entry>,
    /// By the consumer's tag: its queue, and whether nothing is acknowledged.
    consumers: BTreeMap<Vec<u8>, (String, bool)>,
    /// Asked for, and not yet named by the broker.
    asked: VecDeque<(String, bool)>,
    /// By the delivery's tag.
    held: BTreeMap<u64, Entry>,
    /// Messages whose frames are still coming.
    up: Option<Message>,
    down: Option<Message>,
}

/// Frames of one message.
struct Message {
    /// `Publish`: where to. `Deliver`: the queue.
    place: String,
    tag: u64,
    acknowledged: bool,
    frames: Vec<u8>,
    size: Option<u64>,
    body: Vec<u8>,
}

pub struct Amqp {
    edge: Arc<Edge>,
    greeted: bool,
    rest: Vec<u8>,
    answer: Vec<u8>,
    channels: BTreeMap<u16, Channel>,
    /// Deliveries that are to come behind others.
    late: Vec<Vec<u8>>,
    losing: bool,
    takes: bool,
}

impl Drop for Amqp {
    fn drop(&mut self) {
        if self.takes {
            self.edge.control.takes(&self.edge, -1);
        }
    }
}

impl Amqp {
    pub fn new(edge: Arc<Edge>) -> Amqp {
        Amqp {
            edge,
            greeted: false,
            rest: Vec::new(),
            answer: Vec::new(),
            channels: BTreeMap::new(),
            late: Vec::new(),
            losing: false,
            takes: false,
        }
    }

    pub fn release(&mut self) -> Vec<u8> {
        self.late.drain(..).flatten().collect()
    }

    pub fn up(&mut self, bytes: &[u8]) -> Step {
        let mut step = Step::default();
        self.rest.extend_from_slice(bytes);
        if !self.greeted {
            if self.rest.len() < 8 {
                return step;
            }
            self.greeted = true;
            step.forward.extend(self.rest.drain(..8));
        }
        while let Some(frame) = taken(&mut self.rest) {
            if self.sent(&frame, &mut step).is_none() {
                step.forward.extend_from_slice(&frame);
            }
            if step.cut {
                return step;
            }
        }
        step
    }

    /// A frame of the client; nothing if it is to be handed on as it is.
    fn sent(&mut self, frame: &[u8], step: &mut Step) -> Option<()> {
        let (kind, number, payload) = parts(frame);
        let channel = self.channels.entry(number).or_default();
        match kind {
            METHOD => match (short(payload, 0)?, short(payload, 2)?) {
                (BASIC, 40) => {
                    let (exchange, at) = word(payload, 6)?;
                    let (key, _) = word(payload, at)?;
                    let (exchange, key) = (String::from_utf8_lossy(exchange), String::from_utf8_lossy(key));
                    let place = if exchange.is_empty() { format!("/{key}") } else { format!("/{exchange}/{key}") };
                    channel.published += u64::from(channel.confirms);
                    let (tag, acknowledged) = (channel.published, channel.confirms);
                    channel.up = Some(Message {
                        place,
                        tag,
                        acknowledged,
                        frames: frame.to_vec(),
                        size: None,
                        body: Vec::new(),
                    });
                    Some(())
                }
                (CONFIRM, 10) => {
                    channel.confirms = true;
                    None
                }
                (BASIC, 20) => {
                    let (queue, at) = word(payload, 6)?;
                    let (tag, at) = word(payload, at)?;
                    let unacknowledged = payload.get(at)? & 2 != 0;
                    let wanted = (String::from_utf8_lossy(queue).into_owned(), unacknowledged);
                    match tag.is_empty() {
                        true => channel.asked.push_back(wanted),
                        false => drop(channel.consumers.insert(tag.to_vec(), wanted)),
                    }
                    if !self.takes {
                        self.takes = true;
                        self.edge.control.takes(&self.edge, 1);
                    }
                    None
                }
                (BASIC, method @ (80 | 90 | 120)) => {
                    let tag = long(payload, 4)?;
                    let many = method != 90 && payload.get(12)? & 1 != 0;
                    self.answered(number, tag, many, method == 80, step)
                }
                _ => None,
            },
            HEADER | BODY => {
                let message = gathered(&mut channel.up, kind, payload, frame)?;
                if let Some(message) = message {
                    self.publish(number, message, step);
                }
                Some(())
            }
            _ => None,
        }
    }

    fn publish(&mut self, number: u16, message: Message, step: &mut Step) {
        let sides = (self.edge.caller.clone(), self.edge.callee.clone());
        let entry = Entry::of(&self.edge, (&sides.0, &sides.1), PUBLISH, message.place, text(&message.body));
        if entry.fault == Some(Kind::Refuse) {
            step.cut = true;
            return;
        }
        entry.reached();
        step.forward.extend_from_slice(&message.frames);
        let lost = entry.loses();
        match (message.acknowledged, lost) {
            (true, _) => {
                self.losing |= lost;
                let channel = self.channels.entry(number).or_default();
                channel.unconfirmed.insert(message.tag, entry);
            }
            // The broker has it before it sees the end of the line.
            (false, true) => {
                step.kill = entry.kills();
                entry.lost();
                step.cut = true;
            }
            (false, false) => entry.done(),
        }
    }

    /// Acknowledged, or handed back.
    fn answered(&mut self, number: u16, tag: u64, many: bool, well: bool, step: &mut Step) -> Option<()> {
        let channel = self.channels.get_mut(&number)?;
        let tags: Vec<u64> =
            channel.held.keys().copied().filter(|t| *t == tag || many && (*t <= tag || tag == 0)).collect();
        for entry in tags.iter().filter_map(|t| channel.held.remove(t)).collect::<Vec<_>>() {
            match (well, entry.loses()) {
                (true, true) => {
                    step.kill = entry.kills();
                    entry.lost();
                    step.cut = true;
                    return Some(());
                }
                (true, _) => entry.done(),
                (false, _) => drop(entry),
            }
        }
        if well {
            step.release = self.release();
        }
        None
    }

    pub fn down(&mut self, bytes: &[u8]) -> Step {
        let mut step = Step::default();
        self.answer.extend_from_slice(bytes);
        while let Some(frame) = taken(&mut self.answer) {
            if self.told(&frame, &mut step).is_none() && !self.losing {
                step.forward.extend_from_slice(&frame);
            }
            if step.cut {
                return step;
            }
        }
        step
    }

    /// A frame of the broker.
    fn told(&mut self, frame: &[u8], step: &mut Step) -> Option<()> {
        let (kind, number, payload) = parts(frame);
        let channel = self.channels.entry(number).or_default();
        match kind {
            METHOD => match (short(payload, 0)?, short(payload, 2)?) {
                (BASIC, 21) => {
                    if let Some(wanted) = channel.asked.pop_front() {
                        channel.consumers.insert(word(payload, 4)?.0.to_vec(), wanted);
                    }
                    None
                }
                (BASIC, 60) => {
                    let (consumer, at) = word(payload, 4)?;
                    let (queue, unacknowledged) = channel.consumers.get(consumer).cloned().unwrap_or_default();
                    let (tag, place) = (long(payload, at)?, format!("/{queue}"));
                    let frames = frame.to_vec();
                    let acknowledged = !unacknowledged;
                    channel.down = Some(Message { place, tag, acknowledged, frames, size: None, body: Vec::new() });
                    Some(())
                }
                // Confirmed, or refused.
                (BASIC, method @ (80 | 120)) => {
                    let (tag, many) = (long(payload, 4)?, payload.get(12)? & 1 != 0);
                    let tags: Vec<u64> = channel
                        .unconfirmed
                        .keys()
                        .copied()
                        .filter(|t| *t == tag || many && (*t <= tag || tag == 0))
                        .collect();
                    for entry in tags.iter().filter_map(|t| channel.unconfirmed.remove(t)).collect::<Vec<_>>() {
                        match (method == 80, entry.loses()) {
                            (true, true) => {
                                step.kill = entry.kills();
                                entry.lost();
                                step.cut = true;
                                return Some(());
                            }
                            (true, _) => entry.done(),
                            (false, _) => drop(entry),
                        }
                    }
                    None
                }
                _ => None,
            },
            HEADER | BODY => {
                let message = gathered(&mut channel.down, kind, payload, frame)?;
                if let Some(message) = message {
                    self.deliver(number, message, step);
                }
                Some(())
            }
            _ => None,
        }
    }

    fn deliver(&mut self, number: u16, message: Message, step: &mut Step) {
        let (consumer, broker) = (self.edge.caller.clone(), self.edge.callee.clone());
        let entry = Entry::of(&self.edge, (&broker, &consumer), DELIVER, message.place, text(&message.body));
        entry.reached();
        let late = entry.fault == Some(Kind::Late);
        match message.acknowledged {
            true => drop(self.channels.entry(number).or_default().held.insert(message.tag, entry)),
            false => entry.done(),
        }
        if late {
            self.late.push(message.frames);
            step.holds = true;
        } else {
            step.forward.extend_from_slice(&message.frames);
        }
    }
}

/// The next whole frame.
fn taken(rest: &mut Vec<u8>) -> Option<Vec<u8>> {
    let head = rest.get(..7)?;
    let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]) as usize;
    // Not AMQP after all: it goes as it is.
    let length = if size > LONGEST { rest.len() } else { size + 8 };
    (rest.len() >= length).then(|| rest.drain(..length).collect())
}

/// A frame's kind, channel and payload.
fn parts(frame: &[u8]) -> (u8, u16, &[u8]) {
    let end = frame.len().saturating_sub(1).max(7);
    (frame[0], u16::from_be_bytes([frame[1], frame[2]]), frame.get(7..end).unwrap_or_default())
}

/// Adds a frame to a message: nothing if there is none, else the message if it is whole now.
fn gathered(message: &mut Option<Message>, kind: u8, payload: &[u8], frame: &[u8]) -> Option<Option<Message>> {
    let gathering = message.as_mut()?;
    gathering.frames.extend_from_slice(frame);
    match kind {
        HEADER => gathering.size = Some(long(payload, 4).unwrap_or(0)),
        _ => gathering.body.extend_from_slice(payload),
    }
    let whole = gathering.size.is_some_and(|size| gathering.body.len() as u64 >= size);
    Some(if whole { message.take() } else { None })
}

fn short(payload: &[u8], at: usize) -> Option<u16> {
    payload.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]))
}

fn long(payload: &[u8], at: usize) -> Option<u64> {
    payload.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_be_bytes)
}

/// A short string, and where it ends.
fn word(payload: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let length = usize::from(*payload.get(at)?);
    payload.get(at + 1..at + 1 + length).map(|w| (w, at + 1 + length))
}
