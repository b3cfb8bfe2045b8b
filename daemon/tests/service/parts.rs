//! Data that comes in parts: the same answers, for the same client, until the end or an error.

use std::time::Duration;

use keyhold::{conformance::Seeding, policy::Policy, service::Limits, streams};
use kmip::{
    BatchErrorContinuationOption, BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask,
    HashingAlgorithm, PaddingMethod, ResultReason, ResultStatus, RevocationReasonCode, Secret,
    UsageLimitsUnit, V1_3, V1_4, V2_0, V2_1, ValidityIndicator,
    attribute::{Attribute, CryptographicParameters, RevocationReason, UsageLimits},
    client::outgoing,
    payload::{
        activate::{Activate, ActivateRequest},
        create::{CreateKeyPair, CreateKeyPairRequest},
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest, EncryptResponse},
        hash::{Hash, HashRequest},
        mac::{MAC, MACRequest, MACVerify, MACVerifyRequest},
        revoke::{Revoke, RevokeRequest},
        sign::{Sign, SignRequest, SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::{Bytes, Timestamp},
};

use crate::{
    fixture::{Fixture, NOON, text},
    symmetric::{decryption, encryption, key, mode},
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

fn begin(fixture: &mut Fixture, request: &EncryptRequest, data: &[u8]) -> EncryptResponse {
    fixture
        .call::<Encrypt>(&part(request, data, &Of::First))
        .unwrap()
}

fn stream(response: &EncryptResponse) -> Bytes {
    response
        .correlation_value
        .clone()
        .expect("a stream goes on")
}

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

#[test]
fn a_stream_is_its_clients_its_operations_and_its_keys() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    let other = key(&mut fixture, AES, None, &[2; 16]).unwrap();
    let request = encryption(&aes, &mode(BlockCipherMode::CTR), &[]);
    let own = stream(&begin(&mut fixture, &request, b"one"));
    let next = part(&request, b"two", &Of::Next(own.clone()));
    let unknown = Some(ResultReason::InvalidCorrelationValue);
    for client in [2, 9] {
        assert_eq!(
            fixture.as_client(client).call::<Encrypt>(&next).err(),
            unknown
        );
    }
    fixture.as_client(1);
    let decryption = DecryptRequest {
        correlation_value: Some(own),
        ..decryption(&request, &begin(&mut fixture, &request, b"x"))
    };
    assert_eq!(fixture.call::<Decrypt>(&decryption).err(), unknown);
    for made_up in [vec![], vec![0; 16], vec![0; 17]] {
        let asked = part(&request, b"two", &Of::Next(Bytes(made_up)));
        assert_eq!(fixture.call::<Encrypt>(&asked).err(), unknown);
    }
    // None of them hurt the stream; another key ends it.
    fixture.call::<Encrypt>(&next).unwrap();
    let elsewhere = EncryptRequest {
        unique_identifier: Some(other.as_str().into()),
        ..next.clone()
    };
    let refused = fixture.call::<Encrypt>(&elsewhere).err();
    assert_eq!(refused, Some(ResultReason::InvalidField));
    assert_eq!(
        fixture.call::<Encrypt>(&next).err(),
        unknown,
        "an error ends a stream"
    );
    fixture.version = V1_4;
    assert_eq!(
        fixture.call::<Encrypt>(&next).err(),
        Some(ResultReason::InvalidField)
    );
}

#[test]
fn each_part_is_held_to_the_state_of_the_key() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    let request = encryption(&aes, &mode(BlockCipherMode::CTR), &[]);
    let own = stream(&begin(&mut fixture, &request, b"one"));
    fixture
        .call::<Revoke>(&RevokeRequest {
            unique_identifier: Some(aes.as_str().into()),
            revocation_reason: Some(RevocationReason {
                revocation_reason_code: RevocationReasonCode::Unspecified,
                revocation_message: None,
            }),
            compromise_occurrence_date: None,
        })
        .unwrap();
    let next = part(&request, b"two", &Of::Next(own));
    let refused = fixture.call::<Encrypt>(&next).err();
    assert_eq!(refused, Some(ResultReason::WrongKeyLifecycleState));
    let ended = fixture.call::<Encrypt>(&next).err();
    assert_eq!(ended, Some(ResultReason::InvalidCorrelationValue));
}

