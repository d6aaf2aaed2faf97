//! Routes of Play: a file of lines, each a method, a path and the controller's action. See `play_routes.md`.

use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Endpoint, Mount, Protocol, SmolStr, Span, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "play-routes",
    version: 1,
    page: include_str!("play_routes.md"),
    reads: Reads::Files { wants, extract },
};

/// Play fixes the names of these files.
fn wants(file: &File<'_>) -> bool {
    let folder = file.folder().rsplit('/').next().unwrap_or("");
    folder == "conf" && (file.name() == "routes" || file.name().ends_with(".routes"))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    // `conf/orders.routes` is known as `orders.Routes`.
    let own = file.name().strip_suffix(".routes").map(|name| SmolStr::from(format!("{name}.Routes")));
    for (index, line) in file.text.lines().enumerate() {
        let code = line.trim();
        let at = Span::at(index as u32 + 1, (line.len() - line.trim_start().len() + 1) as u32);
        if code.is_empty() || code.starts_with(['#', '+', '@']) {
            continue;
        }
        let mut words = code.split_whitespace();
        let (Some(method), Some(path)) = (words.next(), words.next()) else { continue };
        let action: String = words.collect::<Vec<_>>().join(" ");
        if action.is_empty() {
            continue;
        }
        let path = Value::text(template(path));
        if method == "->" {
            let router = match action.strip_suffix(".Routes") {
                Some(_) => SmolStr::from(action.as_str()),
                // A router that is written in code is known by its class.
                None => action.rsplit('.').next().unwrap_or(&action).into(),
            };
            sink.stated(Claim::Mount(Mount { router, prefix: path, on: own.clone().unwrap_or_default() }), at);
            continue;
        }
        let action = action.split('(').next().unwrap_or("").trim().trim_start_matches('@');
        if !seam_facts::METHODS.contains(&method) || action.contains("Assets.") {
            continue;
        }
        let mut parts = action.rsplit('.');
        let (name, class) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        let handler = if class.is_empty() { name.into() } else { format!("{class}.{name}") };
        let endpoint = Endpoint {
            protocol: Protocol::Http,
            method: Some(method.into()),
            path,
            handler: handler.into(),
            router: own.clone(),
            request: None,
            response: None,
        };
        sink.stated(Claim::Endpoint(endpoint), at);
    }
}

/// `:id`, `$id<[0-9]+>` and `*rest`.
fn template(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.chars().next() {
        Some(':') => format!("{{{}}}", &part[1..]),
        Some('$') => format!("{{{}}}", part[1..].split('<').next().unwrap_or("")),
        Some('*') => "*".to_owned(),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}
