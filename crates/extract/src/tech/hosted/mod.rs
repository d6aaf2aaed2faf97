//! Clients of hosted APIs, whose libraries know the host: payments, mail, messages, models, media, maps. See `hosted.md`.
//!
//! Invariant: a call through the library is needed, not its mention; what only checks a signature that it was sent asks nobody.

mod sdks;

use crate::code::ir::ExprKind;
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use sdks::{ROOTS, SDKS, Sdk};
use seam_facts::{Call, Claim, Hole, Protocol, SmolStr, Store, System, Value};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor = Extractor {
    id: "hosted",
    version: 1,
    page: include_str!("hosted.md"),
    reads: Reads::Code {
        langs: &[
            Lang::Go,
            Lang::Python,
            Lang::Script,
            Lang::Java,
            Lang::Kotlin,
            Lang::CSharp,
            Lang::Ruby,
            Lang::Php,
            Lang::Elixir,
            Lang::Rust,
        ],
        extract,
    },
};

pub static EXTRACTORS: &[&Extractor] = &[&EXTRACTOR];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let mut said: BTreeSet<(Value, SmolStr)> = BTreeSet::new();
    for site in code.calls() {
        if let Some((address, client)) = supabase(code, site) {
            let within = code.within(site.function);
            let store = Store { system: System::Supabase, address, database: None, client: client.into(), within };
            sink.stated(Claim::Store(store), site.span());
            continue;
        }
        let Some(host) = asked(code, site) else { continue };
        let within = code.within(site.function);
        let stated = base(code, site);
        let target = stated.clone().unwrap_or_else(|| Value::text(format!("https://{host}")));
        if !said.insert((target.clone(), within.clone())) {
            continue;
        }
        let call = Call::to(Protocol::Http, client_of(host), target, within);
        match stated {
            Some(_) => sink.stated(Claim::Call(call), site.span()),
            None => sink.inferred(Claim::Call(call), site.span()),
        }
    }
}

/// Another address that the client is made with: a proxy, or an API of the same shape.
fn base(code: &Code<'_>, site: &Site<'_>) -> Option<Value> {
    const KEYS: &[&str] = &["baseURL", "base_url", "baseUrl", "basePath", "serverURL", "api_base"];
    let options = site.call.args.iter().filter_map(|a| code.literal(&a.value, site.function));
    let keyed = options.filter_map(|(o, f)| Some((KEYS.iter().find_map(|k| o.key(k))?, f))).next();
    let named = KEYS.iter().find_map(|k| site.call.named(k)).map(|e| (e, site.function));
    let value = named.or(keyed).map(|(e, f)| code.value(e, f))?;
    // An option that may be left out says nothing.
    (!value.is_empty() && !matches!(value.as_hole(), Some(Hole::Opaque(_)))).then_some(value)
}

/// `api.stripe.com` is asked by the client `stripe`.
fn client_of(host: &str) -> SmolStr {
    let parts: Vec<&str> = host.split('.').collect();
    parts.get(parts.len().saturating_sub(2)).copied().unwrap_or(host).into()
}

