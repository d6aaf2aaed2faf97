//! Which readers understand which writers: the facts that Avro's own compatibility tests state, in a shape of our own.

use seam_plan::avro::incompatibilities;

/// Schemas by short names: `int`, `[int]` a union, `array<int>`, `map<int>`, and the named ones below.
fn schema(name: &str) -> String {
    let list = |inner: &str| split(inner).iter().map(|n| schema(n)).collect::<Vec<_>>().join(",");
    if let Some(inner) = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
        return format!("[{}]", list(inner));
    }
    for (word, part) in [("array", "items"), ("map", "values")] {
        if let Some(inner) = name.strip_prefix(word).and_then(|n| n.strip_prefix('<')).and_then(|n| n.strip_suffix('>'))
        {
            return format!("{{\"type\":\"{word}\",\"{part}\":{}}}", schema(inner));
        }
    }
    // `enum Name A,B [default]`, `fixed Name 4`, `record Name field:type[=default] …`.
    let words: Vec<&str> = name.split(' ').collect();
    match words.as_slice() {
        ["enum", name, symbols] => {
            format!("{{\"type\":\"enum\",\"name\":\"{name}\",\"symbols\":[{}]}}", quoted(symbols))
        }
        ["enum", name, symbols, default] => {
            format!(
                "{{\"type\":\"enum\",\"name\":\"{name}\",\"symbols\":[{}],\"default\":\"{default}\"}}",
                quoted(symbols)
            )
        }
        ["fixed", name, size] => format!("{{\"type\":\"fixed\",\"name\":\"{name}\",\"size\":{size}}}"),
        ["record", name, fields @ ..] => {
            let fields: Vec<String> = fields
                .iter()
                .map(|f| {
                    let (field, rest) = f.split_once(':').unwrap();
                    let (kind, default) =
                        rest.split_once('=').map_or((rest, String::new()), |(k, d)| (k, format!(",\"default\":{d}")));
                    format!("{{\"name\":\"{field}\",\"type\":{}{default}}}", schema(&kind.replace('~', " ")))
                })
                .collect();
            format!("{{\"type\":\"record\",\"name\":\"{name}\",\"fields\":[{}]}}", fields.join(","))
        }
        _ => format!("\"{name}\""),
    }
}

fn quoted(symbols: &str) -> String {
    symbols.split(',').map(|s| format!("\"{s}\"")).collect::<Vec<_>>().join(",")
}

fn split(inner: &str) -> Vec<&str> {
    if inner.is_empty() { Vec::new() } else { inner.split('|').collect() }
}

#[track_caller]
fn check(reader: &str, writer: &str, expected: &[(&str, &str)]) {
    let found = incompatibilities(&schema(reader), &schema(writer));
    let mut found: Vec<(&str, &str)> = found.iter().map(|f| (f.kind, f.place.as_str())).collect();
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "reader {reader}, writer {writer}");
}

const EMPTY: &str = "record Record1";
const A: &str = "record Record1 a:int";
const DA: &str = "record Record1 a:int=0";
const A_B: &str = "record Record1 a:int b:int";
const A_DB: &str = "record Record1 a:int b:int=0";
const DA_DB: &str = "record Record1 a:int=0 b:int=0";

