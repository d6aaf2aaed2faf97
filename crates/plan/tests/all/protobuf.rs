//! What counts in protocol buffers, and in which sense it breaks.

use seam_plan::{Change, Kind, Options, Text, compare, proto};

const BASE: &str = "syntax = \"proto3\";
package shop.v1;
message Order {
  string id = 1;
  int32 total = 2;
  State state = 3;
  oneof way { string card = 4; string bill = 5; }
}
enum State { OPEN = 0; PAID = 1; }
service Orders { rpc Get(Order) returns (Order); }
";

fn worst(revision: &str) -> Vec<String> {
    let of = |text| [Text { name: "shop.proto", text }];
    let (changes, problems) = compare(&of(BASE), &of(revision), Kind::Proto, &Options::default());
    assert_eq!(problems, []);
    changes.iter().map(|c| format!("{} {} {}", c.rule.id, c.rule.grade.word(), c.key)).collect()
}

#[test]
fn a_field_that_is_gone_breaks_less_the_more_is_reserved() {
    let gone = BASE.replace("  int32 total = 2;\n", "");
    assert_eq!(worst(&gone), ["FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED wire shop.v1.Order.total"]);
    let number = BASE.replace("  int32 total = 2;\n", "  reserved 2;\n");
    assert_eq!(worst(&number), ["FIELD_NO_DELETE_UNLESS_NAME_RESERVED json shop.v1.Order.total"]);
    let both = BASE.replace("  int32 total = 2;\n", "  reserved 2; reserved \"total\";\n");
    assert_eq!(worst(&both), ["FIELD_NO_DELETE source shop.v1.Order.total"]);
}

#[test]
fn types_break_in_the_sense_in_which_they_are_read() {
    for (kind, expected) in [
        ("uint32", "FIELD_SAME_TYPE source shop.v1.Order.total"),
        ("int64", "FIELD_WIRE_JSON_COMPATIBLE_TYPE json shop.v1.Order.total"),
        ("string", "FIELD_WIRE_COMPATIBLE_TYPE wire shop.v1.Order.total"),
    ] {
        assert_eq!(worst(&BASE.replace("int32 total", &format!("{kind} total"))), [expected], "{kind}");
    }
}

#[test]
fn renames_and_moves_are_told_from_one_another() {
    assert_eq!(
        worst(&BASE.replace("int32 total", "int32 sum")),
        ["FIELD_SAME_JSON_NAME json shop.v1.Order.total", "FIELD_SAME_NAME json shop.v1.Order.total"]
    );
    assert_eq!(
        worst(&BASE.replace("rpc Get", "rpc Fetch")),
        ["RPC_NO_DELETE wire shop.v1.Orders/Get", "rpc-added safe shop.v1.Orders/Fetch"]
    );
    assert_eq!(
        worst(&BASE.replace("returns (Order)", "returns (stream Order)")),
        ["RPC_SAME_SERVER_STREAMING wire shop.v1.Orders/Get"]
    );
    assert_eq!(
        worst(&BASE.replace("PAID = 1; }", "PAID = 1; LATE = 2; }")),
        ["enum-value-added behaviour shop.v1.State#2"]
    );
}

#[test]
fn a_message_may_move_to_another_file_of_its_package() {
    let (head, rest) = BASE.split_once("enum State").expect("an enum");
    let base = [Text { name: "a.proto", text: BASE }];
    let second = format!("syntax = \"proto3\";\npackage shop.v1;\nenum State{rest}");
    let revision = [Text { name: "a.proto", text: head }, Text { name: "b.proto", text: &second }];
    let (changes, _) = proto::hits(&base, &revision, false);
    let mut rules: Vec<&str> = changes.iter().map(|c: &Change| c.rule.id).collect();
    rules.sort_unstable();
    // Code that imports the file no longer builds; what is sent is the same.
    assert_eq!(rules, ["ENUM_NO_DELETE", "SERVICE_NO_DELETE"]);
}

#[test]
fn drafts_may_change() {
    let of = |text| vec![("a.proto", text)];
    let (base, revision) = (
        of("syntax = \"proto3\"; package a.v1beta1; message M { string x = 1; }"),
        of("syntax = \"proto3\"; package a.v1beta1; message M { int32 x = 1; }"),
    );
    let texts =
        |list: &[(&'static str, &'static str)]| list.iter().map(|(name, text)| Text { name, text }).collect::<Vec<_>>();
    assert_eq!(proto::hits(&texts(&base), &texts(&revision), true).0.len(), 0);
    assert!(!proto::hits(&texts(&base), &texts(&revision), false).0.is_empty());
}
