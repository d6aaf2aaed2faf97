//! Names that mean different things in different places: workloads of several namespaces, configuration that a deployment
//! puts in place, sections of options, addresses that go to clients of others.

use crate::made::{edges, fact, linked, service, setting};
use seam_facts::{
    Alias, Argument, Call, Claim, Constant, Deployment, Endpoint, FORMAT, Fact, Hole, Message, Pass, Port, Protocol,
    Schema, Service, Setting, SettingScope, Store, System, Target, Uses, Value, format_smolstr,
};
use seam_graph::EdgeKind;

/// A workload called `app` of a namespace, and the Service in front of it.
fn workload(namespace: &str, image: &str, front: &str) -> Vec<Fact> {
    let labels = vec![("app".into(), namespace.into())];
    let service = Service {
        image: Some(Value::text(image)),
        labels: labels.clone(),
        namespace: Some(namespace.into()),
        ..Service::new("app", Deployment::Kubernetes)
    };
    let alias = Alias {
        name: front.into(),
        deployment: Deployment::Kubernetes,
        target: Target::Labels(labels),
        ports: Vec::new(),
        namespace: Some(namespace.into()),
    };
    vec![fact(1, Claim::Service(service)), fact(20, Claim::Alias(alias))]
}

fn call(address: Value) -> Claim {
    Claim::Call(Call {
        method: Some("GET".into()),
        ..Call::to(Protocol::Http, "net/http".into(), address.then("/".into()), "show".into())
    })
}

fn code(folder: &str, claims: Vec<Claim>) -> (String, Vec<Fact>) {
    let uses = fact(1, Claim::Uses(Uses::default()));
    let more = claims.into_iter().enumerate().map(|(i, claim)| fact(i as u32 + 2, claim));
    (format!("{folder}/main.go"), std::iter::once(uses).chain(more).collect())
}

fn names(files: &[(&str, Vec<Fact>)]) -> Vec<String> {
    let graph = linked(files.iter().map(|(path, facts)| (*path, facts.clone())));
    graph.nodes.iter().map(|n| n.name.to_string()).collect()
}

#[test]
fn workloads_of_one_name_go_by_their_services_or_namespaces() {
    let two = |fronts: [&str; 2]| {
        names(&[
            ("k8s/orders.yaml", workload("orders", "example.org/shop/orders:1", fronts[0])),
            ("k8s/stock.yaml", workload("stock", "example.org/shop/stock:1", fronts[1])),
        ])
    };
    assert_eq!(two(["sales", "warehouse"]), ["sales", "warehouse"]);
    assert_eq!(two(["app", "app"]), ["orders", "stock"]);
}

#[test]
fn one_program_in_several_namespaces_stays_one() {
    let staged = [
        ("k8s/staging.yaml", workload("staging", "one.example.org/shop/orders:1", "app")),
        ("k8s/live.yaml", workload("live", "two.example.org:5000/shop/orders:2", "app")),
    ];
    assert_eq!(names(&staged), ["app"]);
}

#[test]
fn systems_side_by_side_keep_the_names_that_they_share() {
    let mut one = workload("shop", "example.org/shop/users:1", "app");
    for name in ["orders", "stock", "mail"] {
        let image = Some(Value::text(format!("example.org/shop/{name}:1")));
        let namespace = Some("shop".into());
        let service = Service { image, namespace, ..Service::new(name, Deployment::Kubernetes) };
        one.push(fact(40, Claim::Service(service)));
    }
    let two = workload("bank", "example.org/bank/users:1", "app");
    assert_eq!(names(&[("k8s/one.yaml", one), ("k8s/two.yaml", two)]), ["app", "mail", "orders", "stock"]);
}

