//! What linking promises whatever the technology: order does not matter, and a setting alone is no call.

use crate::made::{edges, fact, linked, service, setting};
use seam_facts::{
    Alias, Argument, Build, Call, Claim, Constant, Deployment, Fact, Guard, Hole, Module, ModuleKind, Pass, Protocol,
    Read, Return, Route, Service, Setting, SettingScope, Source, Store, System, Target, Uses, Value,
};
use seam_graph::{EdgeKind, Graph};

fn call(target: Value, within: &str) -> Claim {
    Claim::Call(Call {
        method: Some("GET".into()),
        ..Call::to(Protocol::Http, "requests".into(), target, within.into())
    })
}

/// Two services; `web` knows the address of `orders` by its environment.
fn deployed() -> (&'static str, Vec<Fact>) {
    let facts = vec![
        fact(1, service("web")),
        fact(4, setting("web", "ORDERS_URL", "http://orders:8080")),
        fact(6, service("orders")),
    ];
    ("compose.yaml", facts)
}

fn address() -> Value {
    Value::env("ORDERS_URL", None)
}

fn code(facts: Vec<Fact>) -> (&'static str, Vec<Fact>) {
    ("web/app.py", facts)
}

fn served() -> (&'static str, Vec<Fact>) {
    ("orders/app.py", vec![fact(1, Claim::Uses(Uses::default()))])
}

#[test]
fn a_call_through_the_environment_is_an_edge_with_its_places() {
    let uses = fact(1, Claim::Uses(Uses::default()));
    let graph =
        linked([deployed(), served(), code(vec![uses, fact(9, call(address().then("/orders".into()), "show"))])]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "orders")]);
    let places: Vec<(&str, u32)> = graph.edges[0].proof.iter().map(|e| (e.path.as_str(), e.at.line)).collect();
    assert_eq!(places, [("web/app.py", 9), ("compose.yaml", 4)]);
    assert_eq!(graph.edges[0].details[0].operation, "GET /orders");
}

#[test]
fn a_setting_that_is_set_and_only_read_is_no_edge() {
    let read = Claim::Read(Read { key: address(), default: None, within: "show".into() });
    assert_eq!(edges(&linked([deployed(), served(), code(vec![])])), []);
    assert_eq!(
        edges(&linked([deployed(), served(), code(vec![fact(1, Claim::Uses(Uses::default())), fact(3, read)])])),
        []
    );
}

#[test]
fn a_call_in_dead_code_is_no_edge() {
    let uses = Uses { unused: vec!["_old".into()], ..Uses::default() };
    let facts = vec![fact(1, Claim::Uses(uses)), fact(9, call(address(), "_old"))];
    assert_eq!(edges(&linked([deployed(), served(), code(facts)])), []);
}

#[test]
fn the_order_in_which_files_arrive_does_not_matter() {
    let uses = fact(1, Claim::Uses(Uses::default()));
    let mut files = vec![deployed(), served(), code(vec![uses, fact(9, call(address(), "show"))])];
    let first = linked(files.clone());
    for _ in 0..files.len() {
        files.rotate_left(1);
        assert_eq!(linked(files.clone()), first);
        let mut swapped = files.clone();
        swapped.swap(0, 1);
        assert_eq!(linked(swapped), first);
    }
}

#[test]
fn scripts_that_each_open_a_port_are_services_where_nothing_is_deployed() {
    let listens = |port: &str| {
        let (scope, key) = (SettingScope::App, "listen".into());
        fact(9, Claim::Setting(Setting { scope, key, value: port.into(), profile: None }))
    };
    let uses = || fact(1, Claim::Uses(Uses::default()));
    let graph = linked([
        ("services/stock.py", vec![uses(), listens("5001")]),
        ("services/web.py", vec![uses(), listens("5000"), fact(4, call("http://localhost:5001/items".into(), "show"))]),
    ]);
    assert_eq!(edges(&graph), vec![("web", EdgeKind::Http, "stock")]);
}

