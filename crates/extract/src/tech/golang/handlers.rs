//! Functions that are handed to a library, as far as their parameters tell which library that is.
//!
//! Invariant: a connection that another package of the program holds has no type here; what its handler takes has one, and the
//! import of that type's package is in this file.

use crate::code::ir::ExprKind;
use crate::code::{Code, Site};

/// Whether a function that is handed over takes a message of the library: `mq.Conn.Subscribe("mail", func(m *nats.Msg) { … })`
/// on a connection that another package of the program holds.
pub(super) fn handles(code: &Code<'_>, site: &Site<'_>, library: &str) -> bool {
    let of_library = |ty: &str| {
        let package = ty.trim_start_matches(['*', '[', ']', '.']).split_once('.').map_or("", |(package, _)| package);
        code.unit.imports.iter().any(|i| i.alias == package && i.path.contains(library))
    };
    site.call.args.iter().any(|arg| match &arg.value.kind {
        ExprKind::Lambda(function) => code.unit.functions[*function].params.iter().any(|p| of_library(&p.ty)),
        ExprKind::Name(name) => {
            let mut named = code.unit.functions.iter().filter(|f| f.name == *name && f.owner.is_empty());
            named.any(|f| f.params.iter().any(|p| of_library(&p.ty)))
        }
        _ => false,
    })
}
