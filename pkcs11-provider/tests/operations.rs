//! Cryptography: every mechanism, in one part and in several, by the two-call rule.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use kmip::OperationCode as Op;

use crate::common::{
    Api, CONFIG, alone,
    api::{bytes, flag, mechanism, number, plain},
    keys::sha256,
};

type Handle = ck::CK_OBJECT_HANDLE;

fn rsa(api: &Api, session: u64) -> (Handle, Handle) {
    let public = [number(ck::CKA_MODULUS_BITS, 2048)];
    api.generate_pair(session, ck::CKM_RSA_PKCS_KEY_PAIR_GEN, &public, &[])
        .unwrap()
}

fn ec(api: &Api, session: u64, kind: u64, oid: &[u8]) -> (Handle, Handle) {
    api.generate_pair(session, kind, &[bytes(ck::CKA_EC_PARAMS, oid)], &[])
        .unwrap()
}

fn pss(hash: u64, mask: u64, salt: u64) -> ck::CK_RSA_PKCS_PSS_PARAMS {
    ck::CK_RSA_PKCS_PSS_PARAMS {
        hashAlg: hash,
        mgf: mask,
        sLen: salt,
    }
}

/// Signs and verifies in one part and in several, and refuses what was changed.
fn signs(
    api: &Api,
    session: u64,
    (public, private): (Handle, Handle),
    mechanism: &mut ck::CK_MECHANISM,
    message: &[u8],
    bytes: usize,
) {
    let signature = api.sign(session, mechanism, private, message).unwrap();
    assert_eq!(signature.len(), bytes);
    assert_eq!(
        api.verify(session, mechanism, public, message, &signature),
        ck::CKR_OK
    );
    let mut wrong = signature.clone();
    wrong[bytes / 2] ^= 1;
    assert_eq!(
        api.verify(session, mechanism, public, message, &wrong),
        ck::CKR_SIGNATURE_INVALID
    );
    assert_eq!(
        api.verify(session, mechanism, public, message, &signature[1..]),
        ck::CKR_SIGNATURE_LEN_RANGE
    );
    assert_eq!(
        call!(api, C_SignInit(session, &raw mut *mechanism, private)),
        ck::CKR_OK
    );
    for part in message.chunks(7) {
        assert_eq!(
            call!(
                api,
                C_SignUpdate(session, part.as_ptr().cast_mut(), part.len() as u64)
            ),
            ck::CKR_OK
        );
    }
    let in_parts = api
        .two_calls(|out, length| call!(api, C_SignFinal(session, out, length)))
        .unwrap();
    assert_eq!(in_parts.len(), bytes);
    assert_eq!(
        call!(api, C_SignFinal(session, null_mut(), null_mut())),
        ck::CKR_OPERATION_NOT_INITIALIZED
    );
    assert_eq!(
        call!(api, C_VerifyInit(session, &raw mut *mechanism, public)),
        ck::CKR_OK
    );
    for part in message.chunks(5) {
        assert_eq!(
            call!(
                api,
                C_VerifyUpdate(session, part.as_ptr().cast_mut(), part.len() as u64)
            ),
            ck::CKR_OK
        );
    }
    let rv = call!(
        api,
        C_VerifyFinal(session, in_parts.as_ptr().cast_mut(), bytes as u64)
    );
    assert_eq!(rv, ck::CKR_OK);
}

