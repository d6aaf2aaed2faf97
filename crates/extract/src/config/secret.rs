//! Secrets are replaced before they become facts (in settings, connection strings, commands and code values alike).
//!
//! Invariant: a text of a secret-looking key never leaves this module; neither does a password within an address
//! (`://user:***@host`, `Password=***;`). Keys that only talk about a secret (where it is, how long it lives) are kept,
//! because they are addresses and limits.

use seam_facts::{Hole, Part, SmolStr, Value};

pub use seam_facts::secret::{is_secret_key, may_name_secret};
pub use seam_facts::{MASKED, MASKED_APART, MASKED_TOKEN, MASKED_TOKEN_APART};

/// A setting's value without secrets.
pub fn setting(key: &str, value: Value) -> Value {
    if is_secret_key(key) { hide(value) } else { clean(value) }
}

/// A hidden value that is not the one which most others of its file have under this key.
pub fn apart(value: Value) -> Value {
    match value.as_text().as_deref() {
        Some(MASKED) => Value::text(MASKED_APART),
        Some(MASKED_TOKEN) => Value::text(MASKED_TOKEN_APART),
        _ => value,
    }
}

/// All text replaced; holes stay (they name where the secret comes from), without defaults.
pub fn hide(value: Value) -> Value {
    let mut out = Value::default();
    for part in value.parts {
        match part {
            Part::Text(text) if matches!(text.as_str(), "true" | "false") => out.push_text(&text),
            Part::Text(text) => {
                if !matches!(out.parts.last(), Some(Part::Text(_))) {
                    out.push_text(if looks_secret(&text) { MASKED_TOKEN } else { MASKED });
                }
            }
            Part::Hole(hole) => out.push(Value::hole(match hole {
                Hole::Env { name, default } => Hole::Env { name, default: default.map(|d| Box::new(hide(*d))) },
                Hole::Config { key, default } => Hole::Config { key, default: default.map(|d| Box::new(hide(*d))) },
                Hole::Either(values) => Hole::Either(values.into_iter().map(hide).collect()),
                Hole::Opaque(_) => Hole::Opaque(MASKED.into()),
                hole @ (Hole::Ref(_) | Hole::Param { .. } | Hole::Result { .. }) => hole,
            })),
        }
    }
    out
}

/// The same for an entry that is encoded (base64): its looks are those of what is encoded.
pub fn hide_encoded(value: Value) -> Value {
    let real = value.as_text().and_then(|t| decoded(&t)).is_some_and(|t| looks_secret(&t));
    match value.as_text() {
        Some(text) if !text.is_empty() => Value::text(if real { MASKED_TOKEN } else { MASKED }),
        _ => hide(value),
    }
}

/// The text that a base64 text stands for, if it is text.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in text.trim().trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    String::from_utf8(out).ok()
}

/// How tokens of public services begin.
const TOKENS: &[&str] = &[
    "sk_",
    "sk-",
    "pk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xox",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "SG.",
    "ya29.",
    "hvs.",
    "npm_",
    "dop_v1_",
    "shpat_",
    "-----BEGIN",
    "Bearer ",
    "Basic ",
];

/// Whether a text is a secret by its own looks, whatever its key is called.
pub fn looks_secret(value: &str) -> bool {
    let value = value.trim();
    if TOKENS.iter().any(|t| value.starts_with(t) && value.len() > t.len() + 6) {
        return true;
    }
    // One long word of mixed letters and digits that no dictionary has.
    if value.len() < 20 || !value.chars().all(|c| c.is_ascii_alphanumeric() || "+/=_-.".contains(c)) {
        return false;
    }
    // Mostly the name of something; whether it is a key as well nobody can see.
    if is_uuid(value) {
        return false;
    }
    // An encoded placeholder is one.
    let plain = |t: &String| t.len() >= 8 && t.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if decoded(value).filter(plain).is_some_and(|t| !looks_secret(&t)) {
        return false;
    }
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    let longest = value.split(|c: char| !c.is_ascii_alphanumeric()).map(str::len).max().unwrap_or(0);
    digits >= 3 && letters >= 3 && longest >= 12 && changes(value) * 4 >= value.len()
}

/// Whether a text is a universally unique identifier (RFC 9562).
pub fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|p| p.len()).eq([8, 4, 4, 4, 12]) && parts.concat().chars().all(|c| c.is_ascii_hexdigit())
}

/// How often a letter follows a digit, capitals follow small letters, or the other way round.
fn changes(value: &str) -> usize {
    let kind = |c: char| (c.is_ascii_digit(), c.is_ascii_uppercase());
    let kinds: Vec<(bool, bool)> = value.chars().map(kind).collect();
    kinds.windows(2).filter(|w| w[0] != w[1]).count()
}

