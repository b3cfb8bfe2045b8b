//! Encryption: every mode both ways, and nothing given out before a tag is seen.

use cryptoki_sys as ck;
use kmip::OperationCode as Op;

use crate::common::{
    Api, CONFIG, alone,
    api::{mechanism, number, plain},
};

use super::{Handle, rsa};

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
        "operations::ciphers::aes_goes_both_ways_in_every_mode",
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
            // A counter of one byte that stands at its last value goes through one block.
            let mut narrow = ck::CK_AES_CTR_PARAMS {
                ulCounterBits: 8,
                cb: [0xFF; 16],
            };
            let ctr = &mut mechanism(ck::CKM_AES_CTR, Some(&mut narrow));
            round_trip(api, session, key, ctr, &data[..16]);
            assert_eq!(
                crypt(api, session, key, ctr, &data[..17], true),
                Err(ck::CKR_DATA_LEN_RANGE)
            );
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
        "operations::ciphers::gcm_gives_nothing_out_before_it_has_seen_the_tag",
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
        "operations::ciphers::rsa_encrypts_here_and_decrypts_there",
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
