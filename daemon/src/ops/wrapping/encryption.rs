//! How a key is encrypted under another: which keys and ciphers may, with which IV, and back.

use hsm::{Decryption, Encryption};
use kmip::{
    BlockCipherMode, CryptographicUsageMask, OperationCode, Secret,
    attribute::CryptographicParameters,
    mechanism::{Cipher, KeySpec, Padding, parameters},
    object::{EncryptionKeyInformation, KeyWrappingData, KeyWrappingSpecification},
    ttlv::Bytes,
};
use store::{Custody, Record};

use super::{delivery, of_wrapping, trust};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    marks,
    ops::{encrypt::associated, get},
    profile::{self, Kek},
};

/// Encrypts what is wrapped, and says how.
pub(super) fn encrypted(
    context: &mut Context<'_>,
    by: &EncryptionKeyInformation,
    bytes: &Secret,
    (of, how): (&Record, &KeyWrappingSpecification),
    told: &mut KeyWrappingData,
) -> Result<Secret> {
    let (kek, cipher, parameters) = wrapping_key(
        context,
        by,
        OperationCode::Encrypt,
        CryptographicUsageMask::WrapKey,
    )?;
    let given = how.iv_counter_nonce.as_ref();
    // Some test cases wrap, and unwrap, with keys that a server that keeps real ones refuses for it.
    if context.service.conformance.is_none() {
        let is_sensitive = of.attributes.sensitive != Some(false);
        let vault = context.vault()?;
        profile::check_encryption(&vault, &cipher, given.is_some())?;
        profile::check_wrapping(known(&kek), &cipher, is_sensitive, given.is_some())?;
    }
    if given.is_some() {
        context.note("caller iv");
    }
    let is_public = matches!(kek.record().custody, Custody::Public(_));
    if (marks::wants_trusted(of) && !marks::is_trusted(kek.record()))
        || (marks::is_between(of) && !is_public)
    {
        return Err(get::wants_trusted());
    }
    if let Custody::Public(spki) = &kek.record().custody {
        context.permitted(&kek, CryptographicUsageMask::WrapKey)?;
        told.encryption_key_information = Some(EncryptionKeyInformation {
            unique_identifier: kek.identifier(),
            cryptographic_parameters: Some(parameters),
        });
        let wrapped = hsm::public::encrypt(spki, &cipher, bytes.expose())?;
        return Ok(Secret::new(wrapped));
    }
    let (backend, key) = context.key_for(&kek, CryptographicUsageMask::WrapKey)?;
    let input = Encryption {
        iv: given.map(|iv| iv.0.as_slice()),
        associated: associated(how.authenticated_encryption_additional_data.as_ref()),
        plain: bytes.expose(),
    };
    let encrypted = context.backend(&backend)?.encrypt(&key, &cipher, input)?;
    let mut wrapped = encrypted.data;
    // GCM's tag has no field of its own in Key Wrapping Data; it follows the ciphertext.
    wrapped.extend(encrypted.tag.unwrap_or_default());
    told.encryption_key_information = Some(EncryptionKeyInformation {
        unique_identifier: kek.identifier(),
        cryptographic_parameters: Some(parameters),
    });
    told.iv_counter_nonce = encrypted.iv.map(Bytes).or_else(|| given.cloned());
    told.authenticated_encryption_additional_data =
        how.authenticated_encryption_additional_data.clone();
    Ok(Secret::new(wrapped))
}

