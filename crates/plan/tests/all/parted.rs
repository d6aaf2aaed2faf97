//! What several are given alike, and words that others spell in their own way: parts of a shared store, secrets, headers, parts of
//! longer texts, columns, calls of whom is not known, and what a connector hands on.

use crate::touch::{edited, set, system};

#[test]
fn a_part_of_a_store_touches_those_who_use_the_same() {
    let compose = "services:\n  cache:\n    image: redis:7\n  shop:\n    build: ./shop\n    environment:\n      REDIS_DB: '3'\n  stock:\n    build: ./stock\n    environment:\n      REDIS_DB: '3'\n  mail:\n    build: ./mail\n    environment:\n      REDIS_DB: '4'\n";
    let code = "const Redis = require('ioredis')\nconst cache = new Redis({ host: 'cache', db: process.env.REDIS_DB })\ncache.get('a')\n";
    let shop = system(compose, &[], &[("shop", code), ("stock", code), ("mail", code)]);
    let old = "build: ./shop\n    environment:\n      REDIS_DB: '3'";
    let found = edited(&shop, &[("compose.yaml", old, &old.replace("'3'", "'5'"))]);
    assert!(found.rules().contains("store-parted"), "{:?}", found.effects);
    assert_eq!((found.direct(), found.dependent()), (set(&["shop"]), set(&["stock"])), "{:?}", found.effects);
}

#[test]
fn a_secret_touches_those_who_are_given_the_same_and_is_not_told() {
    let compose = "services:\n  shop:\n    build: ./shop\n    environment:\n      JWT_SECRET: hidden-word\n  stock:\n    build: ./stock\n    environment:\n      JWT_SECRET: hidden-word\n  mail:\n    build: ./mail\n    environment:\n      JWT_SECRET: other-word\n";
    let code = "verify(process.env.JWT_SECRET)\n";
    let shop = system(compose, &[], &[("shop", code), ("stock", code), ("mail", code)]);
    let old = "build: ./shop\n    environment:\n      JWT_SECRET: hidden-word";
    let found = edited(&shop, &[("compose.yaml", old, &old.replace("hidden-word", "new-word"))]);
    assert!(found.rules().contains("secret-parted"), "{:?}", found.effects);
    assert_eq!((found.direct(), found.dependent()), (set(&["shop"]), set(&["stock"])), "{:?}", found.effects);
    assert!(!format!("{:?}", found.effects).contains("hidden-word"), "{:?}", found.effects);
    // All at once move together.
    let both = "hidden-word\n  stock:\n    build: ./stock\n    environment:\n      JWT_SECRET: hidden-word";
    let found = edited(&shop, &[("compose.yaml", both, &both.replace("hidden-word", "new-word"))]);
    assert!(!found.rules().contains("secret-parted"), "{:?}", found.effects);
}

const THREE: &str = "services:\n  shop:\n    build: ./shop\n  stock:\n    build: ./stock\n  mail:\n    build: ./mail\n";

#[test]
fn a_header_touches_callers_that_name_it_as_it_travels() {
    let server = "require 'sinatra'\nget '/levels' do\n  user = request.env['HTTP_AUTH_ID']\n  halt 401 unless user\n  levels(user)\nend\n";
    let client = "fetch('http://stock:4567/levels', { headers: { 'Auth-ID': user } })\n";
    let shop = system(
        THREE,
        &[("stock/app.rb", server), ("stock/Gemfile", "gem 'sinatra'\n")],
        &[("shop", client), ("mail", "fetch('http://stock:4567/levels')\n")],
    );
    let found = edited(&shop, &[("stock/app.rb", "HTTP_AUTH_ID", "HTTP_X_AUTH_ID")]);
    assert!(found.rules().contains("word-changed"), "{:?}", found.effects);
    assert_eq!((found.direct(), found.dependent()), (set(&["stock"]), set(&["shop"])), "{:?}", found.effects);
}

#[test]
fn a_part_of_a_longer_text_touches_those_who_share_the_store() {
    let compose =
        "services:\n  files:\n    image: minio/minio\n  shop:\n    build: ./shop\n  stock:\n    build: ./stock\n";
    let code = |name: &str| {
        format!(
            "const {{ S3Client, PutObjectCommand }} = require('@aws-sdk/client-s3')\nconst s3 = new S3Client({{ endpoint: 'http://files:9000' }})\ns3.send(new PutObjectCommand({{ Bucket: 'rooms', Key: `rooms/${{id}}/{name}` }}))\n"
        )
    };
    let shop = system(compose, &[], &[("shop", &code("state.v1.zst")), ("stock", &code("state.v1.zst"))]);
    let found = edited(&shop, &[("stock/index.js", "state.v1.zst", "state.v2.zst")]);
    assert!(found.rules().contains("word-changed"), "{:?}", found.effects);
    assert_eq!((found.direct(), found.dependent()), (set(&["stock"]), set(&["shop"])), "{:?}", found.effects);
}

