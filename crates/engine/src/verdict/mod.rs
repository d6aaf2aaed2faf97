//! From a plan, and from what was run, to one verdict over all proofs.
//!
//! Invariant: nothing that was not tried counts as held. A proof that was not asked for, or that nothing calls for, is told as not done
//! and does not stand in the way; one that was to be tried and could not be makes the verdict inconclusive.

mod gate;
mod model;
mod trials;

use crate::asks::plan;
use crate::asks::verify::{Answer, Kind, Performed, Planned, Process, Proof, Request, State};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use seam_verify::against::Against;
use seam_verify::fates;
use seam_verify::finding::Grade;
use seam_verify::report::{Report, Verdict};
use seam_verify::settings::Settings;
use seam_verify::trial::End;

/// What the files say, and what would be run.
pub(crate) fn planned(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let models = request.asks(Kind::Model);
    let change = match &request.no_base {
        None => {
            let request = plan::Request {
                files: request.files.clone(),
                profile: request.profile.clone(),
                ..plan::Request::default()
            };
            let profile = request.profile.clone();
            let also = |old: &Snapshot, new: &Snapshot| models.then(|| model::compared(old, new, profile.as_deref()));
            Some(crate::plan::planned_and(snapshot, &request, also)?)
        }
        Some(_) => None,
    };
    let (change, model) = match change {
        Some((plan, model)) => (Some(plan), model),
        None => (None, models.then(|| model::checked(snapshot, request.profile.as_deref()))),
    };
    let gate = change.as_ref().map(|plan| gate::gate(snapshot, request, plan)).transpose()?;
    let tests = (change.is_some() || request.all_tests).then(|| trials::tests(snapshot, request, change.as_ref()));
    let exploration = plan_of(&snapshot.settings().verify, &request.scenarios);
    let base = change.as_ref().map(|_| request.base.clone().unwrap_or_else(|| "HEAD".to_owned()));
    let says_nothing = snapshot.settings().verify.process.is_empty() && request.asks(Kind::Exploration);
    let proposal = if says_nothing { crate::starts::proposed(snapshot) } else { Vec::new() };
    let mut answer = Answer { base, gate, tests, model, proposal, ..empty(exploration) };
    judge(&mut answer, request, &Performed::default());
    Ok(answer)
}

/// What exploration starts and asks; nothing where the settings do not say it.
pub(crate) fn plan_of(settings: &Settings, scenarios: &[String]) -> Option<Planned> {
    let process = |p: &seam_verify::settings::Process| Process {
        name: p.name.clone(),
        command: p.command.clone(),
        folder: p.folder.clone().unwrap_or_default(),
    };
    let wanted = |name: &String| scenarios.is_empty() || scenarios.contains(name);
    (!settings.process.is_empty() && !settings.scenario.is_empty()).then(|| Planned {
        processes: settings.process.iter().map(process).collect(),
        scenarios: settings.scenario.iter().map(|s| s.name.clone()).filter(wanted).collect(),
        stores: settings.store.iter().map(|s| s.name.clone()).collect(),
    })
}

pub(crate) fn empty(exploration: Option<Planned>) -> Answer {
    Answer {
        version: VERSION,
        verdict: Verdict::Inconclusive,
        because: Vec::new(),
        dry_run: true,
        base: None,
        proofs: Vec::new(),
        gate: None,
        tests: None,
        model: None,
        exploration,
        proposal: Vec::new(),
        scenarios: Vec::new(),
        rules: Vec::new(),
        against: None,
    }
}

pub(crate) fn concluded(mut answer: Answer, request: &Request, done: Performed) -> Answer {
    answer.dry_run = false;
    if let Some(tests) = &mut answer.tests {
        for (tried, outcome) in tests.run.iter_mut().zip(&done.tests) {
            tried.outcome.clone_from(outcome);
        }
    }
    if let Some(Ok(report)) = &done.change {
        answer.scenarios.clone_from(&report.scenarios);
        answer.rules = fates::by_rule(&report.scenarios);
        if let Some(Ok(base)) = &done.base {
            answer.against = Some(Against::of(base, report));
        }
    }
    judge(&mut answer, request, &done);
    answer
}

