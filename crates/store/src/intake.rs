//! What arrives: into a journal and into columns at once, and as a segment when there is enough of it.
//!
//! Invariants: [`Intake::accept`] returns after the message is in a journal, so an answer is a promise that survives the end of
//! the process; what waits to be written is counted, and beyond the bound a message is refused before anything is done with
//! it. Guarantee: what was accepted survives the process being killed at any moment; after a failure of the machine, all but
//! the last [`Limits::sync`] of it.

use crate::journal::{self, Encoding, Journal};
use crate::layout;
use crate::segment::{self, Wanted};
use crate::{Error, SegmentName};
use seam_signals::Telemetry;
use seam_signals::otlp::{Decoded, Signal};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How much is kept, and where.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Records of a segment.
    pub records: usize,
    /// Bytes of a journal, at which a segment is written even if records are few and large.
    pub bytes: u64,
    /// The oldest record that waits in a journal.
    pub age: Duration,
    /// Parts that wait to be written as segments; beyond them messages are refused.
    pub backlog: usize,
    /// Messages that are taken at the same time.
    pub shards: usize,
    /// How often journals are synced; [`Duration::ZERO`] before every answer.
    pub sync: Duration,
    /// Segments are removed when all is larger, oldest first; 0 is never.
    pub keep_bytes: u64,
    /// Segments are removed when all in them is older; zero is never.
    pub keep_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            records: 100_000,
            bytes: 64 << 20,
            age: Duration::from_secs(60),
            backlog: 2,
            shards: 2,
            sync: Duration::from_secs(1),
            keep_bytes: 20 << 30,
            keep_for: Duration::from_secs(7 * 86_400),
        }
    }
}

/// Why a message was not taken.
#[derive(Debug)]
pub enum Busy {
    /// Writing does not keep up: try again in a moment.
    Behind,
    /// The journal cannot be written.
    Disk(Error),
}

/// What was done since the start.
#[derive(Debug, Default)]
pub struct Counters {
    pub messages: AtomicU64,
    pub bytes: AtomicU64,
    pub records: AtomicU64,
    pub lost: AtomicU64,
    pub refused: AtomicU64,
    pub segments: AtomicU64,
    pub failures: AtomicU64,
}

/// So many small segments are worth being one.
const FEW: usize = 8;

/// What became of a part that was written.
#[derive(Debug, Default)]
pub struct Written {
    pub segments: Vec<SegmentName>,
    pub failures: Vec<String>,
}

struct Shard {
    telemetry: Telemetry,
    journal: Journal,
    records: usize,
    /// When its first record came, in the caller's time.
    since: Option<Duration>,
}

struct Sealed {
    telemetry: Telemetry,
    journal: u64,
}

