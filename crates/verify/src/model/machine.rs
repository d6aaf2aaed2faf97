//! The machine of one chain: who waits, works or pauses, which messages are under way, what time it is.
//!
//! Invariant: time passes only when nothing else can happen, and then to the next moment at which a wait, a pause or a lease ends; of
//! what can happen at one moment, every order is tried, but for messages, which one consumer takes in their order. Work takes no time by itself; what may take long is an answer that is held
//! back. What fails is one thing anywhere ([`World::Fair`]), or one hop all the time.

use super::state::{Action, Doing, Failure, Frame, Message, Outcome, State, World};
use super::{Budget, Chain, Hop, Property};
use stateright::{Model, Property as Holds};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Deliveries of one message that are looked at where nothing bounds them.
const DELIVERIES: u64 = 3;
/// Things under way at once: more show nothing new.
const FRAMES: usize = 12;

/// The most that any state shows.
#[derive(Debug, Default)]
pub struct Most {
    calls: AtomicU64,
    ended: AtomicU64,
    /// Properties whose first counterexample was found.
    broken: [AtomicBool; Property::ALL.len()],
}

impl Most {
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// When the last request ended, if any took time.
    pub fn ended(&self) -> Option<u64> {
        Some(self.ended.load(Ordering::Relaxed)).filter(|ms| *ms > 0)
    }

    fn see(&self, state: &State) {
        self.calls.fetch_max(state.calls, Ordering::Relaxed);
        self.ended.fetch_max(state.ended.unwrap_or_default(), Ordering::Relaxed);
    }
}

pub struct Machine {
    hops: Vec<Hop>,
    works: bool,
    budget: Budget,
    most: Arc<Most>,
}

impl Machine {
    pub fn new(chain: &Chain, budget: Budget, most: Arc<Most>) -> Machine {
        Machine { hops: chain.hops.clone(), works: chain.work.is_some(), budget, most }
    }

    fn hop(&self, level: u8) -> Option<&Hop> {
        self.hops.get(usize::from(level))
    }

    /// What never ends is followed until it is too much.
    fn tries(&self, hop: &Hop, failure: Failure) -> u64 {
        let tries = match failure {
            Failure::Refused => hop.tries.refused,
            Failure::Silent => hop.tries.silent,
            Failure::Failed => hop.tries.failed,
        };
        tries.min(self.budget.calls + 1)
    }

    fn outcomes(&self, state: &State, hop: &Hop, level: u8) -> Vec<Outcome> {
        let bounded = hop.timeout.is_some() || hop.total.is_some();
        match state.world {
            World::Down(at) if at == level => vec![Outcome::Refused],
            World::Slow(at) if at == level => vec![Outcome::Late],
            World::Fair(left) if left > 0 => {
                let mut out = vec![Outcome::Fine, Outcome::Lost, Outcome::Refused];
                if bounded {
                    out.extend([Outcome::Late, Outcome::Slow]);
                }
                out
            }
            World::Fair(_) | World::Down(_) | World::Slow(_) => vec![Outcome::Fine],
        }
    }
}

