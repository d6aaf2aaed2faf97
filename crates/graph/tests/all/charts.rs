//! Charts whose templates spread their values, and groups that other files hold.

use crate::made::{edges, fact, linked, service};
use seam_facts::{Call, Claim, Deployment, Fact, Protocol, Route, Service, Setting, SettingScope, Uses, Value};
use seam_graph::{EdgeKind, Graph};

fn group(name: &str, key: &str, value: Value) -> Fact {
    let scope = SettingScope::Group(name.into());
    fact(2, Claim::Setting(Setting { scope, key: key.into(), value, profile: None }))
}

fn asks() -> Vec<Fact> {
    let call = Claim::Call(Call {
        method: Some("GET".into()),
        ..Call::to(Protocol::Http, "axios".into(), Value::env("API_URL", None).then("/users".into()), "".into())
    });
    vec![fact(1, Claim::Uses(Uses::default())), fact(2, call)]
}

/// A workload of a chart's template that takes a group.
fn workload(name: &str, deployment: Deployment, group: &str) -> Fact {
    let image = Some(Value::text(format!("shop/{name}")));
    fact(3, Claim::Service(Service { image, env_from: vec![group.into()], ..Service::new(name, deployment) }))
}

fn charted(values: Vec<(&str, Vec<Fact>)>) -> Graph {
    let mut files = vec![
        ("shop/charts/web/templates/web.yaml", vec![workload("web", Deployment::Helm, "values.env")]),
        ("shop/charts/api/templates/api.yaml", vec![workload("api", Deployment::Helm, "values.env")]),
        ("shop/charts/old/templates/old.yaml", vec![workload("old", Deployment::Helm, "values.env")]),
        ("web/index.js", asks()),
    ];
    files.extend(values);
    linked(files)
}

/// Each chart's `env` is its own, though all of them are called alike.
#[test]
fn a_template_spreads_the_values_of_its_own_chart() {
    let graph = charted(vec![
        ("shop/charts/web/values.yaml", vec![group("values.env", "API_URL", "http://api".into())]),
        ("shop/charts/api/values.yaml", vec![group("values.env", "API_URL", "http://old".into())]),
    ]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "api")]);
}

/// What the chart around it sets for a part comes first, and another environment's file only where nothing else says it.
#[test]
fn the_chart_around_comes_first_and_other_environments_last() {
    let graph = charted(vec![
        ("shop/values.yaml", vec![group("values.web.env", "API_URL", "http://api".into())]),
        ("shop/charts/web/values.yaml", vec![group("values.env", "API_URL", "http://old".into())]),
    ]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "api")]);
    let elsewhere = group("values.env", "API_URL", "http://api".into());
    let graph = charted(vec![("shop/charts/web/values-prod.yaml", vec![elsewhere.clone()])]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "api")]);
    let graph = charted(vec![
        ("shop/charts/web/values-prod.yaml", vec![elsewhere]),
        ("shop/charts/web/values.yaml", vec![group("values.env", "API_URL", "http://old".into())]),
    ]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "old")]);
}

/// A generator's group is what the dotenv file beside it holds.
#[test]
fn a_generated_group_is_the_file_that_it_is_made_from() {
    let all = group("web-config", "*", Value::reference("dotenv/web.env"));
    let (scope, key, value) = (SettingScope::Dotenv, "API_URL".into(), "http://api".into());
    let held = Claim::Setting(Setting { scope, key, value, profile: None });
    let graph = linked([
        ("k8s/web.yaml", vec![workload("web", Deployment::Kubernetes, "web-config"), fact(9, service("api"))]),
        ("k8s/kustomization.yaml", vec![all]),
        ("k8s/web.env", vec![fact(1, held)]),
        ("web/index.js", asks()),
    ]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "api")]);
}

/// Manifests written by hand and others rendered from a chart, both in one repository: the release's word before each
/// name makes no second system. One pair alone may be two things.
#[test]
fn what_a_release_renders_is_what_is_deployed_without_its_name() {
    let workload = |name: &str, image: &str| {
        let image = Some(Value::text(format!("shop/{image}:1")));
        fact(1, Claim::Service(Service { image, ..Service::new(name, Deployment::Kubernetes) }))
    };
    let names = |parts: &[&str]| {
        let hand: Vec<(String, Vec<Fact>)> =
            parts.iter().map(|p| (format!("k8s/{p}.yaml"), vec![workload(p, p)])).collect();
        let rendered: Vec<Fact> = parts.iter().map(|p| workload(&format!("shop-{p}"), p)).collect();
        let rendered: Vec<Fact> = (1u32..).zip(rendered).map(|(line, f)| fact(line, f.claim)).collect();
        let all = hand.iter().map(|(path, facts)| (path.as_str(), facts.clone()));
        linked(all.chain([("k8s/all.yaml", rendered)])).nodes.len()
    };
    assert_eq!(names(&["cart", "users", "stock"]), 3);
    assert_eq!(names(&["cart"]), 2);
}

/// Releases of one chart that stands elsewhere are one deployment, and a gateway that a script tells its routes runs
/// beside them though the script is no deployment.
#[test]
fn releases_side_by_side_keep_the_gateway_that_a_script_tells_its_routes() {
    let release = |name: &str| {
        let image = Some(Value::text(format!("shop/{name}")));
        fact(1, Claim::Service(Service { image, ..Service::new(name, Deployment::Helm) }))
    };
    let image = Some(Value::text("apache/apisix"));
    let gateway = Service { image, ..Service::new("apisix", Deployment::Script) };
    let route = Route {
        protocol: Protocol::Http,
        path: "/users*".into(),
        target: "http://users:8080".into(),
        via: Some("apisix".into()),
    };
    let code = || vec![fact(1, Claim::Uses(Uses::default()))];
    let graph = linked([
        ("users/values.yaml", vec![release("users")]),
        ("stock/values.yaml", vec![release("stock")]),
        ("users/index.js", code()),
        ("stock/index.js", code()),
        ("routes.sh", vec![fact(1, Claim::Service(gateway)), fact(5, Claim::Route(route))]),
    ]);
    assert_eq!(edges(&graph), [("apisix", EdgeKind::Http, "users")]);
    assert_eq!(graph.nodes.len(), 3, "{:?}", graph.nodes);
}
