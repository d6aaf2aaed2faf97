//! `seam lsp` as a client sees it: one test for each ability, on our own workspaces.

#![expect(clippy::disallowed_methods, reason = "it runs the binary")]

use crate::editor::{Client, copy, uri};
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

fn lines(client: &Client, places: &Value) -> Vec<String> {
    let root = format!("{}/", uri(&client.root));
    let line = |l: &Value| {
        let path = l["uri"].as_str().unwrap().strip_prefix(&root).unwrap().to_owned();
        let text = client.text(&path);
        let line = l["range"]["start"]["line"].as_u64().unwrap() as usize;
        format!("{path}: {}", text.lines().nth(line).unwrap().trim())
    };
    places.as_array().unwrap().iter().map(line).collect()
}

#[test]
fn lenses_tell_the_other_side() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    let mut titles = |path: &str| -> Vec<(u64, String)> {
        let document = json!({"textDocument": {"uri": client.uri(path)}});
        let lenses = client.ask("textDocument/codeLens", document);
        let one = |l: &Value| {
            assert_eq!(l["range"]["start"]["line"], l["range"]["end"]["line"]);
            (l["range"]["start"]["line"].as_u64().unwrap() + 1, l["command"]["title"].as_str().unwrap().to_owned())
        };
        lenses.as_array().unwrap().iter().map(one).collect()
    };
    let titles_of = |all: Vec<(u64, String)>| all.into_iter().map(|(_, t)| t).collect::<Vec<_>>().join("\n");
    let catalog = titles_of(titles("catalog/main.py"));
    assert!(catalog.contains("called by checkout · 2 s timeout"), "{catalog}");
    assert!(catalog.contains("reached through gateway"), "{catalog}");
    assert!(catalog.contains("set to postgresql://catalog@catalog-db:5432/books in compose.yaml"), "{catalog}");
    let orders = titles_of(titles("checkout/src/orders.js"));
    assert!(orders.contains("publishes orders.placed · consumed by mailer"), "{orders}");
    let compose = titles_of(titles("compose.yaml"));
    assert!(compose.contains("used by checkout and gateway · uses catalog-db"), "{compose}");
    let document = json!({"textDocument": {"uri": client.uri("checkout/src/orders.js")}});
    let lens = client.ask("textDocument/codeLens", document)[0]["command"].clone();
    assert_eq!(lens["command"], "seamwise.showPlaces");
    assert_eq!(lens["arguments"][1], json!({"path": "checkout/src/orders.js", "line": 12}));
    assert_eq!(lens["arguments"][2][0]["path"], "mailer/listen.py");
    client.tell("workspace/didChangeConfiguration", json!({"settings": {"seamwise": {"lens": false}}}));
    let document = json!({"textDocument": {"uri": client.uri("checkout/src/orders.js")}});
    assert_eq!(client.ask("textDocument/codeLens", document), json!([]));
}

#[test]
fn hovering_tells_the_same_in_detail_with_places() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    client.diagnostics();
    let hover = client.at("textDocument/hover", "catalog/main.py", "@app.get(\"/books/{isbn}\")");
    let said = hover["contents"]["value"].as_str().unwrap();
    assert!(said.contains("**`GET /books/{isbn}`** endpoint"), "{said}");
    let link = format!("[checkout/src/server.js:16]({}#L16)", client.uri("checkout/src/server.js"));
    assert!(said.contains(&link), "{said}");
    let hover = client.at("textDocument/hover", "compose.yaml", "LEGACY_URL");
    let said = hover["contents"]["value"].as_str().unwrap();
    assert!(said.contains("warning: `LEGACY_URL` is set for `checkout` and nothing reads it"), "{said}");
    assert_eq!(client.at("textDocument/hover", "catalog/main.py", "import"), Value::Null);
}

#[test]
fn jumps_lead_across_services_and_languages() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    client.diagnostics();
    let mut to = |method: &str, path: &str, needle: &str| {
        let mut params = client.place(path, needle);
        params["context"] = json!({"includeDeclaration": true});
        let places = client.ask(method, params);
        lines(&client, &places)
    };
    let call = to("textDocument/definition", "checkout/src/server.js", "/payments'");
    assert!(call.iter().any(|l| l.starts_with("payments/main.go: ") && l.contains("/payments")), "{call:?}");
    let callers = to("textDocument/references", "payments/main.go", "http.HandleFunc");
    assert!(callers.iter().any(|l| l.starts_with("checkout/src/server.js: ")), "{callers:?}");
    let consumers = to("textDocument/definition", "checkout/src/orders.js", "orders.placed");
    assert!(consumers.iter().any(|l| l.starts_with("mailer/listen.py: ")), "{consumers:?}");
    let set = to("textDocument/definition", "catalog/main.py", "DATABASE_URL");
    assert!(set.iter().any(|l| l.starts_with("compose.yaml: DATABASE_URL")), "{set:?}");
    let read = to("textDocument/references", "compose.yaml", "DATABASE_URL");
    assert!(read.iter().any(|l| l.starts_with("catalog/main.py: ")), "{read:?}");
    let named = to("textDocument/definition", "compose.yaml", "mailer:9999");
    assert!(named.iter().any(|l| l == "compose.yaml: mailer:"), "{named:?}");
}

