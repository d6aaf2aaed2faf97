//! The answer's shape: suspects with scores and their parts, evidence, story, files to open.
//!
//! Invariant: texts come from the telemetry or the workspace and are data; a score is the product of the parts beside it.

use super::places::{self, Where};
use super::{Asked, Recorded, Report};
use crate::Snapshot;
use crate::memory::Remembered;
use schemars::JsonSchema;
use seam_diagnose::{Diagnosis, Place, Suspect as Found};
use seam_graph::Graph;
use seam_signals::clock;
use serde::{Deserialize, Serialize};

/// What a recording says of a time.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// What was explained, UTC; nothing where there is no window with telemetry.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Nobody said when: the window that stands out most was taken.
    pub searched: bool,
    /// How many windows told what is usual.
    pub learned: usize,
    /// The likeliest first; empty where nothing stands out.
    pub suspects: Vec<Suspect>,
    /// What stood out too little to be suspected.
    pub weak: Vec<Told>,
    /// All that deviates, as `record` keeps it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pattern: Vec<Mark>,
    pub looked_at: Looked,
    /// What would make the answer surer, and what could not be read.
    pub missing: Vec<String>,
    /// What a report draws, where one is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// One deviation of the pattern.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    pub service: String,
    pub fault: String,
    pub score: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Incident {
    /// The pattern of deviations as memory keeps it.
    pub fn marks(&self) -> Vec<seam_facts::priors::Mark> {
        let mark = |m: &Mark| seam_facts::priors::Mark {
            service: m.service.as_str().into(),
            fault: m.fault.as_str().into(),
            score: m.score,
            place: m.place.as_deref().map(Into::into),
        };
        self.pattern.iter().map(mark).collect()
    }
}

/// What was looked at.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Looked {
    pub files: usize,
    pub services: usize,
    pub spans: usize,
    pub lines: usize,
    pub points: usize,
}

/// Less than a suspect.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    pub service: String,
    pub fault: String,
    pub score: f64,
    pub says: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Suspect {
    /// As the telemetry calls it.
    pub service: String,
    /// The map's key of it, where there is one.
    pub key: Option<String>,
    /// `code`, `failing`, `silent`, `processor`, `memory`, `queue`, `pool`, `compute`, `network`, `waiting`, `slow` …
    pub fault: String,
    pub operation: Option<String>,
    /// Where code takes another way.
    pub region: Option<Region>,
    /// The product of the parts, and what memory adds.
    pub score: f64,
    pub parts: Parts,
    /// What memory adds or takes; absent where nothing like it was learnt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<f64>,
    /// Which memories moved it, and by how much.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remembered: Vec<Remembered>,
    /// What is wrong, as a sentence.
    pub says: String,
    /// UTC.
    pub since: Option<String>,
    pub evidence: Vec<Said>,
    /// What speaks against it.
    pub against: Vec<String>,
    /// Whom it touched, in order.
    pub spread: Vec<Spread>,
    /// The same in sentences, with what the map knows of timeouts and retries.
    pub story: Vec<String>,
    /// The fewest places to open, in this order.
    pub open: Vec<Where>,
}

/// The parts of a score, each between 0 and 1.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Parts {
    /// How much is other than usual.
    pub effect: f64,
    /// What is left of it after what deviates below has explained its share.
    pub unexplained: f64,
    /// How sure the figures are that it is no chance.
    pub sure: f64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Region {
    pub after: Step,
    pub expected: Step,
    /// What follows most often now.
    pub instead: Step,
}

/// A step of a span: its start, a log statement, its end.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    pub says: String,
    /// In the source, where code is given and has it.
    pub at: Option<Where>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    pub says: String,
    /// UTC.
    pub at: Option<String>,
    pub trace: Option<String>,
    pub span: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    pub service: String,
    pub says: String,
    /// UTC.
    pub since: String,
    pub times: usize,
}

