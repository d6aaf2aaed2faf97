//! Suspects from spans and the lines in them: code that takes another way, operations that fail, callees that do not answer,
//! time that is spent where it was not, calls that take longer than both sides do.
//!
//! Invariant: a suspect's score is the product of its parts; what one suspect of a service explains of another is written into
//! that other's `unexplained`, never into a weight.

use crate::blame::{Left, left, sure};
use crate::suspect::{Evidence, Fault, Parts, Place, Region, Suspect};
use seam_signals::{
    Attribute, Context, Deviation, Forest, Name, Profile, Sighting, Span, SpanKind, Step, Telemetry, What,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a change of version adds to the surprise of what deviates in that service: one power of ten. Source: some seven of ten
/// outages follow a change (Beyer et al., "Site Reliability Engineering", 2016), while changes are rare in any window.
const CHANGED: f64 = 1.0;

/// What was seen in one window.
pub(crate) struct Scene<'a> {
    pub telemetry: &'a Telemetry,
    pub forest: &'a Forest,
    pub profile: &'a Profile,
    pub deviations: Vec<Deviation>,
    pub traces: Vec<Vec<Sighting>>,
    pub left: Vec<Left>,
    /// Services that run another version than before, with both.
    pub changes: BTreeMap<Name, (Name, Name)>,
}

impl<'a> Scene<'a> {
    pub fn of(
        telemetry: &'a Telemetry,
        forest: &'a Forest,
        profile: &'a Profile,
        deviations: Vec<Deviation>,
        traces: Vec<Vec<Sighting>>,
        changes: BTreeMap<Name, (Name, Name)>,
    ) -> Scene<'a> {
        let mut deviations = deviations;
        of_the_time(telemetry, forest, &mut deviations, &traces);
        let left = left(telemetry, forest, &deviations, &traces);
        Scene { telemetry, forest, profile, deviations, traces, left, changes }
    }

    pub fn parts(&self, at: usize) -> Parts {
        let deviation = &self.deviations[at];
        let changed = self.changes.contains_key(&deviation.service);
        let prior = if changed { CHANGED } else { 0.0 };
        Parts { effect: deviation.effect, unexplained: self.left[at].share, sure: sure(deviation.surprise + prior) }
    }

    pub fn text(&self, name: Name) -> String {
        self.telemetry.text(name).to_owned()
    }

    fn place(&self, step: Step) -> Place {
        match step {
            Step::Start(operation) => Place::Start { operation: self.text(operation) },
            Step::End => Place::End,
            Step::Line(event) => match self.telemetry.logs.get(event) {
                Some(event) => Place::Line {
                    logger: self.text(event.logger),
                    line: event.line,
                    template: self.text(event.template),
                },
                None => Place::End,
            },
        }
    }

    /// The first sighting of a deviation.
    pub fn first(&self, at: usize) -> Option<&Sighting> {
        self.traces.iter().flatten().filter(|s| s.deviation as usize == at).min_by_key(|s| (s.at, s.row))
    }

    /// Who a client's span speaks to, where nobody answers with a span of its own.
    fn peer(&self, at: usize) -> Option<Name> {
        let row = self.first(at)?.row;
        let span: Span = self.telemetry.spans.get(row)?;
        if !matches!(span.kind, SpanKind::Client | SpanKind::Producer) || !self.forest.children(row).is_empty() {
            return None;
        }
        let spans = &self.telemetry.spans;
        [
            Attribute::PeerService,
            Attribute::MessagingDestination,
            Attribute::DbName,
            Attribute::Peer,
            Attribute::DbSystem,
        ]
        .iter()
        .find_map(|key| spans.value(row, *key))
    }

    /// Whether a span has others of its own service below it, and calls nobody: what it takes itself is then its own code.
    fn has_own_below(&self, row: u32) -> bool {
        let service = |row: u32| self.telemetry.spans.get(row).map(|s| self.telemetry.service(s.resource));
        let mine = service(row);
        let kids = self.forest.children(row);
        !kids.is_empty() && kids.iter().all(|k| service(*k) == mine)
    }
}

