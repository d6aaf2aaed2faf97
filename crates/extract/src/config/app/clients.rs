//! Servers that a framework talks to by itself, because a key says where they are: registries, configuration servers,
//! trace collectors, token issuers. No code of the application mentions them.

use super::{looked_up, value};
use crate::Sink;
use crate::config::entries::{Document, Entry, canonical, index};
use crate::config::{interpolate, secret};
use seam_facts::{Call, Claim, Protocol, SmolStr, Value, format_smolstr};

/// Keys (canonical; `*` is one part, a trailing `*` the rest) and whom they name.
const CLIENTS: &[(&str, &str)] = &[
    ("spring.cloud.config.uri", "Spring Cloud Config"),
    ("spring.cloud.config.server.git.uri", "Git"),
    ("spring.cloud.config.server.git.repos.*.uri", "Git"),
    ("spring.cloud.vault.uri", "Vault"),
    ("spring.cloud.nacos.serveraddr", "Nacos"),
    ("spring.cloud.nacos.discovery.serveraddr", "Nacos"),
    ("spring.cloud.nacos.config.serveraddr", "Nacos"),
    ("spring.cloud.zookeeper.connectstring", "Zookeeper"),
    ("spring.cloud.sentinel.transport.dashboard", "Sentinel"),
    ("spring.zipkin.baseurl", "Zipkin"),
    ("management.zipkin.tracing.endpoint", "Zipkin"),
    ("management.tracing.export.zipkin.endpoint", "Zipkin"),
    ("tracing.zipkin.http.url", "Zipkin"),
    ("otel.exporter.zipkin.endpoint", "Zipkin"),
    ("management.wavefront.uri", "Wavefront"),
    ("management.otlp.tracing.endpoint", "OpenTelemetry"),
    ("management.otlp.logging.endpoint", "OpenTelemetry"),
    ("management.otlp.metrics.export.url", "OpenTelemetry"),
    ("management.opentelemetry.tracing.export.otlp.endpoint", "OpenTelemetry"),
    ("otel.exporter.otlp.endpoint", "OpenTelemetry"),
    ("otel.exporter.otlp.traces.endpoint", "OpenTelemetry"),
    ("otel.traces.exporter.otlp.endpoint", "OpenTelemetry"),
    ("quarkus.otel.exporter.otlp.endpoint", "OpenTelemetry"),
    ("quarkus.otel.exporter.otlp.traces.endpoint", "OpenTelemetry"),
    ("quarkus.opentelemetry.tracer.exporter.otlp.endpoint", "OpenTelemetry"),
    ("quarkus.jaeger.endpoint", "Jaeger"),
    ("opentracing.jaeger.httpsender.url", "Jaeger"),
    ("opentracing.jaeger.udpsender.host", "Jaeger"),
    ("tracing.jaeger.sender.agenthost", "Jaeger"),
    ("spring.boot.admin.client.url", "Spring Boot Admin"),
    ("spring.boot.admin.url", "Spring Boot Admin"),
    ("management.metrics.export.influx.uri", "Influx"),
    ("management.influx.metrics.export.uri", "Influx"),
    ("management.metrics.export.prometheus.pushgateway.baseurl", "Prometheus Pushgateway"),
    ("security.oauth2.resource.userinfouri", "Spring Security"),
    ("security.oauth2.resource.tokeninfouri", "Spring Security"),
    ("security.oauth2.resource.jwk.keyseturi", "Spring Security"),
    ("security.oauth2.resource.jwt.keyuri", "Spring Security"),
    ("security.oauth2.client.accesstokenuri", "Spring Security"),
    ("spring.oauth2.client.accesstokenuri", "Spring Security"),
    ("spring.oauth2.resource.userinfouri", "Spring Security"),
    ("spring.security.oauth2.resourceserver.jwt.issueruri", "Spring Security"),
    ("spring.security.oauth2.resourceserver.jwt.jwkseturi", "Spring Security"),
    ("spring.security.oauth2.resourceserver.opaquetoken.introspectionuri", "Spring Security"),
    ("spring.security.oauth2.client.provider.*.tokenuri", "Spring Security"),
    ("spring.security.oauth2.client.provider.*.issueruri", "Spring Security"),
    ("spring.security.oauth2.client.provider.*.userinfouri", "Spring Security"),
    ("spring.security.oauth2.client.provider.*.jwkseturi", "Spring Security"),
    ("micronaut.security.token.jwt.signatures.jwks.*.url", "Micronaut Security"),
    ("micronaut.security.oauth2.clients.*.openid.issuer", "Micronaut Security"),
    ("quarkus.oidc.authserverurl", "Quarkus OIDC"),
    ("quarkus.oidcclient.authserverurl", "Quarkus OIDC"),
    ("mp.jwt.verify.publickey.location", "MicroProfile JWT"),
    ("keycloak.authserverurl", "Keycloak"),
    ("consul.client.defaultzone", "Consul"),
    ("micronaut.config.client.uri", "Spring Cloud Config"),
    ("dubbo.registry.address", "Dubbo"),
    ("axon.axonserver.servers", "Axon Server"),
    ("dubbo.metadatareport.address", "Dubbo"),
    ("dubbo.configcenter.address", "Dubbo"),
];

