//! Log lines: plain ones and JSON ones, alone in a file or in a cell of a table.
//!
//! Invariant: any text is a line; what it does not say stays empty. A line that goes on (a stack trace) belongs to the one
//! before it. Time of day without a date needs a date from elsewhere and is no instant.

use crate::clock::{self, instant};
use crate::{Instant, Log, Name, Resource, Severity, SpanId, Telemetry, TraceId};
use seam_facts::{Problem, ProblemKind};

/// What one line says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    pub time: Option<Instant>,
    pub severity: Severity,
    pub logger: String,
    /// The source's line where the text gives it.
    pub line: u32,
    pub trace: TraceId,
    pub span: SpanId,
    pub service: String,
    /// What is left: the message.
    pub message: String,
}

/// Lines longer than this are cut.
const LONGEST: usize = 16 * 1024;

/// So many words are looked at for level, logger and identifiers.
const HEAD: usize = 14;

/// Reads one line.
pub fn parse(text: &str) -> Said {
    let text = crate::names::cut(text.trim(), LONGEST);
    if text.starts_with('{')
        && let Some(said) = json(text)
    {
        return said;
    }
    plain(text)
}

/// The level that a cell states, as a word or as a number.
pub fn severity(text: &str) -> Option<Severity> {
    Severity::of_word(text.trim()).or_else(|| text.trim().parse().ok().map(Severity::of_number))
}

