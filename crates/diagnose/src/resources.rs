//! Suspects from resources: processors, memory, queues, pools that stand where they never stood.
//!
//! Invariant: a level alone says that something is short, not that it hurts; the score is the share of the capacity (or of the
//! value) beyond what was usual, times how far out it lies.

use crate::spans::explain;
use crate::suspect::{Evidence, Fault, Parts, Suspect};
use crate::topology::Topology;
use seam_signals::{Level, Measure, OUTLIER, Telemetry};
use std::collections::BTreeMap;

/// One suspect for each service and kind of resource.
pub(crate) fn suspects(telemetry: &Telemetry, levels: &[Level]) -> Vec<Suspect> {
    let mut best: BTreeMap<(String, Fault), Suspect> = BTreeMap::new();
    for level in levels {
        let made = suspect(telemetry, level);
        let key = (made.service.clone(), made.fault);
        match best.get_mut(&key) {
            Some(known) if known.score >= made.score => known.evidence.extend(made.evidence),
            Some(known) => {
                let older = std::mem::take(&mut known.evidence);
                *known = made;
                known.evidence.extend(older);
            }
            None => {
                best.insert(key, made);
            }
        }
    }
    best.into_values().collect()
}

fn suspect(telemetry: &Telemetry, level: &Level) -> Suspect {
    let metric = telemetry.metrics.series().get(level.series as usize).map_or("", |s| telemetry.text(s.key.metric));
    let parts = Parts { effect: level.effect, unexplained: 1.0, sure: 1.0 - OUTLIER / level.z };
    let says = format!("`{metric}` stands at {} instead of {}", short(level.now), short(level.usual));
    let figures = format!(
        "`{metric}`: {} now; median {}, highest {} of {} points before",
        short(level.now),
        short(level.usual),
        short(level.most),
        level.learned
    );
    let evidence = Evidence { says: figures, at: None, shown_in: None };
    Suspect::new(telemetry.text(level.service).to_owned(), Fault::Resource(level.measure), parts, says, evidence)
}

/// What a resource of a service explains of that service's other suspects.
pub(crate) fn explain_own(resources: &[Suspect], others: &mut [Suspect]) {
    for other in others {
        // Pools and queues fill up when what they serve is slow: they explain nothing by themselves.
        let mine = resources
            .iter()
            .filter(|r| r.service == other.service && !fills_up(r))
            .max_by(|a, b| a.score.total_cmp(&b.score));
        if let Some(resource) = mine {
            explain(other, resource.score, &format!("{} of the same service is short", resource.fault.word()));
        }
    }
}

/// Whether it stands at a level because of what is served, as likely as because of itself.
pub(crate) fn fills_up(suspect: &Suspect) -> bool {
    matches!(suspect.fault, Fault::Resource(Measure::Pool | Measure::Queue))
}

/// What fills up because those whom the service waits for are late or fail, or because it is late itself (Little's law: as many
/// are in it as arrive in the time that each stays).
pub(crate) fn explain_fuller(all: &mut [Suspect], topology: &Topology) {
    let others: Vec<(String, f64)> =
        all.iter().filter(|s| !fills_up(s)).map(|s| (s.service.clone(), s.score)).collect();
    for suspect in all.iter_mut().filter(|s| fills_up(s)) {
        let reach = topology.reach(&suspect.service);
        let by =
            others.iter().filter(|(service, _)| reach.contains(service)).map(|(_, score)| *score).fold(0.0, f64::max);
        explain(suspect, by, "what it waits for deviates, and it fills up meanwhile");
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}
