//! Snapshots of real stores, and the way back.

#![expect(clippy::disallowed_methods, reason = "it runs servers and writes files")]

mod stores;

use redis::cmd;
use seam_stage::state::{StoreAt, StoreKind, restore, snapshot};
use stores::Stores;

fn at(kind: StoreKind, address: String) -> StoreAt {
    StoreAt { name: "store".to_owned(), kind, address }
}

async fn psql(address: &str, script: &str) {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(script).await.unwrap();
}

const SHOP: &str = r#"
CREATE TYPE mood AS ENUM ('fine', 'so so');
CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL, mood mood, tags text[], about jsonb, photo bytea,
    since timestamptz DEFAULT now(), gone timestamptz DEFAULT now(), loud text GENERATED ALWAYS AS (upper(name)) STORED);
CREATE TABLE orders (customer int REFERENCES customers, line int, cents numeric(12, 2), PRIMARY KEY (customer, line));
CREATE TABLE log (text text);
CREATE SCHEMA "Odd one";
CREATE TABLE "Odd one"."Or""der" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "what's" text);
CREATE TABLE parts (day int, n int, PRIMARY KEY (day, n)) PARTITION BY LIST (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE SEQUENCE tickets;
CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no more customers'; END $$;
INSERT INTO customers (name, mood, tags, about, photo, gone) VALUES
  ('O''Hara \ Söhne', 'so so', '{a,"b c"}', '{"k": [1, null]}', '\x00ff', NULL), ('b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO orders VALUES (1, 1, 10.50), (1, 2, -3), (2, 1, 0);
INSERT INTO log VALUES ('same'), ('same'), (NULL);
INSERT INTO "Odd one"."Or""der" ("what's") VALUES ('x');
INSERT INTO parts VALUES (1, 1);
SELECT nextval('tickets'), nextval('tickets');
CREATE TRIGGER closed BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION forbid();
"#;

const DAMAGE: &str = r#"
DELETE FROM orders; UPDATE customers SET name = 'x', about = '{}' WHERE id = 1; DELETE FROM customers WHERE id = 2;
INSERT INTO log VALUES ('more'); INSERT INTO "Odd one"."Or""der" ("what's") VALUES ('y'), ('z'); INSERT INTO parts VALUES (1, 2);
SELECT nextval('tickets');
"#;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_comes_back_as_it_was() {
    let Some(stores) = Stores::start(&["postgres"]) else { return };
    let address = format!("postgres://kiosk@127.0.0.1:{}/orders", stores.postgres);
    psql(&address, SHOP).await;
    let store = at(StoreKind::Postgres, address.clone());
    let before = snapshot(&store).await.unwrap();
    assert_eq!(before.tables["customers"]["1"]["name"], r"O'Hara \ Söhne");
    assert_eq!(before.tables["customers"]["1"].get("gone"), None);
    assert_eq!(before.tables["orders"]["1,2"]["cents"], "-3.00");
    assert_eq!(before.tables["log"].len(), 3, "equal rows without a key are counted");
    assert_eq!(before.tables["Odd one.Or\"der"].len(), 1);
    assert_eq!(before.tables["parts"].len(), 1, "partitions are their table");

    psql(&address, DAMAGE).await;
    assert_ne!(snapshot(&store).await.unwrap(), before);
    restore(&store, &before).await.unwrap();
    assert_eq!(snapshot(&store).await.unwrap(), before);

    // What comes next gets the number that it would have got, and triggers are there again.
    psql(&address, r#"INSERT INTO "Odd one"."Or""der" ("what's") VALUES ('next'); INSERT INTO log SELECT nextval('tickets')::text"#).await;
    let next = snapshot(&store).await.unwrap();
    assert_eq!(next.tables["Odd one.Or\"der"]["2"]["what's"], "next");
    assert!(next.tables["log"].contains_key("3"));
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    assert!(client.batch_execute("INSERT INTO customers (name) VALUES ('z')").await.is_err());

    // A user who may not switch foreign keys off gets there as well.
    let mine = "CREATE ROLE plain LOGIN; GRANT ALL ON SCHEMA public TO plain; DROP SCHEMA \"Odd one\" CASCADE;
        ALTER TABLE customers OWNER TO plain; ALTER TABLE orders OWNER TO plain; ALTER TABLE log OWNER TO plain;
        ALTER TABLE parts OWNER TO plain; ALTER SEQUENCE tickets OWNER TO plain; ALTER TABLE orders RENAME TO a_orders";
    psql(&address, mine).await;
    let plain = at(StoreKind::Postgres, address.replace("kiosk@", "plain@"));
    let before = snapshot(&plain).await.unwrap();
    psql(&address, "DELETE FROM a_orders; UPDATE customers SET name = 'y'").await;
    restore(&plain, &before).await.unwrap();
    assert_eq!(snapshot(&plain).await.unwrap(), before);

    // A service that has read and not ended its transaction is not waited for.
    client.batch_execute("BEGIN; SELECT * FROM log").await.unwrap();
    psql(&address, "INSERT INTO log VALUES ('late')").await;
    restore(&store, &before).await.unwrap();
    assert_eq!(snapshot(&store).await.unwrap(), before);

    psql(&address, "DROP TABLE a_orders").await;
    let why = restore(&store, &before).await.unwrap_err().to_string();
    assert!(why.contains("the table `a_orders` is gone"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_comes_back_as_it_was() {
    let Some(stores) = Stores::start(&["redis"]) else { return };
    let address = format!("redis://127.0.0.1:{}/3", stores.redis);
    let mut redis = redis::Client::open(address.as_str()).unwrap().get_connection().unwrap();
    let mut run = |line: &str| {
        let mut words = line.split(' ');
        let mut command = cmd(words.next().unwrap());
        words.for_each(|word| {
            command.arg(word);
        });
        command.exec(&mut redis).unwrap_or_else(|error| panic!("{line}: {error}"));
    };
    let fill = [
        "SET plain 5",
        "SETEX short 50 x",
        "HSET hash a 1 b 2",
        "RPUSH list x y x",
        "SADD set m n",
        "ZADD scores 1.5 m 2 n",
        "XADD stream 9-1 k v",
        "XADD stream 10-0 k w k2 v2",
        "XGROUP CREATE stream workers 9-1",
        "PFADD loglog a",
    ];
    fill.iter().for_each(|line| run(line));
    let store = at(StoreKind::Redis, address);
    let before = snapshot(&store).await.unwrap();
    assert_eq!(before.tables["string"]["short"]["(expires within)"], "64 s");
    assert_eq!(before.tables["hash"]["hash"]["b"], "2");
    assert_eq!(before.tables["stream"]["stream"]["10-0"], r#"["k","w","k2","v2"]"#);

    let damage = [
        "DEL plain",
        "PERSIST short",
        "HDEL hash a",
        "LPOP list",
        "SADD set o",
        "ZINCRBY scores 1 m",
        "XADD stream 11-0 k x",
        "PFADD loglog b c d",
        "SET new 1",
    ];
    damage.iter().for_each(|line| run(line));
    assert_ne!(snapshot(&store).await.unwrap(), before);
    restore(&store, &before).await.unwrap();
    assert_eq!(snapshot(&store).await.unwrap(), before);

    // Bytes that are no text, and a type that is turned into another one.
    run("DEL list");
    run("SET list text");
    redis::cmd("SET").arg(&[0u8, 200][..]).arg(&[255u8][..]).exec(&mut redis).unwrap();
    let odd = snapshot(&store).await.unwrap();
    assert_eq!(odd.tables["string"]["\\x00c8"]["value"], "\\xff");
    restore(&store, &before).await.unwrap();
    restore(&store, &odd).await.unwrap();
    assert_eq!(snapshot(&store).await.unwrap(), odd);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_wait_are_counted_and_thrown_away() {
    let Some(stores) = Stores::start(&["rabbit"]) else { return };
    let broker = format!("amqp://127.0.0.1:{}/%2f", stores.rabbit);
    let connection = lapin::Connection::connect(&broker, lapin::ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let store = at(StoreKind::Queues, format!("{broker}?queue=mails&queue=nobody"));
    assert!(
        snapshot(&store).await.unwrap().tables["queues"].is_empty(),
        "a queue that is not there does not come to be"
    );
    channel
        .queue_declare(
            "mails".into(),
            lapin::options::QueueDeclareOptions::default(),
            lapin::types::FieldTable::default(),
        )
        .await
        .unwrap();
    let empty = snapshot(&store).await.unwrap();
    assert_eq!(empty.tables["queues"]["mails"]["messages"], "0");
    channel.confirm_select(lapin::options::ConfirmSelectOptions::default()).await.unwrap();
    for _ in 0..2 {
        let sent = channel.basic_publish(
            "".into(),
            "mails".into(),
            lapin::options::BasicPublishOptions::default(),
            b"x",
            lapin::BasicProperties::default(),
        );
        sent.await.unwrap().await.unwrap();
    }
    let full = snapshot(&store).await.unwrap();
    assert_eq!(full.tables["queues"]["mails"]["messages"], "2");
    restore(&store, &empty).await.unwrap();
    assert_eq!(snapshot(&store).await.unwrap(), empty);
    let why = restore(&store, &full).await.unwrap_err().to_string();
    assert!(why.contains("held 2 messages and holds 0"), "{why}");
}

#[tokio::test]
async fn sqlite_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(
        "CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, price REAL, photo BLOB, free);
         CREATE TABLE lines (item INTEGER REFERENCES items, n INTEGER, PRIMARY KEY (item, n)) WITHOUT ROWID;
         INSERT INTO items VALUES (1, 'it''s', 1.0, X'00ff', '5'), (2, NULL, 2.5, NULL, 5);
         INSERT INTO lines VALUES (1, 1), (1, 2);
         CREATE TRIGGER closed BEFORE INSERT ON items BEGIN SELECT raise(ABORT, 'closed'); END;",
    )
    .unwrap();
    let store = at(StoreKind::Sqlite, path.display().to_string());
    let before = snapshot(&store).await.unwrap();
    assert_eq!(before.tables["items"]["1"]["free"], "'5'");
    assert_eq!(before.tables["items"]["2"]["free"], "5");
    assert_eq!(before.tables["lines"].len(), 2);
    db.execute_batch("DELETE FROM lines; UPDATE items SET name = 'x', free = NULL, photo = X'01'; UPDATE sqlite_sequence SET seq = 90;").unwrap();
    restore(&store, &before).await.unwrap();
    assert_eq!(snapshot(&store).await.unwrap(), before);
    let (kind, last): (String, i64) = db
        .query_row("SELECT typeof(free), (SELECT seq FROM sqlite_sequence) FROM items WHERE id = 1", [], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .unwrap();
    assert_eq!((kind.as_str(), last), ("text", 2));
    assert!(db.execute("INSERT INTO items (name) VALUES ('z')", []).is_err(), "the trigger is there again");
}

#[tokio::test]
async fn a_service_tells_its_state_itself() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/state", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for left in [2, 2, 1] {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = write!(stream, "HTTP/1.0 200 OK\r\n\r\n{{\"stock\": {{\"a\": {{\"left\": {left}}}}}}}");
        }
    });
    let store = at(StoreKind::Endpoint, address);
    let before = snapshot(&store).await.unwrap();
    assert_eq!(before.tables["stock"]["a"]["left"], "2");
    restore(&store, &before).await.unwrap();
    let why = restore(&store, &before).await.unwrap_err().to_string();
    assert!(why.contains("can be read only"), "{why}");
}
