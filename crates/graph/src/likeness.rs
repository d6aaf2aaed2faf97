//! How well folders' names fit the names of deployables.
//!
//! Invariant: forms of a name (without separators, without the words that everybody adds) are made once for each name, since every
//! folder is compared with every deployable.

use crate::index::squash;
use std::collections::BTreeSet;

/// How many of a folder's last parts may carry a name.
const DEPTH: usize = 3;

/// A name with its forms.
pub(crate) struct Name<'a> {
    written: &'a str,
    pub squashed: String,
    /// Where its second and later words begin in `squashed`.
    words: Vec<usize>,
}

/// A folder with the forms of its last parts.
pub(crate) struct Place {
    pub path: String,
    /// The last three parts, from the end.
    parts: Vec<Forms>,
    /// Its last parts together, two or more: `orders/server` is `ordersserver`.
    together: Vec<String>,
}

/// What a folder's own name is compared by.
struct Forms {
    squashed: String,
    words: Vec<usize>,
}

impl<'a> Name<'a> {
    pub fn new(written: &'a str) -> Name<'a> {
        Name { written, squashed: squash(written), words: words(written) }
    }
}

impl Forms {
    fn new(written: &str) -> Forms {
        Forms { squashed: squash(written), words: words(written) }
    }
}

impl Place {
    pub fn new(path: String) -> Place {
        let parts: Vec<Forms> = path.rsplit('/').take(DEPTH).map(Forms::new).collect();
        let together = together(&path);
        Place { path, parts, together }
    }

    /// Whether the folder's last parts together are one of the names.
    fn joined(&self, names: &[Name<'_>]) -> bool {
        self.together.iter().any(|all| names.iter().any(|n| n.squashed == *all))
    }

    /// The last parts with their forms, from the end.
    fn named(&self) -> impl Iterator<Item = (&str, &Forms)> {
        self.path.rsplit('/').zip(&self.parts)
    }
}

/// A path's last two, three and four parts, each together: an image is often called after its way through the folders.
pub(crate) fn together(path: &str) -> Vec<String> {
    let ends = path.rmatch_indices('/').map(|(at, _)| at).skip(1).take(2).map(|at| at + 1);
    let ends = ends.chain((path.contains('/') && path.matches('/').count() <= 2).then_some(0));
    ends.map(|at| squash(&path[at..])).collect()
}

/// Where the second and later words of a name begin, once it is squashed.
fn words(written: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    for c in written.chars() {
        if matches!(c, '-' | '_' | '.') {
            starts.push(at);
        } else if c.is_ascii_alphanumeric() {
            at += 1;
        }
    }
    starts
}

/// The folder that is called like one of the names. A recipe beside the code is worth a better name.
pub(crate) fn called(
    recipes: &[Place],
    images: &BTreeSet<&str>,
    code: &[Place],
    coded: &BTreeSet<&str>,
    names: &[Name<'_>],
) -> Option<String> {
    let hits = recipes.iter().chain(code).filter_map(|f| {
        let own = || f.named().next().and_then(|(written, forms)| rank(written, forms, names));
        let rank = f.joined(names).then_some(3).or_else(own).filter(|r| *r >= 2)?;
        let recipe = images.contains(f.path.as_str());
        // A recipe that is kept apart from the code is no source, where the code has such a folder too.
        let coded = recipe || coded.contains(f.path.as_str());
        Some((4 - rank - u8::from(recipe), !coded, u8::from(!recipe), f.path.matches('/').count(), &f.path))
    });
    hits.min().map(|(.., folder)| folder.clone())
}

/// How well a folder's own name fits: 3 the same, 2 the same but for words that people add to every service or with the
/// system's name before it, 1 the end of a name.
fn rank(written: &str, part: &Forms, names: &[Name<'_>]) -> Option<u8> {
    let stem = bare(&part.squashed);
    let mut best = None;
    for name in names.iter().filter(|n| n.squashed.len() > 1) {
        let other = bare(&name.squashed);
        let rank = if part.squashed == name.squashed {
            3
        } else if stem == other && !other.is_empty()
            || name.squashed.len() > 4 && plural(&name.squashed, &part.squashed)
            || name.squashed.len() > 2
                && ends(&part.squashed, &part.words, &name.squashed)
                && !is_common(&name.squashed)
            || stem.len() > 2 && ends(&name.squashed, &name.words, stem) && !is_common(stem)
        {
            2
        } else if part.squashed.len() > 3
            && ends(&name.squashed, &name.words, &part.squashed)
            && !is_common(&part.squashed)
            || scattered(written, name)
        {
            1
        } else {
            continue;
        };
        best = best.max(Some(rank));
    }
    best
}

/// Whether two names are one in the singular and in the plural, and say something.
fn plural(a: &str, b: &str) -> bool {
    let one = a.trim_end_matches('s');
    a != b && one == b.trim_end_matches('s') && !is_common(one)
}

/// Words that end the names of many different things.
fn is_common(name: &str) -> bool {
    matches!(name, "api" | "app" | "server" | "service" | "backend" | "worker" | "client" | "main" | "lib" | "common")
}

/// Whether the last words of a name are `part`: `shop-cart` ends with `cart`, `discard` does not.
fn ends(squashed: &str, words: &[usize], part: &str) -> bool {
    words.iter().any(|at| squashed.get(*at..) == Some(part))
}

/// Whether all words of `name` stand among the folder's, in order: `shop-cart` in `shop_demo_cart_service`.
fn scattered(folder: &str, name: &Name<'_>) -> bool {
    let mut words = folder.split(['-', '_', '.']);
    name.squashed.len() > 2
        && !is_common(&name.squashed)
        && name.written.split(['-', '_', '.']).all(|n| words.any(|w| w == n))
}

/// The folder among `folders` that carries one of these names, best match first.
pub(crate) fn folder_named(folders: &[Place], names: &[Name<'_>]) -> Option<String> {
    let mut best: Option<(u8, usize, &String)> = None;
    for place in folders {
        for (depth, (written, forms)) in place.named().enumerate() {
            let joined = depth == 0 && place.joined(names);
            let Some(rank) = joined.then_some(4).or_else(|| rank(written, forms, names)) else { continue };
            // The name itself beats a variation of it; then the folder nearest to the name; then the shallowest.
            let score = (rank, usize::MAX - depth * 1000 - place.path.matches('/').count(), &place.path);
            if best.is_none_or(|b| (score.0, score.1) > (b.0, b.1)) {
                best = Some(score);
            }
        }
    }
    best.map(|(_, _, folder)| folder.clone())
}

/// A name without the words that people add to every service.
pub(crate) fn bare(name: &str) -> &str {
    const WORDS: [&str; 15] = [
        "service",
        "svc",
        "server",
        "microservice",
        "api",
        "app",
        "http",
        "grpc",
        "ms",
        "worker",
        "job",
        "deployment",
        "depl",
        "deploy",
        "container",
    ];
    let mut name = name;
    while let Some(shorter) = WORDS.iter().find_map(|word| name.strip_suffix(word).filter(|n| n.len() > 2)) {
        name = shorter;
    }
    name
}
