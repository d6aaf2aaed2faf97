//! Pages to read: one for each rule, one for each service. Both are what `explain` says, without its JSON.

use crate::render;
use rmcp::ErrorData;
use rmcp::model::{CompletionInfo, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use seam_engine::asks::{explain, rules, services};
use seam_host::Workspace;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Longer lists are not read by anybody.
const MOST: usize = 200;

pub fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new("seam://rule/{name}", "rule")
            .with_description("What a rule finds, why it matters, what to do, when it is silent")
            .with_mime_type("text/markdown"),
        ResourceTemplate::new("seam://service/{name}", "service")
            .with_description("What a service serves and uses, its settings, tests and owners, with places")
            .with_mime_type("text/plain"),
    ]
}

pub fn list(workspace: &mut Workspace) -> Vec<Resource> {
    let mut out = Vec::new();
    if let Some(answer) = asked::<services::Answer>(workspace, "services", "{}") {
        let code = answer.services.iter().filter(|s| matches!(s.kind.as_str(), "service" | "gateway" | "server"));
        out.extend(code.take(MOST).map(|s| {
            Resource::new(format!("seam://service/{}", s.name), s.name.clone())
                .with_description(format!("{} {}", s.kind, s.languages.join(", ")).trim_end().to_owned())
                .with_mime_type("text/plain")
        }));
    }
    if let Some(answer) = asked::<rules::Answer>(workspace, "rules", "{}") {
        out.extend(answer.rules.into_iter().map(|rule| {
            Resource::new(format!("seam://rule/{}", rule.id), rule.id)
                .with_description(rule.about)
                .with_mime_type("text/markdown")
        }));
    }
    out
}

/// Names that a template may be filled with: those that begin with what was typed, then those that hold it.
pub fn names(workspace: &mut Workspace, template: &str, typed: &str) -> Vec<String> {
    let prefix = template.split('{').next().unwrap_or(template);
    let mut all: Vec<String> =
        list(workspace).into_iter().filter_map(|page| Some(page.uri.strip_prefix(prefix)?.to_owned())).collect();
    let typed = typed.to_lowercase();
    all.retain(|name| name.to_lowercase().contains(&typed));
    all.sort_by_key(|name| (!name.to_lowercase().starts_with(&typed), name.clone()));
    all.truncate(CompletionInfo::MAX_VALUES);
    all
}

pub fn read(workspace: &mut Workspace, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let unknown = |what: String| ErrorData::resource_not_found(what, None);
    let page = uri.strip_prefix("seam://").and_then(|rest| rest.split_once('/'));
    let Some((kind @ ("rule" | "service"), name)) = page else {
        return Err(unknown(format!("there is no page `{uri}`: pages are seam://rule/NAME and seam://service/NAME")));
    };
    let what = if kind == "rule" { format!("rule/{name}") } else { name.to_owned() };
    let request = json!({ "what": what, "limit": 60 }).to_string();
    let answer = workspace.ask("explain", &request).map_err(|refusal| unknown(refusal.to_string()))?;
    let answer: explain::Answer =
        serde_json::from_str(&answer).map_err(|e| ErrorData::internal_error(e.to_string(), None))?;
    let wanted = if kind == "rule" { "rule" } else { "node" };
    if answer.kind != wanted {
        return Err(unknown(format!("there is no {kind} `{name}`")));
    }
    let contents = match &answer.page {
        Some(page) => ResourceContents::text(page.clone(), uri).with_mime_type("text/markdown"),
        None => {
            let text = render::explain::render(&answer);
            ResourceContents::text(anstream::adapter::strip_str(&text).to_string(), uri)
        }
    };
    Ok(ReadResourceResult::new(vec![contents]))
}

fn asked<A: DeserializeOwned>(workspace: &mut Workspace, name: &str, request: &str) -> Option<A> {
    serde_json::from_str(&workspace.ask(name, request).ok()?).ok()
}
