//! Lines that state nothing by themselves and whose other end is known: ports that are dialled, names that are looked up, what
//! stores hold and whom they let in, tables that code makes, values of enumerations.

use crate::touch::{Files, edited, set, small, system};

const TWO: &str = "services:\n  shop:\n    build: ./shop\n  stock:\n    build: ./stock\n";

#[test]
fn a_port_that_only_a_script_opens_touches_those_who_dial_it() {
    let start = "#!/bin/sh\nexec gunicorn stock.wsgi --bind 0.0.0.0:8000 --workers 3\n";
    let recipe = "FROM python:3.12\nCOPY . .\nENTRYPOINT [\"./start.sh\"]\n";
    let shop = system(
        TWO,
        &[("stock/start.sh", start), ("stock/Dockerfile", recipe), ("stock/stock/wsgi.py", "app = make()\n")],
        &[("shop", "fetch('http://stock:8000/levels')\n")],
    );
    let found = edited(&shop, &[("stock/start.sh", "8000", "8080")]);
    assert!(found.rules().contains("port-moved"), "{:?}", found.effects);
    assert_eq!((found.direct(), found.dependent()), (set(&["stock"]), set(&["shop"])), "{:?}", found.effects);
    // Another number of the line is dialled by nobody.
    let found = edited(&shop, &[("stock/start.sh", "workers 3", "workers 300")]);
    assert!(!found.rules().contains("port-moved"), "{:?}", found.effects);
}

#[test]
fn a_name_in_a_stage_s_configuration_touches_those_who_say_it() {
    let conf = "kitex:\n  service: \"stock\"\n  level: info\n";
    let code = "fetch('http://stock/levels')\n";
    let shop = system(TWO, &[("stock/conf/test/conf.yaml", conf)], &[("shop", code), ("stock", "run()\n")]);
    let found = edited(&shop, &[("stock/conf/test/conf.yaml", "\"stock\"", "\"stock-levels\"")]);
    assert!(found.rules().contains("service-renamed"), "{:?}", found.effects);
    assert_eq!((found.direct(), found.dependent()), (set(&["stock"]), set(&["shop"])), "{:?}", found.effects);
}

const STORE: &str = "services:\n  db:\n    image: mysql:8\n    environment:\n      MYSQL_PASSWORD: hidden-word\n    volumes:\n      - ./db/init.sql:/docker-entrypoint-initdb.d/init.sql\n  shop:\n    build: ./shop\n    environment:\n      DB_PASSWORD: hidden-word\n  stock:\n    build: ./stock\n    environment:\n      DB_PASSWORD: other-word\n";

fn stored() -> Files {
    let code = |name: &str| {
        format!(
            "const mysql = require('mysql2')\nconst pool = mysql.createPool('mysql://app@db:3306/{name}')\npool.query('select 1 from items')\n"
        )
    };
    system(
        STORE,
        &[("db/init.sql", "CREATE DATABASE IF NOT EXISTS `goods`;\n")],
        &[("shop", &code("goods")), ("stock", &code("levels"))],
    )
}

#[test]
fn a_password_touches_those_who_log_in_with_it_and_is_not_told() {
    let found = edited(&stored(), &[("compose.yaml", "MYSQL_PASSWORD: hidden-word", "MYSQL_PASSWORD: new-word")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["db"]), set(&["shop"])), "{:?}", found.effects);
    assert!(!format!("{:?}", found.effects).contains("hidden-word"), "{:?}", found.effects);
}

#[test]
fn a_database_that_a_script_makes_touches_its_clients() {
    let found = edited(&stored(), &[("db/init.sql", "`goods`", "`wares`")]);
    assert!(found.rules().contains("store-renamed"), "{:?}", found.effects);
    assert!(found.dependent().contains("shop") && !found.dependent().contains("stock"), "{:?}", found.effects);
}

