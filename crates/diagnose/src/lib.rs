//! Where a failure starts: deviations of a window on what is known of the system, to ranked suspects.
//!
//! Invariants: no clock and no files; nothing is suspected without evidence; every score is the product of the parts that are
//! shown with it; what explains something is seen below it in the same trace, or on a directed edge, never merely at the same
//! time. When nothing stands out nothing is named.

mod blame;
mod flows;
mod platforms;
mod resources;
mod spans;
mod suspect;
mod topology;

pub use flows::Symptom;
pub use suspect::{Diagnosis, Evidence, Fault, Parts, Place, Region, Suspect, Touched};
pub use topology::{Sources, Topology, node};

use seam_signals::{Forest, History, Profile, Telemetry, Window, deviations, levels, sightings};

/// What is asked.
pub struct Case<'a> {
    pub telemetry: &'a Telemetry,
    pub forest: &'a Forest,
    /// What is to be explained.
    pub window: Window,
    /// What was usual in spans and lines.
    pub history: &'a History,
    /// Windows of metrics that are usual.
    pub usual: &'a [Window],
}

/// All suspects, however weak, the likeliest first.
/// A suspect is named from this score on.
pub const TOLD: f64 = 0.3;

pub fn suspects(case: &Case<'_>) -> Vec<Suspect> {
    let profile = Profile::of(case.telemetry, case.forest, case.window);
    let found = deviations(&profile, case.history);
    let traces = sightings(case.telemetry, case.forest, case.window, &found);
    let scene = spans::Scene::of(case.telemetry, case.forest, &profile, found.list, traces);
    let mut all = spans::suspects(&scene);
    let resources = resources::suspects(case.telemetry, &levels(case.telemetry, case.window, case.usual));
    resources::explain_own(&resources, &mut all);
    all.extend(resources);
    sort(&mut all);
    all
}

fn sort(all: &mut [Suspect]) {
    all.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| (&a.service, a.fault, &a.region).cmp(&(&b.service, b.fault, &b.region)))
    });
}

/// What is asked of metrics alone.
pub struct MetricCase<'a> {
    pub telemetry: &'a Telemetry,
    pub topology: &'a Topology,
    pub window: Window,
    /// The time right before the window.
    pub before: Option<Window>,
    pub usual: &'a [Window],
    pub symptom: Option<&'a Symptom>,
}

/// All suspects that metrics of requests give, the likeliest first.
pub fn metric_suspects(case: &MetricCase<'_>) -> Vec<Suspect> {
    let times = flows::Times { window: case.window, before: case.before, usual: case.usual };
    let mut all = flows::suspects(case.telemetry, case.topology, times, case.symptom);
    sort(&mut all);
    all
}
