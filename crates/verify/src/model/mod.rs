//! What policies allow, before anything is started: a chain of calls and messages with its attempts, timeouts, pauses, acknowledgements
//! and leases becomes an abstract machine whose every state is looked at.
//!
//! Invariant: a machine knows nothing but the numbers and words of its chain. What it assumes beyond them is told with each
//! counterexample; a chain whose states were not all looked at is counted as such, and never as held.
//!
//! The search is stateright's (breadth first, so that the first way found is a shortest one); in which order things may happen, what
//! may fail and what must not happen stand in [`machine`].

mod machine;
mod state;
mod tell;

use crate::fault::Kind;
use crate::schedule::{Aim, Suspicion};
use machine::{Machine, Most};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stateright::{Checker, Model};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A place that says something.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    pub path: String,
    pub line: u32,
    /// What it says, as a clause.
    pub says: String,
}

/// Milliseconds, and where that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    pub millis: u64,
    pub at: Place,
}

/// Something that tries a call again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `None` where no number is known.
    pub attempts: Option<u64>,
    /// It never gives up.
    pub endless: bool,
    pub at: Place,
}

/// How often a call is made in all when it ends like this each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// Nothing could be sent.
    pub refused: u64,
    /// No answer came.
    pub silent: u64,
    /// The callee says that it failed.
    pub failed: u64,
}

/// By what the callee of a hop knows that it was asked the same before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The key is made anew whenever the caller's work begins; otherwise it comes with what the caller was asked.
    pub fresh: bool,
    pub at: Place,
}

/// A message instead of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taking {
    /// The queue or topic, as people call it.
    pub topic: String,
    /// The broker hands out again what was not acknowledged, and this consumer acknowledges after its work.
    pub again: bool,
    /// Where the acknowledgement is seen; it is assumed otherwise.
    pub ack: Option<Place>,
    /// After which the broker takes the consumer for dead.
    pub lease: Option<Limit>,
}

impl PartialEq for Hop {
    fn eq(&self, other: &Hop) -> bool {
        self.id == other.id
    }
}

/// One call or message of a chain.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Stable between runs: whose operation it is.
    pub id: String,
    pub caller: String,
    pub callee: String,
    /// `POST /charges`, or the topic.
    pub what: String,
    pub at: Place,
    pub message: Option<Taking>,
    pub layers: Vec<Layer>,
    pub tries: Tries,
    pub timeout: Option<Limit>,
    /// For all attempts together.
    pub total: Option<Limit>,
    pub pause: u64,
    pub guard: Option<Guard>,
    /// It changes nothing.
    pub asks: bool,
}

impl Hop {
    pub fn repeats(&self) -> bool {
        !self.layers.is_empty() || self.message.as_ref().is_some_and(|m| m.again)
    }

    pub(crate) fn named(&self) -> String {
        match &self.message {
            Some(taking) => format!("a message of `{}` to `{}`", taking.topic, self.callee),
            None => format!("`{}` of `{}`", self.what, self.callee),
        }
    }
}

/// What the last callee does that is seen elsewhere, and that is done twice when it is asked twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    pub at: Place,
    /// Code shows it; otherwise the callee only keeps data.
    pub seen: bool,
}

/// From who asks first to who works.
#[derive(Clone, Debug)]
pub struct Chain {
    pub hops: Vec<Hop>,
    pub work: Option<Work>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// What is asked once happens once.
    Once,
    /// One request becomes no more calls than the budget.
    Bounded,
    /// Nobody works on for a caller that gave up.
    Heeded,
    /// A message is not handed out again while somebody works on it.
    Leased,
}

impl Property {
    pub const ALL: [Property; 4] = [Property::Once, Property::Bounded, Property::Heeded, Property::Leased];

    pub fn word(self) -> &'static str {
        match self {
            Property::Once => "once",
            Property::Bounded => "bounded",
            Property::Heeded => "heeded",
            Property::Leased => "leased",
        }
    }

    /// What breaks it.
    pub fn broken(self) -> &'static str {
        match self {
            Property::Once => "duplicate",
            Property::Bounded => "amplification",
            Property::Heeded => "inversion",
            Property::Leased => "overrun",
        }
    }
}

/// One thing that happens in a counterexample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Happening {
    /// Milliseconds since the request began, with work that takes no time and waits that take as long as they may.
    pub ms: u64,
    pub says: String,
    /// The line that lets it happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
}

/// A way in which policies let something go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counterexample {
    /// Stable between runs and unrelated edits.
    pub id: String,
    pub property: Property,
    pub says: String,
    /// Services on the way, in its order.
    pub services: Vec<String>,
    pub story: Vec<Happening>,
    /// The policies that allow it.
    pub policies: Vec<Place>,
    /// What is not stated and was taken so.
    pub assumes: Vec<String>,
    /// What has to fail, in words.
    pub fault: String,
    /// What has to fail, for exploration; it is tried first.
    pub aim: Aim,
    /// The rule of `detect` that says the same of one place.
    pub rule: String,
    /// The state before the change allows it, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before: bool,
}

