use seam_extract::outline::{Outline, outline};
use seam_plan::{Text, impact::*};
use std::{collections::*, io::*, process::*, rc::Rc};
struct Git {
    child: Child,
    out: BufReader<ChildStdout>,
}
impl Git {
    fn blob(&mut self, id: &str) -> String {
        let s = self.child.stdin.as_mut().unwrap();
        writeln!(s, "{id}").unwrap();
        let mut head = String::new();
        self.out.read_line(&mut head).unwrap();
        let n: usize = head.trim().rsplit(' ').next().unwrap().parse().unwrap_or(0);
        let mut b = vec![0; n + 1];
        self.out.read_exact(&mut b).unwrap();
        b.pop();
        String::from_utf8_lossy(&b).into_owned()
    }
}
fn tree(dir: &str, rev: &str) -> Vec<(String, String)> {
    let o = Command::new("git").args(["--git-dir", dir, "ls-tree", "-r", rev]).output().unwrap();
    String::from_utf8_lossy(&o.stdout)
        .lines()
        .filter_map(|l| {
            let (m, p) = l.split_once('\t')?;
            Some((p.to_owned(), m.split(' ').nth(2)?.to_owned()))
        })
        .filter(|(p, _)| {
            !p.starts_with("vendor/")
                && !p.contains("/vendor/")
                && !p.contains("Godeps/")
                && (p.ends_with(".go") || p.ends_with(".proto"))
        })
        .collect()
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mut child = Command::new("git")
        .args(["--git-dir", &a[1], "cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut git = Git { child, out };
    let mut cache: HashMap<String, (Rc<String>, Option<Rc<Outline>>)> = HashMap::new();
    for line in stdin().lines() {
        let line = line.unwrap();
        let (sha, parent) = line.split_once(' ').unwrap();
        let protos = |git: &mut Git, rev: &str| -> Vec<(String, String)> {
            tree(&a[1], rev)
                .into_iter()
                .filter(|(p, _)| p.ends_with(".proto"))
                .map(|(p, b)| (p, git.blob(&b)))
                .collect()
        };
        let (b, r) = (protos(&mut git, parent), protos(&mut git, sha));
        let t = |v: &[(String, String)]| {
            Schema::read(&v.iter().map(|(n, t)| Text { name: n, text: t }).collect::<Vec<_>>())
        };
        let (base, rev) = (t(&b), t(&r));
        let gone = base.gone(&rev);
        let mut files = Vec::new();
        for (p, blob) in tree(&a[1], parent).into_iter().filter(|(p, _)| p.ends_with(".go")) {
            let e = cache
                .entry(format!("{p} {blob}"))
                .or_insert_with(|| {
                    let t = git.blob(&blob);
                    let o = outline(&p, &t).map(Rc::new);
                    (Rc::new(t), o)
                })
                .clone();
            if let (t, Some(o)) = e {
                files.push((p, t, o));
            }
        }
        let code = files.iter().map(|(p, t, o)| Code { path: p, text: t, outline: o }).collect();
        for r in references(&base, code, &gone) {
            println!("{sha} {}:{} {:?} {:?} {}", r.path, r.line, r.certainty, r.what, r.element.key());
        }
        println!("{sha} gone {}", gone.iter().map(|e| e.key()).collect::<Vec<_>>().join(" "));
    }
}
