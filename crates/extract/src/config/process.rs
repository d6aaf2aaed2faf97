//! Processes without containers: Procfiles, systemd units and supervisord's programs. See `process.md`.

use super::interpolate::{self, Dollar};
use super::{dotenv, secret};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Deployment, Service, Setting, SettingScope, SmolStr, Source, Span};

pub static EXTRACTOR: Extractor =
    Extractor { id: "process", version: 1, page: include_str!("process.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    let name = file.name();
    name == "Procfile" || name.starts_with("Procfile.") || is_unit(file) || is_supervised(file)
}

fn is_supervised(file: &File<'_>) -> bool {
    let name = file.name();
    (name.ends_with(".conf") || name.ends_with(".ini")) && (file.text.is_empty() || file.text.contains("[program:"))
}

fn is_unit(file: &File<'_>) -> bool {
    file.name().ends_with(".service") && (file.text.is_empty() || file.text.contains("[Service]"))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    if is_unit(file) {
        unit(file, sink);
    } else if is_supervised(file) {
        supervised(file, sink);
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
        if let Some((folder, rest)) = words.strip_prefix("cd ").and_then(|w| w.split_once("&&")) {
            let context = secret::clean(interpolate::env(folder.trim(), Dollar::Escaped));
            service.source = Some(Source { context, ..Source::default() });
            words = rest.trim_start();
        }
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

/// supervisord: sections `[program:orders]` with `command`, `directory` and `environment=A="b",C="d"`.
fn supervised(file: &File<'_>, sink: &mut Sink) {
    let mut program: Option<(Service, Span)> = None;
    for (index, line) in file.text.lines().enumerate() {
        let at = Span::at(index as u32 + 1, 1);
        let line = line.split(" ;").next().unwrap_or(line).trim();
        if let Some(section) = line.strip_prefix('[') {
            program.take().into_iter().for_each(|(service, at)| sink.stated(Claim::Service(service), at));
            let name = section.trim_end_matches(']').strip_prefix("program:");
            program = name.map(|n| (Service::new(n.trim(), Deployment::Procfile), at));
            continue;
        }
        let (Some((service, _)), Some((key, value))) = (&mut program, line.split_once('=')) else { continue };
        match key.trim() {
            "command" => service.command = Some(secret::clean(interpolate::env(value.trim(), Dollar::Escaped))),
            "directory" => {
                let context = secret::clean(interpolate::env(value.trim(), Dollar::Escaped));
                service.source = Some(Source { context, ..Source::default() });
            }
            "environment" => {
                for (key, text) in value.split(',').filter_map(|pair| pair.split_once('=')) {
                    set(&service.name, key.trim(), text.trim(), at, sink);
                }
            }
            _ => {}
        }
    }
    program.into_iter().for_each(|(service, at)| sink.stated(Claim::Service(service), at));
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
