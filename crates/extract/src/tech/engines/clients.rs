//! Which call of which library is told where a workflow engine is, and where libraries look by themselves. Names, keys and
//! ports are those of the engines' own documentation.

use crate::lang::Lang;
use crate::tech::told::Told::{Argument, Either, Keys};
use crate::tech::told::{Client, of, on};
use Lang::{CSharp, Go, Java, Php, Python, Script};
use seam_facts::{Protocol, Value};

pub struct Engine {
    pub name: &'static str,
    pub protocol: Protocol,
    /// Variables that its libraries read.
    variables: &'static [&'static str],
    /// Where they look when nothing says it.
    default: Option<&'static str>,
}

impl Engine {
    /// Where a client that is told nothing looks.
    pub fn by_default(&self) -> Option<Value> {
        let default = self.default?;
        let last = self.variables.len().saturating_sub(1);
        let variable = |(at, name): (usize, &&'static str)| Value::env(*name, (at == last).then(|| default.into()));
        match self.variables {
            [] => Some(Value::text(default)),
            all => Some(Value::either(all.iter().enumerate().map(variable))),
        }
    }
}

static ZEEBE: Engine = Engine {
    name: "zeebe",
    protocol: Protocol::Grpc,
    variables: &["ZEEBE_GRPC_ADDRESS", "ZEEBE_GATEWAY_ADDRESS", "ZEEBE_ADDRESS"],
    default: Some("localhost:26500"),
};
static TEMPORAL: Engine = Engine {
    name: "temporal",
    protocol: Protocol::Grpc,
    variables: &["TEMPORAL_ADDRESS"],
    default: Some("localhost:7233"),
};
static CADENCE: Engine = Engine { name: "cadence", protocol: Protocol::Grpc, variables: &[], default: None };
static CAMUNDA: Engine = Engine { name: "camunda", protocol: Protocol::Http, variables: &[], default: None };
static CONDUCTOR: Engine = Engine {
    name: "conductor",
    protocol: Protocol::Http,
    variables: &["CONDUCTOR_SERVER_URL"],
    default: Some("http://localhost:8080/api"),
};

/// Connections. What is told apart by a package's beginning stands before what is not.
pub static CLIENTS: &[(&Engine, Client)] = &[
    (&ZEEBE, of(Java, "io.camunda", &["gatewayAddress", "grpcAddress"], Argument(0), "zeebe")),
    (&TEMPORAL, of(Java, "io.temporal", &["setTarget"], Argument(0), "temporal")),
    (&TEMPORAL, of(Java, "io.temporal", &["newLocalServiceStubs"], Argument(9), "temporal")),
    (&CADENCE, of(Java, "com.uber.cadence", &["setHost"], Argument(0), "cadence")),
    (&CAMUNDA, of(Java, "org.camunda.bpm.client", &["baseUrl"], Argument(0), "camunda")),
    (&CONDUCTOR, of(Java, "com.netflix.conductor", &["setRootURI", "basePath"], Argument(0), "conductor")),
    (&CONDUCTOR, of(Java, "com.netflix.conductor.client", &["ConductorClient"], Argument(0), "conductor")),
    (&CONDUCTOR, of(Java, "io.orkes.conductor", &["ApiClient", "basePath"], Argument(0), "conductor")),
    (&ZEEBE, of(CSharp, "Zeebe.Client", &["UseGatewayAddress"], Argument(0), "zeebe")),
    (
        &TEMPORAL,
        of(
            CSharp,
            "Temporalio",
            &["ConnectAsync", "CreateLazy", "AddTemporalClient", "AddHostedTemporalWorker"],
            Either(&["TargetHost", "clientTargetHost"], 0),
            "temporal",
        ),
    ),
    (&CONDUCTOR, of(CSharp, "Conductor.Client", &["Configuration"], Keys(&["BasePath"]), "conductor")),
    (&ZEEBE, of(Go, "github.com/camunda/zeebe/clients/go", &["NewClient"], Keys(&["GatewayAddress"]), "zeebe")),
    (
        &ZEEBE,
        of(Go, "github.com/camunda-community-hub/zeebe-client-go", &["NewClient"], Keys(&["GatewayAddress"]), "zeebe"),
    ),
    (&ZEEBE, of(Go, "github.com/zeebe-io/zeebe/clients/go", &["NewClient"], Keys(&["GatewayAddress"]), "zeebe")),
    (
        &TEMPORAL,
        of(
            Go,
            "go.temporal.io/sdk/client",
            &["Dial", "DialContext", "NewClient", "NewLazyClient"],
            Keys(&["HostPort"]),
            "temporal",
        ),
    ),
    (&CONDUCTOR, of(Go, "github.com/conductor-sdk/conductor-go", &["NewHttpSettings"], Argument(0), "conductor")),
    (&ZEEBE, of(Script, "zeebe-node", &["ZBClient"], Either(&["hostname"], 0), "zeebe")),
    (
        &ZEEBE,
        of(
            Script,
            "@camunda8/sdk",
            &["Camunda8", "ZeebeGrpcClient"],
            Keys(&["ZEEBE_GRPC_ADDRESS", "ZEEBE_ADDRESS", "ZEEBE_GATEWAY_ADDRESS"]),
            "zeebe",
        ),
    ),
    (
        &TEMPORAL,
        of(Script, "@temporalio/client", &["Connection.connect", "Connection.lazy"], Keys(&["address"]), "temporal"),
    ),
    (&TEMPORAL, of(Script, "@temporalio/worker", &["NativeConnection.connect"], Keys(&["address"]), "temporal")),
    (&CAMUNDA, of(Script, "camunda-external-task-client-js", &["Client"], Keys(&["baseUrl"]), "camunda")),
    (
        &CONDUCTOR,
        of(Script, "@io-orkes/conductor-javascript", &["orkesConductorClient"], Keys(&["serverUrl"]), "conductor"),
    ),
    (
        &ZEEBE,
        of(
            Python,
            "pyzeebe",
            &["create_insecure_channel", "create_secure_channel"],
            Either(&["grpc_address", "hostname"], 0),
            "zeebe",
        ),
    ),
    (&TEMPORAL, of(Python, "temporalio.client", &["Client.connect"], Either(&["target_host"], 0), "temporal")),
    (
        &CONDUCTOR,
        of(
            Python,
            "conductor.client.configuration.configuration",
            &["Configuration"],
            Either(&["server_api_url", "base_url"], 0),
            "conductor",
        ),
    ),
    (
        &CAMUNDA,
        of(
            Python,
            "camunda.external_task.external_task_worker",
            &["ExternalTaskWorker"],
            Keys(&["base_url"]),
            "camunda",
        ),
    ),
    (&TEMPORAL, on(Php, "Temporal\\Client", "ServiceClient", &["create"], Argument(0), "temporal")),
];

/// What connects by its configuration.
pub struct Framework {
    pub engine: &'static Engine,
    pub package: &'static str,
    pub annotations: &'static [&'static str],
    /// Calls of the client that it hands in.
    pub commands: &'static [&'static str],
    pub keys: &'static [&'static str],
}

