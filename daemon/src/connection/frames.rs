//! KMIP as it is: frames in, `Service::respond`, frames out.

use std::sync::atomic::{AtomicU64, Ordering};

use kmip::ttlv::{Frame, frame};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Shared, inbox::Inbox, respond, turned, wire::Wire};
use crate::identity::Caller;

/// A connection that lasts. What lives as long as it learns of its end, however it ends.
struct Connection<'a> {
    number: u64,
    shared: &'a Shared,
}

impl<'a> Connection<'a> {
    fn begin(shared: &'a Shared) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            shared,
        }
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.shared.service.connection_ended(self.number);
    }
}

/// Answers frames in their order, until one side ends it.
pub(super) async fn converse<S>(
    mut wire: Wire<'_, S>,
    mut inbox: Inbox,
    mut caller: Caller,
    shared: &Shared,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    caller.may_turn();
    let own = Connection::begin(shared);
    caller.is_on(own.number);
    wire.is_on(own.number);
    loop {
        match frame(inbox.unread(), shared.limits.frame_bytes_max) {
            Frame::Whole(_) if !wire.is_trusted() => return,
            Frame::Whole(bytes) => {
                let Some((back, reply)) = respond(shared, (caller, inbox), 0..bytes, None).await
                else {
                    return;
                };
                (caller, inbox) = back;
                if wire.write(&reply).await.is_err() {
                    return;
                }
                inbox.done(bytes);
                wire.rests();
                if caller.has_turned() {
                    return Box::pin(turned::converse(wire, inbox, &caller, shared)).await;
                }
            }
            Frame::Partial(_) => {
                if wire.read(&mut inbox).await.is_none() {
                    return;
                }
            }
            Frame::TooLarge(_) => {
                let reply = shared.service.refuse_large(&caller, inbox.unread());
                if wire.write(&reply).await.is_ok() {
                    wire.linger().await;
                }
                return;
            }
            Frame::Foreign => return,
        }
    }
}
