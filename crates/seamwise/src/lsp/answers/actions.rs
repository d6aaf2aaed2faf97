//! What can be done about a finding: a safe change, a comment that accepts it, its rule's page.

use super::{Document, Failed, params, present};
use crate::lsp::diagnostics::{Texts, diagnostic};
use crate::lsp::jobs::Job;
use crate::lsp::keeper::Task;
use crate::lsp::shared::{Shared, State};
use gen_lsp_types::Range;
use lsp_server::ErrorCode;
use seam_engine::{Finding, Fix};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Actions {
    text_document: Document,
    range: Range,
    #[serde(default)]
    context: Context,
}

#[derive(Default, Deserialize)]
struct Context {
    /// Kinds that are wanted; none: all.
    only: Option<Vec<String>>,
}

const KIND: &str = "quickfix";

pub fn all(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    let Actions { text_document, range, context } = params(job)?;
    let wanted = context.only.is_none_or(|only| only.iter().any(|k| k.is_empty() || k == KIND));
    let Some(path) = shared.path(&text_document.uri).filter(|_| wanted) else { return Ok(json!([])) };
    let (Some(state), Some(text)) = (present(shared), shared.text(&path)) else { return Ok(json!([])) };
    let line = |line: u32| state.line(&path, &text, line as usize) as u32 + 1;
    let lines = line(range.start.line)..=line(range.end.line);
    let mut texts = Texts::default();
    let mut out = Vec::new();
    for finding in state.findings.findings.iter().filter(|f| f.at.path == path && lines.contains(&f.at.line)) {
        let about = json!([diagnostic(shared, finding, &mut texts)]);
        if let Some(fix) = &finding.fix
            && let Some(edit) = fixed(shared, fix)
        {
            out.push(json!({"title": fix.says, "kind": KIND, "diagnostics": about, "isPreferred": true, "edit": edit}));
        }
        if seam_engine::allowing(&path, &finding.rule, "").is_some() {
            let command = json!({"title": "Accept", "command": "seamwise.allow", "arguments": [finding.key]});
            let title = format!("Accept {} here, with a reason", finding.rule);
            out.push(json!({"title": title, "kind": KIND, "diagnostics": about, "command": command}));
        }
        let command = json!({"title": "Explain", "command": "seamwise.explain", "arguments": [finding.rule]});
        out.push(json!({
            "title": format!("Explain {}", finding.rule), "kind": KIND, "diagnostics": about, "command": command,
        }));
    }
    Ok(out.into())
}

/// A fix as an edit, where the text that it replaces still stands there.
fn fixed(shared: &Shared, fix: &Fix) -> Option<Value> {
    let text = shared.text(&fix.path)?;
    let line = (fix.line.max(1) - 1) as usize;
    let from = text.line(line).find(&fix.from)?;
    let range = text.range(line, from..from + fix.from.len(), shared.encoding);
    edit(shared, &fix.path, range, &fix.to)
}

fn edit(shared: &Shared, path: &str, range: Range, new: &str) -> Option<Value> {
    let uri = shared.uri(path)?;
    Some(json!({"changes": {uri.as_str(): [{"range": range, "newText": new}]}}))
}

#[derive(Deserialize)]
struct Command {
    command: String,
    #[serde(default)]
    arguments: Vec<Value>,
}

pub fn run(shared: &Shared, job: &Job) -> Result<Value, Failed> {
    let Command { command, arguments } = params(job)?;
    match command.as_str() {
        "seam.allow" => {
            let argument = |at: usize| arguments.get(at).and_then(Value::as_str).unwrap_or_default().trim();
            allow(shared, argument(0), argument(1))
        }
        "seam.reload" => {
            shared.tell(Task::Touched(Vec::new()));
            Ok(Value::Null)
        }
        other => Err(Failed::new(ErrorCode::InvalidParams, format!("there is no command `{other}`"))),
    }
}

/// Writes the comment above the line where a finding starts.
fn allow(shared: &Shared, key: &str, reason: &str) -> Result<Value, Failed> {
    let refuse = |why: String| Err(Failed::new(ErrorCode::RequestFailed, why));
    let Some(state) = present(shared) else { return refuse("nothing was read yet".to_owned()) };
    let Some(finding) = found(&state, key) else { return refuse(format!("there is no finding `{key}`")) };
    if reason.is_empty() {
        return refuse("a finding is accepted with a reason only".to_owned());
    }
    let path = &finding.at.path;
    let comment = seam_engine::allowing(path, &finding.rule, reason);
    let (Some(comment), Some(text)) = (comment, shared.text(path)) else {
        return refuse(format!("`{path}` can hold no comment; use a baseline instead"));
    };
    let line = (finding.at.line.max(1) - 1) as usize;
    let content = text.line(line);
    let indent = &content[..content.len() - content.trim_start().len()];
    let range = text.range(line, 0..0, shared.encoding);
    let end = if text.text.contains("\r\n") { "\r\n" } else { "\n" };
    if let Some(edit) = edit(shared, path, range, &format!("{indent}{comment}{end}")) {
        shared.ask_client("workspace/applyEdit", json!({"label": format!("Accept {}", finding.rule), "edit": edit}));
    }
    Ok(Value::Null)
}

fn found<'s>(state: &'s State, key: &str) -> Option<&'s Finding> {
    state.findings.findings.iter().find(|f| f.key == key)
}
