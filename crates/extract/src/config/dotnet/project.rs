//! `*.csproj` and its kin: modules, what they are built with. See `project.md`.

use crate::{Extractor, File, Reads, Sink};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use seam_facts::{
    Build, Claim, Constant, Depends, GLOBAL_USING, Lines, Module, ModuleKind, Problem, ProblemKind, SmolStr, Span,
    Value,
};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-project",
    version: 2,
    page: include_str!("project.md"),
    reads: Reads::Files { wants, extract },
};

fn wants(file: &File<'_>) -> bool {
    matches!(file.extension().as_str(), "csproj" | "fsproj" | "vbproj") || shared(file)
}

/// What several projects import: settings for them, no project.
fn shared(file: &File<'_>) -> bool {
    matches!(file.extension().as_str(), "props" | "targets")
}

#[derive(Default)]
struct Project {
    at: Span,
    sdks: Vec<String>,
    properties: Vec<(String, String, Span)>,
    uses: Vec<SmolStr>,
    packages: Vec<(SmolStr, Option<SmolStr>, Span)>,
    usings: Vec<(String, Span)>,
}

impl Project {
    fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().rev().find(|(n, ..)| n == name).map(|(_, v, _)| v.as_str())
    }

    fn is(&self, name: &str) -> bool {
        self.property(name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    fn test(&self) -> bool {
        self.is("IsTestProject")
            || self.sdks.iter().any(|s| s.contains("MSTest"))
            || self.packages.iter().any(|(p, ..)| {
                matches!(p.as_str(), "Microsoft.NET.Test.Sdk" | "xunit" | "NUnit" | "MSTest.TestFramework" | "TUnit")
            })
    }

    /// Whether it starts as a process of its own; `None` where the answer is an application on a device.
    fn runnable(&self) -> Option<bool> {
        let sdk = |name: &str| self.sdks.iter().any(|s| s.contains(name));
        // An AppHost describes a deployment; what it starts are the other projects.
        if self.test() || sdk("Aspire.AppHost") || self.is("IsAspireHost") {
            return Some(false);
        }
        if self.is("UseMaui") {
            return None;
        }
        match self.property("OutputType").map(str::to_ascii_lowercase).as_deref() {
            Some("exe" | "winexe") => Some(true),
            Some(_) => Some(false),
            None => Some(
                sdk("Sdk.Web")
                    || sdk("Sdk.Worker")
                    || sdk("Sdk.BlazorWebAssembly")
                    || self.property("AWSProjectType") == Some("Lambda")
                    || self.property("AzureFunctionsVersion").is_some(),
            ),
        }
    }
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let project = read(file.text, sink);
    for (namespace, at) in &project.usings {
        let constant = Constant { symbol: GLOBAL_USING.into(), value: Value::text(namespace.as_str()) };
        sink.stated(Claim::Constant(constant), *at);
    }
    if shared(file) {
        return;
    }
    let name: SmolStr = file.name().rsplit_once('.').map(|(stem, _)| stem).unwrap_or(file.name()).into();
    let test = project.test();
    let runnable = project.runnable();
    for (package, version, at) in &project.packages {
        let depends =
            Depends { package: package.clone(), version: version.clone(), kind: ModuleKind::DotNet, development: test };
        sink.stated(Claim::Depends(depends), *at);
    }
    // The SDK builds an image by itself when it is told the name.
    if let Some((_, image, at)) =
        project.properties.iter().find(|(n, ..)| n == "ContainerRepository" || n == "ContainerImageName")
    {
        let build = Build { image: Some(Value::text(image.as_str())), ..Build::default() };
        sink.stated(Claim::Build(build), *at);
    }
    let module = Module { name, kind: ModuleKind::DotNet, runnable, uses: project.uses, folder: SmolStr::default() };
    sink.stated(Claim::Module(module), project.at);
}

fn read(text: &str, sink: &mut Sink) -> Project {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(text);
    let mut reader = Reader::from_str(text);
    let mut project = Project { at: Span::at(1, 1), ..Project::default() };
    // The open element's name, where its text counts.
    let mut open: Option<(String, Span)> = None;
    let mut package: Option<usize> = None;
    loop {
        let start = reader.buffer_position() as usize;
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let at = lines.span(start, start);
                sink.problem(Problem::new(
                    ProblemKind::Syntax,
                    seam_facts::format_smolstr!("XML is broken: {error}"),
                    Some(at),
                ));
                return project;
            }
        };
        let at = |end: usize| lines.span(start, end.max(start + 1) - 1);
        let end = reader.buffer_position() as usize;
        match event {
            Event::Start(element) => {
                let name = element_name(&element);
                package = element_seen(&name, &element, at(end), &mut project).or(package);
                open = Some((name, at(end)));
            }
            Event::Empty(element) => {
                let name = element_name(&element);
                element_seen(&name, &element, at(end), &mut project);
            }
            Event::Text(content) => {
                let Some((name, at)) = &open else { continue };
                let content = content.xml_content(quick_xml::XmlVersion::default()).trim().to_owned();
                if content.is_empty() {
                    continue;
                }
                match (name.as_str(), package) {
                    ("Version", Some(index)) => project.packages[index].1 = Some(content.into()),
                    _ => project.properties.push((name.clone(), content, *at)),
                }
            }
            Event::End(element) => {
                open = None;
                if element.name().as_ref() == "PackageReference" {
                    package = None;
                }
            }
            Event::Eof => return project,
            _ => {}
        }
    }
}

fn element_name(element: &BytesStart<'_>) -> String {
    element.local_name().as_ref().to_owned()
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|a| a.key.as_ref() == name)?;
    Some(found.value.to_string())
}

/// Notes what an element states; gives the package's index if it is one.
fn element_seen(name: &str, element: &BytesStart<'_>, at: Span, project: &mut Project) -> Option<usize> {
    match name {
        "Project" => {
            project.at = at;
            project.sdks.extend(attribute(element, "Sdk"));
        }
        "Sdk" => project.sdks.extend(attribute(element, "Name")),
        "Import" => project.sdks.extend(attribute(element, "Sdk")),
        "ProjectReference" => {
            let paths = attribute(element, "Include").unwrap_or_default();
            project
                .uses
                .extend(paths.split(';').filter(|p| !p.is_empty()).map(|p| SmolStr::from(p.trim().replace('\\', "/"))));
        }
        "Using" if attribute(element, "Alias").is_none() => {
            project.usings.extend(attribute(element, "Include").map(|namespace| (namespace, at)));
        }
        "PackageReference" => {
            let package = attribute(element, "Include")?;
            let version = attribute(element, "Version").or_else(|| attribute(element, "VersionOverride"));
            project.packages.push((package.into(), version.map(SmolStr::from), at));
            return Some(project.packages.len() - 1);
        }
        _ => {}
    }
    None
}