/// Two services of one folder, of which each knows where the other is, and is told which part it plays.
fn twins(settings: &[(&str, &str, &str)]) -> Graph {
    let twin = |name: &str| {
        let source = Source { context: Value::text("./app"), ..Source::default() };
        fact(1, Claim::Service(Service { source: Some(source), ..Service::new(name, Deployment::Compose) }))
    };
    let set = settings.iter().map(|(service, key, value)| fact(2, setting(service, key, value)));
    let deployed = [twin("web"), twin("orders")].into_iter().chain(set).collect();
    let guard = Guard {
        key: Value::env("SERVE_WEB", None),
        equals: None,
        within: "main".into(),
        lines: (8, 10),
        names: vec!["show".into()],
    };
    let functions = vec![("main".into(), vec!["show".into()]), ("show".into(), Vec::new())];
    let uses = Claim::Uses(Uses { functions, guards: vec![guard], ..Uses::default() });
    linked([("compose.yaml", deployed), ("app/app.py", vec![fact(1, uses), fact(20, call(address(), "show"))])])
}

#[test]
fn deployables_of_one_code_base_call_each_other_where_the_environment_tells_them_apart() {
    let orders = "http://orders:8080";
    let known = [("web", "ORDERS_URL", orders)];
    assert_eq!(edges(&twins(&known)), [("web", EdgeKind::Http, "orders")]);
    // What all are told alike does not say who calls.
    let alike = [("web", "ORDERS_URL", orders), ("orders", "ORDERS_URL", orders)];
    assert_eq!(edges(&twins(&alike)), []);
    let roles = [alike[0], alike[1], ("web", "SERVE_WEB", "1"), ("orders", "SERVE_WEB", "0")];
    assert_eq!(edges(&twins(&roles)), [("web", EdgeKind::Http, "orders")]);
    let other = [alike[0], alike[1], ("web", "SERVE_WEB", "0"), ("orders", "SERVE_WEB", "1")];
    assert_eq!(edges(&twins(&other)), []);
}

#[test]
fn what_asks_the_ingress_controller_asks_whom_its_rules_mean() {
    let route = Route {
        protocol: Protocol::Http,
        path: "/api/orders/?(.*)".into(),
        target: "http://orders:3000".into(),
        via: Some("edge".into()),
    };
    let pass = |callee: &str, argument: &str| {
        let args = vec![Argument { name: None, value: argument.into() }];
        Claim::Pass(Pass { callee: callee.into(), args, within: "show".into(), made: None })
    };
    let asks = |host: &str| {
        let facts = vec![
            fact(1, Claim::Uses(Uses::default())),
            fact(2, pass("axios#create", host)),
            fact(9, pass("client.get", "/api/orders")),
        ];
        linked([deployed(), served(), code(facts), ("ingress.yaml", vec![fact(3, Claim::Route(route.clone()))])])
    };
    let controller = asks("http://ingress-nginx-controller.ingress-nginx.svc.cluster.local");
    assert_eq!(edges(&controller), [("web", EdgeKind::Http, "orders")]);
    assert_eq!(edges(&asks("http://proxy.example.com")), []);
}

fn manifest(name: &str, uses: &[&str]) -> Vec<Fact> {
    let uses = uses.iter().map(|u| (*u).into()).collect();
    vec![fact(
        1,
        Claim::Module(Module {
            name: name.into(),
            kind: ModuleKind::Cargo,
            runnable: None,
            uses,
            folder: Default::default(),
        }),
    )]
}

fn mentions(function: &str, names: &[&str], parts: &[&str]) -> Fact {
    let functions = vec![(function.into(), names.iter().map(|n| (*n).into()).collect())];
    let imports = parts.iter().map(|p| (*p).into()).collect();
    fact(1, Claim::Uses(Uses { functions, imports, ..Uses::default() }))
}

