//! `seam lsp` as a client sees it: one test for each ability, on our own workspaces.

#![expect(clippy::disallowed_methods, reason = "it runs the binary")]

mod editor;

use editor::{Client, copy, uri};
use serde_json::{Value, json};

#[test]
fn opens_answers_and_ends_as_the_protocol_says() {
    let folder = copy("bookshop");
    let mut client = Client::silent(folder.path());
    assert_eq!(client.error("textDocument/hover", json!({}))["code"], -32002);
    client.tell("textDocument/didOpen", json!({"nonsense": true}));
    let root = uri(&client.root);
    let welcome = client.ask("initialize", json!({"processId": null, "rootUri": root, "capabilities": {}}));
    assert_eq!(welcome["serverInfo"]["name"], "seamwise");
    assert_eq!(welcome["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(welcome["capabilities"]["experimental"]["roots"], json!([{"uri": root, "prefix": ""}]));
    assert_eq!(client.error("initialize", json!({}))["code"], -32600);
    assert_eq!(client.error("no/such", json!({}))["code"], -32601);
    assert_eq!(client.error("seam/ask", json!({"nome": 1}))["code"], -32602);
    client.ask("shutdown", Value::Null);
    assert_eq!(client.error("seam/ask", json!({"name": "map"}))["code"], -32600);
    client.tell("exit", Value::Null);
    assert_eq!(client.code(), Some(0));

    let mut rude = Client::new(folder.path());
    rude.tell("exit", Value::Null);
    assert_eq!(rude.code(), Some(1));
    let mut gone = Client::silent(folder.path());
    assert_eq!(gone.code(), Some(1));
}

#[test]
fn goes_on_after_garbage() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    client.bytes(b"Content-Length: 9\r\n\r\n{\"id\": 7,GET / HTTP/1.1\r\n\r\n");
    assert_eq!(client.awaited(|m| m["error"]["code"] == -32700)["id"], Value::Null);
    client.send(&json!({"jsonrpc": "2.0", "id": [1], "method": "seam/ask"}));
    client.awaited(|m| m["error"]["code"] == -32600);
    for uri in ["untitled:Untitled-1", "file:///elsewhere/x.py", "http://a/b.yaml", "", "%%%"] {
        client.tell(
            "textDocument/didOpen",
            json!({"textDocument": {"uri": uri, "languageId": "x", "version": 1, "text": "x"}}),
        );
        client.tell(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri, "version": 2}, "contentChanges": [
            {"range": {"start": {"line": 9, "character": 9}, "end": {"line": 0, "character": 0}}, "text": "y"}]}),
        );
        client.tell("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }
    assert_eq!(client.answer("services", json!({}))["counts"]["services"], 5);
    assert_eq!(client.end(), Some(0));
}

#[test]
fn asks_are_answered_and_refusals_say_what_to_do() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    assert_eq!(
        client.answer("path", json!({"from": "checkout", "to": "payments"}))["ways"].as_array().unwrap().len(),
        1
    );
    let error = client.error("seam/ask", json!({"name": "explain", "request": {"what": "chekout"}}));
    assert_eq!(error["data"]["kind"], "unknown");
    assert!(error["data"]["hint"].as_str().unwrap().contains("did you mean `checkout`"), "{error}");
}

#[test]
fn findings_are_diagnostics_with_their_chains() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    let all = client.diagnostics();
    let one = &all[&client.uri("compose.yaml")][0];
    assert_eq!(
        (&one["code"], &one["source"], &one["severity"]),
        (&json!("unread-setting"), &json!("seamwise"), &json!(2))
    );
    let line = client.text("compose.yaml").lines().position(|l| l.contains("LEGACY_URL")).unwrap();
    assert_eq!(one["range"]["start"]["line"], line);
    assert_eq!(one["range"]["end"]["line"], line);
    assert!(!one["relatedInformation"].as_array().unwrap().is_empty());
    assert!(one["data"]["key"].as_str().unwrap().starts_with("finding/unread-setting/"));
    let status = client.awaited(|m| m["method"] == "seam/status" && m["params"]["indexing"] == false);
    assert_eq!(status["params"]["warnings"], 1);
}

#[test]
fn texts_that_are_not_saved_count_until_they_are_closed() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    let before = client.diagnostics();
    let text = client.text("compose.yaml");
    client.open("compose.yaml", &text);
    assert_eq!(client.diagnostics(), before);
    client.change("compose.yaml", 2, &text.replace("      LEGACY_URL: http://mailer:9999\n", ""));
    assert!(client.diagnostics().is_empty());
    let last = client.seen.iter().rev().find(|m| m["method"] == "textDocument/publishDiagnostics").unwrap();
    assert_eq!(last["params"]["version"], 2);
    client.close("compose.yaml");
    assert_eq!(client.diagnostics(), before);
    // A file that is not on disk at all.
    client.open("legacy/main.py", "import os\n\nos.environ[\"LEGACY_URL\"]\n");
    client.change("compose.yaml", 3, "");
    client.diagnostics();
    assert_eq!(client.answer("at", json!({"path": "legacy/main.py"}))["facts"].as_array().unwrap().len(), 1);
    client.close("legacy/main.py");
    assert_eq!(
        client.error("seam/ask", json!({"name": "at", "request": {"path": "legacy/main.py"}}))["data"]["kind"],
        "unknown"
    );
    assert_eq!(client.end(), Some(0));
}

#[test]
fn changes_on_disk_are_seen() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    client.diagnostics();
    let text = client.text("compose.yaml");
    client.write("compose.yaml", &text.replace("      LEGACY_URL: http://mailer:9999\n", ""));
    client.awaited(|m| m["method"] == "textDocument/publishDiagnostics" && m["params"]["diagnostics"] == json!([]));
    client.write("seam.toml", "[detect.rules]\nunread-setting = \"error\"\n");
    client.write("compose.yaml", &text);
    client.awaited(|m| m["params"]["diagnostics"][0]["severity"] == 1);
    std::fs::remove_dir_all(client.root.join("checkout")).unwrap();
    client.awaited(|m| m["method"] == "seam/status" && m["params"]["files"].as_u64().is_some_and(|f| f > 0 && f < 14));
}
