//! sbt: a build is a program in Scala, whose projects are values, so it is lowered like code and looked at.
//!
//! A project is what begins with `project`, `Project("id", …)` or `crossProject(…)`, or what a function of the build makes
//! of one. One file declares many, each in a folder of its own.

use super::{depends, folder_name};
use crate::code::ir::{Arg, Call, Expr, ExprKind, Function, Stmt, Unit, walk_stmts};
use crate::lang::{self, Lang};
use crate::{File, Sink};
use seam_facts::{Build, Claim, Module, ModuleKind, SmolStr, Span, Value};

/// Plugins that make a project run by itself.
const RUNNABLE: &[&str] = &[
    "JavaAppPackaging",
    "JavaServerAppPackaging",
    "DockerPlugin",
    "DockerSpotifyClientPlugin",
    "AshScriptPlugin",
    "GraalVMNativeImagePlugin",
    "NativeImagePlugin",
    "JibPlugin",
    "JlinkPlugin",
    "SystemdPlugin",
    "PlayScala",
    "PlayJava",
    "PlayService",
    "PlayMinimalJava",
    "PlayWeb",
    "LagomScala",
    "LagomJava",
    "LagomPlay",
    "LagomPlayScala",
    "LagomPlayJava",
    "SbtReactiveAppPlugin",
    "CloudflowApplicationPlugin",
];

/// What one project says.
#[derive(Default)]
struct Project {
    folder: Option<SmolStr>,
    name: Option<SmolStr>,
    image: Option<SmolStr>,
    base: Option<SmolStr>,
    ports: Vec<SmolStr>,
    uses: Vec<SmolStr>,
    runs: bool,
    packaged: bool,
    gathers: bool,
}

pub(super) fn build(file: &File<'_>, sink: &mut Sink) {
    let unit = lang::lower(Lang::Scala, file.text, &mut Sink::default());
    let mut tests: Vec<Span> = Vec::new();
    for function in &unit.functions {
        // What follows a library says what for, and is seen before it.
        walk_stmts(&function.body, &mut |expr| {
            if for_tests(expr) {
                expr.walk(&mut |e| tests.push(e.span));
            }
            dependency(expr, tests.contains(&expr.span), sink);
        });
    }
    let mut top = Project::default();
    let mut projects: Vec<(&SmolStr, SmolStr, Project, Span)> = Vec::new();
    let mut loose = false;
    for stmt in &unit.functions[0].body {
        match stmt {
            Stmt::Assign { target: Expr { kind: ExprKind::Name(id), .. }, value, append: false, span, ty }
                if !ty.is_empty() =>
            {
                let mut project = Project::default();
                if !read(&unit, value, &mut project, &[], 8) {
                    continue;
                }
                let folder = project.folder.take().unwrap_or_else(|| id.clone());
                let folder: SmolStr = folder.trim_start_matches("./").trim_matches('/').into();
                let folder = if folder == "." { SmolStr::default() } else { folder };
                projects.push((id, folder, project, *span));
            }
            Stmt::Assign { target: Expr { kind: ExprKind::Name(_), .. }, append: true, .. } => loose = true,
            Stmt::Expr(expr) => {
                settings(&unit, expr, &mut top, &[], 6);
                if let Some(call) = expr.as_call().filter(|c| c.name() == "enablePlugins") {
                    plugins(&call.args, &mut top);
                    loose = true;
                }
            }
            _ => {}
        }
    }
    let (count, at_top) = (projects.len(), projects.iter().any(|(_, folder, ..)| folder.is_empty()));
    let folders: Vec<(SmolStr, SmolStr)> = projects.iter().map(|(id, f, ..)| ((*id).clone(), f.clone())).collect();
    for (id, folder, mut project, at) in projects {
        // What a project is built with is found by its folder; a name that is no project of this file stays.
        let named = |name: &SmolStr| folders.iter().find(|(id, _)| id == name).map(|(_, folder)| folder.clone());
        project.uses = project.uses.iter().map(|name| named(name).unwrap_or_else(|| name.clone())).collect();
        state(file, id, folder, project, at, sink);
    }
    let named = top.name.is_some() && count == 0;
    if !at_top && file.name() == "build.sbt" && (named || loose || count == 0) {
        let id = folder_name(file);
        top.gathers = count > 0 && !top.runs;
        state(file, &id, SmolStr::default(), top, Span::at(1, 1), sink);
    }
}