/// `web` is built with the crate of `client`, whose `Orders::list` calls; `main.rs` of that crate is its own affair.
fn crates(called: &str) -> Graph {
    linked([
        deployed(),
        ("web/Cargo.toml", manifest("web", &["../client"])),
        ("web/src/main.rs", vec![mentions("main", &["Orders", called], &["client::orders#Orders"])]),
        ("client/Cargo.toml", manifest("client", &[])),
        ("client/src/lib.rs", vec![mentions("", &[], &["./orders"])]),
        ("client/src/orders.rs", vec![mentions("Orders.list", &[], &[]), fact(4, call(address(), "Orders.list"))]),
        ("client/src/main.rs", vec![mentions("list", &[], &[]), fact(4, call(Value::text("http://web"), "list"))]),
        ("orders/src/main.rs", vec![fact(1, Claim::Uses(Uses::default()))]),
    ])
}

#[test]
fn what_a_crate_of_the_workspace_does_counts_where_it_is_called() {
    assert_eq!(edges(&crates("list")), [("web", EdgeKind::Http, "orders")]);
    assert_eq!(edges(&crates("count")), []);
}

/// A Go program without a module file, whose imports go by the repository's own path.
fn go_path(import: &str) -> Graph {
    let uses = |functions: &str, names: &[&str], imports: &[&str], package: &str| {
        let functions = vec![(functions.into(), names.iter().map(|n| (*n).into()).collect())];
        let imports = imports.iter().map(|i| (*i).into()).collect();
        fact(1, Claim::Uses(Uses { functions, imports, package: package.into(), ..Uses::default() }))
    };
    linked([
        deployed(),
        ("web/main.go", vec![uses("main", &["Connect"], &[import], "main")]),
        ("client/client.go", vec![uses("Connect", &[], &[], "client"), fact(4, call(address(), "Connect"))]),
        ("orders/main.go", vec![uses("main", &[], &[], "main")]),
    ])
}

#[test]
fn imports_of_a_go_path_lead_to_folders_of_the_repository() {
    assert_eq!(edges(&go_path("shop.example.com/client")), [("web", EdgeKind::Http, "orders")]);
    assert_eq!(edges(&go_path("client")), []);
}

#[test]
fn a_folder_whose_parts_make_the_name_is_the_source() {
    let image = |name: &str| {
        let image = Some(Value::text(format!("registry/{name}:1")));
        Claim::Service(Service { image, ..Service::new(name, Deployment::Compose) })
    };
    let uses = || fact(1, Claim::Uses(Uses::default()));
    let graph = linked([
        ("compose.yaml", vec![fact(1, image("ordersserver")), fact(4, image("ordersapi"))]),
        ("orders/server/main.go", vec![uses()]),
        ("orders/api/main.go", vec![uses(), fact(3, call(Value::text("http://ordersserver"), "main"))]),
    ]);
    assert_eq!(edges(&graph), [("ordersapi", EdgeKind::Http, "ordersserver")]);
}

#[test]
fn a_compose_file_for_tests_is_no_part_of_the_system_beside_it() {
    let graph = linked([
        deployed(),
        ("compose-tests.yaml", vec![fact(1, service("web")), fact(4, service("web-functional-test"))]),
        served(),
        code(vec![fact(1, Claim::Uses(Uses::default()))]),
    ]);
    let names: Vec<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["orders", "web"]);
}

#[test]
fn a_compose_file_that_builds_only_tests_is_no_part_of_the_system_either() {
    let source = Source { context: Value::text("./suite/integration-test"), ..Source::default() };
    let suite = Service { source: Some(source), ..Service::new("orders-it", Deployment::Compose) };
    let graph = linked([
        deployed(),
        ("compose.st.yaml", vec![fact(1, service("web")), fact(4, Claim::Service(suite))]),
        served(),
        code(vec![fact(1, Claim::Uses(Uses::default()))]),
    ]);
    let names: Vec<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["orders", "web"]);
}

