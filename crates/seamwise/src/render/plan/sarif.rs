//! Changes as SARIF, each at its newer line, the older one as a related location.

use super::{sense, who};
use crate::render::sarif;
use seam_engine::asks::contract::{Answer, ContractChange, Quoted};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub fn render(answer: &Answer) -> String {
    let used: BTreeSet<&str> = answer.changes.iter().map(|c| c.rule.as_str()).collect();
    let rules: Vec<Value> =
        used.iter().map(|id| json!({ "id": id, "name": id, "properties": { "tags": ["contract"] } })).collect();
    let results: Vec<Value> = answer
        .changes
        .iter()
        .map(|c| result(c, used.iter().position(|id| *id == c.rule).unwrap_or_default()))
        .collect();
    sarif::log(&rules, &results)
}

fn result(change: &ContractChange, rule: usize) -> Value {
    let level = match change.level.as_str() {
        "breaking" => "error",
        "warning" => "warning",
        _ => "note",
    };
    let steps: String = change.steps.iter().enumerate().map(|(i, s)| format!("\n{}. {s}", i + 1)).collect();
    let text = match change.level.as_str() {
        "safe" => change.text.clone(),
        _ => format!("{}\n{}-breaking, hurts {}{steps}", change.text, sense(change), who(change)),
    };
    let location = |q: &Quoted| sarif::location(&q.path, q.line, None);
    let (first, related) = match (&change.revision, &change.base) {
        (Some(new), old) => (Some(new), old.as_ref()),
        (None, old) => (old.as_ref(), None),
    };
    json!({
        "ruleId": change.rule,
        "ruleIndex": rule,
        "level": level,
        "message": { "text": text },
        "locations": first.map(location).into_iter().collect::<Vec<_>>(),
        "relatedLocations": related.map(location).into_iter().collect::<Vec<_>>(),
        "partialFingerprints": { "seamKey/v1": format!("contract/{}/{}/{}", change.rule, change.key, change.field) },
        "properties": { "grade": change.grade, "hurts": change.hurts, "key": change.key },
    })
}
