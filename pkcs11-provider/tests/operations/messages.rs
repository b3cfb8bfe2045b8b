//! Messages under one key: nonces made as the caller wants them, tags apart, and nothing given out too early.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{
    Api, CONFIG, alone,
    api::{mechanism, number, plain},
};

use super::Handle;

/// A GCM parameter with places of its own for the nonce and the tag.
struct Gcm {
    iv: [u8; 12],
    tag: [u8; 16],
    fixed_bits: u64,
    generator: u64,
}

impl Gcm {
    fn new(generator: u64, fixed_bits: u64) -> Self {
        Self {
            iv: [0xA5; 12],
            tag: [0; 16],
            fixed_bits,
            generator,
        }
    }

    fn structure(&mut self) -> ck::CK_GCM_MESSAGE_PARAMS {
        ck::CK_GCM_MESSAGE_PARAMS {
            pIv: self.iv.as_mut_ptr(),
            ulIvLen: 12,
            ulIvFixedBits: self.fixed_bits,
            ivGenerator: self.generator,
            pTag: self.tag.as_mut_ptr(),
            ulTagBits: 128,
        }
    }
}

const SIZE: u64 = size_of::<ck::CK_GCM_MESSAGE_PARAMS>() as u64;

fn aes(api: &Api, session: u64) -> Handle {
    let length = [number(ck::CKA_VALUE_LEN, 32)];
    api.generate(session, ck::CKM_AES_KEY_GEN, &length).unwrap()
}

/// Encrypts or decrypts one message, by the two-call rule.
fn whole(
    api: &Api,
    session: u64,
    gcm: &mut Gcm,
    data: &[u8],
    encrypts: bool,
) -> Result<Vec<u8>, u64> {
    let function = if encrypts {
        api.list.C_EncryptMessage
    } else {
        api.list.C_DecryptMessage
    };
    let mut parameter = gcm.structure();
    // SAFETY: every pointer leads to memory of the test's own.
    api.two_calls(|out, length| unsafe {
        function.unwrap()(
            session,
            (&raw mut parameter).cast(),
            SIZE,
            b"header".as_ptr().cast_mut(),
            6,
            data.as_ptr().cast_mut(),
            data.len() as u64,
            out,
            length,
        )
    })
}

fn begin(api: &Api, session: u64, gcm: &mut Gcm, encrypts: bool) -> u64 {
    let function = if encrypts {
        api.list.C_EncryptMessageBegin
    } else {
        api.list.C_DecryptMessageBegin
    };
    let mut parameter = gcm.structure();
    let header = b"header".as_ptr().cast_mut();
    // SAFETY: as above.
    unsafe { function.unwrap()(session, (&raw mut parameter).cast(), SIZE, header, 6) }
}

fn next(
    api: &Api,
    session: u64,
    gcm: &mut Gcm,
    part: &[u8],
    flags: u64,
    encrypts: bool,
) -> Result<Vec<u8>, u64> {
    let function = if encrypts {
        api.list.C_EncryptMessageNext
    } else {
        api.list.C_DecryptMessageNext
    };
    let mut parameter = gcm.structure();
    // SAFETY: as above.
    api.two_calls(|out, length| unsafe {
        function.unwrap()(
            session,
            (&raw mut parameter).cast(),
            SIZE,
            part.as_ptr().cast_mut(),
            part.len() as u64,
            out,
            length,
            flags,
        )
    })
}

fn start(api: &Api, session: u64, key: Handle) {
    for init in [api.list.C_MessageEncryptInit, api.list.C_MessageDecryptInit] {
        // SAFETY: the mechanism is the test's own.
        let rv = unsafe { init.unwrap()(session, &mut plain(ck::CKM_AES_GCM), key) };
        assert_eq!(rv, ck::CKR_OK);
    }
}

