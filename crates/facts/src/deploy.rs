//! Deployables, their names, addresses, images and settings, as deployment and configuration files state them.

use crate::{SmolStr, Value};
use serde::{Deserialize, Serialize};

/// The kind of file that declares a deployable unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deployment {
    Compose,
    Kubernetes,
    Helm,
    Aspire,
    Tye,
    Procfile,
    Systemd,
    Terraform,
    Serverless,
    Nomad,
    Script,
}

/// A deployable unit: a compose service, a Kubernetes workload, a line of a Procfile, an Aspire resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Service {
    pub name: SmolStr,
    pub deployment: Deployment,
    /// `None` where no image is stated (built from source or run by a command).
    pub image: Option<Value>,
    pub source: Option<Source>,
    /// Other names it answers to on its network: `container_name`, `hostname`, network aliases.
    pub hostnames: Vec<SmolStr>,
    /// Labels that selectors match (Kubernetes pod labels).
    pub labels: Vec<(SmolStr, SmolStr)>,
    pub ports: Vec<Port>,
    /// Start order only; never proof of a call.
    pub depends_on: Vec<SmolStr>,
    /// Those of them whose health or end is waited for (compose `condition`).
    pub awaits: Vec<SmolStr>,
    /// The lines of the declaration's file that name them, where they stand there.
    pub depends_at: Vec<(SmolStr, u32)>,
    pub command: Option<Value>,
    /// Files of environment settings, relative to the declaring file (compose `env_file`).
    pub env_files: Vec<SmolStr>,
    /// Groups of settings taken whole (`envFrom`: ConfigMap or Secret names; Helm and compose anchors are already expanded).
    pub env_from: Vec<SmolStr>,
    /// What is seen inside: source and path in the container. The source is a path relative to the declaring file (compose
    /// bind mounts), or `configmap/NAME` or `secret/NAME` (Kubernetes volumes).
    pub mounts: Vec<(SmolStr, SmolStr)>,
    /// The folder in the container in which the command runs, where the declaration says so.
    pub working_dir: Option<SmolStr>,
    /// Compose `extends`: file (when another) and service.
    pub extends: Option<(Option<SmolStr>, SmolStr)>,
    /// Compose profiles; empty means always started.
    pub profiles: Vec<SmolStr>,
    /// Whether a health check is declared.
    pub health_check: bool,
    /// Whether it is started again when it ends by itself (compose `restart`, `deploy.restart_policy`).
    pub restarts: bool,
    /// Kubernetes init or sidecar container, one-off job: runs, but is not the main container.
    pub auxiliary: bool,
    /// Kubernetes namespace, where stated.
    pub namespace: Option<SmolStr>,
    /// The chart from elsewhere that deploys it; empty where only values for one are here.
    pub chart: Option<SmolStr>,
}

impl Service {
    pub fn new(name: impl Into<SmolStr>, deployment: Deployment) -> Self {
        Service {
            name: name.into(),
            deployment,
            image: None,
            source: None,
            hostnames: Vec::new(),
            labels: Vec::new(),
            ports: Vec::new(),
            depends_on: Vec::new(),
            awaits: Vec::new(),
            depends_at: Vec::new(),
            command: None,
            env_files: Vec::new(),
            env_from: Vec::new(),
            mounts: Vec::new(),
            working_dir: None,
            extends: None,
            profiles: Vec::new(),
            health_check: false,
            restarts: false,
            auxiliary: false,
            namespace: None,
            chart: None,
        }
    }
}

/// Where a deployable's code comes from, relative to the declaring file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    pub context: Value,
    pub dockerfile: Option<Value>,
    /// Build stage.
    pub target: Option<SmolStr>,
    /// What the recipe's arguments are given.
    pub args: Vec<(SmolStr, Value)>,
}

/// A port: what callers dial and what the process listens on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Port {
    pub name: Option<SmolStr>,
    /// On the host (compose) or on the Service (Kubernetes).
    pub published: Option<Value>,
    /// In the container.
    pub target: Option<Value>,
    /// Where in the declaration's file; 0 where that is the declaration itself.
    pub line: u32,
}

/// A name on the network that stands for something else: Kubernetes Service, Ingress host, ExternalName.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Alias {
    pub name: SmolStr,
    pub deployment: Deployment,
    pub target: Target,
    pub ports: Vec<Port>,
    pub namespace: Option<SmolStr>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Workloads that carry all these labels.
    Labels(Vec<(SmolStr, SmolStr)>),
    /// A deployable or alias of this name (Spring `spring.application.name`, discovery registration: the file's own service is `Own`).
    Service(SmolStr),
    /// A host outside.
    External(SmolStr),
    /// A sidecar's component (Dapr): which building block, of which product, at which host (empty if the file does not say).
    Component { block: SmolStr, system: crate::System, host: SmolStr },
    /// The service that the declaring file's code belongs to.
    Own,
    /// Whichever service runs this code: it registers itself under this name, which a parameter or a setting may give.
    Registered(Value),
}

/// One image recipe (Dockerfile, Containerfile, buildpack plan, Jib or Skaffold section).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Build {
    /// The stage that this is about, where it is not the recipe's last; it says only what such a stage starts and holds.
    pub stage: Option<SmolStr>,
    /// Base images of all stages, in order.
    pub bases: Vec<Value>,
    /// Paths copied from the build context, as written.
    pub copies: Vec<SmolStr>,
    pub exposes: Vec<Value>,
    /// What is built of a workspace of several programs: project files, folders or packages, as the build commands name them.
    pub programs: Vec<SmolStr>,
    /// ENTRYPOINT and CMD joined by blanks.
    pub command: Option<Value>,
    /// The image name that this recipe produces, where the recipe says so (Skaffold, Jib, Makefile, bake).
    pub image: Option<Value>,
    /// The folder that is built, relative to the declaring file, where it is not the file's own.
    pub context: Option<Value>,
    /// The recipe itself, relative to the declaring file, where another file names it.
    pub dockerfile: Option<Value>,
}

/// A key is given a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Setting {
    pub scope: SettingScope,
    /// Environment variable name, or dotted configuration key.
    pub key: SmolStr,
    /// Holes: `Env` is interpolation from the declaring project's environment; `Ref("configmap/NAME/KEY")` or
    /// `Ref("secret/NAME/KEY")` names a group's entry; `Config` is another key of the same configuration.
    pub value: Value,
    /// Spring profile, .NET environment name, overlay …: `None` is the base.
    pub profile: Option<SmolStr>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingScope {
    /// Environment of a deployable declared in the same file.
    Service(SmolStr),
    /// A named group (ConfigMap, Secret).
    Group(SmolStr),
    /// Environment baked into an image (Dockerfile `ENV`, `ARG` with a default).
    Image,
    /// A dotenv file: interpolation for compose beside it, and the environment of processes that load it.
    Dotenv,
    /// Application configuration that belongs to the code around it (`application.yml`, `appsettings.json`).
    App,
    /// Application configuration that a config server hands to the application of this name.
    Named(SmolStr),
}

/// Which files make up a deployment: compose `include`, kustomize `resources`, a chart's values files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Profile {
    pub deployment: Deployment,
    /// A name where the file gives one (chart name, compose project name).
    pub name: Option<SmolStr>,
    /// Paths relative to the declaring file, as written (may be folders).
    pub includes: Vec<SmolStr>,
}
