//! Configuration files of an application's own making. See `settings.md`.

mod hocon;
mod ini;
mod journal;
mod place;

use super::entries::{self, Document};
use super::interpolate::{self, Dollar};
use super::{json, properties, secret, toml, yaml};
use crate::{Extractor, File, Reads, Sink};
use place::Place;
use seam_facts::{Claim, Setting, SettingScope, SmolStr, Span, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "settings",
    version: 4,
    page: include_str!("settings.md"),
    reads: Reads::Files { wants: |file| place::of(file.path).is_some(), extract },
};

/// A file with more keys than this is data, not configuration.
const MAX_SETTINGS: usize = 400;
/// Longer values are texts for people.
const MAX_VALUE: usize = 200;
/// Larger files are not looked at.
const MAX_SIZE: usize = 256 * 1024;

fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(place) = place::of(file.path) else { return };
    if file.text.len() > MAX_SIZE {
        return;
    }
    let tree = match place.format.as_str() {
        "json" | "json5" | "jsonc" => json::document(file.text, sink),
        "toml" => toml::document(file.text, sink),
        "yaml" | "yml" => yaml::document(file.text, sink),
        "conf" => return lightbend(&place, &hocon::parse(file.text), sink),
        "ini" | "cfg" => return state(&place, &ini::parse(file.text), sink),
        "properties" => return properties::parse(file.text).iter().for_each(|d| state(&place, d, sink)),
        _ => None,
    };
    let Some(tree) = tree.filter(|t| t.is_map() && !place::known_elsewhere(t)) else { return };
    if place.doubtful && !place::starts_a_server(&tree) {
        return;
    }
    state(&place, &entries::of_tree(&tree), sink);
}

/// HOCON has its own variables, and its keys are as they are written.
fn lightbend(place: &Place, entries: &[(SmolStr, Value, Span)], sink: &mut Sink) {
    if entries.len() > MAX_SETTINGS {
        return;
    }
    journal::state(entries, sink);
    for (key, value, at) in entries.iter().filter(|(_, v, _)| v.to_string().len() <= MAX_VALUE) {
        let value = secret::setting(key, value.clone());
        let setting = Setting { scope: SettingScope::App, key: key.clone(), value, profile: place.profile.clone() };
        sink.stated(Claim::Setting(setting), *at);
    }
}

fn state(place: &Place, document: &Document, sink: &mut Sink) {
    if document.plain().count() > MAX_SETTINGS {
        return;
    }
    for entry in &document.entries {
        if entry.value.len() > MAX_VALUE || entry.value.trim().contains('\n') {
            continue;
        }
        let value = match place.names_variables {
            true => Value::env(entry.value.as_str(), None),
            false => interpolate::env(&entry.value, Dollar::Escaped),
        };
        let key = &entry.key;
        let value = secret::setting(key, value);
        let setting = Setting { scope: SettingScope::App, key: key.clone(), value, profile: place.profile.clone() };
        sink.stated(Claim::Setting(setting), entry.span);
    }
}