/// The effect of what is slow is the share of its traces' time that is beyond the usual: twice as long matters where it is half
/// of the request, not where it is a hundredth. Several operations of one service share one effect.
fn of_the_time(telemetry: &Telemetry, forest: &Forest, deviations: &mut [Deviation], traces: &[Vec<Sighting>]) {
    let group = |d: &Deviation| match d.what {
        What::Slow { .. } | What::Laden => Some((d.service, None)),
        What::Gap { callee, .. } => Some((d.service, Some(callee))),
        What::Lag { receiver, .. } => Some((d.service, Some(receiver))),
        What::LostStep { .. } | What::LostCall { .. } | What::Unanswered { .. } | What::Failing { .. } => None,
    };
    let mut sums: BTreeMap<(Name, Option<Name>), (f64, f64)> = BTreeMap::new();
    for trace in traces {
        let Some(first) = trace.first() else { continue };
        let mut root = first.row;
        while forest.parent(root) != seam_signals::NONE {
            root = forest.parent(root);
        }
        let whole = telemetry.spans.get(root).map_or(0, |s| s.duration()).max(1) as f64;
        let mut here: BTreeMap<(Name, Option<Name>), f64> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for sighting in trace.iter().filter(|s| s.excess > 0) {
            let Some(group) = group(&deviations[sighting.deviation as usize]) else { continue };
            // What an operation shows is shown by its service too, and counts once.
            if seen.insert((group, sighting.row)) {
                *here.entry(group).or_default() += sighting.excess as f64;
            }
        }
        for (group, excess) in here {
            let sum = sums.entry(group).or_default();
            *sum = (sum.0 + excess.min(whole), sum.1 + whole);
        }
    }
    for deviation in deviations {
        if let Some((excess, whole)) = group(deviation).and_then(|g| sums.get(&g)) {
            deviation.effect = (excess / whole).clamp(0.0, 1.0);
        }
    }
}

/// All suspects that spans give, unsorted.
pub(crate) fn suspects(scene: &Scene<'_>) -> Vec<Suspect> {
    let mut out = Vec::new();
    let mut own_time: BTreeMap<Name, Vec<usize>> = BTreeMap::new();
    let mut gaps = Vec::new();
    for (at, deviation) in scene.deviations.iter().enumerate() {
        if scene.left[at].sightings == 0 {
            continue;
        }
        match deviation.what {
            What::LostStep { after, expected, instead } => out.push(lost_step(scene, at, after, expected, instead)),
            What::LostCall { operation, callee, called } => out.push(lost_call(scene, at, operation, callee, called)),
            What::Unanswered { operation, callee, called } => {
                out.push(unanswered(scene, at, operation, callee, called));
            }
            What::Failing { operation } => out.push(failing(scene, at, operation)),
            What::Slow { .. } | What::Laden => own_time.entry(deviation.service).or_default().push(at),
            What::Gap { .. } => gaps.push(at),
            What::Lag { receiver, limit, typical, .. } => out.push(waiting(scene, at, receiver, limit, typical)),
        }
    }
    let network = network(scene, &gaps);
    let compute: Vec<(Suspect, bool)> =
        own_time.iter().filter_map(|(service, at)| compute(scene, *service, at)).collect();
    // A short processor shows between spans too; a slow network shows in leaves, which wait for stores. What has its own code
    // slow is the former.
    for (mut suspect, by_leaves) in compute.iter().cloned() {
        if by_leaves {
            // Late calls count on the caller's side too: whoever they are charged to explains them.
            let mine = |c: &Context| matches!(c, Context::Between(caller, _) if scene.telemetry.text(*caller) == suspect.service);
            let explained = network
                .iter()
                .filter(|n| n.service == suspect.service || n.contexts.iter().any(mine))
                .map(|n| n.score)
                .fold(0.0, f64::max);
            explain(
                &mut suspect,
                explained,
                "what is late are its calls, which are charged to the other side or to the network",
            );
        }
        out.push(suspect);
    }
    for mut suspect in network {
        let explained =
            compute.iter().filter(|(c, leaves)| c.service == suspect.service && !leaves).map(|(c, _)| c.score);
        let explained = explained.fold(0.0, f64::max);
        explain(&mut suspect, explained, "its own code takes longer too, which delays calls");
        out.push(suspect);
    }
    out
}

