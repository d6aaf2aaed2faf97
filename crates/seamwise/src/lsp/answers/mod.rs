//! Requests to answers: each an ask's answer in the protocol's shape.

use super::jobs::Job;
use super::shared::{Shared, State, locked};
use lsp_server::ErrorCode;
use seam_engine::Refusal;
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
        method => Err(Failed::new(ErrorCode::MethodNotFound, format!("`{method}` is not known"))),
    }
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
    fresh(shared, job)?;
    let request = if request.is_null() { "{}".to_owned() } else { request.to_string() };
    let mut workspace = locked(&shared.workspace);
    let Some(workspace) = workspace.as_mut() else {
        return Err(Failed::new(ErrorCode::RequestFailed, "no folder could be read; the log says why"));
    };
    Ok(json!({"text": workspace.ask(&name, &request)?}))
}

/// A state with everything that was told before the request.
fn fresh(shared: &Shared, job: &Job) -> Result<Arc<State>, Failed> {
    let state = shared.state_with(job.told, READING, &job.cancelled);
    state.ok_or_else(|| Failed::new(ErrorCode::RequestFailed, "nothing was read yet"))
}
