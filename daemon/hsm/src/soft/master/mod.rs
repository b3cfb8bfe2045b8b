//! The master key: made once, kept in a file in one of three ways, and never overwritten.

mod file;

use std::{num::NonZeroU32, path::PathBuf};

use aws_lc_rs::pbkdf2;
use kmip::Secret;
use zeroize::Zeroizing;

use super::{ffi::SecureBytes, rng, seal};
use crate::{Error, Result};

/// Where the master is kept, and what opens it.
pub enum MasterSource {
    /// A file that only its owner can read.
    File(PathBuf),
    /// A file sealed under a passphrase.
    Passphrase {
        /// The file.
        file: PathBuf,
        /// The passphrase.
        passphrase: Secret,
    },
    /// A file sealed under a systemd credential, which the machine's TPM or host key protects.
    Credential {
        /// The file.
        file: PathBuf,
        /// The credential's contents, at least 32 bytes.
        secret: Secret,
    },
}

/// The 256-bit key under which everything of an embedded HSM is sealed.
pub struct Master(SecureBytes);

impl Master {
    /// Makes a master and keeps it. An existing file is never overwritten.
    pub fn create(source: &MasterSource) -> Result<Self> {
        let master = Self::ephemeral()?;
        let protection = source.protection()?;
        let mut contents = Zeroizing::new(protection.header());
        match protection.secret(source)? {
            None => {
                contents.extend(master.0.expose());
                let sum = checksum(&contents)?;
                contents.extend(sum);
            }
            Some(under) => {
                let sealed = seal::seal_master(&master, &under, &contents)?;
                contents.extend(sealed);
            }
        }
        file::create(source.file(), &contents)?;
        Ok(master)
    }

    /// Loads a master that was created the same way.
    pub fn load(source: &MasterSource) -> Result<Self> {
        let path = source.file();
        let unavailable = |why: &str| Error::Unavailable(format!("{}: {why}", path.display()));
        let contents = file::read(path)?;
        let (protection, header, body) =
            Protection::parse(&contents).ok_or_else(|| unavailable(NOT_A_MASTER))?;
        if !protection.fits(source) {
            return Err(unavailable(protection.advice()));
        }
        let Some(under) = protection.secret(source)? else {
            let (key, sum) = body
                .split_at_checked(MASTER_BYTES)
                .ok_or_else(|| unavailable(NOT_A_MASTER))?;
            let whole = contents.len().saturating_sub(sum.len());
            if checksum(contents.get(..whole).unwrap_or_default())? != sum {
                return Err(unavailable(
                    "the file was damaged; restore it from a backup",
                ));
            }
            return Self::of(key);
        };
        let master = seal::open_master(body, &under, header).map_err(|_| {
            unavailable("the passphrase or credential is not the one this master was sealed under, or the file was changed")
        })?;
        if master.len() != MASTER_BYTES {
            return Err(unavailable(NOT_A_MASTER));
        }
        Self::of(master.expose())
    }

    /// A master that is kept nowhere: what is sealed under it is lost with it.
    pub fn ephemeral() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; MASTER_BYTES]);
        rng::fill(bytes.as_mut_slice())?;
        Self::of(bytes.as_slice())
    }

    /// The master that these bytes are.
    pub(super) fn of(bytes: &[u8]) -> Result<Self> {
        SecureBytes::new(bytes).map(Self)
    }

    pub(super) const fn secret(&self) -> &SecureBytes {
        &self.0
    }
}

impl MasterSource {
    fn file(&self) -> &std::path::Path {
        match self {
            Self::File(file) | Self::Passphrase { file, .. } | Self::Credential { file, .. } => {
                file
            }
        }
    }

    /// How a new file is protected.
    fn protection(&self) -> Result<Protection> {
        Ok(match self {
            Self::File(_) => Protection::Mode,
            Self::Passphrase { .. } => {
                let mut salt = [0; SALT_BYTES];
                rng::fill(&mut salt)?;
                Protection::Passphrase(Stretching {
                    iterations: ITERATIONS,
                    salt,
                })
            }
            Self::Credential { .. } => Protection::Credential,
        })
    }
}

/// How a file is protected, as its header says.
enum Protection {
    /// By its mode alone.
    Mode,
    Passphrase(Stretching),
    Credential,
}

