//! Where a failure starts: deviations of a window on what is known of the system, to ranked suspects.
//!
//! Invariants: no clock and no files; nothing is suspected without evidence; every score is the product of the parts that are
//! shown with it; what explains something is seen below it in the same trace, or on a directed edge, never merely at the same
//! time. When nothing stands out nothing is named.

mod blame;
mod changes;
mod flows;
mod memory;
pub mod picture;
mod platforms;
mod resources;
pub mod signs;
mod spans;
mod story;
mod suspect;
mod topology;
mod windows;

pub use flows::Symptom;
pub use memory::{Remembered, marks, remember};
pub use suspect::{Diagnosis, Evidence, Fault, Parts, Place, Region, Suspect, Touched};
pub use topology::{Sources, Topology, node};
pub use windows::{Plan, When, plan, plan_whole};

use seam_signals::{Forest, History, Profile, Severity, Step, Telemetry, What, Window, deviations, levels, sightings};

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
pub fn suspects(case: &Case<'_>) -> Vec<Suspect> {
    let profile = Profile::of(case.telemetry, case.forest, case.window);
    let mut found = deviations(&profile, case.history);
    // Code that goes further than it did is no failure, unless it goes on to tell of one.
    found.list.retain(|d| match d.what {
        What::LostStep { expected: Step::End, instead, .. } => is_trouble(case.telemetry, instead),
        What::LostStep { .. }
        | What::LostCall { .. }
        | What::Unanswered { .. }
        | What::Failing { .. }
        | What::Slow { .. }
        | What::Laden
        | What::Gap { .. }
        | What::Lag { .. } => true,
    });
    let traces = sightings(case.telemetry, case.forest, case.window, &found);
    let scene = spans::Scene::of(case.telemetry, case.forest, &profile, found.list, traces, changes::changes(case));
    let mut all = spans::suspects(&scene);
    let resources = resources::suspects(case.telemetry, &levels(case.telemetry, case.window, case.usual));
    resources::explain_own(&resources, &mut all);
    all.extend(resources);
    sort(&mut all);
    story::tell(&scene, &mut all);
    all
}

/// A whole question.
pub struct Question<'a> {
    pub telemetry: &'a Telemetry,
    pub forest: &'a Forest,
    pub topology: &'a Topology,
    pub graph: Option<&'a seam_graph::Graph>,
    pub when: When,
    pub symptom: Option<&'a Symptom>,
    /// What was learnt before; nothing is remembered without it.
    pub priors: Option<&'a seam_facts::Priors>,
}

/// So many suspects are named at most.
const NAMED: usize = 10;

/// Nanoseconds.
const DAY: i64 = 86_400_000_000_000;

/// Looks at a time, or looks for the time first, and names who is suspected.
pub fn diagnose(question: &Question<'_>) -> Diagnosis {
    let Question { telemetry, forest, .. } = question;
    let plan = plan(telemetry, forest, question.when);
    let mut out = Diagnosis { step: plan.step, missing: plan.notes.clone(), ..Diagnosis::default() };
    let mut history = History::default();
    let mut usual: Vec<Window> = Vec::new();
    for window in &plan.usual {
        learn(question, &mut history, &mut usual, *window);
    }
    let found = match plan.window {
        Some(window) => Some((window, all(question, &history, &usual, window))),
        None => search(question, &plan, &mut history, &mut usual),
    };
    out.learned = usual.len();
    if let Some((window, mut suspects)) = found {
        out.window = Some(window);
        out.marks = marks(&suspects);
        if let Some(priors) = question.priors {
            remember(&mut suspects, priors, Some(window.to.div_euclid(DAY)));
        }
        let any = suspects.iter().any(Suspect::is_told);
        let named = |s: &Suspect| s.is_told() || any && s.is_remembered();
        let (told, weak) = suspects.into_iter().partition::<Vec<_>, _>(named);
        out.suspects = told;
        out.weak = weak;
    }
    out.suspects.truncate(NAMED);
    out.weak.truncate(NAMED);
    for suspect in &mut out.suspects {
        suspect.story = story::sentences(suspect, question.graph);
    }
    out.missing.extend(missing(question, &out));
    out
}

