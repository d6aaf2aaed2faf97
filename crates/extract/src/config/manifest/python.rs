//! Python: requirements, pyproject (PEP 621, Poetry, uv), Pipfile, setup.py.

use super::{depends, folder_name, line_span, module, quoted};
use crate::config::toml;
use crate::config::tree::{Key, Node};
use crate::{File, Sink};
use seam_facts::{ModuleKind, SmolStr, Span};

pub(super) fn requirements(file: &File<'_>, sink: &mut Sink) {
    let development = ["dev", "test", "lint", "doc"].iter().any(|d| file.name().contains(d));
    let mut uses: Vec<SmolStr> = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let code = line.split(" #").next().unwrap_or("").trim();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        let path = code.strip_prefix("-e ").or_else(|| code.strip_prefix("--editable ")).map_or(code, str::trim);
        if path.starts_with('.') {
            uses.push(path.split('[').next().unwrap_or(path).into());
        } else if !code.starts_with('-') && !path.contains("://") {
            requirement(path, development, line_span(index, line), sink);
        }
    }
    if matches!(file.name(), "requirements.txt" | "requirements.in") {
        module(folder_name(file), ModuleKind::Python, None, uses, Span::at(1, 1), sink);
    }
}

/// `name[extra]>=1.0; marker`.
fn requirement(text: &str, development: bool, at: Span, sink: &mut Sink) {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.split(';').next().unwrap_or("");
    let rest = rest.split_once(']').map_or(rest, |(_, after)| after).trim();
    let version = rest.split([' ', '\\', '#']).next().unwrap_or("").trim_start_matches("==");
    depends(name, (!version.is_empty()).then(|| version.into()), ModuleKind::Python, development, at, sink);
}

pub(super) fn pyproject(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = toml::document(file.text, sink) else {
        return;
    };
    let poetry = root.path(&["tool", "poetry"]);
    let mut uses = Vec::new();
    for item in root.path(&["project", "dependencies"]).into_iter().flat_map(Node::items) {
        if let Some(text) = item.text() {
            requirement(text, false, item.span, sink);
        }
    }
    let groups = root.path(&["project", "optional-dependencies"]).into_iter().chain(root.get("dependency-groups"));
    for item in groups.flat_map(Node::entries).flat_map(|(_, group)| group.items()) {
        if let Some(text) = item.text() {
            requirement(text, true, item.span, sink);
        }
    }
    for (key, node) in poetry.and_then(|p| p.get("dependencies")).into_iter().flat_map(Node::entries) {
        package(key, node, false, &mut uses, sink);
    }
    let groups = poetry.and_then(|p| p.get("group")).into_iter().flat_map(Node::entries);
    let groups = groups.filter_map(|(_, g)| g.get("dependencies"));
    for (key, node) in groups.chain(poetry.and_then(|p| p.get("dev-dependencies"))).flat_map(Node::entries) {
        package(key, node, true, &mut uses, sink);
    }
    for (key, source) in root.path(&["tool", "uv", "sources"]).into_iter().flat_map(Node::entries) {
        match source.text_at(&["path"]) {
            Some(path) => uses.push(path.clone()),
            None if source.get("workspace").is_some_and(Node::is_true) => uses.push(key.text.clone()),
            None => {}
        }
    }
    let named = root.get("project").and_then(|p| p.entry("name")).or_else(|| poetry.and_then(|p| p.entry("name")));
    let Some((key, name)) = named.filter(|_| root.get("project").is_some() || poetry.is_some()) else {
        return;
    };
    let scripts = root.path(&["project", "scripts"]).or_else(|| poetry.and_then(|p| p.get("scripts")));
    let name = name.text().cloned().unwrap_or_else(|| folder_name(file));
    module(name, ModuleKind::Python, scripts.map(|_| true), uses, key.span, sink);
}

fn package(key: &Key, node: &Node, development: bool, uses: &mut Vec<SmolStr>, sink: &mut Sink) {
    if key.text == "python" {
        return;
    }
    uses.extend(node.text_at(&["path"]).cloned());
    let version = node.text().or_else(|| node.text_at(&["version"])).filter(|v| *v != "*").cloned();
    depends(key.text.clone(), version, ModuleKind::Python, development, key.span, sink);
}

pub(super) fn pipfile(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = toml::document(file.text, sink) else {
        return;
    };
    let mut uses = Vec::new();
    for (group, development) in [("packages", false), ("dev-packages", true)] {
        for (key, node) in root.get(group).into_iter().flat_map(Node::entries) {
            package(key, node, development, &mut uses, sink);
        }
    }
    module(folder_name(file), ModuleKind::Python, None, uses, Span::at(1, 1), sink);
}

/// A program, of which only literal names are read.
pub(super) fn setup(file: &File<'_>, sink: &mut Sink) {
    let mut name = None;
    let mut listing = false;
    for (index, line) in file.text.lines().enumerate() {
        let code = line.split('#').next().unwrap_or("").trim();
        let at = line_span(index, line);
        if name.is_none() && (code.starts_with("name=") || code.starts_with("name =") || code.contains("setup(name=")) {
            name = quoted(code).map(|(n, _)| (SmolStr::from(n), at));
        }
        let starts = code.starts_with("install_requires");
        if starts || listing {
            let mut rest = code;
            while let Some((text, after)) = quoted(rest) {
                requirement(text, false, at, sink);
                rest = after;
            }
            listing = (starts && code.contains('[') || listing) && !code.contains(']');
        }
    }
    if let Some((name, at)) = name {
        module(name, ModuleKind::Python, None, Vec::new(), at, sink);
    }
}
