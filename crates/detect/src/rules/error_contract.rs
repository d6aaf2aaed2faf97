//! One side answers with a status that the other does not expect, or expects one that is never given. See
//! `error_contract.md`.

use crate::answers::{Answers, Regard};
use crate::effects::{is_page, pages};
use crate::lenient;
use crate::patience::{called, is_call};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{SmolStr, format_smolstr};
use seam_graph::{Certainty, Detail, Edge, EdgeKind, Evidence, NodeKind, Operation, endpoint_of, is_test};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub static RULE: Rule = Rule {
    id: "error-contract",
    group: Group::Contract,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("error_contract.md"),
    find,
};

/// Clients that give back an answer whatever its status.
const SILENT: &[&str] = &[
    "requests",
    "httpx",
    "aiohttp",
    "fetch",
    "node-fetch",
    "undici",
    "cross-fetch",
    "net/http",
    "HttpClient",
    "reqwest",
];

/// Statuses that only code answers with: no framework or proxy does by itself once a route has matched.
const OWN: &[&str] = &[
    "402",
    "404",
    "409",
    "410",
    "412",
    "423",
    "428",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "INVALID_ARGUMENT",
];

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    crate::lenient::unlike_others(cx, SILENT, out);
    crate::lenient::mapped(cx, out);
    let answers = Answers::new(cx);
    let mut by_function: HashMap<(usize, &str, &str), Vec<Operation>> = HashMap::new();
    for (operation, edge, detail) in cx.operations().filter(|(o, _, _)| is_call(cx, *o)) {
        by_function.entry((edge.from, &detail.at.path, &detail.within)).or_default().push(operation);
    }
    let pages = pages(cx);
    let mut told: BTreeSet<(SmolStr, SmolStr, SmolStr)> = BTreeSet::new();
    for (operation, edge, detail) in cx.operations().filter(|(o, _, _)| is_call(cx, *o)) {
        // A job from a service's image has its code, and does not call.
        if cx.node(edge.from).kind == NodeKind::Tool || is_test(&detail.at.path) || !is_read(&detail.at.path) {
            continue;
        }
        let regard = answers.regard(cx, detail);
        if regard.read.is_none() && regard.told.is_empty() && regard.wanted.is_empty() && regard.below.is_none() {
            continue;
        }
        let Some(key) = &detail.endpoint else { continue };
        if !told.insert((detail.at.path.clone(), detail.within.clone(), key.0.clone())) {
            continue;
        }
        let in_page = pages.contains(&edge.from) || is_page(&detail.at.path);
        if edge.kind == EdgeKind::Http
            && SILENT.iter().any(|c| c.eq_ignore_ascii_case(&detail.client))
            && !regard.checked
        {
            let mut given = answers.given(cx, key);
            given.retain(|code, _| !regard.told.contains_key(code));
            if let Some(draft) = taken(cx, (operation, edge, detail), &regard, &given) {
                out.push(if in_page { draft.severity(Severity::Note) } else { draft });
            }
        }
        if edge.kind == EdgeKind::Http && lenient::is_written(cx, detail) {
            out.extend(lenient::below(cx, (operation, edge, detail), &regard, &answers.given(cx, key)));
        }
        let beside = &by_function[&(edge.from, detail.at.path.as_str(), detail.within.as_str())];
        let alone = beside.iter().all(|o| cx.edge(o.edge).to == edge.to) && !has_open(cx, edge.from, detail);
        let written = endpoint_of(cx.graph, key).is_some_and(|i| !cx.graph.endpoints[i].handler.is_empty());
        let own = |code: &SmolStr| {
            OWN.contains(&code.as_str())
                && (edge.kind == EdgeKind::Grpc) != code.starts_with(|c: char| c.is_ascii_digit())
        };
        if !alone || !written {
            continue;
        }
        if let Some(draft) = other_success(cx, (operation, edge, detail), &regard, &answers.successes(cx, key)) {
            out.push(if in_page { draft.severity(Severity::Note) } else { draft });
        }
        for (code, at) in regard.told.iter().filter(|(code, _)| own(code)) {
            let given = answers.given(cx, key);
            if answers.never(cx, edge.to, code) {
                let draft = vain(cx, (operation, edge, detail), (code, at), &given);
                out.push(if in_page { draft.severity(Severity::Note) } else { draft });
                continue;
            }
            // Another endpoint answers it. What this one is seen to answer is one thing that nobody looks for here.
            let mut unlooked = given.keys().filter(|c| own(c) && !regard.told.contains_key(*c));
            let only = unlooked.next().filter(|_| unlooked.next().is_none());
            if let Some(other) = only.filter(|_| !given.contains_key(code)) {
                let draft = other_failure(cx, (operation, edge, detail), (code, at), (other, &given[other]));
                out.push(draft);
            }
        }
    }
}

/// Languages whose statuses are read.
fn is_read(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or_default();
    ["py", "java", "kt", "cs", "go", "rs", "js", "ts", "mjs", "cjs", "jsx", "tsx"].contains(&extension)
}

/// Whether the function makes a call that is not known: what it looks for may be meant for that one.
fn has_open(cx: &Cx<'_>, node: usize, detail: &Detail) -> bool {
    let tail = format!(" in {}", detail.within);
    let mut open = cx.graph.unresolved.iter().filter(|u| u.node == node && u.at.path == detail.at.path);
    open.any(|u| {
        detail.within.is_empty() || u.at.says.ends_with(&tail) || u.at.at.line.abs_diff(detail.at.at.line) < 30
    })
}

type Asked<'c> = (Operation, &'c Edge, &'c Detail);

