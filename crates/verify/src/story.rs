//! What happened, told in order: lines for people, and a sequence diagram.
//!
//! Invariant: only calls of the steps with faults are told, and everything that is told was recorded.

use crate::call::{Call, DELIVER, Reply, SCENARIO, Seen};
use crate::fault::Kind;
use crate::run::Run;
use crate::text;
use std::collections::BTreeSet;

/// The most calls that a story tells.
const LONGEST: usize = 24;

/// Calls worth telling, in order.
fn told(run: &Run) -> Vec<usize> {
    let steps: BTreeSet<Option<usize>> = run.struck().into_iter().map(|at| run.step_of(at)).collect();
    let all: Vec<usize> = (0..run.calls.len()).collect();
    // A commit or a message that nothing was done to goes without saying.
    let plain = |at: &usize| {
        let call = &run.calls[*at];
        call.request.of_line() && call.fault.is_none() && !(call.request.method == DELIVER && call.seen.failed())
    };
    let within = |at: &usize| steps.is_empty() || run.calls[*at].from_scenario() || steps.contains(&run.step_of(*at));
    let inside: Vec<usize> = all.iter().copied().filter(|at| within(at) && !plain(at)).collect();
    let struck = run.struck();
    let near = |at: &usize| {
        run.calls[*at].from_scenario()
            || struck.iter().any(|s| run.calls[*s].parent == run.calls[*at].parent)
            || struck.contains(at)
    };
    let mut out: Vec<usize> = if inside.len() > LONGEST { inside.into_iter().filter(near).collect() } else { inside };
    out.truncate(LONGEST);
    out
}

pub fn lines(run: &Run) -> Vec<String> {
    folded(&told(run).into_iter().map(|at| line(&run.calls[at])).collect::<Vec<_>>())
}

/// Lines that come again, alone or a few together, are told once, with how often they come.
fn folded(lines: &[String]) -> Vec<String> {
    const TOGETHER: usize = 4;
    let (mut out, mut at) = (Vec::new(), 0);
    while at < lines.len() {
        let times = |size: usize| {
            let part = &lines[at..at + size];
            1 + lines[at + size..].chunks(size).take_while(|next| *next == part).count()
        };
        let sizes = (1..=TOGETHER.min(lines.len() - at)).map(|size| (size, times(size)));
        // What saves most; the smaller part if two save as much.
        let (size, times) = sizes.max_by_key(|(size, times)| (size * (times - 1), TOGETHER - size)).unwrap_or((1, 1));
        match (size, times) {
            (_, 1) => out.push(lines[at].clone()),
            (1, _) => out.push(format!("{} (×{times})", lines[at])),
            (_, 2) => out.extend_from_slice(&lines[at..at + size * 2]),
            _ => {
                out.extend_from_slice(&lines[at..at + size]);
                out.push(format!("… these {size} again, {times} times in all"));
            }
        }
        at += if times == 1 { 1 } else { size * times };
    }
    out
}

fn line(call: &Call) -> String {
    let (caller, callee) = call.edge();
    let what = what(call);
    let outcome = match (&call.fault, &call.said) {
        (Some(Kind::ReplyLost), Some(_)) if call.request.method == DELIVER => {
            format!("{callee} does it, and its acknowledgement is lost: it comes again")
        }
        (Some(Kind::Late), _) if call.request.method == DELIVER => {
            "it comes behind those that were sent after it".to_owned()
        }
        (Some(Kind::ReplyLost), _) if call.request.of_line() => {
            format!("{callee} does it, and the line breaks before it says so")
        }
        (Some(Kind::Refuse), _) if call.request.method == DELIVER => "it is handed out and never arrives".to_owned(),
        (Some(Kind::Refuse), _) if call.request.of_line() => "the line breaks before".to_owned(),
        (Some(Kind::Kill), _) if call.request.method == DELIVER => {
            format!("{callee} does it, and its process is killed before it says so: it comes again")
        }
        (Some(Kind::Kill), said) => {
            format!(
                "{callee} does it{}; its process is killed before the reply leaves, and starts anew",
                answered(said)
            )
        }
        (Some(Kind::KillCaller), said) => {
            format!(
                "{callee} does it{}; the process of {caller} is killed before it hears of it, and starts anew",
                answered(said)
            )
        }
        (Some(Kind::ReplyLost), Some(said)) => {
            format!("{callee} does it and answers {}; the reply is lost", said.status)
        }
        (Some(Kind::Late), Some(said)) => {
            format!("{callee} does it and answers {}; the reply comes too late ({})", said.status, seen(&call.seen))
        }
        (Some(Kind::Refuse), _) => "the connection is refused".to_owned(),
        (Some(Kind::Status(status)), _) => format!("the answer is {status}, and {callee} hears nothing of it"),
        (Some(kind), Some(said)) => format!("{callee} answers {}; {kind}", said.status),
        (Some(kind), None) => kind.to_string(),
        (None, Some(_)) => seen(&call.seen),
        (None, None) => seen(&call.seen),
    };
    format!("{caller} → {callee} {what}: {outcome}")
}

