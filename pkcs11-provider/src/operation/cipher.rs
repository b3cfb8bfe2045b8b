//! Encryption and decryption. Modes that can go on block by block do, so that any length is served; the others take
//! their input as a whole.

use std::sync::{Arc, MutexGuard};

use cryptoki_sys as ck;
use kmip::mechanism::{Cipher, Padding};
use pkcs11::{
    Result, Rv, Ulong,
    mechanism::{CipherUse, Parameter, cipher},
    size,
};
use zeroize::Zeroizing;

use super::{COLLECTED_BYTES_MAX, begin, last_step, step, trip::Trip, used_key};
use crate::{
    abi::pointer::{In, MechanismArgument, Offer, Out},
    object::Object,
    remote::Remote,
    session::{Active, Session},
};

/// AES's block.
pub(super) const BLOCK: usize = 16;

/// The most bytes sent in one request of a mode that goes on block by block.
const BYTES_PER_TRIP: usize = 256 << 10;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Encrypt,
    Decrypt,
}

/// An encryption or decryption in progress.
#[derive(Clone)]
pub(crate) struct CipherOperation {
    key: Arc<Object>,
    id: String,
    /// Length of an RSA key's modulus.
    pub(super) modulus_bytes: usize,
    /// The length of the data, where the parameter told it.
    pub(super) told_bytes: Option<usize>,
    pub(super) direction: Direction,
    pub(super) used: CipherUse,
    /// What came and was not sent yet.
    pending: Zeroizing<Vec<u8>>,
    is_multi_part: bool,
    /// The answer, kept when the caller's buffer turned out too short for it.
    answer: Option<Zeroizing<Vec<u8>>>,
}

impl CipherOperation {
    /// A copy for a child process.
    pub(crate) fn forked(&self) -> Self {
        Self {
            key: Arc::new(self.key.forked()),
            ..self.clone()
        }
    }

    /// Whether parts can be sent as they come.
    pub(super) const fn goes_on(&self) -> bool {
        matches!(
            self.used.cipher,
            Cipher::AesEcb(_) | Cipher::AesCbc(_) | Cipher::AesCtr
        )
    }

    /// The error for an input of the wrong length.
    pub(super) const fn wrong_length(&self) -> Rv {
        match self.direction {
            Direction::Encrypt => Rv::DATA_LEN_RANGE,
            Direction::Decrypt => Rv::ENCRYPTED_DATA_LEN_RANGE,
        }
    }

    /// `C_Encrypt`, `C_EncryptFinal` and their counterparts.
    fn finish(
        &mut self,
        remote: &Remote,
        whole: Option<In<'_>>,
        mut out: Out<'_>,
    ) -> Result<Offer> {
        if whole.is_some() && self.is_multi_part {
            return Err(Rv::OPERATION_NOT_INITIALIZED);
        }
        if self.answer.is_none() {
            let whole = whole.map(|data| data.bytes()).transpose()?;
            let input = whole.map_or(self.pending.len(), <[u8]>::len);
            let (bytes, is_exact) = self.output_bytes(input)?;
            let room = out.room()?;
            if room.is_none() || (is_exact && room.is_some_and(|room| room < bytes)) {
                return out.offer(bytes);
            }
            let rest = match whole {
                Some(whole) => Zeroizing::new(whole.to_vec()),
                None => std::mem::take(&mut self.pending),
            };
            self.answer = Some(self.run_all(remote, &rest)?);
        }
        out.give(self.answer.as_ref().map_or(&[], |answer| answer.as_slice()))
    }