fn state(file: &File<'_>, id: &SmolStr, folder: SmolStr, project: Project, at: Span, sink: &mut Sink) {
    let at = Span { end_line: at.line, ..at };
    let name = project.name.clone().unwrap_or_else(|| if folder.is_empty() { folder_name(file) } else { id.clone() });
    let runnable = if project.runs { Some(true) } else { project.gathers.then_some(false) };
    if project.packaged || project.image.is_some() {
        let image = project.image.unwrap_or_else(|| normal(&name));
        let base = project.base.unwrap_or_else(|| "eclipse-temurin".into());
        let build = Build {
            bases: vec![Value::text(base)],
            exposes: project.ports.into_iter().map(Value::text).collect(),
            image: Some(Value::text(image)),
            context: Some(Value::text(folder.clone())),
            ..Build::default()
        };
        sink.stated(Claim::Build(build), at);
    }
    let mut uses = project.uses;
    uses.dedup();
    sink.stated(Claim::Module(Module { name, kind: ModuleKind::Sbt, runnable, uses, folder }), at);
}

/// sbt's own normal form of a name.
fn normal(name: &str) -> SmolStr {
    name.to_ascii_lowercase().replace(' ', "-").into()
}

/// Reads a chain that begins with a project; says whether it does. `given`: what the build's own function is called with.
fn read(unit: &Unit, expr: &Expr, out: &mut Project, given: &[(SmolStr, SmolStr)], steps: usize) -> bool {
    if steps == 0 {
        return false;
    }
    match &expr.kind {
        ExprKind::Name(name) => name == "project",
        ExprKind::Member(base, _) => read(unit, base, out, given, steps - 1),
        ExprKind::Call(call) => {
            let begins = match (&call.callee.kind, call.name()) {
                (ExprKind::Name(_), "Project") => {
                    out.folder = call.arg_or("base", 1).and_then(|e| path(e, given));
                    out.name = call.arg_or("id", 0).and_then(|e| text(e, given));
                    true
                }
                (ExprKind::Name(_), "crossProject") => true,
                (ExprKind::Name(name), _) => made(unit, name, call, out, given, steps),
                (ExprKind::Member(base, _), _) => read(unit, base, out, given, steps - 1),
                _ => false,
            };
            if begins {
                link(unit, call, out, given);
            }
            begins
        }
        _ => false,
    }
}

/// A project that a function of this build makes: `def service(id: String) = Project(id, file(id))`.
fn made(unit: &Unit, name: &str, call: &Call, out: &mut Project, outer: &[(SmolStr, SmolStr)], steps: usize) -> bool {
    let Some(function) = unit.functions.iter().find(|f| f.name == name && !f.params.is_empty()) else { return false };
    let given: Vec<(SmolStr, SmolStr)> = function
        .params
        .iter()
        .enumerate()
        .filter_map(|(i, p)| {
            let arg = call.arg_or(&p.name, i).or(p.default.as_ref())?;
            Some((p.name.clone(), text(arg, outer)?))
        })
        .collect();
    result(function).is_some_and(|body| read(unit, body, out, &given, steps - 1))
}

fn result(function: &Function) -> Option<&Expr> {
    match function.body.last()? {
        Stmt::Return(e) | Stmt::Expr(e) => Some(e),
        _ => None,
    }
}

fn text(expr: &Expr, given: &[(SmolStr, SmolStr)]) -> Option<SmolStr> {
    match &expr.kind {
        ExprKind::Str(text) => Some(text.clone()),
        ExprKind::Num(number) => Some(number.clone()),
        ExprKind::Name(name) => given.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()),
        ExprKind::Concat(parts) => {
            parts.iter().map(|p| text(p, given).map(String::from)).collect::<Option<String>>().map(SmolStr::from)
        }
        _ => None,
    }
}

/// `file("a") / "b"`.
fn path(expr: &Expr, given: &[(SmolStr, SmolStr)]) -> Option<SmolStr> {
    let call = expr.as_call()?;
    match (call.name(), call.receiver()) {
        ("file", None) => text(call.arg(0)?, given),
        ("/", Some(base)) => {
            let (base, below) = (path(base, given)?, text(call.arg(0)?, given)?);
            Some(format!("{}/{below}", base.trim_end_matches('/')).into())
        }
        _ => None,
    }
}

