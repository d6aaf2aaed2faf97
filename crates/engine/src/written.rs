//! `seam.toml` while it is written: mistakes with their places, and what may stand at the cursor. Both come from the schema.
//!
//! Invariant: what has no mistake here is read by [`crate::Settings`], and the other way round; a broken line hides no other.

use seam_detect::keys::distance;
use serde_json::Value;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something that is not read as it was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Bytes of the text.
    pub at: Range<usize>,
    pub says: String,
    /// The next move; may be empty.
    pub help: String,
}

/// Something that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub text: String,
    pub says: String,
}

/// All that is wrong with a `seam.toml`, in order of places.
pub fn mistakes(text: &str) -> Vec<Mistake> {
    let (table, broken) = DeTable::parse_recoverable(text);
    let mut out: Vec<Mistake> = broken
        .iter()
        .map(|error| Mistake {
            at: error.span().unwrap_or_default(),
            says: format!("this is no TOML: {}", error.message()),
            help: String::new(),
        })
        .collect();
    let schema = schema();
    let look = Look { root: &schema, out: &mut out };
    look.table(table.get_ref(), &schema, "");
    out.sort_by(|a, b| (a.at.start, a.at.end, &a.says).cmp(&(b.at.start, b.at.end, &b.says)));
    out
}

fn schema() -> Value {
    serde_json::to_value(crate::settings_schema()).unwrap_or_default()
}

/// A schema without its reference.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let name = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/"));
    name.map_or(schema, |name| &root["$defs"][name])
}

/// What may be below a key, and whether any key may.
fn below<'s>(root: &'s Value, schema: &'s Value, key: &str) -> Option<&'s Value> {
    let known = &schema["properties"][key];
    let any = &schema["additionalProperties"];
    match (known.is_null(), any.is_object()) {
        (false, _) => Some(resolved(root, known)),
        (true, true) => Some(resolved(root, any)),
        (true, false) => None,
    }
}

/// Tables whose keys are ids of rules.
const RULES: &str = "detect.rules";

struct Look<'l> {
    root: &'l Value,
    out: &'l mut Vec<Mistake>,
}

impl Look<'_> {
    fn table(mut self, table: &DeTable<'_>, schema: &Value, name: &str) -> Self {
        for (key, value) in table {
            let full = if name.is_empty() { key.get_ref().to_string() } else { format!("{name}.{}", key.get_ref()) };
            match below(self.root, schema, key.get_ref()) {
                Some(_) if name == RULES && !rules().contains(&key.get_ref().as_ref()) => {
                    self.unknown(key.span(), &format!("there is no rule `{}`", key.get_ref()), key.get_ref(), &rules());
                }
                Some(below) => {
                    let below = below.clone();
                    self = self.value(value, &below, &full);
                }
                None => {
                    let known: Vec<&str> =
                        schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
                    let place = if name.is_empty() { "`seam.toml`".to_owned() } else { format!("`[{name}]`") };
                    let says = format!("{place} has no key `{}`", key.get_ref());
                    self.unknown(key.span(), &says, key.get_ref(), &known);
                }
            }
        }
        self
    }

    fn unknown(&mut self, at: Range<usize>, says: &str, word: &str, known: &[&str]) {
        let near = known.iter().map(|k| (distance(word, k), *k)).min().filter(|(far, k)| *far <= 2 && *far < k.len());
        let help = match near {
            Some((_, near)) => format!("did you mean `{near}`?"),
            None if known.len() <= 12 => format!("choose one of {}", known.join(", ")),
            None => "`seam rules` lists them".to_owned(),
        };
        self.out.push(Mistake { at, says: says.to_owned(), help });
    }

    fn value(mut self, value: &Spanned<DeValue<'_>>, schema: &Value, name: &str) -> Self {
        let (is, at) = (kind(value.get_ref()), value.span());
        let wanted: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(some) => some.iter().filter_map(Value::as_str).filter(|t| *t != "null").collect(),
            _ => Vec::new(),
        };
        let fits = wanted.is_empty() || wanted.contains(&is) || is == "integer" && wanted.contains(&"number");
        if !fits {
            let wants: Vec<&str> = wanted.iter().map(|w| called(w)).collect();
            let says = format!("`{name}` is {}, and {} is wanted", called(is), wants.join(" or "));
            self.out.push(Mistake { at, says, help: schema["description"].as_str().unwrap_or_default().to_owned() });
            return self;
        }
        match value.get_ref() {
            DeValue::Table(table) => self = self.table(table, schema, name),
            DeValue::Array(items) => {
                let of = resolved(self.root, &schema["items"]).clone();
                for item in items {
                    self = self.value(item, &of, name);
                }
            }
            DeValue::String(text) => {
                let known: Vec<&str> =
                    schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                if !known.is_empty() && !known.contains(&text.as_ref()) {
                    self.unknown(at, &format!("`{name}` cannot be `{text}`"), text, &known);
                }
            }
            DeValue::Integer(number) if schema["minimum"] == 0 && number.to_string().starts_with('-') => {
                self.out.push(Mistake {
                    at,
                    says: format!("`{name}` cannot be less than nothing"),
                    help: String::new(),
                });
            }
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
        }
        self
    }
}