impl Counterexample {
    /// For exploration.
    pub fn suspicion(&self) -> Suspicion {
        // A gateway or broker may have no process of its own: the two sides of the fault are what is looked for.
        let mut services = vec![self.aim.caller.clone(), self.aim.callee.clone()];
        services.retain(|s| self.services.contains(s));
        let (key, rule, aim) = (self.id.clone(), self.rule.clone(), Some(self.aim.clone()));
        Suspicion { key, rule, services, aim, ..Suspicion::default() }
    }
}

/// The longest that a request may take until its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Longest {
    /// Who asks whom for what.
    pub says: String,
    pub milliseconds: u64,
    pub at: Place,
}

/// What became of all chains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    /// Ways through the system on which something is tried or delivered again.
    pub chains: usize,
    /// States that were looked at.
    pub states: usize,
    /// Chains of which not every state was looked at.
    pub open: usize,
    /// There are more chains than these, which were not looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    pub counterexamples: Vec<Counterexample>,
    /// Counterexamples beyond the most that an answer holds.
    pub left_out: usize,
    /// The longest waits, the longest first.
    pub longest: Vec<Longest>,
}

/// What the properties are measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most calls that one request may become at the end of a chain.
    pub calls: u64,
}

/// States of one chain that are looked at.
const STATES: usize = 20_000;
/// Counterexamples in an answer.
const MOST: usize = 12;
/// Waits in an answer.
const WAITS: usize = 5;

/// Every chain, one after the other; of counterexamples of the same place, the plainest.
pub fn check(chains: &[Chain], budget: Budget) -> Checked {
    let mut out = Checked { chains: chains.len(), ..Checked::default() };
    let mut found: BTreeMap<String, (usize, Counterexample)> = BTreeMap::new();
    let mut waits: BTreeMap<String, Longest> = BTreeMap::new();
    for chain in chains {
        let Looked { states, whole, most, ways } = look(chain, budget);
        out.states += states;
        out.open += usize::from(!whole);
        // What never gives up has no longest wait.
        let bounded = |h: &&Hop| h.message.is_none() && !h.layers.iter().any(|l| l.endless);
        if let (Some(hop), Some(milliseconds)) = (chain.hops.first().filter(bounded), most.ended()) {
            let says = format!("`{}` waits for {}", hop.caller, hop.named());
            let known = waits.get(&hop.id).map_or(0, |w| w.milliseconds);
            if milliseconds > known {
                waits.insert(hop.id.clone(), Longest { says, milliseconds, at: hop.at.clone() });
            }
        }
        for (property, way) in ways {
            let Some(example) = tell::told(chain, property, &way, &most) else { continue };
            // Fewer assumptions, then what says more: the shorter way to twice, the longer to many.
            let plain = example.assumes.len() * 100
                + if property == Property::Bounded { 99 - chain.hops.len().min(99) } else { chain.hops.len() };
            match found.get(&example.id) {
                Some((known, _)) if *known <= plain => {}
                _ => {
                    found.insert(example.id.clone(), (plain, example));
                }
            }
        }
    }
    let mut all: Vec<Counterexample> = found.into_values().map(|(_, e)| e).collect();
    all.sort_by(|a, b| (a.property, a.assumes.len(), &a.id).cmp(&(b.property, b.assumes.len(), &b.id)));
    out.left_out = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    out.counterexamples = all;
    out.longest = waits.into_values().collect();
    out.longest.sort_by(|a, b| (b.milliseconds, &a.says).cmp(&(a.milliseconds, &b.says)));
    out.longest.truncate(WAITS);
    out
}

/// A way to a state that breaks a property: each state with what is done next.
type Way = Vec<(state::State, Option<state::Action>)>;

struct Looked {
    states: usize,
    whole: bool,
    most: Arc<Most>,
    ways: Vec<(Property, Way)>,
}

fn look(chain: &Chain, budget: Budget) -> Looked {
    let most = Arc::new(Most::default());
    let machine = Machine::new(chain, budget, most.clone());
    let checker = machine.checker().target_state_count(STATES).spawn_bfs().join();
    let states = checker.unique_state_count();
    let mut ways = Vec::new();
    for property in Property::ALL {
        if let Some(path) = checker.discovery(property.word()) {
            ways.push((property, path.into_vec()));
        }
    }
    Looked { states, whole: checker.state_count() < STATES, most, ways }
}

/// A fault of the machine as one of exploration's.
fn kind(failing: state::Outcome) -> Option<Kind> {
    match failing {
        state::Outcome::Fine => None,
        state::Outcome::Refused => Some(Kind::Refuse),
        state::Outcome::Lost => Some(Kind::ReplyLost),
        state::Outcome::Late => Some(Kind::Late),
        state::Outcome::Slow => Some(Kind::Slow(0)),
    }
}

#[cfg(test)]
mod tests;
