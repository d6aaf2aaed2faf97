//! Stores that a framework uses by itself, because a key switches it on: sessions, caches, limits of a gateway.
//!
//! Invariant: what is stated is that the store is used; where it is, the framework's own keys say.

use crate::Sink;
use crate::config::entries::{Document, Entry, canonical};
use seam_facts::{Claim, SmolStr, Store, System, Value};

/// Keys (canonical) whose value `redis` makes the framework keep something there.
const SWITCHES: &[(&str, &str)] = &[
    ("spring.cache.type", "Spring Cache"),
    ("spring.session.storetype", "Spring Session"),
    ("spring.session.redis.repositorytype", "Spring Session"),
];

pub(super) fn state(document: &Document, sink: &mut Sink) {
    for entry in document.plain() {
        let key = canonical(&entry.key);
        let switch = SWITCHES.iter().find(|(k, _)| *k == key);
        if let Some((_, client)) = switch.filter(|(k, _)| k.ends_with("repositorytype") || is_redis(entry)) {
            redis(client, entry, sink);
        } else if key.contains("cloud.gateway") && limits(&key, entry) {
            redis("Spring Cloud Gateway", entry, sink);
        }
    }
}

fn is_redis(entry: &Entry) -> bool {
    entry.value.trim().eq_ignore_ascii_case("redis")
}

/// A limiter of requests, whose only implementation counts in Redis.
fn limits(key: &str, entry: &Entry) -> bool {
    let filter = key.contains(".filters") || key.contains(".defaultfilters");
    filter && (entry.value == "RequestRateLimiter" || entry.value.starts_with("RequestRateLimiter="))
}

fn redis(client: &str, entry: &Entry, sink: &mut Sink) {
    let key = |key: &str, default: Option<&str>| Value::config(key, default.map(Value::from));
    let address = Value::either(vec![
        key("spring.data.redis.url", None),
        key("spring.redis.url", None),
        key("spring.data.redis.host", None),
        key("spring.redis.host", Some("localhost")),
    ]);
    let store =
        Store { system: System::Redis, address, database: None, client: client.into(), within: SmolStr::default() };
    sink.inferred(Claim::Store(store), entry.span);
}
