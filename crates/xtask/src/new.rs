//! Scaffolds: a new extractor is one `.rs`, one `.md` beside it, and one word in its room's list.

use crate::{read, write};
use std::path::Path;

pub fn extractor(root: &Path, name: &str, room: &str) -> Result<String, String> {
    let module = name.replace('-', "_");
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err(format!("`{name}` is not a name: use lower case, digits and `-`"));
    }
    let folder = root.join("crates/extract/src").join(room);
    let list = folder.join("mod.rs");
    let rooms = read(&list).map_err(|e| format!("{e}\nhelp: rooms are config, contract and tech/FAMILY"))?;
    let code = folder.join(format!("{module}.rs"));
    let page = folder.join(format!("{module}.md"));
    if code.exists() || page.exists() {
        return Err(format!("there is an extractor `{name}` in `{room}` already"));
    }
    let files = room == "config" || room == "contract";
    let listed = listed(&rooms, &module).ok_or_else(|| {
        format!("`{}` has no `EXTRACTORS` list that ends with `];` to add `&{module}::EXTRACTOR` to", list.display())
    })?;
    write(&code, &if files { file_template(name, &module) } else { code_template(name, &module) })?;
    write(&page, &page_template(name, files))?;
    write(&list, &listed)?;
    Ok(format!(
        "made {room}/{module}.rs and {room}/{module}.md\nnext: edit both, then `SEAM_UPDATE=1 cargo test -p seam-page` fills in the facts"
    ))
}

/// A new rule: one `.rs`, one `.md`, and one word in the catalogue.
pub fn rule(root: &Path, name: &str, group: &str) -> Result<String, String> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
        return Err(format!("`{name}` is not a name: use lower case and `-`, and name the bad thing (`retry-storm`)"));
    }
    let heading = match group {
        "interaction" => "Interaction",
        "contract" => "Contract",
        "environment" => "Environment",
        "shape" => "Shape",
        _ => return Err(format!("there is no group `{group}`\nhelp: interaction, contract, environment or shape")),
    };
    let folder = root.join("crates/detect/src/rules");
    let module = name.replace('-', "_");
    let (code, page, list) =
        (folder.join(format!("{module}.rs")), folder.join(format!("{module}.md")), folder.join("mod.rs"));
    if code.exists() || page.exists() {
        return Err(format!("there is a rule `{name}` already"));
    }
    let listed = catalogued(&read(&list)?, &module, heading)
        .ok_or_else(|| format!("`{}` has no `// {heading}.` in its list", list.display()))?;
    write(&code, &rule_template(name, &module, heading))?;
    write(&page, &rule_page(name))?;
    write(&list, &listed)?;
    Ok(format!(
        "made rules/{module}.rs and rules/{module}.md\nnext: edit both, then `SEAM_UPDATE=1 cargo test -p seam-page` fills in the findings"
    ))
}

/// The catalogue with the module declared in its place and the rule added at the end of its group.
fn catalogued(text: &str, module: &str, heading: &str) -> Option<String> {
    let start = text.find(&format!("    // {heading}.\n"))?;
    let after = start + text[start..].find('\n')? + 1;
    let lines = text[after..].split_inclusive('\n').take_while(|l| l.trim_start().starts_with('&'));
    let end = after + lines.map(str::len).sum::<usize>();
    let with_entry = format!("{}    &{module}::RULE,\n{}", &text[..end], &text[end..]);
    let declared = format!("mod {module};\n");
    let modules: Vec<&str> = with_entry.split_inclusive('\n').filter(|l| l.starts_with("mod ")).collect();
    let place = match modules.iter().find(|l| ***l > *declared) {
        Some(next) => with_entry.find(*next)?,
        None => with_entry.find(modules.last()?)? + modules.last()?.len(),
    };
    Some(format!("{}{declared}{}", &with_entry[..place], &with_entry[place..]))
}

