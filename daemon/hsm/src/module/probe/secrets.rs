//! What a module can do with secret keys.

use cryptoki::object::ObjectHandle;
use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, Hash, KeySpec, Mac, Padding},
};

use super::{PLAIN, Probe, named};
use crate::{
    Decryption, Encryption, Material,
    module::{cipher, error::Result, mechanism, seat::Loaded, sign},
    soft::PlainKey,
};

impl Probe<'_> {
    pub(super) fn aes(&mut self) -> Result<()> {
        let crypting = Usage::Encrypt | Usage::Decrypt;
        for bits in [128, 192, 256] {
            self.made_and_taken(KeySpec::Aes { bits }, crypting, ck::CKM_AES_KEY_GEN)?;
        }
        let mut ciphers = vec![Cipher::AesCtr];
        ciphers.extend(PADDINGS.map(Cipher::AesEcb));
        ciphers.extend(PADDINGS.map(Cipher::AesCbc));
        ciphers.extend([4, 8, 12, 13, 14, 15, 16].map(|tag_bytes| Cipher::AesGcm { tag_bytes }));
        let spec = KeySpec::Aes { bits: 256 };
        self.ciphers(spec, crypting, &ciphers)?;
        self.paddings();
        self.cmac(spec, Mac::AesCmac)?;

        let wrapping = Usage::WrapKey | Usage::UnwrapKey;
        self.ciphers(spec, wrapping, &[Cipher::AesKeyWrap])?;
        let padded = [ck::CKM_AES_KEY_WRAP_KWP, ck::CKM_AES_KEY_WRAP_PAD];
        for number in padded {
            self.settings.wrap_padded = number;
            self.ciphers(spec, wrapping, &[Cipher::AesKeyWrapPadded])?;
            if self.found.cipher.contains(&Cipher::AesKeyWrapPadded) {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn triple_des(&mut self) -> Result<()> {
        let crypting = Usage::Encrypt | Usage::Decrypt;
        let spec = KeySpec::TripleDes { bits: 168 };
        self.made_and_taken(spec, crypting, ck::CKM_DES3_KEY_GEN)?;
        let mut ciphers = Vec::from(PADDINGS.map(Cipher::TripleDesEcb));
        ciphers.extend(PADDINGS.map(Cipher::TripleDesCbc));
        self.ciphers(spec, crypting, &ciphers)?;
        self.paddings();
        self.cmac(spec, Mac::TripleDesCmac)
    }

    /// Lists a kind of key where it is generated and where it is taken over.
    fn made_and_taken(
        &mut self,
        spec: KeySpec,
        usage: Usage,
        number: ck::CK_MECHANISM_TYPE,
    ) -> Result<()> {
        if let Some(handle) = self.makes(spec, usage, number)? {
            self.found.generate.push(spec);
            self.discard(handle);
        }
        if let Some(handle) = self.takes(&known(spec), usage)? {
            self.found.import.push(spec);
            self.discard(handle);
        }
        Ok(())
    }

    /// Every padding is put on and taken off here, so the mode without one proves the module's part in all. Those of
    /// random bytes could not be compared besides.
    fn paddings(&mut self) {
        let modes: [fn(Padding) -> Cipher; 4] = [
            Cipher::AesEcb,
            Cipher::AesCbc,
            Cipher::TripleDesEcb,
            Cipher::TripleDesCbc,
        ];
        for mode in modes {
            if !self.found.cipher.contains(&mode(Padding::None)) {
                continue;
            }
            for padding in Padding::ALL.iter().copied() {
                if !self.found.cipher.contains(&mode(padding)) {
                    self.found.cipher.push(mode(padding));
                }
            }
        }
    }

    /// Lists a MAC of a cipher's key that comes out as software makes it.
    fn cmac(&mut self, spec: KeySpec, mac: Mac) -> Result<()> {
        let Some(number) = mechanism::mac_number(mac) else {
            return Ok(());
        };
        let material = known(spec);
        let Some(handle) = self.takes(&material, Usage::MACGenerate)? else {
            return Ok(());
        };
        if self.macs(handle, &material, mac, number)? {
            self.found.mac.push(mac);
        }
        self.discard(handle);
        Ok(())
    }

    /// Whether a MAC of a known key comes out as software makes it.
    fn macs(
        &mut self,
        handle: ObjectHandle,
        material: &Material,
        mac: Mac,
        number: ck::CK_MECHANISM_TYPE,
    ) -> Result<bool> {
        let expected = PlainKey::from_material(material)?.mac(mac, PLAIN)?;
        let key = Loaded::secret(handle, material.spec());
        self.tries(format!("mac {mac}"), number, |own| {
            Ok(sign::mac(own.seat, &key, mac, PLAIN)? == expected)
        })
    }

    /// Lists those ciphers that encrypt as software does and decrypt again.
    fn ciphers(&mut self, spec: KeySpec, usage: Usage, ciphers: &[Cipher]) -> Result<()> {
        let material = known(spec);
        let generation = match spec {
            KeySpec::TripleDes { .. } => ck::CKM_DES3_KEY_GEN,
            _ => ck::CKM_AES_KEY_GEN,
        };
        let (handle, model) = match self.takes(&material, usage)? {
            Some(handle) => (handle, Some(PlainKey::from_material(&material)?)),
            // A module that takes no keys is believed when it decrypts what it encrypted.
            None => match self.makes(spec, usage, generation)? {
                Some(handle) => (handle, None),
                None => return Ok(()),
            },
        };
        let key = Loaded::secret(handle, spec);
        for cipher in ciphers {
            let works = self.tries(named(cipher), self.number(cipher), |own| {
                for plain in plains(cipher) {
                    if !own.crypts(&key, model.as_ref(), cipher, plain)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            })?;
            if works {
                self.found.cipher.push(cipher.clone());
            }
        }
        self.discard(handle);
        Ok(())
    }

    fn crypts(
        &self,
        key: &Loaded,
        model: Option<&PlainKey>,
        cipher: &Cipher,
        plain: &[u8],
    ) -> Result<bool> {
        let iv = cipher.iv_bytes().and_then(|bytes| IV.get(..bytes));
        let associated: &[u8] = match cipher {
            Cipher::AesGcm { .. } => b"associated",
            _ => b"",
        };
        let input = Encryption {
            iv,
            associated,
            plain,
        };
        // A short tag is only ever checked: it is the beginning of a whole one.
        let whole = Cipher::AesGcm { tag_bytes: 16 };
        let (making, tag_bytes) = match cipher {
            Cipher::AesGcm { tag_bytes } if *tag_bytes < 12 => (&whole, usize::from(*tag_bytes)),
            other => (other, usize::MAX),
        };
        let mut made = cipher::encrypt(self.seat, key, &self.settings, making, input)?;
        if let Some(model) = model
            && model.encrypt(making, input)? != made
        {
            return Ok(false);
        }
        if let Some(tag) = &mut made.tag {
            tag.truncate(tag_bytes);
        }
        let back = cipher::decrypt(
            self.seat,
            key,
            &self.settings,
            cipher,
            Decryption {
                iv,
                associated,
                tag: made.tag.as_deref(),
                data: &made.data,
            },
        )?;
        Ok(back.expose() == plain)
    }

    pub(super) fn hmac(&mut self) -> Result<()> {
        for hash in Hash::ALL.iter().copied() {
            let mac = Mac::Hmac(hash);
            let Some(number) = mechanism::mac_number(mac) else {
                continue;
            };
            if let Some(refusal) = self.notes.refusal(number) {
                self.notes.add(format!("mac {mac}"), number, refusal);
                continue;
            }
            let bits = u16::try_from(hash.digest_bytes() * 8).unwrap_or(u16::MAX);
            let spec = KeySpec::Hmac { hash, bits };
            let material = known(spec);
            let mut works = false;
            if let Some(handle) = self.takes(&material, Usage::MACGenerate)? {
                works = self.macs(handle, &material, mac, number)?;
                self.discard(handle);
                if works {
                    self.found.import.push(spec);
                } else {
                    continue;
                }
            }
            let generation = ck::CKM_GENERIC_SECRET_KEY_GEN;
            if let Some(handle) = self.makes(spec, Usage::MACGenerate, generation)? {
                let key = Loaded::secret(handle, spec);
                let what = format!("mac {mac} with a key of the module");
                let makes = self.tries(what, number, |own| {
                    sign::mac(own.seat, &key, mac, PLAIN).map(|_| true)
                })?;
                if makes {
                    self.found.generate.push(spec);
                    works = true;
                }
                self.discard(handle);
            }
            if works {
                self.found.mac.push(mac);
            }
        }
        Ok(())
    }

    /// The mechanism of a cipher.
    const fn number(&self, cipher: &Cipher) -> ck::CK_MECHANISM_TYPE {
        match cipher {
            Cipher::AesEcb(_) => ck::CKM_AES_ECB,
            Cipher::AesCbc(_) => ck::CKM_AES_CBC,
            Cipher::AesCtr => ck::CKM_AES_CTR,
            Cipher::AesGcm { .. } => ck::CKM_AES_GCM,
            Cipher::AesKeyWrap => ck::CKM_AES_KEY_WRAP,
            Cipher::AesKeyWrapPadded => self.settings.wrap_padded,
            Cipher::TripleDesEcb(_) => ck::CKM_DES3_ECB,
            Cipher::TripleDesCbc(_) => ck::CKM_DES3_CBC,
            // Not asked of modules.
            _ => ck::CKM_VENDOR_DEFINED,
        }
    }
}

/// What a cipher is tried with. SoftHSM2's key wrap with padding gives the padding back with the key, so that one is
/// tried with lengths that need some.
fn plains(cipher: &Cipher) -> &'static [&'static [u8]] {
    match cipher {
        Cipher::AesKeyWrapPadded => &[PLAIN, b"\x01", b"twenty bytes, padded"],
        _ => &[PLAIN],
    }
}

/// A secret key for trials, which protects nothing.
pub(super) fn known(spec: KeySpec) -> Material {
    let bytes = (1..).take(spec.secret_bytes()).collect::<Vec<u8>>();
    Material::Secret {
        spec,
        bytes: Secret::new(bytes),
    }
}

/// The paddings that can be compared with what software makes.
const PADDINGS: [Padding; 2] = [Padding::None, Padding::Pkcs5];
pub(super) const IV: &[u8] = b"one block of IV.";
