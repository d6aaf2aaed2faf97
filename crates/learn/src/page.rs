//! An entry as a Markdown file, and back.
//!
//! Invariant: reading what was written gives the same entry; fields and headings that are not known are kept; a text that is no
//! entry at all still gives one, with problems. A file says which version of this format it is in, and old ones stay readable.

use crate::entry::{Entry, Kind, Verdict, day, is_id};
use crate::front::{self, Field};
use seam_facts::priors::Mark;
use seam_facts::{Key, Problem, ProblemKind, SmolStr, Span};

/// The version of the format that is written.
pub const FORMAT: u32 = 1;

/// The file's text.
pub fn render(entry: &Entry) -> String {
    let mut out = format!("---\nseam: {FORMAT}\n");
    let mut one = |key: &str, value: &str| {
        if !value.is_empty() {
            front::write(&mut out, key, value);
        }
    };
    one("id", &entry.id);
    one("kind", entry.kind.word());
    one("date", &entry.date);
    one("of", entry.of.as_deref().unwrap_or_default());
    one("replaces", entry.replaces.as_deref().unwrap_or_default());
    one("verdict", entry.verdict.map_or("", Verdict::word));
    one("fault", entry.fault.as_deref().unwrap_or_default());
    one("place", entry.place.as_deref().unwrap_or_default());
    one("rule", entry.rule.as_deref().unwrap_or_default());
    one("finding", entry.finding.as_ref().map_or("", Key::as_str));
    one("said", entry.said.as_deref().unwrap_or_default());
    one("commit", entry.commit.as_deref().unwrap_or_default());
    one("source", entry.source.as_deref().unwrap_or_default());
    one("weight", &entry.weight.map(|w| w.to_string()).unwrap_or_default());
    one("half-life", &entry.half_life.map(|d| d.to_string()).unwrap_or_default());
    front::list(&mut out, "services", entry.services.iter().map(SmolStr::as_str));
    front::list(&mut out, "scope", entry.scope.iter().map(SmolStr::as_str));
    front::list(&mut out, "cause", entry.cause.iter().map(Key::as_str));
    let marks: Vec<String> = entry.marks.iter().map(mark_shown).collect();
    front::list(&mut out, "marks", marks.iter().map(String::as_str));
    front::list(&mut out, "templates", entry.templates.iter().map(String::as_str));
    for (key, values) in &entry.other {
        front::list(&mut out, key, values.iter().map(String::as_str));
    }
    out.push_str(&format!("---\n# {}\n", entry.title));
    for (heading, text) in &entry.parts {
        if !heading.is_empty() {
            out.push_str(&format!("\n## {heading}\n"));
        }
        if !text.is_empty() {
            out.push_str(&format!("\n{text}\n"));
        }
    }
    out
}

/// `checkout pool 0.82 POST /orders`.
fn mark_shown(mark: &Mark) -> String {
    let place = mark.place.as_deref().map(|p| format!(" {p}")).unwrap_or_default();
    format!("{} {} {}{place}", mark.service, mark.fault, mark.score)
}

fn mark_read(text: &str) -> Option<Mark> {
    let mut words = text.splitn(4, ' ');
    let (service, fault) = (words.next()?, words.next()?);
    let score: f64 = words.next()?.parse().ok()?;
    let fits = !service.is_empty() && !fault.is_empty() && (0.0..=1.0).contains(&score);
    let place = words.next().map(Into::into);
    fits.then(|| Mark { service: service.into(), fault: fault.into(), score, place })
}

/// Reads an entry. `name` is the file's name without its ending: it names entries that do not say who they are.
pub fn parse(name: &str, text: &str) -> (Entry, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut entry = Entry { id: name.into(), ..Entry::default() };
    let body = match front::split(text) {
        Some((head, body, _)) => {
            let fields = front::read(head, &mut problems);
            take(&mut entry, fields, &mut problems);
            body
        }
        None => {
            problems.push(problem(1, "there is no front matter between two lines `---`: only its words are used"));
            text
        }
    };
    read_body(&mut entry, body);
    if entry.title.is_empty() {
        entry.title = name.replace('-', " ");
        problems.push(problem(1, "there is no title: a line `# what happened`"));
    }
    if entry.kind == Kind::Retraction && entry.of.is_none() {
        problems.push(problem(1, "a retraction says in `of` which entry does not hold: nothing is retracted"));
    }
    (entry, problems)
}