#[test]
fn values_of_a_chart_are_its_workloads_wherever_the_code_stands() {
    let workload = |name: &str| {
        let image = Some(Value::text(format!("registry/{name}:1")));
        Claim::Service(Service { image, ..Service::new(name, Deployment::Helm) })
    };
    let app = |key: &str, value: &str| {
        fact(
            2,
            Claim::Setting(Setting { scope: SettingScope::App, key: key.into(), value: value.into(), profile: None }),
        )
    };
    let (scope, key) = (SettingScope::Service("web".into()), "ORDERS_URL".into());
    let handed = Setting { scope, key, value: Value::config("values.orders.url", None), profile: None };
    let uses = || fact(1, Claim::Uses(Uses::default()));
    let graph = linked([
        ("charts/web/templates/web.yaml", vec![fact(1, workload("web")), fact(4, Claim::Setting(handed))]),
        ("charts/web/values.yaml", vec![app("values.orders.url", "http://orders/list")]),
        ("charts/orders/templates/orders.yaml", vec![fact(1, workload("orders"))]),
        ("charts/orders/values.yaml", vec![app("values.orders.url", "http://web/other")]),
        ("src/web/main.py", vec![uses(), fact(9, call(address(), "show"))]),
        ("src/orders/main.py", vec![uses()]),
        // What one service's developer starts names nothing of the system.
        ("src/orders/compose.dev.yaml", vec![fact(1, service("app"))]),
    ]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "orders")]);
}

#[test]
fn a_ready_made_server_keeps_its_data_where_its_environment_says() {
    let ready = |name: &str, image: &str| {
        let image = Some(Value::text(image));
        fact(1, Claim::Service(Service { image, ..Service::new(name, Deployment::Compose) }))
    };
    let graph = linked([(
        "compose.yaml",
        vec![
            ready("login", "quay.io/keycloak/keycloak:26"),
            fact(4, setting("login", "KC_DB_URL", "jdbc:postgresql://accounts/keycloak")),
            ready("accounts", "postgres:16"),
        ],
    )]);
    assert_eq!(edges(&graph), [("login", EdgeKind::Db, "accounts")]);
}

#[test]
fn a_recipe_apart_from_the_code_is_no_source() {
    let image = |name: &str| {
        let image = Some(Value::text(format!("registry/{name}:1")));
        Claim::Service(Service { image, ..Service::new(name, Deployment::Compose) })
    };
    let uses = || fact(1, Claim::Uses(Uses::default()));
    let graph = linked([
        ("compose.yaml", vec![fact(1, image("web")), fact(3, image("stock"))]),
        ("build/web/Dockerfile", vec![fact(1, Claim::Build(seam_facts::Build::default()))]),
        ("services/web/main.py", vec![uses(), fact(5, call(Value::text("http://stock/items"), "show"))]),
        ("services/stock/main.py", vec![uses()]),
    ]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "stock")]);
}

#[test]
fn settings_that_are_handed_on_as_one_object_are_followed_to_where_they_are_read() {
    let param = |function: &str, name: &str| Value {
        parts: vec![seam_facts::Part::Hole(seam_facts::Hole::Param {
            function: function.into(),
            index: 0,
            name: name.into(),
        })],
    };
    let pass = |callee: &str, value: Value, within: &str| {
        let args = vec![seam_facts::Argument { name: None, value }];
        Claim::Pass(seam_facts::Pass { callee: callee.into(), args, within: within.into(), made: None })
    };
    let settings = Value {
        parts: vec![seam_facts::Part::Hole(seam_facts::Hole::Result {
            callee: "Settings.read".into(),
            args: Vec::new(),
        })],
    };
    let facts = vec![
        fact(1, Claim::Uses(Uses::default())),
        fact(2, Claim::Constant(seam_facts::Constant { symbol: "Settings.read().orders".into(), value: address() })),
        fact(3, pass("Shop.<init>", settings, "main")),
        fact(4, pass("Orders.<init>", param("Shop.<init>", "config"), "Shop.<init>")),
        fact(5, call(param("Orders.<init>", "config.orders"), "Orders.list")),
    ];
    assert_eq!(edges(&linked([deployed(), code(facts), served()])), [("web", EdgeKind::Http, "orders")]);
}

