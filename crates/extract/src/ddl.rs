//! Statements that change or declare the form of stored data, as SQL text says it. Words are looked at, not parsed: what is not
//! understood says nothing.

use seam_facts::{Alter, AlterKind, SmolStr};

/// A statement's part, and the line that it stands on, counted from 0.
pub type Altered = (Alter, u32);

/// Longest text that is looked at: longer ones are dumps of data.
const MOST: usize = 400_000;

#[derive(Clone, Debug)]
struct Token {
    text: String,
    line: u32,
    /// Quoted as an identifier, so no keyword.
    quoted: bool,
}

impl Token {
    fn is(&self, word: &str) -> bool {
        !self.quoted && self.text.eq_ignore_ascii_case(word)
    }
}

/// What a script changes, from its top to where it says how to undo it.
pub fn altered(sql: &str) -> Vec<Altered> {
    let mut out = Vec::new();
    if sql.len() > MOST {
        return out;
    }
    let tokens = tokens(sql);
    for statement in tokens.split(|t| t.text == ";" && !t.quoted) {
        self::statement(statement, &mut out);
    }
    out
}

fn undoes(comment: &str) -> bool {
    let comment = comment.to_ascii_lowercase();
    ["+goose down", "migrate:down", "+migrate down", "-- down", "@undo"].iter().any(|w| comment.contains(w))
}

fn tokens(sql: &str) -> Vec<Token> {
    let bytes: Vec<char> = sql.chars().collect();
    let mut out = Vec::new();
    let (mut i, mut line) = (0, 0);
    while i < bytes.len() {
        let c = bytes[i];
        let next = bytes.get(i + 1).copied().unwrap_or(' ');
        match c {
            '\n' => line += 1,
            '-' if next == '-' => {
                let end = bytes[i..].iter().position(|c| *c == '\n').map_or(bytes.len(), |n| i + n);
                let comment: String = bytes[i..end].iter().collect();
                if undoes(&comment) {
                    return out;
                }
                i = end;
                continue;
            }
            '#' => {
                i = bytes[i..].iter().position(|c| *c == '\n').map_or(bytes.len(), |n| i + n);
                continue;
            }
            '/' if next == '*' => {
                while i < bytes.len() && !(bytes[i] == '*' && bytes.get(i + 1) == Some(&'/')) {
                    line += u32::from(bytes[i] == '\n');
                    i += 1;
                }
                i += 2;
                continue;
            }
            // The bodies of functions are run later.
            '$' if next == '$' => {
                i += 2;
                while i < bytes.len() && !(bytes[i] == '$' && bytes.get(i + 1) == Some(&'$')) {
                    line += u32::from(bytes[i] == '\n');
                    i += 1;
                }
                i += 2;
                continue;
            }
            '\'' | '"' | '`' | '[' => {
                let close = if c == '[' { ']' } else { c };
                let started = line;
                let mut text = String::new();
                i += 1;
                while i < bytes.len() && bytes[i] != close {
                    line += u32::from(bytes[i] == '\n');
                    text.push(bytes[i]);
                    i += 1;
                }
                if c == '\'' {
                    text = "'".to_owned();
                }
                out.push(Token { text, line: started, quoted: true });
            }
            c if c.is_alphanumeric() || c == '_' || c == '{' || c == '$' => {
                let start = i;
                while i < bytes.len() && (bytes[i].is_alphanumeric() || matches!(bytes[i], '_' | '$' | '{' | '}')) {
                    i += 1;
                }
                out.push(Token { text: bytes[start..i].iter().collect(), line, quoted: false });
                continue;
            }
            c if c.is_whitespace() => {}
            c => out.push(Token { text: c.to_string(), line, quoted: false }),
        }
        i += 1;
    }
    out
}

fn statement(tokens: &[Token], out: &mut Vec<Altered>) {
    // `IF OBJECT_ID('t') IS NULL CREATE TABLE t (…)`.
    let tokens = match tokens.iter().position(|t| t.is("CREATE")) {
        Some(at) if tokens[0].is("IF") => &tokens[at..],
        _ => tokens,
    };
    let word = |i: usize, w: &str| tokens.get(i).is_some_and(|t| t.is(w));
    if word(0, "CREATE") {
        let at = tokens.iter().take(6).position(|t| t.is("TABLE") || t.is("INDEX"));
        match at {
            Some(at) if tokens[at].is("TABLE") => create(tokens, at + 1, out),
            Some(at) => index(tokens, at, out),
            None => {}
        }
    } else if word(0, "ALTER") && word(1, "TABLE") {
        let Some((table, line, next)) = named(tokens, 2) else { return };
        for action in parts(&tokens[next..]) {
            self::action(&table, line, action, out);
        }
    } else if word(0, "DROP") && word(1, "TABLE") {
        for part in parts(&tokens[2..]) {
            if let Some((table, line, _)) = named(part, 0) {
                out.push((alter(&table, "", AlterKind::DropTable, ""), line));
            }
        }
    } else if word(0, "RENAME")
        && word(1, "TABLE")
        && let Some((table, line, next)) = named(tokens, 2)
        && let Some((to, ..)) = named(tokens, next + 1)
    {
        out.push((alter(&table, "", AlterKind::RenameTable, &to), line));
    }
}

