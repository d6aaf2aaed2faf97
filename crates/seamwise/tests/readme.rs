//! What the README shows is what comes out. `SEAM_UPDATE=1 cargo test -p seamwise --test readme` writes it anew.

#![expect(clippy::disallowed_methods, reason = "it reads the README and runs the binary")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_readme_shows_real_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let fence = "```text\n$ seam ";
    let start = readme.find(fence).expect("a fence with a command") + fence.len();
    let end = start + readme[start..].find("```").expect("the fence's end");
    let (command, shown) = readme[start..end].split_once('\n').unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_seam"))
        .args(command.split(' '))
        .arg("--no-cache")
        .current_dir(&root)
        .output()
        .unwrap();
    let actual = String::from_utf8(output.stdout).unwrap();
    if std::env::var_os("SEAM_UPDATE").is_some() {
        let renewed = format!("{}{command}\n{actual}{}", &readme[..start], &readme[end..]);
        std::fs::write(root.join("README.md"), renewed).unwrap();
    } else {
        assert_eq!(shown, actual, "write it anew: SEAM_UPDATE=1 cargo test -p seamwise --test readme");
    }
}
