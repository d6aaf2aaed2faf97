//! Environments that are running: a dump of variables, `docker inspect`, `kubectl get -o yaml` (or `-o json`).
//!
//! Invariant: no secret leaves this module. A value of a secret-looking key, a value that looks like a secret under any
//! key, and a long one are forgotten here: that the key is set is all that stays.

use super::tree::{Data, Node};
use super::{json, secret, yaml};
use crate::Sink;
use seam_facts::SmolStr;
use std::collections::BTreeMap;

/// One process's environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Names under which the workspace may know it, the likeliest first; empty for a bare dump.
    pub names: Vec<SmolStr>,
    pub image: Option<SmolStr>,
    /// Keys with their values; `None` for what is set and not to be known.
    pub settings: BTreeMap<SmolStr, Option<SmolStr>>,
    /// More may be set than is listed: a group of settings is taken whole that the text does not contain.
    pub open: bool,
}

/// The environments in a text, or why there are none.
pub fn running(text: &str) -> Result<Vec<Running>, String> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let mut sink = Sink::default();
    let found = if start.starts_with(['{', '[']) {
        let root = json::document(text, &mut sink).ok_or("it is no readable JSON")?;
        let containers: Vec<&Node> = if root.is_list() { root.items().collect() } else { vec![&root] };
        if containers.iter().any(|c| c.path(&["Config", "Env"]).is_some()) {
            containers.into_iter().filter_map(container).collect()
        } else {
            cluster(&[root])
        }
    } else if ["apiVersion:", "kind:"]
        .iter()
        .all(|w| text.lines().any(|l| l.trim_start_matches("- ").trim_start().starts_with(w)))
    {
        cluster(&yaml::documents(text, &mut sink))
    } else {
        let settings = dump(text);
        if settings.is_empty() { Vec::new() } else { vec![Running { settings, ..Running::default() }] }
    };
    if found.is_empty() {
        return Err("it has no environment: wanted are lines of KEY=VALUE, `docker inspect`, or `kubectl get -o yaml` of pods or workloads".to_owned());
    }
    Ok(found)
}

/// What may be kept of a value.
pub fn kept(key: &str, value: &str) -> Option<SmolStr> {
    // Some services' keys are identifiers; here nothing may get through.
    let strange = secret::looks_secret(value) || secret::is_uuid(value.trim());
    if secret::is_secret_key(key) || strange || value.len() > MAX_VALUE {
        return None;
    }
    Some(secret::text_without(value))
}

/// Longer values are documents, certificates or keys.
const MAX_VALUE: usize = 200;

/// Names of variables are shorter.
const MAX_KEY: usize = 80;

/// Lines of `KEY=VALUE`, or such entries with zeros between (`/proc/…/environ`). Further lines of a value are left out: what
/// looks like a key there may be a piece of a certificate or of a key.
fn dump(text: &str) -> BTreeMap<SmolStr, Option<SmolStr>> {
    let mut out = BTreeMap::new();
    if text.contains('\0') {
        out.extend(text.split('\0').filter_map(assignment));
        return out;
    }
    let mut until: Option<&str> = None;
    for line in text.lines() {
        if let Some(end) = until {
            until = Some(end).filter(|end| !line.contains(end));
            continue;
        }
        let Some((key, value)) = assignment(line) else { continue };
        out.insert(key, value);
        let raw = line.split_once('=').map_or("", |(_, v)| v).trim();
        until = match raw.chars().next() {
            _ if raw.contains("-----BEGIN") && !raw.contains("-----END") => Some("-----END"),
            Some('"') if raw.len() < 2 || !raw.ends_with('"') => Some("\""),
            Some('\'') if raw.len() < 2 || !raw.ends_with('\'') => Some("'"),
            _ => None,
        };
    }
    out
}

fn assignment(line: &str) -> Option<(SmolStr, Option<SmolStr>)> {
    let line = line.trim_start().trim_end_matches('\r');
    let line = ["export ", "declare -x "].iter().find_map(|w| line.strip_prefix(w)).unwrap_or(line);
    let (key, value) = line.split_once('=')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
    if key.is_empty()
        || key.len() > MAX_KEY
        || secret::looks_secret(key)
        || key.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        || !key.chars().all(plain)
    {
        return None;
    }
    let unquoted = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q)).unwrap_or(value);
    Some((key.into(), kept(key, unquoted)))
}

