//! Makes systems, lets them run with a fault or without one, and scores what `diagnose` says of it.
//!
//! Invariant: seeded; the same number gives the same system, traffic and fault. The simulation knows nothing of the method: it
//! serves requests by services with workers, callers that wait, time out and try again, and consumers of queues, and writes down
//! what tracers, loggers and meters would.
//!
//! Settings, all published here: 5 to 16 services in layers, each called by one to three of the layer above; 1 to 3 operations a
//! service with 1 to 4 steps (own work of 1 to 12 ms, a store's answer of 1 to 6 ms, a call, a message, a line); 4 to 12 workers;
//! of the calls a third has no timeout, the others 3 to 12 times the callee's usual time (at least 200 ms), half of them try two or three times;
//! a third of the failures are swallowed; nobody waits more than 3 s to be let in; 4 requests a second for 16 minutes, the fault begins after 12; clocks of services differ by
//! up to 3 ms; one in two hundred requests meets a hiccup of 50 ms somewhere, one in four hundred fails without a reason.

use super::memory::Replay;
use super::random::Random;
use seam_diagnose::{Diagnosis, Question, Sources, Suspect, Topology, When, diagnose};
use seam_signals::{
    Forest, Log, Name, Resource, ResourceId, SeriesKey, Severity, Span, SpanId, SpanKind, Statistic, Status, Telemetry,
    Temporality, TraceId,
};
use std::collections::BTreeMap;

const MS: i64 = 1_000_000;
const SECOND: i64 = 1000 * MS;
const MINUTES: i64 = 16;
pub(super) const BEGINS: i64 = 12 * 60 * SECOND;
pub(super) const EPOCH: i64 = 1_700_000_000 * SECOND;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// Own work takes longer.
    Work,
    /// Some work of every kind stalls, and the meter shows it.
    Processor,
    /// What passes to and from it is late.
    Network,
    /// An operation throws.
    Throws,
    /// An operation returns before its last steps.
    Returns,
    /// It does not answer.
    Crash,
    /// Its workers are few.
    Pool,
    /// A consumer is slow to take messages.
    Consumer,
    /// Its setting for a callee is wrong: calls reach nobody.
    Setting,
    /// A new version throws now and then.
    Deploy,
    /// It is slow, and its callers' patience and further attempts make it worse.
    Storm,
    /// Its store answers late.
    Store,
}

pub(super) const FAULTS: [Fault; 12] = [
    Fault::Work,
    Fault::Processor,
    Fault::Network,
    Fault::Throws,
    Fault::Returns,
    Fault::Crash,
    Fault::Pool,
    Fault::Consumer,
    Fault::Setting,
    Fault::Deploy,
    Fault::Storm,
    Fault::Store,
];

#[derive(Clone, Copy, Debug)]
enum Step {
    Work(i64),
    Store(i64),
    Line,
    Call { service: usize, operation: usize, timeout: Option<i64>, attempts: u32, swallow: bool },
    Message { service: usize },
}

struct Service {
    operations: Vec<Vec<Step>>,
    workers: Vec<i64>,
    skew: i64,
    resource: ResourceId,
    newer: ResourceId,
    consumer: bool,
    /// Time of the processor, and of workers.
    busy: i64,
    held: i64,
    stalled: u32,
}

pub(super) struct World {
    services: Vec<Service>,
    pub telemetry: Telemetry,
    random: Random,
    faults: Vec<(usize, Fault)>,
    /// How strong the fault is: 1 as said above, less adds less time and strikes fewer requests.
    force: f64,
    /// A version that does no harm.
    harmless: Option<usize>,
    next: u64,
    names: BTreeMap<String, Name>,
}

