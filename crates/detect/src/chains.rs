//! Ways through the system on which something is asked or delivered again, with the policies of every step in numbers: what `verify`
//! explores as an abstract machine.
//!
//! Invariant: a step follows another only where linking leads from a handler to it, by names; so a chain may happen. What is not
//! known stays `None` here; who computes with it says what was taken instead. A chain begins where its first policy stands: what is
//! above it adds nothing.

use crate::Cx;
use crate::effects::{change, topic};
use crate::failures::Failures;
use crate::patience::{Patience, Rules, Said, called, is_call};
use crate::rules::{key_ignored, key_per_attempt, lease_shorter_than_work, redelivery_unsafe, unsafe_retry};
use crate::trials::Means;
use crate::work::{What, handling, intake_of, uniques};
use seam_facts::{Ack, Bound};
use seam_graph::{EdgeKind, Evidence, Operation, endpoint_of};
use std::collections::BTreeSet;

/// Something that tries again.
#[derive(Clone, Debug)]
pub struct Layer {
    pub attempts: Option<u64>,
    pub endless: bool,
    pub at: Evidence,
}

/// A key by which the callee knows a repetition.
#[derive(Clone, Debug)]
pub struct Known {
    /// It is made anew each time that the caller's handler runs.
    pub fresh: bool,
    pub at: Evidence,
}

/// How a message is taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub topic: String,
    /// It comes again where it was not acknowledged, and it is acknowledged after the work.
    pub again: bool,
    pub ack: Option<Evidence>,
    pub lease: Option<(u64, Evidence)>,
}

/// A call, or a message from who sends it to who takes it.
#[derive(Clone, Debug)]
pub struct Step {
    pub id: String,
    pub caller: String,
    pub callee: String,
    pub what: String,
    pub at: Evidence,
    pub taken: Option<Taken>,
    pub layers: Vec<Layer>,
    /// Attempts in all where each is refused, not answered, or fails.
    pub tries: [u64; 3],
    pub timeout: Option<(u64, Evidence)>,
    pub total: Option<(u64, Evidence)>,
    pub pause: u64,
    pub known: Option<Known>,
    pub asks: bool,
}

#[derive(Clone, Debug)]
pub struct Chain {
    pub steps: Vec<Step>,
    /// What the last callee does once more each time, in words, with its place.
    pub work: Option<Work>,
}

#[derive(Clone, Debug)]
pub struct Work {
    pub says: String,
    pub at: Evidence,
    /// Its code is followed; otherwise the callee keeps data, and may well.
    pub seen: bool,
}

/// Steps of a chain.
const LONG: usize = 4;
/// Chains of a system.
const MANY: usize = 400;

/// One link of the way: an operation, and for a message the operation of who takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Link {
    operation: Operation,
    taker: Option<Operation>,
}

/// All chains of a system, or as many as are looked at.
#[derive(Clone, Debug)]
pub struct Chains {
    pub all: Vec<Chain>,
    /// There may be more than these.
    pub more: bool,
}

pub fn chains(cx: &Cx<'_>) -> Chains {
    let finder = Finder { cx, patience: Patience::new(cx) };
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    for (operation, _, _) in cx.operations() {
        for link in finder.links(operation) {
            finder.follow(vec![link], &mut seen, &mut out);
            if out.len() >= MANY {
                return Chains { all: out, more: true };
            }
        }
    }
    Chains { all: out, more: false }
}

struct Finder<'c, 'a> {
    cx: &'c Cx<'a>,
    patience: Patience<'c, 'a>,
}

impl Finder<'_, '_> {
    /// A call by itself; a message with each who takes it.
    fn links(&self, operation: Operation) -> Vec<Link> {
        let cx = self.cx;
        if is_call(cx, operation) {
            return vec![Link { operation, taker: None }];
        }
        if cx.edge(operation.edge).kind != EdgeKind::QueuePublish {
            return Vec::new();
        }
        takers(cx, operation).into_iter().map(|taker| Link { operation, taker: Some(taker) }).collect()
    }

    fn rules(&self, link: Link) -> Rules {
        if link.taker.is_some() {
            return Rules::default();
        }
        let mut rules = self.patience.of(link.operation);
        let changes = matches!(method(self.cx, link.operation), "POST" | "PATCH");
        rules.layers.retain(|l| !changes || unsafe_retry::retries_writes(&l.detail));
        rules
    }

    fn again(&self, link: Link) -> bool {
        match link.taker {
            Some(taker) => redelivery_unsafe::delivers_again(self.cx, taker),
            None => !self.rules(link).layers.is_empty(),
        }
    }