/// The parameters of PBKDF2-HMAC-SHA-512 (SP 800-132) of one file.
///
/// OpenSSL's Argon2id takes its memory from the secure heap, which is for keys and far too small for it.
struct Stretching {
    iterations: NonZeroU32,
    salt: [u8; SALT_BYTES],
}

impl Protection {
    /// Magic, version, kind, and for a passphrase its parameters.
    fn header(&self) -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        match self {
            Self::Mode => header.push(0),
            Self::Passphrase(stretching) => {
                header.push(1);
                header.extend(stretching.iterations.get().to_be_bytes());
                header.extend(stretching.salt);
            }
            Self::Credential => header.push(2),
        }
        header
    }

    /// The protection of a file, its header and the rest.
    fn parse(contents: &[u8]) -> Option<(Self, &[u8], &[u8])> {
        let (kind, rest) = contents.strip_prefix(MAGIC)?.split_first()?;
        let (protection, body) = match kind {
            0 => (Self::Mode, rest),
            1 => {
                let (iterations, rest) = rest.split_first_chunk()?;
                let (salt, rest) = rest.split_first_chunk()?;
                let stretching = Stretching {
                    iterations: NonZeroU32::new(u32::from_be_bytes(*iterations))?,
                    salt: *salt,
                };
                (Self::Passphrase(stretching), rest)
            }
            2 => (Self::Credential, rest),
            _ => return None,
        };
        let header = contents.get(..contents.len().checked_sub(body.len())?)?;
        Some((protection, header, body))
    }

    const fn fits(&self, source: &MasterSource) -> bool {
        matches!(
            (self, source),
            (Self::Mode, MasterSource::File(_))
                | (Self::Passphrase(_), MasterSource::Passphrase { .. })
                | (Self::Credential, MasterSource::Credential { .. })
        )
    }

    const fn advice(&self) -> &'static str {
        match self {
            Self::Mode => "this master is not sealed; configure it as a plain file",
            Self::Passphrase(_) => "this master is sealed under a passphrase; configure one",
            Self::Credential => "this master is sealed under a systemd credential; configure it",
        }
    }

    /// The secret that seals the file, or none for a file protected by its mode.
    fn secret(&self, source: &MasterSource) -> Result<Option<Secret>> {
        match (self, source) {
            (Self::Passphrase(stretching), MasterSource::Passphrase { passphrase, .. }) => {
                stretching.derive(passphrase).map(Some)
            }
            (Self::Credential, MasterSource::Credential { secret, .. }) => {
                if secret.len() < MASTER_BYTES {
                    return Err(Error::BadInput(
                        "a credential of less than 32 bytes; make one with `systemd-creds encrypt` from 32 random bytes",
                    ));
                }
                Ok(Some(secret.clone()))
            }
            _ => Ok(None),
        }
    }
}

impl Stretching {
    fn derive(&self, passphrase: &Secret) -> Result<Secret> {
        if passphrase.is_empty() {
            return Err(Error::BadInput("an empty passphrase"));
        }
        // The number comes from a file: whoever can write it must not make the daemon count for ever.
        if self.iterations > ITERATIONS_MAX {
            return Err(Error::Unavailable(
                "the master file asks for an unreasonable number of iterations; restore it from a backup".to_owned(),
            ));
        }
        let mut key = Zeroizing::new([0; MASTER_BYTES]);
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA512,
            self.iterations,
            &self.salt,
            passphrase.expose(),
            key.as_mut_slice(),
        );
        Ok(Secret::from(key.as_slice()))
    }
}

/// Tells a damaged file from a good one; whoever could use it to guess the key holds the key already.
fn checksum(contents: &[u8]) -> Result<Vec<u8>> {
    crate::public::hash(kmip::mechanism::Hash::Sha256, contents)
}

/// The name and the version of the format.
const MAGIC: &[u8] = b"KEYHOLD-MASTER\x00\x01";
const NOT_A_MASTER: &str =
    "not a master file of this version; check the path, or restore it from a backup";
/// Twice and more what is held to be enough in 2026; half a second, once at the start.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(1_000_000).unwrap();
const ITERATIONS_MAX: NonZeroU32 = NonZeroU32::new(20_000_000).unwrap();
const MASTER_BYTES: usize = 32;
const SALT_BYTES: usize = 16;

#[cfg(test)]
mod tests;
