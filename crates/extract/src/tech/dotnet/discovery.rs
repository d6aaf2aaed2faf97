//! Registries that .NET services register with and ask: Eureka and Consul by Steeltoe, Ocelot's providers, Consul's own
//! client. See `discovery.md`.

use super::read::{closures, initialiser, sets, unknown};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Protocol, SmolStr, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-discovery",
    version: 1,
    page: include_str!("discovery.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in
        code.calls_named(&["AddDiscoveryClient", "AddServiceDiscovery", "AddEurekaDiscoveryClient", "AddEureka"])
    {
        // `AddServiceDiscovery` of other libraries has no registry.
        let steeltoe = code.imports("Steeltoe") || code.imports("Ocelot.Provider.Eureka");
        if site.call.new || !steeltoe && !site.call.name().contains("Eureka") {
            continue;
        }
        let consul = Value::text("http://").then(Value::config("Consul.Host", None));
        // Which of them it is, the packages and settings tell; Eureka's address is the documented default.
        let target = match site.call.name() {
            "AddEureka" | "AddEurekaDiscoveryClient" => eureka(),
            _ => Value::either([eureka(), consul]),
        };
        state("Eureka", target, true, &site, code, sink);
    }
    for site in code.calls_named(&["AddConsulDiscoveryClient", "AddConsul"]) {
        let by_ocelot = code.imports("Ocelot");
        if site.call.name() == "AddConsul" && !by_ocelot {
            address(code, &site, &closures(site.call), sink);
            continue;
        }
        let keys = if by_ocelot { OCELOT } else { STEELTOE };
        let target = Value::text("http://").then(Value::config(keys.0, None)).then(":".into());
        state("Consul", target.then(Value::config(keys.1, Some("8500".into()))), true, &site, code, sink);
    }
    for site in code.calls_named(&["ConsulClient"]) {
        if site.call.new {
            address(code, &site, &closures(site.call), sink);
        }
    }
}

/// Keys of host and port.
const OCELOT: (&str, &str) =
    ("GlobalConfiguration.ServiceDiscoveryProvider.Host", "GlobalConfiguration.ServiceDiscoveryProvider.Port");
const STEELTOE: (&str, &str) = ("Consul.Host", "Consul.Port");

fn eureka() -> Value {
    Value::config("Eureka.Client.ServiceUrl", Some("http://localhost:8761/eureka".into()))
}

/// The address that a closure or an object gives to Consul's client.
fn address(code: &Code<'_>, site: &Site<'_>, inside: &[usize], sink: &mut Sink) {
    let set = sets(code, inside).into_iter().find(|s| s.member == "Address").map(|s| code.value(s.value, s.function));
    let made = site.call.args.iter().find_map(|a| {
        let (made, at) = code.resolved(&a.value, site.function);
        let object: &Expr = match &made.kind {
            ExprKind::Object(_) => made,
            _ => initialiser(made.as_call()?)?,
        };
        Some(code.value(object.key("Address")?, at))
    });
    if let Some(target) = set.or(made).filter(|t| !unknown(t)) {
        state("Consul", target, false, site, code, sink);
    }
}

fn state(client: &str, target: Value, inferred: bool, site: &Site<'_>, code: &Code<'_>, sink: &mut Sink) {
    let call = Claim::Call(Call {
        response: None::<SmolStr>,
        ..Call::to(Protocol::Http, client.into(), target, code.within(site.function))
    });
    if inferred { sink.inferred(call, site.span()) } else { sink.stated(call, site.span()) }
}