pub fn run(options: &[&str]) -> Result<String, String> {
    let number = |flag: &str, default: u64| {
        let at = options.iter().position(|o| *o == flag);
        at.and_then(|a| options.get(a + 1))
            .map_or(Ok(default), |v| v.parse().map_err(|_| format!("`{v}` is no number")))
    };
    let cases = number("--cases", 240)?;
    let seed = number("--seed", 1)?;
    let list = options.contains(&"--list");
    if options.contains(&"--signs") {
        return Ok(super::shifts::run(cases, seed, list));
    }
    if options.contains(&"--repeats") {
        return super::repeats::run(
            number("--systems", 12)?,
            number("--days", 24)?,
            number("--force", 100)?,
            seed,
            list,
        );
    }
    // One system after the other as if they were one: services of the same names call others each time, so that this shows harm.
    let (mut replay, mut replayed) = (Replay::default(), Replay::default());
    let mut out = String::new();
    let mut single: BTreeMap<Fault, (u32, u32, u32, u32)> = BTreeMap::new();
    let (mut pairs, mut pair_first, mut pair_both) = (0, 0, 0);
    let (mut quiet, mut silent, mut quiet_found) = (0, 0, 0);
    let only = number("--only", u64::MAX)?;
    for case in (0..cases).filter(|c| only == u64::MAX || *c == only) {
        let world = World::make(seed * 1_000_003 + case, case);
        let roots: Vec<String> = world.faults.iter().map(|(s, _)| World::name(*s)).collect();
        let given = world.answer(Some(BEGINS + 60 * SECOND));
        let searched = world.answer(None);
        let first = |d: &Diagnosis| d.suspects.first().map(|s| s.service.clone());
        let right = |d: &Diagnosis| first(d).is_some_and(|f| roots.contains(&f));
        match world.faults.as_slice() {
            [] => {
                quiet += 1;
                silent += u32::from(given.suspects.is_empty());
                quiet_found += u32::from(searched.suspects.is_empty());
            }
            [(service, fault)] => {
                let kind = format!("{fault:?}");
                let name = World::name(*service);
                let guilty = |s: &Suspect| s.service == name;
                let all = |d: &Diagnosis| d.suspects.iter().chain(&d.weak).cloned().collect::<Vec<_>>();
                replay.solve(&format!("case {case}"), &all(&given), &name, &kind, &guilty);
                replayed.solve(&format!("case {case}"), &all(&searched), &name, &kind, &guilty);
                let sum = single.entry(*fault).or_default();
                sum.0 += 1;
                sum.1 += u32::from(right(&given));
                sum.2 += u32::from(given.suspects.iter().take(3).any(|s| roots.contains(&s.service)));
                sum.3 += u32::from(right(&searched));
            }
            _ => {
                pairs += 1;
                pair_first += u32::from(right(&given));
                pair_both += u32::from(roots.iter().all(|r| given.suspects.iter().take(3).any(|s| &s.service == r)));
            }
        }
        let wrong = if world.faults.is_empty() { !given.suspects.is_empty() } else { !right(&given) };
        if list && wrong {
            let spoke = |s: usize| {
                world
                    .telemetry
                    .spans
                    .rows()
                    .filter(|(_, span)| {
                        span.start >= EPOCH + BEGINS
                            && world.telemetry.text(world.telemetry.service(span.resource)) == World::name(s)
                    })
                    .count()
            };
            out += &format!(
                "     {} told, window {:?}, step {} s, learned {}\n",
                given.suspects.len(),
                given.window.map(|w| ((w.from - EPOCH - BEGINS) / SECOND, (w.to - EPOCH - BEGINS) / SECOND)),
                given.step / SECOND,
                given.learned
            );
            let spoken: Vec<usize> = world.faults.iter().map(|(s, _)| spoke(*s)).collect();
            out += &format!(
                "case {case} {:?} of {} services, spans of them meanwhile {spoken:?}\n",
                world.faults,
                world.services.len()
            );
            for s in given.suspects.iter().chain(&given.weak).take(3) {
                out += &format!(
                    "     {:.2} = {:.2} x {:.2} x {:.2} {} {}: {}\n",
                    s.score,
                    s.parts.effect,
                    s.parts.unexplained,
                    s.parts.sure,
                    s.service,
                    s.fault.word(),
                    s.says
                );
            }
        }
    }
    let sum = single.values().fold((0, 0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2, a.3 + b.3));
    let share = |k: u32, n: u32| f64::from(k) / f64::from(n.max(1));
    out += &format!("{cases} systems, seed {seed}\n");
    for (fault, (n, first, third, found)) in &single {
        let word = format!("{fault:?}").to_lowercase();
        out += &format!(
            "{word:<10} {n:>3}  top-1 {:.3}  top-3 {:.3}  time not given: top-1 {:.3}\n",
            share(*first, *n),
            share(*third, *n),
            share(*found, *n)
        );
    }
    out += &format!(
        "one fault  {:>3}  top-1 {:.3}  top-3 {:.3}  time not given: top-1 {:.3}\n",
        sum.0,
        share(sum.1, sum.0),
        share(sum.2, sum.0),
        share(sum.3, sum.0)
    );
    out += &format!(
        "two faults {pairs:>3}  first is one of them {:.3}  both in the first three {:.3}\n",
        share(pair_first, pairs),
        share(pair_both, pairs)
    );
    out += &format!(
        "no fault   {quiet:>3}  silent {:.3}  time not given: silent {:.3}\n",
        share(silent, quiet),
        share(quiet_found, quiet)
    );
    if options.contains(&"--memory") {
        out += &replay.told("memory", list);
        out += &replayed.told("memory, time not given", list);
    }
    Ok(out)
}