    /// What a way may go on with.
    fn below(&self, link: Link) -> Vec<Link> {
        let cx = self.cx;
        let effects = match link.taker {
            Some(taker) => cx.flows().consumer(taker),
            None => {
                let key = cx.detail(link.operation).endpoint.as_ref();
                match key.and_then(|k| endpoint_of(cx.graph, k)) {
                    Some(index) => cx.flows().endpoint(index),
                    None => &[],
                }
            }
        };
        let mut next: Vec<Link> = effects.iter().flat_map(|e| self.links(e.operation)).collect();
        next.sort_unstable();
        next.dedup();
        next
    }

    fn follow(&self, way: Vec<Link>, seen: &mut BTreeSet<Vec<String>>, out: &mut Vec<Chain>) {
        let (Some(first), Some(last)) = (way.first().copied(), way.last().copied()) else { return };
        if out.len() >= MANY {
            return;
        }
        let rules = self.rules(first);
        let waits = rules.timeout.is_some() || rules.total.is_some();
        if !self.again(first) && !waits {
            return;
        }
        let work = self.again(first).then(|| self.work(last)).flatten();
        let multiplies = way.len() > 1 && self.again(last) && (self.again(first) || waits);
        let alone = way.len() == 1 && last.taker.is_none() && self.again(first);
        let inner = self.rules(last);
        let outlasts =
            way.len() > 1 && waits && change(self.cx, first.operation).is_some() && inner.patience() > rules.each();
        if work.is_some() || multiplies || alone || outlasts {
            let steps: Vec<Step> = (0..way.len()).map(|at| self.step(&way, at)).collect();
            // One line that several operations are read from is one step.
            let lines = steps.iter().map(|s| format!("{} {}:{}", s.id, s.at.path, s.at.at.line)).collect();
            if seen.insert(lines) {
                out.push(Chain { steps, work });
            }
        }
        if way.len() < LONG {
            for next in self.below(last) {
                if !way.iter().any(|l| l.operation == next.operation) {
                    let longer = way.iter().copied().chain([next]).collect();
                    self.follow(longer, seen, out);
                }
            }
        }
    }

    fn work(&self, link: Link) -> Option<Work> {
        let cx = self.cx;
        match link.taker {
            Some(taker) => {
                let node = cx.edge(taker.edge).from;
                if redelivery_unsafe::mentions_in_node(cx, node) {
                    return None;
                }
                let deed = redelivery_unsafe::done_again(cx, node, taker, &uniques(cx, node))?;
                Some(Work { says: deed.says(cx), at: deed.at.clone(), seen: true })
            }
            None => {
                let (at, says, seen) = unsafe_retry::repeated(cx, link.operation)?;
                Some(Work { says, at, seen })
            }
        }
    }

    fn step(&self, way: &[Link], at: usize) -> Step {
        let (cx, link) = (self.cx, way[at]);
        let (edge, detail) = (cx.edge(link.operation.edge), cx.detail(link.operation));
        let limit = |said: &Option<Said>| said.as_ref().and_then(|s| Some((s.millis?, s.at.clone())));
        if let Some(taker) = link.taker {
            let (to, taking) = (cx.edge(taker.edge), cx.detail(taker));
            let topic = topic(&taking.operation);
            let topic = if topic.is_empty() { cx.name(to.to).to_owned() } else { topic.to_owned() };
            let (caller, callee) = (cx.name(edge.from).to_owned(), cx.name(to.from).to_owned());
            return Step {
                id: format!("{caller} → {callee} {topic}"),
                what: topic.clone(),
                at: taking.at.clone(),
                taken: Some(self.taken(taker, topic)),
                layers: Vec::new(),
                tries: [1; 3],
                timeout: None,
                total: None,
                pause: 0,
                known: self.recognised(taker, way.get(at + 1).copied()),
                asks: false,
                caller,
                callee,
            };
        }
        let rules = self.rules(link);
        let endless = |said: &Said| {
            said.attempts.is_none()
                && cx.trials().of(link.operation).any(|t| {
                    t.at(cx).at == said.at.at && matches!(t.means, Means::Loop(a) if a.bound == Bound::Nothing)
                })
        };
        let layers: Vec<Layer> = rules
            .layers
            .iter()
            .map(|l| Layer { attempts: l.attempts, endless: endless(l), at: l.at.clone() })
            .collect();
        let often = |failure: Failures| match layers.iter().any(|l| l.endless) {
            true => u64::MAX,
            false => rules
                .layers
                .iter()
                .filter(|l| Failures::of(&l.detail).meets(failure))
                .map(|l| l.attempts.unwrap_or(2).max(1))
                .product(),
        };
        let (caller, callee) = (cx.name(edge.from).to_owned(), cx.name(edge.to).to_owned());
        let what = called(cx, link.operation).trim().to_owned();
        Step {
            id: format!("{caller} → {callee} {what}"),
            at: detail.at.clone(),
            taken: None,
            tries: [often(Failures::CONNECT), often(Failures::SILENCE), often(Failures::FAILED)],
            layers,
            timeout: limit(&rules.timeout),
            total: limit(&rules.total),
            pause: rules.pause,
            known: self.key(link.operation),
            asks: change(cx, link.operation).is_none(),
            caller,
            callee,
            what,
        }
    }