fn rule_template(name: &str, module: &str, heading: &str) -> String {
    format!(
        "//! What is wrong, in one line. See `{module}.md`.

use crate::{{Cx, Draft, Group, Rule, Severity}};

pub static RULE: Rule = Rule {{
    id: \"{name}\",
    group: Group::{heading},
    severity: Severity::Warning,
    nursery: true,
    hypothesis: true,
    page: include_str!(\"{module}.md\"),
    find,
}};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {{
    let _ = (cx, out);
}}
"
    )
}

fn rule_page(name: &str) -> String {
    format!(
        "# {name}\n\nWhat is wrong, in one paragraph.\n\n## Why it matters\n\nThe failure, with a published figure or incident.\n\n\
         ## Fires\n\n```yaml file=compose.yaml\n```\n\n```findings\n```\n\n\
         ## Silent: when\n\n```yaml file=compose.yaml\n```\n\n```findings\n```\n\n\
         ## What to do\n\nThe change.\n\n## Limits\n\n- What is not seen.\n"
    )
}

/// The room's list with the module declared and the extractor added at the end.
fn listed(text: &str, module: &str) -> Option<String> {
    let start = text.find("EXTRACTORS")?;
    let end = start + text[start..].find("];")?;
    let inside = text[..end].trim_end();
    let comma = if inside.ends_with('[') || inside.ends_with(',') { "" } else { "," };
    let with_entry = format!("{inside}{comma} &{module}::EXTRACTOR{}", &text[end..]);
    let at = with_entry.find("\nmod ").map(|i| i + 1).or_else(|| with_entry.find("\nuse ").map(|i| i + 1))?;
    let (head, tail) = with_entry.split_at(at);
    Some(format!("{head}mod {module};\n{tail}"))
}

fn code_template(name: &str, module: &str) -> String {
    format!(
        "//! What {name} means in code. See `{module}.md`.

use crate::code::Code;
use crate::{{Extractor, Reads, Sink}};

pub static EXTRACTOR: Extractor =
    Extractor {{ id: \"{name}\", version: 1, page: include_str!(\"{module}.md\"), reads: Reads::Code {{ langs: &[], extract }} }};

fn extract(code: &Code<'_>, sink: &mut Sink) {{
    let _ = (code, sink);
}}
"
    )
}

fn file_template(name: &str, module: &str) -> String {
    format!(
        "//! What {name} files state. See `{module}.md`.

use crate::{{Extractor, File, Reads, Sink}};

pub static EXTRACTOR: Extractor =
    Extractor {{ id: \"{name}\", version: 1, page: include_str!(\"{module}.md\"), reads: Reads::Files {{ wants, extract }} }};

fn wants(file: &File<'_>) -> bool {{
    file.name() == \"{name}\"
}}

fn extract(file: &File<'_>, sink: &mut Sink) {{
    let _ = (file, sink);
}}
"
    )
}

fn page_template(name: &str, files: bool) -> String {
    let example =
        if files { format!("```text file={name}\n```") } else { "```python file=src/main.py\n```".to_owned() };
    format!(
        "# {name}\n\nWhat it is, in one paragraph, and what this extractor reads of it.\n\n## Example\n\n{example}\n\n```facts\n```\n\n## Limits\n\n- What is not understood.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{catalogued, listed};

    #[test]
    fn joins_its_group_of_the_catalogue() {
        let text = "mod a;\nmod c;\n\nlist[\n    // Contract.\n    &a::RULE,\n    // Shape.\n    &c::RULE,\n];\n";
        let out = catalogued(text, "b", "Contract").unwrap_or_default();
        assert_eq!(
            out,
            "mod a;\nmod b;\nmod c;\n\nlist[\n    // Contract.\n    &a::RULE,\n    &b::RULE,\n    // Shape.\n    &c::RULE,\n];\n"
        );
        assert!(catalogued(text, "d", "Shape").unwrap_or_default().contains("mod c;\nmod d;\n"));
    }

    #[test]
    fn joins_the_list_of_its_room() {
        let text =
            "//! x\n\nmod a;\n\nuse crate::Extractor;\n\npub static EXTRACTORS: &[&Extractor] = &[&a::EXTRACTOR];\n";
        let out = listed(text, "b").unwrap_or_default();
        assert!(out.contains("mod b;\nmod a;") && out.contains("&[&a::EXTRACTOR, &b::EXTRACTOR];"), "{out}");
        let empty = "//! x\n\nuse crate::Extractor;\n\npub static EXTRACTORS: &[&Extractor] = &[];\n";
        assert!(listed(empty, "b").unwrap_or_default().contains("&[ &b::EXTRACTOR];"));
    }
}
