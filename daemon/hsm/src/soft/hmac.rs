//! An HMAC key made ready.

use kmip::{
    Secret,
    mechanism::{Hash, Mac},
};
use openssl::pkey::{PKey, Private};

use super::{
    engine::{self, failed},
    ffi::SecureBytes,
    mac::{self, MacStream},
};
use crate::{Error, Result};

/// A key for HMAC, ready for the hash function that it was made for.
pub(super) struct HmacKey {
    hash: Hash,
    ready: Ready,
    /// For the other hash functions, of which the key makes HMACs too: which it may, its users decide.
    bytes: SecureBytes,
}

enum Ready {
    /// The inner and the outer state, already keyed.
    AwsLc(Box<aws_lc_rs::hmac::Key>),
    OpenSsl(PKey<Private>),
}

impl HmacKey {
    /// Keys HMAC with bytes whose length was checked.
    pub(super) fn new(hash: Hash, bytes: &Secret) -> Result<Self> {
        let ready = match engine::hash(hash).hmac {
            Some(algorithm) => Ready::AwsLc(Box::new(aws_lc_rs::hmac::Key::new(
                algorithm,
                bytes.expose(),
            ))),
            None => Ready::OpenSsl(PKey::hmac(bytes.expose()).map_err(failed)?),
        };
        Ok(Self {
            hash,
            ready,
            bytes: SecureBytes::new(bytes.expose())?,
        })
    }

    /// Begins a message in parts.
    pub(super) fn parts(&self, mechanism: Mac) -> Result<MacStream> {
        let hash = hash_of(mechanism)?;
        match &self.ready {
            _ if hash != self.hash => mac::hmac(hash, self.bytes.expose()),
            Ready::AwsLc(key) => {
                let context = aws_lc_rs::hmac::Context::with_key(key);
                Ok(MacStream::HmacAwsLc(Box::new(context)))
            }
            Ready::OpenSsl(key) => mac::hmac_openssl(hash, key),
        }
    }

    /// The whole tag of a message.
    pub(super) fn mac(&self, mechanism: Mac, message: &[u8]) -> Result<Vec<u8>> {
        let hash = hash_of(mechanism)?;
        if let Ready::AwsLc(key) = &self.ready
            && hash == self.hash
        {
            return Ok(aws_lc_rs::hmac::sign(key, message).as_ref().to_vec());
        }
        let mut parts = self.parts(mechanism)?;
        parts.take(message)?;
        parts.end()
    }
}

const fn hash_of(mechanism: Mac) -> Result<Hash> {
    match mechanism {
        Mac::Hmac(hash) => Ok(hash),
        _ => Err(Error::KeyTypeMismatch),
    }
}
