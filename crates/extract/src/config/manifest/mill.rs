//! Mill: modules are objects in a build that is written in Scala; each stands in the folder of its name.

use super::{depends, folder_name};
use crate::code::ir::{Expr, ExprKind, Function, Type, Unit, walk_stmts};
use crate::lang::{self, Lang};
use crate::{File, Sink};
use seam_facts::{Claim, Module, ModuleKind, SmolStr, Span};

pub(super) fn build(file: &File<'_>, sink: &mut Sink) {
    let unit = lang::lower(Lang::Scala, file.text, &mut Sink::default());
    for function in &unit.functions {
        walk_stmts(&function.body, &mut |e| dependency(e, sink));
    }
    let modules: Vec<&Type> = unit.types.iter().filter(|t| is_module(t)).collect();
    for ty in &modules {
        // Test modules stand within those that they test.
        if ty.name == "test" || ty.supers.iter().any(|s| s.contains("Test")) || ty.interface {
            continue;
        }
        let folder = path(&modules, ty);
        let own = |f: &&Function| f.owner == ty.name;
        let runs = unit.functions.iter().filter(own).any(|f| f.name == "mainClass" || f.name.contains("docker"))
            || ty.supers.iter().any(|s| matches!(s.as_str(), "PlayModule" | "PlayApiModule" | "DockerModule"));
        let module = Module {
            name: if ty.name == "package" { folder_name(file) } else { ty.name.clone() },
            kind: ModuleKind::Mill,
            runnable: runs.then_some(true),
            uses: uses(&unit, ty),
            folder,
        };
        let at = Span { end_line: ty.span.line, ..ty.span };
        sink.stated(Claim::Module(module), at);
    }
}

fn is_module(ty: &Type) -> bool {
    ty.supers.iter().any(|s| s.ends_with("Module")) && !ty.name.is_empty()
}

/// The folders of the modules around it, and its own.
fn path(modules: &[&Type], ty: &Type) -> SmolStr {
    let around = |o: &&&Type| o.span.line < ty.span.line && ty.span.end_line <= o.span.end_line;
    let names: Vec<&str> = modules
        .iter()
        .filter(around)
        .map(|t| t.name.as_str())
        .chain([ty.name.as_str()])
        .filter(|n| *n != "package")
        .collect();
    names.join("/").into()
}

fn uses(unit: &Unit, ty: &Type) -> Vec<SmolStr> {
    let mut out: Vec<SmolStr> = Vec::new();
    let own = |f: &&Function| f.owner == ty.name && f.name == "moduleDeps";
    for function in unit.functions.iter().filter(own) {
        walk_stmts(&function.body, &mut |e| match &e.kind {
            ExprKind::Name(name) if !out.contains(name) => out.push(name.clone()),
            _ => {}
        });
    }
    out
}

/// `ivy"group::artifact:1.0"`, `mvn"…"`.
fn dependency(expr: &Expr, sink: &mut Sink) {
    let Some(call) = expr.as_call().filter(|c| matches!(c.name(), "ivy" | "mvn") && c.receiver().is_none()) else {
        return;
    };
    let text = match call.arg(0).map(|a| &a.kind) {
        Some(ExprKind::Str(text)) => text.clone(),
        // The version may be a value of the build.
        Some(ExprKind::Concat(parts)) => parts.first().and_then(Expr::as_str).cloned().unwrap_or_default(),
        _ => return,
    };
    let mut parts = text.split(':').filter(|p| !p.is_empty());
    if let (Some(group), Some(artifact)) = (parts.next(), parts.next()) {
        let version = parts.next().map(SmolStr::from);
        depends(format!("{group}:{artifact}"), version, ModuleKind::Mill, false, expr.span, sink);
    }
}