#[test]
fn each_message_has_its_nonce_and_its_tag() {
    alone(
        "operations::messages::each_message_has_its_nonce_and_its_tag",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = aes(api, session);
            start(api, session, key);
            let mut nonces = Vec::new();
            for (generator, fixed_bits) in [
                (ck::CKG_NO_GENERATE, 96),
                (ck::CKG_GENERATE_COUNTER, 32),
                (ck::CKG_GENERATE_COUNTER, 32),
                (ck::CKG_GENERATE_RANDOM, 0),
                (ck::CKG_GENERATE, 32),
            ] {
                let mut gcm = Gcm::new(generator, fixed_bits);
                let once = whole(api, session, &mut gcm, b"message", true).unwrap();
                assert_eq!(once.len(), 7, "the tag stands apart");
                assert_ne!(gcm.tag, [0; 16]);
                let fixed = fixed_bits as usize / 8;
                assert_eq!(gcm.iv[..fixed], [0xA5; 12][..fixed]);
                assert!(!nonces.contains(&gcm.iv), "no nonce is made twice");
                nonces.push(gcm.iv);
                let back = whole(api, session, &mut gcm, &once, false);
                assert_eq!(back.as_deref(), Ok(&b"message"[..]));
                gcm.tag[0] ^= 1;
                assert_eq!(
                    whole(api, session, &mut gcm, &once, false),
                    Err(ck::CKR_AEAD_DECRYPT_FAILED)
                );
            }
            assert_eq!(nonces[1][4..], [0; 8], "the counter begins at zero");
            assert_eq!(nonces[2][4..], [0, 0, 0, 0, 0, 0, 0, 1]);
            assert!(nonces[3].starts_with(b"made"), "by the daemon");
            assert_eq!(call!(api, C_MessageEncryptFinal(session)), ck::CKR_OK);
            assert_eq!(
                call!(api, C_MessageEncryptFinal(session)),
                ck::CKR_OPERATION_NOT_INITIALIZED
            );
            assert_eq!(call!(api, C_MessageDecryptFinal(session)), ck::CKR_OK);
        },
    );
}

#[test]
fn a_mixed_counter_leaves_the_callers_nonce_usable() {
    alone(
        "operations::messages::a_mixed_counter_leaves_the_callers_nonce_usable",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = aes(api, session);
            start(api, session, key);
            let mut gcm = Gcm::new(ck::CKG_GENERATE_COUNTER_XOR, 32);
            for last in [0xA5, 0xA4, 0xA7, 0xA6] {
                whole(api, session, &mut gcm, b"message", true).unwrap();
                assert_eq!(gcm.iv[..11], [0xA5; 11]);
                assert_eq!(gcm.iv[11], last);
            }
            gcm.generator = ck::CKG_GENERATE_COUNTER;
            assert_eq!(
                whole(api, session, &mut gcm, b"message", true),
                Err(ck::CKR_MECHANISM_PARAM_INVALID)
            );
        },
    );
}

#[test]
fn a_message_in_parts_comes_out_at_its_end() {
    alone(
        "operations::messages::a_message_in_parts_comes_out_at_its_end",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let key = aes(api, session);
            start(api, session, key);
            let mut gcm = Gcm::new(ck::CKG_GENERATE, 0);
            let end = ck::CKF_END_OF_MESSAGE;
            assert_eq!(
                next(api, session, &mut gcm, b"part", 0, true),
                Err(ck::CKR_OPERATION_NOT_INITIALIZED)
            );
            assert_eq!(begin(api, session, &mut gcm, true), ck::CKR_OK);
            assert_ne!(gcm.iv, [0xA5; 12], "the nonce is told at once");
            assert_eq!(
                begin(api, session, &mut gcm, true),
                ck::CKR_OPERATION_ACTIVE
            );
            assert_eq!(
                whole(api, session, &mut gcm, b"message", true),
                Err(ck::CKR_OPERATION_ACTIVE)
            );
            assert_eq!(
                call!(api, C_MessageEncryptFinal(session)),
                ck::CKR_OPERATION_ACTIVE
            );
            let first = next(api, session, &mut gcm, b"a message ", 0, true);
            assert_eq!(first.as_deref(), Ok(&[][..]));
            let once = next(api, session, &mut gcm, b"in parts", end, true).unwrap();
            assert_eq!(once.len(), 18);
            let message = whole(api, session, &mut gcm, &once, false);
            assert_eq!(message.as_deref(), Ok(&b"a message in parts"[..]));
            for breaks in [false, true] {
                assert_eq!(begin(api, session, &mut gcm, false), ck::CKR_OK);
                fake.take_requests();
                let first = next(api, session, &mut gcm, &once[..9], 0, false);
                assert_eq!(first.as_deref(), Ok(&[][..]));
                assert!(fake.take_requests().is_empty(), "no tag was seen yet");
                gcm.tag[15] ^= u8::from(breaks);
                let last = next(api, session, &mut gcm, &once[9..], end, false);
                if breaks {
                    assert_eq!(last, Err(ck::CKR_AEAD_DECRYPT_FAILED));
                } else {
                    assert_eq!(last.as_deref(), Ok(&b"a message in parts"[..]));
                }
                assert_eq!(
                    next(api, session, &mut gcm, &once[9..], end, false),
                    Err(ck::CKR_OPERATION_NOT_INITIALIZED)
                );
            }
            assert_eq!(begin(api, session, &mut gcm, false), ck::CKR_OK);
            assert_eq!(
                next(api, session, &mut gcm, b"part", 2, false),
                Err(ck::CKR_ARGUMENTS_BAD)
            );
            assert_eq!(call!(api, C_MessageDecryptFinal(session)), ck::CKR_OK);
        },
    );
}

