//! The stage itself: proxies on every edge, processes behind them, and their orderly end.

use crate::StageError;
use crate::control::{Control, Under};
use crate::guard::{Guard, MARK, marked};
use crate::layout::{Layout, Member, rewritten};
use crate::process::{Running, free_ports, open, ready};
use crate::proxy::{Edge, serve};
use crate::shim;
use crate::state::{StoreAt, StoreKind, restore};
use rustix::process::{Pid, Signal, kill_process};
use seam_verify::call::SCENARIO;
use seam_verify::fault::Script;
use seam_verify::run::Run;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How long a process may take until it is ready.
const START: Duration = Duration::from_secs(120);

/// How often processes are started again that end because another is not yet there.
const AGAIN: usize = 5;

pub struct Stage {
    pub layout: Layout,
    pub(crate) control: Arc<Control>,
    /// Where each member listens.
    real: Vec<Option<u16>>,
    /// Proxies by caller (a member's place, or none for the scenario) and callee.
    ports: BTreeMap<(Option<usize>, usize), u16>,
    edges: Vec<(usize, Arc<Edge>)>,
    running: Vec<Running>,
    proxies: JoinSet<()>,
    guard: Guard,
    shim: Option<PathBuf>,
    folder: tempfile::TempDir,
    initial: Vec<(StoreAt, seam_verify::State)>,
    stored: BTreeSet<String>,
    /// Ports of the workspace on which somebody else listens.
    taken: Vec<u16>,
}

