//! Compose projects that call their parts alike, routers that functions are mounted on, and handlers without a broker.

use crate::made::{edges, fact, linked, service, setting};
use seam_facts::{
    Call, Claim, Constant, Deployment, Endpoint, Fact, Message, Module, ModuleKind, Mount, Protocol, Service, Source,
    Store, System, Uses, Value, format_smolstr,
};
use seam_graph::{EdgeKind, Graph};

/// A project's file: a program that is built in a folder of recipes and gets its code mounted, and a web server before it.
fn project(program: &str) -> Vec<Fact> {
    let source = Source { context: "./docker".into(), ..Source::default() };
    let app = Service {
        source: Some(source),
        mounts: vec![("./src".into(), "/var/www".into())],
        ..Service::new(program, Deployment::Compose)
    };
    let front = Service { image: Some("nginx:1.27".into()), ..Service::new("nginx", Deployment::Compose) };
    vec![fact(1, Claim::Service(app)), fact(10, Claim::Service(front))]
}

fn code(claims: Vec<Claim>) -> Vec<Fact> {
    let uses = std::iter::once(Claim::Uses(Uses::default()));
    uses.chain(claims).enumerate().map(|(i, claim)| fact(i as u32 + 1, claim)).collect()
}

fn call(to: &str) -> Claim {
    Claim::Call(Call {
        method: Some("GET".into()),
        ..Call::to(Protocol::Http, "Guzzle".into(), Value::text(format!("http://{to}/check")), "show".into())
    })
}

fn shop(program: &str, called: &str) -> Graph {
    linked([
        ("users/docker-compose.yml", project(program)),
        ("users/docker/Dockerfile", vec![]),
        ("users/src/index.php", code(vec![])),
        ("orders/docker-compose.yml", project(program)),
        ("orders/docker/Dockerfile", vec![]),
        ("orders/src/index.php", code(vec![call(called)])),
    ])
}

fn names(graph: &Graph) -> Vec<&str> {
    graph.nodes.iter().map(|n| n.name.as_str()).collect()
}

#[test]
fn programs_that_only_their_projects_tell_apart_go_by_these() {
    let graph = shop("php", "users_nginx_1");
    assert_eq!(names(&graph), ["orders", "users"]);
    assert_eq!(edges(&graph), [("orders", EdgeKind::Http, "users")]);
    assert_eq!(edges(&shop("php", "users-php-1")), [("orders", EdgeKind::Http, "users")]);
}

#[test]
fn a_name_that_means_something_is_one_service_in_several_set_ups() {
    assert!(names(&shop("mailer", "nowhere")).contains(&"mailer"));
    assert!(!names(&shop("mailer", "nowhere")).contains(&"users"));
}

#[test]
fn one_program_that_several_projects_start_is_one() {
    let of = |project: &str| {
        let source = Source { context: "../app".into(), ..Source::default() };
        let app = Service { source: Some(source), ..Service::new("app", Deployment::Compose) };
        (format!("{project}/docker-compose.yml"), vec![fact(1, Claim::Service(app))])
    };
    let (one, two) = (of("local"), of("live"));
    let files = [(one.0.as_str(), one.1), (two.0.as_str(), two.1), ("app/index.php", code(vec![]))];
    assert_eq!(names(&linked(files)), ["app"]);
}

/// Hundreds of functions that are mounted without a path, as web frameworks take them: each looks like a router on every
/// other, and nothing that is served may multiply by them.
#[test]
fn what_is_mounted_without_a_path_multiplies_nothing() {
    let mount = |(router, on): (String, String), prefix: &str| {
        Claim::Mount(Mount { router: router.into(), prefix: prefix.into(), on: on.into() })
    };
    let endpoint = Claim::Endpoint(Endpoint {
        protocol: Protocol::Http,
        method: Some("GET".into()),
        path: "/orders".into(),
        handler: "show".into(),
        router: Some("r0".into()),
        request: None,
        response: None,
    });
    let among = |n: usize| (0..n).flat_map(move |i| (0..n).map(move |j| (format!("r{i}"), format!("r{j}"))));
    let mut claims: Vec<Claim> = among(24).filter(|(i, j)| i != j).map(|pair| mount(pair, "")).collect();
    claims.push(mount(("r0".into(), "app".into()), "/api"));
    claims.push(endpoint);
    let files = [("compose.yaml", vec![fact(1, service("web"))]), ("web/server.js", code(claims))];
    let paths: Vec<String> = linked(files).endpoints.iter().map(|e| e.path.to_string()).collect();
    assert_eq!(paths, ["/api/orders", "/orders"]);
}

