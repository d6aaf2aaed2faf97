//! A failed change elsewhere is logged and forgotten. See `swallowed_error.md`.

use crate::effects::{Change, alters, change, entry, is_courtesy, is_page, last, pages, said, topic};
use crate::keeping::names_keeping;
use crate::work::{Start, deeds};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Fact, Region, RegionKind, SmolStr};
use seam_graph::{Certainty, EdgeKind, Evidence, NodeKind, Operation, endpoint_of, is_test};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub static RULE: Rule = Rule {
    id: "swallowed-error",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("swallowed_error.md"),
    find,
};

/// Functions between the clause and the operation: further away, names tell too little.
const DEPTH: usize = 3;
/// Operations shown of one clause.
const SHOWN: usize = 4;

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    // What is done on each line of each file.
    let mut places: HashMap<&str, Vec<(u32, Operation)>> = HashMap::new();
    for (operation, _, detail) in cx.operations() {
        places.entry(&detail.at.path).or_default().push((detail.at.at.line, operation));
    }
    let in_browser = pages(cx);
    let mut taken: HashMap<usize, Vec<Taken>> = HashMap::new();
    let mut seen: BTreeSet<(SmolStr, (u32, u32))> = BTreeSet::new();
    for (id, node) in cx.graph.nodes.iter().enumerate() {
        if !matches!(node.kind, NodeKind::Service | NodeKind::Gateway) || cx.outgoing(id).is_empty() {
            continue;
        }
        for path in node.own.iter().chain(&node.libraries) {
            for fact in cx.facts(path) {
                let Claim::Region(region) = &fact.claim else { continue };
                if region.kind != RegionKind::Swallows || seen.contains(&(path.clone(), region.lines)) {
                    continue;
                }
                // What an outbox could not hand on stays there, and is handed on in the next round.
                let kept = names_keeping(path) || names_keeping(&region.within);
                let held = held(cx, id, path, region, &places);
                let message = |(o, _): &(Operation, _)| matches!(change(cx, *o), Some(Change::Message));
                if held.is_empty() {
                    if !is_test(path)
                        && let Some(draft) = unasked(cx, id, (path, fact, region), places.get(path.as_str()))
                    {
                        seen.insert((path.clone(), region.lines));
                        let page = in_browser.contains(&id) || is_page(path);
                        out.push(if page { draft.severity(Severity::Note) } else { draft });
                        continue;
                    }
                    let handlers = taken.entry(id).or_insert_with(|| handlers(cx, id));
                    if !kept
                        && !is_test(path)
                        && let Some(draft) = lost(cx, id, (path, fact, region), handlers, places.get(path.as_str()))
                    {
                        seen.insert((path.clone(), region.lines));
                        // One consumer with several clauses of the kind is told once.
                        match out.iter_mut().find(|d| d.subject == draft.subject) {
                            Some(known) => {
                                let more = known.clone().link(&draft.at, "and here");
                                *known = more;
                            }
                            None => out.push(draft),
                        }
                    }
                    continue;
                }
                if kept && held.iter().all(message) && !marks(cx, path, region) {
                    continue;
                }
                seen.insert((path.clone(), region.lines));
                let browser = in_browser.contains(&id) || is_page(path);
                let at = cx.evidence(path, fact, "the error ends here");
                out.push(draft(cx, id, region, &at, &held, browser));
            }
        }
    }
    crate::undecoded::undecoded(cx, out);
}

/// A consumer, with the functions that handle its messages.
struct Taken {
    operation: Operation,
    runs: BTreeSet<(SmolStr, SmolStr)>,
}

fn handlers(cx: &Cx<'_>, node: usize) -> Vec<Taken> {
    let own = cx.outgoing(node).iter().filter(|e| cx.edge(**e).kind == EdgeKind::QueueConsume);
    let all = own.flat_map(|e| (0..cx.edge(*e).details.len()).map(|detail| Operation { edge: *e, detail }));
    let of = |operation: Operation| {
        let detail = cx.detail(operation);
        let runs = cx.flows().runs(node, &detail.at.path, &detail.within, None);
        Taken { operation, runs: runs.into_iter().map(|(path, symbol, _)| (path, symbol)).collect() }
    };
    all.map(of).collect()
}

