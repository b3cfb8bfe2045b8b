//! Data that comes in parts: the same answers, for the same client, until the end or an error.

mod bounds;
mod ciphers;
mod signatures;

use kmip::{
    CryptographicAlgorithm, Secret,
    payload::encrypt::{EncryptRequest, EncryptResponse},
    ttlv::Bytes,
};

const AES: CryptographicAlgorithm = CryptographicAlgorithm::AES;

/// Which part a request is: the fields beside its data.
#[derive(Clone)]
enum Of {
    First,
    Next(Bytes),
    Last(Bytes),
}

impl Of {
    fn fields(&self) -> (Option<Bytes>, Option<bool>, Option<bool>) {
        match self {
            Self::First => (None, Some(true), None),
            Self::Next(stream) => (Some(stream.clone()), None, None),
            Self::Last(stream) => (Some(stream.clone()), None, Some(true)),
        }
    }
}

/// One part of an encryption.
fn part(request: &EncryptRequest, data: &[u8], of: &Of) -> EncryptRequest {
    let (correlation_value, init_indicator, final_indicator) = of.fields();
    let is_first = init_indicator.is_some();
    EncryptRequest {
        data: Some(Secret::from(data)),
        correlation_value,
        init_indicator,
        final_indicator,
        iv_counter_nonce: request.iv_counter_nonce.clone().filter(|_| is_first),
        authenticated_encryption_additional_data: request
            .authenticated_encryption_additional_data
            .clone()
            .filter(|_| is_first),
        ..request.clone()
    }
}

fn stream(response: &EncryptResponse) -> Bytes {
    response
        .correlation_value
        .clone()
        .expect("a stream goes on")
}