#[test]
fn readers_understand_what_they_may() {
    for (reader, writer) in [
        ("boolean", "boolean"),
        ("int", "int"),
        ("long", "int"),
        ("long", "long"),
        ("float", "int"),
        ("float", "long"),
        ("double", "long"),
        ("double", "int"),
        ("double", "float"),
        ("string", "string"),
        ("bytes", "bytes"),
        ("string", "bytes"),
        ("bytes", "string"),
        ("null", "null"),
        ("array<int>", "array<int>"),
        ("array<long>", "array<int>"),
        ("map<int>", "map<int>"),
        ("map<long>", "map<int>"),
        ("enum Enum1 A,B", "enum Enum1 A,B"),
        ("enum Enum1 A,B,C", "enum Enum1 A,B"),
        ("enum Enum1 A,B A", "enum Enum1 A,B,C"),
        ("enum Enum1 A,B", "enum namespace1.Enum1 A,B"),
        ("enum namespace1.Enum1 A,B", "enum namespace2.Enum1 A,B"),
        ("[]", "[]"),
        ("[float]", "[]"),
        ("[float]", "[int]"),
        ("[float]", "[long]"),
        ("[float]", "[int|long]"),
        ("[int|string]", "[string|int]"),
        ("[double]", "[int|float]"),
        ("[string]", "[bytes]"),
        ("[bytes]", "[string]"),
        ("float", "[int|float]"),
        ("long", "[int|long]"),
        ("double", "[int|long|float|double]"),
        ("float", "[float]"),
        ("[int]", "int"),
        ("int", "[int]"),
        ("fixed Fixed 4", "fixed Fixed 4"),
        (EMPTY, EMPTY),
        (EMPTY, A),
        (A, A),
        (DA, A),
        (DA, DA),
        (A, DA),
        ("record Record1 a:long", A),
        (A, A_B),
        (DA, A_B),
        (A_DB, A),
        (DA_DB, EMPTY),
        (DA_DB, A),
        (A_B, DA_DB),
        ("record List head:int tail:List", "record List head:int tail:List"),
        ("record List head:long tail:List", "record List head:int tail:List"),
        ("record Record1 f:enum~E~A,B~A", "record Record1 f:enum~E~A,B,C~A"),
        ("record Record f1:int", "record ns.Record f1:int"),
    ] {
        check(reader, writer, &[]);
    }
}

#[test]
fn types_have_to_match() {
    for (reader, writer, place) in [
        ("null", "int", "/"),
        ("null", "long", "/"),
        ("boolean", "int", "/"),
        ("int", "null", "/"),
        ("int", "boolean", "/"),
        ("int", "long", "/"),
        ("int", "float", "/"),
        ("int", "double", "/"),
        ("long", "float", "/"),
        ("long", "double", "/"),
        ("float", "double", "/"),
        ("double", "string", "/"),
        ("fixed Fixed 4", "string", "/"),
        ("string", "boolean", "/"),
        ("string", "int", "/"),
        ("bytes", "null", "/"),
        ("bytes", "int", "/"),
        (A, "int", "/"),
        ("array<int>", "array<long>", "/items"),
        ("map<int>", "array<int>", "/"),
        ("array<int>", "map<int>", "/"),
        ("map<int>", "map<long>", "/values"),
        ("int", "enum Enum2 A,B", "/"),
        ("enum Enum2 A,B", "int", "/"),
        ("float", "[int|long|float|double]", "/3"),
        ("long", "[int|float]", "/1"),
        ("int", "[int|float]", "/1"),
        ("record List head:int tail:List", "record List head:long tail:List", "/fields/0/type"),
    ] {
        check(reader, writer, &[("TYPE_MISMATCH", place)]);
    }
}

#[test]
fn unions_have_to_hold_every_branch() {
    for (reader, writer, places) in [
        ("[int]", "[int|string]", &["/1"][..]),
        ("[string]", "[int|string]", &["/0"]),
        ("[int]", "[int|record Record1 field1:int]", &["/1"]),
        ("[int|record Record1 field1:int]", "[int|record Record2 field1:int]", &["/1"]),
        ("[int]", "[int|enum Enum1 A,B]", &["/1"]),
        ("[int]", "[int|fixed Fixed 4]", &["/1"]),
        ("[int]", "[int|boolean]", &["/1"]),
        ("[int]", "[long]", &["/0"]),
        ("[int]", "[float]", &["/0"]),
        ("[int]", "[bytes]", &["/0"]),
        ("[int]", "[int|array<int>]", &["/1"]),
        ("[int]", "[int|map<int>]", &["/1"]),
        ("[int]", "[int|null]", &["/1"]),
        ("[int]", "[int|long|float|double]", &["/1", "/2", "/3"]),
    ] {
        let expected: Vec<_> = places.iter().map(|p| ("MISSING_UNION_BRANCH", *p)).collect();
        check(reader, writer, &expected);
    }
    check(
        "record R a:int=0 b:[int]=0",
        "record R a:int=0 b:[int|string]=0",
        &[("MISSING_UNION_BRANCH", "/fields/1/type/1")],
    );
}