#[test]
fn limits_bound_number_size_and_age() {
    let mut fixture = Fixture::with_limits(Limits {
        streams: streams::Limits {
            all_max: 3,
            per_client_max: 2,
            held_bytes_max: 1_000,
            all_held_bytes_max: 1_500,
            age_max: Duration::from_secs(60),
        },
        ..Limits::default()
    });
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    let ctr = encryption(&aes, &mode(BlockCipherMode::CTR), &[]);
    let busy = Some(ResultReason::ServerLimitExceeded);
    let own = stream(&begin(&mut fixture, &ctr, b"one"));
    begin(&mut fixture, &ctr, b"one");
    assert_eq!(
        fixture.call::<Encrypt>(&part(&ctr, b"", &Of::First)).err(),
        busy
    );
    // Another client has room for one, then all are taken.
    let theirs = key(fixture.as_client(2), AES, None, &[1; 16]).unwrap();
    let theirs = encryption(&theirs, &mode(BlockCipherMode::CTR), &[]);
    begin(&mut fixture, &theirs, b"one");
    assert_eq!(
        fixture
            .call::<Encrypt>(&part(&theirs, b"", &Of::First))
            .err(),
        busy
    );
    fixture.as_client(1);
    let last = part(&ctr, b"", &Of::Last(own));
    fixture.call::<Encrypt>(&last).unwrap();
    // What is held until it is whole has its size.
    let ccm = encryption(&aes, &mode(BlockCipherMode::CCM), &[]);
    let own = stream(&begin(&mut fixture, &ccm, &[0; 900]));
    let next = part(&ccm, &[0; 101], &Of::Next(own));
    assert_eq!(fixture.call::<Encrypt>(&next).err(), busy);
    let own = stream(&begin(&mut fixture, &ccm, &[0; 1_000]));
    fixture.clock.advance_to(Timestamp(NOON.0 + 61));
    let late = part(&ccm, b"", &Of::Last(own));
    let expired = fixture.call::<Encrypt>(&late).err();
    assert_eq!(expired, Some(ResultReason::InvalidCorrelationValue));
    // What expired gave its room back.
    for _ in 0..2 {
        begin(&mut fixture, &ctr, b"");
    }
}

#[test]
fn usage_limits_count_a_stream_once_or_its_bytes() {
    for (unit, total, expected) in [
        (UsageLimitsUnit::Object, 1, [true, true, true, false]),
        (UsageLimitsUnit::Byte, 6, [true, true, false, false]),
    ] {
        let mut fixture = Fixture::new();
        let id = fixture.aes_key([Attribute::UsageLimits(UsageLimits {
            usage_limits_total: total,
            usage_limits_count: None,
            usage_limits_unit: unit,
        })]);
        let ctr = encryption(&id, &mode(BlockCipherMode::CTR), &[]);
        let first = fixture.call::<Encrypt>(&part(&ctr, b"abc", &Of::First));
        let own = first.as_ref().map(stream).unwrap();
        let steps = [Of::Next(own.clone()), Of::Last(own)];
        let mut seen = vec![first.is_ok()];
        for of in steps {
            seen.push(fixture.call::<Encrypt>(&part(&ctr, b"abc", &of)).is_ok());
        }
        seen.push(
            fixture
                .call::<Encrypt>(&part(&ctr, b"", &Of::First))
                .is_ok(),
        );
        assert_eq!(seen, expected, "{unit:?}");
    }
}

#[test]
fn a_batch_that_is_undone_ends_its_streams() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    let ctr = encryption(&aes, &mode(BlockCipherMode::CTR), &[]);
    let own = stream(&begin(&mut fixture, &ctr, b"one"));
    let next = part(&ctr, b"two", &Of::Next(own));
    let wrong = part(&ctr, b"", &Of::Next(Bytes(vec![1])));
    let items = [&next, &wrong].map(|request| outgoing::<Encrypt>(request, V2_1));
    let answers = fixture.batch(Some(BatchErrorContinuationOption::Undo), &items);
    assert_eq!(answers[0].result_status, ResultStatus::OperationUndone);
    let ended = fixture.call::<Encrypt>(&next).err();
    assert_eq!(ended, Some(ResultReason::InvalidCorrelationValue));
    // Without that option the first item keeps what it did.
    let own = stream(&begin(&mut fixture, &ctr, b"one"));
    let next = part(&ctr, b"two", &Of::Next(own));
    let items = [&next, &wrong].map(|request| outgoing::<Encrypt>(request, V2_1));
    fixture.batch(None, &items);
    fixture.call::<Encrypt>(&next).unwrap();
}

