//! Something is read from another service and written back as though nobody else had been there. See `check_then_act.md`.

use crate::course::served_by;
use crate::effects::words;
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, SmolStr, Span, Steps};
use seam_graph::{Certainty, EdgeKind, Evidence, NodeKind, Operation};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "check-then-act",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("check_then_act.md"),
    find,
};

/// An operation as one function orders it.
struct Asked {
    line: u32,
    through: SmolStr,
    operation: Operation,
}

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    last_writes(cx, out);
    // Several deployables may be built from one code.
    let mut places = BTreeSet::new();
    for (node, it) in cx.graph.nodes.iter().enumerate() {
        if it.kind != NodeKind::Service {
            continue;
        }
        let (names, calls) = cx.flows().functions(node);
        let mut own: BTreeMap<(&str, &str), Vec<Operation>> = BTreeMap::new();
        for edge in cx.outgoing(node).iter().filter(|e| cx.edge(**e).kind == EdgeKind::Http) {
            for (detail, d) in cx.edge(*edge).details.iter().enumerate() {
                let operation = Operation { edge: *edge, detail };
                own.entry((&d.at.path, &d.within)).or_default().push(operation);
            }
        }
        if own.is_empty() {
            continue;
        }
        let mut files: BTreeMap<&SmolStr, BTreeMap<&SmolStr, usize>> = BTreeMap::new();
        for (index, (path, symbol)) in names.iter().enumerate() {
            files.entry(path).or_default().entry(symbol).or_insert(index);
        }
        for (path, symbols) in &files {
            for fact in cx.facts(path) {
                let Claim::Steps(steps) = &fact.claim else { continue };
                let Some((symbol, index)) = symbols.get_key_value(&steps.within) else { continue };
                // Blocks at the top of a file of Ruby (`get '/' do … end`) are a course each.
                let blocks = steps.within.is_empty() && path.ends_with(".rb");
                if blocks || guarded(steps) {
                    continue;
                }
                let (path, symbol, index) = (*path, *symbol, *index);
                let asked = asked(cx, steps, (path, symbol), &calls[index], names, &own);
                let Some((read, write)) = pair(cx, steps, &asked) else { continue };
                if places.insert((path.clone(), write.line)) {
                    out.push(draft(cx, node, (path, symbol, steps.lines), read, write));
                }
            }
        }
    }
}

/// A state that is read with its version, changed and tried to be saved, by options that let the last writer win: the attempt always
/// succeeds, whatever was written in between (Dapr's `TrySave…` and `ConcurrencyMode`).
fn last_writes(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut told = BTreeSet::new();
    for (node, it) in cx.graph.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Service) {
        for path in it.own.iter().filter(|p| !seam_graph::is_test(p)) {
            let facts = cx.facts(path);
            let options = facts.iter().find(|f| match &f.claim {
                Claim::Constant(c) => {
                    c.symbol.ends_with("Concurrency") && {
                        let value = c.value.to_string();
                        value.contains("LastWrite") || value.contains("last-write") || value.contains("LAST_WRITE")
                    }
                }
                _ => false,
            });
            let tries: Vec<&seam_facts::Fact> = facts
                .iter()
                .filter(|f| match &f.claim {
                    Claim::Pass(p) => {
                        let name = p.callee.rsplit(['.', '#']).next().unwrap_or_default();
                        name.starts_with("TrySave") && !p.args.is_empty()
                    }
                    _ => false,
                })
                .collect();
            let (Some(options), Some(first)) = (options, tries.first()) else { continue };
            if !told.insert(path) {
                continue;
            }
            let service = cx.name(node);
            let at = cx.evidence(path, options, "the last writer wins");
            let mut draft = Draft::new(
                format!("{service} last write {path}"),
                &at,
                format!("`{service}` tries to save what it has read, by options that let the last writer win"),
            )
            .why(
                "The attempt is there to fail when somebody else has written since the state was read. With the last write winning it never \
                 fails: of two requests at a time, the changes of one are gone, and neither learns of it.",
            )
            .help("use first-write-wins, so that the attempt fails and is made again on what is there now")
            .about([it.key.clone()])
            .link(&at, "the last writer wins");
            for attempt in tries.iter().take(3) {
                draft =
                    draft.link(&cx.evidence(path, attempt, "saved here"), "saved here, as though it could be refused");
            }
            let _ = first;
            out.push(draft);
        }
    }
}

/// A version, a condition or a lock in the function's own words.
fn guarded(steps: &Steps) -> bool {
    const WORDS: &[&str] = &[
        "lock",
        "locked",
        "acquire",
        "etag",
        "version",
        "revision",
        "cas",
        "match",
        "compare",
        "mutex",
        "redlock",
        "synchronized",
    ];
    steps.calls.iter().any(|(_, name)| words(name).iter().any(|w| WORDS.contains(&w.as_str())))
}

