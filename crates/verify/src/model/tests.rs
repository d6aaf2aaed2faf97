//! Small chains made by hand, and what their machines allow.

use super::*;

fn place(line: u32, says: &str) -> Place {
    Place { path: "app.py".to_owned(), line, says: says.to_owned() }
}

fn once() -> Tries {
    Tries { refused: 1, silent: 1, failed: 1 }
}

fn call(caller: &str, callee: &str, tries: u64, timeout: Option<u64>) -> Hop {
    let layer = Layer { attempts: Some(tries), endless: false, at: place(3, "tries again") };
    Hop {
        id: format!("{caller} → {callee}"),
        caller: caller.to_owned(),
        callee: callee.to_owned(),
        what: "POST /work".to_owned(),
        at: place(1, "calls"),
        message: None,
        layers: if tries > 1 { vec![layer] } else { Vec::new() },
        tries: Tries { refused: tries, silent: tries, failed: tries },
        timeout: timeout.map(|millis| Limit { millis, at: place(2, "waits") }),
        total: None,
        pause: 0,
        guard: None,
        asks: false,
    }
}

fn message(taking: Taking) -> Hop {
    let taking = Taking { topic: "jobs".to_owned(), ..taking };
    Hop { message: Some(taking), what: "jobs".to_owned(), tries: once(), ..call("web", "worker", 1, None) }
}

fn chain(hops: &[Hop]) -> Chain {
    Chain { hops: hops.to_vec(), work: Some(Work { at: place(9, "an insert into `jobs`"), seen: true }) }
}

fn checked(hops: &[Hop]) -> Checked {
    check(&[chain(hops)], Budget { calls: 9 })
}

fn broken(hops: &[Hop]) -> Vec<&'static str> {
    checked(hops).counterexamples.iter().map(|c| c.property.broken()).collect()
}

fn keyed(hop: Hop, fresh: bool) -> Hop {
    Hop { guard: Some(Guard { fresh, at: place(5, "key") }), ..hop }
}

#[test]
fn a_lost_answer_and_a_second_attempt_do_the_work_twice() {
    let all = checked(&[call("shop", "bank", 3, Some(500))]);
    let [example] = all.counterexamples.as_slice() else { panic!("{all:?}") };
    assert_eq!(example.id, "model/duplicate/shop → bank");
    assert_eq!((example.aim.kind.clone(), example.aim.lasts), (Kind::ReplyLost, false));
    assert_eq!(example.rule, "unsafe-retry");
    let says: Vec<&str> = example.story.iter().map(|h| h.says.as_str()).collect();
    assert_eq!(
        says,
        [
            "`shop` calls `POST /work` of `bank`: the answer will be lost",
            "`bank` does it: an insert into `jobs`",
            "`shop` calls `POST /work` of `bank` again",
            "`bank` does it: an insert into `jobs`, a second time",
        ]
    );
    assert!(example.assumes.is_empty() && all.open == 0);
    assert!(example.policies.iter().any(|p| p.line == 3) && example.policies.iter().any(|p| p.line == 9));
}

#[test]
fn one_attempt_does_the_work_once() {
    assert!(broken(&[call("shop", "bank", 1, Some(500))]).is_empty());
}

#[test]
fn a_key_holds_as_long_as_it_is_the_same_one() {
    assert!(broken(&[keyed(call("shop", "bank", 3, Some(500)), true)]).is_empty());
    // Above the call that carries it, a key that is made anew is another one.
    let outer = call("front", "shop", 2, Some(500));
    assert_eq!(broken(&[outer.clone(), keyed(call("shop", "bank", 1, Some(100)), true)]), ["duplicate"]);
    assert!(broken(&[outer, keyed(call("shop", "bank", 1, Some(100)), false)]).is_empty());
}

#[test]
fn attempts_multiply_and_are_counted_without_waiting() {
    let hops = [call("front", "shop", 4, None), call("shop", "bank", 4, Some(300))];
    let all = check(&[Chain { work: None, ..chain(&hops) }], Budget { calls: 9 });
    let [example] = all.counterexamples.as_slice() else { panic!("{all:?}") };
    assert_eq!(example.says, "one request of `front` becomes 16 calls of `POST /work` of `bank` (4 × 4)");
    assert_eq!((example.aim.kind.clone(), example.aim.lasts), (Kind::Refuse, true));
    assert_eq!((example.aim.caller.as_str(), example.aim.callee.as_str()), ("shop", "bank"));
    assert!(example.story.len() <= 10, "{:?}", example.story);
    // Four times four waits of 300 ms.
    assert_eq!(all.longest.iter().map(|l| l.milliseconds).collect::<Vec<_>>(), [4_800]);
    assert!(broken(&[call("front", "shop", 3, None), keyed(call("shop", "bank", 3, Some(300)), false)]).is_empty());
}

