//! Suspicions that say what has to fail: they are tried first, as soon as a run has shown which call that is.
//!
//! Invariant: what is aimed at is tried once; a call that only another fault makes happen is aimed at under that fault, whatever the most
//! faults at once are.

use super::Explorer;
use crate::fault::Script;
use crate::run::Run;

impl Explorer {
    /// Puts what a run lets aim at before everything else, in the order of the suspicions.
    pub(super) fn aim(&mut self, run: &Run) {
        if self.replay {
            return;
        }
        let open = self.known.suspicions.iter().enumerate().filter(|(at, _)| !self.aims.contains_key(at));
        let met: Vec<(usize, Script)> = open
            .filter_map(|(at, suspicion)| {
                let fault = suspicion.aim.as_ref()?.at(run)?;
                // A fault of the run itself is what made the call happen.
                let with = if fault.lasts() { Vec::new() } else { run.script.faults.clone() };
                Some((at, Script::of(with.into_iter().chain([fault]))))
            })
            .collect();
        for (at, script) in met.into_iter().rev() {
            self.aims.insert(at, script.clone());
            if self.tried.contains(&script) {
                continue;
            }
            self.queue.retain(|s| *s != script);
            self.planned.insert(script.clone());
            self.queue.push_front(script);
        }
    }

    /// The faults that this suspicion aims at, once a run has shown them.
    pub fn aimed(&self, suspicion: usize) -> Option<&Script> {
        self.aims.get(&suspicion)
    }
}

#[cfg(test)]
mod tests {
    use crate::call::{Call, Reply, Request, Seen};
    use crate::explore::{Explorer, Next, Why};
    use crate::fault::{Fault, Kind, Script};
    use crate::oracle::Limits;
    use crate::report::{Fate, Played, Spent};
    use crate::run::Run;
    use crate::schedule::{Aim, Known, Suspicion};

    const ORDER: &str = "shop POST /buy#1 > orders POST /orders#1";
    const CHARGE: &str = "shop POST /buy#1 > orders POST /orders#1 > bank POST /charges#1";
    const LATER: &str = "shop POST /buy#1 > orders POST /orders#1 > retrier POST /retries#1";

    fn call(key: &str, parent: Option<usize>) -> Call {
        let last = key.rsplit(" > ").next().unwrap_or_default();
        let (what, _) = last.rsplit_once('#').unwrap_or((last, ""));
        let mut words = what.splitn(3, ' ').map(str::to_owned);
        let (callee, method, path) = (words.next(), words.next(), words.next());
        let caller = key.rsplit(" > ").nth(1).and_then(|c| c.split(' ').next()).unwrap_or("scenario");
        let request = Request {
            caller: caller.to_owned(),
            callee: callee.unwrap_or_default(),
            method: method.unwrap_or_default(),
            path: path.unwrap_or_default(),
            body: "{}".to_owned(),
            ..Request::default()
        };
        let reply = Reply { status: 200, body: "{}".to_owned(), ..Reply::default() };
        Call {
            key: key.to_owned(),
            parent,
            request,
            reached: 1,
            said: Some(reply.clone()),
            seen: Seen::Reply(reply),
            ..Call::default()
        }
    }

    fn run(script: &Script, keys: &[&str]) -> Run {
        let mut calls: Vec<Call> = vec![call("shop POST /buy#1", None)];
        for key in keys {
            let above = key.rsplit_once(" > ").map_or("", |(above, _)| above);
            let parent = calls.iter().position(|c| c.key == above);
            let mut call = call(key, parent);
            call.fault = script.on(&call.request.caller, &call.request.callee, key).cloned();
            calls.push(call);
        }
        Run { script: script.clone(), calls, content: true, ..Run::default() }
    }