/// Lowers what is left of a suspect by what another explains, and says so.
pub(crate) fn explain(suspect: &mut Suspect, by: f64, because: &str) {
    if by > 0.05 {
        suspect.parts.unexplained *= 1.0 - by;
        suspect.score = suspect.parts.score();
        suspect.against.push(because.into());
    }
}

fn suspect(scene: &Scene<'_>, at: usize, service: Name, fault: Fault, says: String) -> Suspect {
    let parts = scene.parts(at);
    let mut made = Suspect::new(scene.text(service), fault, parts, says, evidence(scene, at));
    made.since = scene.first(at).map(|s| s.at);
    made.contexts = vec![scene.deviations[at].context];
    if let Some((before, now)) = scene.changes.get(&service) {
        let says = format!("runs `{}` since this time, `{}` before", scene.text(*now), scene.text(*before));
        made.evidence.push(Evidence { says, at: None, shown_in: None });
    }
    if parts.unexplained < 0.5 {
        made.against
            .push(format!("{:.0} % of it is explained by what deviates below it", (1.0 - parts.unexplained) * 100.0));
    }
    made
}

/// The figures of a deviation in a sentence, with a span that shows it.
pub(crate) fn evidence(scene: &Scene<'_>, at: usize) -> Evidence {
    let d = &scene.deviations[at];
    let first = scene.first(at);
    let span = first.and_then(|s| scene.telemetry.spans.get(s.row));
    let windows = if d.windows == 1 { "1 window".into() } else { format!("{} windows", d.windows) };
    let says = format!(
        "{}: {} of {} now, {:.1} % of {} before ({windows})",
        describe(scene, d),
        d.k,
        d.n,
        d.before * 100.0,
        d.learned
    );
    Evidence { says, at: first.map(|s| s.at), shown_in: span.map(|s| (s.trace, s.id)) }
}

/// What a deviation is, in a few words.
pub(crate) fn describe(scene: &Scene<'_>, deviation: &Deviation) -> String {
    let text = |name: Name| scene.telemetry.text(name).to_owned();
    match deviation.what {
        What::LostStep { after, expected, instead } => format!(
            "after `{}` not `{}` but `{}`",
            scene.place(after).shown(),
            scene.place(expected).shown(),
            scene.place(instead).shown()
        ),
        What::Unanswered { operation, callee, .. } => {
            format!("`{}` is not answered by `{}`", text(operation), text(callee))
        }
        What::LostCall { operation, callee, called } => {
            format!("`{}` without `{}` of `{}` below it", text(operation), text(called), text(callee))
        }
        What::Failing { operation } => format!("`{}` fails", text(operation)),
        What::Slow { operation, limit, typical, .. } => {
            format!("`{}` takes {} itself, more than {}", text(operation), took(typical), took(limit))
        }
        What::Laden => "operations take longer, now and then each".into(),
        What::Gap { callee, limit, typical, .. } => {
            format!("calls to `{}` take {} beyond it, more than {}", text(callee), took(typical), took(limit))
        }
        What::Lag { receiver, limit, typical, .. } => {
            format!("messages wait {} for `{}`, longer than {}", took(typical), text(receiver), took(limit))
        }
    }
}

/// A duration for people.
pub(crate) fn took(nanoseconds: i64) -> String {
    let ms = nanoseconds as f64 / 1e6;
    match ms {
        ms if ms >= 10_000.0 => format!("{:.0} s", ms / 1000.0),
        ms if ms >= 1000.0 => format!("{:.1} s", ms / 1000.0),
        ms if ms >= 10.0 => format!("{ms:.0} ms"),
        ms => format!("{ms:.1} ms"),
    }
}

fn lost_step(scene: &Scene<'_>, at: usize, after: Step, expected: Step, instead: Step) -> Suspect {
    let deviation = &scene.deviations[at];
    let region = Region { after: scene.place(after), expected: scene.place(expected), instead: scene.place(instead) };
    let says = format!(
        "code between `{}` and `{}` takes another way: `{}` follows in {} of {}",
        region.after.shown(),
        region.expected.shown(),
        region.instead.shown(),
        deviation.k,
        deviation.n
    );
    let mut made = suspect(scene, at, deviation.service, Fault::Code, says);
    if let Place::Start { operation } = &region.after {
        made.operation = Some(operation.clone());
    }
    made.region = Some(region);
    made
}

