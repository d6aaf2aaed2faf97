//! Java and Kotlin: addresses that builders put together link by link, and what a framework's own classes hold.
//!
//! Invariant: a builder is followed as far as its links are known; an unknown link makes an unknown value, never a
//! shorter address.

use super::Code;
use crate::code::ir::{Call, Expr};
use crate::lang::Lang;
use seam_facts::Value;

/// Types that build an address, with what follows their name where they are made.
const BUILDERS: &[&str] = &[
    "UriComponentsBuilder",
    "ServletUriComponentsBuilder",
    "UriBuilder",
    "URIBuilder",
    "HttpUrl",
    "DefaultUriBuilderFactory",
    "GenericUrl",
    "URLBuilder",
];

/// Spring Boot's own classes of properties, and the prefix that they are bound to.
const PROPERTIES: &[(&str, &str)] = &[
    ("RedisProperties", "spring.data.redis"),
    ("RedisProperties", "spring.redis"),
    ("DataRedisProperties", "spring.data.redis"),
    ("KafkaProperties", "spring.kafka"),
    ("RabbitProperties", "spring.rabbitmq"),
    ("MongoProperties", "spring.data.mongodb"),
    ("MongoProperties", "spring.mongodb"),
    ("DataSourceProperties", "spring.datasource"),
    ("ElasticsearchProperties", "spring.elasticsearch"),
    ("CassandraProperties", "spring.cassandra"),
    ("Neo4jProperties", "spring.neo4j"),
    ("ActiveMQProperties", "spring.activemq"),
    ("ArtemisProperties", "spring.artemis"),
    ("R2dbcProperties", "spring.r2dbc"),
    ("OAuth2ResourceServerProperties", "spring.security.oauth2.resourceserver"),
];

pub(super) fn called(code: &Code<'_>, call: &Call, callee: &str, function: usize, steps: usize) -> Option<Value> {
    if !matches!(code.unit.lang, Lang::Java | Lang::Kotlin | Lang::Scala) || steps == 0 {
        return None;
    }
    environment(code, call, callee, function, steps)
        .or_else(|| property(code, callee))
        .or_else(|| json_setting(code, call, callee, function, steps))
        .or_else(|| built(code, call, callee, function, steps))
        .or_else(|| entry(code, call, callee, function, steps))
}

/// The environment as a map: `System.getenv().getOrDefault("ORDERS_HOST", "orders")`.
fn environment(code: &Code<'_>, call: &Call, callee: &str, function: usize, steps: usize) -> Option<Value> {
    if !matches!(callee, "System.getenv().getOrDefault" | "System.getenv().get" | "System.getenv().getOrElse") {
        return None;
    }
    let default = call.arg(1).filter(|e| !matches!(e.kind, crate::code::ir::ExprKind::Lambda(_)));
    let default = default.map(|d| code.eval(d, function, steps - 1)).filter(|d| !super::library::is_null(d));
    Some(super::library::keyed(true, code.eval(call.arg(0)?, function, steps - 1), default))
}

/// Vert.x keeps an application's configuration in a JSON object, Typesafe Config and Ktor in objects of their own: `config().getJsonObject("db").getString("host", "x")` is the
/// key `db.host`. Other JSON objects are messages and rows; a configuration is called so.
fn json_setting(code: &Code<'_>, call: &Call, callee: &str, function: usize, steps: usize) -> Option<Value> {
    // Ktor asks in two steps: `config.property("orders.url").getString()`.
    let asked = call.receiver().and_then(Expr::as_call).filter(|c| matches!(c.name(), "property" | "propertyOrNull"));
    if let Some(asked) = asked.filter(|_| call.name() == "getString" && call.args.is_empty()) {
        return json_setting(code, asked, callee, function, steps);
    }
    let getter = matches!(call.name(), "getString" | "getInteger" | "getInt" | "getLong" | "getValue" | "getNumber");
    let part = ["config()", "getConfig()", "getJsonObject()"].iter().any(|p| callee.contains(p));
    let stepwise = matches!(call.name(), "property" | "propertyOrNull");
    if !stepwise && !(getter && (callee.starts_with("JsonObject.") || part)) {
        return None;
    }
    let mut keys = vec![code.eval(call.arg(0)?, function, steps - 1).as_text()?];
    let mut on = call.receiver()?;
    loop {
        // A part of the configuration may have a name of its own.
        let (made, _) = code.resolved(on, function);
        let part = |c: &&Call| matches!(c.name(), "getJsonObject" | "getConfig" | "config") && c.args.len() == 1;
        let Some(inner) = made.as_call().filter(part) else { break };
        keys.push(code.eval(inner.arg(0)?, function, steps - 1).as_text()?);
        on = inner.receiver()?;
    }
    let called = on.path()?.to_ascii_lowercase();
    // What a factory loads is a configuration whatever it is kept in.
    let called = called + &code.origin(on, function).to_ascii_lowercase();
    if !["config", "conf", "settings"].iter().any(|w| called.contains(w)) {
        return None;
    }
    keys.reverse();
    let default = call.arg(1).map(|d| code.eval(d, function, steps - 1)).filter(|d| !super::library::is_null(d));
    Some(Value::config(keys.join("."), default))
}

