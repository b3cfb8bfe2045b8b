//! How long what a cipher makes is, so that whoever asks for the length alone costs no round trip.

use kmip::mechanism::{Cipher, Padding};
use pkcs11::Result;

use super::{
    COLLECTED_BYTES_MAX,
    cipher::{BLOCK, CipherOperation, Direction},
};

/// Triple DES's block.
const TRIPLE_DES_BLOCK: usize = 8;

impl CipherOperation {
    /// The length of the output when `input` bytes are the rest, and whether it is exact or the most there can be.
    pub(super) fn output_bytes(&self, input: usize) -> Result<(usize, bool)> {
        let cipher = &self.used.cipher;
        if !self.goes_on() && input > COLLECTED_BYTES_MAX {
            return Err(self.wrong_length());
        }
        if let Some(tag_bytes) = cipher.tag_bytes() {
            let tag_bytes = usize::from(tag_bytes);
            let output = match self.direction {
                Direction::Encrypt => Some(input + tag_bytes),
                Direction::Decrypt => input.checked_sub(tag_bytes),
            };
            let plain = match self.direction {
                Direction::Encrypt => Some(input),
                Direction::Decrypt => output,
            };
            if self.told_bytes.is_some() && self.told_bytes != plain {
                return Err(self.wrong_length());
            }
            return output
                .map(|output| (output, true))
                .ok_or_else(|| self.wrong_length());
        }
        match cipher {
            Cipher::AesEcb(padding) | Cipher::AesCbc(padding) => {
                self.block_output_bytes(BLOCK, *padding, input)
            }
            Cipher::TripleDesEcb(padding) | Cipher::TripleDesCbc(padding) => {
                self.block_output_bytes(TRIPLE_DES_BLOCK, *padding, input)
            }
            Cipher::AesCtr | Cipher::AesCfb | Cipher::AesOfb | Cipher::ChaCha20 => {
                Ok((input, true))
            }
            // IEEE 1619 §5.3.2: a data unit is no shorter than a block.
            Cipher::AesXts if input >= BLOCK => Ok((input, true)),
            Cipher::RsaPkcs1 | Cipher::RsaOaep { .. } => {
                self.rsa_output_bytes(self.direction, input)
            }
            _ => Err(self.wrong_length()),
        }
    }

    fn block_output_bytes(
        &self,
        block: usize,
        padding: Padding,
        input: usize,
    ) -> Result<(usize, bool)> {
        let is_whole = input.is_multiple_of(block);
        match (padding, self.direction) {
            (Padding::Pkcs5, Direction::Encrypt) => Ok(((input / block + 1) * block, true)),
            (Padding::Pkcs5, Direction::Decrypt) if is_whole && input > 0 => Ok((input, false)),
            (Padding::None, _) if is_whole => Ok((input, true)),
            _ => Err(self.wrong_length()),
        }
    }

    fn rsa_output_bytes(&self, direction: Direction, input: usize) -> Result<(usize, bool)> {
        let overhead = match &self.used.cipher {
            Cipher::RsaOaep { hash, .. } => 2 * hash.digest_bytes() + 2,
            _ => 11,
        };
        let message = self.modulus_bytes.saturating_sub(overhead);
        match direction {
            Direction::Encrypt if input <= message => Ok((self.modulus_bytes, true)),
            Direction::Decrypt if input == self.modulus_bytes => Ok((message, false)),
            _ => Err(self.wrong_length()),
        }
    }
}
