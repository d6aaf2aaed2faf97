//! Spans, from their wire format straight into columns.
//!
//! Invariant: a span's plain fields are read first, wherever they stand, since its attributes belong to the row that they make.

use super::wire::{Broken, Fields};
use super::{Draft, Sink, kind, pair_of, span_of, status, text_of, trace_of};
use crate::value::Any;
use crate::{ResourceId, SpanId, TraceId};
use std::borrow::Cow;

impl Sink<'_> {
    /// `ScopeSpans`.
    pub(super) fn spans(&mut self, resource: ResourceId, scope: &[u8]) -> Result<(), Broken> {
        let mut fields = Fields(scope);
        while let Some((number, value)) = fields.next()? {
            if number == 2 {
                self.one_span(resource, value.bytes())?;
            }
        }
        Ok(())
    }

    fn one_span(&mut self, resource: ResourceId, bytes: &[u8]) -> Result<(), Broken> {
        let mut draft = Draft::default();
        let mut name = Cow::Borrowed("");
        let mut said = Cow::Borrowed("");
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => draft.trace = trace_of(value.bytes()),
                2 => draft.id = span_of(value.bytes()),
                4 => draft.parent = span_of(value.bytes()),
                5 => name = text_of(value),
                6 => draft.kind = kind(value.number()),
                7 => draft.start = value.number(),
                8 => draft.end = value.number(),
                15 => {
                    let mut fields = Fields(value.bytes());
                    while let Some((number, value)) = fields.next()? {
                        match number {
                            2 => said = text_of(value),
                            3 => draft.status = status(value.number()),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        if !self.span(resource, &name, draft) {
            return Ok(());
        }
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            match number {
                9 => {
                    let (key, any) = pair_of(value.bytes())?;
                    self.attribute(key, &any);
                }
                11 => self.happened(draft, resource, value.bytes())?,
                13 => {
                    let (trace, span) = link(value.bytes())?;
                    if !trace.is_none() {
                        self.into.spans.link(trace, span);
                    }
                }
                _ => {}
            }
        }
        if !said.is_empty() {
            self.attribute("otel.status_description", &Any::Text(said));
        }
        Ok(())
    }

    /// `Span.Event`.
    fn happened(&mut self, draft: Draft, resource: ResourceId, bytes: &[u8]) -> Result<(), Broken> {
        let (mut time, mut name, mut pairs) = (0, Cow::Borrowed(""), Vec::new());
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => time = value.number(),
                2 => name = text_of(value),
                3 => pairs.push(pair_of(value.bytes())?),
                _ => {}
            }
        }
        self.event(draft, resource, time, &name, &pairs);
        Ok(())
    }
}

/// `Span.Link`.
fn link(bytes: &[u8]) -> Result<(TraceId, SpanId), Broken> {
    let (mut trace, mut span) = (TraceId::NONE, SpanId::NONE);
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => trace = trace_of(value.bytes()),
            2 => span = span_of(value.bytes()),
            _ => {}
        }
    }
    Ok((trace, span))
}
