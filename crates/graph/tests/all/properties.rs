//! What holds for every workspace, tried on many small random ones: the order of facts does not matter, every edge is
//! proven by facts that are there, keys are unique, and a file that states nothing changes nothing.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use seam_facts::{
    Call, Claim, Constant, Deployment, Endpoint, Fact, FactBase, FileFacts, Hole, How, Message, Protocol, Service,
    Setting, SettingScope, SmolStr, Source, Span, Store, System, Uses, Value,
};
use seam_graph::{Graph, Options, Turn, delta, link};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const NAMES: &[&str] = &["web", "orders", "cart", "ledger", "stock"];
const IMAGES: &[&str] = &["postgres:16", "redis:7", "rabbitmq:3", "nginx", "acme/tool"];
const KEYS: &[&str] = &["ORDERS_URL", "CART_ADDR", "DB_HOST", "QUEUE"];

type Files = BTreeMap<String, Vec<Fact>>;

/// An address as code or a setting may give it.
fn address() -> impl Strategy<Value = Value> {
    let known = (select(NAMES), select(&["http://", "", "redis://", "amqp://"][..]), select(&[":8080", "", "/x"][..]))
        .prop_map(|(name, scheme, rest)| Value::text(format!("{scheme}{name}{rest}")));
    let read = (select(KEYS), proptest::option::of(select(NAMES)))
        .prop_map(|(key, default)| Value::env(key, default.map(|d| Value::text(format!("http://{d}")))));
    let elsewhere = select(NAMES).prop_map(|n| Value::reference(format!("{n}/settings#Base.url")));
    let open = Just(Value::hole(Hole::Opaque("pick()".into())));
    prop_oneof![4 => known, 3 => read, 1 => elsewhere, 1 => open]
}

fn deployed() -> impl Strategy<Value = Vec<Claim>> {
    let kind = prop_oneof![2 => Just(None), 1 => select(IMAGES).prop_map(Some)];
    let setting = (select(KEYS), address());
    let one = (select(NAMES), kind, proptest::collection::vec(setting, 0..3));
    proptest::collection::vec(one, 1..5).prop_map(|services| {
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for (name, image, settings) in services.into_iter().filter(|(name, ..)| seen.insert(*name)) {
            let mut service = Service::new(name, Deployment::Compose);
            match image {
                Some(image) => service.image = Some(image.into()),
                None => {
                    service.source = Some(Source { context: format!("./{name}").as_str().into(), ..Source::default() })
                }
            }
            out.push(Claim::Service(service));
            for (key, value) in settings {
                let scope = SettingScope::Service(name.into());
                out.push(Claim::Setting(Setting { scope, key: key.into(), value, profile: None }));
            }
        }
        out
    })
}

fn stated() -> impl Strategy<Value = Claim> {
    let within = || select(&["", "show", "Shop.pay"][..]).prop_map(SmolStr::from);
    let call =
        (address(), within(), select(&[Protocol::Http, Protocol::Grpc][..])).prop_map(|(target, within, protocol)| {
            let operation = (protocol == Protocol::Grpc).then(|| "Orders/Get".into());
            let method = (protocol == Protocol::Http).then(|| "GET".into());
            Claim::Call(Call { method, operation, ..Call::to(protocol, "client".into(), target, within) })
        });
    let store =
        (address(), within(), select(&[System::Postgres, System::Redis][..])).prop_map(|(address, within, system)| {
            Claim::Store(Store { system, address, database: None, client: "driver".into(), within })
        });
    let message = (any::<bool>(), select(&["placed", ""][..]), proptest::option::of(address()), within()).prop_map(
        |(publish, topic, address, within)| {
            let (exchange, routing_key, group, payload) = (None, None, None, None);
            let (system, topic, client) = (System::Rabbit, topic.into(), "driver".into());
            Claim::Message(Message {
                system,
                publish,
                topic,
                address,
                exchange,
                routing_key,
                group,
                client,
                within,
                payload,
            })
        },
    );
    let endpoint = select(&["/orders", "/x", "Orders/Get"][..]).prop_map(|path| {
        let protocol = if path.starts_with('/') { Protocol::Http } else { Protocol::Grpc };
        let (path, handler) = (path.into(), "show".into());
        Claim::Endpoint(Endpoint { protocol, method: None, path, handler, router: None, request: None, response: None })
    });
    let constant = address().prop_map(|value| Claim::Constant(Constant { symbol: "settings#Base.url".into(), value }));
    prop_oneof![4 => call, 2 => store, 2 => message, 2 => endpoint, 1 => constant]
}

