//! PHP, Ruby and Elixir.

use super::{depends, folder_name, line_span, module, quoted};
use crate::config::json;
use crate::config::tree::Node;
use crate::{File, Sink};
use seam_facts::{ModuleKind, SmolStr, Span};

pub(super) fn composer(file: &File<'_>, sink: &mut Sink) {
    if file.path.contains("vendor/") {
        return;
    }
    let Some(root) = json::document(file.text, sink) else {
        return;
    };
    for (group, development) in [("require", false), ("require-dev", true)] {
        for (key, node) in root.get(group).into_iter().flat_map(Node::entries) {
            if key.text.contains('/') {
                depends(key.text.clone(), node.text().cloned(), ModuleKind::Composer, development, key.span, sink);
            }
        }
    }
    let repositories = root.get("repositories").into_iter().flat_map(Node::items);
    let local = repositories.filter(|r| r.text_at(&["type"]).is_some_and(|t| t == "path"));
    let uses = local.filter_map(|r| r.text_at(&["url"]).cloned()).collect();
    let named = root.entry("name").and_then(|(k, n)| Some((n.text()?.clone(), k.span)));
    let (name, at) = named.unwrap_or_else(|| (folder_name(file), Span::at(1, 1)));
    let runnable = root.text_at(&["type"]).and_then(|t| match t.as_str() {
        "project" => Some(true),
        "library" => Some(false),
        _ => None,
    });
    module(name, ModuleKind::Composer, runnable, uses, at, sink);
}

pub(super) fn gemfile(file: &File<'_>, sink: &mut Sink) {
    let mut uses: Vec<SmolStr> = Vec::new();
    let mut development = false;
    for (index, line) in file.text.lines().enumerate() {
        let code = line.split(" #").next().unwrap_or("").trim();
        if code.starts_with("group ") {
            development = !code.contains(":default") && !code.contains("production");
        } else if code == "end" {
            development = false;
        }
        let Some((name, rest)) = code.strip_prefix("gem ").or_else(|| code.strip_prefix("gem(")).and_then(quoted)
        else {
            continue;
        };
        if let Some((path, _)) = rest.split_once("path").and_then(|(_, p)| quoted(p)) {
            uses.push(path.into());
        }
        let version =
            quoted(rest).map(|(v, _)| v).filter(|v| v.contains(|c: char| c.is_ascii_digit()) && !v.contains('/'));
        depends(name, version.map(SmolStr::from), ModuleKind::Gem, development, line_span(index, line), sink);
    }
    module(folder_name(file), ModuleKind::Gem, None, uses, Span::at(1, 1), sink);
}

pub(super) fn mix(file: &File<'_>, sink: &mut Sink) {
    let mut name = None;
    let mut runnable = None;
    let mut uses: Vec<SmolStr> = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let code = line.split(" #").next().unwrap_or("").trim();
        let at = line_span(index, line);
        if let Some(app) = code.strip_prefix("app: :") {
            name = name.or_else(|| Some((SmolStr::from(app.trim_end_matches(',')), at)));
        }
        if code.starts_with("mod: {") {
            runnable = Some(true);
        }
        if let Some(dep) = code.trim_start_matches('[').trim_start().strip_prefix("{:") {
            let (package, rest) = dep.split_once(',').unwrap_or((dep, ""));
            let package = package.trim_end_matches('}').trim();
            if rest.contains("in_umbrella: true") {
                uses.push(package.into());
            }
            if let Some((path, _)) = rest.split_once("path:").and_then(|(_, p)| quoted(p)) {
                uses.push(path.into());
            }
            let version = quoted(rest).map(|(v, _)| v).filter(|v| v.contains(|c: char| c.is_ascii_digit()));
            let development =
                rest.contains("only: [:dev") || rest.contains("only: :test") || rest.contains("only: :dev");
            depends(package, version.map(SmolStr::from), ModuleKind::Mix, development, at, sink);
        }
    }
    let (name, at) = name.unwrap_or_else(|| (folder_name(file), Span::at(1, 1)));
    module(name, ModuleKind::Mix, runnable, uses, at, sink);
}
