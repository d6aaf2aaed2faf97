//! Which keys name a secret: of settings, of columns, of parameters.
//!
//! Invariant: keys that only talk about a secret (where it is, how long it lives) name none: they are addresses and limits.

const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "api.key",
    "privatekey",
    "private_key",
    "private-key",
    "credential",
    "accesskey",
    "access_key",
    "access-key",
    "signingkey",
    "signing_key",
    "signing-key",
    "encryptionkey",
    "encryption_key",
    "encryption-key",
    "cookie_key",
    "license_key",
    "accountkey",
];

/// Last words of keys that name something about a secret, not the secret.
const ABOUT: &[&str] = &[
    "url",
    "uri",
    "host",
    "port",
    "endpoint",
    "address",
    "addr",
    "file",
    "path",
    "name",
    "dir",
    "issuer",
    "audience",
    "ttl",
    "expiry",
    "expiration",
    "expires",
    "lifetime",
    "timeout",
    "duration",
    "validity",
    "seconds",
    "minutes",
    "hours",
    "enabled",
    "required",
    "length",
    "header",
    "type",
    "algorithm",
    "prefix",
    "server",
    "service",
    "interval",
    "store",
];

/// Whether values of this key are to be hidden.
pub fn is_secret_key(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let last = key_tail(key);
    if ABOUT.contains(&last.as_str()) {
        return false;
    }
    let words: Vec<&str> = lower.split(['_', '-', '.', ':', '/']).collect();
    SECRET_WORDS.iter().any(|w| lower.contains(w))
        || words.iter().any(|w| matches!(*w, "pwd" | "pass" | "pw" | "dsnkey"))
}

/// How everything begins that [`is_secret_key`] looks for.
const BEGINNINGS: &[&str] = &[
    "pass",
    "pwd",
    "pw",
    "secret",
    "token",
    "api",
    "private",
    "credential",
    "access",
    "sign",
    "encrypt",
    "cookie",
    "license",
    "account",
    "dsnkey",
];

/// Whether there may be a secret key somewhere in a text: a look that costs little, and misses none.
pub fn may_name_secret(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|at| {
        matches!(bytes[at] | 0x20, b'p' | b's' | b't' | b'a' | b'c' | b'e' | b'l' | b'd')
            && BEGINNINGS
                .iter()
                .any(|b| bytes[at..].get(..b.len()).is_some_and(|t| t.eq_ignore_ascii_case(b.as_bytes())))
    })
}

/// The last word of `SOME_KEY`, `some.key`, `someKey`, lower case.
fn key_tail(key: &str) -> String {
    let part = key.rsplit(['_', '-', '.', ':', '/']).next().unwrap_or(key);
    let start = part
        .char_indices()
        .rev()
        .find(|(i, c)| c.is_ascii_uppercase() && part[..*i].ends_with(|p: char| p.is_ascii_lowercase()))
        .map_or(0, |(i, _)| i);
    part[start..].to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_secret_keys() {
        for key in [
            "DB_PASSWORD",
            "spring.datasource.password",
            "jwtSecret",
            "API_KEY",
            "GITHUB_TOKEN",
            "redis.pwd",
            "PG_PASS",
        ] {
            assert!(is_secret_key(key) && may_name_secret(&format!("the {key}: ")), "{key}");
        }
        for word in SECRET_WORDS {
            assert!(may_name_secret(word), "{word}");
        }
        assert!(!may_name_secret("let total = orders.iter().map(|o| o.cents).sum();"));
        for key in
            ["TOKEN_URL", "tokenUri", "PASSWORD_FILE", "secretName", "COMPASS_HOST", "token.expiration", "BYPASS"]
        {
            assert!(!is_secret_key(key), "{key}");
        }
    }
}
