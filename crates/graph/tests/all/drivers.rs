//! Products behind code that names none: told by drivers, by dialects, and by nothing else.

use crate::made::{edges, fact, linked, service, setting};
use seam_facts::{
    Claim, Depends, Deployment, Fact, Message, Module, ModuleKind, Service, Setting, SettingScope, Store, System, Uses,
    Value,
};
use seam_graph::{EdgeKind, Graph};

fn depends(package: &str) -> Claim {
    Claim::Depends(Depends { package: package.into(), version: None, kind: ModuleKind::Maven, development: false })
}

fn repository() -> Claim {
    Claim::Store(Store {
        system: System::Sql,
        address: Value::config("spring.datasource.url", None),
        database: None,
        client: "Spring Data JPA".into(),
        within: "".into(),
    })
}

fn listens() -> Claim {
    Claim::Message(Message {
        system: System::Jms,
        publish: false,
        topic: "orders".into(),
        address: None,
        exchange: None,
        routing_key: None,
        group: None,
        client: "Spring JMS".into(),
        within: "".into(),
        payload: None,
    })
}

fn app(key: &str, value: &str) -> Claim {
    Claim::Setting(Setting { scope: SettingScope::App, key: key.into(), value: value.into(), profile: None })
}

fn ready(name: &str, image: &str) -> Claim {
    Claim::Service(Service { image: Some(Value::text(image)), ..Service::new(name, Deployment::Compose) })
}

fn numbered(claims: impl IntoIterator<Item = Claim>) -> Vec<Fact> {
    (1..).zip(claims).map(|(line, claim)| fact(line, claim)).collect()
}

/// `orders` is deployed beside `others`, built with `packages`, and does what `code` says.
fn orders(others: Vec<Claim>, packages: &[&str], code: Vec<Claim>) -> Graph {
    linked([
        ("compose.yaml", numbered(std::iter::once(service("orders")).chain(others))),
        ("orders/pom.xml", numbered(packages.iter().map(|p| depends(p)))),
        ("orders/Main.java", numbered(std::iter::once(Claim::Uses(Uses::default())).chain(code))),
    ])
}

#[test]
fn the_only_driver_says_which_database_a_repository_has() {
    let graph = orders(vec![], &["com.mysql:mysql-connector-j"], vec![repository()]);
    assert_eq!(edges(&graph), [("orders", EdgeKind::Db, "mysql")]);
    let graph = orders(vec![], &["com.mysql:mysql-connector-j", "org.postgresql:postgresql"], vec![repository()]);
    assert_eq!(edges(&graph), []);
    let graph = orders(vec![], &["com.mysql:mysql-connector-j", "com.h2database:h2"], vec![repository()]);
    assert_eq!(edges(&graph), []);
}

#[test]
fn what_the_configuration_calls_the_driver_comes_before_packages() {
    let packages = ["com.mysql:mysql-connector-j", "com.oracle.database.jdbc:ojdbc11"];
    let said = app("spring.datasource.driver-class-name", "oracle.jdbc.OracleDriver");
    assert_eq!(edges(&orders(vec![], &packages, vec![repository(), said])), [("orders", EdgeKind::Db, "oracle")]);
}

#[test]
fn a_driver_tells_deployed_databases_apart_and_a_primary_stands_for_its_replicas() {
    let stores = || vec![ready("one", "postgres:16"), ready("two", "mysql:8"), ready("two-replica", "mysql:8")];
    let graph = orders(stores(), &["org.postgresql:postgresql"], vec![repository()]);
    assert_eq!(edges(&graph), [("orders", EdgeKind::Db, "one")]);
    let graph = orders(stores(), &["com.mysql:mysql-connector-j"], vec![repository()]);
    assert_eq!(edges(&graph), [("orders", EdgeKind::Db, "two")]);
}

#[test]
fn queues_are_those_of_the_provider_that_a_service_is_built_with() {
    let consumes = |to| [("orders", EdgeKind::QueueConsume, to)];
    let graph = orders(vec![], &["com.ibm.mq:mq-jms-spring-boot-starter"], vec![listens()]);
    assert_eq!(edges(&graph), consumes("ibm-mq"));
    let aq = "com.oracle.database.spring:oracle-spring-boot-starter-aqjms";
    assert_eq!(edges(&orders(vec![], &[aq], vec![listens()])), consumes("oracle"));
    assert_eq!(edges(&orders(vec![], &[], vec![listens()])), consumes("activemq"));
}

#[test]
fn an_application_may_ask_a_configuration_server_by_another_name() {
    let handed = |key: &str, value: &str| {
        let scope = SettingScope::Named("shop-orders".into());
        fact(1, Claim::Setting(Setting { scope, key: key.into(), value: value.into(), profile: None }))
    };
    let code = vec![Claim::Uses(Uses::default()), repository(), app("spring.cloud.config.name", "shop-orders")];
    let graph = linked([
        ("compose.yaml", numbered([service("orders"), ready("one", "mysql:8"), ready("two", "mysql:8")])),
        ("config/shop-orders.yml", vec![handed("spring.datasource.url", "jdbc:mysql://two:3306/orders")]),
        ("orders/Main.java", numbered(code)),
    ]);
    assert_eq!(edges(&graph), [("orders", EdgeKind::Db, "two")]);
}

#[test]
fn a_program_of_our_own_is_no_tool_because_its_name_shares_a_word_with_one() {
    let table = "table-placement-v1";
    let module = Module {
        name: table.into(),
        kind: ModuleKind::Maven,
        runnable: Some(true),
        uses: Vec::new(),
        folder: Default::default(),
    };
    let graph = linked([
        (
            "compose.yaml",
            numbered([
                ready(table, "shop/table-placement:v1"),
                ready("placement", "daprio/placement"),
                ready("db", "mysql:8"),
                setting(table, "SPRING_DATASOURCE_URL", "jdbc:mysql://db/tables"),
            ]),
        ),
        ("table-placement-v1/pom.xml", numbered([Claim::Module(module)])),
        ("table-placement-v1/Main.java", numbered([Claim::Uses(Uses::default()), repository()])),
    ]);
    assert_eq!(edges(&graph), [("table-placement", EdgeKind::Db, "db")]);
}