fn answered(said: &Option<Reply>) -> String {
    said.as_ref().filter(|s| s.status > 0).map_or_else(String::new, |s| format!(" and answers {}", s.status))
}

fn what(call: &Call) -> String {
    let request = &call.request;
    if request.method.is_empty() {
        "bytes".to_owned()
    } else {
        format!("{} {}", request.method, shorter(&request.path))
    }
}

fn shorter(path: &str) -> String {
    let path = &text::abbreviated(&text::without_secrets(path));
    if path.chars().count() <= 80 { path.to_owned() } else { path.chars().take(79).chain(['…']).collect() }
}

fn seen(seen: &Seen) -> String {
    match seen {
        Seen::Reply(reply) => match reply.grpc {
            Some(code) => format!("gRPC {code}"),
            None => reply.status.to_string(),
        },
        Seen::Nothing => "no end".to_owned(),
        Seen::Reset => "the connection breaks".to_owned(),
        Seen::GaveUp => "the caller gives up".to_owned(),
        Seen::WaitedOut => "the caller waits on".to_owned(),
    }
}

/// Mermaid's `sequenceDiagram`.
pub fn diagram(run: &Run) -> String {
    let calls = told(run);
    let mut out = String::from("sequenceDiagram\n");
    let mut names: Vec<&str> = Vec::new();
    for at in &calls {
        for name in [run.calls[*at].request.caller.as_str(), run.calls[*at].request.callee.as_str()] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    for name in &names {
        let kind = if *name == SCENARIO { "actor" } else { "participant" };
        out.push_str(&format!("  {kind} {} as {name}\n", id(name)));
    }
    nested(run, &calls, None, &mut out);
    out
}

fn nested(run: &Run, calls: &[usize], parent: Option<usize>, out: &mut String) {
    for at in calls.iter().copied() {
        let call = &run.calls[at];
        let above = call.parent.filter(|p| calls.contains(p));
        if above != parent {
            continue;
        }
        let (from, to) = (id(&call.request.caller), id(&call.request.callee));
        let reaches = call.fault.as_ref().is_none_or(Kind::reaches);
        let arrow = if reaches { "->>" } else { "-x" };
        out.push_str(&format!("  {from}{arrow}{to}: {}\n", plain(&what(call))));
        if reaches {
            nested(run, calls, Some(at), out);
        }
        match (&call.fault, &call.said) {
            (Some(kind), said) if reaches && kind.hurts() => {
                let said = said.as_ref().map_or_else(String::new, |s| format!("{} ", s.status));
                out.push_str(&format!("  {to}--x{from}: {}{}\n", said, plain(&kind.to_string())));
            }
            (Some(kind), _) if !reaches => {
                out.push_str(&format!("  Note over {from},{to}: {}\n", plain(&kind.to_string())))
            }
            _ => out.push_str(&format!("  {to}-->>{from}: {}\n", plain(&seen(&call.seen)))),
        }
    }
}

fn id(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Without what Mermaid reads as its own.
fn plain(text: &str) -> String {
    text.replace([';', '#', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_is_told_once() {
        let told = |text: &str| folded(&text.split(' ').map(str::to_owned).collect::<Vec<_>>()).join(", ");
        assert_eq!(told("a b c"), "a, b, c");
        assert_eq!(told("a a a b"), "a (×3), b");
        assert_eq!(told("x a b a b a b c"), "x, a, b, … these 2 again, 3 times in all, c");
        assert_eq!(told("a b a b c"), "a, b, a, b, c", "two lines more are shorter than a third that says so");
        assert_eq!(told("a a b a a b a a b"), "a, a, b, … these 3 again, 3 times in all");
    }
}
