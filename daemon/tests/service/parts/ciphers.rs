//! Encryptions and decryptions in parts.

use kmip::{
    BlockCipherMode, PaddingMethod, ResultReason, V1_3, V1_4, V2_0, V2_1,
    attribute::CryptographicParameters,
    payload::encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest, EncryptResponse},
    ttlv::Bytes,
};

use super::{AES, Of, part, stream};
use crate::{
    fixture::Fixture,
    symmetric::{decryption, encryption, key, mode},
};

/// An encryption in three parts: the ciphertext, and the last answer.
fn encrypt(
    fixture: &mut Fixture,
    request: &EncryptRequest,
    parts: [&[u8]; 3],
) -> Result<(Vec<u8>, EncryptResponse), ResultReason> {
    let first = fixture.call::<Encrypt>(&part(request, parts[0], &Of::First))?;
    let own = stream(&first);
    let next = fixture.call::<Encrypt>(&part(request, parts[1], &Of::Next(own.clone())))?;
    assert_eq!(next.correlation_value, Some(own.clone()));
    let last = fixture.call::<Encrypt>(&part(request, parts[2], &Of::Last(own)))?;
    assert_eq!(
        last.correlation_value, None,
        "the last part ends the stream"
    );
    let mut data = Vec::new();
    for answer in [&first, &next, &last] {
        data.extend(answer.data.clone().unwrap_or(Bytes(vec![])).0);
    }
    let iv_counter_nonce = first
        .iv_counter_nonce
        .or_else(|| last.iv_counter_nonce.clone());
    Ok((
        data,
        EncryptResponse {
            iv_counter_nonce,
            ..last
        },
    ))
}

#[test]
fn ciphers_in_parts_are_read_at_once_in_every_version() {
    for version in [V1_3, V1_4, V2_0, V2_1] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
        for (mode_of, padding) in [
            (BlockCipherMode::CBC, Some(PaddingMethod::PKCS5)),
            (BlockCipherMode::CTR, None),
            (BlockCipherMode::GCM, None),
            (BlockCipherMode::CCM, None),
            (BlockCipherMode::AESKeyWrapPadding, None),
        ] {
            let with = CryptographicParameters {
                padding_method: padding,
                ..mode(mode_of)
            };
            let request = encryption(&aes, &with, &[]);
            let parts: [&[u8]; 3] = [b"twenty ", b"ragged bytes, ", b"in three parts"];
            let (data, last) = encrypt(&mut fixture, &request, parts).unwrap();
            let answer = EncryptResponse {
                data: Some(Bytes(data)),
                ..last
            };
            let back = fixture
                .call::<Decrypt>(&decryption(&request, &answer))
                .unwrap();
            assert_eq!(
                back.data.unwrap().expose(),
                parts.concat(),
                "{version:?} {mode_of:?}"
            );
        }
    }
}

/// The parts of a decryption, of which the last may bring the tag.
fn decrypt(
    fixture: &mut Fixture,
    whole: &DecryptRequest,
    cuts: [usize; 2],
    tag_last: bool,
) -> (Vec<Vec<u8>>, Option<ResultReason>) {
    let data = whole.data.clone().unwrap().0;
    let parts = [&data[..cuts[0]], &data[cuts[0]..cuts[1]], &data[cuts[1]..]];
    let (mut out, mut own) = (Vec::new(), None);
    for (place, bytes) in parts.into_iter().enumerate() {
        let of = match (place, own.clone()) {
            (0, _) => Of::First,
            (1, own) => Of::Next(own.unwrap()),
            (_, own) => Of::Last(own.unwrap()),
        };
        let (correlation_value, init_indicator, final_indicator) = of.fields();
        let has_tag = (place == 2) == tag_last && place != 1;
        let request = DecryptRequest {
            data: Some(Bytes(bytes.to_vec())),
            correlation_value,
            init_indicator,
            final_indicator,
            authenticated_encryption_tag: whole
                .authenticated_encryption_tag
                .clone()
                .filter(|_| has_tag),
            authenticated_encryption_additional_data: whole
                .authenticated_encryption_additional_data
                .clone()
                .filter(|_| place == 0),
            ..whole.clone()
        };
        match fixture.call::<Decrypt>(&request) {
            Ok(answer) => {
                own = answer.correlation_value;
                out.push(answer.data.unwrap_or_default().expose().to_vec());
            }
            Err(reason) => return (out, Some(reason)),
        }
    }
    (out, None)
}

#[test]
fn nothing_unauthenticated_is_given_out() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    let request = EncryptRequest {
        authenticated_encryption_additional_data: Some(Bytes(b"header".to_vec())),
        ..encryption(&aes, &mode(BlockCipherMode::GCM), &[7; 100])
    };
    let answer = fixture.call::<Encrypt>(&request).unwrap();
    let mut whole = decryption(&request, &answer);
    for tag_last in [true, false] {
        let (out, failed) = decrypt(&mut fixture, &whole, [20, 60], tag_last);
        assert_eq!((out, failed), (vec![vec![], vec![], vec![7; 100]], None));
    }
    whole.data.as_mut().unwrap().0[99] ^= 1;
    let (out, failed) = decrypt(&mut fixture, &whole, [20, 60], true);
    assert_eq!(out, vec![Vec::<u8>::new(); 2]);
    assert_eq!(failed, Some(ResultReason::CryptographicFailure));
    // What does not authenticate comes as it can be given.
    let request = encryption(&aes, &mode(BlockCipherMode::CBC), &[7; 96]);
    let answer = fixture.call::<Encrypt>(&request).unwrap();
    let (out, _) = decrypt(&mut fixture, &decryption(&request, &answer), [16, 48], true);
    assert_eq!(out, vec![vec![7; 16], vec![7; 32], vec![7; 48]]);
}