/// Passwords within addresses replaced, in texts and in the defaults of holes.
pub fn clean(value: Value) -> Value {
    let parts = value.parts.into_iter().map(|part| match part {
        Part::Text(text) => Part::Text(text_without(&text)),
        Part::Hole(hole) => Part::Hole(match hole {
            Hole::Env { name, default } => {
                let default = default.map(|d| Box::new(setting(&name, *d)));
                Hole::Env { name, default }
            }
            Hole::Config { key, default } => {
                let default = default.map(|d| Box::new(setting(&key, *d)));
                Hole::Config { key, default }
            }
            Hole::Either(values) => Hole::Either(values.into_iter().map(clean).collect()),
            Hole::Result { callee, args } => Hole::Result { callee, args: args.into_iter().map(clean).collect() },
            Hole::Opaque(text) => Hole::Opaque(text_without(&text)),
            hole @ (Hole::Ref(_) | Hole::Param { .. }) => hole,
        }),
    });
    Value { parts: parts.collect() }
}

/// `text` with passwords in addresses, connection strings and command-line options replaced.
pub fn text_without(text: &str) -> SmolStr {
    if !text.contains(['@', '=', ' ']) {
        return text.into();
    }
    let mut out = if text.contains('@') { user_info(text) } else { text.to_owned() };
    // Whole files go through here, and most lines hold nothing of that kind.
    if may_name_secret(text) {
        for name in NAMED {
            out = named(&out, name);
        }
    }
    out.into()
}

/// What precedes a secret in connection strings, query strings and commands, in lower case.
const NAMED: &[&str] = &[
    "password=",
    "passwd=",
    "pwd=",
    "accountkey=",
    "sharedaccesskey=",
    "secret=",
    "secretkey=",
    "access_token=",
    "token=",
    "apikey=",
    "api_key=",
    "--requirepass ",
    "--password ",
    "--pass ",
    "--secret ",
    "--token ",
];

/// Passwords before `@`: of URLs (`://user:pass@`), and of Go's data source names (`user:pass@tcp(…)`).
fn user_info(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find("://") {
        let (before, after) = rest.split_at(found + 3);
        out.push_str(before);
        let end =
            after.find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace()).unwrap_or(after.len());
        let authority = &after[..end];
        match authority.rfind('@').and_then(|at| Some((at, authority[..at].find(':')?))) {
            Some((at, colon)) => {
                out.push_str(&authority[..=colon]);
                out.push_str(MASKED);
                out.push_str(&authority[at..]);
            }
            None => out.push_str(authority),
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    for network in ["@tcp(", "@unix(", "@("] {
        let Some(at) = out.find(network) else {
            continue;
        };
        let start = out[..at].rfind(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/')).map_or(0, |i| i + 1);
        if let Some(colon) = out[start..at].find(':') {
            out.replace_range(start + colon + 1..at, MASKED);
        }
    }
    out
}

fn named(text: &str, name: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (found, _) in lower.match_indices(name) {
        let start = found + name.len();
        if start < done {
            continue;
        }
        let end = lower[start..]
            .find(|c: char| matches!(c, ';' | '&' | '"' | '\'' | ',' | ')' | '}') || c.is_whitespace())
            .map_or(text.len(), |e| start + e);
        out.push_str(&text[done..start]);
        // A reference to a variable is not the secret.
        let secret = &text[start..end];
        out.push_str(if secret.is_empty() || secret.starts_with('$') { secret } else { MASKED });
        done = end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_passwords_within_addresses() {
        let check = |text: &str, expected: &str| assert_eq!(text_without(text), expected);
        check("postgres://app:s3cret@db:5432/x", "postgres://app:***@db:5432/x");
        check("amqp://guest@mq, redis://:pw@cache/0", "amqp://guest@mq, redis://:***@cache/0");
        check("Server=db;Password=xy;Pwd=z", "Server=db;Password=***;Pwd=***");
        check("root:pw@tcp(db:3306)/x", "root:***@tcp(db:3306)/x");
        check("redis-server --requirepass hunter2 --port 1", "redis-server --requirepass *** --port 1");
        assert_eq!(setting("X_TOKEN", Value::env("T", Some("abc".into()))).to_string(), "${env:T|***}");
        assert_eq!(setting("X_SECRET", "abc".into()).to_string(), MASKED);
        let token = ["ghp_a8Fk2Lq9Zx4V", "b7Nm1Pw6RtT5yU3"].concat();
        assert_eq!(setting("X_TOKEN", token.as_str().into()).to_string(), MASKED_TOKEN);
        assert_eq!(setting("X_TOKEN", "change-me-to-something-long".into()).to_string(), MASKED);
    }

    #[test]
    fn encoded_entries_look_like_what_they_encode() {
        assert_eq!(decoded("aHVudGVyMg=="), Some("hunter2".to_owned()));
        assert!(!looks_secret("PHlvdXItc2VjcmV0LXRva2VuLWhlcmU+"));
        assert_eq!(hide_encoded("aHVudGVyMg==".into()).to_string(), MASKED);
        assert_eq!(hide_encoded("YThGazJMcTlaeDRWYjdObTFQdzZSdA==".into()).to_string(), MASKED_TOKEN);
    }
}