/// What handling a message is for fails, and the message counts as handled.
fn lost(
    cx: &Cx<'_>,
    node: usize,
    (path, fact, region): (&SmolStr, &Fact, &Region),
    handlers: &[Taken],
    places: Option<&Vec<(u32, Operation)>>,
) -> Option<Draft> {
    let here = (path.clone(), region.within.clone());
    let taken = handlers.iter().find(|t| t.runs.contains(&here))?.operation;
    let start = Start { node, path, within: &region.within, names: &region.names, lines: region.lines };
    let all = deeds(cx, start);
    // What a sidecar stores is asked of it by a call.
    let stored = |o: &Operation| {
        let (edge, detail) = (cx.edge(o.edge), cx.detail(*o));
        edge.from == node && matches!(edge.kind, EdgeKind::Db | EdgeKind::Cache) && detail.at.says.starts_with("call ")
    };
    let (what, done, near) = match all.iter().find(|d| d.way.len() <= DEPTH) {
        Some(deed) => (deed.says(cx), deed.at.clone(), deed.way.is_empty()),
        None => {
            let mut here = places.into_iter().flatten().filter(|(line, o)| region.holds(*line) && stored(o));
            let (_, operation) = here.next()?;
            let store = cx.name(cx.edge(operation.edge).to);
            (format!("what it keeps in `{store}`"), cx.detail(*operation).at.clone(), true)
        }
    };
    let name = cx.name(node);
    let topic = topic(&cx.detail(taken).operation);
    let message_of = if topic.is_empty() || topic.contains('{') {
        format!("a message of `{}`", cx.name(cx.edge(taken.edge).to))
    } else {
        format!("the message `{topic}`")
    };
    let does = if region.detail.is_empty() { "drops" } else { "only logs" };
    let at = cx.evidence(path, fact, "the error ends here");
    let draft = Draft::new(
        format!("{name} {} messages", region.within),
        &at,
        format!("`{name}` {does} the failure of {what}, and {message_of} counts as handled"),
    )
    .why(format!(
        "Whoever takes messages says by its own failure that one is to come again. Here the error ends before that: {what} is \
         missing, {message_of} is gone, and nobody tries again."
    ))
    .help(
        "let the error reach the consumer, so that the message is delivered again or set aside; where a failure may be \
         forgotten, say so in a comment at the clause",
    )
    .about([cx.edge(taken.edge).key.clone()])
    .link(&cx.detail(taken).at, format!("`{name}` takes {message_of}"))
    .link(&done, format!("and does {what}"))
    .link(&at, "the error ends here")
    .certainty(if near { Certainty::Stated } else { Certainty::Inferred });
    Some(draft)
}

/// Somebody else was to be asked whether this may be, cannot be asked, and it may be all the same.
fn unasked(
    cx: &Cx<'_>,
    node: usize,
    (path, fact, region): (&SmolStr, &Fact, &Region),
    places: Option<&Vec<(u32, Operation)>>,
) -> Option<Draft> {
    const WORDS: [&str; 10] = [
        "isvalid",
        "validate",
        "verify",
        "introspect",
        "authorize",
        "authorise",
        "permission",
        "checktoken",
        "checkaccess",
        "isallowed",
    ];
    let asks = |o: &Operation| {
        let (edge, detail) = (cx.edge(o.edge), cx.detail(*o));
        let said: String =
            detail.operation.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_lowercase();
        let call = matches!(edge.kind, EdgeKind::Http | EdgeKind::Grpc) && cx.node(edge.to).kind == NodeKind::Service;
        edge.from == node && call && WORDS.iter().any(|w| said.contains(w))
    };
    let (_, operation) = places?.iter().find(|(line, o)| region.holds(*line) && asks(o))?;
    let (edge, detail) = (cx.edge(operation.edge), cx.detail(*operation));
    let (name, callee, what) = (cx.name(node), cx.name(edge.to), said(cx, *operation));
    let at = cx.evidence(path, fact, "the error ends here");
    Some(
        Draft::new(
            format!("{name} {} unasked", region.within),
            &at,
            format!("`{name}` goes on as though {what} had agreed when it cannot be asked"),
        )
        .why(format!(
            "When `{callee}` is down or too slow, the error ends here and what it was to decide counts as allowed: whoever keeps `{callee}` from              answering is let in."
        ))
        .help("refuse what could not be checked (503), and let whoever asks try again")
        .about([edge.key.clone()])
        .link(&detail.at, format!("`{name}` asks for {what}"))
        .link(&at, "the error ends here")
        .certainty(detail.certainty),
    )
}

/// Whether what keeps messages is told, after the failure, that this one was handed on.
fn marks(cx: &Cx<'_>, path: &str, region: &Region) -> bool {
    const WORDS: [&str; 9] =
        ["mark", "sent", "published", "processed", "complete", "delete", "remove", "dispatched", "delivered"];
    cx.facts(path).iter().any(|f| match &f.claim {
        Claim::Steps(steps) if steps.within == region.within => steps.calls.iter().any(|(line, name)| {
            let name = name.to_ascii_lowercase();
            *line > region.lines.1 && WORDS.iter().any(|w| name.contains(w))
        }),
        _ => false,
    })
}

