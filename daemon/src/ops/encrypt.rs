//! Encrypt and Decrypt.

use hsm::{Decryption, Encrypted, Encryption, KeyRef};
use kmip::{
    CryptographicUsageMask, ObjectType, Secret, V1_4,
    attribute::CryptographicParameters,
    mechanism::{
        Cipher, Padding,
        parameters::{self, Start},
    },
    payload::encrypt::{
        Decrypt, DecryptRequest, DecryptResponse, Encrypt, EncryptRequest, EncryptResponse,
    },
    ttlv::Bytes,
};
use store::Custody;

use super::{Handler, is_short, key_parameters, needed, parts};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    policy::Access,
    profile,
    service::Service,
    streams::Step,
    uses::Counted,
};

impl Handler for Encrypt {
    const ACCESS: Access = Access::Use(CryptographicUsageMask::Encrypt);

    fn is_light(service: &Service, request: &EncryptRequest) -> bool {
        Step::is_whole(request)
            && is_short(request.data.as_ref())
            && service.has_light_key(request.unique_identifier.as_ref(), |record| {
                record.attributes.usage_limits.is_none()
            })
    }

    fn handle(context: &mut Context<'_>, request: EncryptRequest) -> Result<EncryptResponse> {
        let step = Step::of(&request)?;
        if !matches!(step, Step::Whole) {
            return parts::encrypt(context, step, request);
        }
        let data = needed(request.data.as_ref(), "Data is missing")?;
        let key = context.object(request.unique_identifier.clone())?;
        whole(context, &key, &request, data.expose())
    }
}

