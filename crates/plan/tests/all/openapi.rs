//! What counts in an OpenAPI description, for those who send and those who read.

use seam_plan::{Change, Kind, Level, Options, Text, compare, openapi};

fn compared(base: &str, revision: &str, today: Option<&str>) -> Vec<Change> {
    let of = |text| [Text { name: "api.yaml", text }];
    let options = Options { today: today.and_then(openapi::day), ..Options::default() };
    let (changes, problems) = compare(&of(base), &of(revision), Kind::OpenApi, &options);
    assert_eq!(problems, []);
    changes
}

fn found(base: &str, revision: &str) -> Vec<String> {
    let shown = |c: &Change| {
        let what = if c.operation.is_empty() { c.key.clone() } else { format!("{} {}", c.operation, c.path) };
        format!("{} {what} {}", c.rule.id, c.field).trim_end().to_owned()
    };
    compared(base, revision, None).iter().map(shown).collect()
}

const BASE: &str = "openapi: 3.0.3
info: {title: shop, version: 1.0.0}
paths:
  /orders/{id}:
    get:
      operationId: order
      parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: lang, in: query, schema: {type: string, default: en}}
      responses:
        '200':
          description: an order
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Order'}
    post:
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Order'}
      responses:
        '201': {description: made}
components:
  schemas:
    Order:
      type: object
      required: [total]
      properties:
        total: {type: integer, maximum: 100}
        note: {type: string, maxLength: 10}
        state: {type: string, enum: [open, paid]}
        parent: {$ref: '#/components/schemas/Order'}
";

#[test]
fn nothing_differs_from_itself() {
    assert_eq!(found(BASE, BASE), Vec::<String>::new());
    // Another order of keys, another layout: the same description.
    let other = BASE.replace("type: integer, maximum: 100", "maximum: 100, type: integer");
    assert_eq!(found(BASE, &other), Vec::<String>::new());
}

#[test]
fn one_change_means_the_opposite_to_senders_and_readers() {
    let narrowed = BASE.replace("maximum: 100", "maximum: 50");
    assert_eq!(found(BASE, &narrowed), ["request-property-max-decreased POST /orders/{id} total"]);
    let widened = BASE.replace("maximum: 100", "maximum: 200");
    assert_eq!(
        found(BASE, &widened),
        [
            "response-property-max-increased GET /orders/{id} total",
            "request-property-max-increased POST /orders/{id} total"
        ]
    );
}

#[test]
fn properties_and_values_come_and_go() {
    assert_eq!(
        found(BASE, &BASE.replace("enum: [open, paid]", "enum: [open, gone]")),
        [
            "request-property-enum-value-removed POST /orders/{id} state",
            "response-property-enum-value-added GET /orders/{id} state",
            "response-property-enum-value-removed GET /orders/{id} state",
            "request-property-enum-value-added POST /orders/{id} state",
        ]
    );
    assert_eq!(
        found(BASE, &BASE.replace("required: [total]", "required: [total, note]")),
        [
            "request-property-became-required POST /orders/{id} note",
            "response-property-became-required GET /orders/{id} note"
        ]
    );
    assert_eq!(
        found(BASE, &BASE.replace("        note: {type: string, maxLength: 10}\n", "")),
        ["response-optional-property-removed GET /orders/{id} note", "request-property-removed POST /orders/{id} note"]
    );
}

#[test]
fn places_are_lines_of_both_texts() {
    let changes = compared(BASE, &format!("# why\n{}", BASE.replace("maxLength: 10", "maxLength: 5")), None);
    let line = |place: &Option<seam_plan::Place>| place.as_ref().map(|p| p.line);
    let change = changes.iter().find(|c| c.rule.level == Level::Breaking).expect("it breaks senders");
    assert_eq!((line(&change.base), line(&change.revision)), (Some(30), Some(31)));
}

#[test]
fn paths_pair_by_their_shape() {
    let renamed = BASE.replace("/orders/{id}", "/orders/{order}").replace("name: id,", "name: order,");
    assert_eq!(found(BASE, &renamed), Vec::<String>::new());
    let moved = BASE.replace("/orders/{id}", "/order/{id}");
    assert_eq!(
        found(BASE, &moved),
        [
            "api-path-removed-without-deprecation GET /orders/{id}",
            "api-path-removed-without-deprecation POST /orders/{id}",
            "endpoint-added GET /order/{id}",
            "endpoint-added POST /order/{id}",
        ]
    );
}

#[test]
fn removal_that_was_announced_is_safe_after_its_sunset() {
    let old = "openapi: 3.0.3\npaths:\n  /a:\n    get: {deprecated: true, x-sunset: 2025-06-01, responses: {'200': {description: x}}}\n";
    let new = "openapi: 3.0.3\npaths: {}\n";
    let ids = |today| compared(old, new, today).iter().map(|c| c.rule.id).collect::<Vec<_>>();
    assert_eq!(ids(Some("2025-05-31")), ["api-path-removed-before-sunset"]);
    assert_eq!(ids(Some("2025-06-01")), [""; 0]);
    // Without a day, the sunset lies ahead.
    assert_eq!(ids(None), ["api-path-removed-before-sunset"]);
}

#[test]
fn what_moved_into_a_file_of_its_own_is_no_change() {
    let shared = "Order:\n  type: object\n  required: [total]\n  properties:\n    total: {type: integer, maximum: 100}\n    note: {type: string, maxLength: 10}\n    state: {type: string, enum: [open, paid]}\n    parent: {$ref: '#/Order'}\n";
    let (main, _) = BASE.split_once("components:").expect("components");
    let main = main.replace("#/components/schemas/Order", "./shared/order.yaml#/Order");
    let base = [Text { name: "v1/api.yaml", text: BASE }];
    let revision = [Text { name: "v2/api.yaml", text: &main }, Text { name: "v2/shared/order.yaml", text: shared }];
    let (changes, problems) = compare(&base, &revision, Kind::OpenApi, &Options::default());
    assert_eq!(problems, []);
    // Only generated code sees that the schema has no name of its own any more.
    assert_eq!(changes.iter().map(|c| c.rule.id).collect::<Vec<_>>(), ["api-schema-removed"]);
}

#[test]
fn swagger_is_compared_with_its_successor() {
    let two = "swagger: '2.0'\ninfo: {title: t, version: 1.0.0}\npaths:\n  /a:\n    post:\n      consumes: [application/json]\n      produces: [application/json]\n      parameters: [{name: b, in: body, required: true, schema: {$ref: '#/definitions/B'}}]\n      responses: {'200': {description: x, schema: {type: string}}}\ndefinitions: {B: {type: object, properties: {x: {type: integer}}}}\n";
    let three = "openapi: 3.0.3\ninfo: {title: t, version: 1.0.0}\npaths:\n  /a:\n    post:\n      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/B'}}}}\n      responses: {'200': {description: x, content: {application/json: {schema: {type: string}}}}}\ncomponents: {schemas: {B: {type: object, properties: {x: {type: integer}}}}}\n";
    assert_eq!(found(two, three), Vec::<String>::new());
    assert_eq!(
        found(two, &three.replace("type: integer", "type: string")),
        ["request-property-type-changed POST /a x"]
    );
}

#[test]
fn references_that_lead_nowhere_are_problems() {
    let of = |text| [Text { name: "api.yaml", text }];
    let broken = BASE.replace("schemas/Order'}\n    post", "schemas/Missing'}\n    post");
    let (_, problems) = compare(&of(BASE), &of(&broken), Kind::OpenApi, &Options::default());
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("schemas/Missing"));
}
