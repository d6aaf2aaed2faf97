//! `workspaces/kiosk` and `workspaces/kiosk-repaired`, running: both do without faults what they should; under each fault the one does
//! harm and the other does not.

#![expect(clippy::disallowed_methods, reason = "it runs services")]

#[path = "kiosk/relay.rs"]
mod relay;
mod stores;

use relay::{Fault, Relay};
use seam_stage::state::{StoreAt, StoreKind, restore, snapshot};
use seam_verify::State;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use stores::{Stores, free_ports, skipped, workspaces};

type Row = BTreeMap<String, String>;
/// What runs, on which port, with which settings.
type Service<'a> = (&'a [&'a str], u16, Vec<(&'a str, String)>);

struct Kiosk {
    stores: Stores,
    services: Vec<Child>,
    /// From one service to another.
    relays: BTreeMap<&'static str, Relay>,
    storefront: u16,
}

impl Drop for Kiosk {
    fn drop(&mut self) {
        for service in &mut self.services {
            let _ = service.kill();
            let _ = service.wait();
        }
    }
}

impl Kiosk {
    fn start(version: &str) -> Option<Kiosk> {
        let folder = workspaces().join(version);
        for needed in ["bin/seats", "bin/payments", ".venv/bin/python", "board/node_modules"] {
            if !folder.join(needed).exists() && skipped("workspaces/kiosk/prepare.sh has not run") {
                return None;
            }
        }
        let stores = Stores::start(&[])?;
        let [storefront, orders, payments, seats] = free_ports();
        let relays = BTreeMap::from([
            ("storefront orders", Relay::to(orders)),
            ("orders seats", Relay::to(seats)),
            ("orders payments", Relay::to(payments)),
        ]);
        let mut kiosk = Kiosk { services: Vec::new(), storefront, relays, stores };
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        let by = |edge: &str| at(kiosk.relays[edge].port);
        let database =
            |name: &str| format!("postgres://kiosk@127.0.0.1:{}/{name}?sslmode=disable", kiosk.stores.postgres);
        let broker = format!("amqp://127.0.0.1:{}/%2f", kiosk.stores.rabbit);
        let cache = format!("redis://127.0.0.1:{}/0", kiosk.stores.redis);
        let services: [Service; 7] = [
            (&["bin/seats"], seats, vec![("REDIS_URL", cache)]),
            (&["bin/payments"], payments, vec![("DATABASE_URL", database("payments"))]),
            (
                &[".venv/bin/python", "orders/app.py"],
                orders,
                vec![
                    ("DATABASE_URL", database("orders")),
                    ("AMQP_URL", broker.clone()),
                    ("PAYMENTS_URL", by("orders payments")),
                    ("SEATS_URL", by("orders seats")),
                ],
            ),
            (
                &["node", "storefront/server.js"],
                storefront,
                vec![("ORDERS_URL", by("storefront orders")), ("SEATS_URL", at(seats))],
            ),
            (
                &["node", "retrier/worker.js"],
                0,
                vec![("AMQP_URL", broker.clone()), ("ORDERS_URL", at(orders)), ("PAYMENTS_URL", at(payments))],
            ),
            (
                &[".venv/bin/python", "mailer/worker.py"],
                0,
                vec![("AMQP_URL", broker.clone()), ("DATABASE_URL", database("mails"))],
            ),
            (&["node", "board/worker.js"], 0, vec![("AMQP_URL", broker), ("DATABASE_URL", database("board"))]),
        ];
        let mut started = Vec::new();
        for (words, port, settings) in services {
            let program = if words[0].contains('/') { folder.join(words[0]) } else { PathBuf::from(words[0]) };
            let mut command = Command::new(program);
            command.args(&words[1..]).current_dir(&folder).envs(settings).env("PORT", port.to_string());
            started.push((
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(),
                port,
            ));
        }
        let ports: Vec<u16> = started.iter().map(|(_, port)| *port).filter(|port| *port > 0).collect();
        kiosk.services = started.into_iter().map(|(child, _)| child).collect();
        for port in ports {
            until(&format!("port {port} answers"), || {
                call(port, "GET", "/health", "").is_some_and(|(status, _)| status == 200)
            });
        }
        Some(kiosk)
    }

    fn at(&self) -> Vec<StoreAt> {
        let (postgres, redis, rabbit) = (self.stores.postgres, self.stores.redis, self.stores.rabbit);
        let database = |name: &str| (name.to_owned(), format!("postgres://kiosk@127.0.0.1:{postgres}/{name}"));
        let mut all: Vec<(String, String)> = ["orders", "payments", "mails", "board"].map(database).into();
        all.push(("seats".to_owned(), format!("redis://127.0.0.1:{redis}/0")));
        let queues = "queue=mails&queue=board-paid&queue=board-cancelled&queue=charges-retry";
        all.push(("queues".to_owned(), format!("amqp://127.0.0.1:{rabbit}/%2f?{queues}")));
        all.into_iter()
            .map(|(name, address)| StoreAt { name, kind: StoreKind::of(&address).unwrap(), address })
            .collect()
    }