fn link(unit: &Unit, call: &Call, out: &mut Project, given: &[(SmolStr, SmolStr)]) {
    match call.name() {
        "in" => out.folder = call.arg(0).and_then(|e| path(e, given)).or(out.folder.take()),
        "aggregate" => out.gathers = true,
        "enablePlugins" => plugins(&call.args, out),
        "dependsOn" => {
            for arg in &call.args {
                arg.value.walk(&mut |e| {
                    if let ExprKind::Name(name) = &e.kind
                        && !matches!(name.as_str(), "Test" | "Compile" | "Provided")
                    {
                        out.uses.push(name.clone());
                    }
                });
            }
        }
        "settings" | "jvmSettings" => call.args.iter().for_each(|a| settings(unit, &a.value, out, given, 6)),
        _ => {}
    }
}

fn plugins(args: &[Arg], out: &mut Project) {
    for arg in args {
        let Some(path) = arg.value.path() else { continue };
        let last = path.rsplit('.').next().unwrap_or(&path);
        if RUNNABLE.contains(&last) {
            out.runs = true;
            out.packaged |= !matches!(last, "NativeImagePlugin" | "SystemdPlugin" | "JlinkPlugin");
        }
    }
}

/// `name := "orders"`, `Docker / packageName := "acme/orders"`, and lists of such, also under names of their own.
fn settings(unit: &Unit, expr: &Expr, out: &mut Project, given: &[(SmolStr, SmolStr)], steps: usize) {
    if steps == 0 {
        return;
    }
    match &expr.kind {
        ExprKind::List(items) => items.iter().for_each(|e| settings(unit, e, out, given, steps - 1)),
        ExprKind::Name(name) => {
            let named = unit.functions[0].body.iter().find_map(|s| match s {
                Stmt::Assign { target: Expr { kind: ExprKind::Name(n), .. }, value, .. } if n == name => Some(value),
                _ => None,
            });
            if let Some(value @ Expr { kind: ExprKind::List(_), .. }) = named {
                settings(unit, value, out, given, steps - 1);
            }
        }
        ExprKind::Call(call) if call.name() == ":=" => {
            let (Some(key), Some(value)) = (call.receiver(), call.arg(0)) else { return };
            let (key, docker) = setting_key(key);
            match key {
                "name" if !docker => out.name = text(value, given).or(out.name.take()),
                "packageName" if docker => out.image = text(value, given),
                "dockerAlias" | "dockerRepository" | "dockerUsername" => out.packaged = true,
                "dockerBaseImage" => {
                    out.base = text(value, given);
                    (out.runs, out.packaged) = (true, true);
                }
                "dockerExposedPorts" => {
                    value.walk(&mut |e| out.ports.extend(text(e, given).filter(|p| p.parse::<u16>().is_ok())));
                }
                "mainClass" => out.runs = true,
                _ => {}
            }
        }
        _ => {}
    }
}

/// `packageName in Docker` and `Docker / packageName` are one key; the second part says whether it is the image's.
fn setting_key(expr: &Expr) -> (&str, bool) {
    let called = |e: &Expr, name: &str| matches!(&e.kind, ExprKind::Name(n) if n == name);
    match &expr.kind {
        ExprKind::Name(name) => (name, false),
        ExprKind::Call(call) => match (call.name(), call.receiver(), call.arg(0)) {
            ("in", Some(key), Some(scope)) => (setting_key(key).0, called(scope, "Docker")),
            ("/", Some(scope), Some(key)) => (setting_key(key).0, called(scope, "Docker")),
            _ => ("", false),
        },
        _ => ("", false),
    }
}

/// `"group" %% "artifact" % "1.0" % Test`.
fn dependency(expr: &Expr, development: bool, sink: &mut Sink) {
    let Some(call) = expr.as_call().filter(|c| matches!(c.name(), "%" | "%%" | "%%%")) else { return };
    let (Some(group), Some(artifact)) = (call.receiver().and_then(Expr::as_str), call.arg(0).and_then(Expr::as_str))
    else {
        return;
    };
    depends(format!("{group}:{artifact}"), None, ModuleKind::Sbt, development, expr.span, sink);
}

/// `… % Test`, `… % "test"`, `… % "it,test"`.
fn for_tests(expr: &Expr) -> bool {
    let Some(call) = expr.as_call().filter(|c| c.name() == "%") else { return false };
    // A library of that name would stand after its group.
    if call.receiver().is_some_and(|r| r.as_str().is_some()) {
        return false;
    }
    match call.arg(0).map(|a| &a.kind) {
        Some(ExprKind::Name(name)) => matches!(name.as_str(), "Test" | "IntegrationTest" | "E2ETest"),
        Some(ExprKind::Str(text)) => text.split(',').all(|w| matches!(w.trim(), "test" | "it")),
        _ => false,
    }
}