/// Addresses kept of one key.
const MAX_ADDRESSES: usize = 8;

pub(super) fn state(document: &Document, all: &[Document], sink: &mut Sink) {
    let neither_way =
        off(document, all, "eureka.client.registerwitheureka") && off(document, all, "eureka.client.fetchregistry");
    let eureka = !(off(document, all, "eureka.client.enabled") || neither_way);
    for entry in document.plain() {
        let (profiles, plain) = super::prefixed(&entry.key);
        let key = canonical(&plain);
        if entry.value.trim().is_empty() || profiles.iter().any(|p| p == "test") {
            continue;
        }
        let zone = key.starts_with("eureka.client.serviceurl.") || key == "eureka.client.defaultzone";
        if zone && eureka {
            listed("Eureka", Protocol::Http, entry, sink);
        }
        // `git@host:owner/repository` is ssh's short form.
        if key.starts_with("spring.cloud.config.server.git.")
            && let Some((host, path)) = entry.value.strip_prefix("git@").and_then(|v| v.split_once(':'))
        {
            call("Git", Protocol::Http, value(&format!("ssh://{host}/{path}")), entry, sink);
            continue;
        }
        if let Some((_, client)) = CLIENTS.iter().find(|(pattern, _)| matches(pattern, &key))
            && !is_local_file(&entry.value)
            && !switched_off(document, all, &key)
        {
            let protocol = match *client {
                "Zookeeper" | "Dubbo" => Protocol::Tcp,
                "Axon Server" => Protocol::Grpc,
                _ => Protocol::Http,
            };
            listed(client, protocol, entry, sink);
        }
        // Under any client's prefix: `spring.kafka.properties.schema.registry.url`.
        if key.ends_with("schema.registry.url") || key.ends_with("apicurio.registry.url") {
            listed("Schema Registry", Protocol::Http, entry, sink);
        }
        imported(&key, entry, sink);
        composed(&key, document, all, entry, sink);
    }
}

/// `spring.config.import: optional:configserver:http://config:8888`.
fn imported(key: &str, entry: &Entry, sink: &mut Sink) {
    if key.split('[').next() != Some("spring.config.import") {
        return;
    }
    for import in entry.value.split(',').map(str::trim).take(MAX_ADDRESSES) {
        let import = import.strip_prefix("optional:").unwrap_or(import);
        let Some((kind, address)) = import.split_once(':') else { continue };
        let (client, key, default) = match kind {
            "configserver" => ("Spring Cloud Config", "spring.cloud.config.uri", "http://localhost:8888"),
            "consul" => ("Consul", "spring.cloud.consul.host", "localhost"),
            "vault" => ("Vault", "spring.cloud.vault.uri", "https://localhost:8200"),
            "nacos" => ("Nacos", "spring.cloud.nacos.config.server-addr", "localhost:8848"),
            "zookeeper" => ("Zookeeper", "spring.cloud.zookeeper.connect-string", "localhost:2181"),
            _ => continue,
        };
        let stated = kind == "configserver" || kind == "consul" || kind == "zookeeper";
        let target = match stated && !address.is_empty() {
            true => value(address),
            // Without an address the client looks under its own key, which has a documented default.
            false => Value::config(key, Some(default.into())),
        };
        call(client, Protocol::Http, target, entry, sink);
    }
}

