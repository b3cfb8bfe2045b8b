//! One round trip of Encrypt or Decrypt.

use kmip::{
    Secret,
    attribute::CryptographicParameters,
    mechanism::Cipher,
    payload::encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest, EncryptResponse},
    ttlv::Bytes,
};
use pkcs11::{Result, Rv, mechanism::cipher_parameters};
use zeroize::Zeroizing;

use crate::{
    error::Names,
    remote::{Again, Remote},
};

/// A key at the daemon and what its cipher needs beside it.
#[derive(Clone, Copy)]
pub(super) struct Trip<'a> {
    pub(super) remote: &'a Remote,
    /// The key's identifier; empty of a key that the daemon has not.
    pub(super) key: &'a str,
    pub(super) cipher: &'a Cipher,
    pub(super) iv: &'a [u8],
    pub(super) additional: &'a [u8],
}

impl Trip<'_> {
    /// Has the daemon encrypt an input, whole or the next piece: the ciphertext and, of a cipher that authenticates, the
    /// tag.
    pub(super) fn encrypt(self, input: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
        let response = self.ask(input, None)?;
        let tag = response.authenticated_encryption_tag.map(|tag| tag.0);
        Ok((response.data.map(|data| data.0).unwrap_or_default(), tag))
    }

    /// Has the daemon encrypt a message under a nonce that it makes: the nonce, the ciphertext and the tag.
    pub(super) fn encrypt_inside(self, input: &[u8]) -> Result<(Vec<u8>, Vec<u8>, Vec<u8>)> {
        let response = self.ask(input, Some(true))?;
        let nonce = response.iv_counter_nonce.ok_or(Rv::DEVICE_ERROR)?;
        let tag = response.authenticated_encryption_tag;
        let tag = tag.ok_or(Rv::DEVICE_ERROR)?;
        let output = response.data.map(|data| data.0).unwrap_or_default();
        Ok((nonce.0, output, tag.0))
    }

    fn ask(self, input: &[u8], random_iv: Option<bool>) -> Result<EncryptResponse> {
        self.check()?;
        let parameters = CryptographicParameters {
            random_iv,
            ..cipher_parameters(self.cipher)
        };
        let request = EncryptRequest {
            unique_identifier: Some(self.key.into()),
            cryptographic_parameters: Some(parameters),
            data: Some(Secret::from(input)),
            iv_counter_nonce: given(self.iv),
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
            authenticated_encryption_additional_data: given(self.additional),
        };
        self.remote
            .call::<Encrypt>(&request, Again::May)
            .map_err(|failure| failure.seen_by(Names::Session))
    }

    /// Has the daemon decrypt an input.
    pub(super) fn decrypt(self, input: &[u8], tag: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>> {
        self.check()?;
        let request = DecryptRequest {
            unique_identifier: Some(self.key.into()),
            cryptographic_parameters: Some(cipher_parameters(self.cipher)),
            data: Some(Bytes(input.to_vec())),
            iv_counter_nonce: given(self.iv),
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
            authenticated_encryption_additional_data: given(self.additional),
            authenticated_encryption_tag: tag.map(|tag| Bytes(tag.to_vec())),
        };
        let response = self
            .remote
            .call::<Decrypt>(&request, Again::May)
            .map_err(|failure| failure.seen_by(Names::Ciphertext))?;
        let data = response.data.unwrap_or_default();
        Ok(data.expose().to_vec().into())
    }

    fn check(&self) -> Result<()> {
        if self.key.is_empty() {
            return Err(Rv::FUNCTION_FAILED);
        }
        Ok(())
    }
}

fn given(bytes: &[u8]) -> Option<Bytes> {
    (!bytes.is_empty()).then(|| Bytes(bytes.to_vec()))
}
