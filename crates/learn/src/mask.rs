//! What must not be remembered: personal data and secrets, replaced before an entry exists.
//!
//! Invariant: as much of a text stays as can be told apart from what is hidden; what is replaced is counted by kind, so that who writes
//! sees what was taken out. Values of secret-looking keys and tokens are hidden by whoever knows configuration; here stand
//! the looks that prose has: addresses of people and machines, numbers of cards and accounts, who was on call.

use std::collections::BTreeMap;

/// A text without them, and how many of which kind were replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masked {
    pub text: String,
    pub hidden: BTreeMap<&'static str, usize>,
}

/// Hides personal data, and secrets that prose shows.
pub fn mask(text: &str) -> Masked {
    let mut out = Masked { text: String::with_capacity(text.len()), hidden: BTreeMap::new() };
    let mut in_key = false;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        let (begins, ends) = (bare.contains("-----BEGIN") && bare.contains("KEY"), bare.contains("-----END"));
        if in_key || begins {
            if begins {
                out.text.push_str("<private key>");
                out.text.push_str(&line[bare.len()..]);
                hide(&mut out, "private key");
            }
            in_key = !ends;
            continue;
        }
        let shown = person(bare, &mut out);
        words(&shown, &mut out);
        out.text.push_str(&line[bare.len()..]);
    }
    out
}

fn hide(out: &mut Masked, kind: &'static str) {
    *out.hidden.entry(kind).or_default() += 1;
}

/// Headings of post-mortems after which names of people stand.
const PEOPLE: &[&str] = &[
    "author",
    "authors",
    "owner",
    "owners",
    "reporter",
    "reported by",
    "on-call",
    "on call",
    "oncall",
    "incident commander",
    "commander",
    "responder",
    "responders",
    "participants",
    "attendees",
    "scribe",
    "assignee",
    "reviewer",
    "reviewers",
    "contact",
    "customer name",
    "username",
    "user name",
    "phone",
    "engineer",
    "written by",
];

/// `Author: Jane Doe` without whom it names.
fn person(line: &str, out: &mut Masked) -> String {
    let Some((key, value)) = line.split_once(':') else { return line.to_owned() };
    let bare = key.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    let value_says = !value.trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
    if PEOPLE.contains(&bare.as_str()) && value_says {
        hide(out, "name");
        return format!("{key}: <name>");
    }
    line.to_owned()
}

fn words(line: &str, out: &mut Masked) {
    let numbers = numbers(line);
    let mut at = 0;
    for (start, end, kind) in numbers {
        plain_words(&line[at..start], out);
        out.text.push_str(&format!("<{kind}>"));
        hide(out, kind);
        at = end;
    }
    plain_words(&line[at..], out);
}

fn plain_words(text: &str, out: &mut Masked) {
    let separates = |c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '(' | ')' | '<' | '>' | '[' | ']' | '|')
    };
    // A word after `password is`, `token:` … says what it should not.
    let mut told = 0_u8;
    for word in text.split_inclusive(separates) {
        let bare = word.trim_end_matches(separates);
        let rest = &word[bare.len()..];
        let lower = bare.to_ascii_lowercase();
        if bare.is_empty() {
            out.text.push_str(word);
            continue;
        }
        if let Some((kind, shown)) = looks(bare) {
            out.text.push_str(&shown);
            out.text.push_str(rest);
            hide(out, kind);
            told = 0;
            continue;
        }
        let value = bare.len() >= 4 && bare.chars().any(|c| c.is_ascii_digit()) && !bare.starts_with('$');
        if told > 0 && value {
            out.text.push_str("***");
            out.text.push_str(rest);
            hide(out, "secret");
            told = 0;
            continue;
        }
        let key = lower.trim_end_matches([':', '=']);
        let secret =
            ["password", "passwd", "passphrase", "secret", "token", "apikey", "credential", "pin"].contains(&key);
        let joins = matches!(key, "is" | "was" | "were" | "=" | "to" | "" | "with" | "for" | "of" | "the");
        told = if secret {
            3
        } else if told > 0 && joins {
            told - 1
        } else {
            0
        };
        out.text.push_str(word);
    }
}

/// What a word is by its looks, and what stands in its place.
fn looks(word: &str) -> Option<(&'static str, String)> {
    let trimmed = word.trim_end_matches(['.', ':', '!', '?']);
    let tail = &word[trimmed.len()..];
    let told = |kind: &'static str| Some((kind, format!("<{kind}>{tail}")));
    let bare = trimmed.strip_prefix("mailto:").unwrap_or(trimmed);
    if is_mail(bare) {
        return told("mail");
    }
    if bare.len() > 40 && bare.starts_with("eyJ") && bare.split('.').count() == 3 {
        return told("token");
    }
    if let Some(address) = address(bare) {
        return Some(("ip", format!("{address}{tail}")));
    }
    // Of Linux, macOS and Windows.
    for (name, between) in [("home", '/'), ("Users", '/'), ("Users", '\\')] {
        let home = format!("{between}{name}{between}");
        if let Some((before, rest)) = bare.split_once(&home) {
            let name: String = rest.chars().take_while(|c| !matches!(c, '/' | '\\')).collect();
            let shared =
                name.is_empty() || matches!(name.as_str(), "app" | "node" | "runner" | "user" | "ubuntu" | "root");
            return (!shared).then(|| ("user", format!("{before}{home}<user>{}{tail}", &rest[name.len()..])));
        }
    }
    let handle = bare.strip_prefix('@').is_some_and(|h| {
        h.len() >= 3
            && h.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && h.chars().any(char::is_alphabetic)
    });
    // Annotations of Java and TypeScript have capitals, scopes of npm a slash.
    let annotation = bare.chars().nth(1).is_some_and(|c| c.is_ascii_uppercase());
    if handle && !annotation {
        return told("name");
    }
    None
}