    /// `C_EncryptUpdate` and its counterpart: what was given out, or nothing when only its length was wanted.
    pub(super) fn update(
        &mut self,
        remote: &Remote,
        part: &[u8],
        mut out: Out<'_>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        if !self.goes_on() {
            if self.pending.len() + part.len() > COLLECTED_BYTES_MAX {
                return Err(self.wrong_length());
            }
            if out.give(&[])? == Offer::SizeOnly {
                return Ok(None);
            }
            self.is_multi_part = true;
            self.pending.extend_from_slice(part);
            return Ok(Some(Zeroizing::default()));
        }
        let total = self.pending.len() + part.len();
        // The last block of padded ciphertext may be the padding's.
        let held = usize::from(
            self.direction == Direction::Decrypt
                && matches!(self.used.cipher, Cipher::AesCbc(Padding::Pkcs5)),
        );
        let ready = total.saturating_sub(held) / BLOCK * BLOCK;
        if out.offer(ready)? == Offer::SizeOnly {
            return Ok(None);
        }
        self.is_multi_part = true;
        let mut input = std::mem::take(&mut self.pending);
        input.extend_from_slice(part);
        self.pending = Zeroizing::new(input.split_off(ready));
        let unpadded = match self.used.cipher {
            Cipher::AesCbc(_) => Cipher::AesCbc(Padding::None),
            ref other => other.clone(),
        };
        let output = self.run_blocks(remote, &unpadded, &input)?;
        if output.len() != ready {
            return Err(Rv::DEVICE_ERROR);
        }
        out.give(&output)?;
        Ok(Some(output))
    }

    /// Everything that is left, with the padding.
    fn run_all(&mut self, remote: &Remote, input: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        if !self.goes_on() {
            return self.run_whole(remote, input);
        }
        let cipher = self.used.cipher.clone();
        if cipher != Cipher::AesCbc(Padding::Pkcs5) {
            return self.run_blocks(remote, &cipher, input);
        }
        // Only the last piece carries the padding.
        let last = match self.direction {
            Direction::Encrypt => input.len() % BLOCK,
            Direction::Decrypt => BLOCK,
        };
        if input.len() <= BYTES_PER_TRIP {
            return self.trip(remote, &cipher, input);
        }
        let (front, back) = input
            .split_at_checked(input.len().saturating_sub(last))
            .ok_or_else(|| self.wrong_length())?;
        let mut output = self.run_blocks(remote, &Cipher::AesCbc(Padding::None), front)?;
        output.extend_from_slice(&self.trip(remote, &cipher, back)?);
        Ok(output)
    }

    /// Whole blocks, in as many trips as they need.
    fn run_blocks(
        &mut self,
        remote: &Remote,
        cipher: &Cipher,
        input: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let mut output = Zeroizing::new(Vec::with_capacity(input.len()));
        for piece in input.chunks(BYTES_PER_TRIP) {
            output.extend_from_slice(&self.trip(remote, cipher, piece)?);
        }
        Ok(output)
    }

    /// One round trip of a mode that goes on; afterwards the IV is the one to go on with.
    fn trip(
        &mut self,
        remote: &Remote,
        cipher: &Cipher,
        piece: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.used
            .count(piece.len())
            .map_err(|_| self.wrong_length())?;
        let output = self.ask(remote, cipher, piece, None)?;
        match cipher {
            Cipher::AesCbc(_) => {
                let ciphertext = match self.direction {
                    Direction::Encrypt => output.as_slice(),
                    Direction::Decrypt => piece,
                };
                if let Some(last) = ciphertext.last_chunk::<BLOCK>() {
                    self.used.iv = last.to_vec();
                }
            }
            Cipher::AesCtr => {
                let block = self.used.iv.first_chunk::<BLOCK>().copied();
                let blocks = u128::try_from(piece.len().div_ceil(BLOCK)).unwrap_or(0);
                let next = u128::from_be_bytes(block.unwrap_or_default()).wrapping_add(blocks);
                self.used.iv = next.to_be_bytes().to_vec();
            }
            _ => {}
        }
        Ok(output)
    }

    /// Has the daemon work on an input, whole or the next piece.
    fn ask(
        &self,
        remote: &Remote,
        cipher: &Cipher,
        input: &[u8],
        tag: Option<&[u8]>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let trip = Trip {
            remote,
            key: &self.id,
            cipher,
            iv: &self.used.iv,
            additional: &self.used.additional,
        };
        match self.direction {
            Direction::Encrypt => {
                let (mut output, tag) = trip.encrypt(input)?;
                output.extend(tag.unwrap_or_default());
                Ok(output.into())
            }
            Direction::Decrypt => trip.decrypt(input, tag),
        }
    }

    /// One round trip for the whole input, or none for a public key that works here.
    fn run_whole(&self, remote: &Remote, input: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        if let (Some(tag_bytes), Direction::Decrypt) =
            (self.used.cipher.tag_bytes(), self.direction)
        {
            let (data, tag) = input
                .split_at_checked(input.len().saturating_sub(usize::from(tag_bytes)))
                .ok_or_else(|| self.wrong_length())?;
            return self.ask(remote, &self.used.cipher, data, Some(tag));
        }
        match (&self.used.cipher, self.direction) {
            (Cipher::RsaPkcs1 | Cipher::RsaOaep { .. }, Direction::Encrypt) => {
                let value = self.key.value(remote)?;
                let here = value
                    .public
                    .as_ref()
                    .and_then(|key| key.encrypts(&self.used.cipher, input));
                match here {
                    Some(ciphertext) => Ok(ciphertext.into()),
                    None => self.ask(remote, &self.used.cipher, input, None),
                }
            }
            _ => self.ask(remote, &self.used.cipher, input, None),
        }
    }
}

