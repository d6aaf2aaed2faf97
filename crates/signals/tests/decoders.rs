//! Every format as its writers write it, and as it arrives when something went wrong.

use proptest::prelude::*;
use seam_signals::mapping::Mapping;
use seam_signals::otlp::{self, Signal};
use seam_signals::{
    Attribute, Format, Resource, Severity, Span, SpanId, SpanKind, Statistic, Status, Telemetry, Temporality, TraceId,
    read, recognise,
};

const TRACES: &str = include_str!("files/traces.json");
const LOGS: &str = include_str!("files/logs.json");
const METRICS: &str = include_str!("files/metrics.json");
const JAEGER: &str = include_str!("files/jaeger.json");
const ZIPKIN: &str = include_str!("files/zipkin.json");

/// All that was read, as lines that people can compare.
fn shown(telemetry: &Telemetry) -> Vec<String> {
    let mut out = Vec::new();
    for (row, s) in telemetry.spans.rows() {
        let attributes: Vec<_> =
            telemetry.spans.attributes(row).map(|(k, v)| format!("{}={}", k.key(), telemetry.text(v))).collect();
        out.push(format!(
            "{} {} {} {} {:?} {:?} {} {} [{}] links {}",
            s.id,
            s.parent,
            telemetry.text(telemetry.service(s.resource)),
            telemetry.text(s.operation),
            s.kind,
            s.status,
            s.start,
            s.duration(),
            attributes.join(" "),
            telemetry.spans.links(row).len(),
        ));
    }
    for log in telemetry.logs.rows() {
        let event = telemetry.logs.get(log.event).unwrap();
        let service = telemetry.text(telemetry.service(log.resource));
        out.push(format!(
            "{} {} {:?} {} {}: {}",
            log.time,
            service,
            log.severity,
            log.span,
            telemetry.text(event.logger),
            event.example
        ));
    }
    for series in telemetry.metrics.series() {
        out.push(format!(
            "{} {} {:?} {:?} {{{}}} {:?}",
            telemetry.text(telemetry.service(series.key.resource)),
            telemetry.text(series.key.metric),
            series.key.statistic,
            series.key.temporality,
            telemetry.text(series.key.labels),
            series.value,
        ));
    }
    out
}

fn decode(text: &str, name: &str) -> (Telemetry, Vec<String>) {
    let mut into = Telemetry::default();
    let problems = read(text.as_bytes(), name, &Mapping::default(), &mut into);
    (into, problems.into_iter().map(|p| p.message.to_string()).collect())
}

fn check(text: &str, name: &str, expected: &[&str]) {
    let (into, problems) = decode(text, name);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(shown(&into), expected);
}

#[test]
fn reads_lines_of_a_collectors_file_exporter() {
    check(
        TRACES,
        "traces.json",
        &[
            "eee19b7ec3c1b174 eee19b7ec3c1b173 cart GET /items Server Error 1544712660000000000 1000000000 [http.request.method=GET url.full=http://cart/items exception.type=Timeout exception.message=no answer] links 1",
            "eee19b7ec3c1b175 0000000000000000 cart send Producer Unset 1544712660000000000 5 [messaging.destination.name=orders exception.message=late] links 0",
            "1544712660500000000 cart Error eee19b7ec3c1b174 : exception: Timeout: no answer",
        ],
    );
    check(
        LOGS,
        "logs.json",
        &[
            "1544712660300000000 cart Error eee19b7ec3c1b174 app.Cart: no stock",
            "1544712660400000000 cart Warn 0000000000000000 app.Main: slow",
        ],
    );
    check(
        METRICS,
        "metrics.json",
        &[
            "cart queue Value Level {} [3.5]",
            "cart sent Sum Cumulative {to=orders} [7.0]",
            "cart took Count Delta {} [4.0]",
            "cart took Sum Delta {} [6.0]",
            "cart took Quantile(500) Level {} [1.0]",
            "cart took Quantile(950) Level {} [1.9]",
            "cart took Quantile(990) Level {} [1.98]",
        ],
    );
}

#[test]
fn reads_what_jaegers_screen_downloads() {
    check(
        JAEGER,
        "trace.json",
        &[
            "0000000000000001 0000000000000000 frontend GET / Server Unset 1714557600000000000 2000000 [http.response.status_code=200] links 0",
            "0000000000000002 0000000000000001 cart get Client Error 1714557600000500000 1000000 [exception.type=io exception.message=reset] links 1",
            "1714557600001000000 cart Error 0000000000000002 : error: io: reset",
        ],
    );
}