fn problem(line: u32, says: &str) -> Problem {
    Problem::new(ProblemKind::Syntax, says, Some(Span::at(line, 1)))
}

fn take(entry: &mut Entry, fields: Vec<Field>, problems: &mut Vec<Problem>) {
    let mut said_kind = false;
    for Field { key, values, line } in fields {
        let first = || values.first().filter(|v| !v.is_empty()).cloned();
        let small = || first().map(SmolStr::from);
        let smalls = || values.iter().filter(|v| !v.is_empty()).map(SmolStr::from).collect::<Vec<_>>();
        let mut wrong = |says: String| problems.push(problem(line, &says));
        match key.as_str() {
            "seam" => match first().and_then(|v| v.parse::<u32>().ok()) {
                Some(version) if version <= FORMAT => {}
                Some(version) => {
                    wrong(format!("written in version {version} of the format; this program knows {FORMAT}"))
                }
                None => wrong("`seam` is the version of the format, a number".to_owned()),
            },
            "id" => match small().filter(|id| is_id(id)) {
                Some(id) => entry.id = id,
                None => wrong("`id` has small letters, digits and hyphens only; the file's name is used".to_owned()),
            },
            "kind" => {
                said_kind = true;
                match first().as_deref().and_then(Kind::of) {
                    Some(kind) => entry.kind = kind,
                    None => {
                        let all = Kind::ALL.map(Kind::word).join(", ");
                        wrong(format!("there is no kind `{}`: one of {all}", first().unwrap_or_default()));
                    }
                }
            }
            "date" => {
                entry.date = small().unwrap_or_default();
                if day(&entry.date).is_none() {
                    wrong("`date` begins like `2024-05-01`; the entry counts as old".to_owned());
                }
            }
            "of" => entry.of = small(),
            "replaces" => entry.replaces = small(),
            "verdict" => {
                entry.verdict = first().as_deref().and_then(Verdict::of);
                if entry.verdict.is_none() {
                    wrong("`verdict` is confirmed or refuted".to_owned());
                }
            }
            "fault" => entry.fault = small(),
            "place" => entry.place = small(),
            "rule" => entry.rule = small(),
            "finding" => entry.finding = small().map(Key),
            "said" => entry.said = first(),
            "commit" => entry.commit = small(),
            "source" => entry.source = first(),
            "weight" => {
                entry.weight = first().and_then(|v| v.parse().ok()).filter(|w| (0.0..=1.0).contains(w));
                if entry.weight.is_none() {
                    wrong("`weight` is a number from 0 to 1".to_owned());
                }
            }
            "half-life" => {
                entry.half_life = first().and_then(|v| v.parse().ok()).filter(|d| *d > 0);
                if entry.half_life.is_none() {
                    wrong("`half-life` is a number of days".to_owned());
                }
            }
            "services" => entry.services = smalls(),
            "scope" => entry.scope = smalls(),
            "cause" => entry.cause = smalls().into_iter().map(Key).collect(),
            "templates" => entry.templates = values,
            "marks" => {
                for value in &values {
                    match mark_read(value) {
                        Some(mark) => entry.marks.push(mark),
                        None => wrong(format!("`{value}` is no mark: service, kind of fault, score, place")),
                    }
                }
            }
            _ => {
                entry.other.insert(key, values);
            }
        }
    }
    if !said_kind {
        problems.push(problem(1, "`kind` is not said: taken for an incident"));
    }
}

/// Title and headings; what stands in fences is no heading.
fn read_body(entry: &mut Entry, body: &str) {
    let (mut heading, mut text) = (String::new(), String::new());
    let mut fenced = false;
    for line in body.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let title = line.strip_prefix("# ").filter(|_| !fenced && entry.title.is_empty());
        let next = line.strip_prefix("## ").filter(|_| !fenced);
        match (title, next) {
            (Some(title), _) => entry.title = title.trim().to_owned(),
            (None, Some(next)) => {
                push(entry, &mut heading, &mut text);
                heading = next.trim().to_owned();
            }
            (None, None) => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    push(entry, &mut heading, &mut text);
}

fn push(entry: &mut Entry, heading: &mut String, text: &mut String) {
    let (heading, text) = (std::mem::take(heading), std::mem::take(text));
    let text = text.trim();
    if !heading.is_empty() || !text.is_empty() {
        entry.parts.push((heading, text.to_owned()));
    }
}
