//! What a module can do with key pairs.

use cryptoki::object::ObjectHandle;
use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Usage,
    mechanism::{Cipher, Curve, CurveForm, Hash, KeySpec, Signing},
};

use super::{PLAIN, Probe, named};
use crate::{
    Decryption, Input, Outcome,
    module::{
        cipher, error::Result, make, mechanism::mask_number, seat::Loaded, sign, template::Home,
    },
    public,
    soft::PlainKey,
};

impl Probe<'_> {
    pub(super) fn rsa(&mut self) -> Result<()> {
        let sizes = [2048, 3072, 4096].map(|bits| KeySpec::Rsa { bits });
        self.rsa_generation(&sizes);
        let spec = KeySpec::Rsa { bits: 2048 };
        let usage = Usage::Sign | Usage::Decrypt;
        let (material, public) = PlainKey::generate(spec)?;
        let taken = self.takes(&material, usage)?;
        self.rsa = Some((material, public.clone()));
        let (handle, public) = match (taken, public) {
            (Some(handle), Some(public)) => {
                self.found.import.extend(sizes);
                (handle, public)
            }
            _ => match self.makes_pair(spec, usage, ck::CKM_RSA_PKCS_KEY_PAIR_GEN)? {
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

    /// Lists the sizes that are claimed: to look for primes takes too long for a trial.
    fn rsa_generation(&mut self, sizes: &[KeySpec]) {
        let number = ck::CKM_RSA_PKCS_KEY_PAIR_GEN;
        for spec in sizes {
            let bits = u64::from(spec.bits());
            let claim = self.notes.claim(number);
            let fits = claim.is_none_or(|claim| (claim.least..=claim.most).contains(&bits));
            let outcome = match self.notes.refusal(number) {
                Some(refusal) => refusal,
                None if fits => Outcome::EachKey,
                None => Outcome::NotClaimed,
            };
            if outcome == Outcome::EachKey {
                self.found.generate.push(*spec);
            }
            self.notes.add(format!("generate {spec}"), number, outcome);
        }
    }

    fn rsa_signatures(&mut self, key: &Loaded) -> Result<()> {
        let mut mechanisms = vec![(Signing::RsaPkcs1(None), ck::CKM_RSA_PKCS)];
        let hashes = Hash::ALL.iter().map(|&hash| Signing::RsaPkcs1(Some(hash)));
        mechanisms.extend(hashes.map(|signing| (signing, ck::CKM_RSA_PKCS)));
        mechanisms.extend(mask_pairs().map(|(hash, mask_hash)| {
            let salt_bytes = u16::try_from(hash.digest_bytes()).unwrap_or(0);
            let signing = Signing::RsaPss {
                hash,
                mask_hash,
                salt_bytes,
            };
            (signing, ck::CKM_RSA_PKCS_PSS)
        }));
        for (signing, number) in mechanisms {
            let input = match signing {
                Signing::RsaPkcs1(None) => Input::Digest(PLAIN),
                _ => Input::Message(PLAIN),
            };
            let what = match signing {
                Signing::RsaPss {
                    hash, mask_hash, ..
                } if hash != mask_hash => format!("sign {signing}, mask {}", mask_hash.name()),
                _ => format!("sign {signing}"),
            };
            let works = self.tries(what, number, |own| {
                Ok(sign::made(own.seat, key, signing, input)?.is_some())
            })?;
            if works {
                self.found.sign.push(signing);
            }
        }
        Ok(())
    }

    fn rsa_ciphers(&mut self, key: &Loaded, public: &[u8]) -> Result<()> {
        self.settings.raw_rsa = self.notes.has(ck::CKM_RSA_X_509);
        if !self.settings.raw_rsa {
            for cipher in mask_pairs().map(oaep) {
                if self.decrypts(key, public, &cipher, ck::CKM_RSA_PKCS_OAEP)? {
                    self.found.cipher.push(cipher);
                }
            }
            return Ok(());
        }
        // Every padding is taken off here, so one proves the module's part in all.
        let pairs = Hash::ALL.iter().flat_map(|&hash| {
            let masks = Hash::ALL.iter().copied();
            masks.map(move |mask_hash| (hash, mask_hash))
        });
        let usual = oaep((Hash::Sha256, Hash::Sha256));
        if self.decrypts(key, public, &usual, ck::CKM_RSA_X_509)? {
            self.found.cipher.extend(pairs.map(oaep));
        }
        if self.decrypts(key, public, &Cipher::RsaPkcs1, ck::CKM_RSA_X_509)? {
            self.found.cipher.push(Cipher::RsaPkcs1);
        }
        Ok(())
    }

    fn decrypts(
        &mut self,
        key: &Loaded,
        public: &[u8],
        cipher: &Cipher,
        number: ck::CK_MECHANISM_TYPE,
    ) -> Result<bool> {
        let made = public::encrypt(public, cipher, PLAIN)?;
        let input = Decryption {
            iv: None,
            associated: &[],
            tag: None,
            data: &made,
        };
        self.tries(named(cipher), number, |own| {
            let plain = cipher::decrypt(own.seat, key, &own.settings, cipher, input)?;
            Ok(plain.expose() == PLAIN)
        })
    }

    pub(super) fn curve(&mut self, curve: Curve) -> Result<()> {
        let spec = KeySpec::Ec(curve);
        let (generation, number) = match curve.form() {
            CurveForm::Edwards => (ck::CKM_EC_EDWARDS_KEY_PAIR_GEN, ck::CKM_EDDSA),
            CurveForm::Weierstrass => (ck::CKM_EC_KEY_PAIR_GEN, ck::CKM_ECDSA),
            // These agree on secrets only, which locked keys of a module do not do yet.
            CurveForm::Montgomery => return Ok(()),
        };
        if let Some(refusal) = self.notes.refusal(number) {
            self.notes.add(format!("sign {spec}"), number, refusal);
            return Ok(());
        }
        let mut works = false;
        if let Some((handle, public)) = self.makes_pair(spec, Usage::Sign, generation)? {
            if self.signs(handle, spec, &public, number)? {
                self.found.generate.push(spec);
                works = true;
            }
            self.discard(handle);
        }
        let (material, public) = PlainKey::generate(spec)?;
        if let Some(handle) = self.takes(&material, Usage::Sign)? {
            if self.signs(handle, spec, &public.unwrap_or_default(), number)? {
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

    /// Generates a key pair, and notes whether that went well.
    fn makes_pair(
        &mut self,
        spec: KeySpec,
        usage: Usage,
        number: ck::CK_MECHANISM_TYPE,
    ) -> Result<Option<(ObjectHandle, Vec<u8>)>> {
        let mut made = None;
        self.tries(format!("generate {spec}"), number, |own| {
            made = Some(make::pair(own.seat, spec, usage, Home::Session)?);
            Ok(true)
        })?;
        Ok(made)
    }

    fn signs(
        &mut self,
        handle: ObjectHandle,
        spec: KeySpec,
        public: &[u8],
        number: ck::CK_MECHANISM_TYPE,
    ) -> Result<bool> {
        let signing = usual(spec);
        let key = Loaded::private(handle, spec, public);
        self.tries(format!("sign {spec}"), number, |own| {
            Ok(sign::made(own.seat, &key, signing, Input::Message(PLAIN))?.is_some())
        })
    }
}

/// The signature with which keys of a curve are tried.
pub(super) const fn usual(spec: KeySpec) -> Signing {
    match spec {
        KeySpec::Ec(curve) if curve.is_edwards() => Signing::Eddsa,
        _ => Signing::Ecdsa(Some(Hash::Sha256)),
    }
}

/// Hash and mask hash as they occur, where PKCS #11 can name them: the same, or the mask's default of SHA-1.
fn mask_pairs() -> impl Iterator<Item = (Hash, Hash)> {
    let same = Hash::ALL.iter().map(|&hash| (hash, hash));
    let default = Hash::ALL.iter().map(|&hash| (hash, Hash::Sha1));
    same.chain(default.skip(1))
        .filter(|(_, mask_hash)| mask_number(*mask_hash).is_some())
}

const fn oaep((hash, mask_hash): (Hash, Hash)) -> Cipher {
    Cipher::RsaOaep {
        hash,
        mask_hash,
        label: Vec::new(),
    }
}
