//! Processes that a fault kills, and the new ones that take their place.
//!
//! Invariant: whoever is killed stands again before its run is judged, or is told to have fallen. Calls that come meanwhile wait, as behind
//! a balancer that leads nobody to a process that is not ready: refused connections are a fault of their own.

use crate::control::{Control, Under};
use crate::proxy::Edge;
use crate::stage::Stage;
use crate::state::{StoreAt, StoreKind, snapshot};
use rustix::process::{Pid, Signal, kill_process_group};
use seam_verify::State;
use seam_verify::run::Forgotten;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long a service may take to tell its state before it is killed.
const TELLS: Duration = Duration::from_millis(500);

/// Who can be killed, and who is dead.
pub(crate) struct Mortals {
    groups: Mutex<BTreeMap<String, u32>>,
    gone: watch::Sender<BTreeSet<String>>,
    /// Stores that are a service's own account of itself, by the service.
    memory: BTreeMap<String, Vec<StoreAt>>,
}

impl Mortals {
    /// `stores` with the members that they belong to, where they do.
    pub fn new(stores: &[(StoreAt, Option<String>)]) -> Mortals {
        let mut memory: BTreeMap<String, Vec<StoreAt>> = BTreeMap::new();
        for (store, member) in stores.iter().filter(|(s, _)| s.kind == StoreKind::Endpoint) {
            memory.entry(member.clone().unwrap_or_default()).or_default().push(store.clone());
        }
        Mortals { groups: Mutex::default(), gone: watch::Sender::default(), memory }
    }
}

/// What a killed process told of itself before, and what became of it.
#[derive(Default)]
pub(crate) struct Deaths {
    before: BTreeMap<String, State>,
    pub forgotten: BTreeMap<String, Forgotten>,
    /// Who did not start again, and why.
    pub fallen: BTreeMap<String, String>,
}

impl Control {
    pub fn runs(&self, name: &str, group: u32) {
        self.mortals.groups.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), group);
    }

    /// Ends the process of a service, with its children, in the middle of whatever it does.
    pub fn kill(&self, under: &Under, name: &str) {
        let group = self.mortals.groups.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
        // The scenario is no process of the system.
        let Some(group) = group.and_then(|g| Pid::from_raw(i32::try_from(g).ok()?)) else { return };
        if self.mortals.gone.send_if_modified(|gone| gone.insert(name.to_owned())) {
            under.book().killed(name);
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// The same for a callee that has answered: what it tells of itself is asked before.
    pub async fn kill_idle(&self, under: &Under, name: &str) {
        for store in self.mortals.memory.get(name).into_iter().flatten() {
            if let Ok(Ok(state)) = tokio::time::timeout(TELLS, snapshot(store)).await {
                under.deaths().before.insert(store.name.clone(), state);
            }
        }
        self.kill(under, name);
    }

    pub fn gone(&self, name: &str) -> bool {
        self.mortals.gone.borrow().contains(name)
    }

    /// Waits until a service that was killed stands again.
    pub async fn stands(&self, name: &str) {
        if self.gone(name) {
            let _ = self.mortals.gone.subscribe().wait_for(|gone| !gone.contains(name)).await;
        }
    }

    /// Waits until all do.
    pub async fn all_stand(&self) {
        let _ = self.mortals.gone.subscribe().wait_for(BTreeSet::is_empty).await;
    }
}

impl Edge {
    pub fn callee_gone(&self) -> bool {
        self.control.gone(&self.callee)
    }

    pub async fn callee_stands(&self) {
        self.control.stands(&self.callee).await;
    }
}

impl Stage {
    /// Starts again whoever is killed, for as long as it is asked to go on.
    pub(crate) async fn revive(&self, under: &Under) -> Infallible {
        let mut gone = self.control.mortals.gone.subscribe();
        loop {
            let name = match gone.wait_for(|gone| !gone.is_empty()).await {
                Ok(gone) => gone.first().cloned().unwrap_or_default(),
                Err(_) => std::future::pending().await,
            };
            if let Err(why) = self.anew(&name).await {
                under.deaths().fallen.insert(name.clone(), why);
            }
            self.recalled(under, &name).await;
            self.control.mortals.gone.send_modify(|gone| {
                gone.remove(&name);
            });
        }
    }

    /// A new process in the place of one that was killed.
    async fn anew(&self, name: &str) -> Result<(), String> {
        let at = self.layout.member(name).ok_or("it is no process of the workspace")?;
        let old = {
            let mut all = self.all();
            all.iter().position(|r| r.name == name).map(|at| all.remove(at))
        };
        self.edges.iter().filter(|(_, edge)| edge.caller == name).for_each(|(_, edge)| edge.held.clear());
        let mut said = String::new();
        if let Some(mut old) = old {
            old.stop(Duration::ZERO).await;
            said = old.taken();
        }
        let mut running = self.spawn(at).await.map_err(|e| e.to_string())?;
        running.said_before(&said);
        let stands = self.wait_for(at, &mut running).await;
        self.all().push(running);
        stands.map_err(|e| e.to_string())
    }

    /// What a service tells of itself now, beside what it told before.
    async fn recalled(&self, under: &Under, name: &str) {
        for store in self.control.mortals.memory.get(name).into_iter().flatten() {
            let told = under.deaths().before.get(&store.name).cloned();
            let before = match told {
                Some(before) => Some(before),
                None => under.states.lock().await.last().and_then(|s| s.get(&store.name)).cloned(),
            };
            let now = snapshot(store).await.ok();
            let differs = before.is_some() && now.is_some() && before != now;
            let forgotten = Forgotten { service: name.to_owned(), differs };
            under.deaths().forgotten.insert(store.name.clone(), forgotten);
        }
    }
}