#[test]
fn ccm_is_told_the_length_of_each_message() {
    alone(
        "operations::messages::ccm_is_told_the_length_of_each_message",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = aes(api, session);
            let (mut nonce, mut mac, mut out) = ([7_u8; 13], [0_u8; 8], [0_u8; 16]);
            let mut parameter = ck::CK_CCM_MESSAGE_PARAMS {
                ulDataLen: 7,
                pNonce: nonce.as_mut_ptr(),
                ulNonceLen: 13,
                ulNonceFixedBits: 40,
                nonceGenerator: ck::CKG_GENERATE_COUNTER,
                pMAC: mac.as_mut_ptr(),
                ulMACLen: 8,
            };
            let ccm = &mut mechanism(ck::CKM_AES_CCM, Some(&mut parameter));
            let size = ccm.ulParameterLen;
            assert_eq!(
                call!(api, C_MessageEncryptInit(session, &raw mut *ccm, key)),
                ck::CKR_OK
            );
            let mut encrypt = |bytes: u64| {
                let mut length = 16;
                let rv = call!(
                    api,
                    C_EncryptMessage(
                        session,
                        (&raw mut parameter).cast(),
                        size,
                        null_mut(),
                        0,
                        b"message!".as_ptr().cast_mut(),
                        bytes,
                        out.as_mut_ptr(),
                        &raw mut length
                    )
                );
                (rv, length)
            };
            assert_eq!(encrypt(7), (ck::CKR_OK, 7));
            assert_eq!(encrypt(8).0, ck::CKR_DATA_LEN_RANGE);
            assert_eq!(nonce, [7, 7, 7, 7, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
            assert_ne!(mac, [0; 8]);
        },
    );
}

#[test]
fn parameters_that_are_none_are_refused() {
    alone(
        "operations::messages::parameters_that_are_none_are_refused",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let key = aes(api, session);
            let bad = ck::CKR_MECHANISM_PARAM_INVALID;
            let init = |mechanism: &mut ck::CK_MECHANISM| {
                call!(api, C_MessageEncryptInit(session, &raw mut *mechanism, key))
            };
            assert_eq!(init(&mut mechanism(ck::CKM_AES_GCM, Some(&mut 7_u64))), bad);
            assert_eq!(init(&mut plain(ck::CKM_AES_CTR)), ck::CKR_MECHANISM_INVALID);
            let cancel = call!(api, C_MessageEncryptInit(session, null_mut(), key));
            assert_eq!(cancel, ck::CKR_ARGUMENTS_BAD);
            assert_eq!(init(&mut plain(ck::CKM_AES_GCM)), ck::CKR_OK);
            fake.take_requests();
            let mut gcm = Gcm::new(ck::CKG_NO_GENERATE, 0);
            let mut out = [0; 16];
            let mut encrypt = |change: &dyn Fn(&mut ck::CK_GCM_MESSAGE_PARAMS), size: u64| {
                let (mut parameter, mut length) = (gcm.structure(), 16);
                change(&mut parameter);
                call!(
                    api,
                    C_EncryptMessage(
                        session,
                        (&raw mut parameter).cast(),
                        size,
                        null_mut(),
                        0,
                        b"message".as_ptr().cast_mut(),
                        7,
                        out.as_mut_ptr(),
                        &raw mut length
                    )
                )
            };
            assert_eq!(encrypt(&|_| {}, SIZE - 8), bad);
            assert_eq!(encrypt(&|own| own.pTag = null_mut(), SIZE), bad);
            assert_eq!(encrypt(&|own| own.pIv = null_mut(), SIZE), bad);
            assert_eq!(encrypt(&|own| own.ulTagBits = 33, SIZE), bad);
            assert_eq!(encrypt(&|own| own.ulIvLen = 0, SIZE), bad);
            assert_eq!(encrypt(&|own| own.ivGenerator = 9, SIZE), bad);
            let crowded = |own: &mut ck::CK_GCM_MESSAGE_PARAMS| {
                own.ivGenerator = ck::CKG_GENERATE;
                own.ulIvFixedBits = 64;
            };
            assert_eq!(encrypt(&crowded, SIZE), bad);
            assert!(fake.take_requests().is_empty(), "nobody was asked");
            assert_eq!(encrypt(&|_| {}, SIZE), ck::CKR_OK);
            assert_eq!(
                call!(api, C_SessionCancel(session, ck::CKF_MESSAGE_ENCRYPT)),
                ck::CKR_OK
            );
            assert_eq!(encrypt(&|_| {}, SIZE), ck::CKR_OPERATION_NOT_INITIALIZED);
        },
    );
}
