//! A counterexample for people: what fails, what happens then and when, which lines allow it, what was taken for granted.
//!
//! Invariant: every line of a story is a step of the way that the search found; a number is one of a policy, or of the machine's
//! states.

use super::machine::Most;
use super::state::{Action, Doing, Outcome, State, World};
use super::{Chain, Counterexample, Happening, Hop, Place, Property, Way, kind};
use crate::fault::Kind;
use crate::schedule::Aim;
use std::collections::BTreeSet;

/// Lines of a story.
const LINES: usize = 9;

pub(super) fn told(chain: &Chain, property: Property, way: &Way, most: &Most) -> Option<Counterexample> {
    let (first, last) = (way.first()?, way.last()?);
    let struck = struck(chain, way, first.0.world)?;
    let hop = guilty(chain, property, way)?;
    let guilty = chain.hops.get(hop)?;
    let end = chain.hops.last()?;
    let rule = match property {
        Property::Once if guilty.message.is_some() => "redelivery-unsafe",
        Property::Once => "unsafe-retry",
        Property::Bounded => "retry-storm",
        Property::Heeded => "timeout-inversion",
        Property::Leased => "lease-shorter-than-work",
    };
    let mut services: Vec<String> = Vec::new();
    for name in chain.hops.iter().flat_map(|h| [&h.caller, &h.callee]) {
        if !services.contains(name) {
            services.push(name.clone());
        }
    }
    let subject = match property {
        Property::Once | Property::Heeded | Property::Leased => guilty.id.clone(),
        Property::Bounded => format!("{} {}", guilty.id, end.id),
    };
    Some(Counterexample {
        id: format!("model/{}/{subject}", property.broken()),
        property,
        says: says(chain, property, guilty, &last.0, most)?,
        services,
        story: story(chain, way),
        policies: policies(chain, property, hop),
        assumes: assumes(chain, property, hop),
        fault: struck.0,
        aim: struck.1,
        rule: rule.to_owned(),
        before: false,
    })
}

/// What fails, in words and for exploration.
fn struck(chain: &Chain, way: &Way, world: World) -> Option<(String, Aim)> {
    let aim = |hop: &Hop, kind: Kind, lasts: bool| Aim {
        caller: hop.caller.clone(),
        callee: hop.callee.clone(),
        what: hop.what.clone(),
        message: hop.message.is_some(),
        kind,
        lasts,
    };
    match world {
        World::Down(at) => {
            let hop = chain.hops.get(usize::from(at))?;
            Some((format!("`{}` cannot reach `{}`", hop.caller, hop.callee), aim(hop, Kind::Refuse, true)))
        }
        World::Slow(at) => {
            let hop = chain.hops.get(usize::from(at))?;
            let says = format!("`{}` answers {} later than `{}` waits, each time", hop.callee, asked(hop), hop.caller);
            Some((says, aim(hop, Kind::Late, true)))
        }
        World::Fair(_) => {
            let fault = way.iter().find_map(|(state, action)| match action {
                Some(Action::Call(id, outcome)) if *outcome != Outcome::Fine => {
                    let hop = chain.hops.get(usize::from(state.frame(*id)?.level))?;
                    let says = match outcome {
                        Outcome::Refused => format!("`{}` cannot reach `{}` once", hop.caller, hop.callee),
                        Outcome::Lost => format!("the answer to {} is lost once", hop.named()),
                        Outcome::Late => format!("the answer to {} comes too late once", hop.named()),
                        Outcome::Slow => {
                            format!("the answer to {} comes just before `{}` gives up", hop.named(), hop.caller)
                        }
                        Outcome::Fine => return None,
                    };
                    let kind = match kind(*outcome)? {
                        Kind::Slow(_) => Kind::Slow(waits(hop) * 9 / 10),
                        kind => kind,
                    };
                    Some((says, aim(hop, kind, false)))
                }
                Some(Action::Crash(id)) => {
                    let hop = chain.hops.get(usize::from(state.frame(*id)?.level).checked_sub(1)?)?;
                    let says = format!("`{}` ends after its work and before it acknowledges", hop.callee);
                    Some((says, aim(hop, Kind::ReplyLost, false)))
                }
                _ => None,
            });
            // Nothing had to fail: the numbers alone do it.
            let first = chain.hops.first()?;
            fault.or_else(|| Some(("nothing fails".to_owned(), aim(first, Kind::Late, false))))
        }
    }
}