#[test]
fn halves_of_a_span_that_zipkin_shares_are_parent_and_child() {
    let (into, problems) = decode(ZIPKIN, "spans.json");
    assert!(problems.is_empty());
    let rows: Vec<Span> = into.spans.rows().map(|(_, s)| s).collect();
    let [client, server, child] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((client.kind, server.kind), (SpanKind::Client, SpanKind::Server));
    assert_eq!(server.parent, client.id);
    assert_eq!(child.parent, server.id);
    assert_ne!(client.id, server.id);
    assert_eq!(into.spans.value(0, Attribute::PeerService).map(|n| into.text(n)), Some("cart"));
    assert_eq!(server.status, Status::Error);
}

#[test]
fn recognises_formats_by_their_content() {
    for (text, format) in [
        (TRACES, Format::OtlpJson),
        (LOGS, Format::OtlpJson),
        (METRICS, Format::OtlpJson),
        (JAEGER, Format::Jaeger),
        (ZIPKIN, Format::Zipkin),
        (r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#, Format::Ranges),
        ("# HELP up it is\n# TYPE up gauge\nup 1\n", Format::Exposition),
        ("up{job=\"a\"} 1 1714557600000\n", Format::Exposition),
        ("2024-05-01T10:00:00Z INFO started\n", Format::Lines),
        ("{\"level\":\"info\",\"msg\":\"hi\",\"ts\":1714557600}\n", Format::Lines),
    ] {
        assert_eq!(recognise(text.as_bytes()), Some(format), "{text}");
    }
    for text in ["", "hello", "{\"name\": \"package\",\n \"version\": 1}", "[1,2]", "a,b\n1,2\n"] {
        assert_eq!(recognise(text.as_bytes()), None, "{text}");
    }
}

/// Telemetry of a few services with everything that spans can have.
fn sample(count: u64) -> Telemetry {
    let mut t = Telemetry::default();
    for i in 0..count {
        let service = t.names.intern(["cart", "orders", "stock"][(i / 3 % 3) as usize]);
        let version = t.names.intern("1.2");
        let resource = t.resource(Resource { service, version, ..Resource::default() });
        let operation = t.names.intern(["GET /", "SELECT", "send"][(i % 3) as usize]);
        t.spans.push(Span {
            trace: TraceId(u128::from(i / 5 + 1) << 64),
            id: SpanId(i + 1),
            parent: SpanId(i % 5),
            resource,
            operation,
            kind: [SpanKind::Server, SpanKind::Client, SpanKind::Producer][(i % 3) as usize],
            status: [Status::Unset, Status::Error, Status::Ok][(i % 3) as usize],
            start: 1_714_557_600_000_000_000 + i as i64,
            end: 1_714_557_600_000_000_000 + i as i64 * 3,
        });
        let value = t.names.intern(["GET", "POST"][(i % 2) as usize]);
        t.spans.attribute(Attribute::HttpMethod, value);
        if i % 4 == 0 {
            t.spans.link(TraceId(9), SpanId(i + 1));
        }
    }
    t
}

#[test]
fn what_is_written_as_protobuf_reads_back() {
    let t = sample(40);
    let message = otlp::write(&t, 0..40);
    assert_eq!(otlp::signal(&message), Some(Signal::Traces));
    let mut back = Telemetry::default();
    let decoded = otlp::protobuf(&message, Signal::Traces, &mut back);
    assert_eq!((decoded.taken, decoded.losses.total(), decoded.broken), (40, 0, false));
    assert_eq!(shown(&back), shown(&t));
    // A file exporter's frames: lengths before messages.
    let mut frames = Vec::new();
    for rows in [0..10, 10..40] {
        let message = otlp::write(&t, rows);
        frames.extend((message.len() as u32).to_be_bytes());
        frames.extend(message);
    }
    assert_eq!(recognise(&frames), Some(Format::OtlpProtobuf));
    let mut back = Telemetry::default();
    assert!(read(&frames, "out.bin", &Mapping::default(), &mut back).is_empty());
    assert_eq!(shown(&back), shown(&t));
}

#[test]
fn messages_of_another_writer_say_the_same_as_their_json() {
    for (message, signal, text) in [
        (&include_bytes!("files/traces.pb")[..], Signal::Traces, TRACES),
        (include_bytes!("files/logs.pb"), Signal::Logs, LOGS),
        (include_bytes!("files/metrics.pb"), Signal::Metrics, METRICS),
    ] {
        assert_eq!(otlp::signal(message), Some(signal));
        let mut into = Telemetry::default();
        let decoded = otlp::file(message, &mut into);
        assert_eq!((decoded.losses.total(), decoded.broken), (0, false));
        let (expected, _) = decode(text.lines().next().unwrap(), "x.json");
        assert_eq!(shown(&into), shown(&expected));
    }
}

#[test]
fn a_broken_message_keeps_what_stood_before_and_says_so() {
    let t = sample(10);
    let message = otlp::write(&t, 0..10);
    let mut back = Telemetry::default();
    let decoded = otlp::protobuf(&message[..message.len() - 3], Signal::Traces, &mut back);
    assert!(decoded.broken);
    let (_, problems) = decode(
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"x\"}]}]}]}\nnonsense\n{\"resourceSpans\":[]}\n",
        "x.json",
    );
    assert_eq!(
        problems,
        [
            "1 span left out: it has no identifier",
            "the message ends early or is not OTLP: 0 records before that were kept"
        ]
    );
}

#[test]
fn values_of_other_types_than_expected_cost_only_themselves() {
    let text = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}},{"key":7,"value":[]},null]},
        "scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":{"no":1},"kind":"SPAN_KIND_CLIENT","startTimeUnixNano":1544712660000000000,"endTimeUnixNano":"-1","attributes":null,"events":{},"links":"x","status":null},null]}]}]}"#;
    let (into, problems) = decode(text, "x.json");
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(into.spans.len(), 1);
    assert_eq!(into.spans.get(0).map(|s| (s.kind, s.duration())), Some((SpanKind::Client, 0)));
}

