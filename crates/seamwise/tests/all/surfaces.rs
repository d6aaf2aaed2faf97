//! The surfaces: exit codes, errors that help, the same bytes everywhere, and schemas that tool clients accept.

#![expect(clippy::disallowed_methods, reason = "it runs the binary")]

use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn bookshop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workspaces/bookshop")
}

fn seam(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seam")).args(args).arg("--no-cache").current_dir(bookshop()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The answers of `seam mcp` to these requests, by their ids.
fn mcp(requests: &[Value]) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seam"))
        .args(["mcp", "--no-cache"])
        .current_dir(bookshop())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}});
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let mut input = child.stdin.take().unwrap();
    for message in [&hello, &ready].into_iter().chain(requests) {
        writeln!(input, "{message}").unwrap();
    }
    // The end of input is the end of the session; answers that are under way still come.
    drop(input);
    let output = child.wait_with_output().unwrap();
    let mut answers: Vec<Value> = text(&output.stdout).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    answers.sort_by_key(|a| a["id"].as_i64());
    answers.remove(0);
    answers
}

#[test]
fn commands_give_the_bytes_of_their_asks() {
    for (command, ask, request) in [
        (&["path", "checkout", "payments", "--json"][..], "path", json!({"from": "checkout", "to": "payments"})),
        (&["at", "checkout/src/server.js:16", "--json"], "at", json!({"path": "checkout/src/server.js", "line": 16})),
        (&["explain", "checkout", "--json"], "explain", json!({"what": "checkout"})),
        (&["services", "--json"], "services", json!({})),
    ] {
        assert_eq!(text(&seam(command).stdout), text(&seam(&["ask", ask, &request.to_string()]).stdout), "{ask}");
    }
}

#[test]
fn tools_have_schemas_that_clients_accept() {
    let answers = mcp(&[json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})]);
    let tools = answers[0]["result"]["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().map(|t| t["name"].as_str().unwrap()).collect();
    let few = [
        "system_overview",
        "find",
        "context",
        "diagnose",
        "at",
        "path",
        "impact",
        "plan",
        "verify",
        "findings",
        "explain",
        "drift",
        "recall",
        "record",
    ];
    assert_eq!(names, few);
    for tool in tools {
        let schema = tool["inputSchema"].to_string();
        assert!(!schema.contains("$schema") && !schema.contains("$ref"), "{schema}");
        assert_eq!(tool["inputSchema"]["type"], "object");
        assert!(!tool["description"].as_str().unwrap().is_empty());
    }
}

#[test]
fn prompts_hold_what_is_given_between_marks_and_pages_can_be_read() {
    let ask =
        |id: u32, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let answers = mcp(&[
        ask(1, "prompts/get", json!({"name": "debug_across_services", "arguments": {"error": "card declined"}})),
        ask(2, "prompts/get", json!({"name": "change_safely"})),
        ask(3, "resources/read", json!({"uri": "seam://service/checkout"})),
        ask(4, "resources/read", json!({"uri": "seam://service/chekout"})),
        ask(
            5,
            "completion/complete",
            json!({"ref": {"type": "ref/resource", "uri": "seam://service/{name}"},
            "argument": {"name": "name", "value": "ch"}}),
        ),
        ask(
            6,
            "completion/complete",
            json!({"ref": {"type": "ref/prompt", "name": "change_safely"},
            "argument": {"name": "task", "value": "ch"}}),
        ),
    ]);
    let text = answers[0]["result"]["messages"][0]["content"]["text"].as_str().unwrap();
    assert!(text.ends_with("<error>\ncard declined\n</error>") && text.contains("`context`"), "{text}");
    assert!(answers[1]["error"]["message"].as_str().unwrap().contains("needs `task`"));
    let page = answers[2]["result"]["contents"][0]["text"].as_str().unwrap();
    assert!(page.contains("POST /checkout/{basket}") && !page.contains('\u{1b}'), "{page}");
    assert_eq!(answers[4]["result"]["completion"]["values"], json!(["checkout"]));
    assert_eq!(answers[5]["result"]["completion"]["values"], json!([]));
    assert!(answers[3]["error"]["message"].as_str().unwrap().contains("did you mean `checkout`"), "{}", answers[3]);
}