impl Model for Machine {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let calls = |h: &&(usize, &Hop)| h.1.message.is_none();
        let levels: Vec<(usize, &Hop)> = self.hops.iter().enumerate().collect();
        let level = |at: &usize| u8::try_from(*at).unwrap_or(u8::MAX);
        let down = levels.iter().filter(calls).map(|(at, _)| World::Down(level(at)));
        // Who waits for ever waits for ever: there is nothing to follow.
        let slow = levels.iter().filter(calls).filter(|(_, h)| h.timeout.is_some() || h.total.is_some());
        let slow = slow.map(|(at, _)| World::Slow(level(at)));
        let root = Frame {
            id: 0,
            level: 0,
            above: None,
            message: None,
            way: vec![0],
            tried: 0,
            ends: None,
            vain: None,
            doing: Doing::Ready,
        };
        let of = |world| State {
            now: 0,
            world,
            frames: vec![root.clone()],
            messages: Vec::new(),
            calls: 0,
            done: 0,
            seen: BTreeSet::new(),
            vain: None,
            overrun: false,
            ended: None,
            next: 1,
        };
        // The search takes the last one first.
        slow.chain(down).chain([World::Fair(1)]).map(of).collect()
    }

    fn actions(&self, state: &State, out: &mut Vec<Action>) {
        let fails = matches!(state.world, World::Fair(left) if left > 0);
        for frame in &state.frames {
            match (frame.doing, self.hop(frame.level)) {
                (Doing::Ready, None) => out.push(Action::Work(frame.id)),
                (Doing::Ready, Some(hop)) if hop.message.is_some() => out.push(Action::Publish(frame.id)),
                (Doing::Ready, Some(hop)) => {
                    let outcomes = self.outcomes(state, hop, frame.level);
                    out.extend(outcomes.into_iter().map(|o| Action::Call(frame.id, o)));
                }
                (Doing::Done, _) => {
                    out.push(Action::Acknowledge(frame.id));
                    if fails {
                        out.push(Action::Crash(frame.id));
                    }
                }
                (Doing::Waiting(Some(until)), _) if until <= state.now => out.push(Action::GiveUp(frame.id)),
                (Doing::Pausing(until), _) if until <= state.now => out.push(Action::Again(frame.id)),
                (Doing::Hearing(until, _), _) if until <= state.now => out.push(Action::Hear(frame.id)),
                (Doing::Waiting(_) | Doing::Pausing(_) | Doing::Hearing(..), _) => {}
            }
        }
        for message in &state.messages {
            if message.taken.is_some() && message.lease.is_some_and(|l| l <= state.now) {
                out.push(Action::Expire(message.id));
            }
        }
        // One message after the other, when nothing else is left to do: what several do beside one another they do for themselves.
        let busy = |m: &Message| m.taken.is_some_and(|by| state.frame(by).is_some());
        if out.is_empty() && !state.messages.iter().any(busy) {
            out.extend(state.messages.iter().find(|m| m.taken.is_none()).map(|m| Action::Deliver(m.id)));
        }
        if out.is_empty() && state.moment().is_some() {
            out.push(Action::Tick);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        self.act(&mut state, action)?;
        Some(state)
    }

    fn properties(&self) -> Vec<Holds<Self>> {
        vec![
            Holds::always(Property::Once.word(), |m: &Machine, s: &State| {
                m.most.see(s);
                m.first(Property::Once, m.works && s.done > 1)
            }),
            Holds::always(Property::Bounded.word(), |m: &Machine, s: &State| {
                m.first(Property::Bounded, s.calls > m.budget.calls)
            }),
            Holds::always(Property::Heeded.word(), |m: &Machine, s: &State| {
                m.first(Property::Heeded, s.vain.is_some())
            }),
            Holds::always(Property::Leased.word(), |m: &Machine, s: &State| m.first(Property::Leased, s.overrun)),
            // Never found, so that every state is looked at even where all others are.
            Holds::always("looked at", |_: &Machine, _: &State| true),
        ]
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.frames.len() <= FRAMES && state.next < u8::MAX
    }
}

impl Machine {
    /// Whether a property holds, as the search is to take it: states are met in the order of their distance, and it keeps the last one
    /// that breaks a property, where the nearest is wanted.
    fn first(&self, property: Property, broken: bool) -> bool {
        !broken || self.most.broken[property as usize].swap(true, Ordering::Relaxed)
    }