/// A store that is being written.
pub struct Intake {
    folder: PathBuf,
    limits: Limits,
    shards: Vec<Mutex<Shard>>,
    number: AtomicU64,
    waiting: Arc<AtomicUsize>,
    to_write: Mutex<Option<Sender<Sealed>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    pub counters: Arc<Counters>,
    failures: Arc<Mutex<Vec<String>>>,
    /// Held for as long as the store is written.
    _lock: File,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Intake {
    /// Opens a store for writing, makes it where there is none, and turns journals that a crash left into segments.
    pub fn open(folder: &Path, limits: Limits) -> Result<Intake, Error> {
        std::fs::create_dir_all(folder).map_err(|e| Error::file("create", folder, e))?;
        let lock_path = folder.join("LOCK");
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(|e| Error::file("open", &lock_path, e))?;
        lock.try_lock().map_err(|_| Error::Taken(folder.to_owned()))?;
        let format = folder.join("FORMAT");
        if format.exists() {
            crate::Store::open(folder)?;
        } else {
            std::fs::write(&format, layout::FORMAT).map_err(|e| Error::file("write", &format, e))?;
        }
        let contents = layout::contents(folder)?;
        for path in &contents.stale {
            std::fs::remove_dir_all(path).map_err(|e| Error::file("remove", path, e))?;
        }
        for number in &contents.done {
            remove_journal(folder, *number)?;
        }
        let counters = Arc::new(Counters::default());
        for number in &contents.journals {
            let mut telemetry = Telemetry::default();
            journal::replay(&layout::journal(folder, *number), &mut telemetry)?;
            seal(folder, Sealed { telemetry, journal: *number })?;
        }
        let number = AtomicU64::new(contents.last);
        let next = || number.fetch_add(1, Ordering::Relaxed) + 1;
        let mut shards = Vec::new();
        for _ in 0..limits.shards.max(1) {
            let journal = Journal::create(folder, next())?;
            shards.push(Mutex::new(Shard { telemetry: Telemetry::default(), journal, records: 0, since: None }));
        }
        let (sender, receiver) = channel();
        let (waiting, failures) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let writer = {
            let (place, waiting, counters, failures) =
                (folder.to_owned(), Arc::clone(&waiting), Arc::clone(&counters), Arc::clone(&failures));
            let run = move || write_all(&place, &receiver, &waiting, &counters, &failures);
            let thread = std::thread::Builder::new().name("segments".into()).spawn(run);
            thread.map_err(|e| Error::file("start a thread for", folder, e))?
        };
        Ok(Intake {
            folder: folder.to_owned(),
            limits,
            shards,
            number,
            waiting,
            to_write: Mutex::new(Some(sender)),
            writer: Mutex::new(Some(writer)),
            counters,
            failures,
            _lock: lock,
        })
    }

    /// Takes a message: into the journal first, then into columns. `now` only tells how long records wait.
    pub fn accept(&self, signal: Signal, encoding: Encoding, message: &[u8], now: Duration) -> Result<Decoded, Busy> {
        if self.waiting.load(Ordering::Relaxed) >= self.limits.backlog {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Busy::Behind);
        }
        let mut shard = self.free();
        if let Err(error) = shard.journal.append(signal, encoding, message) {
            self.counters.failures.fetch_add(1, Ordering::Relaxed);
            return Err(Busy::Disk(error));
        }
        let decoded = journal::decode(signal, encoding, message, &mut shard.telemetry);
        shard.records += decoded.taken as usize;
        shard.since.get_or_insert(now);
        self.counters.messages.fetch_add(1, Ordering::Relaxed);
        self.counters.bytes.fetch_add(message.len() as u64, Ordering::Relaxed);
        self.counters.records.fetch_add(decoded.taken, Ordering::Relaxed);
        self.counters.lost.fetch_add(decoded.losses.total(), Ordering::Relaxed);
        let to_sync = self.limits.sync.is_zero().then(|| shard.journal.handle()).flatten();
        if shard.records >= self.limits.records || shard.journal.bytes >= self.limits.bytes {
            self.turn(&mut shard).map_err(Busy::Disk)?;
        }
        drop(shard);
        if let Some(file) = to_sync {
            file.sync_data().map_err(|e| Busy::Disk(Error::file("sync a journal in", &self.folder, e)))?;
        }
        Ok(decoded)
    }

