//! The stage itself: proxies on every edge, processes behind them, and their orderly end.

use crate::StageError;
use crate::control::{Control, Under};
use crate::guard::{Guard, marked};
use crate::layout::{Layout, Member, rewritten};
use crate::process::{Running, free_ports, open, ready};
use crate::proxy::Edge;
use crate::proxy::line::redis::Held;
use crate::proxy::thread::Thread;
use crate::shim;
use crate::state::{StoreAt, StoreKind, restore};
use rustix::process::{Pid, Signal, kill_process};
use seam_verify::call::SCENARIO;
use seam_verify::fault::Script;
use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long a process may take until it is ready.
const START: Duration = Duration::from_secs(120);

/// How often processes are started again that end because another is not yet there.
const AGAIN: usize = 5;

pub struct Stage {
    pub layout: Layout,
    pub(crate) control: Arc<Control>,
    /// Where each member listens.
    pub(crate) real: Vec<Option<u16>>,
    /// Proxies by caller (a member's place, or none for the scenario) and callee.
    pub(crate) ports: BTreeMap<(Option<usize>, usize), u16>,
    pub(crate) edges: Vec<(usize, Arc<Edge>)>,
    /// Those that run; who is killed is taken out until a new one has taken its place.
    pub(crate) running: Mutex<Vec<Running>>,
    proxies: Thread,
    pub(crate) guard: Guard,
    pub(crate) shim: Option<PathBuf>,
    folder: tempfile::TempDir,
    initial: Vec<(StoreAt, seam_verify::State)>,
    stored: BTreeSet<String>,
    /// Which copy of the system this is.
    pub(crate) lane: usize,
    /// Ports of the workspace on which somebody else listens.
    taken: Vec<u16>,
}

impl Stage {
    /// The same as one of several copies.
    pub async fn copy(layout: Layout, stores: Vec<StoreAt>, lane: usize) -> Result<Stage, StageError> {
        Ok(Stage { lane, ..Stage::set(layout, stores).await? })
    }

    /// Opens proxies; nothing is started yet.
    pub async fn set(layout: Layout, stores: Vec<StoreAt>) -> Result<Stage, StageError> {
        let patience = Duration::from_millis(layout.settings.patience.unwrap_or(seam_verify::oracle::PATIENCE));
        let folder = tempfile::Builder::new()
            .prefix("seam-stage-")
            .tempdir()
            .map_err(|e| StageError::io("make", "a temporary folder", &e))?;
        let guard = Guard::new(folder.path())?;
        let shim = shim::install(folder.path())?;
        let mut free = free_ports(layout.members.iter().filter(|m| m.process.port.is_some()).count())?.into_iter();
        let real: Vec<Option<u16>> = layout.members.iter().map(|m| m.process.port.and_then(|_| free.next())).collect();
        let mut taken = Vec::new();
        for port in layout.members.iter().filter_map(|m| m.process.port) {
            if open(port).await {
                taken.push(port);
            }
        }
        // A service that shows its own state is no store: it is started anew with the others.
        let named = |s: &StoreAt| {
            let hosts =
                s.hosts().into_iter().filter_map(|h| layout.member(&h)).map(|at| layout.members[at].name().to_owned());
            let members: Vec<String> = hosts.filter(|_| s.kind != StoreKind::Endpoint).collect();
            if members.is_empty() { vec![s.name.clone()] } else { members }
        };
        let stored = stores.iter().flat_map(named).collect();
        let of = |s: &StoreAt| {
            s.hosts().iter().find_map(|h| layout.member(h)).map(|at| layout.members[at].name().to_owned())
        };
        let stores = stores
            .into_iter()
            .map(|s| (StoreAt { address: located(&layout, &real, &s.address), ..s.clone() }, of(&s)))
            .collect();
        let control = Arc::new(Control::new(patience, stores));
        let mut stage = Stage {
            control,
            real,
            ports: BTreeMap::new(),
            edges: Vec::new(),
            running: Mutex::default(),
            proxies: Thread::new()?,
            guard,
            shim,
            folder,
            initial: Vec::new(),
            stored,
            lane: 1,
            taken,
            layout,
        };
        let callers: Vec<Option<usize>> =
            std::iter::once(None).chain((0..stage.layout.members.len()).map(Some)).collect();
        for caller in callers {
            for callee in 0..stage.layout.members.len() {
                if caller != Some(callee) {
                    stage.edge(caller, callee).await?;
                }
            }
        }
        Ok(stage)
    }