#[test]
fn digests_in_parts() {
    let mut fixture = Fixture::new();
    let mut hash = |data: &[u8], of: Option<&Of>| {
        let (correlation_value, init_indicator, final_indicator) =
            of.map_or((None, None, None), Of::fields);
        let request = HashRequest {
            cryptographic_parameters: CryptographicParameters {
                hashing_algorithm: Some(HashingAlgorithm::SHA256),
                ..CryptographicParameters::default()
            },
            data: Some(Secret::from(data)),
            correlation_value,
            init_indicator,
            final_indicator,
        };
        fixture.call::<Hash>(&request).unwrap()
    };
    let own = hash(b"a", Some(&Of::First)).correlation_value.unwrap();
    assert_eq!(hash(b"b", Some(&Of::Next(own.clone()))).data, None);
    let last = hash(b"c", Some(&Of::Last(own)));
    let whole = hash(b"abc", None);
    assert_eq!((last.data, last.correlation_value), (whole.data, None));
}

/// One part of a MAC, or the whole.
fn mac(id: &str, with: &CryptographicParameters, data: &[u8], of: Option<&Of>) -> MACRequest {
    let (correlation_value, init_indicator, final_indicator) =
        of.map_or((None, None, None), Of::fields);
    MACRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(with.clone()),
        data: Some(Secret::from(data)),
        correlation_value,
        init_indicator,
        final_indicator,
    }
}

/// The verification of a MAC by the same fields.
fn verify(mac: Option<Bytes>, of: MACRequest) -> MACVerifyRequest {
    MACVerifyRequest {
        unique_identifier: of.unique_identifier,
        cryptographic_parameters: of.cryptographic_parameters,
        data: of.data,
        mac_data: mac,
        correlation_value: of.correlation_value,
        init_indicator: of.init_indicator,
        final_indicator: of.final_indicator,
    }
}

#[test]
fn macs_in_parts() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    for with in [mode(BlockCipherMode::CMAC), mode(BlockCipherMode::CBCMAC)] {
        let request = |data: &[u8], of: Option<&Of>| mac(&aes, &with, data, of);
        let first = fixture
            .call::<MAC>(&request(b"mess", Some(&Of::First)))
            .unwrap();
        let own = first.correlation_value.unwrap();
        let last = fixture.call::<MAC>(&request(b"age", Some(&Of::Last(own))));
        let whole = fixture.call::<MAC>(&request(b"message", None)).unwrap();
        assert_eq!(last.unwrap().mac_data, whole.mac_data);
        for (given, expected) in [
            (whole.mac_data.clone(), Ok(Some(ValidityIndicator::Valid))),
            (
                Some(Bytes(vec![0; 16])),
                Ok(Some(ValidityIndicator::Invalid)),
            ),
            (None, Err(ResultReason::InvalidField)),
        ] {
            let first = verify(given, request(b"mess", Some(&Of::First)));
            let first = fixture.call::<MACVerify>(&first).unwrap();
            let own = first.correlation_value.unwrap();
            let last = verify(None, request(b"age", Some(&Of::Last(own))));
            let answer = fixture.call::<MACVerify>(&last);
            assert_eq!(answer.map(|answer| answer.validity_indicator), expected);
        }
    }
}

/// A new key pair that signs and verifies at once.
fn pair(fixture: &mut Fixture, algorithm: CryptographicAlgorithm, bits: i32) -> (String, String) {
    let list = |attributes: Vec<Attribute>| attributes.into_iter().collect();
    let response = fixture
        .call::<CreateKeyPair>(&CreateKeyPairRequest {
            common_attributes: list(vec![
                Attribute::CryptographicAlgorithm(algorithm),
                Attribute::CryptographicLength(bits),
            ]),
            private_key_attributes: list(vec![Attribute::CryptographicUsageMask(
                CryptographicUsageMask::Sign,
            )]),
            public_key_attributes: list(vec![Attribute::CryptographicUsageMask(
                CryptographicUsageMask::Verify,
            )]),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        })
        .unwrap();
    let ids = [
        response.private_key_unique_identifier,
        response.public_key_unique_identifier,
    ];
    for id in &ids {
        let request = ActivateRequest {
            unique_identifier: Some(id.clone()),
        };
        fixture.call::<Activate>(&request).unwrap();
    }
    let [private, public] = ids.map(|id| text(&id));
    (private, public)
}