#[test]
fn a_refusal_through_mcp_says_what_to_do_next() {
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "path", "arguments": {"from": "chekout", "to": "payments"}}});
    let answers = mcp(&[call]);
    assert_eq!(answers[0]["result"]["isError"], true);
    let said = answers[0]["result"]["content"][0]["text"].as_str().unwrap();
    assert!(said.contains("did you mean `checkout`"), "{said}");
}

#[test]
fn exit_codes_and_errors_help() {
    let unknown = seam(&["explain", "chekout"]);
    assert_eq!(unknown.status.code(), Some(2));
    let said = text(&unknown.stderr);
    assert!(said.starts_with("error: ") && said.contains("\nhelp: did you mean `checkout`"), "{said}");
    assert_eq!(seam(&["map", "no-such-folder"]).status.code(), Some(2));
    assert_eq!(seam(&["map", "compose.yaml"]).status.code(), Some(2));
    assert_eq!(seam(&["map", "--kind", "nonsense"]).status.code(), Some(2));
    assert_eq!(seam(&["map", "--profile", "nonsense"]).status.code(), Some(2));
    assert_eq!(seam(&["ask", "map", "{"]).status.code(), Some(2));
    assert_eq!(seam(&["nonsense"]).status.code(), Some(2));
    assert_eq!(seam(&["--help"]).status.code(), Some(0));
    let error = seam(&["path", "a", "b", "--json"]);
    let said: Value = serde_json::from_slice(&error.stderr).unwrap();
    assert_eq!(said["error"]["kind"], "unknown");
}

#[test]
fn names_are_found_by_any_part_of_them() {
    let hits = |args: &[&str]| -> Vec<Value> {
        let answer: Value = serde_json::from_slice(&seam(&[&["find", "--json"], args].concat()).stdout).unwrap();
        answer["hits"].as_array().unwrap().clone()
    };
    assert_eq!(hits(&["checkout"])[0]["key"], "service/checkout");
    assert_eq!(hits(&["/books/42"])[0]["name"], "GET /books/{isbn}");
    let topics = hits(&["orders.placed", "--kind", "operation"]);
    let by: Vec<&Value> = topics.iter().map(|h| &h["service"]).collect();
    assert_eq!(by, ["checkout", "mailer"], "who publishes it and who takes it");
    assert_eq!(hits(&["LEGACY_URL", "--kind", "finding"])[0]["kind"], "finding");
    assert_eq!(hits(&["unread-setting"])[0]["key"], "rule/unread-setting");
    assert_eq!(seam(&["find", "x", "--kind", "nonsense"]).status.code(), Some(2));
}

