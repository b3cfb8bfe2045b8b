//! The trail in files: one append-only stream for each vault and one for the appliance.

use std::{
    cell::RefCell,
    collections::HashMap,
    fs::{self, File},
    io::Write,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use kmip::ttlv::Timestamp;

use super::{
    Durability, Event, Trail, TrailError, files,
    heads::{self, Heads},
    options::Options,
    promises::{Promises, Syncs, Then, hung},
    record, recovery,
    stream::{End, Stream},
    turn::Turn,
};
use crate::clock::Clock;

/// How long grouped events wait for the disk, so that they are on it within 100 ms.
const GROUP_TIME: Duration = Duration::from_millis(50);

/// What must still fit on the disk for a trail that could not be written to be healthy again.
const PROBE_BYTES: usize = 65_536;

/// A trail in a directory.
pub struct FileTrail {
    shared: Arc<Shared>,
    /// Wakes the worker; dropped, it ends it.
    wake: Option<SyncSender<()>>,
    worker: Option<JoinHandle<()>>,
    promises: Promises,
}

struct Shared {
    directory: PathBuf,
    options: Options,
    streams: RwLock<HashMap<String, Arc<Stream>>>,
    /// The streams with something to sync.
    changed: Mutex<Vec<Arc<Stream>>>,
    /// Held while the heads are written.
    heads: Turn<()>,
    woken: AtomicBool,
    /// Counts the syncs, so that heads are written when there are new ones.
    syncs: AtomicU64,
    /// Whether the last append failed.
    failed: AtomicBool,
    /// Held for as long as the trail is open.
    _lock: File,
}

thread_local! {
    /// The line being written, kept so that appending allocates nothing.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl FileTrail {
    /// Opens the trail in a directory, which is made when it is not there.
    ///
    /// # Errors
    /// When the directory cannot be used, another process has it open, or the trail is damaged and
    /// `options.accept_damage` is not set.
    pub fn open(directory: &Path, options: Options) -> Result<Self, TrailError> {
        let told = |error: std::io::Error| TrailError(format!("{}: {error}", directory.display()));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(told)?;
        let lock = files::lock(directory)?;
        let recovery::Opened { streams, notes } = recovery::open(directory, &options)?;
        let shared = Arc::new(Shared {
            directory: directory.to_owned(),
            options,
            streams: RwLock::new(streams),
            changed: Mutex::default(),
            heads: Turn::default(),
            woken: AtomicBool::new(false),
            syncs: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            _lock: lock,
        });
        // From the first record on, the heads stand: where they are missing, somebody removed them.
        shared.write_heads().map_err(told)?;
        let (wake, woken) = sync_channel(1);
        let own = shared.clone();
        let promises = Promises::start(move || own.sync()).map_err(told)?;
        let syncs = promises.syncs();
        let worker = shared.clone().start(woken, syncs).map_err(told)?;
        let trail = Self {
            wake: Some(wake),
            worker: Some(worker),
            promises,
            shared,
        };
        trail.tell(notes)?;
        Ok(trail)
    }

    /// The latest time of a record, before which no clock may be set back; zero of an empty trail.
    #[must_use]
    pub fn last_time(&self) -> Timestamp {
        let streams = self.shared.streams();
        let times = streams.iter().map(|stream| stream.time());
        times.max().unwrap_or_default()
    }

    /// The last record of each stream that is on the disk.
    #[must_use]
    pub fn heads(&self) -> Heads {
        self.shared.heads()
    }

    /// Where the trail is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.shared.directory
    }

    /// Puts everything appended so far on the disk.
    ///
    /// # Errors
    /// When that cannot be, or the disk does not answer in time: then it may be there later.
    pub fn sync(&self) -> Result<(), TrailError> {
        self.promises.wait(self.shared.options.wait_max)
    }

    /// Waits until nothing is under way that a disk could keep, so that [`Trail::health`] tells of what lasts too long.
    pub fn watch(&self) {
        let wait_max = self.shared.options.wait_max;
        self.promises.watch(wait_max);
        drop(self.shared.heads.take(wait_max));
        for stream in self.shared.streams() {
            drop(stream.turn(wait_max));
        }
    }

    /// Whether the disk keeps somebody waiting for longer than it may, for now.
    #[must_use]
    pub fn is_hung(&self) -> bool {
        self.stuck_anywhere().is_some()
    }

    /// What lasts too long of what all streams share.
    fn stuck(&self) -> Option<TrailError> {
        if self.promises.is_hung() {
            return Some(hung("a sync"));
        }
        let heads = self.shared.heads.is_hung();
        heads.then(|| hung("a write of the heads"))
    }

    /// What lasts too long, in the streams as well: each tells those who append to it by itself.
    fn stuck_anywhere(&self) -> Option<TrailError> {
        self.stuck().or_else(|| {
            let streams = self.shared.streams();
            let stuck = streams.iter().find(|own| own.is_hung())?;
            Some(hung(&format!("a write to the stream {:?}", stuck.name)))
        })
    }

    /// Records that what was recorded was not done: who wanted it on the disk first has been told that it is not there.
    fn take_back(&self, event: &Event<'_>) {
        let correction = Event {
            outcome: "NotCommitted",
            ..event.clone()
        };
        if self.promises.failure().is_none()
            && let Err(error) = self.append_line(&correction)
        {
            tracing::error!(%error, "the correction of an audit record is lost");
        }
    }

    /// Records what was found at opening.
    fn tell(&self, notes: Vec<(String, String)>) -> Result<(), TrailError> {
        let now = Clock::system(self.last_time()).now();
        for (stream, note) in notes {
            tracing::warn!(stream, note, "the audit trail was repaired");
            let event = Event {
                time: now,
                vault: &stream,
                principal: "keyhold",
                peer: "keyhold",
                operation: "AuditRecovery",
                object: None,
                outcome: "Success",
                note: Some(note.into()),
                version: None,
            };
            self.append(&event, Durability::Durable)?;
        }
        Ok(())
    }

    fn append_line(&self, event: &Event<'_>) -> Result<(), TrailError> {
        let stream = self.shared.stream(record::stream_of(event));
        LINE.with_borrow_mut(|line| {
            record::begin(line, event);
            let so_far = record::hashing(line);
            let turn = stream.turn(self.shared.options.wait_max);
            let mut end = turn.map_err(|_| hung("a write"))?;
            let changed = || self.shared.push_changed(stream.clone());
            stream
                .append(&mut end, line, so_far, event.time, changed)
                .map_err(|error| self.shared.fail(&error))
        })
    }

    fn wake_worker(&self) {
        if !self.shared.woken.swap(true, Ordering::AcqRel)
            && let Some(wake) = &self.wake
        {
            // A full channel has woken it already.
            let _ = wake.try_send(());
        }
    }
}