#[test]
fn an_extension_method_is_called_on_what_it_extends() {
    let param = Hole::Param { function: "ConfigExtensions.UrlOf".into(), index: 0, name: "key".into() };
    let value = Value::text("http://").then(Value::hole(param)).then("/list".into());
    let result = Claim::Return(Return { function: "ConfigExtensions.UrlOf".into(), value });
    let target = Hole::Result { callee: "IConfiguration.UrlOf".into(), args: vec![Value::text("orders")] };
    let uses = || fact(1, Claim::Uses(Uses::default()));
    let graph = linked([
        deployed(),
        served(),
        ("web/ConfigExtensions.cs", vec![uses(), fact(3, result)]),
        ("web/Program.cs", vec![uses(), fact(9, call(Value::hole(target), "Program.Main"))]),
    ]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "orders")]);
}

#[test]
fn a_store_that_the_cluster_names_in_full_is_there_though_no_file_deploys_it() {
    let graph = |host: &str| {
        let store = Claim::Store(Store {
            system: System::Mysql,
            address: Value::env("DB_URL", None),
            database: None,
            client: "jdbc".into(),
            within: "".into(),
        });
        let url = format!("jdbc:mysql://{host}:3306/orders");
        linked([
            ("compose.yaml", vec![fact(1, service("orders")), fact(2, setting("orders", "DB_URL", &url))]),
            ("orders/app.py", vec![fact(1, store)]),
        ])
    };
    assert_eq!(edges(&graph("orders-db.shop.svc.cluster.local")), [("orders", EdgeKind::Db, "orders-db")]);
    assert_eq!(edges(&graph("orders-db")), []);
}

#[test]
fn a_config_map_called_like_the_application_is_its_configuration() {
    let graph = |map: &str| {
        let own = Alias {
            name: "shop-web".into(),
            deployment: Deployment::Script,
            target: Target::Own,
            ports: Vec::new(),
            namespace: None,
        };
        let given = Setting {
            scope: SettingScope::Group(map.into()),
            key: "remote.base".into(),
            value: "http://orders:8080".into(),
            profile: None,
        };
        linked([
            ("compose.yaml", vec![fact(1, service("web")), fact(6, service("orders"))]),
            ("maps.yaml", vec![fact(1, Claim::Setting(given))]),
            ("web/application.yml", vec![fact(1, Claim::Alias(own))]),
            code(vec![fact(9, call(Value::config("remote.base", None), "load"))]),
            served(),
        ])
    };
    assert_eq!(edges(&graph("shop-web")), [("web", EdgeKind::Http, "orders")]);
    assert_eq!(edges(&graph("another")), []);
}

/// Functions that hand their own parameter on to many others, which do the same: the ways multiply, the answers do not.
#[test]
fn parameters_that_are_handed_on_in_many_ways_are_followed_once() {
    let handed = |from: &str| Value::hole(Hole::Param { function: from.into(), index: 0, name: "url".into() });
    let pass = |within: &str, to: &str, value: Value| {
        let args = vec![Argument { name: None, value }];
        Claim::Pass(Pass { callee: to.into(), args, within: within.into(), made: None })
    };
    let mut facts = vec![fact(1, Claim::Uses(Uses::default()))];
    let layers = 12;
    for layer in 0..layers {
        for from in 0..6 {
            for to in 0..6 {
                let (within, callee) = (format!("f{layer}_{from}"), format!("f{}_{to}", layer + 1));
                facts.push(fact(2, pass(&within, &callee, handed(&within))));
            }
        }
    }
    let last = format!("f{layers}_0");
    facts.push(fact(90, call(handed(&last), &last)));
    facts.push(fact(91, pass("main", "f0_0", address().then("/orders".into()))));
    assert_eq!(edges(&linked([deployed(), served(), code(facts)])), [("web", EdgeKind::Http, "orders")]);
}

