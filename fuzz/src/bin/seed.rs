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
    telemetry(&corpus)
}

/// The files that the decoders' tests read, under their names, and a message of each.
fn telemetry(corpus: &Path) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/signals/tests/files");
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("x").to_owned();
        let text = fs::read_to_string(&path)?;
        write(&corpus.join("telemetry").join(&name), &format!("{name}\n{text}"))?;
        let mut read = seam_signals::Telemetry::default();
        seam_signals::otlp::json(text.as_bytes(), &mut read);
        let message = seam_signals::otlp::write(&read, 0..read.spans.len() as u32);
        fs::create_dir_all(corpus.join("messages"))?;
        fs::write(corpus.join("messages").join(&name), message)?;
        fs::write(corpus.join("messages").join(format!("text-{name}")), text)?;
    }
    for (name, text) in [
        ("a.prom", "# TYPE a histogram\na_bucket{le=\"1\",job=\"x\"} 3 1714557600000\na_count 4 1714557600000\n"),
        ("a.log", "2024-05-01T10:00:00Z ERROR app.Main boom\n\tat a.B.c(B.java:3)\n"),
        ("a.csv", "TraceID,SpanID,ParentID,Service,Operation,StartTime,Duration\na,1,,cart,GET,1714557600000,3\n"),
        (
            "r.json",
            r#"{"data":{"resultType":"matrix","result":[{"metric":{"__name__":"up"},"values":[[1714557600,"1"]]}]}}"#,
        ),
    ] {
        write(&corpus.join("telemetry").join(name), &format!("{name}\n{text}"))?;
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
