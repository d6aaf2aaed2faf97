//! Go, Rust and CMake.

use super::{depends, folder_name, line_span, module};
use crate::config::toml;
use crate::config::tree::Node;
use crate::{File, Sink};
use seam_facts::{ModuleKind, SmolStr, Span};

pub(super) fn go(file: &File<'_>, sink: &mut Sink) {
    let mut name: SmolStr = folder_name(file);
    let mut at = Span::at(1, 1);
    let mut uses = Vec::new();
    let mut block = "";
    for (index, line) in file.text.lines().enumerate() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let code = code.trim();
        if code == ")" {
            block = "";
            continue;
        }
        let (word, rest) = match block {
            "" => code.split_once(char::is_whitespace).unwrap_or((code, "")),
            word => (word, code),
        };
        let rest = rest.trim();
        if rest == "(" {
            block = word;
            continue;
        }
        match word {
            "module" if !rest.is_empty() => {
                name = rest.trim_matches('"').into();
                at = line_span(index, line);
            }
            "require" if !comment.trim().starts_with("indirect") => {
                let mut words = rest.split_whitespace();
                if let Some(package) = words.next() {
                    let version = words.next().map(SmolStr::from);
                    depends(package, version, ModuleKind::Go, false, line_span(index, line), sink);
                }
            }
            "replace" => {
                let target = rest.split_once("=>").map(|(_, to)| to.trim()).unwrap_or("");
                if target.starts_with('.') {
                    uses.push(target.split_whitespace().next().unwrap_or(target).into());
                }
            }
            _ => {}
        }
    }
    module(name, ModuleKind::Go, None, uses, at, sink);
}

pub(super) fn cargo(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = toml::document(file.text, sink) else {
        return;
    };
    let mut uses = Vec::new();
    let targets = root.get("target").into_iter().flat_map(Node::entries).map(|(_, t)| t);
    for table in std::iter::once(&root).chain(targets) {
        for (group, development) in [("dependencies", false), ("build-dependencies", true), ("dev-dependencies", true)]
        {
            for (key, node) in table.get(group).into_iter().flat_map(Node::entries) {
                uses.extend(node.text_at(&["path"]).cloned());
                let version = node.text().or_else(|| node.text_at(&["version"])).cloned();
                let package = node.text_at(&["package"]).unwrap_or(&key.text).clone();
                depends(package, version, ModuleKind::Cargo, development, key.span, sink);
            }
        }
    }
    if let Some((key, node)) = root.get("package").and_then(|p| p.entry("name")) {
        let runnable = root.get("bin").is_some().then_some(true);
        module(node.text().cloned().unwrap_or_default(), ModuleKind::Cargo, runnable, uses, key.span, sink);
    }
}

pub(super) fn cmake(file: &File<'_>, sink: &mut Sink) {
    let mut name = None;
    let mut runnable = None;
    for (index, line) in file.text.lines().enumerate() {
        let code = line.split('#').next().unwrap_or("").trim();
        let lower = code.to_ascii_lowercase();
        let argument = || {
            let inner = code.split_once('(')?.1;
            inner.split([' ', ')', '\t']).find(|w| !w.is_empty()).map(SmolStr::from)
        };
        if lower.starts_with("project(") || lower.starts_with("project (") {
            name = name.or_else(|| Some((argument()?, line_span(index, line))));
        } else if lower.starts_with("add_executable") {
            runnable = Some(true);
        } else if lower.starts_with("find_package") {
            depends(argument().unwrap_or_default(), None, ModuleKind::Cmake, false, line_span(index, line), sink);
        }
    }
    if let Some((name, at)) = name {
        module(name, ModuleKind::Cmake, runnable, Vec::new(), at, sink);
    }
}
