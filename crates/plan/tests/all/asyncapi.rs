//! What changes of channels, operations and payloads mean to those at the other end.

use seam_plan::{Options, Text, asyncapi};

fn found(base: &str, revision: &str) -> Vec<String> {
    let text = |text| [Text { name: "a.yaml", text }];
    let (changes, problems) = asyncapi::changes(&text(base), &text(revision), &Options::default());
    assert_eq!(problems, []);
    let mut found: Vec<String> = changes.iter().map(|c| format!("{} {} {}", c.rule.id, c.key, c.field)).collect();
    found.sort();
    found
}

const THREE: &str = "asyncapi: 3.0.0
channels:
  orders: {address: shop.orders, messages: {placed: {$ref: '#/components/messages/placed'}}}
operations:
  place: {action: send, channel: {$ref: '#/channels/orders'}}
  take: {action: receive, channel: {$ref: '#/channels/orders'}}
components:
  messages:
    placed: {payload: {type: object, required: [id], properties: {id: {type: string}, note: {type: string}}}}
";

#[test]
fn channels_and_operations_are_paired() {
    assert_eq!(found(THREE, THREE), Vec::<String>::new());
    assert_eq!(
        found(THREE, &THREE.replace("shop.orders", "shop.v2.orders")),
        ["channel-address-changed orders orders"]
    );
    assert_eq!(
        found(THREE, &THREE.replace("  take:", "  took:")),
        ["operation-added took took", "operation-removed take take"]
    );
    assert_eq!(
        found(THREE, &THREE.replace("action: send", "action: receive")),
        ["operation-action-changed place place"]
    );
}

#[test]
fn payloads_are_judged_by_their_direction() {
    let less = THREE.replace(", note: {type: string}", "");
    assert_eq!(
        found(THREE, &less),
        [
            "request-property-removed RECEIVE take/placed note",
            "response-optional-property-removed SEND place/placed note"
        ]
    );
    let more = THREE.replace("required: [id]", "required: [id, note]");
    assert_eq!(
        found(THREE, &more),
        [
            "request-property-became-required RECEIVE take/placed note",
            "response-property-became-required SEND place/placed note"
        ]
    );
}

#[test]
fn version_two_says_it_from_the_other_side() {
    let two = "asyncapi: 2.6.0\nchannels:\n  shop.orders:\n    subscribe: {message: {oneOf: [{name: placed, payload: {type: object, properties: {id: {type: string}}}}, {name: gone}]}}\n";
    assert_eq!(
        found(two, &two.replace("type: string", "type: integer").replace(", {name: gone}", "")),
        [
            "message-removed shop.orders/gone shop.orders/gone",
            "response-property-type-changed SEND shop.orders/placed id"
        ]
    );
    assert_eq!(
        found(two, &two.replace("shop.orders", "shop.things")),
        ["channel-added shop.things shop.things", "channel-removed shop.orders shop.orders"]
    );
}
