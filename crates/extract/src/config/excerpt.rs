//! Text of the workspace as it may be shown: lines of a file with the secrets in them replaced.
//!
//! Invariant: as many lines as before, so that places stay true. What a key's name, an address or a value's own looks tell is
//! replaced, even where it hides something harmless: an excerpt may be read by anybody.

use super::secret::{MASKED, is_secret_key, looks_secret, may_name_secret, text_without};
use crate::lang;

/// The text of a file, line by line without secrets.
pub fn excerpt(path: &str, text: &str) -> String {
    let code = lang::of_path(path).is_some();
    let mut out = String::with_capacity(text.len());
    // A key that is told on one line (`name: DB_PASSWORD`), its value on the next.
    let mut named = false;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let mut shown = content.to_owned();
        let start = content.trim_start().trim_start_matches(['"', '\'']);
        if named && start.get(.."value".len()).is_some_and(|s| s.eq_ignore_ascii_case("value")) {
            hide_after(&mut shown, content.len() - content.trim_start().len() + "value".len(), false);
        }
        let may = may_name_secret(content);
        named = may && !code && is_secret_key(told(content));
        if may {
            keys(&mut shown, code);
        }
        out.push_str(&words(&text_without(&shown)));
        out.push_str(&line[content.len()..]);
    }
    out
}

/// The key that a line tells for the next one: `- name: DB_PASSWORD`, `"name": "DB_PASSWORD",`.
fn told(line: &str) -> &str {
    let line = line.trim().trim_start_matches("- ").trim_start_matches(['"', '\'']);
    let after = line.strip_prefix("name").or_else(|| line.strip_prefix("key"));
    after.map_or("", |rest| rest.trim_start_matches(['"', '\'', ':', '=', ' ']).trim_end_matches([',', '"', '\'', ' ']))
}

/// Hides what stands after each secret-looking key of a line.
fn keys(line: &mut String, code: bool) {
    // A recipe sets a variable with a blank between.
    let blank = line.trim_start().starts_with("ENV ") || line.trim_start().starts_with("ARG ");
    let mut at = 0;
    while let Some(start) = line[at..].find(is_part).map(|i| at + i) {
        let end = line[start..].find(|c| !is_part(c)).map_or(line.len(), |i| start + i);
        at = end;
        let flow = line[start..end].trim_start_matches(['-', '.']);
        if is_secret_key(flow) {
            at = if blank && line[end..].starts_with(' ') {
                replace(line, end + 1, line.len())
            } else {
                hide_after(line, end, code)
            };
        }
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Hides the value after the separator that follows a key; gives the place behind it. In code, where a name may be
/// followed by a type or a call, only what stands in quotes is a value.
fn hide_after(line: &mut String, key_end: usize, code: bool) -> usize {
    let rest = &line[key_end..];
    let after_quote = rest.trim_start_matches(['"', '\'', ']', ')', ' ']);
    let Some(value) = after_quote.strip_prefix([':', '=', ',']) else { return key_end };
    let value = value.trim_start_matches(['=', '>', ' ']);
    let start = line.len() - value.len();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let end = match quote {
        Some(quote) => value[1..].find(quote).map_or(line.len(), |i| start + 1 + i),
        None if code => return start,
        // Flow style and lists of assignments end a value within the line.
        None => value.find([',', '}', ';', '"', '\'']).map_or(line.len(), |i| start + i),
    };
    let start = start + usize::from(quote.is_some());
    replace(line, start, end)
}

/// Replaces a value, unless it is a reference, or says nothing.
fn replace(line: &mut String, start: usize, end: usize) -> usize {
    let value = line[start..end].trim();
    let reference = value.starts_with(['$', '{', '&', '*', '|', '>', '[', '<', '#']);
    if value.is_empty() || reference || matches!(value, "true" | "false" | "null" | "~") {
        return end;
    }
    line.replace_range(start..end, MASKED);
    start + MASKED.len()
}

/// No shorter word looks like a secret.
const SHORTEST: usize = 10;

/// Words that are secrets by their looks, whatever they are called.
fn words(line: &str) -> String {
    let separates = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '(' | ')');
    let mut out = String::with_capacity(line.len());
    if !line.split(separates).any(|word| word.len() >= SHORTEST) {
        return line.to_owned();
    }
    for word in line.split_inclusive(separates) {
        let bare = word.trim_end_matches(separates);
        let value = bare.rfind('=').map_or(bare, |i| &bare[i + 1..]);
        if !value.is_empty() && looks_secret(value) {
            out.push_str(&bare[..bare.len() - value.len()]);
            out.push_str(MASKED);
            out.push_str(&word[bare.len()..]);
        } else {
            out.push_str(word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    fn hides(path: &str, text: &str, expected: &str) {
        assert_eq!(excerpt(path, text), expected);
    }

    #[test]
    fn values_of_secret_keys_are_replaced_in_configuration() {
        hides("compose.yaml", "      - DB_PASSWORD=hunter2\n", "      - DB_PASSWORD=***\n");
        hides("compose.yaml", "      DB_PASSWORD: hunter2 # old\r\n", "      DB_PASSWORD: ***\r\n");
        hides("compose.yaml", "  env: { DB_PASSWORD: hunter2, MODE: fast }", "  env: { DB_PASSWORD: ***, MODE: fast }");
        hides("k.yaml", "- name: DB_PASSWORD\n  value: hunter2\n", "- name: DB_PASSWORD\n  value: ***\n");
        hides("a.json", "\"apiKey\": \"abc\", \"mode\": \"x\"", "\"apiKey\": \"***\", \"mode\": \"x\"");
        hides("Dockerfile", "ENV DB_PASSWORD hunter2", "ENV DB_PASSWORD ***");
        hides("a.properties", "spring.datasource.password=hunter2", "spring.datasource.password=***");
    }

    #[test]
    fn addresses_and_tokens_are_replaced_everywhere() {
        hides("a.py", "connect(\"postgres://app:pw@db/x\")", "connect(\"postgres://app:***@db/x\")");
        let token = ["ghp_a8Fk2Lq9Zx4V", "b7Nm1Pw6RtT5yU3"].concat();
        hides("a.yaml", &format!("X: {token}\n"), "X: ***\n");
        hides("a.go", "password := \"hunter2\"", "password := \"***\"");
    }

    #[test]
    fn references_types_and_calls_stay() {
        for (path, line) in [
            ("compose.yaml", "DB_PASSWORD: ${DB_PASSWORD}"),
            ("compose.yaml", "TOKEN_URL: http://auth/token"),
            ("compose.yaml", "      MODE: fast"),
            ("a.ts", "function login(password: string, token: Token) {"),
            ("a.py", "token = make_token(user)"),
            ("k.yaml", "- name: MODE\n  value: fast\n"),
        ] {
            hides(path, line, line);
        }
    }
}
