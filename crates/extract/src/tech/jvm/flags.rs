//! Feature flag services that the JVM's SDKs ask. See `flags.md`.

use super::read::{JVM, filled};
use crate::code::Code;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Protocol, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-flags",
    version: 1,
    page: include_str!("flags.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["FlagdProvider"]) {
        if !site.call.new {
            continue;
        }
        let set = |name: &str| {
            let sites = code.calls_named(&[name]);
            let on = |s: &&crate::code::Site<'_>| code.callee(s.call, s.function).contains("FlagdOptions");
            sites.iter().find(on).and_then(|s| Some(filled(code.value(s.call.arg(0)?, s.function))))
        };
        // The provider reads these variables by itself.
        let host = set("host").unwrap_or_else(|| Value::env("FLAGD_HOST", Some("localhost".into())));
        let port = set("port").unwrap_or_else(|| Value::env("FLAGD_PORT", Some("8013".into())));
        let call =
            Call::to(Protocol::Grpc, "flagd".into(), host.then(":".into()).then(port), code.within(site.function));
        sink.inferred(Claim::Call(call), site.span());
    }
    for site in code.calls_named(&["unleashAPI", "baseUrl"]) {
        let on = code.callee(site.call, site.function);
        let client = if site.call.name() == "unleashAPI" {
            "Unleash"
        } else if on.contains("OfrepProviderOptions") {
            "OFREP"
        } else {
            continue;
        };
        let Some(url) = site.call.arg(0) else { continue };
        let call =
            Call::to(Protocol::Http, client.into(), filled(code.value(url, site.function)), code.within(site.function));
        sink.stated(Claim::Call(call), site.span());
    }
}
