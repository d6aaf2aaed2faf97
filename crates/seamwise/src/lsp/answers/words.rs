//! Words of the workspace: completion, hints of what addresses come to, symbols by any part of their names.

use super::marks::location;
use super::{Failed, Place, Whole, fresh, params, present};
use crate::lsp::diagnostics::Texts;
use crate::lsp::jobs::Job;
use crate::lsp::shared::Shared;
use seam_engine::Spot;
use seam_engine::asks::{find, hints, words};
use serde::Deserialize;
use serde_json::{Value, json};

pub fn completion(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    let Place { text_document, position } = params(job)?;
    let (Some(path), Some(state)) = (shared.path(&text_document.uri), present(shared)) else { return Ok(json!([])) };
    let Some(text) = shared.text(&path) else { return Ok(json!([])) };
    let line = position.line as usize;
    let content = text.line(line);
    let at = shared.encoding.byte(content, position.character);
    let profile = shared.options().profile.clone();
    if shared.settings_files().contains(&path) {
        let above = (0..line).map(|n| format!("{}\n", text.line(n))).collect::<String>();
        let nodes: Vec<String> =
            state.snapshot.graph(profile.as_deref()).nodes.iter().map(|n| n.name.to_string()).collect();
        let (replaces, offers) = seam_engine::written::offers(&(above + &content[..at]), &nodes);
        let range = text.range(line, at - replaces.min(at)..at, shared.encoding);
        let item = |o: &seam_engine::written::Offer| {
            json!({
                "label": o.text, "kind": 10, "detail": o.says, "filterText": o.text,
                "textEdit": {"range": range, "newText": o.text},
            })
        };
        return Ok(offers.iter().map(item).collect());
    }
    let request = words::Request { path, before: content[..at].to_owned(), profile };
    let words::Answer { replaces, words, .. } = words::run(&state.snapshot, &request)?;
    let range = text.range(line, at - replaces.min(at)..at, shared.encoding);
    let item = |w: &words::Word| {
        json!({
            "label": w.word, "kind": kind(&w.kind), "detail": w.says, "filterText": w.word,
            "textEdit": {"range": range, "newText": w.word},
        })
    };
    Ok(words.iter().map(item).collect())
}

/// The protocol's numbers: module, method, event, variable.
fn kind(word: &str) -> u8 {
    match word {
        "host" => 9,
        "route" => 2,
        "topic" => 23,
        _ => 6,
    }
}

pub fn hints(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    let Whole { text_document } = params(job)?;
    let Some(path) = shared.path(&text_document.uri).filter(|_| shared.options().hints.0) else { return Ok(json!([])) };
    let state = fresh(shared, job)?;
    let Some(text) = shared.text(&path) else { return Ok(json!([])) };
    let request = hints::Request { path, profile: shared.options().profile.clone() };
    let hint = |h: &hints::Hint| {
        let end = text.range((h.line.max(1) - 1) as usize, 0..usize::MAX, shared.encoding).end;
        json!({"position": end, "label": h.label, "tooltip": h.says, "paddingLeft": true})
    };
    Ok(hints::run(&state.snapshot, &request)?.hints.iter().map(hint).collect())
}

#[derive(Deserialize)]
struct Query {
    query: String,
}

pub fn symbols(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    let Query { query } = params(job)?;
    let Some(state) = present(shared) else { return Ok(json!([])) };
    if query.trim().is_empty() {
        return Ok(json!([]));
    }
    let profile = shared.options().profile.clone();
    let request = find::Request { query, profile, limit: Some(100), ..find::Request::default() };
    let found = find::run(&state.snapshot, &request)?;
    let mut texts = Texts::default();
    let one = |hit: &find::Hit| {
        // Rules stand nowhere in the workspace.
        if hit.path.is_empty() {
            return None;
        }
        let spot = Spot { path: hit.path.clone(), line: hit.line, column: 1, says: String::new() };
        let location = location(shared, &spot, &mut texts)?;
        Some(json!({"name": hit.name, "kind": symbol(&hit.kind), "containerName": hit.service, "location": location}))
    };
    Ok(found.hits.iter().filter_map(one).collect())
}

/// The protocol's numbers: module, method, property, function, class, event.
fn symbol(kind: &str) -> u8 {
    match kind {
        "endpoint" | "operation" | "contract" => 6,
        "setting" => 7,
        "symbol" => 12,
        "type" => 5,
        "finding" | "rule" => 24,
        _ => 2,
    }
}
