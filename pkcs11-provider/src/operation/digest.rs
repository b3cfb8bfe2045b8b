//! Digests, wholly local; of a secret key only where its value may be told.

use cryptoki_sys as ck;
use kmip::mechanism::Hash;
use pkcs11::{
    Result, Rv, Ulong,
    mechanism::{self, Meaning},
};

use super::{begin, last_step, step};
use crate::{
    abi::{
        parameter,
        pointer::{In, MechanismArgument, Offer, Out},
    },
    hasher::Hasher,
    session::Session,
};

/// A digest in progress.
#[derive(Clone)]
pub(crate) struct DigestOperation {
    pub(super) hash: Hash,
    pub(super) hasher: Hasher,
    pub(super) is_multi_part: bool,
    /// Whether a key went into it, so that its state would tell something of the key.
    pub(super) holds_key: bool,
}

impl DigestOperation {
    /// Takes a part.
    pub(super) fn update(&mut self, part: &[u8]) {
        self.hasher.update(part);
        self.is_multi_part = true;
    }
}

impl Session {
    /// `C_DigestInit`.
    pub(crate) fn digest_init(&self, mechanism: Option<MechanismArgument<'_>>) -> Result<()> {
        begin(&mut self.active().digest, mechanism, |mechanism| {
            let row = mechanism::row(mechanism.kind, ck::CKF_DIGEST)?;
            parameter::read(row.shape, mechanism.parameter)?;
            let Meaning::Digest(hash) = row.meaning else {
                return Err(Rv::MECHANISM_INVALID);
            };
            Ok(DigestOperation {
                hash,
                hasher: Hasher::new(hash),
                is_multi_part: false,
                holds_key: false,
            })
        })
    }

    /// `C_Digest`.
    pub(crate) fn digest(&self, data: In<'_>, mut out: Out<'_>) -> Result<()> {
        last_step(&mut self.active().digest, |digest| {
            if digest.is_multi_part {
                return Err(Rv::OPERATION_NOT_INITIALIZED);
            }
            let data = data.bytes()?;
            // Offered before the data is taken, so that a question for the length takes none.
            if out.offer(digest.hash.digest_bytes())? == Offer::SizeOnly {
                return Ok(Offer::SizeOnly);
            }
            let mut hasher = digest.hasher.clone();
            hasher.update(data);
            out.give(&hasher.finish())
        })
    }

    /// `C_DigestUpdate`.
    pub(crate) fn digest_update(&self, part: In<'_>) -> Result<()> {
        step(&mut self.active().digest, |digest| {
            digest.update(part.bytes()?);
            Ok(())
        })
    }

    /// `C_DigestKey`: of a key whose value may be told. The digest of another, behind bytes that the caller chooses, would
    /// tell of it (PKCS #11 3.2 §5.12.4).
    pub(crate) fn digest_key(&self, key: Ulong) -> Result<()> {
        step(&mut self.active().digest, |digest| {
            let object = self.object(key, Rv::KEY_HANDLE_INVALID)?;
            let facts = object.facts();
            if !facts.is_key() {
                return Err(Rv::KEY_HANDLE_INVALID);
            }
            if facts.class != ck::CKO_SECRET_KEY || facts.hides(ck::CKA_VALUE) {
                return Err(Rv::KEY_INDIGESTIBLE);
            }
            let value = object.value(&self.slot.remote)?;
            let value = value.material.value(ck::CKA_VALUE);
            digest.update(value.ok_or(Rv::KEY_INDIGESTIBLE)?);
            digest.holds_key = true;
            Ok(())
        })
    }

    /// `C_DigestFinal`.
    pub(crate) fn digest_final(&self, mut out: Out<'_>) -> Result<()> {
        last_step(&mut self.active().digest, |digest| {
            out.give(&digest.hasher.clone().finish())
        })
    }
}
