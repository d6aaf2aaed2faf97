//! Helpers that choose the request by a method that they are told: `if method == "POST" { client.post(url) } else { … }`.
//!
//! Invariant: a request of such a branch is made for those callers alone that say its method; what stands in no such branch
//! stays as it is.

use super::Code;
use seam_facts::{Call, Claim, Fact, Hole, METHODS, Protocol, Value};

/// Has the requests of a file say whose word chooses them.
pub(crate) fn narrow(code: &Code<'_>, facts: &mut [Fact]) {
    for fact in facts {
        if let Claim::Call(call) = &mut fact.claim
            && call.protocol == Protocol::Http
            && call.verb.is_none()
            && let Some(said) = chooser(code, call, fact.at.line)
        {
            call.verb = Some(Box::new(said));
        }
    }
}

/// The parameter by which a request is chosen, where the nearest line above that names a method compares it with this one.
fn chooser(code: &Code<'_>, call: &Call, line: u32) -> Option<Value> {
    let method = call.method.as_deref()?;
    let around = code.unit.functions.iter().enumerate().filter(|(_, f)| f.span.covers(line) && !f.name.is_empty());
    let (index, _) = around.min_by_key(|(_, f)| f.span.end_line - f.span.line)?;
    let function = code.outermost(index);
    let word = |name: &str| ["method", "verb"].iter().any(|w| name.to_ascii_lowercase().contains(w));
    let (position, param) = function.params.iter().enumerate().find(|(_, p)| word(&p.name))?;
    let first = function.span.line as usize;
    let lines: Vec<&str> = code.text.lines().collect();
    let above = lines.get(first..line as usize)?.iter().rev();
    for text in above {
        let compares = [param.name.as_str(), "case ", "=>", "when ", "->"].iter().any(|w| text.contains(w));
        let named = METHODS.iter().find(|m| {
            let quoted = |mark: char| {
                let wanted = format!("{mark}{m}{mark}");
                text.to_ascii_uppercase().contains(&wanted)
            };
            quoted('"') || quoted('\'')
        });
        match named {
            Some(m) if compares => {
                let hole = Hole::Param {
                    function: function.symbol(),
                    index: u16::try_from(position).ok()?,
                    name: param.name.clone(),
                };
                return (*m == method).then(|| Value::hole(hole));
            }
            _ => {}
        }
    }
    None
}