fn rules() -> Vec<&'static str> {
    crate::rules().into_iter().map(|(id, _)| id).collect()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) | DeValue::Datetime(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    }
}

fn called(kind: &str) -> &str {
    match kind {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        _ => "a table",
    }
}

/// What may be written where the text before the cursor ends, and how many of its last bytes are replaced by it. `nodes` are the
/// names that the map has.
pub fn offers(before: &str, nodes: &[String]) -> (usize, Vec<Offer>) {
    let schema = schema();
    let (above, line) = before.rsplit_once('\n').unwrap_or(("", before));
    let header =
        above.lines().rev().find_map(|l| l.trim().strip_prefix('[')?.split_once(']').map(|(name, _)| name.trim()));
    let typed = line.trim_start();
    if typed.starts_with('#') {
        return (0, Vec::new());
    }
    if let Some(name) = typed.strip_prefix('[') {
        return (name.len(), tables(&schema));
    }
    let parts: Vec<&str> = header.map(|h| h.split('.').collect()).unwrap_or_default();
    let table = parts.iter().try_fold(&schema, |at, part| below(&schema, at, part.trim()));
    let Some(table) = table else { return (0, Vec::new()) };
    let name = parts.join(".");
    let Some((key, value)) = typed.split_once('=') else {
        let known = keys(above, header);
        let mut all: Vec<Offer> = schema_keys(table).filter(|o| !known.contains(o.text.as_str())).collect();
        if name == RULES {
            all.extend(
                rules()
                    .into_iter()
                    .filter(|r| !known.contains(r))
                    .map(|r| Offer { text: r.to_owned(), says: "rule".to_owned() }),
            );
        }
        return (typed.len(), all);
    };
    let (key, value) = (key.trim(), value.trim_start());
    let Some(of) = below(&schema, table, key) else { return (0, Vec::new()) };
    let words: Vec<&str> = match of["enum"].as_array() {
        Some(words) => words.iter().filter_map(Value::as_str).collect(),
        None if name == "aliases" => nodes.iter().map(String::as_str).collect(),
        None => Vec::new(),
    };
    let says = of["description"].as_str().unwrap_or_default();
    let quoted = |word: &&str| Offer { text: format!("\"{word}\""), says: says.to_owned() };
    (value.len(), words.iter().map(quoted).collect())
}

/// Names of tables that may be opened.
fn tables(schema: &Value) -> Vec<Offer> {
    let mut out = Vec::new();
    for (name, of) in schema["properties"].as_object().into_iter().flatten() {
        let of_table = resolved(schema, of);
        if of_table["type"] == "object" {
            out.push(Offer { text: name.clone(), says: described(of) });
            let inner = of_table["properties"].as_object().into_iter().flatten();
            let inner = inner.filter(|(_, of)| resolved(schema, of)["type"] == "object");
            out.extend(inner.map(|(key, of)| Offer { text: format!("{name}.{key}"), says: described(of) }));
        }
    }
    out
}