impl World {
    pub(super) fn name(service: usize) -> String {
        format!("service-{service}")
    }

    /// The system of a seed; of fourteen cases one has no fault, one two of them, and each kind has its turn.
    pub fn make(seed: u64, case: u64) -> World {
        let mut world = World::plain(seed);
        world.harm(case);
        world.serve();
        world.telemetry.settle();
        world
    }

    /// The system of a seed without anything that happens in it.
    pub fn plain(seed: u64) -> World {
        let mut random = Random::new(seed);
        let count = 5 + random.below(12) as usize;
        let mut telemetry = Telemetry::default();
        let mut services = Vec::new();
        for at in 0..count {
            let service = telemetry.names.intern(&World::name(at));
            let mut version = |v: &str| {
                let version = telemetry.names.intern(v);
                telemetry.resource(Resource { service, version, ..Resource::default() })
            };
            let (resource, newer) = (version("1.4.0"), version("1.5.0"));
            let workers = vec![0; 4 + random.below(9) as usize];
            let skew = random.between(-3 * MS, 3 * MS);
            services.push(Service {
                operations: Vec::new(),
                workers,
                skew,
                resource,
                newer,
                consumer: false,
                busy: 0,
                held: 0,
                stalled: 0,
            });
        }
        let mut world = World {
            services,
            telemetry,
            random,
            faults: Vec::new(),
            force: 1.0,
            harmless: None,
            next: 1,
            names: BTreeMap::new(),
        };
        world.wire();
        world
    }

    /// The same system on another day: a fault of some force, with traffic of its own.
    pub fn day(seed: u64, traffic: u64, fault: (usize, Fault), force: f64) -> World {
        let mut world = World::plain(seed);
        world.random = Random::new(traffic);
        world.faults = vec![fault];
        world.force = force;
        world.serve();
        world.telemetry.settle();
        world
    }

    /// Faults that may befall the system.
    pub fn possible(&self) -> Vec<(usize, Fault)> {
        let of = |service| FAULTS.into_iter().filter(move |f| self.fits(service, *f)).map(move |f| (service, f));
        (0..self.services.len()).flat_map(of).collect()
    }

    /// So much time as the fault's force makes of it.
    fn forced(&self, time: i64) -> i64 {
        (time as f64 * self.force) as i64
    }

    /// Whether the fault strikes this time.
    fn strikes(&mut self) -> bool {
        self.force >= 1.0 || self.random.unit() < self.force
    }