fn judge(answer: &mut Answer, request: &Request, done: &Performed) {
    let prove = |kind: Kind| {
        let (state, because) = if request.asks(kind) {
            match kind {
                Kind::Gate => gate::proof(answer, request),
                Kind::Tests => trials::proof(answer, request),
                Kind::Model => model::proof(answer, request, done),
                Kind::Exploration => exploration(answer, request, done),
                Kind::Comparison => comparison(answer, done),
            }
        } else {
            (State::NotDone, vec![Proof::NOT_ASKED.to_owned()])
        };
        Proof { kind, state, because }
    };
    answer.proofs = Kind::ALL.map(prove).into();
    let of = |state: State| answer.proofs.iter().filter(move |p| p.state == state);
    let told = |state: State| -> Vec<String> {
        of(state)
            .filter(|p| p.is_asked())
            .flat_map(|p| p.because.iter().map(move |b| format!("{}: {b}", p.kind.word())))
            .collect()
    };
    // What files alone say proves nothing by itself, unless it was asked for by its name.
    let of_files = |kind: Kind| matches!(kind, Kind::Gate | Kind::Model);
    let ran = |p: &&Proof| p.state == State::Passed && (!of_files(p.kind) || !request.only.is_empty());
    // What a dry run leaves to be run is proved by nothing.
    let waits = answer.dry_run
        && (request.asks(Kind::Tests) && answer.tests.as_ref().is_some_and(|t| !t.run.is_empty())
            || request.asks(Kind::Exploration) && answer.exploration.is_some() && !request.skips(answer));
    let nobody = !answer.touches_somebody() && of(State::Passed).next().is_some();
    let proved = !waits && (nobody || answer.proofs.iter().any(|p| ran(&p)));
    (answer.verdict, answer.because) = match (of(State::Failed).next(), of(State::Inconclusive).next()) {
        (Some(_), _) => (Verdict::Failed, told(State::Failed)),
        (None, Some(_)) => (Verdict::Inconclusive, told(State::Inconclusive)),
        (None, None) if proved => (Verdict::Passed, told(State::Passed)),
        (None, None) => (Verdict::Inconclusive, told(State::NotDone)),
    };
}

type Said = (State, Vec<String>);

fn one(state: State, why: impl Into<String>) -> Said {
    (state, vec![why.into()])
}

/// Services, or one of them, in words.
pub(crate) fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

fn exploration(answer: &Answer, request: &Request, done: &Performed) -> Said {
    let Some(planned) = &answer.exploration else {
        return one(
            State::NotDone,
            "`seam.toml` names no processes and scenarios under `[verify]`; `seam verify --dry-run` proposes some",
        );
    };
    match &done.change {
        None if request.skips(answer) => one(State::NotDone, "the change touches no service"),
        None if answer.dry_run => {
            let what = format!(
                "it would start {}, and try {}",
                counted(planned.processes.len(), "service"),
                counted(planned.scenarios.len(), "scenario")
            );
            one(State::NotDone, format!("a dry run: {what}"))
        }
        None => one(State::Inconclusive, "the time was over before it began"),
        Some(Err(why)) => one(State::Inconclusive, why.clone()),
        Some(Ok(report)) => explored(answer, report),
    }
}

fn explored(answer: &Answer, report: &Report) -> Said {
    let failing = |report: &Report| -> Vec<String> {
        let findings = report.scenarios.iter().flat_map(|s| s.findings.iter().map(move |r| (s, r)));
        let fails = findings.filter(|(_, r)| r.found.finding.grade == Grade::Fails && r.found.steady());
        fails.map(|(s, r)| format!("{}: {}", s.scenario, r.found.finding.says)).collect()
    };
    let short: Vec<String> = report
        .scenarios
        .iter()
        .filter(|s| s.verdict == Verdict::Inconclusive)
        .map(|s| format!("{}: {}", s.scenario, s.because.as_deref().unwrap_or("not everything was reached")))
        .collect();
    let known = failing(report);
    // What was there before is the comparison's matter.
    if !known.is_empty() && answer.against.is_none() {
        return (State::Failed, known);
    }
    if !short.is_empty() {
        return (State::Inconclusive, short);
    }
    let runs: usize = report.scenarios.iter().map(|s| s.runs).sum();
    let sets: usize = report.scenarios.iter().map(|s| s.tried).sum();
    let mut says = format!("{} of faults tried in {}", counted(sets, "set"), counted(runs, "run"));
    if !known.is_empty() {
        says.push_str(&format!("; {} compared with the base", counted(known.len(), "failing finding")));
    }
    one(State::Passed, says)
}

