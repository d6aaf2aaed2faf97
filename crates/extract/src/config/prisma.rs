//! Prisma's schema file: where the database is, and its models as tables. See `prisma.md`.

use crate::extractor::File;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Access, AccessMode, Claim, Constant, SmolStr, Span, Store, System, Value};

pub static EXTRACTOR: Extractor =
    Extractor { id: "prisma", version: 1, page: include_str!("prisma.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    file.extension() == "prisma"
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let mut block: Option<(&str, &str, u32)> = None;
    let mut provider: Option<System> = None;
    let mut url: Option<(Value, u32)> = None;
    let mut table: Option<(SmolStr, u32)> = None;
    for (index, line) in file.text.lines().enumerate() {
        let at = index as u32 + 1;
        let line = line.split("//").next().filter(|l| !l.trim().is_empty() || !line.contains("//")).unwrap_or("");
        // A comment sign within a URL is not a comment.
        let line = if line.matches('"').count() % 2 == 1 { file.text.lines().nth(index).unwrap_or(line) } else { line };
        let line = line.trim();
        if let Some(head) = line.strip_suffix('{') {
            let mut words = head.split_whitespace();
            block = Some((words.next().unwrap_or(""), words.next().unwrap_or(""), at));
            if let Some(("model", name, at)) = block {
                table = Some((name.into(), at));
            }
            continue;
        }
        if line == "}" {
            if let Some((name, at)) = table.take() {
                let access = Access {
                    system: provider,
                    name: Value::text(name),
                    mode: AccessMode::Declare,
                    within: SmolStr::default(),
                };
                sink.stated(Claim::Access(access), Span::at(at, 1));
            }
            block = None;
            continue;
        }
        match block {
            Some(("datasource", _, _)) => {
                let Some((key, value)) = line.split_once('=') else {
                    continue;
                };
                match key.trim() {
                    "provider" => provider = product(value.trim().trim_matches('"')),
                    "url" => url = Some((address(value.trim()), at)),
                    _ => {}
                }
            }
            Some(("model", _, at)) => {
                if let Some(mapped) = line.strip_prefix("@@map(").and_then(|r| r.split('"').nth(1)) {
                    table = Some((mapped.into(), at));
                }
            }
            _ => {}
        }
    }
    if let Some((address, at)) = url {
        let constant = Constant { symbol: "datasource.url".into(), value: address.clone() };
        sink.stated(Claim::Constant(constant), Span::at(at, 1));
        let store = Store {
            system: provider.unwrap_or(System::Sql),
            address,
            database: None,
            client: "prisma".into(),
            within: SmolStr::default(),
        };
        sink.stated(Claim::Store(store), Span::at(at, 1));
    }
}

fn product(text: &str) -> Option<System> {
    Some(match text {
        "postgresql" | "postgres" | "cockroachdb" => System::Postgres,
        "mysql" => System::Mysql,
        "sqlserver" => System::SqlServer,
        "sqlite" => System::Sqlite,
        "mongodb" => System::Mongo,
        _ => return None,
    })
}

/// `env("DATABASE_URL")` or a literal.
fn address(text: &str) -> Value {
    let quoted = text.split('"').nth(1).unwrap_or("");
    match text.starts_with("env(") {
        true => Value::env(quoted, None),
        false => Value::text(quoted),
    }
}
