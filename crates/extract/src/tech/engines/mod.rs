//! Clients of workflow engines: who starts processes, sends them messages, and works on their jobs. See `engines.md`.
//!
//! Invariant: workers ask the engine, which never asks them; the address is what the connection is told, what the framework
//! documents as its key, or the library's own default, and the last two are inferred.

mod clients;

use crate::code::Code;
use crate::code::ir::Annotation;
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use clients::{CLIENTS, Engine, FRAMEWORKS, Framework};
use seam_facts::{Call, Claim, SmolStr, Span, Value};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor = Extractor {
    id: "engines",
    version: 1,
    page: include_str!("engines.md"),
    reads: Reads::Code {
        langs: &[Lang::Go, Lang::Python, Lang::Script, Lang::Java, Lang::Kotlin, Lang::CSharp, Lang::Php],
        extract,
    },
};

pub static EXTRACTORS: &[&Extractor] = &[&EXTRACTOR];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let mut said: BTreeSet<(Value, SmolStr)> = BTreeSet::new();
    for site in code.calls() {
        let Some((engine, client)) = CLIENTS.iter().find(|(_, c)| c.is_made(code, site)) else { continue };
        let told = client.target(code, site).map(|(target, _)| target);
        let within = code.within(site.function);
        let Some(target) = told.clone().or_else(|| engine.by_default()) else { continue };
        if said.insert((target.clone(), within.clone())) {
            let claim = asked(engine, target, within);
            match told {
                Some(_) => sink.stated(claim, site.span()),
                None => sink.inferred(claim, site.span()),
            }
        }
    }
    if matches!(code.unit.lang, Lang::Java | Lang::Kotlin) {
        for framework in FRAMEWORKS.iter().filter(|f| code.imports(f.package)) {
            configured(code, framework, sink);
        }
    }
}

/// What a framework connects by its configuration: annotated workers, and commands of a client that is handed in.
fn configured(code: &Code<'_>, framework: &Framework, sink: &mut Sink) {
    let known = |a: &&Annotation| framework.annotations.contains(&a.simple());
    let mut found: Vec<(SmolStr, Span)> = Vec::new();
    for ty in &code.unit.types {
        found.extend(ty.annotations.iter().find(known).map(|a| (ty.name.clone(), a.span)));
    }
    for function in &code.unit.functions {
        found.extend(function.annotations.iter().find(known).map(|a| (function.symbol(), a.span)));
    }
    for site in code.calls().iter().filter(|s| framework.commands.contains(&s.call.name())) {
        let within = code.within(site.function);
        if !found.iter().any(|(w, _)| *w == within) {
            found.push((within, site.span()));
        }
    }
    let target = Value::either(framework.keys.iter().map(|k| Value::config(*k, None)));
    for (within, at) in found {
        sink.inferred(asked(framework.engine, target.clone(), within), at);
    }
}

fn asked(engine: &Engine, target: Value, within: SmolStr) -> Claim {
    Claim::Call(Call::to(engine.protocol, engine.name.into(), target, within))
}
