//! Services that find one another without addresses: over an event bus, and by names that code enters in a directory.

use crate::made::{edges, fact, linked, service, setting};
use seam_facts::{
    Alias, Argument, Call, Claim, Deployment, Endpoint, Fact, Hole, Pass, Protocol, Route, Target, Uses, Value,
};
use seam_graph::{EdgeKind, Graph};

fn call(protocol: Protocol, target: Value) -> Claim {
    Claim::Call(Call::to(protocol, "Vert.x".into(), target, "".into()))
}

fn listens(path: &str) -> Claim {
    Claim::Endpoint(Endpoint {
        protocol: Protocol::EventBus,
        method: None,
        path: path.into(),
        handler: "".into(),
        router: None,
        request: None,
        response: None,
    })
}

fn registered(name: Value) -> Claim {
    Claim::Alias(Alias {
        name: "".into(),
        deployment: Deployment::Script,
        target: Target::Registered(name),
        ports: Vec::new(),
        namespace: None,
    })
}

/// `carts` and `orders` are deployed; each has one file.
fn shop(carts: Vec<Claim>, orders: Vec<Claim>) -> Graph {
    let code = |claims: Vec<Claim>| -> Vec<Fact> {
        let uses = fact(1, Claim::Uses(Uses::default()));
        std::iter::once(uses).chain((2..).zip(claims).map(|(line, claim)| fact(line, claim))).collect()
    };
    linked([
        (
            "compose.yaml",
            vec![
                fact(1, service("carts")),
                fact(4, service("orders")),
                fact(5, setting("orders", "OWN_NAME", "order-api")),
            ],
        ),
        ("carts/Main.java", code(carts)),
        ("orders/Main.java", code(orders)),
    ])
}

#[test]
fn a_message_is_a_call_of_whoever_listens() {
    let sent = |address: &str| call(Protocol::EventBus, address.into());
    let graph = shop(vec![sent("orders.place")], vec![listens("orders.place")]);
    assert_eq!(edges(&graph), [("carts", EdgeKind::EventBus, "orders")]);
    assert_eq!(edges(&shop(vec![sent("orders.drop")], vec![listens("orders.place")])), []);
    // What one listens to oneself stays within.
    let own = shop(vec![sent("orders.place"), listens("orders.place")], vec![listens("orders.place")]);
    assert_eq!(edges(&own), []);
}

#[test]
fn an_address_is_listened_to_under_the_name_that_its_publisher_gives_it() {
    let route = |address: &str, name: &str| {
        Claim::Route(Route { protocol: Protocol::EventBus, path: address.into(), target: name.into(), via: None })
    };
    let sent = call(Protocol::EventBus, "orders.place".into());
    let published = vec![sent.clone(), route("orders.place", "placed-orders"), route("carts.clear", "cleared-carts")];
    let graph = shop(published.clone(), vec![listens("placed-orders")]);
    assert_eq!(edges(&graph), [("carts", EdgeKind::EventBus, "orders")]);
    assert_eq!(edges(&shop(published, vec![listens("cleared-carts")])), []);
}

#[test]
fn code_registers_its_service_under_a_name_that_a_caller_gives() {
    let handed = Value::hole(Hole::Param { function: "publish".into(), index: 0, name: "name".into() });
    let pass = |name: &str| {
        let args = vec![Argument { name: None, value: name.into() }];
        Claim::Pass(Pass { callee: "publish".into(), args, within: "start".into(), made: None })
    };
    let ask = || call(Protocol::Http, "http://order-api/orders".into());
    let graph = shop(vec![ask()], vec![registered(handed.clone()), pass("order-api")]);
    assert_eq!(edges(&graph), [("carts", EdgeKind::Http, "orders")]);
    assert_eq!(edges(&shop(vec![ask()], vec![registered(handed), pass("bill-api")])), []);
    let set = shop(vec![ask()], vec![registered(Value::env("OWN_NAME", None))]);
    assert_eq!(edges(&set), [("carts", EdgeKind::Http, "orders")]);
}
