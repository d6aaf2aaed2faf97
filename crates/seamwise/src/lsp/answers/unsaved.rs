//! What the open documents that nobody has saved would do to the system: lenses above what changes, and a page.
//!
//! Invariant: it is the very answer of `plan` over the saved and the present state; worked out once a state, when asked for.

use super::Failed;
use crate::lsp::jobs::Job;
use crate::lsp::position::Text;
use crate::lsp::shared::{Shared, State};
use crate::render::plan::comment;
use seam_engine::asks::plan::{self, Answer, Change};
use serde_json::{Value, json};

/// Services that a title names.
const NAMED: usize = 3;

/// The plan of what is not saved; nothing where everything is.
fn planned<'s>(shared: &Shared, state: &'s State) -> Option<&'s Answer> {
    let unsaved = &state.unsaved;
    if unsaved.files.is_empty() {
        return None;
    }
    let profile = shared.options().profile.clone();
    let fresh = || match &unsaved.saved {
        Some(saved) => plan::between(saved.clone(), &state.snapshot, &unsaved.files, profile.as_deref()),
        // Something else has changed on disk meanwhile: the saved state is put together from texts.
        None => {
            let request = plan::Request { files: unsaved.files.clone(), profile, ..plan::Request::default() };
            plan::run(&state.snapshot, &request).unwrap_or_default()
        }
    };
    Some(unsaved.plan.get_or_init(fresh))
}

/// One lens above each line of a document whose change others may feel.
pub fn lenses(shared: &Shared, state: &State, path: &str, text: &Text) -> Vec<Value> {
    let Some(answer) = planned(shared, state).filter(|_| state.unsaved.files.iter().any(|f| f.path == path)) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for change in answer.changes.iter().filter(|c| c.level != "safe") {
        let Some(line) = change.revision.as_ref().or(change.base.as_ref()).filter(|l| l.path == path) else { continue };
        let last = (text.text.lines().count() as u32).max(1);
        out.push(json!({
            "range": text.meant(line.line.min(last), 1, shared.encoding),
            "command": {"title": title(change), "command": "seamwise.impact", "arguments": []},
        }));
    }
    out
}

fn title(change: &Change) -> String {
    let may = if change.level == "breaking" { "breaks" } else { "may break" };
    let touched: Vec<&str> = change.dependent.iter().filter(|t| !t.moved).map(|t| t.service.as_str()).collect();
    let who = match touched.len() {
        0 => "nobody else is seen to depend on it".to_owned(),
        n if n > NAMED => format!("{may} {} and {} more", touched[..NAMED].join(", "), n - NAMED),
        _ => format!("{may} {}", touched.join(", ")),
    };
    format!("unsaved: {} · {who}", change.text.replace('`', ""))
}

/// The whole plan, for people.
pub fn page(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    let state = super::fresh(shared, job)?;
    let text = match planned(shared, &state) {
        Some(answer) => comment::markdown(answer),
        None => "### Plan\n\nEvery open document is saved. `seam plan` tells what is not committed.\n".to_owned(),
    };
    Ok(json!({ "text": text }))
}