#[test]
fn a_host_with_its_namespace_means_the_service_there() {
    let target = |host: &str| {
        let (path, asks) = code("orders", vec![call(Value::text(format!("http://{host}")))]);
        let (other, answers) = code("stock", vec![]);
        let graph = linked([
            ("k8s/orders.yaml", workload("orders", "example.org/orders:1", "app")),
            ("k8s/stock.yaml", workload("stock", "example.org/stock:1", "app")),
            ("k8s/mail.yaml", workload("mail", "example.org/mail:1", "app")),
            (path.as_str(), asks),
            (other.as_str(), answers),
        ]);
        edges(&graph).iter().map(|(from, _, to)| format!("{from} {to}")).collect::<Vec<_>>()
    };
    assert_eq!(target("app.stock.svc.cluster.local:5000"), ["orders stock"]);
    assert_eq!(target("app.mail:5000"), ["orders mail"]);
}

#[test]
fn a_file_that_the_deployment_mounts_comes_before_those_beside_the_code() {
    let web = |mounts: &[(&str, &str)]| {
        let Claim::Service(mut web) = service("web") else { return Vec::new() };
        web.mounts = mounts.iter().map(|(from, to)| (format_smolstr!("{from}"), format_smolstr!("{to}"))).collect();
        let set = |value: &str| {
            let scope = SettingScope::App;
            vec![fact(1, Claim::Setting(Setting { scope, key: "stock".into(), value: value.into(), profile: None }))]
        };
        let (path, asks) = code("web", vec![call(Value::config("stock", None))]);
        let (other, answers) = code("stock", vec![]);
        let graph = linked([
            ("compose.yaml", vec![fact(1, Claim::Service(web)), fact(5, service("stock"))]),
            ("web/config.json", set("http://stock.example.org")),
            ("live/config.json", set("http://stock:8080")),
            (path.as_str(), asks),
            (other.as_str(), answers),
        ]);
        edges(&graph).iter().map(|(.., to)| to.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(web(&[]), ["stock.example.org"]);
    assert_eq!(web(&[("./live/config.json", "/app/config.json")]), ["stock"]);
    assert_eq!(web(&[("./live", "/app")]), ["stock"]);
}

#[test]
fn what_stands_below_a_property_of_bound_options_is_found_in_their_section() {
    let section = Constant { symbol: "ClientOptions.<section>".into(), value: "http".into() };
    let set = Setting {
        scope: SettingScope::App,
        key: "http.services.stock".into(),
        value: "http://stock:8080".into(),
        profile: None,
    };
    let asks = vec![Claim::Constant(section), call(Value::reference("ClientOptions.Services.stock"))];
    let (path, asks) = code("web", asks);
    let (other, answers) = code("stock", vec![]);
    let graph = linked([
        ("compose.yaml", vec![fact(1, service("web")), fact(5, service("stock"))]),
        ("web/appsettings.json", vec![fact(1, Claim::Setting(set))]),
        (path.as_str(), asks),
        (other.as_str(), answers),
    ]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "stock")]);
}

#[test]
fn a_template_that_a_setting_gives_is_filled_where_it_is_known() {
    let set =
        Setting { scope: SettingScope::App, key: "stock.url".into(), value: "http://%s:%d/v1".into(), profile: None };
    let args = vec![Value::config("stock.url", None), Value::env("STOCK_HOST", None), "8080".into()];
    let (path, asks) = code("web", vec![call(Value::hole(Hole::Result { callee: FORMAT.into(), args }))]);
    let (other, answers) = code("stock", vec![]);
    let deployed =
        vec![fact(1, service("web")), fact(2, setting("web", "STOCK_HOST", "stock")), fact(5, service("stock"))];
    let graph = linked([
        ("compose.yaml", deployed),
        ("web/config.json", vec![fact(1, Claim::Setting(set))]),
        (path.as_str(), asks),
        (other.as_str(), answers),
    ]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "stock")]);
    assert_eq!(graph.edges[0].details[0].operation, "GET /v1/");
}