fn schema_keys(table: &Value) -> impl Iterator<Item = Offer> {
    let keys = table["properties"].as_object().into_iter().flatten();
    keys.map(|(key, of)| Offer { text: key.clone(), says: described(of) })
}

fn described(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().to_owned()
}

/// Keys that stand in a table already.
fn keys<'t>(above: &'t str, header: Option<&str>) -> BTreeSet<&'t str> {
    let mut here = header.is_none();
    let mut out = BTreeSet::new();
    for line in above.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split_once(']')) {
            here = Some(name.0.trim()) == header;
        } else if here && !line.starts_with('#') {
            out.extend(line.split_once('=').map(|(key, _)| key.trim().trim_matches('"')));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let told = |m: Mistake| format!("{}: {} ({})", &text[m.at.clone()], m.says, m.help);
        mistakes(text).into_iter().map(told).collect()
    }

    #[test]
    fn mistakes_are_told_where_they_stand_with_what_was_meant() {
        assert_eq!(told("nmae = \"shop\"\n"), ["nmae: `seam.toml` has no key `nmae` (did you mean `name`?)"]);
        assert_eq!(
            told("profile = 3\n[detect]\nattemps = 3\ndepth = -1\n"),
            [
                "3: `profile` is a whole number, and a text is wanted (The deployment profile that is meant when none is asked for.)",
                "attemps: `[detect]` has no key `attemps` (did you mean `attempts`?)",
                "-1: `detect.depth` cannot be less than nothing ()",
            ]
        );
        assert_eq!(
            told("[detect.rules]\nretry-strom = \"off\"\nretry-storm = \"of\"\n"),
            [
                "retry-strom: there is no rule `retry-strom` (did you mean `retry-storm`?)",
                "\"of\": `detect.rules.retry-storm` cannot be `of` (did you mean `off`?)",
            ]
        );
        assert_eq!(told("ignore = [\"a\", 1]\n[aliases]\nx = true\n").len(), 2);
    }

    #[test]
    fn a_broken_line_hides_no_other() {
        let told = told("name = \nnope = 1\n");
        assert!(
            told.iter().any(|t| t.contains("this is no TOML")) && told.iter().any(|t| t.contains("`nope`")),
            "{told:?}"
        );
    }

    #[test]
    fn what_has_no_mistake_is_read_and_the_other_way_round() {
        for text in [
            "",
            "name = \"x\"",
            "[detect]\ndeadline = 2\nattempts = 3",
            "[externals]\nx = [\"y\"]",
            "[detect.rules]\nretry-storm = \"off\"",
            crate::COMMENTED,
        ] {
            assert!(mistakes(text).is_empty() && crate::Settings::parse(text).is_ok(), "{text}");
        }
        for text in [
            "name = 1",
            "nope = 1",
            "[detect]\ndepth = \"x\"",
            "[externals]\nx = \"y\"",
            "[detect.rules]\nretry-storm = \"never\"",
            "roots = {}",
            "[x",
        ] {
            assert!(!mistakes(text).is_empty() && crate::Settings::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_may_be_written_is_offered() {
        let offered = |before: &str| -> Vec<String> {
            offers(before, &["orders".to_owned()]).1.into_iter().map(|o| o.text).collect()
        };
        let top = offered("name = \"x\"\n");
        assert!(top.contains(&"profile".to_owned()) && !top.contains(&"name".to_owned()), "{top:?}");
        assert!(offered("[de").contains(&"detect.rules".to_owned()));
        assert_eq!(offered("[detect]\ndepth = 3\n"), ["attempts", "deadline", "rules"]);
        assert!(offered("[detect.rules]\nretry").contains(&"retry-storm".to_owned()));
        assert_eq!(offered("[detect.rules]\nretry-storm = "), ["\"off\"", "\"note\"", "\"warning\"", "\"error\""]);
        assert_eq!(offered("[aliases]\nshop = \"o"), ["\"orders\""]);
        assert_eq!(offers("[detect]\n  att", &[]).0, 3, "what was typed is replaced");
        assert!(offered("# na").is_empty());
    }
}
