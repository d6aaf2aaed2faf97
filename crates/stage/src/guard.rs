//! Nobody is left behind: a small shell waits for this program's end, however it comes, and ends what was started.
//!
//! It holds the reading end of a pipe that closes with this process (also after `kill -9`). Every group that is started is written to
//! it; processes that left their group are found by a mark in their environment. It runs in a group of its own, so that an
//! interrupt of the terminal does not reach it.

use crate::StageError;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Mutex;

/// The variable that marks what belongs to one stage.
pub const MARK: &str = "SEAM_STAGE_ID";

const SCRIPT: &str = r#"
trap '' INT TERM HUP
groups=
while read -r group; do
  [ "$group" = done ] && exit 0
  groups="$groups $group"
done
for group in $groups; do kill -9 -- "-$group" 2>/dev/null; done
for process in /proc/[0-9]*; do
  if grep -qs "SEAM_STAGE_ID=$1" "$process/environ"; then
    [ "${process#/proc/}" != "$$" ] && kill -9 "${process#/proc/}" 2>/dev/null
  fi
done
rm -rf -- "$2"
"#;

pub(crate) struct Guard {
    child: Child,
    pipe: Mutex<Option<ChildStdin>>,
    pub mark: String,
}

impl Guard {
    /// `folder` goes when all is over.
    pub fn new(folder: &std::path::Path) -> Result<Guard, StageError> {
        let mark = format!("{}-{}", std::process::id(), folder.file_name().and_then(|n| n.to_str()).unwrap_or("stage"));
        let mut child = Command::new("sh")
            .args(["-c", SCRIPT, "seam-guard", &mark])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|e| StageError::io("start", "sh", &e))?;
        let pipe = child.stdin.take();
        Ok(Guard { child, pipe: Mutex::new(pipe), mark })
    }

    /// All is ended: it has nothing to do any more, and is waited for. Without this word (an error, a panic, a kill) it sees the pipe
    /// close, and does its work.
    pub async fn release(mut self) {
        if let Some(mut pipe) = self.pipe.get_mut().take() {
            let _ = pipe.write_all(b"done\n").await;
        }
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), self.child.wait()).await;
    }

    pub async fn watch(&self, group: u32) {
        if let Some(pipe) = &mut *self.pipe.lock().await {
            let _ = pipe.write_all(format!("{group}\n").as_bytes()).await;
        }
    }
}

/// Processes that carry the mark.
pub(crate) fn marked(mark: &str) -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let wanted = format!("{MARK}={mark}");
    let mut out: Vec<i32> = entries
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok())
        .filter(|id| {
            let environ = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            environ.split(|b| *b == 0).any(|pair| pair == wanted.as_bytes())
        })
        .collect();
    out.sort_unstable();
    out
}