    fn act(&self, state: &mut State, action: Action) -> Option<()> {
        match action {
            Action::Call(id, outcome) => self.call(state, id, outcome)?,
            Action::Work(id) => {
                state.done += 1;
                self.end(state, id, true);
            }
            Action::Publish(id) => {
                let frame = state.frame(id)?.clone();
                let message = state.fresh();
                let (hop, way) = (frame.level, frame.way);
                state.messages.push(Message { id: message, hop, way, delivered: 0, taken: None, lease: None });
                self.end(state, id, true);
            }
            Action::Deliver(message) => self.deliver(state, message)?,
            Action::Acknowledge(id) => {
                let message = state.frame(id)?.message;
                state.messages.retain(|m| Some(m.id) != message || m.taken != Some(id));
                state.frames.retain(|f| f.id != id);
            }
            Action::Crash(id) => {
                let message = state.frame(id)?.message?;
                state.frames.retain(|f| f.id != id);
                state.fault();
                self.back(state, message, id);
            }
            Action::GiveUp(id) => {
                let level = state.frame(id)?.level;
                for other in state.frames.iter_mut().filter(|f| f.id != id && f.way.contains(&id)) {
                    other.vain.get_or_insert(level);
                }
                // Nobody hears what comes now.
                for other in state.frames.iter_mut().filter(|f| f.above.is_some_and(|(above, _)| above == id)) {
                    other.above = None;
                }
                let over = state.frame(id)?.ends.is_some_and(|e| e <= state.now);
                self.failed(state, id, Failure::Silent, over);
            }
            Action::Again(id) => state.frame_mut(id)?.doing = Doing::Ready,
            Action::Hear(id) => {
                let Doing::Hearing(_, well) = state.frame(id)?.doing else { return None };
                self.answered(state, id, Outcome::Fine, well);
            }
            Action::Expire(message) => {
                let taken = state.message(message)?.taken?;
                state.overrun |= state.frame(taken).is_some();
                self.back(state, message, taken);
            }
            Action::Tick => state.now = state.moment()?,
        }
        Some(())
    }

    fn call(&self, state: &mut State, id: u8, outcome: Outcome) -> Option<()> {
        let now = state.now;
        let frame = state.frame_mut(id)?;
        let level = frame.level;
        let hop = self.hop(level)?;
        frame.tried += 1;
        let ends = *frame.ends.get_or_insert_with(|| hop.total.as_ref().map_or(u64::MAX, |t| now + t.millis));
        if ends == u64::MAX {
            frame.ends = None;
        }
        let each = hop.timeout.as_ref().map(|t| now + t.millis);
        let until = [each, frame.ends].into_iter().flatten().min();
        let frame = frame.clone();
        if usize::from(level) + 1 == self.hops.len() {
            state.calls += 1;
        }
        // What only asks harms nobody when it goes on.
        if let Some(above) = frame.vain.filter(|a| frame.tried > 1 && !self.hops[usize::from(*a)].asks) {
            state.vain.get_or_insert((above, level));
        }
        if outcome != Outcome::Fine {
            state.fault();
        }
        if outcome == Outcome::Refused {
            self.failed(state, id, Failure::Refused, false);
            return Some(());
        }
        state.frame_mut(id)?.doing = Doing::Waiting(until);
        let child = state.fresh();
        let way: Vec<u8> = frame.way.iter().copied().chain([child]).collect();
        if !self.knows(state, level, &way) {
            state.frames.push(Frame {
                id: child,
                level: level + 1,
                above: Some((id, outcome)),
                message: None,
                way,
                tried: 0,
                ends: None,
                vain: frame.vain,
                doing: Doing::Ready,
            });
            return Some(());
        }
        // It was done before, and is answered from what is kept.
        self.answered(state, id, outcome, true);
        Some(())
    }

    /// Whether the callee of a hop has this key; it has from now on.
    fn knows(&self, state: &mut State, level: u8, way: &[u8]) -> bool {
        let Some(guard) = self.hop(level).and_then(|h| h.guard.as_ref()) else { return false };
        let origin = if guard.fresh { way[usize::from(level)] } else { way[0] };
        !state.seen.insert((level, origin))
    }

