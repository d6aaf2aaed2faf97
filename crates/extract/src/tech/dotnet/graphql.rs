//! Clients of GraphQL in .NET: GraphQL.Client and StrawberryShake. See `graphql.md`.

use super::read::{chain, closures, initialiser, sets, unknown};
use crate::code::ir::ExprKind;
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Protocol, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-graphql",
    version: 1,
    page: include_str!("graphql.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["GraphQLHttpClient"]).into_iter().filter(|s| s.call.new) {
        let Some(first) = site.call.arg(0) else { continue };
        let set = sets(code, &closures(site.call)).into_iter().find(|s| s.member == "EndPoint");
        let (made, at) = code.resolved(first, site.function);
        let options = made.as_call().filter(|c| c.new).and_then(initialiser).and_then(|o| o.key("EndPoint"));
        let address = match (set, options, &first.kind) {
            (Some(set), ..) => code.value(set.value, set.function),
            (None, Some(given), _) => code.value(given, at),
            (None, None, ExprKind::Lambda(_)) => continue,
            (None, None, _) => code.value(first, site.function),
        };
        state(code, &site, "GraphQL.Client", address, sink);
    }
    // `services.AddShopClient().ConfigureHttpClient(c => c.BaseAddress = …)`: what adds it is generated.
    if code.imports("Microsoft.Extensions.DependencyInjection") || code.imports("StrawberryShake") {
        for site in code.calls_named(&["ConfigureHttpClient"]) {
            let added = chain(site.call).into_iter().find(|c| c.name().starts_with("Add"));
            let generated = added.is_some_and(|c| c.name().ends_with("Client") && !c.name().contains("Http"));
            let plain = added.is_some_and(|c| c.type_args.is_empty() && c.args.is_empty());
            let set = sets(code, &closures(site.call)).into_iter().find(|s| s.member == "BaseAddress");
            if let (true, true, Some(set)) = (generated, plain, set) {
                state(code, &site, "StrawberryShake", code.value(set.value, set.function), sink);
            }
        }
    }
}

fn state(code: &Code<'_>, site: &Site<'_>, client: &str, target: Value, sink: &mut Sink) {
    if unknown(&target) {
        return;
    }
    let call = Call {
        method: Some("POST".into()),
        ..Call::to(Protocol::Http, client.into(), super::read::plain_scheme(target), code.within(site.function))
    };
    sink.stated(Claim::Call(call), site.span());
}
