//! The call hierarchy across services: the ask `calls`, one step at a time.

use super::marks::here;
use super::{Failed, Place, params, present};
use crate::lsp::diagnostics::Texts;
use crate::lsp::jobs::Job;
use crate::lsp::shared::{Shared, State};
use seam_engine::asks::calls::{self, Answer, Item};
use serde::Deserialize;
use serde_json::{Value, json};

/// The protocol's number for a method.
const METHOD: u8 = 6;

pub fn prepare(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    let place: Place = params(job)?;
    let Some(state) = present(shared) else { return Ok(Value::Null) };
    let Some(here) = here(shared, &state, &place) else { return Ok(Value::Null) };
    let answer = asked(shared, &state, here.path, here.line)?;
    let mut texts = Texts::default();
    let items: Vec<Value> = answer.items.iter().filter_map(|i| item(shared, i, &mut texts)).collect();
    Ok(if items.is_empty() { Value::Null } else { items.into() })
}

#[derive(Deserialize)]
struct Step {
    item: Of,
}

#[derive(Deserialize)]
struct Of {
    data: At,
}

/// Where an item stands, kept in it.
#[derive(Deserialize)]
struct At {
    path: String,
    line: u32,
}

pub fn step(shared: &Shared, job: &Job, side: &str, which: fn(Answer) -> Vec<Item>) -> Result<Value, Failed> {
    let Step { item: Of { data: At { path, line } } } = params(job)?;
    let Some(state) = present(shared) else { return Ok(json!([])) };
    let mut texts = Texts::default();
    let from = json!([texts.range(shared, &path, line, 1)]);
    let items = which(asked(shared, &state, path, line)?);
    let one = |i: &Item| {
        let item = item(shared, i, &mut texts)?;
        // Ranges are the caller's: the other side's own when asked who leads here.
        let ranges = if side == "from" { json!([item["range"]]) } else { from.clone() };
        Some(json!({side: item, "fromRanges": ranges}))
    };
    Ok(items.iter().filter_map(one).collect())
}

fn asked(shared: &Shared, state: &State, path: String, line: u32) -> Result<Answer, Failed> {
    let request = calls::Request { path, line, profile: shared.options().profile.clone() };
    Ok(calls::run(&state.snapshot, &request)?)
}

fn item(shared: &Shared, item: &Item, texts: &mut Texts) -> Option<Value> {
    let range = texts.range(shared, &item.at.path, item.at.line, item.at.column);
    Some(json!({
        "name": item.name, "kind": METHOD, "detail": item.says, "uri": shared.uri(&item.at.path)?,
        "range": range, "selectionRange": range, "data": {"path": item.at.path, "line": item.at.line},
    }))
}
