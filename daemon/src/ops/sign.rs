//! Sign and Signature Verify.

use hsm::Input;
use kmip::{
    CryptographicUsageMask, HashingAlgorithm, ObjectType, PaddingMethod, Secret, ValidityIndicator,
    attribute::CryptographicParameters,
    mechanism::{Curve, Hash, KeySpec, PostQuantumUse, Signing, parameters, signature},
    payload::sign::{
        Sign, SignRequest, SignResponse, SignatureVerify, SignatureVerifyRequest,
        SignatureVerifyResponse,
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

impl Handler for Sign {
    const ACCESS: Access = Access::Use(CryptographicUsageMask::Sign);

    fn is_light(service: &Service, request: &SignRequest) -> bool {
        is_whole_and_short(service, request, signs_in_microseconds)
    }

    fn is_brief(service: &Service, request: &SignRequest) -> bool {
        is_whole_and_short(service, request, signs_in_a_moment)
    }

    fn handle(context: &mut Context<'_>, request: SignRequest) -> Result<SignResponse> {
        let step = Step::of(&request)?;
        if !matches!(step, Step::Whole) {
            return parts::sign(context, step, request);
        }
        let key = context.object(request.unique_identifier)?;
        check_signing_key(&key)?;
        let input = input(request.data.as_ref(), request.digested_data.as_ref())?;
        let signature = signature(context, &key, request.cryptographic_parameters, input)?;
        context.spend(&key, input_bytes(input))?;
        context.used(&key, Counted::Sign);
        Ok(SignResponse {
            unique_identifier: key.identifier(),
            signature_data: Some(Bytes(signature)),
            correlation_value: None,
        })
    }
}

impl Handler for SignatureVerify {
    const ACCESS: Access = Access::Use(CryptographicUsageMask::Verify);

    fn is_light(service: &Service, request: &SignatureVerifyRequest) -> bool {
        Step::is_whole(request)
            && is_short(request.data.as_ref())
            && service.has_record(request.unique_identifier.as_ref())
    }

    fn handle(
        context: &mut Context<'_>,
        request: SignatureVerifyRequest,
    ) -> Result<SignatureVerifyResponse> {
        let step = Step::of(&request)?;
        if !matches!(step, Step::Whole) {
            return parts::signature_verify(context, step, request);
        }
        let given = needed(request.signature_data, "Signature Data is missing")?;
        let key = context.object(request.unique_identifier)?;
        context.permitted(&key, CryptographicUsageMask::Verify)?;
        let input = input(request.data.as_ref(), request.digested_data.as_ref())?;
        let validity = validity(&key, request.cryptographic_parameters, input, &given.0)?;
        context.used(&key, Counted::SignatureVerify);
        Ok(SignatureVerifyResponse {
            unique_identifier: key.identifier(),
            validity_indicator: Some(validity),
            data: None,
            correlation_value: None,
        })
    }
}

/// Refuses what does not sign.
pub(super) fn check_signing_key(key: &Authorized) -> Result<()> {
    if key.record().object_type == ObjectType::PrivateKey {
        return Ok(());
    }
    Err(Error::new(
        Fault::WrongObjectType,
        "signatures are made with private keys",
    ))
}

/// The signature of a key that may sign.
pub(super) fn signature(
    context: &Context<'_>,
    key: &Authorized,
    asked: Option<CryptographicParameters>,
    input: Input<'_>,
) -> Result<Vec<u8>> {
    let (backend, key_ref) = context.key_for(key, CryptographicUsageMask::Sign)?;
    let context_of = context_bytes(key, asked.as_ref());
    let (spec, mechanism, input) = mechanism(key, asked, input)?;
    let input = in_context(mechanism, input, &context_of);
    profile::check_signing(context.vault()?.as_ref(), mechanism)?;
    let signature = context
        .backend(&backend)?
        .sign(&key_ref, mechanism, input)?;
    Ok(match spec.signature_half_bytes() {
        Some(_) => signature::to_der(&signature),
        None => signature,
    })
}

/// Whether a signature is that of a public key.
pub(super) fn validity(
    key: &Authorized,
    asked: Option<CryptographicParameters>,
    input: Input<'_>,
    given: &[u8],
) -> Result<ValidityIndicator> {
    let (ObjectType::PublicKey, Custody::Public(spki)) =
        (key.record().object_type, &key.record().custody)
    else {
        return Err(Error::new(
            Fault::WrongObjectType,
            "signatures are verified with public keys",
        ));
    };
    let salt_named = names_salt(key, asked.as_ref());
    let context_of = context_bytes(key, asked.as_ref());
    let (spec, mechanism, input) = mechanism(key, asked, input)?;
    let input = in_context(mechanism, input, &context_of);
    let valid = match spec.signature_half_bytes() {
        Some(half_bytes) => match signature::from_der(given, half_bytes) {
            Some(halves) => hsm::public::verify(spki, mechanism, input, &halves)?,
            None => false,
        },
        None => verify_string(spki, (spec, mechanism), salt_named, input, given)?,
    };
    Ok(if valid {
        ValidityIndicator::Valid
    } else {
        ValidityIndicator::Invalid
    })
}

/// The parameters that count: those asked for, or the key's own.
fn settled<'a>(
    key: &'a Authorized,
    asked: Option<&'a CryptographicParameters>,
) -> Option<&'a CryptographicParameters> {
    let own = key.record().attributes.cryptographic_parameters.first();
    asked.or_else(|| own.map(Box::as_ref))
}

