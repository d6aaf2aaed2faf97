//! What to do, in the order in which it can be deployed while both versions run side by side.
//!
//! Invariant: three phases. First everybody learns the new form and keeps the old one (expand); then those who use it move; then
//! the old form goes (contract). Within a phase whoever is called stands before its callers. Each step has its undo, and what would
//! prove it.

use super::effect::{Cx, Effect};
use crate::change::{Grade, Hurts, Level};
use seam_facts::SmolStr;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub services: Vec<SmolStr>,
    pub what: String,
    pub undo: String,
    pub proof: String,
    /// Keys of the effects that ask for it.
    pub because: Vec<String>,
}

/// What one phase of an effect asks of some services.
struct Part {
    phase: u8,
    services: Vec<SmolStr>,
    what: String,
    undo: &'static str,
    proof: String,
    key: String,
}

pub fn steps(cx: &Cx<'_>, effects: &[Effect]) -> Vec<Step> {
    let mut parts: Vec<Part> = Vec::new();
    for effect in effects.iter().filter(|e| e.rule.level > Level::Safe) {
        asked(effect, &mut parts);
    }
    // The same asked of the same services is one step.
    let mut out: BTreeMap<(u8, usize, Vec<SmolStr>, String), Step> = BTreeMap::new();
    for part in parts.into_iter().filter(|p| !p.services.is_empty()) {
        let depth = part.services.iter().map(|s| depth(cx, s)).max().unwrap_or(0);
        let step = out.entry((part.phase, depth, part.services.clone(), part.what.clone())).or_insert(Step {
            services: part.services,
            what: part.what,
            undo: part.undo.to_owned(),
            proof: part.proof,
            because: Vec::new(),
        });
        if !step.because.contains(&part.key) {
            step.because.push(part.key);
        }
    }
    out.into_values().collect()
}

/// How many calls lie below a service: who is called by others and calls nobody comes first.
fn depth(cx: &Cx<'_>, service: &str) -> usize {
    let graph = cx.new.graph;
    let Some(start) = cx.new.node(service) else { return 0 };
    let (mut level, mut here, mut seen) = (0, vec![start], vec![start]);
    while level < 12 {
        let next: Vec<usize> = graph
            .edges
            .iter()
            .filter(|e| here.contains(&e.from) && !seen.contains(&e.to) && cx.new.runs(e.to))
            .map(|e| e.to)
            .collect();
        if next.is_empty() {
            break;
        }
        seen.extend(&next);
        here = next;
        level += 1;
    }
    level
}

