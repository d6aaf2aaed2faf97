//! What linking makes of declarations alone: ready-made servers, overlays, and names that deployments share.

use crate::made::{edges, fact, linked, service, setting};
use seam_facts::{Claim, Deployment, Service, Value};
use seam_graph::EdgeKind;

#[test]
fn the_environment_of_a_ready_made_server_says_which_stores_it_uses() {
    let image = |name: &str, image: &str| {
        Claim::Service(Service { image: Some(Value::text(image)), ..Service::new(name, Deployment::Compose) })
    };
    let facts = vec![
        fact(1, image("login", "quay.io/keycloak/keycloak:26.0")),
        fact(2, setting("login", "KC_DB", "postgres")),
        fact(3, setting("login", "KC_DB_URL", "jdbc:postgresql://users-db:5432/keycloak")),
        fact(4, image("users-db", "postgres:17")),
        fact(5, image("postgres", "postgres:17")),
        fact(6, image("outbox", "eventuateio/eventuate-cdc-service:0.15")),
        fact(7, setting("outbox", "EVENTUATELOCAL_KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")),
        fact(8, image("kafka", "apache/kafka:3.9.0")),
        // Somebody else's program may leave unread what it is given.
        fact(9, image("shop", "example.org/shop:1")),
        fact(10, setting("shop", "DB_URL", "jdbc:postgresql://users-db:5432/shop")),
    ];
    let graph = linked([("compose.yaml", facts)]);
    assert_eq!(edges(&graph), [("login", EdgeKind::Db, "users-db"), ("outbox", EdgeKind::QueuePublish, "kafka")]);
}

#[test]
fn a_store_of_an_overlay_that_nothing_uses_is_left_out() {
    let image = |name: &str| {
        Claim::Service(Service { image: Some("mongo:7".into()), ..Service::new(name, Deployment::Compose) })
    };
    let standard = ("docker-compose.yml", vec![fact(1, service("web")), fact(2, image("mongo"))]);
    let overlay = ("docker-compose-shards.yml", vec![fact(1, service("web")), fact(2, image("shard-1"))]);
    let parts = ("docker-compose-infra.yml", vec![fact(1, image("audit"))]);
    let graph = linked([standard, overlay, parts]);
    let names: Vec<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["audit", "mongo", "web"]);
}

#[test]
fn a_short_name_may_be_another_part_in_another_deployment() {
    let image = |name: &str, image: &str, deployment| {
        Claim::Service(Service { image: Some(Value::text(image)), ..Service::new(name, deployment) })
    };
    let compose = vec![
        fact(1, image("shop", "example.org/shop-bff", Deployment::Compose)),
        fact(2, image("shop-pages", "example.org/shop", Deployment::Compose)),
    ];
    let cluster = vec![
        fact(1, image("shop-bff", "example.org/shop-bff", Deployment::Kubernetes)),
        fact(2, image("shop", "example.org/shop", Deployment::Kubernetes)),
    ];
    let graph = linked([("compose.yaml", compose), ("k8s/all.yaml", cluster)]);
    let names: Vec<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["shop", "shop-pages"]);
}

#[test]
fn what_a_script_starts_does_not_outweigh_a_deployment_in_a_folder_for_pipelines() {
    let image = |name: &str, image: &str, deployment: Deployment| {
        Claim::Service(Service { image: Some(Value::text(image)), ..Service::new(name, deployment) })
    };
    let script = vec![
        fact(1, image("registry", "registry:2", Deployment::Script)),
        fact(2, image("kubelet", "hyperkube:v1.4.0", Deployment::Script)),
    ];
    let workloads = |name: &str| vec![fact(1, image(name, &format!("shop/{name}"), Deployment::Kubernetes))];
    let graph = linked([
        ("vagrant/up.sh", script),
        ("ci/k8s/orders.yaml", workloads("orders")),
        ("ci/k8s/stock.yaml", workloads("stock")),
    ]);
    let names: Vec<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["orders", "stock"]);
}