#[test]
fn identifiers_in_attributes_leave_room_for_names() {
    let mut t = Telemetry::default();
    for i in 0..400_000u32 {
        t.names.value(&format!("user-{i}"));
    }
    let late = t.names.intern("checkout");
    assert_eq!(t.text(late), "checkout");
    assert!(t.names.refused() > 100_000);
}

#[test]
fn no_point_is_made_of_what_is_no_number() {
    let text = METRICS.replace("\"asDouble\":3.5", "\"asDouble\":\"NaN\"");
    let (into, problems) = decode(&text, "m.json");
    assert_eq!(problems, ["1 point left out: its value is no finite number"]);
    assert!(into.metrics.series().iter().all(|s| s.value.iter().all(|v| v.is_finite())));
    assert!(
        into.metrics
            .series()
            .iter()
            .any(|s| s.key.statistic == Statistic::Sum && s.key.temporality == Temporality::Delta)
    );
    assert_eq!(Severity::of_number(17), Severity::Error);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_telemetry_or_a_problem(bytes in proptest::collection::vec(any::<u8>(), 0..400), name in 0usize..8) {
        let name = ["a.json", "a.csv", "a.log", "a.prom", "a.pb", "a", "a.gz", "a.bin"][name];
        let mut into = Telemetry::default();
        read(&bytes, name, &Mapping::default(), &mut into);
        for signal in [Signal::Traces, Signal::Logs, Signal::Metrics] {
            otlp::protobuf(&bytes, signal, &mut into);
        }
    }

    #[test]
    fn a_message_with_wrong_bytes_is_no_crash(at in 0usize..900, byte: u8, cut in 0usize..900) {
        let mut message = otlp::write(&sample(6), 0..6);
        let length = message.len();
        message[at % length] = byte;
        message.truncate(cut % length + 1);
        let mut into = Telemetry::default();
        let decoded = otlp::protobuf(&message, Signal::Traces, &mut into);
        prop_assert_eq!(decoded.taken as usize, into.spans.len());
        otlp::file(&message, &mut into);
    }

    #[test]
    fn a_document_with_wrong_bytes_is_no_crash(which in 0usize..5, at in 0usize..4000, byte in 0u8..127) {
        let mut text = [TRACES, LOGS, METRICS, JAEGER, ZIPKIN][which].as_bytes().to_vec();
        let length = text.len();
        text[at % length] = byte;
        read(&text, "x.json", &Mapping::default(), &mut Telemetry::default());
        text.truncate(at % length);
        read(&text, "x.json", &Mapping::default(), &mut Telemetry::default());
    }
}