fn json(text: &str) -> Option<Said> {
    // Only the first value: writers that were cut leave the rest of an older line behind it.
    let value = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>().next()?.ok()?;
    let object = value.as_object()?;
    let find = |names: &[&str]| {
        names.iter().find_map(|name| match object.get(*name)? {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let message = find(&["message", "msg", "log", "body", "Body", "event", "text", "short_message", "error"])?;
    // What collectors wrap is a line of its own.
    let inner = plain(message.trim());
    let time = find(&["timestamp", "@timestamp", "time", "ts", "Timestamp", "t", "datetime"]);
    let level = find(&["level", "severity", "severityText", "SeverityText", "log.level", "loglevel", "lvl"]);
    let trace = find(&["trace_id", "traceId", "traceID", "trace.id", "TraceId", "dd.trace_id", "otelTraceID"]);
    let span = find(&["span_id", "spanId", "spanID", "span.id", "SpanId", "dd.span_id", "otelSpanID"]);
    let logger = find(&["logger", "logger_name", "loggerName", "log.logger", "name", "caller", "category"]);
    let service = find(&["service", "service.name", "serviceName", "app", "application"]);
    let (logger, line) = match logger {
        Some(text) => placed(&text).unwrap_or((text, inner.line)),
        None => (inner.logger, inner.line),
    };
    Some(Said {
        time: time.and_then(|t| instant(&t, None)).or(inner.time),
        severity: level.and_then(|l| severity(&l)).unwrap_or(inner.severity),
        logger,
        line,
        trace: trace.map_or(inner.trace, |t| TraceId::of_text(&t)),
        span: span.map_or(inner.span, |s| SpanId::of_text(&s)),
        service: service.unwrap_or_default(),
        message: inner.message,
    })
}

fn plain(text: &str) -> Said {
    let mut said = Said::default();
    let mut rest = text;
    if let Some((time, after)) = leading_time(rest) {
        said.time = time;
        rest = after;
    }
    let mut start = rest;
    let mut levelled = false;
    for _ in 0..HEAD {
        let trimmed = start.trim_start();
        let Some(word) = trimmed.split_whitespace().next() else { break };
        let after = &trimmed[word.len()..];
        let bare = word.trim_matches(['[', ']', '(', ')', ':', ',', '|', '<', '>', '-']);
        if let Some(severity) = Severity::of_word(bare).filter(|_| !levelled) {
            said.severity = severity;
            levelled = true;
            rest = after;
        } else if let Some((place, line)) = placed(bare).filter(|_| said.line == 0 && said.message.is_empty()) {
            said.logger = place;
            said.line = line;
            rest = after;
        } else if let Some((named, value, after)) = identifier(word, after) {
            match named {
                Identifier::Trace => said.trace = TraceId::of_text(value),
                Identifier::Span => said.span = SpanId::of_text(value),
            }
            start = after;
            if bare.len() + 40 > word.len() {
                rest = after;
            }
            continue;
        } else if said.logger.is_empty() && levelled && is_class(bare) {
            said.logger = bare.into();
            rest = after;
        } else if levelled && bare.is_empty() {
            rest = after;
        } else if levelled {
            break;
        }
        start = after;
    }
    said.message = rest.trim_start_matches([' ', '\t', ':', '-', '|', ']']).trim_end().to_owned();
    said
}

enum Identifier {
    Trace,
    Span,
}

/// `TraceID: 4bf9…`, `trace_id=4bf9…`, `[traceId=4bf9…,`: what it is, its value, and what follows.
fn identifier<'t>(word: &'t str, after: &'t str) -> Option<(Identifier, &'t str, &'t str)> {
    let bare = word.trim_start_matches(['[', '(', '{', ',', '"']);
    let end = bare.find(['=', ':'])?;
    let plain: String = bare[..end].chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let named = match plain.as_str() {
        "traceid" | "trace" | "oteltraceid" | "ddtraceid" => Identifier::Trace,
        "spanid" | "span" | "otelspanid" | "ddspanid" => Identifier::Span,
        _ => return None,
    };
    let value = bare[end + 1..].trim_matches(['"', ',', ']', ')', '}']);
    if !value.is_empty() {
        return Some((named, value, after));
    }
    let trimmed = after.trim_start();
    let value = trimmed.split_whitespace().next()?;
    hexadecimal(value).then(|| (named, value, &trimmed[value.len()..]))
}

fn hexadecimal(text: &str) -> bool {
    text.len() >= 8 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `t.s.TravelServiceImpl#532`, `main.go:17`, `cart.py:40`: a place in the source.
fn placed(word: &str) -> Option<(String, u32)> {
    let (place, line) = word.rsplit_once(['#', ':'])?;
    let line: u32 = line.parse().ok().filter(|l| *l > 0)?;
    let hash = word.as_bytes().get(place.len()) == Some(&b'#');
    let named = place.bytes().any(|b| b.is_ascii_alphabetic()) && !place.contains("//") && place.len() <= 200;
    let file = place.rsplit_once('.').is_some_and(|(_, e)| {
        ["go", "py", "js", "ts", "rs", "rb", "java", "kt", "cs", "php", "cc", "cpp", "scala", "ex"].contains(&e)
    });
    (named && (hash || file)).then(|| (place.to_owned(), line))
}

/// `com.example.cart.CartService`, `o.a.c.c.C`: what Java, .NET and Python call loggers.
fn is_class(word: &str) -> bool {
    word.contains('.')
        && word.len() <= 200
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'[' | b']' | b'/'))
        && word.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
}

/// The instant at the front of a line (none for a mere time of day), and what follows.
fn leading_time(text: &str) -> Option<(Option<Instant>, &str)> {
    // What follows a bracket may be a blank.
    let front = text.trim_start_matches(['[', '(']).trim_start();
    let first = front.split_whitespace().next()?;
    let bare = first.trim_end_matches([']', ')', ',', '|']);
    let after = &front[first.len()..];
    if let Some(time) = instant(bare, None).filter(|_| bare.len() >= 15) {
        return Some((Some(time), after));
    }
    if bare.len() == 10 {
        // A date, and a clock behind it.
        let second = after.split_whitespace().next()?;
        let clock = second.trim_end_matches([']', ')', ',', '|']);
        let time = instant(&format!("{bare} {clock}"), None)?;
        let at = after.len() - after.trim_start().len() + second.len();
        return Some((Some(time), &after[at..]));
    }
    (bare.len() >= 8 && bare.as_bytes().get(2) == Some(&b':') && clock::time_of_day(bare).is_some())
        .then_some((None, after))
}

/// Whether a line continues the one before it.
fn continues(line: &str) -> bool {
    line.starts_with([' ', '\t'])
        || ["Caused by", "at ", "... ", "Traceback", "goroutine ", "}"].iter().any(|w| line.starts_with(w))
}

/// The service whose log or metrics a file holds, from its name: `logs/cart-6f6cfc45b-h5m2n.log` is `cart`.
pub fn service_of_path(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    let stem = ["_metric", "_metrics", "-metrics", "_log", "_logs", "-log"]
        .iter()
        .fold(stem, |s, w| s.strip_suffix(w).unwrap_or(s));
    crate::pods::service(stem)
}

/// Reads a file of lines.
pub fn read(bytes: &[u8], path: &str, service: Option<&str>, into: &mut Telemetry) -> Vec<Problem> {
    let text = String::from_utf8_lossy(bytes);
    let named = service.unwrap_or_else(|| service_of_path(path)).to_owned();
    let (mut untimed, mut last, mut full) = (0u64, None, 0u64);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        let mut whole = std::borrow::Cow::Borrowed(line);
        while let Some(next) = lines.next_if(|l| continues(l)) {
            if whole.len() + next.len() < LONGEST {
                let whole = whole.to_mut();
                whole.push('\n');
                whole.push_str(next);
            }
        }
        let said = parse(&whole);
        // A line without an instant happened when the one before it did.
        let Some(time) = said.time.or(last) else {
            untimed += 1;
            continue;
        };
        last = Some(time);
        let service = if said.service.is_empty() { named.as_str() } else { said.service.as_str() };
        let service = into.names.intern(service);
        let resource = into.resource(Resource { service, ..Resource::default() });
        let logger = if said.logger.is_empty() { Name::NONE } else { into.names.intern(&said.logger) };
        let event = into.event(logger, said.line, said.severity, &said.message);
        let log = Log { time, resource, trace: said.trace, span: said.span, severity: said.severity, event };
        full += u64::from(!into.logs.push(log));
    }
    let mut problems = Vec::new();
    if untimed > 0 {
        problems.push(Problem::new(
            ProblemKind::Syntax,
            format!("{untimed} lines left out: no instant before or in them"),
            None,
        ));
    }
    if full > 0 {
        problems.push(Problem::new(ProblemKind::Limit, format!("{full} lines left out: no room for more"), None));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_behind_a_bracket_moves_nothing() {
        // Once cut in the middle of a character.
        parse("(\u{c}\u{fffd}\u{10}\u{fffd}");
        assert_eq!(
            parse("( 2024-05-01T10:00:00Z WARN no stock").message,
            parse("(2024-05-01T10:00:00Z WARN no stock").message
        );
    }

    #[test]
    fn reads_lines_as_frameworks_write_them() {
        let said = parse(
            "16:48:42.424 INFO  t.s.TravelServiceImpl#532 TraceID: 49a51828322183eb20bfe4ace3060000 SpanID: 083e5d40259e7999 [route][Get]",
        );
        assert_eq!((said.logger.as_str(), said.line, said.severity), ("t.s.TravelServiceImpl", 532, Severity::Info));
        assert_eq!(said.span, SpanId::of_text("083e5d40259e7999"));
        assert_eq!(said.message, "[route][Get]");
        let said = parse("2024-05-01 10:00:00,123 [main] WARN  com.example.cart.CartService - no stock for 17");
        assert_eq!((said.logger.as_str(), said.severity), ("com.example.cart.CartService", Severity::Warn));
        assert_eq!(said.time.map(clock::shown).as_deref(), Some("2024-05-01 10:00:00"));
        assert_eq!(said.message, "no stock for 17");
        let said = parse(
            r#"{"level":"error","ts":1714557600.5,"caller":"main.go:17","msg":"dial failed","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}"#,
        );
        assert_eq!((said.logger.as_str(), said.line, said.severity), ("main.go", 17, Severity::Error));
        assert_eq!(said.message, "dial failed");
        assert!(said.time.is_some() && !said.trace.is_none());
    }

    #[test]
    fn keeps_the_first_of_two_torn_json_lines() {
        let said =
            parse(r#"{"log":"18:06:03.361 INFO  u.c.UserController#48 hello\n","stream":"stdout"}ance][time]\n""#);
        assert_eq!((said.logger.as_str(), said.line), ("u.c.UserController", 48));
        assert_eq!(said.message, "hello");
    }

    #[test]
    fn a_stack_trace_is_one_line_and_no_instant_means_the_one_before() {
        let mut telemetry = Telemetry::default();
        let text = "lost\n2024-05-01T10:00:00Z ERROR boom\njava.lang.X\n\tat a.B.c(B.java:3)\nCaused by: y\n";
        let problems = read(text.as_bytes(), "logs/cart-0.log", None, &mut telemetry);
        assert_eq!(problems.len(), 1);
        assert_eq!(telemetry.logs.rows().len(), 2);
        let service = telemetry.service(telemetry.logs.rows()[0].resource);
        assert_eq!(telemetry.text(service), "cart");
    }
}
