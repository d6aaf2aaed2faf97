//! A real ClickHouse beside a store of one's own: the same telemetry in both gives the same answers.
//!
//! The server is Debian's (18.16): tables in its older shape, without `Map` and `DateTime64`, on two shards behind one. What is
//! asked of newer ones is held by the tests of the queries' text.

#![expect(clippy::disallowed_methods, reason = "it starts a server on files of its own")]

use seam_engine::signals::otlp::Signal;
use seam_host::{CachePlace, ClickHouse, Opening, Progress, Workspace};
use seam_store::{Encoding, Intake, Limits, Store};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Two shards; both end with the test.
struct Cluster {
    servers: Vec<Child>,
    http: Vec<u16>,
    _folder: tempfile::TempDir,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Cluster {
    /// `None` where the server is not installed and nobody insists.
    fn start() -> Option<Cluster> {
        let server = "clickhouse-server";
        if Command::new(server).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            assert!(
                std::env::var_os("SEAM_REQUIRE_STORES").is_none(),
                "`clickhouse-server` is not installed: `.ci/run` does it"
            );
            eprintln!("skipped: `clickhouse-server` is not installed (Debian: clickhouse-server)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let ports: Vec<(u16, u16)> = (0..2).map(|_| (free(), free())).collect();
        let users = folder.path().join("users.xml");
        fs::write(&users, "<yandex><profiles><default><allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type><insert_distributed_sync>1</insert_distributed_sync></default></profiles><users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default><asker><password>let me in</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></asker></users><quotas><default></default></quotas></yandex>").unwrap();
        let shards: String = ports
            .iter()
            .map(|(_, tcp)| format!("<shard><replica><host>127.0.0.1</host><port>{tcp}</port></replica></shard>"))
            .collect();
        let mut cluster = Cluster { servers: Vec::new(), http: Vec::new(), _folder: folder };
        for (index, (http, tcp)) in ports.iter().enumerate() {
            let own = cluster._folder.path().join(format!("s{index}"));
            fs::create_dir_all(own.join("tmp")).unwrap();
            let path = own.display();
            let config = own.join("config.xml");
            fs::write(&config, format!("<yandex><logger><level>warning</level><log>{path}/log</log><errorlog>{path}/err</errorlog></logger><http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><listen_host>127.0.0.1</listen_host><mark_cache_size>67108864</mark_cache_size><path>{path}/data/</path><tmp_path>{path}/tmp/</tmp_path><users_config>{}</users_config><default_profile>default</default_profile><default_database>default</default_database><timezone>UTC</timezone><remote_servers><all>{shards}</all></remote_servers></yandex>", users.display())).unwrap();
            let out = fs::File::create(own.join("out")).unwrap();
            let started = Command::new(server)
                .arg(format!("--config-file={}", config.display()))
                .current_dir(&own)
                .stdout(out.try_clone().unwrap())
                .stderr(out)
                .spawn()
                .unwrap();
            cluster.servers.push(started);
            cluster.http.push(*http);
        }
        let until = Instant::now() + Duration::from_secs(60);
        for http in &cluster.http {
            while ureq::get(format!("http://127.0.0.1:{http}/ping")).call().is_err() {
                assert!(Instant::now() < until, "the server does not answer");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Some(cluster)
    }

    fn say(&self, shard: usize, query: &str, body: &str) {
        let address = format!("http://127.0.0.1:{}/", self.http[shard]);
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let mut answer = ureq::Agent::from(config).post(address).query("query", query).send(body).unwrap();
        let said = answer.body_mut().read_to_string().unwrap();
        assert_eq!(answer.status(), 200, "{said}");
    }

    fn address(&self) -> String {
        format!("clickhouse://asker:let%20me%20in@127.0.0.1:{}/otel", self.http[0])
    }
}

const ATTRIBUTES: &str = "Nested(key String, value String)";

/// The exporter's tables, in the types that this version has.
fn tables(cluster: &Cluster) {
    let spans = format!(
        "Timestamp UInt64, TraceId String, SpanId String, ParentSpanId String, SpanName String, SpanKind String, ServiceName String, Duration UInt64, StatusCode String, StatusMessage String, ResourceAttributes {ATTRIBUTES}, SpanAttributes {ATTRIBUTES}"
    );
    let logs = format!(
        "Timestamp UInt64, TraceId String, SpanId String, SeverityText String, SeverityNumber Int32, ServiceName String, Body String, ScopeName String, ResourceAttributes {ATTRIBUTES}, LogAttributes {ATTRIBUTES}"
    );
    let gauge = format!(
        "TimeUnix UInt64, ServiceName String, MetricName String, MetricUnit String, Value Float64, ResourceAttributes {ATTRIBUTES}, Attributes {ATTRIBUTES}"
    );
    for shard in 0..2 {
        cluster.say(shard, "CREATE DATABASE otel", "");
        for (name, columns, by, order) in [
            ("otel_traces", &spans, "TraceId", "(ServiceName, Timestamp)"),
            ("otel_logs", &logs, "TraceId", "(ServiceName, Timestamp)"),
            ("otel_metrics_gauge", &gauge, "ServiceName", "(ServiceName, TimeUnix)"),
        ] {
            cluster.say(
                shard,
                &format!("CREATE TABLE otel.{name}_local ({columns}) ENGINE = MergeTree ORDER BY {order}"),
                "",
            );
            cluster.say(
                shard,
                &format!("CREATE TABLE otel.{name} AS otel.{name}_local ENGINE = Distributed(all, otel, {name}_local, cityHash64({by}))"),
                "",
            );
        }
    }
}

/// One request of the protocol's JSON, and rows of each table.
#[derive(Default)]
struct Both {
    spans: Vec<Value>,
    lines: Vec<Value>,
    points: Vec<Value>,
    rows: [String; 3],
}

const START: u64 = 1_714_557_600_000_000_000;
const SECOND: u64 = 1_000_000_000;

impl Both {
    fn span(
        &mut self,
        service: &str,
        ids: (u128, u64, u64),
        name: &str,
        kind: u8,
        (start, took): (u64, u64),
        status: &str,
    ) {
        let (trace, id) = (format!("{:032x}", ids.0), format!("{:016x}", ids.1));
        let parent = if ids.2 == 0 { String::new() } else { format!("{:016x}", ids.2) };
        let code = if status == "500" { 2 } else { 0 };
        self.spans.push(json!({"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}, "scopeSpans": [{"spans": [{
            "traceId": trace, "spanId": id, "parentSpanId": parent, "name": name, "kind": kind, "startTimeUnixNano": start.to_string(),
            "endTimeUnixNano": (start + took).to_string(), "status": {"code": code},
            "attributes": [{"key": "http.response.status_code", "value": {"intValue": status}}]}]}]}));
        let row = json!({"Timestamp": start, "TraceId": trace, "SpanId": id, "ParentSpanId": parent, "SpanName": name,
            "SpanKind": if kind == 2 { "Server" } else { "Client" }, "ServiceName": service, "Duration": took,
            "StatusCode": if code == 2 { "Error" } else { "Unset" }, "StatusMessage": "",
            "ResourceAttributes.key": ["service.name"], "ResourceAttributes.value": [service],
            "SpanAttributes.key": ["http.response.status_code"], "SpanAttributes.value": [status]});
        let _ = writeln!(self.rows[0], "{row}");
    }

