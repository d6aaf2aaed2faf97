//! How common clients are told of this server: each has its own file and its own form.
//!
//! Forms as their documents have them in November 2026. What lies in a repository names no folder of one machine.

use clap::ValueEnum;
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Client {
    Vscode,
    ClaudeCode,
    ClaudeDesktop,
    Cursor,
    Windsurf,
    Codex,
    Gemini,
    Zed,
}

/// Where the text belongs, and the text.
pub fn config(client: Client, program: &str, folders: &[String]) -> (&'static str, String) {
    let own = || server(program, folders);
    let shared = |folder: &str| server("seam", &[folder.to_owned()]);
    let (place, text) = match client {
        Client::Vscode => {
            let mut server = shared("${workspaceFolder}");
            server["type"] = json!("stdio");
            (".vscode/mcp.json", pretty(&json!({ "servers": { "seamwise": server } })))
        }
        Client::ClaudeCode => (
            ".mcp.json, or run `claude mcp add seamwise -- seam mcp .`",
            pretty(&json!({ "mcpServers": { "seamwise": shared(".") } })),
        ),
        Client::ClaudeDesktop => (
            "claude_desktop_config.json (Settings, Developer, Edit Config)",
            pretty(&json!({ "mcpServers": { "seamwise": own() } })),
        ),
        Client::Cursor => {
            (".cursor/mcp.json", pretty(&json!({ "mcpServers": { "seamwise": shared("${workspaceFolder}") } })))
        }
        Client::Windsurf => {
            ("~/.codeium/windsurf/mcp_config.json", pretty(&json!({ "mcpServers": { "seamwise": own() } })))
        }
        Client::Codex => {
            let args: Vec<String> =
                std::iter::once("mcp").chain(folders.iter().map(String::as_str)).map(quoted).collect();
            let text = format!("[mcp_servers.seamwise]\ncommand = {}\nargs = [{}]\n", quoted(program), args.join(", "));
            ("~/.codex/config.toml", text)
        }
        Client::Gemini => (".gemini/settings.json", pretty(&json!({ "mcpServers": { "seamwise": shared(".") } }))),
        Client::Zed => {
            let mut server = own();
            server["env"] = json!({});
            ("settings.json (zed: open settings)", pretty(&json!({ "context_servers": { "seamwise": server } })))
        }
    };
    (place, text)
}

fn server(program: &str, folders: &[String]) -> Value {
    let args: Vec<&str> = std::iter::once("mcp").chain(folders.iter().map(String::as_str)).collect();
    json!({ "command": program, "args": args })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// A string of TOML: those of JSON are a part of them.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_gets_a_text_that_it_can_read() {
        for client in Client::value_variants() {
            let (place, text) = config(*client, "/opt/se am", &["/w".to_owned()]);
            assert!(!place.is_empty() && text.contains("mcp"), "{client:?}");
            if *client != Client::Codex {
                let read: Value = serde_json::from_str(&text).unwrap();
                let server = read.as_object().unwrap().values().next().unwrap()["seamwise"].clone();
                assert!(server["command"].is_string() && server["args"][0] == "mcp", "{client:?}");
            }
        }
        assert!(config(Client::Codex, "C:\\seam", &[]).1.contains("command = \"C:\\\\seam\"\nargs = [\"mcp\"]"));
    }
}