/// The answer to a request with all of its data.
pub(super) fn whole(
    context: &mut Context<'_>,
    key: &Authorized,
    request: &EncryptRequest,
    plain: &[u8],
) -> Result<EncryptResponse> {
    let encrypted = encrypt(context, key, request, plain)?;
    context.spend(key, plain.len())?;
    context.used(key, Counted::Encrypt);
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

fn encrypt(
    context: &mut Context<'_>,
    key: &Authorized,
    request: &EncryptRequest,
    plain: &[u8],
) -> Result<Encrypted> {
    if let (ObjectType::PublicKey, Custody::Public(spki)) =
        (key.record().object_type, &key.record().custody)
    {
        context.permitted(key, CryptographicUsageMask::Encrypt)?;
        let (spec, parameters) = key_parameters(key, request.cryptographic_parameters.clone())?;
        let cipher = parameters::cipher(spec, &parameters)?;
        profile::check_encryption(context.vault()?.as_ref(), &cipher, false)?;
        let data = hsm::public::encrypt(spki, &cipher, plain)?;
        return Ok(Encrypted {
            data,
            iv: None,
            tag: None,
        });
    }
    let with = secret_use(context, key, request)?;
    within_counter(&with.start, plain.len())?;
    let input = Encryption {
        iv: with.start.iv.as_deref(),
        associated: associated(request.authenticated_encryption_additional_data.as_ref()),
        plain,
    };
    Ok(context
        .backend(&with.backend)?
        .encrypt(&with.key, &with.cipher, input)?)
}

/// How a secret or private key is used, where it may be.
pub(super) struct Use {
    pub(super) backend: String,
    pub(super) key: KeyRef,
    pub(super) cipher: Cipher,
    pub(super) start: Start,
}

/// How a secret key encrypts.
pub(super) fn secret_use(
    context: &mut Context<'_>,
    key: &Authorized,
    request: &EncryptRequest,
) -> Result<Use> {
    if key.record().object_type != ObjectType::SymmetricKey {
        return Err(Error::new(
            Fault::WrongObjectType,
            "data is encrypted with symmetric and public keys",
        ));
    }
    let (backend, key_ref) = context.key_for(key, CryptographicUsageMask::Encrypt)?;
    let (spec, parameters) = key_parameters(key, request.cryptographic_parameters.clone())?;
    let given = request.iv_counter_nonce.as_ref().map(|iv| iv.0.as_slice());
    let cipher = parameters::cipher(spec, &parameters)?;
    profile::check_encryption(context.vault()?.as_ref(), &cipher, given.is_some())?;
    let start = parameters::start(&cipher, &parameters, given)?;
    if given.is_some() {
        context.note("caller iv");
    }
    Ok(Use {
        backend,
        key: key_ref,
        cipher,
        start,
    })
}

/// Data that is authenticated without being encrypted.
pub(super) fn associated(data: Option<&Bytes>) -> &[u8] {
    data.map_or(&[], |data| &data.0)
}

impl Handler for Decrypt {
    const ACCESS: Access = Access::Use(CryptographicUsageMask::Decrypt);

    fn is_light(service: &Service, request: &DecryptRequest) -> bool {
        let short = request
            .data
            .as_ref()
            .is_none_or(|data| data.0.len() <= super::SHORT_BYTES_MAX);
        Step::is_whole(request)
            && short
            && service.has_light_key(request.unique_identifier.as_ref(), |record| {
                record.object_type == ObjectType::SymmetricKey
            })
    }

    fn handle(context: &mut Context<'_>, mut request: DecryptRequest) -> Result<DecryptResponse> {
        let step = Step::of(&request)?;
        if !matches!(step, Step::Whole) {
            return parts::decrypt(context, step, request);
        }
        let key = context.object(request.unique_identifier.clone())?;
        take_iv_from_front(context, &key, &mut request)?;
        let data = request.data.as_ref().map(|data| data.0.as_slice());
        let data = needed(data, "Data is missing")?;
        let plain = whole_decrypted(context, &key, &request, data)?;
        context.used(&key, Counted::Decrypt);
        Ok(DecryptResponse {
            unique_identifier: key.identifier(),
            data: Some(plain),
            correlation_value: None,
        })
    }
}

/// Some clients of 1.x put the IV of CBC in front of the ciphertext and leave its own field out: EDB's `thales` variant.
/// The standard has a missing IV refused, and so it is where that is tested, in strict vaults, and in 2.x.
fn take_iv_from_front(
    context: &mut Context<'_>,
    key: &Authorized,
    request: &mut DecryptRequest,
) -> Result<()> {
    let is_exact = context.version.is_2()
        || context.service.conformance.is_some()
        || request.iv_counter_nonce.is_some()
        || key.record().object_type != ObjectType::SymmetricKey;
    if is_exact || context.vault()?.strict {
        return Ok(());
    }
    let (spec, parameters) = key_parameters(key, request.cryptographic_parameters.clone())?;
    let is_cbc = parameters::cipher(spec, &parameters)? == Cipher::AesCbc(Padding::Pkcs5);
    let data = request.data.as_ref().filter(|_| is_cbc);
    if let Some((iv, rest)) = data.and_then(|data| data.0.split_first_chunk::<16>())
        && !rest.is_empty()
    {
        request.iv_counter_nonce = Some(Bytes(iv.to_vec()));
        request.data = Some(Bytes(rest.to_vec()));
        context.note("iv in front");
    }
    Ok(())
}

/// The plaintext of a request with all of its data; the tag from its field, or from behind the ciphertext where 1.3 and
/// older put it.
pub(super) fn whole_decrypted(
    context: &Context<'_>,
    key: &Authorized,
    request: &DecryptRequest,
    mut data: &[u8],
) -> Result<Secret> {
    let with = decryption(context, key, request)?;
    let mut tag = request
        .authenticated_encryption_tag
        .as_ref()
        .map(|tag| tag.0.as_slice());
    let cut = || Error::new(Fault::CryptoFailed, "the ciphertext is too short");
    if let (None, Some(tag_bytes)) = (tag, with.cipher.tag_bytes()) {
        let at = data
            .len()
            .checked_sub(usize::from(tag_bytes))
            .ok_or_else(cut)?;
        let (rest, behind) = data.split_at_checked(at).ok_or_else(cut)?;
        (data, tag) = (rest, Some(behind));
    }
    within_counter(&with.start, data.len())?;
    let input = Decryption {
        iv: with.start.iv.as_deref(),
        associated: associated(request.authenticated_encryption_additional_data.as_ref()),
        tag,
        data,
    };
    Ok(context
        .backend(&with.backend)?
        .decrypt(&with.key, &with.cipher, input)?)
}

/// How a secret or private key decrypts.
pub(super) fn decryption(
    context: &Context<'_>,
    key: &Authorized,
    request: &DecryptRequest,
) -> Result<Use> {
    if !matches!(
        key.record().object_type,
        ObjectType::SymmetricKey | ObjectType::PrivateKey
    ) {
        return Err(Error::new(
            Fault::WrongObjectType,
            "data is decrypted with symmetric and private keys",
        ));
    }
    let (backend, key_ref) = context.key_for(key, CryptographicUsageMask::Decrypt)?;
    let (spec, parameters) = key_parameters(key, request.cryptographic_parameters.clone())?;
    let cipher = parameters::cipher(spec, &parameters)?;
    profile::check_decryption(context.vault()?.as_ref(), &cipher)?;
    let start = start(request, &parameters, &cipher)?;
    Ok(Use {
        backend,
        key: key_ref,
        cipher,
        start,
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
