//! What a machine is like at one moment, and what can be done to it.
//!
//! Invariant: everything that decides what may happen next stands in the state, so that two states that are equal go on alike.

use std::collections::BTreeSet;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum World {
    /// So many things, anywhere.
    Fair(u8),
    /// Every call of one hop is refused.
    Down(u8),
    /// Every call of one hop is done, and its answer comes after its caller gave up.
    Slow(u8),
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Fine,
    Refused,
    Lost,
    Late,
    /// Just before its caller would give up.
    Slow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    Refused,
    Silent,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doing {
    Ready,
    /// For a callee that works, or for an answer that does not come.
    Waiting(Option<u64>),
    Pausing(u64),
    /// For an answer that comes then; the callee is done.
    Hearing(u64, bool),
    /// Done, and not acknowledged yet.
    Done,
}

/// Somebody who works on one request or message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    pub id: u8,
    pub level: u8,
    /// Who waits for it, and what becomes of its answer.
    pub above: Option<(u8, Outcome)>,
    pub message: Option<u8>,
    /// Who works, from the first on, itself included.
    pub way: Vec<u8>,
    pub tried: u64,
    /// When all attempts together have to be over.
    pub ends: Option<u64>,
    /// Who above it gave up, as a level.
    pub vain: Option<u8>,
    pub doing: Doing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    pub id: u8,
    pub hop: u8,
    pub way: Vec<u8>,
    pub delivered: u64,
    pub taken: Option<u8>,
    pub lease: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub now: u64,
    pub world: World,
    pub frames: Vec<Frame>,
    pub messages: Vec<Message>,
    /// Calls of the last hop that one delivery, or the request itself, became.
    pub calls: u64,
    /// How often the work was done.
    pub done: u64,
    /// What callees know: hop, and whose key.
    pub seen: BTreeSet<(u8, u8)>,
    /// Somebody called on after a caller above gave up: who gave up, and who called.
    pub vain: Option<(u8, u8)>,
    /// A message was handed out again while somebody worked on it.
    pub overrun: bool,
    pub ended: Option<u64>,
    pub next: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Call(u8, Outcome),
    Work(u8),
    Publish(u8),
    Deliver(u8),
    Acknowledge(u8),
    /// The consumer ends before it acknowledges.
    Crash(u8),
    GiveUp(u8),
    Again(u8),
    /// The slow answer comes.
    Hear(u8),
    /// The lease is over, and the message handed out again.
    Expire(u8),
    Tick,
}

impl State {
    pub fn frame(&self, id: u8) -> Option<&Frame> {
        self.frames.iter().find(|f| f.id == id)
    }

    pub fn frame_mut(&mut self, id: u8) -> Option<&mut Frame> {
        self.frames.iter_mut().find(|f| f.id == id)
    }

    pub fn message(&self, id: u8) -> Option<&Message> {
        self.messages.iter().find(|m| m.id == id)
    }

    pub fn message_mut(&mut self, id: u8) -> Option<&mut Message> {
        self.messages.iter_mut().find(|m| m.id == id)
    }

    pub fn fresh(&mut self) -> u8 {
        self.next = self.next.saturating_add(1);
        self.next - 1
    }

    /// One thing less may fail.
    pub fn fault(&mut self) {
        if let World::Fair(left) = &mut self.world {
            *left = left.saturating_sub(1);
        }
    }

    /// The next moment at which something ends.
    pub fn moment(&self) -> Option<u64> {
        let frames = self.frames.iter().filter_map(|f| match f.doing {
            Doing::Waiting(until) => until,
            Doing::Pausing(until) | Doing::Hearing(until, _) => Some(until),
            Doing::Ready | Doing::Done => None,
        });
        let leases = self.messages.iter().filter(|m| m.taken.is_some()).filter_map(|m| m.lease);
        frames.chain(leases).filter(|at| *at > self.now).min()
    }
}
