//! Names and forms that travel beside or inside of requests and messages, and that two sides must agree on: claims of a token, metadata
//! and headers of one's own, and how a message is written. Parts of `payload-mismatch`.
//!
//! Invariant: a name is missed only where nobody gives it, and only told where one is given that nobody reads and that is called nearly
//! so; a form only where each side's function knows one form alone.

use crate::effects::words;
use crate::keys::squash;
use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, Fact, SmolStr, wire};
use seam_graph::{Certainty, EdgeKind, NodeKind, is_test};
use std::collections::{BTreeMap, BTreeSet};

/// Where a name is said, by whom.
type Places<'a> = Vec<(usize, &'a SmolStr, &'a Fact)>;
type Names<'a> = BTreeMap<String, Places<'a>>;

/// Everything that is stated of one kind, by its name.
fn said<'a>(cx: &Cx<'a>, kind: &str) -> Names<'a> {
    let mut out: Names<'a> = BTreeMap::new();
    for (id, node) in
        cx.graph.nodes.iter().enumerate().filter(|(_, n)| matches!(n.kind, NodeKind::Service | NodeKind::Gateway))
    {
        for path in node.own.iter().chain(&node.libraries).filter(|p| !is_test(p)) {
            for fact in cx.facts(path) {
                if let Claim::Pass(pass) = &fact.claim
                    && pass.callee == kind
                    && let Some(name) = pass.args.first().and_then(|a| a.value.as_text())
                {
                    out.entry(name.to_string()).or_default().push((id, path, fact));
                }
            }
        }
    }
    out
}

/// Claims and metadata that are read under another name than they are given.
pub(crate) fn names(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    pairs(cx, "the claim", (wire::CLAIM_GIVEN, wire::CLAIM_READ), |_, _| true, out);
    // Metadata goes from a caller to whom it calls.
    let calls = |from: usize, to: usize| cx.outgoing(from).iter().any(|e| cx.edge(*e).to == to);
    pairs(cx, "the metadata", (wire::METADATA_GIVEN, wire::METADATA_READ), calls, out);
    calls_of(cx, out);
}

/// What one function of a kind says in one file, by lower-case name.
fn within<'a>(cx: &Cx<'a>, path: &str, symbol: &str, kind: &str) -> BTreeMap<String, &'a Fact> {
    let own = cx.facts(path).iter().filter_map(|fact| match &fact.claim {
        Claim::Pass(p) if p.callee == kind && p.within == symbol && !symbol.is_empty() => {
            Some((p.args.first()?.value.as_text()?.to_ascii_lowercase(), fact))
        }
        _ => None,
    });
    own.collect()
}

/// The same call by call: what the function around a call gives, and what the handler of that call reads.
fn calls_of(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let known: BTreeSet<(SmolStr, u32)> = out.iter().map(|d| (d.at.path.clone(), d.at.at.line)).collect();
    let mut told = BTreeSet::new();
    for (_, edge, detail) in cx.operations().filter(|(_, _, d)| !is_test(&d.at.path)) {
        let Some(index) = detail.endpoint.as_ref().and_then(|k| seam_graph::endpoint_of(cx.graph, k)) else { continue };
        let endpoint = &cx.graph.endpoints[index];
        let handled = &endpoint.proof.first().path;
        let given = within(cx, &detail.at.path, &detail.within, wire::METADATA_GIVEN);
        let read = within(cx, handled, &endpoint.handler, wire::METADATA_READ);
        let missed: Vec<_> = read.iter().filter(|(name, _)| !given.contains_key(*name)).collect();
        let spare: Vec<_> = given.iter().filter(|(name, _)| !read.contains_key(*name)).collect();
        let ([(name, reads)], [(instead, gives)]) = (missed.as_slice(), spare.as_slice()) else { continue };
        let text = |fact: &Fact| match &fact.claim {
            Claim::Pass(p) => p.args.first().and_then(|a| a.value.as_text()).unwrap_or_default().to_string(),
            _ => String::new(),
        };
        let near = is_near(&text(reads), &text(gives)) || is_near(name, instead);
        let at = cx.evidence(&detail.at.path, gives, "given here");
        if !near || known.contains(&(at.path.clone(), at.at.line)) || !told.insert((at.path.clone(), at.at.line)) {
            continue;
        }
        let (one, two) = (cx.name(edge.from), cx.name(edge.to));
        let what = &detail.operation;
        let (name, instead) = (text(reads), text(gives));
        out.push(
            Draft::new(
                format!("metadata {one} {two} {what} {instead}"),
                &at,
                format!("`{one}` gives the metadata `{instead}` with `{what}`, and `{two}` reads `{name}`"),
            )
            .why(format!(
                "The handler of `{what}` finds nothing under `{name}`: it goes on without it, or refuses every such call."
            ))
            .help(format!("call it `{name}` on both sides, or `{instead}` on both"))
            .about([edge.key.clone()])
            .severity(Severity::Warning)
            .certainty(Certainty::Inferred)
            .link(&at, format!("`{one}` gives `{instead}`"))
            .link(&detail.at, format!("and calls `{what}`"))
            .link(&cx.evidence(handled, reads, "read here"), format!("`{two}` reads `{name}`")),
        );
    }
}

