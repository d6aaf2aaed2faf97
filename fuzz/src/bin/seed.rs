//! Writes the pages' examples as first inputs: `corpus/TARGET/…`, one file each, and each page's files as one workspace.

use seam_fuzz::{BREAK, target};
use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for extractor in seam_extract::all() {
        let files = examples(extractor.page);
        for (number, (path, text)) in files.iter().enumerate() {
            write(&corpus.join(target(path)).join(format!("{}-{number}", extractor.id)), &format!("{path}\n{text}"))?;
            for kind in ["openapi", "asyncapi", "protobuf", "graphql", "avro", "json-schema", "sql"] {
                if extractor.page.to_lowercase().contains(kind) || target(path) == "contracts" {
                    // The other version lacks what stands in the middle.
                    let lines: Vec<&str> = text.lines().collect();
                    let half: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| i % 5 != 3).map(|(_, l)| *l).collect();
                    let name = format!("{}-{number}-{kind}", extractor.id);
                    write(&corpus.join("versions").join(name), &format!("{kind}\n{text}{BREAK}{}", half.join("\n")))?;
                }
            }
        }
        let whole: Vec<String> = files.iter().map(|(path, text)| format!("{path}\n{text}")).collect();
        write(&corpus.join("workspace").join(extractor.id), &whole.join(BREAK))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(path, text)
}

/// The files on a page, in order: path and text.
fn examples(page: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        if let Some((path, text)) = &mut open {
            if line.starts_with("```") {
                out.push((std::mem::take(path), std::mem::take(text)));
                open = None;
            } else {
                text.push_str(line);
                text.push('\n');
            }
        } else if let Some((_, path)) = line.split_once(" file=").filter(|(fence, _)| fence.starts_with("```")) {
            open = Some((path.trim().to_owned(), String::new()));
        }
    }
    out
}
