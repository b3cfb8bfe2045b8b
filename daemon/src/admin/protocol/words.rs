//! Values that have a word of their own at the admin socket, and secrets.

use kmip::Secret;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which keys of others are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Foreign {
    /// Those with this label.
    Label(String),
    /// That with this CKA_ID, in hexadecimal digits.
    Id(String),
    /// All that may be adopted.
    All,
}

/// The class of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// They never leave their HSM
    Locked,
    /// They may be read where the policy allows it
    #[default]
    Releasable,
}

/// What a vault serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// What the field's clients need
    #[default]
    Compatible,
    /// Approved algorithms and sizes only
    Strict,
}

/// Where new locked keys are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Custody {
    /// In the HSM, each an object of its token
    Resident,
    /// In the store, wrapped under a key that is in the HSM: as many as there is disk for
    Wrapped,
}

/// What comes of `C_InitToken`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum InitToken {
    /// Nothing
    #[default]
    Refused,
    /// The vault's objects are destroyed, and its token gets another label
    Allowed,
}

impl InitToken {
    /// As the vault has it.
    pub(crate) const fn of(is_allowed: bool) -> Self {
        if is_allowed {
            Self::Allowed
        } else {
            Self::Refused
        }
    }
}

/// A change of a PIN.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PinChange {
    /// None is asked any more.
    Clear,
    /// Another.
    Set(SecretText),
}

/// A device's identifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceText {
    /// The serial number of a device that the user is recognised by
    #[arg(long, value_name = "TEXT")]
    pub device_serial_number: Option<String>,
    /// The device's identifier
    #[arg(long, value_name = "TEXT")]
    pub device_identifier: Option<String>,
    /// The identifier of the device's network
    #[arg(long, value_name = "TEXT")]
    pub network_identifier: Option<String>,
    /// The identifier of the device's machine
    #[arg(long, value_name = "TEXT")]
    pub machine_identifier: Option<String>,
    /// The identifier of the device's medium
    #[arg(long, value_name = "TEXT")]
    pub media_identifier: Option<String>,
}

/// A text that is secret.
pub struct SecretText(pub Secret);

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = std::str::from_utf8(self.0.expose()).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(text)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text.into_bytes())))
    }
}
