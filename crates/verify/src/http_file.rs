//! Files of requests as editors run them (`.http`: VS Code's REST Client, JetBrains' HTTP Client).
//!
//! Read: `###` between requests with a name behind, `# @name`, `@variable = value`, `{{variable}}`, `{{name.response.body.$.path}}`,
//! `client.global.set("x", response.body.path)` of response scripts, headers, bodies, `# @expect 404`. Scripts do nothing else here.
//!
//! Invariant: what is not understood is a line beside the requests, and the others stay.

use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    pub name: Option<String>,
    pub line: usize,
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The status that is right without faults; any below 400 otherwise.
    pub expect: Option<u16>,
    /// Variables that the answer sets: name → path in the body.
    pub sets: Vec<(String, String)>,
    /// `@variable = value` lines that stand before it.
    pub before: Vec<(String, String)>,
}

/// The requests of a file, and what was not understood.
pub fn parse(text: &str) -> (Vec<Ask>, Vec<String>) {
    let (mut asks, mut problems): (Vec<Ask>, Vec<String>) = (Vec::new(), Vec::new());
    let mut part = Part::default();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("###") {
            part.end(&mut asks);
            let name = line.trim_start_matches('#').trim();
            part.ask.name = (!name.is_empty()).then(|| name.to_owned());
            continue;
        }
        part.line(line.trim_end_matches('\r'), number + 1, &mut problems);
    }
    part.end(&mut asks);
    (asks, problems)
}

#[derive(Default)]
struct Part {
    ask: Ask,
    state: State,
}

#[derive(Default, PartialEq)]
enum State {
    #[default]
    Start,
    Headers,
    Body,
    Script,
}

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

impl Part {
    fn end(&mut self, asks: &mut Vec<Ask>) {
        let mut ask = std::mem::take(&mut self.ask);
        self.state = State::Start;
        if ask.url.is_empty() {
            // Variables before the first request stay for it.
            self.ask.before = ask.before;
            return;
        }
        ask.body = ask.body.trim_end().to_owned();
        asks.push(ask);
    }

    fn line(&mut self, line: &str, number: usize, problems: &mut Vec<String>) {
        let trimmed = line.trim();
        if self.state == State::Script {
            self.script(trimmed);
            if trimmed.ends_with("%}") {
                self.state = State::Body;
            }
            return;
        }
        let comment = trimmed.strip_prefix('#').or_else(|| trimmed.strip_prefix("//")).map(str::trim);
        if let (Some(comment), true) = (comment, self.state != State::Body) {
            match comment.split_once(' ') {
                Some(("@name", name)) => self.ask.name = Some(name.trim().to_owned()),
                Some(("@expect", status)) => self.ask.expect = status.trim().parse().ok(),
                _ => {}
            }
            return;
        }
        match self.state {
            State::Start => {
                if let Some((name, value)) = trimmed.strip_prefix('@').and_then(|v| v.split_once('=')) {
                    self.ask.before.push((name.trim().to_owned(), value.trim().to_owned()));
                } else if !trimmed.is_empty() {
                    self.request(trimmed, number, problems);
                }
            }
            State::Headers if trimmed.is_empty() => self.state = State::Body,
            State::Headers if trimmed.starts_with(['?', '&']) => self.ask.url.push_str(trimmed),
            State::Headers => match trimmed.split_once(':') {
                Some((name, value)) => self.ask.headers.push((name.trim().to_owned(), value.trim().to_owned())),
                None => problems.push(format!("line {number}: `{trimmed}` is no header")),
            },
            State::Body | State::Script => {
                if trimmed.starts_with("> {%") || trimmed.starts_with("< {%") {
                    self.script(trimmed);
                    self.state = if trimmed.ends_with("%}") { State::Body } else { State::Script };
                } else if trimmed.starts_with("< ") || trimmed.starts_with("> ") || trimmed.starts_with("<> ") {
                    problems.push(format!("line {number}: files beside the requests are not read"));
                } else {
                    self.ask.body.push_str(line);
                    self.ask.body.push('\n');
                }
            }
        }
    }

    fn request(&mut self, line: &str, number: usize, problems: &mut Vec<String>) {
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        self.ask.line = number;
        self.state = State::Headers;
        let known = METHODS.contains(&first);
        let (method, url) = if known { (first, rest.trim()) } else { ("GET", line) };
        if !known && !line.starts_with("http") && !line.starts_with("{{") && !line.starts_with('/') {
            problems.push(format!("line {number}: `{line}` is no request"));
            return;
        }
        let url = url.split(" HTTP/").next().unwrap_or(url).trim();
        (self.ask.method, self.ask.url) = (method.to_owned(), url.to_owned());
    }

