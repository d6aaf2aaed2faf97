//! Test commands on real processes: how they end, what is flaky, and that nothing of them is left.

#![expect(clippy::disallowed_methods, reason = "tests start processes")]

use seam_stage::trial::{Tried, trials};
use seam_verify::trial::{End, Trial};
use std::path::Path;
use std::time::{Duration, Instant};

fn run(root: &Path, commands: &[&str], budget: Duration) -> Vec<Option<Tried>> {
    let all: Vec<Trial> =
        commands.iter().map(|c| Trial { runner: "make".into(), command: (*c).into(), ..Trial::default() }).collect();
    trials(root, &all, budget, |_, _| {}).unwrap()
}

#[test]
fn a_failing_command_is_repeated_and_told_from_a_flaky_one() {
    let folder = tempfile::tempdir().unwrap();
    let flaky = "[ -e once ] && echo fine && exit 0; touch once; echo broken; exit 1";
    let out =
        run(folder.path(), &["echo fine", "echo broken; exit 1", flaky, "nosuchprogram"], Duration::from_secs(60));
    let of = |at: usize| out[at].as_ref().unwrap();
    assert_eq!((&of(0).end, of(0).ran, of(0).passed), (&End::Passed, 1, 1));
    assert_eq!((&of(1).end, of(1).ran, of(1).passed), (&End::Failed, 3, 0));
    assert!(of(1).output.contains("broken"));
    assert_eq!((&of(2).end, of(2).ran, of(2).passed), (&End::Flaky, 2, 1));
    assert!(of(2).output.contains("broken"), "{}", of(2).output);
    assert!(matches!(&of(3).end, End::Open(why) if why.contains("nosuchprogram")), "{:?}", of(3));
}

/// Processes whose folder this is.
fn left_in(folder: &Path) -> usize {
    let folder = folder.canonicalize().unwrap();
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter(|p| std::fs::read_link(p.path().join("cwd")).is_ok_and(|cwd| cwd == folder)).count()
}

#[test]
fn what_does_not_end_is_ended_with_all_it_started_and_the_rest_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    // One child in the group, one that left it.
    let endless = "sleep 600 & setsid sleep 600 & sleep 600";
    let out = run(folder.path(), &[endless, "echo never"], Duration::from_secs(2));
    assert!(matches!(&out[0].as_ref().unwrap().end, End::Open(why) if why.contains("did not end")), "{out:?}");
    assert_eq!(out[1], None);
    let until = Instant::now() + Duration::from_secs(20);
    while left_in(folder.path()) > 0 {
        assert!(Instant::now() < until, "something is left");
        std::thread::sleep(Duration::from_millis(50));
    }
}