impl Stage {
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
        let stores =
            stores.into_iter().map(|s| StoreAt { address: located(&layout, &real, &s.address), ..s }).collect();
        let control = Arc::new(Control::new(patience, stores));
        let mut stage = Stage {
            control,
            real,
            ports: BTreeMap::new(),
            edges: Vec::new(),
            running: Vec::new(),
            proxies: JoinSet::new(),
            guard,
            shim,
            folder,
            initial: Vec::new(),
            stored,
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
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let name = |at: usize| self.layout.members[at].name().to_owned();
        let edge = Arc::new(Edge {
            caller: caller.map_or_else(|| SCENARIO.to_owned(), name),
            callee: self.layout.members[callee].name().to_owned(),
            to: AtomicU16::new(to),
            control: self.control.clone(),
        });
        self.ports.insert((caller, callee), port);
        self.edges.push((callee, edge.clone()));
        self.proxies.spawn(serve(listener, edge));
        Ok(())
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

    /// Members whose content is compared, and stores that are no members.
    pub(crate) fn stored(&self) -> BTreeSet<String> {
        self.stored.clone()
    }

    /// Whether a member is a store.
    fn holds(&self, member: &Member) -> bool {
        self.stored.contains(member.name())
    }

    async fn spawn(&mut self, at: usize) -> Result<Running, StageError> {
        let member = &self.layout.members[at];
        let env = self.env(Some(at), &member.env);
        let lead = self.lead(Some(at));
        let command = rewritten(&member.process.command, |n| self.placeholder(Some(at), n), &lead);
        let running = Running::start(member.name(), &command, &member.folder, &env)?;
        self.guard.watch(running.group).await;
        Ok(running)
    }

    /// Waits until all of them are ready.
    async fn settle(&mut self, mut waiting: Vec<(usize, Running)>) -> Result<(), StageError> {
        let mut again = 0;
        while !waiting.is_empty() {
            let (at, mut running) = waiting.remove(0);
            match self.wait_for(at, &mut running).await {
                Ok(()) => self.running.push(running),
                Err(StageError::Start { .. }) if running.ended().is_some() && again < AGAIN => {
                    again += 1;
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    let fresh = self.spawn(at).await?;
                    waiting.push((at, fresh));
                }
                Err(error) => {
                    self.running.push(running);
                    self.running.extend(waiting.into_iter().map(|(_, r)| r));
                    self.end_processes().await;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn wait_for(&self, at: usize, running: &mut Running) -> Result<(), StageError> {
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

    /// The environment of a member, or of the scenario.
    pub(crate) fn env(&self, caller: Option<usize>, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let lead = self.lead(caller);
        let mut out: BTreeMap<String, String> =
            own.iter().map(|(k, v)| (k.clone(), rewritten(v, |n| self.placeholder(caller, n), &lead))).collect();
        if let Some(shim) = &self.shim {
            let before = out.get("LD_PRELOAD").map_or_else(String::new, |p| format!(":{p}"));
            out.insert("LD_PRELOAD".to_owned(), format!("{}{before}", shim.display()));
            out.insert("SEAM_STAGE".to_owned(), self.map(caller).text());
        }
        out.insert(MARK.to_owned(), self.guard.mark.clone());
        // What is written shall be there when it is asked for; names are looked up where the shim sees it.
        for (key, value) in
            [("PYTHONUNBUFFERED", "1"), ("PYTHONDONTWRITEBYTECODE", "1"), ("GRPC_DNS_RESOLVER", "native")]
        {
            out.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
        for key in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            out.entry(key.to_owned()).or_default();
        }
        out
    }

    fn map(&self, caller: Option<usize>) -> shim::Map {
        let mut map = shim::Map::default();
        let own = caller.and_then(|at| Some((self.layout.members[at].process.port?, self.real[at]?)));
        if let Some((port, real)) = own {
            map.bind(port, real);
        }
        for (at, member) in self.layout.members.iter().enumerate() {
            for name in member.names() {
                map.name(name, &member.address);
            }
            let real = if caller == Some(at) { self.real[at] } else { self.ports.get(&(caller, at)).copied() };
            let Some(real) = real else { continue };
            for port in [member.process.port, member.process.published].into_iter().flatten() {
                map.connect(&member.address, port, real);
                if self.layout.alone(port) {
                    map.connect("127.0.0.1", port, real);
                }
            }
        }
        if !self.layout.settings.hosts.is_empty() {
            map.outside();
        }
        map
    }

    /// Where addresses in a caller's settings lead.
    fn lead(&self, caller: Option<usize>) -> BTreeMap<(String, u16), u16> {
        let mut out = BTreeMap::new();
        for (at, member) in self.layout.members.iter().enumerate() {
            let Some(port) = self.ports.get(&(caller, at)) else { continue };
            for nominal in [member.process.port, member.process.published].into_iter().flatten() {
                for name in member.names() {
                    out.insert((name.to_owned(), nominal), *port);
                }
                if self.layout.alone(nominal) {
                    out.insert(("localhost".to_owned(), nominal), *port);
                    out.insert(("127.0.0.1".to_owned(), nominal), *port);
                }
            }
        }
        out
    }

    fn placeholder(&self, caller: Option<usize>, name: &str) -> Option<String> {
        if name == "port" {
            return Some(self.real[caller?]?.to_string());
        }
        let (name, what) = name.rsplit_once('.')?;
        let port = self.ports.get(&(caller, self.layout.member(name)?))?;
        match what {
            "url" => Some(format!("http://127.0.0.1:{port}")),
            "host" => Some("127.0.0.1".to_owned()),
            "port" => Some(port.to_string()),
            _ => None,
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
        for (store, state) in &self.initial {
            // What is behind an endpoint stays as it is: changes are compared, not contents.
            if store.kind != StoreKind::Endpoint {
                restore(store, state).await?;
            }
        }
        Ok(())
    }

    /// New processes for all members that are no stores.
    pub async fn restart(&mut self) -> Result<(), StageError> {
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
    pub(crate) fn begin(&mut self, script: &Script, learning: bool) -> Arc<Under> {
        for running in &self.running {
            running.taken();
        }
        self.control.begin(script, learning)
    }

    /// The record of a run that is over; `owes` says whether time could still mend it.
    pub(crate) async fn end(
        &mut self,
        script: &Script,
        under: &Under,
        content: bool,
        owes: impl Fn(&Run) -> bool,
    ) -> Run {
        let ms = under.now();
        if under.book().holds() {
            // Who hands a cancellation on does so now.
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        under.over.send_replace(true);
        under.quiet(Duration::from_secs(2)).await;
        self.control.tried_on(under).await;
        let aftermath = self.control.made_up(under, script, owes).await;
        // Last words are on their way.
        tokio::time::sleep(Duration::from_millis(4)).await;
        let waited = u64::try_from(aftermath.waited.as_millis()).unwrap_or(u64::MAX);
        let mut run = Run { script: script.clone(), content, ms, away: aftermath.away, waited, unsettled: aftermath.unsettled, ..Run::default() };
        for running in &mut self.running {
            run.logs.insert(running.name.clone(), running.taken());
            if let Some(how) = running.ended() {
                run.died.insert(running.name.clone(), how);
            }
        }
        run.calls = under.book().so_far(under.now());
        run.lines = under.lines().into_keys().collect();
        run.states = std::mem::take(&mut *under.states.lock().await);
        run
    }

    async fn end_groups(&mut self, grace: Duration) {
        for running in self.running.iter().rev() {
            running.signal(Signal::TERM);
        }
        // All were told at once, so that they share the time.
        let until = std::time::Instant::now() + grace;
        for mut running in std::mem::take(&mut self.running).into_iter().rev() {
            running.stop(until.saturating_duration_since(std::time::Instant::now())).await;
        }
    }

    /// Ends the services; stores stay.
    async fn end_services(&mut self, grace: Duration) {
        let stores: Vec<String> =
            self.layout.members.iter().filter(|m| self.holds(m)).map(|m| m.name().to_owned()).collect();
        let (kept, ended) = std::mem::take(&mut self.running).into_iter().partition(|r| stores.contains(&r.name));
        self.running = ended;
        self.end_groups(grace).await;
        self.running = kept;
    }

    async fn end_processes(&mut self) {
        self.end_groups(Duration::from_millis(1_000)).await;
        for id in marked(&self.guard.mark) {
            if let Some(id) = Pid::from_raw(id) {
                let _ = kill_process(id, Signal::KILL);
            }
        }
    }

    /// Ends everything: first the services, which could still write, then stores go back to how they were found.
    pub async fn strike(mut self) -> Result<(), StageError> {
        self.end_services(Duration::from_millis(1_000)).await;
        let restored = self.reset().await;
        self.end_processes().await;
        self.proxies.shutdown().await;
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
