//! What an editor mends: fixes of findings, and `seam.toml` while it is written.

use crate::editor::{Client, copy};
use serde_json::{Value, json};

#[test]
fn a_fix_mends_what_its_finding_says() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    let text = client.text("compose.yaml").replace("http://catalog:8000", "http://catalogs:8000");
    client.open("compose.yaml", &text);
    let all = client.diagnostics();
    let uri = client.uri("compose.yaml");
    let about = |d: &&Value| d["code"] == "unknown-host";
    let one = all[&uri].as_array().unwrap().iter().find(about).unwrap().clone();
    let params = json!({"textDocument": {"uri": uri}, "range": one["range"], "context": {"diagnostics": [one]}});
    let actions = client.ask("textDocument/codeAction", params.clone());
    let fix = actions.as_array().unwrap().iter().find(|a| a["edit"].is_object()).unwrap();
    assert_eq!(
        (&fix["kind"], &fix["isPreferred"], &fix["diagnostics"]),
        (&json!("quickfix"), &json!(true), &json!([one]))
    );
    assert!(fix["title"].as_str().unwrap().contains("catalog"), "{fix}");
    let edits = fix["edit"]["changes"][&uri].as_array().unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for edit in edits {
        let at = |end: &str, what: &str| edit["range"][end][what].as_u64().unwrap() as usize;
        assert_eq!(at("start", "line"), at("end", "line"));
        let (start, end) = (at("start", "character"), at("end", "character"));
        lines[at("start", "line")].replace_range(start..end, edit["newText"].as_str().unwrap());
    }
    let mended = lines.join("\n") + "\n";
    assert!(mended.contains("CATALOG_URL: http://catalog:8000"), "{mended}");
    client.change("compose.yaml", 2, &mended);
    let rest = client.diagnostics();
    assert!(!rest[&uri].as_array().unwrap().iter().any(|d| about(&d)), "the finding is gone");
    let nothing = client.ask("textDocument/codeAction", params);
    assert!(nothing.as_array().unwrap().iter().all(|a| !a["edit"].is_object()), "and so is its fix: {nothing}");
}

#[test]
fn settings_are_checked_and_completed_while_they_are_written() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    client.open("seam.toml", "[detect]\nattemps = 3\n");
    let all = client.diagnostics();
    let told = &all[&client.uri("seam.toml")][0];
    assert_eq!(told["range"], json!({"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 7}}));
    assert!(told["message"].as_str().unwrap().contains("did you mean `attempts`"), "{told}");
    client.change("seam.toml", 2, "[aliases]\nshop = \"pay");
    client.diagnostics();
    let place = json!({"textDocument": {"uri": client.uri("seam.toml")}, "position": {"line": 1, "character": 11}});
    let items = client.ask("textDocument/completion", place);
    let labels: Vec<&Value> = items.as_array().unwrap().iter().map(|i| &i["textEdit"]["newText"]).collect();
    assert!(labels.contains(&&json!("\"payments\"")), "{items}");
    assert_eq!(items[0]["textEdit"]["range"]["start"], json!({"line": 1, "character": 7}));
    client.change("seam.toml", 3, "[aliases]\nshop = \"payments\"\n");
    assert!(!client.diagnostics().contains_key(&client.uri("seam.toml")));
    client.close("seam.toml");
    client.write("seam.toml", "nmae = 1\n");
    client.tell("workspace/didChangeWatchedFiles", json!({"changes": [{"uri": client.uri("seam.toml"), "type": 1}]}));
    assert!(client.diagnostics().contains_key(&client.uri("seam.toml")), "files that are not open are checked too");
}
