//! Gradle, in Groovy and Kotlin: read line by line, because a build script is a program.

use super::{depends, folder_name, line_span, module, quoted};
use crate::{File, Sink};
use seam_facts::{ModuleKind, SmolStr, Span};

/// Plugins that make a project run by itself.
const RUNNABLE: &[&str] = &[
    "org.springframework.boot",
    "application",
    "war",
    "io.quarkus",
    "io.micronaut.application",
    "io.micronaut.minimal.application",
    "com.google.cloud.tools.jib",
    "io.ktor.plugin",
    "com.github.johnrengelman.shadow",
    "com.gradleup.shadow",
    "com.bmuschko.docker-java-application",
    "com.bmuschko.docker-spring-boot-application",
];

pub(super) fn build(file: &File<'_>, sink: &mut Sink) {
    let mut runnable = None;
    let mut uses = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let code = uncommented(line);
        let at = line_span(index, line);
        if plugin(code).is_some_and(|p| RUNNABLE.contains(&p)) || code.starts_with("mainClass") {
            runnable = Some(true);
        }
        for piece in code.split("project(").skip(1) {
            if let Some((path, _)) = quoted(piece).filter(|(p, _)| p.starts_with(':')) {
                uses.push(path.rsplit(':').next().unwrap_or(path).into());
            }
        }
        if let Some(path) = code.split("(projects.").nth(1).and_then(|p| p.split([')', ',']).next()) {
            uses.push(path.rsplit('.').next().unwrap_or(path).into());
        }
        dependency(code, at, sink);
    }
    module(folder_name(file), ModuleKind::Gradle, runnable, uses, Span::at(1, 1), sink);
}

/// The plugin that a line applies.
fn plugin(code: &str) -> Option<&str> {
    if code.contains("apply false") {
        return None;
    }
    if code.starts_with("id(")
        || code.starts_with("id ")
        || code.contains("apply plugin:")
        || code.contains("apply(plugin")
    {
        return quoted(code).map(|(p, _)| p);
    }
    match code.trim_matches('`') {
        "application" | "war" => Some(code.trim_matches('`')),
        _ => None,
    }
}

/// `implementation("group:name:version")` and the like.
fn dependency(code: &str, at: Span, sink: &mut Sink) {
    let word: &str = code.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    let lower = word.to_ascii_lowercase();
    let kinds = [
        "implementation",
        "api",
        "compile",
        "runtimeonly",
        "compileonly",
        "runtime",
        "kapt",
        "ksp",
        "annotationprocessor",
    ];
    if !kinds.iter().any(|k| lower.ends_with(k)) || code.contains("project(") {
        return;
    }
    let Some((text, _)) = quoted(&code[word.len()..]) else {
        return;
    };
    let mut parts = text.split(':');
    if let (Some(group), Some(name)) = (parts.next(), parts.next()) {
        let version = parts.next().map(SmolStr::from);
        let development = lower.starts_with("test") || lower.contains("test");
        depends(format!("{group}:{name}"), version, ModuleKind::Gradle, development, at, sink);
    }
}

pub(super) fn settings(file: &File<'_>, sink: &mut Sink) {
    let mut name = folder_name(file);
    let mut at = Span::at(1, 1);
    let mut uses: Vec<SmolStr> = Vec::new();
    let mut including = false;
    for (index, line) in file.text.lines().enumerate() {
        let code = uncommented(line);
        if code.starts_with("rootProject.name") {
            if let Some((text, _)) = quoted(code) {
                name = text.into();
                at = line_span(index, line);
            }
            continue;
        }
        including = including || (code.starts_with("include") && !code.starts_with("includeBuild"));
        if including {
            let mut rest = code;
            while let Some((path, after)) = quoted(rest) {
                uses.push(path.trim_start_matches(':').replace(':', "/").into());
                rest = after;
            }
            including = code.ends_with(',')
                || code.ends_with('(')
                || (code.starts_with("include") && !code.contains(['"', '\'']));
        }
    }
    if !uses.is_empty() {
        module(name, ModuleKind::Gradle, Some(false), uses, at, sink);
    }
}

fn uncommented(line: &str) -> &str {
    let line = line.trim();
    match line.find("//") {
        Some(at) if !line[..at].ends_with(':') => line[..at].trim_end(),
        _ => line,
    }
}