    async fn edge(&mut self, caller: Option<usize>, callee: usize) -> Result<(), StageError> {
        let Some(to) = self.real[callee] else { return Ok(()) };
        let failed = |e: std::io::Error| StageError::io("listen on", "127.0.0.1", &e);
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let name = |at: usize| self.layout.members[at].name().to_owned();
        let edge = Arc::new(Edge {
            caller: caller.map_or_else(|| SCENARIO.to_owned(), name),
            callee: self.layout.members[callee].name().to_owned(),
            to: AtomicU16::new(to),
            control: self.control.clone(),
            held: Held::default(),
        });
        self.ports.insert((caller, callee), port);
        self.edges.push((callee, edge.clone()));
        self.proxies.serve(listener, edge).map_err(failed)
    }

    /// Starts all processes: stores one after the other, the rest at once. Who ends because another is not yet there is started
    /// again.
    pub async fn start(&mut self, mut say: impl FnMut(&str)) -> Result<(), StageError> {
        let stores: Vec<bool> = self.layout.members.iter().map(|m| self.holds(m)).collect();
        let (first, rest): (Vec<usize>, Vec<usize>) = (0..stores.len()).partition(|at| stores[*at]);
        for at in first {
            say(self.layout.members[at].name());
            let running = self.spawn(at).await?;
            self.settle(vec![(at, running)]).await?;
        }
        let mut waiting = Vec::new();
        for at in rest {
            say(self.layout.members[at].name());
            waiting.push((at, self.spawn(at).await?));
        }
        self.settle(waiting).await?;
        if self.initial.is_empty() {
            for store in self.control.stores.clone() {
                let state = crate::state::snapshot(&store).await?;
                self.initial.push((store, state));
            }
        }
        Ok(())
    }