/// Whether the salt of a PSS signature has a length that somebody named.
fn names_salt(key: &Authorized, asked: Option<&CryptographicParameters>) -> bool {
    settled(key, asked).is_some_and(|parameters| parameters.salt_length.is_some())
}

/// The context of a signature that has one.
fn context_bytes(key: &Authorized, asked: Option<&CryptographicParameters>) -> Vec<u8> {
    settled(key, asked)
        .and_then(|parameters| parameters.p_source.as_ref())
        .map(|context| context.0.clone())
        .unwrap_or_default()
}

/// The message or digest with its context, for a signature that has one.
const fn in_context<'a>(mechanism: Signing, input: Input<'a>, context: &'a [u8]) -> Input<'a> {
    match (mechanism, input) {
        (Signing::InContext { .. }, Input::Message(message)) => Input::InContext {
            message,
            is_digest: false,
            context,
        },
        (Signing::InContext { .. }, Input::Digest(message)) => Input::InContext {
            message,
            is_digest: true,
            context,
        },
        (_, input) => input,
    }
}

/// Verifies what is no pair of numbers. The salt of a PSS signature shows its own length, so where none is named those
/// that are in use are tried: the digest's, the longest, and the twenty bytes of PKCS #1's default.
fn verify_string(
    spki: &[u8],
    (spec, mechanism): (KeySpec, Signing),
    salt_named: bool,
    input: Input<'_>,
    signature: &[u8],
) -> Result<bool> {
    if hsm::public::verify(spki, mechanism, input, signature)? {
        return Ok(true);
    }
    let (
        Signing::RsaPss {
            hash, mask_hash, ..
        },
        false,
    ) = (mechanism, salt_named)
    else {
        return Ok(false);
    };
    let digest_bytes = u16::try_from(hash.digest_bytes()).unwrap_or(u16::MAX);
    let longest = spec.bits().div_ceil(8).saturating_sub(digest_bytes + 2);
    for salt_bytes in [longest, 20] {
        let mechanism = Signing::RsaPss {
            hash,
            mask_hash,
            salt_bytes,
        };
        if hsm::public::verify(spki, mechanism, input, signature)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether all of a short message is signed at once, by a key of a kind that an HSM has at hand.
fn is_whole_and_short(
    service: &Service,
    request: &SignRequest,
    is_of_kind: fn(KeySpec) -> bool,
) -> bool {
    Step::is_whole(request)
        && is_short(request.data.as_ref())
        && service.has_light_key(request.unique_identifier.as_ref(), |record| {
            record.spec.is_some_and(is_of_kind) && record.attributes.usage_limits.is_none()
        })
}

/// Whether a signature takes less than half a millisecond.
const fn signs_in_a_moment(spec: KeySpec) -> bool {
    matches!(spec, KeySpec::Rsa { bits } if bits <= 2048)
}

/// Whether a signature takes the time of an answer: not RSA, DSA, SLH-DSA and the slow curves.
fn signs_in_microseconds(spec: KeySpec) -> bool {
    match spec {
        KeySpec::Ec(curve) => matches!(
            curve,
            Curve::P256 | Curve::P384 | Curve::P521 | Curve::Ed25519
        ),
        KeySpec::PostQuantum(algorithm) => algorithm.kind() == PostQuantumUse::MlDsa,
        _ => false,
    }
}

/// The message or its digest: one of them, and one only (KMIP 2.1 §6.1.55).
fn input<'a>(data: Option<&'a Secret>, digested: Option<&'a Bytes>) -> Result<Input<'a>> {
    match (data, digested) {
        (Some(data), None) => Ok(Input::Message(data.expose())),
        (None, Some(digest)) => Ok(Input::Digest(&digest.0)),
        _ => Err(Error::new(
            Fault::MissingData,
            "exactly one of Data and Digested Data is needed",
        )),
    }
}

fn input_bytes(input: Input<'_>) -> usize {
    match input {
        Input::Message(bytes) | Input::Digest(bytes) | Input::InContext { message: bytes, .. } => {
            bytes.len()
        }
    }
}

/// The mechanism asked for; where nothing says which hash, the one that fits the key.
pub(super) fn mechanism<'a>(
    key: &Authorized,
    asked: Option<CryptographicParameters>,
    input: Input<'a>,
) -> Result<(KeySpec, Signing, Input<'a>)> {
    let (spec, mut parameters) = key_parameters(key, asked)?;
    let says_nothing = parameters == CryptographicParameters::default();
    if says_nothing && matches!(spec, KeySpec::Rsa { .. }) {
        parameters.padding_method = Some(PaddingMethod::PKCS1V15);
        parameters.hashing_algorithm = Some(HashingAlgorithm::SHA256);
    }
    let (mechanism, input) = match (parameters::signing(spec, &parameters)?, input) {
        (Signing::Ecdsa(None), Input::Message(_)) => {
            (Signing::Ecdsa(Some(usual_hash(spec))), input)
        }
        (Signing::Dsa(None), Input::Message(_)) => (Signing::Dsa(Some(usual_hash(spec))), input),
        // Without a hash the data is a whole DigestInfo, padded as it is.
        (Signing::RsaPkcs1(None), Input::Message(bytes)) => {
            (Signing::RsaPkcs1(None), Input::Digest(bytes))
        }
        (
            Signing::Eddsa
            | Signing::MlDsa
            | Signing::SlhDsa
            | Signing::InContext { prehash: None, .. },
            Input::Digest(_),
        ) => {
            return Err(Error::new(
                Fault::BadParameters,
                "the key's algorithm signs messages, not digests",
            ));
        }
        (mechanism, input) => (mechanism, input),
    };
    Ok((spec, mechanism, input))
}

/// The hash that is as strong as the key.
fn usual_hash(spec: KeySpec) -> Hash {
    match spec {
        KeySpec::Ec(curve) => match curve.bits() {
            0..=320 => Hash::Sha256,
            321..=384 => Hash::Sha384,
            _ => Hash::Sha512,
        },
        KeySpec::Dsa {
            order_bits: 0..=160,
            ..
        } => Hash::Sha1,
        _ => Hash::Sha256,
    }
}