    fn taken(&self, taker: Operation, topic: String) -> Taken {
        let cx = self.cx;
        let detail = cx.detail(taker);
        let ack = intake_of(cx, taker).filter(|i| i.ack == Ack::Last).and_then(|intake| {
            let facts = cx.facts(&detail.at.path).iter();
            let own = |f: &&seam_facts::Fact| matches!(&f.claim, seam_facts::Claim::Intake(i) if i == intake);
            facts.clone().find(own).map(|f| cx.evidence(&detail.at.path, f, "acknowledged after the work"))
        });
        let node = cx.edge(taker.edge).from;
        let lease = lease_shorter_than_work::of_consumer(cx, node, &detail.at.path, &detail.within);
        Taken { topic, again: redelivery_unsafe::delivers_again(cx, taker), ack, lease }
    }

    /// Whether the consumer looks for what it did already before it goes on.
    fn recognised(&self, taker: Operation, next: Option<Link>) -> Option<Known> {
        let cx = self.cx;
        let node = cx.edge(taker.edge).from;
        let detail = cx.detail(taker);
        let known = || Known { fresh: false, at: detail.at.clone() };
        if redelivery_unsafe::mentions_in_node(cx, node) {
            return Some(known());
        }
        let goes_on = |what: &What<'_>| match (what, next) {
            (What::Call(o) | What::Publish(o), Some(link)) => *o == link.operation,
            (What::Write(_) | What::Call(_) | What::Publish(_), _) => false,
        };
        let deeds = handling(cx, node, taker);
        let deed = deeds.iter().find(|d| goes_on(&d.what))?;
        redelivery_unsafe::guarded(cx, node, deed, detail).then(known)
    }

    /// The key that goes out with a call, where its callee looks at it and it outlives an attempt.
    fn key(&self, operation: Operation) -> Option<Known> {
        let cx = self.cx;
        let (edge, detail) = (cx.edge(operation.edge), cx.detail(operation));
        let stated = cx.policies(operation, seam_facts::PolicyKind::IdempotencyKey).first().map(|p| p.at.clone());
        let sent = key_ignored::sent(cx, operation);
        let remade = cx.trials().of(operation).any(|t| key_per_attempt::remade(cx, t).is_some());
        if remade || stated.is_none() && sent.is_none() {
            return None;
        }
        let here = detail.endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k)).is_some();
        let known = key_ignored::knows(cx, edge.to) || key_ignored::is_handled(cx, edge.to);
        if here && !known {
            return None;
        }
        let fresh = sent.is_some_and(|(_, key)| key.made.is_some());
        let at = sent.map(|(fact, _)| cx.evidence(&detail.at.path, fact, "a key is sent")).or(stated)?;
        Some(Known { fresh, at })
    }
}

fn method<'a>(cx: &Cx<'a>, operation: Operation) -> &'a str {
    cx.detail(operation).operation.split_once(' ').map_or("", |(m, _)| m)
}

/// Who takes what is sent: at the same broker, by a name that both sides know.
fn takers(cx: &Cx<'_>, operation: Operation) -> Vec<Operation> {
    let edge = cx.edge(operation.edge);
    let sent = &cx.detail(operation).operation;
    let names = |text: &str| {
        let parts = text.split([' ', '>', ',', '/']).filter(|p| !p.is_empty() && !p.contains(['{', '$', '*', '#']));
        parts.map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let mine = names(sent);
    if mine.is_empty() {
        return Vec::new();
    }
    let consumes = cx.incoming(edge.to).iter().filter(|e| cx.edge(**e).kind == EdgeKind::QueueConsume);
    let all = consumes.flat_map(|e| (0..cx.edge(*e).details.len()).map(|detail| Operation { edge: *e, detail }));
    all.filter(|o| {
        let theirs = names(&cx.detail(*o).operation);
        !theirs.is_empty() && (theirs.is_subset(&mine) || mine.is_subset(&theirs))
    })
    .collect()
}