    /// Operations from the last service to the first, so that callees exist.
    fn wire(&mut self) {
        let count = self.services.len();
        // The last one takes messages.
        let consumer = count - 1;
        self.services[consumer].consumer = true;
        for at in (0..count).rev() {
            let operations = 1 + self.random.below(3) as usize;
            for _ in 0..operations {
                let mut steps = vec![Step::Line, Step::Work(self.random.between(MS, 12 * MS))];
                for _ in 0..1 + self.random.below(4) {
                    let later: Vec<usize> = (at + 1..consumer).take(5).collect();
                    let step = match self.random.below(5) {
                        0 => Step::Work(self.random.between(MS, 12 * MS)),
                        1 => Step::Store(self.random.between(MS, 6 * MS)),
                        _ if !later.is_empty() => self.call(&later),
                        _ => Step::Store(self.random.between(MS, 6 * MS)),
                    };
                    steps.push(step);
                    steps.push(Step::Line);
                }
                self.services[at].operations.push(steps);
            }
        }
        // Everybody is called by somebody, and somebody sends messages.
        for at in 1..consumer {
            let called = self
                .services
                .iter()
                .flat_map(|s| &s.operations)
                .flatten()
                .any(|s| matches!(s, Step::Call { service, .. } if *service == at));
            if !called {
                let caller = at - 1 - self.random.below(at.min(3) as u64) as usize;
                let step = self.call(&[at]);
                self.services[caller].operations[0].extend([step, Step::Line]);
            }
        }
        let sender = self.random.below(consumer as u64) as usize;
        self.services[sender].operations[0].extend([Step::Message { service: consumer }, Step::Line]);
    }

    fn call(&mut self, among: &[usize]) -> Step {
        let service = among[self.random.below(among.len() as u64) as usize];
        let operation = self.random.below(self.services[service].operations.len().max(1) as u64) as usize;
        let usual = self.usual(service, operation, 0);
        let timeout = (self.random.below(3) > 0).then(|| (usual * self.random.between(3, 12)).max(200 * MS));
        let attempts = if timeout.is_some() && self.random.below(2) == 0 { 2 + self.random.below(2) as u32 } else { 1 };
        Step::Call { service, operation, timeout, attempts, swallow: self.random.below(3) == 0 }
    }

    fn usual(&self, service: usize, operation: usize, depth: usize) -> i64 {
        let steps = self.services[service].operations.get(operation).map_or(&[][..], |s| s);
        steps
            .iter()
            .map(|step| match step {
                Step::Work(t) | Step::Store(t) => *t,
                Step::Line | Step::Message { .. } => 0,
                Step::Call { service, operation, .. } if depth < 12 => self.usual(*service, *operation, depth + 1) + MS,
                Step::Call { .. } => 0,
            })
            .sum()
    }

    fn harm(&mut self, case: u64) {
        let kind = (case % 14) as usize;
        if kind == 12 {
            if self.random.below(2) == 0 {
                self.harmless = Some(self.random.below(self.services.len() as u64) as usize);
            }
            return;
        }
        let add = |world: &mut World, fault: Fault, but: Option<usize>| {
            let fit: Vec<usize> =
                (0..world.services.len()).filter(|s| Some(*s) != but && world.fits(*s, fault)).collect();
            if !fit.is_empty() {
                let service = fit[world.random.below(fit.len() as u64) as usize];
                world.faults.push((service, fault));
            }
        };
        if kind == 13 {
            let (a, b) = (self.random.below(5) as usize, self.random.below(5) as usize);
            add(self, FAULTS[a], None);
            let but = self.faults.first().map(|f| f.0);
            add(self, FAULTS[b], but);
            return;
        }
        add(self, FAULTS[kind], None);
        if self.faults.is_empty() {
            add(self, Fault::Throws, None);
        }
    }

    /// Whether a service is used, and has what the fault is about.
    fn fits(&self, service: usize, fault: Fault) -> bool {
        let steps = || self.services[service].operations.iter().flatten();
        let used = self.reached(service);
        let callers = self
            .services
            .iter()
            .flat_map(|s| &s.operations)
            .flatten()
            .any(|s| matches!(s, Step::Call { service: to, .. } if *to == service));
        used && match fault {
            Fault::Consumer => self.services[service].consumer,
            Fault::Setting => steps().any(|s| matches!(s, Step::Call { .. })) && !self.services[service].consumer,
            Fault::Store => self.services[service]
                .operations
                .iter()
                .enumerate()
                .any(|(o, steps)| self.entered(service, o) && steps.iter().any(|s| matches!(s, Step::Store(_)))),
            Fault::Crash | Fault::Pool | Fault::Network | Fault::Storm => callers,
            Fault::Throws | Fault::Returns => !self.services[service].consumer && self.entered(service, 0),
            Fault::Work | Fault::Processor | Fault::Deploy => !self.services[service].consumer,
        }
    }

