//! Differences of small graphs that are made by hand.

use super::*;
use crate::model::{Endpoint, Node, NodeKind, Proof, ReadOf, SettingOf};
use seam_facts::{Key, Protocol, Span};

fn at(path: &str, line: u32) -> Evidence {
    Evidence { path: path.into(), at: Span::at(line, 1), says: "here".into(), by: "test".into() }
}

fn graph(name: &str) -> Graph {
    let node = Node {
        key: Key::node("service", name),
        name: name.into(),
        kind: NodeKind::Service,
        system: None,
        languages: Vec::new(),
        roots: vec![name.into()],
        own: Vec::new(),
        libraries: Vec::new(),
        aliases: Vec::new(),
        proof: Proof::new(at("compose.yaml", 2), []),
    };
    Graph { nodes: vec![node], ..Graph::default() }
}

fn route(path: &str, handler: &str, line: u32) -> Endpoint {
    Endpoint {
        key: Key::endpoint("orders", path),
        node: 0,
        protocol: Protocol::Http,
        method: Some("GET".into()),
        path: path.into(),
        handler: handler.into(),
        request: None,
        response: None,
        certainty: Certainty::Stated,
        proof: Proof::new(at("orders/app.py", line), []),
    }
}

fn read(key: &str, default: &str, line: u32) -> ReadOf {
    ReadOf { node: 0, key: key.into(), default: Some(default.into()), at: at("orders/app.py", line) }
}

#[test]
fn what_only_moved_within_its_file_is_no_difference() {
    let (mut a, mut b) = (graph("orders"), graph("orders"));
    a.endpoints = vec![route("/orders", "list", 10)];
    b.endpoints = vec![route("/orders", "list", 40)];
    assert_eq!(delta(&a, &b), []);
}

#[test]
fn a_route_with_the_same_handler_is_moved_and_that_is_inferred() {
    let (mut a, mut b) = (graph("orders"), graph("orders"));
    a.endpoints = vec![route("/orders", "list", 10), route("/carts", "carts", 20)];
    b.endpoints = vec![route("/purchases", "list", 10), route("/carts", "carts", 20)];
    let found = delta(&a, &b);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].turn, found[0].certainty), (Turn::Renamed, Certainty::Inferred));
    assert_eq!((found[0].name.as_str(), found[0].to.as_str()), ("GET /orders", "GET /purchases"));
}

#[test]
fn two_routes_that_have_nothing_in_common_are_not_one() {
    let (mut a, mut b) = (graph("orders"), graph("orders"));
    a.endpoints = vec![route("/orders", "list", 10)];
    b.endpoints = vec![route("/health", "alive", 80)];
    let turns: Vec<Turn> = delta(&a, &b).iter().map(|d| d.turn).collect();
    assert_eq!(turns, [Turn::Added, Turn::Removed]);
}

#[test]
fn a_read_that_is_renamed_and_a_default_that_changes_are_told_apart() {
    let (mut a, mut b) = (graph("orders"), graph("orders"));
    a.reads = vec![read("STOCK_URL", "http://stock", 3), read("WAIT", "4", 5)];
    b.reads = vec![read("STOCKS_URL", "http://stock", 3), read("WAIT", "1", 5)];
    let found = delta(&a, &b);
    let said: Vec<_> = found.iter().map(|d| (d.turn, d.name.as_str(), d.before.as_str(), d.after.as_str())).collect();
    assert_eq!(said, [(Turn::Changed, "WAIT", "4", "1"), (Turn::Renamed, "STOCK_URL", "http://stock", "http://stock")]);
}

#[test]
fn a_setting_is_compared_by_what_it_comes_to() {
    let setting = |text: &str| SettingOf {
        node: 0,
        key: "STOCK_URL".into(),
        value: "http://stock:${env:PORT}".into(),
        texts: vec![text.into()],
        profile: None,
        at: at("compose.yaml", 9),
    };
    let (mut a, mut b) = (graph("orders"), graph("orders"));
    (a.settings, b.settings) = (vec![setting("http://stock:1")], vec![setting("http://stock:2")]);
    let found = delta(&a, &b);
    assert_eq!((found[0].before.as_str(), found[0].after.as_str()), ("http://stock:1", "http://stock:2"));
}

#[test]
fn what_goes_with_a_service_is_told_once() {
    let (mut a, b) = (graph("orders"), graph("stock"));
    a.endpoints = vec![route("/orders", "list", 10)];
    let found = delta(&a, &Graph { nodes: b.nodes.into_iter().filter(|_| false).collect(), ..Graph::default() });
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].what, found[0].turn), (What::Service, Turn::Removed));
}
