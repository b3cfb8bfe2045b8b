//! Credentials: who asks, beside the certificate (KMIP 2.1 §9.4, §9.10).

use crate::{
    CredentialType, Result, Secret, Tag,
    error::{DecodeError, DecodeErrorKind},
    ttlv::{Item, ItemType, Value, Writer, read_once, structure, structure_passes_over},
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

/// A password: a Text String that is kept as a secret.
#[derive(Clone, PartialEq)]
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
        if credential_type == CredentialType::UsernameAndPassword {
            UsernameAndPassword::read(value).map(Self::UsernameAndPassword)
        } else {
            Ok(Self::NotServed(credential_type))
        }
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        writer.structure(tag, |writer| match self {
            Self::UsernameAndPassword(value) => {
                CredentialType::UsernameAndPassword.write(Tag::CredentialType, writer);
                value.write(Tag::CredentialValue, writer);
            }
            Self::NotServed(credential_type) => credential_type.write(Tag::CredentialType, writer),
        });
    }
}