#[test]
fn places_follow_texts_that_are_being_written() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    let text = client.text("payments/main.go");
    client.open("payments/main.go", &text);
    client.diagnostics();
    client.change("payments/main.go", 2, &format!("// one\n// two\n{text}"));
    let line = text.lines().position(|l| l.contains("http.HandleFunc")).unwrap() + 2;
    let place =
        json!({"textDocument": {"uri": client.uri("payments/main.go")}, "position": {"line": line, "character": 8}});
    let hover = client.ask("textDocument/hover", place);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("called by checkout"), "{hover}");
    assert_eq!(hover["range"]["start"]["line"], line);
}

#[test]
fn findings_can_be_accepted_and_explained() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    let all = client.diagnostics();
    let one = &all[&client.uri("compose.yaml")][0];
    let params = json!({"textDocument": {"uri": client.uri("compose.yaml")}, "range": one["range"], "context": {"diagnostics": [one]}});
    let actions = client.ask("textDocument/codeAction", params);
    let actions = actions.as_array().unwrap();
    let command = |a: &Value| a["command"]["command"].clone();
    assert_eq!(actions.iter().map(command).collect::<Vec<_>>(), ["seamwise.allow", "seamwise.explain"]);
    assert_eq!(actions[0]["diagnostics"], json!([one]));
    let key = actions[0]["command"]["arguments"][0].clone();
    assert_eq!(
        client.error("workspace/executeCommand", json!({"command": "seam.allow", "arguments": [key, " "]}))["code"],
        -32803
    );
    client.ask("workspace/executeCommand", json!({"command": "seam.allow", "arguments": [key, "old mailer reads it"]}));
    let edit = client.awaited(|m| m["method"] == "workspace/applyEdit");
    let edit = &edit["params"]["edit"]["changes"][client.uri("compose.yaml")][0];
    assert_eq!(edit["newText"], "      # seam: allow(unread-setting) old mailer reads it\n");
    let text = client.text("compose.yaml");
    let mut written: Vec<&str> = text.split_inclusive('\n').collect();
    written.insert(edit["range"]["start"]["line"].as_u64().unwrap() as usize, edit["newText"].as_str().unwrap());
    client.open("compose.yaml", &written.concat());
    assert!(client.diagnostics().is_empty());
}

#[test]
fn calls_are_followed_across_services() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    client.diagnostics();
    let items = client.at("textDocument/prepareCallHierarchy", "checkout/src/server.js", "'/payments'");
    assert_eq!((&items[0]["name"], &items[0]["detail"]), (&json!("POST /payments"), &json!("checkout calls payments")));
    let outgoing = client.ask("callHierarchy/outgoingCalls", json!({"item": items[0]}));
    let handler = &outgoing[0]["to"];
    assert_eq!(handler["uri"], client.uri("payments/main.go"));
    let incoming = client.ask("callHierarchy/incomingCalls", json!({"item": items[0]}));
    assert_eq!(incoming[0]["from"]["name"], "POST /checkout/{basket}");
    // On from the handler: what it calls in turn, and who leads to it.
    let on = client.ask("callHierarchy/outgoingCalls", json!({"item": handler}));
    assert_eq!(on[0]["to"]["detail"], "payments calls api.stripe.com");
    let back = client.ask("callHierarchy/incomingCalls", json!({"item": handler}));
    assert_eq!(back[0]["from"]["name"], "POST /payments");
    assert_eq!(client.at("textDocument/prepareCallHierarchy", "checkout/src/server.js", "const"), Value::Null);
}

#[test]
fn known_words_are_offered_where_they_fit() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    client.diagnostics();
    let mut offered = |path: &str, line: &str| -> Vec<String> {
        client.open(path, line);
        client.answer("services", json!({}));
        let character = line.encode_utf16().count();
        let place = json!({"textDocument": {"uri": client.uri(path)}, "position": {"line": 0, "character": character}});
        let items = client.ask("textDocument/completion", place);
        client.close(path);
        let label = |i: &Value| {
            let at = i["textEdit"]["range"]["start"]["character"].as_u64().unwrap() as usize;
            format!("{}{}", line.chars().skip(at).collect::<String>() + ">", i["label"].as_str().unwrap())
        };
        items.as_array().unwrap().iter().map(label).collect()
    };
    assert!(offered("new.js", "axios.get('http://pay").contains(&"pay>payments".to_owned()));
    assert_eq!(offered("new.js", "axios.get('http://catalog:8000/bo"), ["/bo>/books", "/bo>/books/{isbn}"]);
    assert!(offered("new.js", "channel.consume('orders.").contains(&"orders.>orders.placed".to_owned()));
    assert!(offered("checkout/src/new.js", "process.env.CAT").contains(&"CAT>CATALOG_URL".to_owned()));
    assert!(offered("more.yaml", "      URL: http://").contains(&">catalog".to_owned()));
    assert!(offered("new.js", "axios.ge").is_empty());
}

