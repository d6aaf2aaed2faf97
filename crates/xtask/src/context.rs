//! How often the files that answer a question are in the answer of `context`, beside other ways to spend as many tokens.
//!
//! `docs/context-questions.csv` holds the questions with their true files; half of them were not looked at while weights were
//! chosen (`held`). A file counts if the answer has it in `files`. For other tools, `--answers FOLDER` scores texts
//! (`FOLDER/ID.txt`), cut at the same number of bytes: there a file counts if its path stands in the text.
//!
//! `--rg PROGRAM` asks ripgrep. The procedure: every name with two parts and every word of four letters or more that is not
//! one of the commonest words of questions is looked for, literally and in any case, with line numbers; lines are ordered by how
//! many different ones they have, and are written as `path:line:text` (160 characters at most) until the budget is full.

use crate::{read, write};
use seam_host::{CachePlace, Opening, Progress, Workspace};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const TOKENS: usize = 4000;
const COMMON: &[&str] = &[
    "about",
    "after",
    "answers",
    "another",
    "asks",
    "because",
    "both",
    "called",
    "calls",
    "change",
    "code",
    "come",
    "does",
    "else",
    "every",
    "fails",
    "files",
    "from",
    "gets",
    "have",
    "implements",
    "into",
    "many",
    "more",
    "must",
    "need",
    "other",
    "over",
    "shall",
    "show",
    "side",
    "take",
    "takes",
    "that",
    "them",
    "there",
    "they",
    "this",
    "uses",
    "what",
    "when",
    "where",
    "which",
    "with",
];

struct Question {
    id: String,
    half: String,
    kind: String,
    system: String,
    text: String,
    files: Vec<String>,
}

/// `systems` are folders of checkouts, parted by commas.
pub fn run(root: &Path, systems: &str, options: &[&str]) -> Result<String, String> {
    let (mut rg, mut answers, mut to) = (None, None, None);
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        let value = rest.next().ok_or_else(|| format!("`{option}` wants a value"))?;
        match *option {
            "--rg" => rg = Some(*value),
            "--answers" => answers = Some(PathBuf::from(value)),
            "--csv" => to = Some(PathBuf::from(value)),
            _ => return Err(format!("there is no option `{option}`")),
        }
    }
    let questions = questions(&read(&root.join("docs/context-questions.csv"))?)?;
    let mut open: BTreeMap<String, (PathBuf, Workspace)> = BTreeMap::new();
    let mut rows = vec!["id,half,kind,system,files,found,missing".to_owned()];
    let mut tally: BTreeMap<String, (usize, usize, usize, usize)> = BTreeMap::new();
    for q in &questions {
        let folder = systems.split(',').map(|s| Path::new(s).join(&q.system)).find(|f| f.is_dir());
        let folder = folder.ok_or_else(|| format!("`{}` is in none of `{systems}`", q.system))?;
        let has: Box<dyn Fn(&str) -> bool> = match (rg, &answers) {
            (Some(rg), _) => held(grep(rg, &folder, &q.text)?),
            (None, Some(answers)) => held(read(&answers.join(format!("{}.txt", q.id))).unwrap_or_default()),
            (None, None) => {
                if !open.contains_key(&q.system) {
                    let opening = Opening { roots: vec![folder.clone()], cache: CachePlace::Nowhere, threads: 0 };
                    let workspace = Workspace::open(&opening, &Progress::default()).map_err(|e| e.to_string())?.0;
                    open.insert(q.system.clone(), (folder.clone(), workspace));
                }
                let Some((_, workspace)) = open.get_mut(&q.system) else { continue };
                let request = json!({ "task": q.text, "budget": TOKENS }).to_string();
                let text = workspace.ask("context", &request).map_err(|e| e.to_string())?;
                if text.len() > TOKENS * 4 {
                    return Err(format!("the answer to question {} is over its budget", q.id));
                }
                let answer: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
                let files = answer["files"].as_array().cloned().unwrap_or_default();
                Box::new(move |path| files.iter().any(|f| f["path"] == path))
            }
        };
        let missing: Vec<&str> = q.files.iter().map(String::as_str).filter(|f| !has(f)).collect();
        let found = q.files.len() - missing.len();
        rows.push(format!(
            "{},{},{},{},{},{found},{}",
            q.id,
            q.half,
            q.kind,
            q.system,
            q.files.len(),
            missing.join(" ")
        ));
        for key in ["all".to_owned(), format!("half {}", q.half), format!("kind {}", q.kind)] {
            let t = tally.entry(key).or_default();
            *t = (t.0 + 1, t.1 + usize::from(missing.is_empty()), t.2 + q.files.len(), t.3 + found);
        }
    }
    let mut said = String::new();
    for (key, (questions, whole, files, found)) in &tally {
        let share = |a: usize, b: usize| 100.0 * a as f64 / b.max(1) as f64;
        said.push_str(&format!(
            "{key}: all files in {whole} of {questions} answers ({:.1} %), {found} of {files} files ({:.1} %)\n",
            share(*whole, *questions),
            share(*found, *files)
        ));
    }
    if let Some(to) = to {
        write(&to, &(rows.join("\n") + "\n"))?;
    }
    Ok(said.trim_end().to_owned())
}

/// Whether a text of the budget's size has a path.
fn held(text: String) -> Box<dyn Fn(&str) -> bool> {
    let text: String = text.char_indices().take_while(|(at, _)| *at < TOKENS * 4).map(|(_, c)| c).collect();
    Box::new(move |path| text.contains(path))
}

fn grep(program: &str, folder: &Path, question: &str) -> Result<String, String> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | ':' | '{' | '}');
    let mut words: Vec<String> = question
        .split(|c| !inside(c))
        .map(|w| w.trim_matches(['.', ':', '-', '{', '}', '/']).to_lowercase())
        .filter(|w| w.len() > 3 && !COMMON.contains(&w.as_str()))
        .collect();
    words.sort();
    words.dedup();
    let mut command = Command::new(program);
    command.args([
        "--no-heading",
        "--line-number",
        "--ignore-case",
        "--fixed-strings",
        "--max-columns",
        "400",
        "--sort",
        "path",
    ]);
    for word in &words {
        command.args(["-e", word]);
    }
    let output = command.arg(".").current_dir(folder).output().map_err(|e| format!("cannot run `{program}`: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines: Vec<(usize, &str)> = text
        .lines()
        .map(|line| {
            let said = line.splitn(3, ':').nth(2).unwrap_or_default().to_lowercase();
            (words.iter().filter(|w| said.contains(w.as_str())).count(), line.trim_start_matches("./"))
        })
        .collect();
    lines.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let cut = |line: &str| line.chars().take(160).collect::<String>();
    Ok(lines.into_iter().map(|(_, line)| cut(line)).collect::<Vec<_>>().join("\n"))
}

/// Fields with commas stand in quotes, quotes in them are doubled.
fn questions(text: &str) -> Result<Vec<Question>, String> {
    let mut out = Vec::new();
    for line in text.lines().skip(1) {
        let (mut fields, mut field, mut within) = (Vec::new(), String::new(), false);
        let mut rest = line.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '"' if within && rest.peek() == Some(&'"') => field.extend(rest.next()),
                '"' => within = !within,
                ',' if !within => fields.push(std::mem::take(&mut field)),
                c => field.push(c),
            }
        }
        fields.push(field);
        let [id, half, kind, system, text, files] =
            fields.try_into().map_err(|_| format!("six fields are wanted: {line}"))?;
        let files = files.split(' ').map(ToOwned::to_owned).collect();
        out.push(Question { id, half, kind, system, text, files });
    }
    Ok(out)
}