pub(super) fn of(
    snapshot: &Snapshot,
    recorded: &Recorded,
    graph: Option<&Graph>,
    found: Diagnosis,
    asked: &Asked<'_>,
) -> Incident {
    let telemetry = &recorded.telemetry;
    let mut services: Vec<&str> =
        telemetry.resources().iter().map(|r| telemetry.text(r.service)).filter(|s| !s.is_empty()).collect();
    services.sort_unstable();
    services.dedup();
    let looked_at = Looked {
        files: recorded.files,
        services: services.len(),
        spans: telemetry.spans.len(),
        lines: telemetry.logs.rows().len(),
        points: telemetry.metrics.points(),
    };
    let mut missing = found.missing;
    missing.extend(recorded.problems.iter().cloned());
    Incident {
        from: found.window.map(|w| clock::shown(w.from)),
        to: found.window.map(|w| clock::shown(w.to)),
        searched: asked.at.is_none() && asked.window.is_none(),
        learned: found.learned,
        suspects: found.suspects.iter().take(asked.limit).map(|s| suspect(snapshot, graph, s)).collect(),
        weak: found.weak.iter().filter(|s| s.score >= 0.05).take(3).map(told).collect(),
        pattern: found.marks.iter().map(mark).collect(),
        looked_at,
        missing,
        report: None,
    }
}

fn mark(mark: &seam_facts::priors::Mark) -> Mark {
    Mark {
        service: mark.service.to_string(),
        fault: mark.fault.to_string(),
        score: mark.score,
        place: mark.place.as_ref().map(ToString::to_string),
    }
}

fn told(found: &Found) -> Told {
    Told {
        service: found.service.clone(),
        fault: found.fault.word().into(),
        score: round(found.score),
        says: found.says.clone(),
    }
}

fn suspect(snapshot: &Snapshot, graph: Option<&Graph>, found: &Found) -> Suspect {
    let node = graph.and_then(|g| seam_diagnose::node(g, &found.service));
    let within = graph.zip(node);
    let step = |place: &Place| Step {
        says: place.shown(),
        at: within.and_then(|w| places::locate(snapshot, w.0, w.1, place)),
    };
    let region = found.region.as_ref().map(|r| Region {
        after: step(&r.after),
        expected: step(&r.expected),
        instead: step(&r.instead),
    });
    let mut open: Vec<Where> = Vec::new();
    let mut add = |place: Option<&Where>| {
        if let Some(place) = place.filter(|p| !open.iter().any(|o| o.path == p.path && o.line == p.line)) {
            open.push(place.clone());
        }
    };
    if let Some(region) = &region {
        add(region.after.at.as_ref());
        add(region.expected.at.as_ref());
        add(region.instead.at.as_ref());
    }
    let operation = found.operation.as_ref().map(|o| Place::Start { operation: o.clone() });
    add(operation.and_then(|o| within.and_then(|w| places::locate(snapshot, w.0, w.1, &o))).as_ref());
    Suspect {
        service: found.service.clone(),
        key: within.map(|(g, n)| g.nodes[n].key.to_string()),
        fault: found.fault.word().into(),
        operation: found.operation.clone(),
        region,
        score: round(found.score),
        parts: Parts {
            effect: round(found.parts.effect),
            unexplained: round(found.parts.unexplained),
            sure: round(found.parts.sure),
        },
        memory: (!found.remembered.is_empty()).then(|| round(found.memory)),
        remembered: found
            .remembered
            .iter()
            .map(|r| Remembered {
                memory: r.memory.to_string(),
                title: r.title.clone(),
                says: r.says.clone(),
                by: Some(r.by),
            })
            .collect(),
        says: found.says.clone(),
        since: found.since.map(clock::shown),
        evidence: found
            .evidence
            .iter()
            .map(|e| Said {
                says: e.says.clone(),
                at: e.at.map(clock::shown),
                trace: e.shown_in.map(|(trace, _)| trace.to_string()),
                span: e.shown_in.map(|(_, span)| span.to_string()),
            })
            .collect(),
        against: found.against.clone(),
        spread: found
            .spread
            .iter()
            .map(|t| Spread {
                service: t.service.clone(),
                says: t.says.clone(),
                since: clock::shown(t.since),
                times: t.times,
            })
            .collect(),
        story: found.story.clone(),
        open,
    }
}

/// Three digits are what the figures are good for.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
