//! Keys in the clear: made, validated, and ready for the libraries' calls.

use std::sync::OnceLock;

use kmip::{
    Secret,
    mechanism::{Cipher, KeySpec, Mac, Signing},
};
use openssl::{bn::BigNum, pkey::PKey, rsa::Rsa};

use super::{
    aes::AesKey,
    chacha::ChaChaKey,
    check,
    ec::EcKey,
    engine::{self, CurveEngine, bounded, digested, failed},
    ffi::SecureBytes,
    hmac::HmacKey,
    mac::{self, MacStream},
    named::NamedKey,
    rng,
    rsa::RsaKey,
    triple_des::TripleDesKey,
    xts,
};
use crate::{
    Begun, Decryption, Encrypted, Encryption, Error, Input, Material, Result, Task,
    public::{self, PublicKey},
};

/// A key parsed and expanded, so that using it costs the arithmetic alone.
///
/// The embedded HSM keeps these in its cache; a module backend makes them of releasable keys, which it only seals.
pub struct PlainKey {
    spec: KeySpec,
    /// DER SubjectPublicKeyInfo of a key pair.
    public: Option<Vec<u8>>,
    /// The public half made ready, once there is a signature to look at.
    half: OnceLock<PublicKey>,
    ready: Ready,
}

enum Ready {
    Aes(Box<AesKey>),
    Hmac(HmacKey),
    Rsa(RsaKey),
    Ec(EcKey),
    /// The two keys of XTS-AES-256.
    Xts(SecureBytes),
    TripleDes(TripleDesKey),
    ChaCha(ChaChaKey),
    /// A key that is not used.
    Kept,
    Named(Box<NamedKey>),
}

impl PlainKey {
    /// Takes foreign material: validates it in full, then parses it. Costs milliseconds for RSA.
    pub fn from_material(material: &Material) -> Result<Self> {
        Self::from_validated(&Self::validate(material)?)
    }

    /// Takes over a key that somebody brings: as it is kept, and ready. It has passed every test that a new key passes, so
    /// that nothing it does later is its own fault; and whoever brings one that does not ends no service by it.
    pub(crate) fn brought(material: &Material) -> Result<(Material, Self)> {
        let valid = Self::validate(material)?;
        // What the checks let through, the libraries must take too: a key that cannot be used is not kept.
        let key = Self::from_validated(&valid)?;
        key.agrees_with_itself()
            .map_err(|_| Error::BadKey("its halves do not agree"))?;
        Ok((valid, key))
    }

    /// Checks foreign material in full, and gives it back in the one encoding that is kept.
    pub fn validate(material: &Material) -> Result<Material> {
        match material {
            Material::Secret { spec, bytes } => {
                check::secret(*spec, bytes.len())?;
                if *spec == XTS_SPEC {
                    xts::check_halves(bytes.expose())?;
                }
                Ok(material.clone())
            }
            Material::Private { spec, pkcs8 } => Ok(Material::Private {
                spec: *spec,
                pkcs8: check::private(*spec, pkcs8)?,
            }),
        }
    }

    /// Parses material that [`Self::validate`] or [`Self::generate`] gave and that was authenticated ever since.
    pub fn from_validated(material: &Material) -> Result<Self> {
        let (spec, public, ready) = match material {
            Material::Secret { spec, bytes } => {
                check::secret(*spec, bytes.len())?;
                let ready = match *spec {
                    XTS_SPEC => Ready::Xts(SecureBytes::new(bytes.expose())?),
                    KeySpec::TripleDes { .. } => Ready::TripleDes(TripleDesKey::new(bytes)?),
                    KeySpec::ChaCha20 | KeySpec::ChaCha20Poly1305 => {
                        Ready::ChaCha(ChaChaKey::new(bytes)?)
                    }
                    KeySpec::Kept { .. } => Ready::Kept,
                    KeySpec::Aes { bits } => Ready::Aes(Box::new(AesKey::new(bits, bytes)?)),
                    KeySpec::Hmac { hash, .. } => Ready::Hmac(HmacKey::new(hash, bytes)?),
                    _ => return Err(Error::KeyTypeMismatch),
                };
                (*spec, None, ready)
            }
            Material::Private { spec, pkcs8 } => match *spec {
                KeySpec::Rsa { bits } => {
                    let key = RsaKey::new(pkcs8.expose())?;
                    if key.bits() != u32::from(bits) {
                        return Err(Error::BadKey("an RSA modulus of another length"));
                    }
                    (*spec, Some(key.spki()?), Ready::Rsa(key))
                }
                KeySpec::Ec(curve) if !is_named(*spec) => {
                    let key = EcKey::new(curve, pkcs8.expose())?;
                    (*spec, Some(key.spki()?), Ready::Ec(key))
                }
                _ if is_named(*spec) => {
                    let key = NamedKey::new(*spec, pkcs8.expose())?;
                    (*spec, Some(key.spki()?), Ready::Named(Box::new(key)))
                }
                _ => return Err(Error::KeyTypeMismatch),
            },
        };
        Ok(Self {
            spec,
            public,
            half: OnceLock::new(),
            ready,
        })
    }

