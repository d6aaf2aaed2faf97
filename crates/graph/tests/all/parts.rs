//! Several deployables from one folder: which part of it each of them runs.

use crate::made::{edges, fact, linked, service, setting};
use seam_facts::{
    Build, Call, Claim, Deployment, Endpoint, Fact, Message, Protocol, Service, Source, System, Uses, Value,
};
use seam_graph::{EdgeKind, Graph};

fn deployable(name: &str, dockerfile: &str, command: &str) -> Claim {
    let source = Source {
        context: Value::text("./app"),
        dockerfile: (!dockerfile.is_empty()).then(|| Value::text(dockerfile)),
        ..Source::default()
    };
    let command = (!command.is_empty()).then(|| Value::text(command));
    Claim::Service(Service { source: Some(source), command, ..Service::new(name, Deployment::Compose) })
}

fn imports(names: &[&str]) -> Fact {
    fact(1, Claim::Uses(Uses { imports: names.iter().map(|n| (*n).into()).collect(), ..Uses::default() }))
}

fn serves(path: &str) -> Fact {
    fact(
        5,
        Claim::Endpoint(Endpoint {
            protocol: Protocol::Http,
            method: Some("GET".into()),
            path: Value::text(path),
            handler: "show".into(),
            router: None,
            request: None,
            response: None,
        }),
    )
}

fn serving(graph: &Graph) -> Vec<&str> {
    let mut names: Vec<&str> = graph.endpoints.iter().map(|e| graph.nodes[e.node].name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn workers_and_schedulers_of_one_folder_serve_nothing() {
    let system = vec![
        fact(1, deployable("web", "", "uvicorn shop.main:app --host 0.0.0.0")),
        fact(5, deployable("worker", "", "sh -c \"pip list && celery -A shop.tasks worker -Q mail\"")),
        fact(9, deployable("beat", "", "celery -A shop.tasks beat")),
        fact(13, deployable("mailer", "", "python -m shop.workers.mailer")),
    ];
    let graph = linked([
        ("compose.yaml", system),
        ("app/shop/main.py", vec![imports(&[]), serves("/orders")]),
        ("app/shop/tasks.py", vec![imports(&[])]),
        ("app/shop/workers/mailer.py", vec![imports(&[])]),
    ]);
    assert_eq!(serving(&graph), ["web"]);
}

#[test]
fn the_project_that_a_recipe_builds_is_the_deployables_part() {
    let build = |program: &str| Claim::Build(Build { programs: vec![program.into()], ..Build::default() });
    let system = vec![
        fact(1, deployable("orders", "orders.Dockerfile", "")),
        fact(5, deployable("stock", "stock.Dockerfile", "")),
    ];
    let graph = linked([
        ("compose.yaml", system),
        ("app/orders.Dockerfile", vec![fact(1, build("app/cmd/orders"))]),
        ("app/stock.Dockerfile", vec![fact(1, build("app/cmd/stock"))]),
        ("app/cmd/orders/main.go", vec![imports(&[]), serves("/orders")]),
        ("app/cmd/stock/main.go", vec![imports(&[])]),
    ]);
    assert_eq!(serving(&graph), ["orders"]);
}

#[test]
fn a_name_means_the_service_that_is_declared_under_it_and_not_another_that_answers_to_it_as_well() {
    let seeds = Service {
        hostnames: vec!["registry".into()],
        image: Some(Value::text("app/shop/seeds")),
        ..Service::new("seeds", Deployment::Compose)
    };
    let registry =
        Service { image: Some(Value::text("app/shop/registry")), ..Service::new("registry", Deployment::Compose) };
    let call = Claim::Call(Call {
        method: Some("GET".into()),
        ..Call::to(Protocol::Http, "requests".into(), Value::text("http://registry:8500/keys"), "load".into())
    });
    let system = vec![fact(1, service("web")), fact(5, Claim::Service(seeds)), fact(9, Claim::Service(registry))];
    let graph = linked([("compose.yaml", system), ("web/app.py", vec![imports(&[]), fact(3, call)])]);
    assert_eq!(edges(&graph), [("web", EdgeKind::Http, "registry")]);
}

#[test]
fn a_worker_consumes_what_its_tasks_take() {
    let task = Claim::Message(Message {
        system: System::Rabbit,
        publish: false,
        topic: Value::text("mail"),
        address: None,
        exchange: None,
        routing_key: None,
        group: None,
        client: "celery".into(),
        within: "send".into(),
        payload: None,
    });
    let broker = Service { image: Some(Value::text("rabbitmq:3")), ..Service::new("queue", Deployment::Compose) };
    let system = vec![
        fact(1, deployable("web", "", "gunicorn shop.main:app")),
        fact(5, deployable("worker", "", "celery -A shop.tasks worker")),
        fact(7, setting("worker", "CELERY_BROKER_URL", "amqp://queue:5672")),
        fact(9, Claim::Service(broker)),
    ];
    let graph = linked([
        ("compose.yaml", system),
        ("app/shop/main.py", vec![imports(&[]), serves("/orders")]),
        ("app/shop/tasks.py", vec![imports(&[])]),
        ("app/shop/mail/jobs.py", vec![imports(&[]), fact(4, task)]),
    ]);
    assert_eq!(edges(&graph), [("worker", EdgeKind::QueueConsume, "queue")]);
}