#[test]
fn every_kind_of_key_signs() {
    alone(
        "operations::every_kind_of_key_signs",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let digest = sha256(&[b"message"]);
            let rsa = rsa(api, session);
            signs(
                api,
                session,
                rsa,
                &mut plain(ck::CKM_RSA_PKCS),
                b"a DigestInfo of the caller's",
                256,
            );
            signs(
                api,
                session,
                rsa,
                &mut plain(ck::CKM_SHA256_RSA_PKCS),
                b"the message itself",
                256,
            );
            let mut parameter = pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 32);
            signs(
                api,
                session,
                rsa,
                &mut mechanism(ck::CKM_RSA_PKCS_PSS, Some(&mut parameter)),
                &digest,
                256,
            );
            signs(
                api,
                session,
                rsa,
                &mut mechanism(ck::CKM_SHA256_RSA_PKCS_PSS, Some(&mut parameter)),
                b"the message itself",
                256,
            );
            let mut unsalted = pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 0);
            signs(
                api,
                session,
                rsa,
                &mut mechanism(ck::CKM_SHA256_RSA_PKCS_PSS, Some(&mut unsalted)),
                b"the message itself",
                256,
            );
            let p384 = ec(
                api,
                session,
                ck::CKM_EC_KEY_PAIR_GEN,
                &[6, 5, 0x2B, 0x81, 4, 0, 0x22],
            );
            signs(api, session, p384, &mut plain(ck::CKM_ECDSA), &digest, 96);
            signs(
                api,
                session,
                p384,
                &mut plain(ck::CKM_ECDSA_SHA512),
                b"longer than the order",
                96,
            );
            fake.take_requests();
            let named = [&[0x13, 9], b"secp256r1".as_slice()].concat();
            let p256 = ec(api, session, ck::CKM_EC_KEY_PAIR_GEN, &named);
            signs(api, session, p256, &mut plain(ck::CKM_ECDSA), &digest, 64);
            signs(
                api,
                session,
                p256,
                &mut plain(ck::CKM_ECDSA_SHA256),
                b"message",
                64,
            );
            assert!(
                fake.take_requests()
                    .iter()
                    .any(|own| own == &[Op::SignatureVerify])
            );
            let p521 = ec(
                api,
                session,
                ck::CKM_EC_KEY_PAIR_GEN,
                &[6, 5, 0x2B, 0x81, 4, 0, 0x23],
            );
            signs(
                api,
                session,
                p521,
                &mut plain(ck::CKM_ECDSA_SHA512),
                b"message",
                132,
            );
            let edwards = ec(
                api,
                session,
                ck::CKM_EC_EDWARDS_KEY_PAIR_GEN,
                &[6, 3, 0x2B, 0x65, 0x70],
            );
            signs(
                api,
                session,
                edwards,
                &mut plain(ck::CKM_EDDSA),
                b"message",
                64,
            );
            let too_long = api.sign(session, &mut plain(ck::CKM_RSA_PKCS), rsa.1, &[0; 246]);
            assert_eq!(too_long, Err(ck::CKR_DATA_LEN_RANGE));
            let not_a_digest = api.sign(
                session,
                &mut mechanism(ck::CKM_RSA_PKCS_PSS, Some(&mut parameter)),
                rsa.1,
                b"short",
            );
            assert_eq!(not_a_digest, Err(ck::CKR_DATA_LEN_RANGE));
        },
    );
}

#[test]
fn a_signature_is_asked_for_once_and_an_error_ends_it() {
    alone(
        "operations::a_signature_is_asked_for_once_and_an_error_ends_it",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            fake.take_requests();
            api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48])
                .unwrap();
            assert_eq!(
                fake.take_requests(),
                [vec![Op::Sign]],
                "length, short and real are one round trip"
            );
            let mut ecdsa = plain(ck::CKM_ECDSA);
            assert_eq!(
                call!(api, C_SignInit(session, &raw mut ecdsa, private)),
                ck::CKR_OK
            );
            let (mut out, mut length) = ([0; 96], 96);
            let rv = call!(
                api,
                C_Sign(session, null_mut(), 48, out.as_mut_ptr(), &raw mut length)
            );
            assert_eq!(rv, ck::CKR_ARGUMENTS_BAD);
            let mut digest = [7; 48];
            let again = call!(
                api,
                C_Sign(
                    session,
                    digest.as_mut_ptr(),
                    48,
                    out.as_mut_ptr(),
                    &raw mut length
                )
            );
            assert_eq!(again, ck::CKR_OPERATION_NOT_INITIALIZED);
        },
    );
}

