//! A connection on which the daemon asks and the client answers, one message at a time: one whose roles were turned, or
//! one that the daemon has made.

use std::sync::Arc;

use kmip::ttlv::{Frame, frame};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    time::timeout,
};

use super::{Shared, inbox::Inbox, wire::Wire};
use crate::{
    identity::Caller,
    notices::{Next, Subscription},
    service::Service,
};

/// Tells the client that has turned the roles what it listens for, until one side ends it.
pub(super) async fn converse<S>(
    mut wire: Wire<'_, S>,
    mut inbox: Inbox,
    caller: &Caller,
    shared: &Shared,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let news = Arc::new(Notify::new());
    let woken = news.clone();
    let wake = Box::new(move || woken.notify_one());
    let Some(subscription) = shared.service.subscribe(caller, wake) else {
        return;
    };
    let heard = Heard::of(shared, subscription);
    tell(&mut wire, &mut inbox, heard.subscription(), &news, shared).await;
}

/// Tells a client what there is to tell, until one side ends it: how many messages it has answered.
pub(super) async fn tell<S>(
    wire: &mut Wire<'_, S>,
    inbox: &mut Inbox,
    subscription: &Arc<Subscription>,
    news: &Notify,
    shared: &Shared,
) -> u64
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut answers = 0_u64;
    loop {
        match shared.service.next(subscription) {
            Next::Send(_) if !wire.is_trusted() => break,
            Next::Send(message) => {
                if wire.write(&message).await.is_err() {
                    break;
                }
                // The time that an answer may take is that of a message that has begun.
                let Some(bytes) = answer(wire, inbox, shared).await else {
                    break;
                };
                if !shared.service.answered(subscription, inbox.part(0..bytes)) {
                    break;
                }
                answers += 1;
                inbox.done(bytes);
                wire.rests();
            }
            Next::Wait => {
                // What comes unasked is no answer, and ends the conversation as its end does.
                tokio::select! {
                    () = news.notified() => {}
                    _ = wire.read(inbox) => break,
                }
            }
            Next::End => break,
        }
    }
    subscription.ended();
    answers
}

/// How long the answer is that has arrived.
async fn answer<S>(wire: &mut Wire<'_, S>, inbox: &mut Inbox, shared: &Shared) -> Option<usize>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match frame(inbox.unread(), shared.limits.frame_bytes_max) {
            Frame::Whole(bytes) => return Some(bytes),
            Frame::Partial(_) => {
                let read = timeout(shared.limits.stall_max, wire.read(inbox));
                read.await.ok().flatten()?;
            }
            Frame::TooLarge(_) | Frame::Foreign => return None,
        }
    }
}

/// A client that is told as long as this is kept.
pub(super) struct Heard {
    service: Arc<Service>,
    subscription: Arc<Subscription>,
}

impl Heard {
    pub(super) fn of(shared: &Shared, subscription: Arc<Subscription>) -> Self {
        Self {
            service: shared.service.clone(),
            subscription,
        }
    }

    pub(super) const fn subscription(&self) -> &Arc<Subscription> {
        &self.subscription
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.service.unsubscribe(&self.subscription);
    }
}
