//! One client: messages in, `Service::respond`, messages out.

mod calls;
mod crowd;
mod frames;
mod http;
mod inbox;
mod inline;
mod lines;
mod local;
mod turned;
mod wire;

use std::{
    io,
    net::SocketAddr,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::SyncSender},
};

use kmip::{Buffer, text::Encoding};
use tokio::{
    net::{TcpStream, UnixStream},
    sync::{oneshot, watch},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

pub(crate) use self::{
    calls::call,
    crowd::Crowds,
    inline::{Inline, keep_reading},
};
use self::{inbox::Inbox, inline::Permit, local::Local, wire::Wire};
use crate::{
    admin::Admin,
    clock::Clock,
    config::Limits,
    identity::{Caller, Peer},
    service::{Begun, NotCommitted, Service, Unfinished, Weight},
    telemetry::{self, Meters},
    tls::{self, Tls, Trust},
};

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) service: Arc<Service>,
    pub(crate) admin: Arc<Admin>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) limits: Limits,
    pub(crate) meters: Meters,
    pub(crate) inline: Inline,
    pub(crate) crowds: Crowds,
    /// Becomes true when the daemon stops.
    pub(crate) stop: watch::Receiver<bool>,
}

/// Serves a client of the network: mutual TLS, then KMIP.
pub(crate) async fn serve_network(
    stream: TcpStream,
    from: SocketAddr,
    tls: Arc<Tls>,
    shared: &Shared,
) {
    let terms = tls.terms();
    let Some(arriving) = shared.crowds.handshakes.enter(crowd::source(from)) else {
        return telemetry::handshake_failed("too_many");
    };
    let acceptor = TlsAcceptor::from(terms.server.clone());
    let handshake = Box::pin(acceptor.accept(stream));
    let stream = match timeout(shared.limits.handshake_max, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return refused(from, &error),
        Err(_) => return telemetry::handshake_failed("timeout"),
    };
    let connection = stream.get_ref().1;
    let admitted = terms.peer(connection);
    let admitted = admitted.and_then(|peer| Ok((peer, Trust::of(tls, terms, connection)?)));
    let (peer, trust) = match admitted {
        Ok(admitted) => admitted,
        Err(error) => {
            tracing::info!(%from, %error, "a resumed TLS session is refused");
            return telemetry::handshake_failed(tls::reason(&error));
        }
    };
    shared.meters.handshakes.increment(1);
    drop(arriving);
    let Some(_own) = shared.crowds.client(&peer) else {
        tracing::info!(%from, %peer, "a client has as many connections as one may have");
        return shared.meters.network.refused();
    };
    let mut wire = Wire::new(stream, shared);
    wire.is_by(trust);
    let mut inbox = Inbox::new();
    if wire.read(&mut inbox).await.is_none() {
        return;
    }
    let caller = Caller::new(peer);
    // A KMIP message begins with 0x42; a request of HTTP with the name of its method. Nothing else is spoken here.
    match inbox.unread().first() {
        Some(0x42) => Box::pin(frames::converse(wire, inbox, caller, shared)).await,
        Some(b'A'..=b'Z') => Box::pin(http::converse(wire, inbox, caller, shared)).await,
        _ => {}
    }
}

