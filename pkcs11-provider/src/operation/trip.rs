//! One round trip of Encrypt or Decrypt.

use kmip::{
    Secret,
    mechanism::Cipher,
    payload::encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest},
    ttlv::Bytes,
};
use pkcs11::{Result, Rv, mechanism::cipher_parameters};
use zeroize::Zeroizing;

use super::cipher::{CipherOperation, Direction};
use crate::{
    error::Names,
    remote::{Again, Remote},
};

impl CipherOperation {
    /// Has the daemon work on an input, whole or the next piece.
    pub(super) fn ask(
        &self,
        remote: &Remote,
        cipher: &Cipher,
        input: &[u8],
        tag: Option<&[u8]>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        if self.id.is_empty() {
            return Err(Rv::FUNCTION_FAILED);
        }
        match self.direction {
            Direction::Encrypt => self.ask_to_encrypt(remote, cipher, input),
            Direction::Decrypt => self.ask_to_decrypt(remote, cipher, input, tag),
        }
    }

    fn ask_to_encrypt(
        &self,
        remote: &Remote,
        cipher: &Cipher,
        input: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let request = EncryptRequest {
            unique_identifier: Some(self.id.as_str().into()),
            cryptographic_parameters: Some(cipher_parameters(cipher)),
            data: Some(Secret::from(input)),
            iv_counter_nonce: given(&self.used.iv),
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
            authenticated_encryption_additional_data: given(&self.used.additional),
        };
        let response = remote
            .call::<Encrypt>(&request, Again::May)
            .map_err(|failure| failure.seen_by(Names::Session))?;
        let mut output = Zeroizing::new(response.data.map(|data| data.0).unwrap_or_default());
        if let Some(tag) = response.authenticated_encryption_tag {
            output.extend_from_slice(&tag.0);
        }
        Ok(output)
    }

    fn ask_to_decrypt(
        &self,
        remote: &Remote,
        cipher: &Cipher,
        input: &[u8],
        tag: Option<&[u8]>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let request = DecryptRequest {
            unique_identifier: Some(self.id.as_str().into()),
            cryptographic_parameters: Some(cipher_parameters(cipher)),
            data: Some(Bytes(input.to_vec())),
            iv_counter_nonce: given(&self.used.iv),
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
            authenticated_encryption_additional_data: given(&self.used.additional),
            authenticated_encryption_tag: tag.map(|tag| Bytes(tag.to_vec())),
        };
        let response = remote
            .call::<Decrypt>(&request, Again::May)
            .map_err(|failure| failure.seen_by(Names::Ciphertext))?;
        let data = response.data.unwrap_or_default();
        Ok(data.expose().to_vec().into())
    }
}

fn given(bytes: &[u8]) -> Option<Bytes> {
    (!bytes.is_empty()).then(|| Bytes(bytes.to_vec()))
}