    /// A shard that nobody holds, the first one first, so that little traffic makes few segments.
    fn free(&self) -> MutexGuard<'_, Shard> {
        for shard in &self.shards {
            if let Ok(free) = shard.try_lock() {
                return free;
            }
        }
        let turn = self.counters.messages.load(Ordering::Relaxed) as usize % self.shards.len();
        locked(&self.shards[turn])
    }

    /// Hands a shard's records to the writer and starts a new journal.
    fn turn(&self, shard: &mut Shard) -> Result<(), Error> {
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        let journal = std::mem::replace(&mut shard.journal, Journal::create(&self.folder, number)?);
        let sealed = Sealed { telemetry: std::mem::take(&mut shard.telemetry), journal: journal.number };
        shard.records = 0;
        shard.since = None;
        if let Some(sender) = locked(&self.to_write).as_ref() {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            // The writer ends after its sender only.
            let _ = sender.send(sealed);
        }
        Ok(())
    }

    /// To be called about once a second: syncs journals, and writes what has waited for long.
    pub fn tick(&self, now: Duration) -> Result<(), Error> {
        for shard in &self.shards {
            let file = {
                let mut shard = locked(shard);
                let old = shard.since.is_some_and(|since| now.saturating_sub(since) >= self.limits.age);
                let file = shard.journal.handle().filter(|_| shard.journal.bytes > 0);
                if old {
                    self.turn(&mut shard)?;
                }
                file
            };
            if let Some(file) = file {
                file.sync_data().map_err(|e| Error::file("sync a journal in", &self.folder, e))?;
            }
        }
        Ok(())
    }

    /// Removes the oldest segments that are too much or too old, and merges small neighbours. To be called once a minute or so;
    /// `now` is the time of day.
    pub fn tidy(&self, now: Duration) -> Result<(), Error> {
        let segments = layout::contents(&self.folder)?.segments;
        let mut total: u64 = segments.iter().map(|s| layout::bytes_of(&self.folder.join(s.text()))).sum();
        let oldest = (now.as_secs() as i64).saturating_sub(self.limits.keep_for.as_secs() as i64);
        let mut kept = Vec::new();
        for name in segments {
            let too_old = !self.limits.keep_for.is_zero() && name.to < oldest;
            if too_old || (self.limits.keep_bytes > 0 && total > self.limits.keep_bytes) {
                total -= layout::bytes_of(&self.folder.join(name.text()));
                self.forget(name)?;
            } else {
                kept.push(name);
            }
        }
        self.merge(&kept)
    }

    fn forget(&self, name: SegmentName) -> Result<(), Error> {
        let (path, gone) = (self.folder.join(name.text()), self.folder.join(format!(".{}", name.text())));
        std::fs::rename(&path, &gone).map_err(|e| Error::file("rename", &path, e))?;
        std::fs::remove_dir_all(&gone).map_err(|e| Error::file("remove", &gone, e))
    }

    /// Small segments that follow each other become one: the new one hides them before they are removed. What is read for it is no
    /// more than what a shard holds.
    fn merge(&self, segments: &[SegmentName]) -> Result<(), Error> {
        let mut run: Vec<(SegmentName, usize)> = Vec::new();
        for name in segments {
            let records = segment::records(&self.folder.join(name.text())).unwrap_or(usize::MAX);
            let follows = run.last().is_none_or(|(last, _)| last.last + 1 == name.first);
            let room = run.iter().map(|(_, r)| r).sum::<usize>().saturating_add(records) <= self.limits.records;
            if !(follows && room) {
                if run.len() >= FEW {
                    break;
                }
                run.clear();
            }
            if records < self.limits.records / FEW {
                run.push((*name, records));
            }
        }
        let (Some((first, _)), Some((last, _))) = (run.first(), run.last()) else { return Ok(()) };
        if run.len() < FEW {
            return Ok(());
        }
        let mut telemetry = Telemetry::default();
        for (name, _) in &run {
            let wanted = Wanted { from: i64::MIN, to: i64::MAX, one_of: 1 };
            segment::read(&self.folder.join(name.text()), wanted, &mut telemetry)?;
        }
        segment::write(&self.folder, (first.first, last.last), &telemetry)?;
        for (name, _) in &run {
            self.forget(*name)?;
        }
        Ok(())
    }

    /// How many parts wait to be written.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Why segments could not be written, since it was asked last. Their journals are still there.
    pub fn failures(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.failures))
    }

    /// Writes everything that waits, and ends.
    pub fn close(&self) -> Result<(), Error> {
        for shard in &self.shards {
            let mut shard = locked(shard);
            if shard.journal.bytes > 0 {
                self.turn(&mut shard)?;
            }
        }
        drop(locked(&self.to_write).take());
        if let Some(writer) = locked(&self.writer).take() {
            // A writer that failed left its journals, which the next start reads.
            let _ = writer.join();
        }
        for shard in &self.shards {
            let shard = locked(shard);
            if shard.journal.bytes == 0 {
                remove_journal(&self.folder, shard.journal.number)?;
            }
        }
        Ok(())
    }
}

fn remove_journal(folder: &Path, number: u64) -> Result<(), Error> {
    let path = layout::journal(folder, number);
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::file("remove", &path, e)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a segment and, once it is there, removes its journal.
fn seal(folder: &Path, mut sealed: Sealed) -> Result<Option<SegmentName>, Error> {
    sealed.telemetry.settle();
    let name = segment::write(folder, (sealed.journal, sealed.journal), &sealed.telemetry)?;
    remove_journal(folder, sealed.journal)?;
    Ok(name)
}

fn write_all(
    folder: &Path,
    receiver: &Receiver<Sealed>,
    waiting: &AtomicUsize,
    counters: &Counters,
    failures: &Mutex<Vec<String>>,
) {
    while let Ok(sealed) = receiver.recv() {
        match seal(folder, sealed) {
            Ok(_) => _ = counters.segments.fetch_add(1, Ordering::Relaxed),
            Err(error) => {
                counters.failures.fetch_add(1, Ordering::Relaxed);
                let mut failures = locked(failures);
                if failures.len() < 100 {
                    failures.push(error.to_string());
                }
            }
        }
        waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