#[test]
fn context_keeps_its_budget_and_brings_both_sides() {
    let asked = |request: Value| -> Value {
        let output = seam(&["ask", "context", &request.to_string()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let (answer, size) = (serde_json::from_slice::<Value>(&output.stdout).unwrap(), output.stdout.len() - 1);
        let budget = answer["budget"].as_u64().unwrap();
        assert!(size as u64 <= budget * 4 && answer["tokens"].as_u64().unwrap() <= budget, "{size} of {budget}");
        answer
    };
    let paths = |answer: &Value| -> Vec<String> {
        answer["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap().to_owned()).collect()
    };
    let topic = asked(json!({"task": "who publishes orders.placed and who takes it?"}));
    let files = paths(&topic);
    let first: Vec<&str> = files.iter().take(2).map(String::as_str).collect();
    assert!(first.contains(&"checkout/src/orders.js") && first.contains(&"mailer/listen.py"), "{files:?}");
    assert!(topic["files"][0]["code"].as_str().unwrap().contains("| "), "lines are quoted with their numbers");
    let place = asked(json!({"path": "checkout/src/server.js", "line": 20}));
    assert!(paths(&place).contains(&"payments/main.go".to_owned()), "{place}");
    let diff = "+++ b/payments/main.go\n@@ -36,2 +36,3 @@\n x\n";
    assert!(
        paths(&asked(json!({"diff": diff}))).contains(&"checkout/src/server.js".to_owned()),
        "callers of what a diff changes"
    );
    let small = asked(json!({"service": "checkout", "budget": 1}));
    assert_eq!(small["budget"], 500, "there is a least");
    let nothing = seam(&["ask", "context", "{}"]);
    assert!(text(&nothing.stderr).contains("give `task`"), "{}", text(&nothing.stderr));
}

#[test]
fn secrets_stay_hidden_in_what_context_quotes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
    write("compose.yaml", "services:\n  shop:\n    build: .\n    environment:\n      SHOP_PASSWORD: hunter2-hunter2\n");
    write("main.py", "import os\n\nSHOP_PASSWORD = os.environ[\"SHOP_PASSWORD\"]\n");
    let output = seam(&["context", "rename", "SHOP_PASSWORD", "--json", "--in", folder.path().to_str().unwrap()]);
    let said = text(&output.stdout);
    assert!(said.contains("compose.yaml") && said.contains("main.py") && !said.contains("hunter2"), "{said}");
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    for format in ["table", "json", "edges", "mermaid", "dot", "svg", "html"] {
        let one = seam(&["map", "--format", format, "--threads", "1"]);
        let two = seam(&["map", "--format", format, "--threads", "4"]);
        assert!(one.status.success() && one.stdout == two.stdout, "{format}");
    }
}

#[test]
fn pictures_are_self_contained() {
    let html = text(&seam(&["map", "--format", "html"]).stdout);
    for word in ["http-equiv=\"Content-Security-Policy\"", "checkout/src/server.js", "data-node=\"checkout\""] {
        assert!(html.contains(word), "{word}");
    }
    for word in ["src=\"http", "href=\"http", "@import", "{{"] {
        assert!(!html.contains(word), "{word}");
    }
    let svg = text(&seam(&["map", "--format", "svg"]).stdout);
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
}

#[test]
fn init_writes_a_file_once_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    assert!(seam(&["init", path]).status.success());
    assert!(std::fs::read_to_string(folder.path().join("seam.toml")).unwrap().starts_with("# Seamwise"));
    let again = seam(&["init", path]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("exists already"));
}

#[test]
fn filters_keep_what_they_are_asked_for() {
    let answer = |args: &[&str]| -> Value {
        let output = seam(&[&["map", "--json"], args].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let one = answer(&["--service", "checkout"]);
    for i in one["interactions"].as_array().unwrap() {
        assert!(i["from"] == "checkout" || i["to"] == "checkout");
    }
    let http = answer(&["--kind", "http"]);
    assert!(!http["interactions"].as_array().unwrap().is_empty());
    assert!(http["interactions"].as_array().unwrap().iter().all(|i| i["kind"] == "http"));
    let stores = answer(&["--kind", "database"]);
    assert!(stores["nodes"].as_array().unwrap().iter().any(|n| n["name"] == "catalog-db"));
}

#[test]
fn preferred_names_go_through_everything() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        std::fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
        std::fs::write(folder.path().join(path), text).unwrap();
    };
    write("compose.yaml", "services:\n  aa-web:\n    build: ./web\n  zz-cart:\n    build: ./cart\n");
    write("web/main.py", "import requests\n\nrequests.get(\"http://zz-cart/items\")\n");
    write(
        "cart/main.py",
        "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get(\"/items\")\ndef items():\n    return []\n",
    );
    write("seam.toml", "[names]\nzz-cart = \"a-cart\"\naa-web = \"b-web\"\n");
    let path = folder.path().to_str().unwrap();
    let map: Value = serde_json::from_slice(&seam(&["map", "--json", path]).stdout).unwrap();
    let names: Vec<&str> = map["nodes"].as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a-cart", "b-web"]);
    assert_eq!(map["interactions"][0]["key"], "edge/b-web/http/a-cart");
    assert_eq!(map["interactions"][0]["operations"][0]["endpoint"], map["endpoints"][0]["key"]);
    let old = seam(&["explain", "zz-cart", "--in", path]);
    assert!(text(&old.stdout).contains("service/a-cart"), "{}", text(&old.stderr));
}
