//! A client that does anything in any order: the server never dies, and in the end it says what a server says that was started
//! on the same texts.

#![expect(clippy::disallowed_methods, reason = "it runs the binary")]

use crate::editor::{Client, copy};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const FILES: &[&str] = &[
    "compose.yaml",
    "checkout/src/server.js",
    "checkout/src/addresses.js",
    "catalog/main.py",
    "mailer/listen.py",
    "seam.toml",
    "new/main.py",
    "node_modules/x.js",
];

const METHODS: &[&str] = &[
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/codeLens",
    "textDocument/codeAction",
    "textDocument/inlayHint",
    "textDocument/completion",
    "textDocument/prepareCallHierarchy",
    "callHierarchy/incomingCalls",
    "workspace/symbol",
    "workspace/executeCommand",
    "seam/ask",
    "seam/nothing",
];

#[derive(Clone, Debug)]
enum Act {
    Open(usize, usize),
    Replace(usize, usize),
    /// File, from line and column, to line and column, new text.
    Edit(usize, (u32, u32), (u32, u32), String),
    Close(usize),
    Save(usize, usize),
    Ask(usize, usize, (u32, u32)),
    Cancel(i64),
    Garbage(Vec<u8>),
    Nonsense(usize, usize),
    /// Waits: what came before is one state, and not one burst with what follows.
    Settle,
}

fn acts() -> impl Strategy<Value = Act> {
    let file = 0..FILES.len();
    let place = (0..30_u32, 0..40_u32);
    let text = prop_oneof![
        Just(String::new()),
        Just("\n".to_owned()),
        Just("ü𝄞".to_owned()),
        Just("  # x\n".to_owned()),
        "[a-z:{}\"' \n]{0,12}",
    ];
    prop_oneof![
        3 => (file.clone(), 0..6_usize).prop_map(|(f, v)| Act::Open(f, v)),
        3 => (file.clone(), 0..6_usize).prop_map(|(f, v)| Act::Replace(f, v)),
        6 => (file.clone(), place.clone(), place.clone(), text).prop_map(|(f, a, b, t)| Act::Edit(f, a, b, t)),
        2 => file.clone().prop_map(Act::Close),
        2 => (file.clone(), 0..6_usize).prop_map(|(f, v)| Act::Save(f, v)),
        5 => (0..METHODS.len(), file.clone(), place).prop_map(|(m, f, p)| Act::Ask(m, f, p)),
        2 => (0..40_i64).prop_map(Act::Cancel),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Act::Garbage),
        6 => Just(Act::Settle),
        1 => (0..4_usize, file).prop_map(|(n, f)| Act::Nonsense(n, f)),
    ]
}

/// One of a few texts that a file may have.
fn variant(original: &str, which: usize) -> String {
    match which {
        0 => original.to_owned(),
        1 => String::new(),
        2 => original.lines().filter(|l| !l.contains("LEGACY_URL")).map(|l| format!("{l}\n")).collect(),
        3 => format!("\n\n{original}"),
        4 => original.lines().take(12).map(|l| format!("{l}\r\n")).collect(),
        _ => original.replace("http", "ht tp"),
    }
}

/// The place of a position, counted in UTF-16, by the slow and simple way.
fn offset(text: &str, (line, column): (u32, u32)) -> usize {
    let mut start = 0;
    for _ in 0..line {
        match text[start..].find('\n') {
            Some(at) => start += at + 1,
            None => return text.len(),
        }
    }
    let rest = text[start..].split('\n').next().unwrap().trim_end_matches('\r');
    let mut units = 0;
    for (at, c) in rest.char_indices() {
        units += c.len_utf16() as u32;
        if units > column {
            return start + at;
        }
    }
    start + rest.len()
}

struct Model {
    client: Client,
    open: BTreeMap<usize, (i64, String)>,
    asked: Vec<i64>,
}

impl Model {
    fn original(file: usize) -> String {
        let at = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workspaces/bookshop").join(FILES[file]);
        let other = "import os\n\nos.environ[\"LEGACY_URL\"]\n".to_owned();
        std::fs::read_to_string(at).unwrap_or(if FILES[file] == "seam.toml" {
            "[detect]\ndepth = 3\n".to_owned()
        } else {
            other
        })
    }