impl Session {
    fn cipher_operation(
        &self,
        mechanism: &MechanismArgument<'_>,
        key: Ulong,
        direction: Direction,
    ) -> Result<CipherOperation> {
        let (function, usage) = match direction {
            Direction::Encrypt => (ck::CKF_ENCRYPT, ck::CKA_ENCRYPT),
            Direction::Decrypt => (ck::CKF_DECRYPT, ck::CKA_DECRYPT),
        };
        let key = used_key(self, mechanism, key, function, usage)?;
        let bits = key.facts.spec.map_or(0, |spec| spec.bits());
        let told_bytes = match &key.parameter {
            Parameter::Ccm(ccm) => Some(size(ccm.data_bytes)),
            _ => None,
        };
        Ok(CipherOperation {
            used: cipher(key.row.meaning, key.parameter)?,
            id: key.facts.id.clone(),
            key: key.object,
            modulus_bytes: usize::from(bits.div_ceil(8)),
            told_bytes,
            direction,
            pending: Zeroizing::default(),
            is_multi_part: false,
            answer: None,
        })
    }

    /// `C_EncryptInit`.
    pub(crate) fn encrypt_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        begin(&mut self.active().encrypt, mechanism, |mechanism| {
            self.cipher_operation(mechanism, key, Direction::Encrypt)
        })
    }

    /// `C_DecryptInit`.
    pub(crate) fn decrypt_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        begin(&mut self.active().decrypt, mechanism, |mechanism| {
            self.cipher_operation(mechanism, key, Direction::Decrypt)
        })?;
        self.await_login(ck::CKF_DECRYPT, key);
        Ok(())
    }

    /// The decryption in progress, if it may go on.
    fn decrypting(&self) -> Result<MutexGuard<'_, Active>> {
        let mut active = self.active();
        active.check_proven(ck::CKF_DECRYPT)?;
        Ok(active)
    }

    /// `C_Encrypt`, and `C_EncryptFinal` where there is no data.
    pub(crate) fn encrypt(&self, data: Option<In<'_>>, out: Out<'_>) -> Result<()> {
        last_step(&mut self.active().encrypt, |operation| {
            operation.finish(&self.slot.remote, data, out)
        })
    }

    /// `C_EncryptUpdate`.
    pub(crate) fn encrypt_update(&self, part: In<'_>, out: Out<'_>) -> Result<()> {
        step(&mut self.active().encrypt, |operation| {
            operation
                .update(&self.slot.remote, part.bytes()?, out)
                .map(drop)
        })
    }

    /// `C_Decrypt`, and `C_DecryptFinal` where there is no data.
    pub(crate) fn decrypt(&self, data: Option<In<'_>>, out: Out<'_>) -> Result<()> {
        last_step(&mut self.decrypting()?.decrypt, |operation| {
            operation.finish(&self.slot.remote, data, out)
        })
    }

    /// `C_DecryptUpdate`.
    pub(crate) fn decrypt_update(&self, part: In<'_>, out: Out<'_>) -> Result<()> {
        step(&mut self.decrypting()?.decrypt, |operation| {
            operation
                .update(&self.slot.remote, part.bytes()?, out)
                .map(drop)
        })
    }
}
