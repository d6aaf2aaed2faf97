//! What all pages share that stand by themselves: they follow the reader's light or dark setting, print well, and need no script and
//! no network.

use super::svg::escaped;

const BASE: &str = "
:root{color-scheme:light dark;--paper:#fff;--ink:#1f2328;--soft:#59636e;--rule:#d1d9e0;--bad:#d1242f;--warn:#9a6700;--good:#4a72c4;--mark:#fff1e5}
@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--soft:#9198a1;--rule:#3d444d;--bad:#f85149;--warn:#d29922;--good:#6d9bf1;--mark:#2d1f10}}
body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif;background:var(--paper);color:var(--ink);max-width:1080px;margin:2rem auto;padding:0 1.2rem}
h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--rule);padding-bottom:.2rem}
h3{font-size:1rem;margin:0}code{font:13px ui-monospace,Consolas,monospace}.soft{color:var(--soft)}.bad{color:var(--bad)}.warn{color:var(--warn)}
article{border:1px solid var(--rule);border-radius:8px;padding:.8rem 1rem;margin:.7rem 0}
article ol,article ul{margin:.3rem 0 .3rem 1.2rem;padding:0}
.parts{display:flex;gap:1.2rem;flex-wrap:wrap;font-size:13px;margin:.3rem 0}.parts meter{width:7rem;vertical-align:middle}
.scroll{overflow-x:auto}.scroll svg{max-width:none}
";

/// The beginning of a page, with its heading and with styles of its own.
pub fn begin(title: &str, style: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n<title>{0}</title>\n<style>{BASE}{style}</style>\n<h1>{0}</h1>\n",
        escaped(title)
    )
}

/// What stands in backticks is code; one without a partner is itself.
pub fn rich(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        let open = index % 2 == 1;
        match (open, index == last) {
            (true, false) => out.push_str(&format!("<code>{}</code>", escaped(part))),
            (true, true) => out.push_str(&format!("`{}", escaped(part))),
            (false, _) => out.push_str(&escaped(part)),
        }
    }
    out
}
