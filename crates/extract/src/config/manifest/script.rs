//! npm, and what shares its manifest.

use super::{depends, folder_name, module};
use crate::config::json;
use crate::config::tree::{Node, join};
use crate::{File, Sink};
use seam_facts::{ModuleKind, SmolStr, Span};

/// How a manifest says that a package stands in the same workspace.
const LOCAL: &[&str] = &["file:", "link:", "portal:", "workspace:"];

pub(super) fn package(file: &File<'_>, sink: &mut Sink) {
    if file.path.contains("node_modules/") {
        return;
    }
    let Some(root) = json::document(file.text, sink).filter(Node::is_map) else {
        return;
    };
    let name = root.entry("name").filter(|(_, n)| n.text().is_some());
    let at = name.map_or(Span::at(1, 1), |(key, _)| key.span);
    let mut uses: Vec<SmolStr> = Vec::new();
    for (group, development) in [("dependencies", false), ("optionalDependencies", false), ("devDependencies", true)] {
        for (key, node) in root.get(group).into_iter().flat_map(Node::entries) {
            let version = node.text().cloned();
            if let Some((kind, path)) =
                version.as_deref().and_then(|v| LOCAL.iter().find_map(|l| Some((*l, v.strip_prefix(l)?))))
            {
                uses.push(if kind == "workspace:" { key.text.clone() } else { path.into() });
            }
            depends(key.text.clone(), version, ModuleKind::Npm, development, join(key.span, node.span), sink);
        }
    }
    let scripts = root.get("scripts");
    let starts = scripts.into_iter().flat_map(Node::entries).any(|(k, _)| {
        let name = k.text.as_str();
        matches!(name, "start" | "serve") || name.starts_with("start:") || name.starts_with("serve:")
    });
    let library = root.get("workspaces").is_some();
    let runnable = if starts { Some(true) } else { library.then_some(false) };
    let name = name.and_then(|(_, n)| n.text().cloned()).unwrap_or_else(|| folder_name(file));
    module(name, ModuleKind::Npm, runnable, uses, at, sink);
}