#[test]
fn macs_are_made_and_compared() {
    alone(
        "operations::macs_are_made_and_compared",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let generic = api
                .generate(
                    session,
                    ck::CKM_GENERIC_SECRET_KEY_GEN,
                    &[number(ck::CKA_VALUE_LEN, 32)],
                )
                .unwrap();
            assert_eq!(
                api.get(session, generic, ck::CKA_KEY_TYPE),
                Ok(ck::CKK_GENERIC_SECRET.to_ne_bytes().to_vec())
            );
            signs(
                api,
                session,
                (generic, generic),
                &mut plain(ck::CKM_SHA256_HMAC),
                b"message",
                32,
            );
            signs(
                api,
                session,
                (generic, generic),
                &mut plain(ck::CKM_SHA512_HMAC),
                b"message",
                64,
            );
            let mut ten: ck::CK_ULONG = 10;
            signs(
                api,
                session,
                (generic, generic),
                &mut mechanism(ck::CKM_SHA256_HMAC_GENERAL, Some(&mut ten)),
                b"message",
                10,
            );
            let own = api
                .generate(
                    session,
                    ck::CKM_SHA384_KEY_GEN,
                    &[flag(ck::CKA_SIGN, false)],
                )
                .unwrap();
            let mut sha384 = plain(ck::CKM_SHA384_HMAC);
            assert_eq!(
                call!(api, C_SignInit(session, &raw mut sha384, own)),
                ck::CKR_KEY_FUNCTION_NOT_PERMITTED
            );
            let mut sha256 = plain(ck::CKM_SHA256_HMAC);
            assert_eq!(
                call!(api, C_VerifyInit(session, &raw mut sha256, own)),
                ck::CKR_KEY_TYPE_INCONSISTENT
            );
            let wrong = api.verify(
                session,
                &mut plain(ck::CKM_SHA384_HMAC),
                own,
                b"message",
                &[0; 48],
            );
            assert_eq!(
                wrong,
                ck::CKR_SIGNATURE_INVALID,
                "a key that only verifies is asked to"
            );
        },
    );
}

fn crypt(
    api: &Api,
    session: u64,
    key: Handle,
    mechanism: &mut ck::CK_MECHANISM,
    data: &[u8],
    encrypts: bool,
) -> Result<Vec<u8>, u64> {
    let (init, whole) = if encrypts {
        (api.list.C_EncryptInit, api.list.C_Encrypt)
    } else {
        (api.list.C_DecryptInit, api.list.C_Decrypt)
    };
    // SAFETY: the mechanism is the test's own.
    match unsafe { init.unwrap()(session, &raw mut *mechanism, key) } {
        ck::CKR_OK => {}
        rv => return Err(rv),
    }
    // SAFETY: so is the data.
    api.two_calls(|out, length| unsafe {
        whole.unwrap()(
            session,
            data.as_ptr().cast_mut(),
            data.len() as u64,
            out,
            length,
        )
    })
}

fn crypt_in_parts(
    api: &Api,
    session: u64,
    key: Handle,
    mechanism: &mut ck::CK_MECHANISM,
    data: &[u8],
    encrypts: bool,
) -> Vec<u8> {
    let (init, update, last) = if encrypts {
        (
            api.list.C_EncryptInit,
            api.list.C_EncryptUpdate,
            api.list.C_EncryptFinal,
        )
    } else {
        (
            api.list.C_DecryptInit,
            api.list.C_DecryptUpdate,
            api.list.C_DecryptFinal,
        )
    };
    // SAFETY: the mechanism is the test's own.
    let rv = unsafe { init.unwrap()(session, &raw mut *mechanism, key) };
    assert_eq!(rv, ck::CKR_OK);
    let mut output = Vec::new();
    for part in data.chunks(23) {
        // SAFETY: so is the data.
        let some = api.two_calls(|out, length| unsafe {
            update.unwrap()(
                session,
                part.as_ptr().cast_mut(),
                part.len() as u64,
                out,
                length,
            )
        });
        output.extend(some.unwrap());
    }
    // SAFETY: and the place for the answer.
    output.extend(
        api.two_calls(|out, length| unsafe { last.unwrap()(session, out, length) })
            .unwrap(),
    );
    output
}

fn round_trip(api: &Api, session: u64, key: Handle, mechanism: &mut ck::CK_MECHANISM, data: &[u8]) {
    let once = crypt(api, session, key, mechanism, data, true).unwrap();
    assert_ne!(once, data);
    assert_eq!(
        crypt(api, session, key, mechanism, &once, false).unwrap(),
        data
    );
    assert_eq!(
        crypt_in_parts(api, session, key, mechanism, data, true),
        once
    );
    assert_eq!(
        crypt_in_parts(api, session, key, mechanism, &once, false),
        data
    );
}