/// Changes that are made in a stretch, with the functions that lead to them.
fn held(
    cx: &Cx<'_>,
    node: usize,
    path: &SmolStr,
    region: &Region,
    places: &HashMap<&str, Vec<(u32, Operation)>>,
) -> Vec<(Operation, Vec<SmolStr>)> {
    // Objects that are put or deleted, as the names of what is called say.
    const VERBS: [&str; 7] = ["delete", "remove", "put", "upload", "save", "store", "write"];
    let puts = region.names.iter().any(|n| VERBS.iter().any(|v| n.to_ascii_lowercase().starts_with(v)));
    let kept = |operation: &Operation| {
        let to = cx.node(cx.edge(operation.edge).to);
        puts && to.system == Some(seam_facts::System::Objects)
    };
    let here = |operation: &Operation| {
        cx.edge(operation.edge).from == node
            && (change(cx, *operation).is_some() && alters(cx, *operation) != Some(false) || kept(operation))
    };
    let all = places.get(path.as_str());
    let direct = all.into_iter().flatten().filter(|(line, o)| region.holds(*line) && here(o));
    let mut out: BTreeMap<Operation, Vec<SmolStr>> = direct.map(|(_, o)| (*o, Vec::new())).collect();
    // A direct change is what the clause is about; around a whole program, names tell too little.
    if out.is_empty() && !region.within.is_empty() {
        for effect in cx.flows().called(node, path, &region.within, &region.names) {
            let operation = effect.operation;
            if effect.way.len() <= DEPTH && here(&operation) && !looked_after(cx, operation) {
                out.insert(operation, effect.way);
            }
        }
    }
    // One line may be read as several operations.
    let mut lines = BTreeSet::new();
    out.retain(|o, _| lines.insert((cx.detail(*o).at.path.clone(), cx.detail(*o).at.at.line, cx.edge(o.edge).to)));
    out.into_iter().collect()
}

/// Whether the error never leaves the place where the operation is.
fn looked_after(cx: &Cx<'_>, operation: Operation) -> bool {
    let at = &cx.detail(operation).at;
    cx.facts(&at.path).iter().any(|f| matches!(&f.claim, Claim::Region(r) if r.holds(at.at.line)))
}

fn draft(
    cx: &Cx<'_>,
    node: usize,
    region: &Region,
    at: &Evidence,
    held: &[(Operation, Vec<SmolStr>)],
    browser: bool,
) -> Draft {
    let name = cx.name(node);
    let (first, way) = &held[0];
    let what = said(cx, *first);
    let more = match held.len() {
        1 => String::new(),
        2 => " and one more".to_owned(),
        n => format!(" and {} more", n - 1),
    };
    let does = if region.detail.is_empty() { "drops" } else { "only logs" };
    let message = format!("`{name}` {does} the failure of {what}{more}, and goes on");
    let entry = entry(cx, node, *first);
    let answers = match &entry {
        Some(entry) => format!("{} ends as though all were done", entry.name),
        None => format!("`{name}` goes on as though all were done"),
    };
    let to = cx.name(cx.edge(first.edge).to);
    let fails = match change(cx, *first) {
        Some(Change::Message) => format!("When `{to}` cannot be reached, the message is gone and {answers}"),
        _ => format!("When `{to}` is down, too slow or refuses, {answers}"),
    };
    let left = match region.detail.as_str() {
        "" => "nothing is left that says so".to_owned(),
        text => format!("one log line is left (`{}`)", text.replace('`', "'")),
    };
    let subject = format!("{name} {} {}", region.within, crate::patience::called(cx, *first));
    let mut draft = Draft::new(subject, at, message)
        .why(format!("{fails}: {left}, and nobody tries again."))
        .help(
            "let the error reach whoever asked, or keep the work where something repeats it (an outbox, a queue with \
             redelivery); where a failure may be forgotten, say so in a comment at the clause",
        )
        .about(held.iter().map(|(o, _)| cx.edge(o.edge).key.clone()).collect::<BTreeSet<_>>());
    if let Some(entry) = &entry {
        draft = draft.link(&entry.at, format!("`{name}` {} {}", entry.verb, entry.name));
    }
    for (operation, way) in held.iter().take(SHOWN) {
        let through = way.last().map(|f| format!(" in `{}`", last(f))).unwrap_or_default();
        draft = draft.link(&cx.detail(*operation).at, format!("`{name}` asks for {}{through}", said(cx, *operation)));
    }
    draft = draft
        .link(at, if region.detail.is_empty() { "the error ends here" } else { "the error ends here, in the log" });
    if let Some(index) = cx.detail(*first).endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k)) {
        let endpoint = cx.graph.endpoints[index].proof.first();
        draft = draft.link(endpoint, format!("`{to}` would have answered {}", crate::patience::called(cx, *first)));
        let stores = cx.flows().endpoint(index).iter().find(|e| cx.edge(e.operation.edge).kind == EdgeKind::Db);
        if let Some(effect) = stores {
            let store = cx.name(cx.edge(effect.operation.edge).to);
            draft = draft.link(&cx.detail(effect.operation).at, format!("and works on the database `{store}`"));
        }
    }
    draft = draft.certainty(cx.detail(*first).certainty);
    if !way.is_empty() {
        draft = draft.certainty(Certainty::Inferred);
    }
    // What no entry leads to is a script, or a generator of load.
    if browser || entry.is_none() || held.iter().all(|(o, _)| is_courtesy(cx, *o)) {
        draft = draft.severity(Severity::Note);
    }
    draft
}