/// The hop whose policy lets it happen.
fn guilty(chain: &Chain, property: Property, way: &Way) -> Option<usize> {
    match property {
        Property::Once => way.iter().rev().find_map(|(state, action)| match action {
            Some(Action::Call(id, _)) => {
                let frame = state.frame(*id)?;
                (frame.tried > 0).then_some(usize::from(frame.level))
            }
            Some(Action::Deliver(id)) => {
                let message = state.message(*id)?;
                (message.delivered > 0).then_some(usize::from(message.hop))
            }
            _ => None,
        }),
        Property::Bounded => chain.hops.iter().position(|h| !h.layers.is_empty()),
        Property::Leased => chain.hops.iter().position(|h| h.message.as_ref().is_some_and(|m| m.lease.is_some())),
        Property::Heeded => way.last()?.0.vain.map(|(above, _)| usize::from(above)),
    }
}

fn says(chain: &Chain, property: Property, guilty: &Hop, last: &State, most: &Most) -> Option<String> {
    let end = chain.hops.last()?;
    Some(match property {
        Property::Once => {
            let work = &chain.work.as_ref()?.at.says;
            let again = match &guilty.message {
                Some(taking) => format!("for one message of `{}`", taking.topic),
                None => format!("for one request: `{}` asks again for {}", guilty.caller, asked(guilty)),
            };
            let who = if guilty.id == end.id { String::new() } else { format!(" (by way of `{}`)", guilty.callee) };
            format!("{work} happens twice at `{}` {again}{who}", end.callee)
        }
        Property::Bounded => {
            let endless = chain.hops.iter().flat_map(|h| &h.layers).any(|l| l.endless);
            if endless && chain.hops.len() > 1 {
                // Whatever stands above it: it is told where it stands.
                return None;
            }
            let number = |h: &Hop| match h.layers.iter().any(|l| l.endless) {
                true => "∞".to_owned(),
                false => most_tries(h).to_string(),
            };
            let terms: Vec<String> = chain.hops.iter().filter(|h| !h.layers.is_empty()).map(number).collect();
            let many = if endless { "calls without end".to_owned() } else { format!("{} calls", most.calls()) };
            format!(
                "one request of `{}` becomes {many} of {}{}",
                guilty.caller,
                end.named(),
                if endless { String::new() } else { format!(" ({})", terms.join(" × ")) }
            )
        }
        Property::Leased => {
            let taking = guilty.message.as_ref()?;
            let lease = taking.lease.as_ref()?;
            format!(
                "a message of `{}` is handed out again after {}, while `{}` may still work on it for {}",
                taking.topic,
                shown(lease.millis),
                guilty.callee,
                end.named()
            )
        }
        Property::Heeded => {
            let (above, by) = last.vain?;
            let (given, goes) = (chain.hops.get(usize::from(above))?, chain.hops.get(usize::from(by))?);
            let (waited, then) = (shown(waits(given)), shown(last.now));
            let calls = last.frames.iter().any(|f| f.level == by && f.vain.is_some() && f.tried > 1);
            let on = match calls {
                true => format!("it calls {} again after {then}", goes.named()),
                false => format!("it waits for {} and is done after {then}", goes.named()),
            };
            format!(
                "`{}` gives up on {} after {waited}, and `{}` goes on: {on}",
                given.caller,
                given.named(),
                goes.caller
            )
        }
    })
}

