//! Routes that are files: Next.js (`pages/api`, `app/**/route`), SvelteKit (`+server`), Nuxt (`server/api`).
//! See `files.md`.

use crate::code::Code;
use crate::code::ir::{ExprKind, Stmt};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, METHODS, Protocol, SmolStr, Span, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "file-routes",
    version: 1,
    page: include_str!("files.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let Some((path, kind)) = route(code.path) else {
        return;
    };
    match kind {
        Kind::Default(method) => {
            if let Some((handler, at)) = default_export(code) {
                sink.stated(endpoint(method, &path, handler), at);
            }
        }
        Kind::Named => {
            for function in code.unit.functions.iter().skip(1) {
                if METHODS.contains(&function.name.as_str()) && function.owner.is_empty() && function.parent.is_none() {
                    sink.stated(endpoint(Some(function.name.clone()), &path, function.name.clone()), function.span);
                }
            }
            // `export const GET = wrapped(…)`, `export { handler as GET }`.
            for stmt in &code.unit.functions[0].body {
                let Stmt::Assign { target, value, span, .. } = stmt else {
                    continue;
                };
                let name = target.path().unwrap_or_default();
                let name = name.strip_prefix("exports.").unwrap_or(&name);
                if METHODS.contains(&name) && !matches!(value.kind, ExprKind::Lambda(_)) {
                    let handler = super::http_server::handler_symbol(code, value, 0);
                    sink.stated(endpoint(Some(name.into()), &path, handler), *span);
                }
            }
        }
    }
}

enum Kind {
    /// The module's default export handles every method, or the one that the file's name says.
    Default(Option<SmolStr>),
    /// Exports are named after methods.
    Named,
}

/// The route that a file's path stands for.
fn route(path: &str) -> Option<(String, Kind)> {
    let (stem, extension) = path.rsplit_once('.')?;
    if !matches!(extension, "js" | "ts" | "mjs" | "jsx" | "tsx") || stem.ends_with(".d") || stem.ends_with(".test") {
        return None;
    }
    let parts: Vec<&str> = stem.split('/').collect();
    let (last, folders) = parts.split_last()?;
    let below = |names: &[&str]| {
        let at = (0..parts.len().checked_sub(names.len())?).rev().find(|i| parts[*i..].starts_with(names))?;
        Some(at + names.len())
    };
    if let Some(from) = below(&["pages", "api"]) {
        return Some((template("/api", &parts[from..]), Kind::Default(None)));
    }
    if *last == "route"
        && let Some(from) = below(&["app"])
    {
        return Some((template("", &folders[from..]), Kind::Named));
    }
    if *last == "+server"
        && let Some(from) = below(&["routes"])
    {
        return Some((template("", &folders[from..]), Kind::Named));
    }
    if let Some(from) = below(&["server", "api"]) {
        // `users.post.ts` handles POST only.
        let (name, method) = match last.rsplit_once('.') {
            Some((name, method)) if METHODS.contains(&method.to_uppercase().as_str()) => {
                (name, Some(method.to_uppercase().into()))
            }
            _ => (*last, None),
        };
        let mut rest: Vec<&str> = folders[from..].to_vec();
        rest.push(name);
        return Some((template("/api", &rest), Kind::Default(method)));
    }
    None
}

/// Folders and names as a path: `[id]` is `{id}`, `[...rest]` is `*`, `index` and `(groups)` are nothing.
fn template(prefix: &str, parts: &[&str]) -> String {
    let mut out = prefix.to_owned();
    for part in parts {
        if *part == "index" || part.starts_with('(') || part.starts_with('@') {
            continue;
        }
        out.push('/');
        match part.trim_start_matches('[').trim_end_matches(']') {
            rest if rest.starts_with("...") => out.push('*'),
            name if part.starts_with('[') => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
            name => out.push_str(name),
        }
    }
    if out.is_empty() { "/".to_owned() } else { out }
}

/// The symbol and place of the default export.
fn default_export(code: &Code<'_>) -> Option<(SmolStr, Span)> {
    code.unit.functions[0].body.iter().find_map(|stmt| match stmt {
        Stmt::Assign { target, value, span, .. }
            if matches!(target.path().as_deref(), Some("exports" | "module.exports")) =>
        {
            Some((super::http_server::handler_symbol(code, value, 0), *span))
        }
        _ => None,
    })
}

fn endpoint(method: Option<SmolStr>, path: &str, handler: SmolStr) -> Claim {
    Claim::Endpoint(Endpoint {
        protocol: Protocol::Http,
        method,
        path: Value::text(path),
        handler,
        router: None,
        request: None,
        response: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_routes() {
        let path = |p: &str| route(p).map(|(path, _)| path);
        assert_eq!(path("web/src/pages/api/users/[id].ts").as_deref(), Some("/api/users/{id}"));
        assert_eq!(path("pages/api/index.js").as_deref(), Some("/api"));
        assert_eq!(path("src/app/(shop)/orders/[...rest]/route.ts").as_deref(), Some("/orders/*"));
        assert_eq!(path("src/routes/api/x/+server.ts").as_deref(), Some("/api/x"));
        assert_eq!(path("server/api/users.post.ts").as_deref(), Some("/api/users"));
        assert_eq!(path("src/app/route.config.ts"), None);
    }
}
