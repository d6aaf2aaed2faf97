//! Processes without containers: Procfiles and systemd units. See `process.md`.

use super::interpolate::{self, Dollar};
use super::{dotenv, secret};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Deployment, Service, Setting, SettingScope, SmolStr, Span};

pub static EXTRACTOR: Extractor =
    Extractor { id: "process", version: 1, page: include_str!("process.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    let name = file.name();
    name == "Procfile" || name.starts_with("Procfile.") || is_unit(file)
}

fn is_unit(file: &File<'_>) -> bool {
    file.name().ends_with(".service") && (file.text.is_empty() || file.text.contains("[Service]"))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    if is_unit(file) {
        unit(file, sink);
    } else {
        procfile(file, sink);
    }
}

fn procfile(file: &File<'_>, sink: &mut Sink) {
    for (index, line) in file.text.lines().enumerate() {
        let Some((name, command)) = line.split_once(':').filter(|(n, _)| !n.is_empty()) else {
            continue;
        };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
            continue;
        }
        let at = Span::at(index as u32 + 1, 1);
        let mut service = Service::new(name, Deployment::Procfile);
        let mut words = command.trim();
        // `KEY=value` in front of the command is its environment.
        while let Some((word, rest)) = words.split_once(' ')
            && let Some((key, text)) = word.split_once('=')
            && !key.is_empty()
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            set(&service.name, key, text, at, sink);
            words = rest.trim_start();
        }
        service.command = Some(secret::clean(interpolate::env(words, Dollar::Escaped)));
        sink.stated(Claim::Service(service), at);
    }
}

fn unit(file: &File<'_>, sink: &mut Sink) {
    let name = file.name().trim_end_matches(".service").trim_end_matches('@');
    let mut service = Service::new(name, Deployment::Systemd);
    let mut at = Span::at(1, 1);
    let mut lines = file.text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let mut text = line.trim().to_owned();
        let here = Span::at(index as u32 + 1, 1);
        if text.starts_with(['#', ';']) {
            continue;
        }
        while text.ends_with('\\') {
            text.pop();
            match lines.next() {
                Some((_, more)) => text.push_str(more.trim()),
                None => break,
            }
        }
        let Some((key, value)) = text.split_once('=') else {
            continue;
        };
        let value = value.trim();
        match key.trim() {
            "ExecStart" => {
                at = here;
                let command = value.trim_start_matches(['-', '@', '+', '!', ':']);
                service.command = Some(secret::clean(interpolate::env(command, Dollar::Doubled)));
            }
            "EnvironmentFile" => service.env_files.push(value.trim_start_matches('-').into()),
            "Environment" => {
                for word in words(value) {
                    if let Some((key, text)) = word.split_once('=') {
                        set(&service.name, key, text, here, sink);
                    }
                }
            }
            "After" | "Requires" | "Wants" | "BindsTo" => {
                let units = value.split_whitespace().filter_map(|u| u.strip_suffix(".service")).map(SmolStr::from);
                for unit in units {
                    if !service.depends_on.contains(&unit) {
                        service.depends_on.push(unit);
                    }
                }
            }
            _ => {}
        }
    }
    sink.stated(Claim::Service(service), at);
}

fn set(service: &SmolStr, key: &str, text: &str, at: Span, sink: &mut Sink) {
    // The same quoting rules as in a dotenv line.
    let line = format!("{key}={text}");
    for (key, value, _) in dotenv::entries(&line) {
        let value = secret::setting(&key, value);
        let scope = SettingScope::Service(service.clone());
        sink.stated(Claim::Setting(Setting { scope, key: key.into(), value, profile: None }), at);
    }
}

/// Words with optional quotes around each.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if c == q => quote = None,
            (None, c) if c.is_whitespace() => out.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            (_, c) => word.push(c),
        }
    }
    out.extend((!word.is_empty()).then_some(word));
    out
}
