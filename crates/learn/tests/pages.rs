//! Entries as files: what is written is read back, whatever is read gives an entry, and files of every version stay readable.

use proptest::prelude::*;
use seam_facts::priors::Mark;
use seam_facts::{Key, SmolStr};
use seam_learn::{Entry, Kind, Log, Verdict, heading, parse, render};

fn whole() -> Entry {
    let mut entry = Entry {
        kind: Kind::Incident,
        date: "2024-05-01 10:00:00".into(),
        title: "Checkout failed: the pool of `orders-db` ran dry".into(),
        services: vec!["checkout".into(), "orders-db".into()],
        cause: vec![Key("edge/checkout/db/orders-db".into())],
        fault: Some("pool".into()),
        place: Some("POST /orders/{id}".into()),
        rule: Some("no-timeout".into()),
        finding: Some(Key("finding/no-timeout/checkout orders-db".into())),
        said: Some("`checkout` waits for `orders-db` without end".into()),
        verdict: Some(Verdict::Confirmed),
        marks: vec![
            Mark { service: "orders-db".into(), fault: "pool".into(), score: 0.91, place: None },
            Mark {
                service: "checkout".into(),
                fault: "failing".into(),
                score: 0.4,
                place: Some("POST /orders/{id}".into()),
            },
        ],
        templates: vec!["connection pool timed out after <*> ms: \"<*>\"".into()],
        commit: Some("0a1b2c3".into()),
        source: Some("https://example.com/post-mortem".into()),
        weight: Some(0.5),
        half_life: Some(90),
        scope: vec!["checkout".into()],
        replaces: Some("2024-04-30-older-00000000".into()),
        ..Entry::default()
    };
    entry.tell(heading::SEEN, "Orders failed for 12 minutes.\n\n- 40 % of payments");
    entry.tell(heading::CAUSE, "A job held all connections.\n\n```sql\n-- ## no heading\nselect 1;\n```");
    entry.tell(heading::CAUGHT, "A timeout.");
    entry.named()
}

/// The file of version 1, as it was first written. It is never changed: `SEAM_UPDATE` does not reach it.
#[test]
fn files_of_version_1_stay_readable_and_are_written_alike() {
    let golden = include_str!("golden/1.md");
    let (entry, problems) = parse("x", golden);
    assert_eq!(problems, []);
    assert_eq!(entry, whole());
    assert_eq!(render(&whole()), golden);
}

#[test]
fn fields_of_a_later_version_are_kept() {
    let text = "---\nseam: 2\nkind: incident\ndate: 2024-05-01\nsoul:\n  - a\n  - b\n---\n# t\n\n## Weather\n\nrain\n";
    let (entry, problems) = parse("x", text);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("version 2"), "{problems:?}");
    let again = render(&entry);
    assert!(again.contains("soul:\n  - a\n  - b\n") && again.contains("## Weather\n\nrain\n"), "{again}");
}

#[test]
fn a_broken_file_costs_its_broken_lines() {
    let text = "---\nkind: accident\ndate: soon\nweight: 7\nverdict: maybe\nmarks:\n  - nonsense\n  - a pool 0.5\nfault: pool\n---\nno title\n";
    let (entry, problems) = parse("some-name", text);
    assert_eq!((entry.title.as_str(), entry.fault.as_deref(), entry.marks.len()), ("some name", Some("pool"), 1));
    assert_eq!(problems.len(), 6, "{problems:?}");
    let (entry, problems) = parse("plain", "# Just Markdown\n\nwith words\n");
    assert_eq!((entry.title.as_str(), entry.kind), ("Just Markdown", Kind::Incident));
    assert!(!problems.is_empty());
}

fn line() -> impl Strategy<Value = String> {
    "[ -~äß…\u{85}\t]{1,40}".prop_map(|s| s.trim().to_owned()).prop_filter("empty", |s| !s.is_empty())
}

fn words() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(line(), 0..3)
}

fn small(word: &str) -> SmolStr {
    word.into()
}

prop_compose! {
    fn entry()(
        title in line(), services in words(), cause in words(), templates in words(), fault in proptest::option::of(line()),
        said in proptest::option::of("[ -~\n\"\\\\]{1,60}".prop_filter("empty", |s: &String| !s.is_empty())), score in 0.0..1.0f64,
        seen in "[a-z .,:#`*\n-]{0,80}", kind in 0..6usize, other in words(),
    ) -> Entry {
        let mut entry = Entry {
            kind: Kind::ALL[kind],
            date: "2024-05-01".into(),
            title,
            services: services.iter().map(|s| small(s)).collect(),
            cause: cause.iter().map(|s| Key(small(s))).collect(),
            templates,
            fault: fault.as_deref().map(small),
            said,
            marks: vec![Mark { service: "a".into(), fault: "pool".into(), score, place: None }],
            ..Entry::default()
        };
        if !other.is_empty() {
            entry.other.insert("later".into(), other);
        }
        // A heading of its own would be another part.
        entry.tell(heading::SEEN, &seen.replace("# ", ""));
        entry.named()
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(entry in entry()) {
        let text = render(&entry);
        let (again, problems) = parse("other", &text);
        let retraction = usize::from(entry.kind == Kind::Retraction);
        prop_assert_eq!(problems.len(), retraction, "{:?}\n{}", problems, text);
        prop_assert_eq!(again, entry, "{}", text);
    }

    #[test]
    fn whatever_is_read_gives_an_entry(text in "(---\n)?([a-z:\\-\\[\\]\"'#|> \n,ä]{0,20}\n){0,12}(---\n)?.{0,40}") {
        let (entry, problems) = parse("name", &text);
        prop_assert!(!entry.title.is_empty());
        let log = Log::of([("name.md".to_owned(), entry, problems)]);
        prop_assert_eq!(log.len(), 1);
        seam_learn::postmortem("name", &text, &["a".into()]);
        seam_learn::mask(&text);
    }

    #[test]
    fn nothing_that_is_masked_can_be_masked_again(text in "[ -~\n]{0,120}") {
        let once = seam_learn::mask(&text).text;
        prop_assert_eq!(seam_learn::mask(&once).text, once);
    }
}