    /// Operations that a request to the first service may come to.
    fn visited(&self) -> Vec<(usize, usize)> {
        let mut seen: Vec<(usize, usize)> = (0..self.services[0].operations.len()).map(|o| (0, o)).collect();
        let mut at = 0;
        while at < seen.len() {
            let (service, operation) = seen[at];
            for step in &self.services[service].operations[operation] {
                let next = match step {
                    Step::Call { service, operation, .. } => (*service, *operation),
                    Step::Message { service } => (*service, 0),
                    Step::Work(_) | Step::Store(_) | Step::Line => continue,
                };
                if !seen.contains(&next) {
                    seen.push(next);
                }
            }
            at += 1;
        }
        seen
    }

    fn reached(&self, service: usize) -> bool {
        self.visited().iter().any(|(s, _)| *s == service)
    }

    fn entered(&self, service: usize, operation: usize) -> bool {
        self.visited().contains(&(service, operation))
    }

    /// A fault of requests: some of them, where it is weak.
    fn meets(&mut self, service: usize, fault: Fault, at: i64) -> bool {
        self.has(service, fault, at) && self.strikes()
    }

    fn has(&self, service: usize, fault: Fault, at: i64) -> bool {
        at >= BEGINS && self.faults.contains(&(service, fault))
    }

    fn text(&mut self, text: String) -> Name {
        let names = &mut self.telemetry.names;
        *self.names.entry(text.clone()).or_insert_with(|| names.intern(&text))
    }

    fn serve(&mut self) {
        let mut at = 0;
        let mut metered = 0;
        // Load drifts by a third over the time, up or down.
        let drift = self.random.between(-33, 33);
        while at < MINUTES * 60 * SECOND {
            let load = 4.0 * (1.0 + drift as f64 / 100.0 * at as f64 / (MINUTES * 60 * SECOND) as f64);
            at += (-(1.0 - self.random.unit()).ln() / load * SECOND as f64) as i64;
            let operation = self.random.below(self.services[0].operations.len() as u64) as usize;
            let trace = TraceId(u128::from(self.random.next()) << 64 | u128::from(self.random.next() | 1));
            self.request(trace, SpanId::NONE, 0, operation, at, 0);
            while metered < at {
                self.meter(metered);
                metered += 10 * SECOND;
            }
        }
    }