/// `send(base, path)`: each caller's base with its own path, and none left out where there are many paths.
#[test]
fn a_callers_base_goes_with_its_own_path() {
    let param = |index, name: &str| Value::hole(Hole::Param { function: "send".into(), index, name: name.into() });
    let pass = |within: &str, base: Value, path: &str| {
        let args = vec![Argument { name: None, value: base }, Argument { name: None, value: path.into() }];
        Claim::Pass(Pass { callee: "send".into(), args, within: within.into(), made: None })
    };
    let mut facts =
        vec![fact(1, Claim::Uses(Uses::default())), fact(3, call(param(0, "base").then(param(1, "path")), "send"))];
    for line in 0..20 {
        facts.push(fact(10 + line, pass("orders", address(), &format!("/orders/{line}"))));
    }
    facts.push(fact(40, pass("stock", "http://stock:9000".into(), "/items")));
    let stock = ("stock.yaml", vec![fact(1, service("stock"))]);
    let graph = linked([deployed(), served(), stock, code(facts)]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "orders"), ("web", EdgeKind::Http, "stock")]);
    let operations: Vec<&str> = graph.edges[1].details.iter().map(|d| d.operation.as_str()).collect();
    assert_eq!(operations, ["GET /items"]);
}

#[test]
fn a_member_of_what_a_types_own_function_makes_is_the_types() {
    let made = Value::reference("config#Config.load().orders_url").then("/orders".into());
    let constant = Constant { symbol: "Config.orders_url".into(), value: address() };
    let elsewhere = ("web/config.py", vec![fact(2, Claim::Constant(constant))]);
    let facts = vec![fact(1, Claim::Uses(Uses::default())), fact(5, call(made, "show"))];
    let graph = linked([deployed(), served(), elsewhere, code(facts)]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "orders")]);
}

#[test]
fn a_variable_that_nobody_sets_may_be_called_after_a_hosted_product() {
    let asked = |name: &str| {
        let target = Value::env(name, None).then("/rest/v1/notes".into());
        let facts = vec![fact(1, Claim::Uses(Uses::default())), fact(9, call(target, "show"))];
        linked([deployed(), served(), code(facts)])
    };
    assert_eq!(edges(&asked("SUPABASE_URL")), [("web", EdgeKind::Db, "supabase")]);
    assert_eq!(edges(&asked("OPENAI_BASE_URL")), [("web", EdgeKind::Http, "api.openai.com")]);
    // The only service that its environment names.
    assert_eq!(edges(&asked("NOTES_URL")), [("web", EdgeKind::Http, "orders")]);
}

#[test]
fn a_program_with_a_recipe_beside_deployed_ones_is_a_service() {
    let main = |name: &str| {
        let functions = vec![("main".into(), Vec::new())];
        let uses = Uses { functions, package: "main".into(), ..Uses::default() };
        (format!("services/{name}/cmd/main.go"), vec![fact(1, Claim::Uses(uses))])
    };
    let built = |name: &str| {
        let source = Source { context: Value::text(format!("services/{name}")), ..Source::default() };
        Claim::Service(Service { source: Some(source), ..Service::new(name, Deployment::Compose) })
    };
    let recipe = Build { copies: vec!["pkg/".into(), "services/import/".into()], ..Build::default() };
    let graph = |with: bool| {
        let files = ["orders", "stock", "import"].map(main);
        let compose = ("compose.yaml".to_owned(), vec![fact(1, built("orders")), fact(4, built("stock"))]);
        let dockerfile = ("build/Dockerfile.import".to_owned(), vec![fact(1, Claim::Build(recipe.clone()))]);
        let all: Vec<(String, Vec<Fact>)> =
            files.into_iter().chain([compose]).chain(with.then_some(dockerfile)).collect();
        let graph = linked(all.iter().map(|(p, f)| (p.as_str(), f.clone())));
        graph.nodes.iter().map(|n| n.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(graph(true), ["import", "orders", "stock"]);
    assert_eq!(graph(false), ["orders", "stock"]);
}

#[test]
fn a_map_that_is_asked_for_a_key_is_no_client_of_ours() {
    let url = Value::hole(Hole::Param { function: "HttpClient.get".into(), index: 0, name: "url".into() });
    let pass = |callee: &str, value: Value| {
        let args = vec![Argument { name: None, value }];
        Claim::Pass(Pass { callee: callee.into(), args, within: "show".into(), made: None })
    };
    let facts = vec![
        fact(1, Claim::Uses(Uses::default())),
        fact(3, call(address().then("/".into()).then(url), "HttpClient.get")),
        fact(9, pass("headers.get", "Retry-After".into())),
        fact(10, pass("http.get", "list".into())),
    ];
    let graph = linked([deployed(), served(), code(facts)]);
    let operations: Vec<&str> = graph.edges[0].details.iter().map(|d| d.operation.as_str()).collect();
    assert_eq!(operations, ["GET /list"]);
}

#[test]
fn a_host_that_a_services_own_code_takes_by_default_is_believed_where_a_call_lacks_one() {
    let read = Claim::Read(Read {
        key: Value::env("ORDERS_HOST", None),
        default: Some("orders".into()),
        within: "connect".into(),
    });
    let open = call(Value::hole(Hole::Opaque("url".into())), "connect");
    let uses = || fact(1, Claim::Uses(Uses::default()));
    let graph = linked([deployed(), served(), code(vec![uses(), fact(3, read.clone()), fact(5, open)])]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "orders")]);
    assert_eq!(edges(&linked([deployed(), served(), code(vec![uses(), fact(3, read)])])), []);
}

