//! The stream of one client, and how long it is waited for.

use std::{
    io,
    pin::Pin,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::watch,
    time::{Sleep, sleep_until, timeout},
};

use super::{Shared, inbox::Inbox};
use crate::tls::Trust;

/// A stream with its timer.
pub(super) struct Wire<'a, S> {
    stream: S,
    shared: &'a Shared,
    patience: Patience,
    sleep: Pin<Box<Sleep>>,
    stop: watch::Receiver<bool>,
    /// The number of the connection, where something may live as long as it.
    number: Option<u64>,
    /// What lets a client of the network in.
    trust: Option<Box<Trust>>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Wire<'a, S> {
    pub(super) fn new(stream: S, shared: &'a Shared) -> Self {
        let now = shared.clock.instant();
        Self {
            stream,
            shared,
            patience: Patience::new(now),
            sleep: Box::pin(sleep_until((now + shared.limits.idle_max).into())),
            stop: shared.stop.clone(),
            number: None,
            trust: None,
        }
    }

    /// Says which connection this is.
    pub(super) fn is_on(&mut self, number: u64) {
        self.number = Some(number);
    }

    /// Says by what the client was let in.
    pub(super) fn is_by(&mut self, trust: Trust) {
        self.trust = Some(Box::new(trust));
    }

    /// Whether the client would still be let in. Who would not is told so when he comes again.
    pub(super) fn is_trusted(&mut self) -> bool {
        let Some(trust) = &mut self.trust else {
            return true;
        };
        let held = trust.check(self.shared.clock.now());
        if let Err(error) = &held {
            tracing::info!(%error, "a connection is ended whose client would not be let in any more");
        }
        held.is_ok()
    }

    /// Waits for more bytes. There are none when the other side has ended, when patience has, or when the daemon stops
    /// and nothing has begun to arrive.
    pub(super) async fn read(&mut self, inbox: &mut Inbox) -> Option<()> {
        if let Some(ends) = self.patience.waits(inbox.unread().len(), self.shared) {
            self.sleep.as_mut().reset(ends.into());
        }
        loop {
            tokio::select! {
                biased;
                read = inbox.fill(&mut self.stream) => return matches!(read, Ok(1..)).then_some(()),
                () = &mut self.sleep => {
                    let unread = inbox.unread().len();
                    let held = |number| self.shared.service.is_held_by(number);
                    if unread == 0 && self.number.is_some_and(held) {
                        self.patience.rests_from(self.shared.clock.instant());
                    }
                    let ends = self.patience.goes_on(unread, self.shared)?;
                    self.sleep.as_mut().reset(ends.into());
                }
                // An error means that the daemon is gone, which is the same.
                _ = self.stop.wait_for(|stop| *stop), if inbox.unread().is_empty() => return None,
            }
        }
    }

    /// Writes all of it.
    pub(super) async fn write(&mut self, reply: &[u8]) -> io::Result<()> {
        write(&mut self.stream, reply, self.shared.limits.stall_max).await
    }

    /// A message was served: the connection rests from now on.
    pub(super) fn rests(&mut self) {
        self.patience.rests_from(self.shared.clock.instant());
    }

    /// Ends a conversation whose other side may still be sending: closing at once would destroy the reply on its way.
    pub(super) async fn linger(&mut self) {
        let drained = async {
            self.stream.shutdown().await?;
            let mut discarded = [0; 4096];
            while self.stream.read(&mut discarded).await? > 0 {}
            io::Result::Ok(())
        };
        // How it ends does not matter any more.
        let _ = timeout(LINGER_MAX, drained).await;
    }
}

/// Writes all of it to a reader who does not stall.
pub(super) async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    reply: &[u8],
    stall_max: Duration,
) -> io::Result<()> {
    let written = async {
        stream.write_all(reply).await?;
        stream.flush().await
    };
    timeout(stall_max, written).await?
}

/// How long this client is waited for. One timer serves the whole connection: it is set anew only when it fires, or when
/// a message begins to arrive in pieces.
struct Patience {
    /// Since when the connection rests.
    rests: Instant,
    /// How much of a message was there when its time began to run.
    arriving: Option<usize>,
}

impl Patience {
    const fn new(now: Instant) -> Self {
        Self {
            rests: now,
            arriving: None,
        }
    }

    const fn rests_from(&mut self, now: Instant) {
        self.rests = now;
        self.arriving = None;
    }

    /// More bytes are waited for. The time of a message that has begun runs from here: when the timer must fire.
    fn waits(&mut self, unread: usize, shared: &Shared) -> Option<Instant> {
        if unread == 0 || self.arriving.is_some() {
            return None;
        }
        self.arriving = Some(unread);
        Some(shared.clock.instant() + shared.limits.stall_max)
    }

    /// The timer fired: when it must fire next, or none when patience is at its end.
    fn goes_on(&mut self, unread: usize, shared: &Shared) -> Option<Instant> {
        let now = shared.clock.instant();
        match self.arriving {
            Some(had) if unread.saturating_sub(had) < STALL_BYTES_MIN => None,
            Some(_) => {
                self.arriving = Some(unread);
                Some(now + shared.limits.stall_max)
            }
            None => Some(self.rests + shared.limits.idle_max).filter(|ends| *ends > now),
        }
    }
}

const LINGER_MAX: Duration = Duration::from_secs(1);
/// A large message may take longer than the limit as long as so much of it arrives in that time.
const STALL_BYTES_MIN: usize = 64 * 1024;