fn asked(effect: &Effect, parts: &mut Vec<Part>) {
    let direct: Vec<SmolStr> = effect.direct.keys().cloned().collect();
    let ties: Vec<SmolStr> = effect.dependent.iter().map(|t| t.service.clone()).collect();
    let thing = effect.key.split_once('/').map_or(effect.key.as_str(), |(_, rest)| rest);
    let mut put = |phase: u8, services: &[SmolStr], what: String, undo: &'static str, proof: String| {
        parts.push(Part { phase, services: services.to_vec(), what, undo, proof, key: effect.key.clone() });
    };
    const BACK: &str = "deploy the older version";
    match effect.rule.id {
        "endpoint-moved" | "endpoint-removed" | "rpc-moved" | "gateway-route-moved" | "gateway-route-removed" => {
            put(
                0,
                &direct,
                format!("serve the older and the newer form of `{thing}` side by side"),
                BACK,
                "a request to either is answered".into(),
            );
            put(
                1,
                &ties,
                format!("move to the newer form: {}", effect.text),
                "call the older form, which is still served",
                "their tests against the newer side pass; access logs show the newer form".into(),
            );
            put(
                2,
                &direct,
                format!("stop serving the older form of `{thing}`"),
                "serve it again",
                "access logs have shown no request to it for as long as a caller may lie still".into(),
            );
        }
        "topic-moved" | "topic-removed" => {
            put(
                0,
                &ties,
                format!("read the older and the newer topic: {}", effect.text),
                BACK,
                "a message on either is handled once".into(),
            );
            put(
                1,
                &direct,
                "send to the newer topic".into(),
                "send to the older topic, which is still read",
                "messages arrive at the readers, and their lag stays".into(),
            );
            put(
                2,
                &ties,
                "stop reading the older topic when it is empty".into(),
                "read it again",
                "the older topic has no messages left".into(),
            );
        }
        "field-renamed" | "field-removed" | "field-type" | "word-changed" => {
            put(
                0,
                &direct,
                format!("write and accept both forms of the field: {}", effect.text),
                BACK,
                "a body with either form is understood".into(),
            );
            put(
                1,
                &ties,
                format!("move to the newer form: {}", effect.text),
                "read the older form, which is still written",
                "their tests with a body of the newer form pass".into(),
            );
            put(
                2,
                &direct,
                "stop writing and accepting the older form".into(),
                "write both again",
                "nobody has read the older form since the last deployment of its readers".into(),
            );
        }
        "setting-unset" => {
            put(
                0,
                &direct,
                format!("set what the new version needs, beside what the older one reads: {}", effect.text),
                "take the new key out again",
                "the deployment's rendered configuration has both keys".into(),
            );
            put(
                1,
                &direct,
                "deploy the code that reads it".into(),
                BACK,
                "it starts, and says which value it has".into(),
            );
        }
        "port-moved" | "service-renamed" => {
            put(
                0,
                &direct,
                format!("listen at both: {}", effect.text),
                BACK,
                "a connection to either is accepted".into(),
            );
            put(
                1,
                &ties,
                format!("use the newer address: {}", effect.text),
                "use the older address, which is still served",
                "connections arrive at the newer one".into(),
            );
            put(2, &direct, "close the older one".into(), "open it again", "no connection has come to it".into());
        }
        "service-removed" => {
            put(1, &ties, format!("stop calling it: {}", effect.text), BACK, "its access logs are empty".into());
            put(
                2,
                &direct,
                "take it out of the deployment".into(),
                "deploy it again",
                "nobody misses it: no errors of its former callers".into(),
            );
        }
        "address-unanswered" => {
            put(
                0,
                &direct,
                format!("do not deploy this before somebody listens there: {}", effect.text),
                "set the older address",
                "a connection to the address is accepted".into(),
            );
        }
        _ if effect.key.starts_with("contract/") && matches!(effect.rule.grade, Grade::Wire | Grade::Json) => {
            contract(effect, &direct, &mut put);
        }
        _ => {
            let what = match effect.rule.level {
                Level::Breaking => format!("deploy with those who use it: {}", effect.text),
                Level::Warning | Level::Safe => "deploy".to_owned(),
            };
            let proof = match effect.rule.grade {
                Grade::Behaviour => "its tests pass; error rate and latency of its ways in stay as they were",
                Grade::Wire | Grade::Json | Grade::Source | Grade::Safe => "it builds, and its tests pass",
            };
            put(1, &direct, what, BACK, proof.into());
        }
    }
}

/// Fields and columns: the contract's own advice gives the phases.
fn contract(effect: &Effect, direct: &[SmolStr], put: &mut impl FnMut(u8, &[SmolStr], String, &'static str, String)) {
    let first = match effect.rule.hurts {
        Hurts::Readers => "let readers understand both forms",
        Hurts::Senders => "let senders keep to the newer form",
        Hurts::Both | Hurts::Builders => "add the newer form beside the older one, and understand both",
    };
    put(0, direct, format!("{first}: {}", effect.text), "deploy the older version", "both forms are understood".into());
    put(
        1,
        direct,
        "use the newer form".into(),
        "use the older form, which is still there",
        "nobody is seen to use the older form".into(),
    );
    put(2, direct, "take the older form out of the contract (reserve its number and name; drop the column in a migration of its own)".into(), "put it back", "it has been out of use since the last deployment of all who named it".into());
}
