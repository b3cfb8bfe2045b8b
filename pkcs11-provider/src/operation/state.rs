//! Operation states that callers keep: of digests, which are made here; everything else in progress stays where it is.

use kmip::{Secret, mechanism::Hash};
use pkcs11::{Result, Rv, Ulong};

use super::digest::DigestOperation;
use crate::{
    abi::pointer::{In, Out},
    hasher::{Hasher, digest},
    session::Session,
};

/// Version of the layout: this byte, the session's state, the hash's place in [`Hash::ALL`], whether parts have come, the
/// hasher; then the seal.
const VERSION: u8 = 1;

/// Length of what stands before the hasher.
const HEADER: usize = 4;

/// The hash function that the seal is made of.
const SEAL: Hash = Hash::Sha256;

impl Session {
    /// `C_GetOperationState`.
    pub(crate) fn operation_state(&self, mut out: Out<'_>) -> Result<()> {
        out.room()?;
        let active = self.active();
        let digest = match (&active.digest, active.has_operation_of_key()) {
            (Some(digest), false) if !digest.holds_key => digest,
            (None, false) => return Err(Rv::OPERATION_NOT_INITIALIZED),
            // Keys and ciphers in progress are the daemon's and cannot be carried elsewhere.
            _ => return Err(Rv::STATE_UNSAVEABLE),
        };
        let place = Hash::ALL.iter().position(|own| *own == digest.hash);
        let place = place.and_then(|place| u8::try_from(place).ok());
        let mut state = vec![
            VERSION,
            self.state_byte(),
            place.ok_or(Rv::STATE_UNSAVEABLE)?,
            u8::from(digest.is_multi_part),
        ];
        state.extend(digest.hasher.save());
        state.extend(self.seal(&state));
        out.give(&state).map(drop)
    }

    /// `C_SetOperationState`; what was in progress ends.
    pub(crate) fn set_operation_state(&self, state: In<'_>, keys: [Ulong; 2]) -> Result<()> {
        let digest = self.read_state(state.bytes()?)?;
        if keys != [0, 0] {
            return Err(Rv::KEY_NOT_NEEDED);
        }
        self.active().restart(digest);
        Ok(())
    }

    fn read_state(&self, state: &[u8]) -> Result<DigestOperation> {
        let bad = Rv::SAVED_STATE_INVALID;
        let body = state.len().checked_sub(SEAL.digest_bytes()).ok_or(bad)?;
        let (body, seal) = state.split_at_checked(body).ok_or(bad)?;
        // `Secret` compares in constant time.
        if Secret::new(self.seal(body)) != Secret::from(seal) {
            return Err(bad);
        }
        let (header, hasher) = body.split_at_checked(HEADER).ok_or(bad)?;
        let &[VERSION, state, place, parts] = header else {
            return Err(bad);
        };
        let hash = *Hash::ALL.get(usize::from(place)).ok_or(bad)?;
        if state != self.state_byte() {
            return Err(bad);
        }
        Ok(DigestOperation {
            hash,
            hasher: Hasher::restored(hash, hasher).ok_or(bad)?,
            is_multi_part: parts != 0,
            holds_key: false,
        })
    }

    /// `CK_STATE`, of which there are five.
    fn state_byte(&self) -> u8 {
        u8::try_from(self.state()).unwrap_or(u8::MAX)
    }

    /// HMAC (RFC 2104) under the token's own key, so that no other token's state is taken, nor one that was changed.
    fn seal(&self, body: &[u8]) -> Vec<u8> {
        let pad = |with: u8| self.slot.state_key.map(|byte| byte ^ with);
        let inner = digest(SEAL, &[&pad(0x36), body]);
        digest(SEAL, &[&pad(0x5C), &inner])
    }
}