pub(super) fn decrypted(
    context: &mut Context<'_>,
    by: &EncryptionKeyInformation,
    how: &KeyWrappingData,
    wrapped: &Secret,
    new_is_sensitive: bool,
) -> Result<Secret> {
    let (kek, cipher, _) = wrapping_key(
        context,
        by,
        OperationCode::Decrypt,
        CryptographicUsageMask::UnwrapKey,
    )?;
    delivery::check_not_transport(kek.record())?;
    let mut usage = CryptographicUsageMask::UnwrapKey;
    if context.service.conformance.is_none() {
        let vault = context.vault()?;
        profile::check_decryption(&vault, &cipher)?;
        profile::check_unwrapping(known(&kek), &cipher, new_is_sensitive)?;
    } else if !mask(&kek).contains(usage) {
        usage = CryptographicUsageMask::WrapKey;
    }
    let (data, tag) = split_tag(&cipher, wrapped.expose())?;
    let (backend, key) = context.key_for(&kek, usage)?;
    let input = Decryption {
        iv: how.iv_counter_nonce.as_ref().map(|iv| iv.0.as_slice()),
        associated: associated(how.authenticated_encryption_additional_data.as_ref()),
        tag,
        data,
    };
    Ok(context.backend(&backend)?.decrypt(&key, &cipher, input)?)
}

/// Whether what a key wraps leaves under none that is less trusted.
pub(super) fn is_trusted(context: &mut Context<'_>, by: &EncryptionKeyInformation) -> Result<bool> {
    let usage = CryptographicUsageMask::UnwrapKey;
    let (kek, ..) = wrapping_key(context, by, OperationCode::Decrypt, usage)?;
    trust::is_under_trusted(context, kek.record())
}

/// The wrapping key and how it wraps; the principal must be allowed to encrypt or decrypt with it.
fn wrapping_key(
    context: &mut Context<'_>,
    information: &EncryptionKeyInformation,
    operation: OperationCode,
    usage: CryptographicUsageMask,
) -> Result<(Authorized, Cipher, CryptographicParameters)> {
    let kek = context
        .second_object(&information.unique_identifier, operation, usage)
        .map_err(of_wrapping)?;
    let spec = kek
        .record()
        .spec
        .ok_or_else(|| Error::new(Fault::WrongObjectType, "the wrapping object is no key"))?;
    let own = kek.record().attributes.cryptographic_parameters.first();
    let mut parameters = information
        .cryptographic_parameters
        .clone()
        .or_else(|| own.map(|own| (**own).clone()))
        .unwrap_or_default();
    // AES key wrap is what wrapping means where nothing else is said.
    if matches!(spec, KeySpec::Aes { .. }) {
        parameters
            .block_cipher_mode
            .get_or_insert(BlockCipherMode::NISTKeyWrap);
    }
    let cipher = parameters::cipher(spec, &parameters)?;
    match cipher {
        Cipher::AesCbc(Padding::Pkcs5)
        | Cipher::AesKeyWrap
        | Cipher::AesKeyWrapPadded
        | Cipher::AesGcm { .. }
        | Cipher::AesCcm { .. }
        | Cipher::ChaCha20Poly1305 { .. }
        | Cipher::RsaPkcs1
        | Cipher::RsaOaep { .. } => Ok((kek, cipher, parameters)),
        _ => Err(Error::new(
            Fault::UnsupportedParameters,
            "keys are wrapped with AES key wrap, an authenticating mode, CBC with padding, or RSA",
        )),
    }
}

/// What the vault's rules ask of a wrapping key.
fn known(key: &Authorized) -> Kek {
    Kek {
        mask: mask(key),
        keeps: marks::keeps(key.record()),
    }
}

fn mask(key: &Authorized) -> CryptographicUsageMask {
    key.record()
        .attributes
        .cryptographic_usage_mask
        .unwrap_or_default()
}

/// The tag that follows the ciphertext of an authenticating mode.
fn split_tag<'a>(cipher: &Cipher, wrapped: &'a [u8]) -> Result<(&'a [u8], Option<&'a [u8]>)> {
    let Some(tag_bytes) = cipher.tag_bytes() else {
        return Ok((wrapped, None));
    };
    wrapped
        .len()
        .checked_sub(usize::from(tag_bytes))
        .and_then(|at| wrapped.split_at_checked(at))
        .map(|(data, tag)| (data, Some(tag)))
        .ok_or_else(|| Error::invalid_field("the wrapped key is shorter than its tag"))
}
