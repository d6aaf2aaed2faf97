//! Commands that print where something is: their output is the address under which the thing itself is known.

use super::options::{Options, Rules, start};
use seam_facts::Value;

const RULES: Rules = Rules { alone: &["--quiet", "-q"], letters: "", many: false, first: false };

/// What a command prints, if that is an address of something that it names.
pub(super) fn looked_up(words: &[Value]) -> Option<Value> {
    let program = words.first()?.as_text()?;
    let options = Options::parse(&words[1..], &RULES);
    let said: Vec<&str> = options.operands.iter().map(start).filter(|w| !matches!(*w, "beta" | "alpha")).collect();
    let operand = |i: usize| options.operands.iter().filter(|v| !matches!(start(v), "beta" | "alpha")).nth(i).cloned();
    let url = |name: Value| Value::text("https://").then(name);
    match (program.as_str(), said.as_slice()) {
        ("gcloud", ["run", "services", "describe", _, ..]) => operand(3).map(url),
        ("gcloud", ["functions", "describe", _, ..]) => operand(2).map(url),
        ("gcloud", ["sql" | "redis", "instances", "describe", _, ..]) => operand(3),
        ("gcloud", ["alloydb", "instances", "describe", _, ..]) => {
            options.get(&["--cluster"]).cloned().or_else(|| operand(3))
        }
        ("az", [kind, .., "show"]) => {
            let name = options.get(&["--name", "-n"]).cloned()?;
            let asked = options.get(&["--query"]).map(Value::to_string).unwrap_or_default().to_lowercase();
            match *kind {
                "containerapp" | "webapp" | "functionapp" | "spring" | "spring-cloud" | "container" => {
                    let app = said.get(1).is_none_or(|w| matches!(*w, "app" | "show"));
                    let host = asked.contains("fqdn") || asked.contains("hostname") || asked.contains("domain");
                    match (app, host, asked.contains("url")) {
                        (true, true, _) => Some(name),
                        (true, false, true) => Some(url(name)),
                        _ => None,
                    }
                }
                "redis" | "postgres" | "mysql" | "sql" | "cosmosdb" => {
                    let host = ["host", "domain", "endpoint"].iter().any(|w| asked.contains(w));
                    host.then_some(name)
                }
                _ => None,
            }
        }
        ("docker" | "podman", ["inspect", ..] | ["container", "inspect", ..]) => {
            let asked = options.get(&["-f", "--format"]).map(Value::to_string).unwrap_or_default();
            asked.contains("IPAddress").then(|| options.operands.last().cloned()).flatten()
        }
        // The machine on which containers publish their ports.
        ("docker-machine" | "boot2docker", ["ip", ..]) => Some(Value::text("localhost")),
        ("kubectl" | "oc", ["get", "svc" | "service" | "services" | "ksvc" | "kservice", _, ..]) => {
            options.has(&["-o", "--output"]).then(|| operand(2)).flatten()
        }
        _ => None,
    }
}
