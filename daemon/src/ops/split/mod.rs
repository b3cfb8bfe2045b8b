//! Create Split Key and Join Split Key.

mod create;
mod join;

use hsm::split::{Method, PrimeField};
use kmip::{
    SplitKeyMethod, SplitKeyPolynomial,
    attribute::{Attributes, VendorAttribute},
    object::{KeyBlock, KeyValue, SplitKey},
    ttlv::{AnyValue, BigInteger},
};

use super::needed;
use crate::{
    error::{Error, Result},
    fault::Fault,
};

/// What the parts that were made together have in common, beside their material and never outside.
fn mark(set: &str) -> VendorAttribute {
    VendorAttribute {
        vendor_identification: VendorAttribute::SERVER.to_owned(),
        attribute_name: "Split".to_owned(),
        value: AnyValue::text(set),
    }
}

/// The key block of a part without the server's mark.
pub(super) fn bare(block: KeyBlock) -> KeyBlock {
    let key_value = block.key_value.map(|value| match value {
        KeyValue::Plain { key_material, .. } => KeyValue::plain(key_material),
        KeyValue::Wrapped(bytes) => KeyValue::Wrapped(bytes),
    });
    KeyBlock { key_value, ..block }
}

/// Whether the numbers of a part that a client brings make sense.
pub(super) fn check(key: &SplitKey) -> Result<()> {
    let senseless = || Error::invalid_field("the numbers of the split key make no sense");
    let parts = number(key.split_key_parts).map_err(|_| senseless())?;
    let threshold = number(key.split_key_threshold).map_err(|_| senseless())?;
    let identifier = number(key.key_part_identifier).map_err(|_| senseless())?;
    let method = method(key.split_key_method, key.prime_field_size.as_ref())?;
    let all_needed = method == Method::Xor && threshold != parts;
    if threshold > parts || identifier > parts || all_needed {
        return Err(senseless());
    }
    Ok(())
}

/// Says in attributes which part of how many it is (KMIP 3.0), and by which polynomial, of which one is served.
pub(super) fn describe(attributes: &mut Attributes, key: &SplitKey) -> Result<()> {
    attributes.key_part_identifier = Some(key.key_part_identifier);
    attributes.split_key_method = Some(key.split_key_method);
    attributes.split_key_parts = Some(key.split_key_parts);
    attributes.split_key_threshold = Some(key.split_key_threshold);
    let (method, own) = (key.split_key_method, SplitKeyPolynomial::Polynomial283);
    if method == SplitKeyMethod::PolynomialSharingGF28
        && *attributes.split_key_polynomial.get_or_insert(own) != own
    {
        return Err(Error::new(
            Fault::UnsupportedParameters,
            "parts are of the polynomial 283",
        ));
    }
    Ok(())
}

fn method(method: SplitKeyMethod, prime: Option<&BigInteger>) -> Result<Method> {
    match method {
        SplitKeyMethod::XOR => Ok(Method::Xor),
        SplitKeyMethod::PolynomialSharingGF28 => Ok(Method::Gf8),
        SplitKeyMethod::PolynomialSharingGF216 => Ok(Method::Gf16),
        SplitKeyMethod::PolynomialSharingPrimeField => {
            let prime = needed(prime, "Prime Field Size is missing")?
                .to_unsigned()
                .ok_or_else(|| Error::invalid_field("Prime Field Size is negative"))?;
            PrimeField::new(prime.expose())
                .map(Method::Prime)
                .map_err(unfit)
        }
        _ => Err(Error::new(
            Fault::UnsupportedParameters,
            "the split key method is not served",
        )),
    }
}

/// The refusal of numbers that make no sense, or too much work.
fn unfit(error: hsm::Error) -> Error {
    match error {
        hsm::Error::BadInput(why) => Error::new(Fault::BadParameters, why),
        hsm::Error::Unsupported => Error::new(
            Fault::UnsupportedParameters,
            "more or larger parts than are served",
        ),
        other => other.into(),
    }
}

fn number(number: i32) -> Result<u16> {
    u16::try_from(number)
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| {
            Error::new(
                Fault::BadParameters,
                "numbers of parts are from 1 to 65,535",
            )
        })
}
