//! Clients of feature flags, discovery, configuration and mail, some of which find their server through documented
//! environment variables of their own. See `sdk.md`.

use super::options;
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Protocol, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-sdk",
    version: 2,
    page: include_str!("sdk.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

/// A client that talks to a server of ours.
struct Sdk {
    /// Canonical name of what makes it.
    made: &'static str,
    client: &'static str,
    protocol: Protocol,
    /// Variables for host and port that it reads itself, with their documented defaults.
    host: Option<(&'static str, &'static str)>,
    port: Option<(&'static str, &'static str)>,
    /// The key that groups its settings, where they are not at the top.
    below: &'static str,
}

/// Keys of the server's address, as these libraries call them.
const ADDRESSES: &[&str] = &["baseUrl", "serverUrl"];

const fn http(made: &'static str, client: &'static str) -> Sdk {
    Sdk { made, client, protocol: Protocol::Http, host: None, port: None, below: "" }
}

const SDKS: &[Sdk] = &[
    // https://flagd.dev/providers/nodejs/: in-process and RPC resolvers read the same host.
    Sdk {
        made: "@openfeature/flagd-provider#FlagdProvider",
        client: "flagd",
        protocol: Protocol::Grpc,
        host: Some(("FLAGD_HOST", "localhost")),
        port: Some(("FLAGD_PORT", "8013")),
        below: "",
    },
    Sdk {
        made: "@openfeature/flagd-web-provider#FlagdWebProvider",
        client: "flagd",
        protocol: Protocol::Grpc,
        host: None,
        port: None,
        below: "",
    },
    http("@openfeature/ofrep-provider#OFREPProvider", "ofrep"),
    http("@openfeature/ofrep-web-provider#OFREPWebProvider", "ofrep"),
    http("unleash-client#initialize", "unleash"),
    http("unleash-client#Unleash", "unleash"),
    Sdk {
        made: "eureka-js-client#Eureka",
        client: "eureka",
        protocol: Protocol::Http,
        host: None,
        port: None,
        below: "eureka",
    },
    http("consul#", "consul"),
    http("consul#Consul", "consul"),
    http("cloud-config-client#load", "spring-cloud-config"),
    Sdk {
        made: "node-vault#",
        client: "vault",
        protocol: Protocol::Http,
        host: Some(("VAULT_ADDR", "http://127.0.0.1:8200")),
        port: None,
        below: "",
    },
    Sdk {
        made: "nodemailer#createTransport",
        client: "nodemailer",
        protocol: Protocol::Smtp,
        host: None,
        port: None,
        below: "",
    },
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        if let Some(sdk) = SDKS.iter().find(|s| s.made == callee) {
            made(code, site, sdk, sink);
        } else if callee.starts_with("@dapr/dapr#") && callee.ends_with(".invoker.invoke") {
            // Dapr's sidecar finds the application by its id.
            if let (Some(app), Some(method)) = (site.call.arg(0), site.call.arg(1)) {
                let app = Value::text("http://").then(code.value(app, site.function));
                let target = options::join(app, code.value(method, site.function));
                sink.stated(call("dapr", Protocol::Http, target, code, site), site.span());
            }
        }
    }
}

fn made(code: &Code<'_>, site: &Site<'_>, sdk: &Sdk, sink: &mut Sink) {
    let stated = site.call.arg(0).and_then(|arg| {
        let (arg, at) = match sdk.below {
            "" => (arg, site.function),
            key => options::key(code, arg, site.function, key)?,
        };
        let (resolved, at) = code.resolved(arg, at);
        match options::is_object(code, resolved, at) {
            true => options::value(code, resolved, at, ADDRESSES).or_else(|| options::address(code, resolved, at)),
            false => Some(code.value(arg, at)),
        }
    });
    match (stated, sdk.host) {
        (Some(target), _) => sink.stated(call(sdk.client, sdk.protocol, target, code, site), site.span()),
        (None, Some((variable, default))) => {
            let mut target = Value::env(variable, Some(default.into()));
            if let Some((variable, default)) = sdk.port {
                target.push_text(":");
                target.push(Value::env(variable, Some(default.into())));
            }
            sink.inferred(call(sdk.client, sdk.protocol, target, code, site), site.span());
        }
        (None, None) => {}
    }
}

fn call(client: &str, protocol: Protocol, target: Value, code: &Code<'_>, site: &Site<'_>) -> Claim {
    Claim::Call(Call::to(protocol, client.into(), target, code.within(site.function)))
}