pub static FRAMEWORKS: &[Framework] = &[
    Framework {
        engine: &ZEEBE,
        package: "io.camunda",
        annotations: &[
            "JobWorker",
            "ZeebeWorker",
            "EnableZeebeClient",
            "ZeebeDeployment",
            "Deployment",
            "EnableProcessApplication",
        ],
        commands: &[
            "newCreateInstanceCommand",
            "newPublishMessageCommand",
            "newCorrelateMessageCommand",
            "newBroadcastSignalCommand",
            "newDeployResourceCommand",
            "newDeployCommand",
            "newCompleteCommand",
            "newWorker",
        ],
        keys: &[
            "zeebe.client.broker.gateway-address",
            "camunda.client.zeebe.grpc-address",
            "camunda.client.zeebe.gateway-url",
            "camunda.client.grpc-address",
            "ZEEBE_ADDRESS",
        ],
    },
    Framework {
        engine: &TEMPORAL,
        package: "io.temporal",
        annotations: &["ActivityImpl", "WorkflowImpl"],
        commands: &["newWorkflowStub", "newUntypedWorkflowStub"],
        keys: &["spring.temporal.connection.target"],
    },
    Framework {
        engine: &CAMUNDA,
        package: "org.camunda.bpm.client",
        annotations: &["ExternalTaskSubscription", "EnableExternalTaskClient"],
        commands: &[],
        keys: &["camunda.bpm.client.base-url"],
    },
    Framework {
        engine: &CONDUCTOR,
        package: "com.netflix.conductor",
        annotations: &["WorkerTask"],
        commands: &["startWorkflow"],
        keys: &["conductor.client.root-uri", "conductor.client.base-path", "conductor.root.uri"],
    },
];