    async fn state(&self) -> Vec<State> {
        let mut out = Vec::new();
        for store in self.at() {
            out.push(snapshot(&store).await.unwrap());
        }
        out
    }

    async fn reset(&self, to: &[State]) {
        for (store, state) in self.at().iter().zip(to) {
            restore(store, state).await.unwrap();
        }
    }

    fn ask(&self, path: &str, body: &str) -> u16 {
        call(self.storefront, "POST", path, body).map_or(0, |(status, _)| status)
    }

    fn buy(&self) -> u16 {
        self.ask("/orders", r#"{"event": 7, "seat": "A1", "buyer": "ada", "cents": 4000}"#)
    }

    fn cancel(&self) -> u16 {
        self.ask("/cancellations", r#"{"event": 7, "seat": "A1", "buyer": "ada"}"#)
    }

    /// A message once more, as brokers may deliver it.
    async fn publish(&self, queue: &str, message: &Row) {
        let broker = format!("amqp://127.0.0.1:{}/%2f", self.stores.rabbit);
        let connection = lapin::Connection::connect(&broker, lapin::ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(lapin::options::ConfirmSelectOptions::default()).await.unwrap();
        let (body, options) = (serde_json::to_vec(message).unwrap(), lapin::options::BasicPublishOptions::default());
        let sent = channel.basic_publish("".into(), queue.into(), options, &body, lapin::BasicProperties::default());
        sent.await.unwrap().await.unwrap();
    }

    /// What is wrong when nothing moves any more, after an answer.
    async fn wrong(&self, answer: u16) -> Vec<String> {
        let (mut last, mut same) = (Vec::new(), 0);
        for _ in 0..120 {
            let now = self.state().await;
            let at_rest =
                !table(&now[0], "orders").iter().any(|order| order["status"] == "pending" || order["status"] == "new")
                    && now[0].tables.get("outbox").is_none_or(BTreeMap::is_empty)
                    && table(&now[5], "queues").iter().all(|queue| queue["messages"] == "0");
            same = if now == last && at_rest { same + 1 } else { 0 };
            last = now;
            // Messages that a consumer holds are in no table: it is at rest when it has been for a while.
            if same >= 6 {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        contradictions(&last, answer)
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what}: not within half a minute");
}

fn call(port: u16, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: kiosk\r\nContent-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some((answer.split(' ').nth(1)?.parse().ok()?, answer))
}

fn table<'a>(state: &'a State, name: &str) -> Vec<&'a Row> {
    state.tables.get(name).into_iter().flat_map(BTreeMap::values).collect()
}

/// What the stores of the services say against each other, and against the answer.
fn contradictions(state: &[State], answer: u16) -> Vec<String> {
    let [orders, payments, mails, board, seats, queues] = state else { panic!("six stores") };
    let mut wrong = Vec::new();
    let (charges, refunds) = (table(payments, "charges"), table(payments, "refunds"));
    let mut known = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for order in table(orders, "orders") {
        let (id, status) = (&order["id"], order["status"].as_str());
        known.insert(id.as_str());
        let own: Vec<&&Row> = charges.iter().filter(|charge| charge["order_id"] == *id).collect();
        let refunded = refunds.iter().any(|refund| refund["order_id"] == *id);
        if own.len() != 1 {
            wrong.push(format!("{} charges for an order that is {status}", own.len()));
        }
        if own.iter().any(|charge| charge["cents"] != "4150") {
            wrong.push(format!("{} cents charged for 4000 and a fee of 150", own[0]["cents"]));
        }
        if (status == "cancelled") != refunded {
            wrong.push(format!("an order that is {status} is {}refunded", if refunded { "" } else { "not " }));
        }
        if table(mails, "mails").iter().filter(|mail| mail["order_id"] == *id).count() != 1 {
            wrong.push("not one mail for an order".to_owned());
        }
        match status {
            "paid" => drop(taken.insert(order["seat"].as_str())),
            "cancelled" => {}
            _ => wrong.push(format!("an order stays {status}")),
        }
    }
    if (400..500).contains(&answer) && !taken.is_empty() {
        wrong.push("the buyer was refused, and has paid".to_owned());
    }
    if charges.iter().any(|charge| !known.contains(charge["order_id"].as_str())) && refunds.is_empty() {
        wrong.push("a charge for no order".to_owned());
    }
    let none = Row::new();
    let holds = seats.tables.get("hash").and_then(|keys| keys.get("event:7:holds")).unwrap_or(&none);
    if holds.keys().map(String::as_str).collect::<BTreeSet<_>>() != taken {
        wrong.push(format!("held are {:?}, sold are {taken:?}", holds.keys()));
    }
    let left = &seats.tables["string"]["event:7:left"]["value"];
    if *left != (10 - taken.len()).to_string() {
        wrong.push(format!("{left} seats are left of 10, and {} sold", taken.len()));
    }
    for place in table(board, "places") {
        if (place["state"] == "sold") != taken.contains(place["seat"].as_str()) {
            wrong.push(format!("the board says {}", place["state"]));
        }
    }
    if table(queues, "queues").iter().any(|queue| queue["messages"] != "0") {
        wrong.push("messages wait".to_owned());
    }
    wrong
}

/// On which edge, for requests that begin so, what, how often; what is asked; and what the faulty version then says against itself.
type Case = (&'static str, &'static str, Fault, usize, fn(&Kiosk) -> u16, &'static str);

const CASES: [Case; 8] = [
    ("orders payments", "POST /charges", Fault::LoseReply, 1, Kiosk::buy, "2 charges for an order that is paid"),
    ("orders payments", "POST /charges", Fault::Answer(402), 1, Kiosk::buy, "held are [\"A1\"], sold are {}"),
    (
        "orders payments",
        "POST /charges",
        Fault::Slow(Duration::from_millis(700)),
        1,
        Kiosk::buy,
        "the buyer was refused, and has paid",
    ),
    ("storefront orders", "POST /orders", Fault::LoseReply, 1, Kiosk::buy, "the buyer was refused, and has paid"),
    ("storefront orders", "POST /orders", Fault::Refuse, 1, Kiosk::buy, "4300 cents charged for 4000 and a fee of 150"),
    ("orders seats", "POST /holds", Fault::LoseReply, 1, Kiosk::buy, "held are [\"A1\"], sold are {}"),
    ("orders seats", "POST /holds", Fault::Answer(503), 2, Kiosk::buy, "10 seats are left of 10, and 1 sold"),
    (
        "orders payments",
        "POST /refunds",
        Fault::Answer(500),
        1,
        Kiosk::cancel,
        "an order that is cancelled is not refunded",
    ),
];

async fn run(version: &str, harmful: bool) {
    let Some(kiosk) = Kiosk::start(version) else { return };
    let new = kiosk.state().await;

    // Without faults there is nothing to say, whatever is asked.
    assert_eq!(kiosk.buy(), 201);
    assert_eq!(kiosk.wrong(201).await, Vec::<String>::new(), "{version}, bought");
    let bought = kiosk.state().await;
    assert_eq!(kiosk.ask("/orders", r#"{"event": 7, "seat": "A1", "buyer": "bob", "cents": 4000}"#), 409);
    assert_eq!(kiosk.cancel(), 200);
    assert_eq!(kiosk.wrong(200).await, Vec::<String>::new(), "{version}, cancelled");
    let browsed =
        ["/events/7", "/quotes/7"].map(|path| call(kiosk.storefront, "GET", path, "").map(|(status, _)| status));
    assert_eq!(browsed, [Some(200), Some(200)], "{version}");

    let judge = |wrong: Vec<String>, harm: &str, told: &str| match harmful {
        true => assert!(wrong.iter().any(|w| w == harm), "{version}, {told}: {wrong:?}"),
        false => assert_eq!(wrong, Vec::<String>::new(), "{version}, {told}"),
    };
    for (edge, request, fault, times, ask, harm) in CASES {
        kiosk.reset(if request.contains("refunds") { &bought } else { &new }).await;
        kiosk.relays[edge].plan(request, fault, times);
        let answer = ask(&kiosk);
        let told = format!("{edge}, {request} {fault:?}: {answer}");
        let wrong = kiosk.wrong(answer).await;
        assert_eq!(kiosk.relays[edge].left(), 0, "the fault was not reached: {version}, {told}");
        judge(wrong, harm, &told);
    }

    kiosk.reset(&bought).await;
    let order = table(&bought[0], "orders")[0];
    kiosk.publish("mails", order).await;
    judge(kiosk.wrong(201).await, "not one mail for an order", "a mail's message delivered twice");
    kiosk.reset(&bought).await;
    assert_eq!(kiosk.cancel(), 200);
    kiosk.wrong(200).await;
    kiosk.publish("board-paid", order).await;
    judge(kiosk.wrong(200).await, "the board says sold", "the message of the sale behind that of its cancellation");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_does_harm_to_the_kiosk() {
    run("kiosk", true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_does_harm_to_the_repaired_kiosk() {
    run("kiosk-repaired", false).await;
}
