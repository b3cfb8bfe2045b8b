//! KMIP over HTTPS: `POST /kmip` with a message in TTLV, XML or JSON, answered in the same (KMIP Profiles 2.1 §5.1).

mod answer;
mod chunks;
mod head;

use std::ops::Range;

use tokio::io::{AsyncRead, AsyncWrite};

use self::{
    answer::{CONTINUE, accepted, refused},
    chunks::Chunks,
    head::{Body, HEAD_BYTES_MAX, Head, Refusal, Status},
};
use super::{Shared, inbox::Inbox, respond, wire::Wire};
use crate::identity::Caller;

/// Answers requests in their order, until one side ends it. What is no request for KMIP is refused, and ends it too,
/// because what follows cannot be told from what was refused.
pub(super) async fn converse<S>(
    mut wire: Wire<'_, S>,
    mut inbox: Inbox,
    mut caller: Caller,
    shared: &Shared,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let (head, body) = match request(&mut wire, &mut inbox, shared).await {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(refusal) => {
                tracing::debug!(status = ?refusal.status, "an HTTP request is refused");
                let reply = refused(&refusal, shared.clock.now());
                if wire.write(&reply).await.is_ok() {
                    wire.linger().await;
                }
                return;
            }
        };
        if !wire.is_trusted() {
            return;
        }
        let message = head.bytes..head.bytes + body.bytes;
        let Some((back, reply)) = respond(shared, (caller, inbox), message, head.text).await else {
            return;
        };
        (caller, inbox) = back;
        let reply = accepted(&head, &reply, shared.clock.now());
        if wire.write(&reply).await.is_err() {
            return;
        }
        if !head.keeps_alive {
            return wire.linger().await;
        }
        inbox.done(body.end);
        wire.rests();
    }
}

/// A body that has arrived.
struct Arrived {
    /// How long it is.
    bytes: usize,
    /// Where it ends, with what was around its chunks.
    end: usize,
}

/// Waits for a whole request; none comes when the other side has ended or fallen silent.
async fn request<S>(
    wire: &mut Wire<'_, S>,
    inbox: &mut Inbox,
    shared: &Shared,
) -> Result<Option<(Head, Arrived)>, Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(bytes) = head_end(wire, inbox).await? else {
        return Ok(None);
    };
    let head = Head::parse(inbox.part(0..bytes), shared.limits.frame_bytes_max)?;
    let mut chunks = Chunks::default();
    let mut is_asked = !head.expects_continue;
    loop {
        let arrived = match head.body {
            Body::Whole(length) => {
                let end = head.bytes + length;
                (inbox.unread().len() >= end).then_some(Arrived { bytes: length, end })
            }
            Body::Chunked => joined(&head, &mut chunks, inbox, shared.limits.frame_bytes_max)?,
        };
        if let Some(arrived) = arrived {
            return Ok(Some((head, arrived)));
        }
        if !is_asked && wire.write(CONTINUE).await.is_err() {
            return Ok(None);
        }
        is_asked = true;
        if wire.read(inbox).await.is_none() {
            return Ok(None);
        }
    }
}

/// Where the head ends, once it has arrived. Empty lines before it are what some clients send behind a body.
async fn head_end<S>(wire: &mut Wire<'_, S>, inbox: &mut Inbox) -> Result<Option<usize>, Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    const END: &[u8] = b"\r\n\r\n";
    let mut searched = 0;
    loop {
        if searched == 0 && inbox.unread().starts_with(b"\r\n") {
            inbox.done(2);
            continue;
        }
        let unread = inbox.unread();
        let fresh = unread.get(searched..).unwrap_or_default();
        let found = fresh.windows(END.len()).position(|window| window == END);
        let end = found.map(|at| searched + at + END.len());
        if end.unwrap_or(unread.len()) > HEAD_BYTES_MAX {
            return Err(Status::HeadTooLarge.into());
        }
        if end.is_some() {
            return Ok(end);
        }
        searched = unread.len().saturating_sub(END.len() - 1);
        if wire.read(inbox).await.is_none() {
            return Ok(None);
        }
    }
}

/// Joins the chunks that have arrived.
fn joined(
    head: &Head,
    chunks: &mut Chunks,
    inbox: &mut Inbox,
    bytes_max: usize,
) -> Result<Option<Arrived>, Refusal> {
    // Chunks of single bytes take several times the room of what they carry.
    let room = bytes_max.saturating_mul(2).saturating_add(HEAD_BYTES_MAX);
    if inbox.unread().len() > head.bytes.saturating_add(room) {
        return Err(Status::ContentTooLarge.into());
    }
    let body = inbox.unread_mut().get_mut(head.bytes..).unwrap_or_default();
    let is_whole = chunks.join(body).ok_or(Status::BadRequest)?;
    let Range { start: bytes, end } = chunks.extent();
    if bytes > bytes_max {
        return Err(Status::ContentTooLarge.into());
    }
    Ok(is_whole.then_some(Arrived {
        bytes,
        end: head.bytes + end,
    }))
}