fn pairs(
    cx: &Cx<'_>,
    what: &str,
    (give, read): (&str, &str),
    reaches: impl Fn(usize, usize) -> bool,
    out: &mut Vec<Draft>,
) {
    let (given, read) = (said(cx, give), said(cx, read));
    // Names that a standard has come from elsewhere too.
    const KNOWN: [&str; 14] = [
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "scope",
        "scopes",
        "azp",
        "alg",
        "typ",
        "kid",
        "authorization",
    ];
    let mixed = |name: &str| name.to_ascii_lowercase();
    // HTTP/2 and HTTP know no capitals in names of metadata; tokens do.
    let same = |a: &str, b: &str| if what == "the claim" { a == b } else { mixed(a) == mixed(b) };
    let met = |name: &str, other: &Names<'_>| other.keys().any(|k| same(k, name));
    for (name, readers) in read.iter().filter(|(n, _)| n.as_str() != wire::OPEN && !KNOWN.contains(&n.as_str())) {
        if met(name, &given) {
            continue;
        }
        // Who makes the tokens that these read: those whose other names they read.
        let near: Vec<(&String, &Places<'_>)> = given
            .iter()
            .filter(|(g, _)| g.as_str() != wire::OPEN && !met(g, &read) && is_near(g, name))
            .filter(|(_, by)| by.iter().any(|(from, ..)| readers.iter().any(|(to, ..)| reaches(*from, *to))))
            .collect();
        let [(instead, by)] = near.as_slice() else { continue };
        let Some((from, path, fact)) = by.iter().find(|(from, ..)| readers.iter().any(|(to, ..)| reaches(*from, *to)))
        else {
            continue;
        };
        let open = given.get(wire::OPEN).is_some_and(|all| all.iter().any(|(node, ..)| node == from));
        let theirs: Places<'_> = readers.iter().filter(|(to, ..)| reaches(*from, *to) && to != from).copied().collect();
        let Some((to, ..)) = theirs.first().filter(|_| !open) else { continue };
        let (one, two) = (cx.name(*from), cx.name(*to));
        let at = cx.evidence(path, fact, "given here");
        let mut draft = Draft::new(
            format!("{what} {one} {instead}"),
            &at,
            format!("`{one}` gives {what} `{instead}`, and `{two}` reads `{name}`, which nobody gives"),
        )
        .why(format!(
            "`{two}` finds nothing under `{name}`: it goes on without whom or what the request is about, or fails on the empty value."
        ))
        .help(format!("call it `{name}` on both sides, or `{instead}` on both"))
        .about([cx.node(*from).key.clone(), cx.node(*to).key.clone()])
        .severity(Severity::Warning)
        .certainty(Certainty::Inferred)
        .link(&at, format!("`{one}` gives `{instead}`"));
        let mut told = BTreeSet::new();
        for (node, path, fact) in &theirs {
            if told.len() < 5 && told.insert(*node) {
                draft =
                    draft.link(&cx.evidence(path, fact, "read here"), format!("`{}` reads `{name}`", cx.name(*node)));
            }
        }
        out.push(draft);
    }
}

/// Whether two names are one before and after a change: the same letters, or the words of one within those of the other.
fn is_near(a: &str, b: &str) -> bool {
    if squash(a) == squash(b) {
        return true;
    }
    let (x, y): (BTreeSet<String>, BTreeSet<String>) = (words(a).into_iter().collect(), words(b).into_iter().collect());
    !x.is_empty() && !y.is_empty() && (x.is_subset(&y) || y.is_subset(&x)) && x.len().abs_diff(y.len()) == 1
}

/// Who writes to one topic, and who reads from it.
type Sides = (BTreeSet<usize>, BTreeSet<usize>);

/// A message that is written in one form and read in another.
pub(crate) fn forms(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut topics: BTreeMap<(usize, &str), Sides> = BTreeMap::new();
    let all: Vec<_> = cx.operations().collect();
    for (at, (_, edge, detail)) in all.iter().enumerate() {
        let sides = || (edge.to, detail.operation.as_str());
        match edge.kind {
            EdgeKind::QueuePublish if !is_test(&detail.at.path) => {
                topics.entry(sides()).or_default().0.insert(at);
            }
            EdgeKind::QueueConsume if !is_test(&detail.at.path) => {
                topics.entry(sides()).or_default().1.insert(at);
            }
            _ => {}
        }
    }
    // The one form that a function knows.
    let form = |at: usize, kind: &str| -> Option<(SmolStr, seam_graph::Evidence)> {
        let detail = all[at].2;
        let mut found: Option<(SmolStr, seam_graph::Evidence)> = None;
        for fact in cx.facts(&detail.at.path) {
            let Claim::Pass(pass) = &fact.claim else { continue };
            let name = pass.args.first().and_then(|a| a.value.as_text());
            if pass.callee != kind || pass.within != detail.within || pass.within.is_empty() {
                continue;
            }
            let name = name?;
            match &found {
                Some((known, _)) if *known != name => return None,
                Some(_) => {}
                None => found = Some((name, cx.evidence(&detail.at.path, fact, "in this form"))),
            }
        }
        found
    };
    for ((broker, topic), (publishers, consumers)) in topics {
        let written = publishers.iter().find_map(|p| Some((*p, form(*p, wire::WRITTEN_AS)?)));
        let Some((publisher, (written, at))) = written else { continue };
        let agrees = |(form, _): &(SmolStr, seam_graph::Evidence)| *form == written;
        let read = consumers.iter().find_map(|c| Some((*c, form(*c, wire::READ_AS).filter(|f| !agrees(f))?)));
        let Some((consumer, (read, there))) = read else { continue };
        if topic.contains('{') {
            continue;
        }
        let (one, two) = (cx.name(all[publisher].1.from), cx.name(all[consumer].1.from));
        out.push(
            Draft::new(
                format!("form {} {topic} {two}", cx.name(broker)),
                &at,
                format!("`{one}` writes `{topic}` as {written}, and `{two}` reads it as {read}"),
            )
            .why(format!(
                "`{two}` cannot read a single one of these messages: each ends in an error, or in an empty value."
            ))
            .help("write and read the message in one form")
            .about([all[publisher].1.key.clone(), all[consumer].1.key.clone()])
            .severity(Severity::Warning)
            .certainty(Certainty::Inferred)
            .link(&at, format!("`{one}` writes {written}"))
            .link(&all[publisher].2.at, format!("and publishes to `{topic}`"))
            .link(&there, format!("`{two}` reads {read}"))
            .link(&all[consumer].2.at, format!("what it takes from `{topic}`")),
        );
    }
}
