//! Real stores for tests: what `workspaces/kiosk/stores.sh` starts, on free ports, gone when the test's process ends.
//!
//! A machine without them skips with a word; with `SEAM_REQUIRE_STORES=1`, as in `.ci/run`, that is a failure.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

#[allow(dead_code, reason = "not every test asks for all of them")]
pub struct Stores {
    pub postgres: u16,
    pub redis: u16,
    pub rabbit: u16,
    child: Child,
    /// The script ends when this does.
    held: Option<ChildStdin>,
}

impl Drop for Stores {
    fn drop(&mut self) {
        drop(self.held.take());
        let _ = self.child.wait();
    }
}

pub fn workspaces() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workspaces")
}

/// Ports that nobody listens on, all different, below those that the system gives to outgoing connections.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| {
        let tries = std::iter::repeat_with(|| 20_000 + (RandomState::new().hash_one(0) % 12_000) as u16);
        tries.take(1000).find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).expect("a free port")
    });
    std::array::from_fn(|at| held[at].local_addr().unwrap().port())
}

/// Whether the test is to be left out, because this machine lacks what it needs.
pub fn skipped(why: &str) -> bool {
    assert!(std::env::var_os("SEAM_REQUIRE_STORES").is_none(), "tests with real stores cannot run: {why}");
    eprintln!("skipped: tests with real stores need more than this machine has: {why}");
    true
}

impl Stores {
    /// Whether this machine has them, or `None` with a word.
    #[allow(dead_code, reason = "not every test starts them by itself")]
    pub fn found() -> Option<()> {
        for program in ["psql", "redis-server", "rabbitmq-server"] {
            let found = std::env::split_paths(&std::env::var_os("PATH")?)
                .chain([PathBuf::from("/usr/sbin")])
                .any(|folder| folder.join(program).is_file());
            if !found && skipped(&format!("no `{program}`")) {
                return None;
            }
        }
        Some(())
    }

    /// The named stores of `stores.sh`, or `None` with a word.
    #[allow(dead_code, reason = "as above")]
    pub fn start(which: &[&str]) -> Option<Stores> {
        Stores::found()?;
        let [postgres, redis, rabbit] = free_ports();
        let mut child = Command::new(workspaces().join("kiosk/stores.sh"))
            .args(["--attached", "--temporary"])
            .args(which)
            .envs(
                [("POSTGRES_PORT", postgres), ("REDIS_PORT", redis), ("RABBIT_PORT", rabbit)]
                    .map(|(k, v)| (k, v.to_string())),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let held = child.stdin.take();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "the stores do not start");
        Some(Stores { postgres, redis, rabbit, child, held })
    }
}
