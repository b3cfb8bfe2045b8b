//! What a module can do, found out by doing it once with keys of the session.
//!
//! Mechanism lists promise what modules refuse in the next call (a hash of OAEP, a curve, an order of parameters), so
//! nothing is listed that did not just give the right answer.

mod pairs;

use cryptoki::object::ObjectHandle;
use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Padding},
};

use super::{
    cipher::{self, Settings},
    error::{Cure, Result},
    make, mechanism, random,
    seat::{Loaded, Seat},
    sign,
    template::Home,
};
use crate::{Capabilities, Decryption, Encryption, Material, soft::PlainKey};

/// A look at a module through one session.
pub(super) struct Probe<'a> {
    seat: &'a Seat,
    /// The mechanisms of the slot, less those that are not to be used.
    mechanisms: Vec<ck::CK_MECHANISM_TYPE>,
    found: Capabilities,
    settings: Settings,
}

impl<'a> Probe<'a> {
    /// Tries everything.
    pub(super) fn run(
        seat: &'a Seat,
        disabled: &[ck::CK_MECHANISM_TYPE],
    ) -> Result<(Capabilities, Settings)> {
        let slot = seat.session.get_session_info()?.slot_id();
        let mut mechanisms = seat.library.raw.mechanisms(slot)?;
        mechanisms.retain(|number| !disabled.contains(number));
        let info = seat.library.module.get_token_info(slot)?;
        let firmware = info.firmware_version();
        let mut probe = Self {
            seat,
            mechanisms,
            found: Capabilities {
                description: format!(
                    "{} {}, firmware {}.{}, token \"{}\" (serial {})",
                    info.manufacturer_id(),
                    info.model(),
                    firmware.major(),
                    firmware.minor(),
                    info.label(),
                    info.serial_number()
                ),
                ..Capabilities::default()
            },
            settings: Settings {
                wrap_padded: ck::CKM_AES_KEY_WRAP_KWP,
                raw_rsa: false,
                rejection: Secret::new(random(32)?),
            },
        };
        probe.aes()?;
        probe.triple_des()?;
        probe.hmac()?;
        probe.rsa(slot)?;
        for curve in Curve::ALL {
            probe.curve(*curve)?;
        }
        Ok((probe.found, probe.settings))
    }

    fn has(&self, number: ck::CK_MECHANISM_TYPE) -> bool {
        self.mechanisms.contains(&number)
    }

    fn aes(&mut self) -> Result<()> {
        let crypting = Usage::Encrypt | Usage::Decrypt;
        for bits in [128, 192, 256] {
            let spec = KeySpec::Aes { bits };
            if self.has(ck::CKM_AES_KEY_GEN) && self.makes(spec, crypting)?.is_some() {
                self.found.generate.push(spec);
            }
            if self.takes(&known(spec), crypting)?.is_some() {
                self.found.import.push(spec);
            }
        }
        let mut ciphers = vec![Cipher::AesCtr];
        ciphers.extend(PADDINGS.map(Cipher::AesEcb));
        ciphers.extend(PADDINGS.map(Cipher::AesCbc));
        ciphers.extend([4, 8, 12, 13, 14, 15, 16].map(|tag_bytes| Cipher::AesGcm { tag_bytes }));
        let spec = KeySpec::Aes { bits: 256 };
        self.ciphers(spec, crypting, &ciphers)?;
        self.paddings();
        self.mac(spec, Mac::AesCmac)?;

        let wrapping = Usage::WrapKey | Usage::UnwrapKey;
        self.ciphers(spec, wrapping, &[Cipher::AesKeyWrap])?;
        for number in [ck::CKM_AES_KEY_WRAP_KWP, ck::CKM_AES_KEY_WRAP_PAD] {
            self.settings.wrap_padded = number;
            if self.has(number) && !self.found.cipher.contains(&Cipher::AesKeyWrapPadded) {
                self.ciphers(spec, wrapping, &[Cipher::AesKeyWrapPadded])?;
            }
            if self.found.cipher.contains(&Cipher::AesKeyWrapPadded) {
                break;
            }
        }
        Ok(())
    }

