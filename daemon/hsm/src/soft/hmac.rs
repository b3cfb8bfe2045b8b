//! An HMAC key made ready.

use kmip::{
    Secret,
    mechanism::{Hash, Mac},
};
use openssl::{
    pkey::{PKey, Private},
    sign::Signer,
};

use super::{
    engine::{self, failed},
    mac::{self, MacStream},
};
use crate::{Error, Result};

/// A key for HMAC with one hash function.
pub(super) struct HmacKey {
    hash: Hash,
    ready: Ready,
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
        Ok(Self { hash, ready })
    }

    /// Begins a message in parts.
    pub(super) fn parts(&self, mechanism: Mac) -> Result<MacStream> {
        let hash = self.hash_of(mechanism)?;
        match &self.ready {
            Ready::AwsLc(key) => {
                let context = aws_lc_rs::hmac::Context::with_key(key);
                Ok(MacStream::HmacAwsLc(Box::new(context)))
            }
            Ready::OpenSsl(key) => mac::hmac_openssl(hash, key),
        }
    }

    fn hash_of(&self, mechanism: Mac) -> Result<Hash> {
        match mechanism {
            Mac::Hmac(hash) if hash == self.hash => Ok(hash),
            _ => Err(Error::KeyTypeMismatch),
        }
    }

    /// The whole tag of a message.
    pub(super) fn mac(&self, mechanism: Mac, message: &[u8]) -> Result<Vec<u8>> {
        let hash = self.hash_of(mechanism)?;
        match &self.ready {
            Ready::AwsLc(key) => Ok(aws_lc_rs::hmac::sign(key, message).as_ref().to_vec()),
            Ready::OpenSsl(key) => Signer::new(engine::hash(hash).openssl, key)
                .and_then(|mut signer| signer.sign_oneshot_to_vec(message))
                .map_err(failed),
        }
    }
}