/// `redisProperties.getHost()`; nested ones too (`getJwt().getIssuerUri()`).
fn property(code: &Code<'_>, callee: &str) -> Option<Value> {
    let (ty, rest) = callee.split_once('.')?;
    if code.type_named(ty).is_some() {
        return None;
    }
    let mut names = String::new();
    for getter in rest.split('.') {
        let name = getter.trim_end_matches("()").strip_prefix("get")?;
        let mut chars = name.chars();
        names.push('.');
        names.push(chars.next()?.to_ascii_lowercase());
        names.push_str(chars.as_str());
    }
    // Releases differ in their prefixes.
    let prefixes = PROPERTIES.iter().filter(|(name, _)| *name == ty);
    let keys: Vec<Value> = prefixes.map(|(_, prefix)| Value::config(format!("{prefix}{names}"), None)).collect();
    (!keys.is_empty()).then(|| Value::either(keys))
}

/// What an object of properties holds under a name that it is asked for: `properties.client("orders").getRequest().getUrl()`
/// is the only key that ends in `orders.request.url`. Beside it stands what the code itself says of the getters.
fn entry(code: &Code<'_>, call: &Call, callee: &str, function: usize, steps: usize) -> Option<Value> {
    let mut names = Vec::new();
    let (mut link, mut at) = (call, function);
    let asked = loop {
        if link.args.len() == 1 && !names.is_empty() {
            break link;
        }
        // Accessors of records are called like what they give.
        let name = link.name();
        let getter = name.strip_prefix("get").filter(|n| n.starts_with(|c: char| c.is_ascii_uppercase()));
        if link.new || !link.args.is_empty() || matches!(name, "toString" | "build" | "get" | "getClass") {
            return None;
        }
        names.push(super::kebab(getter.unwrap_or(name)));
        let (made, from) = code.resolved(link.receiver()?, at);
        (link, at) = (made.as_call()?, from);
        if names.len() > 5 {
            return None;
        }
    };
    let on = asked.receiver()?;
    let called = code.origin(on, at).to_ascii_lowercase() + &on.path().unwrap_or_default().to_ascii_lowercase();
    if !["propert", "config", "settings"].iter().any(|w| called.contains(w)) {
        return None;
    }
    let name = code.eval(asked.arg(0)?, at, steps - 1);
    if matches!(name.as_hole(), Some(seam_facts::Hole::Opaque(_))) {
        return None;
    }
    names.reverse();
    let key = Value::text("*.").then(name).then(Value::text(format!(".{}", names.join("."))));
    let stated = Value::hole(seam_facts::Hole::Result { callee: callee.into(), args: Vec::new() });
    Some(Value::either([stated, super::library::keyed(false, key, None)]))
}

/// The links of a builder, from its end to its making.
fn built(code: &Code<'_>, call: &Call, callee: &str, function: usize, steps: usize) -> Option<Value> {
    let root = callee.split(['.', '(']).next()?;
    let made = call.new && BUILDERS.contains(&call.name());
    if !(BUILDERS.contains(&root) || made) || code.type_named(root).is_some() {
        return None;
    }
    let mut pieces = Pieces::default();
    pieces.link(code, call, function, steps)?;
    pieces.whole()
}