/// How long a caller waits for one answer.
fn waits(hop: &Hop) -> u64 {
    hop.timeout.iter().chain(&hop.total).map(|l| l.millis).min().unwrap_or_default()
}

fn asked(hop: &Hop) -> String {
    format!("`{}`", hop.what)
}

fn most_tries(hop: &Hop) -> u64 {
    hop.tries.refused.max(hop.tries.silent).max(hop.tries.failed)
}

fn story(chain: &Chain, way: &Way) -> Vec<Happening> {
    let mut all: Vec<Happening> = Vec::new();
    let mut done = 0;
    for (state, action) in way {
        let Some(action) = action else { continue };
        let Some((says, at)) = line(chain, state, *action, &mut done) else { continue };
        all.push(Happening { ms: state.now, says, at });
    }
    let mut out: Vec<Happening> = Vec::new();
    let mut often = 1;
    for happening in all {
        match out.last_mut().filter(|last| plain(&last.says) == happening.says) {
            Some(last) => {
                often += 1;
                *last = happening;
                last.says.push_str(&format!(" (×{often})"));
            }
            None => {
                often = 1;
                out.push(happening);
            }
        }
    }
    if out.len() > LINES {
        let more = out.len() - LINES;
        let tail = out.split_off(out.len() - 2);
        out.truncate(LINES - 2);
        let ms = out.last().map_or(0, |h| h.ms);
        out.push(Happening { ms, says: format!("… and so on, {more} steps more"), at: None });
        out.extend(tail);
    }
    out
}

fn line(chain: &Chain, state: &State, action: Action, done: &mut usize) -> Option<(String, Option<Place>)> {
    let frame = |id: u8| state.frame(id);
    let hop_of = |id: u8| chain.hops.get(usize::from(frame(id)?.level));
    match action {
        Action::Call(id, outcome) => {
            let (hop, frame) = (hop_of(id)?, frame(id)?);
            let often = if frame.tried > 0 { " again" } else { "" };
            let ends = match outcome {
                Outcome::Fine => "",
                Outcome::Refused => ": refused",
                Outcome::Lost => ": the answer will be lost",
                Outcome::Late => ": the answer will be late",
                Outcome::Slow => ": the answer will be slow",
            };
            let at = match hop.layers.first().filter(|_| frame.tried > 0) {
                Some(layer) => layer.at.clone(),
                None => hop.at.clone(),
            };
            Some((format!("`{}` calls {}{often}{ends}", hop.caller, hop.named()), Some(at)))
        }
        Action::Work(_) => {
            let (work, end) = (chain.work.as_ref()?, chain.hops.last()?);
            *done += 1;
            let often = match *done {
                1 => "",
                2 => ", a second time",
                _ => ", once more",
            };
            Some((format!("`{}` does it: {}{often}", end.callee, work.at.says), Some(work.at.clone())))
        }
        Action::Publish(id) => {
            let hop = hop_of(id)?;
            Some((format!("`{}` sends {}", hop.caller, hop.named()), Some(hop.at.clone())))
        }
        Action::Deliver(id) => {
            let message = state.message(id)?;
            let hop = chain.hops.get(usize::from(message.hop))?;
            let taking = hop.message.as_ref()?;
            if message.delivered == 0 {
                return None;
            }
            let at = taking.ack.clone().unwrap_or_else(|| hop.at.clone());
            Some((format!("`{}` gets the message of `{}` again", hop.callee, taking.topic), Some(at)))
        }
        Action::Crash(id) => {
            let hop = chain.hops.get(usize::from(frame(id)?.level).checked_sub(1)?)?;
            let at = hop.message.as_ref()?.ack.clone();
            Some((format!("`{}` ends before it acknowledges", hop.callee), at))
        }
        Action::GiveUp(id) => {
            let (hop, frame) = (hop_of(id)?, frame(id)?);
            let total = frame.ends.is_some_and(|e| e <= state.now);
            let limit = if total { hop.total.as_ref() } else { hop.timeout.as_ref() };
            let waits = matches!(frame.doing, Doing::Waiting(_));
            let works = state.frames.iter().any(|f| f.above.is_some_and(|(above, _)| above == id));
            let on = if works && waits { format!(", while `{}` still works", hop.callee) } else { String::new() };
            Some((format!("`{}` gives up waiting for {}{on}", hop.caller, hop.named()), limit.map(|l| l.at.clone())))
        }
        Action::Expire(id) => {
            let message = state.message(id)?;
            let hop = chain.hops.get(usize::from(message.hop))?;
            let lease = hop.message.as_ref()?.lease.as_ref()?;
            Some((
                format!("the lease is over after {}, while `{}` still works", shown(lease.millis), hop.callee),
                Some(lease.at.clone()),
            ))
        }
        Action::Hear(id) => {
            let (hop, frame) = (hop_of(id)?, frame(id)?);
            let vain = if frame.vain.is_some() { ", for a caller that gave up" } else { "" };
            Some((format!("`{}` hears from `{}`, and goes on{vain}", hop.caller, hop.callee), None))
        }
        Action::Acknowledge(_) | Action::Again(_) | Action::Tick => None,
    }
}

