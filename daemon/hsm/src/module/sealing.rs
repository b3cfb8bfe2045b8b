//! Data at rest sealed under keys that live in the token and nowhere else.
//!
//! ```text
//! method (1) | name of the key (8) | IV (12) | tag (16) | AES-256-GCM ciphertext
//! method (2) | name of the key (8) | IV (16) | tag (32) | AES-256-CBC ciphertext, HMAC-SHA-256 over all before and the label
//! ```
//!
//! The name of the key is as in `own`.

use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, Hash, KeySpec, Mac, Padding},
};

use super::{
    cipher::{self, Settings},
    error::Result,
    make,
    own::{self, Name},
    random,
    reference::{LockedKey, OWN_ID_PREFIX, TokenKey},
    seat::Seat,
    session::Pool,
    sign,
    template::Home,
};
use crate::{Capabilities, Decryption, Encryption, Error, Sealed};

/// The sealing key of a token, and how it seals.
pub(super) struct Sealing {
    name: Name,
    method: Method,
}

/// How data is sealed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Gcm = 1,
    CbcThenHmac = 2,
}

impl Sealing {
    /// Finds the token's sealing key, or makes it on first use.
    pub(super) fn establish(seat: &Seat, method: Method) -> Result<Self> {
        let name = own::establish(seat, LABEL, |seat, name| create(seat, method, name))?;
        if method == Method::CbcThenHmac && seat.find(&mac_key(&mac_id(name)).search())?.is_empty()
        {
            create_mac_key(seat, name)?;
        }
        Ok(Self { name, method })
    }

    /// The CKA_ID of the key, which must be found wherever the token is.
    pub(super) fn id(&self) -> Vec<u8> {
        own::id(self.name)
    }

    /// Seals data, bound to a label.
    pub(super) fn seal(
        &self,
        pool: &Pool,
        settings: &Settings,
        plain: &Secret,
        label: &[u8],
    ) -> crate::Result<Sealed> {
        let mut out = vec![self.method as u8];
        out.extend(self.name);
        match self.method {
            Method::Gcm => {
                let iv = random(GCM_IV_BYTES)?;
                let made = self.encrypt(
                    pool,
                    settings,
                    &GCM,
                    Encryption {
                        iv: Some(&iv),
                        associated: &bound(&out, label),
                        plain: plain.expose(),
                    },
                )?;
                out.extend(iv);
                out.extend(made.tag.unwrap_or_default());
                out.extend(made.data);
            }
            Method::CbcThenHmac => {
                let iv = random(CBC_IV_BYTES)?;
                let made = self.encrypt(
                    pool,
                    settings,
                    &CBC,
                    Encryption {
                        iv: Some(&iv),
                        associated: &[],
                        plain: plain.expose(),
                    },
                )?;
                let tag = mac(pool, self.name, &bound(&out, label), &iv, &made.data)?;
                out.extend(iv);
                out.extend(tag);
                out.extend(made.data);
            }
        }
        Ok(Sealed(out))
    }

    fn encrypt(
        &self,
        pool: &Pool,
        settings: &Settings,
        cipher: &Cipher,
        input: Encryption<'_>,
    ) -> crate::Result<crate::Encrypted> {
        let id = own::id(self.name);
        pool.run(|seat| {
            seat.with_key(LockedKey::Token(own::aes(&id)), |seat, key| {
                cipher::encrypt(seat, key, settings, cipher, input)
            })
        })
    }

    /// A secret of this token for the purpose named, the same for every daemon that uses the token.
    ///
    /// It is two blocks under the sealing key, whichever mode computes them. They cannot be counter blocks of GCM with
    /// a 12-byte IV, which end in small numbers, nor what CBC with a random IV comes upon.
    pub(super) fn derived(
        &self,
        pool: &Pool,
        settings: &Settings,
        capabilities: &Capabilities,
        purpose: &[u8; 4],
    ) -> crate::Result<Secret> {
        let modes = [
            Cipher::AesEcb(Padding::None),
            Cipher::AesCbc(Padding::None),
            Cipher::AesCtr,
        ];
        let cipher = modes
            .into_iter()
            .find(|mode| capabilities.cipher.contains(mode))
            .ok_or_else(|| {
                let text = "the module has none of AES-ECB, AES-CBC and AES-CTR";
                Error::Unavailable(text.into())
            })?;
        let mut secret = zeroize::Zeroizing::new(Vec::with_capacity(32));
        for last in [0xfe, 0xff] {
            let mut block = *b"keyhold-....\xff\xff\xff\xff";
            if let Some((_, rest)) = block.split_first_chunk_mut::<8>()
                && let Some((name, counter)) = rest.split_first_chunk_mut::<4>()
            {
                *name = *purpose;
                counter.fill(last);
            }
            let (iv, plain) = match cipher {
                Cipher::AesCtr => (Some(block), [0; 16]),
                Cipher::AesCbc(_) => (Some([0; 16]), block),
                _ => (None, block),
            };
            let input = Encryption {
                iv: iv.as_ref().map(<[u8; 16]>::as_slice),
                associated: &[],
                plain: &plain,
            };
            secret.extend(self.encrypt(pool, settings, &cipher, input)?.data);
        }
        Ok(Secret::new(std::mem::take(&mut *secret)))
    }
}

