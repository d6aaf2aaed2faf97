//! Toxiproxy by itself: a script that makes the proxies, adds the toxics of one case and takes them away again.

use super::{Faults, Injection, Near, comment};
use crate::fault::Kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A toxic as its HTTP API takes it, or the proxy switched off.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Toxic {
    Down,
    Add(&'static str, Value),
}

impl Toxic {
    pub fn body(&self, name: &str) -> Value {
        match self {
            Toxic::Down => json!({ "enabled": false }),
            Toxic::Add(kind, attributes) => json!({
                "name": name, "type": kind, "stream": "downstream", "toxicity": 1.0, "attributes": attributes
            }),
        }
    }

    /// Behind `/proxies/`.
    pub fn path(&self, proxy: &str) -> String {
        match self {
            Toxic::Down => proxy.to_owned(),
            Toxic::Add(..) => format!("{proxy}/toxics"),
        }
    }

    /// The same by its program.
    pub fn command(&self, proxy: &str) -> String {
        match self {
            Toxic::Down => format!("toggle {proxy}"),
            Toxic::Add(kind, attributes) => {
                let all = attributes.as_object().into_iter().flatten().map(|(k, v)| format!(" -a {k}={v}"));
                format!("toxic add -t {kind}{} {proxy}", all.collect::<String>())
            }
        }
    }
}

/// It sees bytes, no calls: what is done is done to every connection while it lasts.
pub(super) fn toxic(injection: &Injection) -> Near<Toxic> {
    let add = |kind, attributes| Toxic::Add(kind, attributes);
    match &injection.kind {
        Kind::Refuse => Near::Same(Toxic::Down),
        Kind::ReplyLost => Near::Like(
            add("limit_data", json!({ "bytes": 0 })),
            "the callee gets the call and does its work; the connection is closed at the first byte of the reply, in order and not by a reset",
        ),
        Kind::Late => Near::Same(add("timeout", json!({ "timeout": 0 }))),
        Kind::Slow(ms) => Near::Same(add("latency", json!({ "latency": ms, "jitter": 0 }))),
        Kind::Truncate => Near::Like(
            add("limit_data", json!({ "bytes": 64 })),
            "cut after 64 bytes, which may be within the headers; raise it to the length of the headers and half the body",
        ),
        Kind::Status(_) | Kind::Grpc(_) => {
            Near::Not("Toxiproxy sees bytes and answers nothing by itself; `--emit mesh` writes it for Istio")
        }
        Kind::Malform => Near::Not("Toxiproxy does not change bytes"),
        Kind::Kill | Kind::KillCaller => {
            Near::Not("Toxiproxy ends no processes; kill the container with a signal while the call is under way")
        }
        Kind::Duplicate | Kind::Twice => {
            Near::Not("Toxiproxy does not send a call twice; `--emit mesh` comes near with a mirror")
        }
    }
}

pub(super) fn often(injection: &Injection) -> Option<&'static str> {
    (!injection.lasts).then_some(
        "it was one call; Toxiproxy does it to every connection until it is taken away: add it just before the step",
    )
}

/// Listens on this port of this machine for an edge, by its place in the list.
fn listen(at: usize) -> u16 {
    27_000 + u16::try_from(at).unwrap_or_default()
}

pub(super) fn written(faults: &Faults) -> String {
    let mut out = String::from(
        "#!/bin/sh\n# Faults that `seam verify` found, for Toxiproxy (https://github.com/Shopify/toxiproxy).\n\
         #   toxiproxy-server &            then\n\
         #   sh FILE setup                 makes the proxies; lead each caller to the address that stands at its proxy\n\
         #   sh FILE add N                 adds the toxics of case N\n\
         #   sh FILE heal                  takes all of them away\n\
         set -eu\nAPI=${TOXIPROXY:-http://127.0.0.1:8474}\nsend() { curl -fsS -H 'Content-Type: application/json' -d @- \"$API$1\"; echo; }\n",
    );
    let mut proxies = Vec::new();
    let mut ports = BTreeMap::new();
    for (at, (name, injection)) in faults.edges().into_iter().enumerate() {
        let (caller, callee) = injection.edge();
        let port = faults.port(callee);
        let known = port.map_or_else(|| "its port is not known: 0 stands for it".to_owned(), |p| format!("port {p}"));
        let whose = caller.map_or_else(|| "every caller".to_owned(), |c| format!("`{c}`"));
        out.push_str(&comment(&format!(
            "{name}: lead {whose} to 127.0.0.1:{} instead of `{callee}` ({known})",
            listen(at)
        )));
        proxies.push(json!({
            "name": name,
            "listen": format!("127.0.0.1:{}", listen(at)),
            "upstream": format!("127.0.0.1:{}", port.unwrap_or_default()),
            "enabled": true,
        }));
        ports.insert(name, listen(at));
    }
    out.push_str("case ${1:-} in\nsetup)\n  send /populate <<'JSON'\n");
    out.push_str(&serde_json::to_string_pretty(&proxies).unwrap_or_default());
    out.push_str("\nJSON\n  ;;\nheal)\n  printf '{}' | send /reset\n  ;;\nadd)\n  case ${2:-} in\n");
    for (at, (says, injections)) in faults.cases.iter().enumerate() {
        out.push_str(&format!("  {})\n    {}", at + 1, comment(says)));
        let mut any = false;
        for (number, injection) in injections.iter().enumerate() {
            out.push_str(&format!("    {}", comment(&injection.told())));
            let (toxic, differs) = match toxic(injection) {
                Near::Same(toxic) => (toxic, None),
                Near::Like(toxic, differs) => (toxic, Some(differs)),
                Near::Not(why) => {
                    out.push_str(&format!("    {}", comment(&format!("not expressed: {why}"))));
                    out.push_str(&format!("    echo {} >&2\n", shell(&format!("not expressed: {why}"))));
                    any = true;
                    continue;
                }
            };
            for note in differs.into_iter().map(|d| format!("nearest: {d}")).chain(often(injection).map(str::to_owned))
            {
                out.push_str(&format!("    {}", comment(&note)));
            }
            let proxy = injection.name();
            out.push_str(&format!("    {}", comment(&format!("toxiproxy-cli {}", toxic.command(&proxy)))));
            let body = toxic.body(&format!("case-{}-{}", at + 1, number + 1));
            out.push_str(&format!("    send /proxies/{} <<'JSON'\n{body}\nJSON\n", toxic.path(&proxy)));
            any = true;
        }
        out.push_str(if any { "    ;;\n" } else { "    :\n    ;;\n" });
    }
    out.push_str("  *) echo \"which case? 1 to ");
    out.push_str(&faults.cases.len().to_string());
    out.push_str("\" >&2; exit 2 ;;\n  esac\n  ;;\n*) echo \"setup, add N or heal\" >&2; exit 2 ;;\nesac\n");
    out
}

fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
