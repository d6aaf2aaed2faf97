//! What all proxies of a stage share: the run that is under way.
//!
//! Invariant: a call belongs to the run in which it arrived, however long it takes.

use crate::proxy::Edge;
use crate::revive::{Deaths, Mortals};
use crate::state::{Eye, StoreAt};
use seam_verify::book::Book;
use seam_verify::call::{Reply, Request, Seen};
use seam_verify::fault::{Kind, Script};
use seam_verify::run::States;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::watch;

pub(crate) struct Control {
    current: RwLock<Arc<Under>>,
    /// For connections without calls: what is done to them from now on.
    script: watch::Sender<Script>,
    pub patience: Duration,
    pub stores: Vec<StoreAt>,
    /// Without faults, stores were seen to change after an answer: work goes on behind queues.
    later: AtomicBool,
    /// Connections on which messages are taken, by who takes and from whom.
    takers: Mutex<BTreeMap<(String, String), i64>>,
    pub mortals: Mortals,
    eyes: Vec<Arc<Eye>>,
}

/// How long stores are left alone between two looks that have to be equal, and how long that may take. Undisturbed it is longer: what
/// is late there would be late by chance in other runs.
const PAUSE: Duration = Duration::from_millis(150);
const CALM: Duration = Duration::from_millis(600);
const SETTLED: Duration = Duration::from_secs(3);

impl Control {
    /// `stores` with the members that they belong to, where they do.
    pub fn new(patience: Duration, stores: Vec<(StoreAt, Option<String>)>) -> Control {
        let current = RwLock::new(Arc::new(Under::new(Script::default())));
        Control {
            current,
            script: watch::Sender::new(Script::default()),
            patience,
            mortals: Mortals::new(&stores),
            eyes: stores.iter().map(|(store, _)| Arc::new(Eye::new(store.clone()))).collect(),
            stores: stores.into_iter().map(|(store, _)| store).collect(),
            later: AtomicBool::new(false),
            takers: Mutex::default(),
        }
    }

    /// A connection begins to take messages, or is gone.
    pub fn takes(&self, edge: &Edge, change: i64) {
        let mut takers = self.takers.lock().unwrap_or_else(PoisonError::into_inner);
        *takers.entry((edge.caller.clone(), edge.callee.clone())).or_insert(0) += change;
    }

    /// Whether stores were seen to change after answers.
    pub fn works_later(&self) -> bool {
        self.later.load(Ordering::Relaxed)
    }

