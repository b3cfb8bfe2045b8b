//! An administrator's connection: lines in, `Admin::answer`, lines out.

use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{Shared, inbox::Inbox, local::Local, wire::write};
use crate::admin::{Admin, protocol::LINE_BYTES_MAX};

/// Answers lines until one side ends it.
pub(super) async fn administer(mut stream: Local, mut inbox: Inbox, uid: u32, shared: &Shared) {
    while let Some(end) = line_end(&mut stream, &mut inbox, shared).await {
        let admin = shared.admin.clone();
        let work = tokio::task::spawn_blocking(move || {
            let reply = answer(&admin, uid, inbox.part(0..end));
            (inbox, reply)
        });
        let Ok((back, reply)) = work.await else {
            return;
        };
        inbox = back;
        inbox.done(end.saturating_add(1));
        if write(&mut stream, reply.as_bytes(), shared.limits.stall_max)
            .await
            .is_err()
        {
            return;
        }
    }
}

fn answer(admin: &Admin, uid: u32, line: &[u8]) -> Zeroizing<String> {
    // What is no text is no JSON either, and answered so.
    let mut reply = admin.answer(uid, std::str::from_utf8(line).unwrap_or_default());
    reply.push('\n');
    reply
}

/// Where the next line ends, once it has arrived. One that is too long ends where that is known, and is refused.
async fn line_end(stream: &mut Local, inbox: &mut Inbox, shared: &Shared) -> Option<usize> {
    let mut stop = shared.stop.clone();
    let mut searched = 0;
    loop {
        let unread = inbox.unread();
        let fresh = unread.get(searched..).unwrap_or_default();
        if let Some(at) = fresh.iter().position(|byte| *byte == b'\n') {
            return Some(searched + at);
        }
        searched = unread.len();
        if searched > LINE_BYTES_MAX {
            return Some(searched);
        }
        let patience = if searched == 0 {
            shared.limits.idle_max
        } else {
            shared.limits.stall_max
        };
        tokio::select! {
            read = timeout(patience, inbox.fill(stream)) => if !matches!(read, Ok(Ok(1..))) {
                return None;
            },
            _ = stop.wait_for(|stop| *stop), if searched == 0 => return None,
        }
    }
}