    fn line(&mut self, service: &str, ids: (u128, u64), time: u64, severity: u8, body: &str) {
        let (trace, span) = (format!("{:032x}", ids.0), format!("{:016x}", ids.1));
        self.lines.push(json!({"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}, "scopeLogs": [{"scope": {"name": "shop.Log"}, "logRecords": [{
            "timeUnixNano": time.to_string(), "severityNumber": severity, "body": {"stringValue": body}, "traceId": trace, "spanId": span}]}]}));
        let row = json!({"Timestamp": time, "TraceId": trace, "SpanId": span, "SeverityText": "", "SeverityNumber": severity,
            "ServiceName": service, "Body": body, "ScopeName": "shop.Log",
            "ResourceAttributes.key": ["service.name"], "ResourceAttributes.value": [service], "LogAttributes.key": [], "LogAttributes.value": []});
        let _ = writeln!(self.rows[1], "{row}");
    }

    fn point(&mut self, service: &str, time: u64, value: f64) {
        self.points.push(json!({"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}, "scopeMetrics": [{"metrics": [{
            "name": "process.cpu.utilization", "unit": "1", "gauge": {"dataPoints": [{"timeUnixNano": time.to_string(), "asDouble": value}]}}]}]}));
        let row = json!({"TimeUnix": time, "ServiceName": service, "MetricName": "process.cpu.utilization", "MetricUnit": "1", "Value": value,
            "ResourceAttributes.key": ["service.name"], "ResourceAttributes.value": [service], "Attributes.key": [], "Attributes.value": []});
        let _ = writeln!(self.rows[2], "{row}");
    }

    /// Half an hour of a shop: `cart` asks `stock`, which fails and slows down in the last five minutes.
    fn shop() -> Both {
        let mut out = Both::default();
        for n in 0..900_u64 {
            let start = START + n * 2 * SECOND;
            let bad = n >= 750 && n % 2 == 0;
            let trace = u128::from(n) * 0x1_0000_0001 + 7;
            let base = n * 10 + 1;
            let took = 20_000_000 + (n * 7_919) % 5_000_000 + if bad { 900_000_000 } else { 0 };
            let status = if bad { "500" } else { "200" };
            out.span("cart", (trace, base, 0), "POST /orders", 2, (start, took + 9_000_000), status);
            out.span("cart", (trace, base + 1, base), "GET", 3, (start + 2_000_000, took + 2_000_000), status);
            out.span("stock", (trace, base + 2, base + 1), "GET /levels", 2, (start + 3_000_000, took), status);
            if bad {
                out.line("stock", (trace, base + 2), start + 4_000_000, 17, &format!("level of item {n} is locked"));
            } else {
                out.line("stock", (trace, base + 2), start + 4_000_000, 9, &format!("read level of item {n}"));
            }
            if n % 15 == 0 {
                out.point("stock", start, 0.2 + (n % 7) as f64 / 100.0);
            }
        }
        out
    }

    fn fill_store(&self, folder: &Path) {
        let intake = Intake::open(folder, Limits { shards: 1, ..Limits::default() }).unwrap();
        for (key, signal, all) in [
            ("resourceSpans", Signal::Traces, &self.spans),
            ("resourceLogs", Signal::Logs, &self.lines),
            ("resourceMetrics", Signal::Metrics, &self.points),
        ] {
            let message = json!({ key: all }).to_string();
            let now = Duration::from_nanos(START);
            let taken = intake.accept(signal, Encoding::Json, message.as_bytes(), now).unwrap();
            assert_eq!(taken.taken as usize, all.len());
        }
        intake.close().unwrap();
    }

    fn fill_tables(&self, cluster: &Cluster) {
        for (table, rows) in ["otel_traces", "otel_logs", "otel_metrics_gauge"].iter().zip(&self.rows) {
            cluster.say(1, &format!("INSERT INTO otel.{table} FORMAT JSONEachRow"), rows);
        }
    }
}

