//! Open documents: opened, changed, closed.
//!
//! Invariant: whatever order messages come in, a document's text is what the last understood message says. A change of a document
//! that is not open, or of one that lies nowhere in the workspace, changes nothing there.

use super::keeper::Task;
use super::position::Text;
use super::shared::{Document, Shared};
use gen_lsp_types::{Range, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Open {
    text_document: Item,
}

#[derive(Deserialize)]
struct Item {
    uri: Uri,
    #[serde(default)]
    version: i32,
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    text_document: Versioned,
    content_changes: Vec<Changed>,
}

#[derive(Deserialize)]
struct Versioned {
    uri: Uri,
    #[serde(default)]
    version: i32,
}

/// Without a range the text is the whole document's.
#[derive(Deserialize)]
struct Changed {
    range: Option<Range>,
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Close {
    text_document: Named,
}

#[derive(Deserialize)]
struct Named {
    uri: Uri,
}

/// Parameters that cannot be read are told in the log: a notification has no answer.
fn read<T: DeserializeOwned>(shared: &Shared, params: Value) -> Option<T> {
    serde_json::from_value(params).map_err(|error| shared.log(1, &format!("a change of a document: {error}"))).ok()
}

pub fn open(shared: &Shared, params: Value) {
    let Some(Open { text_document: Item { uri, version, text } }) = read(shared, params) else { return };
    let path = shared.path(&uri);
    let text = Text::new(text.into());
    let mut desk = shared.desk();
    if let Some(path) = path.clone() {
        shared.tell(Task::Text { path, text: Some(text.text.clone()) });
    }
    desk.documents.insert(uri.to_string(), Document { uri, path, version, text });
}

pub fn change(shared: &Shared, params: Value) {
    let Some(Change { text_document, content_changes }) = read(shared, params) else { return };
    let mut desk = shared.desk();
    let Some(document) = desk.documents.get_mut(text_document.uri.as_str()) else {
        drop(desk);
        return shared.log(2, &format!("`{}` was changed and is not open", text_document.uri));
    };
    let mut text = document.text.clone();
    for Changed { range, text: new } in content_changes {
        text = match range {
            Some(range) => text.changed(range, &new, shared.encoding),
            None => Text::new(new.into()),
        };
    }
    document.version = text_document.version;
    document.text = text.clone();
    if let Some(path) = document.path.clone() {
        shared.tell(Task::Text { path, text: Some(text.text) });
    }
}

pub fn close(shared: &Shared, params: Value) {
    let Some(Close { text_document: Named { uri } }) = read(shared, params) else { return };
    let mut desk = shared.desk();
    if let Some(Document { path: Some(path), .. }) = desk.documents.remove(uri.as_str()) {
        shared.tell(Task::Text { path, text: None });
    }
}
