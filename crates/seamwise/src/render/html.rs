//! One self-contained file: the drawn map, and everything behind it to click through. No network, no build, no library.

use super::drawing::{folded, whole};
use super::svg::drawn;
use seam_engine::asks::map::Answer;

const PAGE: &str = include_str!("page.html");

pub fn render(answer: &Answer) -> String {
    let title = answer.name.clone().unwrap_or_else(|| "map".to_owned());
    let drawings = match folded(answer) {
        Some(overview) => format!("{}\n{}", drawn(&overview, "overview", true), drawn(&whole(answer), "whole", true)),
        None => drawn(&whole(answer), "whole", true),
    };
    // `</script>` within a string would end the data early; `<` never needs to be written out in JSON.
    let data = serde_json::to_string(answer).unwrap_or_default().replace('<', "\\u003c");
    PAGE.replace("{{title}}", &super::svg::escaped(&title))
        .replace("{{drawings}}", &drawings)
        .replace("{{data}}", &data)
}
