//! DSA keys: their numbers in templates, and in the structures of X.509 and PKCS #8 (RFC 3279 §2.3.2).

use cryptoki_sys as ck;
use kmip::{Secret, der, mechanism::KeySpec};

use crate::{
    Result, Rv, Template, Ulong,
    brought::{bits, pkcs8},
    material::spki as info,
};

/// id-dsa.
const OID: &[u8] = &[6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x38, 4, 1];

/// The domain parameters in the order of Dss-Parms.
pub(crate) const PARAMETERS: [Ulong; 3] = [ck::CKA_PRIME, ck::CKA_SUBPRIME, ck::CKA_BASE];

/// What kind of key a template's primes make; whether it is one is for the daemon to say.
pub(crate) fn spec(template: &Template<'_>) -> Result<KeySpec> {
    let length = |kind| bits(template.needed(kind)?).ok_or(Rv::ATTRIBUTE_VALUE_INVALID);
    Ok(KeySpec::Dsa {
        bits: length(ck::CKA_PRIME)?,
        order_bits: length(ck::CKA_SUBPRIME)?,
    })
}

fn parameters(template: &Template<'_>) -> Result<Vec<u8>> {
    let numbers = PARAMETERS.map(|kind| template.needed(kind).map(der::integer));
    let numbers = numbers.into_iter().collect::<Result<Vec<_>>>()?;
    let parts: Vec<&[u8]> = numbers.iter().map(Vec::as_slice).collect();
    Ok(der::element(der::SEQUENCE, &parts))
}

/// SubjectPublicKeyInfo of a template's public key.
pub(crate) fn spki(template: &Template<'_>) -> Result<Vec<u8>> {
    let value = der::integer(template.needed(ck::CKA_VALUE)?);
    Ok(info(&[OID, &parameters(template)?], &value))
}

/// PrivateKeyInfo of a template's private key.
pub(crate) fn private(template: &Template<'_>) -> Result<Secret> {
    let value = zeroize::Zeroizing::new(der::integer(template.needed(ck::CKA_VALUE)?));
    Ok(pkcs8(&[OID, &parameters(template)?], &value))
}
