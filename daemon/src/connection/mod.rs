//! One client: frames in, `Service::respond`, frames out.

mod inbox;
mod lines;

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use kmip::ttlv::{Frame, frame};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    sync::watch,
    time::{sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use self::inbox::Inbox;
use crate::{
    admin::Admin,
    clock::Clock,
    config::Limits,
    identity::{Caller, Peer},
    service::{Service, Weight},
    telemetry::{self, Meters},
    tls::{self, Terms},
};

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) service: Arc<Service>,
    pub(crate) admin: Arc<Admin>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) limits: Limits,
    pub(crate) meters: Meters,
    /// Becomes true when the daemon stops.
    pub(crate) stop: watch::Receiver<bool>,
}

/// Serves a client of the network: mutual TLS, then KMIP.
pub(crate) async fn serve_network(
    stream: TcpStream,
    from: SocketAddr,
    terms: Arc<Terms>,
    shared: &Shared,
) {
    let acceptor = TlsAcceptor::from(terms.server.clone());
    let handshake = Box::pin(acceptor.accept(stream));
    let stream = match timeout(shared.limits.handshake_max, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return refused(from, &error),
        Err(_) => return telemetry::handshake_failed("timeout"),
    };
    let peer = match terms.peer(stream.get_ref().1) {
        Ok(peer) => peer,
        Err(error) => {
            tracing::info!(%from, %error, "a resumed TLS session is refused");
            return telemetry::handshake_failed(tls::reason(&error));
        }
    };
    shared.meters.handshakes.increment(1);
    // What begins with another byte than a KMIP message is another protocol, and is not spoken here.
    Box::pin(converse(stream, Inbox::new(), Caller::new(peer), shared)).await;
}

/// Serves a local client, whom the kernel names.
pub(crate) async fn serve_local(mut stream: UnixStream, shared: &Shared) {
    let Ok(credentials) = stream.peer_cred() else {
        return;
    };
    let uid = credentials.uid();
    let mut inbox = Inbox::new();
    let first = timeout(shared.limits.idle_max, inbox.fill(&mut stream));
    if !matches!(first.await, Ok(Ok(1..))) {
        return;
    }
    // A KMIP message begins with 0x42; a line of JSON is an administrator's.
    if inbox.unread().first() == Some(&b'{') {
        return Box::pin(lines::administer(stream, inbox, uid, shared)).await;
    }
    let caller = Caller::new(Peer::Unix { uid });
    Box::pin(converse(stream, inbox, caller, shared)).await;
}

/// A handshake that came to nothing. A port scan or a health probe that only connects is no event.
fn refused(from: SocketAddr, error: &io::Error) {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(error) => {
            tracing::info!(%from, %error, "a TLS handshake is refused");
            telemetry::handshake_failed(tls::reason(error));
        }
        None => {
            tracing::debug!(%from, %error, "a connection ended before its TLS handshake did");
            telemetry::handshake_failed("closed");
        }
    }
}

/// Frames in, frames out, in order, until one side ends it.
async fn converse<S>(mut stream: S, mut inbox: Inbox, mut caller: Caller, shared: &Shared)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let now = shared.clock.instant();
    let mut patience = Patience::new(now);
    let sleep = sleep_until((now + shared.limits.idle_max).into());
    let mut stop = shared.stop.clone();
    let stopped = async move {
        // An error means that the daemon is gone, which is the same.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    tokio::pin!(sleep, stopped);
    loop {
        match frame(inbox.unread(), shared.limits.frame_bytes_max) {
            Frame::Whole(bytes) => {
                let Some((back, reply)) = respond(shared, (caller, inbox), bytes).await else {
                    return;
                };
                (caller, inbox) = back;
                if write(&mut stream, &reply, shared.limits.stall_max)
                    .await
                    .is_err()
                {
                    return;
                }
                inbox.done(bytes);
                patience.rests_from(shared.clock.instant());
            }
            Frame::Partial(_) => {
                if let Some(ends) = patience.waits(inbox.unread().len(), shared) {
                    sleep.as_mut().reset(ends.into());
                }
                tokio::select! {
                    biased;
                    read = inbox.fill(&mut stream) => if !matches!(read, Ok(1..)) {
                        return;
                    },
                    () = &mut sleep => match patience.goes_on(inbox.unread().len(), shared) {
                        Some(ends) => sleep.as_mut().reset(ends.into()),
                        None => return,
                    },
                    () = &mut stopped, if inbox.unread().is_empty() => return,
                }
            }
            Frame::TooLarge(_) => {
                let reply = shared.service.respond(&mut caller, inbox.unread());
                if write(&mut stream, &reply, shared.limits.stall_max)
                    .await
                    .is_ok()
                {
                    linger(&mut stream).await;
                }
                return;
            }
            Frame::Foreign => return,
        }
    }
}

/// Answers one message: here when it is cheap, by a worker when it may wait for a disk or an HSM.
async fn respond(
    shared: &Shared,
    (mut caller, inbox): (Caller, Inbox),
    bytes: usize,
) -> Option<((Caller, Inbox), Zeroizing<Vec<u8>>)> {
    let began = shared.clock.instant();
    let message = inbox.front(bytes);
    if shared.service.weight(&caller, message) == Weight::Light {
        let reply = shared.service.respond(&mut caller, message);
        shared.meters.inline_seconds.record(began.elapsed());
        return Some(((caller, inbox), reply));
    }
    let service = shared.service.clone();
    let work = tokio::task::spawn_blocking(move || {
        let reply = service.respond(&mut caller, inbox.front(bytes));
        ((caller, inbox), reply)
    });
    let done = work.await.ok();
    shared.meters.worker_seconds.record(began.elapsed());
    done
}

async fn write<S: AsyncWrite + Unpin>(
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

/// Ends a conversation whose other side may still be sending: closing at once would destroy the reply on its way.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let drained = async {
        stream.shutdown().await?;
        let mut discarded = [0; 4096];
        while stream.read(&mut discarded).await? > 0 {}
        io::Result::Ok(())
    };
    // How it ends does not matter any more.
    let _ = timeout(LINGER_MAX, drained).await;
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