#[test]
fn what_a_messages_type_says_holds_where_it_is_sent() {
    let says = Constant { symbol: "AddParcel.<exchange>".into(), value: "parcels".into() };
    let message = |topic: &str, payload: &str| {
        Claim::Message(Message {
            system: System::Rabbit,
            publish: true,
            topic: Value::text(topic),
            address: Some("rabbit".into()),
            exchange: Some("own".into()),
            routing_key: None,
            group: None,
            client: "bus".into(),
            within: "show".into(),
            payload: Some(payload.into()),
        })
    };
    let sent = vec![Claim::Constant(says), message("AddParcel", "AddParcel"), message("OrderPaid", "OrderPaid")];
    let (path, sent) = code("web", sent);
    let broker = Service { image: Some("rabbitmq:4".into()), ..Service::new("rabbit", Deployment::Compose) };
    let deployed = vec![fact(1, service("web")), fact(5, Claim::Service(broker))];
    let graph = linked([("compose.yaml", deployed), (path.as_str(), sent)]);
    let operations: Vec<&str> = graph.edges[0].details.iter().map(|d| d.operation.as_str()).collect();
    assert_eq!(operations, ["AddParcel parcels", "OrderPaid own"]);
}

#[test]
fn an_address_that_is_handed_to_a_client_of_others_is_asked() {
    let handed = |callee: &str, more: Vec<Claim>| {
        let args = vec![Argument { name: None, value: Value::env("STOCK_URL", None) }];
        let pass = Claim::Pass(Pass { callee: callee.into(), args, within: "show".into(), made: None });
        let (path, facts) = code("web", std::iter::once(pass).chain(more).collect());
        let (other, answers) = code("stock", vec![]);
        let deployed = vec![
            fact(1, service("web")),
            fact(2, setting("web", "STOCK_URL", "http://stock:8080")),
            fact(5, service("stock")),
        ];
        let graph = linked([("compose.yaml", deployed), (path.as_str(), facts), (other.as_str(), answers)]);
        edges(&graph).len()
    };
    assert_eq!(handed("github.com/shop/stock-client#NewClient", vec![]), 1);
    assert_eq!(handed("StockClient.<init>", vec![]), 1);
    assert_eq!(handed("log#Println", vec![]), 0);
    // A client of our own does not ask by being made.
    let own = Uses { functions: vec![("NewClient".into(), Vec::new())], ..Uses::default() };
    assert_eq!(handed("stock#NewClient", vec![Claim::Uses(own)]), 0);
}

#[test]
fn a_store_that_a_framework_registers_counts_where_it_is_asked_for() {
    let registered = |asks: &str| {
        let store = Store {
            system: System::Redis,
            address: "cache".into(),
            database: None,
            client: "Convey".into(),
            within: "show".into(),
        };
        let uses = Uses { functions: vec![("show".into(), vec![asks.into()])], ..Uses::default() };
        let facts = vec![fact(1, Claim::Uses(uses)), fact(2, Claim::Store(store))];
        let cache = Service { image: Some("redis:8".into()), ..Service::new("cache", Deployment::Compose) };
        let deployed = vec![fact(1, service("web")), fact(5, Claim::Service(cache))];
        edges(&linked([("compose.yaml", deployed), ("web/Setup.cs", facts)])).len()
    };
    assert_eq!(registered("IDistributedCache"), 1);
    assert_eq!(registered("ILogger"), 0);
}

/// Getters of getters, deeper than anybody follows: what stands at the end is not known, however one gets there.
#[test]
fn a_chain_of_getters_ends_where_it_is_not_followed() {
    let getter = |n: usize| Hole::Result { callee: format_smolstr!("Names.getA{n}"), args: Vec::new() };
    let chain = (0..40).map(|n| {
        Claim::Constant(Constant { symbol: format_smolstr!("Names.a{n}"), value: Value::hole(getter(n + 1)) })
    });
    for start in [Value::hole(getter(0)), Value::hole(Hole::Either(vec![Value::hole(getter(0))]))] {
        let (path, asks) = code("web", chain.clone().chain([call(start)]).collect());
        let graph = linked([("compose.yaml", vec![fact(1, service("web"))]), (path.as_str(), asks)]);
        assert_eq!(graph.edges.len(), 0);
        assert_eq!(graph.unresolved.len(), 1);
    }
}

