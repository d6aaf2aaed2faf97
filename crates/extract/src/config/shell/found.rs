//! What the commands of one text deploy, put together: a deployable may be created by one command, and be given its
//! environment by another.

use crate::Sink;
use crate::config::secret;
use seam_facts::{
    Alias, Build, Claim, Deployment, Hole, Part, Profile, Service, Setting, SettingScope, SmolStr, Source, Span,
    Target, Value,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(super) struct Found {
    services: BTreeMap<SmolStr, (Service, Span)>,
    settings: BTreeSet<(Span, Setting)>,
    aliases: BTreeSet<(Span, Alias)>,
    /// Image, folder, recipe.
    builds: BTreeMap<String, (Value, Option<String>, Option<String>, Span)>,
    includes: Vec<SmolStr>,
    included: Option<Span>,
}

impl Found {
    /// The deployable of this name, made when it is seen first; `None` for a name that only the run knows.
    pub fn service(&mut self, name: &Value, at: Span) -> Option<&mut Service> {
        let name = named(name)?;
        let (service, _) =
            self.services.entry(name.clone()).or_insert_with(|| (Service::new(name, Deployment::Script), at));
        Some(service)
    }

    /// A release of a published chart: the first of a name.
    pub fn release(&mut self, service: Service, at: Span) {
        self.services.entry(service.name.clone()).or_insert((service, at));
    }

    /// One variable of a deployable's environment.
    pub fn set(&mut self, service: &Value, key: &str, value: Value, at: Span) {
        let Some(service) = named(service).filter(|_| super::eval::is_name(&key.replace(['.', '-', ':'], "_"))) else {
            return;
        };
        let value = secret::setting(key, value);
        let scope = SettingScope::Service(service);
        self.settings.insert((at, Setting { scope, key: key.into(), value, profile: None }));
    }

    /// A setting that is stated as it is.
    pub fn own(&mut self, setting: Setting, at: Span) {
        self.settings.insert((at, setting));
    }

    pub fn alias(&mut self, name: &str, target: SmolStr, at: Span) {
        if !name.is_empty() && name != target {
            let (name, target) = (name.into(), Target::Service(target));
            let alias = Alias { name, deployment: Deployment::Script, target, ports: Vec::new(), namespace: None };
            self.aliases.insert((at, alias));
        }
    }

    pub fn include(&mut self, path: String, at: Span) {
        let path = SmolStr::from(path);
        if !path.is_empty() && !self.includes.contains(&path) {
            self.includes.push(path);
            self.included.get_or_insert(at);
        }
    }

    pub fn build(&mut self, image: &Value, context: Option<String>, dockerfile: Option<String>, at: Span) {
        if named_image(image) {
            self.builds.entry(image.to_string()).or_insert((image.clone(), context, dockerfile, at));
        }
    }

    /// Another name for an image that was built before.
    pub fn tag(&mut self, from: &Value, to: &Value, at: Span) {
        if let Some((_, context, dockerfile, _)) = self.builds.get(&from.to_string()).cloned() {
            self.build(to, context, dockerfile, at);
        }
    }

    pub fn state(self, sink: &mut Sink) {
        for (service, at) in self.services.into_values() {
            sink.stated(Claim::Service(service), at);
        }
        for (at, setting) in self.settings {
            sink.stated(Claim::Setting(setting), at);
        }
        for (at, alias) in self.aliases {
            sink.stated(Claim::Alias(alias), at);
        }
        // One folder for many images, or one name for many folders: which is whose is said by more than the words.
        let name = |image: &Value| {
            let text = image.to_string();
            let last = text.rsplit('/').next().unwrap_or("").to_owned();
            last.split([':', '@']).next().unwrap_or("").to_owned()
        };
        let mut folders: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
        let mut names: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for (image, context, dockerfile, _) in self.builds.values() {
            folders.entry(name(image)).or_default().insert((context.clone(), dockerfile.clone()));
            names.entry((context.clone(), dockerfile.clone())).or_default().insert(name(image));
        }
        let mut builds = self.builds;
        builds.retain(|_, (image, context, dockerfile, _)| {
            folders.get(&name(image)).is_some_and(|f| f.len() == 1)
                && names.get(&(context.clone(), dockerfile.clone())).is_some_and(|n| n.len() == 1)
        });
        for (image, context, dockerfile, at) in builds.into_values() {
            let context = Some(Value::text(context.filter(|c| !c.is_empty()).unwrap_or_else(|| ".".to_owned())));
            let dockerfile = dockerfile.map(Value::text);
            sink.stated(Claim::Build(Build { image: Some(image), context, dockerfile, ..Build::default() }), at);
        }
        if let Some(at) = self.included {
            let profile = Profile { deployment: Deployment::Script, name: None, includes: self.includes };
            sink.stated(Claim::Profile(profile), at);
        }
    }
}

/// A folder as the source of what is deployed.
pub(super) fn source(context: String) -> Source {
    let context = if context.is_empty() { ".".to_owned() } else { context };
    Source { context: Value::text(context), ..Source::default() }
}

fn named(name: &Value) -> Option<SmolStr> {
    let text = name.to_string();
    let known = name.parts.iter().all(|part| match part {
        Part::Text(text) => !text.contains(|c: char| c.is_whitespace() || "<>/|[]()*?\"'{}$".contains(c)),
        Part::Hole(hole) => matches!(hole, Hole::Env { .. }),
    });
    (known && !text.is_empty() && text.len() < 100 && !text.starts_with('-')).then(|| text.into())
}

/// Whether the last part of an image's name is known.
fn named_image(image: &Value) -> bool {
    let text = image.to_string();
    let last = text.rsplit('/').next().unwrap_or("");
    let name = last.split([':', '@']).next().unwrap_or("");
    !name.is_empty() && !name.contains(['{', '$', ' ', '<'])
}