    /// Makes a new key, and the DER SubjectPublicKeyInfo of a key pair's public half.
    pub fn generate(spec: KeySpec) -> Result<(Material, Option<Vec<u8>>)> {
        rng::health()?;
        let material = match spec {
            KeySpec::Aes { .. }
            | KeySpec::Hmac { .. }
            | KeySpec::TripleDes { .. }
            | KeySpec::ChaCha20
            | KeySpec::ChaCha20Poly1305
            | KeySpec::Kept { .. } => {
                let mut bytes = zeroize::Zeroizing::new(vec![0; spec.secret_bytes()]);
                check::secret(spec, bytes.len()).map_err(|_| Error::Unsupported)?;
                rng::fill(&mut bytes)?;
                Material::Secret {
                    spec,
                    bytes: Secret::new(std::mem::take(&mut *bytes)),
                }
            }
            KeySpec::Rsa { bits } => Material::Private {
                spec,
                pkcs8: Secret::new(generate_rsa(bits)?),
            },
            KeySpec::Ec(curve) if !is_named(spec) => Material::Private {
                spec,
                pkcs8: Secret::new(EcKey::generate(curve)?),
            },
            KeySpec::Dsa { .. } | KeySpec::Dh { .. } | KeySpec::Ec(_) | KeySpec::PostQuantum(_) => {
                Material::Private {
                    spec,
                    pkcs8: Secret::new(NamedKey::generate(spec)?),
                }
            }
        };
        let public = match material {
            Material::Secret { .. } => None,
            Material::Private { .. } => {
                let key = Self::from_validated(&material)?;
                key.agrees_with_itself()?;
                key.public
            }
        };
        Ok((material, public))
    }

    /// What kind of key this is.
    #[must_use]
    pub const fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The public half of a key pair, DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn public(&self) -> Option<&[u8]> {
        self.public.as_deref()
    }

    /// Signs as [`crate::Hsm::sign`], and looks at the signature before it leaves: one that a fault made wrong can give the
    /// key away, of ECDSA and EdDSA as of RSA.
    pub fn sign(&self, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        let digest;
        let input = match mechanism {
            // A message is hashed once for both.
            Signing::Ecdsa(hash) | Signing::Dsa(hash) => {
                digest = digested(hash, input)?;
                Input::Digest(digest.as_ref())
            }
            _ => input,
        };
        let signature = self.sign_unseen(mechanism, input)?;
        if matches!(self.ready, Ready::Rsa(_)) || self.verifies(mechanism, input, &signature)? {
            Ok(signature)
        } else {
            Err(wrong_signature())
        }
    }