#[test]
fn names_sizes_symbols_and_defaults_count() {
    check("enum Enum1 A,B", "enum Enum2 A,B", &[("NAME_MISMATCH", "/name")]);
    check("record Record2", "record Record1", &[("NAME_MISMATCH", "/name")]);
    check("fixed Fixed 4", "fixed AnotherName 4", &[("NAME_MISMATCH", "/name")]);
    check("record R b:enum~Enum1~A,B", "record R b:enum~Enum2~A,B", &[("NAME_MISMATCH", "/fields/0/type/name")]);
    check("fixed Fixed 4", "fixed Fixed 8", &[("FIXED_SIZE_MISMATCH", "/size")]);
    check("record R b:fixed~F~8", "record R b:fixed~F~4", &[("FIXED_SIZE_MISMATCH", "/fields/0/type/size")]);
    check("enum Enum1 A,B", "enum Enum1 A,B,C", &[("MISSING_ENUM_SYMBOLS", "/symbols")]);
    check("enum Enum1 B,C", "enum Enum1 A,B,C", &[("MISSING_ENUM_SYMBOLS", "/symbols")]);
    check("record R f:enum~E~A,B", "record R f:enum~E~A,B,C", &[("MISSING_ENUM_SYMBOLS", "/fields/0/type/symbols")]);
    check(A, EMPTY, &[("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/0")]);
    check(A_DB, EMPTY, &[("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/0")]);
    check("record R f:enum~E~A,B~A", "record R g:int", &[("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/0")]);
}

#[test]
fn several_reasons_are_all_said() {
    let reader = "{\"type\":\"record\",\"name\":\"base\",\"fields\":[{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"T\",\"symbols\":[\"A\",\"C\"]}},{\"name\":\"n\",\"type\":{\"type\":\"enum\",\"name\":\"N\",\"symbols\":[\"A\"]}},{\"name\":\"s\",\"type\":{\"type\":\"record\",\"name\":\"sub\",\"fields\":[{\"name\":\"x\",\"type\":\"long\"},{\"name\":\"u\",\"type\":[\"boolean\"]},{\"name\":\"v\",\"type\":[\"boolean\"]},{\"name\":\"r\",\"type\":{\"type\":\"record\",\"name\":\"A\",\"namespace\":\"other\",\"fields\":[{\"name\":\"l\",\"type\":{\"type\":\"array\",\"items\":\"string\"}}]}}]}}]}";
    let writer = "{\"type\":\"record\",\"name\":\"base\",\"fields\":[{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"T\",\"symbols\":[\"A\",\"B\",\"C\"]}},{\"name\":\"n\",\"type\":{\"type\":\"enum\",\"name\":\"M\",\"symbols\":[\"A\"]}},{\"name\":\"s\",\"type\":{\"type\":\"record\",\"name\":\"sub\",\"fields\":[{\"name\":\"u\",\"type\":[\"boolean\",\"double\"]},{\"name\":\"v\",\"type\":\"long\"},{\"name\":\"r\",\"type\":{\"type\":\"record\",\"name\":\"A\",\"namespace\":\"one\",\"fields\":[{\"name\":\"l\",\"type\":{\"type\":\"array\",\"items\":\"boolean\"}}]}}]}}]}";
    let found = incompatibilities(reader, writer);
    let found: Vec<(&str, &str)> = found.iter().map(|f| (f.kind, f.place.as_str())).collect();
    assert_eq!(
        found,
        [
            ("MISSING_ENUM_SYMBOLS", "/fields/0/type/symbols"),
            ("MISSING_UNION_BRANCH", "/fields/2/type/fields/1/type/1"),
            ("MISSING_UNION_BRANCH", "/fields/2/type/fields/2/type"),
            ("NAME_MISMATCH", "/fields/1/type/name"),
            ("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/2/type/fields/0"),
            ("TYPE_MISMATCH", "/fields/2/type/fields/3/type/fields/0/type/items"),
        ]
    );
}

#[test]
fn changes_name_the_field_and_the_direction() {
    let text = |text| [seam_plan::Text { name: "r.avsc", text }];
    let old = "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"in\", \"type\": {\"type\": \"record\", \"name\": \"S\", \"fields\": [{\"name\": \"a\", \"type\": \"int\"}]}}]}";
    let new = old.replace("\"int\"", "\"long\"");
    let (changes, _) =
        seam_plan::compare(&text(old), &text(&new), seam_plan::Kind::Avro, &seam_plan::Options::default());
    let found: Vec<(&str, &str)> = changes.iter().map(|c| (c.rule.id, c.field.as_str())).collect();
    assert_eq!(found, [("FORWARD_TYPE_MISMATCH", "in.a")]);
}