#[test]
fn aes_goes_both_ways_in_every_mode() {
    alone(
        "operations::aes_goes_both_ways_in_every_mode",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = api
                .generate(
                    session,
                    ck::CKM_AES_KEY_GEN,
                    &[number(ck::CKA_VALUE_LEN, 32)],
                )
                .unwrap();
            let data: Vec<u8> = (0..160).collect();
            round_trip(api, session, key, &mut plain(ck::CKM_AES_ECB), &data);
            let mut iv = [9_u8; 16];
            round_trip(
                api,
                session,
                key,
                &mut mechanism(ck::CKM_AES_CBC, Some(&mut iv)),
                &data,
            );
            for length in [1, 15, 16, 17, 160] {
                round_trip(
                    api,
                    session,
                    key,
                    &mut mechanism(ck::CKM_AES_CBC_PAD, Some(&mut iv)),
                    &data[..length],
                );
                let mut ctr = ck::CK_AES_CTR_PARAMS {
                    ulCounterBits: 128,
                    cb: [0xFF; 16],
                };
                round_trip(
                    api,
                    session,
                    key,
                    &mut mechanism(ck::CKM_AES_CTR, Some(&mut ctr)),
                    &data[..length],
                );
            }
            let cbc = &mut mechanism(ck::CKM_AES_CBC, Some(&mut iv));
            assert_eq!(
                crypt(api, session, key, cbc, &data[..17], true),
                Err(ck::CKR_DATA_LEN_RANGE)
            );
            assert_eq!(
                crypt(api, session, key, cbc, &data[..17], false),
                Err(ck::CKR_ENCRYPTED_DATA_LEN_RANGE)
            );
            let pad = &mut mechanism(ck::CKM_AES_CBC_PAD, Some(&mut iv));
            assert_eq!(
                crypt(api, session, key, pad, &data[..32], false),
                Err(ck::CKR_ENCRYPTED_DATA_INVALID)
            );
            // Longer than one request, so that the pieces must fit together.
            let long: Vec<u8> = (0..600_001_u32).map(|n| n as u8).collect();
            let once = crypt(api, session, key, pad, &long, true).unwrap();
            assert_eq!(crypt(api, session, key, pad, &once, false).unwrap(), long);
        },
    );
}

#[test]
fn gcm_gives_nothing_out_before_it_has_seen_the_tag() {
    alone(
        "operations::gcm_gives_nothing_out_before_it_has_seen_the_tag",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = api
                .generate(
                    session,
                    ck::CKM_AES_KEY_GEN,
                    &[number(ck::CKA_VALUE_LEN, 32)],
                )
                .unwrap();
            let (mut iv, mut additional) = ([1_u8; 12], *b"header");
            let mut parameter = ck::CK_GCM_PARAMS {
                pIv: iv.as_mut_ptr(),
                ulIvLen: 12,
                ulIvBits: 96,
                pAAD: additional.as_mut_ptr(),
                ulAADLen: 6,
                ulTagBits: 128,
            };
            let gcm = &mut mechanism(ck::CKM_AES_GCM, Some(&mut parameter));
            round_trip(
                api,
                session,
                key,
                gcm,
                b"a message of some length, not whole blocks",
            );
            let mut once = crypt(api, session, key, gcm, b"message", true).unwrap();
            assert_eq!(once.len(), 7 + 16);
            once[3] ^= 1;
            assert_eq!(
                crypt(api, session, key, gcm, &once, false),
                Err(ck::CKR_ENCRYPTED_DATA_INVALID)
            );
            assert_eq!(
                crypt(api, session, key, gcm, &once[..15], false),
                Err(ck::CKR_ENCRYPTED_DATA_LEN_RANGE)
            );
            assert_eq!(
                call!(api, C_DecryptInit(session, &raw mut *gcm, key)),
                ck::CKR_OK
            );
            let (mut out, mut length) = ([0xEE; 64], 64);
            let rv = call!(
                api,
                C_DecryptUpdate(
                    session,
                    once.as_mut_ptr(),
                    once.len() as u64,
                    out.as_mut_ptr(),
                    &raw mut length
                )
            );
            assert_eq!((rv, length, out[0]), (ck::CKR_OK, 0, 0xEE));
            length = 64;
            assert_eq!(
                call!(
                    api,
                    C_DecryptFinal(session, out.as_mut_ptr(), &raw mut length)
                ),
                ck::CKR_ENCRYPTED_DATA_INVALID
            );
            assert!(out.iter().all(|byte| *byte == 0xEE));
        },
    );
}

