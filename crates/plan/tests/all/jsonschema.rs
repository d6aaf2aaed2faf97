//! Which changes of a JSON Schema registries accept.

use seam_plan::{Compatibility, Options, Text, jsonschema};

fn found(old: &str, new: &str, compatibility: Compatibility) -> Vec<&'static str> {
    let text = |text| [Text { name: "s.json", text }];
    let options = Options { compatibility, ..Options::default() };
    let (changes, problems) = jsonschema::changes(&text(old), &text(new), &options);
    assert_eq!(problems, []);
    changes.iter().map(|c| c.rule.id).collect()
}

#[track_caller]
fn backward(old: &str, new: &str, expected: &[&str]) {
    assert_eq!(found(old, new, Compatibility::Backward), expected, "{old} to {new}");
}

#[test]
fn objects_are_open_or_closed() {
    let closed = |properties: &str, more: &str| {
        format!("{{type: object, additionalProperties: false, properties: {{{properties}}}{more}}}")
    };
    let open = |properties: &str| format!("{{type: object, properties: {{{properties}}}}}");
    backward(&closed("a: {type: string}", ""), &closed("a: {type: string}, b: {type: string}", ""), &[]);
    backward(
        &closed("a: {type: string}", ""),
        &closed("a: {type: string}, b: {type: string}", ", required: [b]"),
        &["REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"],
    );
    backward(
        &closed("a: {type: string}", ""),
        &closed("a: {type: string}, b: {type: string, default: x}", ", required: [b]"),
        &[],
    );
    backward(&closed("a: {type: string}", ""), &closed("", ""), &["PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"]);
    backward(&open("a: {type: string}"), &open(""), &[]);
    backward(&open(""), &open("a: {type: string}"), &["PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"]);
    backward(&open(""), &open("a: {}"), &[]);
    backward(&open("a: {type: string}"), &closed("a: {type: string}", ""), &["ADDITIONAL_PROPERTIES_REMOVED"]);
    backward(&closed("a: {type: string}", ""), &open("a: {type: string}"), &[]);
    let partial = |properties: &str, kind: &str| {
        format!("{{type: object, additionalProperties: {{type: {kind}}}, properties: {{{properties}}}}}")
    };
    backward(&partial("", "string"), &partial("a: {type: string}", "string"), &[]);
    backward(
        &partial("", "string"),
        &partial("a: {type: integer}", "string"),
        &["PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"],
    );
    backward(&partial("a: {type: string}", "string"), &partial("", "string"), &[]);
    backward(
        &partial("a: {type: integer}", "string"),
        &partial("", "string"),
        &["PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"],
    );
    let old = "{type: object, properties: {a: {type: string}}}";
    backward(old, "{type: object, properties: {a: {type: string}}, required: [a]}", &["REQUIRED_ATTRIBUTE_ADDED"]);
    backward("{type: object, properties: {a: {type: string}}, required: [a]}", old, &[]);
}

#[test]
fn types_bounds_and_values_may_only_widen() {
    for (old, new, expected) in [
        ("{type: integer}", "{type: number}", &[][..]),
        ("{type: number}", "{type: integer}", &["TYPE_NARROWED"]),
        ("{type: string}", "{type: integer}", &["TYPE_CHANGED"]),
        ("{type: string}", "{type: [string, 'null']}", &[]),
        ("{type: [string, 'null']}", "{type: string}", &["SUM_TYPE_NARROWED"]),
        ("{type: string}", "{}", &[]),
        ("{type: string}", "{type: string, maxLength: 3}", &["MAX_LENGTH_ADDED"]),
        ("{type: string, maxLength: 3}", "{type: string, maxLength: 2}", &["MAX_LENGTH_DECREASED"]),
        ("{type: string, maxLength: 3}", "{type: string, maxLength: 4}", &[]),
        ("{type: string, pattern: a}", "{type: string, pattern: b}", &["PATTERN_CHANGED"]),
        ("{type: number, minimum: 3}", "{type: number, minimum: 4}", &["MINIMUM_INCREASED"]),
        ("{type: number, multipleOf: 10}", "{type: number, multipleOf: 5}", &[]),
        ("{type: number, multipleOf: 5}", "{type: number, multipleOf: 10}", &["MULTIPLE_OF_EXPANDED"]),
        ("{type: number, multipleOf: 3}", "{type: number, multipleOf: 5}", &["MULTIPLE_OF_CHANGED"]),
        ("{enum: [a, b]}", "{enum: [a, b, c]}", &[]),
        ("{enum: [a, b, c]}", "{enum: [a, b]}", &["ENUM_ARRAY_NARROWED"]),
        ("{enum: [a, b]}", "{enum: [a, d]}", &["ENUM_ARRAY_CHANGED"]),
        ("{type: array, items: {type: integer}}", "{type: array, items: {type: number}}", &[]),
        ("{type: array, items: {type: string}}", "{type: array, items: {type: number}}", &["TYPE_CHANGED"]),
        ("{type: array}", "{type: array, uniqueItems: true}", &["UNIQUE_ITEMS_ADDED"]),
        ("{oneOf: [{type: string}]}", "{oneOf: [{type: string}, {type: integer}]}", &[]),
        ("{oneOf: [{type: string}, {type: integer}]}", "{oneOf: [{type: string}]}", &["SUM_TYPE_NARROWED"]),
        ("{oneOf: [{type: string}]}", "{anyOf: [{type: string}]}", &[]),
        ("{anyOf: [{type: string}]}", "{oneOf: [{type: string}]}", &["COMBINED_TYPE_CHANGED"]),
        (
            "{oneOf: [{type: string}, {type: boolean}]}",
            "{oneOf: [{type: string}, {type: integer}]}",
            &["COMBINED_TYPE_SUBSCHEMAS_CHANGED"],
        ),
        ("{allOf: [{type: string}]}", "{allOf: [{type: string}, {maxLength: 3}]}", &["PRODUCT_TYPE_EXTENDED"]),
        ("{type: string}", "{oneOf: [{type: string}, {type: integer}]}", &[]),
    ] {
        backward(old, new, expected);
    }
}

#[test]
fn directions_are_told_apart() {
    let (old, new) = ("{type: integer}", "{type: number}");
    assert_eq!(found(old, new, Compatibility::Forward), ["FORWARD_TYPE_NARROWED"]);
    assert_eq!(found(old, new, Compatibility::Full), ["FORWARD_TYPE_NARROWED"]);
    assert_eq!(found(new, old, Compatibility::Full), ["TYPE_NARROWED"]);
}

#[test]
fn references_that_come_back_end() {
    let schema =
        "{$ref: '#/$defs/n', $defs: {n: {type: object, properties: {next: {$ref: '#/$defs/n'}, v: {type: integer}}}}}";
    let other = schema.replace("v: {type: integer}", "v: {type: string}");
    backward(schema, &other, &["TYPE_CHANGED"]);
}
