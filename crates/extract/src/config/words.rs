//! Command lines as values.

use super::interpolate::split;
use seam_facts::{Part, SmolStr, Value};

/// Values with blanks between them; `None` if there are none.
pub fn join(values: impl IntoIterator<Item = Value>) -> Option<Value> {
    let mut out: Option<Value> = None;
    for value in values {
        out = Some(match out {
            None => value,
            Some(before) => before.then(" ".into()).then(value),
        });
    }
    out
}

/// Programs that request the URL on their command line.
const REQUESTERS: &[&str] =
    &["locust", "k6", "artillery", "wrk", "ab", "hey", "siege", "vegeta", "bombardier", "oha", "curl", "wget"];

/// The program and the URL that a command requests, if that is what the command does.
pub fn requested(command: &Value) -> Option<(SmolStr, Value)> {
    let words = split(command, ' ');
    let mut words = words.iter().skip_while(|w| program(w).is_none());
    let client = program(words.next()?)?;
    words.find_map(url).map(|url| (client, url))
}

fn program(word: &Value) -> Option<SmolStr> {
    let text = word.as_text()?;
    let name = text.trim_matches(['"', '\'']).rsplit('/').next().unwrap_or("").to_owned();
    REQUESTERS.contains(&name.as_str()).then(|| name.into())
}

/// The URL within a word (`--host="http://…"`).
fn url(word: &Value) -> Option<Value> {
    let mut out = Value::default();
    let mut parts = word.parts.iter();
    let first = parts.by_ref().find_map(|part| match part {
        Part::Text(text) => text.find("http://").or_else(|| text.find("https://")).map(|at| &text[at..]),
        Part::Hole(_) => None,
    })?;
    out.push_text(first.trim_end_matches(['"', '\'']));
    for part in parts {
        match part {
            Part::Text(text) => out.push_text(text.trim_end_matches(['"', '\''])),
            hole @ Part::Hole(_) => out.parts.push(hole.clone()),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::interpolate::{Dollar, env};

    #[test]
    fn finds_what_a_command_requests() {
        let check = |text: &str| requested(&env(text, Dollar::Escaped)).map(|(client, url)| format!("{client} {url}"));
        assert_eq!(check("locust --host=\"http://${FRONT}\" -u 1").as_deref(), Some("locust http://${env:FRONT}"));
        assert_eq!(check("sh -c wget -q http://a/b"), Some("wget http://a/b".to_owned()));
        assert_eq!(check("/bin/server --peer http://a"), None);
    }
}