/// On a port that it publishes itself, `localhost` is the service, whoever else has the port in another deployment.
#[test]
fn a_machine_s_own_port_is_oneself() {
    let on = |name: &str, port: &str| {
        let Claim::Service(service) = service(name) else { return Vec::new() };
        let ports = vec![Port { name: None, published: Some(port.into()), target: Some(port.into()), line: 0 }];
        vec![fact(1, Claim::Service(Service { ports, ..service }))]
    };
    let dialled = |own: &str| {
        let (path, asks) = code("registry", vec![call("http://localhost:9002".into())]);
        let (other, answers) = code("users", vec![]);
        let graph = linked([
            ("cluster/compose.yaml", on("registry", own)),
            ("compose.yaml", on("users", "9002")),
            (path.as_str(), asks),
            (other.as_str(), answers),
        ]);
        edges(&graph).len()
    };
    assert_eq!(dialled("9001"), 1);
    assert_eq!(dialled("9002"), 0);
}

/// A client that is generated under a shorter name than the service's still means it.
#[test]
fn a_contract_is_known_without_the_word_service() {
    let stub = Call {
        operation: Some("Shipping/<stub>".into()),
        ..Call::to(Protocol::Grpc, "go-micro".into(), "shop.shipping".into(), "show".into())
    };
    let registered = |service: &str| {
        Claim::Endpoint(Endpoint {
            protocol: Protocol::Grpc,
            method: None,
            path: Value::text(format_smolstr!("{service}/*")),
            handler: "".into(),
            router: None,
            request: None,
            response: None,
        })
    };
    let joined = |served: &str| {
        let (path, asks) = code("web", vec![Claim::Call(stub.clone())]);
        let (other, answers) = code("shipping", vec![registered(served)]);
        let graph = linked([
            ("compose.yaml", vec![fact(1, service("web")), fact(5, service("shipping"))]),
            (path.as_str(), asks),
            (other.as_str(), answers),
        ]);
        edges(&graph).len()
    };
    assert_eq!(joined("ShippingService"), 1);
    assert_eq!(joined("BillingService"), 0);
}

/// A migration that is started from a service's image has its code, and serves nothing; a wrapper that only looks like a
/// generated client is no contract.
#[test]
fn a_job_with_a_service_s_code_answers_nobody() {
    let asks = |operation: &str| {
        Claim::Call(Call {
            operation: Some(operation.into()),
            ..Call::to(Protocol::Grpc, "grpc".into(), Value::opaque("address"), "show".into())
        })
    };
    let served = Claim::Endpoint(Endpoint {
        protocol: Protocol::Grpc,
        method: None,
        path: "Users/*".into(),
        handler: "".into(),
        router: None,
        request: None,
        response: None,
    });
    let contract = Claim::Schema(Schema {
        protocol: Protocol::Grpc,
        name: "shop.Users".into(),
        operations: vec![("Show".into(), "".into(), "".into())],
        lines: vec![1],
    });
    let Claim::Service(users) = service("users") else { return };
    let job = Service { name: "users-migrate".into(), auxiliary: true, ..users.clone() };
    let (path, calls) = code("web", vec![asks("Users/Show"), asks("OwnWrapper/<stub>")]);
    let (other, answers) = code("users", vec![served]);
    let graph = linked([
        ("compose.yaml", vec![fact(1, service("web")), fact(5, Claim::Service(users)), fact(9, Claim::Service(job))]),
        ("users.proto", vec![fact(1, contract)]),
        (path.as_str(), calls),
        (other.as_str(), answers),
    ]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Grpc, "users")]);
    assert_eq!(graph.unresolved.len(), 0, "{:?}", graph.unresolved);
}
