//! What cannot get better is tried again. See `wrong_error_retried.md`.

use crate::patience::{Patience, Said, called, is_call};
use crate::trials::Means;
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::SmolStr;
use seam_graph::Operation;
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "wrong-error-retried",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("wrong_error_retried.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let patience = Patience::new(cx);
    let mut seen: BTreeSet<(SmolStr, u32, usize)> = BTreeSet::new();
    for (operation, edge, _) in cx.operations().filter(|(o, _, _)| is_call(cx, *o)) {
        // One finding for each policy and callee, whatever the number of operations.
        for layer in patience.of(operation).layers.into_iter().filter(|l| !l.detail.starts_with("a loop")) {
            let wrong = wrong_in(&layer.detail);
            if !wrong.is_empty() && seen.insert((layer.at.path.clone(), layer.at.at.line, edge.to)) {
                out.push(draft(cx, operation, &layer, &wrong));
            } else if let Some(listed) = forgets(&layer.detail)
                && seen.insert((layer.at.path.clone(), layer.at.at.line, edge.to))
            {
                out.push(forgotten(cx, operation, &layer, &listed));
            }
        }
    }
    for trial in &cx.trials().all {
        let Means::Loop(said) = trial.means else { continue };
        let Some(operation) = trial.operations.iter().copied().find(|o| is_call(cx, *o)) else { continue };
        let caught: Vec<SmolStr> = said.caught.iter().filter(|t| is_refusal(t)).cloned().collect();
        let told: Vec<SmolStr> = said.refused.iter().filter(|t| is_refusal(t)).cloned().collect();
        let at = trial.at(cx);
        let wrong = if told.is_empty() { caught } else { told };
        // Who names this one alone waits for what is not there yet.
        if wrong.iter().all(|w| matches!(w.as_str(), "404" | "NotFound")) && said.caught.is_empty() {
            continue;
        }
        if wrong.is_empty()
            || said.refused.is_empty() && wrong.len() < said.caught.len()
            || !seen.insert((at.path.clone(), at.at.line, cx.edge(operation.edge).to))
        {
            continue;
        }
        let attempts = said.attempts.as_ref().and_then(|v| v.as_text()?.parse().ok());
        let certainty = seam_graph::Certainty::Stated;
        let kind = seam_facts::PolicyKind::Retry;
        let layer = Said { kind, attempts, millis: None, detail: "a loop".into(), at, certainty };
        out.push(draft(cx, operation, &layer, &wrong));
    }
}

fn draft(cx: &Cx<'_>, operation: Operation, layer: &Said, wrong: &[SmolStr]) -> Draft {
    let (edge, detail) = (cx.edge(operation.edge), cx.detail(operation));
    let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
    let what = called(cx, operation);
    let named = wrong.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
    let vain = match layer.attempts {
        Some(n) if n > 1 => format!("{} of {n} attempts are in vain", n - 1),
        _ => "every further attempt is in vain".to_owned(),
    };
    Draft::new(
        format!("{} {}", edge.key.as_str(), wrong.join(" ")),
        &layer.at,
        format!("calls of `{caller}` to `{callee}` are tried again after {named}"),
    )
    .why(format!(
        "By this answer `{callee}` says that the request itself is wrong, or that what it asks for is not there: the same request \
         gets the same answer, {vain}, and whoever waits for `{caller}` learns it that much later."
    ))
    .help("try again only after a lost connection, a timeout, 429, 502, 503 and 504")
    .about([edge.key.clone()])
    .certainty(detail.certainty)
    .certainty(layer.certainty)
    .link(&layer.at, format!("it is tried again ({})", layer.detail))
    .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"))
}

