//! Service discovery: registering with it, and asking it for another service by name. See `discovery.md`.

use super::read::{JVM, find, receiver};
use crate::code::Code;
use crate::code::ir::Type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Protocol, Route, SmolStr, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-discovery",
    version: 3,
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
            let call = Call::to(
                Protocol::Http,
                "Eureka".into(),
                Value::config("eureka.client.serviceUrl.defaultZone", Some(default)),
                ty.name.clone(),
            );
            sink.inferred(Claim::Call(call), a.span);
        }
        proxy(ty, sink);
        tokens(ty, sink);
    }
    asks(code, sink);
}

/// Zuul forwards `/NAME/**` to every service that the registry knows, unless configuration says otherwise.
fn proxy(ty: &Type, sink: &mut Sink) {
    let Some(a) = find(&ty.annotations, &["EnableZuulProxy"]) else { return };
    let route = Route { protocol: Protocol::Http, path: Value::text("/*"), target: Value::text("lb://*"), via: None };
    sink.inferred(Claim::Route(route), a.span);
}

/// Who issues tokens, and who needs them: `@EnableAuthorizationServer` serves `/oauth/token`, and resource servers and
/// single sign-on have tokens checked by the issuer whose address configuration gives.
fn tokens(ty: &Type, sink: &mut Sink) {
    let issuer = find(&ty.annotations, &["EnableAuthorizationServer"]);
    if let Some(a) = issuer {
        let endpoint = Endpoint {
            protocol: Protocol::Http,
            method: Some("POST".into()),
            path: Value::text("/oauth/token"),
            router: None,
            handler: SmolStr::default(),
            request: None,
            response: None,
        };
        sink.inferred(Claim::Endpoint(endpoint), a.span);
    }
    let checked = ["EnableResourceServer", "EnableOAuth2Resource", "EnableOAuth2Sso"];
    if let (Some(a), None) = (find(&ty.annotations, &checked), issuer) {
        let key = |k: &str| Value::config(k, None);
        // Without an address it is the one issuer that there is, below a context path or not.
        let unknown = || Value::opaque("token issuer");
        let call = Call {
            method: Some("POST".into()),
            ..Call::to(
                Protocol::Http,
                "Spring Security OAuth".into(),
                Value::either([
                    key("security.oauth2.resource.userInfoUri"),
                    key("security.oauth2.resource.tokenInfoUri"),
                    key("security.oauth2.resource.jwk.keySetUri"),
                    key("security.oauth2.resource.jwt.keyUri"),
                    key("security.oauth2.client.accessTokenUri"),
                    key("spring.oauth2.resource.userInfoUri"),
                    unknown().then("/oauth/token".into()),
                    unknown().then("/".into()).then(Value::opaque("context path")).then("/oauth/token".into()),
                ]),
                ty.name.clone(),
            )
        };
        sink.inferred(Claim::Call(call), a.span);
    }
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
            let call = Call::to(
                Protocol::Http,
                "DiscoveryClient".into(),
                Value::text("http://").then(code.value(service, site.function)),
                code.within(site.function),
            );
            sink.inferred(Claim::Call(call), site.span());
        }
    }
}