/// The answer's body is taken for what was asked, whatever its status.
fn taken(cx: &Cx<'_>, asked: Asked<'_>, regard: &Regard, given: &BTreeMap<SmolStr, Evidence>) -> Option<Draft> {
    let (operation, edge, detail) = asked;
    let read = regard.read.as_ref()?;
    let (code, _) = given.first_key_value()?;
    let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
    let what = called(cx, operation);
    let all = listed(given.keys());
    let looks = if regard.told.is_empty() {
        format!("`{caller}` never looks at the status, and its library (`{}`) raises nothing for one", detail.client)
    } else {
        format!(
            "`{caller}` looks for {} only, and its library (`{}`) raises nothing",
            listed(regard.told.keys()),
            detail.client
        )
    };
    let mut draft = Draft::new(
        format!("{} {what} {}", edge.key.as_str(), detail.within),
        &read.clone(),
        format!("`{caller}` takes the {all} of `{what}` of `{callee}` for what it asked for"),
    )
    .why(format!(
        "`{callee}` answers {all} when it cannot do what it is asked. {looks}: it goes on with the body of the error as though it \
         were the result, with fields that are not there, or fails on it where nothing says what was wrong; whoever asked \
         `{caller}` never learns of the {code}."
    ))
    .help("look at the status before the body (`raise_for_status`, `EnsureSuccessStatusCode`, `if (!response.ok)`), and pass on what it means")
    .about([edge.key.clone()])
    .certainty(detail.certainty)
    .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"))
    .link(read, "the body is read without a look at the status");
    for (code, at) in given.iter().take(4) {
        draft = draft.link(at, format!("`{callee}` answers {code}"));
    }
    Some(draft)
}

/// A status is looked for that is never given.
fn vain(
    cx: &Cx<'_>,
    asked: Asked<'_>,
    (code, at): (&SmolStr, &Evidence),
    given: &BTreeMap<SmolStr, Evidence>,
) -> Draft {
    let (operation, edge, detail) = asked;
    let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
    let what = called(cx, operation);
    let instead = if given.is_empty() {
        format!("what `{callee}` answers instead is a success without content, or an error of another kind")
    } else {
        format!("the handler answers {} instead", listed(given.keys()))
    };
    let mut draft = Draft::new(
        format!("{} {what} {} {code}", edge.key.as_str(), detail.within),
        at,
        format!("`{caller}` looks for {code} from `{what}` of `{callee}`, which never answers it"),
    )
    .why(format!(
        "Nothing in the code of `{callee}` answers with {code}; {instead}. What `{caller}` does for the case is never done, and the \
         case itself goes another way."
    ))
    .help(format!("let `{callee}` answer {code} where this is the case, or look for what it does answer"))
    .about([edge.key.clone()])
    .certainty(detail.certainty)
    .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"))
    .link(at, format!("`{caller}` looks for {code}"));
    if let Some(index) = detail.endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k)) {
        draft = draft.link(cx.graph.endpoints[index].proof.first(), format!("`{callee}` answers {what}"));
    }
    for (code, at) in given.iter().take(3) {
        draft = draft.link(at, format!("`{callee}` answers {code}"));
    }
    draft
}

/// The handler answers with one failure, and the caller looks for another.
fn other_failure(
    cx: &Cx<'_>,
    (operation, edge, detail): Asked<'_>,
    (code, at): (&SmolStr, &Evidence),
    (other, given): (&SmolStr, &Evidence),
) -> Draft {
    let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
    let what = called(cx, operation);
    Draft::new(
        format!("{} {what} {} {code} not {other}", edge.key.as_str(), detail.within),
        at,
        format!("`{caller}` looks for {code} from `{what}` of `{callee}`, whose handler answers {other}"),
    )
    .why(format!(
        "The handler of `{what}` and what it runs answer {other} and no {code}: what `{caller}` does for {code} is not done, and {other} \
         goes the way of every other failure."
    ))
    .help(format!("agree on one: let `{caller}` look for {other}, or `{callee}` answer {code}"))
    .about([edge.key.clone()])
    .severity(Severity::Note)
    .certainty(Certainty::Inferred)
    .open(format!("what else `{callee}` answers here"))
    .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"))
    .link(at, format!("`{caller}` looks for {code}"))
    .link(given, format!("`{callee}` answers {other}"))
}

/// The one success that is expected is not the one that is given.
fn other_success(cx: &Cx<'_>, asked: Asked<'_>, regard: &Regard, given: &BTreeMap<SmolStr, Evidence>) -> Option<Draft> {
    let (operation, edge, detail) = asked;
    let mut wanted = regard.wanted.iter();
    let (code, at) = wanted.next().filter(|_| wanted.next().is_none())?;
    let (_, first) = given.first_key_value().filter(|_| !given.contains_key(code))?;
    let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
    let what = called(cx, operation);
    let all = listed(given.keys());
    let draft = Draft::new(
        format!("{} {what} {} success {code}", edge.key.as_str(), detail.within),
        at,
        format!("`{caller}` takes everything but {code} from `{what}` of `{callee}` for a failure, and it answers {all}"),
    )
    .why(format!(
        "`{callee}` has done what it was asked when it answers {all}. `{caller}` tells its own caller that it failed, and whoever \
         tries again does it twice."
    ))
    .help("accept every success (`is_success`, `response.ok`, `>= 200 && < 300`), or agree on one code")
    .about([edge.key.clone()])
    .certainty(detail.certainty)
    .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"))
    .link(at, format!("everything but {code} is a failure"))
    .link(first, format!("`{callee}` answers {all}"));
    Some(draft)
}

fn listed<'s>(codes: impl Iterator<Item = &'s SmolStr>) -> SmolStr {
    let all: Vec<&str> = codes.map(SmolStr::as_str).collect();
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format_smolstr!("{} or {last}", rest.join(", ")),
        Some((last, _)) => SmolStr::from(*last),
        None => SmolStr::default(),
    }
}