    fn act(&mut self, act: Act) {
        // Mostly what is changed is open; that it need not be is tried by `Nonsense`, and by the file that is never read.
        if let Act::Replace(file, _) | Act::Edit(file, ..) = act
            && file + 1 < FILES.len()
            && !self.open.contains_key(&file)
        {
            self.act(Act::Open(file, 0));
        }
        match act {
            Act::Open(file, which) => {
                let text = variant(&Model::original(file), which);
                self.client.open(FILES[file], &text);
                self.open.insert(file, (1, text));
            }
            Act::Replace(file, which) => {
                let text = variant(&Model::original(file), which);
                let version = self.open.get(&file).map_or(9, |(v, _)| v + 1);
                self.client.change(FILES[file], version, &text);
                self.open.entry(file).and_modify(|o| *o = (version, text));
            }
            Act::Edit(file, from, to, new) => {
                let position = |(line, character)| json!({"line": line, "character": character});
                let version = self.open.get(&file).map_or(9, |(v, _)| v + 1);
                let change = json!({"range": {"start": position(from), "end": position(to)}, "text": new});
                let document = json!({"uri": self.client.uri(FILES[file]), "version": version});
                self.client
                    .tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]}));
                if let Some((known, text)) = self.open.get_mut(&file) {
                    let (a, b) = (offset(text, from), offset(text, to));
                    text.replace_range(a.min(b)..a.max(b), &new);
                    *known = version;
                }
            }
            Act::Close(file) => {
                self.client.close(FILES[file]);
                self.open.remove(&file);
            }
            Act::Save(file, which) => {
                self.client.write(FILES[file], &variant(&Model::original(file), which));
                let uri = self.client.uri(FILES[file]);
                self.client.tell("textDocument/didSave", json!({"textDocument": {"uri": uri}}));
            }
            Act::Ask(method, file, (line, character)) => {
                let uri = self.client.uri(FILES[file]);
                let position = json!({"line": line, "character": character});
                let params = json!({
                    "textDocument": {"uri": uri}, "position": position, "range": {"start": position, "end": position},
                    "context": {"diagnostics": [], "includeDeclaration": true}, "query": "a", "name": "detect",
                    "command": "seam.allow", "arguments": ["finding/x"],
                    "item": {"data": {"path": FILES[file], "line": line}},
                });
                let id = self.client.request(METHODS[method], params);
                self.asked.push(id);
            }
            Act::Cancel(id) => self.client.tell("$/cancelRequest", json!({"id": id})),
            Act::Garbage(bytes) => {
                self.client.bytes(format!("Content-Length: {}\r\n\r\n", bytes.len()).as_bytes());
                self.client.bytes(&bytes);
            }
            Act::Settle => {
                self.client.answer("services", json!({}));
            }
            Act::Nonsense(which, file) => {
                let uri = ["", "untitled:x", "http://a/b", "file:///nowhere/a.py"][which];
                self.client.tell("textDocument/didOpen", json!({"textDocument": {"uri": uri, "text": "x"}}));
                self.client.tell(
                    "textDocument/didChange",
                    json!({"textDocument": {"uri": uri}, "contentChanges": [{"text": "y"}]}),
                );
                self.client.tell("textDocument/didChange", json!({"textDocument": FILES[file]}));
                self.client.tell("workspace/didChangeWatchedFiles", json!({"changes": [{"uri": uri, "type": 3}]}));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ends_where_a_new_server_begins(acts in prop::collection::vec(acts(), 5..60)) {
        let folder = copy("bookshop");
        let mut model = Model { client: Client::new(folder.path()), open: BTreeMap::new(), asked: Vec::new() };
        for act in acts {
            model.act(act);
        }
        let shown = model.client.diagnostics();
        for id in std::mem::take(&mut model.asked) {
            let response = model.client.response(id);
            prop_assert_ne!(&response["error"]["code"], &json!(-32603), "{}", response);
        }
        let mut other = Client::new(folder.path());
        for (file, (_, text)) in &model.open {
            other.open(FILES[*file], text);
        }
        prop_assert_eq!(shown, other.diagnostics());
        let map = |client: &mut Client| -> Value { client.answer("map", json!({"all": true})) };
        prop_assert_eq!(map(&mut model.client), map(&mut other));
        prop_assert_eq!(model.client.end(), Some(0));
    }
}
