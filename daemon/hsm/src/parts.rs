//! Computations over data that comes in parts.

use kmip::{
    Secret,
    mechanism::{Cipher, Mac},
};

use crate::Result;

/// What is computed over parts.
#[derive(Clone, Copy)]
pub enum Task<'a> {
    /// As [`crate::Hsm::encrypt`].
    Encrypt {
        /// How.
        cipher: &'a Cipher,
        /// The IV, nonce or initial counter; made inside when absent and the mode has one.
        iv: Option<&'a [u8]>,
        /// Additional authenticated data of an AEAD mode.
        associated: &'a [u8],
    },
    /// As [`crate::Hsm::decrypt`], in modes that do not authenticate.
    Decrypt {
        /// How.
        cipher: &'a Cipher,
        /// The IV, nonce or initial counter.
        iv: Option<&'a [u8]>,
    },
    /// As [`crate::Hsm::mac`].
    Mac {
        /// How.
        mechanism: Mac,
    },
}

/// A computation that has begun.
pub struct Begun {
    /// The computation.
    pub stream: Box<dyn Stream>,
    /// The IV, when it was made inside.
    pub iv: Option<Vec<u8>>,
}

/// A computation over parts. After an error it is of no more use.
pub trait Stream: Send {
    /// Takes a part, and gives what can be given by now.
    fn update(&mut self, part: &[u8]) -> Result<Secret>;

    /// What is left when all parts came: the last bytes, or the MAC. Nothing may follow.
    fn finish(&mut self) -> Result<Finished>;
}

/// The end of a computation over parts.
pub struct Finished {
    /// The last bytes, or the MAC.
    pub data: Secret,
    /// The tag of an AEAD mode.
    pub tag: Option<Vec<u8>>,
}
