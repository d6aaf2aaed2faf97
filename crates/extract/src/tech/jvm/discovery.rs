//! Service discovery: registering with it, and asking it for another service by name. See `discovery.md`.

use super::read::{JVM, find, receiver};
use crate::code::Code;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Protocol, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-discovery",
    version: 1,
    page: include_str!("discovery.md"),
    reads: Reads::Code { langs: JVM, extract },
};

/// Annotations that make a Spring application a client of the registry. `@EnableZuulProxy` and `@SpringCloudApplication`
/// carry `@EnableDiscoveryClient` themselves.
const REGISTERS: &[&str] =
    &["EnableDiscoveryClient", "EnableEurekaClient", "EnableZuulProxy", "SpringCloudApplication"];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        let server = find(&ty.annotations, &["EnableEurekaServer"]).is_some();
        if let (Some(a), false) = (find(&ty.annotations, REGISTERS), server) {
            let default = Value::text("http://localhost:8761/eureka");
            let call = Call {
                protocol: Protocol::Http,
                client: "Eureka".into(),
                method: None,
                target: Value::config("eureka.client.serviceUrl.defaultZone", Some(default)),
                operation: None,
                within: ty.name.clone(),
                request: None,
                response: None,
            };
            sink.inferred(Claim::Call(call), a.span);
        }
    }
    asks(code, sink);
}

/// Methods that give instances of a service by its name: method, words in the receiver's type.
const ASKS: &[(&str, &[&str])] = &[
    ("getInstances", &["discoveryclient"]),
    ("choose", &["loadbalancer"]),
    ("getNextServerFromEureka", &["eurekaclient", "discoveryclient"]),
    ("getApplication", &["eurekaclient"]),
    ("getHealthyServiceInstances", &["consul", "healthclient"]),
    ("selectOneHealthyInstance", &["naming"]),
    ("selectInstances", &["naming"]),
];

/// What is asked for is called next: the name is the address.
fn asks(code: &Code<'_>, sink: &mut Sink) {
    for (name, receivers) in ASKS {
        for site in code.calls_named(&[name]) {
            let on = receiver(code, site.call, site.function);
            if !receivers.iter().any(|r| on.contains(r)) {
                continue;
            }
            let Some(service) = site.call.arg(0) else { continue };
            let call = Call {
                protocol: Protocol::Http,
                client: "DiscoveryClient".into(),
                method: None,
                target: Value::text("http://").then(code.value(service, site.function)),
                operation: None,
                within: code.within(site.function),
                request: None,
                response: None,
            };
            sink.inferred(Claim::Call(call), site.span());
        }
    }
}
