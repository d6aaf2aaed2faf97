//! Where something is, by any part of its name: exact hits first, then what is near.

use crate::shape::VERSION;
use crate::things::{KINDS, Thing};
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub const ABOUT: &str = "where something is, when you know a name or a part of it: services, stores, endpoints, operations (routes, \
remote procedures, topics, tables), settings, operations of contracts, functions, types, rules and findings; ranked, exact hits \
first, each with key, service and place. Call it before `at`, `path` or `explain` when you lack the exact name";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// A name, a part of one, several words, or a path as a caller would write it (`/books/42`).
    pub query: String,
    /// Only these kinds: `service`, `gateway`, `server`, `database`, `cache`, `broker`, `external`, `tool`, `endpoint`,
    /// `operation`, `contract`, `setting`, `symbol`, `type`, `rule`, `finding`. All unless given.
    pub kinds: Vec<String>,
    /// How many hits at most; 20 unless given, never more than 200.
    pub limit: Option<u32>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub query: String,
    /// The best first.
    pub hits: Vec<Hit>,
    /// Hits that did not fit: raise `limit`, or say more.
    pub left_out: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Hit {
    /// For `explain`, where the kind is a node's, `endpoint`, `operation` or `rule`.
    pub key: String,
    pub kind: String,
    pub name: String,
    /// The node's name that it belongs to.
    pub service: Option<String>,
    /// In a few words.
    pub says: String,
    /// Workspace-relative; empty for rules.
    pub path: String,
    /// Counted from 1; 0 for rules.
    pub line: u32,
    pub end_line: u32,
    /// 1000 is the very name; what is below 500 is near only.
    pub score: u32,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let words = words(&request.query);
    if words.is_empty() {
        return Err(Refusal::usage("there is no word to look for", "give a name or a part of one as `query`"));
    }
    if let Some(kind) = request.kinds.iter().find(|k| !KINDS.contains(&k.as_str())) {
        return Err(Refusal::usage(format!("there is no kind `{kind}`"), format!("choose from {}", KINDS.join(", "))));
    }
    let wanted = |kind: &str| request.kinds.is_empty() || request.kinds.iter().any(|k| k == kind);
    let graph = snapshot.graph(request.profile.as_deref());
    let things = snapshot.things(request.profile.as_deref());
    let findings = if wanted("finding") { snapshot.found(request.profile.as_deref())? } else { Default::default() };
    let query = Query { text: request.query.trim().to_lowercase(), words };
    let mut hits: Vec<(u32, usize, &Thing)> = things
        .iter()
        .chain(findings.iter())
        .filter(|t| wanted(t.kind))
        .filter_map(|t| {
            let service = t.node.map(|n| graph.nodes[n].name.as_str()).unwrap_or_default();
            let score = query.score(t, service)?;
            Some((score, KINDS.iter().position(|k| *k == t.kind).unwrap_or(KINDS.len()), t))
        })
        .collect();
    hits.sort_by(|a, b| {
        let place = |t: &Thing| (t.key.clone(), t.path.clone(), t.lines);
        b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then_with(|| place(a.2).cmp(&place(b.2)))
    });
    let limit = request.limit.unwrap_or(20).clamp(1, 200) as usize;
    Ok(Answer {
        version: VERSION,
        query: request.query.clone(),
        left_out: hits.len().saturating_sub(limit),
        hits: hits
            .into_iter()
            .take(limit)
            .map(|(score, _, t)| Hit {
                key: t.key.to_string(),
                kind: t.kind.to_owned(),
                name: t.name.to_string(),
                service: t.node.map(|n| graph.nodes[n].name.to_string()),
                says: t.says.to_string(),
                path: t.path.to_string(),
                line: t.lines.0,
                end_line: t.lines.1,
                score,
            })
            .collect(),
    })
}

struct Query {
    /// In small letters.
    text: String,
    words: Vec<String>,
}