#[derive(Default)]
struct Pieces {
    base: Value,
    scheme: Option<Value>,
    host: Option<Value>,
    port: Option<Value>,
    path: Value,
}

impl Pieces {
    fn link(&mut self, code: &Code<'_>, call: &Call, function: usize, steps: usize) -> Option<()> {
        let eval = |expr: &Expr| code.eval(expr, function, steps.saturating_sub(1));
        let first = || call.arg(0).map(eval);
        if call.new {
            match call.args.len() {
                0 => {}
                1 => self.base = first()?,
                _ => return None,
            }
            return Some(());
        }
        let name = call.name();
        if matches!(
            name,
            "fromUriString"
                | "fromHttpUrl"
                | "fromUri"
                | "fromPath"
                | "parse"
                | "get"
                | "uriString"
                | "fromOriginHeader"
        ) {
            self.base = first()?;
            return Some(());
        }
        if name == "newInstance" {
            return Some(());
        }
        let receiver = call.receiver()?;
        match receiver.as_call() {
            Some(inner) => self.link(code, inner, function, steps.saturating_sub(1))?,
            // `HttpUrl.Builder()` in Kotlin, a variable, or a parameter.
            None if receiver.path().is_some_and(|p| BUILDERS.iter().any(|b| p == *b)) => {}
            None => self.base = eval(receiver),
        }
        match name {
            "scheme" | "setScheme" => self.scheme = Some(first()?),
            "host" | "setHost" => self.host = Some(first()?),
            "port" | "setPort" => self.port = Some(first()?),
            "path" | "replacePath" | "setPath" | "encodedPath" | "appendPath" | "resolve" => {
                if call.args.is_empty() {
                    return Some(());
                }
                let path = first()?;
                self.join(path);
            }
            "pathSegment" | "addPathSegment" | "addPathSegments" | "appendPathSegment" | "setPathSegments"
            | "appendPathSegments" => {
                for arg in call.args.iter().filter(|a| a.name.is_none()) {
                    let path = eval(&arg.value);
                    self.join(path);
                }
            }
            // What follows the path, and what changes nothing of an address.
            "queryParam"
            | "queryParams"
            | "queryParamIfPresent"
            | "replaceQueryParam"
            | "replaceQueryParams"
            | "query"
            | "replaceQuery"
            | "addQueryParameter"
            | "addEncodedQueryParameter"
            | "setQueryParameter"
            | "addParameter"
            | "setParameter"
            | "addParameters"
            | "setParameters"
            | "fragment"
            | "userInfo"
            | "encode"
            | "build"
            | "buildAndExpand"
            | "expand"
            | "uriVariables"
            | "newBuilder"
            | "toBuilder"
            | "toUri"
            | "toUriString"
            | "toString"
            | "toURI"
            | "toURL"
            | "toUrl"
            | "uri"
            | "url"
            | "normalize"
            | "cloneBuilder"
            | "toHttpUrl"
            | "buildString"
            | "templateValues"
            | "resolveTemplate" => {}
            _ => return None,
        }
        Some(())
    }

    fn join(&mut self, path: Value) {
        let before = if self.path.is_empty() { &self.base } else { &self.path };
        let ends = before.to_string().ends_with('/');
        let text = path.to_string();
        match (ends, text.starts_with('/'), path.as_text()) {
            (true, true, Some(text)) => self.path.push_text(text.trim_start_matches('/')),
            (false, false, _) if !text.starts_with(['?', '$']) => {
                self.path.push_text("/");
                self.path.push(path);
            }
            _ => self.path.push(path),
        }
    }

    fn whole(self) -> Option<Value> {
        let Some(host) = self.host else {
            let out = self.base.then(self.path);
            return (!out.is_empty()).then_some(out);
        };
        let scheme = self.scheme.unwrap_or_else(|| "http".into());
        let mut out = scheme.then("://".into()).then(host);
        if let Some(port) = self.port {
            out = out.then(":".into()).then(port);
        }
        Some(out.then(self.path))
    }
}