    fn deliver(&self, state: &mut State, id: u8) -> Option<()> {
        let message = state.message(id)?.clone();
        let taking = self.hop(message.hop)?.message.as_ref()?;
        let frame = state.fresh();
        let way: Vec<u8> = message.way.iter().copied().chain([frame]).collect();
        if taking.again {
            let now = state.now;
            let known = state.message_mut(id)?;
            known.taken = Some(frame);
            known.delivered += 1;
            known.lease = taking.lease.as_ref().map(|l| now + l.millis);
        } else {
            // The broker has forgotten it.
            state.messages.retain(|m| m.id != id);
        }
        if message.delivered > 0 {
            state.calls = 0;
        }
        let doing = if self.knows(state, message.hop, &way) { Doing::Done } else { Doing::Ready };
        state.frames.push(Frame {
            id: frame,
            level: message.hop + 1,
            above: None,
            message: taking.again.then_some(id),
            way,
            tried: 0,
            ends: None,
            vain: None,
            doing,
        });
        if doing == Doing::Done && !taking.again {
            self.end(state, frame, true);
        }
        Some(())
    }

    /// A message that was not acknowledged comes again.
    fn back(&self, state: &mut State, id: u8, by: u8) {
        let Some(message) = state.messages.iter_mut().find(|m| m.id == id && m.taken == Some(by)) else { return };
        (message.taken, message.lease) = (None, None);
        if message.delivered >= DELIVERIES {
            state.messages.retain(|m| m.id != id);
        }
    }

    /// An attempt came to nothing.
    fn failed(&self, state: &mut State, id: u8, failure: Failure, over: bool) {
        let now = state.now;
        let Some(frame) = state.frames.iter_mut().find(|f| f.id == id) else { return };
        let Some(hop) = self.hops.get(usize::from(frame.level)) else { return };
        let left = !over && frame.tried < self.tries(hop, failure);
        if !left {
            self.end(state, id, false);
        } else if hop.pause > 0 {
            frame.doing = Doing::Pausing(now + hop.pause);
        } else {
            frame.doing = Doing::Ready;
        }
    }

    /// A frame's work is over: whoever waits for it hears of it.
    fn end(&self, state: &mut State, id: u8, well: bool) {
        let Some(at) = state.frames.iter().position(|f| f.id == id) else { return };
        let frame = state.frames[at].clone();
        // It is done, and who asked was told that it is not.
        if let Some(above) = frame.vain.filter(|a| well && frame.tried > 0 && !self.hops[usize::from(*a)].asks) {
            state.vain.get_or_insert((above, frame.level));
        }
        if !well && let Some(level) = frame.level.checked_sub(1) {
            // Who failed keeps nothing.
            let origins: Vec<u8> = frame.way.clone();
            state.seen.retain(|(hop, origin)| *hop != level || !origins.contains(origin));
        }
        if let Some(message) = frame.message {
            if well {
                state.frames[at].doing = Doing::Done;
            } else {
                state.frames.remove(at);
                self.back(state, message, id);
            }
            return;
        }
        state.frames.remove(at);
        match frame.above {
            Some((above, outcome)) => self.answered(state, above, outcome, well),
            None if frame.level == 0 => state.ended = Some(state.now),
            None => {}
        }
    }

    /// The callee's answer, as far as it comes.
    fn answered(&self, state: &mut State, above: u8, outcome: Outcome, well: bool) {
        match (outcome, well) {
            (Outcome::Fine | Outcome::Refused, true) => self.end(state, above, true),
            (Outcome::Fine | Outcome::Refused, false) => self.failed(state, above, Failure::Failed, false),
            (Outcome::Lost, _) => self.failed(state, above, Failure::Silent, false),
            (Outcome::Slow, _) => {
                let Some(frame) = state.frame_mut(above) else { return };
                if let Doing::Waiting(Some(until)) = frame.doing {
                    frame.doing = Doing::Hearing(until.saturating_sub(1), well);
                }
            }
            // It waits on.
            (Outcome::Late, _) => {}
        }
    }
}
