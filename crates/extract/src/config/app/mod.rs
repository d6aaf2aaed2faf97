//! Application configuration of Spring, Micronaut, Quarkus and their relatives. See `app.md`.
//!
//! Files become flat entries; here those become settings, names, and what the frameworks themselves do with some keys:
//! the servers they register with ([`clients`]), the routes they forward ([`routes`]), their patience ([`resilience`]),
//! the stores they keep things in ([`kept`]).

mod clients;
mod kept;
mod place;
mod resilience;
mod routes;

use super::entries::{Document, Entry, canonical};
use super::{entries, properties, secret, yaml};
use crate::code::placeholders;
use crate::{Extractor, File, Reads, Sink};
use place::Place;
pub(super) use resilience::millis;
use seam_facts::{Alias, Claim, Deployment, Setting, SettingScope, SmolStr, Target, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "app-config",
    version: 3,
    page: include_str!("app.md"),
    reads: Reads::Files { wants: |file| place::of(file.path).is_some(), extract },
};

/// How deep placeholders nest in one value.
const NESTING: usize = 4;
/// Longest value that is stated as a setting, in bytes.
const MAX_SETTING: usize = 500;
/// Profiles that one document may name.
const MAX_PROFILES: usize = 8;

fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(place) = place::of(file.path) else { return };
    if place.needs_proof && !place::likely(file.text) {
        return;
    }
    let documents = match file.extension().as_str() {
        "properties" => properties::parse(file.text),
        _ => yaml::documents(file.text, sink).iter().map(entries::of_tree).collect(),
    };
    if place.needs_proof && !place::proven(&documents) {
        return;
    }
    state(&place, &documents, sink);
}

fn state(place: &Place, documents: &[Document], sink: &mut Sink) {
    for document in documents {
        let profiles = profiles(document);
        for entry in &document.entries {
            settings(place, &profiles, entry, sink);
        }
        for entry in document.plain() {
            names(place, entry, sink);
        }
        // What holds in tests only is no traffic of the system.
        if place.profile.as_deref() == Some("test") || profiles.iter().any(|p| p == "test") {
            continue;
        }
        clients::state(document, documents, sink);
        kept::state(document, sink);
        routes::state(document, sink);
        resilience::state(document, sink);
    }
}

/// The profiles that a document says it is for; empty for the base.
fn profiles(document: &Document) -> Vec<SmolStr> {
    let mut out = Vec::new();
    for entry in document.plain() {
        let key = canonical(&entry.key);
        let key = key.split('[').next().unwrap_or(&key);
        if matches!(key, "spring.config.activate.onprofile" | "spring.profiles") {
            out.extend(entry.value.split([',', '|', ' ']).map(str::trim).filter(|p| positive(p)).map(SmolStr::from));
        }
    }
    out.truncate(MAX_PROFILES);
    out
}

/// `!docker` and `default` are what holds without a profile.
fn positive(profile: &str) -> bool {
    !profile.is_empty() && !profile.starts_with('!') && !matches!(profile, "default" | "&" | "(" | ")")
}

fn settings(place: &Place, profiles: &[SmolStr], entry: &Entry, sink: &mut Sink) {
    // Texts for people are no settings that anything is linked by.
    if entry.value.len() > MAX_SETTING || entry.value.trim().contains('\n') {
        return;
    }
    let (own, key) = prefixed(&entry.key);
    let value = secret::setting(&key, value(&entry.value));
    let mut all: Vec<Option<SmolStr>> =
        if own.is_empty() { profiles.iter().cloned().map(Some).collect() } else { own.into_iter().map(Some).collect() };
    if all.is_empty() {
        all.push(place.profile.clone());
    }
    for profile in all {
        let setting = Setting { scope: place.scope.clone(), key: key.clone(), value: value.clone(), profile };
        sink.stated(Claim::Setting(setting), entry.span);
    }
}

/// Quarkus puts profiles before keys: `%prod.url`, `%{dev,test}.url`.
fn prefixed(key: &SmolStr) -> (Vec<SmolStr>, SmolStr) {
    let Some((profiles, rest)) = key.strip_prefix('%').and_then(|k| k.split_once('.')) else {
        return (Vec::new(), key.clone());
    };
    let names = profiles.trim_matches(['{', '}', '"']).split(',').map(str::trim).filter(|p| positive(p));
    (names.take(MAX_PROFILES).map(SmolStr::from).collect(), rest.into())
}

/// A value with its placeholders as holes. What a build tool fills in (`@project.version@`) is not known.
fn value(text: &str) -> Value {
    match text.strip_prefix('@').and_then(|t| t.strip_suffix('@')) {
        Some(inner) if !inner.is_empty() && !inner.contains('@') => Value::opaque(text),
        _ => placeholders(text, NESTING),
    }
}

/// What the framework finds under `key` when the application runs; this file's value unless something overrides it.
fn looked_up(key: &str, value: Value) -> Value {
    let (_, key) = prefixed(&SmolStr::from(key));
    Value::config(key, Some(value))
}

/// The name that the application gives itself, and registers under.
fn names(place: &Place, entry: &Entry, sink: &mut Sink) {
    if place.scope != SettingScope::App {
        return;
    }
    let key = canonical(&prefixed(&entry.key).1);
    let names_itself = matches!(
        key.as_str(),
        "spring.application.name"
            | "micronaut.application.name"
            | "quarkus.application.name"
            | "dubbo.application.name"
            | "eureka.instance.appname"
            | "eureka.instance.virtualhostname"
            | "spring.cloud.consul.discovery.servicename"
            | "spring.cloud.nacos.discovery.service"
    );
    if !names_itself {
        return;
    }
    let (name, certain) = default_of(&value(&entry.value));
    let Some(name) = name.filter(|n| !n.is_empty()) else { return };
    let alias = Alias { name, deployment: Deployment::Script, target: Target::Own, ports: Vec::new(), namespace: None };
    match certain {
        true => sink.stated(Claim::Alias(alias), entry.span),
        false => sink.inferred(Claim::Alias(alias), entry.span),
    }
}

/// The text of a value, taking placeholders' defaults; whether no default was needed.
fn default_of(value: &Value) -> (Option<SmolStr>, bool) {
    use seam_facts::Hole;
    if let Some(text) = value.as_text() {
        return (Some(text), true);
    }
    match value.as_hole() {
        Some(Hole::Config { default: Some(default), .. } | Hole::Env { default: Some(default), .. }) => {
            (default_of(default).0, false)
        }
        _ => (None, false),
    }
}
