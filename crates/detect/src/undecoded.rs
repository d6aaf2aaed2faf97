//! Answers that are read without regard to whether they could be: a page of an error counts as an empty answer. A part of
//! `swallowed-error`.
//!
//! Invariant: the error of reading is thrown away in the very function that asks a service of this system, after the request, and
//! nothing there looks at the answer's status.

use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, Region, RegionKind, StatusOf};
use seam_graph::{Certainty, EdgeKind, NodeKind, is_test};
use std::collections::BTreeSet;

const READS: [&str; 4] = ["Unmarshal", "Decode", "NewDecoder", "ReadAll"];

pub(crate) fn undecoded(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut told = BTreeSet::new();
    for (_, edge, detail) in cx.operations() {
        let calls = edge.kind == EdgeKind::Http && cx.node(edge.to).kind == NodeKind::Service;
        if !calls || is_test(&detail.at.path) || detail.within.is_empty() || detail.is_rule() {
            continue;
        }
        let path = &detail.at.path;
        let facts = cx.facts(path);
        let asked =
            |of: StatusOf| matches!(of, StatusOf::Checked | StatusOf::Told | StatusOf::Wanted | StatusOf::Below);
        let looks =
            facts.iter().any(|f| matches!(&f.claim, Claim::Status(s) if s.within == detail.within && asked(s.of)));
        let reads = |r: &Region| {
            r.kind == RegionKind::Swallows
                && r.within == detail.within
                && r.lines.0 > detail.at.at.line
                && r.names.iter().all(|n| READS.contains(&n.as_str()))
                && r.names.iter().any(|n| n == "Unmarshal" || n == "Decode")
        };
        let found = facts.iter().find(|f| matches!(&f.claim, Claim::Region(r) if reads(r)));
        let Some(fact) = found.filter(|f| !looks && told.insert((path.clone(), f.at.line))) else { continue };
        // What only logs says so, and may go on with what it has.
        let at = cx.evidence(path, fact, "the error ends here");
        let (name, callee) = (cx.name(edge.from), cx.name(edge.to));
        let what = detail.operation.as_str();
        out.push(
            Draft::new(
                format!("{} {} undecoded", edge.key.as_str(), detail.within),
                &at,
                format!("`{name}` takes any answer of `{callee}` that it cannot read for an empty one"),
            )
            .why(format!(
                "The status of the answer to `{what}` is not looked at, and the error of reading it is dropped: when `{callee}` fails, its page \
                 of an error counts as nothing found, and whoever asked `{name}` is told so."
            ))
            .help("look at the status, and answer with an error when the answer cannot be read")
            .about([edge.key.clone()])
            .certainty(Certainty::Inferred)
            .severity(Severity::Warning)
            .link(&detail.at, format!("`{name}` asks `{callee}`"))
            .link(&at, "what cannot be read is dropped"),
        );
    }
}
