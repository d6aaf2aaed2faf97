//! What counts in a GraphQL schema.

use seam_plan::{Kind, changes};

#[track_caller]
fn check(base: &str, revision: &str, expected: &[&str]) {
    let mut found: Vec<String> =
        changes(base, revision, Kind::GraphQl).iter().map(|c| format!("{} {}", c.rule.id, c.key)).collect();
    found.sort();
    assert_eq!(found, expected, "{base} to {revision}");
}

#[test]
fn what_is_read_may_only_be_narrowed() {
    for (old, new, safe) in [
        ("Int", "Int!", true),
        ("Int!", "Int", false),
        ("Int", "String", false),
        ("Int", "[Int]", false),
        ("[Int]", "[Int]!", true),
        ("[Int]!", "[Int!]!", true),
        ("[Int!]", "[Int]", false),
    ] {
        let expected: &[&str] = if safe { &[] } else { &["FIELD_CHANGED_KIND A.f"] };
        let scalar = |t: &str| format!("type A {{ f: {t} g: Int h: String }}");
        check(&scalar(old), &scalar(new), expected);
    }
}

#[test]
fn what_is_sent_may_only_be_widened() {
    for (old, new, safe) in [
        ("Int!", "Int", true),
        ("Int", "Int!", false),
        ("Int", "[Int]", false),
        ("[Int!]!", "[Int]", true),
        ("[Int]", "[Int!]", false),
    ] {
        let expected: &[&str] = if safe { &[] } else { &["ARG_CHANGED_KIND A.f(x:)"] };
        check(&format!("type A {{ f(x: {old}): Int }}"), &format!("type A {{ f(x: {new}): Int }}"), expected);
    }
}

#[test]
fn elements_come_and_go() {
    check(
        "type A implements I { f(x: Int = 1): Int } interface I { f: Int } union U = A enum E { X Y } input N { a: Int } directive @d(p: Int) repeatable on FIELD | QUERY",
        "type A { f(y: Int!, z: Int): Int } interface I { f: Int } union U = I enum E { X Z } input N { b: Int! c: Int } directive @d(q: Int!) on FIELD",
        &[
            "ARG_REMOVED A.f(x:)",
            "DIRECTIVE_ARG_REMOVED @d(p:)",
            "DIRECTIVE_LOCATION_REMOVED @d",
            "DIRECTIVE_REPEATABLE_REMOVED @d",
            "FIELD_REMOVED N.a",
            "IMPLEMENTED_INTERFACE_REMOVED A.I",
            "OPTIONAL_ARG_ADDED A.f(z:)",
            "OPTIONAL_INPUT_FIELD_ADDED N.c",
            "REQUIRED_ARG_ADDED A.f(y:)",
            "REQUIRED_DIRECTIVE_ARG_ADDED @d(q:)",
            "REQUIRED_INPUT_FIELD_ADDED N.b",
            "TYPE_ADDED_TO_UNION U.I",
            "TYPE_REMOVED_FROM_UNION U.A",
            "VALUE_ADDED_TO_ENUM E.Z",
            "VALUE_REMOVED_FROM_ENUM E.Y",
        ],
    );
    check(
        "type A { f: Int } type B { g: Int }",
        "input B { g: Int } type C { h: Int }",
        &["TYPE_CHANGED_KIND B", "TYPE_REMOVED A", "type-added C"],
    );
    check("type A { f(x: Int = 1): Int }", "type A { f(x: Int = 2): Int }", &["ARG_DEFAULT_VALUE_CHANGE A.f(x:)"]);
}