    /// `client.global.set("name", response.body.path)`.
    fn script(&mut self, line: &str) {
        let Some((_, rest)) = line.split_once("client.global.set(") else { return };
        let Some((name, value)) = rest.split_once(',') else { return };
        let Some((_, path)) = value.split_once("response.body") else { return };
        let path: String = path
            .chars()
            .take_while(|c| c.is_alphanumeric() || "._[]$\"'".contains(*c))
            .filter(|c| !"\"'".contains(*c))
            .collect();
        self.ask.sets.push((name.trim().trim_matches(['"', '\'']).to_owned(), path));
    }
}

/// What is known while a file runs: variables, and answers by the names of their requests.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub variables: BTreeMap<String, String>,
    answers: BTreeMap<String, (String, BTreeMap<String, String>)>,
}

impl Known {
    /// Takes what an ask's lines set before it is sent.
    pub fn before(&mut self, ask: &Ask) {
        for (name, value) in &ask.before {
            let value = self.fill(value);
            self.variables.insert(name.clone(), value);
        }
    }

    /// Takes an answer.
    pub fn after(&mut self, ask: &Ask, body: &str, headers: BTreeMap<String, String>) {
        for (name, path) in &ask.sets {
            if let Some(value) = at(body, path) {
                self.variables.insert(name.clone(), value);
            }
        }
        if let Some(name) = &ask.name {
            self.answers.insert(name.clone(), (body.to_owned(), headers));
        }
    }

    /// The text with its `{{…}}` filled; what is unknown stays.
    pub fn fill(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, behind)) = after.split_once("}}") else { break };
            out.push_str(before);
            match self.value(name.trim()) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&format!("{{{{{name}}}}}")),
            }
            rest = behind;
        }
        out + rest
    }

    fn value(&self, name: &str) -> Option<String> {
        if let Some(value) = self.variables.get(name) {
            return Some(value.clone());
        }
        let (name, part) = name.split_once(".response.")?;
        let (body, headers) = self.answers.get(name)?;
        if let Some(header) = part.strip_prefix("headers.") {
            return headers.get(&header.to_ascii_lowercase()).cloned();
        }
        at(body, part.strip_prefix("body")?)
    }
}

/// A place in a JSON body: `.$.a.b[0]`, `.a.b`; everything for `` and `.*`.
fn at(body: &str, path: &str) -> Option<String> {
    let path = path.trim_start_matches('.').trim_start_matches('$').trim_start_matches('.');
    if path.is_empty() || path == "*" {
        return Some(body.to_owned());
    }
    let mut value: Value = serde_json::from_str(body).ok()?;
    for part in path.split(['.', '[', ']']).filter(|p| !p.is_empty()) {
        value = match part.parse::<usize>() {
            Ok(index) if value.is_array() => value.get(index)?.clone(),
            _ => value.get(part)?.clone(),
        };
    }
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"@host = http://localhost:5000

### create
# @name created
POST {{host}}/orders HTTP/1.1
Content-Type: application/json

{
  "items": ["lamp"]
}

> {% client.global.set("id", response.body.order.id); %}

### look
# @expect 404
GET {{host}}/orders/{{id}}
  ?full=1

###
GET {{host}}/orders/{{created.response.body.$.order.items[0]}}
"#;

    #[test]
    fn reads_what_editors_run() {
        let (asks, problems) = parse(FILE);
        assert_eq!((asks.len(), problems.len()), (3, 0), "{problems:?}");
        let mut known = Known::default();
        known.before(&asks[0]);
        assert_eq!(known.fill(&asks[0].url), "http://localhost:5000/orders");
        assert_eq!(asks[0].body, "{\n  \"items\": [\"lamp\"]\n}");
        known.after(&asks[0], r#"{"order":{"id":17,"items":["x"]}}"#, BTreeMap::new());
        assert_eq!(known.fill(&asks[1].url), "http://localhost:5000/orders/17?full=1");
        assert_eq!(asks[1].expect, Some(404));
        assert_eq!(known.fill(&asks[2].url), "http://localhost:5000/orders/x");
    }

    #[test]
    fn what_is_not_understood_hides_nothing() {
        let (asks, problems) = parse("nonsense here\n###\nGET http://localhost/\n");
        assert_eq!((asks.len(), problems.len()), (1, 1));
    }
}
