//! From telemetry to suspects with files and lines: what was recorded, asked about on the map.
//!
//! Invariant: the same recording, workspace and request give the same bytes; where no code is given, everything but files and
//! lines is still said.

mod answer;
mod places;
mod report;
pub(crate) mod times;

pub use answer::{Incident, Looked, Parts, Region, Said, Spread, Step, Suspect, Told};
pub use places::{Where, locate};
pub use report::{Bar, Called, Course, Report};

use crate::{Refusal, Snapshot};
use seam_diagnose::{Plan, Question, Sources, Symptom, Topology, When, diagnose, plan};
use seam_signals::mapping::Mapping;
use seam_signals::{Forest, Measure, Telemetry};
use std::sync::Arc;

/// Telemetry as the host read it.
#[derive(Debug, Default)]
pub struct Recorded {
    pub telemetry: Telemetry,
    pub forest: Forest,
    pub mapping: Mapping,
    /// The time that a folder of normal telemetry covers.
    pub normal: Option<(i64, i64)>,
    pub files: usize,
    /// What could not be read, by file.
    pub problems: Vec<String>,
}

impl Recorded {
    /// Puts what was read in order.
    pub fn settled(mut self) -> Arc<Recorded> {
        self.telemetry.settle();
        self.forest = Forest::of(&self.telemetry);
        Arc::new(self)
    }
}

/// What may be asked of a recording.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    pub at: Option<&'a str>,
    pub window: Option<&'a str>,
    pub baseline: Option<&'a str>,
    pub step: Option<&'a str>,
    pub symptom: Option<&'a str>,
    pub profile: Option<&'a str>,
    pub limit: usize,
    /// With what a report draws.
    pub report: bool,
    /// Answer as if nothing had been learnt.
    pub no_memory: bool,
}

pub fn run(snapshot: &Snapshot, recorded: &Recorded, asked: &Asked<'_>) -> Result<Incident, Refusal> {
    let Recorded { telemetry, forest, .. } = recorded;
    if telemetry.is_empty() {
        return Err(Refusal::usage(
            "there is no telemetry in that folder",
            "give a folder with spans, log lines or metrics as CSV or lines; `telemetry.toml` in it says what columns are",
        ));
    }
    let when = when(recorded, asked)?;
    let graph = snapshot.graph(asked.profile);
    let graph = (!graph.nodes.is_empty()).then_some(graph);
    let topology = Topology::of(
        telemetry,
        forest,
        Sources { told: Some(&recorded.mapping.topology), graph: graph.as_deref(), platforms: true },
    );
    let symptom = asked.symptom.map(|text| symptom(telemetry, text)).transpose()?;
    let memory = snapshot.memory();
    let question = Question {
        telemetry,
        forest,
        topology: &topology,
        graph: graph.as_deref(),
        when,
        symptom: symptom.as_ref(),
        priors: (!asked.no_memory).then(|| memory.priors()),
    };
    let found = diagnose(&question);
    let window = found.window;
    let shown = found.suspects.iter().flat_map(|s| &s.evidence).find_map(|e| e.shown_in).map(|(trace, _)| trace);
    let mut incident = answer::of(snapshot, recorded, graph.as_deref(), found, asked);
    if asked.report {
        // The window that was found is the one to be marked.
        let plan = Plan { window, ..plan(telemetry, forest, when) };
        incident.report = Some(report::of(recorded, &plan, &incident, shown));
    }
    Ok(incident)
}

fn when(recorded: &Recorded, asked: &Asked<'_>) -> Result<When, Refusal> {
    let reach = recorded.telemetry.reach();
    let window = |text: &str| times::window(text, reach);
    let baseline = match asked.baseline {
        Some(text) if recorded.normal.is_none() => Some(window(text)?),
        _ => recorded.normal.map(|(from, to)| seam_signals::Window { from, to: to.saturating_add(1) }),
    };
    Ok(When {
        at: asked.at.map(|text| times::at(text, reach)).transpose()?,
        window: asked.window.map(window).transpose()?,
        baseline,
        step: asked.step.map(times::length).transpose()?,
    })
}

/// `checkout`, `checkout:latency`, `checkout:failures`.
fn symptom(telemetry: &Telemetry, text: &str) -> Result<Symptom, Refusal> {
    let (service, measure) = match text.rsplit_once(':') {
        Some((service, "latency" | "slow")) => (service, Some(Measure::Latency)),
        Some((service, "failures" | "errors" | "availability")) => (service, Some(Measure::Success)),
        _ => (text, None),
    };
    let mut names: Vec<&str> =
        telemetry.resources().iter().map(|r| telemetry.text(r.service)).filter(|n| !n.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    if !names.contains(&service) {
        names.truncate(12);
        let hint = format!("choose one of {}, with `:latency` or `:failures` behind it", names.join(", "));
        return Err(Refusal::unknown(format!("no service `{service}` speaks in the telemetry"), hint));
    }
    Ok(Symptom { service: service.to_owned(), measure })
}