fn files() -> impl Strategy<Value = Files> {
    let code = proptest::collection::vec((select(NAMES), select(&["app.py", "settings.py"][..]), stated()), 0..12);
    (deployed(), code).prop_map(|(deployed, code)| {
        let mut files: BTreeMap<String, Vec<Claim>> = BTreeMap::from([("compose.yaml".to_owned(), deployed)]);
        for (folder, file, claim) in code {
            let facts = files.entry(format!("{folder}/{file}")).or_insert_with(|| vec![Claim::Uses(Uses::default())]);
            facts.push(claim);
        }
        let placed = |claims: Vec<Claim>| {
            let fact =
                |(line, claim)| Fact { claim, at: Span::at(line as u32 + 1, 1), how: How::Stated, by: "test".into() };
            claims.into_iter().enumerate().map(fact).collect()
        };
        files.into_iter().map(|(path, claims)| (path, placed(claims))).collect()
    })
}

fn linked<'a>(files: impl IntoIterator<Item = (&'a String, &'a Vec<Fact>)>) -> Graph {
    let mut base = FactBase::default();
    for (path, facts) in files {
        base.insert(path.as_str(), Arc::new(FileFacts { facts: facts.clone(), problems: Vec::new() }));
    }
    link(&base, &Options::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_facts_and_files_does_not_matter(files in files(), turns in proptest::collection::vec(any::<Index>(), 8)) {
        let mut shuffled = files.clone();
        for (facts, turn) in shuffled.values_mut().zip(turns.iter().cycle()) {
            let turn = turn.index(facts.len());
            facts.rotate_left(turn);
            let half = facts.len() / 2;
            facts[half..].reverse();
        }
        let mut order: Vec<_> = shuffled.iter().collect();
        order.reverse();
        let turn = turns[0].index(order.len());
        order.rotate_left(turn);
        prop_assert_eq!(linked(order), linked(&files));
    }

    #[test]
    fn a_graph_does_not_differ_from_itself_and_differences_turn_around(files in files(), others in files()) {
        let (a, b) = (linked(&files), linked(&others));
        prop_assert_eq!(delta(&a, &a), Vec::new());
        let (there, back) = (delta(&a, &b), delta(&b, &a));
        let count = |found: &[seam_graph::Difference], turn: Turn| found.iter().filter(|d| d.turn == turn).count();
        prop_assert_eq!(count(&there, Turn::Changed), count(&back, Turn::Changed));
        prop_assert_eq!(
            count(&there, Turn::Added) + count(&there, Turn::Renamed),
            count(&back, Turn::Removed) + count(&back, Turn::Renamed)
        );
        for found in &there {
            prop_assert!(found.was.is_some() || found.is.is_some());
        }
    }

    #[test]
    fn every_edge_is_proven_by_facts_that_are_there(files in files()) {
        let graph = linked(&files);
        for edge in &graph.edges {
            prop_assert!(edge.proof.iter().count() > 0);
            for place in edge.proof.iter() {
                let facts = files.get(place.path.as_str());
                prop_assert!(facts.is_some_and(|f| f.iter().any(|f| f.at.line == place.at.line)), "{:?}", place);
            }
        }
    }

    #[test]
    fn keys_name_one_thing(files in files()) {
        let graph = linked(&files);
        let nodes: BTreeSet<String> = graph.nodes.iter().map(|n| n.key.to_string()).collect();
        let edges: BTreeSet<String> = graph.edges.iter().map(|e| e.key.to_string()).collect();
        prop_assert_eq!((nodes.len(), edges.len()), (graph.nodes.len(), graph.edges.len()));
    }

    #[test]
    fn a_file_that_states_nothing_changes_nothing(files in files()) {
        let mut more = files.clone();
        more.insert("notes/plan.py".to_owned(), Vec::new());
        prop_assert_eq!(linked(&more), linked(&files));
    }
}