/// One container of `docker inspect`.
fn container(node: &Node) -> Option<Running> {
    let config = node.get("Config")?;
    let label = |name: &str| config.path(&["Labels", name]).and_then(Node::text).cloned();
    let mut names: Vec<SmolStr> = label("com.docker.compose.service").into_iter().collect();
    names.extend(node.text_at(&["Name"]).map(|n| SmolStr::from(n.trim_start_matches('/'))));
    let settings = config.get("Env")?.items().filter_map(Node::text).filter_map(|t| assignment(t)).collect();
    Some(Running { names, image: config.text_at(&["Image"]).cloned(), settings, open: false })
}

/// Workloads of Kubernetes, with the ConfigMaps and Secrets that stand beside them.
fn cluster(documents: &[Node]) -> Vec<Running> {
    let mut objects: Vec<&Node> = Vec::new();
    for document in documents {
        match document.get("items") {
            Some(items) => objects.extend(items.items()),
            None => objects.push(document),
        }
    }
    let kind = |o: &Node| o.text_at(&["kind"]).map(SmolStr::to_string).unwrap_or_default();
    let mut groups: BTreeMap<(bool, SmolStr), BTreeMap<SmolStr, Option<SmolStr>>> = BTreeMap::new();
    for object in objects.iter().filter(|o| matches!(kind(o).as_str(), "ConfigMap" | "Secret")) {
        let Some(name) = object.text_at(&["metadata", "name"]) else { continue };
        let secret = kind(object) == "Secret";
        let data = ["data", "stringData"].iter().filter_map(|k| object.get(k)).flat_map(Node::entries);
        let of = |(k, v): (&super::tree::Key, &Node)| {
            (k.text.clone(), v.text().filter(|_| !secret).and_then(|v| kept(&k.text, v)))
        };
        groups.insert((secret, name.clone()), data.map(of).collect());
    }
    let mut out = Vec::new();
    for object in objects {
        let pod = match kind(object).as_str() {
            "Pod" => Some(object),
            "CronJob" => object.path(&["spec", "jobTemplate", "spec", "template"]),
            _ => object.path(&["spec", "template"]),
        };
        let Some(pod) = pod else { continue };
        for container in pod.path(&["spec", "containers"]).into_iter().flat_map(Node::items) {
            let mut found = Running { names: names(object, pod, container), ..Running::default() };
            found.image = container.text_at(&["image"]).cloned();
            for from in container.get("envFrom").into_iter().flat_map(Node::items) {
                let prefix = from.text_at(&["prefix"]).map(SmolStr::as_str).unwrap_or_default();
                for (word, secret) in [("configMapRef", false), ("secretRef", true)] {
                    let Some(name) = from.text_at(&[word, "name"]) else { continue };
                    match groups.get(&(secret, name.clone())) {
                        Some(group) => found
                            .settings
                            .extend(group.iter().map(|(k, v)| (SmolStr::from(format!("{prefix}{k}")), v.clone()))),
                        None => found.open = true,
                    }
                }
            }
            for item in container.get("env").into_iter().flat_map(Node::items) {
                let Some(key) = item.text_at(&["name"]) else { continue };
                let value = match item.get("valueFrom") {
                    // What Kubernetes itself puts there is nobody's configuration.
                    Some(from) => from.get("configMapKeyRef").and_then(|r| {
                        let group = groups.get(&(false, r.text_at(&["name"])?.clone()))?;
                        group.get(r.text_at(&["key"])?)?.clone().and_then(|v| kept(key, &v))
                    }),
                    None => match item.get("value").map(|v| &v.value) {
                        Some(Data::Scalar(text, _)) if !text.contains("$(") => kept(key, text),
                        None => Some(SmolStr::default()),
                        _ => None,
                    },
                };
                found.settings.insert(key.clone(), value);
            }
            out.push(found);
        }
    }
    out
}