/// Serves a local client, whom the kernel names.
pub(crate) async fn serve_local(stream: UnixStream, shared: &Shared) {
    let Ok(credentials) = stream.peer_cred() else {
        return;
    };
    let uid = credentials.uid();
    let Some(_seat) = shared.crowds.seat(uid, shared) else {
        tracing::info!(
            uid,
            "a local user has as many connections as there is room for"
        );
        return shared.meters.local.refused();
    };
    let Ok(mut stream) = Local::new(stream) else {
        return;
    };
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
    let wire = Wire::new(stream, shared);
    Box::pin(frames::converse(wire, inbox, caller, shared)).await;
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

/// Answers the message that stands there, in TTLV or in a text: here when it is cheap, by a worker when it may wait for an
/// HSM. Reading a text takes longer than any answer that is cheap.
async fn respond(
    shared: &Shared,
    (mut caller, inbox): (Caller, Inbox),
    at: Range<usize>,
    text: Option<Encoding>,
) -> Option<((Caller, Inbox), Buffer)> {
    let began = shared.clock.instant();
    let message = inbox.part(at.clone());
    let weight = match text {
        None => shared.service.weight(&caller, message),
        Some(_) => Weight::Heavy,
    };
    let permit = match weight {
        Weight::Light | Weight::Commit => shared.inline.permit().await,
        Weight::Brief => shared.inline.permit_for_longer(),
        Weight::Heavy => None,
    };
    match (weight, permit) {
        (Weight::Light | Weight::Brief, Some(_permit)) => {
            let reply = shared.service.respond(&mut caller, message);
            shared.meters.inline_seconds.record(began.elapsed());
            Some(((caller, inbox), reply))
        }
        (Weight::Commit, permit) => {
            let answered = Box::pin(commit(shared, (caller, inbox), at, permit)).await;
            shared.meters.commit_seconds.record(began.elapsed());
            answered
        }
        _ => {
            let service = shared.service.clone();
            let work = tokio::task::spawn_blocking(move || {
                let message = inbox.part(at);
                let reply = match text {
                    None => service.respond(&mut caller, message),
                    Some(encoding) => service.respond_text(&mut caller, message, encoding),
                };
                ((caller, inbox), reply)
            });
            let done = work.await.ok();
            shared.meters.worker_seconds.record(began.elapsed());
            done
        }
    }
}

/// What has come of a message that waits for its changes with no thread.
enum Settled {
    /// It has its answer: nothing was changed.
    Answered((Caller, Inbox), Buffer),
    /// Its changes are committed, or are not.
    Told((Caller, Inbox), Box<Unfinished>, Result<(), NotCommitted>),
}

/// A message whose changes are on their way to the disk.
type Waiting = ((Caller, Inbox), Box<Unfinished>);

/// Where it waits: whoever comes first takes it, the one who commits or the one who has waited for too long, who leaves
/// word where to tell it then.
enum Post {
    Empty,
    Waiting(Box<Waiting>),
    Left(SyncSender<Result<(), NotCommitted>>),
}

/// Answers a message whose changes are committed while no thread waits for them. It is begun here with a permit, and by a
/// worker without; whoever commits then wakes this task and nobody else.
async fn commit(
    shared: &Shared,
    (mut caller, inbox): (Caller, Inbox),
    at: Range<usize>,
    permit: Option<Permit<'_>>,
) -> Option<((Caller, Inbox), Buffer)> {
    let (tell, mut told) = oneshot::channel();
    let post = Arc::new(Mutex::new(Post::Empty));
    let (service, message, own) = (shared.service.clone(), at.clone(), post.clone());
    // Nobody listens when the daemon has stopped waiting.
    let tell = move |settled| drop(tell.send(settled));
    let begin = move || match service.begin(&mut caller, inbox.part(message)) {
        Begun::Answered(reply) => tell(Settled::Answered((caller, inbox), reply)),
        Begun::Changes(unfinished, changes) => {
            *taken(&own) = Post::Waiting(Box::new(((caller, inbox), unfinished)));
            service.commit(changes, move |result| {
                match std::mem::replace(&mut *taken(&own), Post::Empty) {
                    Post::Waiting(waiting) => {
                        let (whose, unfinished) = *waiting;
                        tell(Settled::Told(whose, unfinished, result));
                    }
                    Post::Left(word) => drop(word.send(result)),
                    Post::Empty => {}
                }
            });
        }
    };
    match permit {
        Some(_permit) => begin(),
        None => drop(tokio::task::spawn_blocking(begin)),
    }
    let settled = loop {
        match timeout(store::WAIT_MAX, &mut told).await {
            Ok(settled) => break settled.ok()?,
            Err(_) => {
                let mut post = taken(&post);
                match std::mem::replace(&mut *post, Post::Empty) {
                    Post::Waiting(waiting) => {
                        let ((caller, inbox), unfinished) = *waiting;
                        let (reply, word) = shared.service.give_up(&caller, *unfinished);
                        *post = Post::Left(word);
                        return Some(((caller, inbox), reply));
                    }
                    // It is not begun yet, or is being told.
                    other => *post = other,
                }
            }
        }
    };
    let ((caller, inbox), unfinished, result) = match settled {
        Settled::Answered(whose, reply) => return Some((whose, reply)),
        Settled::Told(whose, unfinished, result) => (whose, unfinished, result),
    };
    let heavy = unfinished.is_heavy(&result);
    let service = shared.service.clone();
    let finish = move || {
        let reply = service.finish(&caller, inbox.part(at), *unfinished, result);
        ((caller, inbox), reply)
    };
    if heavy {
        tokio::task::spawn_blocking(finish).await.ok()
    } else {
        Some(finish())
    }
}

fn taken(post: &Mutex<Post>) -> MutexGuard<'_, Post> {
    post.lock().unwrap_or_else(PoisonError::into_inner)
}
