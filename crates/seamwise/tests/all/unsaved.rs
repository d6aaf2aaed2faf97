//! What nobody has saved yet, as the editor tells it before it is.

use crate::editor::{Client, copy};
use serde_json::json;

const FILE: &str = "catalog/main.py";

/// Titles that are about what is not saved.
fn titles(client: &mut Client, path: &str) -> Vec<String> {
    let document = json!({"textDocument": {"uri": client.uri(path)}});
    let lenses = client.ask("textDocument/codeLens", document);
    let titles = lenses.as_array().unwrap().iter().map(|l| l["command"]["title"].as_str().unwrap().to_owned());
    titles.filter(|t| t.starts_with("unsaved")).collect()
}

fn page(client: &mut Client) -> String {
    client.ask("seam/draw", json!({"format": "plan"}))["text"].as_str().unwrap().to_owned()
}

#[test]
fn lenses_and_a_page_tell_whom_an_unsaved_change_breaks() {
    let folder = copy("bookshop");
    let mut client = Client::new(folder.path());
    let text = client.text(FILE);
    assert!(text.contains("/books/{isbn}"));
    client.open(FILE, &text);
    assert_eq!(titles(&mut client, FILE), Vec::<String>::new());
    assert!(page(&mut client).contains("Every open document is saved"));

    let moved = text.replacen("/books/{isbn}", "/titles/{isbn}", 1);
    client.change(FILE, 2, &moved);
    let said = titles(&mut client, FILE);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("GET /books/{isbn} is GET /titles/{isbn} now · breaks checkout, gateway"), "{said:?}");
    assert_eq!(titles(&mut client, "compose.yaml"), Vec::<String>::new());
    let shown = page(&mut client);
    assert!(shown.contains("1 breaking") && shown.contains("checkout"), "{shown}");

    // A comment changes nothing for others; what is saved is not unsaved any more.
    client.change(FILE, 3, &format!("# nothing\n{text}"));
    assert_eq!(titles(&mut client, FILE), Vec::<String>::new());
    client.change(FILE, 4, &moved);
    assert_eq!(titles(&mut client, FILE).len(), 1);
    client.write(FILE, &moved);
    let event = json!({"uri": client.uri(FILE), "type": 2});
    client.tell("textDocument/didSave", json!({"textDocument": {"uri": client.uri(FILE)}}));
    client.tell("workspace/didChangeWatchedFiles", json!({"changes": [event]}));
    assert_eq!(titles(&mut client, FILE), Vec::<String>::new());

    // Something else changes on disk while a document is not saved: that is not told as its doing.
    client.change(FILE, 5, &text);
    assert_eq!(titles(&mut client, FILE).len(), 1);
    let compose = client.text("compose.yaml");
    client.write("compose.yaml", &compose.replace("LEGACY_URL", "LEGACY_ADDRESS"));
    let event = json!({"uri": client.uri("compose.yaml"), "type": 2});
    client.tell("workspace/didChangeWatchedFiles", json!({"changes": [event]}));
    let shown = page(&mut client);
    assert!(shown.contains("/titles/{isbn}") && !shown.contains("LEGACY"), "{shown}");
    assert_eq!(client.end(), Some(0));
}