#[test]
fn a_store_whose_address_is_given_from_outside_is_still_a_store() {
    let store = |address: Value| {
        Claim::Store(Store {
            system: System::Postgres,
            address,
            database: None,
            client: "psycopg2".into(),
            within: "connect".into(),
        })
    };
    let of = |address: Value| {
        let facts = vec![fact(1, Claim::Uses(Uses::default())), fact(3, store(address))];
        edges(&linked([deployed(), served(), code(facts)])).len()
    };
    assert_eq!(of(Value::env("DATABASE_URL", None)), 1);
    assert_eq!(of(Value::text("***")), 1);
    assert_eq!(of(Value::hole(Hole::Opaque("x".into()))), 0);
}

#[test]
fn a_product_that_a_cluster_runs_apart_is_a_server_and_another_name_stays_open() {
    let of = |url: &str| {
        let facts = vec![fact(1, Claim::Uses(Uses::default())), fact(3, call(url.into(), "sign_in"))];
        let graph = linked([deployed(), served(), code(facts)]);
        (edges(&graph).len(), graph.unresolved.len())
    };
    assert_eq!(of("http://keycloak.auth.svc.cluster.local/realms/shop"), (1, 0));
    assert_eq!(of("http://billing.auth.svc.cluster.local/invoices"), (0, 1));
}

#[test]
fn a_flag_is_what_the_command_line_gives_and_else_its_default() {
    let started = |command: &str| {
        let Claim::Service(web) = service("web") else { unreachable!() };
        let web = Claim::Service(seam_facts::Service { command: Some(Value::text(command)), ..web });
        let compose = vec![fact(1, web), fact(2, service("orders")), fact(3, service("carts"))];
        let flag = Value::config("--orders-url", Some(Value::text("http://carts:80")));
        let graph = linked([
            ("compose.yaml", compose),
            ("web/main.go", vec![fact(7, call(flag.then(Value::text("//list")), "main"))]),
        ]);
        let edge = graph.edges.iter().find(|e| e.details.iter().any(|d| d.at.path == "web/main.go")).unwrap();
        (graph.nodes[edge.to].name.to_string(), edge.details[0].operation.to_string())
    };
    let listed = |to: &str| (to.to_owned(), "GET /list".to_owned());
    assert_eq!(started("-orders-url http://orders:80 -v"), listed("orders"));
    assert_eq!(started("./web --orders-url=http://orders:80"), listed("orders"));
    assert_eq!(started("./web -v"), listed("carts"));
}