    /// Signs without looking at the signature, unless it is one of RSA: those are looked at always.
    pub(super) fn sign_unseen(&self, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        match &self.ready {
            Ready::Rsa(key) => key.sign(mechanism, input),
            Ready::Ec(key) => key.sign(mechanism, input),
            Ready::Named(key) => key.sign(mechanism, input),
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    fn verifies(&self, mechanism: Signing, input: Input<'_>, signature: &[u8]) -> Result<bool> {
        let spki = self.public().ok_or(Error::KeyTypeMismatch)?;
        let half = match self.half.get() {
            Some(half) => half,
            None => {
                let half = PublicKey::half(self.spec, spki)?;
                self.half.get_or_init(|| half)
            }
        };
        half.verify(spki, mechanism, input, signature)
    }

    /// Encrypts as [`crate::Hsm::encrypt`].
    pub fn encrypt(&self, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        bounded(input.plain)?;
        bounded(input.associated)?;
        match &self.ready {
            Ready::Aes(key) => key.encrypt(cipher, input),
            Ready::TripleDes(key) => key.encrypt(cipher, input),
            Ready::ChaCha(key) => key.encrypt(cipher, input),
            Ready::Xts(key) if *cipher == Cipher::AesXts => xts::sealed(key.expose(), input),
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    /// Decrypts as [`crate::Hsm::decrypt`].
    pub fn decrypt(&self, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        bounded(input.data)?;
        bounded(input.associated)?;
        match &self.ready {
            Ready::Aes(key) => key.decrypt(cipher, input),
            Ready::Rsa(key) => key.decrypt(cipher, input),
            Ready::TripleDes(key) => key.decrypt(cipher, input),
            Ready::ChaCha(key) => key.decrypt(cipher, input),
            Ready::Xts(key) if *cipher == Cipher::AesXts => xts::opened(key.expose(), input),
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    /// Authenticates as [`crate::Hsm::mac`].
    pub fn mac(&self, mechanism: Mac, message: &[u8]) -> Result<Vec<u8>> {
        let message = bounded(message)?;
        if let Ready::Hmac(key) = &self.ready {
            return key.mac(mechanism, message);
        }
        let mut mac = self.mac_parts(mechanism)?;
        mac.take(message)?;
        mac.end()
    }

    /// Begins as [`crate::Hsm::begin`].
    pub fn begin(&self, task: Task<'_>) -> Result<Option<Begun>> {
        match (task, &self.ready) {
            (Task::Mac { mechanism }, _) => Ok(Some(Begun {
                stream: Box::new(self.mac_parts(mechanism)?),
                iv: None,
            })),
            (
                Task::Encrypt {
                    cipher,
                    iv,
                    associated,
                },
                ready,
            ) => match ready {
                Ready::Aes(key) => key.encrypt_parts(cipher, iv, associated),
                Ready::TripleDes(key) => key.encrypt_parts(cipher, iv, associated).map(Some),
                Ready::ChaCha(key) => key.encrypt_parts(cipher, iv, associated),
                _ => Ok(None),
            },
            (Task::Decrypt { cipher, iv }, ready) => match ready {
                Ready::Aes(key) => key.decrypt_parts(cipher, iv),
                Ready::TripleDes(key) => key.decrypt_parts(cipher, iv).map(Some),
                Ready::ChaCha(key) => key.decrypt_parts(cipher, iv),
                _ => Ok(None),
            },
        }
    }

    /// A MAC over parts. Keys of ciphers make an HMAC too: the standard's clients use AES keys so.
    fn mac_parts(&self, mechanism: Mac) -> Result<MacStream> {
        match (&self.ready, mechanism) {
            (Ready::Hmac(key), _) => key.parts(mechanism),
            (Ready::Aes(key), _) => key.mac(mechanism),
            (Ready::TripleDes(key), _) => key.mac(mechanism),
            (Ready::ChaCha(key), Mac::Hmac(hash)) => mac::hmac(hash, key.bytes()),
            (Ready::Xts(key), Mac::Hmac(hash)) => mac::hmac(hash, key.expose()),
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    /// The secret that this private key and another one's public half agree on, as [`crate::Hsm::derive`] begins with it.
    pub fn agree(&self, spki: &[u8]) -> Result<Secret> {
        if public::agreement_group(spki)?
            != public::agreement_group(self.public().unwrap_or_default())?
        {
            return Err(Error::BadInput(
                "the public key is not of the private key's kind",
            ));
        }
        match &self.ready {
            Ready::Ec(key) => key.agree(spki),
            Ready::Named(key) => key.agree(spki),
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    /// Whether the public half of a key of SLH-DSA is what its seeds give.
    pub(super) fn has_its_own_root(&self) -> bool {
        matches!(&self.ready, Ready::Named(key) if key.agrees_with_itself())
    }

    /// The secret that a ciphertext encapsulates, which [`crate::Hsm::decapsulate`] keeps.
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<Secret> {
        match &self.ready {
            Ready::Named(key) => key.decapsulate(ciphertext),
            _ => Err(Error::KeyTypeMismatch),
        }
    }
}

#[cfg(test)]
impl PlainKey {
    /// As if a fault had hit the private half: it no longer belongs to the public one.
    pub(super) fn strike(&mut self) {
        match &mut self.ready {
            Ready::Rsa(key) => key.strike(),
            _ => self.public = Self::generate(self.spec).unwrap().1,
        }
    }
}

/// A fault of the machine: the keys that sign were validated, and so were the messages.
pub(super) fn wrong_signature() -> Error {
    Error::Broken("a signature did not verify, and was not given out".to_owned())
}

/// Whether OpenSSL computes keys of this kind by their names.
const fn is_named(spec: KeySpec) -> bool {
    match spec {
        KeySpec::Ec(curve) => matches!(engine::curve(curve), CurveEngine::OpenSslNamed),
        KeySpec::Dsa { .. } | KeySpec::Dh { .. } | KeySpec::PostQuantum(_) => true,
        _ => false,
    }
}

/// A new RSA key with the exponent 65537, as PKCS #8.
fn generate_rsa(bits: u16) -> Result<Vec<u8>> {
    if !matches!(bits, 1024 | 2048 | 3072 | 4096) {
        return Err(Error::Unsupported);
    }
    let exponent = BigNum::from_u32(65_537).map_err(failed)?;
    let key = Rsa::generate_with_e(bits.into(), &exponent).map_err(failed)?;
    check::rsa_public(key.n(), key.e(), bits)?;
    PKey::from_rsa(key)
        .and_then(|key| key.private_key_to_pkcs8())
        .map_err(failed)
}

const XTS_SPEC: KeySpec = KeySpec::Aes { bits: 512 };
