//! Names that a script's own import paths have: `paths` and `baseUrl` of TypeScript's configuration. See `aliases.md`.

use super::json;
use super::tree::Node;
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Constant, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "script-paths",
    version: 1,
    page: include_str!("aliases.md"),
    reads: Reads::Files { wants, extract },
};

fn wants(file: &File<'_>) -> bool {
    let name = file.name();
    (name.starts_with("tsconfig") || name.starts_with("jsconfig"))
        && name.ends_with(".json")
        && !file.path.contains("node_modules/")
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = json::document(file.text, sink).filter(Node::is_map) else {
        return;
    };
    let Some(options) = root.get("compilerOptions") else {
        return;
    };
    let base = options.entry("baseUrl").and_then(|(key, node)| Some((node.text()?.trim_end_matches('/'), key.span)));
    let mut state = |pattern: &str, target: &str, at: Span| {
        let symbol = format_smolstr!("{pattern}.<path>");
        sink.inferred(Claim::Constant(Constant { symbol, value: Value::text(target) }), at);
    };
    for (key, targets) in options.get("paths").into_iter().flat_map(Node::entries) {
        for target in targets.texts() {
            match base {
                Some((base, _)) => state(&key.text, &format!("{base}/{}", target.trim_start_matches("./")), key.span),
                None => state(&key.text, &target, key.span),
            }
        }
    }
    if let Some((base, at)) = base {
        state("*", &format!("{base}/*"), at);
    }
}
