//! Keys that come wrapped for the HSM itself: by RSA with an AES key between, as CKM_RSA_AES_KEY_WRAP has it (PKCS #11 3.1
//! §6.1.21). In KMIP the parameters of an RSA key say so by OAEP and AES key wrap with padding at once.

use hsm::KeyRef;
use kmip::{
    BlockCipherMode, CryptographicUsageMask, EncodingOption, OperationCode, WrappingMethod,
    mechanism::{Cipher, Hash, KeySpec, parameters},
    object::{KeyBlock, KeyMaterial, KeyValue},
};

use super::{of_wrapping, trust};
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    marks, profile,
};

/// A key on its way into the HSM.
pub(crate) struct Delivery {
    /// The key of the HSM that unwraps it.
    pub(crate) under: KeyRef,
    /// The hash function of RSAES-OAEP and of its mask.
    pub(crate) hash: Hash,
    pub(crate) bytes: Vec<u8>,
    /// Whether it leaves only under what is trusted, because it came so.
    pub(crate) wants_trusted: bool,
}

/// The key of a key block that is wrapped for the HSM itself.
pub(crate) fn delivery(context: &mut Context<'_>, block: &KeyBlock) -> Result<Option<Delivery>> {
    let Some(how) = &block.key_wrapping_data else {
        return Ok(None);
    };
    let by = match &how.encryption_key_information {
        Some(by) if how.wrapping_method == WrappingMethod::Encrypt => by,
        _ => return Ok(None),
    };
    let usage = CryptographicUsageMask::UnwrapKey;
    let kek = context
        .second_object(&by.unique_identifier, OperationCode::Decrypt, usage)
        .map_err(of_wrapping)?;
    let own = kek.record().attributes.cryptographic_parameters.first();
    let said = by
        .cryptographic_parameters
        .clone()
        .or_else(|| own.map(|own| (**own).clone()))
        .unwrap_or_default();
    let spec = match kek.record().spec {
        Some(spec @ KeySpec::Rsa { .. })
            if said.block_cipher_mode == Some(BlockCipherMode::AESKeyWrapPadding) =>
        {
            spec
        }
        _ => return Ok(None),
    };
    if how.encoding_option != Some(EncodingOption::NoEncoding) {
        return Err(Error::new(
            Fault::EncodingOption,
            "what an HSM unwraps is the key alone, without an encoding",
        ));
    }
    let cipher = parameters::cipher(spec, &said)?;
    let vault = context.vault()?;
    profile::check_decryption(&vault, &cipher)?;
    let hash = hash_of(&cipher)?;
    check_hash(marks::transport(kek.record()), hash)?;
    let (backend, under) = context.key_for(&kek, usage)?;
    if backend != vault.backend {
        return Err(Error::invalid_field(
            "the unwrapping key is not in the vault's own HSM",
        ));
    }
    let bytes = match &block.key_value {
        Some(KeyValue::Wrapped(bytes)) => bytes.0.clone(),
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        }) => bytes.expose().to_vec(),
        _ => return Err(Error::invalid_field("the wrapped key value is missing")),
    };
    Ok(Some(Delivery {
        under,
        hash,
        bytes,
        wants_trusted: trust::is_under_trusted(context, kek.record())?,
    }))
}

/// The one hash function of RSAES-OAEP and of its mask.
fn hash_of(cipher: &Cipher) -> Result<Hash> {
    match cipher {
        Cipher::RsaOaep {
            hash,
            mask_hash,
            label,
        } if hash == mask_hash && label.is_empty() => Ok(*hash),
        _ => Err(Error::new(
            Fault::UnsupportedParameters,
            "the key between is encrypted by OAEP with one hash function and without a label",
        )),
    }
}

/// A transport key says what it unwraps by.
fn check_hash(known: Option<&str>, hash: Hash) -> Result<()> {
    let wanted = hash.name();
    match known {
        Some(known) if known.split(' ').all(|own| own != wanted) => Err(Error::new(
            Fault::UnsupportedParameters,
            format!("the transport key's HSM does not unwrap by {wanted}, but by: {known}"),
        )),
        _ => Ok(()),
    }
}

/// Refuses to let the daemon see what was wrapped for the HSM alone.
pub(super) fn check_not_transport(key: &store::Record) -> Result<()> {
    if marks::transport(key).is_none() {
        return Ok(());
    }
    Err(Error::new(
        Fault::WrongUsage,
        "a transport key unwraps keys inside its HSM alone: by OAEP and AES key wrap with padding",
    ))
}
