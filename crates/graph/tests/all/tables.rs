//! Tables of services that one file holds and another goes through, and clients that functions make.

use crate::made::{edges, fact, linked, service};
use seam_facts::{Argument, Call, Claim, Constant, Fact, Hole, Pass, Protocol, Return, Route, Uses, Value};
use seam_graph::{EdgeKind, Graph};

fn constant(symbol: &str, value: Value) -> Claim {
    Claim::Constant(Constant { symbol: symbol.into(), value })
}

fn file(claims: Vec<Claim>) -> Vec<Fact> {
    let mut all = vec![fact(1, Claim::Uses(Uses::default()))];
    all.extend((2..).zip(claims).map(|(line, claim)| fact(line, claim)));
    all
}

fn paths(graph: &Graph) -> Vec<(&str, &str)> {
    let details = graph.edges.iter().flat_map(|e| e.details.iter().map(|d| (e.to, d.operation.as_str())));
    let mut out: Vec<(&str, &str)> = details.map(|(to, what)| (graph.nodes[to].name.as_str(), what)).collect();
    out.sort_unstable();
    out
}

/// The table of a gateway, as another file exports it, and the gateway's own loop over it.
fn gateway(route: Route, passes: Option<Pass>) -> Graph {
    let compose = vec![fact(1, service("gw")), fact(2, service("users")), fact(3, service("stock"))];
    let table = vec![
        constant("ROUTES.0.url", "/users".into()),
        constant("ROUTES.0.proxy.target", "http://users:8080".into()),
        constant("ROUTES.1.url", "/stock".into()),
        constant("ROUTES.1.proxy.target", "http://stock:8080".into()),
    ];
    let mut claims = vec![Claim::Route(route)];
    claims.extend(passes.map(Claim::Pass));
    linked([("compose.yaml", compose), ("gw/routes.js", file(table)), ("gw/index.js", file(claims))])
}

fn forwards(path: Value, target: Value) -> Route {
    Route { protocol: Protocol::Http, path, target, via: None }
}

/// Path and target are those of the same element.
#[test]
fn each_element_of_a_table_elsewhere_is_a_route() {
    let of = |key: &str| Value::reference(format!("./routes#ROUTES.*.{key}"));
    let graph = gateway(forwards(of("url"), of("proxy.target")), None);
    assert_eq!(paths(&graph), [("stock", "/stock"), ("users", "/users")]);
}

/// The loop stands in a function that is given the table.
#[test]
fn a_table_that_is_handed_over_is_gone_through_as_well() {
    let of = |key: &str| {
        let name = format!("routes.*.{key}").into();
        Value::hole(Hole::Param { function: "setup".into(), index: 1, name })
    };
    let pass = Pass {
        callee: "setup".into(),
        args: vec![
            Argument { name: None, value: Value::opaque("app") },
            Argument { name: None, value: Value::reference("./routes#ROUTES") },
        ],
        within: "".into(),
        made: None,
    };
    let graph = gateway(forwards(of("url"), of("proxy.target")), Some(pass));
    assert_eq!(paths(&graph), [("stock", "/stock"), ("users", "/users")]);
}

/// `createClient(base)` in another file: whoever calls below what it made calls what it was given.
#[test]
fn a_client_that_a_function_made_calls_what_the_function_was_given() {
    let base = Value::hole(Hole::Param { function: "createClient".into(), index: 0, name: "base".into() });
    let made = Value::hole(Hole::Result {
        callee: "./http#createClient.<base>".into(),
        args: vec!["http://users:8080".into()],
    });
    let call = Call {
        method: Some("GET".into()),
        ..Call::to(Protocol::Http, "client".into(), made.then("/users/1".into()), "show".into())
    };
    let factory = Claim::Return(Return { function: "createClient.<base>".into(), value: base });
    let graph = linked([
        ("compose.yaml", vec![fact(1, service("gw")), fact(2, service("users"))]),
        ("gw/http.js", file(vec![factory])),
        ("gw/index.js", file(vec![Claim::Call(call)])),
    ]);
    assert_eq!(edges(&graph), [("gw", EdgeKind::Http, "users")]);
}
