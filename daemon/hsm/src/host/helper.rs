//! An HSM's own process as the daemon sees it: started, given channels, given up when it hangs, started again when it ends.

use std::{
    io::{self, Read},
    os::unix::net::UnixStream,
    process::Child,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use kmip::Buffer;

use super::{
    FAREWELL, Opening, descriptor,
    frame::Frames,
    wire::{self, Put},
};
use crate::{Capabilities, Error, Result};

/// How an HSM's process is run.
pub struct Terms {
    /// Starts one, whose control socket is the other end of what comes back.
    pub start: Start,
    /// What it opens.
    pub opening: Arc<Opening>,
    /// How long it may take to open, and to answer a call. Whoever takes longer is taken for hung, and killed.
    pub wait: Duration,
    /// The most calls in flight; others wait for one of them.
    pub channels_max: usize,
    /// The most of them that take long. What has no processor would be taken for hung, and whoever asks for much of it would
    /// leave no channel to anybody else.
    pub slow_max: usize,
    /// Is told what happens.
    pub tell: Box<dyn Fn(Event<'_>) + Send + Sync>,
}

/// Starts a process: the daemon's end of its control socket, and the process where it is one of our children.
pub type Start = Box<dyn Fn() -> io::Result<(UnixStream, Option<Child>)> + Send + Sync>;

/// What happens to an HSM's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// It runs and has opened its HSM.
    Started,
    /// It could not be started, or could not open its HSM.
    NotStarted(&'a str),
    /// It was given up because it did not answer a call.
    Hung,
    /// It ended, as its status says.
    Ended(&'a str),
}

/// What makes a key pair, looks at one, or hashes for long takes its time: so many times as long as any other call.
const PATIENCE: u32 = 6;

/// Between two starts that failed, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// What a process says of its HSM once it is open.
pub(super) type Hello = (bool, Capabilities);

/// How it says so.
type Said = std::result::Result<Result<Hello>, wire::Broken>;

pub(super) struct Helper {
    terms: Terms,
    state: Mutex<State>,
    freed: Condvar,
    /// How many more of the calls that take long may be made.
    slow: Mutex<usize>,
    slow_freed: Condvar,
}

/// The turn of a call that takes long.
struct Turn<'a>(&'a Helper);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.slow.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.slow_freed.notify_one();
    }
}

struct State {
    running: Option<Running>,
    /// Counts the processes: a channel of one that is gone is not taken back.
    run: u64,
    idle: Vec<Frames>,
    open: usize,
    /// The calls that wait for a channel.
    waiting: usize,
    /// Why none is running.
    trouble: String,
}

struct Running {
    control: UnixStream,
    child: Option<Child>,
}

impl Helper {
    /// Starts a process, and the thread that starts another whenever one ends.
    pub(super) fn start(terms: Terms) -> Result<(Arc<Self>, Hello)> {
        let helper = Arc::new(Self {
            slow: Mutex::new(terms.slow_max.max(1)),
            terms,
            state: Mutex::new(State {
                running: None,
                run: 0,
                idle: Vec::new(),
                open: 0,
                waiting: 0,
                trouble: String::new(),
            }),
            freed: Condvar::new(),
            slow_freed: Condvar::new(),
        });
        let (hello, end) = helper.run()?;
        let weak = Arc::downgrade(&helper);
        thread::Builder::new()
            .name("hsm-watch".to_owned())
            .spawn(move || watch(&weak, end))
            .map_err(|error| unavailable("its process cannot be watched", &error))?;
        Ok((helper, hello))
    }

    /// Sends a call and reads its answer.
    pub(super) fn exchange<T>(
        &self,
        is_slow: bool,
        write: impl FnOnce(&mut Buffer),
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<T> {
        let _turn = is_slow.then(|| self.turn());
        let (run, mut frames) = self.channel()?;
        let patience = if is_slow { PATIENCE } else { 1 };
        frames.wait_for(self.terms.wait * patience);
        let outcome = frames.send(write).and_then(|()| frames.receive(read));
        let mut state = self.lock();
        match outcome {
            Ok(Some(answer)) => {
                if state.run == run {
                    state.idle.push(frames);
                    let awaited = state.waiting > 0;
                    drop(state);
                    if awaited {
                        self.freed.notify_one();
                    }
                }
                Ok(answer)
            }
            Ok(None) => Err(Error::Unavailable(ENDED.to_owned())),
            Err(error) if is_late(&error) => {
                if state.run == run {
                    state.end();
                    drop(state);
                    (self.terms.tell)(Event::Hung);
                }
                Err(Error::Unavailable(HUNG.to_owned()))
            }
            Err(error) => {
                // What cannot be read ends the process: nothing that it said is to be believed.
                if state.run == run {
                    state.end();
                }
                Err(unavailable("its process cannot be reached", &error))
            }
        }
    }

    /// Waits for the turn of a call that takes long.
    fn turn(&self) -> Turn<'_> {
        let free = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .slow_freed
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Turn(self)
    }