    pub fn takers(&self) -> BTreeMap<(String, String), i64> {
        self.takers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A new run begins.
    pub fn begin(&self, script: &Script, learning: bool) -> Arc<Under> {
        let under = Arc::new(Under { takers: self.takers(), learning, ..Under::new(script.clone()) });
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = under.clone();
        self.script.send_replace(script.clone());
        under
    }

    /// No faults any more.
    pub fn end(&self) {
        self.current().book().undisturbed();
        self.script.send_replace(Script::default());
    }

    pub fn current(&self) -> Arc<Under> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn script(&self) -> watch::Receiver<Script> {
        self.script.subscribe()
    }

    /// Before a step: what the stores hold, unless it is known from after the last one. Without a look, `false`, the place stays
    /// empty.
    pub async fn before(&self, under: &Under, look: bool) {
        if self.stores.is_empty() || under.apart.load(Ordering::Relaxed) {
            return;
        }
        let mut states = under.states.lock().await;
        let known = states.pop().filter(|last| !look || !last.is_empty());
        let now = match known {
            Some(known) => known,
            // What earlier steps left to others is theirs.
            None if look && self.later.load(Ordering::Relaxed) => self.settled(under, SETTLED).await.0,
            None if look => self.look(under).await,
            None => States::new(),
        };
        states.push(now);
    }

    /// After a step.
    pub async fn after(&self, under: &Under, look: bool) {
        if !self.stores.is_empty() && !under.apart.load(Ordering::Relaxed) {
            let now = match look {
                true if under.learning || self.later.load(Ordering::Relaxed) => {
                    let (now, changed) = self.settled(under, SETTLED).await;
                    if under.learning && changed {
                        self.later.store(true, Ordering::Relaxed);
                    }
                    now
                }
                true => self.look(under).await,
                false => States::new(),
            };
            under.states.lock().await.push(now);
        }
    }

    /// Requests of a command may be under way at once: stores are looked at before and after all of them.
    pub async fn around(&self, under: &Under) {
        under.apart.store(true, Ordering::Relaxed);
        if !self.stores.is_empty() {
            let now = self.settled(under, SETTLED).await.0;
            under.states.lock().await.push(now);
        }
    }

    /// Looks until nothing changes; whether something did.
    async fn settled(&self, under: &Under, most: Duration) -> (States, bool) {
        let until = Instant::now() + most;
        let pause = if self.script.borrow().is_empty() { CALM } else { PAUSE };
        let mut last = self.look(under).await;
        let mut changed = false;
        loop {
            tokio::time::sleep(pause).await;
            let now = self.look(under).await;
            // What is usual is not known before messages have arrived.
            let waits = under.learning && self.on_the_way(under);
            if now == last && !waits || Instant::now() > until {
                return (now, changed);
            }
            changed |= now != last;
            last = now;
        }
    }

    fn on_the_way(&self, under: &Under) -> bool {
        let takers = self.takers();
        under.book().on_the_way(|broker| takers.iter().any(|((_, from), count)| from == broker && *count > 0))
    }

    /// All stores at once.
    pub async fn look(&self, under: &Under) -> States {
        let mut looking = tokio::task::JoinSet::new();
        for eye in self.eyes.iter().cloned() {
            looking.spawn(async move { (eye.at.name.clone(), eye.look().await) });
        }
        let mut states = States::new();
        while let Some(looked) = looking.join_next().await {
            match looked {
                Ok((name, Ok(state))) => {
                    states.insert(name, state);
                }
                Ok((_, Err(error))) => under.trouble(error.to_string()),
                Err(error) => under.trouble(error.to_string()),
            }
        }
        states
    }
}

/// A run under way.
pub(crate) struct Under {
    book: Mutex<Book>,
    began: Instant,
    pub states: tokio::sync::Mutex<Vec<States>>,
    /// Bytes between services that speak no HTTP.
    lines: Mutex<BTreeMap<(String, String), u64>>,
    troubles: Mutex<Vec<String>>,
    deaths: Mutex<Deaths>,
    /// What is usual is learnt from it.
    pub learning: bool,
    /// Steps are not looked at one by one.
    pub apart: AtomicBool,
    /// Who took messages from whom when it began.
    pub takers: BTreeMap<(String, String), i64>,
    /// The scenario has ended: nothing is held any longer.
    pub over: watch::Sender<bool>,
}

impl Under {
    fn new(script: Script) -> Under {
        Under {
            book: Mutex::new(Book::new(script)),
            began: Instant::now(),
            states: tokio::sync::Mutex::default(),
            lines: Mutex::default(),
            troubles: Mutex::default(),
            deaths: Mutex::default(),
            learning: false,
            apart: AtomicBool::new(false),
            takers: BTreeMap::new(),
            over: watch::Sender::new(false),
        }
    }

    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn arrive(&self, request: Request) -> (usize, Option<Kind>) {
        let now = self.now();
        self.book().arrive(request, now)
    }

    pub fn reached(&self, at: usize) {
        self.book().reached(at);
    }

    pub fn said(&self, at: usize, reply: Reply) {
        self.book().said(at, reply);
    }

    pub fn ended(&self, at: usize, seen: Seen) {
        let now = self.now();
        self.book().ended(at, seen, now);
    }

    pub fn bytes(&self, caller: &str, callee: &str, count: u64) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        *lines.entry((caller.to_owned(), callee.to_owned())).or_insert(0) += count;
    }

    pub fn lines(&self) -> BTreeMap<(String, String), u64> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn deaths(&self) -> MutexGuard<'_, Deaths> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn trouble(&self, says: String) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).push(says);
    }

    pub fn troubles(&self) -> Vec<String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until nothing is under way below the scenario, or long enough.
    pub async fn quiet(&self, most: Duration) {
        let until = Instant::now() + most;
        while !self.book().quiet_below() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