    fn aim(caller: &str, callee: &str, what: &str) -> Suspicion {
        let text = |t: &str| t.to_owned();
        Suspicion {
            key: format!("model/duplicate/{caller} → {callee}"),
            rule: text("unsafe-retry"),
            services: vec![text(caller), text(callee)],
            edges: Vec::new(),
            aim: Some(Aim {
                caller: text(caller),
                callee: text(callee),
                what: text(what),
                message: false,
                kind: Kind::ReplyLost,
                lasts: false,
            }),
        }
    }

    /// Plays to the end; `LATER` is called only where the charge's reply is lost.
    fn played(suspicions: Vec<Suspicion>) -> (Vec<Script>, Played) {
        let known = Known { suspicions: suspicions.clone(), ..Known::default() };
        let mut explorer = Explorer::new(Limits::default(), known, 1);
        let mut tried = Vec::new();
        while let Next::Run { script, why, fresh, .. } = explorer.due() {
            let lost = script.faults.iter().any(|f| *f == Fault::call(CHARGE, Kind::ReplyLost));
            let keys: &[&str] = if lost { &[ORDER, CHARGE, LATER] } else { &[ORDER, CHARGE] };
            if why == Why::Explore {
                tried.push(script.clone());
            }
            explorer.record(why, fresh, run(&script, keys));
            assert!(explorer.runs < 200, "it does not end");
        }
        let report = Played::of("buy", &explorer, true, (1, Spent::default()), &suspicions);
        (tried, report)
    }

    #[test]
    fn what_is_aimed_at_is_tried_first_and_comes_back_refuted_where_nothing_comes_of_it() {
        let (tried, report) = played(vec![aim("orders", "bank", "POST /charges")]);
        assert_eq!(tried[0], Script::of([Fault::call(CHARGE, Kind::ReplyLost)]));
        assert_eq!(report.hypotheses.iter().map(|h| h.fate).collect::<Vec<_>>(), [Fate::Refuted]);
    }

    #[test]
    fn a_call_that_only_a_fault_makes_happen_is_aimed_at_under_it() {
        let suspicions = vec![aim("orders", "bank", "POST /charges"), aim("orders", "retrier", "POST /retries")];
        let (tried, _) = played(suspicions);
        let both = Script::of([Fault::call(CHARGE, Kind::ReplyLost), Fault::call(LATER, Kind::ReplyLost)]);
        assert_eq!(tried[1], both, "{tried:?}");
    }

    #[test]
    fn an_operation_is_told_from_others_of_its_edge() {
        let Some(aim) = aim("orders", "bank", "GET /fees/{event}").aim else { panic!("it aims") };
        assert!(aim.means("orders → bank GET /fees/7") && aim.means("orders → bank GET /fees/{}"));
        assert!(!aim.means("orders → bank GET /accounts/ada") && !aim.means("shop → bank GET /fees/7"));
        assert!(!aim.means("orders → bank POST /fees/7"));
    }

    #[test]
    fn what_detect_says_of_an_interaction_is_about_its_two_ends() {
        let keys = ["edge/shop/http/orders", "edge/orders/http/bank", "service/mail"];
        let suspicion = Suspicion::default().about(keys);
        let names = |all: &[&str]| all.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(suspicion.services, ["shop", "orders", "bank", "mail"]);
        assert!(suspicion.concerns("orders", "bank") && suspicion.concerns("bank", "orders"));
        assert!(!suspicion.concerns("shop", "bank"));
        assert!(suspicion.within(&names(&["bank", "orders"])) && !suspicion.within(&names(&["shop", "bank", "mail"])));
        let alone = Suspicion::default().about(["service/mail"]);
        assert!(alone.concerns("shop", "mail") && alone.within(&names(&["mail"])));
    }

    #[test]
    fn what_no_run_calls_is_not_reached() {
        let (_, report) = played(vec![aim("orders", "mail", "POST /mails")]);
        assert_eq!(report.hypotheses.iter().map(|h| h.fate).collect::<Vec<_>>(), [Fate::NotReached]);
    }
}