/// The lines that allow it, in the order of the chain.
fn policies(chain: &Chain, property: Property, guilty: usize) -> Vec<Place> {
    let mut out: Vec<Place> = Vec::new();
    for (at, hop) in chain.hops.iter().enumerate() {
        out.push(hop.at.clone());
        let counts = property != Property::Once || at == guilty;
        if counts {
            out.extend(hop.layers.iter().map(|l| l.at.clone()));
            out.extend(hop.message.iter().flat_map(|m| m.ack.iter().chain(m.lease.iter().map(|l| &l.at))).cloned());
        }
        if matches!(property, Property::Heeded | Property::Leased) {
            out.extend(hop.timeout.iter().chain(&hop.total).map(|l| l.at.clone()));
        }
    }
    out.extend(chain.work.iter().filter(|_| property == Property::Once).map(|w| w.at.clone()));
    let mut seen = BTreeSet::new();
    out.retain(|p| seen.insert(p.clone()));
    out
}

fn assumes(chain: &Chain, property: Property, guilty: usize) -> Vec<String> {
    let mut out = Vec::new();
    if let (Property::Once, Some(end), Some(false)) = (property, chain.hops.last(), chain.work.as_ref().map(|w| w.seen))
    {
        out.push(format!(
            "what `{}` does to answer {} is not seen: taken as something that counts",
            end.callee,
            asked(end)
        ));
    }
    for (at, hop) in chain.hops.iter().enumerate() {
        let counts = property != Property::Once || at == guilty;
        let unknown = hop.layers.iter().any(|l| l.attempts.is_none() && !l.endless);
        if counts && unknown {
            out.push(format!("how often `{}` asks again for {} is not stated: taken as once", hop.caller, asked(hop)));
        }
        if let Some(taking) = hop.message.as_ref().filter(|t| counts && t.again && t.ack.is_none()) {
            out.push(format!(
                "when `{}` acknowledges a message of `{}` is not seen: taken as after its work, as its broker does it",
                hop.callee, taking.topic
            ));
        }
        if at > 0 && property == Property::Bounded {
            out.push(format!("`{}` fails where {} fails, and does not answer in another way", hop.caller, hop.named()));
        }
    }
    out
}

/// Without how often it happened.
fn plain(says: &str) -> &str {
    says.rsplit_once(" (×").map_or(says, |(text, _)| text)
}

/// `250 ms`, `1.5 s`, `10 min`.
pub(super) fn shown(ms: u64) -> String {
    match ms {
        m if m < 1_000 => format!("{m} ms"),
        m if m >= 120_000 && m.is_multiple_of(60_000) => format!("{} min", m / 60_000),
        m if m.is_multiple_of(1_000) => format!("{} s", m / 1_000),
        m => format!("{} s", (m as f64 / 10.0).round() / 100.0),
    }
}