    /// A channel for one call, and to which process.
    fn channel(&self) -> Result<(u64, Frames)> {
        let mut state = self.lock();
        loop {
            let Some(running) = &state.running else {
                return Err(Error::Unavailable(state.trouble.clone()));
            };
            if state.idle.is_empty() && state.open < self.terms.channels_max {
                let frames = self
                    .new_channel(&running.control)
                    .map_err(|error| unavailable("its process takes no more calls", &error))?;
                state.open += 1;
                return Ok((state.run, frames));
            }
            if let Some(frames) = state.idle.pop() {
                return Ok((state.run, frames));
            }
            state.waiting += 1;
            state = self
                .freed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    fn new_channel(&self, control: &UnixStream) -> io::Result<Frames> {
        let (near, far) = UnixStream::pair()?;
        near.set_read_timeout(Some(self.terms.wait))?;
        near.set_write_timeout(Some(self.terms.wait))?;
        descriptor::send(control, far)?;
        Ok(Frames::new(near))
    }

    /// Starts a process and hears what it opened; with it, the socket by whose end its own is noticed.
    fn run(&self) -> Result<(Hello, UnixStream)> {
        let (control, child) = (self.terms.start)()
            .map_err(|error| unavailable("its process does not start", &error))?;
        let running = Running { control, child };
        match self.greet(&running.control) {
            Ok((hello, end)) => {
                let mut state = self.lock();
                state.running = Some(running);
                drop(state);
                (self.terms.tell)(Event::Started);
                Ok((hello, end))
            }
            Err(error) => {
                // It is waited for, or each try of an HSM that is away would leave a process that nobody takes away.
                running.into_status();
                Err(error)
            }
        }
    }

    fn greet(&self, control: &UnixStream) -> Result<(Hello, UnixStream)> {
        let heard = self.hear(control);
        let (said, end) =
            heard.map_err(|error| unavailable("its process does not open it", &error))?;
        let said = said.ok_or_else(|| Error::Unavailable(ENDED.to_owned()))?;
        let said = said.unwrap_or_else(|wire::Broken| {
            Err(Error::Unavailable(
                "its process is of another version".to_owned(),
            ))
        });
        Ok((said?, end))
    }

    fn hear(&self, control: &UnixStream) -> io::Result<(Option<Said>, UnixStream)> {
        let end = control.try_clone()?;
        let mut frames = Frames::new(control.try_clone()?);
        let wait = self.terms.wait * PATIENCE;
        control.set_read_timeout(Some(wait))?;
        frames.wait_for(wait);
        frames.send(|opening| self.terms.opening.put(opening))?;
        let hello = frames.receive(|frame| wire::whole(frame))?;
        control.set_read_timeout(None)?;
        Ok((hello, end))
    }

    /// Puts away a process that has ended.
    fn bury(&self) {
        let mut state = self.lock();
        let status = state.running.take().map(Running::into_status);
        state.run += 1;
        state.open = 0;
        state.idle.clear();
        ENDED.clone_into(&mut state.trouble);
        drop(state);
        self.freed.notify_all();
        (self.terms.tell)(Event::Ended(&status.unwrap_or_default()));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.idle.clear();
        if let Some(running) = state.running.take() {
            running.part();
        }
    }
}

impl State {
    /// Ends the process; whoever watches it does the rest.
    fn end(&mut self) {
        if let Some(running) = &mut self.running {
            running.kill();
        }
    }
}

impl Running {
    fn kill(&mut self) {
        // Either may have happened already.
        let _ = self.control.shutdown(std::net::Shutdown::Both);
        if let Some(child) = &mut self.child {
            let _ = child.kill();
        }
    }

    fn into_status(mut self) -> String {
        self.kill();
        match self.child.as_mut().map(Child::wait) {
            Some(Ok(status)) => status.to_string(),
            Some(Err(error)) => error.to_string(),
            None => "ended".to_owned(),
        }
    }

    /// Lets the process end by itself, so that a module can leave its token in order.
    fn part(mut self) {
        let _ = self.control.shutdown(std::net::Shutdown::Both);
        let step = FAREWELL / 200;
        for _ in 0..200 {
            match self.child.as_mut().map(Child::try_wait) {
                Some(Ok(None)) => thread::sleep(step),
                _ => return,
            }
        }
        self.into_status();
    }
}

/// Starts another process whenever one ends, until nobody uses them any more.
fn watch(helper: &Weak<Helper>, mut end: UnixStream) {
    loop {
        until_closed(end);
        let Some(own) = helper.upgrade() else { return };
        own.bury();
        drop(own);
        let Some(next) = again(helper) else { return };
        end = next;
    }
}

fn again(helper: &Weak<Helper>) -> Option<UnixStream> {
    let (mut pause, longest) = PAUSES;
    loop {
        let own = helper.upgrade()?;
        match own.run() {
            Ok((_, end)) => return Some(end),
            Err(error) => {
                let trouble = error.to_string();
                (own.terms.tell)(Event::NotStarted(&trouble));
                own.lock().trouble = trouble;
                if matches!(error, Error::Refused(_) | Error::Broken(_)) {
                    // Another process would try the same PIN once more; and what failed a test of itself is not asked until
                    // somebody has looked at it.
                    return None;
                }
            }
        }
        drop(own);
        thread::sleep(pause);
        pause = (pause * 2).min(longest);
    }
}

/// A process says nothing more on its control socket: what is read is its end.
fn until_closed(mut end: UnixStream) {
    let mut byte = [0];
    while !matches!(end.read(&mut byte), Ok(0) | Err(_)) {}
}

fn is_late(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn unavailable(what: &str, error: &io::Error) -> Error {
    Error::Unavailable(format!("{what}: {error}"))
}

const ENDED: &str = "its process ended and is being started again";
const HUNG: &str = "its process did not answer in time and is being started again";