impl Query {
    fn score(&self, thing: &Thing, service: &str) -> Option<u32> {
        let names = std::iter::once(&thing.name).chain(&thing.also).filter(|n| !n.is_empty());
        let by_name =
            names.enumerate().filter_map(|(i, n)| Some(self.name(n)?.saturating_sub(10 * i.min(1) as u32))).max();
        if thing.key.eq_ignore_ascii_case(&self.text) {
            return Some(1000);
        }
        by_name.or_else(|| {
            // Words that are spread over what is said of it: `checkout timeout`.
            let all = format!("{} {service} {} {}", thing.name, thing.says, thing.path);
            let all = words(&all);
            let holds = |word: &String| all.iter().any(|w| w.starts_with(word.as_str()));
            (self.words.len() > 1 && self.words.iter().all(holds)).then_some(450)
        })
    }

    fn name(&self, name: &str) -> Option<u32> {
        let lower = name.to_lowercase();
        let last = lower.rsplit(['.', '/', ' ', ':', '#']).next().unwrap_or(&lower);
        let surplus = (lower.len().saturating_sub(self.text.len()) as u32).min(90);
        if lower == self.text {
            return Some(1000);
        }
        if last == self.text {
            return Some(950 - surplus / 4);
        }
        if self.text.contains('/') && template(&lower, &self.text) {
            return Some(900);
        }
        if lower.starts_with(&self.text) || last.starts_with(&self.text) {
            return Some(850 - surplus / 2);
        }
        let parts = words(name);
        if self.words.iter().all(|w| parts.contains(w)) {
            return Some(750 - surplus / 2);
        }
        if self.words.iter().all(|w| parts.iter().any(|p| p.starts_with(w.as_str()))) {
            return Some(650 - surplus / 2);
        }
        if lower.contains(&self.text) {
            return Some(550 - surplus / 2);
        }
        let letters: String = self.text.chars().filter(|c| c.is_alphanumeric()).collect();
        (letters.len() >= 4 && scattered(&letters, last)).then(|| 300 - surplus)
    }
}

/// Whether a path as somebody asks for it is one that a template stands for; a method may stand before either.
fn template(template: &str, asked: &str) -> bool {
    let (method, path) = parted(template);
    let (wanted, asked) = parted(asked);
    if !wanted.is_empty() && !method.is_empty() && wanted != method {
        return false;
    }
    let asked = asked.split(['?', '#']).next().unwrap_or(asked).trim_end_matches('/');
    let (a, b): (Vec<&str>, Vec<&str>) = (path.trim_end_matches('/').split('/').collect(), asked.split('/').collect());
    a.len() > 1 && a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a == b || a.starts_with('{') && !b.is_empty())
}

fn parted(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or(("", text))
}

/// Whether the letters stand in the text in this order, the first of them first, and not far apart.
fn scattered(letters: &str, text: &str) -> bool {
    let mut rest = text.char_indices();
    let mut end = 0;
    for (i, letter) in letters.chars().enumerate() {
        match rest.find(|(_, c)| *c == letter) {
            Some((at, _)) if i > 0 || at == 0 => end = at,
            _ => return false,
        }
    }
    end <= letters.len() * 3
}

/// The words of a name, in small letters: camels and snakes are taken apart.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        let starts = c.is_uppercase() && (before.is_lowercase() || before.is_numeric() || next.is_lowercase());
        if (!c.is_alphanumeric() || starts) && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(query: &str, name: &str) -> Option<u32> {
        Query { text: query.to_lowercase(), words: words(query) }.name(name)
    }

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(words("getHTTPClient order_id /v1/{isbn}"), ["get", "http", "client", "order", "id", "v1", "isbn"]);
    }

    #[test]
    fn the_very_name_comes_before_parts_of_it() {
        let scores =
            ["orders", "shop.orders", "orders-archive", "old-orders-archive", "reorders"].map(|n| score("orders", n));
        assert!(scores.is_sorted_by(|a, b| a > b) && scores.iter().all(Option::is_some), "{scores:?}");
        assert_eq!(score("orders", "payments"), None);
    }

    #[test]
    fn a_path_finds_its_template() {
        assert_eq!(score("/books/42", "GET /books/{isbn}"), Some(900));
        assert_eq!(score("GET /books/42?full=1", "GET /books/{isbn}"), Some(900));
        assert_eq!(score("POST /books/42", "GET /books/{isbn}"), None);
    }

    #[test]
    fn letters_may_be_left_out() {
        assert!(score("plcord", "placeOrder").is_some());
        assert!(score("plcord", "cancelOrder").is_none());
    }
}