/// The host that a call of a library goes to.
fn asked(code: &Code<'_>, site: &Site<'_>) -> Option<&'static str> {
    let lang = code.unit.lang;
    if matches!(lang, Lang::Ruby | Lang::Elixir | Lang::Rust) {
        let path = site.call.callee.path()?.replace("::", ".");
        let (on, _) = path.rsplit_once('.')?;
        let of = |root: &str| on.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let found = ROOTS.iter().find(|(l, root, _)| *l == lang && of(root))?;
        return Some(found.2).filter(|_| !checks(&path));
    }
    let sdks = || SDKS.iter().filter(|s| s.lang == lang || s.lang == Lang::Java && lang == Lang::Kotlin);
    let callee = code.callee(site.call, site.function);
    let name = callee.rsplit(['.', '#']).next().unwrap_or("");
    let sdk: &Sdk = match lang {
        Lang::Script | Lang::Python | Lang::Go => {
            let within = |package: &str| match callee.strip_prefix(package) {
                Some(rest) => rest.starts_with(['#', '/', '.']),
                None => false,
            };
            sdks().find(|s| within(s.package))?
        }
        // The imported class stands before the method, or is made.
        _ => {
            let path = site.call.callee.path()?;
            let root = path.split(['.', ':']).next()?.trim_start_matches('\\');
            let from = |s: &&Sdk| {
                let below = |path: &str| path.starts_with(s.package);
                code.unit.imports.iter().any(|i| {
                    below(&i.path)
                        && (i.alias == root || i.name.as_deref() == Some(root) || lang == Lang::CSharp && s.makes(root))
                }) || lang == Lang::Php && path.trim_start_matches('\\').starts_with(s.package)
            };
            sdks().find(from)?
        }
    };
    let wanted = sdk.made.is_empty() || sdk.makes(name) || site.call.new && sdk.makes(site.call.name());
    (wanted && !checks(&callee)).then_some(sdk.host)
}

/// What looks at a message that came in, or only prepares values.
fn checks(callee: &str) -> bool {
    const WORDS: &[&str] =
        &["webhook", "construct_event", "constructevent", "signature", "twiml", "requestvalidator", "error"];
    let lower = callee.to_ascii_lowercase();
    // Go's helpers that make pointers stand in the package itself: `stripe.String("x")`.
    let helper = lower.starts_with("github.com/stripe/stripe-go")
        && !lower.rsplit('/').next().is_some_and(|l| {
            l.split('#').next().is_some_and(|package| !package.starts_with('v') || package.len() > 4)
                && !l.starts_with("stripe-go")
        });
    helper || WORDS.iter().any(|w| lower.contains(w))
}

/// `create_client(url, key)` of Supabase in any language: a hosted database behind HTTP.
fn supabase(code: &Code<'_>, site: &Site<'_>) -> Option<(Value, &'static str)> {
    const MAKERS: &[(Lang, &str, &str)] = &[
        (Lang::Script, "@supabase/supabase-js#createClient", "supabase-js"),
        (Lang::Script, "@supabase/ssr#createServerClient", "supabase-js"),
        (Lang::Script, "@supabase/ssr#createBrowserClient", "supabase-js"),
        (Lang::Script, "@supabase/postgrest-js#PostgrestClient", "postgrest-js"),
        (Lang::Python, "supabase#create_client", "supabase-py"),
        (Lang::Python, "supabase#create_async_client", "supabase-py"),
        (Lang::Python, "supabase#acreate_client", "supabase-py"),
        (Lang::Python, "supabase.client#create_client", "supabase-py"),
        (Lang::Python, "postgrest#SyncPostgrestClient", "postgrest-py"),
        (Lang::Python, "postgrest#AsyncPostgrestClient", "postgrest-py"),
        (Lang::Go, "github.com/supabase-community/supabase-go#NewClient", "supabase-go"),
        (Lang::Go, "github.com/nedpals/supabase-go#CreateClient", "supabase-go"),
        (Lang::Go, "github.com/supabase-community/postgrest-go#NewClient", "postgrest-go"),
        (Lang::CSharp, "Supabase.Client", "supabase-csharp"),
        (Lang::Rust, "Postgrest.new", "postgrest-rs"),
    ];
    let callee = code.callee(site.call, site.function);
    let known = |(lang, made, _): &&(Lang, &str, &str)| {
        *lang == code.unit.lang && (callee == *made || *lang == Lang::Rust && callee.replace("::", ".").ends_with(made))
    };
    let (_, _, client) = MAKERS.iter().find(known)?;
    let url =
        ["supabase_url", "base_url", "url"].iter().find_map(|n| site.call.named(n)).or_else(|| site.call.arg(0))?;
    if matches!(&url.kind, ExprKind::Null) {
        return None;
    }
    Some((code.value(url, site.function), client))
}
