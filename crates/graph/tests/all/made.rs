//! Little workspaces made of facts, and what linking makes of them, in a form that tests compare.

use seam_facts::{
    Claim, Deployment, Fact, FactBase, FileFacts, How, Service, Setting, SettingScope, Source, Span, Value,
};
use seam_graph::{EdgeKind, Graph, Options, link};
use std::sync::Arc;

pub fn fact(line: u32, claim: Claim) -> Fact {
    Fact { claim, at: Span::at(line, 1), how: How::Stated, by: "test".into() }
}

pub fn service(name: &str) -> Claim {
    let source = Source { context: Value::text(format!("./{name}")), ..Source::default() };
    Claim::Service(Service { source: Some(source), ..Service::new(name, Deployment::Compose) })
}

pub fn setting(service: &str, key: &str, value: &str) -> Claim {
    let scope = SettingScope::Service(service.into());
    Claim::Setting(Setting { scope, key: key.into(), value: value.into(), profile: None })
}

pub fn linked<'a>(files: impl IntoIterator<Item = (&'a str, Vec<Fact>)>) -> Graph {
    let mut base = FactBase::default();
    for (path, facts) in files {
        base.insert(path, Arc::new(FileFacts { facts, problems: Vec::new() }));
    }
    link(&base, &Options::default())
}

pub fn edges(graph: &Graph) -> Vec<(&str, EdgeKind, &str)> {
    graph.edges.iter().map(|e| (graph.nodes[e.from].name.as_str(), e.kind, graph.nodes[e.to].name.as_str())).collect()
}