impl Trail for FileTrail {
    fn append(&self, event: &Event<'_>, durability: Durability) -> Result<(), TrailError> {
        self.promises.failure().map_or(Ok(()), Err)?;
        self.stuck().map_or(Ok(()), Err)?;
        self.append_line(event)?;
        if self.shared.failed.load(Ordering::Relaxed) {
            self.shared.succeed();
        }
        self.wake_worker();
        if durability == Durability::Durable || self.shared.options.always {
            return self.sync().inspect_err(|_| self.take_back(event));
        }
        Ok(())
    }

    fn when_durable(&self, then: Then) {
        self.promises.add(then);
    }

    fn health(&self) -> Result<(), TrailError> {
        self.promises.failure().map_or(Ok(()), Err)?;
        self.stuck_anywhere().map_or(Ok(()), Err)?;
        if !self.shared.failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.shared.probe() {
            Ok(()) => {
                self.shared.succeed();
                Ok(())
            }
            Err(error) => Err(self.shared.fail(&error)),
        }
    }
}

impl Drop for FileTrail {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(worker) = self.worker.take()
            && worker.join().is_err()
        {
            tracing::error!("the worker of the audit trail panicked");
        }
    }
}

impl Shared {
    fn streams(&self) -> Vec<Arc<Stream>> {
        let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
        streams.values().cloned().collect()
    }

