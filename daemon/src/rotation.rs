//! Rotations that are due: each key's by a message of its own, and later again where that failed.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::rand;
use kmip::{
    ObjectType, ResultReason, ResultStatus, V2_1,
    client::outgoing,
    message::{OutgoingItem, RequestHeader, Response, write_request},
    payload::rekey::{ReKey, ReKeyKeyPair, ReKeyKeyPairRequest, ReKeyRequest},
    ttlv::Timestamp,
};
use store::{ObjectId, Record};

use crate::{
    identity::{Caller, Peer},
    service::Service,
    telemetry,
};

/// The most keys rotated in one round.
const ROTATIONS_MAX: u32 = 1_000;

/// The most keys whose failures are remembered; others are tried in every round.
const FAILED_MAX: usize = 10_000;

/// How long a key rests after its first failure, and at most.
const REST_SECONDS: i64 = 60;
const REST_SECONDS_MAX: i64 = 21_600;

/// What became of the rotations that were tried.
#[derive(Default)]
pub struct Rotations {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failed: HashMap<ObjectId, Failure>,
    /// The reasons that were told, each once until no key fails for it any more.
    told: HashSet<ResultReason>,
}

/// A key that is due and was not rotated.
struct Failure {
    times: u32,
    again: Timestamp,
    reason: ResultReason,
}

impl Rotations {
    /// Rotates the keys whose time has come: by the messages that a client would send, so that they are held to the same
    /// rules, and recorded. A key that fails rests before it is tried again, each time longer.
    pub fn run(&self, service: &Service, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let resting = u32::try_from(state.failed.len()).unwrap_or(u32::MAX);
        // Those that rest are due as well, and keep nobody else from being found.
        let limit = ROTATIONS_MAX.saturating_add(resting);
        let due = match service.store.due_for_rotation(now, limit) {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "keys that are due for rotation cannot be looked for");
                return;
            }
        };
        let known: HashSet<_> = due.iter().map(|record| record.id.clone()).collect();
        // What is not due any more was rotated or changed by somebody else.
        state.failed.retain(|id, _| known.contains(id));
        for record in due {
            let failed = state.failed.get(&record.id);
            if failed.is_none_or(|failed| failed.again <= now) {
                state.rotate(service, &record, now);
            }
        }
        state.tell();
    }

    /// How many keys are due and were not rotated.
    #[must_use]
    pub fn failing(&self) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed.len()
    }
}

impl State {
    fn rotate(&mut self, service: &Service, record: &Record, now: Timestamp) {
        match attempt(service, record) {
            Ok(()) => {
                self.failed.remove(&record.id);
                telemetry::rotated("success");
            }
            Err(reason) => {
                telemetry::rotated("failure");
                let times = self.failed.get(&record.id).map_or(0, |own| own.times);
                let failure = Failure {
                    times: times.saturating_add(1),
                    again: Timestamp(now.0.saturating_add(rest(times))),
                    reason,
                };
                if times > 0 || self.failed.len() < FAILED_MAX {
                    self.failed.insert(record.id.clone(), failure);
                }
            }
        }
    }

    /// Says of each reason once that keys fail for it, and that they do not any more.
    fn tell(&mut self) {
        telemetry::rotations_failing(self.failed.len());
        let mut by_reason: BTreeMap<ResultReason, (usize, &ObjectId)> = BTreeMap::new();
        for (id, failure) in &self.failed {
            by_reason.entry(failure.reason).or_insert((0, id)).0 += 1;
        }
        for (reason, (keys, object)) in &by_reason {
            if !self.told.contains(reason) {
                let reason = reason.name().unwrap_or("unknown");
                tracing::warn!(reason, keys, %object, "keys that are due were not rotated, of which this is one; the audit trail says why, and they are tried again");
            }
        }
        for reason in &self.told {
            if !by_reason.contains_key(reason) {
                let reason = reason.name().unwrap_or("unknown");
                tracing::info!(
                    reason,
                    "no key fails to be rotated for this reason any more"
                );
            }
        }
        self.told = by_reason.into_keys().collect();
    }
}

/// How long a key rests that failed so often before: twice as long each time, give or take a quarter, so that keys that
/// failed together are not all tried together.
fn rest(times: u32) -> i64 {
    let whole = REST_SECONDS
        .saturating_mul(1_i64.checked_shl(times.min(32)).unwrap_or(i64::MAX))
        .min(REST_SECONDS_MAX);
    let mut random = [0; 2];
    // Without random bytes it rests for as long as it may.
    let share = match rand::fill(&mut random) {
        Ok(()) => i64::from(u16::from_be_bytes(random)),
        Err(_) => i64::from(u16::MAX),
    };
    whole * 3 / 4 + whole / 2 * share / i64::from(u16::MAX)
}

fn attempt(service: &Service, record: &Record) -> Result<(), ResultReason> {
    let items = [replacement(record)];
    let header = RequestHeader::plain(V2_1, items.len());
    let message = write_request(&header, &items, V2_1);
    let mut caller = Caller::new(Peer::Appliance {
        vault: record.vault.clone(),
        task: "rotation",
    });
    let reply = service.respond(&mut caller, message.bytes());
    let items = Response::read(&reply).map_or(Vec::new(), |reply| reply.items);
    match items.first() {
        Some(item) if item.result_status == ResultStatus::Success => Ok(()),
        item => Err(item
            .and_then(|item| item.result_reason)
            .unwrap_or(ResultReason::GeneralFailure)),
    }
}

/// The request for a new key in the place of one that is due.
fn replacement(record: &Record) -> OutgoingItem {
    let id = Some(record.id.0.as_str().into());
    let offset = record.attributes.rotate_offset;
    if record.object_type == ObjectType::PrivateKey {
        let request = ReKeyKeyPairRequest {
            private_key_unique_identifier: id,
            offset,
            ..ReKeyKeyPairRequest::default()
        };
        outgoing::<ReKeyKeyPair>(&request, V2_1)
    } else {
        let request = ReKeyRequest {
            unique_identifier: id,
            offset,
            ..ReKeyRequest::default()
        };
        outgoing::<ReKey>(&request, V2_1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_a_bound_and_differ() {
        for times in 0..70 {
            let whole = (REST_SECONDS << times.min(20)).min(REST_SECONDS_MAX);
            for _ in 0..50 {
                let rest = rest(times);
                assert!(
                    (whole * 3 / 4..=whole * 5 / 4).contains(&rest),
                    "{times}: {rest}"
                );
            }
        }
        let several: HashSet<_> = (0..50).map(|_| rest(9)).collect();
        assert!(
            several.len() > 1,
            "keys that failed together are tried apart"
        );
    }
}
