//! Encapsulate and Decapsulate: a secret for two, of whom one has a public key and the other its private half.

use hsm::KeyRef;
use kmip::{
    CryptographicUsageMask as Mask, KEMAlgorithm, ObjectType, OperationCode,
    attribute::{Attribute, AttributeList, UniqueIdentifier},
    mechanism::{KeySpec, PostQuantumUse, parameters},
    payload::kem::{
        Decapsulate, DecapsulateRequest, DecapsulateResponse, Encapsulate, EncapsulateRequest,
        EncapsulateResponse, KEMParameters,
    },
    ttlv::Bytes,
};
use store::Custody;

use super::{Handler, derive::New, needed};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    policy::{Access, is_secret},
    template,
};

impl Handler for Encapsulate {
    const ACCESS: Access = Access::Create;
    const IS_EXPERIMENTAL: bool = true;

    fn handle(
        context: &mut Context<'_>,
        request: EncapsulateRequest,
    ) -> Result<EncapsulateResponse> {
        let key = context.second_object(
            &needed(request.unique_identifier, NO_KEY)?,
            OperationCode::Encapsulate,
            Mask::Encapsulate,
        )?;
        context.permitted(&key, Mask::Encapsulate)?;
        check(
            &key,
            ObjectType::PublicKey,
            request.cryptographic_parameters,
        )?;
        let Custody::Public(spki) = &key.record().custody else {
            return Err(Error::internal("a public key is not stored as one"));
        };
        let new = new(context, request.object_type, request.attributes, &key)?;
        let (ciphertext, secret) = hsm::public::encapsulate(spki)?;
        context.spend(&key, secret.len())?;
        let custody = new.keep(context, secret)?;
        let unique_identifier = UniqueIdentifier::Text(new.id.0.clone());
        new.insert(context, custody)?;
        context.note("encapsulated");
        Ok(EncapsulateResponse {
            unique_identifier,
            data: Bytes(ciphertext),
        })
    }
}

impl Handler for Decapsulate {
    const ACCESS: Access = Access::Create;
    const IS_EXPERIMENTAL: bool = true;

    fn handle(
        context: &mut Context<'_>,
        request: DecapsulateRequest,
    ) -> Result<DecapsulateResponse> {
        let key = context.second_object(
            &needed(request.unique_identifier, NO_KEY)?,
            OperationCode::Decapsulate,
            Mask::Decapsulate,
        )?;
        let (backend, reference): (String, KeyRef) = context.key_for(&key, Mask::Decapsulate)?;
        check(
            &key,
            ObjectType::PrivateKey,
            request.cryptographic_parameters,
        )?;
        let new = new(context, request.object_type, request.attributes, &key)?;
        let terms = context.terms(&new.id, &new.attributes)?;
        let custody =
            context.decapsulate((&backend, &reference), &request.data.0, &new.target(&terms))?;
        let unique_identifier = UniqueIdentifier::Text(new.id.0.clone());
        new.insert(context, custody)?;
        context.note("decapsulated");
        Ok(DecapsulateResponse { unique_identifier })
    }
}

/// Whether the object is the half that is needed of a pair that encapsulates, as the parameters say.
fn check(key: &Authorized, half: ObjectType, asked: Option<KEMParameters>) -> Result<()> {
    let record = key.record();
    let spec = match record.spec {
        Some(KeySpec::PostQuantum(own)) if own.kind() == PostQuantumUse::Kem => {
            KeySpec::PostQuantum(own)
        }
        _ => return Err(unfit()),
    };
    if record.object_type != half {
        return Err(unfit());
    }
    let asked = asked.unwrap_or_default();
    let (algorithm, ..) = parameters::key_attributes(spec, None);
    if asked
        .kem_algorithm
        .is_some_and(|own| own != KEMAlgorithm::MLKEM)
        || asked
            .cryptographic_algorithm
            .is_some_and(|own| own != algorithm)
    {
        return Err(Error::new(
            Fault::UnsupportedParameters,
            "the parameters do not fit the key, which is one of ML-KEM",
        ));
    }
    Ok(())
}

fn unfit() -> Error {
    Error::new(
        Fault::WrongObjectType,
        "public keys of ML-KEM encapsulate, and private keys of ML-KEM decapsulate",
    )
}

/// The new object: secret data, unless the request wants a key. It follows the private key as what is derived follows
/// its base, but is not linked to it: a pair has a secret for each conversation, and must not grow with them.
fn new(
    context: &mut Context<'_>,
    object_type: Option<ObjectType>,
    mut attributes: AttributeList,
    key: &Authorized,
) -> Result<New> {
    let length = |own: &Attribute| matches!(own, Attribute::CryptographicLength(_));
    if !attributes.iter().any(length) {
        let bits = Attribute::CryptographicLength(SECRET_BITS);
        attributes.items.push((None, bits));
    }
    let object_type = object_type.unwrap_or(ObjectType::SecretData);
    let mut new = New::described(context, &attributes, object_type)?;
    if new.bytes * 8 != usize::try_from(SECRET_BITS).unwrap_or_default() {
        return Err(Error::new(
            Fault::InvalidAttributeValue,
            "the secret has 256 bits, and is kept whole",
        ));
    }
    // The other side has the secret as well, and a public key says nothing of how it is to be kept.
    let strict = context.vault()?.strict;
    if strict && !is_secret(key.record().object_type) {
        new.lock()?;
    }
    new.inherit(key, !strict)?;
    template::decide_class(&mut new.attributes, context.vault()?.as_ref());
    // Nor was it ever kept by one alone.
    new.attributes.always_sensitive = Some(false);
    new.attributes.never_extractable = Some(false);
    Ok(new)
}

/// FIPS 203 §3.3: the secret of ML-KEM has 32 bytes.
const SECRET_BITS: i32 = 256;
const NO_KEY: &str = "the key is not named";
