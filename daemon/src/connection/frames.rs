//! KMIP as it is: frames in, `Service::respond`, frames out.

use kmip::ttlv::{Frame, frame};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Shared, inbox::Inbox, respond, turned, wire::Wire};
use crate::identity::Caller;

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
    loop {
        match frame(inbox.unread(), shared.limits.frame_bytes_max) {
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
