//! A running environment beside what the code of its service reads and what is committed for it.

use crate::drift::{Row, is_masked};
use crate::keys::{is_deployed, is_of_a_platform, is_renaming, squash};
use seam_facts::SmolStr;
use seam_graph::Graph;
use std::collections::{BTreeMap, BTreeSet};

/// What a process was given: keys with their values, `None` where the value is not to be known.
pub type Given = BTreeMap<SmolStr, Option<SmolStr>>;

/// How a running environment differs.
#[derive(Clone, Debug, Default)]
pub struct Compared<'r, 'a> {
    /// Read without a default, and not there; with the key that may have been meant.
    pub missing: Vec<(&'r Row<'a>, Option<SmolStr>)>,
    /// Committed and read, and not there: the default in code decides.
    pub defaulted: Vec<&'r Row<'a>>,
    /// There with a value that no committed deployment gives.
    pub different: Vec<(&'r Row<'a>, SmolStr)>,
    /// There, neither read nor committed; with the key that may have been meant.
    pub unread: Vec<(SmolStr, Option<SmolStr>)>,
}

/// Compares one node's rows with what its process was given. `open`: more may be set than is listed.
pub fn compare<'r, 'a>(rows: &'r [Row<'a>], node: usize, given: &Given, open: bool) -> Compared<'r, 'a> {
    let mut out = Compared::default();
    let there: BTreeMap<String, &Option<SmolStr>> = given.iter().map(|(k, v)| (squash(k), v)).collect();
    let mine: Vec<&Row<'_>> = rows.iter().filter(|r| r.node == node).collect();
    let known: BTreeSet<String> = mine.iter().map(|r| squash(&r.key)).collect();
    let judged = mine.iter().any(|r| !r.reads.is_empty());
    if judged {
        let strange = |k: &&SmolStr| {
            !known.contains(&squash(k)) && !is_section(k, &known) && !is_of_an_image(k) && !is_of_a_platform(k)
        };
        let missing = |key: &SmolStr| {
            let row = mine.iter().find(|r| is_renaming(&r.key, key) && !there.contains_key(&squash(&r.key)));
            row.filter(|r| !r.reads.is_empty()).map(|r| r.key.clone())
        };
        out.unread = given.keys().filter(strange).map(|k| (k.clone(), missing(k))).collect();
    }
    for row in mine {
        let committed = row.sets.iter().any(|s| is_deployed(s));
        let Some(value) = there.get(&squash(&row.key)) else {
            let in_image = row.sets.iter().any(|s| s.at.says.starts_with("setting [image"));
            if open || in_image || row.reads.is_empty() || is_of_a_platform(&row.key) && !committed {
                continue;
            }
            if row.reads.iter().all(|r| r.default.is_none()) {
                let near = out.unread.iter().map(|(k, _)| k).find(|k| is_renaming(&row.key, k)).cloned();
                out.missing.push((row, near));
            } else if committed {
                out.defaulted.push(row);
            }
            continue;
        };
        let texts: BTreeSet<&SmolStr> = row.sets.iter().filter(|s| is_deployed(s)).flat_map(|s| &s.texts).collect();
        let whole = row.sets.iter().filter(|s| is_deployed(s)).all(|s| !s.texts.is_empty());
        // Only values of keys that are committed in plain are ever shown.
        if let Some(value) = value
            && committed
            && whole
            && !texts.contains(value)
            && !texts.iter().any(|t| is_masked(t))
        {
            out.different.push((row, value.clone()));
        }
    }
    out
}

/// Whether code binds a section that the key is below of (`Urls__Basket` of `Urls`).
fn is_section(key: &str, known: &BTreeSet<String>) -> bool {
    key.match_indices("__").any(|(at, _)| known.contains(&squash(&key[..at])))
}

/// Variables that images bring along, and those that Kubernetes and container links inject.
fn is_of_an_image(key: &str) -> bool {
    const ENDS: &[&str] = &[
        "_VERSION",
        "_SHA256",
        "_SHA",
        "_HOME",
        "_SERVICE_HOST",
        "_SERVICE_PORT",
        "_TCP",
        "_TCP_ADDR",
        "_TCP_PORT",
        "_TCP_PROTO",
    ];
    const WHOLE: &[&str] = &[
        "GPG_KEY",
        "PIP_NO_CACHE_DIR",
        "OLDPWD",
        "SHLVL",
        "LOGNAME",
        "MAIL",
        "_",
        "container",
        "HOSTTYPE",
        "MACHTYPE",
        "INVOCATION_ID",
        "JOURNAL_STREAM",
    ];
    ENDS.iter().any(|e| key.ends_with(e))
        || WHOLE.contains(&key)
        || key.contains("_SERVICE_PORT_")
        || key.contains("_PORT_")
}

/// The node that one of the names of a process means: by itself, without what an orchestrator puts before or behind it.
pub fn named(graph: &Graph, names: &[SmolStr]) -> Option<usize> {
    let shorter = |name: &str| -> Vec<String> {
        let parts: Vec<&str> = name.split(['-', '_']).collect();
        let joined = |from: usize, to: usize| ["-", "_"].map(|by| parts[from..to].join(by));
        let mut out = Vec::new();
        for cut in 0..parts.len().min(4) {
            // `checkout-6c9f7-x2z4`: from behind first; `shop-checkout-1`: then one from the front.
            out.extend(joined(0, parts.len() - cut));
        }
        for cut in 0..parts.len().saturating_sub(1).min(3) {
            out.extend(joined(1, parts.len() - cut));
        }
        out
    };
    let exact = names.iter().find_map(|n| graph.node(n));
    exact.or_else(|| names.iter().flat_map(|n| shorter(n)).filter(|n| n.len() > 1).find_map(|n| graph.node(&n)))
}
