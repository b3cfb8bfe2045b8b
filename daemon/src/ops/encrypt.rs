//! Encrypt and Decrypt.

use hsm::{Decryption, Encrypted, Encryption};
use kmip::{
    CryptographicUsageMask, ObjectType, V1_4,
    attribute::CryptographicParameters,
    mechanism::{
        Cipher,
        parameters::{self, Start},
    },
    payload::encrypt::{
        Decrypt, DecryptRequest, DecryptResponse, Encrypt, EncryptRequest, EncryptResponse,
    },
    ttlv::Bytes,
};
use store::Custody;

use super::{Handler, is_short, key_parameters, needed, refuse_streams};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    policy::Access,
    profile,
    service::Service,
};

impl Handler for Encrypt {
    const ACCESS: Access = Access::Use(CryptographicUsageMask::Encrypt);

    fn is_light(service: &Service, request: &EncryptRequest) -> bool {
        is_short(request.data.as_ref())
            && service.has_light_key(request.unique_identifier.as_ref(), |record| {
                record.attributes.usage_limits.is_none()
            })
    }

    fn handle(context: &mut Context<'_>, request: EncryptRequest) -> Result<EncryptResponse> {
        refuse_streams(
            request.correlation_value.as_ref(),
            request.init_indicator,
            request.final_indicator,
        )?;
        let data = needed(request.data.as_ref(), "Data is missing")?;
        let key = context.object(request.unique_identifier.clone())?;
        let encrypted = encrypt(context, &key, &request, data.expose())?;
        context.spend(&key, data.len())?;
        let (mut data, mut tag) = (encrypted.data, encrypted.tag);
        // Before 1.4 there is no field for the tag; it follows the ciphertext.
        if context.version < V1_4 {
            data.extend(tag.take().unwrap_or_default());
        }
        Ok(EncryptResponse {
            unique_identifier: key.identifier(),
            data: Some(Bytes(data)),
            iv_counter_nonce: encrypted.iv.map(Bytes),
            correlation_value: None,
            authenticated_encryption_tag: tag.map(Bytes),
        })
    }
}

fn encrypt(
    context: &mut Context<'_>,
    key: &Authorized,
    request: &EncryptRequest,
    plain: &[u8],
) -> Result<Encrypted> {
    let (spec, parameters) = key_parameters(key, request.cryptographic_parameters.clone())?;
    let given = request.iv_counter_nonce.as_ref().map(|iv| iv.0.as_slice());
    if let (ObjectType::PublicKey, Custody::Public(spki)) =
        (key.record().object_type, &key.record().custody)
    {
        context.permitted(key, CryptographicUsageMask::Encrypt)?;
        let cipher = parameters::cipher(spec, &parameters)?;
        profile::check_encryption(context.vault()?.as_ref(), &cipher, false)?;
        let data = hsm::public::encrypt(spki, &cipher, plain)?;
        return Ok(Encrypted {
            data,
            iv: None,
            tag: None,
        });
    }
    if key.record().object_type != ObjectType::SymmetricKey {
        return Err(Error::new(
            Fault::WrongObjectType,
            "data is encrypted with symmetric and public keys",
        ));
    }
    let (backend, key_ref) = context.key_for(key, CryptographicUsageMask::Encrypt)?;
    let cipher = parameters::cipher(spec, &parameters)?;
    profile::check_encryption(context.vault()?.as_ref(), &cipher, given.is_some())?;
    let start = parameters::start(&cipher, &parameters, given)?;
    within_counter(&start, plain.len())?;
    if given.is_some() {
        context.note("caller iv");
    }
    let associated = request
        .authenticated_encryption_additional_data
        .as_ref()
        .map_or(&[][..], |data| &data.0);
    Ok(context.backend(&backend)?.encrypt(
        &key_ref,
        &cipher,
        Encryption {
            iv: start.iv.as_deref(),
            associated,
            plain,
        },
    )?)
}

impl Handler for Decrypt {
    const ACCESS: Access = Access::Use(CryptographicUsageMask::Decrypt);

