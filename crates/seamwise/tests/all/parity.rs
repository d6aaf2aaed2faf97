//! One answer, one set of bytes: the command line, MCP and the language server give the same text to the same request.
//!
//! Every ask has a request here; a new one fails the test until it has.

#![expect(clippy::disallowed_methods, reason = "it runs the binary on a folder that it writes to")]

use crate::editor::{Client, copy};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Requests that have something to answer, and for each ask that bounds itself for models one that says how much.
fn requests() -> Vec<(&'static str, Value)> {
    vec![
        ("map", json!({"service": "checkout"})),
        ("drawing", json!({"around": "checkout", "hops": 1})),
        ("services", json!({})),
        ("path", json!({"from": "checkout", "to": "payments", "limit": 5, "bytes": 9000})),
        ("at", json!({"path": "checkout/src/server.js", "line": 16, "limit": 15, "bytes": 2500})),
        ("explain", json!({"what": "checkout", "limit": 3, "bytes": 4000})),
        ("explain", json!({"what": "rule/unread-setting", "limit": 3, "bytes": 700})),
        ("detect", json!({})),
        ("drift", json!({"all": true})),
        ("rules", json!({})),
        ("find", json!({"query": "place order"})),
        ("lens", json!({"path": "checkout/src/server.js"})),
        ("links", json!({"path": "checkout/src/server.js", "line": 16})),
        ("calls", json!({"path": "checkout/src/server.js", "line": 16})),
        ("hints", json!({"path": "checkout/src/server.js"})),
        ("words", json!({"path": "checkout/src/server.js", "before": "  axios.get('http://"})),
        ("context", json!({"task": "who takes the placed orders?", "budget": 1500})),
        ("overview", json!({})),
        ("impact", json!({"key": "Order.total"})),
        ("plan", json!({"edits": [{"path": "checkout/src/addresses.js", "text": "module.exports = {}\n"}]})),
        (
            "plan",
            json!({"candidates": [
                {"name": "one", "edits": [{"path": "compose.yaml", "text": "services: {}\n"}]},
                {"name": "two", "patches": ["--- a/STORY.md\n+++ b/STORY.md\n@@ -1 +1 @@\n-# bookshop\n+# books\n"]},
            ]}),
        ),
        ("verify", json!({})),
        (
            "verify",
            json!({"only": ["gate", "tests"], "all_tests": true, "files": [
                {"path": "checkout/src/addresses.js", "before": "module.exports = {}\n", "after": "module.exports = { payments: 'x' }\n"},
            ]}),
        ),
        ("diagnose", json!({"error": "checkout | Error: connect ECONNREFUSED payments:8080"})),
        (
            "contract",
            json!({
                "base": [{"name": "shop.graphql", "text": "type Query { order(id: ID!): String }"}],
                "revision": [{"name": "shop.graphql", "text": "type Query { orders: String }"}],
            }),
        ),
        ("findings", json!({"limit": 3})),
        ("recall", json!({"query": "payments did not answer", "limit": 2})),
        (
            "record",
            json!({"title": "payments was gone", "date": "2024-05-02", "cause": ["payments"], "fault": "silent"}),
        ),
        ("memories", json!({"all": true})),
    ]
}

/// The texts that `seam mcp` gives.
fn through_mcp(folder: &Path, requests: &[(&str, Value)]) -> Vec<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seam"))
        .args(["mcp", "--no-cache"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut say = |message: Value| writeln!(input, "{message}").unwrap();
    let mut hear = || -> Value {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    };
    say(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}));
    hear();
    say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let mut texts = Vec::new();
    for (id, (name, request)) in requests.iter().enumerate() {
        let params = json!({"name": name, "arguments": request});
        say(json!({"jsonrpc": "2.0", "id": id + 1, "method": "tools/call", "params": params}));
        texts.push(hear()["result"]["content"][0]["text"].as_str().unwrap().to_owned());
    }
    drop(input);
    child.wait().unwrap();
    texts
}

#[test]
fn every_ask_gives_the_same_bytes_directly_through_mcp_and_through_lsp() {
    let folder = copy("bookshop");
    let contract = "syntax = \"proto3\";\npackage shop;\nmessage Order { int64 total = 1; }\n";
    std::fs::write(folder.path().join("shop.proto"), contract).unwrap();
    std::fs::create_dir_all(folder.path().join(".seam/memory")).unwrap();
    let memory = "---\nseam: 1\nkind: incident\ndate: 2024-05-01\ncause: [service/payments]\n---\n# payments was scaled to zero\n";
    std::fs::write(folder.path().join(".seam/memory/2024-05-01-payments.md"), memory).unwrap();
    let requests = requests();
    for ask in seam_engine::ASKS {
        assert!(requests.iter().any(|(name, _)| *name == ask.name), "`{}` has no request here", ask.name);
    }
    let mut client = Client::new(folder.path());
    for ((name, request), mcp) in requests.iter().zip(through_mcp(folder.path(), &requests)) {
        let direct = Command::new(env!("CARGO_BIN_EXE_seam"))
            .args(["ask", name, &request.to_string(), "--no-cache"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(direct.status.success(), "{name}: {}", String::from_utf8_lossy(&direct.stderr));
        let direct = String::from_utf8(direct.stdout).unwrap();
        let direct = direct.strip_suffix('\n').unwrap();
        let lsp = client.ask("seam/ask", json!({"name": name, "request": request}))["text"].clone();
        assert!(serde_json::from_str::<Value>(direct).unwrap()["version"].is_u64(), "{name}");
        assert_eq!(direct, mcp, "{name} through MCP");
        assert_eq!(direct, lsp.as_str().unwrap(), "{name} through LSP");
    }
}

#[test]
fn answers_to_models_are_bounded_in_bytes_and_say_what_is_left_out() {
    let folder = copy("bookshop");
    let asks = [
        ("at", json!({"path": "compose.yaml", "limit": 50, "bytes": 3000})),
        ("explain", json!({"what": "checkout", "limit": 50, "bytes": 3000})),
        ("explain", json!({"what": "rule/retry-storm", "limit": 50, "bytes": 1500})),
    ];
    for ((name, request), text) in asks.iter().zip(through_mcp(folder.path(), &asks)) {
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert!(!answer["left_out"].as_array().unwrap().is_empty(), "{name} {request}: {}", text.len());
        let most = request["bytes"].as_u64().unwrap() as usize;
        assert!(text.len() <= most * 5 / 4 + 600, "{name} {request}: {} bytes", text.len());
    }
}
