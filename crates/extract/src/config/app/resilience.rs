//! Patience as configuration states it: resilience4j, Hystrix, Ribbon, Feign, listener containers, MicroProfile.

use super::value;
use crate::Sink;
use crate::config::entries::{Document, Entry, canonical};
use seam_facts::{Claim, Policy, PolicyKind, SmolStr, Value, format_smolstr};
use std::collections::BTreeMap;

pub(super) fn state(document: &Document, sink: &mut Sink) {
    /// What is governed, how, and by which library.
    type Subject = (PolicyKind, SmolStr, &'static str);
    let mut found: BTreeMap<Subject, Vec<(String, &Entry)>> = BTreeMap::new();
    for entry in document.plain() {
        let (_, plain) = super::prefixed(&entry.key);
        if let Some((kind, on, library, property)) = about(&plain) {
            found.entry((kind, on, library)).or_default().push((property, entry));
        }
    }
    for ((kind, on, library), properties) in found {
        policy(kind, on, library, &properties, sink);
    }
}

type About = (PolicyKind, SmolStr, &'static str, String);

/// What a key governs: kind, instance, library and the property's canonical name.
fn about(key: &str) -> Option<About> {
    let parts: Vec<&str> = key.split('.').collect();
    let first = canonical(parts.first()?);
    if parts.len() > 24 {
        return None;
    }
    match first.as_str() {
        "resilience4j" => resilience4j(&parts),
        "hystrix" => hystrix(&parts),
        _ if key.contains("ribbon.") => ribbon(key),
        "feign" | "spring" => feign(key).or_else(|| spring(&canonical(key))),
        "zuul" => match canonical(key).as_str() {
            "zuul.host.sockettimeoutmillis" => timeout("zuul", "Zuul", "read"),
            "zuul.host.connecttimeoutmillis" => timeout("zuul", "Zuul", "connect"),
            _ => None,
        },
        "micronaut" => micronaut(&parts),
        "quarkus" if parts.get(1) == Some(&"rest-client") && parts.len() >= 4 => {
            let last = canonical(parts.last()?);
            let on = parts[2..parts.len() - 1].join(".");
            match last.as_str() {
                "readtimeout" => timeout(on.trim_matches('"'), "Quarkus REST client", "read"),
                "connecttimeout" => timeout(on.trim_matches('"'), "Quarkus REST client", "connect"),
                _ => None,
            }
        }
        _ => microprofile(key),
    }
}

fn timeout(on: &str, library: &'static str, property: &str) -> Option<About> {
    Some((PolicyKind::Timeout, on.into(), library, property.into()))
}

fn resilience4j(parts: &[&str]) -> Option<About> {
    let kind = match canonical(parts.get(1)?).as_str() {
        "circuitbreaker" => PolicyKind::Breaker,
        "retry" => PolicyKind::Retry,
        "timelimiter" => PolicyKind::Timeout,
        "bulkhead" | "threadpoolbulkhead" => PolicyKind::Bulkhead,
        "ratelimiter" => PolicyKind::RateLimit,
        _ => return None,
    };
    let group = canonical(parts.get(2)?);
    if !matches!(group.as_str(), "instances" | "backends" | "configs" | "limiters") || parts.len() < 5 {
        return None;
    }
    let property = canonical(parts.last()?);
    let on = unbracketed(&parts[3..parts.len() - 1].join("."));
    Some((kind, on, "resilience4j", property))
}

fn hystrix(parts: &[&str]) -> Option<About> {
    let kind = *parts.get(1)?;
    // Names may hold dots; the words after them do not vary.
    let known = ["execution", "circuitBreaker", "circuit-breaker", "fallback", "metrics", "coreSize", "maxQueueSize"];
    let end = parts.iter().skip(2).position(|p| known.contains(p))? + 2;
    let on = unbracketed(&parts[2..end].join("."));
    let rest = canonical(&parts[end..].join("."));
    match (kind, rest.as_str()) {
        ("command", "execution.isolation.thread.timeoutinmilliseconds") => {
            Some((PolicyKind::Timeout, on, "Hystrix", "timeout".into()))
        }
        ("command", rest) => {
            Some((PolicyKind::Breaker, on, "Hystrix", rest.strip_prefix("circuitbreaker.")?.to_owned()))
        }
        ("threadpool", rest) => Some((PolicyKind::Bulkhead, on, "Hystrix", rest.to_owned())),
        _ => None,
    }
}

fn ribbon(key: &str) -> Option<About> {
    let (on, property) = match key.strip_prefix("ribbon.") {
        Some(property) => ("ribbon", property),
        None => key.split_once(".ribbon.")?,
    };
    match canonical(property).as_str() {
        "readtimeout" => timeout(on, "Ribbon", "read"),
        "connecttimeout" => timeout(on, "Ribbon", "connect"),
        "maxautoretries" => Some((PolicyKind::Retry, on.into(), "Ribbon", "retries".into())),
        "maxautoretriesnextserver" => Some((PolicyKind::Retry, on.into(), "Ribbon", "retries on next server".into())),
        _ => None,
    }
}

fn feign(key: &str) -> Option<About> {
    let rest = ["feign.client.config.", "spring.cloud.openfeign.client.config."]
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix))?;
    let (on, property) = rest.rsplit_once('.')?;
    match canonical(property).as_str() {
        "readtimeout" => timeout(on, "Feign", "read"),
        "connecttimeout" => timeout(on, "Feign", "connect"),
        _ => None,
    }
}

