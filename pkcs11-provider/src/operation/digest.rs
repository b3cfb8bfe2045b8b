//! Digests, wholly local.

use cryptoki_sys as ck;
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
    session::{DigestOperation, Session},
};

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
                hasher: Hasher::new(hash),
                bytes: hash.digest_bytes(),
                is_multi_part: false,
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
            if out.offer(digest.bytes)? == Offer::SizeOnly {
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
            digest.hasher.update(part.bytes()?);
            digest.is_multi_part = true;
            Ok(())
        })
    }

    /// `C_DigestKey`: of a key whose value may be told. The digest of another, behind bytes that the caller chooses, would
    /// tell of it (PKCS #11 3.2 §5.12.4).
    pub(crate) fn digest_key(&self, key: Ulong) -> Result<()> {
        step(&mut self.active().digest, |digest| {
            let key = self.object(key, Rv::KEY_HANDLE_INVALID)?;
            if key.facts().class != ck::CKO_SECRET_KEY {
                return Err(Rv::KEY_INDIGESTIBLE);
            }
            let value = key
                .attribute(ck::CKA_VALUE, &self.slot.remote)
                .map_err(|refused| match refused {
                    Rv::ATTRIBUTE_SENSITIVE | Rv::ATTRIBUTE_TYPE_INVALID => Rv::KEY_INDIGESTIBLE,
                    other => other,
                })?;
            digest.hasher.update(&value);
            digest.is_multi_part = true;
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