#[test]
fn rsa_encrypts_here_and_decrypts_there() {
    alone(
        "operations::rsa_encrypts_here_and_decrypts_there",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (public, private) = rsa(api, session);
            api.get(session, public, ck::CKA_MODULUS).unwrap();
            fake.take_requests();
            let mut label = *b"label";
            let mut oaep = ck::CK_RSA_PKCS_OAEP_PARAMS {
                hashAlg: ck::CKM_SHA256,
                mgf: ck::CKG_MGF1_SHA256,
                source: ck::CKZ_DATA_SPECIFIED,
                pSourceData: label.as_mut_ptr().cast(),
                ulSourceDataLen: 5,
            };
            for mechanism in [
                &mut plain(ck::CKM_RSA_PKCS),
                &mut mechanism(ck::CKM_RSA_PKCS_OAEP, Some(&mut oaep)),
            ] {
                let once = crypt(api, session, public, mechanism, b"a secret", true).unwrap();
                assert!(fake.take_requests().is_empty(), "a public key needs nobody");
                assert_eq!(once.len(), 256);
                assert_eq!(
                    crypt(api, session, private, mechanism, &once, false).unwrap(),
                    b"a secret"
                );
                assert_eq!(
                    fake.take_requests(),
                    [vec![Op::Decrypt]],
                    "asked once, kept until it fits"
                );
                assert_eq!(
                    crypt(api, session, public, mechanism, &[0; 250], true),
                    Err(ck::CKR_DATA_LEN_RANGE)
                );
                assert_eq!(
                    crypt(api, session, private, mechanism, &once[1..], false),
                    Err(ck::CKR_ENCRYPTED_DATA_LEN_RANGE)
                );
            }
        },
    );
}

#[test]
fn digests_need_nobody() {
    alone("operations::digests_need_nobody", CONFIG, |fake, api| {
        fake.stop();
        api.initialise();
        let session = api.open(false);
        let mut sha = plain(ck::CKM_SHA256);
        assert_eq!(call!(api, C_DigestInit(session, &raw mut sha)), ck::CKR_OK);
        let message = b"message";
        let digest = api.two_calls(|out, length| {
            call!(
                api,
                C_Digest(session, message.as_ptr().cast_mut(), 7, out, length)
            )
        });
        assert_eq!(digest.unwrap(), sha256(&[message]));
        assert_eq!(call!(api, C_DigestInit(session, &raw mut sha)), ck::CKR_OK);
        assert_eq!(
            call!(api, C_DigestUpdate(session, message.as_ptr().cast_mut(), 3)),
            ck::CKR_OK
        );
        assert_eq!(
            call!(
                api,
                C_DigestUpdate(session, message[3..].as_ptr().cast_mut(), 4)
            ),
            ck::CKR_OK
        );
        let digest = api.two_calls(|out, length| call!(api, C_DigestFinal(session, out, length)));
        assert_eq!(digest.unwrap(), sha256(&[message]));
    });
}

#[test]
fn random_bytes_come_from_the_daemon() {
    alone(
        "operations::random_bytes_come_from_the_daemon",
        CONFIG,
        |fake, api| {
            api.initialise();
            let session = api.open(false);
            let (mut one, mut other) = ([0; 5000], [0; 5000]);
            assert_eq!(
                call!(api, C_GenerateRandom(session, one.as_mut_ptr(), 5000)),
                ck::CKR_OK
            );
            assert_eq!(fake.take_requests().len(), 2);
            assert_eq!(
                call!(api, C_GenerateRandom(session, other.as_mut_ptr(), 5000)),
                ck::CKR_OK
            );
            assert_ne!(one, other);
            assert_eq!(
                call!(api, C_SeedRandom(session, one.as_mut_ptr(), 8)),
                ck::CKR_RANDOM_SEED_NOT_SUPPORTED
            );
            assert_eq!(
                call!(api, C_GenerateRandom(session, null_mut(), 0)),
                ck::CKR_OK
            );
        },
    );
}