/// A list of statuses that has others of the server's and not the one that asks to come again.
fn forgotten(cx: &Cx<'_>, operation: Operation, layer: &Said, listed: &str) -> Draft {
    let (edge, detail) = (cx.edge(operation.edge), cx.detail(operation));
    let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
    let what = called(cx, operation);
    let mut draft = Draft::new(
        format!("{} without 503", edge.key.as_str()),
        &layer.at,
        format!("calls of `{caller}` to `{callee}` are tried again after {listed}, and not after 503"),
    )
    .why(format!(
        "503 is the one answer by which `{callee}`, or what stands before it while it is started anew, says that the same request \
         may work in a moment. It is an error at once here, while {listed}, which may come of a defect that stays, are tried again."
    ))
    .help("add 503 to the list, with a pause that grows, and wait as long as `Retry-After` asks")
    .about([edge.key.clone()])
    .certainty(detail.certainty)
    .certainty(layer.certainty)
    .link(&layer.at, format!("it is tried again ({})", layer.detail))
    .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"));
    // A proxy may be told so on purpose: there 503 can mean that all that stands behind it is switched off.
    if layer.detail.contains("_next_upstream") {
        draft = draft.severity(Severity::Note);
    }
    draft
}

/// The server's statuses of a list that lacks 503; `None` where it has it, or repeats by kind instead of by number.
fn forgets(detail: &str) -> Option<String> {
    let list = detail.split_once(" on ").map(|(_, list)| list);
    let list = list.or_else(|| detail.contains("_next_upstream").then_some(detail))?;
    let words: Vec<&str> = list
        .split([',', ' ', '|', ';'])
        .map(|w| w.trim().trim_start_matches("http_"))
        .filter(|w| !w.is_empty())
        .collect();
    let status = |w: &&&str| w.len() == 3 && w.bytes().all(|b| b.is_ascii_digit());
    let kinds = ["5xx", "gateway-error", "retriable-status-codes", "unavailable"];
    if words.iter().any(|w| kinds.contains(w) || w.starts_with(|c: char| c.is_uppercase())) {
        return None;
    }
    let servers: Vec<&str> = words.iter().filter(status).filter(|w| w.starts_with('5')).copied().collect();
    let lacks = servers.len() > 1 && !servers.contains(&"503");
    lacks.then(|| match servers.split_last() {
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    })
}

/// What a policy says that it repeats and should not: the words after `on`, and those of nginx.
fn wrong_in(detail: &str) -> Vec<SmolStr> {
    let list = match detail.split_once(" on ") {
        Some((_, list)) => list,
        None if detail.contains("_next_upstream") => detail,
        None => return Vec::new(),
    };
    let words = list.split([',', ' ', '|', ';']).map(|w| w.trim().trim_start_matches("http_"));
    let mut out: Vec<SmolStr> = words.filter(|w| is_refusal(w)).map(SmolStr::from).collect();
    out.dedup();
    out
}

/// Answers that stay as they are: the request is at fault. 408, 409, 421, 423, 425 and 429 may pass.
fn is_refusal(word: &str) -> bool {
    const TYPES: &[&str] = &[
        "HttpClientErrorException",
        "BadRequest",
        "BAD_REQUEST",
        "UNAUTHORIZED",
        "FORBIDDEN",
        "UNPROCESSABLE_ENTITY",
        "BadRequestException",
        "NotFound",
        "NotFoundException",
        "Unauthorized",
        "UnauthorizedException",
        "Forbidden",
        "ForbiddenException",
        "UnprocessableEntity",
        "InvalidArgument",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "Unauthenticated",
        "UNAUTHENTICATED",
        "PermissionDenied",
        "PERMISSION_DENIED",
        "Unimplemented",
        "UNIMPLEMENTED",
        "AlreadyExists",
        "ALREADY_EXISTS",
        "WebClientResponseException.BadRequest",
        "WebClientResponseException.NotFound",
    ];
    let status = word.len() == 3 && word.starts_with('4') && word.bytes().all(|b| b.is_ascii_digit());
    status && !matches!(word, "408" | "409" | "421" | "423" | "425" | "429")
        || TYPES.contains(&word.rsplit(['.', ':']).next().unwrap_or(word))
}
