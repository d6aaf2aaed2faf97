//! Routes that Scala's smaller frameworks register word by word: Scalatra, Finatra, Cask, Unfiltered's relatives. See `words.md`.

use super::read::{SCALA, endpoint};
use crate::code::Code;
use crate::code::ir::ExprKind;
use crate::tech::paths::{Notation, template};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Mount, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "scala-words",
    version: 1,
    page: include_str!("words.md"),
    reads: Reads::Code { langs: SCALA, extract },
};

const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "head", "options"];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if code.imports("org.scalatra") || code.imports("com.twitter.finatra") {
        words(code, sink);
    }
    if code.imports("cask")
        || code.unit.functions.iter().flat_map(|f| &f.annotations).any(|a| a.name.starts_with("cask"))
    {
        cask(code, sink);
    }
    // Scalatra: `context.mount(new OrdersServlet, "/orders/*")`.
    for site in code.calls_named(&["mount"]) {
        let (Some(servlet), Some(at)) = (site.call.arg(0), site.call.arg(1)) else { continue };
        let router = code.origin(servlet, site.function);
        if !code.imports("org.scalatra") || router.is_empty() {
            continue;
        }
        let prefix = code.value(at, site.function).to_string();
        let prefix = Value::text(prefix.trim_end_matches('*').trim_end_matches('/'));
        sink.stated(Claim::Mount(Mount { router, prefix, on: SmolStr::default() }), site.span());
    }
}

/// `get("/orders/:id") { … }` in a class.
fn words(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(VERBS) {
        let closure = site.call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(_)));
        if site.call.receiver().is_some() || !closure {
            continue;
        }
        let Some(path) =
            site.call.arg(0).map(|a| code.value(a, site.function)).filter(|p| p.to_string().starts_with('/'))
        else {
            continue;
        };
        let owner = code.function(site.function).owner.clone();
        let router = (!owner.is_empty()).then_some(owner);
        let method = Some(site.call.name().to_uppercase().into());
        let path = template(path, Notation::Colons);
        endpoint(method, path, code.within(site.function), router, site.span(), sink);
    }
}

/// `@cask.get("/orders/:id") def order(id: Int) = …`.
fn cask(code: &Code<'_>, sink: &mut Sink) {
    for function in &code.unit.functions {
        for a in &function.annotations {
            let verb = a.simple();
            let fits = a.name.starts_with("cask") || code.unit.imports.iter().any(|i| i.path == "cask");
            let known = VERBS.contains(&verb) || matches!(verb, "getJson" | "postJson" | "postForm" | "route");
            let Some(path) = a.positional(0).map(|p| code.value(p, 0)).filter(|_| fits && known) else { continue };
            let method = match verb {
                "route" => None,
                verb => VERBS.iter().find(|v| verb.starts_with(*v)).map(|v| SmolStr::from(v.to_uppercase())),
            };
            endpoint(
                method,
                template(path, Notation::Colons),
                format_smolstr!("{}", function.symbol()),
                None,
                a.span,
                sink,
            );
        }
    }
}
