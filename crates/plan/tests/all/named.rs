//! Other sides that only a name leads to: rules of gateways, topics and databases that settings name, names in a registry,
//! declarations of queues; and words that nobody depends on.

use crate::touch::{Files, edited, set, small, system};

const SPRING: &str = "spring:\n  application:\n    name: edge\n  cloud:\n    gateway:\n      routes:\n        - id: stock\n          uri: http://stock:3000\n          predicates:\n            - Path=/api/stock/**\n          filters:\n            - FILTER\n";

/// A gateway of Spring's before a service, and a service that asks through it.
fn behind_a_gateway(filter: &str, asked: &str, served: &str) -> Files {
    let pom = "<project><artifactId>edge</artifactId><dependencies><dependency><groupId>org.springframework.cloud</groupId><artifactId>spring-cloud-starter-gateway</artifactId></dependency></dependencies></project>\n";
    system(
        "services:\n  edge:\n    build: ./edge\n  shop:\n    build: ./shop\n  stock:\n    build: ./stock\n",
        &[("edge/pom.xml", pom), ("edge/src/main/resources/application.yml", &SPRING.replace("FILTER", filter))],
        &[
            ("shop", &format!("fetch('http://edge:8080{asked}')\n")),
            ("stock", &format!("const app = require('express')()\napp.get('{served}', list)\napp.listen(3000)\n")),
        ],
    )
}

const ROUTES: &str = "edge/src/main/resources/application.yml";

#[test]
fn a_rule_that_takes_a_part_away_leads_to_what_it_asks_for() {
    let shop = behind_a_gateway("StripPrefix=2", "/api/stock/levels", "/levels");
    // Whoever asks through the gateway asks for what moves.
    let found = edited(&shop, &[("stock/index.js", "/levels", "/amounts")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["stock"]), set(&["shop"])), "{:?}", found.effects);
    // The rule's own path is what callers know; what stands behind it is asked for as before.
    let found = edited(&shop, &[(ROUTES, "/api/stock/**", "/api/store/**")]);
    assert!(found.rules().contains("gateway-route-moved"), "{:?}", found.effects);
    assert_eq!((found.direct(), found.dependent()), (set(&["edge"]), set(&["shop"])), "{:?}", found.effects);
}

#[test]
fn a_rule_that_hands_its_path_on_touches_both_sides_when_it_moves() {
    let shop = behind_a_gateway("AddRequestHeader=X-Edge, 1", "/api/stock/levels", "/api/stock/levels");
    let found = edited(&shop, &[(ROUTES, "/api/stock/**", "/api/store/**")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["edge"]), set(&["shop", "stock"])), "{:?}", found.effects);
    // A path that leaves the rule's is not forwarded any more.
    let found = edited(&shop, &[("stock/index.js", "/api/stock/levels", "/api/amounts/levels")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["stock"]), set(&["edge", "shop"])), "{:?}", found.effects);
}

#[test]
fn a_database_by_another_name_touches_those_who_name_it() {
    let compose = "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_DB: shop\n  orders:\n    build: ./orders\n    environment:\n      DATABASE_URL: postgres://app@db:5432/shop\n  audit:\n    build: ./audit\n    environment:\n      DATABASE_URL: postgres://app@db:5432/audit\n";
    let code = "const { Pool } = require('pg')\nconst pool = new Pool({ connectionString: process.env.DATABASE_URL })\npool.query('select 1 from orders')\n";
    let shop = system(compose, &[], &[("orders", code), ("audit", code)]);
    let found = edited(&shop, &[("compose.yaml", "POSTGRES_DB: shop", "POSTGRES_DB: store")]);
    assert!(found.rules().contains("store-renamed"), "{:?}", found.effects);
    assert_eq!((found.direct(), found.dependent()), (set(&["db"]), set(&["orders"])), "{:?}", found.effects);
}

fn queues(sender: &str, reader: &str) -> Files {
    let compose =
        "services:\n  rabbit:\n    image: rabbitmq:3\n  orders:\n    build: ./orders\n  mails:\n    build: ./mails\n";
    let begin = "const amqp = require('amqplib')\nasync function run() {\n  const connection = await amqp.connect('amqp://rabbit')\n  const channel = await connection.createChannel()\n";
    let of = |body: &str| format!("{begin}{body}}}\nrun()\n");
    system(compose, &[], &[("orders", &of(sender)), ("mails", &of(reader))])
}

const READER: &str =
    "  await channel.assertQueue('placed', {\n    durable: true,\n  })\n  channel.consume('placed', handle)\n";

#[test]
fn a_topic_by_default_and_a_reader_that_leaves_touch_the_other_side() {
    let shop = queues("  channel.sendToQueue(process.env.QUEUE || 'placed', body)\n", READER);
    let found = edited(&shop, &[("orders/index.js", "|| 'placed'", "|| 'ordered'")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["orders"]), set(&["mails"])), "{:?}", found.effects);
    assert!(found.rules().contains("topic-moved"), "{:?}", found.effects);
    let shop = queues("  channel.sendToQueue('placed', body)\n", READER);
    let found = edited(&shop, &[("mails/index.js", "consume('placed'", "consume('ordered'")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["mails"]), set(&["orders"])), "{:?}", found.effects);
}

#[test]
fn a_declaration_touches_whoever_declares_the_same() {
    let sender = "  await channel.assertQueue('placed', { durable: true })\n  channel.sendToQueue('placed', body)\n";
    let found = edited(&queues(sender, READER), &[("mails/index.js", "durable: true", "durable: false")]);
    assert!(found.rules().contains("declaration-changed"), "{:?}", found.effects);
    assert_eq!((found.direct(), found.dependent()), (set(&["mails"]), set(&["orders"])), "{:?}", found.effects);
    let silent = queues("  channel.sendToQueue('placed', body)\n", READER);
    let found = edited(&silent, &[("mails/index.js", "durable: true", "durable: false")]);
    assert!(!found.dependent().contains("orders"), "{:?}", found.effects);
}

#[test]
fn a_sentence_touches_nobody_unless_somebody_compares_it() {
    let server = "const app = require('express')()\napp.get('/hello', (q, r) => r.send('Welcome to the shop'))\napp.listen(3000)\n";
    let compose = "services:\n  shop:\n    build: ./shop\n  page:\n    build: ./page\n";
    let plain = system(compose, &[], &[("shop", server), ("page", "console.log('up')\n")]);
    let edit = [("shop/index.js", "Welcome to the shop", "Good to see you here")];
    let found = edited(&plain, &edit);
    assert_eq!((found.direct(), found.unknown()), (set(&[]), 0), "{:?}", found.effects);
    let page = "fetch('http://shop:3000/hello').then(t => { if (t === 'Welcome to the shop') open() })\n";
    let compared = system(compose, &[], &[("shop", server), ("page", page)]);
    assert!(edited(&compared, &edit).direct().contains("shop"));
}

#[test]
fn a_mark_at_the_beginning_of_a_file_is_no_change() {
    let shop =
        small(&[("compose.yaml", "services:\n  shop:\n    build: ./shop\n"), ("shop/index.js", "\u{feff}run()\n")]);
    let found = edited(&shop, &[("shop/index.js", "\u{feff}", "")]);
    assert_eq!((found.direct(), found.unknown()), (set(&[]), 0), "{:?}", found.effects);
}
