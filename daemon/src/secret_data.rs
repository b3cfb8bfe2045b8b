//! Secret data at rest: its type, which is no attribute, in front of its bytes.

use kmip::{Secret, SecretDataType};

use crate::error::{Error, Result};

/// Type and bytes as one secret.
pub(crate) fn join(secret_data_type: SecretDataType, bytes: &Secret) -> Secret {
    let mut joined = Vec::with_capacity(4 + bytes.len());
    joined.extend_from_slice(&secret_data_type.0.to_be_bytes());
    joined.extend_from_slice(bytes.expose());
    Secret::new(joined)
}

/// Type and bytes of what [`join`] made.
pub(crate) fn split(joined: &Secret) -> Result<(SecretDataType, Secret)> {
    let (head, bytes) = joined
        .expose()
        .split_first_chunk::<4>()
        .ok_or_else(|| Error::internal("stored secret data is too short"))?;
    Ok((
        SecretDataType(u32::from_be_bytes(*head)),
        Secret::from(bytes),
    ))
}
