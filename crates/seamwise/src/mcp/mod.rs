//! The asks as MCP tools over standard input and output.
//!
//! Invariant: a tool's text is byte for byte the ask's answer; a refusal is a tool error with message and hint. Files are
//! looked at again before every answer, so that an assistant which has just edited one is not told old news.

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use seam_engine::{ASKS, Ask};
use seam_host::{Progress, Workspace};
use std::sync::{Arc, Mutex, PoisonError};

const INSTRUCTIONS: &str = "Seamwise reads the files of a multi-service system and answers from a map of it, with the file \
and line that proves each statement. Begin with `services`; ask `map` for one service's interactions, `path` for how one \
reaches another, `at` for a place in the code, `explain` for the facts behind something, `detect` for what is wrong between services (with \
`since`, only what a change adds), `drift` for settings, ports and versions that disagree. A missing interaction means that \
none is proven, not that there is none.";

/// Serves until the client goes away.
pub fn serve(workspace: Workspace) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let server = Server { workspace: Mutex::new(workspace) };
        match server.serve(rmcp::transport::stdio()).await {
            Ok(running) => running.waiting().await.map(drop).map_err(|e| e.to_string()),
            // A client that goes away before it has said anything is no failure of ours.
            Err(error) if error.to_string().contains("closed") => Ok(()),
            Err(error) => Err(format!("cannot serve: {error}")),
        }
    })
}

struct Server {
    workspace: Mutex<Workspace>,
}

impl Server {
    fn answer(&self, ask: &Ask, request: &str) -> CallToolResult {
        let mut workspace = self.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        workspace.refresh(&Progress::default());
        match workspace.ask(ask.name, request) {
            Ok(answer) => CallToolResult::success(vec![ContentBlock::text(answer)]),
            Err(refusal) => CallToolResult::error(vec![ContentBlock::text(refusal.to_string())]),
        }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("seamwise", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(ASKS.iter().filter(|a| !a.editor).map(tool).collect()))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let ask = seam_engine::find(&call.name).map_err(|r| ErrorData::invalid_params(r.to_string(), None))?;
        let request = call.arguments.map(serde_json::Value::Object).unwrap_or_default();
        let request = if request.is_null() { String::new() } else { request.to_string() };
        Ok(self.answer(ask, &request).into())
    }
}

fn tool(ask: &Ask) -> Tool {
    let schema = match seam_engine::tool_schema(ask) {
        serde_json::Value::Object(schema) => schema,
        _ => serde_json::Map::new(),
    };
    Tool::new(ask.name, ask.about, Arc::new(schema))
        .with_annotations(ToolAnnotations::new().read_only(true).destructive(false).idempotent(true).open_world(false))
}