/// Opens sealed data under the key it names.
pub(super) fn open(
    pool: &Pool,
    settings: &Settings,
    sealed: &[u8],
    label: &[u8],
) -> crate::Result<Secret> {
    let (header, body) = sealed.split_first_chunk::<9>().ok_or(Error::Corrupt)?;
    let [method, name @ ..] = *header;
    let bound = bound(header, label);
    let id = own::id(name);
    let decrypt = |cipher: &Cipher, input: Decryption<'_>| {
        pool.run(|seat| {
            seat.with_key(LockedKey::Token(own::aes(&id)), |seat, key| {
                cipher::decrypt(seat, key, settings, cipher, input)
            })
        })
        .map_err(as_corrupt)
    };
    if method == Method::Gcm as u8 {
        let (iv, rest) = split(body, GCM_IV_BYTES)?;
        let (tag, data) = split(rest, 16)?;
        return decrypt(
            &GCM,
            Decryption {
                iv: Some(iv),
                associated: &bound,
                tag: Some(tag),
                data,
            },
        );
    }
    if method != Method::CbcThenHmac as u8 {
        return Err(Error::Corrupt);
    }
    let (iv, rest) = split(body, CBC_IV_BYTES)?;
    let (tag, data) = split(rest, 32)?;
    let expected = mac(pool, name, &bound, iv, data).map_err(as_corrupt)?;
    if !openssl::memcmp::eq(&expected, tag) {
        return Err(Error::Corrupt);
    }
    decrypt(
        &CBC,
        Decryption {
            iv: Some(iv),
            associated: &[],
            tag: None,
            data,
        },
    )
}

/// How this module can seal: authenticated at least.
pub(super) fn method(capabilities: &Capabilities) -> crate::Result<Method> {
    let has = |cipher| capabilities.cipher.contains(&cipher);
    if has(Cipher::AesGcm { tag_bytes: 16 }) {
        Ok(Method::Gcm)
    } else if has(Cipher::AesCbc(Padding::Pkcs5))
        && capabilities.mac.contains(&Mac::Hmac(Hash::Sha256))
    {
        Ok(Method::CbcThenHmac)
    } else {
        Err(Error::Unavailable(format!(
            "{} has neither AES-GCM nor AES-CBC with HMAC-SHA-256, one of which must protect the store",
            capabilities.description
        )))
    }
}

/// A blob that does not open, or names a key that never was, is a changed blob; a lost token is not.
fn as_corrupt(error: Error) -> Error {
    match error {
        Error::Failed(_) | Error::BadInput(_) | Error::KeyNotFound => Error::Corrupt,
        other => other,
    }
}

fn mac(pool: &Pool, name: Name, bound: &[u8], iv: &[u8], data: &[u8]) -> crate::Result<Vec<u8>> {
    let message = [bound, iv, data].concat();
    let id = mac_id(name);
    let key = mac_key(&id);
    pool.run(|seat| {
        seat.with_key(LockedKey::Token(key), |seat, loaded| {
            sign::mac(seat, loaded, Mac::Hmac(Hash::Sha256), &message)
        })
    })
}

/// What a seal is bound to: its header and the label, whose length keeps it apart from what follows.
fn bound(header: &[u8], label: &[u8]) -> Vec<u8> {
    let len = u64::try_from(label.len()).unwrap_or(u64::MAX);
    [header, &len.to_be_bytes(), label].concat()
}

fn split(bytes: &[u8], at: usize) -> crate::Result<(&[u8], &[u8])> {
    bytes.split_at_checked(at).ok_or(Error::Corrupt)
}

fn create(seat: &Seat, method: Method, name: Name) -> Result<()> {
    if method == Method::CbcThenHmac {
        // First, so that a key to encrypt with never stands there without its companion.
        create_mac_key(seat, name)?;
    }
    let usage = Usage::Encrypt | Usage::Decrypt;
    let id = own::id(name);
    make::secret(seat, own::aes(&id).spec, usage, home(&id)).map(drop)
}

fn create_mac_key(seat: &Seat, name: Name) -> Result<()> {
    let id = mac_id(name);
    make::secret(seat, mac_key(&id).spec, Usage::MACGenerate, home(&id))?;
    Ok(())
}

fn home(id: &[u8]) -> Home<'_> {
    Home::Token { id, label: LABEL }
}

const fn mac_key(id: &[u8]) -> TokenKey<'_> {
    let spec = KeySpec::Hmac {
        hash: Hash::Sha256,
        bits: 256,
    };
    TokenKey::of(spec, id)
}

fn mac_id(name: Name) -> Vec<u8> {
    [OWN_ID_PREFIX, &name, b"/mac"].concat()
}

const LABEL: &str = "keyhold-sealing";
const GCM: Cipher = Cipher::AesGcm { tag_bytes: 16 };
const CBC: Cipher = Cipher::AesCbc(Padding::Pkcs5);
const GCM_IV_BYTES: usize = 12;
const CBC_IV_BYTES: usize = 16;
