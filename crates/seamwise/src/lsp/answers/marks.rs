//! Lenses, hovers and jumps: the asks `lens` and `links` about a document.

use super::{Failed, Place, Whole, fresh, params, present, unsaved};
use crate::lsp::diagnostics::Texts;
use crate::lsp::jobs::Job;
use crate::lsp::position::{Text, word};
use crate::lsp::shared::{Shared, State};
use crate::render::hover;
use seam_engine::Spot;
use seam_engine::asks::{lens, links};
use serde_json::{Value, json};

/// A document of the workspace, with its text and the line of a place as a state counts it.
pub struct Here {
    pub path: String,
    text: Text,
    /// From 1.
    pub line: u32,
}

pub fn here(shared: &Shared, state: &State, place: &Place) -> Option<Here> {
    let path = shared.path(&place.text_document.uri)?;
    let text = shared.text(&path)?;
    let line = state.line(&path, &text, place.position.line as usize) as u32 + 1;
    Some(Here { path, text, line })
}

fn asked(shared: &Shared, state: &State, path: String, line: Option<u32>) -> Result<lens::Answer, Failed> {
    let request = lens::Request {
        path,
        line,
        profile: shared.options().profile.clone(),
        findings: seam_engine::asks::detect::Request { profiles: Vec::new(), ..state.asked.clone() },
    };
    Ok(lens::run(&state.snapshot, &request)?)
}

/// One lens for each title. They stand above lines, so a state that is older than the text would show them at the wrong ones.
pub fn lens(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    let Whole { text_document } = params(job)?;
    let Some(path) = shared.path(&text_document.uri).filter(|_| shared.options().lens.0) else { return Ok(json!([])) };
    let state = fresh(shared, job)?;
    let Some(text) = shared.text(&path) else { return Ok(json!([])) };
    let marks = asked(shared, &state, path.clone(), None)?.marks;
    let lens = marks.iter().filter(|m| !m.title.is_empty()).map(|mark| {
        let here = json!({"path": path, "line": mark.line});
        let mut places: Vec<&Spot> = mark.definitions.iter().chain(&mark.references).collect();
        places.retain(|s| s.path != path || s.line != mark.line);
        let places: Vec<Value> =
            places.iter().map(|s| json!({"path": s.path, "line": s.line, "says": s.says})).collect();
        json!({
            "range": text.meant(mark.line, mark.column, shared.encoding),
            "command": {"title": mark.title, "command": "seamwise.showPlaces", "arguments": [mark.title, here, places]},
        })
    });
    let unsaved = unsaved::lenses(shared, &state, &path, &text);
    Ok(lens.chain(unsaved).collect())
}

pub fn hover(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    let place: Place = params(job)?;
    let Some(state) = present(shared) else { return Ok(Value::Null) };
    let Some(here) = here(shared, &state, &place) else { return Ok(Value::Null) };
    let marks = asked(shared, &state, here.path, Some(here.line))?.marks;
    if marks.is_empty() {
        return Ok(Value::Null);
    }
    // Brackets would end a link of Markdown.
    let link = |at: &Spot| {
        let uri = shared.uri(&at.path)?.as_str().replace('(', "%28").replace(')', "%29");
        Some(format!("{uri}#L{}", at.line))
    };
    let range = here.text.meant(place.position.line + 1, marks[0].column, shared.encoding);
    Ok(json!({"contents": {"kind": "markdown", "value": hover::markdown(&marks, &link)}, "range": range}))
}

/// Places on the other side.
pub fn links(shared: &Shared, job: &Job, which: fn(links::Answer) -> Vec<Spot>) -> Result<Value, Failed> {
    let place: Place = params(job)?;
    let Some(state) = present(shared) else { return Ok(json!([])) };
    let Some(here) = here(shared, &state, &place) else { return Ok(json!([])) };
    let line = here.text.line(place.position.line as usize);
    let named = word(line, shared.encoding.byte(line, place.position.character)).to_owned();
    let request = links::Request {
        path: here.path,
        line: here.line,
        word: Some(named),
        profile: shared.options().profile.clone(),
    };
    let spots = which(links::run(&state.snapshot, &request)?);
    let mut texts = Texts::default();
    Ok(spots.iter().filter_map(|spot| location(shared, spot, &mut texts)).collect())
}

pub fn location(shared: &Shared, spot: &Spot, texts: &mut Texts) -> Option<Value> {
    let uri = shared.uri(&spot.path)?;
    Some(json!({"uri": uri, "range": texts.range(shared, &spot.path, spot.line, spot.column)}))
}
