//! What the README shows is what comes out. `SEAM_UPDATE=1 cargo test -p seamwise readme` writes it anew.

#![expect(clippy::disallowed_methods, reason = "it reads the README and runs the binary")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_readme_shows_real_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (fence, mut renewed, mut rest) = ("```text\n$ seam ", String::new(), readme.as_str());
    let mut shown = 0;
    while let Some(start) = rest.find(fence).map(|at| at + fence.len()) {
        let end = start + rest[start..].find("```").expect("the fence's end");
        let command = rest[start..end].lines().next().unwrap();
        // A minute and stores of its own: `tour.rs` beside this one.
        if command == "tour" {
            renewed.push_str(&rest[..end]);
            rest = &rest[end..];
            continue;
        }
        let output = Command::new(env!("CARGO_BIN_EXE_seam"))
            .args(command.split(' '))
            .arg("--no-cache")
            .current_dir(&root)
            .output()
            .unwrap();
        let actual = String::from_utf8(output.stdout).unwrap();
        renewed.push_str(&format!("{}{command}\n{}\n", &rest[..start], actual.trim_end()));
        rest = &rest[end..];
        shown += 1;
    }
    renewed.push_str(rest);
    assert!(shown > 3, "an example of each verb");
    if std::env::var_os("SEAM_UPDATE").is_some() {
        std::fs::write(root.join("README.md"), renewed).unwrap();
    } else {
        assert_eq!(readme, renewed, "write it anew: SEAM_UPDATE=1 cargo test -p seamwise readme");
    }
}
