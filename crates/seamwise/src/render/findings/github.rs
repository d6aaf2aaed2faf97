//! GitHub Actions workflow commands: an annotation on the line, in the run and in the pull request.
//! Source: "Workflow commands for GitHub Actions", `error`, `warning` and `notice`.

use seam_engine::asks::detect::Answer;

pub fn render(answer: &Answer) -> String {
    answer
        .findings
        .iter()
        .map(|f| {
            let command = if f.severity == "note" { "notice" } else { &f.severity };
            let chain: String = f.chain.iter().map(|s| format!("\n{}:{} {}", s.at.path, s.at.line, s.says)).collect();
            let help = if f.help.is_empty() { String::new() } else { format!("\nhelp: {}", f.help) };
            let text = format!("{}\n{}{chain}{help}", f.message, f.why);
            format!(
                "::{command} file={},line={},endLine={},title={}::{}\n",
                property(&f.at.path),
                f.at.line,
                f.end_line,
                property(&format!("seam {}", f.rule)),
                data(&text)
            )
        })
        .collect()
}

pub fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

pub fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_command_is_escaped() {
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }
}
