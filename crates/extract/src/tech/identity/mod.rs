//! Clients of identity providers: who signs users in, issues tokens and publishes the keys that tokens are checked with.
//! See `identity.md`.
//!
//! Invariant: an address that a browser is sent to is no call; the one that the server itself asks is.

mod clients;

use crate::code::Code;
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use clients::CLIENTS;
use seam_facts::{Call, Claim, Protocol, SmolStr, Value};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor = Extractor {
    id: "identity",
    version: 1,
    page: include_str!("identity.md"),
    reads: Reads::Code {
        langs: &[Lang::Go, Lang::Python, Lang::Script, Lang::Java, Lang::Kotlin, Lang::CSharp, Lang::Ruby, Lang::Php],
        extract,
    },
};

pub static EXTRACTORS: &[&Extractor] = &[&EXTRACTOR];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let mut said: BTreeSet<(Value, SmolStr)> = BTreeSet::new();
    for site in code.calls() {
        let Some(client) = CLIENTS.iter().find(|c| c.is_made(code, site)) else { continue };
        let within = code.within(site.function);
        let Some((target, by_convention)) = client.target(code, site) else { continue };
        // A discovery document's field leads to where the document came from.
        if !said.insert((target.clone(), within.clone())) {
            continue;
        }
        let claim = Claim::Call(Call::to(Protocol::Http, client.name.into(), target, within));
        match by_convention {
            true => sink.inferred(claim, site.span()),
            false => sink.stated(claim, site.span()),
        }
    }
}
