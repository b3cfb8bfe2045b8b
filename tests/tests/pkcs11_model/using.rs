//! Keys that work on data: what comes of it is looked at like everything else, and so is what somebody makes of it by
//! hand.

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Mechanism, PARTS_OF_KEYS, Parameter, Ulong};
use proptest::sample::Index;

use crate::{
    call::{Cipher, Data, Pick},
    crypto::key_unwrapped,
    handling::FIXED,
    kind::{IV, Uses, Wrapping},
    model::{Object, codes, digest_is_refused},
    play::{Blob, World},
    watch::UNDER,
};

/// What tells of a key, and holds no part of it.
const READ_OF_ALL: &[Ulong] = &[
    ck::CKA_CHECK_VALUE,
    ck::CKA_ID,
    ck::CKA_LABEL,
    ck::CKA_UNIQUE_ID,
    ck::CKA_SUBJECT,
    ck::CKA_MODULUS,
    ck::CKA_PUBLIC_EXPONENT,
    ck::CKA_EC_PARAMS,
    ck::CKA_EC_POINT,
    ck::CKA_PUBLIC_KEY_INFO,
];

impl Cipher {
    fn mechanism(self) -> Mechanism {
        match self {
            Self::Ecb => Mechanism::from(ck::CKM_AES_ECB),
            Self::Cbc => Mechanism::iv(ck::CKM_AES_CBC, &IV),
            Self::CbcPad => Mechanism::iv(ck::CKM_AES_CBC_PAD, &IV),
            Self::Counter => Mechanism::new(ck::CKM_AES_CTR, Parameter::Counter(128, IV)),
            Self::Gcm => Wrapping::Gcm.mechanism(&[]).0,
        }
    }
}

/// How an operation ends with a copy whose key is no more, for which no function has a code of its own.
const fn ended(key: &Object) -> &'static [Ulong] {
    if key.is_gone {
        &[ck::CKR_FUNCTION_FAILED]
    } else {
        &[]
    }
}

