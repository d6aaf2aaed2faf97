//! Kitex in Go: servers, clients and the methods called on them, each made by the package that is generated for a service.
//! See `kitex.md`.

use super::handler;
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Protocol, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "go-kitex",
    version: 1,
    page: include_str!("kitex.md"),
    reads: Reads::Code { langs: &[Lang::Go], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let generated = code.unit.imports.iter().any(|i| i.path.contains("kitex_gen/"));
    if !generated || super::test_file(code) {
        return;
    }
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        let Some((service, member)) = generated_by(&callee) else { continue };
        match member {
            "NewServer" | "NewServerWithBytedConfig" => server(code, site, service, sink),
            "NewClient" | "MustNewClient" | "NewClientWithBytedConfig" => {
                let target = address(code, site).or_else(|| registered(code, site)).unwrap_or_default();
                call(code, site, format_smolstr!("{service}/<stub>"), target, sink);
            }
            _ => {
                // A method of what such a constructor made, or of a field of its type.
                let method =
                    ["Client.", "NewClient().", "MustNewClient()."].iter().find_map(|m| member.strip_prefix(m));
                let called = method.filter(|m| !m.contains(['.', '(']) && super::takes_context(site.call));
                if let Some(method) = called {
                    let target = site.call.receiver().and_then(|r| dialled(code, r, site.function));
                    call(code, site, format_smolstr!("{service}/{method}"), target.unwrap_or_default(), sink);
                }
            }
        }
    }
}

/// The service that a canonical name is generated for, and the member: the package is called like the service in lower case.
fn generated_by(callee: &str) -> Option<(&str, &str)> {
    let (module, member) = callee.split_once('#')?;
    let (_, path) = module.split_once("kitex_gen/")?;
    Some((path.rsplit('/').next().unwrap_or(path), member))
}

fn server(code: &Code<'_>, site: &Site<'_>, service: &str, sink: &mut Sink) {
    let endpoint = Endpoint {
        protocol: Protocol::Thrift,
        method: None,
        path: Value::text(format_smolstr!("{service}/*")),
        handler: site.call.arg(0).map(|h| handler(code, h, site.function, 2)).unwrap_or_default(),
        router: None,
        request: None,
        response: None,
    };
    sink.stated(Claim::Endpoint(endpoint), site.span());
}

/// The hosts that a client is told, before any registry.
fn address(code: &Code<'_>, site: &Site<'_>) -> Option<Value> {
    let option = site.call.args.iter().filter_map(|a| match &a.value.kind {
        ExprKind::Call(option) if matches!(option.name(), "WithHostPorts" | "WithURL") => option.arg(0),
        _ => None,
    });
    option.map(|a| code.value(a, site.function)).find(|v| !v.is_empty())
}

/// The name by which a registry knows the service.
fn registered(code: &Code<'_>, site: &Site<'_>) -> Option<Value> {
    let name = code.value(site.call.arg(0)?, site.function);
    (!name.is_empty() && !matches!(name.as_hole(), Some(seam_facts::Hole::Opaque(_)))).then_some(name)
}

/// What a client that this file makes was told.
fn dialled(code: &Code<'_>, client: &Expr, function: usize) -> Option<Value> {
    let (made, at) = code.resolved(client, function);
    let call = made.as_call().filter(|c| matches!(c.name(), "NewClient" | "MustNewClient"))?;
    let site = code.calls().iter().find(|s| std::ptr::eq(s.call, call)).filter(|s| s.function == at)?;
    address(code, site).or_else(|| registered(code, site))
}

fn call(code: &Code<'_>, site: &Site<'_>, operation: SmolStr, target: Value, sink: &mut Sink) {
    let call = Call {
        operation: Some(operation),
        ..Call::to(Protocol::Thrift, "kitex".into(), target, code.within(site.function))
    };
    sink.stated(Claim::Call(call), site.span());
}