fn lost_call(scene: &Scene<'_>, at: usize, operation: Name, callee: Name, called: Name) -> Suspect {
    let service = scene.deviations[at].service;
    let says =
        format!("`{}` no longer reaches `{}` of `{}`", scene.text(operation), scene.text(called), scene.text(callee));
    let mut made = suspect(scene, at, service, Fault::Code, says);
    made.operation = Some(scene.text(operation));
    made.region = Some(Region {
        after: Place::Start { operation: scene.text(operation) },
        expected: Place::Start { operation: scene.text(called) },
        instead: Place::End,
    });
    made
}

/// Calls go out and nobody answers. Where the callee answers others, or the caller has just been changed and the callee has not,
/// the caller calls in vain; else the callee is silent.
fn unanswered(scene: &Scene<'_>, at: usize, operation: Name, callee: Name, called: Name) -> Suspect {
    let caller = scene.deviations[at].service;
    let speaks = scene.profile.tallies.keys().any(|c| matches!(c, Context::Outcome(s, _) if *s == callee));
    let changed = scene.changes.contains_key(&caller) && !scene.changes.contains_key(&callee);
    // A wrong address fails every time; a callee that answers some of the caller's requests is the one that is short.
    let always = scene.deviations[at].k == scene.deviations[at].n;
    if always && (speaks || changed) {
        let because = if speaks { "which answers others" } else { "and it has just been changed" };
        let says = format!("calls `{}` with `{}` in vain, {because}", scene.text(callee), scene.text(operation));
        let mut made = suspect(scene, at, caller, Fault::Setting, says);
        made.operation = Some(scene.text(operation));
        return made;
    }
    let says = format!("`{}` calls it with `{}` and gets no answer", scene.text(caller), scene.text(operation));
    let mut made = suspect(scene, at, callee, Fault::Silent, says);
    made.operation = Some(scene.text(called));
    made
}

fn failing(scene: &Scene<'_>, at: usize, operation: Name) -> Suspect {
    let deviation = &scene.deviations[at];
    if let Some(peer) = scene.peer(at) {
        let says =
            format!("calls of `{}` to it fail: {} of {}", scene.text(deviation.service), deviation.k, deviation.n);
        return suspect(scene, at, peer, Fault::Failing, says);
    }
    let says = format!("`{}` fails: {} of {}", scene.text(operation), deviation.k, deviation.n);
    let mut made = suspect(scene, at, deviation.service, Fault::Failing, says);
    made.operation = Some(scene.text(operation));
    made
}

fn waiting(scene: &Scene<'_>, at: usize, receiver: Name, limit: i64, typical: i64) -> Suspect {
    let says = format!("messages wait {} before it takes them, longer than {}", took(typical), took(limit));
    suspect(scene, at, receiver, Fault::Waiting, says)
}

/// One suspect for all operations of a service that take longer themselves; whether only leaves say so.
fn compute(scene: &Scene<'_>, service: Name, at: &[usize]) -> Option<(Suspect, bool)> {
    let score = |a: &usize| scene.parts(*a).score();
    let best = at.iter().copied().max_by(|a, b| score(a).total_cmp(&score(b)).then(b.cmp(a)))?;
    // Where the time goes: into code, or into what waits for somebody (leaves, which ask stores, and calls).
    let (mut inner, mut all) = (0.0, 0.0);
    let mut rows = BTreeSet::new();
    for sighting in scene.traces.iter().flatten().filter(|s| at.contains(&(s.deviation as usize))) {
        if rows.insert(sighting.row) {
            let excess = sighting.excess.max(0) as f64;
            all += excess;
            inner += if scene.has_own_below(sighting.row) { excess } else { 0.0 };
        }
    }
    let by_leaves = inner < all * IN_CODE;
    let worst = at.iter().copied().filter_map(|a| match scene.deviations[a].what {
        What::Slow { operation, limit, typical, .. } => Some((typical - limit, operation, limit, typical)),
        What::LostStep { .. }
        | What::LostCall { .. }
        | What::Unanswered { .. }
        | What::Failing { .. }
        | What::Laden
        | What::Gap { .. }
        | What::Lag { .. } => None,
    });
    let worst = worst.max();
    let says = match (worst, scene.deviations[best]) {
        (Some((_, operation, limit, typical)), _) => {
            format!("`{}` takes {} itself, more than {}", scene.text(operation), took(typical), took(limit))
        }
        (None, d) => format!("{} of its {} spans take longer than each of them ever did", d.k, d.n),
    };
    let mut made = suspect(scene, best, service, Fault::Compute, says);
    made.operation = worst.map(|(_, operation, _, _)| scene.text(operation));
    made.evidence.extend(at.iter().filter(|a| **a != best).take(4).map(|a| evidence(scene, *a)));
    made.contexts = at.iter().map(|a| scene.deviations[*a].context).collect();
    made.since = at.iter().filter_map(|a| scene.first(*a)).map(|s| s.at).min();
    Some((made, by_leaves))
}

