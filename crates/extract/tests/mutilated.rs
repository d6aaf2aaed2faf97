//! Half-written, cut and shuffled files: readers of configuration and contracts keep what they can and never break.

use seam_extract::{File, Reads, all, extract};

/// The example files of every page of a file extractor: path and text.
fn examples() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for extractor in all().filter(|e| matches!(e.reads, Reads::Files { .. })) {
        let mut open: Option<(String, String)> = None;
        for line in extractor.page.lines() {
            if let Some((path, text)) = &mut open {
                if line.starts_with("```") {
                    out.push((std::mem::take(path), std::mem::take(text)));
                    open = None;
                } else {
                    text.push_str(line);
                    text.push('\n');
                }
            } else if let Some((_, path)) = line.split_once(" file=").filter(|(fence, _)| fence.starts_with("```")) {
                open = Some((path.trim().to_owned(), String::new()));
            }
        }
    }
    out.sort();
    out.dedup();
    out
}

fn check(path: &str, text: &str) {
    let facts = extract(&File { path, text });
    let lines = text.lines().count() as u32 + 1;
    for fact in &facts.facts {
        assert!(fact.at.line <= lines, "{path}: a fact stands at line {} of {lines}: {}", fact.at.line, fact.claim);
    }
}

/// A small generator of numbers that are the same in every run.
fn next(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn cut_files_keep_readers_whole() {
    for (path, text) in examples() {
        for end in (0..text.len()).step_by(11).filter(|i| text.is_char_boundary(*i)) {
            check(&path, &text[..end]);
            check(&path, &text[end..]);
        }
    }
}

#[test]
fn noise_keeps_readers_whole() {
    let noise =
        ["{", "}", "[", "]", "\"", "'", "\\", "é", "${", "#", "\n", ":", "=", "<", "%", "\u{0}", "\t", "&a *a", "🙂"];
    let mut state = 7;
    for (path, text) in examples() {
        for _ in 0..40 {
            let mut chars: Vec<String> = text.chars().map(String::from).collect();
            for _ in 0..6 {
                let at = next(&mut state) % chars.len().max(1);
                let word = noise[next(&mut state) % noise.len()];
                match next(&mut state) % 3 {
                    0 => chars.insert(at.min(chars.len()), word.to_owned()),
                    1 if at < chars.len() => chars[at] = word.to_owned(),
                    _ if at < chars.len() => drop(chars.remove(at)),
                    _ => {}
                }
            }
            check(&path, &chars.concat());
        }
    }
}

#[test]
fn deep_and_long_files_end() {
    let mut kinds: Vec<String> = Vec::new();
    for (path, _) in examples() {
        // One file of each ending is enough: what matters is that time grows with size only.
        let ending = path.rsplit('/').next().unwrap_or(&path).rsplit('.').next().unwrap_or("").to_owned();
        if kinds.contains(&ending) {
            continue;
        }
        kinds.push(ending);
        for piece in ["{", "[", "a: ", "a {\n", "<a>", "- ", "service x {", "(", "${a:", "location / {", "x\\\n"] {
            check(&path, &piece.repeat(8_000));
        }
    }
}

/// Loops over what is made of their own variables, in every language that has such loops: each question ends.
#[test]
fn loops_that_come_back_to_themselves_end() {
    let script = "const express = require('express');
const app = express();
function f(items) {
  for (const item of item.children) { app.use(item.path, item.handler); }
  for (const a of b) { for (const b of a) { app.get(a.url, b.url); } }
  list = list.filter(list => list.x);
  list.forEach(list => { list.forEach(x => app.use(x.y, list.z)); });
  return items.forEach(items => app.use(items.path));
}
let tree = tree.nodes;
for (const node of tree) { tree = node.children; app.use(node.path, tree); }
";
    let python = "import requests
def f(nodes):
    for node in node.children:
        requests.get(node['url'])
    for a in b:
        for b in a.items():
            requests.get(a['url'] + b[1])
    tree = [tree for tree in tree.nodes]
    for tree in tree.values():
        requests.get(tree.url)
";
    let go = "package main
import \"net/http\"
func main() {
\tfor _, node := range node.Children {
\t\thttp.Get(node.URL)
\t}
\tfor _, a := range b {
\t\tfor _, b := range a {
\t\t\thttp.Get(a.URL + b.URL)
\t\t}
\t}
}
";
    for (path, text) in [("a.js", script), ("a.ts", script), ("a.py", python), ("a.go", go)] {
        check(path, text);
    }
}
