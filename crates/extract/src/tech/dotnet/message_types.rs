//! What attributes on the types of messages say about where they go. See `message_types.md`.
//!
//! The type stands in one file and is sent and handled in others, so that what it says is stated as constants of the type:
//! `OrderPlaced.<exchange>`, `OrderPlaced.<topic>`, `OrderPlaced.<key>`.

use crate::code::Code;
use crate::code::ir::Annotation;
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Constant, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-message-types",
    version: 1,
    page: include_str!("message_types.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

/// An attribute: what must be imported, its name, and what its arguments are, by position or name.
struct Attribute {
    import: &'static str,
    name: &'static str,
    args: &'static [(Option<usize>, &'static str, &'static str)],
}

const ATTRIBUTES: &[Attribute] = &[
    // Convey.
    Attribute {
        import: "",
        name: "Message",
        args: &[(Some(0), "exchange", "exchange"), (Some(1), "routingKey", "key")],
    },
    Attribute { import: "", name: "MessageNamespace", args: &[(Some(0), "namespace", "exchange")] },
    Attribute { import: "EasyNetQ", name: "Queue", args: &[(None, "ExchangeName", "exchange")] },
    Attribute { import: "EasyNetQ", name: "Exchange", args: &[(None, "Name", "exchange")] },
    Attribute { import: "MassTransit", name: "EntityName", args: &[(Some(0), "entityName", "topic")] },
    Attribute { import: "Wolverine", name: "Topic", args: &[(Some(0), "name", "topic")] },
    Attribute { import: "Volo.Abp", name: "EventName", args: &[(Some(0), "name", "topic")] },
    Attribute { import: "RawRabbit", name: "Exchange", args: &[(None, "Name", "exchange")] },
    Attribute { import: "RawRabbit", name: "Routing", args: &[(None, "RoutingKey", "key")] },
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        for annotation in &ty.annotations {
            let name = annotation.simple().trim_end_matches("Attribute");
            let known = |a: &&Attribute| a.name == name && (a.import.is_empty() || code.imports(a.import));
            for (position, named, what) in ATTRIBUTES.iter().find(known).into_iter().flat_map(|a| a.args) {
                let value = given(annotation, *position, named).map(|e| code.value(e, 0)).unwrap_or_default();
                if !super::read::unknown(&value) && value.as_text().is_none_or(|t| t != "null") {
                    let claim = Constant { symbol: format_smolstr!("{}.<{what}>", ty.name), value };
                    sink.stated(Claim::Constant(claim), annotation.span);
                }
            }
        }
    }
}

fn given<'a>(annotation: &'a Annotation, position: Option<usize>, named: &str) -> Option<&'a crate::code::ir::Expr> {
    let by_name = annotation.args.iter().find(|a| a.name.as_deref() == Some(named)).map(|a| &a.value);
    by_name.or_else(|| annotation.positional(position?))
}