    fn triple_des(&mut self) -> Result<()> {
        let crypting = Usage::Encrypt | Usage::Decrypt;
        let spec = KeySpec::TripleDes { bits: 168 };
        if self.has(ck::CKM_DES3_KEY_GEN) && self.makes(spec, crypting)?.is_some() {
            self.found.generate.push(spec);
        }
        if self.takes(&known(spec), crypting)?.is_some() {
            self.found.import.push(spec);
        }
        let mut ciphers = Vec::from(PADDINGS.map(Cipher::TripleDesEcb));
        ciphers.extend(PADDINGS.map(Cipher::TripleDesCbc));
        self.ciphers(spec, crypting, &ciphers)?;
        self.paddings();
        self.mac(spec, Mac::TripleDesCmac)
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
    fn mac(&mut self, spec: KeySpec, mac: Mac) -> Result<()> {
        let is_there = mechanism::mac_number(mac).is_some_and(|number| self.has(number));
        let material = known(spec);
        if is_there && let Some(handle) = self.takes(&material, Usage::MACGenerate)? {
            let expected = PlainKey::from_material(&material)?.mac(mac, PLAIN)?;
            let key = Loaded::secret(handle, spec);
            if able(sign::mac(self.seat, &key, mac, PLAIN))? == Some(expected) {
                self.found.mac.push(mac);
            }
            self.discard(handle);
        }
        Ok(())
    }

    /// Lists those ciphers that encrypt as software does and decrypt again.
    fn ciphers(&mut self, spec: KeySpec, usage: Usage, ciphers: &[Cipher]) -> Result<()> {
        let material = known(spec);
        let (handle, model) = match self.takes(&material, usage)? {
            Some(handle) => (handle, Some(PlainKey::from_material(&material)?)),
            // A module that takes no keys is believed when it decrypts what it encrypted.
            None => match self.makes(spec, usage)? {
                Some(handle) => (handle, None),
                None => return Ok(()),
            },
        };
        let key = Loaded::secret(handle, spec);
        for cipher in ciphers {
            let able = self.has(self.number(cipher)) && {
                let mut works = true;
                for plain in plains(cipher) {
                    let outcome = self.crypts(&key, model.as_ref(), cipher, plain);
                    works &= able(outcome)?.unwrap_or(false);
                }
                works
            };
            if able {
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

    fn hmac(&mut self) -> Result<()> {
        for hash in Hash::ALL.iter().copied() {
            let mac = Mac::Hmac(hash);
            if !mechanism::mac_number(mac).is_some_and(|number| self.has(number)) {
                continue;
            }
            let bits = u16::try_from(hash.digest_bytes() * 8).unwrap_or(u16::MAX);
            let spec = KeySpec::Hmac { hash, bits };
            let material = known(spec);
            let expected = PlainKey::from_material(&material)?.mac(mac, PLAIN)?;
            let mut works = false;
            if let Some(handle) = self.takes(&material, Usage::MACGenerate)? {
                let key = Loaded::secret(handle, spec);
                let made = able(sign::mac(self.seat, &key, mac, PLAIN))?;
                works = made == Some(expected);
                if works {
                    self.found.import.push(spec);
                }
                self.discard(handle);
            }
            if self.has(ck::CKM_GENERIC_SECRET_KEY_GEN)
                && let Some(handle) = self.makes(spec, Usage::MACGenerate)?
            {
                let key = Loaded::secret(handle, spec);
                if able(sign::mac(self.seat, &key, mac, PLAIN))?.is_some() {
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
    fn number(&self, cipher: &Cipher) -> ck::CK_MECHANISM_TYPE {
        match cipher {
            Cipher::AesEcb(_) => ck::CKM_AES_ECB,
            Cipher::AesCbc(_) => ck::CKM_AES_CBC,
            Cipher::AesCtr => ck::CKM_AES_CTR,
            Cipher::AesGcm { .. } => ck::CKM_AES_GCM,
            Cipher::AesKeyWrap => ck::CKM_AES_KEY_WRAP,
            Cipher::AesKeyWrapPadded => self.settings.wrap_padded,
            Cipher::TripleDesEcb(_) => ck::CKM_DES3_ECB,
            Cipher::TripleDesCbc(_) => ck::CKM_DES3_CBC,
            Cipher::RsaPkcs1 | Cipher::RsaOaep { .. } => ck::CKM_RSA_X_509,
            // Not asked of modules.
            _ => ck::CKM_VENDOR_DEFINED,
        }
    }

    fn makes(&self, spec: KeySpec, usage: Usage) -> Result<Option<ObjectHandle>> {
        able(make::secret(self.seat, spec, usage, Home::Session))
    }

    fn takes(&self, material: &Material, usage: Usage) -> Result<Option<ObjectHandle>> {
        able(make::import(self.seat, material, usage, Home::Session))
    }

    /// A trial key that stays is gone with the session.
    fn discard(&self, handle: ObjectHandle) {
        drop(self.seat.session.destroy_object(handle));
    }
}

/// The answer of a module that can; `None` from one that cannot; a lost token is neither.
fn able<T>(outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if fault.cure == Cure::Reconnect => Err(fault),
        Err(_) => Ok(None),
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
fn known(spec: KeySpec) -> Material {
    let bytes = (1..).take(spec.secret_bytes()).collect::<Vec<u8>>();
    Material::Secret {
        spec,
        bytes: Secret::new(bytes),
    }
}

/// The paddings that can be compared with what software makes.
const PADDINGS: [Padding; 2] = [Padding::None, Padding::Pkcs5];
const PLAIN: &[u8] = b"thirty-two bytes for every mode.";
const IV: &[u8] = b"one block of IV.";
