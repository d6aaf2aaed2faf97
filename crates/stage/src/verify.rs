//! From an order to a report: the stage is set, every scenario explored, and everything ended again.

use crate::StageError;
use crate::lanes;
use crate::layout::{Layout, told};
use crate::perform::Told;
use crate::scenario::Play;
use crate::stage::Stage;
use crate::state::StoreAt;
use seam_verify::oracle::{Limits, PATIENCE};
use seam_verify::replay::Replay;
use seam_verify::report::Report;
use seam_verify::schedule::Suspicion;
use seam_verify::settings::Settings;
use std::path::PathBuf;
use std::time::Duration;

/// What is to be verified.
#[derive(Clone, Debug)]
pub struct Order {
    /// Where `seam.toml` lies.
    pub root: PathBuf,
    pub settings: Settings,
    /// Names of scenarios; all if empty.
    pub scenarios: Vec<String>,
    /// For each scenario.
    pub budget: Duration,
    /// Faults at once.
    pub faults: usize,
    /// Only this is tried again.
    pub replay: Option<Replay>,
    pub suspicions: Vec<Suspicion>,
}

impl Order {
    pub(crate) fn limits(&self) -> Limits {
        let own = Limits::default();
        Limits {
            attempts: self.settings.attempts.unwrap_or(own.attempts),
            patience: self.settings.patience.unwrap_or(PATIENCE),
        }
    }

    pub(crate) fn stores(&self) -> Result<Vec<StoreAt>, StageError> {
        let layout = Layout::of(&self.root, &self.settings)?;
        let known = |host: &str| layout.member(host).is_some();
        let stores = self.settings.store.iter();
        stores.map(|s| StoreAt::of(&self.root, &s.name, &s.address, &self.settings.hosts, known)).collect()
    }

    /// How many copies of the system are worth starting for so many scenarios. Two of them shall not write one store.
    fn lanes(&self, scenarios: usize) -> Result<usize, StageError> {
        let wanted = self.settings.lanes.map_or(1, |n| usize::try_from(n).unwrap_or(1)).clamp(1, scenarios.max(1));
        let layout = Layout::of(&self.root, &self.settings)?;
        let own = |host: &String| layout.member(host).is_some();
        let shared = self.stores()?.into_iter().find(|s| wanted > 1 && !s.hosts().iter().any(own));
        match shared {
            Some(store) => Err(StageError::settings(
                format!(
                    "`lanes = {wanted}`, and the store `{}` is no process of the workspace: every copy would write it",
                    store.name
                ),
                "start it under `[[verify.process]]`, or leave `lanes` out",
            )),
            None => Ok(wanted),
        }
    }

    /// The scenarios that are meant, and what was not understood in their files.
    pub fn plays(&self) -> Result<(Vec<Play>, Vec<String>), StageError> {
        let all = &self.settings.scenario;
        let wanted: Vec<String> = match &self.replay {
            Some(replay) => vec![replay.scenario.clone()],
            None => self.scenarios.clone(),
        };
        if let Some(unknown) = wanted.iter().find(|name| !all.iter().any(|s| s.name == **name)) {
            let names: Vec<&str> = all.iter().map(|s| s.name.as_str()).collect();
            return Err(StageError::settings(
                format!("there is no scenario `{unknown}`"),
                format!("`seam.toml` names: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") }),
            ));
        }
        if all.is_empty() {
            return Err(StageError::settings(
                "there is nothing to ask of the system",
                "say under `[[verify.scenario]]` in `seam.toml` what to try: `name`, and `http = \"buy.http\"` or `command = \"…\"`",
            ));
        }
        let (mut plays, mut notes) = (Vec::new(), Vec::new());
        for scenario in all.iter().filter(|s| wanted.is_empty() || wanted.contains(&s.name)) {
            let (play, problems) = Play::read(&self.root, scenario)?;
            notes.extend(problems.into_iter().map(|p| format!("{}: {p}", scenario.name)));
            plays.push(play);
        }
        Ok((plays, notes))
    }
}

/// What would be done, without doing it.
pub fn script(order: &Order) -> Result<String, StageError> {
    let layout = Layout::of(&order.root, &order.settings)?;
    let (plays, notes) = order.plays()?;
    let mut out = String::from("# would be started, each in a process group of its own\n");
    for member in &layout.members {
        out.push_str(&format!("start {}\n", told(member)));
    }
    if let lanes @ 2.. = order.lanes(plays.len())? {
        out.push_str(&format!("in {lanes} copies, each with scenarios of its own\n"));
    }
    out.push_str("\n# addresses of this workspace lead to a proxy for each caller and callee, on 127.0.0.1\n");
    for member in layout.members.iter().filter(|m| m.process.port.is_some()) {
        let port = member.process.port.unwrap_or_default();
        let shown = member.process.published.map_or_else(String::new, |p| format!(", localhost:{p}"));
        out.push_str(&format!("proxy {}:{port}{shown}\n", member.names().join(", ")));
    }
    if order.settings.hosts.is_empty() {
        out.push_str("refuse addresses beyond this machine\n");
    } else {
        out.push_str(&format!("let through {}\n", order.settings.hosts.join(", ")));
    }
    out.push_str("\n# before each run\n");
    for store in order.stores()? {
        out.push_str(&format!("restore {} ({:?})\n", store.name, store.kind));
    }
    if order.settings.store.is_empty() {
        out.push_str("nothing: no store is named under `[[verify.store]]`, so what is left behind is not judged\n");
    }
    for play in &plays {
        out.push_str(&format!("\n# scenario {}\n{}", play.name(), play.told()));
    }
    out.push_str("\n# faults, for every call that two runs without faults show\n");
    match &order.replay {
        Some(replay) => out.push_str(&format!("replay {}\n", replay.faults)),
        None => out.push_str(
            "edges down; then for each call, deepest first: status 500 and 503, reply lost, refused, delivered twice (with stores), \
             status 404, reply cut short, reply late, processes killed once the call is done (with stores)\n",
        ),
    }
    out.push_str(&format!(
        "at most {} at once, {} s for each scenario; then all processes are ended and stores are as before\n",
        order.faults.max(1),
        order.budget.as_secs()
    ));
    for note in notes {
        out.push_str(&format!("note {note}\n"));
    }
    Ok(out)
}

/// Does it. Everything that was started is ended when this returns, however it returns.
pub fn verify(order: &Order, say: impl FnMut(Told<'_>)) -> Result<Report, StageError> {
    runtime()?.block_on(async {
        let layout = Layout::of(&order.root, &order.settings)?;
        let (plays, notes) = order.plays()?;
        let mut stages = Vec::new();
        for lane in 1..=order.lanes(plays.len())? {
            stages.push(Stage::copy(layout.clone(), order.stores()?, lane).await?);
        }
        let outcome = tokio::select! {
            outcome = lanes::all(order, &mut stages, &plays, &notes, say) => outcome,
            () = told_to_stop() => Err(StageError::Stopped),
        };
        let mut struck = Ok(());
        for stage in stages {
            struck = struck.and(stage.strike().await);
        }
        let report = outcome?;
        struck?;
        Ok(report)
    })
}

/// Threads for processes and proxies.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, StageError> {
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    threads.map_err(|e| StageError::io("start", "threads", &e))
}

/// An interrupt, or the system's word to end.
#[cfg(unix)]
pub(crate) async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

#[cfg(not(unix))]
pub(crate) async fn told_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
