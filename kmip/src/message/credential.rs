//! Credentials: who asks, beside the certificate (KMIP 2.1 §9.4, §9.10).

use super::Nonce;
use crate::{
    AttestationType, CredentialType, HashingAlgorithm, Result, Secret, Tag, TicketType,
    error::{DecodeError, DecodeErrorKind},
    ttlv::{
        Bytes, Item, ItemType, TimestampExtended, Value, Writer, read_once, structure,
        structure_passes_over,
    },
};

structure! {
    /// Authentication (KMIP 2.1 §9.4).
    pub struct Authentication {
        /// The credentials, of which all must hold.
        credential: Vec<Credential> = Credential;
    }
}

/// Credential (KMIP 2.1 §9.10).
#[derive(Clone, PartialEq)]
pub enum Credential {
    /// Username and Password.
    UsernameAndPassword(UsernameAndPassword),
    /// Device (1.1).
    Device(Device),
    /// Attestation (1.2).
    Attestation(Attestation),
    /// One Time Password (2.0).
    OneTimePassword(OneTimePassword),
    /// Hashed Password (2.0).
    HashedPassword(HashedPassword),
    /// Ticket (2.0).
    Ticket(Ticket),
    /// A type that is not served: refused when it is used.
    NotServed(CredentialType),
}

structure! {
    /// The Username and Password Credential (KMIP 2.1 §9.10).
    pub struct UsernameAndPassword {
        /// The user.
        username: String = Username;
        /// The password.
        password: Option<Password> = Password;
    }
}

structure! {
    /// The Device Credential (KMIP 2.1 §9.10).
    pub struct Device {
        /// Its serial number.
        device_serial_number: Option<String> = DeviceSerialNumber;
        /// Its password.
        password: Option<Password> = Password;
        /// Its identifier.
        device_identifier: Option<String> = DeviceIdentifier;
        /// Its network's.
        network_identifier: Option<String> = NetworkIdentifier;
        /// Its machine's.
        machine_identifier: Option<String> = MachineIdentifier;
        /// Its medium's.
        media_identifier: Option<String> = MediaIdentifier;
    }
}

structure! {
    /// The Attestation Credential (KMIP 2.1 §9.10).
    pub struct Attestation {
        /// The nonce that the server gave.
        nonce: Nonce = Nonce;
        /// How the client attests.
        attestation_type: AttestationType = AttestationType;
        /// What was measured.
        attestation_measurement: Option<Bytes> = AttestationMeasurement;
        /// What a third party says of it.
        attestation_assertion: Option<Bytes> = AttestationAssertion;
    }
}

structure! {
    /// The One Time Password Credential (KMIP 2.1 §9.10).
    pub struct OneTimePassword {
        /// The user.
        username: String = Username;
        /// The password that does not change.
        password: Option<Password> = Password;
        /// The password that is good once.
        one_time_password: Password = OneTimePassword;
    }
}

structure! {
    /// The Hashed Password Credential (KMIP 2.1 §9.10).
    pub struct HashedPassword {
        /// The user.
        username: String = Username;
        /// When it was hashed.
        time_stamp: TimestampExtended = TimeStamp;
        /// How; SHA-256 when absent.
        hashing_algorithm: Option<HashingAlgorithm> = HashingAlgorithm;
        /// The hash.
        hashed_password: Secret = HashedPassword;
    }
}

structure! {
    /// Ticket (KMIP 2.1 §7.39): whoever has it is who it was given to.
    pub struct Ticket {
        /// What it is for.
        ticket_type: TicketType = TicketType;
        /// Its value, which only the server can read.
        ticket_value: Secret = TicketValue;
    }
}

structure! {
    /// The value of a Ticket Credential (KMIP 2.1 §9.10).
    pub struct TicketCredential {
        /// The ticket.
        ticket: Ticket = Ticket;
    }
}

/// A password: a Text String that is kept as a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub Secret);

impl Value for Password {
    fn read(item: Item<'_>) -> Result<Self> {
        item.text().map(|text| Self(Secret::from(text.as_bytes())))
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        writer.item(tag, ItemType::TextString, self.0.expose());
    }
}

impl Value for Credential {
    fn read(item: Item<'_>) -> Result<Self> {
        let mut reader = item.structure()?;
        let (mut credential_type, mut value) = (None, None);
        while let Some(inner) = reader.next_item()? {
            let accepted = match inner.tag {
                Tag::CredentialType => read_once(&mut credential_type, inner, Value::read),
                Tag::CredentialValue => read_once(&mut value, inner, Ok),
                _ => structure_passes_over(inner),
            };
            accepted.map_err(|error| error.within(item.tag))?;
        }
        let missing = |tag| DecodeError::at(tag, DecodeErrorKind::Missing).within(item.tag);
        let credential_type = credential_type.ok_or_else(|| missing(Tag::CredentialType))?;
        let value = value.ok_or_else(|| missing(Tag::CredentialValue))?;
        match credential_type {
            // The draft of 3.0 has a type for the password alone, and no other value for it.
            CredentialType::UsernameAndPassword | CredentialType::Password => {
                Value::read(value).map(Self::UsernameAndPassword)
            }
            CredentialType::Device => Value::read(value).map(Self::Device),
            CredentialType::Attestation => Value::read(value).map(Self::Attestation),
            CredentialType::OneTimePassword => Value::read(value).map(Self::OneTimePassword),
            CredentialType::HashedPassword => Value::read(value).map(Self::HashedPassword),
            CredentialType::Ticket => {
                TicketCredential::read(value).map(|own| Self::Ticket(own.ticket))
            }
            other => Ok(Self::NotServed(other)),
        }
        .map_err(|error| error.within(item.tag))
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        fn credential(kind: CredentialType, value: &impl Value, writer: &mut Writer) {
            kind.write(Tag::CredentialType, writer);
            value.write(Tag::CredentialValue, writer);
        }
        writer.structure(tag, |writer| match self {
            Self::UsernameAndPassword(own) => {
                credential(CredentialType::UsernameAndPassword, own, writer);
            }
            Self::Device(own) => credential(CredentialType::Device, own, writer),
            Self::Attestation(own) => credential(CredentialType::Attestation, own, writer),
            Self::OneTimePassword(own) => {
                credential(CredentialType::OneTimePassword, own, writer);
            }
            Self::HashedPassword(own) => credential(CredentialType::HashedPassword, own, writer),
            Self::Ticket(own) => {
                let own = TicketCredential {
                    ticket: own.clone(),
                };
                credential(CredentialType::Ticket, &own, writer);
            }
            Self::NotServed(credential_type) => {
                credential_type.write(Tag::CredentialType, writer);
                writer.structure(Tag::CredentialValue, |_| {});
            }
        });
    }
}
