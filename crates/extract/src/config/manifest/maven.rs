//! Maven.

use super::{depends, module};
use crate::config::xml::{self, Element};
use crate::{File, Sink};
use seam_facts::{Build, Claim, ModuleKind, SmolStr, Value, format_smolstr};

/// Plugins that make an artifact run by itself.
const RUNNABLE: &[&str] = &[
    "spring-boot-maven-plugin",
    "quarkus-maven-plugin",
    "jib-maven-plugin",
    "micronaut-maven-plugin",
    "exec-maven-plugin",
    "liberty-maven-plugin",
    "wildfly-maven-plugin",
    "jetty-maven-plugin",
    "tomcat7-maven-plugin",
    "docker-maven-plugin",
    "dockerfile-maven-plugin",
    "thorntail-maven-plugin",
    "helidon-maven-plugin",
    "payara-micro-maven-plugin",
];

/// Groups that projects inherit from, yet do not own.
const FRAMEWORKS: &[&str] =
    &["org.springframework", "io.quarkus", "io.micronaut", "io.helidon", "org.apache.", "com.google."];

pub(super) fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(project) = xml::document(file.text, sink).filter(|p| p.name == "project") else {
        return;
    };
    let Some(name) = project.child("artifactId") else {
        return;
    };
    let parent = project.child("parent");
    let groups: Vec<&SmolStr> =
        [project.text_at(&["groupId"]), project.text_at(&["parent", "groupId"])].into_iter().flatten().collect();
    let mut uses: Vec<SmolStr> = Vec::new();
    for dependency in project.list("dependencies", "dependency") {
        let (Some(group), Some(artifact)) = (dependency.text_at(&["groupId"]), dependency.text_at(&["artifactId"]))
        else {
            continue;
        };
        let group = filled(group, &project);
        // What shares our group is likely to be built beside us; linking knows.
        if groups.iter().any(|g| **g == group) && !FRAMEWORKS.iter().any(|f| group.starts_with(f)) {
            uses.push(filled(artifact, &project));
        }
        let version = dependency.text_at(&["version"]).map(|v| filled(v, &project));
        let development = dependency.text_at(&["scope"]).is_some_and(|s| s == "test");
        let package = format_smolstr!("{group}:{}", filled(artifact, &project));
        let at = dependency.child("artifactId").map_or(dependency.span, |a| a.span);
        depends(package, version, ModuleKind::Maven, development, at, sink);
    }
    if let Some((parent, artifact)) = parent.and_then(|p| Some((p, p.text_at(&["artifactId"])?))) {
        let group = parent.text_at(&["groupId"]).cloned().unwrap_or_default();
        let version = parent.text_at(&["version"]).cloned();
        depends(format_smolstr!("{group}:{artifact}"), version, ModuleKind::Maven, false, parent.span, sink);
    }
    module(name.text.clone(), ModuleKind::Maven, runnable(&project), uses, name.span, sink);
    jib(&project, sink);
}

fn runnable(project: &Element) -> Option<bool> {
    let packaging = project.text_at(&["packaging"]).map(SmolStr::as_str);
    if packaging == Some("pom") {
        return Some(false);
    }
    let runs = packaging.is_some_and(|p| matches!(p, "war" | "ear" | "bundle" | "quarkus" | "docker" | "native-image"))
        || plugins(project).any(|p| {
            let name = p.text_at(&["artifactId"]).map(SmolStr::as_str).unwrap_or("");
            let skipped = p.text_at(&["configuration", "skip"]).is_some_and(|s| s == "true");
            (RUNNABLE.contains(&name) && !skipped)
                || (matches!(name, "maven-shade-plugin" | "maven-assembly-plugin" | "maven-jar-plugin")
                    && has(p, "mainClass"))
        });
    runs.then_some(true)
}

fn plugins(project: &Element) -> impl Iterator<Item = &Element> {
    let builds = project.children.iter().filter(|c| c.name == "build");
    let profiles = project.list("profiles", "profile").filter_map(|p| p.child("build"));
    builds.chain(profiles).flat_map(|b| b.list("plugins", "plugin"))
}

fn has(element: &Element, name: &str) -> bool {
    element.children.iter().any(|c| c.name == name || has(c, name))
}

/// `${name}` from the file's own properties; what a parent decides stays as written.
fn filled(text: &SmolStr, project: &Element) -> SmolStr {
    let Some((before, name, after)) =
        text.split_once("${").and_then(|(b, rest)| rest.split_once('}').map(|(n, a)| (b, n, a)))
    else {
        return text.clone();
    };
    let value = match name {
        "project.groupId" | "groupId" | "pom.groupId" => {
            project.text_at(&["groupId"]).or_else(|| project.text_at(&["parent", "groupId"]))
        }
        "project.version" | "version" => {
            project.text_at(&["version"]).or_else(|| project.text_at(&["parent", "version"]))
        }
        "project.parent.version" => project.text_at(&["parent", "version"]),
        "project.artifactId" => project.text_at(&["artifactId"]),
        name => project.text_at(&["properties", name]),
    };
    value.map_or_else(|| text.clone(), |v| format_smolstr!("{before}{v}{after}"))
}

/// The image that Jib makes.
fn jib(project: &Element, sink: &mut Sink) {
    for plugin in plugins(project).filter(|p| p.text_at(&["artifactId"]).is_some_and(|a| a == "jib-maven-plugin")) {
        let configuration = plugin.child("configuration");
        if let Some(to) = configuration.and_then(|c| c.path(&["to", "image"])) {
            let bases = configuration.and_then(|c| c.text_at(&["from", "image"])).map(|b| Value::text(b.clone()));
            let build = Build {
                bases: bases.into_iter().collect(),
                image: Some(Value::text(filled(&to.text, project))),
                ..Build::default()
            };
            sink.stated(Claim::Build(build), to.span);
        }
    }
}