impl World<'_> {
    fn data(&self, data: Data) -> Vec<u8> {
        match data {
            Data::Blob(index) if !self.blobs.is_empty() => {
                self.blobs[index.index(self.blobs.len())].bytes.clone()
            }
            Data::Blocks | Data::Blob(_) => vec![0x3D; 32],
            Data::FirstBlock => [&[0, 0, 0, 1], FIXED].concat(),
            Data::FirstOfHkdf => [FIXED, &[1]].concat(),
        }
    }

    pub fn crypt(&self, act: Act, how: Cipher, key: Pick, data: Data) {
        let usage = if act == Act::Encrypt {
            Uses::ENCRYPT
        } else {
            Uses::DECRYPT
        };
        let Some(at) = self.pick(key, |object| object.uses.has(usage) && object.is_aes()) else {
            return;
        };
        let (key, data) = (self.objects[at].clone(), self.data(data));
        let came = self
            .api
            .once(act, self.session, &how.mechanism(), key.handle, &data);
        let told = format!("{act:?} by {how:?} with {key:?}");
        let refused = !key.uses.has(usage) || !key.is_aes();
        let allowed = [codes::DATA, Self::stale(), ended(&key)];
        if let Some(came) = self.judge(&told, came, refused, &allowed) {
            self.see(&told, &came);
        }
    }

    /// AES key wrap is twelve or more blocks of AES backwards, GCM is a key stream of blocks forwards, CBC is CBC.
    pub fn open_by_hand(&self, blob: &Index, key: Pick) {
        if self.blobs.is_empty() {
            return;
        }
        let at = blob.index(self.blobs.len());
        let by = self.blobs[at].by;
        // A key of the same value is the one that opens it.
        let Some(key) = self.pick(key, |object| object.is_aes() && object.value == by) else {
            return;
        };
        let (key, blob) = (&self.objects[key], &self.blobs[at]);
        let opened = match blob.how {
            Wrapping::KeyWrap | Wrapping::Padded => {
                key_unwrapped(&blob.bytes, |block| self.backwards(key, block))
            }
            Wrapping::Gcm | Wrapping::GcmMade => self.streamed(key, blob),
            Wrapping::Cbc => {
                let how = Cipher::Cbc.mechanism();
                let run = self
                    .api
                    .once(Act::Decrypt, self.session, &how, key.handle, &blob.bytes);
                run.ok()
            }
            Wrapping::Oaep | Wrapping::Pkcs1 | Wrapping::RsaAes => None,
        };
        if let Some(opened) = opened {
            self.see("a wrapped key, opened by hand,", &opened);
        }
    }

    /// AES of a block backwards, by whatever the key does.
    fn backwards(&self, key: &Object, block: &[u8]) -> Option<Vec<u8>> {
        let how = Cipher::Ecb.mechanism();
        let run = self
            .api
            .once(Act::Decrypt, self.session, &how, key.handle, block);
        run.ok()
    }

    /// AES of a block forwards, by whatever the key does: it encrypts, or makes a MAC of one block, or wraps a known key so
    /// that its first block becomes this one.
    fn forwards(&self, key: &Object, block: &[u8; 16]) -> Option<Vec<u8>> {
        let (api, session, handle) = (self.api, self.session, key.handle);
        let ecb = Cipher::Ecb.mechanism();
        let mac = Mechanism::new(ck::CKM_AES_MAC_GENERAL, Parameter::Number(16));
        let iv: Vec<u8> = block
            .iter()
            .zip(UNDER)
            .map(|(one, own)| one ^ own)
            .collect();
        let cbc = Mechanism::iv(ck::CKM_AES_CBC_PAD, &iv);
        let encrypted = api.once(Act::Encrypt, session, &ecb, handle, block);
        let made = encrypted.or_else(|_| api.once(Act::Sign, session, &mac, handle, block));
        let made = made.or_else(|_| api.wrap(session, &cbc, handle, self.sample));
        made.ok().map(|made| made[..16].to_vec())
    }

    /// What is under the key stream of GCM.
    fn streamed(&self, key: &Object, blob: &Blob) -> Option<Vec<u8>> {
        let mut opened = Vec::new();
        for (place, part) in blob.bytes[..blob.bytes.len() - 16].chunks(16).enumerate() {
            let mut block = [0; 16];
            block[..12].copy_from_slice(&blob.iv);
            block[15] = u8::try_from(place).unwrap() + 2;
            let stream = self.forwards(key, &block)?;
            opened.extend(part.iter().zip(stream).map(|(one, own)| one ^ own));
            if place == 3 {
                break;
            }
        }
        Some(opened)
    }

    /// The CMAC of what SP 800-108 puts into its first blocks, by AES forwards (NIST SP 800-38B §6.2).
    pub fn derive_by_hand(&self, key: Pick) {
        let Some(at) = self.pick(key, |object| object.is_aes() && object.uses.0 != 0) else {
            return;
        };
        let key = &self.objects[at];
        let mut derived = Vec::new();
        for counter in 1..=2 {
            let Some(block) = self.cmac_by_hand(key, &[&[0, 0, 0, counter], FIXED].concat()) else {
                return;
            };
            derived.extend(block);
        }
        self.see("what is derived, by hand,", &derived);
    }

    /// Of less than a block.
    fn cmac_by_hand(&self, key: &Object, data: &[u8]) -> Option<Vec<u8>> {
        let doubled = |block: u128| (block << 1) ^ if block >> 127 == 1 { 0x87 } else { 0 };
        let zero = self.forwards(key, &[0; 16])?;
        let second = doubled(doubled(u128::from_be_bytes(zero.try_into().unwrap())));
        let mut padded = [0; 16];
        padded[..data.len()].copy_from_slice(data);
        padded[data.len()] = 0x80;
        let last = (u128::from_be_bytes(padded) ^ second).to_be_bytes();
        self.forwards(key, &last)
    }

    pub fn sign(&self, by_cmac: bool, key: Pick, data: Data) {
        let Some(at) = self.pick(key, |object| {
            object.uses.has(Uses::SIGN) && object.secret().is_some() && by_cmac == object.is_aes()
        }) else {
            return;
        };
        let (key, data) = (self.objects[at].clone(), self.data(data));
        let kind = if by_cmac {
            ck::CKM_AES_CMAC
        } else {
            ck::CKM_SHA256_HMAC
        };
        let how = Mechanism::from(kind);
        let came = self
            .api
            .once(Act::Sign, self.session, &how, key.handle, &data);
        let told = format!("a MAC with {key:?}");
        let refused = !key.uses.has(Uses::SIGN) || key.secret().is_none();
        let allowed = [codes::DATA, Self::stale(), ended(&key)];
        if let Some(came) = self.judge(&told, came, refused, &allowed) {
            self.see(&told, &came);
        }
    }

    pub fn digest_key(&self, key: Pick) {
        let Some(at) = self.pick(key, |object| object.secret().is_some()) else {
            return;
        };
        let key = self.objects[at].clone();
        let how = Mechanism::from(ck::CKM_SHA256);
        self.api.init(Act::Digest, self.session, &how, 0).unwrap();
        let came = self.api.digest_key(self.session, key.handle);
        let told = format!("a digest of {key:?}");
        let codes: &[Ulong] = &[ck::CKR_KEY_INDIGESTIBLE, ck::CKR_KEY_HANDLE_INVALID];
        if self
            .judge(&told, came, digest_is_refused(&key), &[codes])
            .is_some()
        {
            let answer = self.api.last(Act::Digest, self.session, Some(32));
            answer.rv().unwrap();
            self.see(&told, &answer.bytes);
        }
    }

    /// Asks for everything; what is told is known from then on.
    pub fn read(&mut self, of: Pick) {
        let Some(at) = self.pick(of, |object| !object.is_gone) else {
            return;
        };
        let object = self.objects[at].clone();
        let get = |kind| self.api.get(self.session, object.handle, kind);
        for kind in READ_OF_ALL {
            if let Ok(value) = get(*kind) {
                self.see(&format!("attribute {kind:#x} of {object:?}"), &value);
            }
        }
        let Some(protection) = object.protection else {
            return;
        };
        let mut known = Vec::new();
        for kind in PARTS_OF_KEYS {
            let told = format!("attribute {kind:#x} of {object:?}");
            let codes: &[Ulong] = &[ck::CKR_ATTRIBUTE_SENSITIVE, ck::CKR_ATTRIBUTE_TYPE_INVALID];
            let allowed = [codes, Self::stale()];
            if let Some(value) = self.judge(&told, get(*kind), !protection.tells(), &allowed) {
                self.see(&told, &value);
                known.push(value);
            }
        }
        self.known.extend(known);
    }
}
