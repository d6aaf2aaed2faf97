//! The replay file: faults that showed a finding, to be tried again and committed as a regression test.
//!
//! Invariant: a file of every version that was ever written is read for ever (golden files stand in the tests).

use crate::fault::Script;
use serde::{Deserialize, Serialize};

pub const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    pub seam_replay: u32,
    pub scenario: String,
    /// What it showed when it was written.
    pub finding: String,
    pub says: String,
    pub faults: Script,
}

impl Replay {
    pub fn new(scenario: &str, finding: &str, says: &str, faults: Script) -> Replay {
        let text = |t: &str| t.to_owned();
        Replay { seam_replay: VERSION, scenario: text(scenario), finding: text(finding), says: text(says), faults }
    }

    pub fn read(text: &str) -> Result<Replay, String> {
        let replay: Replay = serde_json::from_str(text).map_err(|e| format!("this is no replay file: {e}"))?;
        if replay.seam_replay > VERSION {
            return Err(format!(
                "the replay file has version {}, this program reads up to {VERSION}",
                replay.seam_replay
            ));
        }
        Ok(replay)
    }

    /// How its file is called: `buy-unsafe-retry-order.json`, and `…-2.json` where another replay has that name already.
    pub fn file(&self, number: usize) -> String {
        let name = format!("{}-{}", self.scenario, self.finding);
        let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let name: String = words.join("-").chars().take(150).collect();
        if number < 2 { format!("{name}.json") } else { format!("{name}-{number}.json") }
    }

    pub fn write(&self) -> String {
        serde_json::to_string_pretty(self).map(|t| t + "\n").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, Kind};

    const FIRST: &str = include_str!("../tests/replay-1.json");

    #[test]
    fn the_first_version_is_read_and_written() {
        let faults = Script::of([
            Fault::call("order POST /order#1 > inventory POST /reserve#1", Kind::ReplyLost),
            Fault::edge("order", "mail", Kind::Refuse),
            Fault::service("mail", Kind::Status(503)),
        ]);
        let replay = Replay::new("buy", "unsafe-retry/order → inventory POST /reserve", "it is done twice", faults);
        assert_eq!(Replay::read(FIRST), Ok(replay.clone()));
        assert_eq!(replay.write(), FIRST);
    }

    #[test]
    fn names_that_fall_together_are_numbered() {
        let file = |finding: &str, number| Replay::new("buy", finding, "", Script::default()).file(number);
        assert_eq!(file("crash/a b", 1), file("crash/a → b", 1));
        assert_eq!(
            (file("crash/a b", 1), file("crash/a b", 2)),
            ("buy-crash-a-b.json".into(), "buy-crash-a-b-2.json".into())
        );
    }

    #[test]
    fn newer_versions_are_refused_with_a_reason() {
        assert!(
            Replay::read(&FIRST.replace("\"seam_replay\": 1", "\"seam_replay\": 9")).unwrap_err().contains("version 9")
        );
    }
}