#[test]
fn correlation_values_are_new_but_under_test() {
    for (mut fixture, is_steady) in [
        (Fixture::new(), false),
        (Fixture::under_test(Policy::default(), Seeding::Whole), true),
    ] {
        let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
        let ctr = encryption(&aes, &mode(BlockCipherMode::CTR), &[]);
        let first = stream(&begin(&mut fixture, &ctr, b"one"));
        let beside = stream(&begin(&mut fixture, &ctr, b"one"));
        assert_ne!(first, beside, "two streams at a time have two names");
        for own in [&beside, &first] {
            let last = part(&ctr, b"", &Of::Last(own.clone()));
            fixture.call::<Encrypt>(&last).unwrap();
        }
        let again = stream(&begin(&mut fixture, &ctr, b"one"));
        assert_eq!(again == first, is_steady);
        let theirs = key(fixture.as_client(2), AES, None, &[1; 16]).unwrap();
        let theirs = encryption(&theirs, &mode(BlockCipherMode::CTR), &[]);
        assert_ne!(stream(&begin(&mut fixture, &theirs, b"one")), first);
    }
}

/// What signs by a digest, and what signs the message itself.
const SIGNERS: [(CryptographicAlgorithm, i32); 4] = [
    (CryptographicAlgorithm::EC, 256),
    (CryptographicAlgorithm::EC, 384),
    (CryptographicAlgorithm::Ed25519, 256),
    (CryptographicAlgorithm::RSA, 2048),
];

#[test]
fn signatures_in_parts_verify_in_parts_and_at_once() {
    let mut fixture = Fixture::new();
    for (algorithm, bits) in SIGNERS {
        let (private, public) = pair(&mut fixture, algorithm, bits);
        let sign = |data: &[u8], of: &Of| {
            let (correlation_value, init_indicator, final_indicator) = of.fields();
            SignRequest {
                unique_identifier: Some(private.as_str().into()),
                cryptographic_parameters: None,
                data: Some(Secret::from(data)),
                digested_data: None,
                correlation_value,
                init_indicator,
                final_indicator,
            }
        };
        let own = fixture.call::<Sign>(&sign(b"mess", &Of::First)).unwrap();
        assert_eq!(own.signature_data, None);
        let own = own.correlation_value.unwrap();
        let made = fixture.call::<Sign>(&sign(b"age", &Of::Last(own))).unwrap();
        let signature = made.signature_data.unwrap();
        let verify = |data: &[u8], signature, of: Option<&Of>| {
            let (correlation_value, init_indicator, final_indicator) =
                of.map_or((None, None, None), Of::fields);
            SignatureVerifyRequest {
                unique_identifier: Some(public.as_str().into()),
                cryptographic_parameters: None,
                data: Some(Secret::from(data)),
                digested_data: None,
                signature_data: signature,
                correlation_value,
                init_indicator,
                final_indicator,
            }
        };
        let whole = verify(b"message", Some(signature.clone()), None);
        let answer = fixture.call::<SignatureVerify>(&whole).unwrap();
        assert_eq!(
            answer.validity_indicator,
            Some(ValidityIndicator::Valid),
            "{algorithm:?}"
        );
        for (end, expected) in [
            (b"age", ValidityIndicator::Valid),
            (b"aga", ValidityIndicator::Invalid),
        ] {
            let first = verify(b"mess", None, Some(&Of::First));
            let own = fixture
                .call::<SignatureVerify>(&first)
                .unwrap()
                .correlation_value
                .unwrap();
            let last = verify(end, Some(signature.clone()), Some(&Of::Last(own)));
            let answer = fixture.call::<SignatureVerify>(&last).unwrap();
            assert_eq!(answer.validity_indicator, Some(expected), "{algorithm:?}");
        }
    }
}
