//! What a run shows, ready to be told: a finding with its story; or why a run teaches nothing.

use crate::call::SCENARIO;
use crate::fault::Spot;
use crate::finding::{Finding, Found};
use crate::run::Run;
use crate::story;

/// The finding with the story of the run that shows it.
pub(crate) fn told(mut finding: Finding, run: &Run) -> Found {
    // It is about those between whom something was done, too.
    for at in run.struck() {
        let (caller, callee) = run.calls[at].edge();
        for name in [caller, callee].into_iter().filter(|n| *n != SCENARIO) {
            if !finding.services.iter().any(|s| s == name) {
                finding.services.push(name.to_owned());
            }
        }
    }
    for fault in &run.script.faults {
        if let Spot::Edge { caller, callee } = &fault.at {
            finding.services.extend(
                [caller, callee].into_iter().filter(|n| !finding.services.contains(n)).cloned().collect::<Vec<_>>(),
            );
        }
    }
    Found {
        finding,
        script: run.script.clone(),
        came: 1,
        tried: 1,
        also: Vec::new(),
        story: story::lines(run),
        diagram: story::diagram(run),
    }
}

/// Why a run without faults teaches nothing.
pub(crate) fn unfit(run: &Run) -> Option<String> {
    if let Some((service, how)) = run.died.iter().next() {
        return Some(format!("without faults, the process of `{service}` ended: {how}"));
    }
    if run.steps().is_empty() {
        return Some("the scenario makes no request that a proxy sees".to_owned());
    }
    if !run.content {
        let failed = run.steps().into_iter().find(|at| run.calls[*at].seen.failed());
        return Some(match failed {
            Some(at) => {
                let call = &run.calls[at];
                let got = call.seen.status().map_or_else(|| "nothing".to_owned(), |s| s.to_string());
                format!("without faults, `{} {}` gets {got}", call.request.method, call.request.path)
            }
            None => "without faults, the scenario fails".to_owned(),
        });
    }
    None
}