fn pattern(publish: bool) -> Claim {
    Claim::Message(Message {
        system: System::Bus,
        publish,
        topic: "stock_take".into(),
        address: publish.then(|| Value::reference("STOCK.<base>")),
        exchange: None,
        routing_key: None,
        group: None,
        client: "nestjs".into(),
        within: "take".into(),
        payload: None,
    })
}

#[test]
fn handlers_without_a_broker_are_procedures() {
    let base = Constant { symbol: "STOCK.<base>".into(), value: Value::env("STOCK_HOST", None).then(":3001".into()) };
    let linked_with = |more: Vec<Claim>| {
        let mut served = vec![pattern(false)];
        served.extend(more);
        linked([
            (
                "compose.yaml",
                vec![
                    fact(1, service("web")),
                    fact(5, service("stock")),
                    fact(9, setting("web", "STOCK_HOST", "stock")),
                ],
            ),
            ("web/main.ts", code(vec![Claim::Constant(base.clone()), pattern(true)])),
            ("stock/main.ts", code(served)),
        ])
    };
    let direct = linked_with(vec![]);
    assert_eq!(edges(&direct), [("web", EdgeKind::Tcp, "stock")]);
    let endpoints: Vec<&str> = direct.endpoints.iter().map(|e| e.key.0.as_str()).collect();
    assert_eq!(endpoints, [format_smolstr!("endpoint/stock/stock_take").as_str()]);
    assert!(direct.unresolved.is_empty());
    let broker = Claim::Store(Store {
        system: System::Rabbit,
        address: "amqp://rabbit".into(),
        database: None,
        client: "nestjs".into(),
        within: "take".into(),
    });
    assert!(linked_with(vec![broker]).endpoints.is_empty());
}

/// An interface of a library that both sides share: the service mounts it, the other only calls through it.
#[test]
fn an_interface_of_a_library_is_served_where_it_is_mounted() {
    let declared = Claim::Endpoint(Endpoint {
        protocol: Protocol::Http,
        method: Some("GET".into()),
        path: "/accounts".into(),
        handler: "PaymentOperations.accounts".into(),
        router: Some("PaymentOperations".into()),
        request: None,
        response: None,
    });
    let mount = Mount { router: "PaymentOperations".into(), prefix: "/payment".into(), on: "<server>".into() };
    let module = |name: &str, uses: &[&str]| {
        let uses = uses.iter().map(|u| format_smolstr!("{u}")).collect();
        vec![fact(
            1,
            Claim::Module(Module {
                name: name.into(),
                kind: ModuleKind::Maven,
                runnable: None,
                uses,
                folder: Default::default(),
            }),
        )]
    };
    let imports = || {
        let calls = vec!["PaymentOperations".into(), "accounts".into()];
        let functions = vec![("Client.show".into(), calls)];
        let imports = vec!["api.PaymentOperations".into()];
        fact(1, Claim::Uses(Uses { functions, imports, lines: vec![(1, 9)], ..Uses::default() }))
    };
    let api = Uses { package: "api".into(), types: vec![("PaymentOperations".into(), vec![])], ..Uses::default() };
    let graph = linked([
        ("compose.yaml", vec![fact(1, service("payments")), fact(5, service("gateway"))]),
        ("api/pom.xml", module("api", &[])),
        ("api/src/PaymentOperations.java", vec![fact(1, Claim::Uses(api)), fact(3, declared)]),
        ("payments/pom.xml", module("payments", &["../api"])),
        ("payments/src/Controller.java", vec![imports(), fact(2, Claim::Mount(mount))]),
        ("gateway/pom.xml", module("gateway", &["../api"])),
        ("gateway/src/Client.java", vec![imports()]),
    ]);
    let served: Vec<&str> = graph.endpoints.iter().map(|e| e.key.0.as_str()).collect();
    assert_eq!(served, ["endpoint/payments/GET /payment/accounts"]);
}
