//! Eventuate Tram beyond its builders: handlers by annotation, publishers by inheritance. See `eventuate.md`.

use super::messages::{keys, message, state, topics};
use super::read::{JVM, functions_of, text, type_args};
use crate::code::Code;
use crate::code::ir::Type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-eventuate",
    version: 1,
    page: include_str!("eventuate.md"),
    reads: Reads::Code { langs: JVM, extract },
};

const HANDLERS: &[&str] = &["EventuateDomainEventHandler", "EventuateCommandHandler"];

/// Classes that services inherit a publisher from; the aggregate is their first type argument.
const PUBLISHERS: &[&str] = &["AbstractAggregateDomainEventPublisher", "AbstractDomainEventPublisherForAggregateImpl"];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("io.eventuate") {
        return;
    }
    for ty in &code.unit.types {
        handlers(code, ty, sink);
        publisher(code, ty, sink);
    }
}

fn handlers(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    for (_, function) in functions_of(code, ty) {
        for a in function.annotations.iter().filter(|a| HANDLERS.contains(&a.simple())) {
            for channel in topics(code, a, &["channel"], &ty.name) {
                let mut m = message(System::Bus, false, channel, "Eventuate Tram", function.symbol());
                m.address = Some(keys(&["eventuatelocal.kafka.bootstrap.servers"], None));
                m.group = text(code, a, &["subscriberId"], &ty.name);
                m.payload = function.params.first().map(|p| p.ty.clone());
                state(m, a.span, sink);
            }
        }
    }
}

fn publisher(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    for written in &ty.super_texts {
        let name = written.split('<').next().unwrap_or(written).trim();
        if !PUBLISHERS.contains(&name) {
            continue;
        }
        let Some(aggregate) = type_args(written).into_iter().next() else { continue };
        let import = code.unit.imports.iter().find(|i| i.alias == aggregate);
        let channel = match import {
            Some(i) => format_smolstr!("{}.{aggregate}", i.path),
            None if code.unit.package.is_empty() => aggregate,
            None => format_smolstr!("{}.{aggregate}", code.unit.package),
        };
        let mut m = message(System::Bus, true, Value::text(channel), "Eventuate Tram", ty.name.clone());
        m.address = Some(keys(&["eventuatelocal.kafka.bootstrap.servers"], None));
        state(m, ty.span, sink);
    }
}