#[test]
fn who_is_given_up_and_goes_on_works_for_nobody() {
    let hops = [call("front", "shop", 1, Some(600)), call("shop", "bank", 3, Some(500))];
    let all = check(&[Chain { work: None, ..chain(&hops) }], Budget { calls: 9 });
    let [example] = all.counterexamples.as_slice() else { panic!("{all:?}") };
    assert_eq!(
        example.says,
        "`front` gives up on `POST /work` of `shop` after 600 ms, and `shop` goes on: it calls `POST /work` of `bank` again after 1 s"
    );
    assert_eq!(example.rule, "timeout-inversion");
    let patient = [call("front", "shop", 1, Some(1_600)), call("shop", "bank", 3, Some(500))];
    let held = check(&[Chain { work: None, ..chain(&patient) }], Budget { calls: 9 });
    assert!(held.counterexamples.is_empty(), "{held:?}");
}

#[test]
fn what_only_asks_may_go_on() {
    let asks = Hop { asks: true, ..call("front", "shop", 1, Some(600)) };
    let chain = Chain { work: None, ..chain(&[asks, call("shop", "bank", 3, Some(500))]) };
    assert!(check(&[chain], Budget { calls: 9 }).counterexamples.is_empty());
}

#[test]
fn a_message_that_is_not_acknowledged_comes_again() {
    let late = Taking { again: true, ack: Some(place(7, "acknowledged after the work")), ..Taking::default() };
    let all = checked(&[message(late.clone())]);
    let [example] = all.counterexamples.as_slice() else { panic!("{all:?}") };
    assert_eq!(example.says, "an insert into `jobs` happens twice at `worker` for one message of `jobs`");
    assert_eq!((example.aim.message, example.rule.as_str()), (true, "redelivery-unsafe"));
    assert!(broken(&[message(Taking::default())]).is_empty(), "acknowledged before the work");
    let unseen = Taking { ack: None, ..late.clone() };
    assert_eq!(checked(&[message(unseen)]).counterexamples[0].assumes.len(), 1);
    assert!(broken(&[keyed(message(late), false)]).is_empty());
}

#[test]
fn a_lease_that_is_shorter_than_the_work_hands_it_out_twice_at_once() {
    let leased = |millis| {
        message(Taking {
            again: true,
            ack: Some(place(7, "acknowledged after the work")),
            lease: Some(Limit { millis, at: place(8, "visibility timeout") }),
            ..Taking::default()
        })
    };
    let work = keyed(Hop { pause: 400, ..call("worker", "bank", 3, Some(500)) }, false);
    let short = checked(&[leased(1_000), work.clone()]);
    let [example] = short.counterexamples.as_slice() else { panic!("{short:?}") };
    assert_eq!(example.property, Property::Leased);
    assert!(
        example
            .story
            .iter()
            .any(|h| h.says == "the lease is over after 1 s, while `worker` still works" && h.ms == 1_000)
    );
    assert!(checked(&[leased(3_000), work]).counterexamples.is_empty());
}

#[test]
fn what_never_gives_up_is_told_as_without_end() {
    let endless = Hop {
        layers: vec![Layer { attempts: None, endless: true, at: place(4, "a loop") }],
        tries: Tries { refused: u64::MAX, silent: u64::MAX, failed: u64::MAX },
        ..call("shop", "bank", 2, Some(100))
    };
    let alone = check(&[Chain { work: None, ..chain(std::slice::from_ref(&endless)) }], Budget { calls: 9 });
    let says: Vec<&str> = alone.counterexamples.iter().map(|c| c.says.as_str()).collect();
    assert_eq!(says, ["one request of `shop` becomes calls without end of `POST /work` of `bank`"]);
    assert!(alone.longest.is_empty(), "it has no longest wait");
    // Above it nothing is told that is not told of it.
    let above = [call("front", "shop", 2, None), endless];
    assert!(check(&[Chain { work: None, ..chain(&above) }], Budget { calls: 9 }).counterexamples.is_empty());
}

#[test]
fn who_waits_for_less_than_its_callee_may_hear_of_a_failure_that_is_none() {
    let hops = |outer| [call("front", "shop", 1, Some(outer)), call("shop", "bank", 1, Some(800))];
    let all = check(&[Chain { work: None, ..chain(&hops(600)) }], Budget { calls: 9 });
    let [example] = all.counterexamples.as_slice() else { panic!("{all:?}") };
    assert_eq!(
        example.says,
        "`front` gives up on `POST /work` of `shop` after 600 ms, and `shop` goes on: it waits for `POST /work` of `bank` and is done after 799 ms"
    );
    assert_eq!(example.aim.kind, Kind::Slow(720));
    assert!(check(&[Chain { work: None, ..chain(&hops(900)) }], Budget { calls: 9 }).counterexamples.is_empty());
}

#[test]
fn the_same_chains_give_the_same_answer() {
    let chains: Vec<Chain> = vec![
        chain(&[call("front", "shop", 3, Some(600)), call("shop", "bank", 3, Some(500))]),
        chain(&[message(Taking { again: true, ..Taking::default() }), call("worker", "bank", 3, Some(500))]),
    ];
    let one = check(&chains, Budget { calls: 5 });
    assert!(!one.counterexamples.is_empty());
    for _ in 0..5 {
        assert_eq!(check(&chains, Budget { calls: 5 }), one);
    }
}
