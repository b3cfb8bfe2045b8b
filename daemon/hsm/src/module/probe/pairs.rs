//! What a module can do with key pairs.

use cryptoki::{object::ObjectHandle, slot::Slot};
use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Usage,
    mechanism::{Cipher, Curve, CurveForm, Hash, KeySpec, Signing},
};

use super::{PLAIN, Probe, able};
use crate::{
    Decryption, Input,
    module::{cipher, error::Result, make, seat::Loaded, sign, template::Home},
    public,
    soft::PlainKey,
};

impl Probe<'_> {
    pub(super) fn rsa(&mut self, slot: Slot) -> Result<()> {
        let sizes = [2048, 3072, 4096].map(|bits| KeySpec::Rsa { bits });
        if self.has(ck::CKM_RSA_PKCS_KEY_PAIR_GEN) {
            let raw = &self.seat.library.raw;
            let info = raw.mechanism_info(slot, ck::CKM_RSA_PKCS_KEY_PAIR_GEN)?;
            let range = info.ulMinKeySize..=info.ulMaxKeySize;
            let fitting = sizes
                .iter()
                .filter(|spec| range.contains(&ck::CK_ULONG::from(spec.bits())));
            self.found.generate.extend(fitting);
        }
        let spec = KeySpec::Rsa { bits: 2048 };
        let usage = Usage::Sign | Usage::Decrypt;
        let (material, public) = PlainKey::generate(spec)?;
        let taken = self.takes(&material, usage)?;
        let (handle, public) = match (taken, public) {
            (Some(handle), Some(public)) => {
                self.found.import.extend(sizes);
                (handle, public)
            }
            _ => match able(make::pair(self.seat, spec, usage, Home::Session))? {
                Some(made) => made,
                None => return Ok(()),
            },
        };
        let key = Loaded::private(handle, spec, &public);
        self.rsa_signatures(&key)?;
        self.rsa_ciphers(&key, &public)?;
        self.discard(handle);
        Ok(())
    }

    fn rsa_signatures(&mut self, key: &Loaded) -> Result<()> {
        let mut mechanisms = Vec::new();
        if self.has(ck::CKM_RSA_PKCS) {
            mechanisms.push(Signing::RsaPkcs1(None));
            mechanisms.extend(Hash::ALL.iter().map(|&hash| Signing::RsaPkcs1(Some(hash))));
        }
        if self.has(ck::CKM_RSA_PKCS_PSS) {
            mechanisms.extend(mask_pairs().map(|(hash, mask_hash)| Signing::RsaPss {
                hash,
                mask_hash,
                salt_bytes: u16::try_from(hash.digest_bytes()).unwrap_or(0),
            }));
        }
        for signing in mechanisms {
            let input = match signing {
                Signing::RsaPkcs1(None) => Input::Digest(PLAIN),
                _ => Input::Message(PLAIN),
            };
            // A signature is verified before it comes back.
            if able(sign::sign(self.seat, key, signing, input))?.is_some() {
                self.found.sign.push(signing);
            }
        }
        Ok(())
    }

    fn rsa_ciphers(&mut self, key: &Loaded, public: &[u8]) -> Result<()> {
        self.settings.raw_rsa = self.has(ck::CKM_RSA_X_509);
        if self.settings.raw_rsa {
            // Every padding is taken off here, so one proves the module's part in all.
            let pairs = Hash::ALL.iter().flat_map(|&hash| {
                let masks = Hash::ALL.iter().copied();
                masks.map(move |mask_hash| (hash, mask_hash))
            });
            if self.decrypts(key, public, &oaep((Hash::Sha256, Hash::Sha256)))? {
                self.found.cipher.extend(pairs.map(oaep));
            }
            if self.decrypts(key, public, &Cipher::RsaPkcs1)? {
                self.found.cipher.push(Cipher::RsaPkcs1);
            }
        } else if self.has(ck::CKM_RSA_PKCS_OAEP) {
            for cipher in mask_pairs().map(oaep) {
                if self.decrypts(key, public, &cipher)? {
                    self.found.cipher.push(cipher);
                }
            }
        }
        Ok(())
    }

    fn decrypts(&self, key: &Loaded, public: &[u8], cipher: &Cipher) -> Result<bool> {
        let made = public::encrypt(public, cipher, PLAIN)?;
        let input = Decryption {
            iv: None,
            associated: &[],
            tag: None,
            data: &made,
        };
        let plain = able(cipher::decrypt(
            self.seat,
            key,
            &self.settings,
            cipher,
            input,
        ))?;
        Ok(plain.is_some_and(|plain| plain.expose() == PLAIN))
    }

    pub(super) fn curve(&mut self, curve: Curve) -> Result<()> {
        let spec = KeySpec::Ec(curve);
        let (generation, number) = match curve.form() {
            CurveForm::Edwards => (ck::CKM_EC_EDWARDS_KEY_PAIR_GEN, ck::CKM_EDDSA),
            CurveForm::Weierstrass => (ck::CKM_EC_KEY_PAIR_GEN, ck::CKM_ECDSA),
            // These agree on secrets only, which locked keys of a module do not do yet.
            CurveForm::Montgomery => return Ok(()),
        };
        if !self.has(number) {
            return Ok(());
        }
        let mut works = false;
        if self.has(generation)
            && let Some((handle, public)) =
                able(make::pair(self.seat, spec, Usage::Sign, Home::Session))?
        {
            if self.signs(handle, spec, &public)? {
                self.found.generate.push(spec);
                works = true;
            }
            self.discard(handle);
        }
        let (material, public) = PlainKey::generate(spec)?;
        if let Some(handle) = self.takes(&material, Usage::Sign)? {
            if self.signs(handle, spec, &public.unwrap_or_default())? {
                self.found.import.push(spec);
                works = true;
            }
            self.discard(handle);
        }
        if works && curve.is_edwards() && !self.found.sign.contains(&Signing::Eddsa) {
            self.found.sign.push(Signing::Eddsa);
        } else if works
            && curve.is_weierstrass()
            && !self.found.sign.contains(&Signing::Ecdsa(None))
        {
            // The module sees digests only, so every hash function goes with every curve.
            self.found.sign.push(Signing::Ecdsa(None));
            let hashes = Hash::ALL.iter().map(|&hash| Signing::Ecdsa(Some(hash)));
            self.found.sign.extend(hashes);
        }
        Ok(())
    }

    fn signs(&self, handle: ObjectHandle, spec: KeySpec, public: &[u8]) -> Result<bool> {
        let signing = match spec {
            KeySpec::Ec(curve) if curve.is_edwards() => Signing::Eddsa,
            _ => Signing::Ecdsa(Some(Hash::Sha256)),
        };
        let key = Loaded::private(handle, spec, public);
        let input = Input::Message(PLAIN);
        Ok(able(sign::sign(self.seat, &key, signing, input))?.is_some())
    }
}

/// Hash and mask hash as they occur: the same, or the mask's default of SHA-1.
fn mask_pairs() -> impl Iterator<Item = (Hash, Hash)> {
    let same = Hash::ALL.iter().map(|&hash| (hash, hash));
    let default = Hash::ALL.iter().map(|&hash| (hash, Hash::Sha1));
    same.chain(default.skip(1))
}

const fn oaep((hash, mask_hash): (Hash, Hash)) -> Cipher {
    Cipher::RsaOaep {
        hash,
        mask_hash,
        label: Vec::new(),
    }
}
