//! What is kept of a credential: enough to recognise it, sealed by the vault's HSM.

use kmip::{
    HashingAlgorithm, OTPAlgorithm, ObjectType, Secret, mechanism::Hash, message, ttlv::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{otp::Generator, unserved};
use crate::{
    error::{Error, Result},
    pin,
};

/// What is kept of a credential.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Verifier {
    /// A password's slow salted verifier.
    Password { verifier: String },
    /// The same of a device, which may have none: then its identifiers are all that is asked.
    Device { verifier: Option<String> },
    /// Verifiers of passwords that are good once each and were not used.
    OneTime { unused: Vec<String> },
    /// A seed that makes passwords.
    Otp {
        algorithm: u32,
        digest: u32,
        seed: HexSecret,
        interval_seconds: u32,
        digits: u32,
        next: u64,
    },
    /// Hashes of name and password in both orders (KMIP 3.0 §2, Hashed Password Credential).
    Hashed {
        algorithm: u32,
        username_password: HexSecret,
        password_username: HexSecret,
        last_micros: i64,
    },
}

/// A secret that is written in hexadecimal.
pub(crate) struct HexSecret(Secret);

impl Serialize for HexSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(hex::encode(self.0.expose())))
    }
}

impl<'de> Deserialize<'de> for HexSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = hex::decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        Ok(Self(Secret::new(bytes)))
    }
}

/// A credential as an operator or a client gives it.
pub enum NewCredential {
    /// A password.
    Password(Secret),
    /// The verifier of a password that was salted elsewhere.
    Salted(String),
    /// A device's identifiers and password.
    Device(message::Device),
    /// Passwords that are good once each.
    OneTime(Vec<Secret>),
    /// A generator of one-time passwords.
    Otp {
        /// By a counter or by the time.
        algorithm: OTPAlgorithm,
        /// The hash of its HMAC.
        digest: HashingAlgorithm,
        /// The shared seed.
        seed: Secret,
        /// For how long a password by the time is good.
        interval_seconds: u32,
        /// How long the passwords are.
        digits: u32,
        /// The first counter.
        counter: u64,
    },
    /// A password that clients send hashed with the time.
    Hashed {
        /// The hash function.
        algorithm: HashingAlgorithm,
        /// The hash of the name and the password.
        username_password: Secret,
        /// The hash of the password and the name.
        password_username: Secret,
    },
}

impl NewCredential {
    /// What clients send hashed of a password.
    ///
    /// # Errors
    /// When hashing fails, which it does not.
    pub fn hashed(username: &str, password: &Secret) -> Result<Self> {
        let hash = |parts: [&[u8]; 2]| {
            let joined = Zeroizing::new(parts.concat());
            Ok::<_, Error>(Secret::new(hsm::public::hash(Hash::Sha256, &joined)?))
        };
        Ok(Self::Hashed {
            algorithm: HashingAlgorithm::SHA256,
            username_password: hash([username.as_bytes(), password.expose()])?,
            password_username: hash([password.expose(), username.as_bytes()])?,
        })
    }

    /// The kind of object that keeps it.
    #[must_use]
    pub const fn object_type(&self) -> ObjectType {
        match self {
            Self::Password(_) | Self::Salted(_) => ObjectType::PasswordCredential,
            Self::Device(_) => ObjectType::DeviceCredential,
            Self::OneTime(_) | Self::Otp { .. } => ObjectType::OneTimePasswordCredential,
            Self::Hashed { .. } => ObjectType::HashedPasswordCredential,
        }
    }

    /// What is kept of it.
    pub(crate) fn verifier(&self) -> Result<Verifier> {
        let slow = |secret: &Secret| pin::verifier(secret).map_err(Error::internal);
        Ok(match self {
            Self::Password(password) => Verifier::Password {
                verifier: slow(password)?,
            },
            Self::Salted(verifier) => Verifier::Password {
                verifier: verifier.clone(),
            },
            Self::Device(device) => Verifier::Device {
                verifier: device
                    .password
                    .as_ref()
                    .map(|password| slow(&password.0))
                    .transpose()?,
            },
            Self::OneTime(passwords) => Verifier::OneTime {
                unused: passwords.iter().map(slow).collect::<Result<_>>()?,
            },
            Self::Otp {
                algorithm,
                digest,
                seed,
                interval_seconds,
                digits,
                counter,
            } => {
                if !(6..=8).contains(digits) || seed.len() < 16 || *interval_seconds == 0 {
                    return Err(unserved(
                        "one-time passwords have 6 to 8 digits, seeds at least 16 bytes, and intervals a second",
                    ));
                }
                Verifier::Otp {
                    algorithm: algorithm.0,
                    digest: digest.0,
                    seed: HexSecret(seed.clone()),
                    interval_seconds: *interval_seconds,
                    digits: *digits,
                    next: *counter,
                }
            }
            Self::Hashed {
                algorithm,
                username_password,
                password_username,
            } => Verifier::Hashed {
                algorithm: algorithm.0,
                username_password: HexSecret(username_password.clone()),
                password_username: HexSecret(password_username.clone()),
                last_micros: 0,
            },
        })
    }
}