fn names(object: &Node, pod: &Node, container: &Node) -> Vec<SmolStr> {
    let mut out: Vec<SmolStr> = Vec::new();
    let single = pod.path(&["spec", "containers"]).is_some_and(|c| c.items().count() == 1);
    let labels = ["app.kubernetes.io/component", "app.kubernetes.io/name", "app", "name"];
    let label = |l: &&str| pod.path(&["metadata", "labels", l]).and_then(Node::text).cloned();
    // Of several containers the name tells which one is the service.
    out.extend(container.text_at(&["name"]).filter(|_| !single).cloned());
    out.extend(object.text_at(&["metadata", "name"]).filter(|_| single).cloned());
    if single {
        out.extend(labels.iter().filter_map(label));
        out.extend(container.text_at(&["name"]).cloned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Running {
        running(text).unwrap().remove(0)
    }

    fn value<'r>(found: &'r Running, key: &str) -> Option<&'r str> {
        found.settings[key].as_deref()
    }

    #[test]
    fn reads_dumps_of_shells_and_of_the_kernel() {
        let found = only("PATH=/bin\nexport QUOTE_URL=\"http://quote:80\"\nEMPTY=\nnot a line\n");
        assert_eq!(value(&found, "QUOTE_URL"), Some("http://quote:80"));
        assert_eq!(value(&found, "EMPTY"), Some(""));
        assert_eq!(only("A=1\0B=2\0").settings.len(), 2);
        assert!(running("").is_err() && running("{\"a\": 1}").is_err() && running("[").is_err());
    }

    #[test]
    fn secrets_are_set_and_never_told() {
        let token = ["sk_live_51H8xkT2eZvKY", "lo2C9a7bQm4Wn3Rt6Ud"].concat();
        let mixed = ["a8Fk2Lq9Zx4", "Vb7Nm1Pw6Rt"].concat();
        let text = format!(
            "DB_PASSWORD=hunter2\nPLAIN={token}\nOTHER={mixed}\nURL=postgres://app:hunter2@db/x\nJWT=eyJhbGciOi.eyJzdWIi.x\nID=123e4567-e89b-12d3-a456-426614174000\nHOST=quote-service.shop.svc.cluster.local\nVERSION=2026.11.26-build.1234\n"
        );
        let found = only(&text);
        for key in ["DB_PASSWORD", "PLAIN", "OTHER", "JWT", "ID"] {
            assert!(found.settings.contains_key(key) && value(&found, key).is_none(), "{key}");
        }
        assert_eq!(value(&found, "URL"), Some("postgres://app:***@db/x"));
        assert_eq!(value(&found, "HOST"), Some("quote-service.shop.svc.cluster.local"));
        assert!(value(&found, "VERSION").is_some());
        let kept = format!("{found:?}");
        assert!(!kept.contains("hunter2") && !kept.contains(&token) && !kept.contains(&mixed), "{kept}");
    }

    #[test]
    fn further_lines_of_a_value_are_no_keys() {
        let text = "KEY_FILE=-----BEGIN KEY-----\nMIIEvQ8k2Lq=\nab12cd34==\n-----END KEY-----\nNOTE=\"one\nTWO=2\nthree\"\nLAST=1\n";
        let keys: Vec<SmolStr> = only(text).settings.into_keys().collect();
        assert_eq!(keys, ["KEY_FILE", "LAST", "NOTE"]);
    }

    #[test]
    fn reads_what_docker_tells_of_containers() {
        let text = r#"[{"Name": "/shop-checkout-1", "Config": {"Image": "shop/checkout:2", "Env": ["QUOTE_URL=http://quote", "API_KEY=abc"],
            "Labels": {"com.docker.compose.service": "checkout"}}}]"#;
        let found = only(text);
        assert_eq!(found.names, ["checkout", "shop-checkout-1"]);
        assert_eq!(found.image.as_deref(), Some("shop/checkout:2"));
        assert_eq!((value(&found, "QUOTE_URL"), value(&found, "API_KEY")), (Some("http://quote"), None));
    }

    #[test]
    fn reads_workloads_with_the_groups_beside_them() {
        let text = "apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: { name: shop }
  data: { QUOTE_URL: http://quote, API_TOKEN: abc }
- apiVersion: v1
  kind: Secret
  metadata: { name: keys }
  data: { MAIL: aHVudGVyMg== }
- apiVersion: v1
  kind: Pod
  metadata: { name: checkout-6c9f-x2z4, labels: { app: checkout } }
  spec:
    containers:
    - name: main
      image: shop/checkout:2
      envFrom: [{ configMapRef: { name: shop } }, { secretRef: { name: keys } }]
      env:
      - { name: MODE, value: fast }
      - { name: PW, valueFrom: { secretKeyRef: { name: other, key: pw } } }
";
        let found = only(text);
        assert_eq!(found.names, ["checkout-6c9f-x2z4", "checkout", "main"]);
        assert_eq!((value(&found, "QUOTE_URL"), value(&found, "MODE")), (Some("http://quote"), Some("fast")));
        assert!(["API_TOKEN", "MAIL", "PW"].iter().all(|k| value(&found, k).is_none()));
        assert!(!found.open && !format!("{found:?}").contains("aHVu"));
        let more = text.replace("configMapRef: { name: shop }", "configMapRef: { name: elsewhere }");
        assert!(only(&more).open);
    }
}