#[test]
fn a_table_that_code_makes_touches_whoever_names_it() {
    let makes = "const mysql = require('mysql2')\nconst pool = mysql.createPool('mysql://app@db:3306/goods')\npool.query('CREATE TABLE IF NOT EXISTS stock_levels (id int, amount int)')\n";
    let reads = "const mysql = require('mysql2')\nconst pool = mysql.createPool('mysql://app@db:3306/goods')\npool.query('SELECT amount FROM stock_levels WHERE id = ?')\n";
    let shop = system(STORE, &[], &[("shop", reads), ("stock", makes)]);
    let found = edited(&shop, &[("stock/index.js", "EXISTS stock_levels", "EXISTS levels")]);
    assert!(found.rules().contains("table-gone"), "{:?}", found.effects);
    assert!(found.direct().contains("shop") && found.direct().contains("stock"), "{:?}", found.effects);
}

#[test]
fn a_beginning_of_paths_in_a_setting_touches_those_who_are_told_it() {
    let compose = "services:\n  shop:\n    build: ./shop\n    environment:\n      STOCK_PATH: /stock-api\n  stock:\n    build: ./stock\n    environment:\n      API_PATH: /stock-api\n";
    let server = "const app = require('express')()\napp.use(process.env.API_PATH, routes)\napp.get(process.env.API_PATH + '/levels', list)\napp.listen(3000)\n";
    let client = "fetch('http://stock:3000' + process.env.STOCK_PATH + '/levels')\n";
    let shop = system(compose, &[], &[("shop", client), ("stock", server)]);
    let found = edited(&shop, &[("compose.yaml", "API_PATH: /stock-api", "API_PATH: /levels-api")]);
    assert!(found.direct().contains("stock") && found.dependent().contains("shop"), "{:?}", found.effects);
}

#[test]
fn a_value_of_an_enumeration_touches_the_copy_at_the_other_side() {
    let state = "package shop;\npublic enum PayState {\n    OPEN,\n    UNDER_WAY,\n    DONE\n}\n";
    let dto = "package shop;\npublic class Payment {\n    private Long id;\n    private PayState state;\n}\n";
    let server = "package shop;\nimport org.springframework.web.bind.annotation.*;\n@RestController\nclass Payments {\n    @GetMapping(\"/payments/{id}\")\n    Payment one(@PathVariable Long id) { return repo.find(id); }\n}\n";
    let client = "package shop;\nimport org.springframework.web.client.RestTemplate;\nclass Till {\n    RestTemplate http;\n    Payment get(Long id) { return http.getForObject(\"http://payments:8080/payments/{id}\", Payment.class, id); }\n}\n";
    let files: Vec<(String, &str)> = ["payments", "till"]
        .iter()
        .flat_map(|service| {
            let own = if *service == "payments" { ("Payments", server) } else { ("Till", client) };
            [("PayState", state), ("Payment", dto), own]
                .map(|(name, text)| (format!("{service}/src/main/java/shop/{name}.java"), text))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let mut shop =
        small(&[("compose.yaml", "services:\n  payments:\n    build: ./payments\n  till:\n    build: ./till\n")]);
    shop.extend(small(&files));
    let found = edited(&shop, &[("payments/src/main/java/shop/PayState.java", "UNDER_WAY", "PENDING")]);
    assert_eq!((found.direct(), found.dependent()), (set(&["payments"]), set(&["till"])), "{:?}", found.effects);
}

#[test]
fn a_part_of_what_is_read_touches_the_sender_that_says_it() {
    let compose =
        "services:\n  rabbit:\n    image: rabbitmq:3\n  shop:\n    build: ./shop\n  stock:\n    build: ./stock\n";
    let begin = "const amqp = require('amqplib')\nasync function run(key) {\n  const connection = await amqp.connect('amqp://rabbit')\n  const channel = await connection.createChannel()\n";
    let sends =
        format!("{begin}  const exchange = 'shop-events'\n  channel.publish(exchange, key, body)\n}}\nrun(next())\n");
    let reads = format!(
        "{begin}  channel.bindQueue('inbox', 'shop-events', key)\n  channel.consume('inbox', handle)\n}}\nrun(next())\n"
    );
    let shop = system(compose, &[], &[("shop", &sends), ("stock", &reads)]);
    let found = edited(&shop, &[("stock/index.js", "'shop-events'", "'stock-events'")]);
    assert!(found.direct().contains("stock") && found.dependent().contains("shop"), "{:?}", found.effects);
}