/// Adds a window to what is usual, without what is suspected in it.
fn learn(question: &Question<'_>, history: &mut History, usual: &mut Vec<Window>, window: Window) -> Vec<Suspect> {
    let found = if history.windows() == 0 { Vec::new() } else { all(question, history, usual, window) };
    let number = history.add(&Profile::of(question.telemetry, question.forest, window));
    if let Some(first) = found.iter().find(|s| !s.contexts.is_empty()).filter(|s| s.is_doubtful()) {
        first.contexts.iter().chain(&first.along).for_each(|c| history.exclude(number, *c));
    }
    usual.push(window);
    found
}

/// The window that stands out most among all, each compared with those before it.
fn search(
    question: &Question<'_>,
    plan: &Plan,
    history: &mut History,
    usual: &mut Vec<Window>,
) -> Option<(Window, Vec<Suspect>)> {
    let mut best: Option<(Window, Vec<Suspect>)> = None;
    for window in &plan.slices {
        let found = learn(question, history, usual, *window);
        let score = |of: &[Suspect]| of.first().map_or(0.0, |s| s.score);
        if best.as_ref().is_none_or(|(_, known)| score(&found) > score(known)) {
            best = Some((*window, found));
        }
    }
    // Whoever looks at many windows finds more by chance.
    let looked = (plan.slices.len().max(1) as f64).log10();
    if let Some((_, suspects)) = &mut best {
        suspects.iter_mut().for_each(|s| s.looked_at(looked));
        sort(suspects);
    }
    best
}

/// Suspects of spans, lines and resources, and of requests' metrics for services that do not speak in spans.
fn all(question: &Question<'_>, history: &History, usual: &[Window], window: Window) -> Vec<Suspect> {
    let Question { telemetry, forest, topology, .. } = question;
    let mut out = suspects(&Case { telemetry, forest, window, history, usual });
    let step = (window.to - window.from).max(1);
    let before = Window { from: window.from.saturating_sub(step / 2), to: window.from };
    let metric = MetricCase { telemetry, topology, window, before: Some(before), usual, symptom: question.symptom };
    let spoken: std::collections::BTreeSet<&str> = telemetry
        .spans
        .rows()
        .map(|(_, s)| telemetry.service(s.resource))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .map(|n| telemetry.text(n))
        .collect();
    out.extend(metric_suspects(&metric).into_iter().filter(|s| !spoken.contains(s.service.as_str())));
    resources::explain_fuller(&mut out, topology);
    if let Some(symptom) = question.symptom.filter(|_| topology.waits.values().any(|w| !w.is_empty())) {
        let reach = topology.reach(&symptom.service);
        for suspect in out.iter_mut().filter(|s| !reach.contains(&s.service)) {
            spans::explain(suspect, 0.9, &format!("`{}` does not wait for it", symptom.service));
        }
    }
    sort(&mut out);
    out
}

/// What would make the answer surer.
fn missing(question: &Question<'_>, answer: &Diagnosis) -> Vec<String> {
    let telemetry = question.telemetry;
    let mut out = Vec::new();
    if answer.learned < 2 {
        out.push(
            "there is little to compare with: give a longer time before it, or `--baseline` with a normal time".into(),
        );
    }
    if telemetry.spans.is_empty() {
        out.push("no spans: only metrics were compared, so that neither operations nor code can be named".into());
    } else if telemetry.logs.rows().is_empty() {
        out.push("no log lines: code can only be told apart by spans".into());
    }
    if telemetry.metrics.is_empty() {
        out.push("no metrics: whether a processor, memory, a queue or a pool is short cannot be seen".into());
    }
    if question.graph.is_none() {
        out.push(
            "no map: give the folder of the code to get files and lines, timeouts, retries and asynchronous edges"
                .into(),
        );
    }
    let flaws = question.forest.flaws;
    for (count, what) in [
        (flaws.orphans, "spans name a parent that is not there: their callers cannot be told"),
        (flaws.circles, "spans were their own ancestors and were cut loose"),
        (flaws.duplicates, "spans were said twice and count once"),
        (flaws.skewed, "spans start before their callers: clocks differ, so only durations were compared"),
        (telemetry.names.refused(), "texts were one too many and share one name"),
    ] {
        if count > 0 {
            out.push(format!("{count} {what}"));
        }
    }
    out
}

fn is_trouble(telemetry: &Telemetry, step: Step) -> bool {
    match step {
        Step::Line(event) => telemetry.logs.get(event).is_some_and(|e| e.severity >= Severity::Error),
        Step::Start(_) | Step::End => false,
    }
}

pub(crate) fn sort(all: &mut [Suspect]) {
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