#[test]
fn one_more_column_touches_those_who_ask_for_all() {
    let compose = "services:\n  db:\n    image: postgres:16\n  shop:\n    build: ./shop\n  stock:\n    build: ./stock\n  mail:\n    build: ./mail\n";
    let code = |statement: &str| {
        format!(
            "const {{ Pool }} = require('pg')\nconst pool = new Pool({{ host: 'db', database: 'goods' }})\npool.query('{statement}')\n"
        )
    };
    let makes = code("CREATE TABLE IF NOT EXISTS levels (id int, amount int)");
    let shop = system(
        compose,
        &[],
        &[("stock", &makes), ("shop", &code("SELECT * FROM levels")), ("mail", &code("SELECT id FROM levels"))],
    );
    let found = edited(&shop, &[("stock/index.js", "amount int)", "amount int, unit text)")]);
    assert!(found.rules().contains("table-columns"), "{:?}", found.effects);
    assert_eq!(found.direct(), set(&["shop", "stock"]), "{:?}", found.effects);
}

#[test]
fn calls_of_a_page_are_tied_by_what_they_ask_for() {
    let server = "const app = require('express')()\napp.post('/bookings', (req, res) => {\n  const { seat_id } = req.body\n  res.json(book(seat_id))\n})\napp.listen(3000)\n";
    let page = "fetch('/v1/bookings', {\n  method: 'POST',\n  body: JSON.stringify({ seat_id: 3 })\n})\n";
    let shop = system(THREE, &[], &[("stock", server), ("shop", page)]);
    let found = edited(&shop, &[("stock/index.js", "'/bookings'", "'/reservations'")]);
    assert!(found.dependent().contains("shop"), "{:?}", found.effects);
    let found = edited(&shop, &[("stock/index.js", "{ seat_id }", "{ place_id }")]);
    assert!(found.dependent().contains("shop"), "{:?}", found.effects);
    // Where two serve the same, it may be either's.
    let both = system(THREE, &[], &[("stock", server), ("mail", server), ("shop", page)]);
    let found = edited(&both, &[("stock/index.js", "'/bookings'", "'/reservations'")]);
    assert!(!found.dependent().contains("shop"), "{:?}", found.effects);
}

const CONNECTED: &str = "services:\n  kafka:\n    image: apache/kafka:3.9.0\n  db:\n    image: postgres:16\n  connect:\n    image: quay.io/debezium/connect:3.0\n    environment:\n      BOOTSTRAP_SERVERS: kafka:9092\n  shop:\n    build: ./shop\n  stock:\n    build: ./stock\n";

#[test]
fn what_a_connector_hands_on_ties_the_writer_to_its_readers() {
    let connector = "{\n  \"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\",\n  \"database.hostname\": \"db\",\n  \"topic.prefix\": \"shop\",\n  \"table.include.list\": \"public.outbox\",\n  \"transforms\": \"outbox\",\n  \"transforms.outbox.type\": \"io.debezium.transforms.outbox.EventRouter\",\n  \"transforms.outbox.route.topic.replacement\": \"${routedByValue}.events\"\n}\n";
    let writes = "const { Pool } = require('pg')\nconst pool = new Pool({ host: 'db' })\nconst kind = 'booking'\npool.query('INSERT INTO outbox (kind, payload) VALUES ($1, $2)', [kind, JSON.stringify({ 'seat-id': 3 })])\n";
    let reads = "const { Kafka } = require('kafkajs')\nconst kafka = new Kafka({ brokers: ['kafka:9092'] })\nconst consumer = kafka.consumer({ groupId: 'stock' })\nconsumer.subscribe({ topic: 'booking.events' })\nconsumer.run({ eachMessage: async ({ message }) => take(JSON.parse(message.value)['seat-id']) })\n";
    let shop = system(CONNECTED, &[("outbox-connector.json", connector)], &[("shop", writes), ("stock", reads)]);
    let found = edited(&shop, &[("shop/index.js", "'seat-id'", "'place-id'")]);
    assert!(found.dependent().contains("stock"), "{:?}", found.effects);
    let found = edited(&shop, &[("stock/index.js", "'booking.events'", "'bookings.events'")]);
    assert!(found.dependent().contains("shop"), "{:?}", found.effects);
    let found = edited(&shop, &[("outbox-connector.json", "}.events", "}.news")]);
    assert!(found.dependent().contains("stock"), "{:?}", found.effects);
}
