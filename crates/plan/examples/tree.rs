use seam_extract::outline::{Outline, is_template, outline};
use seam_plan::{Text, impact::*};
use std::collections::BTreeSet;
fn walk(p: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    for e in std::fs::read_dir(p).unwrap().flatten() {
        let n = e.file_name();
        let n = n.to_string_lossy();
        if e.path().is_dir() {
            if !matches!(&*n, "node_modules" | ".git" | "vendor" | "build" | "target") {
                walk(&e.path(), out)
            }
        } else {
            out.push(e.path())
        }
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut f = Vec::new();
    walk(std::path::Path::new(&a[1]), &mut f);
    f.sort();
    let mut protos = vec![];
    let mut files: Vec<(String, String, Outline)> = vec![];
    for p in f {
        let r = p.strip_prefix(&a[1]).unwrap().to_string_lossy().into_owned();
        if r.ends_with(".proto") {
            protos.push((r, std::fs::read_to_string(&p).unwrap()));
            continue;
        }
        if seam_extract::lang::of_path(&r).is_none() && !is_template(&r) {
            continue;
        }
        let Ok(t) = std::fs::read_to_string(&p) else { continue };
        let o = outline(&r, &t).unwrap_or_else(Outline::empty);
        files.push((r, t, o));
    }
    let s = Schema::read(&protos.iter().map(|(n, t)| Text { name: n, text: t }).collect::<Vec<_>>());
    let w: BTreeSet<Element> = s.elements().into_keys().filter(|e| a[2..].contains(&e.key())).collect();
    eprintln!("{w:?}");
    let code = files.iter().map(|(p, t, o)| Code { path: p, text: t, outline: o }).collect();
    for r in references(&s, code, &w) {
        println!("{}:{} {:?} {:?} {}", r.path, r.line, r.certainty, r.what, r.element.key())
    }
}