    /// Serves one request; when it ends, and whether well.
    fn request(
        &mut self,
        trace: TraceId,
        parent: SpanId,
        service: usize,
        operation: usize,
        at: i64,
        depth: usize,
    ) -> (i64, bool) {
        let mut arrives = at + self.random.between(MS / 5, MS);
        if self.has(service, Fault::Network, at) {
            arrives += self.forced(60 * MS);
        }
        // A free worker, or the first that gets free; a short pool has one.
        let all = self.services[service].workers.len();
        let few =
            if self.has(service, Fault::Pool, at) || self.has(service, Fault::Storm, at) { 1.min(all) } else { all };
        let workers = &mut self.services[service].workers;
        let (slot, free) = workers.iter().take(few).copied().enumerate().min_by_key(|w| w.1).unwrap_or((0, 0));
        let start = arrives.max(free);
        // Nobody waits for ever to be let in.
        if start - arrives > 3 * SECOND {
            return (arrives + 3 * SECOND, false);
        }
        let id = SpanId({
            self.next += 1;
            self.next
        });
        let mut now = start;
        let mut ok = true;
        let steps = self.services[service].operations.get(operation).cloned().unwrap_or_default();
        let last = steps.len();
        let mut lines: Vec<(i64, usize, Severity)> = Vec::new();
        let fails = operation == 0 && self.meets(service, Fault::Throws, at)
            || self.meets(service, Fault::Deploy, at) && self.random.below(3) == 0
            || self.random.below(400) == 0 && depth > 0;
        for (place, step) in steps.iter().enumerate() {
            if place == last / 2 {
                if fails {
                    lines.push((now, 900 + operation, Severity::Error));
                    ok = false;
                    break;
                }
                if operation == 0 && self.meets(service, Fault::Returns, at) {
                    break;
                }
            }
            match *step {
                Step::Line => lines.push((now, place, Severity::Info)),
                Step::Work(time) => now += self.work(service, time, at),
                Step::Store(time) => {
                    let late = if self.has(service, Fault::Store, at) { self.forced(150 * MS) } else { 0 };
                    let late = if self.has(service, Fault::Network, at) { late + self.forced(60 * MS) } else { late };
                    let end = now + self.varied(time) + late;
                    let name = self.text(format!("SELECT {}", World::name(service)));
                    self.span(trace, id, service, name, SpanKind::Client, now, end, true);
                    now = end;
                }
                Step::Message { service: to } => {
                    let name = self.text(format!("{} send", World::name(to)));
                    let sent = self.span(trace, id, service, name, SpanKind::Producer, now, now + MS, true);
                    let waits = if self.has(to, Fault::Consumer, at) { self.forced(4 * SECOND) } else { 2 * MS };
                    let waits = self.varied(waits);
                    self.request(trace, sent, to, 0, now + MS + waits, depth + 1);
                    now += MS;
                }
                Step::Call { service: to, operation: called, timeout, attempts, swallow } => {
                    let mut answered = false;
                    for attempt in 0..attempts {
                        let (end, well) = self.attempt(trace, id, service, (to, called), now, timeout, depth);
                        now = end;
                        answered = well;
                        if well {
                            break;
                        }
                        now += 20 * MS * i64::from(attempt + 1);
                    }
                    if !answered {
                        lines.push((now, 700 + place, if swallow { Severity::Warn } else { Severity::Error }));
                        if !swallow {
                            ok = false;
                            break;
                        }
                    }
                }
            }
        }
        self.services[service].workers[slot] = now;
        self.services[service].held += now - start;
        let name = self.text(format!("POST /{}/{operation}", World::name(service)));
        let kind = if self.services[service].consumer { SpanKind::Consumer } else { SpanKind::Server };
        self.write(trace, id, parent, service, name, kind, start, now, ok);
        for (time, place, severity) in lines {
            self.line(trace, id, service, operation, place, severity, time);
        }
        let back = if self.has(service, Fault::Network, at) { self.forced(60 * MS) } else { 0 };
        (now + back + self.random.between(MS / 5, MS), ok)
    }

    /// One attempt of a call: the client's span, cut where its patience ends.
    #[expect(clippy::too_many_arguments, reason = "a call has so many sides")]
    fn attempt(
        &mut self,
        trace: TraceId,
        parent: SpanId,
        from: usize,
        to: (usize, usize),
        at: i64,
        timeout: Option<i64>,
        depth: usize,
    ) -> (i64, bool) {
        let name = self.text(format!("call {}", World::name(to.0)));
        let id = SpanId({
            self.next += 1;
            self.next
        });
        let nobody = self.meets(to.0, Fault::Crash, at) || self.meets(from, Fault::Setting, at);
        let (end, well) = match nobody || depth > 12 {
            true => (at + 2 * MS, false),
            false => {
                let late = if self.has(from, Fault::Network, at) { self.forced(60 * MS) } else { 0 };
                let (end, well) = self.request(trace, id, to.0, to.1, at + late, depth + 1);
                (end + late, well)
            }
        };
        let (end, well) = match timeout {
            Some(timeout) if end - at > timeout => (at + timeout, false),
            _ => (end, well),
        };
        self.write(trace, id, parent, from, name, SpanKind::Client, at, end, well);
        (end, well)
    }

    fn work(&mut self, service: usize, time: i64, at: i64) -> i64 {
        let mut took = self.varied(time);
        if self.has(service, Fault::Work, at) || self.has(service, Fault::Storm, at) {
            took += self.forced(120 * MS);
        }
        if self.has(service, Fault::Processor, at) && self.random.below(3) == 0 {
            took += self.forced(100 * MS);
            self.services[service].stalled += 1;
        }
        self.services[service].busy += took;
        if self.random.below(200) == 0 {
            took += 50 * MS;
        }
        took
    }

    /// Log-normal around a time, with a standard deviation of a fifth.
    fn varied(&mut self, time: i64) -> i64 {
        let normal: f64 = (0..6).map(|_| self.random.unit()).sum::<f64>() - 3.0;
        (time as f64 * (normal * 0.28).exp()) as i64
    }