/// The digest of a device's identifiers, by which its credential is found.
pub(crate) fn device_digest(device: &message::Device) -> Result<Vec<u8>> {
    let fields = [
        &device.device_serial_number,
        &device.device_identifier,
        &device.network_identifier,
        &device.machine_identifier,
        &device.media_identifier,
    ];
    if fields.iter().all(|field| field.is_none()) {
        return Err(Error::invalid_field("a device has an identifier"));
    }
    let mut bytes = Vec::new();
    for field in fields {
        let text = field.as_deref().unwrap_or_default();
        bytes.push(u8::from(field.is_some()));
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    Ok(hsm::public::hash(Hash::Sha256, &bytes)?)
}

impl Verifier {
    /// The next counter of a generator that counts, for its credential's attribute.
    pub(super) fn otp_counter(&self) -> Option<i32> {
        match self {
            Self::Otp {
                algorithm, next, ..
            } if *algorithm == OTPAlgorithm::HOTP.0 => i32::try_from(*next).ok(),
            _ => None,
        }
    }

    /// The bytes to seal.
    pub(crate) fn to_secret(&self) -> Result<Secret> {
        serde_json::to_vec(self)
            .map(Secret::new)
            .map_err(Error::internal)
    }

    /// What was sealed.
    pub(crate) fn from_secret(secret: &Secret) -> Result<Self> {
        serde_json::from_slice(secret.expose()).map_err(Error::internal)
    }

    /// What is kept once a password by the seed or of the list was used; `None` when it is not one, or was used.
    pub(super) fn spend(self, given: &Secret, now: Timestamp) -> Result<Option<Self>> {
        match self {
            Self::OneTime { mut unused } => {
                let at = unused
                    .iter()
                    .position(|own| pin::verify(own, given).is_ok());
                Ok(at.map(|at| {
                    unused.remove(at);
                    Self::OneTime { unused }
                }))
            }
            Self::Otp {
                algorithm,
                digest,
                seed,
                interval_seconds,
                digits,
                next,
            } => {
                let generator = Generator {
                    algorithm: OTPAlgorithm(algorithm),
                    digest: HashingAlgorithm(digest),
                    seed: seed.0.expose(),
                    interval_seconds,
                    digits,
                };
                let next = generator.accepts(given, next, now)?;
                Ok(next.map(|next| Self::Otp {
                    algorithm,
                    digest,
                    seed,
                    interval_seconds,
                    digits,
                    next,
                }))
            }
            Self::Password { .. } | Self::Device { .. } | Self::Hashed { .. } => Ok(None),
        }
    }

    /// What is kept once a hashed password was taken, and the proof of the server; `None` when it is another, or not
    /// younger than the last.
    ///
    /// The two hashes are S1 = H(username ‖ password) and S2 = H(password ‖ username). The client proves S1 with the
    /// time and shows S2; the server answers with the other way round (KMIP 2.1 §9.10).
    pub(super) fn take_hash(
        self,
        given: &message::HashedPassword,
    ) -> Result<Option<(Self, Secret)>> {
        let Self::Hashed {
            algorithm,
            username_password,
            password_username,
            last_micros,
        } = self
        else {
            return Ok(None);
        };
        let asked = given.hashing_algorithm.unwrap_or(HashingAlgorithm::SHA256);
        if asked.0 != algorithm || given.time_stamp.0 <= last_micros {
            return Ok(None);
        }
        let hash = hash_function(asked)?;
        let (one, two) = (username_password.0.expose(), password_username.0.expose());
        let time = given.time_stamp.0.to_be_bytes();
        let proof = |first: &[u8], second: &[u8]| {
            let inner = hsm::public::hash(hash, &Zeroizing::new([first, &time[..]].concat()))?;
            Ok::<_, Error>(Secret::new([&inner[..], second].concat()))
        };
        if !bool::from(
            proof(one, two)?
                .expose()
                .ct_eq(given.hashed_password.expose()),
        ) {
            return Ok(None);
        }
        let answer = proof(two, one)?;
        Ok(Some((
            Self::Hashed {
                algorithm,
                username_password,
                password_username,
                last_micros: given.time_stamp.0,
            },
            answer,
        )))
    }
}

/// The hash functions of hashed passwords.
pub(crate) fn hash_function(algorithm: HashingAlgorithm) -> Result<Hash> {
    match algorithm {
        HashingAlgorithm::SHA256 => Ok(Hash::Sha256),
        HashingAlgorithm::SHA384 => Ok(Hash::Sha384),
        HashingAlgorithm::SHA512 => Ok(Hash::Sha512),
        _ => Err(unserved(
            "passwords are hashed with SHA-256, SHA-384 or SHA-512",
        )),
    }
}