    fn is_light(service: &Service, request: &DecryptRequest) -> bool {
        let short = request
            .data
            .as_ref()
            .is_none_or(|data| data.0.len() <= super::SHORT_BYTES_MAX);
        short
            && service.has_light_key(request.unique_identifier.as_ref(), |record| {
                record.object_type == ObjectType::SymmetricKey
            })
    }

    fn handle(context: &mut Context<'_>, request: DecryptRequest) -> Result<DecryptResponse> {
        refuse_streams(
            request.correlation_value.as_ref(),
            request.init_indicator,
            request.final_indicator,
        )?;
        let key = context.object(request.unique_identifier.clone())?;
        if !matches!(
            key.record().object_type,
            ObjectType::SymmetricKey | ObjectType::PrivateKey
        ) {
            return Err(Error::new(
                Fault::WrongObjectType,
                "data is decrypted with symmetric and private keys",
            ));
        }
        let (backend, key_ref) = context.key_for(&key, CryptographicUsageMask::Decrypt)?;
        let (spec, parameters) = key_parameters(&key, request.cryptographic_parameters.clone())?;
        let cipher = parameters::cipher(spec, &parameters)?;
        profile::check_decryption(context.vault()?.as_ref(), &cipher)?;
        let start = start(&request, &parameters, &cipher)?;
        let input = input(&request, &cipher, &start)?;
        let plain = context
            .backend(&backend)?
            .decrypt(&key_ref, &cipher, input)?;
        Ok(DecryptResponse {
            unique_identifier: key.identifier(),
            data: Some(plain),
            correlation_value: None,
        })
    }
}

/// The parts of a ciphertext; the tag from its field, or from behind the ciphertext where 1.3 and older put it.
fn input<'a>(
    request: &'a DecryptRequest,
    cipher: &Cipher,
    start: &'a Start,
) -> Result<Decryption<'a>> {
    let mut data = needed(
        request.data.as_ref().map(|data| data.0.as_slice()),
        "Data is missing",
    )?;
    let mut tag = request
        .authenticated_encryption_tag
        .as_ref()
        .map(|tag| tag.0.as_slice());
    let cut = || Error::new(Fault::CryptoFailed, "the ciphertext is too short");
    if let (None, Some(tag_bytes)) = (tag, cipher.tag_bytes()) {
        let at = data
            .len()
            .checked_sub(usize::from(tag_bytes))
            .ok_or_else(cut)?;
        let (rest, behind) = data.split_at_checked(at).ok_or_else(cut)?;
        (data, tag) = (rest, Some(behind));
    }
    let associated = request
        .authenticated_encryption_additional_data
        .as_ref()
        .map_or(&[][..], |data| &data.0);
    within_counter(start, data.len())?;
    Ok(Decryption {
        iv: start.iv.as_deref(),
        associated,
        tag,
        data,
    })
}

/// Where a decryption starts; a mode that has an IV cannot do without.
fn start(
    request: &DecryptRequest,
    parameters: &CryptographicParameters,
    cipher: &Cipher,
) -> Result<Start> {
    let given = request.iv_counter_nonce.as_ref().map(|iv| iv.0.as_slice());
    if given.is_none() && cipher.iv_bytes().is_some() {
        return Err(Error::new(
            Fault::MissingIV,
            "the IV, counter or nonce is missing",
        ));
    }
    // Whether the IV was made at random is said of an encryption.
    let parameters = CryptographicParameters {
        random_iv: None,
        ..parameters.clone()
    };
    Ok(parameters::start(cipher, &parameters, given)?)
}

/// Refuses data at whose end a counter would have begun anew.
fn within_counter(start: &Start, bytes: usize) -> Result<()> {
    let most = start.bytes_max.unwrap_or(u64::MAX);
    if u64::try_from(bytes).is_ok_and(|bytes| bytes <= most) {
        return Ok(());
    }
    Err(Error::new(
        Fault::BadParameters,
        "the counter does not count so far",
    ))
}