    #[expect(clippy::too_many_arguments, reason = "a span has so many sides")]
    fn span(
        &mut self,
        trace: TraceId,
        parent: SpanId,
        service: usize,
        operation: Name,
        kind: SpanKind,
        start: i64,
        end: i64,
        ok: bool,
    ) -> SpanId {
        self.next += 1;
        let id = SpanId(self.next);
        self.write(trace, id, parent, service, operation, kind, start, end, ok);
        id
    }

    #[expect(clippy::too_many_arguments, reason = "a span has so many sides")]
    fn write(
        &mut self,
        trace: TraceId,
        id: SpanId,
        parent: SpanId,
        service: usize,
        operation: Name,
        kind: SpanKind,
        start: i64,
        end: i64,
        ok: bool,
    ) {
        let of = &self.services[service];
        let newer = start >= BEGINS
            && (self.faults.contains(&(service, Fault::Deploy))
                || self.faults.contains(&(service, Fault::Setting))
                || self.harmless == Some(service));
        let resource = if newer { of.newer } else { of.resource };
        let status = if ok { Status::Unset } else { Status::Error };
        let shift = EPOCH + of.skew;
        self.telemetry.spans.push(Span {
            trace,
            id,
            parent,
            resource,
            operation,
            kind,
            status,
            start: start + shift,
            end: end + shift,
        });
    }

    #[expect(clippy::too_many_arguments, reason = "a line has so many sides")]
    fn line(
        &mut self,
        trace: TraceId,
        span: SpanId,
        service: usize,
        operation: usize,
        place: usize,
        severity: Severity,
        time: i64,
    ) {
        let logger = self.text(format!("app.Service{service}"));
        let statement = (operation * 1000 + place + 1) as u32;
        let event =
            self.telemetry.event(logger, statement, severity, &format!("step {place} of operation {operation}"));
        let (resource, skew) = (self.services[service].resource, self.services[service].skew);
        self.telemetry.logs.push(Log { time: time + EPOCH + skew, resource, trace, span, severity, event });
    }

    /// Meters every ten seconds: processor in percent, workers in use.
    fn meter(&mut self, at: i64) {
        let (cpu, pool, percent) =
            (self.text("cpu_usage".into()), self.text("pool_in_use".into()), self.text("%".into()));
        for service in 0..self.services.len() {
            let busy = std::mem::take(&mut self.services[service].busy) as f64 / (10.0 * SECOND as f64);
            let held = std::mem::take(&mut self.services[service].held) as f64 / (10.0 * SECOND as f64);
            let stalled = std::mem::take(&mut self.services[service].stalled);
            let workers = self.services[service].workers.len() as f64;
            let noise = self.random.unit() * 4.0;
            let short = stalled > 0 && self.has(service, Fault::Processor, at);
            let used = if short { 90.0 + noise } else { (5.0 + busy * 8.0 + noise).min(100.0) };
            let taken =
                if self.has(service, Fault::Pool, at) { 100.0 } else { (held / workers * 100.0 + noise).min(100.0) };
            let resource = self.services[service].resource;
            for (metric, value) in [(cpu, used), (pool, taken)] {
                let key = SeriesKey {
                    resource,
                    metric,
                    statistic: Statistic::Value,
                    temporality: Temporality::Level,
                    labels: Name::NONE,
                };
                self.telemetry.metrics.push(key, percent, EPOCH + at, value);
            }
        }
    }

    /// Services with a fault.
    pub fn roots(&self) -> Vec<String> {
        self.faults.iter().map(|(s, _)| World::name(*s)).collect()
    }

    /// What is wrong, in a word.
    pub fn fault(&self) -> String {
        let all: Vec<String> = self.faults.iter().map(|(_, f)| format!("{f:?}").to_lowercase()).collect();
        if all.len() > 1 { "two".into() } else { all.concat() }
    }

    pub(super) fn answer(&self, at: Option<i64>) -> Diagnosis {
        let forest = Forest::of(&self.telemetry);
        let topology = Topology::of(&self.telemetry, &forest, Sources::default());
        let when = When { at: at.map(|a| a + EPOCH), ..When::default() };
        diagnose(&Question {
            priors: None,
            telemetry: &self.telemetry,
            forest: &forest,
            topology: &topology,
            graph: None,
            when,
            symptom: None,
        })
    }
}