/// Below this share of the time in its own code, a service waits for others.
const IN_CODE: f64 = 0.2;

/// Gaps between callers and callees, charged to the side that has most of its calls delayed; ties to the callee.
fn network(scene: &Scene<'_>, gaps: &[usize]) -> Vec<Suspect> {
    let mut calls: BTreeMap<(Name, Name), f64> = BTreeMap::new();
    for (context, tally) in &scene.profile.tallies {
        if let Context::Between(caller, callee) = context {
            calls.insert((*caller, *callee), f64::from(tally.n));
        }
    }
    let mut open: BTreeMap<(Name, Name), usize> = BTreeMap::new();
    for at in gaps {
        if let What::Gap { callee, .. } = scene.deviations[*at].what {
            open.insert((scene.deviations[*at].service, callee), *at);
        }
    }
    let delayed = |at: usize| f64::from(scene.deviations[at].k) / f64::from(scene.deviations[at].n.max(1));
    let mut out = Vec::new();
    while !open.is_empty() {
        let sides: BTreeSet<Name> = open.keys().flat_map(|(a, b)| [*a, *b]).collect();
        let share = |side: Name| {
            let mine = |e: &(Name, Name)| e.0 == side || e.1 == side;
            let all: f64 = calls.iter().filter(|(e, _)| mine(e)).map(|(_, n)| n).sum();
            let late: f64 = open
                .iter()
                .filter(|(e, _)| mine(e))
                .map(|(e, at)| calls.get(e).copied().unwrap_or(0.0) * scene.parts(*at).score() * delayed(*at))
                .sum();
            late / all.max(1.0)
        };
        let callee = |side: Name| open.keys().filter(|e| e.1 == side).count();
        // The side that most of the late calls have in common.
        let common = |side: Name| share(side) * open.keys().filter(|e| e.0 == side || e.1 == side).count() as f64;
        let best = sides
            .iter()
            .copied()
            .max_by(|a, b| common(*a).total_cmp(&common(*b)).then(callee(*a).cmp(&callee(*b))).then(b.cmp(a)));
        let Some(side) = best else { break };
        let mine: Vec<usize> = open.iter().filter(|(e, _)| e.0 == side || e.1 == side).map(|(_, at)| *at).collect();
        let strongest = mine
            .iter()
            .copied()
            .max_by(|a, b| scene.parts(*a).score().total_cmp(&scene.parts(*b).score()).then(b.cmp(a)));
        let Some(strongest) = strongest else { break };
        let all = calls.keys().filter(|e| e.0 == side || e.1 == side).count();
        let speaks = scene.profile.tallies.keys().any(|c| matches!(c, Context::Own(s, _) if *s == side));
        let fault = if speaks { Fault::Network } else { Fault::SlowItself };
        let What::Gap { limit, typical, .. } = scene.deviations[strongest].what else { break };
        let says = format!(
            "{} of its {all} kinds of calls take longer than both sides do, up to {} instead of at most {}",
            mine.len(),
            took(typical),
            took(limit)
        );
        let mut made = suspect(scene, strongest, side, fault, says);
        // How much of what passes at this side is delayed at all: a slow network delays all of it, a short processor some.
        let covered = share(side) / made.score.max(1e-9);
        made.parts.effect *= covered.min(1.0);
        made.score = made.parts.score();
        made.evidence.extend(mine.iter().filter(|a| **a != strongest).take(4).map(|a| evidence(scene, *a)));
        made.contexts = mine.iter().map(|a| scene.deviations[*a].context).collect();
        out.push(made);
        open.retain(|e, _| e.0 != side && e.1 != side);
    }
    out
}