    /// The stream with this name, which begins with its first event.
    fn stream(&self, name: &str) -> Arc<Stream> {
        let known = {
            let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
            streams.get(name).cloned()
        };
        known.unwrap_or_else(|| {
            let mut streams = self.streams.write().unwrap_or_else(PoisonError::into_inner);
            let new = || {
                let file_bytes_max = self.options.file_bytes_max;
                Arc::new(Stream::new(
                    name,
                    &self.directory,
                    file_bytes_max,
                    End::empty(),
                    None,
                ))
            };
            streams.entry(name.to_owned()).or_insert_with(new).clone()
        })
    }

    fn push_changed(&self, stream: Arc<Stream>) {
        self.changed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(stream);
    }

    /// Puts the streams that changed on the disk.
    fn sync(&self) -> Result<(), TrailError> {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let streams = std::mem::take(&mut *changed);
        drop(changed);
        for stream in &streams {
            stream.sync().map_err(|error| {
                TrailError(format!(
                    "the stream {:?} cannot be put on the disk: {error}; restart after repairing it",
                    stream.name
                ))
            })?;
        }
        if !streams.is_empty() {
            self.syncs.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }

    fn heads(&self) -> Heads {
        let head = |stream: Arc<Stream>| Some((stream.name.clone(), stream.synced()?));
        self.streams().into_iter().filter_map(head).collect()
    }

    fn write_heads(&self) -> std::io::Result<()> {
        heads::write(&self.directory, &self.heads(), self.options.key.as_ref())
    }

    /// Starts the worker that puts grouped events on the disk.
    fn start(
        self: Arc<Self>,
        woken: Receiver<()>,
        syncs: Option<Syncs>,
    ) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || syncs.iter().for_each(|syncs| self.work(&woken, syncs)))
    }

    fn work(&self, woken: &Receiver<()>, own: &Syncs) {
        // None that counts: the heads that opening wrote are told, and this thread may begin after the first events.
        let mut syncs = 0;
        while woken.recv().is_ok() {
            // Whoever appends meanwhile is taken along; only the end of the trail is not waited for.
            let _ = woken.recv_timeout(GROUP_TIME);
            self.settle(own, &mut syncs);
        }
        self.settle(own, &mut syncs);
    }

    fn settle(&self, own: &Syncs, syncs_told: &mut u64) {
        self.woken.store(false, Ordering::Release);
        if let Err(error) = own.wait(self.options.wait_max) {
            tracing::error!(%error, "nothing is served any more");
            return;
        }
        let syncs = self.syncs.load(Ordering::Acquire);
        if syncs == *syncs_told {
            return;
        }
        let _turn = self.heads.take_patiently();
        match self.write_heads() {
            Ok(()) => *syncs_told = syncs,
            Err(error) => tracing::warn!(%error, "the heads of the audit trail cannot be written"),
        }
    }

    fn fail(&self, error: &std::io::Error) -> TrailError {
        self.failed.store(true, Ordering::Relaxed);
        TrailError(format!("{}: {error}", self.directory.display()))
    }

    fn succeed(&self) {
        if self.failed.swap(false, Ordering::Relaxed) {
            tracing::info!("the audit trail can be written again");
        }
    }

    /// Whether there is room again.
    fn probe(&self) -> std::io::Result<()> {
        let path = self.directory.join(".probe");
        let mut file = File::create(&path)?;
        let written = file.write_all(&[0; PROBE_BYTES]);
        fs::remove_file(path)?;
        written
    }
}
