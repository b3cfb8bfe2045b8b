//! What the trait takes by reference, as it crosses to an HSM's process: written as it is, read into what owns the same.

use kmip::{
    Buffer, Secret,
    mechanism::{Block, Cipher, Derivation, KeySpec, Mac},
};

use super::wire::{Broken, Put, Reader, Take};
use crate::{Base, Deriving, KeyRef, Target, Task, Terms};

/// What the trait takes by reference is written as it is, and read into a type of this module that owns the same.
macro_rules! borrowed {
    ($($(#[$meta:meta])* $name:ident as $own:ident<$life:lifetime> {
        $($number:literal = $variant:ident { $($field:ident: $type:ty),* },)*
    })*) => {$(
        $(#[$meta])*
        pub(super) enum $own<$life> {
            $($variant { $($field: $type),* },)*
        }

        impl Put for $name<'_> {
            fn put(&self, out: &mut Buffer) {
                match self {
                    $(Self::$variant { $($field),* } => {
                        out.push(&[$number]);
                        $($field.put(out);)*
                    })*
                }
            }
        }

        impl<$life> Take<$life> for $own<$life> {
            fn take(from: &mut Reader<$life>) -> Result<Self, Broken> {
                Ok(match from.take::<u8>()? {
                    $($number => Self::$variant { $($field: from.take()?),* },)*
                    _ => return Err(Broken),
                })
            }
        }
    )*};
}
borrowed! {
    /// [`Target`] as it arrives.
    Target as OwnTarget<'a> {
        1 = Key { spec: KeySpec, terms: Terms },
        2 = Data { bytes: usize, prefix: &'a [u8], label: &'a [u8] },
    }
    /// [`Task`] as it arrives.
    Task as OwnTask<'a> {
        1 = Encrypt { cipher: Cipher, iv: Option<&'a [u8]>, associated: &'a [u8] },
        2 = Decrypt { cipher: Cipher, iv: Option<&'a [u8]> },
        3 = Mac { mechanism: Mac },
    }
}

impl OwnTarget<'_> {
    pub(super) const fn get(&self) -> Target<'_> {
        match self {
            Self::Key { spec, terms } => Target::Key { spec: *spec, terms },
            Self::Data {
                bytes,
                prefix,
                label,
            } => Target::Data {
                bytes: *bytes,
                prefix,
                label,
            },
        }
    }
}

impl OwnTask<'_> {
    pub(super) const fn get(&self) -> Task<'_> {
        match self {
            Self::Encrypt {
                cipher,
                iv,
                associated,
            } => Task::Encrypt {
                cipher,
                iv: *iv,
                associated,
            },
            Self::Decrypt { cipher, iv } => Task::Decrypt { cipher, iv: *iv },
            Self::Mac { mechanism } => Task::Mac {
                mechanism: *mechanism,
            },
        }
    }
}

/// [`Base`] as it arrives.
pub(super) enum OwnBase {
    Key(KeyRef),
    Bytes(Secret),
}

impl OwnBase {
    pub(super) const fn get(&self) -> Base<'_> {
        match self {
            Self::Key(key) => Base::Key(key),
            Self::Bytes(bytes) => Base::Bytes(bytes),
        }
    }
}

impl Put for Base<'_> {
    fn put(&self, out: &mut Buffer) {
        match self {
            Self::Key(key) => (1u8, key).put(out),
            Self::Bytes(bytes) => (2u8, bytes).put(out),
        }
    }
}

impl Take<'_> for OwnBase {
    fn take(from: &mut Reader<'_>) -> Result<Self, Broken> {
        match from.take::<u8>()? {
            1 => from.take().map(Self::Key),
            2 => from.take().map(Self::Bytes),
            _ => Err(Broken),
        }
    }
}

/// [`Deriving`] as it arrives.
pub(super) struct OwnDeriving<'a> {
    mechanism: Derivation,
    data: &'a [u8],
    iv: Option<&'a [u8]>,
    salt: &'a [u8],
    keys: Vec<KeyRef>,
    block: Option<Block>,
    skipped_bytes: usize,
    peer: Option<&'a [u8]>,
}

impl OwnDeriving<'_> {
    pub(super) fn get(&self) -> Deriving<'_> {
        let Self {
            mechanism,
            data,
            iv,
            salt,
            keys,
            block,
            skipped_bytes,
            peer,
        } = self;
        Deriving {
            mechanism,
            data,
            iv: *iv,
            salt,
            keys,
            block: block.as_ref(),
            skipped_bytes: *skipped_bytes,
            peer: *peer,
        }
    }
}

impl Put for Deriving<'_> {
    fn put(&self, out: &mut Buffer) {
        (self.mechanism, self.data, self.iv, self.salt).put(out);
        self.keys.len().put(out);
        for key in self.keys {
            key.put(out);
        }
        (self.block, self.skipped_bytes, self.peer).put(out);
    }
}

impl<'a> Take<'a> for OwnDeriving<'a> {
    fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
        let (mechanism, data, iv, salt) = from.take()?;
        let (keys, block, (skipped_bytes, peer)) = (from.take()?, from.take()?, from.take()?);
        Ok(Self {
            mechanism,
            data,
            iv,
            salt,
            keys,
            block,
            skipped_bytes,
            peer,
        })
    }
}
