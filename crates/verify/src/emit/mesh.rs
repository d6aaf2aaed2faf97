//! A service mesh: one VirtualService of Istio for each callee. Faults are injected by the caller's sidecar, before the callee.

use super::{Faults, Injection, Near, comment, label, quoted};
use crate::fault::Kind;
use std::collections::BTreeMap;

/// What a route does beside leading to the callee, as lines of YAML below the route.
pub(super) fn route(injection: &Injection) -> Near<String> {
    if injection.line {
        return Near::Not(
            "it is no HTTP: a mesh sees bytes there, and its faults are for HTTP; `--emit compose` writes it for Toxiproxy",
        );
    }
    let abort = |what: String| format!("fault:\n  abort:\n    percentage:\n      value: 100\n    {what}\n");
    let delay = |ms: u64| format!("fault:\n  delay:\n    percentage:\n      value: 100\n    fixedDelay: {ms}ms\n");
    match &injection.kind {
        Kind::Status(status) => Near::Same(abort(format!("httpStatus: {status}"))),
        Kind::Grpc(code) => Near::Same(abort(format!("grpcStatus: {}", quoted(grpc(*code))))),
        Kind::Refuse => {
            Near::Like(abort("httpStatus: 503".to_owned()), "the sidecar answers 503, where the connection was refused")
        }
        Kind::Slow(ms) => {
            Near::Like(delay(*ms), "the call is held before the callee hears of it, where its reply was held")
        }
        Kind::Late => Near::Like(
            delay(60_000),
            "the call is held before the callee hears of it: that the caller gives up shows, that the callee did the work does not",
        ),
        Kind::ReplyLost => Near::Like(
            "timeout: 0.005s\n".to_owned(),
            "the sidecar answers 504 after 5 ms, while the callee goes on where it does not mind the end of its request; \
             raise it if the call does not arrive, lower it if the reply does",
        ),
        Kind::Twice | Kind::Duplicate => Near::Like(
            format!("mirror:\n  host: {}\nmirrorPercentage:\n  value: 100\n", quoted(&injection.callee)),
            "a copy is sent beside the call, with `-shadow` behind its host name, and at once rather than after it",
        ),
        Kind::Truncate | Kind::Malform => Near::Not("Istio changes no reply; `--emit compose` cuts it with Toxiproxy"),
        Kind::Kill | Kind::KillCaller => {
            Near::Not("Istio ends no processes; delete the pod without grace while the call is under way")
        }
    }
}

/// Names of gRPC's codes, as Istio takes them.
fn grpc(code: u32) -> &'static str {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    usize::try_from(code).ok().and_then(|c| NAMES.get(c)).copied().unwrap_or("UNKNOWN")
}

pub(super) fn written(faults: &Faults) -> String {
    let mut out = String::from(
        "# Faults that `seam verify` found, for Istio: apply one document, run the scenario, delete it again.\n\
         # The caller's sidecar injects them into every matching call; pods of a caller are told by the label `app`.\n",
    );
    for (at, (says, injections)) in faults.cases.iter().enumerate() {
        let mut hosts: BTreeMap<&str, Vec<(&Injection, String)>> = BTreeMap::new();
        let mut notes = comment(&format!("{}. {says}", at + 1));
        for injection in injections {
            notes.push_str(&comment(&format!("   {}", injection.told())));
            let (lines, differs) = match route(injection) {
                Near::Same(lines) => (lines, None),
                Near::Like(lines, differs) => (lines, Some(differs)),
                Near::Not(why) => {
                    notes.push_str(&comment(&format!("   not expressed: {why}")));
                    continue;
                }
            };
            if let Some(differs) = differs {
                notes.push_str(&comment(&format!("   nearest: {differs}")));
            }
            if !injection.lasts {
                notes.push_str(&comment("   it was one call; the mesh does it to every one that matches"));
            }
            hosts.entry(&injection.callee).or_default().push((injection, lines));
        }
        if hosts.is_empty() {
            out.push_str(&notes);
        }
        for (number, (host, routes)) in hosts.into_iter().enumerate() {
            out.push_str("---\n");
            out.push_str(if number == 0 { &notes } else { "" });
            out.push_str(&format!(
                "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: {}\nspec:\n  hosts:\n    - {}\n  http:\n",
                quoted(&label(&format!("seam-{}-{host}", at + 1))),
                quoted(host)
            ));
            for (injection, lines) in routes {
                out.push_str(&matching(injection));
                out.push_str(&indented(&lines, 6));
                out.push_str("      retries:\n        attempts: 0\n");
                out.push_str(&destination(host, 6));
            }
            out.push_str(&format!("    - {}", destination(host, 6).trim_start()));
        }
    }
    out
}

/// The first lines of a route: which calls it is for.
fn matching(injection: &Injection) -> String {
    let mut all = Vec::new();
    if !injection.method.is_empty() {
        all.push(format!("method:\n  exact: {}\n", quoted(&injection.method)));
    }
    if !injection.path.is_empty() {
        let path = match injection.path.contains("{}") {
            true => format!("regex: {}", quoted(&regex(&injection.path))),
            false => format!("exact: {}", quoted(&injection.path)),
        };
        all.push(format!("uri:\n  {path}\n"));
    }
    if let Some(caller) = &injection.caller {
        all.push(format!("sourceLabels:\n  app: {}\n", quoted(caller)));
    }
    if all.is_empty() {
        // Every call there is.
        all.push("uri:\n  prefix: \"/\"\n".to_owned());
    }
    let lines = indented(&all.concat(), 10);
    format!("    - match:\n        - {}", lines.trim_start())
}

fn regex(path: &str) -> String {
    let parts: Vec<String> = path
        .split("{}")
        .map(|part| {
            part.chars().flat_map(|c| if ".+*?()[]|^$\\".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
        })
        .collect();
    parts.join("[^/]+")
}

fn destination(host: &str, deep: usize) -> String {
    indented(&format!("route:\n  - destination:\n      host: {}\n", quoted(host)), deep)
}

fn indented(text: &str, deep: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(deep))).collect()
}
