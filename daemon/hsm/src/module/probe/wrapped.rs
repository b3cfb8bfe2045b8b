//! Which kinds of keys a module wraps, and unwraps as keys that stay.

use cryptoki::object::ObjectHandle;
use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Usage,
    mechanism::{Cipher, KeySpec, Mac, Signing},
};

use super::{
    PLAIN, Probe,
    pairs::usual,
    secrets::{IV, known},
};
use crate::{
    Encryption, Error, Input, Material,
    module::{
        cipher,
        error::Result,
        make,
        reference::WrappedKey,
        seat::Loaded,
        sign,
        template::Home,
        wrapping::{self, Method},
    },
    soft::PlainKey,
};

impl Probe<'_> {
    pub(super) fn wrapped(&mut self) -> Result<()> {
        let aes = KeySpec::Aes { bits: 256 };
        let Some(under) = self.makes(aes, wrapping::USAGE, ck::CKM_AES_KEY_GEN)? else {
            return Ok(());
        };
        let mut kinds = self.found.generate.clone();
        let taken = self.found.import.iter();
        kinds.extend(taken.filter(|spec| !self.found.generate.contains(spec)));
        for spec in kinds {
            if wrapping::method(&self.settings.wrapped, spec).is_none() {
                self.wraps(under, spec)?;
            }
            if wrapping::method(&self.settings.wrapped, spec).is_some() {
                self.found.wrapped.push(spec);
            }
        }
        self.discard(under);
        Ok(())
    }

    /// Finds the best method with which a key comes back.
    fn wraps(&mut self, under: ObjectHandle, spec: KeySpec) -> Result<()> {
        let tried = match spec {
            // A length that is padded, to be asked for no more than that.
            KeySpec::Hmac { hash, .. } => KeySpec::Hmac { hash, bits: 264 },
            other => other,
        };
        for method in Method::ALL {
            let number = method.number();
            // Private keys are no whole blocks, or only by chance.
            if !self.notes.has(number) || (method == Method::Plain && spec.is_asymmetric()) {
                continue;
            }
            let what = format!("keep {spec} wrapped");
            if self.tries(what, number, |own| own.comes_back(under, method, tried))? {
                self.settings.wrapped.push((spec, method));
                break;
            }
        }
        Ok(())
    }

    fn comes_back(&self, under: ObjectHandle, method: Method, spec: KeySpec) -> Result<bool> {
        let usage = match spec {
            KeySpec::Hmac { .. } => Usage::MACGenerate,
            KeySpec::Rsa { .. } | KeySpec::Ec(_) => Usage::Sign,
            _ => Usage::Encrypt | Usage::Decrypt,
        };
        let (key, public) = self.leaving(spec, usage)?;
        let expected = self.mark(&Loaded::private(key, spec, &public));
        let wrapped = wrapping::take_out(self.seat, under, method, spec, key)?;
        let wrapped = WrappedKey {
            spec,
            id: b"",
            public: &public,
            usage,
            under: [0; 8],
            method,
            wrapped: &wrapped,
            tag: &[],
        };
        let back = wrapping::unwrap(self.seat, under, &wrapped, Home::Session)?;
        let outcome = self.mark(&Loaded::private(back, spec, &public));
        let is_locked = wrapping::is_locked(self.seat, back);
        self.discard(back);
        Ok(outcome? == expected? && is_locked?)
    }

    /// A key of the session that may leave, and its public half.
    fn leaving(&self, spec: KeySpec, usage: Usage) -> Result<(ObjectHandle, Vec<u8>)> {
        let is_taken = self.found.import.contains(&spec) || matches!(spec, KeySpec::Hmac { .. });
        let seat = self.seat;
        match (spec.is_asymmetric(), is_taken) {
            (true, true) => {
                let (material, public) = match (spec, &self.rsa) {
                    (KeySpec::Rsa { .. }, Some(pair)) => pair.clone(),
                    _ => PlainKey::generate(spec)?,
                };
                let key = make::import(seat, &material, usage, Home::Leaving)?;
                Ok((key, public.unwrap_or_default()))
            }
            (true, false) => make::pair(seat, spec, usage, Home::Leaving),
            (false, true) => {
                let key = make::import(seat, &known(spec), usage, Home::Leaving)?;
                Ok((key, Vec::new()))
            }
            (false, false) => Ok((make::secret(seat, spec, usage, Home::Leaving)?, Vec::new())),
        }
    }

    /// What tells a key from another: what it makes of some data, or that it belongs to its public half.
    fn mark(&self, key: &Loaded) -> Result<Vec<u8>> {
        match key.spec {
            KeySpec::Hmac { hash, .. } => sign::mac(self.seat, key, Mac::Hmac(hash), PLAIN),
            spec if spec.is_asymmetric() => {
                let is_rsa = |own: &&Signing| {
                    matches!(own, Signing::RsaPkcs1(Some(_)) | Signing::RsaPss { .. })
                };
                let signing = match spec {
                    KeySpec::Rsa { .. } => self.found.sign.iter().find(is_rsa).copied(),
                    _ => Some(usual(spec)),
                };
                let signing = signing.ok_or(Error::Unsupported)?;
                sign::sign(self.seat, key, signing, Input::Message(PLAIN))?;
                Ok(key.public.to_vec())
            }
            spec => {
                let is_wrapping =
                    |own: &Cipher| matches!(own, Cipher::AesKeyWrap | Cipher::AesKeyWrapPadded);
                let mut ciphers = self.found.cipher.iter();
                let cipher = ciphers
                    .find(|own| cipher::fits(spec, own) && !is_wrapping(own))
                    .ok_or(Error::Unsupported)?;
                let input = Encryption {
                    iv: cipher.iv_bytes().and_then(|bytes| IV.get(..bytes)),
                    associated: &[],
                    plain: PLAIN,
                };
                Ok(cipher::encrypt(self.seat, key, &self.settings, cipher, input)?.data)
            }
        }
    }
}

/// A pair made in software, for trials.
pub(super) type Pair = (Material, Option<Vec<u8>>);
