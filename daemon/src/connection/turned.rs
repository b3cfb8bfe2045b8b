//! A connection whose roles were turned: the daemon asks, the client answers, one message at a time.

use std::sync::Arc;

use kmip::ttlv::{Frame, frame};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    time::timeout,
};

use super::{Shared, inbox::Inbox, wire::Wire};
use crate::{identity::Caller, notices::Next};

/// Tells the client what it listens for, until one side ends it.
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
    loop {
        match subscription.next() {
            Next::Send(message) => {
                if wire.write(&message).await.is_err() {
                    break;
                }
                // The time that an answer may take is that of a message that has begun.
                let Some(bytes) = answer(&mut wire, &mut inbox, shared).await else {
                    break;
                };
                if !subscription.answered(inbox.part(0..bytes)) {
                    break;
                }
                inbox.done(bytes);
                wire.rests();
            }
            Next::Wait => {
                // What comes unasked is no answer, and ends the conversation as its end does.
                tokio::select! {
                    () = news.notified() => {}
                    _ = wire.read(&mut inbox) => break,
                }
            }
            Next::End => break,
        }
    }
    shared.service.unsubscribe(&subscription);
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