#[test]
fn addresses_are_told_beside_what_leaves_them_open() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    let document = json!({"textDocument": {"uri": client.uri("checkout/src/server.js")}, "range": {
        "start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}});
    let hints = client.ask("textDocument/inlayHint", document);
    let labels: Vec<&str> = hints.as_array().unwrap().iter().map(|h| h["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["→ baskets", "→ catalog:8000", "→ payments:8090"]);
}

#[test]
fn symbols_of_the_whole_system_are_found() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    client.diagnostics();
    let found = client.ask("workspace/symbol", json!({"query": "payments"}));
    let first = &found[0];
    assert_eq!((&first["name"], &first["location"]["uri"]), (&json!("payments"), &json!(client.uri("compose.yaml"))));
    assert_eq!(client.ask("workspace/symbol", json!({"query": ""})), json!([]));
}

#[test]
fn options_decide_what_is_shown() {
    let folder = copy("bookshop");
    let mut client = Client::with(folder.path(), json!({"rules": {"off": ["unread-setting"]}}), json!({}));
    assert!(client.diagnostics().is_empty());
    client.tell("workspace/didChangeConfiguration", json!({"settings": {"seamwise": {}}}));
    let all = client.diagnostics();
    let key = all[&client.uri("compose.yaml")][0]["data"]["key"].clone();
    client.write("known.json", &json!({"version": 1, "findings": [key]}).to_string());
    client.tell("workspace/didChangeConfiguration", json!({"settings": {"seamwise": {"baseline": "known.json"}}}));
    assert!(client.diagnostics().is_empty());
    client.tell("workspace/didChangeConfiguration", json!({"settings": {"seamwise": {"severity": "error"}}}));
    assert!(client.diagnostics().is_empty());
    client.tell("workspace/didChangeConfiguration", json!({"settings": {"seamwise": {"profile": "nowhere"}}}));
    client.answer("services", json!({}));
    client.awaited(|m| m["method"] == "seam/status" && m["params"]["health"] == "warning");
}

#[test]
fn folders_come_and_go() {
    let (one, two) = (copy("bookshop"), copy("parcel"));
    let mut client = Client::new(one.path());
    let alone = client.answer("services", json!({}))["counts"]["services"].as_u64().unwrap();
    let other = uri(&two.path().canonicalize().unwrap());
    let event = json!({"added": [{"uri": other, "name": "two"}], "removed": []});
    client.tell("workspace/didChangeWorkspaceFolders", json!({"event": event}));
    let both = client.answer("services", json!({}))["counts"]["services"].as_u64().unwrap();
    assert!(both > alone, "{both} {alone}");
    let told = client
        .awaited(|m| m["method"] == "seam/changed" && m["params"]["roots"].as_array().is_some_and(|r| r.len() == 2));
    assert_eq!(told["params"]["roots"][1]["uri"], other);
    let event = json!({"added": [], "removed": [{"uri": other, "name": "two"}]});
    client.tell("workspace/didChangeWorkspaceFolders", json!({"event": event}));
    assert_eq!(client.answer("services", json!({}))["counts"]["services"], alone);
    assert_eq!(client.end(), Some(0));
}

#[test]
fn positions_are_counted_as_agreed() {
    let folder = copy("bookshop");
    let text = std::fs::read_to_string(folder.path().join("compose.yaml")).unwrap();
    let text = text.replace("      LEGACY_URL: http://mailer:9999", "      LEGACY_URL: \"http://mailer:9999/ü𝄞\" # x");
    std::fs::write(folder.path().join("compose.yaml"), &text).unwrap();
    for (encoding, width) in [("utf-8", 6), ("utf-16", 3), ("utf-32", 2)] {
        let capabilities = json!({"general": {"positionEncodings": [encoding]}});
        let mut client = Client::with(folder.path(), json!({}), capabilities);
        assert_eq!(client.welcome["capabilities"]["positionEncoding"], encoding);
        let all = client.diagnostics();
        let end = all[&client.uri("compose.yaml")][0]["range"]["end"]["character"].as_u64().unwrap();
        assert_eq!(end, "      LEGACY_URL: \"http://mailer:9999/\" # x".len() as u64 + width, "{encoding}");
    }
}

#[test]
fn what_is_cancelled_is_answered_once() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    let ids: Vec<i64> = (0..20).map(|_| client.request("seam/ask", json!({"name": "map"}))).collect();
    for id in &ids {
        client.tell("$/cancelRequest", json!({"id": id}));
    }
    client.tell("$/cancelRequest", json!({"id": 4711}));
    for id in ids {
        let response = client.response(id);
        assert!(response["result"].is_object() || response["error"]["code"] == -32800, "{response}");
    }
    assert!(client.seen.iter().all(|m| m.get("id").is_none() || m.get("method").is_some()));
    assert_eq!(client.end(), Some(0));
}
