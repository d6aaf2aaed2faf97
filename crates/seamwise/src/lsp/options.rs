//! What the client wants: options at the start, and again whenever they change.

use gen_lsp_types::Uri;
use serde::Deserialize;
use serde_json::Value;

/// As `initializationOptions` and `settings.seamwise` write them; what is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Options {
    /// A deployment: a word of its files' paths or profiles.
    pub profile: Option<String>,
    pub rules: Rules,
    /// `error`, `warning` or `note`: this and what is worse.
    pub severity: Option<String>,
    /// `stated`: only what needs no inference.
    pub certainty: Option<String>,
    /// A file of known findings, relative to the first root.
    pub baseline: Option<String>,
    pub nursery: bool,
    /// A definition is what answers a call and no more: editors that show several places in an order of their own would show a
    /// contract first. The rest is the declaration.
    pub direct: bool,
    pub lens: Switch,
    pub hints: Switch,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Rules {
    pub off: Vec<String>,
}

/// On unless it is turned off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Switch(pub bool);

impl Default for Switch {
    fn default() -> Self {
        Switch(true)
    }
}

impl Options {
    /// Options as a client sends them; empty texts are as good as none. What cannot be read is an error for its log.
    pub fn read(value: &Value) -> Result<Options, String> {
        if value.is_null() {
            return Ok(Options::default());
        }
        let mut value = value.clone();
        if let Some(object) = value.as_object_mut() {
            object.retain(|_, v| !v.is_null() && *v != "");
        }
        serde_json::from_value(value).map_err(|error| format!("the options cannot be read: {error}"))
    }
}

/// What a client is able to do.
#[derive(Clone, Debug, Default)]
pub struct Client {
    pub progress: bool,
    pub lens_refresh: bool,
    pub hint_refresh: bool,
}

impl Client {
    pub fn read(capabilities: &Value) -> Client {
        let has = |pointer: &str| capabilities.pointer(pointer).and_then(Value::as_bool).unwrap_or_default();
        Client {
            progress: has("/window/workDoneProgress"),
            lens_refresh: has("/workspace/codeLens/refreshSupport"),
            hint_refresh: has("/workspace/inlayHint/refreshSupport"),
        }
    }
}

/// The folders of an `initialize` request, newest way of telling first.
pub fn folders(params: &Value) -> Vec<Uri> {
    let uri = |value: &Value| value.as_str().and_then(|text| Uri::parse(text).ok());
    if let Some(folders) = params["workspaceFolders"].as_array() {
        return folders.iter().filter_map(|f| uri(&f["uri"])).collect();
    }
    let path = || params["rootPath"].as_str().and_then(|path| Uri::from_file_path(path).ok());
    uri(&params["rootUri"]).or_else(path).into_iter().collect()
}
