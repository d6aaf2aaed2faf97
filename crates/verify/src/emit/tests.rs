//! What is written for other tools, read back as they would read it.

use super::*;
use crate::fault::{Fault, Script};
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

const CHARGE: &str = "storefront POST /checkout#1 > orders POST /orders#1 > payments POST /charges/{}#1";

fn every_kind() -> Vec<Kind> {
    vec![
        Kind::Refuse,
        Kind::Status(503),
        Kind::Grpc(14),
        Kind::ReplyLost,
        Kind::Late,
        Kind::Slow(250),
        Kind::Truncate,
        Kind::Malform,
        Kind::Duplicate,
        Kind::Twice,
        Kind::Kill,
        Kind::KillCaller,
    ]
}

fn faults(all: Vec<Fault>) -> Faults {
    let replay =
        |f: &Fault| Replay::new("buy", "unsafe-retry/x", "it costs $20: \"twice\"\nsaid 'he'", Script::of([f.clone()]));
    let ports = [("payments", 7402), ("broker", 5672)].map(|(n, p)| (n.to_owned(), p));
    Faults::of(&all.iter().map(replay).collect::<Vec<_>>(), ports.into(), &Callers::new())
}

fn all() -> Faults {
    let calls = every_kind().into_iter().map(|k| Fault::call(CHARGE, k));
    let lasting = every_kind().into_iter().flat_map(|k| {
        [
            Fault::edge("orders", "payments", k.clone()),
            Fault::service("payments", k.clone()),
            Fault::every("orders POST /orders", k),
        ]
    });
    let lines = [
        Fault::call("broker by itself > mailer DELIVER /mails#1", Kind::ReplyLost),
        Fault::call("orders POST /orders#1 > database COMMIT /orders#1", Kind::Refuse),
    ];
    faults(calls.chain(lasting).chain(lines).collect())
}

