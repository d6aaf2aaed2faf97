//! Prints the facts of files as pages expect them: `cargo run -p seam-extract --example facts -- FILE…`.

#[expect(clippy::disallowed_methods, reason = "a development tool that reads the files it is given")]
fn main() {
    for path in std::env::args().skip(1) {
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        let facts = seam_extract::extract(&seam_extract::File { path: &path, text: &text });
        for fact in &facts.facts {
            println!("{path}:{} {}", fact.at.line, fact.claim);
        }
        for problem in &facts.problems {
            println!("{path}: problem: {}", problem.message);
        }
    }
}