fn micronaut(parts: &[&str]) -> Option<About> {
    let on = match parts {
        ["micronaut", "http", "client", _] => "micronaut.http.client",
        ["micronaut", "http", "services", name, _] => name,
        _ => return None,
    };
    match canonical(parts.last()?).as_str() {
        "readtimeout" => timeout(on, "Micronaut HTTP client", "read"),
        "connecttimeout" => timeout(on, "Micronaut HTTP client", "connect"),
        _ => None,
    }
}

fn spring(key: &str) -> Option<About> {
    let (kind, on, library, property) = match key {
        "spring.kafka.listener.ackmode" => (PolicyKind::AckMode, "spring.kafka.listener", "Spring Kafka", "mode"),
        "spring.kafka.consumer.enableautocommit" | "spring.kafka.consumer.properties.enable.auto.commit" => {
            (PolicyKind::AckMode, "spring.kafka.consumer", "Spring Kafka", "auto-commit")
        }
        "spring.kafka.producer.acks" => (PolicyKind::AckMode, "spring.kafka.producer", "Spring Kafka", "acks"),
        "spring.kafka.producer.retries" => (PolicyKind::Retry, "spring.kafka.producer", "Spring Kafka", "retries"),
        "spring.rabbitmq.listener.simple.acknowledgemode" | "spring.rabbitmq.listener.direct.acknowledgemode" => {
            (PolicyKind::AckMode, "spring.rabbitmq.listener", "Spring AMQP", "mode")
        }
        "spring.cloud.gateway.httpclient.connecttimeout" => {
            (PolicyKind::Timeout, "spring.cloud.gateway", "Spring Cloud Gateway", "connect")
        }
        "spring.cloud.gateway.httpclient.responsetimeout" => {
            (PolicyKind::Timeout, "spring.cloud.gateway", "Spring Cloud Gateway", "read")
        }
        "spring.datasource.hikari.connectiontimeout" => {
            (PolicyKind::Timeout, "spring.datasource", "HikariCP", "connect")
        }
        _ => {
            let (on, library) = [
                ("spring.rabbitmq.listener.simple.retry.", "spring.rabbitmq.listener", "Spring AMQP"),
                ("spring.rabbitmq.listener.direct.retry.", "spring.rabbitmq.listener", "Spring AMQP"),
                ("spring.rabbitmq.template.retry.", "spring.rabbitmq.template", "Spring AMQP"),
                ("spring.kafka.retry.topic.", "spring.kafka.retry.topic", "Spring Kafka"),
                ("spring.cloud.config.retry.", "spring.cloud.config", "Spring Cloud Config"),
            ]
            .iter()
            .find_map(|(prefix, on, library)| Some(((key.strip_prefix(prefix)?, *on), *library)))?;
            let (property, on) = on;
            return Some((PolicyKind::Retry, on.into(), library, property.to_owned()));
        }
    };
    Some((kind, on.into(), library, property.to_owned()))
}

