//! Computations over parts: each stays with the member that began it.

use std::sync::Arc;

use kmip::Secret;

use super::member::Member;
use crate::{Begun, Capabilities, Finished, Result, Stream, Task, module::listed};

/// A computation of a member.
struct MemberStream {
    member: Arc<Member>,
    own: Box<dyn Stream>,
}

/// What a member has begun, as the group's.
pub(super) fn of(member: &Arc<Member>, begun: Begun) -> Begun {
    Begun {
        stream: Box::new(MemberStream {
            member: Arc::clone(member),
            own: begun.stream,
        }),
        ..begun
    }
}

/// Whether an HSM promises what is to be computed.
pub(super) fn is_listed(own: &Capabilities, task: &Task<'_>) -> bool {
    match task {
        Task::Encrypt { cipher, .. } | Task::Decrypt { cipher, .. } => {
            listed::cipher(&own.cipher, cipher)
        }
        Task::Mac { mechanism } => own.mac.contains(mechanism),
    }
}

impl Stream for MemberStream {
    fn update(&mut self, part: &[u8]) -> Result<Secret> {
        let outcome = self.own.update(part);
        self.member.judge(outcome)
    }

    fn finish(&mut self) -> Result<Finished> {
        let outcome = self.own.finish();
        self.member.judge(outcome)
    }
}
