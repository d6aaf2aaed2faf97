//! What is found again, and why.

use seam_facts::Key;
use seam_facts::priors::{Mark, Outcome};
use seam_learn::{Entry, Index, Kind, Log, Query, heading, priors, recall};

fn log() -> Log {
    let mark =
        |service: &str, fault: &str| Mark { service: service.into(), fault: fault.into(), score: 0.8, place: None };
    let pool = Entry {
        title: "The pool ran dry".into(),
        date: "2024-05-01".into(),
        services: vec!["orders".into()],
        cause: vec![Key("edge/orders/db/orders-db".into())],
        fault: Some("pool".into()),
        marks: vec![mark("orders", "pool"), mark("checkout", "failing")],
        templates: vec!["timed out waiting for a connection after <*> ms".into()],
        ..Entry::default()
    };
    let mut dismissed = Entry {
        kind: Kind::Dismissal,
        title: "a call without timeout".into(),
        date: "2024-05-02".into(),
        finding: Some(Key("finding/no-timeout/mailer smtp".into())),
        ..Entry::default()
    };
    dismissed.tell(heading::REASON, "the library has one of its own");
    let other =
        Entry { title: "A certificate ran out on the gateway".into(), date: "2024-05-03".into(), ..Entry::default() };
    let named = [pool, dismissed, other].map(|e| e.named());
    Log::of(named.map(|e| (format!("{}.md", e.id), e, Vec::new())))
}

fn first(query: &Query) -> (String, Vec<&'static str>) {
    let log = log();
    let index = Index::of(log.standing());
    let hits = recall(&index, query, &[], 3);
    hits.first().map(|h| (h.entry.id.to_string(), h.reasons.iter().map(|r| r.kind).collect())).unwrap_or_default()
}

#[test]
fn finds_by_the_graph_by_patterns_by_messages_and_by_words_and_says_so() {
    let edge = Query { keys: vec![Key("edge/orders/db/orders-db".into())], ..Query::default() };
    let marks = log().all().flat_map(|e| e.marks.clone()).collect();
    let message = "WARN timed out waiting for a connection after 30000 ms";
    for (query, kind) in [
        (edge, "edge"),
        (Query { marks, ..Query::default() }, "signature"),
        (Query { messages: vec![message.into()], ..Query::default() }, "message"),
        (Query { faults: vec!["pool".into()], ..Query::default() }, "fault"),
        (Query { services: vec!["orders-db".into()], ..Query::default() }, "service"),
    ] {
        let (id, kinds) = first(&query);
        assert!(id.starts_with("2024-05-01-the-pool") && kinds == [kind], "{kind}: {id} {kinds:?}");
    }
    let finding = Query { finding: Some(Key("finding/no-timeout/mailer smtp".into())), ..Query::default() };
    assert!(first(&finding).0.starts_with("2024-05-02"));
    let words = Query { text: "https broke since nobody renewed the cert".into(), ..Query::default() };
    assert_eq!(first(&words).1, ["words"]);
    assert!(first(&words).0.starts_with("2024-05-03"));
    assert_eq!(first(&Query { text: "xyzzy".into(), ..Query::default() }), (String::new(), Vec::new()));
}

#[test]
fn priors_name_their_memory_and_leave_out_what_was_retracted() {
    let all = priors(&log());
    assert_eq!((all.causes.len(), all.judged.len()), (1, 1));
    assert_eq!((all.causes[0].service.as_str(), all.causes[0].fault.as_deref()), ("orders", Some("pool")));
    assert_eq!((all.judged[0].outcome, all.judged[0].rule.as_str()), (Outcome::Dismissed, "no-timeout"));
    assert!(all.judged[0].reason.contains("of its own"));
    let retraction = |e: &Entry| {
        let entry = Entry { kind: Kind::Retraction, title: "no".into(), of: Some(e.id.clone()), ..Entry::default() };
        ("r.md".to_owned(), entry.named(), Vec::new())
    };
    let known: Vec<Entry> = log().all().cloned().collect();
    let mut read: Vec<_> = known.iter().map(|e| ("x".to_owned(), e.clone(), Vec::new())).collect();
    read.extend(known.iter().map(retraction));
    assert!(priors(&Log::of(read)).is_empty());
}