fn is_mail(word: &str) -> bool {
    let Some((name, host)) = word.rsplit_once('@') else { return false };
    let ends = host.rsplit('.').next().unwrap_or_default();
    let plain = |t: &str| t.chars().all(|c| c.is_ascii_alphanumeric() || "._%+-".contains(c));
    !name.is_empty()
        && host.contains('.')
        && ends.len() >= 2
        && ends.chars().all(char::is_alphabetic)
        && plain(name)
        && plain(host)
}

/// An address of the internet without its last two parts; private ones say nothing of anybody.
fn address(word: &str) -> Option<String> {
    let (host, port) = match word.split_once(':') {
        Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => (host, format!(":{port}")),
        Some(_) => return None,
        None => (word, String::new()),
    };
    let parts: Vec<u8> = host.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [a, b, _, _] = parts.as_slice() else { return None };
    let private = matches!((a, b), (10 | 127 | 0, _) | (192, 168) | (172, 16..=31) | (169, 254) | (255, _));
    (!private).then(|| format!("{a}.{b}.<ip>{port}"))
}

/// Runs of digits with blanks and hyphens: cards by their checksum (Luhn, ISO/IEC 7812), accounts by theirs (ISO 13616), telephones
/// by their plus.
fn numbers(line: &str) -> Vec<(usize, usize, &'static str)> {
    let bytes = line.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let free = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] >= 128);
        let starts = bytes[at].is_ascii_digit() || bytes[at] == b'+' || bytes[at].is_ascii_uppercase();
        if !free || !starts {
            at += 1;
            continue;
        }
        let inner =
            |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase() || matches!(b, b' ' | b'-' | b'(' | b')' | b'.');
        let mut end = at + 1;
        while end < bytes.len() && inner(bytes[end]) {
            end += 1;
        }
        while end > at && !bytes[end - 1].is_ascii_alphanumeric() {
            end -= 1;
        }
        let whole = bytes.get(end).is_none_or(|b| !b.is_ascii_alphanumeric());
        let compact: String = line[at..end.max(at)].chars().filter(char::is_ascii_alphanumeric).collect();
        let digits = compact.bytes().all(|b| b.is_ascii_digit());
        let kind = match bytes[at] {
            b'+' if digits && (9..=15).contains(&compact.len()) => Some("phone"),
            b'0'..=b'9' if digits && (13..=19).contains(&compact.len()) && !stamp(&compact) && luhn(&compact) => {
                Some("card")
            }
            b'A'..=b'Z' if (15..=34).contains(&compact.len()) && iban(&compact) => Some("account"),
            _ => None,
        };
        match kind.filter(|_| whole) {
            Some(kind) => {
                out.push((at, end, kind));
                at = end;
            }
            // The next word may be one.
            None => {
                at += 1;
                while at < bytes.len() && bytes[at].is_ascii_alphanumeric() {
                    at += 1;
                }
            }
        }
    }
    out
}

/// Milliseconds or nanoseconds since 1970 in this century's first decades.
fn stamp(digits: &str) -> bool {
    (digits.len() == 13 || digits.len() == 16 || digits.len() == 19)
        && (digits.starts_with("16") || digits.starts_with("17") || digits.starts_with("18"))
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| u32::from(b - b'0') * (1 + (i as u32 & 1)))
        .map(|d| if d > 9 { d - 9 } else { d })
        .sum();
    sum.is_multiple_of(10) && digits.bytes().any(|b| b != b'0')
}

fn iban(text: &str) -> bool {
    let head = text.as_bytes();
    if !(head[0].is_ascii_uppercase()
        && head[1].is_ascii_uppercase()
        && head[2].is_ascii_digit()
        && head[3].is_ascii_digit())
    {
        return false;
    }
    let turned = text[4..].chars().chain(text[..4].chars());
    turned.fold(0_u32, |rest, c| match c.to_digit(36) {
        Some(d) if d >= 10 => (rest * 100 + d) % 97,
        Some(d) => (rest * 10 + d) % 97,
        None => 0,
    }) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_taken_out_and_counted() {
        for (text, expected) in [
            ("mail jane.doe@example.com, please", "mail <mail>, please"),
            ("Author: Jane Doe\n- **On-call:** Max", "Author: <name>\n- **On-call: <name>"),
            ("from 81.20.3.4:8080 to 10.0.0.7", "from 81.20.<ip>:8080 to 10.0.0.7"),
            ("card 4111 1111 1111 1111 was refused", "card <card> was refused"),
            ("account DE89 3704 0044 0532 0130 00.", "account <account>."),
            ("call +49 (151) 234-56789 now", "call <phone> now"),
            ("the password was hunter2!", "the password was ***"),
            ("see /srv/home/jane/x.log", "see /srv/home/<user>/x.log"),
            ("thanks @maxine", "thanks <name>"),
            ("a\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nb", "a\n<private key>\nb"),
        ] {
            let masked = mask(text);
            assert_eq!(masked.text, expected);
            assert!(!masked.hidden.is_empty(), "{text}");
        }
    }

    #[test]
    fn what_describes_the_failure_stays() {
        for text in [
            "GET /orders/{id} took 30 000 ms at 2024-05-01 10:00:00 on 10.0.0.7:5432",
            "1714557600000 spans, trace 4bf92f3577b34da6a3ce929d0e0e4736",
            "the token expired; @RestController; @types/node; v1.2.3.4-rc",
            "owner: the pool was drained by `checkout`".trim_start_matches("owner: "),
        ] {
            assert_eq!(mask(text).text, text);
        }
    }
}
