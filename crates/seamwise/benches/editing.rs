//! Editing as an editor sees it: how long after an edit its diagnostics come, how long hovers and jumps take, and what the
//! server holds in the end. `SEAM_BENCH=FOLDER cargo bench -p seamwise --bench editing`; `SEAM_EDITS=N` edits (1,000 unless given).

#![expect(clippy::disallowed_methods, reason = "it runs the binary and measures time")]

#[path = "../tests/all/editor.rs"]
mod editor;

use editor::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Files that are edited in turn.
const FILES: usize = 40;

fn main() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse().ok());
    let edits: usize = number("SEAM_EDITS").unwrap_or(1_000);
    let bookshop = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../workspaces/bookshop");
    let root = std::env::var_os("SEAM_BENCH").map_or(bookshop, PathBuf::from);
    let begun = Instant::now();
    let mut client = Client::new(&root);
    let map = client.answer("map", json!({}));
    println!("opened {} files in {:.1?}", map["counts"]["files"], begun.elapsed());
    let places = places(&map);
    let mut texts: BTreeMap<String, (i64, String)> = BTreeMap::new();
    let (mut shown, mut hovers, mut jumps) = (Vec::new(), Vec::new(), Vec::new());
    let (mut lenses, mut impacts) = (Vec::new(), Vec::new());
    for turn in 0..edits {
        let (path, line) = &places[turn % places.len()];
        if !texts.contains_key(path) {
            let text = client.text(path);
            client.open(path, &text);
            texts.insert(path.clone(), (1, text));
        }
        let Some((version, text)) = texts.get_mut(path) else { continue };
        *version += 1;
        // A line comes and goes above the place, so that everything below it moves; and what is asked for there changes.
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        let gone = lines.first().is_some_and(String::is_empty);
        if gone {
            lines.remove(0);
        } else {
            lines.insert(0, String::new());
        }
        let at = *line as usize - usize::from(gone);
        if let Some(said) = lines.get_mut(at) {
            *said = if gone { said.replace("/moved-", "/") } else { said.replacen('/', "/moved-", 1) };
        }
        *text = lines.join("\n");
        client.seen.clear();
        let begun = Instant::now();
        client.change(path, *version, text);
        client.awaited(|m| m["method"] == "textDocument/publishDiagnostics" && m["params"]["version"] == *version);
        shown.push(begun.elapsed());
        let document = json!({"uri": client.uri(path)});
        lenses.push(timed(&mut client, "textDocument/codeLens", json!({"textDocument": document.clone()})));
        // The lenses tell whom what is not saved breaks.
        impacts.push(begun.elapsed());
        let place = json!({"textDocument": document, "position": {"line": line, "character": 12}});
        hovers.push(timed(&mut client, "textDocument/hover", place.clone()));
        jumps.push(timed(&mut client, "textDocument/definition", place));
    }
    let all = [("edit to diagnostics", shown), ("edit to impact", impacts), ("hover", hovers), ("definition", jumps)];
    for (name, times) in all.into_iter().chain([("lens", lenses)]) {
        report(name, times);
    }
    println!("memory after {edits} edits: {}", client.memory());
    println!("exit code {:?}", client.end());
}

/// Places of operations in code, one for each file.
fn places(map: &Value) -> Vec<(String, u64)> {
    let operations = map["interactions"].as_array().into_iter().flatten();
    let operations = operations.flat_map(|i| i["operations"].as_array().into_iter().flatten());
    let mut out = BTreeMap::new();
    for at in operations.map(|o| &o["at"]) {
        if let (Some(path), Some(line)) = (at["path"].as_str(), at["line"].as_u64()) {
            out.entry(path.to_owned()).or_insert(line);
        }
    }
    out.into_iter().take(FILES).collect()
}

fn timed(client: &mut Client, method: &str, params: Value) -> Duration {
    let begun = Instant::now();
    client.ask(method, params);
    begun.elapsed()
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!("{name}: p50 {:.1?}, p95 {:.1?}, most {:.1?}", at(0.5), at(0.95), at(1.0));
}