fn comparison(answer: &Answer, done: &Performed) -> Said {
    if answer.exploration.is_none() {
        return one(State::NotDone, "there is no exploration to compare");
    }
    let Some(base) = &answer.base else {
        return one(State::NotDone, "there is no older state");
    };
    match (&answer.against, &done.base) {
        (Some(against), _) => {
            let failing: Vec<String> = against
                .failing()
                .filter(|d| d.open.is_empty())
                .map(|d| format!("{}: {}", d.scenario, d.says))
                .collect();
            let open: Vec<String> = against
                .failing()
                .filter(|d| !d.open.is_empty())
                .map(|d| format!("{}: {}, and {}", d.scenario, d.says, d.open))
                .collect();
            let worse = against.criticality.iter().filter(|n| n.worse).count();
            let mut says = format!(
                "against {base}: {} new, {} gone, {} different, {} as before",
                against.new.len(),
                against.gone.len(),
                against.different.len(),
                against.as_before.len()
            );
            if worse > 0 {
                says.push_str(&format!("; {} needed that was not", counted(worse, "more thing")));
            }
            match (failing.is_empty(), open.is_empty()) {
                (false, _) => (State::Failed, failing),
                (true, false) => (State::Inconclusive, open),
                (true, true) => one(State::Passed, says),
            }
        }
        (None, Some(Err(why))) => one(State::Inconclusive, format!("{base} could not be explored: {why}")),
        (None, Some(Ok(_))) => one(State::NotDone, "the change was not explored"),
        (None, None) if answer.dry_run && answer.touches_somebody() => {
            one(State::NotDone, format!("a dry run: {base} would be checked out elsewhere and explored the same way"))
        }
        (None, None) if !answer.touches_somebody() => one(State::NotDone, "the change touches no service"),
        (None, None) if done.change.as_ref().is_some_and(Result::is_ok) => {
            one(State::Inconclusive, "the time was over before the base was explored")
        }
        (None, None) => one(State::NotDone, "the change was not explored"),
    }
}

/// Whether a command's end stands in the way.
pub(crate) fn held(end: &End) -> bool {
    *end == End::Passed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asks::verify::{Gate, Outcome, Tests, Tried};
    use seam_verify::trial::Trial;

    fn answer(gate: Gate) -> Answer {
        Answer {
            base: Some("HEAD".into()),
            gate: Some(gate),
            tests: Some(Tests {
                run: vec![Tried { trial: Trial { command: "make test".into(), ..Trial::default() }, outcome: None }],
                ..Tests::default()
            }),
            ..empty(None)
        }
    }

    fn ended(end: End) -> Performed {
        let outcome = Outcome { end, ran: 1, passed: 0, milliseconds: 1, output: String::new() };
        Performed { tests: vec![Some(outcome)], ..Performed::default() }
    }

    fn touching() -> Gate {
        Gate { files: 1, direct: vec!["orders".into()], ..Gate::default() }
    }

    #[test]
    fn what_was_not_tried_is_never_passed() {
        let request = Request::default();
        let mut dry = answer(touching());
        judge(&mut dry, &request, &Performed::default());
        assert_eq!(dry.verdict, Verdict::Inconclusive, "{:?}", dry.because);
        for (end, verdict) in [
            (End::Passed, Verdict::Passed),
            (End::Failed, Verdict::Failed),
            (End::Flaky, Verdict::Inconclusive),
            (End::Open("no test ran".into()), Verdict::Inconclusive),
        ] {
            assert_eq!(concluded(answer(touching()), &request, ended(end.clone())).verdict, verdict, "{end:?}");
        }
    }

    #[test]
    fn a_gate_alone_passes_where_nothing_else_was_asked_for_or_nobody_is_touched() {
        let gate = Request { only: vec!["gate".into()], ..Request::default() };
        assert_eq!(concluded(answer(touching()), &gate, Performed::default()).verdict, Verdict::Passed);
        let mut nobody = answer(Gate { files: 1, ..Gate::default() });
        nobody.tests = Some(Tests::default());
        assert_eq!(concluded(nobody, &Request::default(), Performed::default()).verdict, Verdict::Passed);
        let left = answer(Gate { unresolved: 1, ..touching() });
        assert_eq!(concluded(left, &gate, Performed::default()).verdict, Verdict::Failed);
    }
}