fn documents(text: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

#[test]
fn keys_of_calls_tell_who_asks_whom_for_what() {
    let one = Injection::of(&Fault::call(CHARGE, Kind::ReplyLost));
    assert_eq!((one.caller.as_deref(), one.callee.as_str()), (Some("orders"), "payments"));
    assert_eq!((one.method.as_str(), one.path.as_str(), one.lasts, one.line), ("POST", "/charges/{}", false, false));
    let first = Injection::of(&Fault::every("orders GET /orders", Kind::Refuse));
    assert_eq!((first.caller, first.lasts), (None, true));
    // The consumer opens the connection over which messages come.
    let given = Injection::of(&Fault::call("broker by itself > mailer DELIVER /mails#1", Kind::ReplyLost));
    assert_eq!((given.edge(), given.line), ((Some("mailer"), "broker"), true));
}

#[test]
fn compose_overrides_lead_a_caller_through_a_proxy() {
    let all = all();
    let text = written(Tool::Compose, &all);
    let [doc] = documents(&text).try_into().unwrap_or_else(|_| panic!("one document"));
    let services = doc["services"].as_hash().map(|h| h.len());
    // mailer and orders are led; a proxy stands before each edge.
    assert_eq!(doc["services"]["orders"]["links"][0].as_str(), Some("toxiproxy-orders-database:database"));
    assert_eq!(doc["services"]["mailer"]["links"][0].as_str(), Some("toxiproxy-mailer-broker:broker"));
    assert_eq!(services, Some(2 + all.edges().len()));
    for (name, _) in all.edges() {
        let service = format!("toxiproxy-{name}");
        let one = &doc["services"][service.as_str()];
        assert_eq!(one["configs"][0]["source"].as_str(), Some(service.as_str()), "{name}");
        let content = doc["configs"][service.as_str()]["content"].as_str().unwrap_or_default();
        let proxies: Value = serde_json::from_str(content).unwrap_or_else(|e| panic!("{e}: {content}"));
        assert_eq!(proxies[0]["name"], name);
        let port = proxies[0]["upstream"].as_str().and_then(|u| u.rsplit_once(':')).map(|(_, p)| p.to_owned());
        assert!(proxies[0]["listen"].as_str().is_some_and(|l| l.ends_with(&format!(":{}", port.unwrap_or_default()))));
    }
    assert!(text.contains("# 1. it costs $20: \"twice\" said 'he'"), "{text}");
}

#[test]
fn scripts_for_toxiproxy_hold_what_its_api_takes() {
    let text = written(Tool::Toxiproxy, &all());
    let mut bodies = 0;
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(" <<'JSON'\n") {
        let path = before.rsplit(' ').next().unwrap_or_default();
        let (body, behind) = after.split_once("\nJSON\n").unwrap_or_else(|| panic!("open: {after}"));
        let body: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {body}"));
        match path {
            "/populate" => assert!(body.as_array().is_some_and(|a| a.iter().all(|p| p["upstream"].is_string()))),
            path if path.ends_with("/toxics") => {
                let kind = body["type"].as_str().unwrap_or_default();
                let attribute = match kind {
                    "limit_data" => "bytes",
                    "timeout" => "timeout",
                    "latency" => "latency",
                    other => panic!("{other} is no toxic that is written"),
                };
                assert!(body["attributes"][attribute].is_u64() && body["stream"] == "downstream", "{body}");
            }
            _ => assert_eq!(body, serde_json::json!({ "enabled": false })),
        }
        bodies += 1;
        rest = behind;
    }
    assert!(bodies > 10, "{text}");
    // What it cannot do is said where it would be done.
    assert_eq!(text.matches("echo 'not expressed: Toxiproxy").count(), 4 * 7, "{text}");
}

#[test]
fn meshes_get_one_service_for_each_callee_and_the_truth_about_the_rest() {
    let text = written(Tool::Mesh, &all());
    let documents = documents(&text);
    assert!(documents.len() > 20);
    for doc in documents.iter().filter(|d| !d.is_null()) {
        assert_eq!(doc["kind"].as_str(), Some("VirtualService"));
        assert_eq!(doc["apiVersion"].as_str(), Some("networking.istio.io/v1"));
        let name = doc["metadata"]["name"].as_str().unwrap_or_default();
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        let host = doc["spec"]["hosts"][0].as_str();
        let routes = doc["spec"]["http"].as_vec().cloned().unwrap_or_default();
        assert!(routes.len() > 1, "what does not match goes on as before");
        for route in &routes {
            assert_eq!(route["route"][0]["destination"]["host"].as_str(), host);
        }
        let first = &routes[0];
        assert!(first["match"][0].as_hash().is_some_and(|m| !m.is_empty()));
        let done = ["fault", "timeout", "mirror"].iter().filter(|k| !first[**k].is_badvalue()).count();
        assert_eq!(done, 1, "{first:?}");
    }
    let one = |kind| written(Tool::Mesh, &faults(vec![Fault::call(CHARGE, kind)]));
    let [doc] = self::documents(&one(Kind::Status(503))).try_into().unwrap_or_else(|_| panic!("one document"));
    let route = &doc["spec"]["http"][0];
    assert_eq!(route["fault"]["abort"]["httpStatus"].as_i64(), Some(503));
    assert_eq!(route["fault"]["abort"]["percentage"]["value"].as_i64(), Some(100));
    assert_eq!(route["match"][0]["uri"]["regex"].as_str(), Some("/charges/[^/]+"));
    assert_eq!(route["match"][0]["method"]["exact"].as_str(), Some("POST"));
    assert_eq!(route["match"][0]["sourceLabels"]["app"].as_str(), Some("orders"));
    assert!(one(Kind::ReplyLost).contains("nearest: the sidecar answers 504"));
    assert!(one(Kind::Truncate).contains("not expressed: Istio changes no reply"));
}

#[test]
fn all_callers_of_a_service_are_led_where_they_are_known() {
    let down = Replay::new("buy", "x", "it is down", Script::of([Fault::service("payments", Kind::Refuse)]));
    let callers = Callers::from([("payments".to_owned(), ["orders", "retrier"].map(str::to_owned).into())]);
    let text = written(Tool::Compose, &Faults::of(&[down], BTreeMap::new(), &callers));
    let [doc] = documents(&text).try_into().unwrap_or_else(|_| panic!("one document"));
    for caller in ["orders", "retrier"] {
        let link = format!("toxiproxy-{caller}-payments:payments");
        assert_eq!(doc["services"][caller]["links"][0].as_str(), Some(link.as_str()));
    }
    // What cannot be done needs no proxy.
    let status = faults(vec![Fault::edge("orders", "payments", Kind::Status(500))]);
    let text = written(Tool::Compose, &status);
    assert!(text.contains("not expressed") && !text.contains("image:"), "{text}");
    documents(&text);
}
