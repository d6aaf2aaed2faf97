//! Requests to answers: each an ask's answer in the protocol's shape.

mod actions;
mod calls;
mod marks;
mod unsaved;
mod words;

use super::jobs::Job;
use super::shared::{Shared, State, locked};
use gen_lsp_types::{Position, Uri};
use lsp_server::ErrorCode;
use seam_engine::asks::links;
use seam_engine::{Refusal, Spot};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Why there is no answer.
pub struct Failed {
    pub code: ErrorCode,
    pub message: String,
    pub data: Option<Value>,
}

impl Failed {
    fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Failed { code, message: message.into(), data: None }
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        let data = serde_json::to_value(&refusal).ok();
        Failed { code: ErrorCode::RequestFailed, message: refusal.to_string(), data }
    }
}

/// What reads everything waits for everything that was told before it, first reading included.
const READING: Duration = Duration::from_secs(600);

pub fn answer(shared: &Arc<Shared>, job: &Job) -> Result<Value, Failed> {
    match job.request.method.as_str() {
        "seam/ask" => ask(shared, job),
        "seam/draw" => draw(shared, job),
        "textDocument/codeLens" => marks::lens(shared, job),
        "textDocument/hover" => marks::hover(shared, job),
        "textDocument/definition" if shared.options().direct => marks::links(shared, job, direct),
        "textDocument/definition" => marks::links(shared, job, |a| a.definitions),
        "textDocument/references" => marks::links(shared, job, |a| a.references),
        // A declaration is a contract or a setting's place, an implementation the handler: both are the other side.
        "textDocument/declaration" => marks::links(shared, job, |a| apart(a).1),
        "textDocument/implementation" => marks::links(shared, job, direct),
        "textDocument/prepareCallHierarchy" => calls::prepare(shared, job),
        "callHierarchy/incomingCalls" => calls::step(shared, job, "from", |a| a.incoming),
        "callHierarchy/outgoingCalls" => calls::step(shared, job, "to", |a| a.outgoing),
        "textDocument/completion" => words::completion(shared, job),
        "textDocument/inlayHint" => words::hints(shared, job),
        "workspace/symbol" => words::symbols(shared, job),
        "textDocument/codeAction" => actions::all(shared, job),
        "workspace/executeCommand" => actions::run(shared, job),
        method => Err(Failed::new(ErrorCode::MethodNotFound, format!("`{method}` is not known"))),
    }
}

/// What answers a call, and where that is registered, agreed on or deployed; the same twice where there is only one of the two.
fn apart(answer: links::Answer) -> (Vec<Spot>, Vec<Spot>) {
    let mut first = answer.definitions;
    let rest = first.split_off((answer.first as usize).min(first.len()));
    match (first.is_empty(), rest.is_empty()) {
        (true, _) => (rest.clone(), rest),
        (_, true) => (first.clone(), first),
        _ => (first, rest),
    }
}

fn direct(answer: links::Answer) -> Vec<Spot> {
    apart(answer).0
}

fn params<T: DeserializeOwned>(job: &Job) -> Result<T, Failed> {
    serde_json::from_value(job.request.params.clone())
        .map_err(|error| Failed::new(ErrorCode::InvalidParams, error.to_string()))
}

#[derive(Deserialize)]
struct Ask {
    name: String,
    #[serde(default)]
    request: Value,
}

/// Any ask by its name: the very bytes that the command line prints.
fn ask(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    let Ask { name, request } = params(job)?;
    Ok(json!({"text": asked(shared, job, &name, &request)?}))
}

fn asked(shared: &Shared, job: &Job, name: &str, request: &Value) -> Result<String, Failed> {
    fresh(shared, job)?;
    let request = if request.is_null() { "{}".to_owned() } else { request.to_string() };
    let mut workspace = locked(&shared.workspace);
    let Some(workspace) = workspace.as_mut() else {
        return Err(Failed::new(ErrorCode::RequestFailed, "no folder could be read; the log says why"));
    };
    Ok(workspace.ask(name, &request)?)
}

#[derive(Deserialize)]
struct Draw {
    /// `svg`, `mermaid`, `dot` or `html`; `plan` is no map, but what the unsaved documents would change, as Markdown.
    format: String,
    /// As `drawing` takes it; `html` shows the whole map of its deployment.
    #[serde(default)]
    request: Value,
}

/// The map as it is seen, as text for other programs.
fn draw(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    use crate::render::{html, picture};
    let Draw { format, request } = params(job)?;
    if format == "plan" {
        return unsaved::page(shared, job);
    }
    let broken = |error: serde_json::Error| Failed::new(ErrorCode::InternalError, error.to_string());
    let form = match format.as_str() {
        "svg" => picture::svg,
        "mermaid" => picture::mermaid,
        "dot" => picture::dot,
        "html" => {
            let whole = json!({"profile": request["profile"], "all": request["all"].as_bool().unwrap_or_default()});
            let answer = serde_json::from_str(&asked(shared, job, "map", &whole)?).map_err(broken)?;
            return Ok(json!({"text": html::render(&answer)}));
        }
        _ => {
            let says = format!("there is no format `{format}`; choose one of svg, mermaid, dot, html, plan");
            return Err(Failed::new(ErrorCode::InvalidParams, says));
        }
    };
    let answer = serde_json::from_str(&asked(shared, job, "drawing", &request)?).map_err(broken)?;
    Ok(json!({"text": form(&answer)}))
}

/// A document and a place in it, as most requests name them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    text_document: Document,
    #[serde(default)]
    position: Position,
}

#[derive(Deserialize)]
struct Document {
    uri: Uri,
}

/// A document of the workspace.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    text_document: Document,
}

/// The last good state, whatever is under way: these answers are wanted while somebody types.
fn present(shared: &Shared) -> Option<Arc<State>> {
    shared.state()
}

/// A state with everything that was told before the request.
fn fresh(shared: &Shared, job: &Job) -> Result<Arc<State>, Failed> {
    let state = shared.state_with(job.told, READING, &job.cancelled);
    state.ok_or_else(|| Failed::new(ErrorCode::RequestFailed, "nothing was read yet"))
}