fn alter(table: &str, column: &str, kind: AlterKind, to: &str) -> Alter {
    Alter { table: table.into(), column: column.into(), kind, to: SmolStr::from(to) }
}

/// A table's name without its schema, after words that do not name it; its line, and where the rest starts.
fn named(tokens: &[Token], mut at: usize) -> Option<(String, u32, usize)> {
    while tokens.get(at).is_some_and(|t| ["IF", "NOT", "EXISTS", "ONLY"].iter().any(|w| t.is(w))) {
        at += 1;
    }
    let mut token = tokens.get(at)?;
    while tokens.get(at + 1).is_some_and(|t| t.text == ".") {
        at += 2;
        token = tokens.get(at)?;
    }
    let plain =
        token.text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$')) && !token.text.is_empty();
    plain.then(|| (token.text.clone(), token.line, at + 1))
}

/// Parts between commas that stand in no parentheses.
fn parts(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut depth, mut start, mut out) = (0_i32, 0, Vec::new());
    for (i, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" if !token.quoted => depth += 1,
            ")" if !token.quoted => depth -= 1,
            "," if depth == 0 && !token.quoted => {
                out.push(&tokens[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    out.push(&tokens[start..]);
    out
}

fn has(tokens: &[Token], word: &str) -> bool {
    tokens.iter().any(|t| t.is(word))
}

fn has_in_a_row(tokens: &[Token], first: &str, second: &str) -> bool {
    tokens.windows(2).any(|w| w[0].is(first) && w[1].is(second))
}

/// The names in the first parentheses.
fn listed(tokens: &[Token]) -> String {
    let Some(open) = tokens.iter().position(|t| t.text == "(") else { return String::new() };
    let close = tokens[open..].iter().position(|t| t.text == ")").map_or(tokens.len(), |n| open + n);
    parts(&tokens[open + 1..close])
        .iter()
        .filter_map(|p| p.first())
        .map(|t| t.text.clone())
        .collect::<Vec<_>>()
        .join(",")
}

fn create(tokens: &[Token], at: usize, out: &mut Vec<Altered>) {
    let Some((table, line, next)) = named(tokens, at) else { return };
    out.push((alter(&table, "", AlterKind::CreateTable, ""), line));
    let Some(open) = tokens.get(next..).and_then(|rest| rest.iter().position(|t| t.text == "(")) else { return };
    let inner = &tokens[next + open + 1..];
    let mut depth = 1;
    let end = inner.iter().position(|t| {
        depth += i32::from(t.text == "(" && !t.quoted) - i32::from(t.text == ")" && !t.quoted);
        depth == 0
    });
    let defined = parts(&inner[..end.unwrap_or(inner.len())]);
    for part in defined.iter().copied() {
        let Some(first) = part.first() else { continue };
        let whole = ["PRIMARY", "UNIQUE", "CONSTRAINT", "FOREIGN", "KEY", "INDEX", "CHECK", "EXCLUDE", "LIKE"];
        if whole.iter().any(|w| first.is(w)) {
            let columns = listed(part);
            // A key of one column is the writer's to give, unless the database makes it up.
            let own = |all: &[&[Token]]| {
                let of = |p: &&&[Token]| p.first().is_some_and(|t| t.text.eq_ignore_ascii_case(&columns));
                all.iter().find(of).is_some_and(|p| !made_up(p))
            };
            if has(part, "UNIQUE") || has(part, "PRIMARY") && (columns.contains(',') || own(&defined)) {
                out.push((alter(&table, &columns, AlterKind::Unique, ""), first.line));
            }
        } else if has(part, "UNIQUE") {
            out.push((alter(&table, &first.text, AlterKind::Unique, ""), first.line));
        } else if has(part, "PRIMARY") && !made_up(part) {
            // A key that the writer gives.
            out.push((alter(&table, &first.text, AlterKind::Unique, ""), first.line));
        }
    }
}

/// A key that the database makes up for each row.
fn made_up(part: &[Token]) -> bool {
    let auto =
        ["SERIAL", "BIGSERIAL", "SMALLSERIAL", "AUTO_INCREMENT", "AUTOINCREMENT", "IDENTITY", "DEFAULT", "GENERATED"];
    auto.iter().any(|w| has(part, w))
}

fn index(tokens: &[Token], at: usize, out: &mut Vec<Altered>) {
    let Some(on) = tokens.iter().position(|t| t.is("ON")) else { return };
    let Some((table, line, next)) = named(tokens, on + 1) else { return };
    let columns = listed(&tokens[next..]);
    if has(&tokens[..at], "UNIQUE") {
        out.push((alter(&table, &columns, AlterKind::Unique, ""), line));
    }
    if !has(&tokens[..on], "CONCURRENTLY") {
        out.push((alter(&table, &columns, AlterKind::Index, ""), line));
    }
}

fn action(table: &str, above: u32, tokens: &[Token], out: &mut Vec<Altered>) {
    let Some(first) = tokens.first() else { return };
    let line = first.line.max(above);
    let mut say = |column: &str, kind, to: &str| out.push((alter(table, column, kind, to), line));
    let after = |mut i: usize| {
        while tokens.get(i).is_some_and(|t| ["COLUMN", "IF", "EXISTS", "NOT"].iter().any(|w| t.is(w))) {
            i += 1;
        }
        i
    };
    let at = after(1);
    let Some(name) = tokens.get(at) else { return };
    let special =
        ["CONSTRAINT", "INDEX", "PRIMARY", "FOREIGN", "KEY", "CHECK", "PARTITION", "DEFAULT", "UNIQUE", "FULLTEXT"];
    let is_special = special.iter().any(|w| name.is(w));
    if first.is("DROP") && !is_special {
        say(&name.text, AlterKind::DropColumn, "");
    } else if first.is("RENAME") && name.is("TO") {
        if let Some(to) = tokens.get(at + 1) {
            say("", AlterKind::RenameTable, &to.text);
        }
    } else if first.is("RENAME") && tokens.get(at + 1).is_some_and(|t| t.is("TO")) {
        if let Some(to) = tokens.get(at + 2) {
            say(&name.text, AlterKind::RenameColumn, &to.text);
        }
    } else if first.is("CHANGE") {
        if let Some(to) = tokens.get(at + 1).filter(|t| !t.text.eq_ignore_ascii_case(&name.text)) {
            say(&name.text, AlterKind::RenameColumn, &to.text);
        }
    } else if first.is("ADD") && is_special {
        if has(tokens, "UNIQUE") {
            say(&listed(tokens), AlterKind::Unique, "");
        }
    } else if first.is("ADD") {
        let required = has_in_a_row(tokens, "NOT", "NULL") && !made_up(&tokens[at + 1..]);
        say(&name.text, if required { AlterKind::AddRequired } else { AlterKind::AddColumn }, "");
        if has(tokens, "UNIQUE") {
            say(&name.text, AlterKind::Unique, "");
        }
    } else if first.is("ALTER") && has_in_a_row(tokens, "SET", "NOT")
        || first.is("MODIFY") && has_in_a_row(tokens, "NOT", "NULL")
    {
        say(&name.text, AlterKind::Require, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expected: &[(&str, &str, AlterKind)]) {
        let found: Vec<_> = altered(sql).into_iter().map(|(a, _)| (a.table, a.column, a.kind)).collect();
        let expected: Vec<_> = expected.iter().map(|(t, c, k)| (SmolStr::from(*t), SmolStr::from(*c), *k)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn reads_what_migrations_change() {
        check(
            "ALTER TABLE IF EXISTS shop.orders DROP COLUMN note, DROP CONSTRAINT x",
            &[("orders", "note", AlterKind::DropColumn)],
        );
        check("alter table `orders` rename column a to b;", &[("orders", "a", AlterKind::RenameColumn)]);
        check("ALTER TABLE orders ADD COLUMN c text NOT NULL", &[("orders", "c", AlterKind::AddRequired)]);
        check("ALTER TABLE orders ADD c text NOT NULL DEFAULT ''", &[("orders", "c", AlterKind::AddColumn)]);
        check("ALTER TABLE orders ALTER COLUMN c SET NOT NULL", &[("orders", "c", AlterKind::Require)]);
        check("DROP TABLE IF EXISTS a, b CASCADE", &[("a", "", AlterKind::DropTable), ("b", "", AlterKind::DropTable)]);
    }

    #[test]
    fn reads_keys_and_indexes() {
        check(
            "CREATE TABLE t (id serial PRIMARY KEY, sku text UNIQUE, UNIQUE (a, b))",
            &[("t", "", AlterKind::CreateTable), ("t", "sku", AlterKind::Unique), ("t", "a,b", AlterKind::Unique)],
        );
        check("CREATE INDEX i ON t (a)", &[("t", "a", AlterKind::Index)]);
        check("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", &[("t", "a", AlterKind::Unique)]);
    }

    #[test]
    fn stops_where_a_script_says_how_to_undo_it() {
        check("CREATE TABLE t (id int);\n-- +goose Down\nDROP TABLE t;", &[("t", "", AlterKind::CreateTable)]);
    }
}