/// What a function asks for itself, and what the functions that it calls ask for.
fn asked(
    cx: &Cx<'_>,
    steps: &Steps,
    (path, symbol): (&str, &str),
    callees: &[usize],
    names: &[(SmolStr, SmolStr)],
    own: &BTreeMap<(&str, &str), Vec<Operation>>,
) -> Vec<Asked> {
    let holds = |line: u32| steps.lines.0 <= line && line <= steps.lines.1;
    let mut out = Vec::new();
    for operation in own.get(&(path, symbol)).into_iter().flatten() {
        let line = cx.detail(*operation).at.at.line;
        if holds(line) {
            out.push(Asked { line, through: SmolStr::default(), operation: *operation });
        }
    }
    for callee in callees {
        let (file, other) = &names[*callee];
        let Some(operations) = own.get(&(file.as_str(), other.as_str())) else { continue };
        let name = crate::effects::last(other);
        let Some((line, _)) = steps.calls.iter().find(|(_, n)| n == name) else { continue };
        // A function that asks for several things is a course of its own.
        if let [operation] = operations.as_slice() {
            out.push(Asked { line: *line, through: name.into(), operation: *operation });
        }
    }
    out.sort_by_key(|a| (a.line, a.operation));
    out
}

/// A read of an entity and a later write of the very same one.
fn pair<'s>(cx: &Cx<'_>, steps: &Steps, asked: &'s [Asked]) -> Option<(&'s Asked, &'s Asked)> {
    let within = |(from, to): (u32, u32), line: u32| from <= line && line <= to;
    let follows = |a: u32, b: u32| a < b && !steps.never.iter().any(|(x, y)| within(*x, a) && within(*y, b));
    for write in asked {
        let Some((method, path)) = cx.detail(write.operation).operation.split_once(' ') else { continue };
        if !matches!(method, "PUT" | "PATCH") || !path.contains('{') {
            continue;
        }
        let reads = |a: &&Asked| {
            let read = cx.detail(a.operation).operation.strip_prefix("GET ");
            read.is_some_and(|read| entity(read) == entity(path))
                && cx.edge(a.operation.edge).to == cx.edge(write.operation.edge).to
                && follows(a.line, write.line)
        };
        if let Some(read) = asked.iter().rfind(reads) {
            return Some((read, write));
        }
    }
    None
}

/// A path with nameless parameters; what only asks for more of it is left out.
fn entity(path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let parts = path.split('/').filter(|p| !p.is_empty());
    parts.map(|p| if p.contains('{') { "{}" } else { p }).collect::<Vec<_>>().join("/")
}

fn draft(
    cx: &Cx<'_>,
    node: usize,
    (path, symbol, lines): (&SmolStr, &SmolStr, (u32, u32)),
    read: &Asked,
    write: &Asked,
) -> Draft {
    let name = cx.name(node);
    let to = cx.name(cx.edge(write.operation.edge).to);
    let what = |a: &Asked| cx.detail(a.operation).operation.clone();
    let (got, put) = (what(read), what(write));
    let place = |line: u32, says: &str| Evidence {
        at: Span::at(line, 1),
        path: path.clone(),
        says: says.into(),
        by: "regions".into(),
    };
    let way = |a: &Asked| if a.through.is_empty() { String::new() } else { format!(" through `{}`", a.through) };
    let entry = served_by(cx, node, path, symbol, lines, write.operation);
    let mut draft = Draft::new(
        format!("{name} {symbol} {put}"),
        &place(write.line, &put),
        format!("`{name}` reads `{got}` of `{to}` and writes it back with `{put}`, without a version or a lock"),
    )
    .why(format!(
        "Two that run at once both read the old state, and the later `{put}` undoes the earlier one: a lost update that no log \
         shows. The time between the two is at least one round trip to `{to}`, longer when `{to}` is slow."
    ))
    .help(format!(
        "let `{to}` make the change itself (one request that says what to change), or send back the version that was read \
         (`ETag` and `If-Match`) and begin anew on 409 or 412"
    ))
    .about([cx.edge(write.operation.edge).key.clone()])
    .certainty(cx.detail(write.operation).certainty)
    .certainty(cx.detail(read.operation).certainty);
    if let Some(entry) = &entry {
        draft = draft.link(&entry.at, format!("`{name}` serves {}", entry.name));
    }
    draft = draft
        .link(&place(read.line, &got), format!("reads `{got}`{}", way(read)))
        .link(&place(write.line, &put), format!("writes `{put}`{}", way(write)));
    for asked in [read, write] {
        if !asked.through.is_empty() {
            draft = draft.link(&cx.detail(asked.operation).at, format!("here it asks for `{}`", what(asked)));
            draft = draft.certainty(Certainty::Inferred);
        }
    }
    let endpoint = cx.detail(write.operation).endpoint.as_ref().and_then(|k| seam_graph::endpoint_of(cx.graph, k));
    match endpoint {
        Some(index) => draft.link(cx.graph.endpoints[index].proof.first(), format!("`{to}` answers `{put}`")),
        None => draft,
    }
}
