//! Tables in SQL text: which are read and which are written. Words are looked at, not parsed: text in code has holes.

use seam_facts::{AccessMode, SmolStr};

/// Tables with how they are used, in order of appearance; each once per mode.
pub fn tables(sql: &str) -> Vec<(SmolStr, AccessMode)> {
    let words: Vec<&str> =
        sql.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|w| !w.is_empty()).collect();
    let Some(first) = words.first().map(|w| w.trim_start_matches('(').to_ascii_uppercase()) else {
        return Vec::new();
    };
    const STARTS: &[&str] =
        &["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "CREATE", "MERGE", "TRUNCATE", "COPY", "UPSERT"];
    if !STARTS.contains(&first.as_str()) {
        return Vec::new();
    }
    let mut out: Vec<(SmolStr, AccessMode)> = Vec::new();
    let mut deleting = false;
    for (i, word) in words.iter().enumerate() {
        let upper = word.to_ascii_uppercase();
        let mode = match upper.as_str() {
            "DELETE" => {
                deleting = true;
                continue;
            }
            "FROM" if deleting => {
                deleting = false;
                AccessMode::Write
            }
            "FROM" | "JOIN" => AccessMode::Read,
            "INTO" | "TRUNCATE" => AccessMode::Write,
            "UPDATE" if i == 0 => AccessMode::Write,
            "TABLE" if first == "CREATE" => AccessMode::Declare,
            _ => continue,
        };
        let skipped = ["IF", "NOT", "EXISTS", "ONLY", "TABLE", "LOW_PRIORITY", "IGNORE"];
        let Some(name) = words[i + 1..].iter().find(|w| !skipped.contains(&w.to_ascii_uppercase().as_str())) else {
            continue;
        };
        let name = name.split('(').next().unwrap_or("").replace(['`', '"', '[', ']', '\''], "");
        let plain = !name.is_empty()
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$'))
            && !name.eq_ignore_ascii_case("select");
        if plain && !out.iter().any(|(n, m)| *n == name && *m == mode) {
            out.push((name.into(), mode));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_reads_from_writes() {
        let check = |sql: &str, expected: &[(&str, AccessMode)]| {
            let expected: Vec<_> = expected.iter().map(|(n, m)| (SmolStr::from(*n), *m)).collect();
            assert_eq!(tables(sql), expected);
        };
        check("SELECT a FROM orders o JOIN lines l", &[("orders", AccessMode::Read), ("lines", AccessMode::Read)]);
        check("INSERT INTO voucher(order_id) VALUES (1)", &[("voucher", AccessMode::Write)]);
        check("DELETE FROM `carts` WHERE id = 1", &[("carts", AccessMode::Write)]);
        check("CREATE TABLE IF NOT EXISTS shop.items (id int)", &[("shop.items", AccessMode::Declare)]);
        check("select the best from our shop", &[("our", AccessMode::Read)]);
        check("hello from here", &[]);
    }
}