    /// The processes that run.
    pub(crate) fn all(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Members whose content is compared, and stores that are no members.
    pub(crate) fn stored(&self) -> BTreeSet<String> {
        self.stored.clone()
    }

    /// Members that are started anew when they are killed: all that are no stores.
    pub(crate) fn mortal(&self) -> BTreeSet<String> {
        self.layout.members.iter().filter(|m| !self.holds(m)).map(|m| m.name().to_owned()).collect()
    }

    /// Whether a member is a store.
    fn holds(&self, member: &Member) -> bool {
        self.stored.contains(member.name())
    }

    pub(crate) async fn spawn(&self, at: usize) -> Result<Running, StageError> {
        let member = &self.layout.members[at];
        let env = self.env(Some(at), &member.env);
        let lead = self.lead(Some(at));
        let command = rewritten(&member.process.command, |n| self.placeholder(Some(at), n), &lead);
        let running = Running::start(member.name(), &command, &member.folder, &env)?;
        self.guard.watch(running.group).await;
        self.control.runs(member.name(), running.group);
        Ok(running)
    }

    /// Waits until all of them are ready.
    async fn settle(&self, mut waiting: Vec<(usize, Running)>) -> Result<(), StageError> {
        let mut again = 0;
        while !waiting.is_empty() {
            let (at, mut running) = waiting.remove(0);
            match self.wait_for(at, &mut running).await {
                Ok(()) => self.all().push(running),
                Err(StageError::Start { .. }) if running.ended().is_some() && again < AGAIN => {
                    again += 1;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    let fresh = self.spawn(at).await?;
                    waiting.push((at, fresh));
                }
                Err(error) => {
                    self.all().push(running);
                    self.all().extend(waiting.into_iter().map(|(_, r)| r));
                    self.end_processes().await;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    pub(crate) async fn wait_for(&self, at: usize, running: &mut Running) -> Result<(), StageError> {
        let member = &self.layout.members[at];
        let Some(real) = self.real[at] else {
            tokio::time::sleep(Duration::from_millis(300)).await;
            return match running.ended() {
                Some(how) => Err(StageError::Start {
                    name: running.name.clone(),
                    why: format!("it ended at once: {how}"),
                    log: running.last_lines(12),
                }),
                None => Ok(()),
            };
        };
        // A program that the shim does not reach listens where it always does.
        let ports: Vec<u16> =
            std::iter::once(real).chain(member.process.port.filter(|p| !self.taken.contains(p))).collect();
        let found = ready(running, &ports, START).await?;
        for (callee, edge) in &self.edges {
            if *callee == at {
                edge.to.store(found, Ordering::Relaxed);
            }
        }
        match &member.process.ready {
            Some(path) => healthy(running, found, path).await,
            None => Ok(()),
        }
    }

    /// The proxy in front of a member, as the scenario sees it.
    pub fn entrance(&self, at: usize) -> Option<u16> {
        self.ports.get(&(None, at)).copied()
    }

    /// Leads all who call a member to another port: somebody else answers for it.
    pub fn lead_to(&self, at: usize, port: u16) {
        for (_, edge) in self.edges.iter().filter(|(callee, _)| *callee == at) {
            edge.to.store(port, Ordering::Relaxed);
        }
    }

    /// Stores as they were after the start.
    pub async fn reset(&self) -> Result<(), StageError> {
        let mut restoring = JoinSet::new();
        // What is behind an endpoint stays as it is: changes are compared, not contents.
        for (store, state) in self.initial.iter().filter(|(s, _)| s.kind != StoreKind::Endpoint) {
            let (store, state) = (store.clone(), state.clone());
            restoring.spawn(async move { restore(&store, &state).await });
        }
        while let Some(restored) = restoring.join_next().await {
            restored.unwrap_or_else(|e| {
                Err(StageError::Io { action: "restore", what: "a store".to_owned(), why: e.to_string() })
            })?;
        }
        Ok(())
    }

    /// New processes for all members that are no stores.
    pub async fn restart(&self) -> Result<(), StageError> {
        self.end_services(Duration::from_millis(300)).await;
        self.reset().await?;
        let mut waiting = Vec::new();
        for at in 0..self.layout.members.len() {
            if !self.holds(&self.layout.members[at]) {
                waiting.push((at, self.spawn(at).await?));
            }
        }
        self.settle(waiting).await
    }

    /// `learning`: what is usual is learnt from this run.
    pub(crate) fn begin(&self, script: &Script, learning: bool) -> Arc<Under> {
        for running in self.all().iter() {
            running.taken();
        }
        self.edges.iter().for_each(|(_, edge)| edge.held.clear());
        self.control.begin(script, learning)
    }

    async fn end_groups(&self, mut running: Vec<Running>, grace: Duration) {
        for running in running.iter().rev() {
            running.signal(Signal::TERM);
        }
        // All were told at once, so that they share the time.
        let until = std::time::Instant::now() + grace;
        for running in running.iter_mut().rev() {
            running.stop(until.saturating_duration_since(std::time::Instant::now())).await;
        }
    }

    /// Ends the services; stores stay.
    async fn end_services(&self, grace: Duration) {
        let stores: Vec<String> =
            self.layout.members.iter().filter(|m| self.holds(m)).map(|m| m.name().to_owned()).collect();
        let (kept, ended) = std::mem::take(&mut *self.all()).into_iter().partition(|r| stores.contains(&r.name));
        *self.all() = kept;
        self.end_groups(ended, grace).await;
    }

    async fn end_processes(&self) {
        let running = std::mem::take(&mut *self.all());
        self.end_groups(running, Duration::from_millis(1_000)).await;
        for id in marked(&self.guard.mark) {
            if let Some(id) = Pid::from_raw(id) {
                let _ = kill_process(id, Signal::KILL);
            }
        }
    }

    /// Ends everything: first the services, which could still write, then stores go back to how they were found.
    pub async fn strike(self) -> Result<(), StageError> {
        self.end_services(Duration::from_millis(1_000)).await;
        let restored = self.reset().await;
        self.end_processes().await;
        drop(self.proxies);
        self.guard.release().await;
        drop(self.folder);
        restored
    }
}

/// A store's address with its real port in place of the one that services know.
fn located(layout: &Layout, real: &[Option<u16>], address: &str) -> String {
    let mut lead = BTreeMap::new();
    for (at, member) in layout.members.iter().enumerate() {
        if let (Some(port), Some(real)) = (member.process.port, real[at]) {
            for name in member.names() {
                lead.insert((name.to_owned(), port), real);
            }
        }
    }
    rewritten(address, |_| None, &lead)
}

async fn healthy(running: &mut Running, port: u16, path: &str) -> Result<(), StageError> {
    let until = std::time::Instant::now() + START;
    loop {
        if let Ok((status, _, _)) = crate::scenario::get(port, path).await
            && status < 500
        {
            return Ok(());
        }
        if let Some(how) = running.ended() {
            let (name, log) = (running.name.clone(), running.last_lines(12));
            return Err(StageError::Start { name, why: format!("it ended before it was ready: {how}"), log });
        }
        if std::time::Instant::now() > until {
            let (name, log) = (running.name.clone(), running.last_lines(12));
            return Err(StageError::Start { name, why: format!("`{path}` does not answer"), log });
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
