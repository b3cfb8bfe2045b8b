//! RSA with an AES key between (CKM_RSA_AES_KEY_WRAP): two wrappings, and what is asked for the key between, which is there
//! for one of them and ends with it.

use cryptoki_sys as ck;
use kmip::{
    ObjectType,
    attribute::AttributeList,
    mechanism::Cipher,
    payload::{create::CreateRequest, register::RegisterRequest},
    ttlv::Timestamp,
};

use crate::{
    Entry, Facts, Result, Rv, Template, Ulong,
    attribute::{flag_bytes, number_bytes},
    mechanism::{CipherUse, Meaning, Oaep, Parameter, wrapping},
    new::{self, NewSecret, marks_of_generation},
    size, wrap,
};

/// What the key between does with the other one (PKCS #11 3.2 §6.1.20).
pub const PADDED: CipherUse = CipherUse {
    cipher: Cipher::AesKeyWrapPadded,
    iv: Vec::new(),
    additional: Vec::new(),
    blocks_max: None,
};

/// How the key between is under the RSA key.
pub fn outer(oaep: Oaep) -> Result<CipherUse> {
    wrapping(Meaning::Oaep, Parameter::Oaep(oaep))
}

/// How long both are together; not known of a private key.
///
/// # Errors
/// `KEY_SIZE_RANGE` where the RSA key has no room for the key between.
pub fn wrapped_bytes(
    by: &Facts,
    of: &Facts,
    bits: Ulong,
    outer: &CipherUse,
) -> Result<Option<usize>> {
    let spec = NewSecret::of_type(ck::CKK_AES, size(bits) / 8)?.spec;
    let front = wrap::secret_bytes(by, spec, &outer.cipher)?;
    let back = wrap::wrapped_bytes(by, of, &PADDED.cipher)?;
    Ok(back.map(|back| front + back))
}

/// The question for a key between. Under a key that is trusted it may carry a sensitive key, and is as much of a secret as
/// that; under another it carries only what could be read in any case.
pub fn create_request(
    by: &Facts,
    bits: Ulong,
    session: Option<&str>,
    now: Timestamp,
) -> Result<CreateRequest> {
    let is_kept = by.flag(ck::CKA_TRUSTED);
    let new = NewSecret::of_type(ck::CKK_AES, size(bits) / 8)?;
    let values = [
        (ck::CKA_WRAP, flag_bytes(true)),
        (ck::CKA_EXTRACTABLE, flag_bytes(true)),
        (ck::CKA_SENSITIVE, flag_bytes(is_kept)),
        (ck::CKA_WRAP_WITH_TRUSTED, flag_bytes(is_kept)),
    ];
    let entries = values.each_ref().map(entry);
    let own = Template::read(&entries)?;
    let mut attributes = new.attributes();
    attributes.extend(marks_of_generation(ck::CKM_AES_KEY_GEN));
    let class = ck::CKO_SECRET_KEY;
    attributes.extend(new::key_attributes_of(&own, class, new.spec, session, now));
    Ok(CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: AttributeList::from_iter(attributes),
        protection_storage_masks: None,
    })
}

/// The key between and the key under it, each as it is wrapped.
///
/// # Errors
/// `WRAPPED_KEY_LEN_RANGE` where they are of no length that the mechanism makes.
pub fn split<'a>(by: &Facts, wrapped: &'a [u8], outer: &CipherUse) -> Result<(&'a [u8], &'a [u8])> {
    let modulus = usize::from(by.spec.map_or(0, |spec| spec.bits().div_ceil(8)));
    let (first, second) = wrapped
        .split_at_checked(modulus)
        .ok_or(Rv::WRAPPED_KEY_LEN_RANGE)?;
    wrap::check_wrapped(by, first, &outer.cipher)?;
    wrap::check_wrapped(by, second, &PADDED.cipher)?;
    Ok((first, second))
}

/// What makes a key between of a wrapped one. The daemon sees it in any case, and so unwraps by it what the HSM may have no
/// mechanism for.
pub fn register_request(
    by: &Facts,
    outer: &CipherUse,
    wrapped: &[u8],
    session: Option<&str>,
    now: Timestamp,
) -> Result<RegisterRequest> {
    let values = [
        (ck::CKA_KEY_TYPE, number_bytes(ck::CKK_AES)),
        (ck::CKA_UNWRAP, flag_bytes(true)),
        (ck::CKA_SENSITIVE, flag_bytes(true)),
        (ck::CKA_EXTRACTABLE, flag_bytes(true)),
    ];
    let entries = values.each_ref().map(entry);
    let own = Template::read(&entries)?;
    wrap::register_request(by, outer, wrapped, &own, session, now)
}

fn entry((kind, value): &(Ulong, Vec<u8>)) -> Entry<'_> {
    Entry { kind: *kind, value }
}