/// Addresses that take a word more than the value itself.
fn composed(key: &str, document: &Document, all: &[Document], entry: &Entry, sink: &mut Sink) {
    match key {
        "spring.cloud.consul.host" | "consul.client.host" => {
            let host = looked_up(&entry.key, value(&entry.value));
            let port = key.replace("host", "port");
            let port = document.get(&port).map(|p| looked_up(&p.key, value(&p.value)));
            let target = Value::text("http://").then(host).then(":".into()).then(port.unwrap_or("8500".into()));
            call("Consul", Protocol::Http, target, entry, sink);
        }
        "spring.cloud.vault.host" => {
            let target = Value::text("https://").then(looked_up(&entry.key, value(&entry.value)));
            call("Vault", Protocol::Http, target, entry, sink);
        }
        "spring.cloud.config.discovery.serviceid" if !off(document, all, "spring.cloud.config.discovery.enabled") => {
            let target = Value::text("http://").then(looked_up(&entry.key, value(&entry.value)));
            call("Spring Cloud Config", Protocol::Http, target, entry, sink);
        }
        // Turbine reads the metrics streams of the applications that it lists.
        "turbine.appconfig" => {
            for name in addresses(&entry.value) {
                let target = Value::text("http://").then(value(name)).then("/hystrix.stream".into());
                call("Turbine", Protocol::Http, target, entry, sink);
            }
        }
        _ => {}
    }
}

/// One call for each address of a list. A single one is looked up under its key, as the framework does: environment and
/// profiles may say something else than this file.
fn listed(client: &str, protocol: Protocol, entry: &Entry, sink: &mut Sink) {
    match addresses(&entry.value).as_slice() {
        [one] => call(client, protocol, looked_up(&entry.key, value(one)), entry, sink),
        several => several.iter().for_each(|a| call(client, protocol, value(a), entry, sink)),
    }
}

fn call(client: &str, protocol: Protocol, target: Value, entry: &Entry, sink: &mut Sink) {
    let claim = Call::to(protocol, client.into(), secret::clean(target), SmolStr::default());
    sink.stated(Claim::Call(claim), entry.span);
}

/// Comma-separated addresses; commas within placeholders do not divide.
fn addresses(text: &str) -> Vec<&str> {
    let mut out = interpolate::outside_braces(text, ',');
    out.retain_mut(|a| {
        *a = a.trim();
        !a.is_empty()
    });
    out.truncate(MAX_ADDRESSES);
    out
}

/// Whether `key` is false here, or in the base document when this one is silent.
fn off(document: &Document, all: &[Document], key: &str) -> bool {
    let entry = document.get(key).or_else(|| all.first().and_then(|base| base.get(key)));
    entry.is_some_and(|e| e.value.trim().eq_ignore_ascii_case("false"))
}

/// `spring.zipkin.base-url` with `spring.zipkin.enabled: false`.
fn switched_off(document: &Document, all: &[Document], key: &str) -> bool {
    let mut prefix = key;
    while let Some((shorter, _)) = prefix.rsplit_once('.') {
        if shorter == "spring" || shorter == "management" || shorter == "quarkus" || !shorter.contains('.') {
            break;
        }
        if off(document, all, &format_smolstr!("{shorter}.enabled")) {
            return true;
        }
        prefix = shorter;
    }
    false
}

fn is_local_file(text: &str) -> bool {
    ["classpath:", "file:", "META-INF", "/", "~", "${user.home}", "${user.dir}", "${HOME}"]
        .iter()
        .any(|p| text.starts_with(p))
        || text.ends_with(".pem")
}

/// Whether a canonical key is meant by a pattern.
fn matches(pattern: &str, key: &str) -> bool {
    let (mut wanted, mut got) = (pattern.split('.'), key.split('.'));
    loop {
        match (wanted.next(), got.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(w), Some(g)) if w == index(g).0 => {}
            _ => return false,
        }
    }
}
