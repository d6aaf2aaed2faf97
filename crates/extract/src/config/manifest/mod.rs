//! Manifests of build tools: which units of code there are, what they are built with, which of them run. See `manifest.md`.

mod gradle;
mod maven;
mod mill;
mod other;
mod python;
mod sbt;
mod script;
mod starters;
mod toolchain;

use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Depends, Module, ModuleKind, SmolStr, Span};

pub static EXTRACTOR: Extractor =
    Extractor { id: "manifest", version: 3, page: include_str!("manifest.md"), reads: Reads::Files { wants, extract } };

type Reading = fn(&File<'_>, &mut Sink);

/// Which file is read how.
fn reading(file: &File<'_>) -> Option<Reading> {
    Some(match file.name() {
        "pom.xml" => maven::extract,
        "build.gradle" | "build.gradle.kts" => gradle::build,
        "settings.gradle" | "settings.gradle.kts" => gradle::settings,
        "build.sc" | "build.mill" => mill::build,
        name if name.ends_with(".sbt") && name != "plugins.sbt" => sbt::build,
        "package.json" => script::package,
        "composer.json" => other::composer,
        "go.mod" => toolchain::go,
        "Cargo.toml" => toolchain::cargo,
        "CMakeLists.txt" => toolchain::cmake,
        "pyproject.toml" => python::pyproject,
        "Pipfile" => python::pipfile,
        "setup.py" => python::setup,
        "Gemfile" => other::gemfile,
        "mix.exs" => other::mix,
        name if name.starts_with("requirements") && (name.ends_with(".txt") || name.ends_with(".in")) => {
            python::requirements
        }
        _ => return None,
    })
}

fn wants(file: &File<'_>) -> bool {
    reading(file).is_some()
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    if let Some(read) = reading(file) {
        read(file, sink);
    }
}

/// The folder's own name: what a unit is called when its manifest does not say.
fn folder_name(file: &File<'_>) -> SmolStr {
    let name = file.folder().rsplit('/').next().unwrap_or("");
    if name.is_empty() { "root".into() } else { name.into() }
}

fn module(
    name: impl Into<SmolStr>,
    kind: ModuleKind,
    runnable: Option<bool>,
    mut uses: Vec<SmolStr>,
    at: Span,
    sink: &mut Sink,
) {
    let mut seen: Vec<SmolStr> = Vec::new();
    uses.retain(|u| !u.is_empty() && !seen.contains(u) && (seen.push(u.clone()), true).1);
    let folder = SmolStr::default();
    sink.stated(Claim::Module(Module { name: name.into(), kind, runnable, uses, folder }), at);
}

fn depends(
    package: impl Into<SmolStr>,
    version: Option<SmolStr>,
    kind: ModuleKind,
    development: bool,
    at: Span,
    sink: &mut Sink,
) {
    let package = package.into();
    if !package.is_empty() {
        if !development && matches!(kind, ModuleKind::Maven | ModuleKind::Gradle | ModuleKind::Sbt | ModuleKind::Mill) {
            starters::starter(&package, at, sink);
        }
        sink.stated(Claim::Depends(Depends { package, version, kind, development }), at);
    }
}

/// The text in the first quotes from `from` on, and what follows it.
fn quoted(from: &str) -> Option<(&str, &str)> {
    let start = from.find(['"', '\''])?;
    let quote = from[start..].chars().next()?;
    let rest = &from[start + 1..];
    let end = rest.find(quote)?;
    Some((&rest[..end], &rest[end + 1..]))
}

fn line_span(index: usize, line: &str) -> Span {
    Span::at(index as u32 + 1, (line.len() - line.trim_start().len() + 1) as u32)
}
