//! How dates are written, where each service has the pattern for itself: copies of one constant of which one says something else. A
//! part of `contract-copy-drift`.
//!
//! Invariant: the constant has one name everywhere, at least two services say the same and only one says another, and that one talks to
//! one of them.

use crate::talks::talks;
use crate::{Cx, Draft};
use seam_facts::{Claim, Fact, SmolStr};
use seam_graph::{Certainty, NodeKind, is_test};
use std::collections::BTreeMap;

pub(crate) fn patterns(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    type Said<'a> = Vec<(usize, &'a SmolStr, &'a Fact, String)>;
    let mut by_name: BTreeMap<&str, Said<'_>> = BTreeMap::new();
    for (id, node) in cx.graph.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Service) {
        for path in node.own.iter().filter(|p| !is_test(p)) {
            for fact in cx.facts(path) {
                let Claim::Constant(constant) = &fact.claim else { continue };
                let Some(text) = constant.value.as_text().filter(|t| is_date(t)) else { continue };
                by_name.entry(&constant.symbol).or_default().push((id, path, fact, text.to_string()));
            }
        }
    }
    let pairs = talks(cx);
    for (name, said) in by_name {
        let mut values: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        said.iter().enumerate().for_each(|(i, (_, _, _, text))| values.entry(text).or_default().push(i));
        let mut by_count: Vec<&Vec<usize>> = values.values().collect();
        by_count.sort_by_key(|v| v.len());
        let [odd, usual] = by_count.as_slice() else { continue };
        let ([odd], true) = (odd.as_slice(), usual.len() > 1) else { continue };
        let (node, path, fact, text) = &said[*odd];
        let talking =
            |other: usize| pairs.keys().any(|(a, b)| (*a, *b) == (*node, other) || (*a, *b) == (other, *node));
        let Some((other, there, with, usually)) =
            usual.iter().map(|i| &said[*i]).find(|s| s.0 != *node && talking(s.0))
        else {
            continue;
        };
        let (one, two) = (cx.name(*node), cx.name(*other));
        let (here, there) = (cx.evidence(path, fact, "one pattern"), cx.evidence(there, with, "the usual pattern"));
        out.push(
            Draft::new(
                format!("pattern {one} {name}"),
                &here,
                format!("`{name}` is `{text}` in `{one}`, and `{usually}` in `{two}` and others"),
            )
            .why(format!(
                "Both write and read dates by it: what `{two}` sends, `{one}` cannot parse, and the other way round. The whole body is \
                 refused then, not the date alone."
            ))
            .help(format!("write `{usually}` in `{one}` too, or change all copies together"))
            .about([cx.node(*node).key.clone(), cx.node(*other).key.clone()])
            .certainty(Certainty::Inferred)
            .link(&here, format!("`{one}` says `{text}`"))
            .link(&there, format!("`{two}` says `{usually}`")),
        );
    }
}

/// Whether a text is a pattern for dates: of Java and .NET (`yyyy-MM-dd`), of C (`%Y-%m-%d`), of Go (`2006-01-02`).
fn is_date(text: &str) -> bool {
    let has = |words: [&str; 2]| words.iter().all(|w| text.contains(w));
    text.len() < 60
        && !text.contains("://")
        && (has(["yyyy", "MM"]) || has(["YYYY", "DD"]) || has(["%Y", "%m"]) || has(["2006", "01"]))
}
