//! Where code names what a contract declares.

use seam_extract::outline::{Outline, outline};
use seam_plan::Text;
use seam_plan::impact::{Certainty, Code, Element, Schema, references};
use std::collections::BTreeSet;

const PROTO: &str = r#"syntax = "proto3";
package shop;
option go_package = "example.org/shop/pb";
service Orders { rpc Get(GetRequest) returns (Order); }
message GetRequest { string id = 1; }
message Order { string id = 1; Price total = 2; repeated Line lines = 3; }
message Line { Price cost = 1; string note = 2; }
message Price { int64 whole_units = 1; string currency = 2; }
"#;

fn check(key: &str, files: &[(&str, &str)], expected: &[(&str, u32, Certainty)]) {
    let schema = Schema::read(&[Text { name: "pb/shop.proto", text: PROTO }]);
    let wanted: BTreeSet<Element> = schema.elements().into_keys().filter(|e| e.key() == key).collect();
    assert_eq!(wanted.len(), 1, "{key}");
    let outlines: Vec<(&str, &str, Outline)> =
        files.iter().map(|(p, t)| (*p, *t, outline(p, t).unwrap_or_else(Outline::empty))).collect();
    let code = outlines.iter().map(|(path, text, outline)| Code { path, text, outline }).collect();
    let found = references(&schema, code, &wanted);
    let found: Vec<_> = found.iter().map(|r| (r.path.as_str(), r.line, r.certainty)).collect();
    assert_eq!(found, expected, "{key}");
}

const GO: &str = r#"package cart

import (
	"context"
	"time"

	pb "example.org/shop/pb"
)

type other struct{ Id string }

type server struct {
	orders pb.OrdersClient
	seen   map[string]*pb.Order
}

func (s *server) sum(ctx context.Context, o other) int64 {
	order, err := s.orders.Get(ctx, &pb.GetRequest{Id: o.Id})
	if err != nil {
		return 0
	}
	total := order.GetTotal().WholeUnits
	for _, line := range order.Lines {
		total += line.Cost.GetWholeUnits()
	}
	tests := []struct{ want *pb.Price }{{want: &pb.Price{WholeUnits: 1}}}
	total += tests[0].want.WholeUnits + int64(time.Now().Second())
	return total + s.seen[o.Id].Total.WholeUnits
}
"#;

#[test]
fn go_is_followed_through_clients_loops_literals_and_tables_of_tests() {
    use Certainty::Sure;
    let units = [22, 24, 26, 27, 28].map(|line| ("cart/cart.go", line, Sure));
    check("shop.Price.whole_units", &[("cart/cart.go", GO)], &units);
}

#[test]
fn a_field_is_told_from_another_of_its_name() {
    use Certainty::Sure;
    check("shop.GetRequest.id", &[("cart/cart.go", GO)], &[("cart/cart.go", 18, Sure)]);
    check("shop.Order.id", &[("cart/cart.go", GO)], &[]);
}

#[test]
fn methods_are_found_where_they_are_called_served_and_handed_on() {
    use Certainty::{Likely, Sure};
    let facade = "package cart\n\nimport (\n\t\"context\"\n\n\tpb \"example.org/shop/pb\"\n)\n\ntype wrapper struct{ inner pb.OrdersClient }\n\n\
        func (w wrapper) Get(ctx context.Context, id string) (string, error) {\n\torder, err := w.inner.Get(ctx, &pb.GetRequest{Id: id})\n\
        \treturn order.Id, err\n}\n\nfunc use(w wrapper) { w.Get(nil, \"1\") }\n";
    let found = [("cart/w.go", 11, Likely), ("cart/w.go", 12, Sure), ("cart/w.go", 16, Likely)];
    check("shop.Orders.Get", &[("cart/w.go", facade)], &found);
}

#[test]
fn scripts_and_templates_are_read_by_what_holds_a_field() {
    use Certainty::Likely;
    let script =
        "const { wholeUnits, currency } = order.total;\nlog(wholeUnits);\nconst wholeUnitsOf = 1; // wholeUnits\n";
    let template = "<p>whole_units</p>\n<%= order.total.whole_units %>\n";
    let files = [("mail/a.js", script), ("mail/b.erb", template)];
    let found = [("mail/a.js", 1, Likely), ("mail/a.js", 2, Likely), ("mail/b.erb", 2, Likely)];
    check("shop.Price.whole_units", &files, &found);
}

#[test]
fn another_name_of_a_message_does_not_take_its_fields_away() {
    let revision = PROTO.replace("GetRequest", "FindRequest");
    let read = |text: &str| Schema::read(&[Text { name: "a.proto", text }]);
    let gone = read(PROTO).gone(&read(&revision));
    assert_eq!(gone.iter().map(Element::key).collect::<Vec<_>>(), ["shop.GetRequest"]);
    let numbers = PROTO.replace("whole_units = 1", "units = 1");
    let gone = read(PROTO).gone(&read(&numbers));
    assert_eq!(gone.iter().map(Element::key).collect::<Vec<_>>(), ["shop.Price.whole_units"]);
}