/// MicroProfile fault tolerance: `com.demo.Client/method/Retry/maxRetries`, without class and method for all.
fn microprofile(key: &str) -> Option<About> {
    let (rest, property) = key.rsplit_once('/')?;
    let (on, word) = rest.rsplit_once('/').unwrap_or(("*", rest));
    let kind = match word {
        "Retry" => PolicyKind::Retry,
        "Timeout" => PolicyKind::Timeout,
        "CircuitBreaker" => PolicyKind::Breaker,
        "Bulkhead" => PolicyKind::Bulkhead,
        "RateLimit" => PolicyKind::RateLimit,
        _ => return None,
    };
    // The symbol is the simple type's: `com.demo.Client/call` governs `Client.call`.
    let (class, method) = on.split_once('/').unwrap_or((on, ""));
    let class = class.rsplit('.').next().unwrap_or(class);
    let on = if method.is_empty() { class.into() } else { format_smolstr!("{class}.{method}") };
    Some((kind, on, "MicroProfile Fault Tolerance", canonical(property)))
}

fn policy(kind: PolicyKind, on: SmolStr, library: &'static str, properties: &[(String, &Entry)], sink: &mut Sink) {
    let Some((_, first)) = properties.first() else { return };
    let get = |words: &[&str]| properties.iter().find(|(p, _)| words.contains(&p.as_str())).map(|(_, e)| *e);
    // Switched off is no patience at all.
    if get(&["enabled"]).is_some_and(|e| e.value.trim().eq_ignore_ascii_case("false")) {
        return;
    }
    let attempts = match kind {
        PolicyKind::Retry => get(&["maxattempts", "maxretryattempts", "attempts"])
            .map(|e| value(&e.value))
            .or_else(|| get(&["retries", "maxretries"]).map(|e| one_more(&e.value))),
        _ => None,
    };
    let waits = get(&["waitduration", "initialinterval", "delay", "timeoutduration", "timeout", "value"]);
    let millis = match kind {
        PolicyKind::Timeout => get(&["read"]).or(waits).or_else(|| get(&["connect"])).map(|e| millis(&e.value)),
        PolicyKind::Retry => waits.map(|e| millis(&e.value)),
        _ => None,
    };
    let shown = |property: &str| {
        !matches!(
            property,
            "maxattempts"
                | "maxretryattempts"
                | "attempts"
                | "waitduration"
                | "initialinterval"
                | "timeoutduration"
                | "timeout"
                | "enabled"
        ) && !property.starts_with("retryexceptions")
            && !property.contains('[')
    };
    let mut detail = library.to_owned();
    for (property, entry) in properties.iter().filter(|(p, e)| shown(p) && e.value.len() <= 40).take(6) {
        detail.push_str(&format!(", {property} {}", entry.value.trim()));
    }
    // The types that it repeats after, where they are listed.
    let listed = properties.iter().filter(|(p, _)| p.starts_with("retryexceptions"));
    let types: Vec<&str> = listed
        .flat_map(|(_, e)| e.value.split(','))
        .filter_map(|t| t.trim().rsplit(['.', '$']).next())
        .filter(|t| !t.is_empty())
        .collect();
    if kind == PolicyKind::Retry && !types.is_empty() {
        detail.push_str(&format!(", on {}", types.join(",")));
    }
    let claim = Policy { kind, on, attempts, millis, detail: detail.into(), within: SmolStr::default() };
    sink.stated(Claim::Policy(claim), first.span);
}

/// Retries count without the first attempt.
fn one_more(text: &str) -> Value {
    match text.trim().parse::<u32>() {
        Ok(n) => Value::text(n.saturating_add(1).to_string()),
        Err(_) => Value::opaque(format_smolstr!("{} + 1", text.trim())),
    }
}

/// A duration in milliseconds: plain numbers are, `2s`, `500ms`, `1m` and ISO `PT2S` are converted, the rest stays a hole or text.
pub(in crate::config) fn millis(text: &str) -> Value {
    let text = text.trim();
    let word = text.strip_prefix("PT").or_else(|| text.strip_prefix("pt")).unwrap_or(text).to_ascii_lowercase();
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    let Ok(number) = number.parse::<f64>() else {
        return value(text);
    };
    let factor = match unit.trim() {
        "" | "ms" => 1.0,
        "s" | "sec" => 1_000.0,
        "m" | "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        "us" => 0.001,
        _ => return Value::text(text),
    };
    Value::text(format!("{}", (number * factor).round() as u64))
}

/// `[a.b]` keeps dots together in YAML keys.
fn unbracketed(name: &str) -> SmolStr {
    name.trim_matches(['[', ']', '"']).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_milliseconds() {
        assert_eq!(millis("2s").to_string(), "2000");
        assert_eq!(millis("PT1.5S").to_string(), "1500");
        assert_eq!(millis("500").to_string(), "500");
        assert_eq!(millis("${t:7}").to_string(), "${config:t|7}");
    }
}
