//! What a gateway's filters make of a path: `/api/orders/**` with a first part taken away is `/orders/**`.
//!
//! Invariant: a path is only told where every step that changes it was understood; otherwise nobody knows it.

/// One filter that changes the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rewrite {
    /// Takes so many parts away.
    Strip(usize),
    /// A pattern and what stands in its place, as Java's regular expressions write them.
    Pattern(String, String),
    Prefix(String),
    Set(String),
    /// One that is not understood.
    Other,
}

impl Rewrite {
    /// By the name that Spring Cloud Gateway gives it in configuration and, with a small letter, in code; `None` for filters that
    /// leave the path alone.
    pub(crate) fn of(name: &str, args: &[&str]) -> Option<Rewrite> {
        let text = |at: usize| args.get(at).map(|a| (*a).to_owned());
        let known = match name.to_ascii_lowercase().as_str() {
            "stripprefix" => text(0).unwrap_or_else(|| "1".into()).parse().ok().map(Rewrite::Strip),
            "rewritepath" => text(0).zip(text(1)).map(|(from, to)| Rewrite::Pattern(from, to)),
            "prefixpath" => text(0).map(Rewrite::Prefix),
            "setpath" => text(0).map(Rewrite::Set),
            _ => return None,
        };
        Some(known.unwrap_or(Rewrite::Other))
    }
}

/// What stands at the target for a rule's path (`/api/orders/*`), after all steps: `/orders/` where the rest follows, else the
/// whole path. `None` where nothing changes it, or nobody knows how.
pub(crate) fn below(path: &str, steps: &[Rewrite]) -> Option<String> {
    let mut now = path.to_owned();
    for step in steps {
        now = match step {
            Rewrite::Strip(parts) => stripped(&now, *parts)?,
            Rewrite::Pattern(from, to) => replaced(&now, from, to)?,
            Rewrite::Prefix(prefix) => format!("{}{now}", prefix.trim_end_matches('/')),
            Rewrite::Set(path) => path.clone(),
            Rewrite::Other => return None,
        };
    }
    (now != path).then(|| now.strip_suffix('*').map_or(now.clone(), ToOwned::to_owned))
}

fn stripped(path: &str, parts: usize) -> Option<String> {
    let all: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let rest = all.get(parts..)?;
    // The rest of a path has parts that nobody counts.
    let counted = all[..parts].iter().all(|p| !p.contains('*'));
    counted.then(|| format!("/{}", rest.join("/")))
}

/// `/api/(?<rest>.*)` to `/${rest}`: what is written out before the capture is another beginning.
fn replaced(path: &str, from: &str, to: &str) -> Option<String> {
    let open = from.find('(')?;
    let (start, capture) = from.split_at(open);
    let start = start.trim_start_matches('^').trim_end_matches("/?").trim_end_matches('/');
    let all = capture.trim_end_matches('$').trim_end_matches(')').ends_with(".*");
    let plain = |text: &str| !text.contains(['[', '\\', '+', '?', '|', '.', '*']);
    if !all || capture.matches('(').count() > 1 || !plain(start) {
        return None;
    }
    let instead = to.split('$').next().unwrap_or(to).trim_end_matches('\\').trim_end_matches('/');
    let rest = path.strip_prefix(start).filter(|rest| rest.is_empty() || rest.starts_with(['/', '*']))?;
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    to.contains('$').then(|| format!("{instead}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_change_a_path_in_order() {
        let strip = |n| Rewrite::Strip(n);
        let pattern = |a: &str, b: &str| Rewrite::Pattern(a.into(), b.into());
        for (path, steps, is) in [
            ("/api/orders/*", vec![strip(1)], Some("/orders/")),
            ("/orders/*", vec![strip(1)], Some("/")),
            ("/orders/*", vec![strip(2)], None),
            ("/orders/*", vec![strip(1), Rewrite::Prefix("/v2".into())], Some("/v2/")),
            ("/shop/*", vec![pattern("/shop/(?<rest>.*)", "/$\\{rest}")], Some("/")),
            ("/shop/*", vec![pattern("^/shop/?(?<rest>.*)", "/v1/${rest}")], Some("/v1/")),
            ("/shop/*", vec![pattern("/sh.p/(?<rest>.*)", "/$\\{rest}")], None),
            ("/shop/{id}", vec![Rewrite::Set("/items/{id}".into())], Some("/items/{id}")),
            ("/shop/*", vec![Rewrite::Other], None),
            ("/shop/*", vec![], None),
        ] {
            assert_eq!(below(path, &steps).as_deref(), is, "{path} {steps:?}");
        }
    }
}