fn ask(request: &Value, name: &str) -> Value {
    let opening = Opening { roots: Vec::new(), cache: CachePlace::Nowhere, threads: 1 };
    let mut workspace = Workspace::open(&opening, &Progress::default()).unwrap().0;
    let answer = workspace.ask(name, &request.to_string()).unwrap_or_else(|e| panic!("{e:?}"));
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn the_same_telemetry_gives_the_same_answers_from_either() {
    let Some(cluster) = Cluster::start() else { return };
    tables(&cluster);
    let shop = Both::shop();
    let store = tempfile::tempdir().unwrap();
    shop.fill_store(store.path());
    shop.fill_tables(&cluster);
    let (own, far) = (store.path().display().to_string(), cluster.address());

    // Without a window, with one, and at an instant: byte for byte but for how many files a store has.
    for more in [
        json!({}),
        json!({"window": "2024-05-01T10:25:00Z..2024-05-01T10:30:00Z"}),
        json!({"at": "2024-05-01T10:27:00Z"}),
    ] {
        let of = |telemetry: &str| {
            let mut request = more.clone();
            request["telemetry"] = telemetry.into();
            let mut answer = ask(&request, "diagnose");
            answer["incident"]["looked_at"]["files"] = Value::Null;
            answer.to_string()
        };
        let (one, two) = (of(&own), of(&far));
        assert!(one.contains("stock"), "{one}");
        assert_eq!(one, two, "{more}");
    }

    // Signs over time, too.
    let window = "2024-05-01T10:00:00Z..2024-05-01T10:30:00Z";
    let of = |telemetry: &str| {
        let found = ask(&json!({"telemetry": telemetry, "window": window}), "detect")["findings"].to_string();
        assert!(!found.contains("let%20me"), "{found}");
        found.replace(telemetry, "…").replace(&far.replace("asker:let%20me%20in@", ""), "…")
    };
    assert_eq!(of(&own), of(&far));
    assert!(of(&own).contains("stock"), "{}", of(&own));

    // Where there is more than is read, the same traces are.
    let database = ClickHouse::open(&far, &|_| None).unwrap();
    let (from, to) = (START as i64, (START + 3600 * SECOND) as i64);
    let (one, two) =
        (Store::open(store.path()).unwrap().window(from, to, 600).unwrap(), database.window(from, to, 600).unwrap());
    let traces = |t: &seam_engine::signals::Telemetry| {
        let mut all = t.spans.traces().to_vec();
        all.sort();
        all.dedup();
        all
    };
    assert!((50..600).contains(&traces(&one.telemetry).len()), "{}", one.one_of);
    assert_eq!(traces(&one.telemetry), traces(&two.telemetry));
    assert_eq!(two.problems.len(), 1, "{:?}", two.problems);

    // A wrong password, a database that is not there, a shard that is away: said as such, and nothing is answered from a part.
    let refused = |address: &str| ClickHouse::open(address, &|_| None).unwrap().reach().unwrap_err().to_string();
    assert!(refused(&far.replace("let%20me%20in", "guess")).contains("answers"), "{}", refused(&far));
    assert!(refused(&far.replace("/otel", "/none")).contains("none"));
    assert!(refused(&format!("{far}?traces=elsewhere&logs=elsewhere&metrics=elsewhere")).contains("`elsewhere`"));
    drop(database);
    let mut cluster = cluster;
    cluster.servers[1].kill().unwrap();
    cluster.servers[1].wait().unwrap();
    let database = ClickHouse::open(&far, &|_| None).unwrap();
    let said = database.window(from, to, 600).unwrap_err().to_string();
    assert!(said.contains("otel"), "{said}");
}

#[test]
fn agents_ask_only_this_machine() {
    let opening = Opening { roots: Vec::new(), cache: CachePlace::Nowhere, threads: 1 };
    let mut workspace = Workspace::open(&opening, &Progress::default()).unwrap().0;
    let request = json!({"telemetry": "clickhouse://db.example.org/otel"}).to_string();
    let refused = workspace.ask("diagnose", &request).unwrap_err();
    assert!(refused.message.contains("another machine"), "{}", refused.message);
}
